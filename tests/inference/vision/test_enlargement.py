"""A picture in tiles is the picture as a whole; sizes are exact; memory that runs out makes tiles smaller."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from inference.diffusion.failures import NonFinite
from inference.diffusion.pictures import PictureError
from inference.vision.enlargement import Network, Step, enlarge, lanczos, passes, require_room
from inference.vision.tiles import Grid
from inference.vision.upscalers import Upscaler, load_upscaler
from tests.inference.vision.networks import write_esrgan


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Upscaler]:
    folder = tmp_path_factory.mktemp("networks")
    paths = {factor: write_esrgan(folder / f"{factor}.safetensors", factor) for factor in (2, 4)}
    return {factor: load_upscaler(path, torch.device("cpu"), torch.float32) for factor, path in paths.items()}


def picture(width: int, height: int) -> NDArray[np.uint8]:
    """Return a smooth gradient under soft blobs: a seam would show."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 9 + phase) * np.cos(y / 7 - phase) for phase in (0, 1, 2)]
    return np.rint(127.5 + 60 * np.stack(waves, -1) + 40 * (x / width - 0.5)[..., None]).astype(np.uint8)


def run(
    pixels: NDArray[np.uint8], factor: int, network: Network, side: int = 64
) -> tuple[NDArray[np.uint8], list[Step]]:
    work = enlarge(pixels, factor, network, side)
    steps: list[Step] = []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as end:
            return end.value, steps


def seam_score(result: NDArray[np.uint8], borders: list[int]) -> float:
    """Return how much steeper the picture is, from left to right, where tiles meet than elsewhere: 1 is no seam."""
    steepness = np.abs(np.diff(result.astype(float), axis=1)).mean(axis=(0, 2))
    return float(steepness[[border - 1 for border in borders]].max() / np.median(steepness))


@pytest.mark.parametrize("factor", [2, 4])
def test_tiled_equals_whole(networks: dict[int, Upscaler], factor: int) -> None:
    pixels = picture(150, 110)
    whole, _ = run(pixels, factor, networks[factor], side=512)
    tiled, steps = run(pixels, factor, networks[factor], side=64)
    assert len(steps) > 10
    assert whole.std() > 10, "a flat picture would prove nothing"
    difference = np.abs(whole.astype(int) - tiled)
    assert difference.max() <= 2
    assert difference.mean() < 0.01


def test_no_seam_is_seen(networks: dict[int, Upscaler]) -> None:
    pixels = picture(150, 80)
    tiled, _ = run(pixels, 4, networks[4], side=64)
    whole, _ = run(pixels, 4, networks[4], side=512)
    columns = Grid(150, 80, 64).columns
    middles = [2 * (left[1] + right[0]) for left, right in pairwise(columns)]
    assert seam_score(tiled, middles) < 1.02 * seam_score(whole, middles)
    # What the measure says of tiles that are only put beside each other, without overlap.
    edges = [0, 50, 100, 150]
    parts = [run(pixels[:, start:stop], 4, networks[4], side=512)[0] for start, stop in pairwise(edges)]
    beside = np.concatenate(parts, axis=1)
    assert seam_score(beside, [200, 400]) > 10 * seam_score(whole, [200, 400])


@pytest.mark.parametrize(("of_network", "wanted"), [(2, 2), (2, 4), (4, 2), (4, 4)])
@pytest.mark.parametrize("size", [(1, 1), (5, 131), (97, 64)])
def test_sizes_are_exact(networks: dict[int, Upscaler], of_network: int, wanted: int, size: tuple[int, int]) -> None:
    result, steps = run(picture(*size), wanted, networks[of_network])
    assert result.shape == (size[1] * wanted, size[0] * wanted, 3)
    assert steps[-1].done == steps[-1].total == len(steps)


def test_what_is_too_large_is_reduced_as_lanczos_does(networks: dict[int, Upscaler]) -> None:
    pixels = picture(100, 90)
    larger, _ = run(pixels, 4, networks[4], side=512)
    expected = np.asarray(Image.fromarray(larger).resize((200, 180), Image.Resampling.LANCZOS), int)
    whole, _ = run(pixels, 2, networks[4], side=512)
    tiled, _ = run(pixels, 2, networks[4], side=64)
    # Where Lanczos's filter passes black and white, what was rounded before it differs a little.
    assert np.abs(whole - expected).max() <= 4
    assert np.abs(whole - expected).mean() < 0.3
    assert np.abs(tiled.astype(int) - whole).max() <= 2


def test_a_network_that_is_too_weak_goes_over_the_picture_again() -> None:
    assert [passes(network, 4) for network in (2, 3, 4, 8)] == [[2, 2], [2, 2], [4], [4]]
    assert [passes(network, 2) for network in (2, 3, 4, 8)] == [[2]] * 4


class Scarce:
    """A network for which tiles over a side are too much."""

    factor = 2

    def __init__(self, most: int) -> None:
        self.most = most
        self.calls = 0

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.calls += 1
        if max(pixels.shape) > self.most:
            raise torch.OutOfMemoryError("out of memory")
        return (pixels.repeat(2, 0).repeat(2, 1) / 255).astype(np.float32)


def test_tiles_become_smaller_when_memory_runs_out() -> None:
    pixels = picture(400, 300)
    network = Scarce(most=100)
    result, steps = run(pixels, 2, network, side=512)
    assert np.array_equal(result, pixels.repeat(2, 0).repeat(2, 1))
    assert [step.smaller for step in steps if step.smaller] == [192, 96]
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert steps[-1].done == steps[-1].total


@pytest.mark.parametrize("size", [(400, 300), (20, 20)])
def test_memory_too_small_for_the_smallest_tile_is_told(size: tuple[int, int]) -> None:
    network = Scarce(most=10)
    with pytest.raises(torch.OutOfMemoryError):
        run(picture(*size), 2, network)
    assert network.calls < 5


def test_values_that_are_no_numbers_are_refused() -> None:
    class Broken(Scarce):
        def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.full((pixels.shape[0] * 2, pixels.shape[1] * 2, 3), np.nan, np.float32)

    with pytest.raises(NonFinite):
        run(picture(20, 20), 2, Broken(most=100))


def test_lanczos_is_exact_in_size() -> None:
    assert lanczos(Image.new("RGB", (7, 3), "red"), 4).shape == (12, 28, 3)


@pytest.mark.parametrize(("width", "height", "factor"), [(4097, 4096, 2), (2049, 2048, 4), (5000, 1, 4), (1, 9000, 2)])
def test_results_that_are_too_large_are_refused_in_words(width: int, height: int, factor: int) -> None:
    with pytest.raises(PictureError, match=rf"would become {width * factor:,}x{height * factor:,} pixels; at most"):
        require_room(width, height, factor)


def test_the_largest_results_are_allowed() -> None:
    require_room(4096, 4096, 2)
    require_room(2048, 2048, 4)
