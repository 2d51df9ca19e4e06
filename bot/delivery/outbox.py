"""Results on their way: each goes by the first way that is open, exactly once, or is kept for its member."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import aiohttp
import discord

from bot.delivery.posts import asked_of
from bot.delivery.results import MadeWith, MayGrow, result_of
from bot.delivery.ways import Courier, NoWay, Result, Sent, token_lives
from bot.texts import say
from bot.ui import layouts
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, StorageError, deliveries, images, jobs
from storage.deliveries import Delivery
from storage.jobs import Job

log = logging.getLogger("easel.delivery")

#: What passes by itself: Discord's own trouble, the network's, and the disk's.
PASSING = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError, StorageError)
#: Results that are sent at a time.
_SENDING = 8
#: Tries of one result while Discord or the network fails, and the longest pause between two: about an hour in all.
MOST_TRIES = 60
_LONGEST_PAUSE_SECONDS = 60.0

Way = Callable[[], Awaitable[Sent]]


class Outbox:
    """Brings results out. What it needs to know is in the database, so that any of it may be done again."""

    def __init__(
        self,
        *,
        courier: Courier,
        database: Database,
        pictures: ContentFolder,
        model_name: Callable[[ContentHash | None], str],
        may_grow: MayGrow,
        made_with: MadeWith,
        pause_seconds: float,
    ) -> None:
        self._may_grow = may_grow
        self._made_with = made_with
        self._courier = courier
        self._database = database
        self._pictures = pictures
        self._model_name = model_name
        self._pause_seconds = pause_seconds
        self._sending = asyncio.Semaphore(_SENDING)
        self._stopping = asyncio.Event()
        #: Members with results that could not be delivered and of whom they were not told yet.
        self.kept: dict[int, int] = {}

    async def start(self) -> None:
        """Read for whom something is kept. Raises StorageError."""
        self.kept = await deliveries.kept(self._database)

    def stop(self) -> None:
        """Begin no other try from now on; what is not sent is sent after the next start."""
        self._stopping.set()

    async def deliver(self, job_id: JobId, *, look_first: bool) -> None:
        """Send a result, again and again while what is in the way may pass; then it is kept.

        `look_first` where it may have been sent already, by a try whose outcome nobody knows.
        """
        tries, hopeless = 0, False
        while not self._stopping.is_set():
            try:
                async with self._sending:
                    if hopeless:
                        await self._keep(job_id, "it could not be sent")
                    else:
                        await self._send(job_id, look_first=look_first or tries > 0)
            except PASSING as error:
                tries += 1
                log.warning("job=%s could not be delivered, try %d: %s", job_id, tries, error)
                with suppress(StorageError):
                    await self._note_attempt(job_id, str(error))
            except Exception:
                log.exception("job=%s cannot be delivered", job_id)
                if hopeless:
                    return
                hopeless = True
                continue
            else:
                return
            hopeless = hopeless or tries >= MOST_TRIES
            await self._pause(tries)

    async def _pause(self, tries: int) -> None:
        seconds = min(_LONGEST_PAUSE_SECONDS, self._pause_seconds * 2 ** min(tries - 1, 10))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _send(self, job_id: JobId, *, look_first: bool) -> None:
        """Bring a result out by the first way that is open. Raises what may pass."""
        job, delivery = await jobs.get(self._database, job_id), await deliveries.get(self._database, job_id)
        if job is None or delivery is None or delivery.state in ("sent", "kept", "failed") or job.ended_at is None:
            return
        reasons = []
        for way in await self._ways(job, delivery, look_first):
            try:
                sent = await way()
            except NoWay as closed:
                reasons.append(str(closed))
                continue
            async with self._database.transaction() as write:
                await deliveries.advance(write, job_id, "sent", channel_id=sent.channel_id, message_id=sent.message_id)
            log.info("job=%s delivered", job_id)
            if sent.by_answer:
                await self._remind(job, delivery)
            elif sent.message_id != delivery.message_id:
                await self._discard(job, delivery)
            return
        if await self._is_worth_keeping(job):
            await self._keep(job_id, "; ".join(reasons))
        else:
            await self._give_up(job, delivery, "; ".join(reasons))

    async def _ways(self, job: Job, delivery: Delivery, look_first: bool) -> Sequence[Way]:
        """Return the ways in the order in which they are tried. None of a private result's is public."""

        async def answer() -> Sent:
            return await self._courier.by_answer(delivery, await self._result(job, delivery))

        async def channel() -> Sent:
            result = await self._result(job, delivery, self._moved(job, delivery))
            return await self._courier.by_channel(job, delivery, result, look_first)

        async def direct() -> Sent:
            note = self._moved(job, delivery) if job.private else say("by_dm", delivery.locale)
            return await self._courier.by_dm(job, delivery, await self._result(job, delivery, note), look_first)

        ways: list[Way] = [answer] if token_lives(delivery, self._database.clock()) else []
        if not await self._is_worth_keeping(job):
            # Whoever cancelled it knows.
            return ways
        return [*ways, direct] if job.private else [*ways, channel, direct]

    def _moved(self, job: Job, delivery: Delivery) -> str:
        return say("moved", delivery.locale, mention=f"<@{job.member_id}>")

    async def _result(self, job: Job, delivery: Delivery, note: str = "") -> Result:
        name = self._model_name(job.recipe.model)
        made_with = self._made_with(job)
        return await result_of(job, delivery, self._database, self._pictures, name, self._may_grow, made_with, note)

    async def _is_worth_keeping(self, job: Job) -> bool:
        return job.state != "cancelled" or bool(await images.of_job(self._database, job.id))

    # Where no way is open -------------------------------------------------------------------------------------------

    async def _keep(self, job_id: JobId, why: str) -> None:
        """Give up sending: the pictures stay in the history, and the member is told when they come by."""
        log.warning("job=%s is kept for the history: %s", job_id, why)
        job, delivery = await jobs.get(self._database, job_id), await deliveries.get(self._database, job_id)
        async with self._database.transaction() as write:
            kept = await deliveries.advance(write, job_id, "kept", error=why)
        if kept and job is not None and delivery is not None and not await self._says_kept(job, delivery):
            self.kept[job.member_id] = self.kept.get(job.member_id, 0) + 1
            await self._discard(job, delivery)

    async def _says_kept(self, job: Job, delivery: Delivery) -> bool:
        """Say so in the answer, if that takes words where it took no pictures, and return whether it did."""
        if token_lives(delivery, self._database.clock()):
            words = say("kept", delivery.locale, count=1)
            with suppress(NoWay, *PASSING):
                await self._courier.show(delivery, layouts.ended(asked_of(job, delivery), words, "again"), ())
                return True
        return False

    async def _remind(self, job: Job, delivery: Delivery) -> None:
        """Tell the member, after a result that reached them, of those that did not."""
        count = self.kept.pop(job.member_id, 0)
        if not count:
            return
        try:
            await self._courier.whisper(delivery, layouts.note(say("kept", delivery.locale, count=count)))
        except (NoWay, *PASSING) as error:
            log.info("member=%d could not be told of %d results: %s", job.member_id, count, error)
            self.kept[job.member_id] = self.kept.get(job.member_id, 0) + count

    async def _give_up(self, job: Job, delivery: Delivery, why: str) -> None:
        async with self._database.transaction() as write:
            await deliveries.advance(write, job.id, "failed", error=why)
        await self._discard(job, delivery)

    async def _discard(self, job: Job, delivery: Delivery) -> None:
        """Take away the message that showed how it went; of a private one there is no way to."""
        if not job.private:
            await self._courier.discard(delivery)

    async def _note_attempt(self, job_id: JobId, why: str) -> None:
        async with self._database.transaction() as write:
            await deliveries.note_attempt(write, job_id, why)
