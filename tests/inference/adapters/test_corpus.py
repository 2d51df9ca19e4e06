"""Every form in every layout: a model with the adapter does what one with the same deltas merged does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from inference.adapters.deltas import Delta, named_modules, shapes_of
from inference.adapters.reading import Adapter, read_adapter
from tests.inference.adapters.corpus import (
    FORMS,
    LAYOUTS,
    MODELS,
    Form,
    Layout,
    Made,
    ModelKind,
    Networks,
    make,
    networks,
)

_networks = cache(networks)
#: SD 2.x has SD 1.x's names, so its shapes are tried in two layouts only.
_CASES = [
    (model, form, layout)
    for model in MODELS
    for form in FORMS
    for layout in LAYOUTS[form]
    if model != "sd2" or layout in ("kohya", "diffusers")
]


@pytest.mark.parametrize(("model", "form", "layout"), _CASES)
def test_adapter_does_what_the_merged_deltas_do(tmp_path: Path, model: ModelKind, form: Form, layout: Layout) -> None:
    found = _networks(model)
    made = make(found, form, layout)
    adapter = _read(tmp_path, model, found, made)

    modules = named_modules(found.unet, found.encoders)
    expected = {path.replace(".text_model.", "."): change for path, change in made.changes.items()}
    assert adapter.form == form.split(" ")[0]
    assert set(adapter.deltas) == set(expected)
    for target, delta in adapter.deltas.items():
        torch.testing.assert_close(delta.weight(modules[target]), expected[target], atol=1e-5, rtol=1e-4)

    plain = _plain(model)
    with _merged(found, made, 0.8):
        merged = _outputs(found)
    with _Hooks(found, adapter, 0.8):
        own = _outputs(found)
    changed = [part for part in plain if any(path.startswith(f"{part}.") for path in made.changes)]
    assert changed
    for part in changed:
        assert (merged[part] - plain[part]).abs().max() > 0.01
    for part in plain:
        assert (own[part] - merged[part]).abs().max() < 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_base_is_bit_exact_afterwards(tmp_path: Path, form: Form) -> None:
    found = _networks("sample")
    weights = {name: value.clone() for name, value in found.unet.state_dict().items()}
    before = _outputs(found)
    adapter = _read(tmp_path, "sample", found, make(found, form, "kohya"))
    with _Hooks(found, adapter, 1.5):
        assert not torch.equal(_outputs(found)["unet"], before["unet"])
    after = _outputs(found)
    assert all(torch.equal(after[part], before[part]) for part in before)
    assert all(torch.equal(value, weights[name]) for name, value in found.unet.state_dict().items())


def _read(folder: Path, model: ModelKind, found: Networks, made: Made) -> Adapter:
    file = folder / "adapter.safetensors"
    save_file(dict(made.tensors), file)
    if model == "sample":
        return read_adapter(file, "sample")
    return read_adapter(file, model, shapes_of(named_modules(found.unet, found.encoders)))


@contextmanager
def _merged(found: Networks, made: Made, scale: float) -> Iterator[None]:
    """Add the deltas to the weights for as long as the block lasts."""
    modules = found.modules()
    kept = {path: modules[path].weight.detach().clone() for path in made.changes}
    with torch.no_grad():
        for path, change in made.changes.items():
            modules[path].weight += scale * change
        yield
        for path, weight in kept.items():
            modules[path].weight.copy_(weight)


class _Hooks:
    """An adapter on networks for as long as the block lasts."""

    def __init__(self, found: Networks, adapter: Adapter, scale: float) -> None:
        self._modules = named_modules(found.unet, found.encoders)
        self._adapter = adapter
        self._scale = scale
        self._handles: list[Any] = []

    def __enter__(self) -> None:
        for target, delta in self._adapter.deltas.items():
            self._handles.append(self._modules[target].register_forward_hook(self._hook(delta)))

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, delta: Delta) -> Any:
        def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            return delta.add(inputs[0], output, module, self._scale)  # type: ignore[arg-type]

        return add


@cache
def _plain(model: ModelKind) -> dict[str, Tensor]:
    return _outputs(_networks(model))


@torch.no_grad()
def _outputs(found: Networks) -> dict[str, Tensor]:
    """Return what each network makes of fixed inputs."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 1500, (2, 77), generator=generator)
    config = found.unet.config
    context = torch.randn(2, 77, config.cross_attention_dim, generator=generator)
    latents = torch.randn(2, config.in_channels, 16, 16, generator=generator)
    added = None
    if config.addition_embed_type is not None:
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        added = {"text_embeds": torch.randn(2, pooled, generator=generator), "time_ids": torch.full((2, 6), 64.0)}
    times = torch.tensor([700, 100])
    results = {"unet": found.unet(latents, times, context, added_cond_kwargs=added).sample}
    for name, encoder in zip(("text_encoder", "text_encoder_2"), found.encoders, strict=False):
        made = encoder(tokens)
        # The second encoder's projection is part of what it makes.
        results[name] = torch.cat([made.last_hidden_state.flatten(1), getattr(made, "text_embeds", tokens[:, :0])], 1)
    return results
