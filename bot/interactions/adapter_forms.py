"""Forms for LoRAs and embeddings. Nothing of one is kept but its custom id."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.interactions.adapter_views import card
from bot.interactions.answers import actor_of, show
from bot.interactions.bringing import Brought, bring
from bot.interactions.forms import Filled, file_part, filled, menu_part, open_form, text_part
from bot.rooms import Rooms
from bot.services.adapter_shelves import Seen
from bot.services.adapter_values import triggers_of
from bot.services.requests import Actor
from bot.texts import Mistake, say
from bot.ui import custom_ids
from storage.adapters import MAX_DESCRIPTION, MAX_NAME, MAX_TRIGGER, MAX_TRIGGERS, Visibility

Interaction = discord.Interaction[Any]

_FILE, _NAME, _TRIGGERS, _WEIGHT, _VISIBILITY, _DESCRIPTION = (
    *("file", "name", "triggers", "weight", "visibility", "description"),
)
_VISIBILITIES: tuple[Visibility, ...] = ("private", "server", "public")


async def open_add_form(interaction: Interaction) -> None:
    """Open the form that takes a file. Raises Mistake for who may bring none, before they fill it in."""
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    rooms.adapters.room(actor)
    locale = actor.locale
    parts = [
        file_part(_FILE, say("loras_form_file", locale), say("loras_form_file_hint", locale)),
        text_part(
            _NAME, say("loras_form_name", locale), description=say("loras_form_name_hint", locale), long=False, most=64
        ),
        _triggers_part((), locale),
        _weight_part("", locale),
        _visibility_part(rooms, actor, "private"),
    ]
    await open_form(interaction, custom_ids.ADAPTER_ADD_ID, say("loras_form_title", locale), parts)


def added(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is the form that takes a file."""
    return filled(interaction, custom_ids.ADAPTER_ADD)


async def bring_filled(interaction: Interaction, form: Filled) -> None:
    """Bring what a form says. Raises as `bring` does."""
    file = form.files.get(_FILE)
    if file is None:
        raise Mistake("loras_no_file")
    words = form.texts.get(_TRIGGERS, "")
    brought = Brought(
        source=file,
        name=form.texts.get(_NAME, "").strip() or None,
        triggers=triggers_of(words) if words.strip() else None,
        weight=weight_of(form.texts.get(_WEIGHT, "")),
        visibility=_visibility(form.texts.get(_VISIBILITY, "")),
    )
    await bring(interaction, brought)


async def open_edit_form(interaction: Interaction, one: Seen) -> None:
    """Open the form that changes what is said of somebody's own."""
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    locale = actor.locale
    parts = [
        text_part(_NAME, say("loras_form_name", locale), one.name, long=False, most=MAX_NAME, required=True),
        text_part(_DESCRIPTION, say("loras_form_description", locale), one.description, most=MAX_DESCRIPTION),
        _triggers_part(one.triggers, locale),
        _weight_part(f"{one.weight:g}", locale),
        _visibility_part(rooms, actor, one.visibility),
    ]
    title = say("loras_form_edit", locale)
    await open_form(interaction, custom_ids.adapter_edit_id(one.id), title, parts)


def edited(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is the form that changes one."""
    return filled(interaction, custom_ids.ADAPTER_EDIT)


async def edit_filled(interaction: Interaction, form: Filled) -> None:
    """Change what a form says. Raises Mistake, StorageError."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    number = int(form.found["id"])
    before = rooms.adapters.editable_by_id(actor, number)
    changed = await rooms.adapters.edit(
        actor,
        number,
        name=form.texts.get(_NAME, before.name),
        description=form.texts.get(_DESCRIPTION, ""),
        triggers=triggers_of(form.texts.get(_TRIGGERS, "")),
        weight=weight_of(form.texts.get(_WEIGHT, "")),
    )
    wanted = _visibility(form.texts.get(_VISIBILITY, ""), before.visibility)
    if wanted != changed.visibility:
        changed = await rooms.adapters.share(actor, number, wanted)
    view, files = await card(interaction.client, changed, actor, say("loras_changed", actor.locale))
    await show(interaction, view, files)


def weight_of(text: str) -> float:
    """Return a weight that somebody wrote; nothing is 1. Raises Mistake."""
    if not text.strip():
        return 1.0
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise Mistake("adapters_weight", text=text.strip(), most="2") from None


def _triggers_part(words: Sequence[str], locale: str | None) -> ui.Label[Any]:
    label, hint = say("loras_form_triggers", locale), say("loras_form_triggers_hint", locale)
    most = MAX_TRIGGERS * (MAX_TRIGGER + 2)
    return text_part(_TRIGGERS, label, ", ".join(words), description=hint, long=False, most=most)


def _weight_part(text: str, locale: str | None) -> ui.Label[Any]:
    label, hint = say("loras_form_weight", locale), say("loras_form_weight_hint", locale)
    return text_part(_WEIGHT, label, text, description=hint, long=False, most=10)


def _visibility_part(rooms: Rooms, actor: Actor, chosen: Visibility) -> ui.Label[Any]:
    offered = [
        each
        for each in _VISIBILITIES
        if each in ("private", chosen)
        or (each == "server" and actor.guild_id is not None)
        or (each == "public" and rooms.adapters.limits.public)
    ]
    options = [(say(f"loras_visibility_{each}", actor.locale), each) for each in offered]
    return menu_part(_VISIBILITY, say("loras_form_visibility", actor.locale), options, chosen)


def _visibility(text: str, otherwise: Visibility = "private") -> Visibility:
    return next((each for each in _VISIBILITIES if each == text), otherwise)
