"""The command line: mistakes end in one clear sentence, before an engine is started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from bot import cli, imagine
from bot.services.pasting import NO_HINT
from inference.output import UNREAD
from tests.inference.protocol.golden import PASTED

SETTINGS = (
    "a cat\nNegative prompt: dog\nSteps: 9, Sampler: Euler a, CFG scale: 4, Seed: 7, Size: 128x64, Lora hashes: x"
)


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fail every test that comes as far as to start one."""

    def refuse(*_: object) -> None:
        raise AssertionError("an engine was started")

    monkeypatch.setattr(imagine, "LocalProcess", refuse)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Give a picture as AUTOMATIC1111 writes it."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", SETTINGS)
    Image.new("RGB", (128, 64)).save(tmp_path / "foreign.png", pnginfo=texts)
    return tmp_path / "foreign.png"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Say what to paint"),
        (["a cat", "--size", "large"], "'large' is no size; write it like 512x768"),
        (["a cat", "--size", "500x512"], "Width is 500, but must be a multiple of 8, such as 496 or 504."),
        (["a cat", "--size", "50000x50000"], "Width is 50000"),
        (["a cat", "--steps", "0"], "Steps is 0, but must be a whole number from 1 to"),
        (["a cat", "--steps", "many"], "'many' is no whole number"),
        (["a cat", "--guidance", "nan"], "Guidance scale is nan, but must be a finite number from 0 to 100."),
        (["a cat", "--guidance", "warm"], "'warm' is no number"),
        (["a cat", "--sampler", "Eulr"], "There is no sampler named 'Eulr'; did you mean Euler"),
        (["a cat", "--schedule", "x"], "There is no schedule named 'x'; known: Normal, Karras"),
        (["a cat", "--count", "0"], "Count is 0"),
        (["a cat", "--count", "1000"], "Count is 1000"),
        (["a cat", "--seed", "-2"], "Seed is -2"),
        (["x" * 100_000], "Prompt is 100,000 characters long, but must be at most"),
        (["a cat", "--init", "gone.png"], "The picture gone.png cannot be read: No such file or directory."),
        (["a cat", "--init", "."], "The picture . cannot be read"),
        (["a cat", "--mask", "gone.png"], "The mask gone.png cannot be read"),
        (["a cat", "--strength", "0.5"], "needs a picture to start from"),
        (["--like", "gone.png"], "The picture gone.png cannot be read"),
        (["a cat", "--bogus"], "Unrecognized arguments: --bogus. See easel imagine --help."),
    ],
)
def test_mistakes_are_told_in_a_sentence(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = cli.main(["imagine", *words])
    except SystemExit as left:
        code = left.code  # type: ignore[assignment]
    told = capsys.readouterr().err
    assert code == cli.USAGE
    assert told.startswith("easel: ")
    assert message.lower() in told.lower()
    assert told.count("\n") == 1
    assert len(told) < 500
    assert not Path("pictures").exists()


def test_an_output_that_is_a_file_is_refused_before_painting(capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_bytes(b"")
    assert cli.main(["imagine", "a cat", "--output", "taken"]) == cli.USAGE
    assert "Nothing can be written to taken" in capsys.readouterr().err


def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("EASEL_MAX_ROWS", "-1")
    assert cli.main(["imagine", "a cat"]) == cli.USAGE
    assert "EASEL_MAX_ROWS" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["imagine", "--help"], ["info", "--help"]])
def test_help_names_every_word(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert "usage: easel" in text
    if words[0] == "imagine":
        for option in ("--negative", "--model", "--size", "--steps", "--sampler", "--schedule", "--guidance", "--seed"):
            assert option in text
        for option in ("--count", "--init", "--strength", "--mask", "--like", "--output"):
            assert option in text
        assert "DPM++ 2M SDE" in text


def test_nothing_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([])
    assert left.value.code == 0
    assert "imagine" in capsys.readouterr().out


class TestInfo:
    """`easel info` prints what a picture was made with."""

    def test_of_another_program(self, foreign: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["info", str(foreign)]) == 0
        assert capsys.readouterr().out == SETTINGS + "\n"

    def test_as_json(self, foreign: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["info", "--json", str(foreign)]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["parameters"] == SETTINGS
        assert told["settings"]["sampler"] == "euler_a"
        assert told["settings"]["seed"] == 7
        assert told["recipe"] is None

    def test_of_comfyui(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        texts = PngImagePlugin.PngInfo()
        texts.add_text("prompt", PASTED["comfyui-custom-advanced.json"])
        Image.new("RGB", (8, 8)).save(tmp_path / "comfy.png", pnginfo=texts)
        assert cli.main(["info", "comfy.png"]) == 0
        assert capsys.readouterr().out == (
            "a harbour at dawn <lora:grain:0:0.4>\nNegative prompt: blurry\n"
            "Steps: 24, Sampler: DPM++ 2S a, Schedule type: SGM Uniform, CFG scale: 4.5, Seed: 90210, Size: 1024x768, "
            "Model: sd_xl_base_1.0, Clip skip: 1, Style prompt: oil painting, "
            'Nodes: "SplitSigmas, ControlNetApplyAdvanced, ControlNetLoader"\n'
        )
        assert cli.main(["info", "--json", "comfy.png"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["program"], told["parameters"], told["settings"]["seed"]) == ("ComfyUI", None, 90210)

    def test_of_a_jpeg_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        data = Image.Exif()
        data.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + SETTINGS.encode("utf-16-be")
        Image.new("RGB", (8, 8)).save(tmp_path / "foreign.jpg", exif=data)
        assert cli.main(["info", "foreign.jpg"]) == 0
        assert capsys.readouterr().out == SETTINGS + "\n"

    def test_of_a_picture_without_any(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Image.new("RGB", (8, 8)).save(tmp_path / "bare.png")
        Image.new("RGB", (8, 8)).save(tmp_path / "photo.jpg")
        assert cli.main(["info", str(tmp_path / "bare.png")]) == cli.USAGE
        assert "made by another program, or they were removed" in capsys.readouterr().err
        assert cli.main(["info", str(tmp_path / "photo.jpg")]) == cli.USAGE
        assert "They are read from PNG, JPEG and WebP files" in capsys.readouterr().err

    def test_a_recipe_that_was_tampered_with(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        texts = PngImagePlugin.PngInfo()
        texts.add_text("parameters", SETTINGS)
        texts.add_text("easel-recipe", '{"type":"TextToImage","steps":-1}')
        Image.new("RGB", (8, 8)).save(tmp_path / "odd.png", pnginfo=texts)
        assert cli.main(["info", str(tmp_path / "odd.png")]) == 0
        told = capsys.readouterr()
        assert told.out == SETTINGS + "\n"
        assert "the exact recipe cannot be read" in told.err


def request(*words: str) -> imagine.Request:
    return imagine.request_of(cli.parser().parse_args(["imagine", *words]))


class TestLikeForeign:
    """Settings of other programs' pictures are followed as far as they are known here."""

    def test_what_is_known_is_taken(self, foreign: Path) -> None:
        made = request("--like", str(foreign))
        draft = made.draft
        assert (draft.prompt, draft.negative_prompt, draft.steps, draft.seed) == ("a cat", "dog", 9, 7)
        assert (draft.sampler, draft.schedule, draft.guidance_scale) == ("euler_a", "normal", 4.0)
        assert (draft.width, draft.height) == (128, 64)
        assert made.ignored == ("Lora hashes: x",)

    def test_of_invokeai(self, tmp_path: Path) -> None:
        texts = PngImagePlugin.PngInfo()
        texts.add_text("invokeai_metadata", PASTED["invokeai-5.json"])
        Image.new("RGB", (64, 64)).save(tmp_path / "invoke.png", pnginfo=texts)
        made = request("--like", "invoke.png")
        assert made.draft.prompt == "a cutaway of a submarine <lora:cutaway-xl:0.85>"
        assert (made.draft.sampler, made.draft.seed, made.told_model.name) == ("dpm2_a", 2718281828, "Juggernaut XL v9")
        assert made.draft.strength is None
        assert "Denoising strength: 0.6 (if it was made from another picture, give that with --init)" in made.ignored
        started = request("--like", "invoke.png", "--init", "invoke.png")
        assert started.draft.strength == 0.6
        assert not any("strength" in each for each in started.ignored)
        assert request("--like", "invoke.png", "--model", "x").told_model == NO_HINT

    def test_of_a_text_file(self, tmp_path: Path) -> None:
        (tmp_path / "settings.txt").write_text(SETTINGS)
        assert request("--like", "settings.txt").draft.seed == 7

    def test_what_is_said_wins(self, foreign: Path) -> None:
        made = request("a dog", "--like", str(foreign), "--steps", "3")
        assert (made.draft.prompt, made.draft.steps, made.draft.seed) == ("a dog", 3, 7)


def test_a_random_seed_may_be_asked_for_by_minus_one() -> None:
    seeds = {request("a cat", "--seed", "-1").draft.seed for _ in range(5)}
    assert len(seeds) > 1
    assert all(seed is not None and seed >= 0 for seed in seeds)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["adapters list", "models list", "doctor", "--help", "bench --help"])
def test_whoever_has_read_enough_may_leave(words: str, unbuffered: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", *words.split()],
            env=os.environ | {"EASEL_DATA_FOLDER": str(tmp_path), "PYTHONUNBUFFERED": unbuffered},
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.stderr == ""
    # argparse does not look whether anybody reads its help.
    assert ended.returncode == UNREAD or (words.endswith("--help") and ended.returncode == 0)
