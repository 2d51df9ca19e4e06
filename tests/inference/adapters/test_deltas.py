from collections.abc import Callable, Mapping

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.adapters.alphas import rank_of
from inference.adapters.deltas import Delta, Dora, Lora, applied, delta, named_modules
from inference.adapters.layouts import fit

_MODULES: dict[str, Callable[[], nn.Linear | nn.Conv2d]] = {
    "linear": lambda: nn.Linear(12, 8),
    "conv": lambda: nn.Conv2d(12, 8, 3, padding=1),
    "strided": lambda: nn.Conv2d(12, 8, 3, stride=2, padding=1),
    "pointwise": lambda: nn.Conv2d(12, 8, 1),
}


def _random(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator) * 0.5


def _tensors(form: str, module: nn.Linear | nn.Conv2d, rank: int = 2) -> dict[str, Tensor]:
    """Return tensors of a form for a module."""
    generator = torch.Generator().manual_seed(7)
    out, into, *kernel = module.weight.shape
    ones = [1] * len(kernel)
    lora = {"down": _random(generator, rank, into, *kernel), "up": _random(generator, out, rank, *ones)}
    flat = into * (kernel[0] * kernel[1] if kernel else 1)
    if form == "LoRA":
        return lora
    if form == "flat LoRA":
        return {"down": lora["down"].flatten(1), "up": lora["up"].flatten(1)}
    if form == "LoHa":
        return {
            f"hada_w{side}_{letter}": _random(generator, *((out, rank) if letter == "a" else (rank, flat)))
            for side in "12"
            for letter in "ab"
        }
    if form == "LoKr":
        return {"lokr_w1": _random(generator, 2, 3), "lokr_w2": _random(generator, out // 2, into // 3, *kernel)}
    if form == "LoKr of factors":
        return {
            "lokr_w1_a": _random(generator, 4, rank),
            "lokr_w1_b": _random(generator, rank, 2),
            "lokr_w2_a": _random(generator, out // 4, rank),
            "lokr_w2_b": _random(generator, rank, flat // 2),
        }
    if form == "DoRA over inputs":
        return lora | {"dora": 1 + _random(generator, 1, into, *ones).abs()}
    return lora | {"magnitude": 1 + _random(generator, out).abs()}


_FORMS = ("LoRA", "flat LoRA", "LoHa", "LoKr", "LoKr of factors", "DoRA", "DoRA over inputs")


def _made(form: str, kind: str) -> tuple[Delta, nn.Linear | nn.Conv2d, Tensor]:
    torch.manual_seed(3)
    module = _MODULES[kind]()
    tensors = _tensors(form, module)
    shapes = {part: tuple(tensor.shape) for part, tensor in tensors.items()}
    assert fit(shapes, tuple(module.weight.shape)) is not None
    x = torch.randn(3, 5, 12) if kind == "linear" else torch.randn(3, 12, 6, 6)
    return delta(tensors, 1.0, rank_of(shapes)), module, x


@pytest.mark.parametrize("kind", _MODULES)
@pytest.mark.parametrize("form", _FORMS)
@torch.no_grad()
def test_adding_is_the_same_as_merging(form: str, kind: str) -> None:
    change, module, x = _made(form, kind)
    output = module(x)
    kept = output.clone()
    added = change.add(x, output, module, -1.7)
    assert torch.equal(output, kept)
    weight = change.weight(module)
    assert weight.shape == module.weight.shape
    assert weight.dtype == torch.float32
    module.weight += -1.7 * weight
    torch.testing.assert_close(added, module(x), atol=1e-4, rtol=1e-4)
    assert (added - output).abs().max() > 0.1


@pytest.mark.parametrize("kind", _MODULES)
@pytest.mark.parametrize("form", _FORMS)
@torch.no_grad()
def test_half_precision_stays_close(form: str, kind: str) -> None:
    change, module, x = _made(form, kind)
    expected = change.add(x, module(x), module, 0.8)
    moved = change.to("cpu", torch.bfloat16)
    assert moved.bytes == change.bytes // 2
    half = moved.add(x.bfloat16(), module(x).bfloat16(), module, 0.8)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), expected, atol=0.05 * float(expected.abs().max()), rtol=0.05)


@torch.no_grad()
def test_alpha_is_divided_by_the_rank() -> None:
    module = nn.Linear(12, 8)
    tensors = _tensors("LoRA", module, rank=4)
    product = tensors["up"] @ tensors["down"]
    for alpha, factor in ((None, 1.0), (4.0, 1.0), (1.0, 0.25), (8.0, 2.0), (0.0, 0.0)):
        torch.testing.assert_close(delta(tensors, alpha, 4).weight(module), product * factor)


@torch.no_grad()
def test_alpha_of_whole_matrices_means_nothing() -> None:
    module = nn.Linear(12, 8)
    tensors = _tensors("LoKr", module)
    rank = rank_of({part: tuple(tensor.shape) for part, tensor in tensors.items()})
    expected = torch.kron(tensors["lokr_w1"], tensors["lokr_w2"])
    torch.testing.assert_close(delta(tensors, 1e10, rank).weight(module), expected)


@torch.no_grad()
def test_dora_of_the_weight_itself_changes_nothing() -> None:
    module = nn.Linear(12, 8)
    inner = Lora(factor=1.0, down=torch.zeros(2, 12), up=torch.zeros(8, 2))
    for over_inputs, axis in ((False, 1), (True, 0)):
        change = Dora(
            factor=1.0, inner=inner, magnitude=module.weight.norm(dim=axis, keepdim=True), over_inputs=over_inputs
        )
        torch.testing.assert_close(change.weight(module), torch.zeros(8, 12), atol=1e-6, rtol=0)


@torch.no_grad()
def test_dora_gives_rows_or_columns_their_length() -> None:
    module = nn.Linear(8, 8)
    plain = {"down": torch.randn(2, 8), "up": torch.randn(8, 2)}
    lengths = torch.arange(1.0, 9.0)
    rows = delta(plain | {"dora": lengths[:, None]}, None, 2).weight(module) + module.weight
    columns = delta(plain | {"dora": lengths[None]}, None, 2).weight(module) + module.weight
    torch.testing.assert_close(rows.norm(dim=1), lengths)
    torch.testing.assert_close(columns.norm(dim=0), lengths)


@torch.no_grad()
def test_dora_of_zeros_is_finite() -> None:
    module = nn.Linear(12, 8)
    nn.init.zeros_(module.weight)
    tensors: Mapping[str, Tensor] = {"down": torch.zeros(2, 12), "up": torch.zeros(8, 2), "magnitude": torch.ones(8)}
    assert torch.equal(delta(tensors, None, 2).weight(module), torch.zeros(8, 12))


@torch.no_grad()
def test_low_rank_forms_never_make_the_whole_matrix() -> None:
    class Whole(AssertionError):
        """The whole matrix was made."""

    for form in ("LoRA", "LoKr", "LoKr of factors"):
        change, module, x = _made(form, "linear")
        assert change.low_rank
        kind = type(change)

        def refuse(*_: object) -> Tensor:
            raise Whole

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, "weight", refuse)
            change.add(x, module(x), module, 1.0)


@torch.no_grad()
def test_applied_is_what_the_module_does() -> None:
    for make in _MODULES.values():
        module = make()
        x = torch.randn(2, 5, 12) if isinstance(module, nn.Linear) else torch.randn(2, 12, 6, 6)
        assert module.bias is not None
        module.bias.zero_()
        torch.testing.assert_close(applied(module.weight, x, module), module(x))


def test_modules_are_linear_layers_and_convolutions_by_part() -> None:
    unet = nn.ModuleDict({"conv_in": nn.Conv2d(4, 8, 3), "norm": nn.GroupNorm(2, 8), "proj": nn.Linear(8, 8)})
    encoder = nn.ModuleDict({"text_model": nn.ModuleDict({"fc1": nn.Linear(8, 8), "words": nn.Embedding(9, 8)})})
    found = named_modules(unet, [encoder, encoder])
    assert list(found) == ["unet.conv_in", "unet.proj", "text_encoder.fc1", "text_encoder_2.fc1"]


@torch.no_grad()
def test_a_kernel_in_one_row_is_the_kernel() -> None:
    module = nn.Conv2d(12, 8, 3, padding=1)
    tensors = _tensors("flat LoRA", module)
    x = torch.randn(1, 12, 6, 6)
    whole = (tensors["up"] @ tensors["down"]).reshape(module.weight.shape)
    expected = F.conv2d(x, module.weight + whole, module.bias, padding=1)
    torch.testing.assert_close(delta(tensors, None, 2).add(x, module(x), module, 1.0), expected, atol=1e-4, rtol=1e-4)
