"""`easel vary`, `easel outpaint` and `easel edit` with the real engine and the sample model, read off the pixels."""

import asyncio
import io
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from rich.console import Console

from benchmarks.tiny_models import Kind
from bot import cli, imagine
from bot.engines.inline import Inline
from bot.errors import UserError
from bot.info import read_settings
from bot.saving import prepare_folder
from bot.services.derive import IMAGE_STRENGTHS, LARGER_STRENGTH, NOISE_STRENGTHS
from bot.settings import Settings
from inference.models.catalogue import Catalogue
from inference.protocol.recipe import (
    BaseRecipe,
    Blend,
    Detail,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
    Upscale,
    to_json,
)
from inference.sample.classifier import look
from inference.sample.world import COLOURS
from inference.worker.__main__ import open_studio
from inference.worker.loop import serve
from storage import content_hash
from tests.bot.engines.engines import PATIENT, sample_inline
from tests.sample_requests import settings

PROMPT = "a red circle on a white background"
BLUE = "a blue circle on a white background"


def paint(output: Path, *words: str) -> tuple[list[Path], str]:
    """Run a command with the real engine in this process; return the new files and what was said."""
    options = cli.parser().parse_args([*words, "--output", str(output)])
    request = imagine.request_of(options) if words[0] == "imagine" else options.request_of(options)
    prepare_folder(output)
    before = set(output.iterdir())
    said = io.StringIO()
    console = Console(file=said, width=200)
    assert asyncio.run(imagine.run(request, Settings(), console, sample_inline())) == 0
    return sorted(set(output.iterdir()) - before), said.getvalue()


def request(*words: str) -> imagine.Request:
    options = cli.parser().parse_args(words)
    made = options.request_of(options)
    assert isinstance(made, imagine.Request)
    return made


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def recipe_of(path: Path) -> Recipe:
    found = read_settings(path).recipe
    assert found is not None
    return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a picture by Easel."""
    folder = tmp_path_factory.mktemp("own")
    ((path,), _) = paint(folder, "imagine", PROMPT, "--seed", "1", "--steps", "8")
    return path


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return a picture that says nothing of how it was made, of an odd size."""
    image = Image.new("RGB", (131, 96), COLOURS["white"])
    ImageDraw.Draw(image).ellipse((40, 24, 88, 72), fill=COLOURS["red"])
    image.save(tmp_path / "theirs.png")
    return tmp_path / "theirs.png"


def test_variations_of_our_own_picture_are_of_its_noise(own: Path, tmp_path: Path) -> None:
    paths, _ = paint(tmp_path / "out", "vary", str(own), "--count", "2", "--seed", "70")
    for seed, path in zip((70, 71), paths, strict=True):
        found = recipe_of(path)
        assert found.variation is not None
        assert (found.variation.seed, found.variation.strength) == (seed, NOISE_STRENGTHS["vary_subtle"])
        assert (found.prompt, found.seed, found.steps) == (PROMPT, 1, 8)
        assert look(pixels(path)).subjects[0].colour == "red"
    # The noise of a variation is not varied again: it starts from the picture.
    (again,), _ = paint(tmp_path / "out", "vary", str(paths[0]), "--strong")
    found = recipe_of(again)
    assert isinstance(found, ImageToImage)
    assert found.strength == IMAGE_STRENGTHS["vary_strong"]


def test_another_programs_picture_is_varied_by_a_prompt(theirs: Path, tmp_path: Path) -> None:
    (path,), _ = paint(tmp_path / "out", "vary", str(theirs), PROMPT)
    found = recipe_of(path)
    assert isinstance(found, ImageToImage)
    assert (found.width, found.height, found.strength) == (128, 96, IMAGE_STRENGTHS["vary_subtle"])
    with pytest.raises(UserError, match="does not say what it shows"):
        paint(tmp_path / "out", "vary", str(theirs))


def test_another_programs_settings_are_taken_over(theirs: Path, tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("parameters", f"{PROMPT}\nSteps: 9, Sampler: Euler, CFG scale: 4, Seed: 5, Size: 64x64")
    Image.open(theirs).save(theirs, pnginfo=texts)
    (path,), said = paint(tmp_path / "out", "outpaint", str(theirs), "--left", "32")
    found = recipe_of(path)
    assert (found.prompt, found.steps, found.sampler, found.guidance_scale) == (PROMPT, 9, "euler", 4)
    assert (found.width, found.height) == (160, 96)
    assert found.seed != 5, said


def test_regions_stay_with_the_texts_that_they_were_written_for(theirs: Path) -> None:
    texts = PngInfo()
    texts.add_text("parameters", f"{PROMPT} AND {BLUE}\nSteps: 9, Size: 64x64, Regions: columns 1:2 base 0.2")
    Image.open(theirs).save(theirs, pnginfo=texts)
    layout = request("outpaint", str(theirs), "--left", "32").layout
    assert layout is not None
    assert layout.direction == "columns"
    assert request("outpaint", str(theirs), "--left", "32", PROMPT).layout is None


def test_a_picture_made_larger_is_varied_as_it_is(own: Path, tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("easel-recipe", to_json(Upscale(image=content_hash(own.read_bytes()), of=recipe_of(own))))
    Image.open(own).resize((256, 256)).save(tmp_path / "large.png", pnginfo=texts)
    like = request("vary", str(tmp_path / "large.png")).draft.like
    assert isinstance(like, ImageToImage)
    assert (like.width, like.height, like.prompt) == (256, 256, PROMPT)


def test_a_picture_is_continued_and_its_own_pixels_stay(own: Path, tmp_path: Path) -> None:
    (path,), _ = paint(tmp_path / "out", "outpaint", str(own), "--left", "32", "--top", "16", "--seed", "3")
    found = recipe_of(path)
    assert isinstance(found, Outpaint)
    assert (found.width, found.height, found.prompt) == (160, 144, PROMPT)
    after, before = pixels(path), pixels(own)
    blur = found.mask_blur
    assert np.array_equal(after[16 + blur :, 32 + blur :], before[blur:, blur:])
    assert look(after[:128, :128]).background == "white"


def test_a_zoom_and_a_square(own: Path, theirs: Path, tmp_path: Path) -> None:
    (zoomed,), _ = paint(tmp_path / "out", "outpaint", str(own), "--zoom", "1.5", "--strength", "0.9")
    found = recipe_of(zoomed)
    assert isinstance(found, Outpaint)
    assert (found.width, found.height, found.strength) == (192, 192, 0.9)
    (square,), _ = paint(tmp_path / "out", "outpaint", str(theirs), "--square", PROMPT)
    assert pixels(square).shape == (128, 128, 3)


def test_a_box_is_painted_anew_and_nothing_else(own: Path, tmp_path: Path) -> None:
    words = ["--box", "16,16,96,96", "--mask-blur", "0", "--seed", "3"]
    (path,), _ = paint(tmp_path / "out", "edit", str(own), BLUE, *words)
    found = recipe_of(path)
    assert isinstance(found, Inpaint)
    assert (found.prompt, found.strength) == (BLUE, 1)
    after, before = pixels(path), pixels(own)
    outside = np.ones((128, 128), bool)
    outside[16:112, 16:112] = False
    assert np.array_equal(after[outside], before[outside])
    assert look(after).subjects[0].colour == "blue"


def test_a_place_in_words_is_painted_anew(own: Path, tmp_path: Path) -> None:
    (path,), _ = paint(tmp_path / "out", "edit", str(own), BLUE, "--box", "left half", "--mask-blur", "0")
    after, before = pixels(path), pixels(own)
    assert np.array_equal(after[:, 64:], before[:, 64:])
    assert not np.array_equal(after[:, :64], before[:, :64])


def test_a_mask_of_half_the_size_is_made_to_fit(own: Path, tmp_path: Path) -> None:
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 64, 32))
    mask.save(tmp_path / "mask.png")
    (path,), _ = paint(tmp_path / "out", "edit", str(own), BLUE, "--mask", str(tmp_path / "mask.png"))
    after, before = pixels(path), pixels(own)
    assert np.array_equal(after[66:], before[66:])
    assert not np.array_equal(after[:64], before[:64])


def test_a_colour_is_painted_over(theirs: Path, tmp_path: Path) -> None:
    prompt = "a green circle on a white background"
    (path,), _ = paint(tmp_path / "out", "edit", str(theirs), prompt, "--colour", "#d82024", "--seed", "3")
    assert look(pixels(path)).subjects[0].colour == "green"
    assert look(pixels(path)).background == "white"


def test_transparent_parts_are_painted(own: Path, tmp_path: Path) -> None:
    image = Image.open(own).convert("RGBA")
    image.paste((0, 0, 0, 0), (16, 16, 112, 112))
    image.save(tmp_path / "hole.png")
    (path,), _ = paint(tmp_path / "out", "edit", str(tmp_path / "hole.png"), BLUE, "--seed", "3")
    assert isinstance(recipe_of(path), Inpaint)
    assert look(pixels(path)).subjects[0].colour == "blue"
    assert np.array_equal(pixels(path)[:2], pixels(own)[:2])


def test_without_a_mask_the_whole_is_painted_over(own: Path, tmp_path: Path) -> None:
    (path,), _ = paint(tmp_path / "out", "edit", str(own), BLUE, "--strength", "0.95", "--seed", "2")
    found = recipe_of(path)
    assert isinstance(found, ImageToImage)
    assert (found.strength, found.steps) == (0.95, 8)
    assert look(pixels(path)).subjects[0].colour == "blue"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["outpaint", "{own}"], "Say what to add"),
        (["outpaint", "{own}", "--square", "--left", "8"], "Say what to add"),
        (["outpaint", "{own}", "--square"], "The picture is square already"),
        (["outpaint", "{own}", "--left", "12"], "--left is 12, but must be a multiple of 8"),
        (["outpaint", "{own}", "--left", "2048"], "At most 1024 pixels can be added on one side"),
        (["outpaint", "{own}", "--zoom", "9"], "no zoom; it goes from above 1 to 4"),
        (["edit", "{own}", "x", "--box", "0,0,500,5"], "is not inside the picture, which is 128x128 pixels"),
        (["edit", "{own}", "x", "--box", "somewhere"], "“somewhere” is no box"),
        (["edit", "{own}", "x", "--box", "0,0,128,128"], "Everything is marked"),
        (["edit", "{own}", "x", "--mask", "{white}"], "Everything is marked"),
        (["edit", "{own}", "x", "--mask", "{wide}"], "The mask “wide.png” is 96x48 pixels, and the picture is 128x128"),
        (["edit", "{own}", "x", "--mask", "{text}"], "“text.png” is no picture that can be read"),
        (["edit", "{own}", "x", "--colour", "reddish"], "“reddish” is no colour"),
        (["edit", "{own}", "x", "--colour", "#00ffff"], "Nothing in the picture has the colour #00ffff"),
        (["edit", "{own}", "x", "--box", "1,1,9,9", "--colour", "#fff"], "One mask is enough"),
        (["edit", "{own}", "x", "--mask-blur", "4"], "A mask blur needs a mask"),
        (["edit", "{own}", "x", "--strength", "2"], "Strength is 2"),
        (["edit", "{own}"], "required: PROMPT"),
        (["vary", "{own}", "--count", "65"], "Count is 65"),
        (["vary", "nowhere.png"], "The picture nowhere.png cannot be read"),
        (["vary", "{text}"], "is no picture that can be read"),
    ],
)
def test_what_cannot_be_done_is_told_before_an_engine_is_started(
    words: list[str], message: str, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.png"
    text.write_text("hello")
    wide = tmp_path / "wide.png"
    Image.new("L", (96, 48)).save(wide)
    white = tmp_path / "white.png"
    Image.new("L", (64, 64), 255).save(white)
    filled = [word.format(own=own, text=text, wide=wide, white=white) for word in words]
    with suppress(SystemExit):
        assert cli.main([*filled, "-o", str(tmp_path / "out")]) == cli.USAGE
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


class TestInstructions:
    """`easel edit --instruct`, with a tiny random model: what it paints is noise, how it is asked is not."""

    @pytest.fixture
    def models(self, tmp_path: Path, tiny_folder: Callable[[Kind], Path]) -> Path:
        """Return a models folder with a model that follows instructions."""
        Catalogue(tmp_path / "models").add(tiny_folder("sd1_instruct"), name="teller")
        return tmp_path / "models"

    def told(self, models: Path, output: Path, *words: str) -> list[Path]:
        """Run the command with the models of a folder; return the new files."""
        asked = request("edit", *words, "--output", str(output))
        prepare_folder(output)
        console = Console(file=io.StringIO())
        worker = partial(serve, open_painter=open_studio, leave=lambda code: None)
        engine = Inline(settings(str(models)), worker, PATIENT)
        assert asyncio.run(imagine.run(asked, Settings(), console, engine)) == 0
        return sorted(output.iterdir())

    def test_a_picture_is_changed_by_the_model_that_follows_instructions(
        self, own: Path, models: Path, tmp_path: Path
    ) -> None:
        words = (str(own), "make it blue", "--instruct", "--image-guidance", "1.25", "--guidance", "6", "--seed", "3")
        (path,) = self.told(models, tmp_path / "out", *words)
        found = recipe_of(path)
        assert isinstance(found, Instruct)
        assert found.model == Catalogue(models).find("teller").hash
        assert (found.prompt, found.guidance_scale, found.image_guidance_scale) == ("make it blue", 6, 1.25)
        assert (found.image, found.width, found.height) == (content_hash(own.read_bytes()), 128, 128)
        assert pixels(path).shape == (128, 128, 3)
        shown = read_settings(path)
        assert shown.text is not None
        assert "Image CFG scale: 1.25" in shown.text

    def test_without_such_a_model_it_is_said_which_one_to_add(self, own: Path, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"`easel models add`: one whose network has 8 input channels"):
            paint(tmp_path / "out", "edit", str(own), "make it blue", "--instruct")
        with pytest.raises(UserError, match="“sample” is an ordinary model"):
            paint(tmp_path / "out", "edit", str(own), "make it blue", "--instruct", "--model", "sample")

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("--instruct", "--box", "0,0,8,8"), "leave out --box"),
            (("--instruct", "--mask-blur", "3"), "leave out --mask-blur"),
            (("--instruct", "--strength", "0.5"), "leave out --strength"),
            (("--image-guidance", "2"), "goes with --instruct"),
        ],
    )
    def test_what_does_not_go_with_an_instruction_is_refused(
        self, own: Path, words: tuple[str, ...], told: str
    ) -> None:
        with pytest.raises(UserError, match=told):
            request("edit", str(own), "make it blue", *words)

    def test_a_picture_that_an_instruction_made_is_another_start(self, own: Path, tmp_path: Path) -> None:
        fields = {name: getattr(recipe_of(own), name) for name in BaseRecipe.__struct_fields__}
        made = Instruct(**fields | {"prompt": "make it blue"}, image=content_hash(own.read_bytes()))
        texts = PngInfo()
        texts.add_text("easel-recipe", to_json(made))
        Image.open(own).save(tmp_path / "made.png", pnginfo=texts)
        with pytest.raises(UserError, match="does not say what it shows"):
            request("outpaint", str(tmp_path / "made.png"), "--left", "8")
        draft = request("outpaint", str(tmp_path / "made.png"), "--left", "8", BLUE).draft
        assert (draft.like, draft.prompt) == (None, BLUE)
        with pytest.raises(UserError, match="made from another picture by an instruction"):
            request("vary", str(tmp_path / "made.png"))


def test_a_picture_is_made_larger_by_painting_it_over_in_tiles(own: Path, theirs: Path, tmp_path: Path) -> None:
    (path,), said = paint(tmp_path / "out", "upscale", str(own), "--by", "detail", "--seed", "5", "--tile", "96x96")
    found = recipe_of(path)
    assert isinstance(found, Detail)
    assert (found.full_width, found.full_height, found.width, found.height) == (256, 256, 96, 96)
    assert (found.prompt, found.seed, found.image) == (PROMPT, 5, content_hash(own.read_bytes())), said
    assert pixels(path).shape == (256, 256, 3)
    whole = np.asarray(Image.open(own).convert("RGB").resize((256, 256), Image.Resampling.LANCZOS), np.int16)
    assert np.abs(pixels(path) - whole).mean() < 12
    (path,), _ = paint(tmp_path / "out", "upscale", str(theirs), PROMPT, "--by", "detail", "--factor", "4")
    assert pixels(path).shape == (384, 524, 3)
    with pytest.raises(UserError, match="does not say what it shows"):
        request("upscale", str(theirs), "--by", "detail")


def test_a_picture_is_painted_again_larger(own: Path, theirs: Path, tmp_path: Path) -> None:
    (path,), _ = paint(tmp_path / "out", "upscale", str(own), "--by", "hires", "--strength", "0.5")
    found = recipe_of(path)
    assert isinstance(found, TextToImage)
    assert found.hires is not None
    assert (found.seed, found.hires.width, found.hires.height, found.hires.strength) == (1, 256, 256, 0.5)
    assert pixels(path).shape == (256, 256, 3)
    like = request("upscale", str(path), "--by", "hires").draft.like
    assert isinstance(like, ImageToImage)
    assert (like.width, like.height, like.strength) == (512, 512, LARGER_STRENGTH)
    other = request("upscale", str(own), BLUE, "--by", "hires").draft
    assert isinstance(other.like, ImageToImage)
    draft = request("upscale", str(theirs), PROMPT, "--by", "hires", "--factor", "4").draft
    assert (draft.width, draft.height, draft.strength) == (520, 384, LARGER_STRENGTH)


def test_pictures_are_blended_with_a_prompt(own: Path, theirs: Path, tmp_path: Path) -> None:
    words = ("blend", str(own), str(theirs), BLUE, "--weights", "0.75,0.25", "--seed", "4", "--strength", "0.8")
    (path,), _ = paint(tmp_path / "out", *words)
    found = recipe_of(path)
    assert isinstance(found, Blend)
    assert found.images == (content_hash(own.read_bytes()), content_hash(theirs.read_bytes()))
    assert (found.shares, found.strength, found.prompt, found.seed) == ((0.75, 0.25), 0.8, BLUE, 4)
    assert (found.width, found.height, found.steps) == (128, 128, 8)
    seen = look(pixels(path))
    assert (seen.background, seen.subjects[0].shape) == ("white", "circle")
    draft = request("blend", str(theirs), str(theirs), "--size", "64x96", "a prompt").draft
    assert (draft.width, draft.height, draft.prompt, len(draft.images or ())) == (64, 96, "a prompt", 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["upscale", "{own}", "--by", "detail", "--factor", "3"], "2 or 4 times as large, not 3"),
        (["upscale", "{own}", "--by", "detail", "--tile", "100x96", "--strength", "2"], "Strength is 2"),
        (["upscale", "{own}", "--by", "hires", "--tile", "96x96"], "--tile goes with --by detail"),
        (["upscale", "{own}", "--by", "hires", "--faces"], "--faces goes with --by network"),
        (["upscale", "{own}", "--by", "lanczos", "--strength", "0.3"], "Nothing is painted anew here. Leave out --str"),
        (["upscale", "{own}", "a prompt"], "Nothing is painted anew here. Leave out a prompt"),
        (["upscale", "{own}", "--by", "network", "--model", "lanczos"], "contradict each other"),
        (["blend", "{own}", "a prompt"], "Take 2 to 4 pictures to blend"),
        (["blend", "{own}", "{own}"], "Say what to paint, after the pictures"),
        (["blend", "{own}", "{own}", "x", "--weights", "1"], "Give one weight for each of the 2 pictures"),
        (["blend", "{own}", "{own}", "x", "--weights", "1,2"], "Weight is 2"),
        (["blend", "{own}", "{own}", "x", "--weights", "1,x"], "is no number"),
        (["blend", "{own}", "nowhere.png", "x"], "nowhere.png cannot be read"),
    ],
)
def test_what_cannot_be_made_larger_or_blended_is_told(
    words: list[str], message: str, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):
        assert cli.main([*(word.format(own=own) for word in words), "-o", str(tmp_path / "out")]) == cli.USAGE
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
