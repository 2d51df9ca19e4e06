"""What an adapter adds to one module's weight, by form.

`weight` returns the whole change in float32, as it would be merged. `add` adds its effect to a module's output; forms
of low rank do so by their factors, without the whole matrix. Both mean the same, and are linear in `scale`.

LoRA: Hu et al. 2021 (arXiv:2106.09685), equation 3. LoHa: Hyeon-Woo et al. 2021 (FedPara, arXiv:2108.06098),
propositions 1 and 3. LoKr and the Tucker cores: Yeh et al. 2023 (LyCORIS, arXiv:2309.14859), section 3. DoRA: Liu et
al. 2024 (arXiv:2402.09353), equation 5.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.adapters.modules import PARTS, Shape

#: A module whose weight an adapter can change.
Module = nn.Linear | nn.Conv2d


def named_modules(unet: nn.Module, encoders: Iterable[nn.Module]) -> dict[str, Any]:
    """Return a model's modules that adapters can change, by target (see `inference.adapters.modules`), in its order."""
    found: dict[str, Any] = {}
    for part, network in zip(PARTS, (unet, *encoders), strict=False):
        for path, module in network.named_modules():
            if isinstance(module, Module):
                found[f"{part}.{path.removeprefix('text_model.') if part != 'unet' else path}"] = module
    return found


def shapes_of(modules: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the shapes of the modules' weights, as `layouts.targets` takes them."""
    return {target: tuple(module.weight.shape) for target, module in modules.items()}


@dataclass(frozen=True)
class Tensors:
    """Tensors, in fields or in the fields of fields, that move together."""

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Self:
        """Return the same on another device, and in another type."""
        return self._each(lambda tensor: tensor.to(device, dtype, non_blocking=True))

    def pinned(self) -> Self:
        """Return the same in page-locked memory, from which a GPU copies without waiting."""
        return self._each(lambda tensor: tensor.pin_memory())

    @property
    def bytes(self) -> int:
        """Return how much memory the tensors take."""
        return sum(value.nbytes if isinstance(value, Tensor) else value.bytes for value in self._parts().values())

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        changed: dict[str, Any] = {
            name: change(value) if isinstance(value, Tensor) else value._each(change)
            for name, value in self._parts().items()
        }
        return replace(self, **changed)

    def _parts(self) -> "dict[str, Tensor | Tensors]":
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor | Tensors)}


@dataclass(frozen=True, kw_only=True)
class Delta(Tensors, ABC):
    """What an adapter adds to a module's weight: factors in the file's type, or as `to` made them."""

    #: alpha / rank; 1 where the file names no alpha.
    factor: float

    #: Whether `add` works by factors. Where it does not, it makes the whole `weight` each time: keep that instead.
    low_rank = False

    @abstractmethod
    def weight(self, module: Module) -> Tensor:
        """Return the change of the module's weight, of its shape, in float32, on this delta's device."""

    def add(self, x: Tensor, output: Tensor, module: Module, scale: float) -> Tensor:
        """Return the module's output for `x` with `scale` times this change; `output` itself is left as it is."""
        return output + scale * applied(self.weight(module), x, module)


def applied(weight: Tensor, x: Tensor, module: Module) -> Tensor:
    """Return what a module with this weight and no bias makes of x."""
    return _run(x, weight.to(x.device, x.dtype).reshape(module.weight.shape), module)


@dataclass(frozen=True, kw_only=True)
class Lora(Delta):
    """Two factors, and between them a convolution where the file has one: LoRA and LoCon."""

    #: (rank, in, *kernel), or without the kernel where `mid` has it.
    down: Tensor
    #: (out, rank).
    up: Tensor
    #: (rank, rank, *kernel).
    mid: Tensor | None = None
    low_rank = True

    def weight(self, module: Module) -> Tensor:
        """Return up · down, or the product with the core."""
        down, up = self.down.float(), self.up.float()
        if self.mid is not None:
            whole = torch.einsum("oi,ijhw,jc->ochw", up.flatten(1), self.mid.float(), down.flatten(1))
        else:
            whole = up.flatten(1) @ down.flatten(1)
        return whole.reshape(module.weight.shape) * self.factor

    def add(self, x: Tensor, output: Tensor, module: Module, scale: float) -> Tensor:
        """Return the output with the two factors' own."""
        down, up = self.down.to(x.device, x.dtype), self.up.to(x.device, x.dtype)
        if isinstance(module, nn.Linear):
            # One product that adds to the output as it goes: on a GPU a pass is as long as the list of its kernels.
            small, rows = F.linear(x, down.flatten(1)).flatten(0, -2), output.flatten(0, -2)
            return torch.addmm(rows, small, up.flatten(1).T, alpha=scale * self.factor).reshape(output.shape)
        if self.mid is None:
            small = _run(x, down.reshape(-1, *module.weight.shape[1:]), module)
        else:
            narrow = F.conv2d(x, down.flatten(1)[..., None, None])
            small = _run(narrow, self.mid.to(x.device, x.dtype), module)
        return output + F.conv2d(small * (scale * self.factor), up.flatten(1)[..., None, None])


@dataclass(frozen=True, kw_only=True)
class Loha(Delta):
    """The element-wise product of two matrices of low rank: LoHa."""

    first: "Product"
    second: "Product"

    def weight(self, module: Module) -> Tensor:
        """Return the Hadamard product."""
        shape = module.weight.shape
        return self.first.whole(shape) * self.second.whole(shape) * self.factor


@dataclass(frozen=True, kw_only=True)
class Lokr(Delta):
    """The Kronecker product of a small matrix and a larger one, each whole or of low rank: LoKr."""

    first: "Product"
    second: "Product"
    low_rank = True

    def weight(self, module: Module) -> Tensor:
        """Return the Kronecker product."""
        one, other = self._sides(module)
        shape = (one.shape[0], one.shape[1], *(1,) * (other.ndim - 2))
        return torch.kron(one.reshape(shape), other).reshape(module.weight.shape) * self.factor

    def add(self, x: Tensor, output: Tensor, module: Module, scale: float) -> Tensor:
        """Return the output with the product's own, one side after the other: (A ⊗ B) x = A X Bᵀ."""
        one, other = (side.to(x.device, x.dtype) for side in self._sides(module))
        amount = scale * self.factor
        if isinstance(module, nn.Linear):
            small = F.linear(x.unflatten(-1, (one.shape[1], other.shape[1])), other * amount)
            return output + torch.einsum("...ik,oi->...ok", small, one).flatten(-2)
        rows = x.unflatten(1, (one.shape[1], other.shape[1])).flatten(0, 1)
        small = _run(rows, other * amount, module).unflatten(0, (x.shape[0], one.shape[1]))
        return output + torch.einsum("bikhw,oi->bokhw", small, one).flatten(1, 2)

    def _sides(self, module: Module) -> tuple[Tensor, Tensor]:
        """Return the two sides: (a, b) and (out / a, in / b, *kernel)."""
        one = self.first.whole(None)
        out, into, *kernel = module.weight.shape
        return one, self.second.whole((out // one.shape[0], into // one.shape[1], *kernel))


@dataclass(frozen=True, kw_only=True)
class Dora(Delta):
    """Another form's direction with a magnitude of its own: DoRA."""

    #: The change before its rows (or columns) are given their magnitude.
    inner: Delta
    #: (out) values, or (in) where `over_inputs`.
    magnitude: Tensor
    #: LyCORIS' first version keeps one number an input instead of one an output.
    over_inputs: bool = False

    def weight(self, module: Module) -> Tensor:
        """Return m · (W + ΔW) / ‖W + ΔW‖ - W."""
        base = module.weight.detach().to(self.magnitude.device, torch.float32)
        whole = base + self.inner.weight(module)
        axis = 1 if self.over_inputs else 0
        norm = whole.transpose(0, axis).flatten(1).norm(dim=1).clamp_min(torch.finfo(torch.float32).eps)
        sides = [1] * whole.ndim
        sides[axis] = -1
        return whole * (self.magnitude.float().flatten() / norm).reshape(sides) - base


@dataclass(frozen=True)
class Product(Tensors):
    """A matrix or kernel: whole, or of two factors, or of two factors and a core (Tucker)."""

    #: The matrix itself, (out, rank), or with a core (rank, out).
    left: Tensor
    #: (rank, in · kernel), or with a core (rank, in).
    right: Tensor | None = None
    #: (rank, rank, *kernel).
    core: Tensor | None = None

    def whole(self, shape: tuple[int, ...] | torch.Size | None) -> Tensor:
        """Return the product in float32, of this shape where one is given."""
        if self.right is None:
            product = self.left.float()
        elif self.core is None:
            product = self.left.float() @ self.right.float().flatten(1)
        else:
            product = torch.einsum("ijhw,io,jc->ochw", self.core.float(), self.left.float(), self.right.float())
        return product.contiguous() if shape is None else product.reshape(shape).contiguous()


def delta(tensors: Mapping[str, Tensor], alpha: float | None, rank: int) -> Delta:
    """Return the delta of one module's tensors, by the names of `layouts.Matched`, which has found that they fit.

    `alpha` is None where the file names none: then it is the rank.
    """
    factor = 1.0 if alpha is None or not rank else alpha / rank
    if "down" in tensors:
        change: Delta = Lora(factor=factor, down=tensors["down"], up=tensors["up"], mid=tensors.get("mid"))
    elif "hada_w1_a" in tensors:
        sides = [
            Product(tensors[f"hada_w{side}_a"], tensors[f"hada_w{side}_b"], tensors.get(f"hada_t{side}"))
            for side in "12"
        ]
        change = Loha(factor=factor, first=sides[0], second=sides[1])
    else:
        change = Lokr(factor=factor, first=_lokr_side(tensors, "1"), second=_lokr_side(tensors, "2"))
    if "dora" not in tensors and "magnitude" not in tensors:
        return change
    magnitude = tensors["dora"] if "dora" in tensors else tensors["magnitude"]
    over_inputs = "dora" in tensors and magnitude.ndim > 1 and magnitude.shape[0] == 1 < math.prod(magnitude.shape)
    return Dora(factor=1.0, inner=change, magnitude=magnitude, over_inputs=over_inputs)


def _lokr_side(tensors: Mapping[str, Tensor], side: str) -> Product:
    whole = tensors.get(f"lokr_w{side}")
    if whole is not None:
        return Product(whole)
    return Product(tensors[f"lokr_w{side}_a"], tensors[f"lokr_w{side}_b"], tensors.get(f"lokr_t{side}"))


def _run(x: Tensor, weight: Tensor, module: Module) -> Tensor:
    """Return a linear layer's or a convolution's output for another weight, without a bias."""
    if isinstance(module, nn.Linear):
        return F.linear(x, weight)
    return F.conv2d(x, weight, None, module.stride, module.padding, module.dilation)
