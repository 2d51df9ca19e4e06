"""What a finished request looks like: its pictures, or the words for why there are none."""

from collections.abc import Callable, Sequence

from discord import ui

from bot.attachments import stem_of
from bot.delivery.posts import asked_of
from bot.delivery.ways import Layout, Result
from bot.services.checks import Shown
from bot.services.networks import Named
from bot.texts import say
from bot.ui import deeds, layouts
from bot.ui.checked import remarks, waits_for_check
from bot.ui.custom_ids import Verb
from inference.protocol.recipe import Upscale
from storage.deliveries import Delivery
from storage.jobs import Job

#: Tells whether a picture of some width and height may be made twice as large in a server, or in no server.
MayGrow = Callable[[int | None, int, int], bool]

#: Returns what a job's pictures are painted with, as its member may know it.
MadeWith = Callable[[Job], Sequence[Named]]

#: Characters of a failure's words that are shown; a message holds 4000 in all.
_MOST_WORDS = 1000


def result_of(
    job: Job,
    delivery: Delivery | None,
    found: Sequence[Shown],
    model_name: str,
    may_grow: MayGrow,
    adapters: Sequence[Named] = (),
    note: str = "",
) -> Result:
    """Return what is to be sent of a job that has ended; `note` is a sentence about the way it goes."""
    asked = asked_of(job, delivery)
    seen = [(one, one.data) for one in found if one.data is not None]
    waits, said = waits_for_check(found), remarks(found, asked.locale)
    if not seen:
        return Result(stem="", pictures=(), layout=_words(job, asked, note, said, waits))
    notes = [note, *said]
    if job.failure is not None:
        notes.append(say("partly", asked.locale, reason=_shortened(job.failure.text)))
    line = layouts.settings_line(job.recipe, model_name, asked.locale, _seconds(job), adapters)

    repeats = not isinstance(job.recipe, Upscale)
    larger = all(may_grow(job.guild_id, one.image.width, one.image.height) for one in found)
    rows = deeds.rows(job.id, [one.image.index for one, _ in seen], asked.locale, larger=larger)

    def layout(names: Sequence[str], reduced: bool) -> ui.LayoutView:
        extra = [say("reduced", asked.locale)] if reduced else []
        return layouts.done(asked, names, line, [*notes, *extra], rows, again=repeats, check=waits)

    hidden = frozenset(place for place, (one, _) in enumerate(seen) if one.hidden)
    return Result(stem=stem_of(job.recipe), pictures=[data for _, data in seen], layout=layout, hidden=hidden)


def _words(job: Job, asked: layouts.Asked, note: str, said: Sequence[str], waits: bool) -> Layout:
    """Return the layout of a job without pictures that may be shown; `said` is why not."""
    verbs: tuple[Verb, ...] = ("again",)
    if said:
        text = "\n".join(said)
        verbs = ("check", "settings", "delete") if waits else ("again", "settings", "delete")
        if job.failure is not None:
            text = f"{text}\n-# {say('partly', asked.locale, reason=_shortened(job.failure.text))}"
    elif job.failure is not None:
        text = say("failed", asked.locale, reason=_shortened(job.failure.text))
    elif job.state == "cancelled":
        text = say("cancelled", asked.locale)
    else:
        text = say("expired", asked.locale)
    if note:
        text = f"{text}\n-# {note}"
    return lambda names, reduced: layouts.ended(asked, text, *verbs)


def _shortened(text: str) -> str:
    """Return words of an engine, however many, as a message can hold them."""
    return text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]}…"


def _seconds(job: Job) -> float:
    if job.ended_at is None or job.started_at is None:
        return 0.0
    return max(0.0, job.ended_at - job.started_at)
