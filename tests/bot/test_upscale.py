"""`easel upscale` as a stranger runs it: a real command, a real worker process, files in and out."""

import asyncio
import io
import signal
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from bot import cli, upscale
from bot.display import INTERRUPTED
from bot.errors import EaselError, JobFailed, UserError
from bot.saving import prepare_folder
from bot.services.enlarging import choose_upscaler
from bot.settings import Settings
from inference.models.catalogue import Catalogue
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash
from tests.bot.engines.engines import sample_inline
from tests.bot.terminal import Terminal, files
from tests.inference.vision.face_networks import write_restoreformer
from tests.inference.vision.house import portrait
from tests.inference.vision.networks import write_esrgan


def test_a_painted_picture_is_made_larger_and_remembers_how_it_was_painted(easel: Terminal, tmp_path: Path) -> None:
    painted = easel("imagine", "a red circle on a blue background", "--seed", "1", "--steps", "4", "-o", "out")
    source = painted.stdout.strip()
    plain = easel("upscale", source, "-o", "out")
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.strip() == str(Path("out") / "00002-1-x2.png")
    assert "by Lanczos's filter, since no upscaler is installed: `easel models add` installs one." in plain.stderr
    assert "256x256 pixels in" in plain.stderr
    with Image.open(tmp_path / plain.stdout.strip()) as image:
        assert image.size == (256, 256)

    Catalogue(tmp_path / "models").add(write_esrgan(tmp_path / "sharp.safetensors"))
    larger = easel("upscale", source, "--factor", "4", "-o", "out")
    assert larger.returncode == 0, larger.stderr
    assert "4 times as large, by sharp." in larger.stderr
    with Image.open(tmp_path / larger.stdout.strip()) as image:
        assert image.size == (512, 512)

    told = easel("info", larger.stdout.strip())
    assert told.stdout.startswith("a red circle on a blue background\n")
    assert "Postprocess upscale by: 4, Postprocess upscaler: sharp" in told.stdout
    assert "What it was before it was made larger can be made again exactly" in told.stdout

    again = easel("imagine", "--like", larger.stdout.strip(), "-o", "again")
    assert again.returncode == 0, again.stderr
    assert "Not followed here: Made 4 times as large." in again.stderr
    with Image.open(tmp_path / again.stdout.strip()) as one, Image.open(tmp_path / source) as other:
        assert one.tobytes() == other.tobytes()


def test_faces_are_restored(easel: Terminal, tmp_path: Path) -> None:
    portrait().save(tmp_path / "photo.png")
    entry = Catalogue(tmp_path / "models").add(write_restoreformer(tmp_path / "faces.safetensors"), name="kind faces")
    alone = easel("upscale", "photo.png", "--faces", "--factor", "1", "-o", "out")
    assert alone.returncode == 0, alone.stderr
    assert alone.stdout.strip() == str(Path("out") / "00001-faces.png")
    assert "Faces are restored by kind faces." in alone.stderr and "times as large" not in alone.stderr
    with Image.open(tmp_path / alone.stdout.strip()) as image, portrait() as before:
        assert image.size == (512, 512)
        assert image.crop((0, 300, 512, 512)).tobytes() == before.crop((0, 300, 512, 512)).tobytes()
        assert image.tobytes() != before.tobytes()

    larger = easel("upscale", "photo.png", "--faces", entry.hash[:8], "--face-strength", "0.8", "-o", "out")
    assert larger.returncode == 0, larger.stderr
    assert "2 times as large, by Lanczos's filter" in larger.stderr and "1024x1024 pixels" in larger.stderr
    told = easel("info", larger.stdout.strip())
    assert "Face restoration: kind faces, Face restoration visibility: 0.8" in told.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process group there")
def test_ctrl_c_cancels_and_leaves_nothing(easel: Terminal, tmp_path: Path) -> None:
    Catalogue(tmp_path / "models").add(write_esrgan(tmp_path / "sharp.safetensors"))
    Image.new("RGB", (2000, 2000), "red").save(tmp_path / "photo.png")
    with easel.start("upscale", "photo.png", "--factor", "4", "-o", "out") as process:
        assert process.stderr is not None
        while "Loaded sharp" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "Cancelled; nothing was written." in said
    assert "Traceback" not in said
    assert out == ""
    assert files(tmp_path / "out") == []


# In this process, without the seconds that a worker takes to import torch ------------------------------------------


def enlarge(*words: str, output: Path) -> tuple[list[Path], str]:
    """Run the command with the real engine in this process; return the new files and what was said."""
    request = upscale.request_of(cli.parser().parse_args(["upscale", *words, "--output", str(output)]))
    prepare_folder(output)
    said = io.StringIO()
    settings = Settings()

    async def run() -> int:
        return await upscale.run(request, settings, Console(file=said, width=200), sample_inline())

    assert asyncio.run(run()) == 0
    return [output / name for name in files(output)], said.getvalue()


def test_any_picture_will_do(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "photo.jpg")
    (larger,), said = enlarge(str(tmp_path / "photo.jpg"), "--model", "Lanczos", output=tmp_path / "out")
    assert larger.name == "00001-x2.png"
    assert "by Lanczos's filter.\n" in said
    with Image.open(larger) as image:
        assert image.size == (60, 40)
    (_, again), _ = enlarge(str(larger), "--factor", "4", output=tmp_path / "out")
    with Image.open(again) as image:
        assert image.size == (240, 160)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--factor", "3"], "can be made 2 or 4 times as large, not 3 times"),
        (["--model", "sharp"], "There is no upscaler named 'sharp'. Installed: none."),
        (["--factor", "1"], "Factor 1 makes nothing larger. It goes with --faces"),
        (["--factor", "1", "--faces", "--model", "sharp"], "Leave it out with --factor 1"),
        (["--face-strength", "0.5"], "--face-strength goes with --faces"),
        (["--faces", "--face-strength", "2"], "--face-strength is from 0 .* to 1"),
        (["--faces"], "No face restorer is installed"),
        (["--faces", "gfpgan"], "There is no face restorer named 'gfpgan'. Installed: none."),
    ],
)
def test_mistakes_are_told_before_anything_is_done(words: list[str], message: str, tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "photo.png")
    with pytest.raises(UserError, match=message):
        enlarge(str(tmp_path / "photo.png"), *words, output=tmp_path / "out")


@pytest.mark.parametrize(
    ("data", "message"),
    [(None, "cannot be read: No such file"), (b"", "no file that can be read"), (b"GIF89a!", "damaged|no file that")],
)
def test_what_is_no_picture_is_told(data: bytes | None, message: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "photo.png").write_bytes(data)
    with pytest.raises(EaselError, match=message):
        enlarge(str(tmp_path / "photo.png"), output=tmp_path / "out")


def test_a_result_that_would_be_too_large_is_told(tmp_path: Path) -> None:
    Image.new("L", (5000, 4000)).save(tmp_path / "large.png")
    with pytest.raises(JobFailed, match="would become 20,000x16,000 pixels"):
        enlarge(str(tmp_path / "large.png"), "--factor", "4", output=tmp_path / "out")
    assert files(tmp_path / "out") == []


def info(name: str, factor: int) -> ModelInfo:
    return ModelInfo(
        hash=ContentHash("a" * 64), name=name, kind="upscaler" if factor else "checkpoint", family="upscaler",
        prediction_type="epsilon", inpainting=False, default_width=0, default_height=0, bytes=1, factor=factor,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("factors", "wanted", "chosen"),
    [((), 2, None), ((2, 4), 2, 2), ((2, 4), 4, 4), ((8, 4), 2, 4), ((2, 8), 4, 8), ((2, 3), 4, 2), ((0,), 2, None)],
)
def test_the_upscaler_that_suits_is_chosen(factors: tuple[int, ...], wanted: int, chosen: int | None) -> None:
    found = choose_upscaler(None, wanted, [info(f"x{factor}", factor) for factor in factors])
    assert (found.factor if found else None) == chosen
