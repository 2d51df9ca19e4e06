"""What people are told who lack an extra."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from inference.extras import Extra, to_install
from tests.docs.documents import ROOT, tracked


@pytest.mark.parametrize("extra", get_args(Extra))
def test_it_is_one_of_the_projects_and_never_fetched_by_name(extra: Extra, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert extra in project["optional-dependencies"]
    assert to_install(extra, ROOT) == f"Run pip install -c constraints.txt -e '.[{extra}]' in Easel's folder."
    assert "pip" not in to_install(extra, tmp_path)


def test_nothing_tells_people_to_fetch_a_package_of_easels_name() -> None:
    wrong = re.compile(r"pip install\W+easel\b")
    files = [name for name in tracked() if name.endswith((".py", ".md", ".toml")) or name == "Dockerfile"]
    assert [name for name in files if wrong.search((ROOT / name).read_text("utf-8"))] == []
