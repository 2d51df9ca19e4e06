"""Chunks of 75 tokens: where they are cut, what is carried over, what a BREAK does."""

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from inference.families.chunks import CHUNK, Chunk, chunked

COMMA = 0


def cut(pieces: Iterable[tuple[Sequence[int], float] | None], comma: int | None) -> list[Chunk]:
    """Return the chunks of pieces without embeddings: each token is a word of its own."""
    return chunked((piece and ([[token] for token in piece[0]], piece[1]) for piece in pieces), comma)


def words(count: int) -> list[int]:
    return list(range(1, count + 1))


def test_a_short_text_is_one_chunk() -> None:
    (chunk,) = cut([(words(3), 1.0), ([9], 1.3)], COMMA)
    assert (chunk.tokens, chunk.weights) == ([1, 2, 3, 9], [1.0, 1.0, 1.0, 1.3])


def test_no_text_is_one_empty_chunk() -> None:
    assert [chunk.tokens for chunk in cut([], COMMA)] == [[]]
    assert [chunk.tokens for chunk in cut([([], 1.0)], COMMA)] == [[]]


def test_without_commas_chunks_are_full() -> None:
    assert [len(chunk.tokens) for chunk in cut([(words(160), 1.0)], COMMA)] == [75, 75, 10]
    assert [len(chunk.tokens) for chunk in cut([(words(75), 1.0)], COMMA)] == [75]


def test_a_phrase_is_not_cut() -> None:
    first, second = cut([([*words(59), COMMA], 1.0), (words(17), 1.2)], COMMA)
    assert first.tokens == [*words(59), COMMA]
    assert second.tokens == words(17)
    assert second.weights == [1.2] * 17


def test_a_phrase_of_twenty_tokens_is_cut() -> None:
    first, second = cut([([*words(54), COMMA, *words(25)], 1.0)], COMMA)
    assert [len(first.tokens), len(second.tokens)] == [75, 5]
    first, second = cut([([*words(55), COMMA, *words(25)], 1.0)], COMMA)
    assert [len(first.tokens), len(second.tokens)] == [56, 25]


def test_a_comma_that_falls_on_the_edge_begins_the_next_chunk() -> None:
    first, second = cut([([*words(70), COMMA, *words(4), COMMA, 7], 1.0)], COMMA)
    assert len(first.tokens) == 75
    assert second.tokens == [COMMA, 7]


def test_a_break_begins_a_chunk() -> None:
    assert [chunk.tokens for chunk in cut([([1], 1.0), None, ([2], 1.0)], COMMA)] == [[1], [2]]
    assert [chunk.tokens for chunk in cut([([1], 1.0), None], COMMA)] == [[1]]
    assert [chunk.tokens for chunk in cut([None, ([1], 1.0)], COMMA)] == [[], [1]]


def test_a_model_without_a_comma_cuts_anywhere() -> None:
    assert [len(chunk.tokens) for chunk in cut([([COMMA] * 80, 1.0)], None)] == [75, 5]


def test_an_embedding_is_not_cut() -> None:
    first, second = chunked([([[1]] * 70, 1.0), ([[10, 11, 12, 13, 14, 15]], 0.5)], COMMA)
    assert first.tokens == [1] * 70
    assert (second.tokens, second.weights) == ([10, 11, 12, 13, 14, 15], [0.5] * 6)


@given(st.lists(st.one_of(st.none(), st.tuples(st.lists(st.integers(0, 3), max_size=90), st.floats(0.1, 2)))))
def test_nothing_is_lost_and_nothing_is_too_long(pieces: list[tuple[list[int], float] | None]) -> None:
    chunks = cut(pieces, COMMA)
    given_tokens = [(token, piece[1]) for piece in pieces if piece is not None for token in piece[0]]
    found = [pair for chunk in chunks for pair in zip(chunk.tokens, chunk.weights, strict=True)]
    assert found == given_tokens
    assert all(len(chunk.tokens) <= CHUNK for chunk in chunks)
