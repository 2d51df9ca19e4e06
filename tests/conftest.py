"""What all tests share: quiet libraries, one thread, and tiny models made once."""

import os

# Networks this small are fastest on one thread; and what the libraries print belongs to no test.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from benchmarks.tiny_models import Kind, make_folder, make_single_file
from inference.sample import MODEL_FOLDER

torch.set_num_threads(1)
# No time is judged: a machine may have other work.
settings.register_profile("easel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("easel")
# A shell that runs the tests in its background lets them ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those that may take the longest begin first: at the end nobody waits for one of them."""

    def patience(item: pytest.Item) -> float:
        return max((float(mark.args[0]) for mark in item.iter_markers("timeout")), default=0.0)

    items.sort(key=patience, reverse=True)


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder that holds CLIP's vocabulary, as `easel models fetch-tokenizer` leaves it, and nothing else."""
    root = tmp_path_factory.mktemp("models")
    place = root / "tokenizers" / "clip"
    place.mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(MODEL_FOLDER / "tokenizer" / name, place / name)
    return root


@pytest.fixture(scope="session")
def tiny_folder(tiny_root: Path) -> Callable[[Kind], Path]:
    """Give the diffusers folder of a tiny model, made when first asked for."""

    def folder(kind: Kind) -> Path:
        place = tiny_root / "made" / kind
        return place if place.exists() else make_folder(kind, place)

    return folder


@pytest.fixture(scope="session")
def tiny_file(tiny_root: Path) -> Callable[[Kind], Path]:
    """Give the single file of a tiny model, made when first asked for."""

    def file(kind: Kind) -> Path:
        place = tiny_root / "made" / f"{kind}.safetensors"
        place.parent.mkdir(exist_ok=True)
        return place if place.exists() else make_single_file(kind, place)

    return file
