"""What the documents say of the command line, in sentences and in tables, is what its parsers take."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from tests.docs.documents import ROOT, Row, Span, document, manuals
from tests.docs.parsers import complaint, options_of, verbs_of, whole_parser

_REFERENCE = "docs/cli.md"
_EASEL = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\.venv/(?:bin|Scripts)/)?easel (?=[a-z-])")


def _said() -> list[Span]:
    """Return every `easel …` that stands in a sentence, a heading or a cell."""
    return [code for name in manuals() for code in document(name).codes if _EASEL.match(code.text)]


def test_commands_in_sentences_exist() -> None:
    root = whole_parser()
    wrong = []
    for code in _said():
        words = shlex.split(_EASEL.sub("", code.text).replace("'", ""))
        if words_of_it := complaint(words, root):
            wrong.append(f"{code.place}: `{code.text}`: {words_of_it}")
    assert wrong == []
    assert len(_said()) > 40


def _codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _commands(heading: str) -> list[str]:
    """Return the commands that a heading is about."""
    return [words[1] for code in _codes(heading) if (words := code.split())[0] == "easel" and len(words) > 1]


def _option_rows() -> list[Row]:
    return [row for row in document(_REFERENCE).rows if row.head[0].startswith("option") and _commands(row.section)]


def test_options_in_tables_exist() -> None:
    verbs = verbs_of(whole_parser())
    wrong = [
        f"{row.document}:{row.line}: {command} has no {word}"
        for row in _option_rows()
        for command in _commands(row.section)
        for code in _codes(row.cells[0])
        for word in re.findall(r"(?<!\S)-[-\w]+", code)
        if word not in options_of(verbs[command])
    ]
    assert wrong == []
    assert len(_option_rows()) > 30


def test_verbs_in_tables_exist() -> None:
    root = whole_parser()
    wrong, looked_at = [], 0
    for row in (row for name in manuals() for row in document(name).rows):
        for head, cell in zip(row.head, row.cells, strict=False):
            if not (column := [code for code in _codes(head) if _EASEL.match(code)]):
                continue
            for code in _codes(cell):
                looked_at += 1
                words = shlex.split(f"{_EASEL.sub('', column[0])} {code}")
                if words_of_it := complaint(words, root):
                    wrong.append(f"{row.document}:{row.line}: `{code}`: {words_of_it}")
    assert wrong == []
    assert looked_at > 8


def _all_options() -> Iterator[tuple[str, str]]:
    """Give every command, and every option that it shows in its help."""

    def below(path: str, found: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
        for action in found._actions:
            if action.option_strings and action.help != argparse.SUPPRESS:
                yield path, max(action.option_strings, key=len)
        for name, verb in verbs_of(found).items():
            yield from below(f"{path} {name}".strip(), verb)

    return ((path, option) for path, option in below("", whole_parser()) if path and option != "--help")


#: Where commands are written down whose options are not in docs/cli.md.
_ELSEWHERE = {"models": ("docs/models.md",), "admin": ("docs/operator.md",), "prompt": ("docs/prompts.md",)}


@pytest.mark.parametrize(("command", "option"), list(_all_options()))
def test_every_option_is_documented(command: str, option: str) -> None:
    first = command.split()[0]
    texts = [document(name).text for name in _ELSEWHERE.get(first, ())] + _sections(first)
    assert any(re.search(rf"(?<![\w-]){option}(?![\w-])", text) for text in texts), (
        f"{_REFERENCE} does not say under `easel {first}` what {option} does, nor do {_ELSEWHERE.get(first, ())}"
    )


def _sections(command: str) -> list[str]:
    """Return what the reference says under the headings of a command."""
    parts = re.split(r"^## ", document(_REFERENCE).text, flags=re.MULTILINE)
    found = [part for part in parts if command in _commands(part.partition("\n")[0])]
    # Commands that make a picture from another share what they take; the first says it.
    shared = [part for part in parts if command in ("outpaint", "edit", "blend") and part.startswith("`easel vary")]
    return found + shared


def test_every_command_has_a_section() -> None:
    missing = [name for name in verbs_of(whole_parser()) if not _sections(name)]
    assert missing == []


def test_make_has_the_targets_that_documents_name() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    said = [code for name in manuals() for code in document(name).codes if re.match(r"make [a-z]", code.text)]
    wrong = [f"{code.place}: `{code.text}`" for code in said if not set(_targets(code.text)) <= targets]
    assert wrong == []
    assert said


def _targets(text: str) -> list[str]:
    return [word for word in shlex.split(text)[1:] if "=" not in word and not word.startswith("-")]
