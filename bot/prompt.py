"""`easel prompt check`: what was understood of a prompt."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from inference.prompt.attention import Break, attention
from inference.prompt.editing import Timeline
from inference.prompt.networks import NetworkUse
from inference.prompt.places import harmless, point_at
from inference.prompt.reading import Reading, Row, read
from inference.prompt.weights import short
from inference.protocol.limits import MAX_STEPS, require_int

#: Exit codes: everything can be made, and something cannot.
MADE, REFUSED = 0, 2


def check(
    texts: Sequence[str], steps: int, hires_steps: int | None = None, *, negative: bool = False, as_json: bool = False
) -> int:
    """Print what was understood of each prompt; "-" stands for those on standard input, one a line.

    With `as_json` each is one line. Raises OutOfRange for steps that no picture has.
    """
    require_int("steps", steps, 1, MAX_STEPS)
    if hires_steps is not None:
        require_int("hires steps", hires_steps, 1, MAX_STEPS)
    timeline = Timeline(steps, hires_steps)
    code = MADE
    for place, text in enumerate(_every(texts)):
        reading = read(text, timeline, negative=negative)
        if as_json:
            # ASCII, so that no character of a prompt can disturb a terminal or a line.
            print(json.dumps(to_json(reading)), flush=True)
        else:
            print("\n".join(([""] if place else []) + list(_lines(text, reading))), flush=True)
        code = REFUSED if reading.errors else code
    return code


def to_json(reading: Reading) -> dict[str, object]:
    """Return a reading as plain values.

    `schedule` is the first prompt's. `weight` is there where it is not 1, `and` where AND joins more prompts to it,
    `error` where the prompt cannot be made. BREAK has the weight -1, as in AUTOMATIC1111.
    """
    rows = [{"weight": row.weight, "schedule": _schedule(row)} for row in reading.rows]
    first = rows[0] if rows else {"weight": 1.0, "schedule": []}
    document: dict[str, object] = {
        "schedule": first["schedule"],
        "networks": [_network(network) for network in reading.networks],
        "hints": [{"start": hint.span.start, "end": hint.span.end, "words": hint.words} for hint in reading.hints],
    }
    if first["weight"] != 1:
        document["weight"] = first["weight"]
    if len(rows) > 1:
        document["and"] = rows[1:]
    if reading.errors:
        error = reading.errors[0]
        document["error"] = {"start": error.span.start, "end": error.span.end, "words": error.words}
    return document


def _every(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        if text != "-":
            yield text
            continue
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", "replace").rstrip("\r\n")


def _schedule(row: Row) -> list[object]:
    return [[segment.last_step, [list(piece) for piece in _pieces(segment.text)]] for segment in row.segments]


def _pieces(text: str) -> Iterator[tuple[str, float]]:
    for piece in attention(text):
        yield ("BREAK", -1) if isinstance(piece, Break) else (piece.text, piece.weight)


def _network(network: NetworkUse) -> dict[str, object]:
    return {
        "kind": network.kind,
        "name": network.name,
        "weight": network.weight,
        "text_encoder_weight": network.text_encoder_weight,
    }


def _lines(text: str, reading: Reading) -> Iterator[str]:
    for error in reading.errors:
        yield f"Cannot be made: {error.words}"
        yield from _indented(point_at(error.text, error.span).split("\n"))
    for number, row in enumerate(reading.rows, 1):
        if len(reading.rows) > 1 or row.weight != 1:
            yield f"Prompt {number} of {len(reading.rows)}, weight {short(row.weight)}"
        yield from _row_lines(row)
    for network in reading.networks:
        weights = f"weight {short(network.weight)}, text encoder {short(network.text_encoder_weight)}"
        yield f"{network.kind} {harmless(network.name)}: {weights}"
    for hint in reading.hints:
        yield f"Hint: {hint.words}"
        yield from _indented(point_at(text, hint.span).split("\n"))


def _row_lines(row: Row) -> Iterator[str]:
    first = 1
    for segment in row.segments:
        last = segment.last_step
        yield f"Step {last}" if first == last else f"Steps {first} to {last}"
        for words, weight in _pieces(segment.text):
            shown = "BREAK" if words == "BREAK" and weight == -1 else f'{short(weight):>8}  "{harmless(words)}"'
            yield f"  {shown}"
        first = last + 1


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
