"""A request's message while it is unfinished: what is known of it, and how that looks. No Discord call is made here."""

import asyncio
import io
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.queue.dispatcher import Dispatcher
from bot.texts import say
from bot.ui import layouts
from bot.ui.layouts import Asked
from inference.protocol.messages import JobId
from storage.deliveries import Delivery
from storage.jobs import NewJob

#: Below this share of the work, the estimator knows better how long the rest takes than the part that is done.
_TELLING_SHARE = 0.15


@dataclass
class Post:
    """One unfinished request's message."""

    job: NewJob
    #: Read when it is first needed.
    delivery: Delivery | None = None
    #: Picture -> how far it is, 0..1; of those that were begun.
    shares: dict[int, float] = field(default_factory=dict)
    #: Picture -> JPEG bytes of what grows.
    previews: dict[int, bytes] = field(default_factory=dict)
    #: The model that is being loaded for it.
    loading: str | None = None
    #: The engine died with it.
    lost: bool = False
    #: The disk does not take what is painted.
    unsaved: bool = False
    began_at: float | None = None
    #: Something is to be seen that the message does not show.
    dirty: bool = True
    #: The loop's time before which the message is left alone.
    next_edit_at: float = 0.0
    #: The loop's time before which its place in the queue is not looked at.
    next_look_at: float = 0.0
    #: What the message shows of a place in the queue.
    shown: layouts.Waiting | None = None
    #: Words for the member alone, to be said once the message is there.
    whispers: list[str] = field(default_factory=list)
    #: Nobody can see the message any more, so it is not edited.
    silent: bool = False
    #: The result is on its way, so nothing else is shown any more.
    closing: bool = False
    #: One edit at a time.
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def asked(self) -> Asked:
        """Return who asked for what."""
        return asked_of(self.job, self.delivery)

    @property
    def share(self) -> float:
        """Return how far all pictures together are, 0..1."""
        return sum(self.shares.values()) / self.job.count

    def note(self, index: int, step: int, steps: int, preview: bytes | None, now: float) -> None:
        """Take in how far a picture is."""
        if self.began_at is None:
            self.began_at = now
        self.loading, self.lost, self.unsaved, self.dirty = None, False, False, True
        self.shares[index] = step / max(1, steps)
        if preview is not None:
            self.previews[index] = preview

    def note_loss(self) -> None:
        """Take in that the engine died: what it had painted of unfinished pictures is gone."""
        self.shares = {index: share for index, share in self.shares.items() if share >= 1.0}
        self.previews = {index: data for index, data in self.previews.items() if index in self.shares}
        self.began_at, self.lost, self.dirty = None, True, True

    def seconds_left(self, estimate: float, now: float) -> float:
        """Return how long it takes yet, from the pace so far where there is enough of that."""
        share = self.share
        if self.began_at is None or share < _TELLING_SHARE:
            return estimate
        return (now - self.began_at) * (1 - share) / share


def asked_of(job: NewJob, delivery: Delivery | None) -> Asked:
    """Return who asked for what, in the member's language."""
    return Asked(job.id, job.member_id, job.prompts, delivery.locale if delivery else None, job.origin)


def place_of(dispatcher: Dispatcher, job: JobId) -> layouts.Waiting:
    """Return a job's place in the queue, rounded so that it does not change with every breath."""
    found = dispatcher.position(job)
    if found is None:
        return layouts.Waiting(ahead=0, seconds=0.0, reason="next")
    place, seconds = found
    return layouts.Waiting(ahead=place.ahead_units, seconds=_rounded(seconds), reason=place.reason.key)


def view_of(
    post: Post, dispatcher: Dispatcher, now: float, *, previews: bool = True
) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return the message as it is to look now, and the files it shows; `previews` where those may be seen."""
    growing = post.previews if previews else {}
    asked, post.shown = post.asked, None
    if dispatcher.trouble is not None:
        return layouts.ended(asked, say("waiting_for_engine", asked.locale), "cancel"), []
    if post.unsaved:
        return layouts.ended(asked, say("waiting_for_disk", asked.locale), "cancel"), []
    if post.loading is not None:
        return layouts.ended(asked, say("loading", asked.locale, model=post.loading), "cancel"), []
    if post.lost and not growing:
        return layouts.ended(asked, say("again_after_loss", asked.locale), "cancel"), []
    place = place_of(dispatcher, post.job.id)
    if not post.shares and place.reason != "running":
        post.shown = place
        return layouts.waiting(asked, place), []
    names = {index: layouts.PREVIEW_NAME.format(index + 1) for index in sorted(growing)}
    files = [discord.File(io.BytesIO(growing[index]), name) for index, name in names.items()]
    progress = layouts.Running(
        share=post.share,
        done=sum(share >= 1.0 for share in post.shares.values()),
        count=post.job.count,
        seconds_left=post.seconds_left(place.seconds, now),
        previews=tuple(names.values()),
    )
    return layouts.running(asked, progress), files


def _rounded(seconds: float) -> float:
    """Return seconds to about a tenth."""
    step = 1.0 if seconds < 30 else 5.0 if seconds < 120 else 60.0
    return round(seconds / step) * step
