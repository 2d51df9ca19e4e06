"""What can be wrong with /imagine: each mistake has its words, which only the member sees."""

import asyncio
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.protocol.limits import MAX_IMAGE_BYTES
from inference.protocol.recipe import painted as diffusion
from playground import Playground, PlaygroundSettings
from playground.settings import MIB
from storage import jobs
from tests.bot.stage import answer_to, is_result, on_stage, painted, text_of


def png(width: int = 64, height: int = 64) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG")
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG whose header promises more than anybody can decode."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": "clokwork"}, "There is no model named “clokwork”. Did you mean clockwork?"),
    ({"model": "**x**"}, "There is no model named “\\*\\*x\\*\\*”."),
    ({"sampler": "Euler b"}, "There is no sampler named “Euler b”. Did you mean Euler"),
    ({"sampler": "@everyone"}, "There is no sampler named “@\u200beveryone”."),
    ({"style": "oil paint"}, "There is no style named “oil paint”. Did you mean oil painting, "),
    ({"style": "zzz"}, "There is no style named “zzz”."),
    ({"size": "big"}, "“big” is no size."),
    ({"size": "1:9"}, "A ratio goes from 1:4 to 4:1, and “1:9” does not."),
    ({"size": "0:0"}, "and “0:0” does not."),
    ({"size": "65x64"}, "Width is 65, but must be a multiple of 8"),
    ({"size": "99999x64"}, "Width is 99999, but must be a whole number from 64 to 4096"),
    ({"size": "4096x4096"}, "must be at most 4,194,304 pixels"),
    ({"count": 9}, "One request may have 8 pictures."),
    ({"strength": 0.5}, "needs a picture to start from"),
]
PICTURES: list[tuple[str, bytes, str]] = [
    ("notes.png", b"these are words, not pixels", "“notes.png” is no picture that can be read."),
    ("half.png", png()[:100], "“half.png” is damaged"),
    ("bomb.png", bomb(60_000, 60_000), "“bomb.png” has more than 67 million pixels."),
    ("large.png", bomb(9_000, 9_000), "“large.png” has more than 67 million pixels."),
    ("warned.png", bomb(11_000, 11_000), "“warned.png” has more than 67 million pixels."),
    ("empty.png", b"", "“empty.png” is no picture"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no picture"),
]


async def test_wrong_options_are_told_to_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        for options, words in WRONG:
            assert words in await answer_to(playground, ann, "imagine", {"prompt": "x"} | options)
        assert playground.messages() == []
        assert await jobs.history(bot.rooms.database, ann.id) == []


async def test_wrong_pictures_are_told_to_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        for name, data, words in PICTURES:
            options = {"prompt": "x", "image": (name, data)}
            assert words in await answer_to(playground, ann, "imagine", options), name
        good = {"prompt": "x", "image": ("good.png", png())}
        playground.faults.fail("GET", "/cdn/attachments", status=404)
        playground.faults.fail("GET", "/cdn/ephemeral-attachments", status=404)
        assert "“good.png” could not be fetched" in await answer_to(playground, ann, "imagine", good)
        playground.faults.heal()
        assert is_result(await painted(playground, ann, image=("good.png", png())))
        assert len(playground.messages()) == 1


class TestLargeFiles:
    @pytest.fixture
    def playground_settings(self) -> PlaygroundSettings:
        return PlaygroundSettings(rate_limits=False, upload_limit_bytes=500 * MIB)

    async def test_too_many_bytes_are_not_even_fetched(self, playground: Playground, tmp_path: Path) -> None:
        async with on_stage(playground, tmp_path):
            ann = playground.person("ann")
            playground.faults.fail("GET", "/cdn", times=None)
            options = {"prompt": "x", "image": ("huge.png", bytes(MAX_IMAGE_BYTES + 1))}
            assert await answer_to(playground, ann, "imagine", options) == (
                "“huge.png” has more than 64 MiB. Make it smaller first."
            )


STALE: list[tuple[dict[str, Any], str]] = [
    ({"prompt": "x", "loudness": "11"}, "Reload Discord"),
    ({"negative": "no prompt"}, "Reload Discord"),
    ({"prompt": "x", "count": 99}, "One request may have 8 pictures"),
    ({"prompt": "x", "steps": 100_000}, "Steps is 100000, but must be"),
    ({"prompt": "x", "seed": -1}, "Seed is -1, but must be"),
    ({"prompt": "x" * 30_000}, "Prompt is 30,000 characters long, but must be"),
]


async def test_stale_clients(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        for options, words in STALE:
            assert words in await answer_to(playground, ann, "imagine", options, checked=False)
        assert await jobs.history(bot.rooms.database, ann.id) == []
        assert playground.messages() == []


async def test_options_that_once_were_otherwise(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        prompt = {"name": "prompt", "description": "What to paint", "type": 3}
        count = {"name": "count", "description": "One or many", "type": 3}
        old = {"name": "imagine", "description": "As it once was", "options": [prompt, count]}
        playground.commands.overwrite(None, [old])
        words = await answer_to(playground, ann, "imagine", {"prompt": "x", "count": "many"})
        assert "Reload Discord" in words
        assert await jobs.history(bot.rooms.database, ann.id) == []


async def test_commands_that_are_no_more(
    playground: Playground, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "easel")
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        known = playground.commands.of(None)
        text = {"name": "text", "description": "A text", "type": 3, "autocomplete": True}
        old = {"name": "paint", "description": "As it once was", "integration_types": [0, 1], "options": [text]}
        group = next(command for command in known if command["name"] == "queue")
        without_group = {key: value for key, value in group.items() if key != "options"}
        playground.commands.overwrite(None, [old, without_group])
        assert "Reload Discord" in await answer_to(playground, ann, "paint", {"text": "x"})
        assert "Reload Discord" in await answer_to(playground, ann, "queue")
        typing = asyncio.create_task(ann.autocomplete("paint", {}, "text"))
        async with asyncio.timeout(60):
            while "no choices can be offered" not in caplog.text:  # noqa: ASYNC110 - a log sets no event
                await asyncio.sleep(0.01)
        playground.clock.advance(4)
        with pytest.raises(TimeoutError):
            await typing


# What is shown of a prompt ----------------------------------------------------------------------------------------


PROMPTS: list[tuple[str, str]] = [
    ("@everyone @here <@{ann}> <@&{role}>", "@\u200beveryone @\u200bhere \\<@\u200b{ann}\\> \\<@\u200b&{role}\\>"),
    ("**bold** _thin_ ~~no~~ ||hidden|| `code`", "\\*\\*bold\\*\\* \\_thin\\_ \\~\\~no\\~\\~"),
    ("# title", "\\# title"),
    ("1. first", "1\\. first"),
    ("[free](https://evil.example)", "\\[free\\](https\\://evil.example)"),
    ("<t:0:R> <:smile:123456789012345678>", "\\<t:0:R\\> \\<:smile:123456789012345678\\>"),
    ("dog\u202egpj.exe\u2066\x07\x1b[31m\x00", "dog gpj.exe \\[31m"),
    ("two\nlines\r\n> quote", "two lines \\> quote"),
    ("\u200b\u2060\ufeff", "…"),
    ("👩\u200d🎨 می\u200cخواهم", "👩\u200d🎨 می\u200cخواهم"),
]


async def test_prompts_are_shown_harmless(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    role = playground.world.guild("Atelier").role("painters", mentionable=True)
    async with on_stage(playground, tmp_path) as bot:
        for template, wanted in PROMPTS:
            prompt, shown = (
                text.replace("{ann}", str(ann.id)).replace("{role}", str(role.id)) for text in (template, wanted)
            )
            message = await painted(playground, ann, prompt)
            (job,) = await jobs.history(bot.rooms.database, ann.id, limit=1)
            assert diffusion(job.recipe).prompt == prompt
            assert shown in text_of(message)
            assert not message["mention_everyone"]
            assert message["mentions"] == []
            assert message["mention_roles"] == []


async def test_the_engine_is_gone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        bot.rooms.dispatcher.trouble = "It stopped."
        assert "An admin has to start me again" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
