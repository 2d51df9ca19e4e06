"""What was said comes before a member's defaults, and those before the model's."""

from dataclasses import replace

import msgspec
import pytest

from bot.services.drafts import Draft
from bot.services.sizes import Pixels, Ratio
from bot.services.style_values import STYLES, Style
from bot.services.style_words import Applied, Weaver
from bot.services.wishes import Here, Wish, count_of, named_model, order_of
from bot.texts import Mistake
from inference.protocol.recipe import ContentHash, Instruct
from storage.guilds import Limits
from storage.members import Defaults
from tests.clockwork import MODEL

OTHER = msgspec.structs.replace(MODEL, hash=ContentHash("d" * 64), name="other", default_width=128, default_height=128)
VAE = msgspec.structs.replace(MODEL, hash=ContentHash("e" * 64), name="a vae", kind="vae")
MODELS = (VAE, MODEL, OTHER)
NOTHING = Defaults()


def dressed(prompt: str, negative: str, style: str | None) -> Applied:
    return Weaver(STYLES).applied(prompt, negative, [style] if style else [])


def plain(prompt: str, negative: str, style: str | None) -> Applied:
    return Weaver({}).applied(prompt, negative, [style] if style else [])


def wish(size: Pixels | Ratio | None = None, count: int | None = None, style: str | None = None, **said: str) -> Wish:
    return Wish(draft=Draft(prompt="a cat", **said), size=size, count=count, style=style)  # type: ignore[arg-type]


def test_models() -> None:
    usual = Defaults(model="other")
    assert order_of(wish(), NOTHING, MODELS, plain).recipe.model == MODEL.hash
    assert order_of(wish(), usual, MODELS, plain).recipe.model == OTHER.hash
    assert order_of(wish(model="Clockwork"), usual, MODELS, plain).recipe.model == MODEL.hash
    assert order_of(wish(), Defaults(model="gone"), MODELS, plain).recipe.model == MODEL.hash


def test_a_model_that_follows_instructions_is_for_them_alone() -> None:
    teller = msgspec.structs.replace(MODEL, hash=ContentHash("f" * 64), name="teller", instructs=True)
    models = (teller, *MODELS)
    for defaults in (NOTHING, Defaults(model="teller")):
        assert order_of(wish(), defaults, models, plain).recipe.model == MODEL.hash
    with pytest.raises(Mistake, match="“teller” only changes pictures"):
        order_of(wish(model="teller"), NOTHING, models, plain)
    told = Wish(draft=Draft(prompt="make it snow", image=b"a picture", instruct=True))
    made = order_of(told, Defaults(model="other"), models, plain).recipe
    assert isinstance(made, Instruct)
    assert made.model == teller.hash
    again = Wish(draft=Draft(like=made, image=b"a picture"))
    assert order_of(again, NOTHING, models, plain).recipe == made
    with pytest.raises(Mistake, match="No model that follows instructions is installed"):
        order_of(told, NOTHING, MODELS, plain)
    with pytest.raises(Mistake, match="“other” is an ordinary model"):
        order_of(Wish(draft=replace(told.draft, model="other")), NOTHING, models, plain)


def test_sizes() -> None:
    usual = Defaults(width=256, height=64)
    sizes = [
        order_of(asked, defaults, MODELS, plain).recipe
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
    recipe = order_of(wish(style="Ink", negative_prompt="dogs"), NOTHING, MODELS, dressed).recipe
    assert recipe.prompt == "ink drawing of a cat, bold lines, black and white"
    assert recipe.negative_prompt == "dogs, photo, colour"


def test_a_vae_is_no_model() -> None:
    with pytest.raises(Mistake) as caught:
        named_model("a vae", MODELS)
    assert caught.value.key == "no_model"
    with pytest.raises(Mistake) as caught:
        order_of(wish(), NOTHING, (VAE,), plain)
    assert caught.value.key == "no_models"


def test_what_was_said_goes_before_a_style_and_a_style_before_the_usual() -> None:
    styles = {"fast": Style(prompt="{prompt}, fast", steps=4, size="64x64", sampler="Heun", model="other")}

    def fast(prompt: str, negative: str, style: str | None) -> Applied:
        return Weaver(styles).applied(prompt, negative, [style] if style else [])

    usual = Defaults(width=256, height=256)
    chosen = order_of(wish(style="fast"), usual, MODELS, fast).recipe
    assert (chosen.steps, chosen.width, chosen.sampler, chosen.model) == (4, 64, "heun", OTHER.hash)
    said = wish(style="fast", size=Pixels(128, 128), steps=9, sampler="Euler", model="clockwork")  # type: ignore[arg-type]
    recipe = order_of(said, usual, MODELS, fast).recipe
    assert (recipe.steps, recipe.width, recipe.sampler, recipe.model) == (9, 128, "euler", MODEL.hash)
    assert recipe.prompt == "a cat, fast"


def test_the_servers_negative_prompt_comes_last_and_once() -> None:
    for said, expected in (("dogs", "dogs, gore"), ("", "gore"), ("no gore please", "no gore please")):
        assert order_of(wish(negative_prompt=said), NOTHING, MODELS, plain, "gore").recipe.negative_prompt == expected


def test_a_picture_wanted_again_keeps_its_words_as_they_are() -> None:
    like = order_of(wish(), NOTHING, MODELS, plain).recipe
    like = msgspec.structs.replace(like, prompt="{a|b} <style:none>", negative_prompt="x", width=128, height=64)
    again = Wish(draft=Draft(like=like, steps=3))
    assert again.is_exact
    recipe = order_of(again, Defaults(width=256, height=256), MODELS, plain, "gore").recipe
    assert (recipe.prompt, recipe.negative_prompt, recipe.steps) == ("{a|b} <style:none>", "x, gore", 3)
    assert (recipe.width, recipe.height, recipe.seed) == (128, 64, like.seed)


def test_what_nobody_said_is_what_the_server_allows() -> None:
    here = Here(models=[OTHER], limits=Limits(steps=3, pixels=64 * 64, count=2))
    recipe = order_of(wish(), Defaults(model=MODEL.name, width=512, height=512), MODELS, plain, here=here).recipe
    assert (recipe.model, recipe.steps, recipe.width, recipe.height) == (OTHER.hash, 3, 64, 64)
    assert order_of(wish(), NOTHING, MODELS, plain, here=here).recipe.width == 64
    assert [count_of(wish(), Defaults(count=count), here.limits) for count in (None, 1, 4)] == [1, 1, 2]
    own = Wish(draft=Draft(prompt="a fox", steps=9, model=MODEL.name))
    said = order_of(own, NOTHING, MODELS, plain, here=here).recipe
    assert (said.model, said.steps) == (MODEL.hash, 9), "what was said is refused in words, or done"


def test_the_servers_default_model_stands_behind_the_members() -> None:
    here = Here(default_model=OTHER.name)
    assert order_of(wish(), NOTHING, MODELS, plain, here=here).recipe.model == OTHER.hash
    assert order_of(wish(), Defaults(model=MODEL.name), MODELS, plain, here=here).recipe.model == MODEL.hash
    nothing_allowed = Here(models=[])
    assert order_of(wish(), NOTHING, MODELS, plain, here=nothing_allowed).recipe.model == MODEL.hash
