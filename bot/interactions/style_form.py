"""The form with the words of a style. Nothing of it is kept but its custom id: it can be sent in after any restart."""

from typing import Any

import discord

from bot.interactions import forms
from bot.interactions.forms import filled, fits, text_part
from bot.services.style_shelves import Listed
from bot.texts import Mistake, say
from bot.ui.custom_ids import STYLE, style_id

Interaction = discord.Interaction[Any]

_PROMPT, _NEGATIVE = "prompt", "negative"


async def open_form(interaction: Interaction, listed: Listed, locale: str | None) -> None:
    """Open the form for a style that is kept. Raises Mistake where its words are too long for one."""
    style, stored = listed.style, listed.stored
    if stored is None or not (fits(style.prompt) and fits(style.negative)):
        raise Mistake("style_too_long", name=listed.name)
    parts = [
        text_part(_PROMPT, say("style_form_prompt", locale), style.prompt, description=listed.name),
        text_part(_NEGATIVE, say("style_form_negative", locale), style.negative),
    ]
    await forms.open_form(interaction, style_id(stored.id), say("style_form", locale), parts)


def sent(interaction: Interaction) -> tuple[int, str, str] | None:
    """Return the style's id, its words and what it keeps out, if this is the form that was sent in."""
    form = filled(interaction, STYLE)
    if form is None:
        return None
    return int(form.found["id"]), form.texts.get(_PROMPT, ""), form.texts.get(_NEGATIVE, "")
