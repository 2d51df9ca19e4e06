"""What it costs to change adapters: ours by hooks, diffusers' by `load_lora_weights`, over the very same networks."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.networks import Pair
from inference.adapters.application import Adapters
from inference.adapters.deltas import named_modules
from inference.adapters.selection import NO_ADAPTERS
from inference.families.base import Conditioning, DiffusionModel
from inference.protocol.recipe import AdapterUse, ContentHash

#: With kohya's usual choice of modules this makes 30 MB in half precision for a network of SD 1.5's size.
_RANK = 28


@dataclass(frozen=True)
class Found:
    """Milliseconds, and the size of the files."""

    megabytes: float
    modules: int
    #: From one adapter to another that was read ahead; that is still on the disk; and back to none.
    ours: float
    ours_unread: float
    ours_off: float
    theirs: float
    theirs_hotswap: float
    #: One pass of the network: as it is, with our adapter, with theirs.
    plain_pass: float
    our_pass: float
    their_pass: float
    #: Largest difference of a pass with our adapter from one with theirs, and from one with none, relative to the
    #: largest value.
    difference: float
    effect: float


def measure(pair: Pair, folder: Path, side: int, rounds: int = 7) -> Found:
    """Measure switches between two LoRAs of random weights, ours first: theirs rebuilds the networks' modules.

    There are two rounds at the least.
    """
    files = [_write(folder, pair.model, seed) for seed in (1, 2)]
    names = [ContentHash(file.stem) for file in files]
    once = _pass(pair.model, side)
    plain_pass, plain_answer = _timed(once, pair.model.device), once()
    ours, unread, off = [], [], []
    adapters = Adapters(folder, pair.model.device, pair.model.dtype)
    for index in range(rounds):
        ours.append(_switch(adapters, pair.model, names[index % 2], ahead=True))
        off.append(_off(adapters, pair.model))
        adapters = Adapters(folder, pair.model.device, pair.model.dtype)
        unread.append(_switch(adapters, pair.model, names[(index + 1) % 2], ahead=False))
        adapters.take_off()
        adapters = Adapters(folder, pair.model.device, pair.model.dtype)
    # From one that is on to another, as between two jobs.
    for name in names:
        _switch(adapters, pair.model, name, ahead=True)
    our_pass, our_answer = _timed(once, pair.model.device), once()
    adapters.take_off()
    theirs, hotswap = _theirs(pair.pipeline, files, pair.model.device, rounds)
    their_pass, their_answer = _timed(once, pair.model.device), once()
    pair.pipeline.unload_lora_weights()
    return Found(
        megabytes=files[0].stat().st_size / 1e6,
        modules=len(_chosen(pair.model)),
        ours=median(ours),
        ours_unread=median(unread),
        ours_off=median(off),
        theirs=theirs,
        theirs_hotswap=hotswap,
        plain_pass=plain_pass,
        our_pass=our_pass,
        their_pass=their_pass,
        difference=_difference(our_answer, their_answer),
        effect=_difference(our_answer, plain_answer),
    )


def _difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def _switch(adapters: Adapters, model: DiffusionModel, name: ContentHash, ahead: bool) -> float:
    """Return how long it takes until an adapter acts on the network and on the text encoder."""
    if ahead:
        adapters.prefetch([name], model.adapter_family or model.family)
        adapters.wait()

    def switch() -> None:
        selection = adapters.select((AdapterUse(hash=name),), model)
        adapters.put_on(model, "text", selection.text)
        adapters.put_on(model, "unet", selection.unet)

    return _milliseconds(switch, model.device)


def _off(adapters: Adapters, model: DiffusionModel) -> float:
    def off() -> None:
        adapters.put_on(model, "text", NO_ADAPTERS.text)
        adapters.put_on(model, "unet", NO_ADAPTERS.unet)

    return _milliseconds(off, model.device)


def _theirs(pipeline: Any, files: list[Path], device: torch.device, rounds: int) -> tuple[float, float]:
    """Return the median of what diffusers takes to exchange one LoRA for another, loaded anew and in place."""

    def exchange(file: Path) -> None:
        pipeline.unload_lora_weights()
        pipeline.load_lora_weights(file.parent, weight_name=file.name, adapter_name="one")

    def swap(file: Path) -> None:
        pipeline.load_lora_weights(file.parent, weight_name=file.name, adapter_name="one", hotswap=True)

    anew = [_milliseconds(lambda file=files[index % 2]: exchange(file), device) for index in range(rounds)]  # type: ignore[misc]
    # In place diffusers exchanges the denoising network's part alone; the text encoder's is loaded anew there.
    unet_only = [_without_text(file) for file in files]
    pipeline.unload_lora_weights()
    pipeline.load_lora_weights(unet_only[0].parent, weight_name=unet_only[0].name, adapter_name="one")
    placed = [_milliseconds(lambda file=unet_only[index % 2]: swap(file), device) for index in range(1, rounds)]  # type: ignore[misc]
    exchange(files[1])
    return median(anew), median(placed)


def _without_text(file: Path) -> Path:
    from safetensors.torch import load_file

    target = file.with_suffix(".unet.safetensors")
    save_file({name: tensor for name, tensor in load_file(file).items() if name.startswith("lora_unet_")}, target)
    return target


def _write(folder: Path, model: DiffusionModel, seed: int) -> Path:
    """Write a LoRA of random weights in kohya's layout under its hash."""
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for target, (out, into) in _chosen(model).items():
        part, _, path = target.partition(".")
        name = ("lora_unet_" if part == "unet" else "lora_te_text_model_") + path.replace(".", "_")
        down = torch.randn(_RANK, into, generator=generator) / into**0.5
        up = torch.randn(out, _RANK, generator=generator) * 0.05
        tensors |= {f"{name}.lora_down.weight": down.half(), f"{name}.lora_up.weight": up.half()}
        tensors[f"{name}.alpha"] = torch.tensor(float(_RANK)).half()
    staged = folder / "staged"
    save_file(tensors, staged)
    return staged.replace(folder / f"{hashlib.sha256(staged.read_bytes()).hexdigest()}.safetensors")


def _chosen(model: DiffusionModel) -> dict[str, tuple[int, int]]:
    """Return what kohya's trainer changes by default: linear layers of the transformers and of the text encoder."""
    unet, *encoders = model.networks.values()
    return {
        target: (module.out_features, module.in_features)
        for target, module in named_modules(unet, encoders).items()
        if isinstance(module, torch.nn.Linear) and (".layers." in target or ".transformer_blocks." in target)
    }


def _pass(model: DiffusionModel, side: int) -> Callable[[], Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, side // 8, side // 8, generator=generator).to(model.device)
    [context] = model.condition(["a red circle"], width=side, height=side, clip_skip=1)
    rows: list[Conditioning] = [context, context]
    sigmas = torch.full((2,), 3.0, dtype=torch.float64)

    @torch.inference_mode()
    def once() -> Tensor:
        return model.denoise(x, sigmas, rows)

    return once


def _timed(once: Callable[[], object], device: torch.device) -> float:
    once()
    return median(_milliseconds(once, device) for _ in range(3))


def _milliseconds(action: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - began) * 1000
