"""What a member says with a command, and what stands in where nothing was said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.errors import UserError
from bot.services.drafts import Draft, Order, find_model, model_for, order
from bot.services.names import named_sampler, unknown
from bot.services.sizes import Pixels, Ratio, parse_size, pixels_of
from bot.services.style_words import Applied
from bot.texts import Mistake
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import Instruct
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


def count_of(wish: Wish, defaults: Defaults) -> int:
    """Return how many pictures are wanted."""
    return wish.count or defaults.count or 1


#: Of a ratio without a model.
_SIDE = 512

#: Puts a prompt and a negative prompt into the styles that they and a text name. Raises Mistake.
Dress = Callable[[str, str, str | None], Applied]


def order_of(
    wish: Wish, defaults: Defaults, models: Sequence[ModelInfo], dress: Dress, server_negative: str = ""
) -> Order:
    """Return the complete recipe; choices in its prompts are still to be made. Raises UserError and OutOfRange.

    What was said goes before what a style chooses, that before the member's defaults, and those before the model's.
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
    model = _model(draft, chosen, defaults, models)
    size = wish.size or (parse_size(chosen.size) if chosen.size and draft.width is None else None)
    if size is None and draft.width is None and draft.like is None and defaults.width and defaults.height:
        size = Pixels(defaults.width, defaults.height)
    if size is not None:
        usual = (_SIDE, _SIDE)
        if draft.like is not None:
            usual = (draft.like.width, draft.like.height)
        elif model is not None:
            usual = (model.default_width, model.default_height)
        pixels = pixels_of(size, *usual)
        draft = replace(draft, width=pixels.width, height=pixels.height)
    return order(draft if model is None else replace(draft, model=model.name), models)


def _model(draft: Draft, chosen: StyleSettings, defaults: Defaults, models: Sequence[ModelInfo]) -> ModelInfo | None:
    """Return the model that is wanted; None for that of the picture that is wanted again."""
    if draft.instruct or isinstance(draft.like, Instruct):
        return model_for(True, draft.model, models) if draft.like is None or draft.model is not None else None
    if draft.model is not None:
        return named_model(draft.model, models)
    if draft.like is not None:
        return None
    return usual_model(chosen.model, installed(models), usual_model(defaults.model, installed(models)))


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
