"""The form with the words of a style. Nothing of it is kept but its custom id: it can be sent in after any restart."""

from typing import Any

import discord
from discord import ui

from bot.interactions.forms import MOST_CHARACTERS, fits
from bot.services.styles import Listed
from bot.texts import Mistake, say
from bot.ui.custom_ids import STYLE, style_id

Interaction = discord.Interaction[Any]

_PROMPT, _NEGATIVE = "prompt", "negative"


async def open_form(interaction: Interaction, listed: Listed, locale: str | None) -> None:
    """Open the form for a style that is kept. Raises Mistake where its words are too long for one."""
    style, stored = listed.style, listed.stored
    if stored is None or not (fits(style.prompt) and fits(style.negative)):
        raise Mistake("style_too_long", name=listed.name)
    form = ui.Modal(title=say("style_form", locale), custom_id=style_id(stored.id))
    form.add_item(_field(_PROMPT, say("style_form_prompt", locale), listed.name, style.prompt))
    form.add_item(_field(_NEGATIVE, say("style_form_negative", locale), None, style.negative))
    # discord.py keeps none that was stopped; `sent` finds what comes back.
    form.stop()
    await interaction.response.send_modal(form)


def sent(interaction: Interaction) -> tuple[int, str, str] | None:
    """Return the style's id, its words and what it keeps out, if this is the form that was sent in."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return None
    data: Any = interaction.data
    found = STYLE.fullmatch(data["custom_id"])
    if found is None:
        return None
    inner = [component.get("component", {}) for component in data["components"]]
    texts = {field.get("custom_id"): str(field.get("value", "")) for field in inner}
    return int(found["id"]), texts.get(_PROMPT, ""), texts.get(_NEGATIVE, "")


def _field(name: str, label: str, description: str | None, text: str) -> ui.Label[ui.Modal]:
    field = ui.TextInput[ui.Modal](
        custom_id=name,
        style=discord.TextStyle.long,
        default=text or None,
        max_length=MOST_CHARACTERS,
        required=False,
    )
    return ui.Label(text=label, description=description, component=field)
