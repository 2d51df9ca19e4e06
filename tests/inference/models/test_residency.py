"""Which models stay in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

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


# Tokenizers without their networks --------------------------------------------------------------------------------


def test_texts_are_cut_without_loading_a_network(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, *_) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    (chunker,) = residency.chunkers(first.hash)
    assert chunker.chunks([("a red circle", 1.0)]) == 1
    assert residency.resident == ()
    assert residency.memory_used_bytes == 0
    assert residency.chunkers(first.hash)[0] is chunker


def test_a_resident_model_cuts_texts_itself(installed: tuple[Catalogue, list[Entry]]) -> None:
    catalogue, (first, second, _) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    model = residency.acquire(first.hash, second.hash).model
    residency.acquire(second.hash)
    assert residency.chunkers(first.hash) is model.encoders  # type: ignore[attr-defined]
    # It was looked at, not used.
    assert residency.resident == (first.hash, second.hash)


def test_few_tokenizers_are_kept_and_a_rescan_reads_them_again(
    installed: tuple[Catalogue, list[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.models.residency._MOST_CHUNKERS", 2)
    catalogue, (first, second, third) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    kept = residency.chunkers(first.hash)
    residency.chunkers(second.hash)
    assert residency.chunkers(first.hash) is kept
    residency.chunkers(third.hash)
    assert residency.chunkers(first.hash) is kept
    residency.rescan()
    assert residency.chunkers(first.hash) is not kept


def test_models_that_cannot_cut_texts_are_told_in_words(
    installed: tuple[Catalogue, list[Entry]], tiny_file: Callable[[Kind], Path], tmp_path: Path
) -> None:
    catalogue, (first, second, _) = installed
    residency = Residency(catalogue, CPU, torch.float32)
    with pytest.raises(ModelError, match="not installed"):
        residency.chunkers(type(first.hash)("f" * 64))
    (catalogue.path(first) / "tokenizer" / "merges.txt").unlink()
    with pytest.raises(ModelError, match=r"lacks vocab.json or merges.txt"):
        residency.chunkers(first.hash)
    catalogue.path(second).rename(catalogue.path(second).with_name("elsewhere"))
    with pytest.raises(ModelError, match="is gone"):
        residency.chunkers(second.hash)
    weights = {k: v for k, v in load_file(tiny_file("sd1")).items() if k.startswith("first_stage")}
    save_file(weights, tmp_path / "vae.safetensors")
    vae = catalogue.add(tmp_path / "vae.safetensors", name="vae")
    with pytest.raises(ModelError, match="is a VAE"):
        residency.chunkers(vae.hash)
