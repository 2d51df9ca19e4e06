"""/prompt check: how a prompt is read, with the tokens of a real model, and without an engine that answers."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from inference.families.clip import Chunker, token_chunks
from inference.models.tokenizers import load_tokenizer
from inference.sample import MODEL_FOLDER
from playground import Playground
from playground.people import Person
from tests.bot.engines.engines import clockwork_process, eventually, sample_process
from tests.bot.stage import answer, answer_to, begun, is_private, on_stage, text_of, walk

LONG = "a red circle on a blue background, " * 12


async def check(playground: Playground, person: Person, text: str, **options: Any) -> str:
    return await answer_to(playground, person, "prompt check", {"text": text} | options)


def told(text: str) -> str:
    """Return what is to be said of the sample model's tokens, as its own text encoder would cut them."""
    chunks = token_chunks([Chunker(load_tokenizer(MODEL_FOLDER / "tokenizer"))], text)
    parts, tokens = len(chunks), sum(len(chunk.tokens) for chunk in chunks)
    return f"{parts} chunk{'s' * (parts > 1)}, {tokens} tokens"


async def test_the_sample_models_worker_counts_while_nothing_is_loaded(playground: Playground, tmp_path: Path) -> None:
    expected = [await asyncio.to_thread(told, text) for text in ("a red circle", LONG)]
    assert expected == ["1 chunk, 3 tokens", "2 chunks, 96 tokens"]
    async with on_stage(playground, tmp_path, sample_process()) as bot:
        ann = playground.person("ann")
        short = await check(playground, ann, "a (red:1.2) circle", model="sample", steps=7)
        assert f"-# sample · 7 steps · {expected[0]}" in short
        assert '    1.2  "red"' in short
        long = await check(playground, ann, LONG)
        assert f"-# sample · 20 steps · {expected[1]}" in long
        assert "  chunk 1, 72 of 75: a red circle" in long
        assert "  chunk 2, 24 of 75: a red circle" in long
        heartbeat = bot._engine.heartbeat
        assert heartbeat is None or heartbeat.resident_models == ()


async def test_hints_errors_and_negative_prompts(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        text = "a (fox AND x ```@everyone``` [b:c:5] :2"
        read = await check(playground, ann, text)
        assert "Prompt 2 of 2, weight 2" in read
        assert "Hint: This ( is never closed" in read
        assert "@everyone" not in read.split("```")[0]
        assert "Steps 6 to 20 · 1 chunk" in read
        refused = await check(playground, ann, "[<lora:ink:1>:5]")
        assert "Cannot be painted: A network holds" in refused
        assert "\n[<lora:ink:1>:5]\n ^^^^^^^^^^^^\n" in refused
        assert '"a AND b"' in await check(playground, ann, "a AND b", negative=True)


async def test_a_long_answer_has_a_file(playground: Playground, tmp_path: Path) -> None:
    text = "".join(f"(word{number}:1.{number})" for number in range(1, 300))
    async with on_stage(playground, tmp_path):
        message = await answer(playground, await playground.person("ann").command("prompt check", {"text": text}))
        assert is_private(message)
        assert "Shortened. The file has all of it." in text_of(message)
        (file,) = [part for part in walk(message["components"]) if part["type"] == 13]
        whole = playground.world.cdn.content(int(file["file"]["attachment_id"])).decode()
    assert (file["name"], '1.299  "word299"' in whole) == ("prompt.txt", True)


async def test_what_is_wrong_is_told(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        assert "no model named “clokwork”. Did you mean clockwork?" in await check(
            playground, ann, "a", model="clokwork"
        )
        broken = await check(playground, ann, "raise")
        assert "-# Tokens are not counted: The model’s" in broken.replace("'", "’")
        assert 'Steps 1 to 20\n      1  "raise"' in broken


async def test_without_an_engine_the_rest_is_shown(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms.dispatcher.trouble = "It stopped."
        read = await check(playground, playground.person("ann"), "a (fox:2)")
    assert "-# Tokens are not counted: The engine that paints has stopped." in read
    assert '      2  "fox"' in read


async def test_an_engine_that_dies_or_is_busy_takes_only_the_tokens(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = clockwork_process()
    async with on_stage(playground, tmp_path, engine):
        ann = playground.person("ann")
        lost = await check(playground, ann, "exit")
        assert "-# Tokens are not counted: The engine was lost. Try again." in lost
        assert '      1  "exit"' in lost
        assert "1 chunk, 2 tokens" in await check(playground, ann, "a fox")
        ann.user.locale = "de"
        monkeypatch.setattr(engine, "tokenize", partial(engine.tokenize, timeout_seconds=0.2))
        busy = await check(playground, ann, "hang")
        assert "-# Tokens sind nicht gezählt: Die Maschine hat zu tun" in busy
        assert '      1  "hang"' in busy


async def test_prompts_are_read_while_pictures_are_painted(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        ann = playground.person("ann")
        await begun(playground, ann)
        await eventually(lambda: bot.rooms.dispatcher.running == 1)
        assert "1 chunk, 2 tokens" in await check(playground, ann, "a fox")
        assert bot.rooms.dispatcher.running == 1


async def test_choices_and_styles_are_made_first(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        words = await check(playground, ann, "a {red|blue|green} fox")
        assert "Its choices mean 3 pictures" in words
        assert "{" not in words
        assert "bold lines" in await check(playground, ann, "a fox <style:ink>")
        assert "Its choices" not in await check(playground, ann, "a fox")
        refused = await check(playground, ann, "a __nothing__ fox")
        assert "  ^^^^^^^^^^^" in refused
        assert "There is no LoRA of the name" in await check(playground, ann, "<lora:ink>")
