"""Which models stay in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks.tiny_models import Kind
from inference.models.catalogue import Catalogue, Entry
from inference.models.errors import ModelError
from inference.models.residency import Residency

CPU = torch.device("cpu")


@pytest.fixture
def installed(tiny_folder: Callable[[Kind], Path], tmp_path: Path) -> tuple[Catalogue, list[Entry]]:
    catalogue = Catalogue(tmp_path)
    kinds: tuple[Kind, ...] = ("sd1", "sd2", "sd1_inpaint")
    return catalogue, [catalogue.add(tiny_folder(kind), name=kind) for kind in kinds]


def test_a_resident_model_costs_nothing(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, *_) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    loaded = residency.acquire(first.hash)
    assert loaded.load_seconds > 0
    again = residency.acquire(first.hash)
    assert again.model is loaded.model
    assert again.load_seconds == 0
    assert residency.memory_used_bytes == loaded.bytes == loaded.model.weight_bytes


def test_the_longest_unused_goes_first(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, second, third) = installed
    residency = Residency(catalogue, CPU, torch.float32, budget_bytes=int(first.bytes * 2.5))
    residency.acquire(first.hash)
    residency.acquire(second.hash)
    residency.acquire(first.hash)
    assert residency.acquire(third.hash).evicted == (second.hash,)
    assert residency.resident == (first.hash, third.hash)


def test_what_is_at_work_is_kept(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, second, third) = installed
    residency = Residency(catalogue, CPU, torch.float32, budget_bytes=int(first.bytes * 2.5))
    residency.acquire(first.hash)
    residency.acquire(second.hash)
    assert residency.acquire(third.hash, keep={first.hash}).evicted == (second.hash,)


def test_a_model_over_the_budget_is_loaded_alone(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, second, _) = installed
    residency = Residency(catalogue, CPU, torch.float32, budget_bytes=10)
    residency.acquire(first.hash)
    assert residency.acquire(second.hash).evicted == (first.hash,)
    assert residency.resident == (second.hash,)


def test_another_vae_is_another_model(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, second, _) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    plain = residency.acquire(first.hash).model
    other = residency.acquire(first.hash, second.hash).model
    assert other is not plain
    assert residency.resident == (first.hash,)


def test_a_model_that_is_gone_is_named(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, *_) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    catalogue.path(first).rename(catalogue.path(first).with_name("elsewhere"))
    with pytest.raises(ModelError, match="is gone"):
        residency.acquire(first.hash)
    with pytest.raises(ModelError, match="not installed"):
        residency.acquire(type(first.hash)("f" * 64))


def test_a_rescan_finds_what_was_added(
    installed: tuple[Catalogue, list[Entry]], tiny_folder: Callable[[Kind], Path]
) -> None:
    catalogue, _ = installed
    residency = Residency(catalogue, CPU, torch.float32)
    added = Catalogue(catalogue.folder).add(tiny_folder("sdxl"), name="later")
    assert added.hash not in [info.hash for info in residency.infos()]
    assert added.hash in [info.hash for info in residency.rescan()]
