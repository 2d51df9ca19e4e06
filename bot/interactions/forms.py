"""Forms that ask for a text. Nothing of one is kept but its custom id, so that it can be sent in after any restart."""

import re
from typing import Any

import discord
from discord import ui

Interaction = discord.Interaction[Any]

#: Characters that Discord takes in one text.
MOST_CHARACTERS = 4000
_TEXT = "text"


def fits(text: str, most: int = MOST_CHARACTERS) -> bool:
    """Tell whether a form can hold a text. Clients count characters beyond U+FFFF twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 <= most


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
    """Open a form with one text to be changed: title and label of at most 45 characters, a description of 100."""
    field = ui.TextInput[Any](
        custom_id=_TEXT, style=discord.TextStyle.long, default=text or None, max_length=most, required=required
    )
    form = ui.Modal(title=title, custom_id=custom_id)
    form.add_item(ui.Label(text=label, description=description, component=field))
    # discord.py keeps none that was stopped; `sent` finds what comes back.
    form.stop()
    await interaction.response.send_modal(form)


def sent(interaction: Interaction, pattern: re.Pattern[str]) -> tuple[re.Match[str], str] | None:
    """Return the parts of the custom id and the text, if this is a form that was sent in and its id fits."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return None
    data: Any = interaction.data
    found = pattern.fullmatch(data["custom_id"])
    return (found, _text(data["components"])) if found else None


def _text(components: list[dict[str, Any]]) -> str:
    for component in components:
        inner = component.get("component", {})
        if inner.get("custom_id") == _TEXT:
            return str(inner["value"])
    return ""
