"""Files sent with /imagine: looked at in the worker, refused in words, and nothing of them shown but their picture."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from bot.engines.process import LocalProcess
from inference.protocol.messages import Finished
from inference.protocol.recipe import ImageToImage
from playground import Playground
from storage import content_hash
from tests.bot.engines.engines import Watcher, clockwork_process, sample_inline
from tests.bot.stage import answer_to, is_result, on_stage, painted, size_of, walk
from tests.sample_requests import generate
from tests.sample_uploads import SECRET, bad, good, telling, turned

WORDS = {
    "none": "is no picture that can be read. Send a PNG, JPEG, WebP or GIF.",
    "damaged": "is damaged and cannot be read. Save it again and send that.",
    "pixels": "has more than 67 million pixels. Make it smaller first.",
    "side": "a side may have 16384. Make it smaller first.",
}


async def test_every_sort_of_file_is_painted_from_or_refused(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []
    plain = Image.open

    def noted(file: Any, *arguments: Any, **options: Any) -> Image.Image:
        if hasattr(file, "getvalue"):
            opened.append(file.getvalue())
        return plain(file, *arguments, **options)

    samples, wrong = good(), bad()
    async with on_stage(playground, tmp_path, clockwork_process()):
        monkeypatch.setattr(Image, "open", noted)
        ann = playground.person("ann")
        for name, (data, code) in wrong.items():
            told = await answer_to(playground, ann, "imagine", {"prompt": "x", "image": (name, data)})
            assert WORDS[code] in told, name
        assert playground.messages() == []
        for name, sample in samples.items():
            assert is_result(await painted(playground, ann, image=(name, sample.data))), name
        sent = {sample.data for sample in samples.values()} | {data for data, _ in wrong.values()}
        assert not sent & set(opened)
        # And it would have been seen.
        size_of(samples["pixel.png"].data)
        assert opened[-1] == samples["pixel.png"].data


async def test_a_worker_that_dies_is_told_and_the_next_one_looks(playground: Playground, tmp_path: Path) -> None:
    engine = clockwork_process()
    asked = 0
    look = engine.examine

    async def deadly(*arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            # The launch that is asked dies before it answers.
            return await engine.tokenize(engine_model(engine), ["exit"], 50)
        return await look(*arguments, **options)

    engine.examine = deadly  # type: ignore[method-assign]
    async with on_stage(playground, tmp_path, engine):
        ann = playground.person("ann")
        image = ("plain.png", good()["plain.png"].data)
        assert "The engine was lost. Try again." in await answer_to(
            playground, ann, "imagine", {"prompt": "x", "image": image}
        )
        assert is_result(await painted(playground, ann, image=image))


def engine_model(engine: LocalProcess) -> Any:
    assert engine._life is not None
    return engine._life.ready.models[0].hash


async def test_an_engine_that_was_given_up_is_told(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        bot.rooms.dispatcher.trouble = "It has stopped."
        image = ("plain.png", good()["plain.png"].data)
        assert "The engine that paints has stopped." in await answer_to(
            playground, ann, "imagine", {"prompt": "x", "image": image}
        )
        bot.rooms.dispatcher.trouble = None


@pytest.mark.parametrize("data", [turned(), telling()], ids=["jpeg", "png"])
async def test_what_a_picture_says_beside_its_pixels_is_not_told_on(data: bytes) -> None:
    assert SECRET.encode() in data
    async with sample_inline() as engine:
        watcher = Watcher(engine)
        command = generate("a", steps=2)
        fields = msgspec.structs.asdict(command.recipe)
        del fields["hires"]
        assert engine._life is not None
        fields |= {"model": engine._life.ready.models[0].hash, "image": content_hash(data), "strength": 1.0}
        recipe = ImageToImage(**fields)
        await engine.submit(msgspec.structs.replace(command, recipe=recipe, images={content_hash(data): data}))
        end = (await watcher.ends("a"))["a"]
    assert isinstance(end, Finished)
    png = end.pictures[0].data
    assert SECRET.encode() not in png
    assert b"eXIf" not in png
    assert b"iCCP" not in png
    assert b"Comment" not in png


async def test_what_is_shown_in_discord_says_nothing_of_it_either(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, sample_inline()):
        ann = playground.person("ann")
        shown = await painted(playground, ann, image=("telling.png", telling()), size="64x64")
        (gallery,) = [part for part in walk(shown["components"]) if part["type"] == 12]
        data = playground.world.cdn.content(int(gallery["items"][0]["media"]["attachment_id"]))
    assert b"easel-recipe" in data
    assert SECRET.encode() not in data
