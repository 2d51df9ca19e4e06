"""Channels as rules about places see them."""

from typing import Any

import discord
import pytest

from bot.interactions.places import place_of
from bot.services.requests import Place

CHANNEL, THREAD, CATEGORY = 1, 2, 10


class Guild:
    """As much of a server as its channels ask for."""

    id = 9

    def __init__(self) -> None:
        self.channels: dict[int, Any] = {}

    def get_channel(self, channel_id: int) -> Any:
        return self.channels.get(channel_id)

    _resolve_channel = get_channel


def text_channel(guild: Any, **more: Any) -> discord.TextChannel:
    data: Any = {"id": str(CHANNEL), "type": 0, "name": "art", "position": 0, "permission_overwrites": []}
    channel = discord.TextChannel(state=_STATE, guild=guild, data=data | more)
    guild.channels[CHANNEL] = channel
    return channel


def thread(guild: Any) -> discord.Thread:
    data: Any = {
        "id": str(THREAD),
        "parent_id": str(CHANNEL),
        "owner_id": "3",
        "name": "sketches",
        "type": 11,
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }
    return discord.Thread(guild=guild, state=_STATE, data=data)


class _State:
    """What discord.py's models ask of a connection."""

    self_id = 4


_STATE: Any = _State()


@pytest.mark.parametrize("nsfw", [False, True])
def test_a_channel_and_its_category(nsfw: bool) -> None:
    channel = text_channel(Guild(), parent_id=str(CATEGORY), nsfw=nsfw)
    assert place_of(channel) == Place(channel_id=CHANNEL, above=(CATEGORY,), age_restricted=nsfw)
    assert place_of(text_channel(Guild())) == Place(channel_id=CHANNEL)


def test_a_thread_is_in_its_channel_and_as_age_restricted() -> None:
    guild = Guild()
    text_channel(guild, parent_id=str(CATEGORY), nsfw=True)
    assert place_of(thread(guild)) == Place(
        channel_id=THREAD, above=(CHANNEL, CATEGORY), age_restricted=True, thread=True
    )


def test_a_thread_of_a_channel_that_is_not_known_is_ordinary() -> None:
    assert place_of(thread(Guild())) == Place(channel_id=THREAD, above=(CHANNEL,), thread=True)


def test_nowhere_is_no_direct_message() -> None:
    assert place_of(None) == Place(channel_id=None)
