"""Styles in a file: AUTOMATIC1111's `styles.csv`, with what we know more of in columns that it passes over."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from bot.services.style_values import checked_name, checked_words, settings_from
from bot.texts import Mistake
from inference.protocol.limits import OutOfRange
from storage.styles import NewStyle, StyleSettings, folded

MOST_BYTES, MOST_ROWS = 2**20, 300
#: Its columns; before 2023 the second was "text".
_COLUMNS = ("name", "prompt", "negative_prompt")
_OLD_PROMPT = "text"
#: Columns of ours.
SETTINGS = ("steps", "guidance", "sampler", "size", "model")
_COMMENT = "#"


@dataclass(frozen=True)
class Row:
    """A style as a file has it, nothing of it checked."""

    #: Where it ends, counted from 1.
    line: int
    name: str
    prompt: str
    negative: str
    #: Of `SETTINGS`, those that are not empty.
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """A style of a file that was left out."""

    line: int
    name: str
    why: Mistake | OutOfRange


def require_bytes(name: str, size: int) -> None:
    """Raise Mistake for a file of so many bytes if that is too many; known before it is fetched."""
    if size > MOST_BYTES:
        raise Mistake("styles_file_bytes", name=name, most=MOST_BYTES // 2**20)


def read_sheet(name: str, data: bytes) -> list[Row]:
    """Return the styles in a file. Slow: to be called in a thread.

    Comments, and rows that only divide others, are left out. Raises Mistake for what is no such file or too much.
    """
    require_bytes(name, len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake("styles_file_encoding", name=name) from error
    # The field limit of the csv module, 128 KiB, belongs to the whole program and is left as it is: more is an error.
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    rows: list[Row] = []
    try:
        columns = [column.strip().casefold() for column in next(reader, [])]
        words = _COLUMNS[1] if _COLUMNS[1] in columns else _OLD_PROMPT
        if "name" not in columns or words not in columns:
            raise Mistake("styles_file_columns", name=name)
        for values in reader:
            cells = {column: value for column, value in zip(columns, values, strict=False) if value.strip()}
            row = _row(cells, words, reader.line_num)
            if row is None:
                continue
            if len(rows) == MOST_ROWS:
                raise Mistake("styles_file_rows", name=name, most=MOST_ROWS)
            rows.append(row)
    except csv.Error as error:
        raise Mistake("styles_file_broken", name=name, line=reader.line_num) from error
    return rows


def write_sheet(rows: Iterable[Row]) -> bytes:
    """Return a file with these styles, as AUTOMATIC1111 writes it; columns of ours only where there is something."""
    listed = list(rows)
    ours = [column for column in SETTINGS if any(column in row.settings for row in listed)]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*_COLUMNS, *ours])
    for row in listed:
        writer.writerow(list(_cells(row, ours)))
    return file.getvalue().encode("utf-8-sig")


def _row(cells: Mapping[str, str], words: str, line: int) -> Row | None:
    """Return a style, or None for a row that is none."""
    name, prompt, negative = (cells.get(column, "").strip() for column in ("name", words, "negative_prompt"))
    settings = {column: cells[column].strip() for column in SETTINGS if column in cells}
    if name.startswith(_COMMENT) or not (prompt or negative or settings):
        return None
    return Row(line, name, prompt, negative, settings)


def _cells(row: Row, ours: Iterable[str]) -> Iterator[str]:
    yield from (row.name, row.prompt, row.negative)
    yield from (row.settings.get(column, "") for column in ours)


def usable(
    rows: Iterable[Row], member_id: int, guild_id: int | None
) -> tuple[dict[str, tuple[Row, NewStyle]], list[Skipped]]:
    """Return the styles of a file, by their names as they are compared, and what can be none.

    As AUTOMATIC1111 reads it, the last of a name counts.
    """
    skipped: list[Skipped] = []
    new: dict[str, tuple[Row, NewStyle]] = {}
    for row in rows:
        try:
            style = _style(row, member_id, guild_id)
        except (Mistake, OutOfRange) as error:
            skipped.append(Skipped(row.line, row.name, error))
            continue
        if (earlier := new.pop(folded(style.name), None)) is not None:
            skipped.append(Skipped(earlier[0].line, earlier[0].name, Mistake("styles_skipped_twice")))
        new[folded(style.name)] = (row, style)
    return new, skipped


def row_of(name: str, prompt: str, negative: str, settings: StyleSettings) -> Row:
    """Return a style as a file has it."""
    chosen = msgspec.structs.asdict(settings)
    return Row(0, name, prompt, negative, {key: _cell(value) for key, value in chosen.items() if value is not None})


def _cell(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _style(row: Row, member_id: int, guild_id: int | None) -> NewStyle:
    """Return the style of a row. Raises Mistake and OutOfRange."""
    said = dict(row.settings)
    try:
        steps = int(said["steps"]) if "steps" in said else None
        guidance = float(said["guidance"]) if "guidance" in said else None
    except ValueError as error:
        raise Mistake("styles_skipped_number") from error
    return NewStyle(
        member_id=member_id,
        guild_id=guild_id,
        name=checked_name(row.name),
        prompt=checked_words(row.prompt),
        negative_prompt=checked_words(row.negative),
        settings=settings_from(
            steps=steps,
            guidance=guidance,
            sampler=said.get("sampler"),
            size=said.get("size"),
            model=said.get("model"),
        ),
    )
