"""What a member says with a command, and what stands in where nothing was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.errors import UserError
from bot.services.drafts import Draft, Order, find_model, order
from bot.services.sizes import Pixels, Ratio, pixels_of
from bot.services.styles import Style, find_style
from bot.texts import Mistake
from inference.protocol.messages import ModelInfo
from inference.protocol.names import SAMPLER_NAMES, UnknownName, nearest, split_sampler
from storage.members import Defaults


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A command's options. None where nothing was said: the member's defaults stand in, and then the model's."""

    draft: Draft
    size: Pixels | Ratio | None = None
    count: int | None = None
    style: str | None = None


def count_of(wish: Wish, defaults: Defaults) -> int:
    """Return how many pictures are wanted."""
    return wish.count or defaults.count or 1


def order_of(wish: Wish, defaults: Defaults, models: Sequence[ModelInfo], styles: Mapping[str, Style]) -> Order:
    """Return the complete recipe. Raises UserError and OutOfRange."""
    draft = wish.draft
    if draft.model is not None:
        model = named_model(draft.model, models)
    else:
        model = usual_model(defaults.model, installed(models))
    if draft.sampler is not None:
        _require_sampler(draft.sampler)
    size = wish.size
    if size is None and defaults.width is not None and defaults.height is not None:
        size = Pixels(defaults.width, defaults.height)
    if size is not None:
        pixels = pixels_of(size, model.default_width, model.default_height)
        draft = replace(draft, width=pixels.width, height=pixels.height)
    if wish.style:
        style = find_style(wish.style, styles)
        draft = replace(
            draft,
            prompt=style.around(draft.prompt or ""),
            negative_prompt=style.around_negative(draft.negative_prompt or ""),
        )
    return order(replace(draft, model=model.name), models)


def installed(models: Sequence[ModelInfo]) -> list[ModelInfo]:
    """Return the models that paint by themselves. Raises Mistake where there is none."""
    checkpoints = [info for info in models if info.kind == "checkpoint"]
    if not checkpoints:
        raise Mistake("no_models")
    return checkpoints


def named_model(name: str, models: Sequence[ModelInfo]) -> ModelInfo:
    """Return the model of a name, or whose hash begins so. Raises Mistake that names the nearest."""
    checkpoints = installed(models)
    try:
        return find_model(name, checkpoints)
    except UserError as error:
        raise unknown("model", name, [info.name for info in checkpoints]) from error


def usual_model(name: str | None, checkpoints: Sequence[ModelInfo]) -> ModelInfo:
    """Return the model of a member's default, or the first; a default that is gone is passed over."""
    return next((info for info in checkpoints if info.name == name), checkpoints[0])


def unknown(kind: str, name: str, known: Sequence[str]) -> Mistake:
    """Return the mistake of a name that nothing has: the texts `no_KIND` and `no_KIND_near`."""
    near = nearest(name, known)
    return Mistake(f"no_{kind}_near", name=name, near=", ".join(near)) if near else Mistake(f"no_{kind}", name=name)


def _require_sampler(name: str) -> None:
    try:
        split_sampler(name)
    except UnknownName as error:
        raise unknown("sampler", name, list(SAMPLER_NAMES.values())) from error
