"""What a prompt's texts are for a model: pieces with weights, and the chunks of tokens that its text encoders read."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from inference.prompt.attention import Break, attention
from inference.prompt.reading import Reading
from inference.protocol.limits import MAX_TOKENIZED_CHARACTERS, MAX_TOKENIZED_TEXTS
from inference.protocol.messages import TokenChunk, Tokenized
from inference.protocol.recipe import ContentHash

#: The chunks of each text that was asked about.
Chunks = Mapping[str, Sequence[TokenChunk]]
#: `tokenize` of an engine, or of whoever speaks for it.
Tokenize = Callable[[ContentHash, Sequence[str]], Awaitable[Tokenized]]

#: What BREAK is among pieces: its word and, as in AUTOMATIC1111, its weight.
BREAK = ("BREAK", -1.0)


def pieces(text: str) -> Iterator[tuple[str, float]]:
    """Return the words of a text with their weights, and BREAK."""
    for piece in attention(text):
        yield BREAK if isinstance(piece, Break) else (piece.text, piece.weight)


def texts_of(reading: Reading) -> tuple[str, ...]:
    """Return the different texts of a prompt over its steps, as many of the first as one question may hold."""
    found = dict.fromkeys(segment.text for row in reading.rows for segment in row.segments)
    texts, left = [], MAX_TOKENIZED_CHARACTERS
    for text in list(found)[:MAX_TOKENIZED_TEXTS]:
        left -= len(text)
        if left < 0:
            break
        texts.append(text)
    return tuple(texts)


async def chunks_of(reading: Reading, model: ContentHash, tokenize: Tokenize) -> tuple[Chunks, str | None]:
    """Return the chunks of a prompt's texts, or none of them and why. Raises EngineDead, TimeoutError."""
    texts = texts_of(reading)
    if not texts:
        return {}, None
    answer = await tokenize(model, texts)
    return dict(zip(texts, answer.chunks, strict=False)), answer.problem


def count(chunks: Sequence[TokenChunk]) -> tuple[int, int]:
    """Return how many chunks there are, and how many tokens in all."""
    return len(chunks), sum(len(chunk.tokens) for chunk in chunks)


def words(chunk: TokenChunk) -> str:
    """Return the words of a chunk."""
    return "".join(token.text for token in chunk.tokens).strip()
