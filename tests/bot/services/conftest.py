"""What tests of the services share; those of other services have a `house` of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.services.adapter_house import House, a_house_of_adapters


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house_of_adapters(tmp_path) as opened:
        yield opened
