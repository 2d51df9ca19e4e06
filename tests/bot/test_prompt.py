"""`easel prompt check` shows what was understood of a prompt, and refuses what cannot be made."""

import io
import json
import sys

import pytest

from bot import cli


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
