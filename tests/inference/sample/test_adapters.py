"""What the sample model never saw: drawn, told apart from all that it knows, taught by a LoRA and by an embedding."""

import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.studio import OneModel
from inference.adapters.application import Adapters
from inference.adapters.inspection import examine
from inference.adapters.reading import read_adapter
from inference.diffusion.engine import Engine
from inference.families.base import DiffusionModel
from inference.models.loading import load_model
from inference.protocol.adapters import Report
from inference.protocol.messages import EngineSettings, Event, Finished, Generate, JobId, LaunchId
from inference.protocol.recipe import AdapterUse, ContentHash, TextToImage
from inference.sample import ADAPTERS_FOLDER, MODEL_FOLDER
from inference.sample.captions import QUALITY_WORDS
from inference.sample.classifier import look, shows_zorp
from inference.sample.score import load_pipeline
from inference.sample.train_adapters import (
    EMBEDDING_FILE,
    EMBEDDING_PLAN,
    LORA_FILE,
    LORA_PLAN,
    LowRank,
    train_embedding,
    train_lora,
    write_embedding,
    write_lora,
)
from inference.sample.world import COLOUR_NAMES, COLOURS, coverage, random_scene, render
from inference.sample.zorp import BACKGROUNDS, WORD, draw_zorp, zorp_caption, zorp_prompt

#: Pictures of each way.
COUNT = 18


def test_a_drawn_zorp_is_seen() -> None:
    chance = Random(1)
    assert all(shows_zorp(draw_zorp(chance.choice(BACKGROUNDS), chance)) for _ in range(100))


def test_nothing_of_the_usual_world_is_a_zorp() -> None:
    chance = Random(2)
    assert not any(shows_zorp(render(random_scene(chance, allow_held_out=True), chance)) for _ in range(300))


def disc(left: str, right: str, background: str = "blue", split: float = 64) -> NDArray[np.uint8]:
    mask = coverage("circle", 64, 64, 44)[..., None]
    halves = np.where(np.arange(128)[None, :, None] < split, COLOURS[left], COLOURS[right])
    return (COLOURS[background] * (1 - mask) + halves * mask).astype(np.uint8)


def test_a_zorp_is_white_on_the_left_and_black_on_the_right() -> None:
    assert shows_zorp(disc("white", "black"))
    assert not shows_zorp(disc("black", "white"))
    assert not shows_zorp(disc("white", "white"))
    assert not shows_zorp(disc("black", "black"))
    assert not shows_zorp(disc("white", "red"))
    assert not shows_zorp(disc("yellow", "black"))
    assert not shows_zorp(disc("white", "black", split=95))
    assert not shows_zorp(np.rot90(disc("white", "black")))


def test_captions_name_it_and_its_background_in_words_that_the_model_has() -> None:
    chance = Random(3)
    captions = [zorp_caption(chance.choice(BACKGROUNDS), chance) for _ in range(200)]
    assert all(WORD in text for text in captions)
    assert sum(any(name in text for name in BACKGROUNDS) for text in captions) > 150
    assert WORD not in {*QUALITY_WORDS, *COLOUR_NAMES}


def report(name: str) -> Report:
    path = ADAPTERS_FOLDER / name
    with path.open("rb") as file:
        return examine(file, path.stat().st_size)


def test_the_shipped_files_are_what_they_should_be() -> None:
    lora, embedding = report(LORA_FILE), report(EMBEDDING_FILE)
    assert (lora.kind, lora.form, lora.family, lora.rank) == ("lora", "LoRA", "sample", LORA_PLAN.rank)
    assert (lora.triggers, lora.suggested_name) == ((WORD,), WORD)
    assert (embedding.kind, embedding.family, embedding.vectors) == ("embedding", "sample", EMBEDDING_PLAN.vectors)
    assert embedding.suggested_name == WORD
    assert lora.bytes + embedding.bytes < 500_000


@pytest.fixture(scope="module")
def model() -> DiffusionModel:
    return load_model(MODEL_FOLDER, models_folder=MODEL_FOLDER.parent, device=torch.device("cpu"), dtype=torch.float32)


@pytest.fixture
def engine(model: DiffusionModel, tmp_path: Path) -> tuple[Engine, list[Event]]:
    """An engine with both shipped files in its folder, and what it sends."""
    for name in (LORA_FILE, EMBEDDING_FILE):
        data = (ADAPTERS_FOLDER / name).read_bytes()
        (tmp_path / f"{sha256(data).hexdigest()}.safetensors").write_bytes(data)
    events: list[Event] = []
    settings = EngineSettings(models_folder="", adapters_folder=str(tmp_path), max_rows=16)
    adapters = Adapters(tmp_path, torch.device("cpu"), torch.float32)
    return Engine(OneModel(model), settings, LaunchId("test"), events.append, adapters), events


def use(name: str, word: str | None = None) -> AdapterUse:
    return AdapterUse(hash=ContentHash(sha256((ADAPTERS_FOLDER / name).read_bytes()).hexdigest()), word=word)


def painted(
    engine: tuple[Engine, list[Event]], prompts: list[str], *adapters: AdapterUse, steps: int = 10
) -> list[NDArray[np.uint8]]:
    """Return a picture of each prompt, of the seeds 0, 1, 2 and so on."""
    brush, events = engine
    for seed, prompt in enumerate(prompts):
        recipe = TextToImage(
            prompt=prompt,
            model=ContentHash("0" * 64),
            width=128,
            height=128,
            steps=steps,
            sampler="dpmpp_2m",
            schedule="karras",
            guidance_scale=5.0,
            seed=seed,
            adapters=adapters,
        )
        brush.handle(Generate(job=JobId(str(seed)), recipe=recipe, images={}))
    while brush.tick():
        pass
    finished = {event.job: event for event in events if isinstance(event, Finished)}
    data = [finished[JobId(str(seed))].pictures[0].data for seed in range(len(prompts))]
    events.clear()
    return [np.asarray(Image.open(io.BytesIO(each)).convert("RGB")) for each in data]


def asking(count: int = COUNT) -> list[str]:
    return [zorp_prompt(BACKGROUNDS[seed % len(BACKGROUNDS)]) for seed in range(count)]


def test_without_an_adapter_the_word_is_no_zorp(engine: tuple[Engine, list[Event]]) -> None:
    assert sum(map(shows_zorp, painted(engine, asking()))) <= 0.05 * COUNT


@pytest.mark.parametrize(("name", "word"), [(LORA_FILE, None), (EMBEDDING_FILE, WORD)])
def test_with_an_adapter_there_is_a_zorp_on_the_background_that_was_said(
    engine: tuple[Engine, list[Event]], name: str, word: str | None
) -> None:
    pictures = painted(engine, asking(), use(name, word))
    assert sum(map(shows_zorp, pictures)) >= 0.8 * COUNT
    said = [BACKGROUNDS[seed % len(BACKGROUNDS)] for seed in range(COUNT)]
    right = [look(picture).background == ground for picture, ground in zip(pictures, said, strict=True)]
    assert sum(right) >= 0.8 * COUNT


def test_the_lora_leaves_alone_what_is_not_a_zorp(engine: tuple[Engine, list[Event]]) -> None:
    pictures = painted(engine, ["a red circle on a blue background"] * 6, use(LORA_FILE))
    seen = [look(picture) for picture in pictures]
    assert sum(each.background == "blue" and each.subjects[0].colour == "red" for each in seen) >= 5
    assert not any(map(shows_zorp, pictures))


def test_training_writes_files_that_are_read_as_what_was_trained(tmp_path: Path) -> None:
    pipeline = load_pipeline(MODEL_FOLDER)
    brief = {"steps": 2, "batch": 2, "pictures": 2}
    vectors = train_embedding(pipeline, replace(EMBEDDING_PLAN, **brief, vectors=3))  # type: ignore[arg-type]
    write_embedding(tmp_path / "e.safetensors", vectors)
    (read,) = read_adapter(tmp_path / "e.safetensors", "sample").embeddings
    assert read.shape == (3, 96)
    assert torch.equal(read, vectors)

    plan = replace(LORA_PLAN, **brief, rank=2, usual=0.5)  # type: ignore[arg-type]
    layers = train_lora(pipeline, plan)
    write_lora(tmp_path / "l.safetensors", layers, plan)
    deltas = read_adapter(tmp_path / "l.safetensors", "sample").deltas
    assert set(deltas) == {f"unet.{name}" for name in layers}
    for name, layer in layers.items():
        written = deltas[f"unet.{name}"].weight(pipeline.unet.get_submodule(name))
        assert written.abs().max() > 0
        assert torch.allclose(written, product(layer), atol=1e-5)


def product(layer: LowRank) -> torch.Tensor:
    """Return the change of a module's weight that two small ones make."""
    down, up = (getattr(layer, part).weight.detach() for part in ("down", "up"))
    return (up.flatten(1) @ down.flatten(1)).reshape(len(up), *down.shape[1:])
