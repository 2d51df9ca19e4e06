"""Pictures that are too large are made smaller, as little as it takes."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.attachments import LADDER, SPOILER, blurred, fit
from inference.protocol.recipe import TextToImage
from playground import Playground, PlaygroundSettings
from tests.bot.delivery.acting import (
    FOURTEEN_MINUTES,
    NOTHING,
    HeldEngine,
    ask,
    ended,
    left_behind,
    noisy_png,
    results,
    results_to,
    says,
)
from tests.bot.stage import is_result, on_stage, urls_of
from tests.sample_requests import recipe

#: What `fit` keeps free, and a little.
KIB = 1024
MARGIN = 64 * KIB


def picture(side: int = 128, seed: int = 1) -> bytes:
    plain = recipe(seed=seed)
    return noisy_png(
        TextToImage(
            **{name: getattr(plain, name) for name in plain.__struct_fields__} | {"width": side, "height": side}
        )
    )


def form_of(data: bytes) -> tuple[str, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as image:
        return image.format or "", image.size


def test_what_fits_is_sent_as_it_was_painted() -> None:
    data = picture()
    fitted = fit([data], "stem")
    assert fitted.files == (("stem-1.png", data),)
    assert not fitted.reduced


def test_the_limit_is_of_each_picture() -> None:
    data = picture()
    limit = len(data) + MARGIN
    assert not fit([data] * 8, "stem", limit).reduced
    assert fit([data] * 8, "stem", limit - 1).reduced


def test_after_a_refusal_the_limit_is_of_all_pictures() -> None:
    data = picture()
    fitted = fit([data] * 4, "stem", len(data) * 2 + MARGIN, 1, together=True)
    assert sum(len(content) for _, content in fitted.files) <= len(data) * 2
    assert fitted.rung > 1


def test_lossless_is_tried_before_anything_is_lost() -> None:
    flat = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(flat, "PNG", compress_level=0)
    fitted = fit([flat.getvalue()], "stem", 100 * KIB)
    [(name, data)] = fitted.files
    assert name == "stem-1.webp"
    with Image.open(io.BytesIO(data)) as small, Image.open(flat) as whole:
        assert small.convert("RGB").tobytes() == whole.tobytes()


@pytest.mark.parametrize("rung", range(1, len(LADDER) + 1))
def test_every_rung_is_smaller_than_the_one_above(rung: int) -> None:
    data = picture(256)
    above, below = (fit([data], "stem", rung=number).files[0][1] for number in (rung - 1, rung))
    assert len(below) < len(above)
    form, size = form_of(below)
    assert form == ("WEBP" if rung <= 2 else "JPEG")
    assert size == {5: (128, 128), 6: (64, 64)}.get(rung, (256, 256))


def test_the_last_rung_is_given_however_large_it_is() -> None:
    assert fit([picture()], "stem", limit=0).rung == len(LADDER)


# Over the wire ------------------------------------------------------------------------------------------------------


@pytest.fixture
def playground_settings(request: pytest.FixtureRequest) -> PlaygroundSettings:
    return PlaygroundSettings(rate_limits=False, **request.param)


@pytest.fixture(autouse=True)
def noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.clockwork.flat_png", noisy_png)


def refusals(playground: Playground) -> list[int]:
    """Return the sizes of the requests that were too large, in order."""
    return [sum(size for _, size in each.files) for each in playground.exchanges if each.status == 413]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "playground_settings",
    [{"upload_limit_bytes": 120 * KIB, "reported_upload_limit_bytes": 100 * 2**20}],
    indirect=True,
    ids=["over-reported"],
)
async def test_a_limit_that_is_lower_than_it_was_said(playground: Playground, tmp_path: Path, late: bool) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot, {"size": "256x256", "count": 2})
        if late:
            playground.clock.advance(FOURTEEN_MINUTES)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        [message] = playground.messages()
        assert is_result(message)
        assert len(urls_of(message)) == 2
        assert says(message, "reduced")
        sizes = refusals(playground)
        assert sizes
        assert sizes == sorted(sizes, reverse=True)
    assert await left_behind(tmp_path) == NOTHING


@pytest.mark.parametrize("playground_settings", [{"upload_limit_bytes": 1}], indirect=True, ids=["nothing"])
async def test_where_no_picture_is_small_enough_it_is_kept_and_the_answer_says_so(
    playground: Playground, tmp_path: Path
) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        invocation, job = await ask(playground, bot)
        engine.gate.set()
        assert (await ended(bot, job)).state == "kept"
        assert says(invocation.messages[0], "kept")
        assert results(playground) == results_to(playground) == []
        assert bot.rooms.publisher.kept == {}, "the member was told already"
    assert await left_behind(tmp_path) == NOTHING


@pytest.mark.parametrize("playground_settings", [{"upload_limit_bytes": 300 * KIB}], indirect=True, ids=["small"])
async def test_nothing_is_made_smaller_without_need(playground: Playground, tmp_path: Path) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot, {"size": "256x256", "count": 3})
        engine.gate.set()
        await ended(bot, job)
        [message] = playground.messages()
        assert not says(message, "reduced")
        assert refusals(playground) == []
        assert await asyncio.to_thread(len, urls_of(message)) == 3


# What is not to be recognised --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (1536, 640), (64, 4096), (8, 8)])
def test_of_a_blurred_picture_a_handful_of_colours_is_left(size: tuple[int, int]) -> None:
    noise = Image.effect_noise(size, 120).convert("RGB")
    noise.paste("white", (0, 0, size[0] // 2, size[1]))
    with Image.open(io.BytesIO(blurred(written(noise)))) as image:
        assert max(image.size) == 768
        assert image.info == {}
        found = np.asarray(image.convert("RGB"), np.float32)
    # Whatever it holds comes from 8 x 8 numbers: writing those again gives the same picture.
    assert float(np.abs(np.diff(found, axis=0)).max(initial=0)) < 12
    assert float(np.abs(np.diff(found, axis=1)).max(initial=0)) < 12


def test_pictures_that_differ_in_what_they_show_are_blurred_alike() -> None:
    """Fine detail leaves no trace at all, however strong it is."""
    stripes = Image.new("RGB", (512, 512), "white")
    for left in range(0, 512, 4):
        stripes.paste("black", (left, 0, left + 2, 512))
    squares = stripes.rotate(90)
    assert blurred(written(stripes)) == blurred(written(squares))


def test_the_settings_of_a_blurred_picture_are_not_in_its_file() -> None:
    info = PngInfo()
    info.add_text("parameters", "what it shows, in words")
    data = written(Image.new("RGB", (64, 64), "red"), info)
    assert b"in words" in data
    assert b"in words" not in blurred(data)


def test_what_is_hidden_is_named_so(tmp_path: Path) -> None:
    data = [picture(seed=1), picture(seed=2)]
    for rung in (0, 3):
        names = [name for name, _ in fit(data, "easel", rung=rung, hidden={1}).files]
        assert [name.startswith(SPOILER) for name in names] == [False, True]


def written(image: Image.Image, info: PngInfo | None = None) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=info)
    return file.getvalue()
