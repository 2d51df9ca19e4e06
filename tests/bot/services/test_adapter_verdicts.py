"""What admins decide about adapters: what waits to be approved, what is taken away, and who is banned."""

import pytest

from bot.texts import Mistake
from tests.bot.services.adapter_house import (
    ANN,
    ANN_DM,
    ANN_THERE,
    BOB,
    BOB_THERE,
    BOSS,
    BOSS_THERE,
    HERE,
    House,
)


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
