"""Small pictures for lists."""

import io

from PIL import Image

from bot.services.gallery import thumbnail_of


def test_athumbnail_of_is_small_and_keeps_its_shape() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (1024, 512), "red").save(file, "PNG")
    data = thumbnail_of(file.getvalue())
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert image.size == (192, 96)


def test_a_damaged_picture_has_none() -> None:
    assert thumbnail_of(b"\x89PNG\r\n\x1a\n and no more") is None
