"""What is said of the checker."""

from pathlib import Path

from inference.doctor import examine
from inference.findings import Finding
from tests.checkers import red_classifier


def checker_of(folder: Path, named: str) -> Finding:
    return next(finding for finding in examine(folder, named) if finding.subject == "checker")


def test_a_checker_is_loaded_and_described(tmp_path: Path) -> None:
    found = checker_of(tmp_path, str(red_classifier(tmp_path / "red.onnx")))
    assert found.state == "ok"
    assert "red.onnx, 16 x 16 pixels, of 2 classes those at 1 from 0.5 on" in found.found


def test_a_checker_that_cannot_run_is_bad(tmp_path: Path) -> None:
    found = checker_of(tmp_path, str(tmp_path / "gone"))
    assert found.state == "bad"
    assert found.found.startswith("the check cannot run: ")
    assert "withheld" in found.advice


def test_that_there_is_none_is_noted(tmp_path: Path) -> None:
    found = checker_of(tmp_path, "")
    assert (found.state, found.found) == ("note", "none")
