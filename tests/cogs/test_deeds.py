"""What is made of a picture by pressing: variations, new seeds, wider views; by whom, when, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from bot.services.deeds import DEEDS
from bot.services.requests import Actor
from bot.ui.custom_ids import deed_id, picture_id
from inference.protocol.recipe import Outpaint, TextToImage
from inference.protocol.recipe import painted as diffusion
from playground import Playground
from playground import components as kinds
from playground.invocations import Invocation
from playground.people import Person
from storage import jobs
from storage.jobs import Job
from tests.bot.stage import answer, delivered, is_private, is_result, labels_of, on_stage, painted, text_of, told


async def made(playground: Playground, pressed: Invocation) -> dict[str, Any]:
    """Return the message of what came of a press, once the pictures are there."""
    await playground.until(lambda: any(is_result(message) for message in pressed.messages))
    return next(message for message in pressed.messages if is_result(message))


async def latest(bot: Any, person: Person) -> Job:
    return (await jobs.history(bot.rooms.database, person.id))[0]


async def test_every_picture_has_its_buttons(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        assert labels_of(await painted(playground, ann))[:3] == ["Upscale 2×", "Vary", "More"]
        four = labels_of(await painted(playground, ann, count=4))
        assert four[:12] == [f"{deed} {number}" for deed in ("Upscale", "Vary", "More") for number in (1, 2, 3, 4)]
        seven = labels_of(await painted(playground, ann, count=7))
        assert seven[:7] == [f"More {number}" for number in range(1, 8)]


async def test_a_variation_is_a_message_of_its_own_that_names_its_parent(
    playground: Playground, tmp_path: Path
) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann, "a blue square", seed=5, count=2)
    async with on_stage(playground, tmp_path) as bot:
        varied = await made(playground, await ann.press(message, "Vary 2"))
        assert varied["id"] != message["id"]
        assert not is_private(varied)
        assert "Vary · from picture 2 of [this message](https://discord.com/channels/" in text_of(varied)
        assert message["id"] in text_of(varied)
        job = await latest(bot, ann)
        assert isinstance(job.recipe, TextToImage)
        assert (job.recipe.prompt, job.recipe.seed) == ("a blue square", 6)
        assert job.recipe.variation is not None
        assert job.recipe.variation.strength == 0.2
        assert job.origin is not None
        assert (job.origin.index, job.origin.verb) == (1, "vary_subtle")
        assert job.count == 1


async def test_the_card_of_a_picture_offers_what_fits(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, size="64x128")
        await delivered(bot, await latest(bot, ann))
        card = await answer(playground, await ben.press(message, "More"))
        assert is_private(card)
        assert message["id"] in text_of(card)
        assert labels_of(card) == [
            "Vary",
            "Vary strongly",
            "New seed",
            "Remix",
            "Upscale 2×",
            "Upscale 4×",
            "Hires 2×",
            "Detail 2×",
            "Zoom out 1.5×",
            "Zoom out 2×",
            "Make square",
            "Extend left",
            "Extend right",
            "Extend up",
            "Extend down",
            "Edit or inpaint",
            "Favourite",
            "Send me",
            "Settings",
            "Where it comes from",
        ]
        wider = await made(playground, await ben.press(card, "Extend left"))
        assert not is_private(wider)
        recipe = diffusion((await latest(bot, ben)).recipe)
        assert isinstance(recipe, Outpaint)
        assert (recipe.width, recipe.height, recipe.left) == (96, 128, 32)
        assert f"<@{ben.id}>" in text_of(wider)
        square = await painted(playground, ann, size="64x64")
        assert "Make square" not in labels_of(await answer(playground, await ann.press(square, "More")))


async def test_every_deed_paints(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        message = await painted(playground, ann, size="64x128")
        card = await answer(playground, await ann.press(message, "More"))
        labels = labels_of(card)
        for label in labels[: labels.index("Edit or inpaint")]:
            if label == "Remix":
                continue
            await made(playground, await ann.press(card, label))
        verbs = {job.origin.verb for job in await jobs.history(bot.rooms.database, ann.id) if job.origin}
        assert verbs == set(DEEDS)


async def test_the_children_of_a_private_picture_are_private(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, private=True)
        assert is_private(await made(playground, await ann.press(message, "Vary")))
        assert [each for each in ben.messages() if is_result(each)] == []


async def test_a_deleted_picture_is_not_varied(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        message = await painted(playground, ann)
        card = await answer(playground, await ann.press(message, "More"))
        await bot.rooms.gallery.delete((await latest(bot, ann)).id, Actor(member_id=ann.id, guild_id=None))
        assert "no longer kept" in await told(playground, await ann.press(card, "Vary strongly"))


@pytest.mark.parametrize("place", ["dm", "other server"])
async def test_a_forged_custom_id_shows_nothing_of_another_server(
    playground: Playground, tmp_path: Path, place: str
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, eve = playground.person("ann"), playground.person("eve")
        await painted(playground, ann)
        job = (await latest(bot, ann)).id
        if place == "dm":
            own = await painted(playground, eve, channel=eve.dm)
        else:
            elsewhere = playground.world.guild("Elsewhere")
            elsewhere.channel("lounge")
            eve.join(elsewhere)
            own = await painted(playground, eve, channel="lounge")
        for forged in (deed_id("vary_subtle", job, 0), picture_id(job, 0), f"easel:again:{job}", f"easel:show:{job}"):
            message = playground.world.find_message(int(own["id"]))
            kinds.find(message.components, "Again", (kinds.BUTTON,))["custom_id"] = forged
            assert "nothing left" in await told(playground, await eve.press(own, "Again"))
        assert len(await jobs.history(bot.rooms.database, eve.id)) == 1


async def test_remix_opens_a_form_with_what_was_and_paints_what_is_sent(playground: Playground, tmp_path: Path) -> None:
    ann, ben = playground.person("ann"), playground.person("ben")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann, "a red fox", negative="dogs", seed=5, steps=4)
        card = await answer(playground, await ben.press(message, "More"))
    async with on_stage(playground, tmp_path) as bot:
        form = (await (await ben.press(card, "Remix")).settled()).modal
        assert form is not None
        sent = await ben.submit(
            form, {"words": "a {red|red} hen\nNegative prompt: dogs", "model": "clockwork", "size": "2:3"}
        )
        await playground.until(lambda: any(map(is_result, sent.messages)))
        recipe = diffusion((await latest(bot, ben)).recipe)
        assert (recipe.prompt, recipe.negative_prompt, recipe.seed, recipe.steps) == ("a red hen", "dogs", 5, 4)
        assert (recipe.width, recipe.height) == (64, 80)
        origin = (await latest(bot, ben)).origin
        assert origin is not None
        assert origin.verb == "remix"


async def test_a_remix_of_a_wider_view_starts_from_the_same_picture(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        card = await answer(playground, await ann.press(await painted(playground, ann), "More"))
        wider = await made(playground, await ann.press(card, "Zoom out 2×"))
        before = (await latest(bot, ann)).recipe
        card = await answer(playground, await ann.press(wider, "More"))
        form = (await (await ann.press(card, "Remix")).settled()).modal
        assert form is not None
        sent = await ann.submit(form, {"words": "snow all around"})
        await playground.until(lambda: any(map(is_result, sent.messages)))
        recipe = (await latest(bot, ann)).recipe
        assert isinstance(recipe, Outpaint)
        assert isinstance(before, Outpaint)
        assert (recipe.image, recipe.prompt, recipe.left) == (before.image, "snow all around", before.left)


async def test_a_wrong_remix_is_told_to_whoever_sent_it(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        card = await answer(playground, await ann.press(await painted(playground, ann), "More"))
        for field, text, words in (("words", "a <lora:x>", "There is no LoRA"),):
            form = (await (await ann.press(card, "Remix")).settled()).modal
            assert form is not None
            sent = await ann.submit(form, {field: text})
            assert words in text_of(await answer(playground, sent))
