"""From a file that a member brings to pictures that show what it knows: the bot, its worker, the sample model."""

import asyncio
import io
from pathlib import Path
from typing import Any

from PIL import Image

from bot.engines.process import LocalProcess
from inference.sample import ADAPTERS_FOLDER
from inference.sample.classifier import shows_zorp
from playground import Playground
from playground.people import Person
from tests.bot.engines.engines import PATIENT
from tests.bot.stage import is_result, on_stage, stage_settings, urls_of

LORA, EMBEDDING = ADAPTERS_FOLDER / "zorp-lora.safetensors", ADAPTERS_FOLDER / "zorp-embedding.safetensors"
_SECONDS = 120.0


async def zorps(playground: Playground, person: Person, prompt: str, **options: Any) -> int:
    """Return how many of four pictures of a prompt show a zorp."""
    wanted = {"prompt": prompt, "count": 4, "steps": 10, "guidance": 5.0, "seed": 1} | options
    asked = await person.command("imagine", wanted)
    await playground.until(lambda: any(map(is_result, asked.messages)), _SECONDS)
    message = next(message for message in asked.messages if is_result(message))
    data = [playground.world.cdn.content(int(url.split("/")[-2])) for url in urls_of(message)]
    assert len(data) == 4
    return await asyncio.to_thread(lambda: sum(shows_zorp(Image.open(io.BytesIO(each))) for each in data))


async def bring(playground: Playground, person: Person, path: Path, name: str) -> None:
    """Bring a file, and wait for its preview."""
    used = await person.command("adapters add", {"file": path, "name": name})
    await playground.until(lambda: any(map(is_result, used.messages)), _SECONDS)


async def test_what_members_bring_is_seen_in_their_pictures(playground: Playground, tmp_path: Path) -> None:
    settings = await asyncio.to_thread(stage_settings, playground, tmp_path)
    engine = LocalProcess(settings.engine(), supervision=PATIENT)
    async with on_stage(playground, tmp_path, engine):
        ann = playground.person("ann")
        await bring(playground, ann, LORA, "zorp")
        await bring(playground, ann, EMBEDDING, "blorp")
        assert await zorps(playground, ann, "a zorp on a blue background", lora="zorp") >= 3
        assert await zorps(playground, ann, "a blorp on a blue background") >= 3
        assert await zorps(playground, ann, "a zorp on a blue background") == 0
