"""The size of pictures of every format that Pillow writes."""

import io

import pytest
from PIL import Image

from playground import images


def _encoded(kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (37, 21), "red").save(content, kind, **options)
    return content.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(300)}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0" + bytes(300)}),
    ],
)
def test_the_size_is_read(kind: str, options: dict[str, object]) -> None:
    assert images.size(_encoded(kind, **options)) == (37, 21)


_PNG, _JPEG, _RIFF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF0000WEBP"


@pytest.mark.parametrize(
    "content", [b"", b"text", _PNG, _JPEG, _JPEG + b"\xff\xe0\0\2", _JPEG + b"\0\0", _RIFF + b"VP8 ", _RIFF + b"more"]
)
def test_what_is_none_or_broken_has_no_size(content: bytes) -> None:
    assert images.size(content) is None
