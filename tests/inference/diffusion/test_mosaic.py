"""Pictures in tiles: where they lie, what each starts from, how they are laid together, and what the engine does."""

import io
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from inference.diffusion.mosaic import Mosaic, enlarged, seed_of, shares, tiles_of
from inference.diffusion.painting import total_steps
from inference.protocol.messages import Cancel, Cancelled, Failed, Finished, JobId, Preview, Progress
from inference.protocol.recipe import Detail, Recipe, Regions, from_json
from tests.inference.diffusion.test_engine import PICTURE, Studio, png, recipe
from tests.inference.diffusion.toy import TOY, ToyModel, ToyModels
from tests.inference.protocol import strategies


def noisy(width: int, height: int) -> bytes:
    """Return a PNG of random pixels."""
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)).save(data, "PNG")
    return data.getvalue()


def detail(**changes: object) -> Detail:
    fields = msgspec.structs.asdict(recipe()) | {"image": PICTURE, "full_width": 128, "full_height": 128, "overlap": 32}
    fields.pop("hires")
    return Detail(**(fields | changes))


def painted(wanted: Detail, data: bytes, max_rows: int = 8) -> Studio:
    studio = Studio(max_rows=max_rows)
    studio.ask("job", wanted, images={PICTURE: data})
    studio.run()
    return studio


# Where tiles lie ----------------------------------------------------------------------------------------------------


@given(strategies.details())
def test_tiles_cover_the_picture_and_neighbours_overlap_as_asked(wanted: Detail) -> None:
    for starts, side, full in (
        (wanted.columns, wanted.width, wanted.full_width),
        (wanted.rows, wanted.height, wanted.full_height),
    ):
        assert starts[0] == 0
        assert full <= starts[-1] + side < full + 8
        assert all(start % 8 == 0 for start in starts)
        for one, other in pairwise(starts):
            assert wanted.overlap <= one + side - other < side
    assert len(tiles_of(wanted)) == wanted.tiles == len({(tile.left, tile.top) for tile in tiles_of(wanted)})


@given(strategies.details())
def test_shares_of_all_tiles_are_one_everywhere(wanted: Detail) -> None:
    total = np.zeros(wanted.columns[-1] + wanted.width)
    for start, share in zip(wanted.columns, shares(wanted.columns, wanted.width, wanted.overlap), strict=True):
        assert (share >= 0).all()
        total[start : start + wanted.width] += share
    assert np.abs(total - 1).max() < 1e-5


def test_what_is_painted_along_an_inner_edge_is_left_out() -> None:
    first, second = shares((0, 96), 128, 32)
    assert (first[-4:] == 0).all()
    assert (second[:4] == 0).all()
    assert (first[:96] == 1).all()
    assert 0.4 < first[112] < 0.6


@pytest.mark.parametrize("size", [(128, 128), (256, 160), (101, 75), (64, 71)])
def test_tiles_are_cut_from_the_whole_enlarged_at_once(size: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(noisy(50, 37)))
    wanted = detail(full_width=size[0], full_height=size[1])
    whole = np.asarray(picture.resize(size, Image.Resampling.LANCZOS)).astype(int)
    for tile in tiles_of(wanted):
        part = np.asarray(enlarged(picture, wanted, tile))
        assert part.shape == (64, 64, 3)
        there = whole[tile.top : tile.top + 64, tile.left : tile.left + 64]
        assert np.abs(part[: there.shape[0], : there.shape[1]] - there).max() <= 1


def test_tiles_may_be_done_in_any_order() -> None:
    wanted = detail(full_width=150, full_height=100)
    pixels = np.random.default_rng(1).random((wanted.tiles, 64, 64, 3), np.float32) * 2 - 1

    def laid(order: list[int]) -> NDArray[np.uint8]:
        mosaic = Mosaic(wanted, 2)
        for number in order:
            mosaic.take(tiles_of(wanted)[number], torch.full((1, 1, 1), float(number)))
            while (latents := mosaic.next()) is not None:
                mosaic.lay(pixels[int(latents.item())])
        assert mosaic.is_whole
        return mosaic.result()

    numbers = list(range(wanted.tiles))
    assert laid(numbers).shape == (100, 150, 3)
    assert np.array_equal(laid(numbers), laid(numbers[::-1]))


def test_no_two_tiles_and_no_two_pictures_draw_the_same() -> None:
    wanted = detail(full_width=640, full_height=640)
    seeds = {seed_of(each, tile) for each in (wanted, detail(seed=2)) for tile in tiles_of(wanted)}
    assert len(seeds) == 2 * wanted.tiles


# The engine ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "source"), [(2, (75, 53)), (4, (40, 33)), (1, (128, 96)), (2, (32, 32))])
def test_the_size_is_exactly_the_factor_times_the_source(factor: int, source: tuple[int, int]) -> None:
    width, height = source[0] * factor, source[1] * factor
    studio = painted(detail(full_width=width, full_height=height), noisy(*source))
    (finished,) = studio.of(Finished)
    assert (finished.pictures[0].width, finished.pictures[0].height) == (width, height)
    assert studio.pixels("job").shape == (height, width, 3)


def test_without_strength_the_picture_is_only_enlarged() -> None:
    studio = painted(detail(strength=0.0), png((200, 30, 60)))
    assert np.abs(studio.pixels("job") - np.array((200, 30, 60))).max() <= 1
    assert studio.toy.passes == []


def test_a_picture_carries_its_recipe_and_tells_of_all_its_tiles() -> None:
    wanted = detail(strength=0.5)
    studio = painted(wanted, noisy(64, 64), max_rows=4)
    (finished,) = studio.of(Finished)
    with Image.open(io.BytesIO(finished.pictures[0].data)) as image:
        assert from_json(image.text["easel-recipe"]) == wanted  # type: ignore[attr-defined]
    progress = studio.of(Progress)
    steps = [event.step for event in progress]
    assert steps == sorted(set(steps))
    assert {event.steps for event in progress} == {wanted.tiles * total_steps(wanted)}
    assert steps[-1] == finished.timings.steps == wanted.tiles * total_steps(wanted)
    assert not any(isinstance(event.preview, Preview) for event in progress)


@pytest.mark.parametrize("sampler", ["euler", "euler_a", "dpmpp_2m_sde", "heun"])
def test_a_picture_in_tiles_is_the_same_alone_and_beside_others(sampler: str) -> None:
    data = noisy(64, 64)
    wanted = detail(strength=0.6, steps=12, sampler=sampler)
    alone = painted(wanted, data, max_rows=2).pixels("job")
    assert np.array_equal(alone, painted(wanted, data, max_rows=2).pixels("job"))
    studio = Studio(max_rows=16)
    studio.ask("before", recipe(seed=9, steps=9))
    studio.ask("job", wanted, images={PICTURE: data})
    studio.ask("after", detail(seed=5, full_width=100), images={PICTURE: data})
    studio.run()
    assert max(studio.toy.passes) > 8
    assert np.abs(studio.pixels("job") - alone).max() <= 1
    assert not np.array_equal(alone, painted(msgspec.structs.replace(wanted, seed=2), data).pixels("job"))


def test_several_pictures_of_one_request_have_seeds_of_their_own() -> None:
    data = noisy(48, 48)
    wanted = detail(full_width=96, full_height=96, strength=0.5)
    studio = Studio()
    studio.ask("job", wanted, images={PICTURE: data}, count=2)
    studio.run()
    for index, seed in enumerate((1, 2)):
        own = painted(msgspec.structs.replace(wanted, seed=seed), data).pixels("job")
        assert np.abs(studio.pixels("job", index) - own).max() <= 1


def test_tiles_do_not_fill_more_than_a_pass() -> None:
    studio = painted(detail(full_width=256, full_height=256, strength=0.5), noisy(64, 64), max_rows=6)
    assert max(studio.toy.passes) == 6
    studio = painted(detail(strength=0.5), noisy(64, 64), max_rows=1)
    assert max(studio.toy.passes) == 2


def test_a_cancel_takes_effect_at_once() -> None:
    studio = Studio()
    studio.ask("job", detail(full_width=512, full_height=512, strength=0.9), images={PICTURE: noisy(64, 64)})
    for _ in range(5):
        assert studio.engine.tick()
    passes = len(studio.toy.passes)
    studio.engine.handle(Cancel(job=JobId("job")))
    studio.run()
    assert len(studio.toy.passes) == passes
    assert len(studio.of(Cancelled)) == 1
    assert not studio.of(Finished)
    assert studio.engine.jobs == ()


def test_a_tile_that_fails_ends_its_job_and_no_other() -> None:
    studio = Studio()
    asked: list[int] = []

    def fail(rows: object) -> None:
        asked.append(1)
        if len(asked) > 4:
            raise ValueError("broken")

    studio.toy.before_pass = fail
    studio.ask("job", detail(strength=0.9), images={PICTURE: noisy(64, 64)})
    studio.run()
    (failed,) = studio.of(Failed)
    assert (failed.job, failed.kind) == ("job", "internal")
    studio.toy.before_pass = lambda rows: None
    studio.ask("next", recipe())
    studio.run()
    assert [event.job for event in studio.of(Finished)] == ["next"]


def test_an_inpainting_network_paints_tiles_too() -> None:
    studio = Studio(ToyModels({TOY: ToyModel(inpainting=True)}))
    studio.ask("job", detail(strength=0.5), images={PICTURE: noisy(64, 64)})
    studio.run()
    assert studio.pixels("job").shape == (128, 128, 3)


def test_regions_lie_in_the_whole_and_not_in_every_tile() -> None:
    """The left half of the picture is painted by the first text, so its leftmost tile is as if that stood alone."""
    data = noisy(64, 32)
    two = detail(
        prompt="first AND second",
        regions=Regions(direction="columns", ratios=(1, 1)),
        full_width=256,
        full_height=64,
        overlap=0,
        strength=0.7,
    )
    halves = painted(two, data).pixels("job")
    by_first = painted(msgspec.structs.replace(two, prompt="first", regions=None), data).pixels("job")
    by_second = painted(msgspec.structs.replace(two, prompt=" second", regions=None), data).pixels("job")
    assert np.abs(halves[:, :128] - by_first[:, :128]).max() <= 1
    assert np.abs(halves[:, 128:] - by_second[:, 128:]).max() <= 1
    assert np.abs(by_first - by_second).mean() > 1


@st.composite
def small(draw: st.DrawFn) -> Recipe:
    """Return a recipe of few tiles, of any full size."""
    return detail(full_width=draw(st.integers(57, 200)), full_height=draw(st.integers(57, 140)), steps=2, strength=0.5)


@given(small())
def test_any_full_size_is_painted(wanted: Detail) -> None:
    studio = painted(wanted, noisy(20, 31))
    assert studio.pixels("job").shape == (wanted.full_height, wanted.full_width, 3)
