"""Tokens in CLIP's windows: chunks of 75 that would rather end at a comma than inside a phrase."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

#: Tokens of text in one chunk; with begin and end it fills CLIP's 77 positions.
CHUNK = 75
#: A phrase of at most so many tokens is moved to the next chunk rather than cut: AUTOMATIC1111's default.
_BACKTRACK = 20


@dataclass
class Chunk:
    """Tokens, without begin and end, and the weight of each."""

    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


def chunked(pieces: Iterable[tuple[Sequence[Sequence[int]], float] | None], comma: int | None) -> list[Chunk]:
    """Return the chunks of weighted pieces of words, at least one. None is a BREAK: what follows begins a new chunk.

    A word here is one token, or the vectors of an embedding, which stay together. A chunk is cut behind its last comma
    where at most 20 tokens follow that, as AUTOMATIC1111 does.
    """
    chunks = [Chunk()]
    for piece in pieces:
        if piece is None:
            chunks.append(Chunk())
            continue
        words, weight = piece
        for word in words:
            if len(chunks[-1].tokens) == CHUNK:
                chunks.append(_carried_over(chunks[-1], comma) if list(word) != [comma] else Chunk())
            if len(chunks[-1].tokens) + len(word) > CHUNK:
                chunks.append(Chunk())
            chunks[-1].tokens += word
            chunks[-1].weights += [weight] * len(word)
    return chunks[:-1] if len(chunks) > 1 and not chunks[-1].tokens else chunks


def _carried_over(full: Chunk, comma: int | None) -> Chunk:
    """Take what follows the last comma out of a full chunk, if that is little, and return it as the next one."""
    if comma is None or comma not in full.tokens:
        return Chunk()
    cut = len(full.tokens) - full.tokens[::-1].index(comma)
    if len(full.tokens) - cut >= _BACKTRACK:
        return Chunk()
    carried = Chunk(full.tokens[cut:], full.weights[cut:])
    del full.tokens[cut:], full.weights[cut:]
    return carried
