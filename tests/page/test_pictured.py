"""Every command has a scene, and the documents show its picture."""

import re
from pathlib import Path

from discord import AppCommandType, app_commands

from bot.app import Easel
from playground import Playground, PlaygroundSettings
from tests.bot.stage import on_stage
from tests.page import scenes_of_admins, scenes_of_members, scenes_of_pictures
from tests.page.scenes import picture_of

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
#: Pictures beside those of commands.
MORE = ("imagine-typed", "imagine-progress")
SCENES = (
    *scenes_of_pictures.SCENES,
    *scenes_of_members.REQUESTS,
    *scenes_of_members.OWN,
    *scenes_of_members.ADAPTERS,
    *scenes_of_admins.MODELS_LIMITS_CHANNELS,
    *scenes_of_admins.ROLES_CONTENT_MEMBERS,
    *scenes_of_admins.OPERATION,
)


def offered(bot: Easel) -> set[str]:
    """Return every command and menu that Discord is told of, as scenes name them."""
    slash = {each.qualified_name for each in bot.tree.walk_commands() if not isinstance(each, app_commands.Group)}
    return slash | {f"menu {each.name}" for each in bot.tree.get_commands(type=AppCommandType.message)}


def shown_in_documents() -> dict[str, str]:
    """Return every picture that a document embeds, by its path below docs/images, and which document that is."""
    found = {}
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for path in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
            if not path.startswith("https://"):
                found[(document.parent / path).resolve().relative_to(IMAGES).as_posix()] = document.name
    return found


async def test_every_command_is_played(tmp_path: Path) -> None:
    async with Playground(PlaygroundSettings(rate_limits=False)) as playground, on_stage(playground, tmp_path) as bot:
        known = offered(bot)
    played = {each.command for each in SCENES if not each.command.startswith("button ")}
    assert played == known, "a command is used in a scene of tests/page/scenes_of_….py, and make pictures takes it"


def test_documents_show_every_command() -> None:
    shown = shown_in_documents()
    names = {*(picture_of(each.command) for each in SCENES), *MORE}
    missing = [name for name in sorted(names) if f"commands/{name}.png" not in shown]
    assert missing == [], "make pictures takes them; ![what is seen](images/commands/….png) in a document shows them"


def test_no_picture_is_left_over() -> None:
    there = {path.relative_to(IMAGES).as_posix() for path in IMAGES.rglob("*.*")}
    assert there - set(shown_in_documents()) == set()


def test_pictures_of_commands_are_small() -> None:
    sizes = [path.stat().st_size for path in (IMAGES / "commands").iterdir()]
    assert sum(sizes) < 4 * 1024 * 1024
