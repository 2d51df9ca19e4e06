"""What the documents say of settings is what the code does."""

import re
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from pydantic import SecretStr

from bot.settings import Settings
from tests.docs.documents import ROOT, Row, document, manuals, tracked

TABLES = "docs/cli.md"
#: Names of variables; `EASEL_…` and `EASEL_*` stand for all.
_NAMES = re.compile(r"\b(?:EASEL_[A-Z][A-Z_]*[A-Z]|DISCORD_TOKEN)\b")
#: Where a folder of the data folder is computed.
_FOLDERS = {
    "wildcards_folder": "lists",
    "adapters_folder": "adapters",
    "adapters_incoming": "incoming",
    "backup_folder": "backups",
}


def _rows() -> dict[str, Row]:
    """Return the rows of the tables of settings by variable."""
    rows = [row for row in document(TABLES).rows if row.head[0] == "variable"]
    return {row.cells[0].strip("`"): row for row in rows}


def _variable(field: str) -> str:
    return "DISCORD_TOKEN" if field == "discord_token" else f"EASEL_{field.upper()}"


#: Styles are tables of the TOML file.
FIELDS = sorted(set(Settings.model_fields) - {"styles"})


def test_every_setting_has_a_row_and_every_row_is_a_setting() -> None:
    assert sorted(_rows()) == sorted(_variable(field) for field in FIELDS)
    assert "[styles." in document(TABLES).text


@pytest.mark.parametrize("field", FIELDS)
def test_the_default_is_the_true_one(field: str, tmp_path: Path) -> None:
    said = _rows()[_variable(field)].cells[1].replace("`", "")
    true = Settings.model_fields[field].get_default(call_default_factory=True)
    if said.endswith(" in the data folder"):
        settings = Settings.model_construct(**{field: true, "data_folder": tmp_path})
        assert getattr(settings, _FOLDERS[field]) == tmp_path / said.removesuffix(" in the data folder")
    elif said.startswith("the user's data folder, "):
        base = Path(platformdirs.user_data_dir("easel", False)).parent
        assert true == base / said.removeprefix("the user's data folder, ")
    else:
        assert said in _said(true)


def _said(value: Any) -> tuple[str, ...]:
    """Return how a default may be written."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in ("", ()):
        return ("none", "Discord's")
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (f"{value:g}",) if isinstance(value, int | float) else (value,)


def test_no_document_names_a_setting_that_is_none() -> None:
    known = {_variable(field) for field in FIELDS} | {"EASEL_DISCORD_TOKEN"} | _read_elsewhere()
    found = [
        f"{name}:{number}: {word}"
        for name in manuals()
        for number, line in enumerate(document(name).text.splitlines(), 1)
        for word in _NAMES.findall(line)
        if word not in known
    ]
    assert found == []


def test_every_variable_that_is_read_is_documented() -> None:
    said = {word for name in manuals() for word in _NAMES.findall(document(name).text)}
    assert _read_elsewhere() <= said


def _read_elsewhere() -> set[str]:
    """Return the variables that something of the house reads past the settings: in quotes, or in CI's program."""
    reads = re.compile(r"[\"{](EASEL_[A-Z_]+)[\":]")
    sources = [name for name in tracked() if name == ".ci/run" or (name.endswith(".py") and "/test_" not in name)]
    found = {word for name in sources for word in reads.findall((ROOT / name).read_text("utf-8"))}
    return found - {_variable(field) for field in FIELDS} - {"EASEL_DISCORD_TOKEN"}
