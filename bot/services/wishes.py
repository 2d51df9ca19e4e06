"""What a member says with a command, and what stands in where nothing was said."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.errors import UserError
from bot.services.drafts import Draft, Order, find_model, model_for, order
from bot.services.names import named_sampler, unknown
from bot.services.sizes import Pixels, Ratio, parse_size, pixels_of
from bot.services.style_words import Applied
from bot.texts import Mistake
from inference.protocol.limits import MIN_SIDE, SIDE_MULTIPLE
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import Instruct
from storage.guilds import Limits
from storage.members import Defaults
from storage.styles import StyleSettings


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A command's options. None where nothing was said: the member's defaults stand in, and then the model's."""

    draft: Draft
    size: Pixels | Ratio | None = None
    count: int | None = None
    #: A style's name, or several with commas between.
    style: str | None = None
    #: A LoRA's or an embedding's name, perhaps with a weight, "ink:0.8", or several with commas between.
    lora: str | None = None
    #: "columns 1:2", "rows": where the texts that AND joins hold.
    regions: str | None = None
    #: How many pictures each combination of the prompt's choices means; None draws one a picture.
    combinations: int | None = None

    @property
    def is_exact(self) -> bool:
        """Tell whether the words of a picture made before are wanted as they are: nothing in them is read again."""
        return self.draft.like is not None and self.draft.prompt is None and self.style is None


def over(said: Wish, other: Wish) -> Wish:
    """Return a wish with what was said, and what another wish says where nothing was."""
    return Wish(**_over(said, other) | {"draft": Draft(**_over(said.draft, other.draft))})


def _over(said: Draft | Wish, other: Draft | Wish) -> dict[str, Any]:
    values = ((each.name, getattr(said, each.name)) for each in fields(said))
    return {name: getattr(other, name) if value is None else value for name, value in values}


_NO_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Here:
    """What a server lets stand in where a member says nothing."""

    #: The models that the member may use there; None: all.
    models: Sequence[ModelInfo] | None = None
    #: That of the server's own choice, by name.
    default_model: str | None = None
    #: Neither a usual size nor the usual steps go beyond these.
    limits: Limits = _NO_LIMITS

    def may_be(self, models: Sequence[ModelInfo]) -> Sequence[ModelInfo]:
        """Return those of some models that may be used; all where none may: what is refused is refused in words."""
        return [info for info in models if self.models is None or info in self.models] or models


EVERYWHERE = Here()


def count_of(wish: Wish, defaults: Defaults, limits: Limits = _NO_LIMITS) -> int:
    """Return how many pictures are wanted: as many as are said, or the usual ones as far as they are allowed."""
    return wish.count or min(defaults.count or 1, limits.count or defaults.count or 1)


#: Of a ratio without a model.
_SIDE = 512

#: Puts a prompt and a negative prompt into the styles that they and a text name. Raises Mistake.
Dress = Callable[[str, str, str | None], Applied]


def order_of(
    wish: Wish,
    defaults: Defaults,
    models: Sequence[ModelInfo],
    dress: Dress,
    server_negative: str = "",
    here: Here = EVERYWHERE,
) -> Order:
    """Return the complete recipe; choices in its prompts are still to be made. Raises UserError and OutOfRange.

    What was said goes before what a style chooses, that before the member's defaults, those before the server's, and
    those before the model's.
    """
    draft, chosen = wish.draft, StyleSettings()
    if wish.is_exact:
        draft = replace(draft, negative_prompt=with_server_words(_negative(draft), server_negative))
    else:
        dressed = dress(_prompt(draft), _negative(draft), wish.style)
        chosen = dressed.settings
        negative = with_server_words(dressed.negative_prompt, server_negative)
        draft = replace(draft, prompt=dressed.prompt, negative_prompt=negative)
    draft = replace(
        draft,
        steps=draft.steps if draft.steps is not None else chosen.steps,
        guidance_scale=draft.guidance_scale if draft.guidance_scale is not None else chosen.guidance,
        sampler=draft.sampler or chosen.sampler,
    )
    if draft.sampler is not None:
        named_sampler(draft.sampler)
    model = _model(draft, chosen, defaults, models, here)
    if draft.steps is None and draft.like is None and model is not None and here.limits.steps is not None:
        draft = replace(draft, steps=min(model.default_steps, here.limits.steps))
    most, unsaid = here.limits.pixels, draft.width is None and draft.like is None
    usual = Pixels(_SIDE, _SIDE)
    if draft.like is not None:
        usual = Pixels(draft.like.width, draft.like.height)
    elif model is not None:
        usual = _within(Pixels(model.default_width, model.default_height), most)
    size = wish.size or (parse_size(chosen.size) if chosen.size and draft.width is None else None)
    if size is None and unsaid and defaults.width and defaults.height:
        size = _within(Pixels(defaults.width, defaults.height), most)
    elif size is None and unsaid and most is not None:
        size = usual
    if size is not None:
        pixels = pixels_of(size, usual.width, usual.height)
        draft = replace(draft, width=pixels.width, height=pixels.height)
    return order(draft if model is None else replace(draft, model=model.name), models)


def _within(size: Pixels, most: int | None) -> Pixels:
    """Return a size of about the same shape with at most so many pixels."""
    if most is None or size.width * size.height <= most:
        return size
    scale = math.sqrt(most / (size.width * size.height))
    width, height = (
        max(MIN_SIDE, int(side * scale) // SIDE_MULTIPLE * SIDE_MULTIPLE) for side in (size.width, size.height)
    )
    return Pixels(width, height)


def _model(
    draft: Draft, chosen: StyleSettings, defaults: Defaults, models: Sequence[ModelInfo], here: Here
) -> ModelInfo | None:
    """Return the model that is wanted; None for that of the picture that is wanted again."""
    if draft.instruct or isinstance(draft.like, Instruct):
        able = [info for info in models if info.instructs]
        known = here.may_be(able) if draft.model is None and able else models
        return model_for(True, draft.model, known) if draft.like is None or draft.model is not None else None
    if draft.model is not None:
        return named_model(draft.model, models)
    if draft.like is not None:
        return None
    usable = here.may_be(installed(models))
    return usual_model(
        chosen.model, usable, usual_model(defaults.model, usable, usual_model(here.default_model, usable))
    )


def with_server_words(negative: str, server_negative: str) -> str:
    """Return a negative prompt with the server's, unless that is in it already."""
    if server_negative.strip() and server_negative.strip() not in negative:
        return _joined(negative, server_negative)
    return negative


def installed(models: Sequence[ModelInfo]) -> list[ModelInfo]:
    """Return the models that paint from words. Raises Mistake where there is none."""
    checkpoints = [info for info in models if info.kind == "checkpoint" and not info.instructs]
    if not checkpoints:
        raise Mistake("no_models")
    return checkpoints


def named_model(name: str, models: Sequence[ModelInfo]) -> ModelInfo:
    """Return the model of a name, or whose hash begins so. Raises Mistake that names the nearest."""
    checkpoints = installed(models)
    try:
        if (found := find_model(name, models)).instructs:
            raise Mistake("model_instructs", name=found.name)
        return found
    except Mistake:
        raise
    except UserError as error:
        raise unknown("model", name, [info.name for info in checkpoints]) from error


def usual_model(name: str | None, checkpoints: Sequence[ModelInfo], otherwise: ModelInfo | None = None) -> ModelInfo:
    """Return the model of a default, or another, or the first; a default that is gone is passed over."""
    return next((info for info in checkpoints if info.name == name), otherwise or checkpoints[0])


def _prompt(draft: Draft) -> str:
    return draft.prompt if draft.prompt is not None else draft.like.prompt if draft.like else ""


def _negative(draft: Draft) -> str:
    if draft.negative_prompt is not None:
        return draft.negative_prompt
    return draft.like.negative_prompt if draft.like else ""


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part.strip())
