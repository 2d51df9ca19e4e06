"""Where a picture comes from, as it is shown. Pure."""

from collections.abc import Iterator, Sequence

import discord
from discord import ui

from bot.services.lineage import Relative, Shown
from bot.texts import say
from bot.ui.custom_ids import RECIPE_ID, picture_id, repeat_id
from bot.ui.layouts import button, gallery, layout, link_to
from bot.ui.plain import block, harmless
from inference.protocol.recipe import prompt_of

#: Of the drawing, and of an exact recipe.
DRAWING_NAME, RECIPE_NAME = "lineage.png", "recipe.json"
#: Pictures that are told of in words, and that have a button.
_LINES, _BUTTONS = 12, 5
_PROMPT = 80
_BLOCK_CHARACTERS = 3000

Part = ui.Item[ui.LayoutView]


def tree(shown: Shown, locale: str | None) -> ui.LayoutView:
    """Return the tree around a picture; its drawing is attached under DRAWING_NAME."""
    asked = shown.picture
    title = say("lineage_title", locale, number=asked.number)
    parts: list[Part] = [ui.TextDisplay(title), gallery([DRAWING_NAME])]
    parts.append(ui.TextDisplay("\n".join(_lines(shown, locale))))
    notes = list(_notes(shown, locale))
    if notes:
        parts.append(ui.TextDisplay("\n".join(f"-# {note}" for note in notes)))
    if opened := [_card(each, locale) for each in _nearest(shown) if each.kept][:_BUTTONS]:
        parts.append(ui.ActionRow(*opened))
    if asked.job is not None and asked.image is not None:
        parts.append(ui.ActionRow(button("repeat", repeat_id(asked.job.id, asked.image.index), locale)))
    return layout(*parts)


def settings(parameters: str, locale: str | None) -> ui.LayoutView:
    """Return how a picture says that it was made; its exact recipe is attached under RECIPE_NAME."""
    return layout(
        ui.TextDisplay(say("lineage_written", locale)),
        ui.TextDisplay(block(parameters, _BLOCK_CHARACTERS)),
        ui.File(f"attachment://{RECIPE_NAME}"),
        ui.ActionRow(button("recipe", RECIPE_ID, locale, discord.ButtonStyle.primary)),
    )


def _lines(shown: Shown, locale: str | None) -> list[str]:
    """Return a line for each picture that may be seen, in the order of their numbers; the nearest where not all fit."""
    nearest = _nearest(shown)
    told = sorted(nearest[:_LINES], key=lambda each: each.number or 0)
    lines = [_line(each, shown.relatives, locale) for each in told]
    if len(nearest) > _LINES:
        lines.append(f"-# {say('lineage_lines_more', locale, count=len(nearest) - _LINES)}")
    return lines


def _line(own: Relative, relatives: Sequence[Relative], locale: str | None) -> str:
    parent = None if own.parent is None else relatives[own.parent]
    parts = []
    if own.verb is not None:
        deed = say(f"deed_{own.verb}", locale)
        known = parent is not None and parent.number is not None and not own.skipped
        parts.append(say("lineage_line", locale, deed=deed, number=parent.number) if parent and known else deed)
    if parent is None or _prompt(own) != _prompt(parent):
        parts.append(harmless(_prompt(own), _PROMPT) or "…")
    if not own.kept:
        parts.append(say("lineage_gone", locale))
    if own.place is not None:
        parts.append(say("lineage_message", locale, link=link_to(own.place)))
    return f"**{own.number}** {' · '.join(parts)}"


def _prompt(own: Relative) -> str:
    return "" if own.image is None else prompt_of(own.image.recipe)


def _notes(shown: Shown, locale: str | None) -> Iterator[str]:
    if len(shown.relatives) == 1 and not shown.orphan and not shown.picture.left_out:
        yield say("lineage_alone", locale)
    if shown.orphan:
        yield say("lineage_orphan", locale)
    if any(each.number is None for each in shown.relatives):
        yield say("lineage_grey", locale)
    if left_out := sum(each.left_out + each.skipped for each in shown.relatives):
        yield say("lineage_left_out", locale, count=left_out)


def _nearest(shown: Shown) -> list[Relative]:
    """Return the pictures that may be seen: what was asked for, its ancestors, its children, and then the others."""
    relatives, line = shown.relatives, [shown.asked]
    while (parent := relatives[line[-1]].parent) is not None:
        line.append(parent)
    children = [place for place, each in enumerate(relatives) if each.parent == shown.asked]
    order = dict.fromkeys([*line, *children, *range(len(relatives))])
    return [relatives[place] for place in order if relatives[place].number is not None]


def _card(own: Relative, locale: str | None) -> ui.Button[ui.LayoutView]:
    assert own.job is not None, "what may be seen has a job"
    assert own.image is not None, "and a picture"
    label = say("lineage_open", locale, number=own.number)
    return ui.Button(label=label, custom_id=picture_id(own.job.id, own.image.index))
