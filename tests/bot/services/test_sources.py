"""Pictures that people send."""

import io

import pytest
from PIL import Image

from bot.services.sources import checked, require_bytes
from bot.texts import Mistake
from inference.protocol.limits import MAX_IMAGE_BYTES


def picture(form: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (8, 8)).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_what_can_be_painted_from(form: str) -> None:
    data = picture(form)
    assert checked("a", data) is data


@pytest.mark.parametrize("form", ["TIFF", "ICO", "PPM", "PDF", "EPS"])
def test_forms_that_are_not_taken(form: str) -> None:
    with pytest.raises(Mistake, match="is no picture"):
        checked("a.png", picture(form))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_every_cut_is_noticed_or_harmless(form: str) -> None:
    data = picture(form)
    for length in range(0, len(data) - 1, max(1, len(data) // 40)):
        assert key_of(data[:length]) in (None, "image_none", "image_damaged")
    assert key_of(data[:20]) is not None


def key_of(data: bytes) -> str | None:
    """Return which mistake a file is; None for a picture."""
    try:
        checked("a.png", data)
    except Mistake as error:
        return error.key
    return None


def test_the_first_byte_too_many() -> None:
    require_bytes("a", MAX_IMAGE_BYTES)
    with pytest.raises(Mistake, match="64 MiB"):
        require_bytes("a", MAX_IMAGE_BYTES + 1)
