"""Who may press, and how large pictures may become: every case of a server's settings."""

import pytest

from bot.services.pressing import Channels, Roles, may_grow, megapixels, require_may_press, require_upscale
from bot.services.requests import Actor
from bot.texts import Mistake
from storage.guilds import Limits, Settings

AUTHOR, ROLE = 1, 50

ANN = Actor(member_id=AUTHOR, guild_id=2)
BOB = Actor(member_id=5, guild_id=2)
ROY = Actor(member_id=6, guild_id=2, roles=frozenset({ROLE, 99}))
MOD = Actor(member_id=7, guild_id=2, moderator=True)
EVERYBODY = {"ann": ANN, "bob": BOB, "roy": ROY, "mod": MOD}


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        (Settings(), "ann bob roy mod"),
        (Settings(press_roles=(ROLE,)), "ann bob roy mod"),
        (Settings(press="author"), "ann mod"),
        (Settings(press="author", press_roles=(ROLE,)), "ann mod"),
        (Settings(press="roles", press_roles=(60, ROLE)), "ann roy mod"),
        (Settings(press="roles", press_roles=(60,)), "ann mod"),
        (Settings(press="roles"), "ann mod"),
    ],
)
def test_who_may_press(settings: Settings, allowed: str) -> None:
    assert [name for name, actor in EVERYBODY.items() if _may(settings, actor)] == allowed.split()


def _may(settings: Settings, actor: Actor) -> bool:
    try:
        require_may_press(settings, actor, AUTHOR)
    except Mistake:
        return False
    return True


def test_what_is_said_to_those_who_may_not() -> None:
    with pytest.raises(Mistake, match="only whoever asked for a picture"):
        require_may_press(Settings(press="author"), BOB, AUTHOR)
    with pytest.raises(Mistake, match=r"these roles .*: <@&60>, <@&70>$"):
        require_may_press(Settings(press="roles", press_roles=(60, 70)), BOB, AUTHOR)
    assert str(Roles()) == ""


@pytest.mark.parametrize(
    ("limits", "factor", "size", "words"),
    [
        (Limits(), 4, (2048, 2048), None),
        (Limits(upscale=4), 4, (512, 512), None),
        (Limits(upscale=2), 2, (512, 512), None),
        (Limits(upscale=2), 4, (512, 512), "at most 2 times as wide and as high; you asked for 4 times"),
        (Limits(upscale=1), 1, (512, 512), None),
        (Limits(upscale=1), 2, (64, 64), "not made larger"),
        (Limits(upscale=1), 4, (64, 64), "not made larger"),
        (Limits(upscale_pixels=4_194_304), 2, (1024, 1024), None),
        (Limits(upscale_pixels=4_194_303), 2, (1024, 1024), "may have 4.1 million pixels; this .* have 4.2"),
        (Limits(upscale_pixels=16_000_000), 4, (2048, 2048), "may have 16 million pixels; this .* have 67.2"),
        (Limits(upscale_pixels=16_000_000), 4, (1000, 1001), "may have 16 million pixels; this .* have 16.1"),
    ],
)
def test_how_large_pictures_may_become(limits: Limits, factor: int, size: tuple[int, int], words: str | None) -> None:
    pixels = size[0] * size[1] * factor**2
    if words is None:
        require_upscale(limits, factor, pixels)
        return
    with pytest.raises(Mistake, match=words):
        require_upscale(limits, factor, pixels)


@pytest.mark.parametrize(
    ("settings", "grows"),
    [
        (Settings(), True),
        (Settings(limits=Limits(upscale=1)), False),
        (Settings(limits=Limits(upscale=1), role_limits={ROLE: Limits(upscale=2)}), True),
        (Settings(limits=Limits(upscale=1), role_limits={ROLE: Limits(steps=9)}), False),
        (Settings(limits=Limits(upscale_pixels=1_000_000)), False),
        (Settings(role_limits={ROLE: Limits(upscale=1)}), True),
    ],
)
def test_buttons_that_enlarge_are_shown_where_anybody_may_use_them(settings: Settings, grows: bool) -> None:
    assert may_grow(settings, 512, 512) == grows
    assert not may_grow(settings, 8192, 8192), "more pixels than are ever made"


def test_lists_of_channels_are_no_longer_than_a_message() -> None:
    assert str(Channels((1, 2))) == "<#1>, <#2>"
    assert str(Channels(range(10**18, 10**18 + 200))).endswith(" …")
    assert len(str(Channels(range(10**18, 10**18 + 200)))) < 600


def test_megapixels_never_sound_allowed_that_are_not() -> None:
    assert [megapixels(pixels) for pixels in (1_000_000, 1_099_999, 67_108_864)] == [1, 1, 67.1]
    assert [megapixels(pixels, up=True) for pixels in (1_000_000, 1_000_001, 67_108_864)] == [1, 1.1, 67.2]
