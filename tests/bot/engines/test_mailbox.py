"""Events reach a slow consumer in order, stale progress aside."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.base import EngineEvent, Lost
from bot.engines.mailbox import Mailbox
from bot.errors import EngineDead
from inference.protocol.messages import Cancelled, JobId, LaunchId, Notice, Preview, Progress, Started

LAUNCH = LaunchId("x")


def progress(step: int, job: str = "a", picture: int = 0, preview: bytes | None = None) -> Progress:
    shown = Preview(data=preview, width=8, height=8) if preview else None
    return Progress(launch=LAUNCH, job=JobId(job), picture=picture, step=step, steps=9, preview=shown)


def started(job: str) -> Started:
    return Started(launch=LAUNCH, job=JobId(job))


def cancelled(job: str) -> Cancelled:
    return Cancelled(launch=LAUNCH, job=JobId(job))


async def drain(mailbox: Mailbox) -> list[EngineEvent]:
    mailbox.close()
    return [event async for event in mailbox]


async def test_only_the_newest_progress_of_a_picture_waits() -> None:
    mailbox = Mailbox()
    for event in (
        started("a"),
        progress(1),
        progress(1, picture=1),
        progress(2),
        progress(3),
        cancelled("a"),
    ):
        mailbox.put(event)
    assert await drain(mailbox) == [started("a"), progress(3), progress(1, picture=1), cancelled("a")]


async def test_a_newer_progress_keeps_the_newest_preview() -> None:
    mailbox = Mailbox()
    for event in (progress(1, preview=b"one"), progress(2, preview=b"two"), progress(3)):
        mailbox.put(event)
    assert await drain(mailbox) == [progress(3, preview=b"two")]


async def test_a_consumer_that_keeps_up_sees_every_step() -> None:
    mailbox = Mailbox()
    events = aiter(mailbox)
    for step in range(5):
        mailbox.put(progress(step))
        assert await anext(events) == progress(step)


async def test_memory_is_bounded_by_the_pictures_in_flight() -> None:
    mailbox = Mailbox()
    notice = Notice(launch=LAUNCH, job=JobId("a"), text="going on with fewer")
    for step in range(10_000):
        mailbox.put(progress(step, picture=step % 4, preview=b"jpeg"))
        mailbox.put(notice)
    assert len(mailbox) == 5


async def test_what_waits_is_given_before_the_end_and_its_error() -> None:
    mailbox = Mailbox()
    mailbox.put(started("a"))
    mailbox.close(EngineDead("No more."))
    mailbox.close()
    events = aiter(mailbox)
    assert await anext(events) == started("a")
    with pytest.raises(EngineDead, match="No more"):
        await anext(events)


async def test_a_waiting_consumer_is_woken_by_the_end() -> None:
    mailbox = Mailbox()
    reading = asyncio.create_task(drain_all(mailbox))
    await asyncio.sleep(0)
    mailbox.close()
    assert await reading == []


async def drain_all(mailbox: Mailbox) -> list[EngineEvent]:
    return [event async for event in mailbox]


lives = st.lists(
    st.one_of(
        st.builds(progress, st.integers(0, 99), st.sampled_from("ab"), st.integers(0, 1)),
        st.sampled_from("ab").map(started),
        st.sampled_from("ab").map(cancelled),
        st.just(Lost(launch=LAUNCH, jobs=(), reason="", exit_code=None)),
        st.none(),
    )
)


@given(lives)
def test_nothing_but_progress_is_ever_dropped_or_reordered(life: list[EngineEvent | None]) -> None:
    """None stands for a moment in which the consumer takes one event."""

    async def run() -> list[EngineEvent]:
        mailbox = Mailbox()
        events, taken = aiter(mailbox), []
        for event in life:
            if event is not None:
                mailbox.put(event)
            elif len(mailbox):
                taken.append(await anext(events))
        mailbox.close()
        return taken + [event async for event in events]

    taken = asyncio.run(run())
    put = [event for event in life if event is not None]
    lasting = [event for event in put if not isinstance(event, Progress)]
    assert [event for event in taken if not isinstance(event, Progress)] == lasting
    for job in "ab":
        for picture in (0, 1):
            mine = [e for e in put if isinstance(e, Progress) and (e.job, e.picture) == (job, picture)]
            theirs = [e for e in taken if isinstance(e, Progress) and (e.job, e.picture) == (job, picture)]
            rest = iter(mine)
            assert all(event in rest for event in theirs)
            assert theirs[-1:] == mine[-1:]
