"""/admin content: words and patterns that prompts may not have, set in Discord and held against every request."""

from pathlib import Path
from typing import Any

import pytest

from playground import Playground
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from storage.guilds import Settings
from tests.bot.stage import (
    answer,
    answer_to,
    begun,
    is_private,
    is_result,
    on_stage,
    painted,
    text_of,
    told,
    walk,
    words_of,
)

CATASTROPHE = r"(?:a|a|aa)+$"


def settings_of(bot: Any, playground: Playground) -> Settings:
    found: Settings = bot.rooms.guilds.settings(playground.world.guild("Atelier").id)
    return found


async def refused(playground: Playground, person: Person, prompt: str, **options: Any) -> str:
    """Ask for a picture that is not painted, and return what is told to that person alone."""
    asked = await person.command("imagine", {"prompt": prompt, "steps": 2} | options)
    message = await answer(playground, asked)
    assert is_private(message)
    return text_of(message)


async def test_lists_are_set_shown_and_taken_away(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:

        async def admin(name: str, **options: Any) -> str:
            return await answer_to(playground, owner, f"admin content {name}", options)

        shown = await admin("show")
        for line in ("**Blocked words**: none", "**Blocked patterns**: none", "ordinary channels: not checked"):
            assert line in shown
        assert await admin("block", words="naked, Old Man") == "Blocked words: now with naked, Old Man. 2 in all."
        assert await admin("block", words="NÁKED") == "Blocked words: all of that is there already. 2 in all."
        assert await admin("warn", words="blood") == "Words of which members are warned: now with blood. 1 in all."
        assert await admin("pattern", pattern=r"go+re") == "Blocked patterns: now with `go+re`. 1 in all."
        assert "Patterns of which members are warned: now with" in await admin(
            "pattern", pattern=r"wou?nd", then="warn the member"
        )
    async with on_stage(playground, tmp_path) as bot:
        assert settings_of(bot, playground).blocked_words == ("naked", "Old Man")
        for shown in (await admin("show"), await admin("block"), await admin("pattern"), await admin("unblock")):
            assert "**Blocked words** (2)\nnaked, Old Man" in shown
            assert "`wou?nd`" in shown
        assert await admin("warn", words="Naked") == "Words of which members are warned: now with Naked. 2 in all."
        assert settings_of(bot, playground).blocked_words == ("Old Man",), "a word is on one list"
        assert await admin("unblock", word="old_man, wou?nd") == "No longer on any list: Old Man, wou?nd."
        gone = await admin("unblock", all="warned words")
        assert gone == "Words of which members are warned: all 2 are taken away."
        assert settings_of(bot, playground).blocked_patterns == ("go+re",)
        assert settings_of(bot, playground).warned_words == ()


async def test_what_cannot_be_on_a_list(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        before = settings_of(bot, playground)

        async def admin(name: str, **options: Any) -> str:
            return await answer_to(playground, owner, f"admin content {name}", options)

        assert (await admin("pattern", pattern="a(b")) == (
            "a(b is no pattern: missing ), at character 4. Patterns are regular expressions, as in Python."
        )
        assert "is found in every prompt" in await admin("pattern", pattern="x*")
        assert "repeats too much" in await admin("pattern", pattern="(?:a{1000}){1000}")
        assert "nothing that could be found" in await admin("block", words="fine, …")
        assert "There is no word in that" in await admin("block", words=" , ,")
        assert "is on none of the lists" in await admin("unblock", word="nothing")
        assert "Name words or a list" in await admin("unblock", word="x", all="blocked words")
        assert "That file is no text" in await admin("block", file=("words.txt", b"\xff\xfe\x00"))
        assert "at most 512 KiB" in await admin("block", file=("words.txt", b"x" * (512 * 1024 + 1)))
        many = ",".join(f"w{number}" for number in range(700))
        await admin("block", words=many)
        assert "That would be 1400, and a list holds at most 1000" in await admin("block", words=many.replace("w", "v"))
        settings = settings_of(bot, playground)
        assert (len(settings.blocked_words), settings.blocked_patterns) == (700, before.blocked_patterns)


async def test_a_file_of_words_comes_in_and_goes_out(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    lines = "\ufeff# remarks do not count\r\n" + "".join(f"word number {number}\r\n" for number in range(300))
    async with on_stage(playground, tmp_path) as bot:
        done = await answer_to(playground, owner, "admin content block", {"file": ("words.txt", lines.encode())})
        assert "300 in all" in done
        assert settings_of(bot, playground).blocked_words[-1] == "word number 299"
        message = await answer(playground, await owner.command("admin content show"))
        assert "… and " in text_of(message)
        file = next(part["file"] for part in walk(message["components"]) if part["type"] == 13)
        data = playground.world.cdn.content(int(file["attachment_id"]))
        assert "# blocked_words\nword number 0\n" in data.decode()
        await answer_to(playground, owner, "admin content unblock", {"all": "blocked words"})
        await answer_to(playground, owner, "admin content block", {"file": ("words.txt", data)})
        assert len(settings_of(bot, playground).blocked_words) == 300, "what is handed out can be sent in"


async def test_words_are_offered_while_one_types(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path):
        await answer_to(playground, owner, "admin content block", {"words": "naked, old man"})
        found = await owner.autocomplete("admin content unblock", {"word": "OL"}, "word")
        assert [choice["name"] for choice in found] == ["old man"]


# What becomes of requests -------------------------------------------------------------------------------------------


async def test_a_blocked_word_is_refused_and_named_alone(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        await answer_to(playground, owner, "admin content block", {"words": "naked"})
        for prompt in ("a NÁKED secret", "na(k)ed", "[cat:naked:1]", "{naked|dressed|fed|fat|old} cat"):
            words = await refused(playground, ann, prompt)
            assert words.startswith("This server does not allow “naked” in prompts"), prompt
            assert "secret" not in words
        assert (await bot.rooms.gallery.history(ann.id)).made == ()
        await painted(playground, ann, "a snaked class", negative="naked")


async def test_an_admin_is_not_excepted_and_other_servers_are(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        await answer_to(playground, owner, "admin content block", {"words": "naked"})
        assert "does not allow" in await refused(playground, owner, "naked")
        await painted(playground, ann, "naked", channel=ann.dm)


async def test_a_button_does_not_get_around_it(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann, "a naked cat")
        await answer_to(playground, owner, "admin content block", {"words": "naked"})
        pressed = await ann.press(message, "Again")
        assert "does not allow “naked”" in await told(playground, pressed)


async def test_what_waits_is_held_against_new_words(playground: Playground, tmp_path: Path) -> None:
    owner, ann, bob = (playground.person(name) for name in ("owner", "ann", "bob"))
    async with on_stage(playground, tmp_path, max_rows=2, stop_seconds=0.0):
        first = await begun(playground, bob)
        waiting = await ann.command("imagine", {"prompt": "a naked cat", "steps": 2})
        await playground.until(lambda: "Waiting" in words_of(waiting))
        await answer_to(playground, owner, "admin content block", {"words": "naked"})
        await bob.press(first.messages[-1], "Cancel")
        await playground.until(lambda: "does not allow “naked”" in words_of(waiting))
        assert not any(map(is_result, waiting.messages))


async def test_a_member_is_warned_privately_and_gets_the_picture(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        await answer_to(playground, owner, "admin content warn", {"words": "blood"})
        asked = await ann.command("imagine", {"prompt": "a Blood moon", "steps": 2})
        await playground.until(lambda: "blood" in words_of(asked) and any(not is_private(m) for m in asked.messages))
        warned = [message for message in asked.messages if "blood" in text_of(message) and is_private(message)]
        assert len(warned) == 1


async def test_a_pattern_that_takes_too_long_is_refused_and_noted(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        await answer_to(playground, owner, "admin content pattern", {"pattern": CATASTROPHE})
        for _ in range(2):
            assert "could not be held against" in await refused(playground, ann, "a" * 60 + "!")
        audit = await answer_to(playground, owner, "admin audit show", {"area": "content"})
        assert audit.count("took too long") == 1, "it is noted now and then"
        await painted(playground, ann, "a cat b")


# The check of pictures ----------------------------------------------------------------------------------------------


async def test_the_check_is_set_by_the_kind_of_channel(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:

        async def check(**options: Any) -> str:
            return await answer_to(playground, owner, "admin content check", options)

        assert await check() == (
            "Finished pictures in ordinary channels: not checked\nIn age-restricted channels: not checked"
        )
        shown = await check(ordinary="do not show what is flagged", **{"age-restricted": "blur what is flagged"})
        assert "ordinary channels: checked; what is flagged is not shown" in shown
        assert "age-restricted channels: checked; what is flagged is blurred" in shown
        settings = settings_of(bot, playground)
        assert (settings.check, settings.check_age_restricted) == ("block", "blur")
        assert "not shown" in await check(**{"age-restricted": "no check"})
        assert settings_of(bot, playground).check_age_restricted == "off"


# Who may ------------------------------------------------------------------------------------------------------------


async def test_who_is_offered_it(playground: Playground, tmp_path: Path) -> None:
    guild, mia = playground.world.guild("Atelier"), playground.person("mia")
    mia.join(guild, [guild.role("keepers", EVERYONE | Permission.MANAGE_GUILD)])
    async with on_stage(playground, tmp_path):
        with pytest.raises(LookupError, match="offered no command 'admin'"):
            await playground.person("ann").command("admin content show")
        assert "Blocked words" in await answer_to(playground, mia, "admin content show")


async def test_it_speaks_german(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    owner.user.locale = "de"
    async with on_stage(playground, tmp_path):
        await answer_to(playground, owner, "admin content block", {"words": "nackt"})
        assert "**Gesperrte Wörter** (1)\nnackt" in await answer_to(playground, owner, "admin content show")
        assert "erlaubt „nackt“ nicht" in await refused(playground, owner, "NACKT")
