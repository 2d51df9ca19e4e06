"""Messages with files, and bodies that cannot be read."""

import io

import discord

from playground import Playground, PlaygroundSettings
from tests.playground.conftest import Bot, logged_in, opened, refused, request, running, slash


def _messages(playground: Playground) -> str:
    return f"/channels/{playground.world.find_channel('general').id}/messages"


def _file(size: int, name: str = "a.bin") -> discord.File:
    return discord.File(io.BytesIO(bytes(size)), name)


async def test_files_up_to_the_limit_are_taken(bot: Bot) -> None:
    settings = PlaygroundSettings(upload_limit_bytes=1000, rate_limits=False)
    async with opened(settings) as playground, running(bot, playground):
        channel = bot.get_partial_messageable(playground.world.find_channel("general").id)
        sent = await channel.send(files=[_file(1000), _file(999, "b.bin")])
        assert [each.size for each in sent.attachments] == [1000, 999]
        with refused(413, 40005):
            await channel.send("too much", file=_file(1001))
        with refused(413, 40005):
            await sent.edit(attachments=[_file(1001)])
        playground.world.guild("Atelier").upload_limit_bytes = 2000
        await channel.send(file=_file(2000))
        assert len(playground.messages()) == 2


async def test_files_of_an_interaction_have_the_same_limit(bot: Bot) -> None:
    done: list[int] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        with refused(413, 40005):
            await interaction.response.send_message(file=_file(1001))
        await interaction.response.defer()
        with refused(413, 40005):
            await interaction.edit_original_response(attachments=[_file(1001)])
        with refused(413, 40005):
            await interaction.followup.send(file=_file(1001))
        await interaction.followup.send(file=_file(1000))
        done.append(interaction.filesize_limit)

    settings = PlaygroundSettings(upload_limit_bytes=1000, rate_limits=False)
    async with opened(settings) as playground, running(bot, playground):
        seen = await playground.person("ann").command("go")
        await playground.until(lambda: done)
        shown = seen.response.message
    assert done == [1000]
    assert shown is not None and [each["size"] for each in shown["attachments"]] == [1000]


async def test_ten_files_and_no_more(playground: Playground, client: Bot) -> None:
    channel = client.get_partial_messageable(playground.world.find_channel("general").id)
    sent = await channel.send(files=[_file(1, f"{number}.bin") for number in range(10)])
    assert len(sent.attachments) == 10
    form = [{"name": "payload_json", "value": '{"content": "x"}'}]
    form += [{"name": f"files[{number}]", "value": b"x", "filename": "x"} for number in range(11)]  # type: ignore[dict-item]
    with refused(400, 50035):
        await request(client, "POST", _messages(playground), form=form)
    form = form[:2]
    with refused(400, 50035):
        await request(client, "PATCH", f"{_messages(playground)}/{sent.id}", form=form)
    assert len(playground.messages()[0]["attachments"]) == 10


async def test_a_body_that_is_no_json(playground: Playground, client: Bot) -> None:
    with refused(400, 50109):
        await request(client, "POST", _messages(playground), data="{", headers={"Content-Type": "application/json"})
    with refused(400, 50035):
        await request(client, "POST", _messages(playground), json=[1])


async def test_login_is_enough_for_rest(playground: Playground, bot: Bot) -> None:
    async with logged_in(bot, playground):
        sent = await request(bot, "POST", _messages(playground), json={"content": "x"})
    assert sent["author"]["username"] == "Playground Bot"
