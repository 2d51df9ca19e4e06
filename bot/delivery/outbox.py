"""Results on their way: each goes by the first way that is open, exactly once, or is kept for its member."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import aiohttp
import discord

from bot.delivery.posts import asked_of
from bot.delivery.results import MadeWith, MayGrow, result_of
from bot.delivery.ways import Courier, NoWay, Result, Sent, token_lives
from bot.observer import Observer
from bot.services.checks import DIRECTLY, Checks, Where
from bot.services.requests import Place
from bot.texts import say
from bot.ui import layouts
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash
from storage import Database, StorageError, deliveries, images, jobs
from storage.deliveries import Delivery
from storage.images import Image, ImageId, Verdict
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
#: Tells whether everybody in the channel where a job was asked for may see its result, as rules are now.
MayPost = Callable[[Job, Place | None], bool]
Judged = Mapping[ImageId, Verdict]


class Outbox:
    """Brings results out. What it needs to know is in the database, so that any of it may be done again."""

    def __init__(
        self,
        *,
        courier: Courier,
        database: Database,
        checks: Checks,
        model_name: Callable[[ContentHash | None], str],
        may_grow: MayGrow,
        made_with: MadeWith,
        may_post: MayPost,
        pause_seconds: float,
    ) -> None:
        self._may_grow = may_grow
        self._made_with = made_with
        self._courier = courier
        self._database = database
        self._checks = checks
        self._may_post = may_post
        self._model_name = model_name
        self._pause_seconds = pause_seconds
        self._sending = asyncio.Semaphore(_SENDING)
        self._stopping = asyncio.Event()
        #: Members with results that could not be delivered and of whom they were not told yet.
        self.kept: dict[int, int] = {}
        #: Who counts.
        self.observer = Observer()

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
                # A check may take long, and holds up nobody else's result.
                judged = {} if hopeless else await self._judged(job_id)
                if judged is None:
                    return
                async with self._sending:
                    if hopeless:
                        await self._keep(job_id, "it could not be sent")
                    else:
                        await self._send(job_id, judged, look_first=look_first or tries > 0)
            except PASSING as error:
                tries += 1
                log.warning("job=%s could not be delivered, try %d: %s", job_id, tries, error)
                self.observer.delivery_retried()
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

    async def _judged(self, job_id: JobId) -> Judged | None:
        """Return what the check says of a job's pictures where that is wanted; None: ask again after the next start."""
        job = await jobs.get(self._database, job_id)
        delivery = None if job is None else await deliveries.get(self._database, job_id)
        if job is None or delivery is None:
            return {}
        found = await self._kept(job)
        here = self._checks.where(job.guild_id, delivery.channel_id)
        if all(self._checks.rule_for(job.guild_id, where) == "off" for where in (here, DIRECTLY)):
            return {}
        judged = await self._checks.verdicts(found)
        if len(judged) < len(found) and self._checks.stopping:
            return None
        return judged

    async def _kept(self, job: Job) -> list[Image]:
        return [image for image in await images.of_job(self._database, job.id) if image.deleted_at is None]

    async def _send(self, job_id: JobId, judged: Judged, *, look_first: bool) -> None:
        """Bring a result out by the first way that is open. Raises what may pass."""
        job, delivery = await jobs.get(self._database, job_id), await deliveries.get(self._database, job_id)
        if job is None or delivery is None or delivery.state in ("sent", "kept", "failed") or job.ended_at is None:
            return
        reasons = []
        for way in await self._ways(job, delivery, judged, look_first):
            try:
                sent = await way()
            except NoWay as closed:
                reasons.append(str(closed))
                continue
            async with self._database.transaction() as write:
                await deliveries.advance(write, job_id, "sent", channel_id=sent.channel_id, message_id=sent.message_id)
            log.info("job=%s delivered", job_id)
            self._count("sent", delivery)
            if sent.by_answer:
                await self._remind(job, delivery)
            elif sent.message_id != delivery.message_id:
                await self._discard(job, delivery)
            return
        if await self._is_worth_keeping(job):
            await self._keep(job_id, "; ".join(reasons))
        else:
            await self._give_up(job, delivery, "; ".join(reasons))

    async def _ways(self, job: Job, delivery: Delivery, judged: Judged, look_first: bool) -> Sequence[Way]:
        """Return the ways in the order in which they are tried. None of a private result's is public."""
        here = self._checks.where(job.guild_id, delivery.channel_id)
        # Words alone show nobody a picture.
        open_here = job.private or self._may_post(job, here.place) or not await self._kept(job)

        async def answer() -> Sent:
            return await self._courier.by_answer(delivery, await self._result(job, delivery, judged, here))

        async def channel() -> Sent:
            result = await self._result(job, delivery, judged, here, self._moved(job, delivery))
            return await self._courier.by_channel(job, delivery, result, look_first)

        async def direct() -> Sent:
            note = self._moved(job, delivery) if job.private else say("by_dm", delivery.locale)
            result = await self._result(job, delivery, judged, DIRECTLY, note)
            return await self._courier.by_dm(job, delivery, result, look_first)

        if not open_here:
            return [direct]
        ways: list[Way] = [answer] if token_lives(delivery, self._database.clock()) else []
        if not await self._is_worth_keeping(job):
            # Whoever cancelled it knows.
            return ways
        return [*ways, direct] if job.private else [*ways, channel, direct]

    def _moved(self, job: Job, delivery: Delivery) -> str:
        return say("moved", delivery.locale, mention=f"<@{job.member_id}>")

    async def _result(self, job: Job, delivery: Delivery, judged: Judged, where: Where, note: str = "") -> Result:
        found = await self._checks.shown(await self._kept(job), job.guild_id, where, judged)
        for each in found:
            if each.state in ("withheld", "blocked"):
                self.observer.withheld()
        name = self._model_name(job.recipe.model)
        return result_of(job, delivery, found, name, self._may_grow, self._made_with(job), note)

    async def _is_worth_keeping(self, job: Job) -> bool:
        return job.state != "cancelled" or bool(await images.of_job(self._database, job.id))

    # Where no way is open -------------------------------------------------------------------------------------------

    async def _keep(self, job_id: JobId, why: str) -> None:
        """Give up sending: the pictures stay in the history, and the member is told when they come by."""
        log.warning("job=%s is kept for the history: %s", job_id, why)
        job, delivery = await jobs.get(self._database, job_id), await deliveries.get(self._database, job_id)
        async with self._database.transaction() as write:
            kept = await deliveries.advance(write, job_id, "kept", error=why)
        if kept and delivery is not None:
            self._count("kept", delivery)
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
        self._count("failed", delivery)
        await self._discard(job, delivery)

    def _count(self, state: str, delivery: Delivery) -> None:
        """Tell whoever counts how a delivery ended."""
        self.observer.delivered(state)
        if not token_lives(delivery, self._database.clock()):
            self.observer.token_lapsed()

    async def _discard(self, job: Job, delivery: Delivery) -> None:
        """Take away the message that showed how it went; of a private one there is no way to."""
        if job.private:
            return
        if delivery.message_id is None and token_lives(delivery, self._database.clock()):
            await self._courier.withdraw(delivery)
        else:
            await self._courier.discard(delivery)

    async def _note_attempt(self, job_id: JobId, why: str) -> None:
        async with self._database.transaction() as write:
            await deliveries.note_attempt(write, job_id, why)
