"""Tokens as people read them: CLIP's vocabulary spells words as bytes, and every byte as a character."""

import codecs
from collections.abc import Iterable, Iterator

#: What a token has that ends a word.
_WORD_END = "</w>"


def readable(tokens: Iterable[str]) -> list[str]:
    """Return the text of each token; together they are the words, each with a space behind it.

    A character whose bytes fall into several tokens stands in the last of them; what is no UTF-8 shows as "\ufffd".
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return [_text(token, decoder) for token in tokens]


def _text(token: str, decoder: codecs.IncrementalDecoder) -> str:
    ends = token.endswith(_WORD_END)
    spelled = b"".join(map(_bytes_of, token.removesuffix(_WORD_END)))
    return decoder.decode(spelled, final=ends) + (" " if ends else "")


def _bytes_of(character: str) -> bytes:
    byte = _BYTES.get(character)
    return character.encode("utf-8", "replace") if byte is None else bytes([byte])


def _alphabet() -> Iterator[tuple[str, int]]:
    """Return the character of every byte, as in GPT-2 (Radford et al. 2019): its own where that can be seen."""
    unseen = 256
    for byte in range(256):
        if byte in range(0x21, 0x7F) or (byte in range(0xA1, 0x100) and byte != 0xAD):
            yield chr(byte), byte
        else:
            yield chr(unseen), byte
            unseen += 1


_BYTES = dict(_alphabet())
