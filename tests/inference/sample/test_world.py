"""The sample world: what is drawn can be read back, and captions say what is there."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference.sample.captions import PLURALS, caption, plain_caption
from inference.sample.classifier import colour_name, components, look, score
from inference.sample.world import (
    COLOURS,
    PLACES,
    SHAPES,
    SIZES,
    Scene,
    Subject,
    arrange,
    coverage,
    held_out,
    random_scene,
    render,
)

seeds = st.integers(0, 2**32)


@settings(max_examples=60, deadline=None)
@given(seeds)
@example(770)
@example(13952)
def test_the_classifier_reads_back_what_was_drawn(seed: int) -> None:
    chance = Random(seed)
    scene = random_scene(chance, allow_held_out=True)
    marks = score(scene, render(scene, chance))
    assert marks["background"]
    assert marks["colour"]
    assert marks["count"]


def test_the_classifier_reads_nearly_every_shape_size_and_place() -> None:
    chance = Random(5)
    scenes = [random_scene(chance, allow_held_out=True) for _ in range(300)]
    marks = [score(scene, render(scene, chance)) for scene in scenes]
    for name, least in {"shape": 0.99, "all": 0.99, "size": 0.95, "place": 0.93, "binding": 1.0}.items():
        judged = [mark[name] for mark in marks if name in mark]
        assert np.mean(judged) >= least, name


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("place", PLACES)
def test_a_wrong_word_is_noticed(shape: str, place: str) -> None:
    drawn = Scene("white", (Subject("red", shape),), place=place)
    picture = render(drawn, Random(1))
    other = SHAPES[(SHAPES.index(shape) + 1) % len(SHAPES)]
    assert not score(Scene("white", (Subject("red", other),)), picture)["shape"]
    assert not score(Scene("white", (Subject("blue", shape),)), picture)["colour"]
    assert not score(Scene("black", (Subject("red", shape),)), picture)["background"]
    assert not score(Scene("white", (Subject("red", shape),), count=2), picture)["count"]


def test_a_swapped_pair_is_no_binding() -> None:
    picture = render(Scene("white", (Subject("red", "circle"), Subject("blue", "square"))), Random(2))
    swapped = score(Scene("white", (Subject("blue", "circle"), Subject("red", "square"))), picture)
    assert swapped["colour"]
    assert swapped["shape"]
    assert not swapped["binding"]


def test_a_plain_picture_shows_no_subject() -> None:
    seen = look(np.full((128, 128, 3), 244, np.uint8))
    assert seen.background == "white"
    assert seen.subjects == ()


def test_areas_that_meet_later_are_one() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:18, 2:5] = mask[2:18, 14:17] = mask[15:18, 2:17] = True
    assert [int(area.sum()) for area in components(mask)] == [int(mask.sum())]


def test_every_colour_is_its_own_nearest() -> None:
    assert [colour_name(rgb) for rgb in COLOURS.values()] == list(COLOURS)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_subjects_lie_within_the_picture(seed: int) -> None:
    chance = Random(seed)
    for placed in arrange(random_scene(chance, allow_held_out=True), chance):
        mask = coverage(placed.subject.shape, placed.x, placed.y, placed.radius)
        whole = coverage(placed.subject.shape, 64, 64, placed.radius)
        assert mask.sum() > 0.95 * whole.sum()


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_training_scenes_hold_nothing_that_is_held_out(seed: int) -> None:
    scene = random_scene(Random(seed))
    assert not any(held_out(scene.background, subject) for subject in scene.subjects)
    assert all(subject.colour != scene.background for subject in scene.subjects)


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_a_plain_caption_says_everything(seed: int) -> None:
    chance = Random(seed)
    scene = random_scene(chance, allow_held_out=True)
    text = plain_caption(scene, chance)
    assert f"{scene.background} background" in text
    for subject in scene.subjects:
        assert (subject.shape if scene.count == 1 else PLURALS[subject.shape]) in text
        assert subject.colour in text
    if scene.size != "medium":
        assert scene.size in text
    if scene.place != "center":
        assert scene.place in text


def test_captions_vary() -> None:
    chance = Random(3)
    scene = Scene("blue", (Subject("red", "circle"),), size="large")
    texts = {caption(scene, chance) for _ in range(200)}
    assert len(texts) > 60
    assert any("huge" in text or "big" in text for text in texts)
    assert any("background" not in text for text in texts)


def test_sizes_do_not_overlap() -> None:
    ranges = sorted(SIZES.values())
    assert all(low[1] < high[0] for low, high in pairwise(ranges))
