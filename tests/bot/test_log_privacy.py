"""Nothing that people type reaches the log, at the most talkative level, whatever goes wrong; unless it is let in."""

import ast
import asyncio
import io
import json
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import bot
from bot.engines.base import Engine
from bot.logs import set_up_logs
from playground import Playground
from tests.bot.engines.engines import NO_FOLDER, clockwork_inline, sample_inline
from tests.bot.stage import answer, is_result, on_stage, painted, text_of
from tests.cogs.company import manager

#: No word of any program: wherever it is found, somebody typed it.
SECRET = "zyxwvuqq"
#: With it in a file's name.
FILE = f"{SECRET}.txt"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., io.StringIO]]:
    """Set the logs up as the bot does, and give what they write."""
    root, names = logging.getLogger(), ("easel", "bot", "cogs", "inference", "storage", "discord")
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in names}
    hook, stderr = sys.excepthook, sys.stderr
    written = io.StringIO()

    def begin(form: Any, prompts: bool = False) -> io.StringIO:
        monkeypatch.setattr(sys, "stderr", written)
        set_up_logs("debug", form, prompts)
        monkeypatch.setattr(sys, "stderr", stderr)
        return written

    yield begin
    sys.excepthook = hook
    root.handlers[:], root.level = before[0], before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("easel.prompts").disabled = True


async def ask_for_everything(playground: Playground) -> None:
    """Type the secret wherever something can be typed, right and wrong."""
    ann, boss = playground.person("ann"), manager(playground)
    message = await painted(playground, ann, f"a {SECRET}", negative=f"no {SECRET}")
    refused_options: list[dict[str, Any]] = [
        {"prompt": f"<lora:{SECRET}:1>"},
        {"prompt": f"({SECRET}:x"},
        {"prompt": f"[{SECRET}:"},
        {"prompt": f"__{SECRET}__"},
        {"prompt": "x", "model": SECRET},
        {"prompt": "x", "size": SECRET},
        {"prompt": "x", "style": SECRET},
        {"prompt": "x", "lora": SECRET},
        {"prompt": f"{SECRET} " * 5000},
    ]
    for options in refused_options:
        refused = await ann.command("imagine", {"steps": 2} | options, checked=False)
        await answer(playground, refused)
    commands: list[tuple[str, dict[str, Any]]] = [
        ("styles add", {"name": SECRET, "prompt": f"{SECRET}, {{prompt}}", "negative": SECRET}),
        ("styles edit", {"name": f"not {SECRET}", "prompt": SECRET}),
        ("styles list", {}),
        ("prompt check", {"prompt": f"(a {SECRET}:1.1), <lora:{SECRET}:1>"}),
        ("adapters add", {"file": (f"{SECRET}.safetensors", SECRET.encode()), "name": SECRET}),
        ("adapters add", {"link": f"https://{SECRET}.example/{SECRET}.safetensors"}),
        ("adapters info", {"name": SECRET}),
        ("paste", {"settings": f"{SECRET}\nNegative prompt: {SECRET}\nSteps: 2, Sampler: {SECRET}, Size: 64x64"}),
        ("me set", {"model": SECRET}),
        ("queue mine", {}),
        ("history", {}),
    ]
    for command, options in commands:
        await answer(playground, await ann.command(command, options, checked=False))
    await ann.autocomplete("imagine", {"style": SECRET}, "style")
    await ann.autocomplete("imagine", {"lora": SECRET}, "lora")
    of_admins: list[tuple[str, dict[str, Any]]] = [
        ("wildcards add", {"file": (FILE, f"{SECRET}\n".encode())}),
        ("wildcards add", {"file": (f"{SECRET} {SECRET}.exe", SECRET.encode())}),
        ("admin content negative", {"text": SECRET}),
    ]
    for command, options in of_admins:
        await answer(playground, await boss.command(command, options, checked=False))
    more = await answer(playground, await ann.press(message, "More"))
    form = (await (await ann.press(more, "Remix")).settled()).modal
    assert form is not None
    again = await ann.submit(form, {"words": f"another {SECRET}"})
    await playground.until(lambda: any(map(is_result, again.messages)))


async def break_everything(playground: Playground, easel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was typed come back in errors."""
    ann = playground.person("ann")

    async def broken(*_: object, **__: object) -> None:
        raise ValueError(f"cannot store {SECRET}")

    with monkeypatch.context() as patch:
        patch.setattr(easel.rooms.generation, "submit", broken)
        asked = await ann.command("imagine", {"prompt": SECRET})
        assert "Something went wrong on my side" in text_of(await answer(playground, asked))
    with monkeypatch.context() as patch:
        patch.setattr(easel.rooms.gallery, "history", broken)
        await answer(playground, await ann.command("history"))
    with monkeypatch.context() as patch:
        patch.setattr(easel.rooms.styles, "_shelves", lambda *_: dict[str, Any]()[SECRET])
        with pytest.raises(TimeoutError):
            await ann.autocomplete("imagine", {"style": SECRET}, "style")
    playground.faults.fail("*", "/webhooks", status=400)
    await ann.command("imagine", {"prompt": SECRET, "steps": 2})
    await playground.until(lambda: not playground.faults.waiting)
    # The engine's own defect, and a job that it fails.
    for prompt in (f"raise {SECRET}", f"fail {SECRET}", f"raise, {SECRET}"):
        await answer(playground, await ann.command("imagine", {"prompt": prompt, "steps": 2}))
    asyncio.get_running_loop().call_exception_handler(
        {"message": "nobody waited", "exception": KeyError(SECRET), "future": SECRET}
    )


@pytest.mark.parametrize(("form", "engine"), [("text", clockwork_inline), ("json", sample_inline)])
async def test_the_bots_log_at_its_most_talkative_quotes_nobody(
    playground: Playground,
    tmp_path: Path,
    logs: Callable[..., io.StringIO],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    engine: Callable[[], Engine],
) -> None:
    async with on_stage(playground, tmp_path, engine()) as easel:
        written = logs(form)
        await ask_for_everything(playground)
        await break_everything(playground, easel, monkeypatch)
    text = written.getvalue()
    assert SECRET not in text, next(line for line in text.split("\n") if SECRET in line)
    assert "ValueError" in text
    assert "pictures for member" in text


async def test_the_operator_can_let_prompts_in(
    playground: Playground, tmp_path: Path, logs: Callable[..., io.StringIO]
) -> None:
    async with on_stage(playground, tmp_path):
        written = logs("text", prompts=True)
        await painted(playground, playground.person("ann"), f"a {SECRET}")
    asks = [line for line in written.getvalue().split("\n") if "easel.prompts" in line]
    assert len(asks) == 1
    assert f"asks for ['a {SECRET}']" in asks[0]


@asynccontextmanager
async def running(playground: Playground, folder: Path, **environment: str) -> AsyncIterator[Path]:
    """Run the bot as an operator does, the engine in a process of its own; give the file of all that they say."""
    said = folder / "said.txt"
    settings = {
        "EASEL_DATA_FOLDER": str(folder),
        "EASEL_MODELS_FOLDER": str(folder / NO_FOLDER),
        "EASEL_DISCORD_API": playground.api,
        "EASEL_DISCORD_GATEWAY": playground.gateway,
        "DISCORD_TOKEN": playground.token,
        "EASEL_LOG_LEVEL": "debug",
        "EASEL_THREADS": "1",
        "EASEL_STOP_SECONDS": "1",
    }
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bot.talkative"),
            env=os.environ | settings | environment,
            stdout=out,
            stderr=out,
        )
        try:
            # What it shows under its name comes once it is ready.
            await playground.until(lambda: playground.presence is not None, seconds=120)
            yield said
        finally:
            process.terminate()
            await process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="a process is ended there without a word")
async def test_all_that_both_processes_say_quotes_nobody(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with running(playground, tmp_path, EASEL_LOG_FORMAT="json") as said:
        asked = await ann.command("imagine", {"prompt": f"a red circle, {SECRET}", "negative": SECRET, "steps": 2})
        await playground.until(lambda: any(map(is_result, asked.messages)), seconds=120)
        # The engine fails, and what it was asked for stands in what it raised.
        for verb in ("raise", "fail", "unsendable", "exit"):
            failed = await ann.command("imagine", {"prompt": f"{verb} {SECRET}", "negative": SECRET, "steps": 2})
            await answer(playground, failed)
        await playground.until(lambda: all(each.response.kind == "message" for each in ann.invocations), seconds=60)
    text = await asyncio.to_thread(said.read_text, "utf-8")
    assert SECRET not in text, next(line for line in text.split("\n") if SECRET in line)
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"easel.bot", "easel.generation", "easel.worker"} <= {line["logger"] for line in lines}


def test_no_line_is_given_what_people_typed() -> None:
    """Names of values that hold it stand in no call of a log, but where they are marked as typed."""
    telling = re.compile(r"prompt|negative|recipe|words|filename|file_name|attachment|\.text\b|\.content\b")
    levels = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    found, told = [], 0
    root = Path(bot.__path__[0]).parent
    for package in ("bot", "cogs", "inference", "storage"):
        for path in (root / package).rglob("*.py"):
            if "sample" in path.parts:  # Training tells of its own words.
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in levels:
                    values = [ast.unparse(each) for each in node.args if not isinstance(each, ast.Constant)]
                    told += "log" in ast.unparse(node.func.value)
                    found += [
                        f"{path.relative_to(root)}:{node.lineno} {value}"
                        for value in values
                        if "log" in ast.unparse(node.func.value)
                        and telling.search(value)
                        and not value.startswith("Typed(")
                    ]
    assert found == []
    assert told > 60
