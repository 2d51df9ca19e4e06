"""Interactions and the answers to them, with the rules about time."""

import asyncio
import io

import discord
import pytest

from playground import Playground, PlaygroundSettings, interactions
from tests.playground.conftest import Bot, opened, refused, request, running, slash
from tests.playground.pictures import png


async def test_who_is_too_slow_is_not_heard(playground: Playground, bot: Bot) -> None:
    failures: list[discord.HTTPException] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        playground.clock.advance(3.1)
        try:
            await interaction.response.send_message("late")
        except discord.HTTPException as error:
            failures.append(error)

    async with running(bot, playground):
        seen = await playground.person("ann").command("go")
        response = await seen.settled()
        await playground.until(lambda: failures)
    assert isinstance(failures[0], discord.NotFound) and failures[0].code == 10062
    assert (response.kind, response.error) == (None, "The application did not respond")
    assert playground.messages() == []


async def test_a_second_acknowledgement_is_refused(playground: Playground, bot: Bot) -> None:
    failures: list[discord.HTTPException] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("again")
        except discord.HTTPException as error:
            failures.append(error)

    async with running(bot, playground):
        await playground.person("ann").command("go")
        await playground.until(lambda: failures)
    assert (failures[0].status, failures[0].code) == (400, 40060)


@pytest.mark.parametrize("way", ["clock", "lapse"])
async def test_tokens_end(playground: Playground, bot: Bot, way: str) -> None:
    failures: list[discord.HTTPException] = []
    go_on = asyncio.Event()

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await go_on.wait()
        for attempt in (interaction.edit_original_response, interaction.followup.send):
            try:
                await attempt(content="late")
            except discord.HTTPException as error:
                failures.append(error)

    async with running(bot, playground):
        seen = await playground.person("ann").command("go")
        assert (await seen.settled()).kind == "thinking"
        if way == "clock":
            playground.clock.advance(15 * 60)
            assert seen.response.error == "The application did not respond"
        else:
            playground.faults.lapse_tokens()
        go_on.set()
        await playground.until(lambda: len(failures) == 2)
    assert [(each.status, each.code) for each in failures] == [(401, 50027), (401, 50027)]


async def test_a_followup_before_the_answer_finds_no_webhook(playground: Playground, bot: Bot) -> None:
    failures: list[discord.HTTPException] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        try:
            await interaction.followup.send("too early")
        except discord.HTTPException as error:
            failures.append(error)
        await interaction.response.send_message("now")

    async with running(bot, playground):
        await (await playground.person("ann").command("go")).settled()
    assert (failures[0].status, failures[0].code) == (404, 10015)


async def test_originals_and_followups_can_be_changed_and_deleted(playground: Playground, bot: Bot) -> None:
    done = asyncio.Event()

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("first", file=discord.File(io.BytesIO(png()), "a.png"))
        original = await interaction.original_response()
        assert [each.filename for each in original.attachments] == ["a.png"]
        await interaction.edit_original_response(content="second", attachments=[])
        followup = await interaction.followup.send("more", wait=True)
        assert (await interaction.followup.fetch_message(followup.id)).content == "more"
        await followup.edit(content="still more")
        await followup.delete()
        with pytest.raises(discord.NotFound):
            await interaction.followup.fetch_message(followup.id)
        await interaction.delete_original_response()
        done.set()

    async with running(bot, playground):
        seen = await playground.person("ann").command("go")
        await asyncio.wait_for(done.wait(), 60)
    assert seen.response.kind is None and seen.followups == []
    assert playground.messages() == []


async def test_thinking_in_private_stays_private(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content="psst")

    async with running(bot, playground):
        seen = await playground.person("ann").command("go")
        await playground.until(lambda: seen.response.kind == "message")
    assert seen.response.ephemeral and playground.messages() == []


async def test_the_reported_upload_limit_may_be_wrong(bot: Bot) -> None:
    limits: list[int] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        limits.append(interaction.filesize_limit)
        await interaction.response.send_message("x")

    settings = PlaygroundSettings(upload_limit_bytes=1000, reported_upload_limit_bytes=2000)
    async with opened(settings) as playground, running(bot, playground):
        await (await playground.person("ann").command("go")).settled()
    assert limits == [2000]


async def test_a_hundred_at_once_are_all_answered(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("done")

    people = [playground.person(f"person {number}") for number in range(100)]
    async with running(bot, playground):
        seen = [await person.command("go") for person in people]
        await playground.until(lambda: all(each.response.kind == "message" for each in seen), seconds=30)
    assert all(each.acknowledged for each in seen)
    assert len(playground.messages()) == 100


async def test_who_knows_no_token_answers_nothing(playground: Playground, client: Bot) -> None:
    with refused(404, 10062):
        await request(client, "POST", "/interactions/1/nonsense/callback", json={"type": 5})
    with refused(404, 10015):
        await request(client, "POST", f"/webhooks/{playground.world.bot.id}/nonsense", json={"content": "x"})


async def test_the_oldest_interactions_are_forgotten(
    playground: Playground, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "_KEPT", 2)

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()

    ann = playground.person("ann")
    async with running(bot, playground):
        seen = []
        for _ in range(3):
            seen.append(await ann.command("go"))
            await seen[-1].settled()
        webhook = f"/webhooks/{playground.world.bot.id}"
        with refused(404, 10015):
            await request(bot, "GET", f"{webhook}/{seen[0].interaction.token}/messages/@original")
        assert await request(bot, "GET", f"{webhook}/{seen[1].interaction.token}/messages/@original")


async def test_the_oldest_messages_are_forgotten(bot: Bot) -> None:
    async with opened(PlaygroundSettings(messages_kept=2)) as playground:
        ann = playground.person("ann")
        said = [await ann.send("general", str(number), files=[("a.txt", b"x")]) for number in range(3)]
        assert [message["content"] for message in playground.messages()] == ["1", "2"]
        assert playground.world.cdn.bytes_held == 2
        with pytest.raises(LookupError, match="gone"):
            await ann.react(said[0], "⭐")


async def test_a_private_answer_is_deleted(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True, delete_after=0.05)

    ann = playground.person("ann")
    async with running(bot, playground):
        seen = await ann.command("go")
        assert (await seen.settled()).kind == "message"
        await playground.until(lambda: seen.response.kind is None)
    assert ann.messages() == []


async def test_an_attachment_that_never_was(playground: Playground, client: Bot) -> None:
    channel = playground.world.find_channel("general").id
    body = {"content": "x", "attachments": [{"id": "5", "filename": "a.png"}]}
    with refused(400, 50035):
        await request(client, "POST", f"/channels/{channel}/messages", json=body)
