"""/paste: settings and pictures of other programs are painted; what is not known here is told to the member alone."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from bot.interactions.pastes import left_out
from inference.protocol import parameters
from inference.protocol.limits import MAX_IMAGE_BYTES
from inference.protocol.recipe import ContentHash, HiresFix, ImageToImage, TextToImage, to_json
from playground import Modal, Playground, PlaygroundSettings
from playground.people import Person
from playground.settings import MIB
from storage import jobs
from tests.bot.stage import answer_to, is_private, is_result, on_stage, text_of, urls_of
from tests.clockwork import MODEL
from tests.inference.protocol.golden import PASTED

RECIPE = "easel-recipe"
SETTINGS = """a fox, **bold**
Negative prompt: a hen
Steps: 3, Sampler: Euler a, CFG scale: 5.5, Seed: 42, Size: 128x64, Clip skip: 2, Model: clockwork"""
WITH_MORE = SETTINGS + ", ADetailer model: face_yolov8n.pt, Denoising strength: 0.4, Tiling: **True**"


def png(**texts: str) -> bytes:
    written = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        written.add_text(key, text)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=written)
    return file.getvalue()


async def last_recipe(bot: Any, person: Person) -> Any:
    (job,) = await jobs.history(bot.rooms.database, person.id, limit=1)
    return job.recipe


async def opened(person: Person) -> Modal:
    response = await (await person.command("paste")).settled()
    assert response.modal is not None
    return response.modal


async def shown(playground: Playground, invocation: Any) -> list[dict[str, Any]]:
    """Return what somebody sees once the pictures are there."""
    await playground.until(lambda: any(map(is_result, invocation.messages)))
    return list(invocation.messages)


async def whispered(playground: Playground, invocation: Any) -> str:
    """Return what the member alone is told beside the pictures."""
    await shown(playground, invocation)
    (message,) = await playground.until(lambda: [each for each in invocation.messages if not is_result(each)])
    assert is_private(message)
    return text_of(message)


async def test_a_picture_of_another_program(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        asked = await ann.command("paste", {"picture": ("fox.png", png(parameters=SETTINGS))})
        (message,) = await shown(playground, asked)
        assert not is_private(message)
        recipe = await last_recipe(bot, ann)
        assert (recipe.prompt, recipe.negative_prompt, recipe.steps) == ("a fox, **bold**", "a hen", 3)
        assert (recipe.sampler, recipe.guidance_scale, recipe.seed) == ("euler_a", 5.5, 42)
        assert (recipe.width, recipe.height, recipe.clip_skip) == (128, 64, 2)


async def test_what_is_left_out_is_told_to_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        asked = await ann.command("paste", {"picture": ("fox.png", png(parameters=WITH_MORE))})
        words = await whispered(playground, asked)
        assert words.startswith("Not known here, left out: ADetailer model: face\\_yolov8n.pt")
        assert "Tiling: \\*\\*True\\*\\*" in words
        assert words.endswith("Denoising strength: 0.4")
        assert len(playground.messages()) == 1
        assert (await last_recipe(bot, ann)).hires is None


async def test_the_same_words_in_german(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        ann.user.locale = "de"
        asked = await ann.command("paste", {"picture": ("fox.png", png(parameters=WITH_MORE))})
        assert (await whispered(playground, asked)).startswith("Hier unbekannt und weggelassen: ")


async def test_a_picture_of_ours_is_made_again_exactly(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        made = TextToImage(
            prompt="a {red|blue} hen, __no_list__",
            model=MODEL.hash,
            width=128,
            height=192,
            steps=3,
            sampler="dpmpp_2m",
            schedule="exponential",
            guidance_scale=3.25,
            seed=2**60,
            guidance_rescale=0.25,
            hires=HiresFix(width=256, height=384, steps=2, strength=0.5),
        )
        text = parameters.to_parameters(made)
        await answer_to(playground, ann, "me set", {"size": "64x64", "count": 2})
        asked = await ann.command("paste", {"picture": ("ours.png", png(parameters=text, **{RECIPE: to_json(made)}))})
        (message,) = await shown(playground, asked)
        assert await last_recipe(bot, ann) == made
        assert len(urls_of(message)) == 2


async def test_a_picture_of_ours_whose_source_is_not_at_hand(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        made = ImageToImage(
            prompt="a hen", model=MODEL.hash, width=64, height=128, steps=3, sampler="lms", schedule="karras",
            guidance_scale=4, seed=5, strength=0.25, image=ContentHash("a" * 64),
        )  # fmt: skip
        asked = await ann.command("paste", {"picture": ("ours.png", png(**{RECIPE: to_json(made)}))})
        assert await whispered(playground, asked) == "Not known here, left out: Denoising strength: 0.25"
        recipe = await last_recipe(bot, ann)
        assert isinstance(recipe, TextToImage)
        assert (recipe.prompt, recipe.sampler, recipe.seed, recipe.height) == ("a hen", "lms", 5, 128)


async def test_a_model_that_is_not_installed(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        text = "a fox\nSteps: 2, Sampler: Euler, Seed: 1, Size: 64x64, Model hash: deadbeef00, Model: @everyone"
        asked = await ann.command("paste", {"picture": ("fox.png", png(parameters=text))})
        words = await whispered(playground, asked)
        assert words == "Not known here, left out: Model: @\u200beveryone, deadbeef00"
        assert (await last_recipe(bot, ann)).model == MODEL.hash


# The form -----------------------------------------------------------------------------------------------------------


async def test_a_text_in_the_form(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        modal = await opened(ann)
        assert modal["title"] == "Paste settings"
        await shown(playground, await ann.submit(modal, {"text": SETTINGS.replace("\n", "\r\n")}))
        recipe = await last_recipe(bot, ann)
        assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a fox, **bold**", "a hen", 42)


async def test_one_line_of_it(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await shown(playground, await ann.submit(await opened(ann), {"text": SETTINGS.replace("\n", " ")}))
        recipe = await last_recipe(bot, ann)
        assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a fox, **bold**", "a hen", 42)


async def test_a_picture_in_the_form(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        graph = PASTED["comfyui-text-to-image.json"]
        sent = await ann.submit(await opened(ann), {"picture": ("comfy.png", png(prompt=graph))})
        await whispered(playground, sent)
        recipe = await last_recipe(bot, ann)
        assert (recipe.seed, recipe.steps, recipe.sampler) == (156680208700286, 4, "dpmpp_2m")


async def test_a_form_outlives_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        modal = await opened(ann)
    async with on_stage(playground, tmp_path) as bot:
        await shown(playground, await ann.submit(modal, {"text": SETTINGS}))
        assert (await last_recipe(bot, ann)).seed == 42


# Mistakes -----------------------------------------------------------------------------------------------------------


async def told(playground: Playground, invocation: Any) -> str:
    """Return the words that the member alone gets as the answer."""
    (message,) = await playground.until(lambda: [each for each in invocation.messages if text_of(each)])
    assert is_private(message)
    return text_of(message)


async def test_what_cannot_be_read_is_told_to_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        bare = ("bare.png", png())
        words = "“bare.png” does not say how it was made."
        assert words in await answer_to(playground, ann, "paste", {"picture": bare})
        assert words in await told(playground, await ann.submit(await opened(ann), {"picture": bare}))
        for name, data in (("notes.png", b"these are words"), ("half.png", png(parameters=SETTINGS)[:90]), ("e", b"")):
            assert "does not say how" in await answer_to(playground, ann, "paste", {"picture": (name, data)})
        assert "Paste the settings" in await told(playground, await ann.submit(await opened(ann), {"text": "  "}))
        both = {"text": SETTINGS, "picture": bare}
        assert "not both" in await told(playground, await ann.submit(await opened(ann), both))
        playground.faults.fail("GET", "/cdn/attachments", status=404)
        playground.faults.fail("GET", "/cdn/ephemeral-attachments", status=404)
        assert "could not be fetched" in await answer_to(playground, ann, "paste", {"picture": bare})
        assert playground.messages() == []
        assert await jobs.history(bot.rooms.database, ann.id) == []


class TestLargeFiles:
    @pytest.fixture
    def playground_settings(self) -> PlaygroundSettings:
        return PlaygroundSettings(rate_limits=False, upload_limit_bytes=500 * MIB)

    async def test_too_many_bytes_are_not_even_fetched(self, playground: Playground, tmp_path: Path) -> None:
        async with on_stage(playground, tmp_path):
            ann = playground.person("ann")
            playground.faults.fail("GET", "/cdn", times=None)
            huge = ("huge.png", bytes(MAX_IMAGE_BYTES + 1))
            assert "more than 64 MiB" in await answer_to(playground, ann, "paste", {"picture": huge})


def test_a_long_list_is_cut() -> None:
    words = left_out([f"Setting {number}: {'x' * 500}" for number in range(60)], "en")
    assert "and 40 more" in words
    assert len(words) < 3000
