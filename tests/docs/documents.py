"""The house's documents, read as CommonMark: blocks, code in sentences, headings and links, each with its line."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
#: Languages of blocks that are typed into a shell.
SHELLS = ("sh", "powershell")
#: How a line is marked in a block that shows what is said to it.
PROMPT = "$ "


@dataclass(frozen=True)
class Block:
    """A block of code: its language, or "indented", its text, and the line of the document where that begins."""

    document: str
    line: int
    language: str
    text: str

    @property
    def terminal(self) -> str:
        """Return what kind of terminal this is typed into, or nothing."""
        return "sh" if self.text.startswith(PROMPT) else self.language if self.language in SHELLS else ""


@dataclass(frozen=True)
class Span:
    """Something within a sentence, a heading or a cell: code, or where a link leads."""

    document: str
    line: int
    text: str
    #: The heading that it stands under, as it is written.
    section: str = ""

    @property
    def place(self) -> str:
        """Return where it is, for people."""
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Row:
    """A row of a table, as it is written: the cells of the head and its own."""

    document: str
    line: int
    section: str
    head: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """What a document holds."""

    name: str
    text: str
    blocks: tuple[Block, ...]
    #: `code` in sentences.
    codes: tuple[Span, ...]
    #: Where links lead, and where pictures are.
    links: tuple[Span, ...]
    images: tuple[Span, ...]
    #: Pictures that say nothing to whoever does not see them.
    silent: tuple[Span, ...]
    #: What `#…` may name.
    anchors: frozenset[str]
    rows: tuple["Row", ...]

    @property
    def shell(self) -> tuple[Block, ...]:
        """Return what is typed into a shell."""
        return tuple(block for block in self.blocks if block.terminal)


@cache
def tracked() -> tuple[str, ...]:
    """Return the paths of all files of the house: what git knows, and what is new and not ignored."""
    return _listed()


def _listed() -> tuple[str, ...]:
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted({name for name in listed if name and (ROOT / name).is_file()}))


def copy_to(folder: Path) -> None:
    """Copy the files of the house into a folder, as `git clone` would."""
    for name in _listed():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


@cache
def markdown_files() -> tuple[str, ...]:
    """Return the paths of all Markdown files of the house."""
    return tuple(name for name in tracked() if name.endswith(".md"))


@cache
def manuals() -> tuple[str, ...]:
    """Return the documents that tell people what to do: those in front, and those of docs/."""
    return tuple(
        name for name in markdown_files() if name in ("README.md", "CONTRIBUTING.md") or name.startswith("docs/")
    )


@cache
def document(name: str) -> Document:
    """Read one."""
    text = (ROOT / name).read_text("utf-8")
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    reader = _Reader(name)
    for token in tokens:
        reader.take(token)
    return Document(
        name=name,
        text=text,
        blocks=tuple(reader.blocks),
        codes=tuple(reader.codes),
        links=tuple(reader.links),
        images=tuple(reader.images),
        silent=tuple(reader.silent),
        anchors=frozenset(reader.anchors),
        rows=tuple(reader.rows),
    )


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading of this text."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.blocks: list[Block] = []
        self.codes: list[Span] = []
        self.links: list[Span] = []
        self.images: list[Span] = []
        self.silent: list[Span] = []
        self.anchors: set[str] = set()
        self.rows: list[Row] = []
        self._line = 1
        self._section = ""
        self._in_heading = self._in_body = False
        self._cells: list[str] = []
        self._head_cells: tuple[str, ...] = ()

    def take(self, token: Token) -> None:
        """Read one token of the document."""
        if token.map:
            self._line = token.map[0] + 1
        match token.type:
            case "fence":
                words = token.info.split()
                self.blocks.append(Block(self.name, self._line + 1, words[0] if words else "", token.content))
            case "code_block":
                self.blocks.append(Block(self.name, self._line, "indented", token.content))
            case "html_block":
                self._html(token.content)
            case "heading_open" | "heading_close":
                self._in_heading = token.type == "heading_open"
            case "tbody_open" | "tbody_close":
                self._in_body = token.type == "tbody_open"
            case "tr_open":
                self._cells = []
            case "tr_close":
                if self._in_body:
                    self.rows.append(Row(self.name, self._line, self._section, self._head_cells, tuple(self._cells)))
                else:
                    self._head_cells = tuple(self._cells)
            case "inline":
                self._cells.append(token.content)
                if self._in_heading:
                    self._head(token)
                self._inline(token)

    def _head(self, token: Token) -> None:
        words = "".join(each.content for each in token.children or () if each.type in ("text", "code_inline"))
        self._section = token.content
        anchor, number = slug(words), 0
        while anchor in self.anchors:
            number += 1
            anchor = f"{slug(words)}-{number}"
        self.anchors.add(anchor)

    def _inline(self, token: Token) -> None:
        for child in token.children or ():
            match child.type:
                case "softbreak" | "hardbreak":
                    self._line += 1
                case "code_inline":
                    self.codes.append(self._span(child.content))
                case "link_open":
                    self.links.append(self._span(str(child.attrs["href"])))
                case "image":
                    self._image(str(child.attrs["src"]), child.content)
                case "html_inline":
                    self._html(child.content)

    def _image(self, source: str, said: str) -> None:
        self.images.append(self._span(source))
        if not said.strip():
            self.silent.append(self._span(source))

    def _span(self, text: str) -> Span:
        return Span(self.name, self._line, text, self._section)

    def _html(self, text: str) -> None:
        for tag, attributes in _tags(text):
            if anchor := attributes.get("id") or attributes.get("name"):
                self.anchors.add(anchor)
            if href := attributes.get("href"):
                self.links.append(self._span(href))
            if tag == "img":
                self._image(attributes.get("src") or "", attributes.get("alt") or "")
            elif tag == "source" and (srcset := attributes.get("srcset")):
                self.images.append(self._span(srcset.split()[0]))


def _tags(text: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    found: list[tuple[str, dict[str, str | None]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Tags().feed(text)
    return iter(found)
