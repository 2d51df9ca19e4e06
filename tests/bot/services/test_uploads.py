"""Pictures that people send, looked at by a worker: what is told of them."""

from collections.abc import AsyncIterator
from typing import get_args

import pytest

from bot.engines.base import Engine
from bot.errors import EngineDead
from bot.services import uploads
from bot.services.uploads import look, require_bytes
from bot.texts import Mistake, fields
from bot.texts.english import ENGLISH
from inference.protocol.limits import MAX_IMAGE_BYTES
from inference.protocol.marks import Box, Drawn, Mark, Transparent
from inference.protocol.messages import Examined, LaunchId, Problem, ProblemCode
from tests.bot.engines.engines import clockwork_inline
from tests.sample_uploads import bad, good, halves, saved, with_hole

WORDS = {
    "none": "is no picture that can be read. Send a PNG",
    "damaged": "is damaged",
    "pixels": "has more than 67 million pixels",
    "side": "is 20000x2 pixels, and a side may have 16384",
}


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with clockwork_inline() as engine:
        yield engine


async def told(engine: Engine, data: bytes, mask: Mark | None = None, mask_name: str | None = None) -> str:
    with pytest.raises(Mistake) as error:
        await look(engine.examine, "a.png", data, mask, mask_name)
    return str(error.value)


async def test_pictures_are_told_as_people_see_them(engine: Engine) -> None:
    for name, sample in good().items():
        found = await look(engine.examine, name, sample.data)
        assert ((found.width, found.height), found.transparent, found.mask) == (sample.size, sample.transparent, None)


async def test_everything_else_is_refused_in_words(engine: Engine) -> None:
    for name, (data, code) in bad().items():
        with pytest.raises(Mistake) as error:
            await look(engine.examine, name, data)
        assert str(error.value).startswith(f"“{name}” ")
        assert WORDS[code] in str(error.value)


async def test_masks_are_refused_in_words(engine: Engine) -> None:
    picture = saved(halves())
    assert "The box 0,0,99,1 is not inside the picture, which is 48x32 pixels." in await told(
        engine, picture, Box(left=0, top=0, width=99, height=1)
    )
    assert "Nothing is marked." in await told(engine, picture, Transparent())
    assert "Everything is marked." in await told(engine, picture, Box(left=0, top=0, width=48, height=32))
    drawn = Drawn(data=saved(halves().resize((32, 48))))
    assert "The mask “m.png” is 32x48 pixels, and the picture is 48x32:" in await told(engine, picture, drawn, "m.png")
    assert "“m.png” is no picture" in await told(engine, picture, Drawn(data=b"words"), "m.png")
    assert "“a.png” is no picture" in await told(engine, b"words", Drawn(data=b"words"), "m.png")


async def test_a_mask_comes_as_a_picture(engine: Engine) -> None:
    found = await look(engine.examine, "a.png", saved(with_hole()), Transparent())
    assert found.mask is not None
    assert found.mask.startswith(b"\x89PNG")


async def test_a_worker_that_is_busy_or_gone() -> None:
    async def busy(_data: bytes, _mask: Mark | None) -> Examined:
        raise TimeoutError

    async def gone(_data: bytes, _mask: Mark | None) -> Examined:
        raise EngineDead

    with pytest.raises(Mistake, match="busy"):
        await look(busy, "a.png", b"x")
    with pytest.raises(EngineDead):
        await look(gone, "a.png", b"x")


async def test_every_problem_has_words_with_its_values() -> None:
    values: dict[str, int | str] = {
        "box": "1",
        "width": 1,
        "height": 1,
        "colour": "#fff",
        "mask_width": 1,
        "mask_height": 1,
        "most": 1,
    }
    for code in get_args(ProblemCode):

        async def examine(_data: bytes, _mask: Mark | None, code: ProblemCode = code) -> Examined:
            return Examined(launch=LaunchId("x"), request="q", problem=Problem(code=code, values=values))

        with pytest.raises(Mistake) as error:
            await look(examine, "a.png", b"x")
        assert fields(ENGLISH[error.value.key]) <= {*values, "name"}
        assert error.value.key == uploads._TEXTS[code]


async def test_the_first_byte_too_many() -> None:
    require_bytes("a", MAX_IMAGE_BYTES)
    with pytest.raises(Mistake, match="64 MiB"):
        require_bytes("a", MAX_IMAGE_BYTES + 1)

    async def never(_data: bytes, _mask: Mark | None) -> Examined:
        raise AssertionError("it was asked all the same")

    with pytest.raises(Mistake, match="64 MiB"):
        await look(never, "a", bytes(MAX_IMAGE_BYTES + 1))
