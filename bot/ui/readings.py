"""How a prompt was read, for people: a page, and the whole of it as a text where a page is too small. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from discord import ui

from bot.services.networks import Network, Networks, family_name, weights_of, whose
from bot.services.prompts import spoken
from bot.services.readings import BREAK, Chunks, count, pieces, words
from bot.texts import said, say
from bot.ui.layouts import layout
from bot.ui.plain import block, harmless
from inference.prompt import places
from inference.prompt.places import Span, point_at
from inference.prompt.reading import Reading, Row
from inference.prompt.weights import short
from inference.protocol.messages import TokenChunk

#: The file that holds what a page has no room for.
FILE_NAME = "prompt.txt"
#: Characters of that file; Discord takes 10 MiB, and nobody reads even this.
_MOST_IN_FILE = 1_000_000
#: Characters of the parts of a page. Together with the title and the last line they are less than the 4000 allowed.
_ERRORS, _SCHEDULE, _NETWORKS, _HINTS = 700, 1500, 300, 900
_WORDS = 300
#: Characters of a longer line that are shown: of its beginning, and of its end.
_HEAD, _TAIL = 110, 40
#: Columns of a prompt with carets under it; a phone shows about so many.
_COLUMNS = 60
#: What a code block has around it, and the line break before it.
_FRAME = len("\n```\n\n```\n")

Part = ui.Item[ui.LayoutView]


_NO_NETWORKS = Networks()


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What there is to show of a prompt."""

    text: str
    reading: Reading
    steps: int
    #: Name of the model whose tokens are counted.
    model: str
    negative: bool = False
    chunks: Chunks = field(default_factory=dict)
    #: The text is what was made of the one that was written, which means so many pictures; None where it is the same.
    ways: int | None = None
    #: Why there are no tokens, as a sentence; None where there are.
    trouble: str | None = None
    #: What the prompt may name, and who asks.
    networks: Networks = _NO_NETWORKS
    member_id: int = 0


@dataclass(frozen=True)
class _Paragraph:
    """Words, and below them lines whose columns matter."""

    words: str
    lines: Iterable[str] = ()


#: Makes paragraphs anew each time: they are read for the page, and again for the file.
_Paragraphs = Callable[[Shown, str | None], Iterator[_Paragraph]]


def page(shown: Shown, locale: str | None) -> tuple[ui.LayoutView, str | None]:
    """Return the page, and the text of the file that goes with it if not all is shown.

    Slow for long prompts: to be called in a thread.
    """
    key = "prompt_title_negative" if shown.negative else "prompt_title"
    parts: list[Part] = [ui.TextDisplay(f"{say(key, locale)}\n-# {_about(shown, locale)}")]
    complete = True
    for paragraphs, most in _SECTIONS:
        text, whole = _fitted(paragraphs(shown, locale), most)
        complete = complete and whole
        if text:
            parts.append(ui.TextDisplay(text))
    if complete:
        return layout(*parts), None
    parts += [ui.TextDisplay(f"-# {say('prompt_shortened', locale)}"), ui.File(f"attachment://{FILE_NAME}")]
    return layout(*parts), _whole(shown, locale)


def _about(shown: Shown, locale: str | None) -> str:
    told = say("prompt_about", locale, model=harmless(shown.model, 100), steps=shown.steps)
    if shown.ways is not None:
        key = "prompt_styled" if shown.ways == 1 else "prompt_drawn"
        told = f"{say(key, locale, ways=spoken(shown.ways))}\n-# {told}"
    if shown.trouble is not None:
        return f"{told}\n-# {say('prompt_uncounted', locale, reason=harmless(shown.trouble))}"
    if not shown.chunks:
        return told
    counts = {count(chunks): chunks for chunks in shown.chunks.values()}
    most = _tokens(counts[max(counts)], locale)
    return f"{told} · {most if len(counts) == 1 else say('prompt_up_to', locale, tokens=most)}"


def _tokens(chunks: Sequence[TokenChunk], locale: str | None) -> str:
    parts, tokens = count(chunks)
    in_chunks = say("chunk", locale) if parts == 1 else say("chunks", locale, n=parts)
    return f"{in_chunks}, {say('token', locale) if tokens == 1 else say('tokens', locale, n=tokens)}"


# What there is to say ---------------------------------------------------------------------------------------------


def _errors(shown: Shown, locale: str | None) -> Iterator[_Paragraph]:
    for error in shown.reading.errors:
        told = say("prompt_cannot", locale, words=said(error.told, locale))
        yield _Paragraph(told, _pointed(error.text, error.span))


def _schedule(shown: Shown, locale: str | None) -> Iterator[_Paragraph]:
    rows = shown.reading.rows
    for number, row in enumerate(rows, 1):
        told = ""
        if len(rows) > 1 or row.weight != 1:
            told = say("prompt_row", locale, number=number, count=len(rows), weight=short(row.weight))
        yield _Paragraph(told, _row_lines(row, shown.chunks, locale))


def _row_lines(row: Row, chunks: Chunks, locale: str | None) -> Iterator[str]:
    # Alternation has the same few texts again and again.
    read: dict[str, list[tuple[str, float]]] = {}
    first = 1
    for segment in row.segments:
        last = segment.last_step
        when = say("prompt_step", locale, step=last)
        if first != last:
            when = say("prompt_steps", locale, first=first, last=last)
        found = chunks.get(segment.text)
        yield when if found is None else f"{when} · {_tokens(found, locale)}"
        for piece in read.get(segment.text) or read.setdefault(segment.text, list(pieces(segment.text))):
            text, weight = piece
            yield f"{'BREAK':>7}" if piece == BREAK else f'{short(weight):>7}  "{places.harmless(text)}"'
        if found is not None and len(found) > 1:
            yield from _chunk_lines(found, locale)
        first = last + 1


def _chunk_lines(chunks: Sequence[TokenChunk], locale: str | None) -> Iterator[str]:
    for number, chunk in enumerate(chunks, 1):
        told = say("prompt_chunk", locale, number=number, used=len(chunk.tokens), room=chunk.room)
        yield f"  {told}: {places.harmless(words(chunk))}"


def _networks(shown: Shown, locale: str | None) -> Iterator[_Paragraph]:
    lines = [*_network_lines(shown, locale), *_embedding_lines(shown, locale)]
    if lines:
        yield _Paragraph(say("prompt_networks", locale), lines)


def _network_lines(shown: Shown, locale: str | None) -> Iterator[str]:
    for use in shown.reading.networks:
        network = shown.networks.find(use.name)
        weight, encoder = (use.weight, use.text_encoder_weight) if network is None else weights_of(use, network)
        yield say(
            "prompt_network",
            locale,
            kind=use.kind,
            name=places.harmless(use.name),
            weight=short(weight),
            text_encoder=short(encoder),
        )
        if network is not None:
            yield _what(network, shown, locale)


def _embedding_lines(shown: Shown, locale: str | None) -> Iterator[str]:
    for network in shown.networks.embeddings(shown.text):
        yield say("prompt_embedding", locale, name=places.harmless(network.name))
        yield _what(network, shown, locale)


def _what(network: Network, shown: Shown, locale: str | None) -> str:
    """Return what a network is, for whom, and whose."""
    owner = say(f"adapters_whose_{whose(network, shown.member_id)}", locale)
    return f"  {network.form} · {family_name(network.family)} · {owner}"


def _hints(shown: Shown, locale: str | None) -> Iterator[_Paragraph]:
    for hint in shown.reading.hints:
        yield _Paragraph(say("prompt_hint", locale, words=said(hint.told, locale)), _pointed(shown.text, hint.span))


def _pointed(text: str, span: Span) -> list[str]:
    return point_at(text, span, _COLUMNS).split("\n")


_SECTIONS: tuple[tuple[_Paragraphs, int], ...] = (
    (_errors, _ERRORS),
    (_schedule, _SCHEDULE),
    (_networks, _NETWORKS),
    (_hints, _HINTS),
)


# A page and a file ------------------------------------------------------------------------------------------------


def _fitted(paragraphs: Iterable[_Paragraph], most: int) -> tuple[str, bool]:
    """Return paragraphs as Discord shows them, at most `most` characters of them, and whether that is all."""
    texts: list[str] = []
    left = most
    for paragraph in paragraphs:
        told = harmless(paragraph.words, _WORDS)
        room = left - len(told) - _FRAME
        lines, whole = _first(paragraph.lines, room)
        if room < 0 or (not lines and not whole):
            return "\n".join(texts), False
        texts.append("\n".join(filter(None, (told, block("\n".join(lines), most) if lines else ""))))
        left -= len(texts[-1]) + 1
        if not whole:
            return "\n".join(texts), False
    return "\n".join(texts), True


def _first(lines: Iterable[str], room: int) -> tuple[list[str], bool]:
    """Return as many of the first lines as there is room for, none too long, and whether those are all of them."""
    kept: list[str] = []
    whole = True
    for line in lines:
        cut = line if len(line) <= _HEAD + _TAIL else f"{line[:_HEAD]} … {line[-_TAIL:]}"
        # A fence in a text takes a character more.
        room -= len(cut) + cut.count("`") + 1
        if room < 0:
            return kept, False
        kept.append(cut)
        whole = whole and cut == line
    return kept, whole


def _whole(shown: Shown, locale: str | None) -> str:
    """Return everything as plain text."""
    lines: list[str] = []
    left = _MOST_IN_FILE
    for line in _plain_lines(shown, locale):
        left -= len(line) + 1
        if left < 0:
            lines.append("…")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _plain_lines(shown: Shown, locale: str | None) -> Iterator[str]:
    yield places.harmless(shown.text)
    for paragraphs, _ in _SECTIONS:
        for paragraph in paragraphs(shown, locale):
            yield ""
            if paragraph.words:
                yield places.harmless(paragraph.words)
            for line in paragraph.lines:
                yield f"  {line}"
