"""/admin audit: who changed what, page by page and as a file."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.services import audit as service
from bot.services.audit import FIELDS, Area, Audit, as_csv, as_json, changes
from bot.ui.audit_pages import NAMES, line
from playground import Playground
from playground.people import Person
from storage import Database, audit
from storage.audit import Entry
from storage.guilds import Limits, ModelRule, Quota, Settings
from tests.bot.stage import answer, answer_to, is_private, labels_of, on_stage, painted, text_of, walk, words_of
from tests.cogs.company import elsewhere, manager

DAY = 86_400.0


async def shown(playground: Playground, person: Person, **options: Any) -> list[str]:
    """Return the entries of a page, each without its time."""
    words = await answer_to(playground, person, "admin audit show", options)
    return [text.partition("> ")[2] for text in words.splitlines() if text.startswith("<t:")]


def file_of(playground: Playground, message: dict[str, Any]) -> bytes:
    file = next(part["file"] for part in walk(message["components"]) if part["type"] == 13)
    return playground.world.cdn.content(int(file["attachment_id"]))


# What is written ----------------------------------------------------------------------------------------------------


def test_every_setting_has_an_area() -> None:
    assert set(FIELDS) == set(Settings.__struct_fields__) - {"limits"}
    assert set(FIELDS.values()) <= set(get_args(Area))
    assert set(Settings.__struct_fields__) - {"limits"} <= NAMES


def test_a_change_is_one_row_a_field() -> None:
    before = Settings(
        limits=Limits(steps=50, waiting=3),
        channels=(1, 2**60),
        models={"a": ModelRule(), "b": ModelRule()},
        adapter_quota=Quota(1, 10),
        negative_prompt="x",
    )
    after = Settings(
        limits=Limits(steps=30, count=4, waiting=3),
        waiting=9,
        channels=(2**60, 3),
        models={"a": ModelRule(allowed=False), "c": ModelRule(roles=(2**60,))},
        adapter_quota=Quota(1, 20),
        threads=False,
        role_weights={2**60: 2.0},
    )
    assert dict(changes(before, after)) == {
        "limits.steps": {"before": 50, "after": 30},
        "limits.count": {"before": None, "after": 4},
        "limits.waiting": {"before": None, "after": 9},
        "channels.channels": {"added": ["3"], "removed": ["1"]},
        "channels.threads": {"before": True, "after": False},
        "models.models": {
            "before": {"a": {}, "b": {}},
            "after": {"a": {"allowed": False}, "c": {"roles": [str(2**60)]}},
        },
        "roles.role_weights": {"before": {}, "after": {str(2**60): 2.0}},
        "roles.adapter_quota": {"before": {"bytes": 10}, "after": {"bytes": 20}},
        "content.negative_prompt": {"before": "x", "after": ""},
    }
    assert changes(before, before) == []


async def test_every_change_is_noted_with_who_and_what(playground: Playground, tmp_path: Path) -> None:
    owner, boss, ann = playground.person("owner"), manager(playground), playground.person("ann")
    elsewhere(playground, owner)
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier")
        await bot.rooms.guilds.change(guild.id, by=boss.id, limits=Limits(steps=30), channels=(1, 2))
        await answer_to(playground, owner, "admin content block", {"words": "naked, *x*"})
        await answer_to(playground, owner, "admin content negative", {"text": "secret"})
        await answer_to(playground, boss, "admin members block", {"member": "ann", "reason": "cats"})
        await answer_to(playground, owner, "admin members allow", {"member": "ann"})
        await answer_to(playground, owner, "admin content block", {"words": "there"}, channel="lounge")
        await bot.rooms.guilds.close(guild.id, "for a while")
        await bot.rooms.guilds.open(guild.id)
    async with on_stage(playground, tmp_path):
        entries = await shown(playground, owner)
        assert [entry for entry in entries if "models" not in entry and "a model" not in entry] == [
            "the operator, or somebody who is not known any more: opened me in this server again",
            "the operator, or somebody who is not known any more: closed me in this server: for a while",
            f"<@{owner.id}>: allowed <@{ann.id}> again",
            f"<@{boss.id}>: blocked <@{ann.id}>: cats",
            f"<@{owner.id}>: negative prompt changed",
            f"<@{owner.id}>: blocked words: added naked, \\*x\\*",
            f"<@{boss.id}>: channels where I answer: added <#1>, <#2>",
            f"<@{boss.id}>: steps: none → 30",
        ]
        assert len(await shown(playground, owner, member="ann")) == 2
        assert len(await shown(playground, owner, area="limits")) == 1
        assert await shown(playground, owner, member="boss", area="channels") == [
            f"<@{boss.id}>: channels where I answer: added <#1>, <#2>"
        ]
        assert await shown(playground, owner, member="ann", area="roles") == []
        owner.user.locale = "de"
        assert f"<@{boss.id}>: hat <@{ann.id}> gesperrt: cats" in await shown(playground, owner)


async def test_deletions_and_adapters_are_noted(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        await painted(playground, ann, count=2)
        question = await answer(playground, await owner.command("admin members delete", {"member": "ann"}))
        pressed = await owner.press(question, "Delete them all")
        await playground.until(lambda: "Deleted of" in words_of(pressed))
        await answer_to(playground, owner, "adapters ban", {"member": "ann"})
        await answer_to(playground, owner, "adapters unban", {"member": "ann"})
        assert await shown(playground, owner, area="LoRAs and embeddings") == [
            f"<@{owner.id}>: let <@{ann.id}> bring LoRAs and embeddings again",
            f"<@{owner.id}>: let <@{ann.id}> bring no LoRAs and embeddings",
        ]
        assert await shown(playground, owner, area="members") == [f"<@{owner.id}>: deleted 2 pictures of <@{ann.id}>"]


async def test_a_quota_is_told_in_words(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        for quota in (Quota(10, 500 * 1024 * 1024), Quota(20, 500 * 1024 * 1024)):
            await bot.rooms.guilds.change(guild, by=owner.id, adapter_quota=quota)
        assert await shown(playground, owner, area="roles") == [
            f"<@{owner.id}>: LoRAs and embeddings of a member: 10 → 20",
            f"<@{owner.id}>: LoRAs and embeddings of a member: none → 10 · 500 MiB",
        ]


# Pages --------------------------------------------------------------------------------------------------------------


async def test_pages_are_turned_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    owner, boss = playground.person("owner"), manager(playground)
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        for steps in range(1, 25):
            by = owner.id if steps % 8 else boss.id
            await bot.rooms.guilds.change(guild, by=by, limits=Limits(steps=steps))
        asked = await owner.command("admin audit show", {"area": "limits"})
        message = await answer(playground, asked)
        assert labels_of(message) == ["Older"]
    async with on_stage(playground, tmp_path):
        await owner.press(message, "Older")
        await playground.until(lambda: "13 → 14" in words_of(asked))
        assert text_of(asked.messages[-1]).splitlines()[:2] == ["## Who changed what", "-# About: limits"]
        await owner.press(asked.messages[-1], "Older")
        await playground.until(lambda: "none → 1" in words_of(asked))
        assert labels_of(asked.messages[-1]) == ["Newest"]
        await owner.press(asked.messages[-1], "Newest")
        await playground.until(lambda: "23 → 24" in words_of(asked))
        assert len(await shown(playground, owner, member="boss", area="limits")) == 3


async def test_a_page_stays_within_what_a_message_holds(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        for number in range(12):
            words = tuple(f"{number} {each} " + "*x_" * 30 for each in range(8))
            await bot.rooms.guilds.change(guild, by=owner.id, blocked_words=words)
        for locale in ("de", "en-US"):
            owner.user.locale = locale
            message = await answer(playground, await owner.command("admin audit show"))
            assert len(text_of(message)) <= 4000
            assert is_private(message)


# Files --------------------------------------------------------------------------------------------------------------


async def test_all_of_it_is_handed_out(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        await bot.rooms.guilds.change(guild, by=owner.id, limits=Limits(steps=1))
        await answer_to(playground, owner, "admin members block", {"member": "ann", "reason": "=1+1"})
        table = file_of(playground, await answer(playground, await owner.command("admin audit export")))
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
        rows = [row for row in rows if not row["action"].startswith("models.")]
        assert [row["action"] for row in rows] == ["limits.steps", "members.block"]
        assert (rows[0]["member"], rows[0]["before"], rows[0]["after"]) == (str(owner.id), "", "1")
        asked = await owner.command("admin audit export", {"as": "JSON", "area": "members"})
        listed = json.loads(file_of(playground, await answer(playground, asked)))
        assert [entry["detail"] for entry in listed] == [{"member": str(ann.id), "reason": "=1+1"}]
        words = await answer_to(playground, owner, "admin audit export", {"area": "what is kept"})
        assert words == "There is nothing to hand out."


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    detail = {"member": 1, "before": text, "after": [text], "reason": text}
    entry = Entry(id=1, guild_id=2, member_id=3, action=text, detail=detail, at=0.0)
    (row,) = csv.DictReader(io.StringIO(as_csv([entry]).decode("utf-8-sig"), newline=""))
    assert row["before"] == f"'{text}"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row.values())


def test_json_keeps_large_ids() -> None:
    entry = Entry(id=1, guild_id=2, member_id=2**62 + 1, action="members.block", detail={"member": 2**62 + 1}, at=0.0)
    (found,) = json.loads(as_json([entry]))
    assert (found["member"], found["detail"]["member"]) == (str(2**62 + 1), str(2**62 + 1))


def test_what_another_version_wrote_is_shown_as_it_is() -> None:
    for action, detail in (
        ("future.thing", {"x": 1}),
        ("members.block", {}),
        ("limits.steps", {}),
        ("content.slow", {}),
    ):
        entry = Entry(id=1, guild_id=2, member_id=0, action=action, detail=detail, at=0.0)
        assert line(entry, "de")


# For how long -------------------------------------------------------------------------------------------------------


async def test_housekeeping_deletes_what_is_old(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path, audit_days=10) as bot:
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, by=owner.id, limits=Limits(steps=1))
        assert len(await shown(playground, owner, area="limits")) == 1
    playground.clock.advance(11 * DAY)
    async with on_stage(playground, tmp_path, audit_days=0):
        assert len(await shown(playground, owner, area="limits")) == 1, "0 keeps it"
    async with on_stage(playground, tmp_path, audit_days=10) as bot:
        guild = playground.world.guild("Atelier").id
        async with asyncio.timeout(60):
            while await audit.page(bot.rooms.database, guild, area="limits"):  # noqa: ASYNC110 - it answers nobody
                await asyncio.sleep(0.01)
        assert await shown(playground, owner, area="limits") == []


async def test_a_slow_pattern_is_noted_once_an_hour(tmp_path: Path) -> None:
    now = 1_000_000.0
    async with await Database.open(tmp_path / "easel.sqlite3", clock=lambda: now) as database:
        kept = Audit(database=database)

        async def count() -> int:
            return len(await audit.page(database, 1, area="content"))

        await kept.note_slow(1, ("a", "b"))
        await kept.note_slow(1, ("a",))
        assert await count() == 2
        now += service._SLOW_SECONDS
        await kept.note_slow(1, ("a",))
        assert await count() == 3
