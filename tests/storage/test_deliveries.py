"""Deliveries go forward only, are found after a restart, and do not keep tokens longer than they are worth."""

import pytest

from inference.protocol.messages import JobId
from storage import Database, deliveries
from storage.deliveries import Delivery, DeliveryState, NewDelivery
from tests.storage.samples import CHANNEL, START, StandingClock, add_job, numbered

STATES: tuple[DeliveryState, ...] = ("pending", "progress", "sent", "kept", "failed")
FORWARD = {
    ("pending", "pending"),
    ("pending", "progress"),
    ("pending", "sent"),
    ("pending", "kept"),
    ("pending", "failed"),
    ("progress", "progress"),
    ("progress", "sent"),
    ("progress", "kept"),
    ("progress", "failed"),
    ("kept", "kept"),
    ("kept", "sent"),
}


async def delivery_of(database: Database, job_id: JobId) -> Delivery:
    delivery = await deliveries.get(database, job_id)
    assert delivery is not None
    return delivery


async def test_a_delivery_comes_back_as_it_was_written(database: Database) -> None:
    wanted = NewDelivery(
        channel_id=CHANNEL,
        message_id=2,
        application_id=3,
        token="secret",
        token_expires_at=START + 900,
        locale="de",
        state="progress",
    )
    delivery = await delivery_of(database, await add_job(database, wanted))
    for field in NewDelivery.__struct_fields__:
        assert getattr(delivery, field) == getattr(wanted, field)
    assert (delivery.attempts, delivery.error, delivery.updated_at) == (0, None, START)
    assert len(delivery.nonce) == 24
    assert await deliveries.get(database, numbered(1)) is None


async def test_every_nonce_is_another(database: Database) -> None:
    nonces = {(await delivery_of(database, await add_job(database))).nonce for _ in range(10)}
    assert len(nonces) == 10


async def test_a_token_is_not_shown(database: Database) -> None:
    wanted = NewDelivery(channel_id=1, token="secret")
    delivery = await delivery_of(database, await add_job(database, wanted))
    assert delivery.token == "secret"
    assert "secret" not in f"{wanted} {wanted!r} {delivery} {delivery!r}"


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
async def test_it_goes_forward_only(database: Database, before: DeliveryState, after: DeliveryState) -> None:
    job_id = await add_job(database, NewDelivery(channel_id=CHANNEL, message_id=1, state=before))
    async with database.transaction() as write:
        went = await deliveries.advance(write, job_id, after, message_id=2, error="why")
    delivery = await delivery_of(database, job_id)
    assert went == ((before, after) in FORWARD)
    expected = (after, 2, CHANNEL, "why") if went else (before, 1, CHANNEL, None)
    assert (delivery.state, delivery.message_id, delivery.channel_id, delivery.error) == expected


async def test_a_delivery_can_move_to_another_channel(database: Database) -> None:
    job_id = await add_job(database, NewDelivery(channel_id=CHANNEL, message_id=1))
    async with database.transaction() as write:
        assert await deliveries.advance(write, job_id, "progress", channel_id=7)
        assert not await deliveries.advance(write, numbered(1), "progress")
    delivery = await delivery_of(database, job_id)
    assert (delivery.channel_id, delivery.message_id) == (7, 1)
    assert await deliveries.by_message(database, 1) == delivery
    assert await deliveries.by_message(database, 2) is None


async def test_attempts_are_counted(database: Database) -> None:
    job_id = await add_job(database)
    async with database.transaction() as write:
        assert [await deliveries.note_attempt(write, job_id, error) for error in ("429", "503")] == [1, 2]
        assert await deliveries.note_attempt(write, numbered(1), "gone") == 0
    delivery = await delivery_of(database, job_id)
    assert (delivery.attempts, delivery.error, delivery.state) == (2, "503", "pending")


async def test_what_is_not_delivered_is_found_whatever_the_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_PAGE", 2)
    by_state = {
        state: [await add_job(database, NewDelivery(channel_id=1, state=state)) for _ in range(3)] for state in STATES
    }
    found = [delivery.job_id async for delivery in deliveries.unfinished(database)]
    assert sorted(found) == sorted(by_state["pending"] + by_state["progress"])


async def test_expired_tokens_are_forgotten(database: Database, clock: StandingClock) -> None:
    early = await add_job(database, NewDelivery(channel_id=1, token="a", token_expires_at=START + 10))
    later = await add_job(database, NewDelivery(channel_id=1, token="b", token_expires_at=START + 20))
    clock.now += 15
    async with database.transaction() as write:
        assert await deliveries.forget_tokens(write) == 1
    assert (await delivery_of(database, early)).token is None
    assert (await delivery_of(database, later)).token == "b"


async def test_members_whose_results_are_kept(database: Database) -> None:
    cases: list[tuple[int, DeliveryState]] = [(1, "kept"), (1, "kept"), (2, "kept"), (3, "sent")]
    for member, state in cases:
        job_id = await add_job(database, member_id=member)
        async with database.transaction() as write:
            await deliveries.advance(write, job_id, state)
    assert await deliveries.kept(database) == {1: 2, 2: 1}
