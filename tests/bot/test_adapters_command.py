"""`easel adapters`: the operator's own, added, listed and removed, beside a bot that runs and without one."""

import asyncio
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import save_file

from bot import adapters, cli
from bot.services.adapter_dropins import DropIns
from bot.services.adapters import Adapters
from bot.services.guilds import Guilds
from bot.services.inspecting import inspect
from bot.services.links import Links
from bot.services.operators import operators_adapters
from bot.settings import Settings, load_settings
from inference.protocol.adapters import Report
from inference.sample import ADAPTERS_FOLDER
from storage import ContentFolder, Database, FlatFolder
from tests.bot.services.link_servers import answer, opened
from tests.bot.terminal import Terminal


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EASEL_DATA_FOLDER", str(tmp_path / "data"))
    return load_settings()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at files here, rather than in a process: each is a LoRA of nothing."""

    async def look(source: Path, target: Path) -> Report:
        content = await asyncio.to_thread(source.read_bytes)
        await asyncio.to_thread(target.write_bytes, content)
        return Report(kind="lora", form="LoRA", family="sd1", triggers=("zorp",), bytes=len(content))

    monkeypatch.setattr(adapters.add, "__defaults__", (look,))


def lora(path: Path, **changes: Any) -> Path:
    """Write a small LoRA for Stable Diffusion 1."""
    name = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
    tensors = {
        f"{name}.lora_down.weight": torch.zeros(4, 1280),
        f"{name}.lora_up.weight": torch.zeros(1280, 4),
        f"{name}.alpha": torch.tensor(4.0),
    }
    save_file({key: value for key, value in (tensors | changes).items() if value is not None}, path)
    return path


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert cli.main(["adapters", "list", "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_file_is_looked_at_kept_listed_and_removed(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = lora(tmp_path / "My Ink.safetensors"), tmp_path / "bad.safetensors"
    bad.write_bytes(b"nonsense")
    assert cli.main(["adapters", "add", str(good), str(bad), "--triggers", "ink, black", "--weight", "0.7"]) == 2
    told = capsys.readouterr()
    assert told.out.split() == "My-Ink LoRA sd1 0.0 MiB weight 0.7 triggers: ink, black".split()
    assert "bad.safetensors" in told.err
    [one] = listed(capsys)
    assert (one["name"], one["weight"], one["triggers"], one["family"]) == ("My-Ink", 0.7, ["ink", "black"], "sd1")
    kept = settings.adapters / f"{one['hash']}.safetensors"
    assert kept.is_file()
    assert good.is_file()
    assert cli.main(["adapters", "remove", "my-in"]) == 2
    assert "Did you mean My-Ink?" in capsys.readouterr().err
    assert cli.main(["adapters", "remove", "my-ink"]) == 0
    assert capsys.readouterr().out == "My-Ink is removed.\n"
    assert not kept.exists()
    assert listed(capsys) == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "gone.pt"], "There is no file gone.pt"),
        (["add", "a.pt", "b.pt", "--name", "x"], "Give --name with one file"),
        (["add", "a.pt", "--name", "<x>"], "cannot be the name"),
        (["add", "http://example.org/a.pt"], "Only links that begin with https://"),
        (["add", "https://example.org/a.pt"], "Nothing is fetched from example.org"),
        (["add", "a.pt", "--weight", "9"], "The weight goes from -2 to 2"),
        (["add", "a.pt", "--weight", "much"], "'much' is no number"),
        (["remove", "x"], "There is no LoRA or embedding named “x”"),
        (["list", "x"], "Unrecognized arguments: x"),
        ([], "the following arguments are required"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    settings: Settings, tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pt").write_bytes(b"a")
    try:
        code = cli.main(["adapters", *words])
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == cli.USAGE
    assert message.lower() in capsys.readouterr().err.lower()
    assert listed(capsys) == []


def test_where_there_is_nothing_yet(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["adapters", "list"]) == 0
    assert "There are none yet" in capsys.readouterr().out
    assert not settings.database.exists()


@pytest.mark.usefixtures("quick")
def test_beside_a_running_bot(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Ink v1.pt").write_bytes(b"ink")
    (tmp_path / "oil.pt").write_bytes(b"oil")

    def easel(*words: str) -> None:
        assert cli.main(["adapters", *words]) == 0
        assert "the bot is running" in capsys.readouterr().out

    async def run() -> None:
        async with await Database.open(settings.database) as database:
            guilds = Guilds(database=database)
            held = Adapters(
                database=database,
                files=FlatFolder(settings.adapters, ".safetensors"),
                previews=ContentFolder(settings.previews, ".png"),
                guilds=guilds,
            )
            await held.load()
            dropped = DropIns(folder=settings.incoming, adapters=held, inspect=_look)
            await asyncio.to_thread(easel, "add", "Ink v1.pt", "--name", "Ink", "--weight", "0.5")
            await asyncio.to_thread(easel, "add", "oil.pt")
            await dropped.look()
            await dropped.look()
            assert {(one.name, one.weight) for one in held.owned(0)} == {("Ink", 0.5), ("oil", 1.0)}
            found = await operators_adapters(settings.database, settings.adapters)
            assert sorted(found) == ["ink", "oil"]
            await asyncio.to_thread(easel, "remove", "INK")
            await dropped.look()
            await dropped.look()
            assert [one.name for one in held.owned(0)] == ["oil"]

    asyncio.run(run())
    assert [one["name"] for one in listed(capsys)] == ["oil"]
    assert [path.name for path in settings.incoming.iterdir()] == []


async def _look(source: Path, target: Path) -> Report:
    content = await asyncio.to_thread(source.read_bytes)
    await asyncio.to_thread(target.write_bytes, content)
    return Report(kind="lora", form="LoRA", family="sd1", bytes=len(content))


async def test_the_running_bot_has_the_real_inspection(tmp_path: Path, settings: Settings) -> None:
    await asyncio.to_thread(settings.incoming.mkdir, parents=True)
    await asyncio.to_thread(lora, settings.incoming / "ink.safetensors")
    await asyncio.to_thread((settings.incoming / "bad.safetensors").write_bytes, b"nonsense")
    async with await Database.open(settings.database) as database:
        held = Adapters(
            database=database,
            files=FlatFolder(settings.adapters, ".safetensors"),
            previews=ContentFolder(settings.previews, ".png"),
            guilds=Guilds(database=database),
        )
        await held.load()
        dropped = DropIns(folder=settings.incoming, adapters=held, inspect=inspect)
        assert await dropped.look() == []
        [seen] = await dropped.look()
    assert (seen.name, seen.kind, seen.form, seen.family, seen.rank) == ("ink", "lora", "LoRA", "sd1", 4)
    left = await asyncio.to_thread(lambda: sorted(path.name for path in settings.incoming.rglob("*.*")))
    assert left == ["bad.safetensors", "bad.safetensors.txt"]
    assert msgspec.json.decode(msgspec.json.encode(seen))["name"] == "ink"


def test_easel_imagine_knows_the_operators(tmp_path: Path) -> None:
    """A picture with the LoRA that comes along is another than one without, and remembers what it was made with."""
    folders = {"EASEL_DATA_FOLDER": str(tmp_path / "data"), "EASEL_MODELS_FOLDER": str(tmp_path / "models")}
    easel = Terminal(tmp_path, os.environ | folders | {"EASEL_THREADS": "1"})
    file = next(ADAPTERS_FOLDER.glob("*lora*.safetensors"))
    assert easel("adapters", "add", str(file), "--name", "zorp").returncode == 0
    for prompt in ("a zorp <lora:zorp>", "a zorp"):
        painted = easel("imagine", prompt, "--seed", "4", "--steps", "2", "-o", "out")
        assert painted.returncode == 0, painted.stderr
    told = json.loads(easel("info", "out/00001-4.png", "--json").stdout)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert [use["hash"] for use in told["recipe"]["adapters"]] == [digest]
    pixels = []
    for name in ("00001-4.png", "00002-4.png"):
        with Image.open(tmp_path / "out" / name) as image:
            pixels.append(image.tobytes())
    assert pixels[0] != pixels[1]
    refused = easel("imagine", "a zorp <lora:zorpp>", "-o", "out")
    assert refused.returncode == cli.USAGE
    assert "There is no LoRA of the name 'zorpp' here. Did you mean zorp?" in refused.stderr


@pytest.mark.usefixtures("quick")
async def test_links_are_fetched_first(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    file = "https://huggingface.co/ada/my-ink/resolve/main/pytorch_lora_weights.safetensors"
    gone = "https://huggingface.co/ada/my-ink/resolve/main/gone.safetensors"
    header = b'{"__metadata__":{}}'
    async with opened() as internet:
        internet.put(file, answer(len(header).to_bytes(8, "little") + header))
        links, told = Links(network=internet.network), io.StringIO()
        console = Console(file=told, width=200)
        wanted = adapters.Adding(links=[file, gone])
        assert await adapters.add(wanted, settings, console, links=links) == 2
        assert await adapters.add(adapters.Adding(links=[gone]), settings, console, links=links) == 2
    assert capsys.readouterr().out.split()[:3] == ["my-ink", "LoRA", "sd1"]
    assert told.getvalue().count("huggingface.co has nothing under that link") == 2
    [one] = (await operators_adapters(settings.database, settings.adapters)).values()
    assert one.name == "my-ink"
