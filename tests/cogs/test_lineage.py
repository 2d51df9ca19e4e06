"""/lineage: where a picture comes from, by a command, a link, a button or a file; who sees what; painting it again."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image, PngImagePlugin

from bot.services.guilds import Limits
from bot.services.requests import Actor
from bot.ui.custom_ids import deed_id, lineage_id, repeat_id
from inference.protocol import parameters, png
from inference.protocol.limits import MAX_IMAGE_BYTES
from inference.protocol.recipe import AnyRecipe, TextToImage, Upscale, to_json
from playground import Playground, PlaygroundSettings
from playground import components as kinds
from playground.invocations import Invocation
from playground.people import Person
from playground.settings import MIB
from storage import content_hash, images, jobs
from storage.jobs import Job
from tests.bot.stage import (
    answer,
    answer_to,
    delivered,
    is_private,
    is_result,
    labels_of,
    on_stage,
    painted,
    size_of,
    text_of,
    told,
    urls_of,
    walk,
)
from tests.clockwork import MODEL


async def made(playground: Playground, pressed: Invocation) -> dict[str, Any]:
    """Return the message of what came of a press, once the pictures are there."""
    await playground.until(lambda: any(is_result(message) for message in pressed.messages))
    return next(message for message in pressed.messages if is_result(message))


async def forged(playground: Playground, person: Person, message: dict[str, Any], custom_id: str) -> Invocation:
    """Press a button of a message that has been made to say something else."""
    found = playground.world.find_message(int(message["id"]))
    button = next(each for each in walk(found.components) if each["type"] == kinds.BUTTON)
    button["custom_id"] = custom_id
    return await person.press(message, custom_id)


async def latest(bot: Any, person: Person) -> Job:
    return (await jobs.history(bot.rooms.database, person.id))[0]


async def bytes_of(bot: Any, job: Job, index: int = 0) -> bytes:
    """Return a picture of a job as the bot keeps it."""
    image = (await images.of_job(bot.rooms.database, job.id))[index]
    data = await bot.rooms.pictures.read(image.hash)
    assert data is not None
    return bytes(data)


async def drawn(bot: Any, message: dict[str, Any]) -> bytes:
    """Return the drawing that an answer shows."""
    (url,) = urls_of(message)
    return bytes(await bot.http.get_from_cdn(url))


def link_of(message: dict[str, Any], guild: int | str) -> str:
    return f"https://discord.com/channels/{guild}/{message['channel_id']}/{message['id']}"


def lines_of(message: dict[str, Any]) -> list[str]:
    return [line for line in text_of(message).split("\n") if line.startswith("**")]


async def delete(bot: Any, job: Job) -> None:
    await bot.rooms.gallery.delete(job.id, Actor(member_id=job.member_id, guild_id=None))


async def vary(playground: Playground, person: Person, bot: Any, job: Job, message: dict[str, Any]) -> dict[str, Any]:
    return await made(playground, await forged(playground, person, message, deed_id("vary_strong", job.id, 0)))


async def test_the_newest_picture_and_its_relatives(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        assert "no pictures" in await answer_to(playground, ann, "lineage")
        root = await painted(playground, ann, "a blue square")
        alone = await answer(playground, await ann.command("lineage"))
        assert "made from no other picture" in text_of(alone)
        child = await vary(playground, ann, bot, await latest(bot, ann), root)
        parent = await latest(bot, ann)
        grandchild = await vary(playground, ann, bot, parent, child)
        await delivered(bot, await latest(bot, ann))
    async with on_stage(playground, tmp_path) as bot:
        message = await answer(playground, await ann.command("lineage"))
        assert is_private(message)
        assert text_of(message).startswith("### Where picture 3 comes from")
        guild = message_guild(playground)
        assert lines_of(message) == [
            f"**1** a blue square · [message]({link_of(root, guild)})",
            f"**2** Vary strongly · from 1 · [message]({link_of(child, guild)})",
            f"**3** Vary strongly · from 2 · [message]({link_of(grandchild, guild)})",
        ]
        assert labels_of(message) == ["Picture 3", "Picture 2", "Picture 1", "Paint it again exactly"]
        width, height = size_of(await drawn(bot, message))
        assert width > 3 * height
        card = await answer(playground, await ann.press(message, "Picture 2"))
        assert child["id"] in text_of(card)
        older = await answer(playground, await ann.press(card, "Where it comes from"))
        assert text_of(older).startswith("### Where picture 2 comes from")
        assert labels_of(older)[:3] == ["Picture 2", "Picture 1", "Picture 3"]


def message_guild(playground: Playground) -> int:
    (guild,) = playground.world.guilds.values()
    return int(guild.id)


async def test_in_german(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        ann.user.locale = "de"
        message = await painted(playground, ann)
        await vary(playground, ann, bot, await latest(bot, ann), message)
        shown = await answer(playground, await ann.command("lineage"))
        assert "Woher Bild 2 kommt" in text_of(shown)
        assert "aus 1" in text_of(shown)


async def test_a_deleted_parent_stays_in_the_tree(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        root = await painted(playground, ann)
        parent = await latest(bot, ann)
        await vary(playground, ann, bot, parent, root)
        await delete(bot, parent)
        message = await answer(playground, await ann.command("lineage"))
        assert "no longer kept" in lines_of(message)[0]
        assert labels_of(message) == ["Picture 2", "Paint it again exactly"]


async def test_a_forgotten_parent_is_said(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        root = await painted(playground, ann)
        await vary(playground, ben, bot, await latest(bot, ann), root)
        await bot.rooms.people.forget(ann.id)
        words = await answer_to(playground, ben, "lineage")
        assert "of which nothing is kept" in words
        assert "no other picture" not in words


async def test_a_link(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, "a fox", count=2)
        await delivered(bot, await latest(bot, ann))
        guild = message_guild(playground)
        shown = await answer(playground, await ben.command("lineage", {"link": link_of(message, guild), "number": 2}))
        assert "a fox" in text_of(shown)
        pressed = await ben.press(shown, "Paint it again exactly")
        await made(playground, pressed)
        again = await latest(bot, ben)
        assert again.recipe == (await latest(bot, ann)).recipe_of(1)
        for options, words in (
            ({"link": link_of(message, guild), "number": 3}, "no picture 3"),
            ({"link": "https://example.com/x"}, "is no link to a message"),
            ({"link": f"https://discord.com/channels/{guild}/1/12345"}, "shows no picture of mine"),
            ({"link": f"https://discord.com/channels/{guild}/1/{'9' * 30}"}, "is no link"),
        ):
            assert words in await answer_to(playground, ben, "lineage", options)
        both = {"link": link_of(message, guild), "picture": ("a.png", b"x")}
        assert "not both" in await answer_to(playground, ben, "lineage", both)


async def test_what_is_private_is_a_grey_box(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, ben = playground.person("ann"), playground.person("ben")
        root = await painted(playground, ann, "a fox")
        first = await latest(bot, ann)
        hidden = await painted(playground, ben, "my secret", private=True)
        secret = await latest(bot, ben)
        async with bot.rooms.database.transaction() as write:
            parent = (await images.of_job(bot.rooms.database, first.id))[0].id
            origin = f'{{"image":{parent},"index":0,"verb":"remix"}}'
            await write.execute(
                "UPDATE jobs SET parent_image = :parent, origin = :origin WHERE id = :id",
                {"parent": parent, "origin": origin, "id": secret.id},
            )
        assert is_private(hidden)
        shown = await answer(playground, await ann.command("lineage"))
        assert len(lines_of(shown)) == 1
        assert "secret" not in text_of(shown)
        assert "Remix" not in text_of(shown)
        assert "Grey boxes" in text_of(shown)
        assert labels_of(shown) == ["Picture 1", "Paint it again exactly"]
        assert len(lines_of(await answer(playground, await ben.command("lineage")))) == 2
        assert "nothing left" in await told(playground, await forged(playground, ann, root, lineage_id(secret.id, 0)))


# Files --------------------------------------------------------------------------------------------------------------


async def test_a_picture_of_ours_is_known_and_painted_again_exactly(playground: Playground, tmp_path: Path) -> None:
    ann, ben = playground.person("ann"), playground.person("ben")
    async with on_stage(playground, tmp_path) as bot:
        await painted(playground, ann, "a fox", seed=5, count=3)
        first = await latest(bot, ann)
        data = await bytes_of(bot, first, 2)
        await delete(bot, first)
        shown = await answer(playground, await ben.command("lineage", {"picture": ("renamed.png", data)}))
        assert "no longer kept" in text_of(shown)
        assert labels_of(shown) == ["Paint it again exactly"]
    async with on_stage(playground, tmp_path) as bot:
        result = await made(playground, await ben.press(shown, "Paint it again exactly"))
        assert not is_private(result)
        assert "Painted again · from picture 3" in text_of(result)
        job = await latest(bot, ben)
        assert job.recipe == first.recipe_of(2)
        assert job.count == 1
        assert job.origin is not None
        assert (job.origin.verb, job.origin.index) == ("repeat", 2)
        assert await bytes_of(bot, job) == data


async def test_a_picture_of_another_server_is_as_if_painted_elsewhere(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, eve = playground.person("ann"), playground.person("eve")
        await painted(playground, ann, "a fox", seed=9)
        job = await latest(bot, ann)
        data = written(job.recipe)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE images SET hash = :hash", {"hash": content_hash(data)})
        (guild,) = playground.world.guilds.values()
        elsewhere = playground.world.guild("Elsewhere")
        elsewhere.channel("lounge")
        eve.join(elsewhere)
        own = await painted(playground, eve, channel="lounge")
        assert "Where picture 1 comes from" in await answer_to(
            playground, ann, "lineage", {"picture": ("fox.png", data)}
        )
        sent = {"picture": ("fox.png", data)}
        known = await answer(playground, await eve.command("lineage", sent, channel="lounge"))
        # The very same as for a recipe that was never painted here.
        other = written(msgspec.structs.replace(job.recipe, seed=10))
        unknown = await answer(
            playground, await eve.command("lineage", {"picture": ("x.png", other)}, channel="lounge")
        )
        assert "This picture says how it was painted" in text_of(known)
        assert text_of(known).replace("Seed: 9,", "Seed: 10,") == text_of(unknown)
        assert labels_of(known) == labels_of(unknown) == ["Paint it again"]
        for custom_id in (lineage_id(job.id, 0), repeat_id(job.id, 0)):
            assert "nothing left" in await told(playground, await forged(playground, eve, own, custom_id))
        link = f"https://discord.com/channels/{guild.id}/1/{(await delivered(bot, job))}"
        assert "shows no picture of mine" in await answer_to(
            playground, eve, "lineage", {"link": link}, channel="lounge"
        )


def written(recipe: AnyRecipe) -> bytes:
    """Return a picture into which Easel wrote how it was painted."""
    assert not isinstance(recipe, Upscale)
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", parameters.to_parameters(recipe, "clockwork"))
    info.add_text("easel-recipe", to_json(recipe))
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


RECIPE = TextToImage(
    prompt="a {red|blue} hen",
    model=MODEL.hash,
    width=64,
    height=128,
    steps=3,
    sampler="euler",
    schedule="karras",
    guidance_scale=3,
    seed=77,
)


async def test_a_picture_known_by_its_texts_is_painted_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        await answer_to(playground, ann, "me set", {"count": 2})
        shown = await answer(playground, await ann.command("lineage", {"picture": ("hen.png", written(RECIPE))}))
        assert is_private(shown)
        assert "a {red|blue} hen" in text_of(shown)
    async with on_stage(playground, tmp_path) as bot:
        await made(playground, await ann.press(shown, "Paint it again"))
        job = await latest(bot, ann)
        assert (job.recipe, job.count) == (RECIPE, 1)


async def test_what_is_not_ours_is_said(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await painted(playground, ann)
        data = await bytes_of(bot, await latest(bot, ann))
        file = io.BytesIO()
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB").save(file, "PNG")
        assert png.read_texts(file.getvalue()) == {}
        for name, content in (("bare.png", file.getvalue()), ("x.png", b"no picture"), ("cut.png", data[:60])):
            words = await answer_to(playground, ann, "lineage", {"picture": (name, content)})
            assert name in words
            assert "/paste" in words
            assert "/variations" in words
        playground.faults.fail("GET", "/cdn/attachments", status=404)
        playground.faults.fail("GET", "/cdn/ephemeral-attachments", status=404)
        assert "could not be fetched" in await answer_to(playground, ann, "lineage", {"picture": ("a.png", data)})


async def test_nothing_is_painted_again_without_its_model(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await painted(playground, ann)
        shown = await answer(playground, await ann.command("lineage"))
        async with bot.rooms.database.transaction() as write:
            await write.execute(
                "UPDATE images SET recipe = replace(recipe, :hash, :other)", {"hash": MODEL.hash, "other": "f" * 64}
            )
        assert "no longer installed" in await told(playground, await ann.press(shown, "Paint it again exactly"))


async def test_a_picture_made_larger_is_made_so_again_where_the_server_lets_it(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await painted(playground, ann)
        job = await latest(bot, ann)
        image = (await images.of_job(bot.rooms.database, job.id))[0]
        larger = Upscale(image=image.hash, factor=2, model=None)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE images SET recipe = :recipe", {"recipe": to_json(larger)})
        shown = await answer(playground, await ann.command("lineage"))
        await made(playground, await ann.press(shown, "Paint it again exactly"))
        again = await latest(bot, ann)
        assert again.recipe == larger
        assert again.unit_seconds > 0
        await bot.rooms.guilds.change(message_guild(playground), limits=Limits(upscale=1))
        assert "not made larger" in await told(playground, await ann.press(shown, "Paint it again exactly"))
        assert (await latest(bot, ann)).id == again.id


class TestLargeFiles:
    @pytest.fixture
    def playground_settings(self) -> PlaygroundSettings:
        return PlaygroundSettings(rate_limits=False, upload_limit_bytes=500 * MIB)

    async def test_too_many_bytes_are_not_even_fetched(self, playground: Playground, tmp_path: Path) -> None:
        async with on_stage(playground, tmp_path):
            ann = playground.person("ann")
            playground.faults.fail("GET", "/cdn", times=None)
            huge = ("huge.png", bytes(MAX_IMAGE_BYTES + 1))
            assert "more than 64 MiB" in await answer_to(playground, ann, "lineage", {"picture": huge})
