"""A backup made while it paints, restored elsewhere: the bot starts from there, and every button works."""

import asyncio
from pathlib import Path
from typing import Any

from bot.app import Easel
from bot.texts import say
from playground import Playground
from playground.invocations import Invocation
from playground.people import Person
from storage import images
from storage.restoring import restore
from tests.adapter_files import lora
from tests.bot.stage import (
    answer_to,
    begun,
    is_result,
    on_stage,
    painted,
    text_of,
    urls_of,
    walk,
    words_of,
)

#: What somebody is told whose button did not work.
FAILURES = ("gone", "expired", "source_gone", "model_gone", "store", "other_version", "stale", "engine_dead")


def buttons_of(message: dict[str, Any]) -> list[str]:
    """Return the custom ids of a message's buttons, what deletes last."""
    found = [part["custom_id"] for part in walk(message["components"]) if part["type"] == 2 and "custom_id" in part]
    return sorted(found, key=lambda identity: ":delete" in identity)


async def press_all(
    playground: Playground, bot: Easel, person: Person, message: dict[str, Any], identities: list[str]
) -> list[Invocation]:
    """Press buttons, wait until all is done that comes of them, and see that it was what they say."""
    presses = [await person.press(message, identity) for identity in identities]
    for used in presses:
        await used.settled(60)
    await playground.until(lambda: not bot.rooms.dispatcher.jobs(), 120)
    for identity, used in zip(identities, presses, strict=True):
        if used.response.kind == "modal" or ":delete" in identity:
            continue
        await playground.until(lambda used=used: used.messages and not is_thinking(used), 60)  # type: ignore[misc]
        words = words_of(used)
        assert not any(say(key) in words for key in FAILURES), f"{identity}: {words}"
        assert "Something went wrong" not in words, f"{identity}: {words}"
    return presses


def is_thinking(used: Invocation) -> bool:
    return any(message["flags"] & 128 for message in used.messages)


async def test_everything_works_in_a_restored_folder(playground: Playground, tmp_path: Path) -> None:
    ann, bob, owner = playground.person("ann"), playground.person("bob"), playground.person("owner")
    old, new = tmp_path / "old", tmp_path / "new"
    await asyncio.to_thread(_write_list, old / "wildcards" / "animals" / "cats.txt")
    async with on_stage(playground, old, stop_seconds=0.0) as bot:
        single = await painted(playground, ann, "a blue square", seed=5)
        pair = await painted(playground, bob, "a red circle", count=2)
        source = playground.world.cdn.content(int(urls_of(single)[0].split("/")[-2]))
        await ann.react(pair, "⭐")
        await playground.until(lambda: bool(bot.rooms.dispatcher.jobs()) is False)
        noir = {"name": "noir", "prompt": "{prompt}, film noir"}
        await answer_to(playground, ann, "styles add", noir)
        added = await ann.command("adapters add", {"file": ("ink.safetensors", lora(0.01)), "name": "ink"})
        await playground.until(lambda: any(map(is_result, added.messages)))
        await answer_to(playground, owner, "admin content negative", {"text": "a watermark"})
        await answer_to(playground, owner, "operator close", {"server": "123456", "why": "unpaid"})
        waiting = await begun(playground, bob, image=("source.png", source))
        slow = waiting.messages[0]
        shelf = await bot.rooms.gallery.history(bob.id)
        asked = [made.job.id for made in shelf.made]
        # It goes on painting meanwhile.
        bot.rooms.operator.backups.begin()
        ended = asyncio.create_task(bot.rooms.operator.backups.ended())
        await painted(playground, ann, "a later picture")
        state = await ended
        assert (state.problem, state.missing, state.damaged) == (None, 0, 0)
        assert state.path is not None
        # What goes afterwards is in it all the same.
        made = (await bot.rooms.gallery.history(ann.id)).made[-1]
        async with bot.rooms.database.transaction() as write:
            assert await images.delete(write, [image.id for image in made.kept]) == 1
        await bot.rooms.people.forget(bob.id)
    restored = await asyncio.to_thread(restore, Path(state.path), new)
    assert "wildcards/animals/cats.txt" in restored.manifest.files

    async with on_stage(playground, new, member_waiting=400, member_running=64) as bot:
        rooms = bot.rooms
        # What was chosen is there.
        assert rooms.guilds.settings(playground.world.guild("Atelier").id).negative_prompt == "a watermark"
        assert dict(rooms.guilds.closed) == {123456: "unpaid"}
        assert "**noir** · yours" in await answer_to(playground, ann, "styles list")
        assert rooms.wildcards.operators() == {"animals/cats": "tabby\n"}
        (ink,) = rooms.adapters.owned(ann.id)
        assert await asyncio.to_thread((new / "adapters" / f"{ink.hash}.safetensors").is_file)
        # So is what was asked for, and what had begun goes on.
        shelf = await rooms.gallery.history(bob.id)
        assert [made.job.id for made in shelf.made] == asked
        assert "a red circle" in await answer_to(playground, bob, "history")
        assert asked[0] in {job.id for job in rooms.dispatcher.jobs()}
        await bob.press(slow, "Cancel")
        await playground.until(lambda: "Cancelled." in words_of(waiting))
        # Every button under old messages, and under the card of a picture.
        for person, message in ((bob, pair), (ann, single)):
            identities = buttons_of(message)
            presses = await press_all(playground, bot, person, message, identities[:-1])
            cards = [used for identity, used in zip(identities, presses, strict=False) if ":picture:" in identity]
            card = cards[-1].messages[-1]
            await press_all(playground, bot, person, card, [each for each in buttons_of(card) if ":delete" not in each])
            if message is pair:
                # One picture by its card; the other with its message.
                await person.press(card, buttons_of(card)[-1])
                await playground.until(lambda: pictures_of(playground, pair["id"]) == 1)
            assert ":delete" in identities[-1]
            await person.press(message, identities[-1])
            await playground.until(lambda gone=message["id"]: gone not in shown_ids(playground))  # type: ignore[misc]
        message = await painted(playground, ann, "a cat <lora:ink:0.8>", style="noir")
        assert "with ink" in text_of(message)


def pictures_of(playground: Playground, message_id: str) -> int:
    return next(len(urls_of(message)) for message in playground.messages() if message["id"] == message_id)


def shown_ids(playground: Playground) -> set[str]:
    return {message["id"] for message in playground.messages()}


def _write_list(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("tabby\n")
