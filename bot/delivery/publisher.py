"""From events to messages: shows how each request goes, and brings its result to whoever asked, exactly once."""

import asyncio
import logging
import time
from collections.abc import Coroutine

import discord

from bot.delivery.outbox import PASSING, MayPost, Outbox
from bot.delivery.posts import Post, place_of, view_of
from bot.delivery.results import MadeWith, MayGrow
from bot.delivery.ways import Courier, NoWay, Sent, token_lives
from bot.observer import Observer
from bot.queue.dispatcher import Dispatcher
from bot.services.checks import Checks
from bot.ui.layouts import note
from inference.protocol.messages import JobId
from storage import Database, deliveries, jobs
from storage.deliveries import Delivery
from storage.jobs import NewJob

log = logging.getLogger("easel.delivery")

#: Between two edits of one message: Discord takes five in five seconds, and the result wants one of them.
EDIT_SECONDS = 1.5
#: Between two looks at the place of a request that waits.
_WAITING_SECONDS = 10.0
_TICK_SECONDS = 0.1
#: Edits that are begun in a tick: Discord takes 50 requests in a second from one bot.
_EDITS_A_TICK = 3
#: Requests whose place is looked at in a tick: that takes time in proportion to the members who wait.
_LOOKS_A_TICK = 10


class Publisher:
    """Listens to the dispatcher. One message a request; its result goes by the first way that is open."""

    def __init__(
        self,
        *,
        client: discord.Client,
        database: Database,
        checks: Checks,
        dispatcher: Dispatcher,
        may_grow: MayGrow,
        made_with: MadeWith = lambda job: (),
        may_post: MayPost = lambda job, place: True,
        edit_seconds: float = EDIT_SECONDS,
        pause_seconds: float = 1.0,
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._checks = checks
        self._courier = Courier(client)
        self._edit_seconds = edit_seconds
        self._posts: dict[JobId, Post] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self._outbox = Outbox(
            courier=self._courier,
            database=database,
            checks=checks,
            model_name=dispatcher.model_name,
            may_grow=may_grow,
            made_with=made_with,
            may_post=may_post,
            pause_seconds=pause_seconds,
        )

    @property
    def kept(self) -> dict[int, int]:
        """Members with results that could not be delivered and of whom they were not told yet."""
        return self._outbox.kept

    def observe(self, observer: Observer) -> None:
        """Tell somebody how deliveries go."""
        self._outbox.observer = observer

    # Start and stop -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to show how it goes, and bring out what was finished and not delivered. Raises StorageError."""
        await self._outbox.start()
        async for delivery in deliveries.unfinished(self._database):
            if delivery.job_id not in self._posts:
                self._spawn(self._resume(delivery))
        self._loop = asyncio.create_task(self._show_all(), name="publisher")

    async def stop(self, grace_seconds: float) -> None:
        """Send what is being sent within the grace; the rest is sent after the next start."""
        self._stopping = True
        self._outbox.stop()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What the dispatcher tells --------------------------------------------------------------------------------------

    def waits(self, job: NewJob) -> None:
        """Show that a job waits."""
        self._posts.setdefault(job.id, Post(job)).dirty = True

    def whisper(self, job: JobId, text: str) -> None:
        """Say something about a request to its member alone, after the answer to the interaction: never in its place.

        It may be lost with the bot; what must not be lost does not belong here.
        """
        if (post := self._posts.get(job)) is not None:
            post.whispers.append(text)
            post.dirty = True

    def loading(self, job: JobId, model: str) -> None:
        """Show that its model is being loaded."""
        if (post := self._posts.get(job)) is not None:
            post.loading, post.dirty = model, True

    def progress(self, job: JobId, index: int, step: int, steps: int, preview: bytes | None) -> None:
        """Show how far a picture is; what was not shown yet of an earlier step never is."""
        if (post := self._posts.get(job)) is not None:
            post.note(index, step, steps, preview, time.monotonic())

    def lost(self, job: JobId) -> None:
        """Show that it is painted again."""
        if (post := self._posts.get(job)) is not None:
            post.note_loss()

    def unsaved(self, job: JobId) -> None:
        """Show that the disk does not take what is painted."""
        if (post := self._posts.get(job)) is not None and not post.unsaved:
            post.unsaved = post.dirty = True

    def ended(self, job: JobId) -> None:
        """Bring out the result."""
        post = self._posts.get(job)
        if post is not None and not post.closing and not self._stopping:
            post.closing = True
            self._spawn(self._close(post, look_first=False))

    def forget(self, job: JobId) -> None:
        """Say nothing more about a job: its member's data is deleted."""
        if (post := self._posts.pop(job, None)) is not None:
            post.closing = True

    # How it goes ----------------------------------------------------------------------------------------------------

    async def _show_all(self) -> None:
        while True:
            now = time.monotonic()
            try:
                for post in self._due(now):
                    post.next_edit_at = now + self._edit_seconds
                    self._spawn(self._show(post))
            except Exception:
                log.exception("how it goes cannot be shown")
            await asyncio.sleep(_TICK_SECONDS)

    def _due(self, now: float) -> list[Post]:
        """Return the messages to edit now: the new ones first, then those that have stood longest."""
        due = [
            post
            for post in self._posts.values()
            if post.next_edit_at <= now and not (post.closing or post.silent or post.lock.locked())
        ]
        due.sort(key=lambda post: post.next_edit_at)
        chosen: list[Post] = []
        looks = _LOOKS_A_TICK
        for post in due:
            if len(chosen) == _EDITS_A_TICK:
                break
            if post.dirty:
                chosen.append(post)
            elif looks and post.shown is not None and post.next_look_at <= now:
                looks -= 1
                post.next_look_at = now + _WAITING_SECONDS
                if self._has_moved(post):
                    chosen.append(post)
        return chosen

    def _has_moved(self, post: Post) -> bool:
        """Tell whether a request that waits has another place than is shown."""
        return post.shown is not None and place_of(self._dispatcher, post.job.id) != post.shown

    async def _show(self, post: Post) -> None:
        """Edit the message. Only the result matters: what goes wrong here is noted and left."""
        async with post.lock:
            try:
                await self._edit(post)
            except NoWay as error:
                post.silent = True
                log.info("job=%s cannot be shown any more: %s", post.job.id, error)
            except PASSING as error:
                post.dirty = True
                log.info("job=%s could not be shown just now: %s", post.job.id, error)
            except Exception:
                post.silent = True
                log.exception("job=%s cannot be shown", post.job.id)

    async def _edit(self, post: Post) -> None:
        """Make the message look as things are. Raises NoWay, and what may pass."""
        delivery = await self._delivery(post)
        if delivery is None or not token_lives(delivery, self._database.clock()):
            post.silent = True
            return
        if post.closing:
            return
        post.dirty = False
        previews = self._checks.shows_previews(post.job)
        view, files = view_of(post, self._dispatcher, time.monotonic(), previews=previews)
        sent = await self._courier.show(delivery, view, files)
        if delivery.message_id != sent.message_id:
            await self._note_shown(post, sent)
        await self._say_whispers(post)

    async def _say_whispers(self, post: Post) -> None:
        """Say what is for the member alone, if the answer is there. Raises nothing: it only helps."""
        words, post.whispers = post.whispers, []
        for text in words:
            try:
                delivery = await self._delivery(post)
                if delivery is not None and token_lives(delivery, self._database.clock()):
                    await self._courier.whisper(delivery, note(text))
            except (NoWay, *PASSING) as error:
                log.info("job=%s: its member could not be told something: %s", post.job.id, error)

    async def _note_shown(self, post: Post, sent: Sent) -> None:
        async with self._database.transaction() as write:
            await deliveries.advance(
                write, post.job.id, "progress", channel_id=sent.channel_id, message_id=sent.message_id
            )
        post.delivery = await deliveries.get(self._database, post.job.id)

    async def _delivery(self, post: Post) -> Delivery | None:
        if post.delivery is None:
            post.delivery = await deliveries.get(self._database, post.job.id)
        return post.delivery

    # The result -----------------------------------------------------------------------------------------------------

    async def _resume(self, delivery: Delivery) -> None:
        job = await jobs.get(self._database, delivery.job_id)
        if job is not None and job.ended_at is not None and job.id not in self._posts:
            post = self._posts[job.id] = Post(job, delivery=delivery, closing=True)
            await self._close(post, look_first=True)

    async def _close(self, post: Post, *, look_first: bool) -> None:
        """Bring the result out, after the edit that is under way: none may come after it."""
        async with post.lock:
            await self._outbox.deliver(post.job.id, look_first=look_first)
        await self._say_whispers(post)
        self._posts.pop(post.job.id, None)
