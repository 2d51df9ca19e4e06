"""What can be made of a picture: the buttons under a result, and the card of one picture. Pure."""

from collections.abc import Sequence

import discord
from discord import ui

from bot.services.derive import Verb as Deed
from bot.texts import say
from bot.ui.custom_ids import deed_id, picture_id, remix_id
from bot.ui.layouts import gallery, layout

#: Buttons of a row.
_ROW = 5
#: How they stand in the card of a picture.
_ROWS: tuple[tuple[Deed, ...], ...] = (
    ("vary_subtle", "vary_strong", "again"),
    ("zoom_out_1_5", "zoom_out_2", "square"),
    ("extend_left", "extend_right", "extend_up", "extend_down"),
)

Row = ui.ActionRow[ui.LayoutView]


def rows(job: str, pictures: Sequence[int], locale: str | None) -> list[Row]:
    """Return the rows under a result: a variation of each picture, where that is one row, and a card for each."""
    found = []
    if len(pictures) <= _ROW:
        found.append([_deed("vary_subtle", job, index, locale, _number(index, pictures)) for index in pictures])
    cards = [_card_button(job, index, locale, _number(index, pictures)) for index in pictures]
    found += [cards[start : start + _ROW] for start in range(0, len(cards), _ROW)]
    return [ui.ActionRow(*row) for row in found]


def card(job: str, index: int, name: str, words: str, deeds: Sequence[Deed], locale: str | None) -> ui.LayoutView:
    """Return what can be made of a picture, which is attached under `name`."""
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words), gallery([name])]
    for row in _ROWS:
        fitting = [_deed(deed, job, index, locale) for deed in row if deed in deeds]
        if "again" in row:
            fitting.append(ui.Button(label=say("deed_remix", locale), custom_id=remix_id(job, index)))
        if fitting:
            parts.append(ui.ActionRow(*fitting))
    return layout(*parts)


def _number(index: int, pictures: Sequence[int]) -> str:
    return "" if len(pictures) == 1 else f" {index + 1}"


def _deed(deed: Deed, job: str, index: int, locale: str | None, number: str = "") -> ui.Button[ui.LayoutView]:
    return ui.Button(
        label=say(f"deed_{deed}", locale) + number,
        custom_id=deed_id(deed, job, index),
        style=discord.ButtonStyle.secondary,
    )


def _card_button(job: str, index: int, locale: str | None, number: str) -> ui.Button[ui.LayoutView]:
    return ui.Button(label=say("button_picture", locale) + number, custom_id=picture_id(job, index))
