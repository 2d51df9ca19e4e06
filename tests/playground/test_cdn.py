"""Files that were uploaded, and their addresses."""

import io

import aiohttp
import discord
import pytest

from playground import Playground, PlaygroundSettings
from tests.playground.conftest import Bot, logged_in, opened
from tests.playground.pictures import png


async def _send(playground: Playground, bot: Bot, content: bytes, name: str = "a.png") -> discord.Attachment:
    channel = bot.get_partial_messageable(playground.world.find_channel("general").id)
    return (await channel.send(file=discord.File(io.BytesIO(content), name))).attachments[0]


async def _get(url: str) -> tuple[int, str, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, response.content_type, await response.read()


async def test_a_file_comes_back_as_it_was(playground: Playground, client: Bot) -> None:
    attachment = await _send(playground, client, png(5, 4))
    for url in (attachment.url, attachment.proxy_url):
        assert await _get(url) == (200, "image/png", png(5, 4))
    assert attachment.content_type == "image/png" and attachment.size == len(png(5, 4))


async def test_addresses_are_signed_and_good_for_a_day(playground: Playground, client: Bot) -> None:
    url = (await _send(playground, client, b"x", "notes.txt")).url
    assert (await _get(url.split("?")[0]))[0] == 404
    assert (await _get(url.replace("hm=", "hm=0")))[0] == 404
    playground.clock.advance(24 * 3600 - 60)
    assert (await _get(url))[0] == 200
    playground.clock.advance(120)
    assert (await _get(url))[0] == 404


async def test_the_oldest_files_go_when_there_are_too_many(bot: Bot) -> None:
    async with opened(PlaygroundSettings(cdn_bytes_kept=2500)) as playground, logged_in(bot, playground):
        sent = [await _send(playground, bot, bytes(1000), f"{number}.bin") for number in range(4)]
        assert [(await _get(each.url))[0] for each in sent] == [404, 404, 200, 200]
        assert playground.world.cdn.bytes_held == 2000
        with pytest.raises(LookupError, match="gone"):
            playground.world.cdn.content(sent[0].id)


async def test_everyone_has_an_avatar(playground: Playground, client: Bot) -> None:
    status, kind, content = await _get(f"{playground.url}/cdn/avatars/1/x.png")
    assert (status, kind) == (200, "image/png") and content.startswith(b"\x89PNG")


async def test_names_are_cleaned(playground: Playground, client: Bot) -> None:
    attachment = await _send(playground, client, b"x", "../ä b$.txt")
    assert attachment.filename == "ä_b_.txt"
    assert (await _get(attachment.url))[2] == b"x"
