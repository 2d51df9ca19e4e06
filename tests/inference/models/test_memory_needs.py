"""What models take in memory: counted, and written in the documents as it was counted."""

from pathlib import Path

import pytest

from benchmarks import memory
from inference.doctor import SDXL_BYTES

_DOCUMENT = Path(__file__).parents[3] / "docs" / "choosing-models.md"
#: Of the published files: the network, the VAE and the text encoders.
_PUBLISHED = {
    "SD 1.x": 859_520_964 + 83_653_863 + 123_060_480,
    "SD 2.x": 865_910_724 + 83_653_863 + 340_387_840,
    "SDXL": 2_567_463_684 + 83_653_863 + 123_060_480 + 694_659_840,
}


@pytest.fixture(scope="module")
def needs() -> list[memory.Need]:
    return memory.needs()


def test_the_networks_that_are_counted_are_of_the_published_sizes(needs: list[memory.Need]) -> None:
    assert {need.name: need.parameters for need in needs} == _PUBLISHED


def test_the_document_shows_what_was_counted(needs: list[memory.Need]) -> None:
    lines = _DOCUMENT.read_text(encoding="utf-8").splitlines()
    missing = [line for line in memory.tables(needs) if line not in lines]
    assert not missing, "run `python -m benchmarks memory` and write its tables into docs/choosing-models.md"


def test_the_doctor_says_where_sdxl_cannot_be_held(needs: list[memory.Need]) -> None:
    largest = max(need.half_bytes for need in needs)
    assert largest < SDXL_BYTES < 1.1 * largest
