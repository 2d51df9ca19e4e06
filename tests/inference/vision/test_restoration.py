"""Jobs that restore faces, in the real painter: beside tiles and other jobs, cancelled, and told what is not done."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.diffusion.failures import NonFinite
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
    Progress,
)
from inference.protocol.recipe import ContentHash, Upscale, any_from_json
from inference.vision.restorers import FaceRestorer
from tests.inference.vision.house import EYES, House, crowd, portrait, red, saved
from tests.inference.vision.test_alignment import seen
from tests.sample_requests import recipe


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the network turn faces into their negatives, at once."""
    monkeypatch.setattr(FaceRestorer, "__call__", lambda self, face: 255 - face)


def steps(house: House, job: str) -> list[tuple[int, int]]:
    return [(event.step, event.steps) for event in house.of(Progress, job)]


@pytest.mark.parametrize("factor", [1, 2])
def test_a_face_is_restored_and_nothing_else_changes(house: House, factor: int) -> None:
    source = portrait().crop((100, 20, 350, 250))
    house.ask("a", saved(source), factor, network=None, faces=True)
    house.run()
    plain = np.asarray(source.resize((250 * factor, 230 * factor), Image.Resampling.LANCZOS))
    restored = house.pixels("a")
    away = seen(plain.shape[:2], (EYES[0] - (100 + 20j), EYES[1] - (100 + 20j)), factor)
    assert np.array_equal(restored[away > 1.1], plain[away > 1.1])
    assert np.abs(restored[away < 0.6].astype(int) - plain[away < 0.6]).mean() > 10
    assert steps(house, "a") == [(1, 1)]
    assert len(house.of(Loaded, "a")) == 1 and house.restorer.hash in house.studio.resident_models
    assert house.of(Notice, "a") == []


def test_the_picture_says_what_was_done(house: House, quick: None) -> None:
    house.ask("a", saved(portrait()), 2, network=4, faces=True, strength=0.5)
    house.run()
    (finished,) = house.of(Finished, "a")
    texts = png.read_texts(finished.pictures[0].data)
    assert any_from_json(texts["easel-recipe"]) == finished.pictures[0].recipe
    assert texts["parameters"].startswith(
        "Postprocess upscale by: 2, Postprocess upscaler: x4, Face restoration: faces, "
        "Face restoration visibility: 0.5, Version: Easel"
    )


def test_tiles_and_faces_are_counted_together(house: House, quick: None) -> None:
    house.ask("a", saved(crowd(2, 1)), 4, network=4, faces=True)
    house.ask("b", saved(crowd(2, 1)), 4, network=4)
    house.run()
    assert steps(house, "b")[-1] == (10, 10)
    assert steps(house, "a") == [(number, 12) for number in range(1, 13)]
    changed = np.abs(house.pixels("a").astype(int) - house.pixels("b")).max(axis=2) > 8
    assert changed[:, :640].any() and changed[:, 640:].any()
    assert not changed[:, :40].any()


@pytest.mark.parametrize("network", [None, 2])
def test_no_strength_changes_nothing(house: House, quick: None, network: int | None) -> None:
    house.ask("a", saved(crowd(1, 1)), 2, network, faces=True, strength=0)
    house.ask("b", saved(crowd(1, 1)), 2, network)
    house.run()
    assert np.array_equal(house.pixels("a"), house.pixels("b"))


@pytest.mark.parametrize("network", [None, 4])
def test_without_a_face_the_picture_becomes_larger_all_the_same(house: House, network: int | None) -> None:
    house.ask("a", saved(red()), 2, network, faces=True)
    house.ask("b", saved(red()), 2, network)
    house.run()
    (notice,) = house.of(Notice, "a")
    assert notice.text == "No face was found in the picture, so none is restored."
    assert np.array_equal(house.pixels("a"), house.pixels("b"))


def test_faces_that_are_left_are_told(house: House, quick: None) -> None:
    small = portrait().resize((158, 158), Image.Resampling.BOX)
    house.ask("many", saved(crowd(5, 4)), 1, network=None, faces=True)
    house.ask("small", saved(small), 1, network=None, faces=True)
    house.run()
    assert [event.text for event in house.of(Notice, "many")] == [
        "There are more than 16 faces; the 16 largest are restored."
    ]
    assert steps(house, "many")[-1] == (16, 16)
    assert [event.text for event in house.of(Notice, "small")] == ["1 face is too small to be restored."]
    assert np.array_equal(house.pixels("small"), np.asarray(small))


def test_a_cancel_is_effective_within_a_face(house: House, quick: None) -> None:
    house.ask("a", saved(crowd(3, 2)), 1, network=None, faces=True)
    house.run(until=lambda: len(house.of(Progress, "a")) == 2)
    house.studio.handle(Cancel(job=JobId("a")))
    house.run()
    assert len(house.of(Progress, "a")) == 2
    assert len(house.of(Cancelled, "a")) == 1 and house.of(Finished, "a") == []
    assert house.studio.jobs == ()


def test_a_cancel_while_faces_are_looked_for(house: House, quick: None) -> None:
    house.ask("a", saved(crowd(3, 2)), 1, network=None, faces=True)
    house.studio.tick()
    house.studio.handle(Cancel(job=JobId("a")))
    house.ask("b", saved(crowd(1, 1)), 1, network=None, faces=True)
    house.run()
    assert house.of(Progress, "a") == [] and len(house.of(Cancelled, "a")) == 1
    assert len(house.of(Finished, "b")) == 1


def test_painting_goes_on_beside_it(house: House, quick: None) -> None:
    house.ask("faces", saved(crowd(3, 2)), 1, network=None, faces=True)
    house.run(until=lambda: len(house.of(Progress, "faces")) == 1)
    house.studio.handle(Generate(job=JobId("painted"), recipe=recipe(steps=5, model=house.sample)))
    house.run()
    order = [event.job for event in house.events if isinstance(event, Progress)]
    assert "pfpfpf" in "".join("p" if job == "painted" else "f" for job in order)


def test_what_is_wrong_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(crowd(1, 1))
    name = ContentHash(hashlib.sha256(data).hexdigest())
    wrong = {
        "a": Upscale(image=name, factor=1, faces=house.upscalers[4].hash),
        "b": Upscale(image=name, factor=2, model=house.restorer.hash),
    }
    for job, wanted in wrong.items():
        house.studio.handle(Generate(job=JobId(job), recipe=wanted, images={name: data}))
    house.run()
    assert house.of(Failed, "a")[0].message == "x4 restores no faces. Choose a face restorer."
    assert house.of(Failed, "b")[0].message == "faces makes no pictures larger. Choose an upscaler."

    def broken(self: FaceRestorer, face: Any) -> Any:
        raise NonFinite

    monkeypatch.setattr(FaceRestorer, "__call__", broken)
    house.ask("c", data, 1, network=None, faces=True)
    house.run()
    assert house.of(Failed, "c")[0].kind == "nonfinite"


def test_a_missing_opencv_is_told_before_anything_is_loaded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    house.ask("a", saved(red()), 2, network=4, faces=True)
    house.run()
    (failed,) = house.of(Failed, "a")
    assert failed.kind == "model" and "-e '.[upscale]'" in failed.message
    assert house.of(Loaded, "a") == []


def test_an_upscaler_stays_when_its_job_needs_a_restorer(house: House, tmp_path: Path) -> None:
    residency = Residency(Catalogue(tmp_path / "models"), torch.device("cpu"), torch.float32, budget_bytes=10)
    upscaler = house.upscalers[4].hash
    residency.acquire(house.sample)
    assert residency.acquire_upscaler(upscaler).evicted == (house.sample,)
    assert residency.acquire_restorer(house.restorer.hash, keep=(upscaler,)).evicted == ()
    assert residency.resident == (upscaler, house.restorer.hash)
    assert residency.acquire_restorer(house.restorer.hash).load_seconds == 0
