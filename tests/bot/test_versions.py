"""What `easel --version` tells whoever is to help."""

import platform
import sys
from importlib import util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bot import cli, versions
from inference import __version__


def test_the_versions_are_those_that_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"easel {__version__} (Python {platform.python_version()}, torch {torch.__version__[:4]}")
    assert said.count("\n") == 1
    assert ("CUDA" in said) == (torch.version.cuda is not None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n", " for CUDA 13.0"),
        ("cuda = None\nhip: Optional[str] = '7.1.2'\n", " for ROCm 7.1.2"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\n", " for CPUs"),
    ],
)
def test_what_torch_was_built_for_is_read_from_its_file(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "version.py").write_text(text)
    monkeypatch.setattr(util, "find_spec", lambda _name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    monkeypatch.setattr(sys, "platform", "linux")
    assert versions.version_line().endswith(f"{said})")


def test_it_is_told_where_torch_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda _name: None)
    assert versions.version_line().endswith(", no torch)")
