"""The form that paints a picture over, or a part of it. Nothing of it is kept but its custom id."""

from typing import Any

import discord

from bot.interactions import forms
from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.interactions.files import Sent
from bot.interactions.forms import Filled, Part, file_part, fits, text_part
from bot.interactions.uploads import looked_at, mark_of
from bot.rooms import Rooms
from bot.services.drafts import Draft
from bot.services.edits import Source
from bot.services.requests import acknowledged
from bot.services.wishes import Wish
from bot.texts import Mistake, say
from bot.ui.custom_ids import EDIT, edit_id
from inference.protocol.marks import Mark
from inference.protocol.messages import JobId
from inference.protocol.recipe import prompt_of

Interaction = discord.Interaction[Any]

_PROMPT, _AREA, _COLOUR, _MASK, _STRENGTH = "prompt", "area", "colour", "mask", "strength"
#: Characters of the short fields.
_SHORT = 100


def parts(prompt: str, locale: str | None) -> list[Part]:
    """Return the form's fields."""
    short = [
        text_part(
            name, say(f"edit_{name}", locale), description=say(f"edit_{name}_hint", locale), long=False, most=_SHORT
        )
        for name in (_AREA, _COLOUR, _STRENGTH)
    ]
    file = file_part(_MASK, say("edit_mask", locale), say("edit_mask_hint", locale))
    words = text_part(_PROMPT, say("edit_prompt", locale), prompt if fits(prompt) else "", required=True)
    return [words, short[0], short[1], file, short[2]]


def meant(form: Filled) -> tuple[Wish, Mark | Sent | None]:
    """Return what a form says, and the part of the picture that it means. Raises Mistake."""
    strength = form.texts.get(_STRENGTH, "").strip().replace(",", ".")
    try:
        share = float(strength) if strength else None
    except ValueError as error:
        raise Mistake("edit_no_strength", text=strength) from error
    said = Wish(draft=Draft(prompt=form.texts.get(_PROMPT) or None, strength=share))
    return said, mark_of(form.texts.get(_AREA), form.texts.get(_COLOUR), form.files.get(_MASK))


async def open_form(interaction: Interaction, job_id: JobId, index: int) -> None:
    """Open the form of one of a job's pictures. Raises Mistake for what is gone, or not allowed."""
    actor, rooms = actor_of(interaction), interaction.client.rooms
    _, image = await rooms.originals.pressed(job_id, index, actor)
    title = say("edit_title", actor.locale)
    await forms.open_form(interaction, edit_id(job_id, index), title, parts(prompt_of(image.recipe), actor.locale))


def sent(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is the form that was sent in."""
    return forms.filled(interaction, EDIT)


async def paint(interaction: Interaction, rooms: Rooms, form: Filled) -> None:
    """Paint what the form of one of our pictures says. Raises Mistake, and as `Edits.inpaint` does."""
    actor = actor_of(interaction)
    job, image = await rooms.originals.pressed(JobId(form.found["job"]), int(form.found["index"]), actor)
    said, mark = meant(form)
    await acknowledging(interaction, job.private)()
    source = rooms.edits.of_ours(image, await rooms.originals.place(job))
    await edit(interaction, source, await rooms.gallery.content(image), said, mark, job.private)


async def edit(
    interaction: Interaction, source: Source, data: bytes, said: Wish, mark: Mark | Sent | None, private: bool
) -> None:
    """Paint a picture over, or the part of it that is meant. Acknowledge first. Raises as `paint` does."""
    edits, actor, target = interaction.client.rooms.edits, actor_of(interaction), target_of(interaction, private)
    if mark is None:
        await edits.restyle(source, said, actor, target, acknowledged)
        return
    looked = await looked_at(interaction, "picture.png", data, mark)
    if looked.mask is None:
        raise Mistake("mask_nothing", name="picture.png")
    await edits.inpaint(source, looked.mask, said, actor, target, acknowledged)
