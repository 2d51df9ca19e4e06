"""Lists and cards: the queue, the history, a member's defaults, help. Pure: plain values in, a layout out.

Discord takes 40 components and 4000 characters of text in a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.attachments import SPOILER
from bot.services.waiting import Line, Place
from bot.services.wildcards import Listed
from bot.texts import duration, pictures, say
from bot.ui.custom_ids import Shelf, Verb, Whose, forget_id, page_id, queue_id
from bot.ui.layouts import button, job_button, layout
from bot.ui.plain import harmless
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import prompt_of
from storage.members import Defaults

#: Requests of a page. Of the history: six components each, and seven around them.
QUEUE_LINES, HISTORY_ENTRIES = 8, 5
_HEADING, _REASON = 90, 150
_MODELS = 15

Part = ui.Item[ui.LayoutView]


# The queue --------------------------------------------------------------------------------------------------------


def queue(line: Line, whose: Whose, member_id: int, running: int, waiting: int, locale: str | None) -> ui.LayoutView:
    """Return a queue. Of other people's requests nothing is told but how large they are."""
    mine = whose == "mine"
    title = say("queue_mine_title" if mine else "queue_title", locale, running=running, waiting=waiting)
    parts: list[Part] = [ui.TextDisplay(title)]
    for number, place in enumerate(line.places, 1):
        text = ui.TextDisplay[ui.LayoutView](_queue_line(place, number, member_id, locale))
        own = place.job.member_id == member_id
        parts.append(ui.Section(text, accessory=job_button("drop", place.job.id, locale)) if mine and own else text)
    if not line.places:
        parts.append(ui.TextDisplay(say("queue_mine_empty" if mine else "queue_empty", locale)))
    if line.more:
        parts.append(ui.TextDisplay(f"-# {say('queue_more', locale, count=line.more)}"))
    return layout(*parts, ui.ActionRow(button("refresh", queue_id(whose), locale)))


def _queue_line(place: Place, number: int, member_id: int, locale: str | None) -> str:
    job = place.job
    own = job.member_id == member_id
    what = f"**{harmless(prompt_of(job.recipe), _HEADING) or '…'}**" if own else say("queue_somebody", locale)
    key = "queue_runs" if place.runs else "queue_waits"
    count, eta = pictures(job.count, locale), duration(place.seconds, locale)
    # The backslash keeps Discord from numbering by itself.
    return say(key, locale, place=f"{number}\\", what=what, count=count, eta=eta)


# The history ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """A request in a list."""

    job: str
    prompt: str
    #: How it stands, in words.
    state: str
    #: Under which name its first picture is attached, small.
    thumbnail: str | None = None
    favourite: bool = False
    verbs: Sequence[Verb] = ()


def history(
    entries: Sequence[Entry], shelf: Shelf, older: int | None, first: bool, locale: str | None, of: int | None = None
) -> ui.LayoutView:
    """Return a page of a list: `older` is the cursor of the next, None on the last; `first` is the newest.

    `of` is another member whose history it is.
    """
    title = say(f"{shelf}_title", locale) if of is None else say("history_of_title", locale, member=f"<@{of}>")
    empty = f"{shelf}_empty" if of is None else "history_of_empty"
    parts: list[Part] = [ui.TextDisplay(title)]
    for entry in entries:
        parts.append(_described(entry))
        if entry.verbs:
            parts.append(ui.ActionRow(*(job_button(verb, entry.job, locale) for verb in entry.verbs)))
    if not entries:
        parts.append(ui.TextDisplay(say(empty if first else "history_end", locale)))
    turns = []
    if older is not None:
        turns.append(button("older", page_id(shelf, older, of), locale))
    if not first:
        turns.append(button("newest", page_id(shelf, of=of), locale))
    if turns:
        parts += [ui.Separator(), ui.ActionRow(*turns)]
    return layout(*parts)


def _described(entry: Entry) -> Part:
    star = " ⭐" if entry.favourite else ""
    text = f"**{harmless(entry.prompt, _HEADING) or '…'}**{star}\n-# {entry.state}"
    if entry.thumbnail is None:
        return ui.TextDisplay(text)
    hidden = entry.thumbnail.startswith(SPOILER)
    return ui.Section(text, accessory=ui.Thumbnail(f"attachment://{entry.thumbnail}", spoiler=hidden))


# Members ----------------------------------------------------------------------------------------------------------


def defaults(chosen: Defaults, models: Sequence[ModelInfo], locale: str | None, saved: bool = False) -> ui.LayoutView:
    """Return a member's defaults, and what stands in for those that were not set."""
    size = f"{chosen.width}×{chosen.height}" if chosen.width else say("me_size_none", locale)
    lines = [
        say("me_model", locale, value=_usual_model(chosen.model, models, locale)),
        say("me_size", locale, value=size),
        say("me_count", locale, value=chosen.count or 1),
        say("me_private", locale, value=say("me_private_yes" if chosen.private else "me_private_no", locale)),
    ]
    hint = say("me_saved" if saved else "me_hint", locale)
    return layout(
        ui.TextDisplay(say("me_title", locale)), ui.TextDisplay("\n".join(lines)), ui.TextDisplay(f"-# {hint}")
    )


def _usual_model(name: str | None, models: Sequence[ModelInfo], locale: str | None) -> str:
    installed = [info.name for info in models if info.kind == "checkpoint" and not info.instructs]
    if name is not None:
        return harmless(name) if name in installed else say("me_model_gone", locale, name=harmless(name))
    return say("me_model_none", locale, name=harmless(installed[0])) if installed else "…"


def confirm_forget(member_id: int, locale: str | None) -> ui.LayoutView:
    """Return the question before a member's data is deleted."""
    row = ui.ActionRow[ui.LayoutView](
        button("forget", forget_id(member_id), locale, discord.ButtonStyle.danger),
    )
    return layout(ui.TextDisplay(say("me_delete_confirm", locale)), row)


# Wildcards --------------------------------------------------------------------------------------------------------

#: The file that names every list, where they are too many for a message.
WILDCARDS_FILE = "wildcards.txt"
#: Lists that are shown: of the server's own, of the operator's.
_OWN, _OPERATORS = 10, 8
_EXAMPLE = 40


def wildcards(
    own: Sequence[Listed], operators: Sequence[Listed], locale: str | None
) -> tuple[ui.LayoutView, str | None]:
    """Return the lists of a server and of the operator, and the text of a file with all if not all are shown."""
    parts: list[Part] = [ui.TextDisplay(say("wildcards_title", locale))]
    parts.append(ui.TextDisplay(_listed(own[:_OWN], locale) or say("wildcards_empty", locale)))
    if operators:
        parts.append(ui.TextDisplay(say("wildcards_operators_title", locale)))
        parts.append(ui.TextDisplay(_listed(operators[:_OPERATORS], locale)))
    left = len(own[_OWN:]) + len(operators[_OPERATORS:])
    if not left:
        return layout(*parts, ui.TextDisplay(f"-# {say('wildcards_hint', locale)}")), None
    parts.append(ui.TextDisplay(f"-# {say('wildcards_more', locale, count=left)}"))
    rows = [f"__{one.name}__\t{one.lines}\t{' '.join(one.example.split())[:_HEADING]}" for one in (*own, *operators)]
    return layout(*parts, ui.File(f"attachment://{WILDCARDS_FILE}")), "\n".join(rows) + "\n"


def saved_wildcards(saved: Sequence[Listed], locale: str | None) -> ui.LayoutView:
    """Return the lists that were written just now."""
    return layout(ui.TextDisplay(say("wildcards_saved", locale)), ui.TextDisplay(_listed(saved, locale)))


def wildcard(name: str, file_name: str, locale: str | None) -> ui.LayoutView:
    """Return a list, attached under `file_name`."""
    text = ui.TextDisplay[ui.LayoutView](say("wildcard_shown", locale, name=name))
    return layout(text, ui.File(f"attachment://{file_name}"))


def _listed(lists: Sequence[Listed], locale: str | None) -> str:
    return "\n".join(
        say("wildcard_row", locale, name=one.name, lines=_lines(one.lines, locale), example=_example(one))
        for one in lists
    )


def _example(one: Listed) -> str:
    return harmless(one.example, _EXAMPLE) or "…"


def _lines(count: int, locale: str | None) -> str:
    return say("wildcard_line", locale) if count == 1 else say("wildcard_lines", locale, n=count)


# Help -------------------------------------------------------------------------------------------------------------


def guide(locale: str | None) -> ui.LayoutView:
    """Return how to use the bot."""
    keys = ("help_start", "help_more", "help_buttons", "help_commands")
    return layout(*(ui.TextDisplay[ui.LayoutView](say(key, locale)) for key in keys))


@dataclass(frozen=True)
class State:
    """What there is to say of the bot itself."""

    name: str
    version: str
    device: str | None
    models: Sequence[ModelInfo]
    running: int
    waiting: int
    #: Nothing can be painted.
    trouble: bool = False


def about(state: State, locale: str | None) -> ui.LayoutView:
    """Return what the bot is and what it can paint with."""
    lines = [say("about_now", locale, running=state.running, waiting=state.waiting)]
    if state.trouble:
        lines = [say("about_trouble", locale, reason=say("engine_dead", locale))]
    if state.device:
        lines.append(say("about_device", locale, device=harmless(state.device, 100)))
    title = say("about_title", locale, name=harmless(state.name, 100), version=state.version)
    parts: list[Part] = [ui.TextDisplay(title), ui.TextDisplay("\n".join(lines))]
    if models := _models(state.models, locale):
        parts.append(ui.TextDisplay(say("about_models", locale, models=models)))
    return layout(*parts)


def _models(models: Sequence[ModelInfo], locale: str | None) -> str:
    found = [info for info in models if info.kind == "checkpoint"]
    lines = [
        say(
            "about_model",
            locale,
            name=harmless(info.name, 100),
            family=info.family,
            width=info.default_width,
            height=info.default_height,
        )
        for info in found[:_MODELS]
    ]
    if len(found) > _MODELS:
        lines.append(f"-# {say('about_more', locale, count=len(found) - _MODELS)}")
    return "\n".join(lines)


def failure(reason: str) -> str:
    """Return why a request failed, as short as a list wants it."""
    return harmless(reason, _REASON).rstrip(".")
