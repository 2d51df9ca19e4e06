"""Drawn trees: nothing overlaps, everything is inside, and the letters are there."""

import io
import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.services.trees import (
    MOST_COLUMNS,
    MOST_PIXELS,
    MOST_ROWS,
    Area,
    Leaf,
    _cut,
    _font,
    _letters,
    _width,
    arrange,
    draw,
)
from bot.texts import LANGUAGES

LONG = "Noch viel stärker variieren als sonst"


@st.composite
def trees(draws: st.DrawFn) -> list[Leaf]:
    """Trees that fit: each picture's parent comes before it, in generations."""
    leaves: list[Leaf] = []
    depths: list[int] = []
    ends: set[int] = set()
    for _ in range(draws(st.integers(1, 40))):
        parent = draws(st.integers(0, len(leaves) - 1)) if leaves else None
        if parent is not None and (depths[parent] + 1 >= MOST_COLUMNS or len(ends - {parent}) >= MOST_ROWS):
            continue
        ends = (ends - {parent}) | {len(leaves)}
        depths.append(0 if parent is None else depths[parent] + 1)
        width, height = draws(st.sampled_from([(64, 64), (512, 768), (4096, 64), (64, 4096)]))
        leaves.append(
            Leaf(
                parent=parent,
                width=width,
                height=height,
                deed=draws(st.sampled_from(["", "Vary", LONG])) if parent is not None else "",
                between=draws(st.sampled_from(["", "… 4 between"])) if parent is not None else "",
                more=draws(st.sampled_from(["", "+12 more"])),
            )
        )
    return leaves


def overlap(one: Area, other: Area, apart: float = 0) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > -apart and down > -apart


@settings(max_examples=150, deadline=None)
@given(trees())
def test_nothing_overlaps(leaves: list[Leaf]) -> None:
    plan = arrange(leaves)
    assert max(plan.width, plan.height) <= MOST_PIXELS
    texts = [words.area for words in plan.words]
    for area in (*plan.areas, *texts):
        assert area[0] >= 0
        assert area[1] >= 0
        assert area[2] <= plan.width
        assert area[3] <= plan.height
    for one, other in combinations(plan.areas, 2):
        assert not overlap(one, other, apart=20)
    for text in texts:
        assert not any(overlap(text, area) for area in plan.areas)
    for one, other in combinations(texts, 2):
        assert not overlap(one, other)
    for link in plan.links:
        for begin, end in pairwise(link.points):
            segment = (min(begin[0], end[0]), min(begin[1], end[1]), max(begin[0], end[0]), max(begin[1], end[1]))
            assert not any(overlap(segment, area, apart=-0.5) for area in plan.areas)


@given(trees())
@settings(max_examples=50, deadline=None)
def test_a_line_joins_each_picture_to_its_parent(leaves: list[Leaf]) -> None:
    plan = arrange(leaves)
    assert [link.child for link in plan.links] == [
        place for place, leaf in enumerate(leaves) if leaf.parent is not None
    ]
    for link in plan.links:
        parent = leaves[link.child].parent
        assert parent is not None
        own, above = plan.areas[link.child], plan.areas[parent]
        assert link.points[0] == (above[2], (above[1] + above[3]) / 2)
        assert link.points[3][0] == own[0]
        assert abs(link.points[3][1] - (own[1] + own[3]) / 2) < 1


def test_generations_stand_in_columns_and_a_parent_in_the_middle_of_its_children() -> None:
    leaves = [Leaf(), Leaf(parent=0), Leaf(parent=0), Leaf(parent=1), Leaf(parent=2)]
    areas = arrange(leaves).areas
    assert areas[1][0] == areas[2][0] > areas[0][2]
    assert areas[3][0] == areas[4][0] > areas[1][2]
    assert areas[0][1] == (areas[1][1] + areas[2][1]) / 2


def _noise(seed: int) -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (192, 192), random.Random(seed).randbytes(192 * 192 * 3)).save(file, "PNG")
    return file.getvalue()


def test_the_largest_drawing_can_be_sent() -> None:
    leaves = [Leaf(picture=_noise(0))]
    for row in range(MOST_ROWS):
        for column in range(MOST_COLUMNS - 1):
            parent = 0 if column == 0 else len(leaves) - 1
            leaves.append(Leaf(parent=parent, picture=_noise(row * 10 + column), number=99, deed=LONG))
    data = draw(leaves)
    assert len(data) < 8 * 2**20
    with Image.open(io.BytesIO(data)) as image:
        plan = arrange(leaves)
        assert image.size == (plan.width, plan.height)


def test_the_picture_that_was_asked_for_is_framed() -> None:
    drawn = {}
    for framed in (False, True):
        leaf = Leaf(framed=framed, word="gone")
        (area,) = arrange([leaf]).areas
        with Image.open(io.BytesIO(draw([leaf]))) as image:
            drawn[framed] = image.getpixel((round(area[0]) - 6, round(area[1] + area[3]) // 2))
    assert drawn[True] == (0xE8, 0x83, 0x3A)
    assert drawn[False] != drawn[True]


def test_pictures_are_where_the_plan_says() -> None:
    file = io.BytesIO()
    Image.new("RGB", (30, 60), (10, 200, 30)).save(file, "JPEG")
    leaf = Leaf(picture=file.getvalue(), width=30, height=60)
    (area,) = arrange([leaf]).areas
    assert (area[3] - area[1]) == 2 * (area[2] - area[0])
    with Image.open(io.BytesIO(draw([leaf]))) as image:
        pixel = image.getpixel((round(area[0] + area[2]) // 2, round(area[1] + area[3]) // 2))
    assert isinstance(pixel, tuple)
    assert max(abs(one - other) for one, other in zip(pixel, (10, 200, 30), strict=True)) < 8


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_font_has_every_letter_that_is_drawn(language: str) -> None:
    unknown = bytes(_font(40).getmask("\uffff"))
    texts = LANGUAGES[language]
    drawn = [text for key, text in texts.items() if key.startswith(("deed_", "lineage_box", "lineage_more"))]
    drawn.append(texts["lineage_between"])
    assert len(drawn) > 10
    for text in drawn:
        letters, _ = _letters(text)
        assert [letter for letter in letters if bytes(_font(40).getmask(letter)) == unknown] == []


def test_letters_with_marks() -> None:
    assert _letters("Größer: übel, naïf, é") == ("Grosser: ubel, naif, e", [2, 9])
    assert _letters("2× … “a”") == ("2x … “a”", [])


def test_long_words_are_cut() -> None:
    short = _cut(LONG, 15, 100)
    assert short.endswith("…")
    assert _width(short, 15) <= 100
    assert _cut("Vary", 15, 100) == "Vary"
