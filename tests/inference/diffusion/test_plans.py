"""Which texts pull at which step."""

import msgspec
import pytest

from inference.diffusion.plans import plan
from inference.families.texts import Text
from inference.protocol.limits import OutOfRange
from inference.protocol.recipe import HiresFix, Regions
from tests.sample_requests import recipe


def positives(prompt: str, steps: int = 10, negative: str = "") -> list[list[Text]]:
    asked = msgspec.structs.replace(recipe(), prompt=prompt, negative_prompt=negative, steps=steps)
    found = plan(asked)
    return [[scheduled.at(step) for scheduled, _ in found.positives] for step in range(steps)]


def test_a_plain_prompt_is_one_text() -> None:
    found = plan(msgspec.structs.replace(recipe(), prompt="a cat", negative_prompt="blurry"))
    assert found.texts == ("a cat", "blurry")
    assert found.is_plain


def test_an_edit_switches_after_its_step() -> None:
    assert positives("[red:blue:3] ball", 6) == [["red ball"]] * 3 + [["blue ball"]] * 3
    assert positives("[red:blue:0.5] ball", 6) == [["red ball"]] * 3 + [["blue ball"]] * 3


def test_an_alternation_goes_round() -> None:
    assert positives("[red|blue] ball", 4) == [["red ball"], ["blue ball"], ["red ball"], ["blue ball"]]


def test_and_splits_into_texts_with_weights() -> None:
    found = plan(msgspec.structs.replace(recipe(), prompt="a cat :1.5 AND [a:b:1] dog", negative_prompt="", steps=2))
    assert [weight for _, weight in found.positives] == [1.5, 1.0]
    assert [scheduled.at(0) for scheduled, _ in found.positives][1] == " a dog"
    assert [scheduled.at(1) for scheduled, _ in found.positives][1] == " b dog"
    assert not found.is_plain


def test_the_negative_prompt_is_edited_too_and_never_split() -> None:
    asked = msgspec.structs.replace(recipe(), prompt="x", negative_prompt="[a:b:1] AND c", steps=3)
    negative = plan(asked).negative
    assert [negative.at(step) for step in range(3)] == ["a AND c", "b AND c", "b AND c"]


def test_steps_beyond_the_last_keep_the_last_text() -> None:
    found = plan(msgspec.structs.replace(recipe(), prompt="[a:b:1]", steps=2))
    assert found.positives[0][0].at(99) == "b"


def test_the_second_pass_counts_on() -> None:
    asked = msgspec.structs.replace(
        recipe(), prompt="[a:b:1.5]", steps=4, hires=HiresFix(width=128, height=128, strength=0.5, steps=6)
    )
    first, second = plan(asked), plan(asked, second_pass=True)
    assert [first.positives[0][0].at(step) for step in range(4)] == ["a"] * 4
    assert [second.positives[0][0].at(step) for step in range(6)] == ["a"] * 3 + ["b"] * 3


def test_more_texts_than_rows_can_bear_are_refused() -> None:
    asked = msgspec.structs.replace(recipe(), prompt=" AND ".join("abcdefghi"))
    with pytest.raises(OutOfRange, match="9 texts joined by AND, but must be at most 8"):
        plan(asked)


def test_more_changes_than_are_worth_reading_are_refused() -> None:
    wheels = " ".join(f"[{'|'.join(f'w{wheel}x{word}' for word in range(wheel))}]" for wheel in (7, 11, 13))
    asked = msgspec.structs.replace(recipe(), prompt=wheels, steps=300)
    with pytest.raises(OutOfRange, match="301 different texts over its steps"):
        plan(asked)


def test_samplers_that_ask_twice_a_step_count_double() -> None:
    """AUTOMATIC1111 counts evaluations: its steps of Heun and the like are twice as many."""
    asked = msgspec.structs.replace(recipe(), prompt="[a:b:4] [c:d:0.5]", steps=6, sampler="heun")
    texts = [plan(asked).positives[0][0].at(evaluation) for evaluation in range(12)]
    assert texts == ["a c"] * 4 + ["b c"] * 2 + ["b d"] * 6


def test_a_style_prompt_is_read_by_the_second_encoder() -> None:
    asked = msgspec.structs.replace(recipe(), prompt="[a:b:2]", style_prompt="[x:y:1]", negative_prompt="n", steps=3)
    found = plan(asked)
    assert [found.positives[0][0].at(step) for step in range(3)] == [("a", "x"), ("a", "y"), ("b", "y")]
    assert found.negative.at(0) == "n"


def test_regions_need_a_text_each_and_perhaps_one_for_all() -> None:
    columns = Regions(direction="columns", ratios=(1, 2))
    for prompt in ("a AND b", "a AND b AND c"):
        assert plan(msgspec.structs.replace(recipe(), prompt=prompt, regions=columns)).regions == columns
    for prompt in ("a", "a AND b AND c AND d"):
        with pytest.raises(OutOfRange, match="joined by AND"):
            plan(msgspec.structs.replace(recipe(), prompt=prompt, regions=columns))
