"""Every command and every menu of a message, used in the page by whoever may; docs/images/commands shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Easel
from inference.sample import ADAPTERS_FOLDER
from playground import Playground
from playground.permissions import EVERYONE, Permission
from tests.page import scenes_of_admins, scenes_of_members, scenes_of_pictures
from tests.page.conftest import Opens
from tests.page.scenes import Scene, Stage, perform

#: Twenty commands each, and a bot and a browser before them.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def town(playground: Playground) -> Playground:
    """A playground with some channels, a role, an admin, a member and a newcomer, before the bot comes."""
    guild = playground.world.guild("Atelier")
    for name in ("pictures", "quiet", "news"):
        guild.channel(name)
    guild.system_channel = guild.channel("news")
    artists = guild.role("artists", EVERYONE)
    bosses = guild.role("bosses", EVERYONE | Permission.MANAGE_GUILD)
    playground.person("ann").join(guild, [artists])
    playground.person("boss").join(guild, [bosses])
    playground.person("newcomer")
    other = playground.world.guild("Elsewhere")
    other.system_channel = other.channel("lounge")
    return playground


@pytest.fixture
def stage(town: Playground, easel: Easel, opens: Opens, tmp_path: Path) -> Iterator[Stage]:
    """The town with the bot in it, and files that people have."""
    folder = tmp_path / "files"
    folder.mkdir()
    stage = Stage(town, easel, opens, folder)
    stage.file("zorp-lora.safetensors", (Path(ADAPTERS_FOLDER) / "zorp-lora.safetensors").read_bytes())
    stage.file("colour.txt", b"red\nyellow\ngreen\nblue\npurple\n")
    stage.file(
        "styles.csv",
        b"name,prompt,negative_prompt\nTwice,two {prompt}s,\nOn white,{prompt} on a white background,black\n",
    )
    with stage.until_cancelled:
        yield stage


def by(person: str, scenes: Sequence[Scene]) -> list[Scene]:
    """Return scenes as one person plays them, but for those of somebody else."""
    return [replace(each, by=each.by or person) for each in scenes]


async def test_pictures_are_made_of_words_and_of_pictures(stage: Stage) -> None:
    await perform(stage, by("ann", scenes_of_pictures.SCENES))


async def test_requests_are_looked_at_and_cancelled(stage: Stage) -> None:
    await perform(stage, by("ann", scenes_of_members.REQUESTS))


async def test_members_have_defaults_styles_and_lists(stage: Stage) -> None:
    await perform(stage, by("ann", scenes_of_members.OWN))


async def test_loras_are_brought_shared_and_removed(stage: Stage) -> None:
    await perform(stage, by("ann", scenes_of_members.ADAPTERS))


async def test_admins_choose_models_limits_and_channels(stage: Stage) -> None:
    await perform(stage, by("boss", scenes_of_admins.MODELS_LIMITS_CHANNELS))


async def test_admins_choose_roles_content_and_members(stage: Stage) -> None:
    await perform(stage, by("boss", scenes_of_admins.ROLES_CONTENT_MEMBERS))


async def test_the_operator_runs_the_bot(stage: Stage) -> None:
    await perform(stage, by("owner", scenes_of_admins.OPERATION))
