"""Texts in the EXIF data of JPEG and WebP files, read without decoding a pixel (CIPA DC-008, EXIF 2.32; TIFF 6.0).

AUTOMATIC1111 writes its text as the user comment; ComfyUI writes "prompt:" and "workflow:" with JSON into other tags.
"""

from collections.abc import Iterator
from typing import Literal

_Order = Literal["little", "big"]

#: Of all EXIF data; the texts lie within it.
MAX_EXIF_BYTES = 4 * 1024 * 1024
_MAX_PARTS = 10_000
_MAX_ENTRIES = 500
#: EXIF's tags: where its own directory is, and the comment in it.
_EXIF_DIRECTORY, _USER_COMMENT = 0x8769, 0x9286
#: TIFF's type numbers of bytes and texts.
_BYTE, _ASCII, _UNDEFINED = 1, 2, 7
_PREFIXES = {b"prompt": "prompt", b"workflow": "workflow"}
_LONGEST_PREFIX = 9


def is_jpeg(data: bytes) -> bool:
    """Tell whether these are the bytes of a JPEG file."""
    return data.startswith(b"\xff\xd8\xff")


def is_webp(data: bytes) -> bool:
    """Tell whether these are the bytes of a WebP file."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read_texts(data: bytes) -> dict[str, str]:
    """Return a file's texts as PNG files name them: "parameters", "prompt", "workflow".

    Never fails: a file without EXIF data, or with what cannot be read, says nothing.
    """
    raw = _jpeg_exif(data) if is_jpeg(data) else _webp_exif(data) if is_webp(data) else b""
    return _texts(raw.removeprefix(b"Exif\0\0")) if len(raw) <= MAX_EXIF_BYTES else {}


def _jpeg_exif(data: bytes) -> bytes:
    """Return the first EXIF segment before the picture itself."""
    place = 2
    for _ in range(_MAX_PARTS):
        marker, length = data[place : place + 2], int.from_bytes(data[place + 2 : place + 4], "big")
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xD9, 0xDA) or length < 2:
            return b""
        body = data[place + 4 : place + 2 + length]
        if marker[1] == 0xE1 and body.startswith(b"Exif\0\0"):
            return body
        place += 2 + length
    return b""


def _webp_exif(data: bytes) -> bytes:
    """Return the first EXIF chunk."""
    place = 12
    for _ in range(_MAX_PARTS):
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if len(kind) < 4:
            return b""
        if kind == b"EXIF":
            return data[place + 8 : place + 8 + length] if length <= MAX_EXIF_BYTES else b""
        place += 8 + length + length % 2
    return b""


def _texts(tiff: bytes) -> dict[str, str]:
    orders: dict[bytes, _Order] = {b"II*\0": "little", b"MM\0*": "big"}
    if tiff[:4] not in orders:
        return {}
    order, whole = orders[tiff[:4]], memoryview(tiff)
    texts: dict[str, str] = {}
    inner = None
    for tag, value in _entries(whole, int.from_bytes(tiff[4:8], order), order):
        if tag == _EXIF_DIRECTORY and inner is None:
            inner = int.from_bytes(value, order)
        name, colon, _ = bytes(value[:_LONGEST_PREFIX]).partition(b":")
        key = _PREFIXES.get(name.lower())
        if colon and key is not None and key not in texts:
            texts[key] = str(value[len(name) + 1 :], "utf-8", "replace").strip("\0")
    comments = () if inner is None else _entries(whole, inner, order)
    comment = next((value for tag, value in comments if tag == _USER_COMMENT), None)
    if comment is not None and (text := _comment(bytes(comment))):
        texts["parameters"] = text
    return texts


def _entries(tiff: memoryview, place: int, order: _Order) -> Iterator[tuple[int, memoryview]]:
    """Yield the tags of a directory that hold bytes or texts, and that of the EXIF directory, with their values."""
    count = min(int.from_bytes(tiff[place : place + 2], order), _MAX_ENTRIES)
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        raw = tiff[entry : entry + 12]
        if len(raw) < 12:
            return
        tag, kind = int.from_bytes(raw[:2], order), int.from_bytes(raw[2:4], order)
        length, where = int.from_bytes(raw[4:8], order), int.from_bytes(raw[8:12], order)
        if tag == _EXIF_DIRECTORY:
            yield tag, raw[8:12]
        elif kind in (_BYTE, _ASCII, _UNDEFINED):
            yield tag, raw[8 : 8 + length] if length <= 4 else tiff[where : where + length]


def _comment(raw: bytes) -> str:
    """Return a user comment's text: eight bytes name its encoding."""
    code, body = raw[:8], raw[8:]
    if code == b"UNICODE\0":
        return body.decode(_utf16(body), "replace").strip("\0\ufeff")
    if code in (b"ASCII\0\0\0", b"\0" * 8):
        return body.decode("utf-8", "replace").strip("\0")
    return raw.decode("utf-8", "replace").strip("\0")


def _utf16(body: bytes) -> str:
    """Return the byte order of UTF-16, which programs choose as they like: in ours, most characters are Latin."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return "utf-16-be" if body[::2].count(0) >= body[1::2].count(0) else "utf-16-le"
