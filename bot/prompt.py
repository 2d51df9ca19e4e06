"""`easel prompt check`: what was understood of a prompt, and how a model's text encoders cut it into tokens."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from bot.engines.base import Engine
from bot.engines.process import LocalProcess
from bot.errors import EaselError, EngineDead
from bot.services.drafts import find_model
from bot.services.readings import BREAK, Chunks, chunks_of, count, pieces, words
from bot.settings import Settings
from inference.prompt.editing import Timeline
from inference.prompt.networks import NetworkUse
from inference.prompt.places import harmless, point_at
from inference.prompt.reading import Reading, Row, read
from inference.prompt.weights import short
from inference.protocol.limits import MAX_STEPS, require_int
from inference.protocol.messages import TokenChunk

#: Exit codes: everything can be made, and something cannot.
MADE, REFUSED = 0, 2
#: Of a picture whose model is not said.
_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How prompts are to be read and shown."""

    #: Of the picture; None for the model's own.
    steps: int | None = None
    #: Of the second pass, where that is to be shown.
    hires_steps: int | None = None
    negative: bool = False
    as_json: bool = False

    def __post_init__(self) -> None:
        """Raise OutOfRange for steps that no picture has."""
        for name, steps in (("steps", self.steps), ("hires steps", self.hires_steps)):
            if steps is not None:
                require_int(name, steps, 1, MAX_STEPS)

    def read(self, text: str, default_steps: int = _STEPS) -> Reading:
        """Return what a prompt says."""
        timeline = Timeline(self.steps or default_steps, self.hires_steps)
        return read(text, timeline, negative=self.negative)


def check(prompts: Iterable[str], manner: Manner) -> int:
    """Print what was understood of each prompt, as JSON on a line of its own."""
    code = MADE
    for place, text in enumerate(prompts):
        reading = manner.read(text)
        _print(text, reading, None, place, manner.as_json)
        code = REFUSED if reading.errors else code
    return code


async def check_for(
    prompts: Iterable[str],
    manner: Manner,
    name: str,
    settings: Settings,
    console: Console,
    engine: Engine | None = None,
) -> int:
    """Print what was understood of each prompt, with the tokens of the model of that name.

    Raises UserError for a model that is not there, EaselError for one that cannot be read, EngineDead.
    """
    engine = engine or LocalProcess(settings.engine())
    code = MADE
    with console.status("Starting the engine …"):
        ready = await engine.start()
    try:
        model = find_model(name, ready.models)
        for place, text in enumerate(prompts):
            reading = manner.read(text, model.default_steps)
            chunks, problem = await chunks_of(reading, model.hash, engine.tokenize)
            if problem is not None:
                raise EaselError(problem)
            _print(text, reading, chunks, place, manner.as_json)
            code = REFUSED if reading.errors else code
    except TimeoutError as error:
        raise EngineDead("The engine gave no answer in time. `easel doctor` says what may be wrong.") from error
    finally:
        await engine.stop()
    return code


def to_json(reading: Reading, chunks: Chunks | None = None) -> dict[str, object]:
    """Return a reading as plain values.

    `schedule` is the first prompt's. `weight` is there where it is not 1, `and` where AND joins more prompts to it,
    `error` where the prompt cannot be made. BREAK has the weight -1, as in AUTOMATIC1111. With `chunks` there are the
    chunks of each entry of a schedule, in its order; null where they were not counted.
    """
    rows = [_row(row, chunks) for row in reading.rows]
    first = rows[0] if rows else _row(Row(1.0, ()), chunks)
    document: dict[str, object] = {
        "schedule": first["schedule"],
        "networks": [_network(network) for network in reading.networks],
        "hints": [{"start": hint.span.start, "end": hint.span.end, "words": hint.words} for hint in reading.hints],
    }
    if chunks is not None:
        document["chunks"] = first["chunks"]
    if first["weight"] != 1:
        document["weight"] = first["weight"]
    if len(rows) > 1:
        document["and"] = rows[1:]
    if reading.errors:
        error = reading.errors[0]
        document["error"] = {"start": error.span.start, "end": error.span.end, "words": error.words}
    return document


def every(texts: Sequence[str]) -> Iterator[str]:
    """Return prompts; "-" stands for those on standard input, one a line."""
    for text in texts:
        if text != "-":
            yield text
            continue
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", "replace").rstrip("\r\n")


def _row(row: Row, chunks: Chunks | None) -> dict[str, object]:
    schedule = [[segment.last_step, [list(piece) for piece in pieces(segment.text)]] for segment in row.segments]
    found: dict[str, object] = {"weight": row.weight, "schedule": schedule}
    if chunks is not None:
        found["chunks"] = [_counted(chunks.get(segment.text)) for segment in row.segments]
    return found


def _counted(chunks: Sequence[TokenChunk] | None) -> object:
    if chunks is None:
        return None
    return [[[token.text, token.weight] for token in chunk.tokens] for chunk in chunks]


def _network(network: NetworkUse) -> dict[str, object]:
    return {
        "kind": network.kind,
        "name": network.name,
        "weight": network.weight,
        "text_encoder_weight": network.text_encoder_weight,
    }


def _print(text: str, reading: Reading, chunks: Chunks | None, place: int, as_json: bool) -> None:
    if as_json:
        # ASCII, so that no character of a prompt can disturb a terminal or a line.
        print(json.dumps(to_json(reading, chunks)), flush=True)
    else:
        print("\n".join(([""] if place else []) + list(_lines(text, reading, chunks))), flush=True)


def _lines(text: str, reading: Reading, chunks: Chunks | None) -> Iterator[str]:
    for error in reading.errors:
        yield f"Cannot be made: {error.words}"
        yield from _indented(point_at(error.text, error.span).split("\n"))
    for number, row in enumerate(reading.rows, 1):
        if len(reading.rows) > 1 or row.weight != 1:
            yield f"Prompt {number} of {len(reading.rows)}, weight {short(row.weight)}"
        yield from _row_lines(row, chunks)
    for network in reading.networks:
        weights = f"weight {short(network.weight)}, text encoder {short(network.text_encoder_weight)}"
        yield f"{network.kind} {harmless(network.name)}: {weights}"
    for hint in reading.hints:
        yield f"Hint: {hint.words}"
        yield from _indented(point_at(text, hint.span).split("\n"))


def _row_lines(row: Row, chunks: Chunks | None) -> Iterator[str]:
    first = 1
    for segment in row.segments:
        last = segment.last_step
        yield f"Step {last}" if first == last else f"Steps {first} to {last}"
        for piece in pieces(segment.text):
            text, weight = piece
            yield "  BREAK" if piece == BREAK else f'  {short(weight):>8}  "{harmless(text)}"'
        if chunks is not None:
            yield from _indented(_chunk_lines(chunks.get(segment.text)))
        first = last + 1


def _chunk_lines(chunks: Sequence[TokenChunk] | None) -> Iterator[str]:
    """Return how many tokens and chunks there are, and, where they are several, what stands in each chunk."""
    if chunks is None:
        yield "Tokens are not counted: there are too many texts."
        return
    parts, tokens = count(chunks)
    yield f"{tokens} {'token' if tokens == 1 else 'tokens'} in {parts} {'chunk' if parts == 1 else 'chunks'}"
    if parts > 1:
        for chunk in chunks:
            yield f'{len(chunk.tokens):>8} of {chunk.room}  "{harmless(words(chunk))}"'


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
