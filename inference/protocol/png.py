"""Text in PNG files: read from the chunks alone, without decoding a pixel (W3C PNG, third edition, section 11.3.3)."""

import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Of one text, after it is unpacked.
MAX_TEXT_BYTES = 4 * 1024 * 1024
#: Of all texts of a file together: many small bombs are one large one.
MAX_TEXTS_BYTES = 4 * MAX_TEXT_BYTES
MAX_CHUNKS = 100_000


class NotPng(ValueError):
    """Bytes that are no PNG file, or a damaged one."""


def read_texts(data: bytes) -> dict[str, str]:
    """Return the texts (tEXt, zTXt, iTXt) of a PNG file by their keywords; the first of a keyword counts.

    Raises NotPng for a wrong signature, a wrong checksum of a text, a file that is cut short, and texts that unpack to
    more than MAX_TEXT_BYTES, or to more than MAX_TEXTS_BYTES together.
    """
    texts: dict[str, str] = {}
    room = MAX_TEXTS_BYTES
    for kind, body in _chunks(data):
        if kind in _READERS:
            keyword, text = _READERS[kind](body)
            room -= len(text)
            if room < 0:
                raise NotPng("this PNG file has too much text")
            texts.setdefault(keyword, text)
    return texts


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        raise NotPng("this is no PNG file")
    place = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        length = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        checksum = data[place + 8 + length : place + 12 + length]
        if len(body) < length or len(checksum) < 4:
            raise NotPng("this PNG file is cut short")
        if kind in _READERS and zlib.crc32(kind + body) != int.from_bytes(checksum, "big"):
            raise NotPng(f"this PNG file is damaged: wrong checksum of {kind.decode('ascii', 'replace')}")
        yield kind, body
        if kind == b"IEND":
            return
        place += 12 + length
    raise NotPng("this PNG file has too many parts")


def _plain(body: bytes) -> tuple[str, str]:
    keyword, _, text = body.partition(b"\0")
    return keyword.decode("latin-1"), _limited(text).decode("latin-1")


def _packed(body: bytes) -> tuple[str, str]:
    keyword, _, rest = body.partition(b"\0")
    return keyword.decode("latin-1"), _unpack(rest[1:]).decode("latin-1")


def _international(body: bytes) -> tuple[str, str]:
    keyword, _, rest = body.partition(b"\0")
    packed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")
    _, _, text = rest.partition(b"\0")
    raw = _unpack(text) if packed else _limited(text)
    return keyword.decode("latin-1"), raw.decode("utf-8", "replace")


def _unpack(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MAX_TEXT_BYTES + 1)
    except zlib.error as error:
        raise NotPng(f"this PNG file has a damaged text: {error}") from error
    if not unpacker.eof and len(text) <= MAX_TEXT_BYTES:
        raise NotPng("this PNG file has a text that is cut short")
    return _limited(text)


def _limited(text: bytes) -> bytes:
    if len(text) > MAX_TEXT_BYTES:
        raise NotPng("this PNG file has a text that is too long")
    return text


_READERS = {b"tEXt": _plain, b"zTXt": _packed, b"iTXt": _international}
