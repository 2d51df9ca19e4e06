"""The one way in: a job that is written down whole, or a refusal in words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.errors import EngineDead, LimitReached, UserError
from bot.queue.limits import Limits
from bot.services.admission import Admission
from bot.services.audit import Audit
from bot.services.blocks import Blocks
from bot.services.budgets import Budgets
from bot.services.checks import Checks
from bot.services.drafts import Draft
from bot.services.gatekeeping import Gatekeeper
from bot.services.generation import Generation
from bot.services.guilds import Guilds
from bot.services.orders import Orders
from bot.services.originals import Originals
from bot.services.people import People
from bot.services.requests import Actor, Target, Unheard
from bot.services.shares import Shares
from bot.services.styles import Styles
from bot.services.wildcards import WildcardLists
from bot.services.wishes import Wish
from inference.protocol.messages import JobId
from inference.protocol.recipe import painted, sources
from storage import DiskFull, StorageError, Transaction, deliveries, jobs
from storage.deliveries import NewDelivery
from storage.jobs import NewJob
from tests.bot.engines.engines import eventually
from tests.bot.queue.scripted import House, a_house, new_job
from tests.no_adapters import NoShelf

ANN, BOB = Actor(member_id=1, guild_id=2), Actor(member_id=5, guild_id=2)
MODERATOR = Actor(member_id=6, guild_id=2, moderator=True)


def target(private: bool = False) -> Target:
    return Target(channel_id=3, application_id=4, token="secret", token_expires_at=9e9, private=private)


def wish(prompt: str = "a red circle", count: int = 1, **said: Any) -> Wish:
    return Wish(draft=Draft(prompt=prompt, **said), size=None, count=count, style=None)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def generation(house: House, tmp_path: Path) -> Generation:
    styles = Styles(database=house.database, dispatcher=house.dispatcher, operators={})
    people = People(
        database=house.database,
        pictures=house.pictures,
        inputs=house.inputs,
        dispatcher=house.dispatcher,
        styles=styles,
    )
    guilds, budgets = Guilds(database=house.database), Budgets(database=house.database)
    gatekeeper = Gatekeeper(
        guilds=guilds,
        blocks=Blocks(database=house.database),
        budgets=budgets,
        audit=Audit(database=house.database),
        shares=Shares(),
        dispatcher=house.dispatcher,
        live_place=lambda guild, channel: None,
    )
    checks = Checks(database=house.database, pictures=house.pictures, dispatcher=house.dispatcher, guilds=guilds)
    orders = Orders(
        people=people,
        styles=styles,
        wildcards=WildcardLists(database=house.database, folder=tmp_path / "wildcards"),
        guilds=guilds,
        gatekeeper=gatekeeper,
        dispatcher=house.dispatcher,
        adapters=NoShelf(),
        most_pictures=4,
    )
    originals = Originals(
        database=house.database,
        pictures=house.pictures,
        inputs=house.inputs,
        dispatcher=house.dispatcher,
        guilds=guilds,
    )
    admission = Admission(
        database=house.database,
        inputs=house.inputs,
        dispatcher=house.dispatcher,
        gatekeeper=gatekeeper,
        checks=checks,
        budgets=budgets,
        adapters=NoShelf(),
        limits=Limits(member_waiting=4, guild_waiting=6),
        most_pictures=4,
        warn=lambda job, words, locale: None,
    )
    return Generation(
        database=house.database,
        dispatcher=house.dispatcher,
        guilds=guilds,
        orders=orders,
        originals=originals,
        admission=admission,
        remark=lambda job, hints, locale: None,
    )


def hold(house: House) -> None:
    """Let the engine take nothing, so that what comes waits."""
    house.dispatcher.trouble = None
    house.dispatcher.board.stopping = True


async def rows(house: House) -> int:
    return len(await house.database.fetch_all("SELECT id FROM jobs"))


async def test_a_wish_is_written_down_whole_and_goes_to_the_engine(house: House, generation: Generation) -> None:
    job = await generation.submit(wish(count=2, seed=40), ANN, target(private=True))
    delivery = await deliveries.get(house.database, job.id)
    assert delivery is not None
    assert (delivery.state, delivery.token, delivery.channel_id) == ("pending", "secret", 3)
    written = await jobs.get(house.database, job.id)
    assert written is not None
    assert (written.private, written.count, painted(written.recipe).seed) == (True, 2, 40)
    assert written.unit_seconds > 0
    await eventually(lambda: len(house.engine.submitted) == 2)
    assert [painted(command.recipe).seed for command in house.engine.submitted] == [40, 41]


@pytest.mark.parametrize("count", [5, 8])
async def test_too_many_pictures_of_one_request(house: House, generation: Generation, count: int) -> None:
    with pytest.raises(LimitReached):
        await generation.submit(wish(count=count), ANN, target())
    assert await rows(house) == 0


async def test_a_members_limit_holds_however_many_requests_come_at_once(house: House, generation: Generation) -> None:
    hold(house)
    outcomes = await asyncio.gather(
        *(generation.submit(wish(), ANN, target()) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 6
    assert await rows(house) == house.dispatcher.waiting == 4


async def test_a_servers_limit_does_not_concern_direct_messages(house: House, generation: Generation) -> None:
    hold(house)
    await generation.submit(wish(count=4), ANN, target())
    await generation.submit(wish(count=2), BOB, target())
    with pytest.raises(LimitReached, match="server"):
        await generation.submit(wish(), BOB, target())
    await generation.submit(wish(), Actor(member_id=5, guild_id=None), target())


async def test_an_engine_that_is_given_up_is_told_at_once(house: House, generation: Generation) -> None:
    house.dispatcher.trouble = "The engine has stopped."
    with pytest.raises(EngineDead, match="stopped"):
        await generation.submit(wish(), ANN, target())
    assert await rows(house) == 0


async def test_what_cannot_be_written_does_not_wait(
    house: House, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*arguments: object) -> None:
        raise DiskFull("full")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "add_all", failing)
        with pytest.raises(StorageError):
            await generation.submit(wish(), ANN, target())
    assert (house.dispatcher.waiting, house.dispatcher.running) == (0, 0)
    await generation.submit(wish(), ANN, target())
    assert await rows(house) == 1


async def test_a_request_is_on_disk_when_it_is_acknowledged_and_in_the_queue_after(
    house: House, generation: Generation
) -> None:
    seen = []

    async def acknowledge() -> None:
        (row,) = await house.database.fetch_all("SELECT state FROM jobs")
        seen.append((row["state"], house.dispatcher.jobs()))

    job = await generation.submit(wish(), ANN, target(), acknowledge)
    assert seen == [("waiting", [])]
    await eventually(lambda: len(house.engine.submitted) == 1)
    assert job.id in {known.id for known in house.dispatcher.jobs()}


async def test_a_request_that_was_acknowledged_too_late_is_dropped(house: House, generation: Generation) -> None:
    async def too_late() -> None:
        raise Unheard

    with pytest.raises(Unheard):
        await generation.submit(wish(), ANN, target(), too_late)
    (row,) = await house.database.fetch_all("SELECT id, state FROM jobs")
    delivery = await deliveries.get(house.database, JobId(row["id"]))
    assert delivery is not None
    assert (row["state"], delivery.state) == ("cancelled", "failed")
    assert house.dispatcher.jobs() == []
    for _ in range(4):
        await generation.submit(wish(), ANN, target())


async def test_what_comes_at_once_is_written_together(
    house: House, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    add_all = jobs.add_all

    async def counting(write: Transaction, requests: Sequence[tuple[NewJob, NewDelivery]]) -> None:
        sizes.append(len(requests))
        await add_all(write, requests)

    monkeypatch.setattr(jobs, "add_all", counting)
    actors = [Actor(member_id=number, guild_id=None) for number in range(30)]
    await asyncio.gather(*(generation.submit(wish(), actor, target()) for actor in actors))
    assert sum(sizes) == 30
    assert len(sizes) <= 3
    assert await rows(house) == 30


# Again --------------------------------------------------------------------------------------------------------------


async def test_again_is_the_same_but_for_the_seed(generation: Generation) -> None:
    first = await generation.submit(wish("a cat", count=2, seed=1), ANN, target())
    second = await generation.again(first.id, BOB, target())
    assert second.id != first.id
    assert (painted(second.recipe).prompt, second.count, second.member_id) == ("a cat", 2, BOB.member_id)
    assert painted(second.recipe).seed != painted(first.recipe).seed


async def test_what_is_private_is_gone_for_others(generation: Generation) -> None:
    first = await generation.submit(wish(), ANN, target(private=True))
    with pytest.raises(UserError):
        await generation.again(first.id, BOB, target())
    await generation.again(first.id, ANN, target())


async def test_again_of_what_is_gone(house: House, generation: Generation) -> None:
    first = await generation.submit(wish(), ANN, target())
    with pytest.raises(UserError):
        await generation.again(JobId("f" * 32), ANN, target())
    house.dispatcher.models = ()
    with pytest.raises(UserError, match="model"):
        await generation.again(first.id, ANN, target())


async def test_again_without_the_picture_it_was_made_from(house: House, generation: Generation) -> None:
    first = await generation.submit(wish(image=b"a picture", strength=0.5), ANN, target())
    [name] = sources(first.recipe)
    assert await house.inputs.read(name) == b"a picture"
    second = await generation.again(first.id, ANN, target())
    assert sources(second.recipe) == sources(first.recipe)
    await house.inputs.remove([name])
    with pytest.raises(UserError, match="Send it again"):
        await generation.again(first.id, ANN, target())


# Cancel -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "may"), [(ANN, True), (MODERATOR, True), (BOB, False)])
async def test_who_may_cancel(house: House, generation: Generation, who: Actor, may: bool) -> None:
    job = await generation.submit(wish(count=2), ANN, target())
    if may:
        assert await generation.cancel(job.id, who) == 2
        assert await generation.cancel(job.id, who) == 0
    else:
        with pytest.raises(UserError):
            await generation.cancel(job.id, who)
        assert house.heard.ends == []


async def test_a_moderator_of_another_server_may_not_cancel(generation: Generation) -> None:
    job = await generation.submit(wish(), ANN, target())
    with pytest.raises(UserError):
        await generation.cancel(job.id, Actor(member_id=6, guild_id=99, moderator=True))
    with pytest.raises(UserError):
        await generation.cancel(new_job().id, ANN)
