"""`easel imagine` as a stranger runs it: a real command, a real worker process, the sample model, PNG files."""

import asyncio
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rich.console import Console

from bot import cli, imagine
from bot.display import INTERRUPTED
from bot.errors import EaselError, JobFailed
from bot.saving import prepare_folder
from bot.settings import Settings
from inference.sample.classifier import look
from tests.bot.engines.engines import sample_inline
from tests.bot.terminal import Terminal, files
from tests.bot.test_play import until
from tests.bot.workers import workers_of


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_prompt_becomes_pictures_that_show_it_and_can_be_made_again(easel: Terminal, tmp_path: Path) -> None:
    made = easel("imagine", "a red circle on a blue background", "--seed", "1", "--count", "2", "-o", "out")
    assert made.returncode == 0, made.stderr
    paths = [tmp_path / line for line in made.stdout.splitlines()]
    assert [path.name for path in paths] == ["00001-1.png", "00002-2.png"]
    assert "2 pictures" in made.stderr
    assert "pictures/s" in made.stderr
    for path in paths:
        seen = look(pixels(path))
        assert seen.background == "blue"
        assert [(subject.colour, subject.shape) for subject in seen.subjects] == [("red", "circle")]
    assert files(tmp_path / "out") == ["00001-1.png", "00002-2.png"]

    told = easel("info", str(paths[1]))
    assert told.stdout.startswith("a red circle on a blue background\n")
    assert "Seed: 2" in told.stdout

    alone = easel("imagine", "--like", str(paths[1]), "-o", "again")
    again = easel("imagine", "--like", alone.stdout.strip(), "-o", "again")
    one, same = (pixels(tmp_path / run.stdout.strip()) for run in (alone, again))
    assert np.array_equal(one, same)
    # Made in a batch of two it may differ by the last bit of a sum.
    assert np.abs(one.astype(int) - pixels(paths[1])).max() <= 1
    assert (tmp_path / alone.stdout.strip()).read_bytes() == (tmp_path / again.stdout.strip()).read_bytes()


def test_an_unknown_model_is_told_its_neighbours(easel: Terminal, tmp_path: Path) -> None:
    failed = easel("imagine", "a cat", "--model", "sampel", "-o", "out")
    assert failed.returncode == cli.USAGE
    assert "There is no model named 'sampel'. Did you mean sample" in failed.stderr
    assert files(tmp_path / "out") == []


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process group there")
def test_ctrl_c_cancels_cleanly(easel: Terminal, tmp_path: Path) -> None:
    with easel.start("imagine", "a red circle", "--steps", "150", "--count", "8", "-o", "out") as process:
        assert process.stderr is not None
        # The summary is said when the engine stands; shortly after it paints.
        while "8 pictures" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "Cancelled; nothing was written." in said
    assert "Traceback" not in said
    assert out == ""
    assert files(tmp_path / "out") == []


def test_a_worker_that_is_killed_is_replaced_and_the_picture_is_still_made(easel: Terminal, tmp_path: Path) -> None:
    with easel.start("imagine", "a red circle", "--seed", "4", "--steps", "200", "-o", "out") as process:
        assert process.stderr is not None
        # It is there long before it can paint, and need not be looked for when it does.
        (worker,) = until(lambda: workers_of(process.pid))
        while "1 picture" not in process.stderr.readline():
            assert process.poll() is None
        worker.kill()
        out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert out.strip() == str(Path("out") / "00001-4.png")
    assert files(tmp_path / "out") == ["00001-4.png"]


# In this process, without the seconds that a worker takes to import torch ------------------------------------------


def paint(*words: str, output: Path) -> tuple[list[Path], str]:
    """Run the command with the real engine in this process; return the new files and what was said."""
    request = imagine.request_of(cli.parser().parse_args(["imagine", *words, "--output", str(output)]))
    prepare_folder(output)
    before = set(files(output))
    said = io.StringIO()
    code = asyncio.run(imagine.run(request, Settings(), Console(file=said, width=200), sample_inline()))
    assert code == 0
    return [output / name for name in files(output) if name not in before], said.getvalue()


def picture(path: Path, size: tuple[int, int] = (128, 128)) -> Path:
    image = Image.new("RGB", size, (255, 255, 255))
    ImageDraw.Draw(image).ellipse((40, 40, 88, 88), fill=(220, 30, 30))
    image.save(path)
    return path


def test_from_a_picture_and_through_a_mask(tmp_path: Path) -> None:
    source = picture(tmp_path / "source.png")
    (changed,), _ = paint(
        "a red circle on a white background", "--init", str(source), "--strength", "0.5", output=tmp_path / "out"
    )
    assert look(pixels(changed)).background == "white"
    mask = Image.new("L", (128, 128), 0)
    mask.paste(255, (0, 0, 128, 64))
    mask.save(tmp_path / "mask.png")
    (masked,), _ = paint(
        "a blue star on a green background", "--init", str(source), "--mask", str(tmp_path / "mask.png"), "--seed", "1",
        output=tmp_path / "out",
    )  # fmt: skip
    before, after = (pixels(path) for path in (source, masked))
    assert np.array_equal(before[64:], after[64:])
    assert np.abs(before[:64].astype(int) - after[:64]).mean() > 5


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: Image.new("L", (64, 64), 255).save(path, "PNG"), r"mask.* 64x64.* 128x128"),
        (lambda path: path.write_bytes(b"no picture"), "The mask is no file that can be read. Send a PNG"),
    ],
)
def test_a_mask_that_does_not_fit_fails_alone(prepare: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    source = picture(tmp_path / "source.png")
    prepare(tmp_path / "mask.png")
    with pytest.raises(JobFailed, match=message):
        paint("a cat", "--init", str(source), "--mask", str(tmp_path / "mask.png"), output=tmp_path / "out")
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize("damage", ["cut short", "too large", "no picture"])
def test_a_source_that_cannot_be_read_fails_alone(damage: str, tmp_path: Path) -> None:
    source = picture(tmp_path / "source.png")
    if damage == "cut short":
        source.write_bytes(source.read_bytes()[:200])
    elif damage == "too large":
        Image.new("1", (50_000, 1000)).save(source)
    else:
        source.write_bytes(b"GIF89a, or so it says")
    with pytest.raises(EaselError) as caught:
        paint("a cat", "--init", str(source), output=tmp_path / "out")
    assert len(caught.value.message) < 300
    assert files(tmp_path / "out") == []


def test_hires_and_variations(tmp_path: Path) -> None:
    (large,), said = paint("a red circle", "--hires", "192x160", "--seed", "1", output=tmp_path / "out")
    assert pixels(large).shape == (160, 192, 3)
    assert "Hires" in said
    pictures, _ = paint(
        "a red circle", "--seed", "1", "--variation-seed", "5", "--variation-strength", "0.2", "--count", "2",
        output=tmp_path / "out",
    )  # fmt: skip
    first, second = (pixels(path) for path in pictures)
    assert not np.array_equal(first, second)


def test_a_full_disk_is_told_and_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobFailed, match="No space left on device"):
        paint("a cat", output=tmp_path / "out")
    assert files(tmp_path / "out") == []
