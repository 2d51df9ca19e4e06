"""Links lead somewhere, pictures are there and say what they show, and no document is out of reach."""

from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.documents import ROOT, Span, document, manuals, markdown_files, tracked

INDEX = "docs/README.md"


def _target(link: Span) -> tuple[str, str]:
    """Return the path of the house that a link leads to, and the anchor there."""
    parts = urlsplit(link.text)
    path = (ROOT / link.document).parent / unquote(parts.path) if parts.path else ROOT / link.document
    return path.resolve().relative_to(ROOT.resolve()).as_posix(), unquote(parts.fragment)


def _within(links: tuple[Span, ...]) -> list[Span]:
    return [link for link in links if not urlsplit(link.text).scheme]


@pytest.mark.parametrize("name", markdown_files())
def test_links_lead_somewhere(name: str) -> None:
    folders = {path.rsplit("/", depth)[0] for path in tracked() for depth in range(1, path.count("/") + 1)}
    for link in _within(document(name).links):
        path, anchor = _target(link)
        assert path in tracked() or path in folders, f"{link.place}: there is no {path}"
        if anchor and path.endswith(".md"):
            known = document(path).anchors
            assert anchor in known, f"{link.place}: {path} has no heading #{anchor}; it has {sorted(known)}"


@pytest.mark.parametrize("name", markdown_files())
def test_links_to_elsewhere_are_encrypted(name: str) -> None:
    for link in document(name).links:
        scheme = urlsplit(link.text).scheme
        assert scheme in ("", "https", "mailto"), f"{link.place}: {link.text}"


@pytest.mark.parametrize("name", markdown_files())
def test_pictures_are_there_and_are_told_to_whoever_does_not_see_them(name: str) -> None:
    for image in _within(document(name).images):
        path, _ = _target(image)
        assert path in tracked(), f"{image.place}: there is no picture {path}"
    assert document(name).silent == (), "these pictures have no text in their [brackets]"


def test_no_picture_is_fetched_from_elsewhere() -> None:
    outside = [image for name in manuals() for image in document(name).images if urlsplit(image.text).scheme]
    assert outside == []


def test_the_index_names_every_document() -> None:
    assert INDEX in {_target(link)[0] for link in _within(document("README.md").links)}
    named = {_target(link)[0] for link in _within(document(INDEX).links)}
    missing = [name for name in markdown_files() if name.startswith("docs/") and name not in named | {INDEX}]
    assert missing == [], f"{INDEX} has no link to them"
