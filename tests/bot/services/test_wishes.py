"""What was said comes before a member's defaults, and those before the model's."""

import msgspec
import pytest

from bot.services.drafts import Draft
from bot.services.sizes import Pixels, Ratio
from bot.services.styles import STYLES
from bot.services.wishes import Wish, count_of, named_model, order_of
from bot.texts import Mistake
from inference.protocol.recipe import ContentHash
from storage.members import Defaults
from tests.clockwork import MODEL

OTHER = msgspec.structs.replace(MODEL, hash=ContentHash("d" * 64), name="other", default_width=128, default_height=128)
VAE = msgspec.structs.replace(MODEL, hash=ContentHash("e" * 64), name="a vae", kind="vae")
MODELS = (VAE, MODEL, OTHER)
NOTHING = Defaults()


def wish(size: Pixels | Ratio | None = None, count: int | None = None, style: str | None = None, **said: str) -> Wish:
    return Wish(draft=Draft(prompt="a cat", **said), size=size, count=count, style=style)  # type: ignore[arg-type]


def test_models() -> None:
    usual = Defaults(model="other")
    assert order_of(wish(), NOTHING, MODELS, {}).recipe.model == MODEL.hash
    assert order_of(wish(), usual, MODELS, {}).recipe.model == OTHER.hash
    assert order_of(wish(model="Clockwork"), usual, MODELS, {}).recipe.model == MODEL.hash
    assert order_of(wish(), Defaults(model="gone"), MODELS, {}).recipe.model == MODEL.hash


def test_sizes() -> None:
    usual = Defaults(width=256, height=64)
    sizes = [
        order_of(asked, defaults, MODELS, {}).recipe
        for asked, defaults in (
            (wish(model="other"), NOTHING),
            (wish(), usual),
            (wish(size=Pixels(64, 128)), usual),
            (wish(size=Ratio(1, 1), model="other"), usual),
        )
    ]
    assert [(recipe.width, recipe.height) for recipe in sizes] == [(128, 128), (256, 64), (64, 128), (128, 128)]


def test_counts() -> None:
    assert [count_of(wish(), NOTHING), count_of(wish(), Defaults(count=3)), count_of(wish(count=2), NOTHING)] == [
        1,
        3,
        2,
    ]


def test_styles_go_around_both_prompts() -> None:
    recipe = order_of(wish(style="Ink", negative_prompt="dogs"), NOTHING, MODELS, STYLES).recipe
    assert recipe.prompt == "ink drawing of a cat, bold lines, black and white"
    assert recipe.negative_prompt == "dogs, photo, colour"


def test_a_vae_is_no_model() -> None:
    with pytest.raises(Mistake) as caught:
        named_model("a vae", MODELS)
    assert caught.value.key == "no_model"
    with pytest.raises(Mistake) as caught:
        order_of(wish(), NOTHING, (VAE,), {})
    assert caught.value.key == "no_models"
