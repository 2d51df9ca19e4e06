"""Every form in every layout, through the engine: its picture is that of a model with the same deltas merged."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.studio import Studio
from benchmarks.tiny_models import Kind
from inference.adapters.deltas import named_modules
from inference.families.sd import UNetModel
from inference.models.loading import load_model
from inference.protocol.recipe import AdapterUse, ContentHash, TextToImage
from inference.sample import MODEL_FOLDER
from tests.inference.adapters.corpus import FORMS, LAYOUTS, MODELS, Form, Layout, Made, ModelKind, make, networks

_networks = cache(networks)
_CASES: list[tuple[ModelKind, Form, Layout]] = [
    *(("sample", form, layout) for form in FORMS for layout in LAYOUTS[form]),
    *((kind, form, "original") for kind in MODELS[:3] for form in ("LoCon", "LoKr", "DoRA")),
]


@pytest.fixture(scope="module")
def models(tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> Callable[[ModelKind], UNetModel]:
    @cache
    def loaded(kind: ModelKind) -> UNetModel:
        place = (MODEL_FOLDER, MODEL_FOLDER.parent) if kind == "sample" else (tiny_folder(kind), tiny_root)
        model = load_model(place[0], models_folder=place[1], device=torch.device("cpu"), dtype=torch.float32)
        assert isinstance(model, UNetModel)
        model.adapter_family = kind
        return model

    return loaded


@pytest.mark.parametrize(("kind", "form", "layout"), _CASES)
def test_picture_is_that_of_merged_deltas(
    tmp_path: Path, models: Callable[[ModelKind], UNetModel], kind: ModelKind, form: Form, layout: Layout
) -> None:
    model = models(kind)
    made = make(_networks(kind), form, layout)
    name = _write(tmp_path, made)
    plain, own = _pictures(model, tmp_path, _recipe(), _recipe(AdapterUse(hash=name, weight=0.5)))
    with _merged(model, made, 0.5):
        [merged] = _pictures(model, tmp_path, _recipe())
    assert (merged - plain).abs().max() > 0.05
    assert (own - merged).abs().max() < 1e-3


def _recipe(*uses: AdapterUse) -> TextToImage:
    return TextToImage(
        prompt="a red circle on a blue background",
        model=ContentHash("0" * 64),
        width=64,
        height=64,
        steps=3,
        sampler="euler",
        schedule="normal",
        guidance_scale=4.0,
        seed=1,
        adapters=uses,
    )


def _write(folder: Path, made: Made) -> ContentHash:
    new = folder / "new"
    save_file(dict(made.tensors), new)
    name = ContentHash(hashlib.sha256(new.read_bytes()).hexdigest())
    new.replace(folder / f"{name}.safetensors")
    return name


@torch.no_grad()
def _pictures(model: UNetModel, folder: Path, *recipes: TextToImage) -> list[Tensor]:
    """Return pixels from 0 to 1 of each recipe, before they are rounded."""
    latents = Studio(model, adapters=folder).latents(recipes)
    return [(model.decode(each.reshape(1, *each.shape[-3:])) / 2 + 0.5).clamp(0, 1) for each in latents]


@contextmanager
def _merged(model: UNetModel, made: Made, scale: float) -> Iterator[None]:
    unet, *encoders = model.networks.values()
    modules = named_modules(unet, encoders)
    changes = {path.replace(".text_model.", "."): change for path, change in made.changes.items()}
    kept = {path: modules[path].weight.detach().clone() for path in changes}
    with torch.no_grad():
        for path, change in changes.items():
            modules[path].weight += scale * change
        yield
        for path, weight in kept.items():
            modules[path].weight.copy_(weight)
