"""/wildcards: a server's lists, changed by those who manage it, seen by its members, and by nobody else."""

from pathlib import Path
from typing import Any

import pytest

from bot.services import wildcards as service
from bot.services.wildcards import MOST_LIST_BYTES
from playground import Modal, Playground
from playground.people import Person
from playground.permissions import Permission
from tests.bot.stage import answer, answer_to, is_private, on_stage, text_of, walk, words_of

ANIMALS = ("animal.txt", b"red fox\n# a comment\n\n*cat*\n")
MANAGER = "Only those who may manage this server change its lists."
SERVER = "Lists belong to servers."


def manager(playground: Playground) -> Person:
    """Return somebody who may manage the server, and is not its owner."""
    person, guild = playground.person("mia"), playground.world.guild("Atelier")
    person.join(guild, [guild.role("keepers", Permission.MANAGE_GUILD)])
    return person


async def add(playground: Playground, person: Person, *files: tuple[str, bytes], **options: Any) -> str:
    given = {f"file{number}" if number > 1 else "file": file for number, file in enumerate(files, 1)}
    return await answer_to(playground, person, "wildcards add", given | options)


async def file_of(playground: Playground, person: Person, command: str, **options: Any) -> tuple[str, bytes]:
    """Use a command that answers with a file, which only this person sees, and return its name and bytes."""
    message = await answer(playground, await person.command(command, options))
    assert is_private(message)
    (shown,) = [part for part in walk(message["components"]) if part["type"] == 13]
    return shown["name"], playground.world.cdn.content(int(shown["file"]["attachment_id"]))


async def form_of(person: Person, name: str) -> Modal:
    modal = (await (await person.command("wildcards edit", {"name": name})).settled()).modal
    assert modal is not None
    return modal


def shown_in(modal: Modal) -> dict[str, Any]:
    """Return the text input of a form."""
    (label,) = modal["components"]
    return label["component"]


async def submitted(playground: Playground, person: Person, modal: Modal, text: str) -> str:
    message = await answer(playground, await person.submit(modal, {"text": text}))
    assert is_private(message)
    return text_of(message)


async def test_a_list_from_its_beginning_to_its_end(playground: Playground, tmp_path: Path) -> None:
    mia, ann = manager(playground), playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        assert "There are none yet" in await answer_to(playground, ann, "wildcards list")
        assert "### Saved" in await add(playground, mia, ANIMALS)
        shown = await answer_to(playground, ann, "wildcards list")
        assert "`__animal__` · 2 lines · red fox" in shown
        assert await file_of(playground, ann, "wildcards show", name="animal") == ANIMALS
        await add(playground, mia, ANIMALS, name="Animals/Wild")
        assert await file_of(playground, ann, "wildcards show", name="__animals/wild__") == (
            "animals-wild.txt",
            ANIMALS[1],
        )
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        assert list(bot.rooms.wildcards.of(guild).lines("animal")) == ["red fox", "*cat*"]
        assert "`__animals/wild__` · 2 lines" in await answer_to(playground, ann, "wildcards list")
        gone = await answer_to(playground, mia, "wildcards remove", {"name": "animals/wild"})
        assert gone == "The list `__animals/wild__` is gone."
        assert await add(playground, mia, ("animal.txt", b"dog")) == (
            "### Saved\nWrite a name so in a prompt to draw a line of its list.\n`__animal__` · 1 line · dog"
        )
    async with on_stage(playground, tmp_path):
        assert await file_of(playground, ann, "wildcards show", name="animal") == ("animal.txt", b"dog")
        assert "animals/wild" not in await answer_to(playground, ann, "wildcards list")


async def test_several_files_at_once_are_all_there_or_none(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        guild = playground.world.guild("Atelier").id
        files = [(f"Set {number}.txt", b"one\ntwo\n") for number in range(4)]
        assert "“wrong” has no entries" in await add(playground, owner, *files, ("wrong.txt", b"# nothing\n"))
        assert bot.rooms.wildcards.own_names(guild) == []
        saved = await add(playground, owner, *files, ("last.txt", b"__set_0__ and __set_3__"))
        assert [f"`__set_{number}__` · 2 lines · one" in saved for number in range(4)] == [True] * 4
        assert "`__last__` · 1 line · \\_\\_set\\_0\\_\\_" in saved
        assert "“set\\_0”. Send them one by one" in await add(playground, owner, files[0], files[0])
        assert "leave it out" in await add(playground, owner, *files, name="all")
        assert bot.rooms.wildcards.own_names(guild) == ["last", *(f"set_{number}" for number in range(4))]


async def test_another_server_sees_nothing_of_it(playground: Playground, tmp_path: Path) -> None:
    other = playground.world.guild("Elsewhere")
    other.channel("lounge")
    async with on_stage(playground, tmp_path):
        owner, ann = playground.person("owner"), playground.person("ann")
        ann.join(other)
        await add(playground, owner, ANIMALS)
        assert "There are none yet" in await answer_to(playground, ann, "wildcards list", channel="lounge")
        for who, command in ((ann, "show"), (owner, "remove")):
            told = await answer_to(playground, who, f"wildcards {command}", {"name": "animal"}, channel="lounge")
            assert told == "There is no list named “animal” here. /wildcards list shows what there is."
        assert await ann.autocomplete("wildcards show", {"name": ""}, "name", channel="lounge") == []
        assert [each["value"] for each in await ann.autocomplete("wildcards show", {"name": ""}, "name")] == ["animal"]
        assert await file_of(playground, ann, "wildcards show", name="animal") == ANIMALS


async def test_members_look_and_do_not_change(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        mia, ann = manager(playground), playground.person("ann")
        guild = playground.world.guild("Atelier")
        await add(playground, mia, ANIMALS)
        playground.faults.fail("GET", "/cdn", times=None)
        assert await add(playground, ann, ("mine.txt", b"cat")) == MANAGER, "nothing is fetched"
        playground.faults.heal()
        for command in ("edit", "remove"):
            assert await answer_to(playground, ann, f"wildcards {command}", {"name": "animal"}) == MANAGER
        # A form that was opened by somebody who may no longer.
        modal = await form_of(mia, "animal")
        guild.permit(guild.role("keepers"), 0)
        assert await submitted(playground, mia, modal, "mine") == MANAGER
        assert list(bot.rooms.wildcards.of(guild.id).lines("animal")) == ["red fox", "*cat*"]


async def test_direct_messages_have_no_lists(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        named = {"name": "animal"}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("add", {"file": ANIMALS}),
            ("edit", named),
            ("list", {}),
            ("show", named),
            ("remove", named),
        ]
        for command, options in calls:
            told = await answer_to(playground, ann, f"wildcards {command}", options, channel=ann.dm)
            assert told.startswith(SERVER)


HOSTILE: list[tuple[tuple[str, bytes], str | None, str]] = [
    (("animal.png", b"cat"), None, "“animal.png” is no .txt file."),
    (("animal", b"cat"), None, "is no .txt file"),
    (("latin.txt", "Bär".encode("latin-1")), None, "“latin.txt” is no plain text in UTF-8."),
    (("utf16.txt", "cat".encode("utf-16")), None, "is no plain text in UTF-8"),
    (("zero.txt", b"cat\0dog"), None, "is no plain text in UTF-8"),
    (("picture.txt", b"\x89PNG\r\n\x1a\n\xff\xfe"), None, "is no plain text in UTF-8"),
    (("empty.txt", b""), None, "“empty” has no entries"),
    (("comments.txt", b"# a\n   \n#b"), None, "“comments” has no entries"),
    (("large.txt", b"x" * (MOST_LIST_BYTES + 1)), None, "“large.txt” has more than 256 KiB."),
    (("lines.txt", b"x\n" * 20_001), None, "“lines” has 20001 lines and may have 20000."),
    (("self.txt", b"cat\na __self__"), None, "“self” cannot be drawn from:"),
    (("a__b.txt", b"cat"), None, "“a\\_\\_b” cannot be the name of a list."),
    (("Bär.txt", b"cat"), None, "“bär” cannot be the name of a list."),
    (ANIMALS, "../../etc/passwd", "cannot be the name of a list"),
    (ANIMALS, "a/", "cannot be the name of a list"),
    (ANIMALS, "@everyone", "“@\u200beveryone” cannot be the name of a list."),
    (ANIMALS, "x" * 61, "60 characters at most"),
    (ANIMALS, "a\nb", "cannot be the name of a list"),
]


async def test_hostile_files_and_names(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        for file, name, words in HOSTILE:
            assert words in await add(playground, owner, file, **({} if name is None else {"name": name})), file[0]
        for command in ("edit", "remove", "show"):
            told = await answer_to(playground, owner, f"wildcards {command}", {"name": "../x"})
            assert "“../x” cannot be the name" in told
        playground.faults.fail("GET", "/cdn/attachments", status=404)
        playground.faults.fail("GET", "/cdn/ephemeral-attachments", status=404)
        assert "“animal.txt” could not be fetched" in await add(playground, owner, ANIMALS)
        assert bot.rooms.wildcards.own_names(playground.world.guild("Atelier").id) == []


async def test_what_is_in_a_list_is_shown_harmless(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        owner = playground.person("owner")
        file = ("a.txt", "@everyone **x** \u202egpj".encode() + b"y" * 500)
        message = await answer(playground, await owner.command("wildcards add", {"file": file}))
        assert "@\u200beveryone \\*\\*x\\*\\* gpj" in text_of(message)
        assert len(text_of(message)) < 200
        assert not message["mention_everyone"]


async def test_a_server_has_so_many_lists(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_LISTS", 2)
    monkeypatch.setattr(service, "MOST_BYTES", 1024)
    async with on_stage(playground, tmp_path):
        owner = playground.person("owner")
        await add(playground, owner, ANIMALS, ("b.txt", b"x"))
        assert "A server may have 2 lists." in await add(playground, owner, ("c.txt", b"x"))
        assert "may have 1 KiB in all" in await add(playground, owner, ("b.txt", b"x" * 1024))


# Forms ------------------------------------------------------------------------------------------------------------


async def test_a_list_is_edited_in_a_form(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        mia = manager(playground)
        await add(playground, mia, ANIMALS)
        modal = await form_of(mia, "Animal")
        (label,) = modal["components"]
        assert label["description"] == "__animal__"
        assert shown_in(modal)["value"] == ANIMALS[1].decode()
        assert "`__animal__` · 3 lines · dog" in await submitted(playground, mia, modal, "dog\ncat\nfox 🦊")
        assert await file_of(playground, mia, "wildcards show", name="animal") == (
            "animal.txt",
            "dog\ncat\nfox 🦊".encode(),
        )
        assert "cannot be drawn from" in await submitted(playground, mia, await form_of(mia, "animal"), "__animal__")
        assert "has no entries" in await submitted(playground, mia, await form_of(mia, "animal"), "# nothing")
        assert "3 lines" in await answer_to(playground, mia, "wildcards list")


async def test_a_form_can_be_sent_in_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    mia = manager(playground)
    async with on_stage(playground, tmp_path) as bot:
        modal = await form_of(mia, "animals/cats")
        assert "value" not in shown_in(modal), "a name that is not there begins a new list"
        assert not bot._connection._view_store._modals, "nothing is kept of a form"
    async with on_stage(playground, tmp_path):
        assert "`__animals/cats__` · 1 line · lion" in await submitted(playground, mia, modal, "lion")
        assert "`__animals/cats__`" in await answer_to(playground, mia, "wildcards list")


async def test_a_list_too_long_for_a_form(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        owner = playground.person("owner")
        await add(playground, owner, ("just.txt", b"x" * 4000), ("over.txt", b"x" * 4001))
        await add(playground, owner, ("emoji.txt", "🦊".encode() * 2001))
        assert shown_in(await form_of(owner, "just"))["value"] == "x" * 4000
        for name in ("over", "emoji"):
            told = await answer_to(playground, owner, "wildcards edit", {"name": name})
            assert told.startswith(f"“{name}” is too long for a form. Get it with /wildcards show")


async def test_other_forms_are_none_of_its_business(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        modal = await form_of(owner, "animal")
        modal["custom_id"] = "easel:wildcards:../x"
        strange = await owner.submit(modal, {"text": "cat"})
        assert "1 line" in await submitted(playground, owner, await form_of(owner, "animal"), "cat")
        assert bot.rooms.wildcards.own_names(playground.world.guild("Atelier").id) == ["animal"]
        assert words_of(strange) == ""


# The operator's ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of the operator's."""
    path = tmp_path / "wildcards"
    (path / "animals").mkdir(parents=True)
    (path / "animals" / "cats.txt").write_bytes(b"lion\ntiger\n")
    (path / "colour.txt").write_bytes(b"red\n")
    return path


async def test_the_operators_lists_are_there_for_every_server(
    playground: Playground, tmp_path: Path, folder: Path
) -> None:
    elsewhere: dict[str, Any] = {"wildcards_folder": str(folder), "data_folder": tmp_path / "elsewhere"}
    for changes in ({}, elsewhere):
        async with on_stage(playground, tmp_path, **changes):
            owner = playground.person("owner")
            shown = await answer_to(playground, owner, "wildcards list")
            assert "There are none yet" in shown
            assert "### Lists that come with me\n`__animals/cats__` · 2 lines · lion\n`__colour__` · 1 line" in shown
            assert await file_of(playground, owner, "wildcards show", name="animals/cats") == (
                "animals-cats.txt",
                b"lion\ntiger\n",
            )
            told = await answer_to(playground, owner, "wildcards remove", {"name": "colour"})
            assert told.startswith("“colour” comes with me and cannot be removed here.")
            told = await answer_to(playground, owner, "wildcards show", {"name": "color"})
            assert told == "There is no list named “color” here. Did you mean colour?"
            assert "value" not in shown_in(await form_of(owner, "colour"))
            for command, names in (("show", ["animals/cats"]), ("remove", []), ("edit", []), ("add", [])):
                choices = await owner.autocomplete(f"wildcards {command}", {"name": "cat"}, "name")
                assert [each["value"] for each in choices] == names


async def test_many_lists_are_all_in_a_file(playground: Playground, tmp_path: Path, folder: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        guild = playground.world.guild("Atelier").id
        for part in range(3):
            files = [(f"list{part}{number}.txt", b"x\n" * (number + 1)) for number in range(5)]
            await add(playground, owner, *files)
        shown = await answer_to(playground, owner, "wildcards list")
        assert "`__list14__` · 5 lines" in shown
        assert "list20" not in shown
        assert "and 5 more" in shown
        name, data = await file_of(playground, owner, "wildcards list")
        assert name == "wildcards.txt"
        rows = [row.split("\t") for row in data.decode().splitlines()]
        assert [row[0].strip("_") for row in rows] == [*bot.rooms.wildcards.own_names(guild), "animals/cats", "colour"]
        assert rows[14] == ["__list24__", "5", "x"]
