"""Jobs that make pictures larger, in the real painter: beside others, cancelled, paused, and told what is wrong."""

import hashlib
import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.models.catalogue import Catalogue
from inference.models.residency import Residency
from inference.protocol import png
from inference.protocol.messages import (
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Generate,
    JobId,
    Loaded,
    Notice,
    Pause,
    Progress,
    Resume,
    Started,
)
from inference.protocol.recipe import ContentHash, Upscale, any_from_json
from inference.vision.upscalers import Upscaler
from tests.inference.vision.house import House, red, saved
from tests.sample_requests import recipe


def test_a_picture_becomes_larger_with_progress_and_says_how(house: House) -> None:
    house.ask("a", saved(red(150, 90)), factor=4)
    house.run()
    kinds = [type(event) for event in house.events if not isinstance(event, Progress)]
    assert [kind.__name__ for kind in kinds] == ["Loading", "Loaded", "Started", "Finished"]
    steps = [(event.step, event.steps) for event in house.of(Progress, "a")]
    assert steps == [(1, 2), (2, 2)]
    (finished,) = house.of(Finished, "a")
    (picture,) = finished.pictures
    assert (picture.width, picture.height) == (600, 360)
    assert Image.open(io.BytesIO(picture.data)).size == (600, 360)
    texts = png.read_texts(picture.data)
    assert any_from_json(texts["easel-recipe"]) == picture.recipe
    assert texts["parameters"].startswith("Postprocess upscale by: 4, Postprocess upscaler: x4, Version: Easel")
    assert finished.timings.steps == 2
    assert 0 < finished.timings.network_seconds < finished.timings.total_seconds
    assert house.studio.jobs == ()
    assert house.upscalers[4].hash in house.studio.resident_models
    assert house.studio.memory_used_bytes > 0


@pytest.mark.parametrize(("network", "factor"), [(None, 2), (None, 4), (2, 4), (4, 2)])
def test_every_way_gives_the_exact_size(house: House, network: int | None, factor: int) -> None:
    house.ask("a", saved(red(33, 21)), factor, network)
    house.run()
    (finished,) = house.of(Finished, "a")
    assert (finished.pictures[0].width, finished.pictures[0].height) == (33 * factor, 21 * factor)
    assert [event.step for event in house.of(Progress, "a")][-1] == house.of(Progress, "a")[-1].steps


def test_a_resident_network_is_not_loaded_again(house: House) -> None:
    for job in ("a", "b"):
        house.ask(job, saved(red()))
        house.run()
    assert len(house.of(Loaded, "a")) == 1
    assert house.of(Loaded, "b") == []


def test_painting_goes_on_beside_it(house: House) -> None:
    house.studio.handle(Generate(job=JobId("painted"), recipe=recipe(steps=6, model=house.sample)))
    house.ask("larger", saved(red(300, 300)))
    house.run()
    assert {event.job for event in house.events if isinstance(event, Finished)} == {"painted", "larger"}
    order = [event.job for event in house.events if isinstance(event, Progress)]
    assert "plplpl" in "".join("p" if job == "painted" else "l" for job in order)


def test_a_cancel_is_effective_within_a_tile(house: House) -> None:
    house.ask("a", saved(red(600, 600)))
    house.run(until=lambda: len(house.of(Progress, "a")) == 3)
    house.studio.handle(Cancel(job=JobId("a")))
    house.run()
    assert len(house.of(Progress, "a")) == 3
    assert len(house.of(Cancelled, "a")) == 1
    assert house.of(Finished, "a") == []
    assert house.studio.jobs == ()


def test_a_pause_keeps_what_is_done_and_lets_others_pass(house: House) -> None:
    house.ask("a", saved(red(600, 600)))
    house.run(until=lambda: len(house.of(Progress, "a")) == 3)
    house.studio.handle(Pause(job=JobId("a")))
    house.ask("b", saved(red()))
    house.run()
    assert len(house.of(Finished, "b")) == 1
    assert len(house.of(Progress, "a")) == 3
    house.studio.handle(Resume(job=JobId("a")))
    house.run()
    assert len(house.of(Finished, "a")) == 1
    assert [event.step for event in house.of(Progress, "a")][:4] == [1, 2, 3, 4]


def test_the_more_urgent_goes_first(house: House) -> None:
    house.ask("a", saved(red(300, 300)))
    house.ask("b", saved(red()), urgency=1)
    house.run()
    assert [event.job for event in house.events if isinstance(event, Finished)] == ["b", "a"]


def test_smaller_tiles_are_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Upscaler.__call__

    def scarce(self: Upscaler, pixels: Any) -> Any:
        if max(pixels.shape) > 64:
            raise torch.OutOfMemoryError("out of memory")
        return whole(self, pixels)

    monkeypatch.setattr(Upscaler, "__call__", scarce)
    house.ask("a", saved(red(130, 100)))
    house.run()
    (notice,) = house.of(Notice, "a")
    assert notice.text == "The device ran out of memory; going on with tiles of 64x64 pixels."
    assert len(house.of(Finished, "a")) == 1


def sixteen_bits() -> bytes:
    return saved(Image.fromarray(np.full((9, 9), 51_400, np.uint16)))


def animated() -> bytes:
    return saved(red(9, 9), "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9), "blue")])


def transparent() -> bytes:
    return saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0)))


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (saved(red(1, 1)), (200, 30, 40)),
        (saved(red(9, 9, "CMYK"), "JPEG", quality=95), (200, 30, 40)),
        (sixteen_bits(), (200, 200, 200)),
        (animated(), (200, 30, 40)),
        (transparent(), (255, 255, 255)),
    ],
    ids=["one pixel", "CMYK", "16 bits", "animated", "transparent"],
)
def test_odd_pictures_are_read_as_they_look(house: House, data: bytes, colour: tuple[int, int, int]) -> None:
    house.ask("plain", data, network=None)
    house.ask("network", data, network=2)
    house.run()
    width, height = Image.open(io.BytesIO(data)).size
    for job in ("plain", "network"):
        (finished,) = house.of(Finished, job)
        assert (finished.pictures[0].width, finished.pictures[0].height) == (2 * width, 2 * height)
    plain = Image.open(io.BytesIO(house.of(Finished, "plain")[0].pictures[0].data))
    assert np.abs(np.asarray(plain, int) - colour).max() <= 6


def bomb() -> bytes:
    """Return a small file that says that it has 400 million pixels."""
    data = bytearray(saved(red(9, 9)))
    data[16:24] = (20_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bomb(), "67,108,864 pixels"),
        (saved(red(3000, 2000)), "would become 12,000x8,000 pixels; at most 67,108,864 pixels .* 2 times as large"),
        (b"no picture", "no file that can be read"),
        (saved(red(90, 90))[:150], "damaged"),
    ],
    ids=["bomb", "too large", "text", "cut short"],
)
def test_what_cannot_be_used_is_told_in_words(house: House, data: bytes, words: str) -> None:
    house.ask("a", data, factor=4, network=None)
    house.ask("b", saved(red()), network=None)
    house.run()
    (failed,) = house.of(Failed, "a")
    assert failed.kind == "invalid"
    assert re.search(words, failed.message)
    assert len(house.of(Finished, "b")) == 1


def test_a_model_that_is_no_upscaler_is_told(house: House) -> None:
    data = saved(red())
    name = ContentHash(hashlib.sha256(data).hexdigest())
    for job, model in (("a", house.sample), ("b", ContentHash("f" * 64))):
        wanted = Upscale(image=name, model=model)
        house.studio.handle(Generate(job=JobId(job), recipe=wanted, images={name: data}))
    house.run()
    assert house.of(Failed, "a")[0].message == "sample makes no pictures larger. Choose an upscaler."
    assert "is not installed here" in house.of(Failed, "b")[0].message
    assert {event.kind for event in house.events if isinstance(event, Failed)} == {"model"}


def test_an_upscaler_paints_nothing(house: House) -> None:
    house.studio.handle(Generate(job=JobId("a"), recipe=recipe(model=house.upscalers[2].hash)))
    house.run()
    (failed,) = house.of(Failed, "a")
    assert failed.kind == "model"
    assert "is an upscaler. It makes pictures larger, and cannot be used as a checkpoint." in failed.message
    assert house.of(Started, "a") == []


def test_upscalers_leave_memory_before_checkpoints(tmp_path: Path) -> None:
    house = House(tmp_path)
    residency = Residency(Catalogue(tmp_path / "models"), torch.device("cpu"), torch.float32, budget_bytes=10)
    residency.acquire(house.sample)
    assert residency.acquire_upscaler(house.upscalers[2].hash).evicted == (house.sample,)
    assert residency.acquire(house.sample).evicted == (house.upscalers[2].hash,)
    assert residency.resident == (house.sample,)
