"""`easel prompt check` shows what was understood of a prompt, and refuses what cannot be made."""

import asyncio
import io
import json
import sys
from typing import Any

import pytest
from rich.console import Console

from bot import cli, prompt
from bot.errors import EaselError, EngineDead, UserError
from bot.settings import load_settings
from inference.protocol.limits import MAX_TOKENIZED_TEXTS
from tests.bot.engines.engines import clockwork_inline, clockwork_process


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put prompts on standard input, some of them in bad shape."""
    lines = b"[a|b]\n\n(fox:1.5) BREAK hen\r\na AND b :2\n<lora:ink:x>\n" + b"\xff\xfe\n" + "日\u2028本".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))


def test_people_see_steps_weights_networks_and_hints(capsys: pytest.CaptureFixture[str]) -> None:
    text = "a [fox:hen:5], (red:1.5) BREAK <lora:ink:0.5:1>(x"
    assert cli.main(["prompt", "check", "--steps", "10", text]) == 0
    assert capsys.readouterr().out == (
        "Steps 1 to 5\n"
        '         1  "a fox, "\n'
        '       1.5  "red"\n'
        '         1  ""\n'
        "  BREAK\n"
        '         1  ""\n'
        '       1.1  "x"\n'
        "Steps 6 to 10\n"
        '         1  "a hen, "\n'
        '       1.5  "red"\n'
        '         1  ""\n'
        "  BREAK\n"
        '         1  ""\n'
        '       1.1  "x"\n'
        "lora ink: weight 1, text encoder 0.5\n"
        "Hint: This ( is never closed, so it weighs everything after it by 1.1; as text, write \\(.\n"
        f"  {text}\n"
        f"  {' ' * (len(text) - 2)}^\n"
    )


def test_people_see_what_and_joins(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "--steps", "1", "a AND b :2", "c"]) == 0
    assert capsys.readouterr().out == (
        "Prompt 1 of 2, weight 1\nStep 1\n"
        '         1  "a"\n'
        "Prompt 2 of 2, weight 2\nStep 1\n"
        '         1  " b"\n'
        "\n"
        "Step 1\n"
        '         1  "c"\n'
    )


def test_what_cannot_be_made_is_refused_with_a_caret(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "fox", "[<lora:ink:1>:5]"]) == cli.USAGE
    told = capsys.readouterr().out
    assert "Cannot be made: A network holds for all steps" in told
    assert "\n  [<lora:ink:1>:5]\n   ^^^^^^^^^^^^\n" in told


def test_nothing_in_a_prompt_disturbs_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "\x1b[31m\u202e(fox\x07 <lora:i\x1bnk:1>"]) == 0
    told = capsys.readouterr().out
    assert set(told).isdisjoint("\x1b\u202e\x07")


@pytest.mark.usefixtures("typed")
def test_programs_get_a_line_a_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "--steps", "2", "--json", "-"]) == cli.USAGE
    told = capsys.readouterr().out
    assert told.isascii()
    alternating, empty, weighed, joined, refused, garbled, wide = (json.loads(line) for line in told.splitlines())
    assert alternating == {"schedule": [[1, [["a", 1.0]]], [2, [["b", 1.0]]]], "networks": [], "hints": []}
    assert empty == {"schedule": [[2, [["", 1.0]]]], "networks": [], "hints": []}
    assert weighed["schedule"] == [[2, [["fox", 1.5], ["", 1.0], ["BREAK", -1], ["hen", 1.0]]]]
    assert joined["schedule"] == [[2, [["a", 1.0]]]]
    assert joined["and"] == [{"weight": 2.0, "schedule": [[2, [[" b", 1.0]]]]}]
    assert refused["error"]["start"] == 0
    assert "'x' is no weight" in refused["error"]["words"]
    assert garbled["schedule"] == [[2, [["\ufffd\ufffd", 1.0]]]]
    assert wide["hints"][0]["start"] == 1


def test_programs_get_networks_and_hints(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "--json", "a :2", "<lora:ink:0.5:1> (fox:12)"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["weight"] == 2.0
    assert second["networks"] == [{"kind": "lora", "name": "ink", "weight": 1.0, "text_encoder_weight": 0.5}]
    (hint,) = second["hints"]
    assert (hint["start"], hint["end"]) == (22, 24)
    assert "A weight of 12" in hint["words"]


def test_the_second_pass_and_negative_prompts_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["prompt", "check", "--json", "--negative", "--steps", "10", "--hires-steps", "4", "[a:b:12] AND c"]
    assert cli.main(words) == 0
    assert json.loads(capsys.readouterr().out)["schedule"] == [[2, [["a AND c", 1.0]]], [4, [["b AND c", 1.0]]]]


def test_a_prompt_that_is_too_long_is_refused_and_the_next_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "--json", "(" * 100_000, "fox"]) == cli.USAGE
    long, short = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert long["schedule"] == []
    assert "100,000 characters long" in long["error"]["words"]
    assert short["schedule"] == [[20, [["fox", 1.0]]]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prompt", "check", "--steps", "0", "fox"], "Steps is 0"),
        (["prompt", "check", "--steps", "9999", "fox"], "Steps is 9999"),
        (["prompt", "check", "--hires-steps", "-1", "fox"], "Hires steps is -1"),
        (["prompt", "check", "--steps", "many", "fox"], "'many' is no whole number"),
        (["prompt", "check"], "TEXT"),
        (["prompt"], "VERB"),
    ],
)
def test_mistakes_are_told_in_a_sentence(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = cli.main(words)
    except SystemExit as left:
        code = left.code  # type: ignore[assignment]
    assert code == cli.USAGE
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


# With a model -----------------------------------------------------------------------------------------------------

LONG = "a red circle on a blue background, " * 12


def test_the_sample_models_worker_counts_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prompt", "check", "--model", "sample", "a [red:blue:5] circle", LONG]) == 0
    told = capsys.readouterr().out
    short, long = told.split("\n\n")
    assert short == (
        "Steps 1 to 5\n"
        '         1  "a red circle"\n'
        "  3 tokens in 1 chunk\n"
        "Steps 6 to 20\n"
        '         1  "a blue circle"\n'
        "  3 tokens in 1 chunk"
    )
    phrase = "a red circle on a blue background ,"
    assert long.split("\n")[2:] == [
        "  96 tokens in 2 chunks",
        f'        72 of 75  "{" ".join([phrase] * 9)}"',
        f'        24 of 75  "{" ".join([phrase] * 3)}"',
        "",
    ]


async def checked(capsys: pytest.CaptureFixture[str], *texts: str, **manner: Any) -> tuple[int, str]:
    """Check prompts by the clockwork, for which every word is a token; return the code and what was printed."""
    console = Console(file=io.StringIO())
    settings = await asyncio.to_thread(load_settings)
    code = await prompt.check_for(texts, prompt.Manner(**manner), "clockwork", settings, console, clockwork_inline())
    return code, capsys.readouterr().out


async def test_programs_get_the_chunks_of_each_entry_beside_what_there_was(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ("[a:b:5] AND c d", "[<lora:ink:1>:5]", "(" * 100_000)
    code, told = await checked(capsys, *texts, as_json=True)
    assert code == prompt.REFUSED
    edited, refused, long = (json.loads(line) for line in told.splitlines())
    assert edited["schedule"] == [[5, [["a", 1.0]]], [20, [["b", 1.0]]]]
    assert edited["chunks"] == [[[["a ", 1.0]]], [[["b ", 1.0]]]]
    assert edited["and"] == [
        {"weight": 1.0, "schedule": [[20, [[" c d", 1.0]]]], "chunks": [[[["c ", 1.0], ["d ", 1.0]]]]}
    ]
    assert "error" in refused
    assert len(refused["chunks"]) == len(refused["schedule"]) == 2
    assert long["chunks"] == long["schedule"] == []


async def test_more_texts_than_are_counted_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    alternating = f"[{'|'.join(f'w{number}' for number in range(200))}]"
    _, told = await checked(capsys, alternating, steps=200, as_json=True)
    chunks = json.loads(told)["chunks"]
    assert [one is not None for one in chunks] == [True] * MAX_TOKENIZED_TEXTS + [False] * (200 - MAX_TOKENIZED_TEXTS)
    _, told = await checked(capsys, alternating, steps=200)
    assert told.count("1 token in 1 chunk") == MAX_TOKENIZED_TEXTS
    assert told.count("Tokens are not counted: there are too many texts.") == 200 - MAX_TOKENIZED_TEXTS


async def test_a_prompt_that_kills_the_engine_ends_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    settings, engine = await asyncio.to_thread(load_settings), clockwork_process()
    with pytest.raises(EngineDead, match="exit code 5"):
        await prompt.check_for(["exit"], prompt.Manner(), "clockwork", settings, Console(file=io.StringIO()), engine)
    assert capsys.readouterr().out == ""


async def test_a_tokenizer_that_breaks_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EaselError, match="failed in a way not expected"):
        await checked(capsys, "raise")


async def test_a_model_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    settings, engine = await asyncio.to_thread(load_settings), clockwork_inline()
    with pytest.raises(UserError, match=r"no model named 'clokwork'. Did you mean clockwork\?"):
        await prompt.check_for(["a"], prompt.Manner(), "clokwork", settings, Console(file=io.StringIO()), engine)
