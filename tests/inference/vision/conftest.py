"""What the tests of upscalers and face restorers share."""

from pathlib import Path

import pytest

from tests.inference.vision.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)
