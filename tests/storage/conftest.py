"""What the tests of the store share: real files, a clock that stands still, and a loop that is never blocked."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from storage import ContentFolder, Database
from tests.storage.samples import StandingClock


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    with blockbuster_ctx("storage") as blockbuster:
        yield blockbuster


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def database(tmp_path: Path, clock: StandingClock) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "easel.sqlite3", clock=clock) as opened:
        yield opened


@pytest.fixture
def pictures(tmp_path: Path) -> ContentFolder:
    return ContentFolder(tmp_path / "pictures", ".png")


@pytest.fixture
def inputs(tmp_path: Path) -> ContentFolder:
    return ContentFolder(tmp_path / "inputs")
