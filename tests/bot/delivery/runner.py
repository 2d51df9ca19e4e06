"""A bot in a process of its own, to be killed: `python -m tests.bot.delivery.runner FOLDER API GATEWAY TOKEN`."""

import asyncio
import sys
from pathlib import Path

from bot.app import point_at
from bot.settings import load_settings
from tests.bot.engines.engines import clockwork_inline
from tests.bot.stage import QuickEasel


async def run(folder: Path, api: str, gateway: str, token: str) -> None:
    """Run until somebody ends it."""
    settings = await asyncio.to_thread(
        load_settings, data_folder=folder, models_folder=folder / "none", discord_api=api, discord_gateway=gateway
    )
    point_at(settings)
    bot = QuickEasel(settings, clockwork_inline(), guild_ready_timeout=0.05)
    async with bot:
        await bot.start(token)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), *sys.argv[2:5]))
