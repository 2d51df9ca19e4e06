"""/edit, /upscale, /variations and /blend, and what a click on a message offers: with real files and a real worker."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.services.edits import RESTYLE_STRENGTH
from inference.protocol.recipe import Blend, Detail, ImageToImage, Inpaint, Outpaint, TextToImage, Upscale
from playground import Playground
from playground.invocations import Invocation
from playground.people import Person
from storage import images
from tests.bot.stage import answer, answer_to, is_private, is_result, labels_of, on_stage, painted, text_of, urls_of
from tests.cogs.test_deeds import latest, made


def file_of(width: int = 128, height: int = 64, colour: str = "navy", name: str = "own.png") -> tuple[str, bytes]:
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "PNG")
    return name, data.getvalue()


async def fetched(bot: Any, url: str) -> bytes:
    return bytes(await bot.http.get_from_cdn(url))


async def used(playground: Playground, person: Person, command: str, options: dict[str, Any]) -> Invocation:
    """Use a command, and return when its pictures are there."""
    asked = await person.command(command, options)
    await playground.until(lambda: any(map(is_result, asked.messages)))
    return asked


COMMANDS: list[tuple[str, dict[str, Any], type, dict[str, Any]]] = [
    ("edit restyle", {"prompt": "a hen"}, ImageToImage, {"strength": RESTYLE_STRENGTH, "width": 128}),
    ("edit restyle", {"prompt": "a hen", "strength": 0.3}, ImageToImage, {"strength": 0.3}),
    ("edit inpaint", {"prompt": "a hen", "area": "left half"}, Inpaint, {"mask_blur": 4}),
    ("edit inpaint", {"prompt": "a hen", "colour": "#000080", "area": None}, Inpaint, {}),
    ("edit outpaint", {"prompt": "a hen", "left": 30}, Outpaint, {"left": 32, "width": 160}),
    ("edit outpaint", {"prompt": "a hen", "zoom": 2.0}, Outpaint, {"width": 256, "height": 128}),
    ("edit outpaint", {"prompt": "a hen", "square": True}, Outpaint, {"width": 128, "height": 128}),
    ("variations", {}, ImageToImage, {"strength": 0.4, "prompt": ""}),
    ("variations", {"how": "strong", "prompt": "a hen"}, ImageToImage, {"strength": 0.75, "prompt": "a hen"}),
    ("upscale", {}, Upscale, {"factor": 2, "model": None}),
    ("upscale", {"factor": 4, "upscaler": "lanczos"}, Upscale, {"factor": 4}),
    ("upscale", {"by": "detail", "prompt": "a hen"}, Detail, {"full_width": 256, "full_height": 128}),
    ("upscale", {"by": "hires", "prompt": "a hen"}, ImageToImage, {"width": 256, "height": 128}),
]


@pytest.mark.parametrize(("command", "options", "kind", "fields"), COMMANDS)
async def test_a_picture_that_somebody_sends_is_worked_on(
    playground: Playground,
    tmp_path: Path,
    command: str,
    options: dict[str, Any],
    kind: type,
    fields: dict[str, Any],
) -> None:
    said = {name: value for name, value in options.items() if value is not None}
    if options.get("colour"):
        # A part has it, and not the whole.
        picture = Image.new("RGB", (128, 64), "white")
        picture.paste("#000080", (10, 10, 40, 40))
        data = io.BytesIO()
        picture.save(data, "PNG")
        said["picture"] = ("own.png", data.getvalue())
    else:
        said["picture"] = file_of()
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await used(playground, ann, command, said)
        recipe = (await latest(bot, ann)).recipe
        assert isinstance(recipe, kind)
        for name, value in fields.items():
            assert getattr(recipe, name) == value, name


async def test_pictures_are_blended(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        both = {"picture1": file_of(colour="red"), "picture2": file_of(colour="blue"), "prompt": "a hen"}
        await used(playground, ann, "blend", {**both, "strength": 0.5, "size": "2:1"})
        recipe = (await latest(bot, ann)).recipe
        assert isinstance(recipe, Blend)
        assert (len(recipe.images), recipe.strength, recipe.prompt) == (2, 0.5, "a hen")
        assert recipe.width > recipe.height


async def test_a_picture_of_ours_is_known_again_with_its_words_and_its_parent(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, "a red fox", seed=7)
        data = await fetched(bot, urls_of(message)[0])
        varied = await used(playground, ben, "variations", {"picture": ("saved.png", data), "count": 1})
        job = await latest(bot, ben)
        assert isinstance(job.recipe, TextToImage)
        assert (job.recipe.prompt, job.recipe.seed) == ("a red fox", 7)
        assert job.recipe.variation is not None
        assert job.origin is not None
        (parent,) = await images.of_job(bot.rooms.database, (await latest(bot, ann)).id)
        assert job.origin.image == parent.id
        assert message["id"] in text_of(varied.messages[-1])


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("edit restyle", {}, "does not say what it shows"),
        ("edit inpaint", {"prompt": "x"}, "Nothing is marked"),
        ("edit inpaint", {"prompt": "x", "area": "left half", "colour": "#000"}, "Say once"),
        ("edit inpaint", {"prompt": "x", "area": "0%,0%,100%,100%"}, "Everything is marked"),
        ("edit inpaint", {"prompt": "x", "mask": file_of(128, 64, "black", "m.png")}, "Nothing is marked"),
        ("edit inpaint", {"prompt": "x", "mask": file_of(128, 64, "white", "m.png")}, "Everything is marked"),
        ("edit inpaint", {"prompt": "x", "mask": file_of(64, 64, "white", "m.png")}, "64x64"),
        ("edit outpaint", {"prompt": "x"}, "Say what to add"),
        ("edit outpaint", {"prompt": "x", "left": 64, "square": True}, "Say what to add"),
        ("edit instruct", {"prompt": "make it snow"}, "instruct"),
        ("upscale", {"factor": 1}, "No face restorer"),
        ("upscale", {"faces": True}, "No face restorer"),
        ("upscale", {"upscaler": "nope"}, "nope"),
        ("upscale", {"by": "detail", "upscaler": "lanczos"}, "go with the way"),
        ("edit restyle", {"prompt": "x", "picture": ("own.png", b"no picture")}, "no picture that can be read"),
        ("edit restyle", {"prompt": "x", "picture": file_of(8, 8)}, "8"),
    ],
)
async def test_what_cannot_be_done_is_told_to_one_alone(
    playground: Playground, tmp_path: Path, command: str, options: dict[str, Any], words: str
) -> None:
    async with on_stage(playground, tmp_path):
        ann, ben = playground.person("ann"), playground.person("ben")
        assert words in await answer_to(playground, ann, command, {"picture": file_of(), **options})
        assert ben.messages() == []


# What a click on a message offers -------------------------------------------------------------------------------------


async def test_the_picture_of_any_message_is_varied_and_made_larger(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        theirs = await ben.send("general", "look", files=[file_of()])
        for menu, kind in (("Vary", ImageToImage), ("Upscale", Upscale)):
            asked = await ann.command(menu, target=theirs)
            await made(playground, asked)
            assert isinstance((await latest(bot, ann)).recipe, kind)
        words = await ben.send("general", "no picture")
        assert "no picture attached" in text_of(await answer(playground, await ann.command("Vary", target=words)))


async def test_of_several_pictures_of_ours_one_is_chosen(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, "a red fox", count=3, seed=5)
        for menu in ("Vary", "Upscale", "Edit", "Remix settings"):
            asked = await answer(playground, await ben.command(menu, target=message))
            assert is_private(asked)
            assert labels_of(asked) == ["1", "2", "3"]
            pressed = await ben.press(asked, "2")
            if menu in ("Vary", "Upscale"):
                await made(playground, pressed)
                origin = (await latest(bot, ben)).origin
                assert origin is not None
                assert origin.index == 1
            else:
                assert (await pressed.settled()).modal is not None


async def test_a_card_carries_the_picture_so_that_its_buttons_work_after_a_restart(
    playground: Playground, tmp_path: Path
) -> None:
    ann, ben = playground.person("ann"), playground.person("ben")
    async with on_stage(playground, tmp_path):
        theirs = await ben.send("general", "look", files=[file_of()])
        card = await answer(playground, await ann.command("Edit", target=theirs))
        assert is_private(card)
        assert "Edit or inpaint" in labels_of(card)
        assert "Remix" not in labels_of(card)
    async with on_stage(playground, tmp_path) as bot:
        await made(playground, await ann.press(card, "Extend left"))
        assert isinstance((await latest(bot, ann)).recipe, Outpaint)
        form = (await (await ann.press(card, "Edit or inpaint")).settled()).modal
        assert form is not None
        sent = await ann.submit(form, {"prompt": "a hen", "area": "right half"})
        await playground.until(lambda: any(map(is_result, sent.messages)))
        recipe = (await latest(bot, ann)).recipe
        assert isinstance(recipe, Inpaint)
        assert recipe.prompt == "a hen"


async def test_the_settings_of_a_saved_picture_are_remixed(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, "a red fox", seed=7)
        saved = await ben.send("general", "saved", files=[("saved.png", await fetched(bot, urls_of(message)[0]))])
        card = await answer(playground, await ben.command("Remix settings", target=saved))
        form = (await (await ben.press(card, "Remix")).settled()).modal
        assert form is not None
        sent = await ben.submit(form, {"words": "a blue fox"})
        await playground.until(lambda: any(map(is_result, sent.messages)))
        recipe = (await latest(bot, ben)).recipe
        assert isinstance(recipe, TextToImage)
        assert (recipe.prompt, recipe.seed) == ("a blue fox", 7)
