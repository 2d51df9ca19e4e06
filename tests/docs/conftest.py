"""What the tests of documents share: a hub on loopback, and a reader's machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.tiny_models import Kind
from tests.docs.machine import Machine, a_hub


@pytest.fixture(scope="session")
def loopback_hub(tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path]) -> Iterator[str]:
    """The address of a Hugging Face hub that has what the documents fetch."""
    with a_hub(tiny_file, tiny_folder) as address:
        yield address


@pytest.fixture
def machine(
    tmp_path: Path, loopback_hub: str, tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path]
) -> Machine:
    """A machine on which nothing was done yet."""
    return Machine(tmp_path, loopback_hub, tiny_file, tiny_folder)
