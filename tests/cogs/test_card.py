"""What the card of a picture does that makes nothing new of it, and the form that paints a part of it anew."""

from pathlib import Path
from typing import Any

import pytest

from bot.ui.custom_ids import card_id
from inference.protocol.recipe import ImageToImage, Inpaint, Upscale
from inference.protocol.recipe import painted as diffusion
from playground import Playground
from playground import components as kinds
from playground.people import Person
from storage import images
from tests.bot.stage import (
    answer,
    is_private,
    is_result,
    labels_of,
    on_stage,
    painted,
    text_of,
    told,
    urls_of,
    words_of,
)
from tests.cogs.test_deeds import latest, made
from tests.cogs.waiting import marked


async def card_of(
    playground: Playground, person: Person, message: dict[str, Any], label: str = "More"
) -> dict[str, Any]:
    """Return the card of one of a message's pictures."""
    return await answer(playground, await person.press(message, label))


def results(person: Person) -> list[dict[str, Any]]:
    """Return the messages with pictures that everybody sees."""
    return [message for message in person.messages() if is_result(message) and not is_private(message)]


async def test_a_picture_is_made_larger_by_its_button(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, "a red fox", count=2, size="64x128")
        larger = await made(playground, await ben.press(message, "Upscale 2"))
        assert "2× as large by Lanczos’s filter, since no upscaler is installed" in text_of(larger)
        assert "Upscale 2× · from picture 2 of [this message]" in text_of(larger)
        assert "a red fox" in text_of(larger)
        assert f"<@{ben.id}>" in text_of(larger)
        job = await latest(bot, ben)
        (image,) = await images.of_job(bot.rooms.database, job.id)
        assert (image.width, image.height) == (128, 256)
        assert isinstance(image.recipe, Upscale)
        assert image.recipe.of is not None
        first = diffusion((await latest(bot, ann)).recipe)
        assert (image.recipe.of.prompt, image.recipe.of.seed) == ("a red fox", first.seed + 1)
        assert "Again" not in labels_of(larger)
        # Once more, from what is larger already: its words are known still.
        again = await made(playground, await ben.press(larger, "Vary"))
        assert "a red fox" in text_of(again)
        recipe = (await latest(bot, ben)).recipe
        assert isinstance(recipe, ImageToImage)
        assert (recipe.width, recipe.height, recipe.prompt) == (128, 256, "a red fox")


async def test_favourites_are_kept_and_let_go_one_by_one(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, count=2)
        card = await card_of(playground, ben, message, "More 2")
        await ben.press(card, "Favourite")
        await marked(bot, ben.id, 1)
        (kept,) = await images.favourites(bot.rooms.database, ben.id)
        assert kept.index == 1
        assert await images.favourites(bot.rooms.database, ann.id) == []
        card = await card_of(playground, ben, message, "More 2")
        assert "Favourite" not in labels_of(card)
        await ben.press(card, "No favourite")
        await marked(bot, ben.id, 0)


async def test_one_picture_is_sent_directly(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann, ben = playground.person("ann"), playground.person("ben")
        card = await card_of(playground, ben, await painted(playground, ann, count=3), "More 3")
        assert "direct messages" in await told(playground, await ben.press(card, "Send me"))
        (sent,) = ben.messages(ben.dm)
        assert len(urls_of(sent)) == 1
        assert "More" in labels_of(sent)
        ben.accept_direct_messages(False)
        again = await ben.press(card, "Send me")
        await playground.until(lambda: "closed" in words_of(again))


async def test_the_settings_of_one_picture_are_its_own(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        card = await card_of(playground, ann, await painted(playground, ann, count=2, seed=40), "More 2")
        words = await told(playground, await ann.press(card, "Settings"))
        assert "Seed: 41" in words


async def test_one_picture_is_deleted_and_its_message_shows_the_others(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, count=3)
        assert "Delete" not in labels_of(await card_of(playground, ben, message, "More 2"))
        card = await card_of(playground, ann, message, "More 2")
        await (await ann.press(card, "Delete")).settled()
        await playground.until(lambda: [len(urls_of(each)) for each in results(ben)] == [2])
        (shown,) = results(ben)
        assert shown["id"] == message["id"]
        assert [label for label in labels_of(shown) if "More" in label] == ["More 1", "More 3"]
        job = await latest(bot, ann)
        kept = [image.index for image in await images.of_job(bot.rooms.database, job.id) if image.deleted_at is None]
        assert kept == [0, 2]
        for label in ("More 1", "More 3"):
            card = await card_of(playground, ann, shown, label)
            await (await ann.press(card, "Delete")).settled()
        await playground.until(lambda: not results(ben))


async def test_nobody_deletes_the_picture_of_another_with_a_forged_custom_id(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, eve = playground.person("ann"), playground.person("eve")
        await painted(playground, ann)
        job = await latest(bot, ann)
        own = await painted(playground, eve)
        message = playground.world.find_message(int(own["id"]))
        kinds.find(message.components, "Again", (kinds.BUTTON,))["custom_id"] = card_id("delete", job.id, 0)
        assert "somebody else" in await told(playground, await eve.press(own, "Again"))
        (image,) = await images.of_job(bot.rooms.database, job.id)
        assert image.deleted_at is None


async def test_a_part_of_a_picture_is_painted_anew(playground: Playground, tmp_path: Path) -> None:
    ann, ben = playground.person("ann"), playground.person("ben")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann, "a red fox", size="128x64")
        card = await card_of(playground, ben, message)
    async with on_stage(playground, tmp_path) as bot:
        form = (await (await ben.press(card, "Edit or inpaint")).settled()).modal
        assert form is not None
        sent = await ben.submit(form, {"prompt": "a hen", "area": "left half", "strength": "0,8"})
        await playground.until(lambda: any(map(is_result, sent.messages)))
        job = await latest(bot, ben)
        assert isinstance(job.recipe, Inpaint)
        assert (job.recipe.prompt, job.recipe.strength, job.recipe.width) == ("a hen", 0.8, 128)
        assert job.origin is not None
        assert job.origin.verb == "inpaint"
        form = (await (await ben.press(card, "Edit or inpaint")).settled()).modal
        assert form is not None
        sent = await ben.submit(form, {"prompt": "a hen"})
        await playground.until(lambda: any(map(is_result, sent.messages)))
        assert isinstance((await latest(bot, ben)).recipe, ImageToImage)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"area": "somewhere nice"}, "is no box"),
        ({"area": "0,0,4000,4000"}, "not inside the picture"),
        ({"colour": "blueish"}, "is no colour"),
        ({"area": "left half", "colour": "#ff0000"}, "Say once"),
        ({"strength": "much"}, "is no strength"),
        ({"strength": "7"}, "must be from 0 to 1"),
    ],
)
async def test_a_wrong_edit_is_told_to_whoever_sent_it(
    playground: Playground, tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        card = await card_of(playground, ann, await painted(playground, ann))
        form = (await (await ann.press(card, "Edit or inpaint")).settled()).modal
        assert form is not None
        assert words in await told(playground, await ann.submit(form, fields))
