"""The form that changes how a picture was made. Nothing of it is kept but its custom id."""

from typing import Any

import discord
from discord import ui

from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.interactions.forms import MOST_CHARACTERS, fits
from bot.rooms import Rooms
from bot.services.generation import Remixed
from bot.services.sizes import parse_size
from bot.texts import Mistake, say
from bot.ui.custom_ids import REMIX, remix_id
from inference.protocol.messages import JobId
from inference.protocol.names import SAMPLER_NAMES

Interaction = discord.Interaction[Any]

_PROMPT, _NEGATIVE, _MODEL, _SAMPLER, _SIZE = "prompt", "negative", "model", "sampler", "size"
#: Characters of the short fields.
_SHORT = 100
#: Discord's own: options of a select.
_MOST_OPTIONS = 25


async def open_form(interaction: Interaction, rooms: Rooms, job_id: JobId, index: int) -> None:
    """Open the form of one of a job's pictures. Raises Mistake for what is gone, and for texts too long for a form."""
    actor = actor_of(interaction)
    _, image = await rooms.generation.picture(job_id, index, actor)
    recipe, locale = image.recipe, actor.locale
    if not (fits(recipe.prompt) and fits(recipe.negative_prompt)):
        raise Mistake("remix_too_long", most=MOST_CHARACTERS)
    form = ui.Modal(title=say("remix_title", locale), custom_id=remix_id(job_id, index))
    for name, text in ((_PROMPT, recipe.prompt), (_NEGATIVE, recipe.negative_prompt)):
        field = ui.TextInput[Any](
            custom_id=name,
            style=discord.TextStyle.long,
            default=text or None,
            max_length=MOST_CHARACTERS,
            required=name == _PROMPT,
        )
        form.add_item(ui.Label(text=say(f"remix_{name}", locale), component=field))
    form.add_item(ui.Label(text=say("remix_model", locale), component=_models(rooms, recipe.model)))
    for name, text in (
        (_SAMPLER, SAMPLER_NAMES[recipe.sampler]),
        (_SIZE, f"{recipe.width}x{recipe.height}"),
    ):
        short = ui.TextInput[Any](custom_id=name, default=text, max_length=_SHORT, required=False)
        form.add_item(ui.Label(text=say(f"remix_{name}", locale), component=short))
    # discord.py keeps none that was stopped; `sent` finds what comes back, after any restart.
    form.stop()
    await interaction.response.send_modal(form)


def _models(rooms: Rooms, present: str) -> ui.Select[Any]:
    """Return a select of the models that paint by themselves, the present one chosen and always among them."""
    every = [info for info in rooms.dispatcher.models if info.kind == "checkpoint"]
    every.sort(key=lambda info: info.hash != present)
    options = [
        discord.SelectOption(label=info.name[:_SHORT], value=info.name[:_SHORT], default=info.hash == present)
        for info in every[:_MOST_OPTIONS]
    ]
    return ui.Select(custom_id=_MODEL, options=options, min_values=0, max_values=1, required=False)


def sent(interaction: Interaction) -> tuple[JobId, int, dict[str, str]] | None:
    """Return the picture and the fields, if this is the form that was sent in."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return None
    data: Any = interaction.data
    if (found := REMIX.fullmatch(data["custom_id"])) is None:
        return None
    fields = {}
    for part in (component.get("component", {}) for component in data["components"]):
        values = part.get("values", [part.get("value", "")])
        fields[str(part.get("custom_id"))] = str(values[0]) if values else ""
    return JobId(found["job"]), int(found["index"]), fields


async def paint(interaction: Interaction, rooms: Rooms, job_id: JobId, index: int, fields: dict[str, str]) -> None:
    """Paint what the form says. Raises as `Generation.remix` does."""
    actor = actor_of(interaction)
    private = (await rooms.generation.picture(job_id, index, actor))[0].private
    size = fields.get(_SIZE, "").strip()
    changed = Remixed(
        prompt=fields.get(_PROMPT, ""),
        negative_prompt=fields.get(_NEGATIVE, ""),
        model=fields.get(_MODEL) or None,
        sampler=fields.get(_SAMPLER, "").strip() or None,
        size=parse_size(size) if size else None,
    )
    acknowledge = acknowledging(interaction, private)
    await rooms.generation.remix(job_id, index, changed, actor, target_of(interaction, private), acknowledge)
