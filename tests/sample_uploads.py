"""Files that people send: pictures of every sort that is read, and everything that is not."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, PngImagePlugin

#: Stands in everything that a picture may say beside its pixels.
SECRET = "52.5163N-13.3777E"
RED, BLUE = (216, 32, 36), (30, 60, 200)


def png_by_hand(
    width: int, height: int, raw: bytes | None = None, depth: int = 8, colour: int = 2, *more: tuple[bytes, bytes]
) -> bytes:
    """Return a PNG of filtered rows; without any, its header promises what is not there."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), *more, (b"IDAT", zlib.compress(raw or b"")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def saved(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def halves(mode: str = "RGB") -> Image.Image:
    """Return a picture of 48 x 32, red at the left and blue at the right."""
    image = Image.new("RGB", (48, 32), RED)
    image.paste(BLUE, (24, 0, 48, 32))
    return image.convert(mode)


def with_hole(image: Image.Image | None = None) -> Image.Image:
    """Return a picture whose left half is transparent."""
    rgba = (image or halves()).convert("RGBA")
    rgba.putalpha(Image.fromarray(np.repeat(np.array([[0] * 24 + [255] * 24], np.uint8), 32, axis=0)))
    return rgba


def turned(**more: object) -> bytes:
    """Return the halves as a JPEG turned by its EXIF data, red above, that says where it was taken."""
    data = Image.Exif()
    data[0x0112] = 6
    data[0x010E] = SECRET
    data.get_ifd(0x8825)[1] = "N"
    data.get_ifd(0x8825)[29] = SECRET
    data.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + SECRET.encode()
    return saved(halves(), "JPEG", exif=data, quality=95, comment=SECRET.encode(), **more)


def telling(image: Image.Image | None = None) -> bytes:
    """Return a PNG, of the picture with a hole or another, that says where it was taken in every way that a PNG can."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET)
    texts.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
    texts.add_text("parameters", f"{SECRET}\nSteps: 3")
    data = Image.Exif()
    data[0x010E] = SECRET
    return saved(image or with_hole(), pnginfo=texts, exif=data, icc_profile=SECRET.encode())


def _frames(form: str, **options: object) -> bytes:
    """Return an animation: halves first, then a picture that is green."""
    other = Image.new("RGB", (48, 32), (30, 200, 30))
    return saved(halves(), form, save_all=True, append_images=[other, other], duration=100, **options)


def _sixteen_grey() -> bytes:
    values = np.zeros((32, 48), ">u2")
    values[:, 24:] = 65535
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    return png_by_hand(48, 32, rows, 16, 0)


def _sixteen_colours() -> bytes:
    values = (np.asarray(halves(), np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    return png_by_hand(48, 32, rows, 16, 2)


def _palette_with_hole() -> bytes:
    image = Image.new("P", (48, 32), 0)
    image.putpalette([0, 0, 0, *BLUE])
    image.paste(1, (24, 0, 48, 32))
    return saved(image, transparency=0)


@dataclass(frozen=True)
class Good:
    """A picture, and what is found."""

    data: bytes
    size: tuple[int, int] = (48, 32)
    transparent: bool = False


def good() -> dict[str, Good]:
    """Return pictures that can be painted from, by the names of their files."""
    return {
        "plain.png": Good(saved(halves())),
        "pixel.png": Good(saved(Image.new("RGB", (1, 1), RED)), (1, 1)),
        "photo.jpg": Good(saved(halves(), "JPEG")),
        "print.jpg": Good(saved(halves("CMYK"), "JPEG")),
        "grey.jpg": Good(saved(halves("L"), "JPEG")),
        "turned.jpg": Good(turned(), (32, 48)),
        "lossless.webp": Good(saved(halves(), "WEBP", lossless=True)),
        "moving.gif": Good(_frames("GIF")),
        "moving.webp": Good(_frames("WEBP")),
        "moving.png": Good(_frames("PNG")),
        "scan.png": Good(_sixteen_grey()),
        "deep.png": Good(_sixteen_colours()),
        "bits.png": Good(saved(halves("1"))),
        "palette.png": Good(_palette_with_hole(), transparent=True),
        "hole.png": Good(saved(with_hole()), transparent=True),
        "hole.webp": Good(saved(with_hole(), "WEBP", lossless=True), transparent=True),
        "hole.gif": Good(saved(with_hole(), "GIF"), transparent=True),
        "grey hole.png": Good(saved(with_hole().convert("LA")), transparent=True),
        "solid.png": Good(saved(halves("RGBA"))),
        "void.png": Good(saved(Image.new("RGBA", (48, 32), (0, 0, 0, 0)))),
        "wrong name.svg": Good(saved(halves(), "JPEG")),
        "telling.png": Good(telling(), transparent=True),
    }


def bad() -> dict[str, tuple[bytes, str]]:
    """Return what cannot be painted from, by the names of the files, each with the code of its problem."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8))
    plain = saved(noise)
    text_bomb = zlib.compress(bytes(80 * 2**20))
    return {
        "bomb.png": (png_by_hand(60_000, 60_000), "pixels"),
        "warned.png": (png_by_hand(11_000, 11_000), "pixels"),
        "large.png": (png_by_hand(9_000, 9_000), "pixels"),
        "bomb.gif": (b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + saved(noise, "GIF")[10:], "pixels"),
        "long.png": (png_by_hand(20_000, 2), "side"),
        "talkative.png": (png_by_hand(8, 8, bytes(200), 8, 2, (b"zTXt", b"Comment\0\0" + text_bomb)), "damaged"),
        "empty picture.png": (png_by_hand(64, 64), "damaged"),
        "flipped.png": (plain[:60] + bytes([plain[60] ^ 255]) + plain[61:], "damaged"),
        **{
            f"half.{form}": (saved(noise, kind)[: len(saved(noise, kind)) // 2], "damaged")
            for form, kind in (("png", "PNG"), ("jpg", "JPEG"), ("gif", "GIF"), ("webp", "WEBP"))
        },
        "start.jpg": (saved(noise, "JPEG")[:12], "damaged"),
        "empty.png": (b"", "none"),
        "notes.png": (b"these are words, not pixels", "none"),
        "drawing.png": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "none"),
        "paper.png": (saved(noise, "PDF"), "none"),
        "page.png": (b"<!doctype html><img src=x>", "none"),
        "print.png": (saved(noise, "EPS"), "none"),
        "scan.tiff": (saved(noise, "TIFF"), "none"),
        "paint.bmp": (saved(noise, "BMP"), "none"),
        "favicon.ico": (saved(noise, "ICO"), "none"),
    }
