"""A bot as `easel run` runs it, with the stand-in for the engine in a process of its own: `python -m …talkative`."""

import asyncio

from bot.app import run_bot
from bot.engines.process import LocalProcess
from bot.logs import set_up_logs
from bot.settings import load_settings
from tests.bot.engines.engines import CLOCKWORK

if __name__ == "__main__":
    chosen = load_settings()
    set_up_logs(chosen.log_level, chosen.log_format, chosen.log_prompts)
    asyncio.run(run_bot(chosen, LocalProcess(chosen.engine(), CLOCKWORK), chosen.discord_token.get_secret_value()))
