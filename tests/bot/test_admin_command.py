"""`easel admin`: with a bot that runs, and without one."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from benchmarks.tiny_models import Kind
from bot import admin
from bot.admin import Desk
from bot.control.server import FILE
from bot.engines.process import LocalProcess
from bot.errors import EaselError, UserError
from bot.settings import Settings
from inference.models.__main__ import main
from playground import Playground
from storage import Database, StorageError
from storage.backup import archives
from tests.bot.engines.engines import PATIENT
from tests.bot.stage import on_stage, painted, stage_settings, text_of, told
from tests.bot.terminal import Terminal
from tests.docs.parsers import verbs_of, whole_parser
from tests.storage.samples import GUILD


class Typed:
    """What is typed behind `easel admin`, in a folder, and what comes of it."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self._settings = settings
        self._capsys = capsys

    def desk(self, as_json: bool = False) -> Desk:
        return Desk(self._settings, as_json, Console(stderr=True, width=200))

    def said(self) -> tuple[str, str]:
        """Return what was said since it was last asked: on standard output, and beside it."""
        found = self._capsys.readouterr()
        return found.out, found.err


@pytest.fixture
def typed(playground: Playground, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Typed]:
    def at(folder: Path = tmp_path, **changes: Any) -> Typed:
        return Typed(stage_settings(playground, folder, **changes), capsys)

    return at


async def test_with_a_running_bot(playground: Playground, tmp_path: Path, typed: Callable[..., Typed]) -> None:
    here = await asyncio.to_thread(typed)
    atelier = playground.world.guild("Atelier")
    atelier.system_channel = atelier.channel("news")
    async with on_stage(playground, tmp_path) as bot:
        await painted(playground, playground.person("ann"))
        assert await here.desk(as_json=True).status() == 0
        found = json.loads(here.said()[0])
        assert (found["up"], found["connected"], found["kept"]["pictures"]) == (True, True, 1)
        assert await here.desk().status() == 0
        assert "engine: launched 1×, died 0×" in here.said()[0]
        assert await here.desk().close("Atelier", "unpaid") == 0
        assert bot.rooms.guilds.closed == {atelier.id: "unpaid"}
        here.said()
        assert await here.desk().servers() == 0
        assert f"{atelier.id} Atelier: closed (unpaid); " in here.said()[0]
        assert await here.desk().open("atelier") == 0
        assert bot.rooms.guilds.closed == {}
        with pytest.raises(UserError, match="in no server called"):
            await here.desk().close("Nowhere", "")
        assert await here.desk().drain("back soon") == 0
        assert bot.rooms.guilds.draining == "back soon"
        assert await here.desk().resume() == 0
        assert bot.rooms.operator.draining is None
        assert await here.desk().keep(0) == 0
        assert "kept for 0 days, " in here.said()[0]
        assert await here.desk().broadcast("hello\n**all**", sure=True) == 0
        (sent,) = playground.messages("news")
        assert text_of(sent).endswith("\nhello\n**all**")
        here.said()
        assert await here.desk().backup(None, None) == 0
        (archive,) = await asyncio.to_thread(archives, tmp_path / "backups")
        assert here.said()[0] == f"{archive}\n"
        with pytest.raises(UserError, match="--yes does it"):
            await here.desk().forget(str(atelier.id), sure=False)
        with pytest.raises(UserError, match="I am in that server"):
            await here.desk().forget(str(atelier.id), sure=True)
        atelier.remove_bot()
        await playground.until(lambda: not bot.guilds)
        assert await here.desk().forget(str(atelier.id), sure=True) == 0
        assert here.said()[0].endswith(f"Server {atelier.id} is forgotten, with 1 requests.\n")
    # Now it does not run.
    assert not await asyncio.to_thread((tmp_path / FILE).exists)
    assert await here.desk(as_json=True).status() == 1
    assert json.loads(here.said()[0])["up"] is False


async def test_a_broadcast_is_agreed_to_first(
    playground: Playground, tmp_path: Path, typed: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await asyncio.to_thread(typed)
    atelier = playground.world.guild("Atelier")
    atelier.system_channel = atelier.channel("news")
    with pytest.raises(EaselError, match="The bot has to run for that"):
        await here.desk().broadcast("hello", sure=True)
    async with on_stage(playground, tmp_path):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
        with pytest.raises(UserError, match="Nothing was sent"):
            await here.desk().broadcast("hello", sure=False)
        answers = iter(["\n", "y\n"])
        monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True, readline=lambda: next(answers)))
        with pytest.raises(UserError, match="Nothing was sent"):
            await here.desk().broadcast("hello", sure=False)
        assert not playground.messages("news")
        assert await here.desk().broadcast("hello", sure=False) == 0
        assert len(playground.messages("news")) == 1


async def test_without_a_bot_it_works_on_the_files(
    playground: Playground, tmp_path: Path, typed: Callable[..., Typed]
) -> None:
    here = await asyncio.to_thread(typed)
    with pytest.raises(UserError, match="There is no database"):
        await here.desk().servers()
    ann, atelier = playground.person("ann"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path):
        await painted(playground, ann)
    assert await here.desk().close(str(atelier.id), "unpaid") == 0
    assert await here.desk().drain("back soon") == 0
    with pytest.raises(UserError, match="known by their ids alone"):
        await here.desk().close("Atelier", "")
    here.said()
    assert await here.desk().servers() == 0
    assert f"{atelier.id} -: closed (unpaid); ? members; 1 pictures, " in here.said()[0]
    assert await here.desk().keep(None) == 0
    assert "pictures: 1, " in here.said()[0]
    assert await here.desk().backup(tmp_path / "elsewhere", 1) == 0
    assert await here.desk().backup(tmp_path / "elsewhere", 1) == 0
    (archive,) = await asyncio.to_thread(archives, tmp_path / "elsewhere")
    assert await here.desk().restore(archive, tmp_path / "new") == 0
    said = here.said()[1]
    assert "stop the one that the backup is of" in said
    assert f"EASEL_DATA_FOLDER={tmp_path / 'new'}" in said
    async with on_stage(playground, tmp_path / "new") as bot:
        assert bot.rooms.guilds.closed == {atelier.id: "unpaid"}
        assert bot.rooms.guilds.draining == "back soon"
        assert len((await bot.rooms.gallery.history(ann.id)).made) == 1
    again = await asyncio.to_thread(typed, tmp_path / "new")
    assert await again.desk().open(str(atelier.id)) == 0
    assert await again.desk().resume() == 0
    assert here.said()[0].endswith("is open again.\nTaken on again.\n")


async def test_a_bot_that_cannot_be_asked(tmp_path: Path, typed: Callable[..., Typed]) -> None:
    here = await asyncio.to_thread(typed)
    async with await Database.open(tmp_path / "easel.sqlite3"):
        with pytest.raises(EaselError, match="cannot be asked"):
            await here.desk().servers()


async def test_it_is_restored_beside_the_models(tmp_path: Path, typed: Callable[..., Typed]) -> None:
    one = await asyncio.to_thread(typed, tmp_path / "one")
    async with await Database.open(tmp_path / "one" / "easel.sqlite3") as database, database.transaction() as write:
        await write.execute("INSERT INTO guilds (id, updated_at) VALUES (?, 0)", [GUILD])
    assert await one.desk().backup(tmp_path / "other" / "backups", None) == 0
    (archive,) = await asyncio.to_thread(archives, tmp_path / "other" / "backups")
    await asyncio.to_thread((tmp_path / "other" / "models").mkdir)
    other = await asyncio.to_thread(typed, tmp_path / "other", models_folder=tmp_path / "other" / "models")
    assert await other.desk().restore(archive, None) == 0
    assert await asyncio.to_thread((tmp_path / "other" / "easel.sqlite3").is_file)
    with pytest.raises(StorageError, match="is not empty"):
        await other.desk().restore(archive, None)


def test_as_it_is_typed(easel: Terminal, tmp_path: Path) -> None:
    folder = {"EASEL_DATA_FOLDER": str(tmp_path / "data")}
    here = Terminal(tmp_path, {**easel.environment, **folder})
    assert "restore a backup into an empty folder" in here("admin", "--help").stdout
    status = here("admin", "status")
    assert (status.returncode, status.stdout) == (1, f"The bot does not run: there is no {tmp_path / 'data' / FILE}.\n")
    missing = here("admin", "restore", "none.tar")
    assert (missing.returncode, missing.stderr) == (1, "easel: There is no file none.tar.\n")
    assert here("admin", "servers").returncode == 2
    wrong = here("admin", "backup", "--keep", "0")
    assert wrong.returncode == 2 and "0 is not from 1 to 1000" in wrong.stderr
    assert here("admin").returncode == 2


async def test_each_verb_does_what_is_typed(playground: Playground, tmp_path: Path) -> None:
    easel = Terminal(tmp_path, {**os.environ, "EASEL_DATA_FOLDER": str(tmp_path)})
    used = set()

    async def types(*words: str) -> str:
        used.add(words[0])
        ran = await asyncio.to_thread(easel, "admin", *words)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    atelier = playground.world.guild("Atelier")
    atelier.system_channel = atelier.channel("news")
    number = str(atelier.id)
    async with on_stage(playground, tmp_path) as bot:
        rooms = bot.rooms
        assert json.loads(await types("status", "--json"))["connected"]
        await types("close", "Atelier", "--why", "unpaid")
        assert rooms.guilds.closed == {atelier.id: "unpaid"}
        assert f"{number} Atelier: closed (unpaid); " in await types("servers")
        await types("open", number)
        assert rooms.guilds.closed == {}
        await types("drain", "back soon")
        assert rooms.guilds.draining == "back soon"
        await types("resume")
        assert rooms.operator.draining is None
        await types("broadcast", "hello", "--yes")
        assert [text_of(each).endswith("\nhello") for each in playground.messages("news")] == [True]
        assert "kept for 7 days, " in await types("keep", "--days", "7")
        assert "The bot knows: clockwork." in await types("refresh")
        backups = tmp_path / "elsewhere"
        for _ in range(2):
            written = await types("backup", "--to", str(backups), "--keep", "1")
        assert [f"{each}\n" for each in await asyncio.to_thread(archives, backups)] == [written]
        atelier.remove_bot()
        await playground.until(lambda: not bot.guilds)
        assert f"Server {number} is forgotten" in await types("forget", number, "--yes")
    await types("restore", written.strip(), "--to", str(tmp_path / "new"))
    async with on_stage(playground, tmp_path / "new"):
        pass
    whole = await asyncio.to_thread(whole_parser)
    assert used == set(verbs_of(verbs_of(whole)["admin"]))


def test_days_have_a_bound() -> None:
    assert admin.MOST_DAYS <= 100_000, "what the server takes"


async def test_a_running_bot_learns_of_models_at_once(
    playground: Playground, tmp_path: Path, typed: Callable[..., Typed], tiny_folder: Callable[[Kind], Path]
) -> None:
    models = tmp_path / "models"
    here = await asyncio.to_thread(typed)
    with pytest.raises(EaselError, match=r"The bot does not run\. It looks at the models folder when it starts\."):
        await here.desk().refresh()
    places = {"EASEL_DATA_FOLDER": str(tmp_path), "EASEL_MODELS_FOLDER": str(models)}
    easel = Terminal(tmp_path, {**os.environ, **places})
    settings = await asyncio.to_thread(stage_settings, playground, tmp_path, models_folder=models)
    engine = LocalProcess(settings.engine(), supervision=PATIENT)
    async with on_stage(playground, tmp_path, engine, models_folder=models):
        ann, owner = playground.person("ann"), playground.person("owner")
        folder = await asyncio.to_thread(tiny_folder, "sd1")
        added = await asyncio.to_thread(easel, "models", "add", str(folder), "--name", "dreamy")
        assert (added.returncode, added.stderr.splitlines()[-1]) == (0, "The running bot knows of it.")
        # It is new to this server.
        allowed = await owner.command("admin models allow", {"model": "dreamy"})
        assert "dreamy" in await told(playground, allowed)
        picture = await painted(playground, ann, model="dreamy", size="64x64")
        assert "dreamy" in text_of(picture)

        # Taken away by hand, which nobody tells the bot.
        removed = await asyncio.to_thread(main, ["--folder", str(models), "remove", "dreamy"])
        assert removed == 0
        here.said()
        assert await here.desk().refresh() == 0
        assert here.said()[0] == "The bot knows: sample.\nGone: dreamy.\n"
        refused = await ann.command("imagine", {"prompt": "a hill", "model": "dreamy"})
        assert (await told(playground, refused)).startswith("There is no model named “dreamy”.")
        listed = await asyncio.to_thread(easel, "models", "list")
        assert "running bot" not in listed.stderr
    again = await asyncio.to_thread(easel, "models", "add", str(folder), "--name", "dreamy")
    assert (again.returncode, "running bot" in again.stderr) == (0, False)
