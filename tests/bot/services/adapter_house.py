"""The service of adapters on a disk, with files that come in, for its tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.services.adapter_shelves import Seen
from bot.services.adapter_values import AdapterLimits
from bot.services.adapters import Adapters
from bot.services.guilds import Guilds
from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.adapters import Report
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, FlatFolder, adapters

HERE, THERE, ROLE, OTHER_ROLE = 2, 3, 70, 71
ANN, BOB = Actor(member_id=1, guild_id=HERE), Actor(member_id=5, guild_id=HERE)
BOSS = Actor(member_id=9, guild_id=HERE, manager=True)
ANN_THERE, BOB_THERE = Actor(member_id=1, guild_id=THERE), Actor(member_id=5, guild_id=THERE)
BOSS_THERE = Actor(member_id=10, guild_id=THERE, manager=True)
ANN_DM = Actor(member_id=1, guild_id=None)
LORA = Report(kind="lora", form="LoRA", family="sd1", rank=4, triggers=("zorp",), bytes=7)
MIB = 2**20


def model(name: str = "shapes", family: str = "sd1") -> ModelInfo:
    return ModelInfo(
        hash=ContentHash("b" * 64),
        name=name,
        family=family,
        adapter_family=family,
        prediction_type="epsilon",
        inpainting=False,
        default_width=64,
        default_height=64,
        bytes=1,
    )


async def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return await asyncio.to_thread(lambda: sorted(path.name for path in folder.glob("*")))


async def put(folder: Path, **files: str) -> None:
    """Write files; "__" stands for a point in their names."""

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)

    await asyncio.to_thread(write)


class House:
    """The service, what it is made of, and files that come in."""

    def __init__(self, folder: Path, database: Database, limits: AdapterLimits) -> None:
        self.folder = folder
        self.database = database
        self.files = FlatFolder(folder / "adapters", ".safetensors")
        self.previews = ContentFolder(folder / "previews", ".png")
        self.guilds = Guilds(database=database)
        self.limits = limits
        self.adapters = self.anew()
        self._came = 0

    def anew(self) -> Adapters:
        return Adapters(
            database=self.database,
            files=self.files,
            previews=self.previews,
            guilds=self.guilds,
            limits=self.limits,
        )

    async def restart(self) -> Adapters:
        self.adapters = self.anew()
        await self.adapters.load()
        return self.adapters

    async def allow(self, **limits: Any) -> None:
        self.limits = replace(self.limits, **limits)
        await self.restart()

    async def bring(
        self, actor: Actor, name: str | None, content: str | bytes = b"", size: int | None = None, **more: Any
    ) -> Seen:
        data = content.encode() if isinstance(content, str) else content
        self._came += 1
        data = data or f"file {self._came}".encode()
        report = msgspec.structs.replace(more.pop("report", LORA), bytes=size or len(data))
        async with self.adapters.intake(actor) as intake:
            await asyncio.to_thread(intake.target.write_bytes, data)
            return await self.adapters.add(actor, report, intake.target, name=name, **more)

    async def own(self, name: str, content: bytes = b"the operator's", **more: Any) -> Seen:
        async with self.adapters.staged() as folder:
            await asyncio.to_thread((folder / "x").write_bytes, content)
            return await self.adapters.add_own(
                msgspec.structs.replace(LORA, bytes=len(content)), folder / "x", name=name, **more
            )

    def seen(self, actor: Actor) -> list[str]:
        found = self.adapters.visible(actor)
        assert all(key == one.name.casefold() for key, one in found.items())
        return [one.name for one in found.values()]

    async def on_disk(self) -> list[str]:
        return [name.partition(".")[0] for name in await names(self.files.root) if name.endswith(".safetensors")]

    async def why_not(self, doing: Any) -> str:
        """Return the key of the words in which something is refused; nothing of it is kept, here or on the disk."""
        before = await adapters.all(self.database), dict(self.adapters._rows), await self.on_disk()
        with pytest.raises(Mistake) as caught:
            await doing
        assert (await adapters.all(self.database), dict(self.adapters._rows), await self.on_disk()) == before
        assert await names(self.files.root / "staging") == []
        assert await self.database.fetch_all("SELECT * FROM doomed_files") == []
        return caught.value.key


async def pictures(house: House) -> list[Path]:
    """Return the previews on the disk."""
    return await asyncio.to_thread(lambda: list(house.previews.root.rglob("*.png")))


@asynccontextmanager
async def a_house_of_adapters(folder: Path) -> AsyncIterator[House]:
    """Open one with nothing in it, where members may share with everybody."""
    async with await Database.open(folder / "easel.sqlite3") as database:
        opened = House(folder, database, AdapterLimits(public=True))
        await opened.guilds.load()
        await opened.adapters.load()
        yield opened
