"""Adapters that members bring: who sees and uses which where, what there is room for, and what admins decide."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.services.adapter_dropins import DropIns
from bot.services.adapter_values import AdapterLimits, checked_name, numbered, triggers_of, usable_name
from bot.services.adapters import Adapters, Seen
from bot.services.guilds import Guilds
from bot.services.people import People
from bot.services.requests import Actor
from bot.services.styles import Styles
from bot.texts import Mistake
from inference.protocol.adapters import Report
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, DiskFull, FlatFolder, Unwritable, adapters, content_hash
from storage.guilds import Quota
from tests.bot.queue.scripted import a_house

HERE, THERE, ROLE, OTHER_ROLE = 2, 3, 70, 71
ANN, BOB = Actor(member_id=1, guild_id=HERE), Actor(member_id=5, guild_id=HERE)
BOSS = Actor(member_id=9, guild_id=HERE, manager=True)
ANN_THERE, BOB_THERE = Actor(member_id=1, guild_id=THERE), Actor(member_id=5, guild_id=THERE)
BOSS_THERE = Actor(member_id=10, guild_id=THERE, manager=True)
ANN_DM = Actor(member_id=1, guild_id=None)
LORA = Report(kind="lora", form="LoRA", family="sd1", rank=4, triggers=("zorp",), bytes=7)
MIB = 2**20


def model(name: str = "shapes", family: str = "sd1") -> ModelInfo:
    return ModelInfo(
        hash=ContentHash("b" * 64),
        name=name,
        family=family,
        adapter_family=family,
        prediction_type="epsilon",
        inpainting=False,
        default_width=64,
        default_height=64,
        bytes=1,
    )


async def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return await asyncio.to_thread(lambda: sorted(path.name for path in folder.glob("*")))


async def put(folder: Path, **files: str) -> None:
    """Write files; "__" stands for a point in their names."""

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)

    await asyncio.to_thread(write)


class House:
    """The service, what it is made of, and files that come in."""

    def __init__(self, folder: Path, database: Database, limits: AdapterLimits) -> None:
        self.folder = folder
        self.database = database
        self.files = FlatFolder(folder / "adapters", ".safetensors")
        self.previews = ContentFolder(folder / "previews", ".png")
        self.guilds = Guilds(database=database)
        self.limits = limits
        self.adapters = self.anew()
        self._came = 0

    def anew(self) -> Adapters:
        return Adapters(
            database=self.database,
            files=self.files,
            previews=self.previews,
            guilds=self.guilds,
            limits=self.limits,
        )

    async def restart(self) -> Adapters:
        self.adapters = self.anew()
        await self.adapters.load()
        return self.adapters

    async def allow(self, **limits: Any) -> None:
        self.limits = replace(self.limits, **limits)
        await self.restart()

    async def bring(
        self, actor: Actor, name: str | None, content: str | bytes = b"", size: int | None = None, **more: Any
    ) -> Seen:
        data = content.encode() if isinstance(content, str) else content
        self._came += 1
        data = data or f"file {self._came}".encode()
        report = msgspec.structs.replace(more.pop("report", LORA), bytes=size or len(data))
        async with self.adapters.intake(actor) as intake:
            await asyncio.to_thread(intake.target.write_bytes, data)
            return await self.adapters.add(actor, report, intake.target, name=name, **more)

    async def own(self, name: str, content: bytes = b"the operator's", **more: Any) -> Seen:
        async with self.adapters.staged() as folder:
            await asyncio.to_thread((folder / "x").write_bytes, content)
            return await self.adapters.add_own(
                msgspec.structs.replace(LORA, bytes=len(content)), folder / "x", name=name, **more
            )

    def seen(self, actor: Actor) -> list[str]:
        found = self.adapters.visible(actor)
        assert all(key == one.name.casefold() for key, one in found.items())
        return [one.name for one in found.values()]

    async def on_disk(self) -> list[str]:
        return [name.partition(".")[0] for name in await names(self.files.root) if name.endswith(".safetensors")]

    async def why_not(self, doing: Any) -> str:
        """Return the key of the words in which something is refused; nothing of it is kept, here or on the disk."""
        before = await adapters.all(self.database), dict(self.adapters._rows), await self.on_disk()
        with pytest.raises(Mistake) as caught:
            await doing
        assert (await adapters.all(self.database), dict(self.adapters._rows), await self.on_disk()) == before
        assert await names(self.files.root / "staging") == []
        assert await self.database.fetch_all("SELECT * FROM doomed_files") == []
        return caught.value.key


async def pictures(house: House) -> list[Path]:
    """Return the previews on the disk."""
    return await asyncio.to_thread(lambda: list(house.previews.root.rglob("*.png")))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with await Database.open(tmp_path / "easel.sqlite3") as database:
        opened = House(tmp_path, database, AdapterLimits(public=True))
        await opened.guilds.load()
        await opened.adapters.load()
        yield opened


# Who sees what ------------------------------------------------------------------------------------------------------


async def test_what_is_private_is_its_owners_wherever_they_are(house: House) -> None:
    ink = await house.bring(ANN, "Ink", "ink", weight=0.8, description=" black ")
    assert (ink.state, ink.visibility, ink.weight, ink.description) == ("approved", "private", 0.8, "black")
    assert (ink.triggers, ink.guild_id, ink.hash) == (("zorp",), HERE, content_hash(b"ink"))
    for _ in range(2):
        for actor in (ANN, ANN_THERE, ANN_DM):
            assert house.seen(actor) == ["Ink"]
        assert house.seen(BOB) == house.seen(BOSS) == []
        assert house.adapters.require(ink.hash, ANN_DM) == ink
        with pytest.raises(Mistake) as caught:
            house.adapters.require(ink.hash, BOB)
        assert caught.value.key == "adapters_unseen"
        await house.restart()


async def test_what_is_shared_is_seen_where_it_is_shared_and_nowhere_else(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="server")
    assert [house.seen(actor) for actor in (ANN, BOB, BOB_THERE, ANN_THERE)] == [["Ink"], ["Ink"], [], ["Ink"]]
    assert house.adapters.whose(ink, ANN) == "own"
    assert house.adapters.whose(ink, BOB) == "server"
    assert await house.why_not(house.adapters.share(ANN_THERE, ink.id)) == "adapters_elsewhere"
    assert await house.why_not(house.adapters.share(BOB, ink.id)) == "gone"
    ink = await house.adapters.share(ANN, ink.id, "public")
    assert [house.seen(actor) for actor in (ANN, BOB, BOB_THERE)] == [["Ink"]] * 3
    await house.adapters.withdraw(ANN, ink.id)
    assert [house.seen(actor) for actor in (ANN, BOB, BOB_THERE)] == [["Ink"], [], []]
    await house.adapters.share(ANN_THERE, ink.id)
    assert [house.seen(actor) for actor in (ANN, BOB, BOB_THERE)] == [["Ink"], [], ["Ink"]]
    await house.restart()
    assert [house.seen(actor) for actor in (ANN, BOB, BOB_THERE)] == [["Ink"], [], ["Ink"]]


async def test_the_operator_may_keep_members_from_sharing_with_everybody(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="public")
    await house.own("theirs")
    await house.allow(public=False)
    assert house.seen(BOB) == ["theirs"]
    assert house.seen(ANN) == ["Ink", "theirs"]
    oil = await house.bring(ANN, "Oil")
    assert await house.why_not(house.adapters.share(ANN, oil.id, "public")) == "adapters_public_off"
    assert await house.why_not(house.bring(ANN, "More", visibility="public")) == "adapters_public_off"
    with pytest.raises(Mistake):
        house.adapters.require(ink.hash, BOB)


async def test_names_are_unique_within_what_a_member_sees(house: House) -> None:
    await house.own("ink", b"operator")
    assert await house.why_not(house.bring(ANN, "INK")) == "adapters_taken"
    oil = await house.bring(ANN, "Oil", "ann")
    server = await house.bring(BOB, "oil", "bob", visibility="server")
    public = await house.bring(BOSS_THERE, "OIL", "boss", visibility="public")
    assert house.seen(ANN) == ["Oil", "oil@server", "ink", "OIL@public"]
    assert house.seen(BOB) == ["oil", "ink", "OIL@public"]
    for name, found in (("oil", oil), ("oil@server", server), ("OIL@public", public)):
        assert house.adapters.resolve(name, ANN).hash == found.hash
    assert house.adapters.resolve("oil@server", BOB).hash == server.hash
    assert await house.why_not(house.adapters.share(ANN, oil.id)) == "adapters_taken_there"
    assert await house.why_not(house.adapters.edit(ANN, oil.id, name="ink")) == "adapters_taken"
    renamed = await house.adapters.edit(ANN, oil.id, name="Oils")
    assert house.seen(ANN) == ["Oils", "oil", "ink", "OIL@public"]
    assert (await house.adapters.share(ANN, renamed.id)).name == "Oils"


async def test_names_and_what_they_mean(house: House) -> None:
    await house.bring(ANN, "Watercolour")
    await house.bring(ANN, "Hand", report=msgspec.structs.replace(LORA, kind="embedding", form="embedding"))
    big = await house.bring(ANN, "Watercolours XL", report=msgspec.structs.replace(LORA, family="sdxl"))
    with pytest.raises(Mistake, match="Did you mean Watercolour"):
        house.adapters.resolve("watercolor", ANN, model=model())
    with pytest.raises(Mistake, match="no LoRA or embedding named “x”"):
        house.adapters.resolve("x", BOB)
    with pytest.raises(Mistake, match="named “hand”"):
        house.adapters.resolve("hand", ANN, kind="lora")
    fitting = house.adapters.fitting(ANN, model())
    assert [one.name for one in fitting] == ["Hand", "Watercolour"]
    assert [one.name for one in house.adapters.fitting(ANN, model(), "lora")] == ["Watercolour"]
    assert house.adapters.fitting(ANN, model(family="sdxl")) == [big]
    assert house.adapters.fitting(ANN, model(family="")) == []
    assert [one.name for one in house.adapters.listed(ANN, whose="mine", kind="lora")] == [
        "Watercolour",
        "Watercolours XL",
    ]
    assert house.adapters.listed(ANN, whose="server") == house.adapters.listed(BOB) == []


@pytest.mark.parametrize(
    ("proposals", "name"),
    [
        (("Ink_v2",), "Ink_v2"),
        (("../../etc/passwd",), "etc-passwd"),
        (("<lora:x:1>", "y"), "lora-x-1"),
        (("", "???", "Öl & Tusche"), "Öl-Tusche"),
        (("_",), "adapter"),
        (("x" * 200,), "x" * 64),
    ],
)
def test_a_name_is_made_of_what_there_is(proposals: tuple[str, ...], name: str) -> None:
    assert usable_name(*proposals) == name == checked_name(name)


@pytest.mark.parametrize("name", ["", " ", "a:b", "a>b", "a,b", "a@b", "a/b", "..", "-a", "x" * 65, "a\u200bb"])
def test_a_name_that_no_prompt_could_say_is_refused(name: str) -> None:
    with pytest.raises(Mistake, match="cannot be the name"):
        checked_name(name)


def test_numbers_and_trigger_words() -> None:
    assert checked_name("  a   b ") == "a b"
    assert numbered("Ink", ["ink", "ink-2"]) == "Ink-3"
    assert numbered("x" * 64, ["x" * 64]) == "x" * 62 + "-2"
    assert triggers_of(" a  b, c\nc,, ") == ("a b", "c")
    with pytest.raises(Mistake, match="20 trigger words"):
        triggers_of(",".join(map(str, range(21))))


async def test_without_a_name_there_is_one(house: House) -> None:
    named = msgspec.structs.replace(LORA, suggested_name="zorp lora")
    names = [(await house.bring(ANN, None, report=named)).name for _ in range(2)]
    assert names == ["zorp-lora", "zorp-lora-2"]
    assert (await house.bring(ANN, None, file_name="C_drive/My Ink.v1.pt")).name == "My-Ink.v1"


# Bringing -----------------------------------------------------------------------------------------------------------


async def test_the_same_file_is_kept_once_and_goes_with_the_last_owner(house: House) -> None:
    anns, bobs = await house.bring(ANN, "a", "same"), await house.bring(BOB, "b", "same")
    assert anns.hash == bobs.hash
    assert await house.on_disk() == [anns.hash]
    assert await house.why_not(house.bring(ANN, "c", "same")) == "adapters_owned"
    await house.adapters.remove(ANN, anns.id)
    assert await house.on_disk() == [anns.hash]
    assert house.adapters.require(anns.hash, BOB) == bobs
    await house.adapters.remove(BOB, bobs.id)
    assert await house.on_disk() == []


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"name": "<x>"}, "adapters_name"),
        ({"weight": 3.0}, "adapters_default_weight"),
        ({"weight": float("nan")}, "adapters_default_weight"),
        ({"description": "x" * 1001}, "adapters_description"),
        ({"triggers": ["x" * 101]}, "adapters_triggers"),
        ({"size": 600 * MIB}, "adapters_large"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_left(house: House, more: dict[str, Any], key: str) -> None:
    assert await house.why_not(house.bring(ANN, **({"name": "x"} | more))) == key


async def test_in_direct_messages_there_is_no_server(house: House) -> None:
    assert await house.why_not(house.bring(ANN_DM, "x", visibility="server")) == "adapters_server"
    one = await house.bring(ANN_DM, "x")
    assert (one.guild_id, one.state) == (None, "approved")
    assert await house.why_not(house.adapters.share(ANN_DM, one.id)) == "adapters_server"
    assert await house.why_not(house.adapters.approve(replace(ANN_DM, manager=True), one.id)) == "adapters_server"


async def test_a_full_disk_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise DiskFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(adapters, "add", full)
        with pytest.raises(DiskFull):
            await house.bring(ANN, "x", "x")
    assert await house.on_disk() == []
    assert house.seen(ANN) == []
    assert (await house.bring(ANN, "x", "x")).hash == content_hash(b"x")


async def test_whoever_goes_away_in_the_midst_leaves_all_or_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    add = adapters.add

    async def slowly(*given: Any) -> Any:
        began.set()
        await go_on.wait()
        return await add(*given)

    monkeypatch.setattr(adapters, "add", slowly)
    bringing = asyncio.create_task(house.bring(ANN, "x", "x"))
    await began.wait()
    bringing.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await bringing
    assert house.seen(ANN) == ["x"]
    assert await house.on_disk() == [content_hash(b"x")]
    assert await adapters.all(house.database) == house.adapters.owned(1)


async def test_one_at_a_time(house: House) -> None:
    async with house.adapters.intake(ANN) as intake:
        assert intake.most_bytes == 512 * MIB
        await put(intake.folder, inspected__safetensors="half")
        with pytest.raises(Mistake) as caught:
            await house.bring(ANN, "x")
        assert caught.value.key == "adapters_busy"
        await house.bring(BOB, "x")
    assert await names(house.files.root / "staging") == []
    await house.bring(ANN, "x")


async def test_what_was_half_brought_when_the_bot_died_is_cleared_away(house: House) -> None:
    await put(house.files.root / "staging" / "some", half="half")
    await house.restart()
    assert await names(house.files.root) == []


# Room ---------------------------------------------------------------------------------------------------------------


async def test_the_operators_limits(house: House) -> None:
    await house.allow(member_count=3, member_bytes=10 * MIB, file_bytes=4 * MIB, total_bytes=12 * MIB)
    assert house.adapters.room(ANN).bytes == 4 * MIB
    await house.bring(ANN, "1", size=4 * MIB)
    await house.bring(ANN_THERE, "2", size=4 * MIB)
    assert (house.adapters.room(ANN).count, house.adapters.room(ANN).bytes) == (1, 2 * MIB)
    assert await house.why_not(house.bring(ANN, "3", size=3 * MIB)) == "adapters_large"
    await house.bring(BOB, "1", size=3 * MIB)
    assert house.adapters.room(ANN).bytes == MIB
    await house.bring(ANN, "3", size=MIB)
    assert await house.why_not(house.bring(ANN, "4")) == "adapters_full"
    assert await house.why_not(house.bring(BOB, "4")) == "adapters_full_disk"
    await house.adapters.remove(ANN, house.adapters.resolve("1", ANN).id)
    assert house.adapters.room(BOB).bytes == 4 * MIB
    await house.allow(member_bytes=5 * MIB)
    assert await house.why_not(house.bring(ANN, "4")) == "adapters_full_bytes"


async def test_a_servers_quotas_go_by_role_and_count_what_was_brought_there(house: House) -> None:
    await house.guilds.change(
        HERE,
        adapter_quota=Quota(1, 10 * MIB),
        adapter_quotas={ROLE: Quota(3, 2 * MIB), OTHER_ROLE: Quota(2, 20 * MIB)},
    )
    await house.guilds.load()
    await house.bring(ANN_THERE, "there", size=MIB)
    await house.bring(ANN, "1", size=MIB)
    assert await house.why_not(house.bring(ANN, "2")) == "adapters_full_here"
    with_role = replace(ANN, roles=frozenset({ROLE}))
    assert house.adapters.room(with_role).count == 2
    assert await house.why_not(house.bring(with_role, "2", size=2 * MIB)) == "adapters_large"
    await house.bring(with_role, "2", size=MIB)
    assert await house.why_not(house.bring(with_role, "3")) == "adapters_full_bytes_here"
    both = replace(ANN, roles=frozenset({ROLE, OTHER_ROLE}))
    await house.bring(both, "3", size=5 * MIB)
    there = house.adapters.resolve("there", ANN)
    assert await house.why_not(house.adapters.share(both, there.id)) == "adapters_full_here"


async def test_who_may_bring(house: House) -> None:
    await house.guilds.change(HERE, add_adapters="roles", adapter_roles=(ROLE,))
    assert await house.why_not(house.bring(ANN, "x")) == "adapters_add_roles"
    await house.bring(replace(ANN, roles=frozenset({ROLE})), "x")
    await house.guilds.change(HERE, add_adapters="nobody")
    assert await house.why_not(house.bring(replace(ANN, roles=frozenset({ROLE})), "y")) == "adapters_add_nobody"
    await house.bring(BOSS, "z")
    await house.bring(ANN_THERE, "y")


# Changing -----------------------------------------------------------------------------------------------------------


async def test_owners_change_what_is_theirs(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="server")
    after = await house.adapters.edit(ANN, ink.id, name="Oil", description="x", triggers=("a", "a"), weight=-1)
    assert (after.name, after.description, after.triggers, after.weight) == ("Oil", "x", ("a",), -1.0)
    assert house.seen(BOB) == ["Oil"]
    assert await house.why_not(house.adapters.edit(ANN, ink.id)) == "adapters_nothing"
    assert await house.why_not(house.adapters.edit(ANN, ink.id, name=":")) == "adapters_name"
    assert await house.why_not(house.adapters.edit(BOB, ink.id, name="Mine")) == "gone"
    assert await house.why_not(house.adapters.remove(BOB, ink.id)) == "gone"
    for actor, name, key in ((BOB, "oil", "adapters_not_yours"), (BOB, "oill", "no_adapter"), (ANN, "oill", "near")):
        with pytest.raises(Mistake) as caught:
            house.adapters.editable(actor, name)
        assert key in caught.value.key
    assert house.adapters.editable(ANN, "OIL") == after
    await house.own("theirs")
    with pytest.raises(Mistake, match="comes with me"):
        house.adapters.editable(ANN, "theirs")
    await house.restart()
    assert house.adapters.get(ink.id) == after


async def test_what_is_gone_says_so_and_is_gone_from_the_disk(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="server")
    await house.adapters.set_preview(ink.id, b"png")
    shown = house.adapters.get(ink.id)
    assert shown is not None
    assert await house.adapters.preview(shown) == b"png"
    assert house.adapters.exists(ink.hash)
    await house.adapters.remove(ANN, ink.id)
    assert await house.on_disk() == []
    assert await house.adapters.preview(shown) is None
    for _ in range(2):
        assert not house.adapters.exists(ink.hash)
        for actor, name in ((ANN, "Ink"), (BOB, "Ink"), (BOB_THERE, None), (None, None)):
            assert house.adapters.name_of(ink.hash, actor) == name
        with pytest.raises(Mistake, match="“Ink”, which this was made with, has been removed"):
            house.adapters.require(ink.hash, BOB)
        with pytest.raises(Mistake) as caught:
            house.adapters.require(ink.hash, BOB_THERE)
        assert caught.value.key == "adapters_gone"
        await house.restart()
    await house.bring(ANN, "Again", (f"file {1}"))
    assert house.adapters.name_of(ink.hash, ANN) == "Again"
    assert house.adapters.name_of(ink.hash, BOB) is None


async def test_a_lost_file_is_not_offered_and_bringing_it_again_mends_it(house: House) -> None:
    ink = await house.bring(ANN, "Ink", "ink", visibility="server")
    await asyncio.to_thread(house.files.path(ink.hash).unlink)
    await house.restart()
    assert house.seen(ANN) == house.seen(BOB) == []
    with pytest.raises(Mistake, match="no longer on the disk"):
        house.adapters.resolve("ink", ANN)
    assert [one.name for one in house.adapters.listed(ANN)] == ["Ink"]
    assert await house.bring(ANN, "Other", "ink") == ink
    assert house.seen(BOB) == ["Ink"]


async def test_nobody_learns_of_what_is_not_shared_with_them(house: House) -> None:
    """Whatever is the matter with it, its name is not told."""
    one = await house.bring(ANN, "secret", "secret")
    await house.guilds.change(HERE, approve_adapters=True)
    for step in range(4):
        if step == 1:
            await house.adapters.take_away(BOSS, one.id)
        elif step == 2:
            await house.adapters.ban(BOSS, ANN.member_id)
        elif step == 3:
            await asyncio.to_thread(house.files.path(one.hash).unlink)
            await house.restart()
        for actor in (BOB, BOSS, BOB_THERE):
            assert house.adapters.name_of(one.hash, actor) is None
            with pytest.raises(Mistake) as caught:
                house.adapters.require(one.hash, actor)
            assert caught.value.key == "adapters_unseen"
            assert "secret" not in str(caught.value)


async def test_a_file_that_cannot_be_deleted_now_is_deleted_later(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_: object) -> None:
        raise Unwritable("held by somebody")

    ink = await house.bring(ANN, "Ink")
    with monkeypatch.context() as patched:
        patched.setattr(house.files, "remove", refuse)
        await house.adapters.remove(ANN, ink.id)
    assert "held by somebody" in caplog.text
    assert house.seen(ANN) == []
    assert await house.on_disk() == [ink.hash]
    await house.adapters.sweep()
    assert await house.on_disk() == []


async def test_a_preview_takes_the_place_of_the_one_before(house: House) -> None:
    ink = await house.bring(ANN, "Ink")
    for png in (b"one", b"two", b"two"):
        ink = await house.adapters.set_preview(ink.id, png)
        assert await house.adapters.preview(ink) == png
    assert len(await pictures(house)) == 1
    with pytest.raises(Mistake):
        await house.adapters.set_preview(99, b"x")


# Admins -------------------------------------------------------------------------------------------------------------


async def test_where_admins_must_approve_nothing_is_used_before(house: House) -> None:
    early = await house.bring(ANN, "early", visibility="server")
    await house.guilds.change(HERE, approve_adapters=True)
    late = await house.bring(ANN, "late", visibility="server")
    assert [one.name for one in house.adapters.waiting(HERE)] == ["late"]
    assert house.seen(ANN) == house.seen(BOB) == ["early"]
    assert house.seen(ANN_THERE) == ["early", "late"]
    with pytest.raises(Mistake, match="“late” waits for an admin"):
        house.adapters.resolve("late", ANN)
    assert await house.why_not(house.adapters.approve(BOB, late.id)) == "adapters_manager"
    assert await house.why_not(house.adapters.approve(BOSS_THERE, late.id)) == "gone"
    assert (await house.adapters.approve(BOSS, late.id)).state == "approved"
    await house.restart()
    assert house.seen(BOB) == ["early", "late"]
    assert house.adapters.waiting(HERE) == []
    assert early.state == "approved"


async def test_what_was_not_looked_at_here_is_not_used_here(house: House) -> None:
    await house.guilds.change(HERE, approve_adapters=True)
    mine = await house.bring(ANN_THERE, "mine")
    await house.bring(BOSS_THERE, "everybodys", visibility="public")
    await house.own("operators")
    assert house.seen(ANN) == house.seen(BOB) == ["operators"]
    with pytest.raises(Mistake, match="only what its admins have approved"):
        house.adapters.resolve("mine", ANN)
    shared = await house.adapters.share(ANN, mine.id)
    assert (shared.state, shared.guild_id) == ("pending", HERE)
    await house.adapters.approve(BOSS, mine.id)
    assert house.seen(BOB) == ["mine", "operators"]
    await house.guilds.change(HERE, approve_adapters=False)
    assert house.seen(BOB) == ["mine", "everybodys", "operators"]


async def test_what_waits_for_nobody_any_more_can_be_used(house: House) -> None:
    await house.guilds.change(HERE, approve_adapters=True)
    await house.bring(ANN, "x", visibility="public")
    assert house.seen(ANN) == house.seen(BOB_THERE) == []
    await house.guilds.change(HERE, approve_adapters=False)
    assert house.seen(ANN) == house.seen(BOB_THERE) == ["x"]
    assert house.adapters.waiting(HERE) == []


async def test_what_admins_take_away_stays_away_whoever_brings_it(house: House) -> None:
    ink = await house.bring(ANN, "Ink", "bad", visibility="server")
    own = await house.own("operators")
    assert await house.why_not(house.adapters.take_away(BOB, ink.id)) == "adapters_manager"
    private = await house.bring(ANN_THERE, "private")
    assert await house.why_not(house.adapters.take_away(BOSS, private.id)) == "gone"
    assert (await house.adapters.take_away(BOSS, ink.id)).state == "removed"
    await house.adapters.take_away(BOSS, own.id)
    await house.restart()
    assert house.seen(BOB) == []
    assert house.seen(ANN) == ["private"]
    assert house.seen(ANN_THERE) == ["Ink", "private", "operators"]
    assert [one.name for one in house.adapters.taken_away(HERE)] == ["Ink", "operators"]
    with pytest.raises(Mistake, match="have taken “Ink” away"):
        house.adapters.require(ink.hash, ANN)
    assert await house.why_not(house.bring(BOB, "new name", "bad")) == "adapters_taken_away"
    await house.adapters.remove(ANN, ink.id)
    assert await house.why_not(house.bring(ANN, "Ink", "bad")) == "adapters_taken_away"
    again = await house.bring(ANN_DM, "Ink", "bad")
    assert await house.why_not(house.adapters.share(ANN, again.id)) == "adapters_taken_away"
    assert house.seen(ANN) == ["private"]
    await house.adapters.approve(BOSS, again.id)
    await house.adapters.approve(BOSS, own.id)
    assert sorted(house.seen(ANN)) == ["Ink", "operators", "private"]


async def test_a_banned_member_brings_nothing_and_nothing_of_theirs_is_used(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="server")
    everybodys = await house.bring(ANN, "Oil", visibility="public")
    assert await house.why_not(house.adapters.ban(BOB, 1)) == "adapters_manager"
    assert await house.why_not(house.adapters.ban(BOSS, BOSS.member_id)) == "adapters_ban_self"
    await house.adapters.ban(BOSS, 1)
    assert await house.why_not(house.adapters.ban(BOSS, 1)) == "adapters_banned_already"
    await house.restart()
    assert house.adapters.banned(HERE) == [1]
    assert house.seen(ANN) == house.seen(BOB) == []
    assert house.seen(BOB_THERE) == ["Oil"]
    for actor in (ANN, BOB):
        with pytest.raises(Mistake, match="the owner of “Ink”"):
            house.adapters.require(ink.hash, actor)
    assert await house.why_not(house.bring(ANN, "x")) == "adapters_banned"
    assert await house.why_not(house.adapters.share(ANN, everybodys.id)) == "adapters_banned"
    assert await house.why_not(house.adapters.unban(BOB, 1)) == "adapters_manager"
    await house.adapters.unban(BOSS, 1)
    assert await house.why_not(house.adapters.unban(BOSS, 1)) == "adapters_not_banned"
    assert house.seen(BOB) == ["Ink", "Oil"]


async def test_a_deleted_member_leaves_nothing(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="public")
    await house.adapters.set_preview(ink.id, b"png")
    gone = await house.bring(ANN, "gone")
    await house.adapters.remove(ANN, gone.id)
    assert [name for name, _ in house.adapters.files_of(1)] == [
        f"adapters/{ink.hash}.safetensors",
        f"adapters/{ink.hash}.png",
    ]
    async with house.database.transaction() as write:
        await adapters.forget_member(write, 1)
    await house.adapters.forget(1)
    for _ in range(2):
        assert await house.on_disk() == house.seen(BOB) == []
        assert house.adapters.owned(1) == []
        assert house.adapters.name_of(gone.hash, ANN) is house.adapters.name_of(ink.hash, ANN) is None
        await house.restart()
    assert await pictures(house) == []


async def test_whoever_has_everything_deleted_takes_along_what_they_brought(tmp_path: Path) -> None:
    async with a_house(tmp_path) as queue:
        house = House(tmp_path, queue.database, AdapterLimits())
        await house.adapters.load()
        people = People(
            database=queue.database,
            pictures=queue.pictures,
            inputs=queue.inputs,
            dispatcher=queue.dispatcher,
            styles=Styles(database=queue.database, dispatcher=queue.dispatcher, operators={}),
            adapters=house.adapters,
        )
        ink = await house.bring(ANN, "Ink", "ink", visibility="server")
        async with people.packed(ANN.member_id, MIB) as [archive]:
            found = await asyncio.to_thread(lambda: zipfile.ZipFile(archive).namelist())
        assert found == ["data.json", f"adapters/{ink.hash}.safetensors"]
        await people.forget(ANN.member_id)
        for _ in range(2):
            assert await house.on_disk() == house.seen(BOB) == house.seen(ANN) == []
            await house.restart()


# Drop-ins -----------------------------------------------------------------------------------------------------------


async def looked_at(source: Path, target: Path) -> Report:
    """Stand in for the inspection: what begins with "bad" is refused."""
    content = await asyncio.to_thread(source.read_bytes)
    if content.startswith(b"bad"):
        raise Mistake("adapters_large", size=9, most=1)
    await asyncio.to_thread(target.write_bytes, content)
    return msgspec.structs.replace(LORA, bytes=len(content))


async def test_what_is_dropped_is_taken_in_once_it_is_whole(house: House) -> None:
    folder = house.folder / "incoming"
    drop = DropIns(folder=folder, adapters=house.adapters, inspect=looked_at)
    assert await drop.look() == []
    dropped = {"My Ink__safetensors": "half", "notes__txt": "mine", "__hidden__safetensors": "x"}
    await put(folder, **dropped)
    await asyncio.to_thread((folder / "link.safetensors").symlink_to, folder / "My Ink.safetensors")
    assert await drop.look() == []
    await put(folder, **{"My Ink__safetensors": "half and half"})
    assert await drop.look() == []
    [seen] = await drop.look()
    assert (seen.name, seen.owner_id, seen.visibility) == ("My-Ink", 0, "public")
    assert await asyncio.to_thread(house.files.path(seen.hash).read_bytes) == b"half and half"
    assert house.seen(BOB) == house.seen(ANN_DM) == ["My-Ink"]
    assert await names(folder) == [".hidden.safetensors", "link.safetensors", "notes.txt"]
    assert house.adapters.whose(seen, BOB) == "operator"
    assert await drop.look() == []


async def test_what_is_refused_is_put_aside_with_the_reason(house: House) -> None:
    folder = house.folder / "incoming"
    drop = DropIns(folder=folder, adapters=house.adapters, inspect=looked_at)
    for _ in range(2):
        await put(folder, x__pt="bad", x__json='{"name": "X"}')
        assert await drop.look() == await drop.look() == []
    await put(folder, y__bin="good", y__json='{"weight": "much"}')
    assert await drop.look() == await drop.look() == []
    kept = [f"{name}{ending}" for name in ("x-2.pt", "x.pt", "y.bin") for ending in ("", ".json", ".txt")]
    assert await names(folder / "refused") == kept
    why = [await asyncio.to_thread((folder / "refused" / name).read_text) for name in ("x.pt.txt", "y.bin.txt")]
    assert why[0] == "This file has 9 MiB, and you have room for 1 MiB.\n"
    assert "y.json cannot be read" in why[1]
    assert await names(folder) == ["refused"]
    assert await house.on_disk() == []
    assert house.adapters.owned(0) == []


async def test_notes_and_removals_are_dropped_too(house: House) -> None:
    folder = house.folder / "incoming"
    drop = DropIns(folder=folder, adapters=house.adapters, inspect=looked_at)
    note = '{"name": "Ink", "triggers": ["a"], "weight": 0.5, "description": "d"}'
    await put(folder, x__pt="good", x__json=note)
    assert await drop.look() == []
    [seen] = await drop.look()
    assert (seen.name, seen.triggers, seen.weight, seen.description) == ("Ink", ("a",), 0.5, "d")
    for text in ("nothing", " ink \n"):
        await put(folder, some__remove=text)
        assert await drop.look() == await drop.look() == []
    assert await names(folder) == []
    assert await house.on_disk() == house.seen(BOB) == []
