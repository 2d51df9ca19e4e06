"""Diagrams can be read in light and dark and without seeing them, and name what is there."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.docs.documents import ROOT, document, manuals, tracked

SVG = "{http://www.w3.org/2000/svg}"
DIAGRAMS = sorted((ROOT / "docs" / "images").glob("*.svg"))
_FOLDERS = {parent.as_posix() for name in tracked() for parent in Path(name).parents}


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.name)
def test_it_has_words_for_those_who_do_not_see_it(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    words = {
        each.get("id"): each.text or ""
        for each in (root.find(f"{SVG}title"), root.find(f"{SVG}desc"))
        if each is not None
    }
    assert root.get("role") == "img"
    assert [name for name in root.get("aria-labelledby", "").split() if not words[name].strip()] == []
    assert len(words) == 2


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.name)
def test_its_colours_are_defined_for_light_and_dark(path: Path) -> None:
    text = path.read_text("utf-8")
    style = ElementTree.parse(path).getroot().find(f"{SVG}style")
    assert style is not None and style.text is not None
    light, dark = style.text.split("@media (prefers-color-scheme: dark)")
    used = {name for each in re.findall(r'class="([^"]+)"', text) for name in each.split()}
    coloured = {name for name in used if re.search(rf"\.{name}\b[^}}]*(?:fill|stroke): #", light)}
    assert coloured == used
    assert {name for name in used if not re.search(rf"\.{name}\b", dark)} == set()
    assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), "it takes nothing from elsewhere"


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.name)
def test_a_document_shows_it(path: Path) -> None:
    assert any(f"images/{path.name})" in document(name).text for name in manuals())


def test_folders_and_modules_that_it_names_are_there() -> None:
    missing, looked_at = [], 0
    for path in DIAGRAMS:
        for each in ElementTree.parse(path).getroot().iter(f"{SVG}text"):
            for name in re.findall(
                r"\b(?:bot|cogs|inference|storage|playground)/[\w/]*|\b(?:interactions|services|queue|delivery)/\w*",
                each.text or "",
            ):
                looked_at += 1
                bare = name.rstrip("/")
                found = {bare, f"bot/{bare}"} & _FOLDERS or {f"{bare}.py", f"bot/{bare}.py"} & set(tracked())
                if not found:
                    missing.append(f"{path.name}: {name}")
    assert missing == []
    assert looked_at > 15
