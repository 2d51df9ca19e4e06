"""The message of a request, as it waits, grows and ends. Pure: plain values in, a Components V2 layout out."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.attachments import SPOILER
from bot.services.derive import size_of
from bot.services.networks import Named
from bot.texts import duration, say
from bot.ui.custom_ids import Verb, custom_id
from bot.ui.plain import SHOWN, bar, harmless
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES
from inference.protocol.recipe import AnyRecipe, Upscale
from storage.jobs import Origin

#: File name of a picture that grows.
PREVIEW_NAME = "preview-{}.jpg"
_ACCENT = discord.Colour(0xE8833A)
_QUIET = discord.Colour(0x7A7F87)
_STYLES = {"again": discord.ButtonStyle.primary}


#: Characters of each of many prompts.
_LEAST_SHOWN = 60
#: Adapters that are named under a picture.
_ADAPTERS = 8


@dataclass(frozen=True)
class Asked:
    """Who asked for what."""

    job: str
    member_id: int
    #: One for all pictures, or one for each.
    prompts: tuple[str, ...]
    locale: str | None = None
    #: The picture that it is made from.
    origin: Origin | None = None

    @property
    def heading(self) -> str:
        """Return the first lines. The mention is shown and pings nobody: messages are sent without allowed mentions."""
        asked = f"-# {say('asked', self.locale, member=f'<@{self.member_id}>')}"
        if self.origin is not None:
            asked += f"\n-# {_from(self.origin, self.locale)}"
        if len(set(self.prompts)) == 1:
            return f"{asked}\n{harmless(self.prompts[0]) or '…'}"
        most = max(_LEAST_SHOWN, 2 * SHOWN // len(self.prompts))
        lines = (f"{place}. {harmless(prompt, most) or '…'}" for place, prompt in enumerate(self.prompts, 1))
        return "\n".join([asked, *lines])


@dataclass(frozen=True)
class Waiting:
    """A place in the queue."""

    ahead: int
    seconds: float
    #: Key of the text that says why, without "reason_".
    reason: str = "share"


@dataclass(frozen=True)
class Running:
    """How far the pictures of a request are."""

    #: 0..1 over all pictures.
    share: float
    done: int
    count: int
    seconds_left: float
    #: File names of the pictures that grow.
    previews: Sequence[str] = ()


def layout(*parts: ui.Item[ui.LayoutView], colour: discord.Colour = _ACCENT) -> ui.LayoutView:
    """Return a message of these parts. It listens to nothing: buttons find their callback by their custom id."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts, accent_colour=colour))
    view.stop()
    return view


def note(text: str) -> ui.LayoutView:
    """Return a message of one sentence."""
    return layout(ui.TextDisplay(text), colour=_QUIET)


def waiting(asked: Asked, place: Waiting) -> ui.LayoutView:
    """Return the message of a request that waits."""
    key = "waiting_first" if place.ahead == 0 else "waiting"
    eta = duration(place.seconds, asked.locale)
    words = f"{say(key, asked.locale, ahead=place.ahead, eta=eta)} {say(f'reason_{place.reason}', asked.locale)}"
    return layout(ui.TextDisplay(asked.heading), ui.TextDisplay(f"-# {words.rstrip()}"), buttons(asked, "cancel"))


def running(asked: Asked, progress: Running) -> ui.LayoutView:
    """Return the message of a request that is being painted."""
    words = say(
        "running",
        asked.locale,
        bar=bar(progress.share),
        percent=int(progress.share * 100),
        done=progress.done,
        count=progress.count,
        eta=duration(progress.seconds_left, asked.locale),
    )
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(asked.heading)]
    if progress.previews:
        parts.append(gallery(progress.previews))
    return layout(*parts, ui.TextDisplay(words), buttons(asked, "cancel"))


def done(
    asked: Asked,
    names: Sequence[str],
    settings: str,
    notes: Sequence[str] = (),
    rows: Sequence[ui.ActionRow[ui.LayoutView]] = (),
    *,
    again: bool = True,
    check: bool = False,
) -> ui.LayoutView:
    """Return the message of finished pictures, attached under `names`; `rows` say what can be made of them.

    `again` where the same request gives other pictures, `check` where some of them could not be checked.
    """
    small = "\n".join(f"-# {line}" for line in (settings, *notes) if line)
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(asked.heading), gallery(names)]
    if small:
        parts.append(ui.TextDisplay(small))
    verbs: tuple[Verb, ...] = ("again", "settings", "delete") if again else ("settings", "delete")
    return layout(*parts, *rows, buttons(asked, *(("check", *verbs) if check else verbs)))


def link_to(message: tuple[int | None, int, int]) -> str:
    """Return the address of a message: its server, or None, its channel and itself."""
    guild, channel, number = message
    return f"https://discord.com/channels/{guild or '@me'}/{channel}/{number}"


def _from(origin: Origin, locale: str | None) -> str:
    """Return what was pressed, and under which picture."""
    deed = say(f"deed_{origin.verb}", locale)
    if origin.message is None:
        return say("origin", locale, deed=deed, number=origin.index + 1)
    return say("origin_link", locale, deed=deed, number=origin.index + 1, link=link_to(origin.message))


def gallery(names: Sequence[str]) -> ui.MediaGallery[ui.LayoutView]:
    """Return the pictures that are attached under these names, side by side; those named so behind a spoiler."""
    items = (discord.MediaGalleryItem(f"attachment://{name}", spoiler=name.startswith(SPOILER)) for name in names)
    return ui.MediaGallery(*items)


def ended(asked: Asked, text: str, *verbs: Verb) -> ui.LayoutView:
    """Return the message of a request that ended without pictures."""
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(asked.heading), ui.TextDisplay(text)]
    return layout(*parts, *([buttons(asked, *verbs)] if verbs else []), colour=_QUIET)


def buttons(asked: Asked, *verbs: Verb) -> ui.ActionRow[ui.LayoutView]:
    """Return a row of buttons that do something to this request."""
    return ui.ActionRow(*(job_button(verb, asked.job, asked.locale) for verb in verbs))


def job_button(verb: Verb, job: str, locale: str | None = None) -> ui.Button[ui.LayoutView]:
    """Return a button that does `verb` to a job."""
    return button(verb, custom_id(verb, job), locale, _STYLES.get(verb, discord.ButtonStyle.secondary))


def button(
    word: str, identity: str, locale: str | None = None, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> ui.Button[ui.LayoutView]:
    """Return a button that says the text `button_WORD` and is known by that custom id."""
    return ui.Button(label=say(f"button_{word}", locale), custom_id=identity, style=style)


def settings_line(
    recipe: AnyRecipe, model_name: str, locale: str | None, seconds: float, adapters: Sequence[Named] = ()
) -> str:
    """Return the settings in a line for people, and in another what adapters they were painted with.

    That no network made a picture larger is said.
    """
    took = f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
    if isinstance(recipe, Upscale):
        key = "done_larger_filter" if recipe.model is None else "done_larger"
        parts = [] if recipe.factor == 1 else [say(key, locale, factor=recipe.factor, model=model_name)]
        if recipe.faces is not None:
            parts.append(say("done_faces", locale))
        return " · ".join([*parts, f"{took} s"])
    line = say(
        "done",
        locale,
        model=model_name,
        sampler=f"{SAMPLER_NAMES[recipe.sampler]} {SCHEDULE_NAMES[recipe.schedule]}",
        steps=recipe.steps,
        guidance=f"{recipe.guidance_scale:g}",
        size="×".join(map(str, size_of(recipe))),
        seed=recipe.seed,
        seconds=took,
    )
    return f"{line}\n-# {made_with(adapters, locale)}" if adapters else line


def made_with(adapters: Sequence[Named], locale: str | None) -> str:
    """Return the names of the adapters that pictures were made with, and which have been removed since."""
    names = []
    for each in adapters[:_ADAPTERS]:
        name = say("made_with_nameless", locale) if each.name is None else harmless(each.name, _LEAST_SHOWN)
        names.append(say("made_with_gone", locale, name=name) if each.gone else name)
    if len(adapters) > _ADAPTERS:
        names.append("…")
    return say("made_with", locale, names=", ".join(names))
