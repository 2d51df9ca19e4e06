"""Adapters that members bring: who sees and uses which where, what there is room for, and what owners change."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from bot.services.adapter_values import checked_name, numbered, triggers_of, usable_name
from bot.texts import Mistake
from storage import content_hash
from storage.guilds import Quota
from tests.bot.services.adapter_house import (
    ANN,
    ANN_DM,
    ANN_THERE,
    BOB,
    BOB_THERE,
    BOSS,
    BOSS_THERE,
    HERE,
    LORA,
    MIB,
    OTHER_ROLE,
    ROLE,
    House,
    model,
    names,
    put,
)

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
