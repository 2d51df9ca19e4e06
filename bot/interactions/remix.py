"""The form that changes how a picture was made. Nothing of it is kept but its custom id."""

import re
from typing import Any

import discord

from bot.interactions import forms
from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.interactions.forms import MOST_CHARACTERS, OPTION_CHARACTERS, Filled, Part, fits, menu_part, text_part
from bot.rooms import Rooms
from bot.services.derive import size_of
from bot.services.edits import Remixed
from bot.services.requests import Actor
from bot.services.sizes import RATIOS, parse_size
from bot.texts import Mistake, say
from bot.ui.custom_ids import REMIX, remix_id
from inference.protocol.messages import JobId
from inference.protocol.names import SAMPLER_NAMES
from inference.protocol.recipe import Instruct, Recipe, diffusion_of

Interaction = discord.Interaction[Any]

_WORDS, _MODEL, _STYLE, _SAMPLER, _SIZE = "words", "model", "style", "sampler", "size"
#: As AUTOMATIC1111 writes it.
_NEGATIVE = "Negative prompt:"
_NEGATIVE_LINE = re.compile(r"^[ \t]*Negative prompt:", re.IGNORECASE | re.MULTILINE)


async def open_form(interaction: Interaction, rooms: Rooms, job_id: JobId, index: int) -> None:
    """Open the form of one of a job's pictures. Raises Mistake for what is gone, not allowed, or too long for it."""
    actor = actor_of(interaction)
    _, image = await rooms.originals.pressed(job_id, index, actor)
    known = diffusion_of(image.recipe)
    if known is None:
        raise Mistake("remix_unknown")
    title = say("remix_title", actor.locale)
    await forms.open_form(interaction, remix_id(job_id, index), title, parts(rooms, known, actor))


def parts(rooms: Rooms, recipe: Recipe, actor: Actor) -> list[Part]:
    """Return the form's fields: as many as Discord takes, so both prompts are in one. Raises Mistake for long ones."""
    words, locale = joined(recipe.prompt, recipe.negative_prompt), actor.locale
    if not fits(words):
        raise Mistake("remix_too_long", most=MOST_CHARACTERS)
    told, usable = isinstance(recipe, Instruct), rooms.gatekeeper.models(actor)
    checkpoints = [
        info
        for info in rooms.dispatcher.models
        if info.kind == "checkpoint" and info.instructs == told and (info in usable or info.hash == recipe.model)
    ]
    checkpoints.sort(key=lambda info: info.hash != recipe.model)
    model = next((info.name for info in checkpoints if info.hash == recipe.model), "")
    sampler, size = SAMPLER_NAMES[recipe.sampler], "x".join(map(str, size_of(recipe)))
    styles = list(rooms.styles.visible(actor.member_id, actor.guild_id))
    menus = (
        (_MODEL, [info.name for info in checkpoints], model),
        (_STYLE, styles, ""),
        (_SAMPLER, list(SAMPLER_NAMES.values()), sampler),
        (_SIZE, [size, *RATIOS], size),
    )
    text = text_part(
        _WORDS, say("remix_words", locale), words, description=say("remix_words_hint", locale), required=True
    )
    return [
        text,
        *(
            menu_part(
                name,
                say(f"remix_{name}", locale),
                [(each, each) for each in names if len(each) <= OPTION_CHARACTERS],
                chosen,
            )
            for name, names, chosen in menus
            if names
        ),
    ]


def sent(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is the form that was sent in."""
    return forms.filled(interaction, REMIX)


def meant(form: Filled) -> Remixed:
    """Return what a form says. Raises Mistake for no size."""
    prompt, negative = split(form.texts.get(_WORDS, ""))
    size = form.texts.get(_SIZE, "").strip()
    return Remixed(
        prompt=prompt,
        negative_prompt=negative,
        model=form.texts.get(_MODEL) or None,
        style=form.texts.get(_STYLE) or None,
        sampler=form.texts.get(_SAMPLER) or None,
        size=parse_size(size) if size else None,
    )


async def paint(interaction: Interaction, rooms: Rooms, form: Filled) -> None:
    """Paint what the form says. Raises as `Edits.remix` does."""
    actor = actor_of(interaction)
    job, image = await rooms.originals.pressed(JobId(form.found["job"]), int(form.found["index"]), actor)
    changed = meant(form)
    source = rooms.edits.of_ours(image, await rooms.originals.place(job))
    acknowledge = acknowledging(interaction, job.private)
    await rooms.edits.remix(source, changed, actor, target_of(interaction, job.private), acknowledge)


def joined(prompt: str, negative: str) -> str:
    """Return both prompts as one text."""
    return f"{prompt}\n{_NEGATIVE} {negative}" if negative else prompt


def split(text: str) -> tuple[str, str]:
    """Return the prompt and the negative prompt of a text in which `joined` put them, or somebody like it."""
    prompt, *rest = _NEGATIVE_LINE.split(text, maxsplit=1)
    return (prompt.rstrip() if rest else prompt), "".join(rest).strip()
