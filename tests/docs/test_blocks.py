"""Blocks of documents are what they say they are: JSON parses, settings are taken, Python compiles."""

import ast
import asyncio
import configparser
import io
import json
import re
import textwrap
import tomllib
from pathlib import Path

import discord
import pytest
import yaml
import yarl
from dotenv import dotenv_values

from bot.settings import Settings, load_settings
from playground import Playground, PlaygroundSettings
from tests.docs import containers
from tests.docs.documents import Block, document, manuals

#: What blocks may be; `text` is what a program says, or a drawing.
_LANGUAGES = {"sh", "powershell", "text", "json", "toml", "yaml", "ini", "python", "sql", "indented"}
#: What PowerShell reads as `sh` does: plain words, for programs that mean the same there, as `curl` would not.
_IN_BOTH_SHELLS = re.compile(r"(?:cp|python|\.venv/Scripts/\w+)(?: [\w.:/-]+)+")
_TYPED = re.compile(r"\s*(?:\$ )?(?:\S*/)?(?:easel [a-z]|make [a-z]|python3? -|pip install|docker |curl |git )")


def _all() -> list[Block]:
    return [block for name in manuals() for block in document(name).blocks]


def _place(block: Block) -> str:
    return f"{block.document}:{block.line}"


def _of(language: str) -> list[Block]:
    return [block for block in _all() if block.language == language]


def test_every_block_says_what_it_is() -> None:
    odd = [f"{_place(block)}: {block.language or 'nothing'}" for block in _all() if block.language not in _LANGUAGES]
    assert odd == [], f"each ``` is followed by one of {sorted(_LANGUAGES)}"


def test_what_is_typed_is_marked_as_such() -> None:
    quiet = [block for block in _all() if block.terminal == "" and block.language in ("text", "indented", "")]
    found = [f"{_place(block)}: {line}" for block in quiet for line in block.text.splitlines() if _TYPED.match(line)]
    assert found == [], "commands stand in ```sh or ```powershell, where they are run"


def test_what_is_typed_on_windows_means_the_same_in_sh() -> None:
    lines = [(block, line) for block in _of("powershell") for line in block.text.splitlines()]
    odd = [f"{_place(block)}: {line}" for block, line in lines if not _IN_BOTH_SHELLS.fullmatch(line)]
    assert odd == [], "no PowerShell tries this; write it in words that `sh` reads alike"
    assert lines


@pytest.mark.parametrize("block", _of("json"), ids=_place)
def test_json_parses(block: Block) -> None:
    json.loads(block.text)


def test_yaml_parses() -> None:
    for block in _of("yaml"):
        assert yaml.safe_load(block.text), _place(block)


@pytest.mark.parametrize("block", _of("toml"), ids=_place)
def test_toml_is_taken_as_settings(block: Block, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "easel.toml").write_text(block.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    for name, value in tomllib.loads(block.text).items():
        said = getattr(settings, name)
        assert sorted(said) == sorted(value) if isinstance(value, dict) else said == value


def test_ini_is_a_unit_or_variables(tmp_path: Path) -> None:
    known = {f"EASEL_{name.upper()}" for name in Settings.model_fields} | {"DISCORD_TOKEN"}
    # Compose reads variables of its own there.
    known |= set(re.findall(r"(?:\$\{|^#?)([A-Z]+_[A-Z_]+)[:=]", containers.TEXTS, re.MULTILINE))
    for block in _of("ini"):
        if re.search(r"^\[", block.text, re.MULTILINE):
            unit = configparser.RawConfigParser(strict=False)
            unit.read_string(block.text)
            assert unit.sections(), _place(block)
            continue
        given = dotenv_values(stream=io.StringIO(block.text))
        assert given and set(given) <= known, _place(block)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            for name, value in given.items():
                assert value is not None, _place(block)
                patch.setenv(name, value)
            load_settings()


@pytest.mark.parametrize("block", _of("python"), ids=_place)
def test_python_compiles(block: Block) -> None:
    compile(textwrap.dedent(block.text), _place(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def test_the_two_addresses_are_all_that_a_bot_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = (block.text for block in document("docs/playground.md").blocks if "Route.BASE" in block.text)
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL("wss://nowhere.invalid"))
    async with Playground(PlaygroundSettings(rate_limits=False)) as playground:

        class Bot(discord.Client):
            """Leaves as soon as it is ready; its loop is a thread's, as that of a bot of its own is."""

            async def on_ready(self) -> None:
                assert self.user is not None
                names.append(self.user.name)
                await self.close()

        names: list[str] = []
        places = {"api": playground.api, "gateway": playground.gateway, "token": playground.token}
        program = compile(snippet, "docs/playground.md", "exec")
        bot = Bot(intents=discord.Intents.default())
        await asyncio.to_thread(exec, program, {"places": places, "bot": bot})
        assert names == ["Playground Bot"]
