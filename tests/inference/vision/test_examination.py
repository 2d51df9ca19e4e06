"""Every sort of file that people send is found to be what it is, or refused."""

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from inference.diffusion.pictures import decode_upload
from inference.protocol.marks import Box, Drawn, Transparent
from inference.protocol.messages import Examine, Examined, LaunchId
from inference.vision.examination import examine
from tests.sample_uploads import BLUE, RED, SECRET, bad, good, halves, saved, telling, with_hole

GOOD, BAD = good(), bad()


def asked(data: bytes, **more: object) -> Examined:
    return examine(Examine(request="q", data=data, **more), LaunchId("x"))  # type: ignore[arg-type]


def chunks_of(png: bytes) -> list[bytes]:
    """Return the kinds of a PNG's chunks."""
    kinds, place = [], 8
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        kinds.append(kind)
        place += 12 + length
    return kinds


@pytest.mark.parametrize("name", GOOD)
def test_what_can_be_painted_from(name: str) -> None:
    sample, found = GOOD[name], asked(GOOD[name].data)
    assert found == Examined(
        launch=LaunchId("x"),
        request="q",
        width=sample.size[0],
        height=sample.size[1],
        transparent=sample.transparent,
    )
    assert decode_upload(sample.data).size == sample.size


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_painted_from(name: str) -> None:
    data, code = BAD[name]
    found = asked(data)
    assert found.problem is not None
    assert (found.problem.code, found.problem.of) == (code, "picture")
    assert (found.width, found.height, found.mask) == (0, 0, None)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_cut_is_noticed_or_harmless(form: str) -> None:
    data = saved(halves(), form)
    for length in range(0, len(data) - 1, max(1, len(data) // 40)):
        problem = asked(data[:length]).problem
        assert problem is None or problem.code in ("none", "damaged"), length
    assert asked(data[:20]).problem is not None


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png", "print.jpg", "deep.png", "palette.png"])
def test_what_is_seen_is_the_first_picture_in_its_colours(name: str) -> None:
    pixels = np.asarray(decode_upload(GOOD[name].data), int)
    left = (255, 255, 255) if name == "palette.png" else RED
    assert np.abs(pixels[:, 4:16] - left).max() <= 24
    assert np.abs(pixels[:, 32:44] - BLUE).max() <= 24


def test_sixteen_bits_of_grey_are_not_cut_to_white() -> None:
    pixels = np.asarray(decode_upload(GOOD["scan.png"].data))
    assert (pixels[:, :24] == 0).all()
    assert (pixels[:, 24:] == 255).all()


def test_a_mask_comes_with_the_size() -> None:
    found = asked(saved(with_hole()), mask=Transparent())
    assert (found.width, found.height, found.transparent, found.problem) == (48, 32, True, None)
    assert found.mask is not None
    with Image.open(io.BytesIO(found.mask)) as image:
        assert (image.mode, image.size, image.getextrema()) == ("L", (48, 32), (0, 255))


def test_a_mask_that_cannot_be_made_leaves_the_size() -> None:
    found = asked(saved(halves()), mask=Box(left=0, top=0, width=99, height=1))
    assert found.problem is not None
    assert (found.problem.code, found.width, found.height, found.mask) == ("box", 48, 32, None)


def test_nothing_that_a_picture_says_comes_along_with_its_mask() -> None:
    assert SECRET.encode() in telling()
    drawn = telling(with_hole(Image.new("RGB", (48, 32), RED)))
    for data, mark in ((telling(), Transparent()), (saved(halves()), Drawn(data=drawn))):
        mask = asked(data, mask=mark).mask
        assert mask is not None
        assert SECRET.encode() not in mask
        assert set(chunks_of(mask)) == {b"IHDR", b"IDAT", b"IEND"}


def test_looking_needs_no_torch() -> None:
    program = (
        "import sys, inference.worker.examiner, inference.vision.examination\n"
        "print([name for name in ('torch', 'transformers', 'diffusers', 'bot') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
