"""Previews of adapters: a picture that the bot paints with one, to show what it does."""

import asyncio
import logging
import re
from collections.abc import Coroutine
from typing import TYPE_CHECKING

import msgspec

from bot.errors import EaselError
from bot.queue.dispatcher import Dispatcher
from bot.queue.flights import Listener
from bot.services.adapter_shelves import Seen
from bot.services.adapter_values import fits
from bot.services.adapters import Adapters
from bot.services.admission import Admission
from bot.services.drafts import Draft
from bot.services.orders import Orders
from bot.services.prompts import Choices, write
from bot.services.requests import Acknowledge, Actor, Settled, Target
from bot.services.wishes import Wish, installed
from bot.texts import Mistake
from inference.protocol.messages import JobId
from inference.protocol.recipe import AdapterUse
from storage import ContentFolder, Database, StorageError, images
from storage.jobs import NewJob

if TYPE_CHECKING:
    from bot.services.networks import Network

log = logging.getLogger("easel.adapters")

#: What such a job is called, with the adapter's number.
_KIND = re.compile(r"adapter_preview:(?P<id>[0-9]+)")
#: Of everything that has no trigger words.
_SUBJECT = "a portrait"
#: Trigger words that the prompt has.
_TRIGGERS = 3
#: The same picture of everything that says the same.
_SEED = 1


class Previews:
    """Paints previews, and keeps what came of it; tells another listener of everything that it hears."""

    def __init__(
        self,
        *,
        listener: Listener,
        database: Database,
        pictures: ContentFolder,
        dispatcher: Dispatcher,
        orders: Orders,
        admission: Admission,
        adapters: Adapters,
    ) -> None:
        self._listener = listener
        self._database = database
        self._pictures = pictures
        self._dispatcher = dispatcher
        self._orders = orders
        self._admission = admission
        self._adapters = adapters
        #: Of jobs under way, the adapter that each shows.
        self._coming: dict[JobId, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def paint(
        self, one: Seen, prompt: str | None, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Paint a preview of an adapter with the first model that it fits; the owner and admins may, before it is used.

        Raises Mistake where no model fits and where it is not theirs to show, and as `Admission.enter` does.
        """
        self.require_may_show(one, actor)
        models = [info for info in installed(self._orders.models(actor)) if fits(one, info)]
        if not models:
            raise Mistake("loras_no_model", name=one.name)
        text = prompt or _prompt(one)
        ordered = self._orders.order(Wish(draft=Draft(prompt=text, model=models[0].name, seed=_SEED)), actor)
        written = write(ordered.recipe, 1, Choices(made=True, most=1))
        use = AdapterUse(hash=one.hash, weight=1.0 if one.kind == "embedding" else one.weight or 1.0, word=_word(one))
        recipe = msgspec.structs.replace(written.recipe, adapters=(use,))
        settled = Settled(kind=f"adapter_preview:{one.id}", recipe=recipe, images={}, shown=one.hash)
        return await self._admission.enter(settled, actor, target, acknowledge)

    def require_may_show(self, one: Seen, actor: Actor) -> None:
        """Raise Mistake unless an adapter is somebody's own, or they manage the server that it is in."""
        manages = actor.manager and one.guild_id == actor.guild_id and one.visibility != "private"
        waits = actor.manager and actor.guild_id is not None and one in self._adapters.waiting(actor.guild_id)
        if one.owner_id != actor.member_id and not manages and not waits:
            raise Mistake("adapters_not_yours", name=one.name)

    async def stop(self, grace_seconds: float) -> None:
        """Keep what is being kept within the grace."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What the dispatcher tells --------------------------------------------------------------------------------------

    def waits(self, job: NewJob) -> None:
        """A job has come, or has come back."""
        if match := _KIND.fullmatch(job.kind):
            self._coming[job.id] = int(match["id"])
        self._listener.waits(job)

    def loading(self, job: JobId, model: str) -> None:
        """Its model is being loaded."""
        self._listener.loading(job, model)

    def progress(self, job: JobId, index: int, step: int, steps: int, preview: bytes | None) -> None:
        """A picture has come further."""
        self._listener.progress(job, index, step, steps, preview)

    def lost(self, job: JobId) -> None:
        """It is painted again."""
        self._listener.lost(job)

    def unsaved(self, job: JobId) -> None:
        """The disk does not take it yet."""
        self._listener.unsaved(job)

    def ended(self, job: JobId) -> None:
        """It has ended: keep the picture, where there is one, before it is shown."""
        adapter_id = self._coming.pop(job, None)
        if adapter_id is None:
            self._listener.ended(job)
        else:
            self._spawn(self._keep(job, adapter_id))

    def forget(self, job: JobId) -> None:
        """Its member's data is being deleted."""
        self._coming.pop(job, None)
        self._listener.forget(job)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, job: JobId, adapter_id: int) -> None:
        """Keep a job's picture as the preview of an adapter. Only the preview is lost where that fails."""
        try:
            for image in await images.of_job(self._database, job):
                if image.deleted_at is None and (data := await self._pictures.read(image.hash)) is not None:
                    await self._adapters.set_preview(adapter_id, data)
                    return
        except (EaselError, StorageError) as error:
            log.info("job=%s leaves adapter %d without a preview: %s", job, adapter_id, error)
        finally:
            self._listener.ended(job)


def _prompt(one: "Network") -> str:
    """Return a prompt that shows what an adapter does."""
    if one.kind == "embedding":
        return one.name
    return ", ".join(one.triggers[:_TRIGGERS]) or _SUBJECT


def _word(one: "Network") -> str | None:
    return one.name if one.kind == "embedding" else None
