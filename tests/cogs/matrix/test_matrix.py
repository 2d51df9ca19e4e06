"""Everybody is answered as the table says, and there is nothing that the table does not say."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from playground import Playground, PlaygroundSettings
from playground.messages import EPHEMERAL
from tests.bot.stage import answer, on_stage, text_of
from tests.cogs.matrix import acts, things
from tests.cogs.matrix.acts import Act
from tests.cogs.matrix.answers import HIDDEN, YES, outcome
from tests.cogs.matrix.scene import HERE, Scene, engine, gather
from tests.cogs.matrix.table import PARTS, PEOPLE, REFUSALS, Row, as_markdown, rows

ACTS: Mapping[str, Mapping[str, Act]] = {
    "commands": {**acts.COMMANDS, **acts.OPERATION, **acts.ADMIN},
    "menus": acts.MENUS,
    "components": {**acts.BUTTONS, **acts.PANEL},
    "forms": acts.FORMS,
}
DOCS = Path(__file__).parents[3] / "docs" / "admin.md"
#: The word of the table for each text.
_WORDS = {key: word for word, keys in REFUSALS.items() for key in keys}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Scene]:
    """Run the bot among these people. What is said there is held against Discord's description by other tests."""
    # Who may, not how soon: a machine may have other work.
    settings = PlaygroundSettings(rate_limits=False, acknowledge_seconds=30)
    async with Playground(settings) as playground:
        seats = gather(playground)
        async with on_stage(playground, folder, engine()) as bot:
            scene = Scene(playground, bot, folder, seats)
            await scene.rule()
            yield scene


async def there_is(scene: Scene, kind: str) -> set[str]:
    """Return the names of all things of a kind, as the bot has them now."""
    match kind:
        case "commands":
            return things.commands_of(scene.bot)
        case "menus":
            return things.menus_of(scene.bot)
        case "components":
            return things.components_of(scene.bot)
    return await asyncio.to_thread(things.forms)


def named(row: Row, known: set[str]) -> list[str]:
    """Return the things that a row is about; what stands in brackets is one use of several."""
    return sorted(name for name in known if fnmatchcase(name, row.thing.partition(" (")[0]))


@pytest.mark.parametrize("part", PARTS)
async def test_who_may_do_what(part: str, tmp_path: Path) -> None:
    kind, text = PARTS[part]
    wrong = []
    async with running(tmp_path) as scene:
        known = await there_is(scene, kind)
        for row in rows(text):
            act = ACTS[kind][row.thing]
            for name in [row.thing] if " (" in row.thing else named(row, known):
                for person, expected in row.expected.items():
                    found = await _used(scene, act, name, person)
                    if found != expected:
                        wrong.append(f"{name}: {person} {PEOPLE[person]}; expected: {expected}; found: {found}")
    assert not wrong, "\n".join(wrong)


async def _used(scene: Scene, act: Act, name: str, person: str) -> str:
    """Let somebody use a thing, and return what they saw as a word of the table."""
    try:
        done = await act.use(scene, scene.seats[person], name)
        found = await outcome(scene.playground, done, act.shows, _WORDS)
    except LookupError as error:
        if "is offered no command" not in str(error):
            raise
        found = HIDDEN
    await scene.clean()
    return _WORDS.get(found, found)


async def test_there_is_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path) as scene:
        for kind in ACTS:
            known = await there_is(scene, kind)
            listed = [row for of, text in PARTS.values() if of == kind for row in rows(text)]
            assert known, kind
            assert [name for name in sorted(known) if not any(name in named(row, known) for row in listed)] == []
            assert [row.thing for row in listed if not named(row, known)] == []
    assert await asyncio.to_thread(things.other_forms) == []


def test_the_table_can_be_read() -> None:
    words, listed = {YES, HIDDEN, *REFUSALS}, []
    for kind, text in PARTS.values():
        for row in rows(text):
            assert row.thing in ACTS[kind]
            assert list(row.expected) == list(PEOPLE)
            assert set(row.expected.values()) <= words, row.thing
            listed.append((kind, row.thing))
    assert sorted(listed) == sorted(set(listed)), "one row says it"


def test_the_documentation_says_the_same() -> None:
    assert as_markdown() in DOCS.read_text("utf-8")


async def test_discords_own_settings_decide_about_admin(tmp_path: Path) -> None:
    async with running(tmp_path) as scene:
        here, panel = scene.playground.world.guild(HERE), ACTS["commands"]["/admin panel"]
        page, permit = ACTS["components"]["admin:*"], scene.playground.commands.permit
        permit(here, "admin", here.role("makers"), True)
        permit(here, "admin", here.role("admins"), False)
        assert await _used(scene, panel, "/admin panel", "with") == YES
        assert await _used(scene, panel, "/admin panel", "without") == HIDDEN
        assert await _used(scene, panel, "/admin panel", "admin") == HIDDEN
        assert await _used(scene, panel, "/admin panel", "owner") == YES
        assert await _used(scene, panel, "/admin panel", "blocked") == "blocked"
        assert await _used(scene, panel, "/admin panel", "closed") == "place"
        seat = scene.seats["with"]
        (shown,) = seat.person.invocations[-1].messages
        await seat.person.press(shown, "easel:admin:limits")
        await scene.playground.until(lambda: "Limits" in text_of(seat.person.messages(seat.channel)[-1]))
        asked = await seat.person.command("admin content negative", channel=seat.channel)
        assert (await answer(scene.playground, asked))["flags"] & EPHEMERAL, "no form, which anybody might send in"
        assert await _used(scene, page, "admin:limits:OF", "with") == "manager", "the page of another"
        permit(here, "imagine", here.role("makers"), False)
        assert await _used(scene, ACTS["commands"]["/imagine"], "/imagine", "with") == HIDDEN
        assert await _used(scene, ACTS["commands"]["/imagine"], "/imagine", "without") == YES
