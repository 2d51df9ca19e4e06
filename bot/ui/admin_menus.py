"""The menus and buttons of the panel of what admins set. Pure."""

from collections.abc import Collection, Sequence
from typing import Any

import discord
from discord import ui

from bot.ui.admin_words import Around
from bot.ui.custom_ids import AdminField, admin_id, admin_set_id
from bot.ui.layouts import button

Part = ui.Item[ui.LayoutView]
Row = ui.ActionRow[ui.LayoutView]

#: Choices of a menu, and characters of one.
CHOICES, _LABEL = 25, 100
_DANGER, _PRIMARY = discord.ButtonStyle.danger, discord.ButtonStyle.primary
#: Where the bot can be asked something; a category stands for its channels.
CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
    discord.ChannelType.category,
]


def text_of(text: str) -> ui.TextDisplay[ui.LayoutView]:
    """Return a text of a page."""
    return ui.TextDisplay(text)


def back(around: Around, *others: ui.Button[ui.LayoutView]) -> Row:
    """Return a row that leads back to the first page."""
    return ui.ActionRow(button("admin_home", admin_id("home"), around.locale), *others)


def setting(word: str, field: AdminField, around: Around, of: str = "") -> ui.Button[ui.LayoutView]:
    """Return a button that changes what is set."""
    style = {"allow": _PRIMARY, "deny": _DANGER}.get(field, discord.ButtonStyle.secondary)
    return button(word, admin_set_id(field, of), around.locale, style)


def options_of(around: Around, **keys: str) -> list[tuple[str, str]]:
    """Return what a menu offers, as (label, value); of each value the key of its label is given."""
    return [(around.say(key), value) for value, key in keys.items()]


def menu(identity: str, hint: str, options: Sequence[tuple[str, str]], chosen: str | None, around: Around) -> Row:
    """Return a menu of (label, value) of which one is chosen."""
    offered = [
        discord.SelectOption(label=label[:_LABEL], value=value, default=value == chosen) for label, value in options
    ]
    menu = ui.Select[ui.LayoutView](custom_id=identity, placeholder=around.say(hint), options=offered)
    return ui.ActionRow(menu)


def role_page_menu(identity: str, hint: str, around: Around) -> Row:
    """Return a menu of the server's roles that leads to a page."""
    return ui.ActionRow(ui.RoleSelect[ui.LayoutView](custom_id=identity, placeholder=around.say(hint)))


def role_menu(field: AdminField, hint: str, held: Sequence[int], around: Around, of: str = "") -> list[Part]:
    """Return a menu of roles, in which those of a rule are chosen."""
    menu = ui.RoleSelect[ui.LayoutView](
        custom_id=admin_set_id(field, of),
        placeholder=around.say(hint),
        min_values=0,
        max_values=CHOICES,
        default_values=_chosen(held, around.roles, discord.SelectDefaultValueType.role),
    )
    return [ui.ActionRow(menu)]


def channel_menu(field: AdminField, hint: str, held: Sequence[int], around: Around, of: str = "") -> list[Part]:
    """Return a menu of channels, in which those of a rule are chosen; words where they are too many for one."""
    chosen = _chosen(held, around.channels, discord.SelectDefaultValueType.channel)
    if len(chosen) > CHOICES:
        return [text_of(around.say("admin_many_hint"))]
    menu = ui.ChannelSelect[ui.LayoutView](
        custom_id=admin_set_id(field, of),
        placeholder=around.say(hint),
        channel_types=CHANNEL_TYPES,
        min_values=0,
        max_values=CHOICES,
        default_values=chosen,
    )
    return [ui.ActionRow(menu)]


def _chosen(held: Sequence[int], there: Collection[int] | None, kind: discord.SelectDefaultValueType) -> list[Any]:
    """Return what is chosen in a menu: what is gone cannot be."""
    # Discord's ids are texts, and discord.py sends these as they are.
    texts: list[Any] = [str(each) for each in held if there is None or each in there]
    return [discord.SelectDefaultValue(id=each, type=kind) for each in texts]
