"""Texts in JPEG and WebP files, as programs write them through piexif and Pillow, and files that mean harm."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.protocol import exif

SETTINGS = "a fäx 狐\nNegative prompt: 鶏\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x64"


def picture(kind: str, comment: bytes | None = None, **tags: str) -> bytes:
    """Return a picture with EXIF data."""
    data = Image.Exif()
    if comment is not None:
        data.get_ifd(0x8769)[0x9286] = comment
    for name, value in tags.items():
        data[{"make": 0x010F, "model": 0x0110, "description": 0x010E}[name]] = value
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind, exif=data)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + SETTINGS.encode("utf-16-be"),
        b"UNICODE\0" + SETTINGS.encode("utf-16-le"),
        b"UNICODE\0" + SETTINGS.encode("utf-16"),
        b"UNICODE\0" + SETTINGS.encode("utf-16-be") + b"\0\0",
        b"\0" * 8 + SETTINGS.encode(),
        b"ASCII\0\0\0" + SETTINGS.encode(),
        SETTINGS.encode(),
    ],
)
def test_the_user_comment_in_all_encodings(kind: str, comment: bytes) -> None:
    assert exif.read_texts(picture(kind, comment)) == {"parameters": SETTINGS}


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_comfyuis_tags(kind: str) -> None:
    data = picture(kind, make='workflow:{"nodes": []}', model='prompt:{"1": {}}', description="a photo: nothing else")
    assert exif.read_texts(data) == {"prompt": '{"1": {}}', "workflow": '{"nodes": []}'}


def test_webp_files_without_the_prefix_that_pillow_writes() -> None:
    data = picture("WEBP", b"UNICODE\0" + SETTINGS.encode("utf-16-be"))
    place = data.index(b"EXIF")
    length = int.from_bytes(data[place + 4 : place + 8], "little")
    body = data[place + 8 : place + 8 + length]
    other = body.removeprefix(b"Exif\0\0") if body.startswith(b"Exif") else b"Exif\0\0" + body
    chunk = b"EXIF" + len(other).to_bytes(4, "little") + other + b"\0" * (len(other) % 2)
    assert exif.read_texts(data[:place] + chunk) == {"parameters": SETTINGS}


def test_files_that_say_nothing() -> None:
    for kind in ("JPEG", "WEBP"):
        assert exif.read_texts(picture(kind)) == {}
    for data in (b"", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n", b"RIFFxxxxWEBPEXIF\xff\xff\xff\xff"):
        assert exif.read_texts(data) == {}


@given(st.binary(max_size=400), st.integers(0, 300), st.integers(0, 255))
def test_any_bytes_are_read(data: bytes, place: int, byte: int) -> None:
    exif.read_texts(b"\xff\xd8\xff" + data)
    exif.read_texts(b"RIFF\0\0\0\0WEBP" + data)
    exif.read_texts(b"RIFF\0\0\0\0WEBPEXIF" + len(data).to_bytes(4, "little") + data)
    whole = bytearray(BOTH)
    whole[place % len(whole)] = byte
    exif.read_texts(bytes(whole))
    exif.read_texts(BOTH[:place])


BOTH = picture("JPEG", b"UNICODE\0" + SETTINGS.encode("utf-16-be"), model="prompt:{}")


def test_directories_that_claim_the_same_bytes_again_and_again() -> None:
    count = 500
    entry = struct.pack("<HHII", 0x0110, 2, 4_000_000, 0)
    links = struct.pack("<HHII", 0x8769, 4, 1, 8)
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2 * count) + (entry + links) * count
    tiff += b"\0" * (4_000_000 - len(tiff))
    data = b"RIFF\0\0\0\0WEBPEXIF" + len(tiff).to_bytes(4, "little") + tiff
    assert exif.read_texts(data) == {}
