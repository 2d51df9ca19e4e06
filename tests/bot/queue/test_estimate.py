"""How long pictures take is learned from those that are finished."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.queue.estimate import Estimator, passes, rows_of
from inference.protocol.recipe import Blend, Detail, HiresFix, ImageToImage, Inpaint, Instruct, Outpaint, TextToImage
from tests.bot.queue.units import A, B, C


def text(**changes: Any) -> TextToImage:
    plain: dict[str, Any] = {"prompt": "a red circle", "model": A, "width": 512, "height": 512, "steps": 20}
    plain |= {"sampler": "euler", "schedule": "normal", "guidance_scale": 5.0, "seed": 1}
    return TextToImage(**(plain | changes))


def image(kind: Any = ImageToImage, **changes: Any) -> ImageToImage | Inpaint | Outpaint:
    plain = msgspec.structs.asdict(text())
    del plain["hires"]
    if kind is Inpaint:
        plain["mask"] = B
    return kind(**(plain | {"image": A} | changes))


def blend(**changes: Any) -> Blend:
    fields = msgspec.structs.asdict(image(**changes))
    for name in ("image", "fit"):
        del fields[name]
    return Blend(**fields, images=(A, A))


def teach(estimator: Estimator, recipe: TextToImage, seconds: float, times: int = 3, rows: int = 2) -> None:
    for _ in range(times):
        estimator.learn(recipe, "sd1", rows, seconds)


# What a picture asks of the network ---------------------------------------------------------------------------------


def test_guidance_makes_two_rows() -> None:
    assert (rows_of(text()), rows_of(text(guidance_scale=1.0))) == (2, 1)
    assert rows_of(text(prompt="a AND b :0.5 AND c")) == 4
    assert rows_of(text(prompt="a :0.5", guidance_scale=1.0)) == 2


def test_an_instruction_has_a_row_that_does_not_see_its_picture() -> None:
    def rows(**changes: Any) -> int:
        return rows_of(image(Instruct, **changes))

    assert (rows(), rows(guidance_scale=1.0), rows(prompt="a AND b")) == (3, 3, 4)
    assert (rows(image_guidance_scale=1.0), rows(image_guidance_scale=1.0, guidance_scale=1.0)) == (2, 1)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (text(), [(512, 512, 22)]),
        (text(sampler="heun"), [(512, 512, 42)]),
        (text(sampler="dpm_adaptive", steps=10), [(512, 512, 32)]),
        (image(strength=0.5), [(512, 512, 12)]),
        (image(Inpaint, strength=1.0), [(512, 512, 22)]),
        (image(Outpaint, strength=0.5, left=64), [(512, 512, 12)]),
        (image(Detail, strength=0.5, full_width=1024, full_height=512), [(512, 512, 3 * 12)]),
        (blend(strength=0.5), [(512, 512, 12)]),
        (text(hires=HiresFix(width=1024, height=768, strength=0.5)), [(512, 512, 22), (1024, 768, 12)]),
        (
            text(hires=HiresFix(width=1024, height=768, strength=0.5, steps=40, sampler="dpm2")),
            [(512, 512, 22), (1024, 768, 42)],
        ),
    ],
)
def test_evaluations_are_those_of_the_sampler_and_two_for_the_work_around(recipe: Any, expected: Any) -> None:
    assert passes(recipe) == expected


def test_a_picture_in_tiles_teaches_nothing() -> None:
    estimator = Estimator()
    estimator.learn(image(Detail, full_width=1024, full_height=512), "sd1", 8, 1000.0)
    assert estimator.to_json() == Estimator().to_json()


# Before anything is learned -----------------------------------------------------------------------------------------


def test_before_anything_is_learned_more_work_takes_longer() -> None:
    estimator = Estimator()
    plain = estimator.predict(text(), "sd1")
    assert 0.5 < plain < 30
    assert estimator.predict(text(steps=40), "sd1") > 1.7 * plain
    assert estimator.predict(text(width=1024, height=1024), "sd1") > 4 * plain
    assert estimator.predict(text(hires=HiresFix(width=1024, height=1024)), "sd1") > 2 * plain
    assert estimator.predict(text(guidance_scale=1.0), "sd1") < 0.7 * plain
    assert estimator.predict(image(strength=0.5), "sd1") < 0.7 * plain
    assert estimator.predict(text(), "sdxl") > plain


def test_a_family_that_is_not_known_has_a_guess_too() -> None:
    assert Estimator().predict(text(), "flux") == Estimator().predict(text(), "sd1")


# Learning -----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 1000), st.sampled_from([256, 512, 768]), st.integers(1, 60), st.integers(2, 16))
def test_after_two_pictures_their_like_is_known(seconds: float, side: int, steps: int, rows: int) -> None:
    estimator, recipe = Estimator(), text(width=side, height=side, steps=steps)
    teach(estimator, recipe, seconds, times=2, rows=rows)
    assert estimator.batch_seconds(recipe, "sd1", rows) == pytest.approx(seconds)


def test_models_and_sizes_are_learned_apart() -> None:
    """A machine on which the models differ by 10, and the large size takes longer than pixels tell."""
    estimator = Estimator()
    large = {"width": 1024, "height": 1024}
    truth = {
        (A, 512): (text(model=A), 2.0),
        (A, 1024): (text(model=A, **large), 30.0),
        (B, 512): (text(model=B), 20.0),
        (B, 1024): (text(model=B, **large), 90.0),
    }
    chance = random.Random(1)
    for _ in range(200):
        recipe, seconds = chance.choice(list(truth.values()))
        estimator.learn(recipe, "sd1", 2, seconds * chance.uniform(0.9, 1.1))
    for recipe, seconds in truth.values():
        assert estimator.predict(recipe, "sd1") == pytest.approx(seconds, rel=0.1)
        assert estimator.predict(
            text(model=recipe.model, width=recipe.width, height=recipe.height, steps=42), "sd1"
        ) == (pytest.approx(2 * seconds, rel=0.1))


def test_what_is_known_of_one_size_helps_with_others_and_of_one_model_with_unknown_ones() -> None:
    """The machine is ten times slower than the first guess, and model B twice that."""
    guess, estimator = Estimator(), Estimator()
    for recipe, slower in ((text(model=A), 10.0), (text(model=B), 20.0)):
        teach(estimator, recipe, slower * guess.predict(recipe, "sd1"), times=15)
        wide = text(model=recipe.model, width=768, height=640)
        assert estimator.predict(wide, "sd1") == pytest.approx(slower * guess.predict(wide, "sd1"))
    unknown = text(model=C)
    assert 10 <= estimator.predict(unknown, "sd1") / guess.predict(unknown, "sd1") <= 20
    assert 10 <= estimator.predict(unknown, "sdxl") / guess.predict(unknown, "sdxl") <= 20


def test_rows_are_learned_apart_and_a_picture_is_charged_its_part_of_a_batch() -> None:
    estimator = Estimator()
    teach(estimator, text(), 4.0, rows=2)
    teach(estimator, text(), 8.0, rows=16)
    assert estimator.predict(text(), "sd1") == pytest.approx(4.0)
    assert estimator.predict(text(), "sd1", rows=16) == pytest.approx(1.0)


def test_both_passes_of_a_hires_fix_are_learned() -> None:
    guess, estimator = Estimator(), Estimator()
    recipe = text(hires=HiresFix(width=1024, height=1024))
    teach(estimator, recipe, 5 * guess.predict(recipe, "sd1"))
    for plain in (text(), text(width=1024, height=1024)):
        assert estimator.predict(plain, "sd1") == pytest.approx(5 * guess.predict(plain, "sd1"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-3, 1e5), max_size=7), st.randoms(use_true_random=False))
def test_outliers_move_nothing_while_they_are_fewer_than_half(odd: list[float], chance: random.Random) -> None:
    estimator = Estimator()
    took = [*odd, *[3.0] * (len(odd) + 2)]
    chance.shuffle(took)
    for seconds in took:
        estimator.learn(text(), "sd1", 2, seconds)
    assert estimator.predict(text(), "sd1") == pytest.approx(3.0)


def test_a_machine_that_has_changed_is_learned_anew() -> None:
    estimator = Estimator()
    teach(estimator, text(), 20.0, times=500)
    teach(estimator, text(), 2.0, times=9)
    assert estimator.predict(text(), "sd1") == pytest.approx(2.0)


def test_only_so_many_kinds_are_remembered_and_what_is_used_stays() -> None:
    estimator, often = Estimator(), text(width=512, height=768)
    teach(estimator, often, 7.0, times=15)
    for rows in range(2, 3000):
        estimator.learn(text(), "sd1", rows, 3.0)
        if rows % 500 == 0:
            estimator.learn(often, "sd1", 2, 7.0)
    kept = json.loads(estimator.to_json())["ratios"]
    assert len(kept) == 2000
    assert len(kept[f"model {A} 512x768 rows 2"]) == 15


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_what_cannot_be_is_not_learned(seconds: float) -> None:
    estimator = Estimator()
    with pytest.raises(ValueError, match="seconds is"):
        estimator.learn(text(), "sd1", 2, seconds)
    with pytest.raises(ValueError, match="seconds is"):
        estimator.learn_loading(A, seconds)
    assert estimator.to_json() == Estimator().to_json()


def test_loading_is_learned_by_model_and_guessed_from_others() -> None:
    estimator = Estimator()
    assert estimator.loading_seconds(A) > 0
    for seconds in (4.0, 3.0, 90.0):
        estimator.learn_loading(A, seconds)
    estimator.learn_loading(B, 20.0)
    assert (estimator.loading_seconds(A), estimator.loading_seconds(B)) == (4.0, 20.0)
    assert estimator.loading_seconds(C) == 12.0


# The time of arrival ------------------------------------------------------------------------------------------------


def known() -> Estimator:
    """An estimator of a machine where a picture takes 4 s alone, 5 s in twos, and 8 s in fours."""
    estimator = Estimator()
    for rows, seconds in ((2, 4.0), (4, 5.0), (8, 8.0)):
        teach(estimator, text(), seconds, rows=rows)
    return estimator


@pytest.mark.parametrize(
    ("ahead", "rows", "count", "expected"),
    [
        (0.0, 2, 1, 4.0),
        (0.0, 2, 3, 12.0),
        (0.0, 8, 4, 8.0),
        # Four at a time, and the last one alone.
        (0.0, 8, 5, 12.0),
        (0.0, 4, 4, 10.0),
        (40.0, 2, 1, 44.0),
        # In fours a picture costs half as much as alone.
        (40.0, 8, 4, 28.0),
    ],
)
def test_pictures_ahead_and_own_ones_are_painted_in_batches(
    ahead: float, rows: int, count: int, expected: float
) -> None:
    assert known().eta_seconds(ahead, text(), "sd1", rows, count) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(1, 64), st.integers(1, 20))
def test_more_ahead_never_comes_sooner(ahead: float, more: float, rows: int, count: int) -> None:
    estimator = known()
    sooner = estimator.eta_seconds(ahead, text(), "sd1", rows, count)
    assert 0 < sooner <= estimator.eta_seconds(ahead + more, text(), "sd1", rows, count) + 1e-6


# Keeping ------------------------------------------------------------------------------------------------------------


def test_what_was_learned_is_kept() -> None:
    estimator = known()
    estimator.learn_loading(A, 4.0)
    again = Estimator.from_json(estimator.to_json())
    assert again.to_json() == estimator.to_json()
    assert again.predict(text(), "sd1", 8) == estimator.predict(text(), "sd1", 8)
    assert again.loading_seconds(A) == 4.0
    teach(again, text(), 100.0, times=20)
    assert again.predict(text(), "sd1") == pytest.approx(100.0)


WINDOWS = '{"version": 1, "ratios": %s, "loads": {}}'


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "ratios": {}, "loads": {}}',
        WINDOWS % "[]",
        WINDOWS % '{"all": 1}',
        WINDOWS % '{"all": []}',
        WINDOWS % '{"all": ["x"]}',
        WINDOWS % '{"all": [NaN]}',
        WINDOWS % '{"all": [-1]}',
        WINDOWS % ('{"all": [1' + "0" * 400 + "]}"),
        b"\xff\xfe\xff",
    ],
)
def test_anything_else_is_refused(document: str | bytes) -> None:
    with pytest.raises(ValueError, match="this is not what an estimator learned"):
        Estimator.from_json(document)
