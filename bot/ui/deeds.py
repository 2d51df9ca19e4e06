"""What can be made of a picture: the buttons under a result, and the card of one picture. Pure."""

from collections.abc import Collection, Mapping, Sequence

import discord
from discord import ui

from bot.services.deeds import Deed
from bot.texts import say
from bot.ui.custom_ids import CardVerb, card_id, deed_id, lineage_id, picture_id, remix_id, upload_form_id, upload_id
from bot.ui.layouts import button, gallery, job_button, layout

#: Buttons of a row.
_ROW = 5
#: How they stand in the card of a picture.
_ROWS: tuple[tuple[Deed, ...], ...] = (
    ("vary_subtle", "vary_strong", "again"),
    ("upscale_2", "upscale_4", "hires_2", "detail_2"),
    ("zoom_out_1_5", "zoom_out_2", "square"),
    ("extend_left", "extend_right", "extend_up", "extend_down"),
)

Row = ui.ActionRow[ui.LayoutView]


def rows(job: str, pictures: Sequence[int], locale: str | None, *, larger: bool = True) -> list[Row]:
    """Return the rows under a result: larger and varied where that is a row each, and a card for each picture.

    Of a single picture all stand in one row. `larger` where pictures may be made so.
    """
    found = []
    if len(pictures) <= _ROW:
        deeds: tuple[Deed, ...] = ("upscale_2", "vary_subtle") if larger else ("vary_subtle",)
        for deed in deeds:
            found.append([_deed(deed, job, index, locale, _number(index, pictures)) for index in pictures])
    cards = [_card_button(job, index, locale, _number(index, pictures)) for index in pictures]
    found += [cards[start : start + _ROW] for start in range(0, len(cards), _ROW)]
    if len(pictures) == 1:
        found = [[each for row in found for each in row]]
    return [ui.ActionRow(*row) for row in found]


def card(
    job: str,
    index: int,
    name: str | None,
    words: str,
    deeds: Collection[Deed],
    verbs: Sequence[CardVerb],
    locale: str | None,
    *,
    check: bool = False,
) -> ui.LayoutView:
    """Return what can be made of a picture, and what can be done to it; it is attached under `name` if it is shown.

    `check` where it could not be checked.
    """
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words), *([] if name is None else [gallery([name])])]
    for row in _ROWS:
        fitting = [_deed(deed, job, index, locale) for deed in row if deed in deeds]
        if "again" in row:
            fitting.append(ui.Button(label=say("deed_remix", locale), custom_id=remix_id(job, index)))
        if fitting:
            parts.append(ui.ActionRow(*fitting))
    parts.append(ui.ActionRow(*(_verb(verb, job, index, locale) for verb in verbs)))
    last: list[ui.Button[ui.LayoutView]] = [button("lineage", lineage_id(job, index), locale)]
    parts.append(ui.ActionRow(*last, *([job_button("check", job, locale)] if check else [])))
    return layout(*parts)


def choice(words: str, custom_ids: Mapping[int, str]) -> ui.LayoutView:
    """Return a question which picture is meant, with a button for each, from 0."""
    buttons: list[ui.Button[ui.LayoutView]] = [
        ui.Button(label=str(index + 1), custom_id=custom_id) for index, custom_id in custom_ids.items()
    ]
    rows = [ui.ActionRow(*buttons[start : start + _ROW]) for start in range(0, len(buttons), _ROW)]
    return layout(ui.TextDisplay(words), *rows)


def upload_card(name: str, words: str, deeds: Collection[Deed], known: bool, locale: str | None) -> ui.LayoutView:
    """Return what can be made of a picture that somebody sent; `known` where it says how it was painted."""
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words), gallery([name])]
    for row in _ROWS:
        fitting: list[ui.Button[ui.LayoutView]] = [
            ui.Button(label=say(f"deed_{deed}", locale), custom_id=upload_id(deed)) for deed in row if deed in deeds
        ]
        if fitting:
            parts.append(ui.ActionRow(*fitting))
    edit: ui.Button[ui.LayoutView] = ui.Button(label=say("card_edit", locale), custom_id=upload_form_id("edit"))
    remix: ui.Button[ui.LayoutView] = ui.Button(label=say("deed_remix", locale), custom_id=upload_form_id("remix"))
    parts.append(ui.ActionRow(edit, remix) if known else ui.ActionRow(edit))
    return layout(*parts)


def _number(index: int, pictures: Sequence[int]) -> str:
    return "" if len(pictures) == 1 else f" {index + 1}"


def _deed(deed: Deed, job: str, index: int, locale: str | None, number: str = "") -> ui.Button[ui.LayoutView]:
    # Under a result there is no room for how many times.
    label = say("button_upscale" if number and deed == "upscale_2" else f"deed_{deed}", locale)
    return ui.Button(
        label=label + number,
        custom_id=deed_id(deed, job, index),
        style=discord.ButtonStyle.secondary,
    )


def _verb(verb: CardVerb, job: str, index: int, locale: str | None) -> ui.Button[ui.LayoutView]:
    return ui.Button(label=say(f"card_{verb}", locale), custom_id=card_id(verb, job, index))


def _card_button(job: str, index: int, locale: str | None, number: str) -> ui.Button[ui.LayoutView]:
    return ui.Button(label=say("button_picture", locale) + number, custom_id=picture_id(job, index))
