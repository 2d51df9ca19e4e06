"""Forms. Nothing of one is kept but its custom id, so that it can be sent in after any restart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.interactions.files import Sent

Interaction = discord.Interaction[Any]
Part = ui.Label[Any]

#: Characters that Discord takes in one text.
MOST_CHARACTERS = 4000
#: Options that Discord takes in one menu, and characters of each.
MOST_OPTIONS = 25
OPTION_CHARACTERS = 100
_TEXT = "text"


@dataclass(frozen=True)
class Filled:
    """A form that was sent in."""

    #: The parts of its custom id.
    found: re.Match[str]
    #: What was written or chosen, by the field's custom id; nothing stands for nothing.
    texts: Mapping[str, str]
    files: Mapping[str, Sent]


def fits(text: str, most: int = MOST_CHARACTERS) -> bool:
    """Tell whether a form can hold a text. Clients count characters beyond U+FFFF twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 <= most


def text_part(
    name: str,
    label: str,
    text: str = "",
    *,
    description: str | None = None,
    long: bool = True,
    most: int = MOST_CHARACTERS,
    required: bool = False,
) -> Part:
    """Return a field for a text: a label of at most 45 characters, a description of 100."""
    style = discord.TextStyle.long if long else discord.TextStyle.short
    field = ui.TextInput[Any](custom_id=name, style=style, default=text or None, max_length=most, required=required)
    return ui.Label(text=label, description=description, component=field)


def file_part(name: str, label: str, description: str | None = None) -> Part:
    """Return a field for at most one file."""
    field = ui.FileUpload[Any](custom_id=name, min_values=0, max_values=1, required=False)
    return ui.Label(text=label, description=description, component=field)


def menu_part(
    name: str, label: str, options: Sequence[tuple[str, str]], chosen: str, description: str | None = None
) -> Part:
    """Return a menu of (label, value); the chosen value should be among the first 25."""
    offered = [
        discord.SelectOption(label=text[:OPTION_CHARACTERS], value=value, default=value == chosen)
        for text, value in options[:MOST_OPTIONS]
    ]
    menu = ui.Select[Any](custom_id=name, options=offered, min_values=0, max_values=1, required=False)
    return ui.Label(text=label, description=description, component=menu)


async def open_form(interaction: Interaction, custom_id: str, title: str, parts: Sequence[Part]) -> None:
    """Open a form of at most five parts, with a title of at most 45 characters."""
    form = ui.Modal(title=title, custom_id=custom_id)
    for part in parts:
        form.add_item(part)
    # discord.py keeps none that was stopped; `filled` finds what comes back.
    form.stop()
    await interaction.response.send_modal(form)


def filled(interaction: Interaction, pattern: re.Pattern[str]) -> Filled | None:
    """Return what was filled in, if this is a form that was sent in and its custom id fits."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return None
    data: Any = interaction.data
    if (found := pattern.fullmatch(data["custom_id"])) is None:
        return None
    attachments = data.get("resolved", {}).get("attachments", {})
    texts, files = {}, {}
    for part in (component.get("component", {}) for component in data["components"]):
        name, values = str(part.get("custom_id")), part.get("values", [])
        if values and values[0] in attachments:
            file = attachments[values[0]]
            files[name] = Sent(file["filename"], file["size"], file["url"])
        else:
            texts[name] = str(values[0] if values else part.get("value", ""))
    return Filled(found, texts, files)


async def ask(
    interaction: Interaction,
    custom_id: str,
    *,
    title: str,
    label: str,
    description: str | None = None,
    text: str = "",
    most: int = MOST_CHARACTERS,
    required: bool = True,
) -> None:
    """Open a form with one text to be changed."""
    part = text_part(_TEXT, label, text, description=description, most=most, required=required)
    await open_form(interaction, custom_id, title, [part])


def sent(interaction: Interaction, pattern: re.Pattern[str]) -> tuple[re.Match[str], str] | None:
    """Return the parts of the custom id and the text, if this is a form of `ask` that was sent in."""
    form = filled(interaction, pattern)
    return None if form is None else (form.found, form.texts.get(_TEXT, ""))
