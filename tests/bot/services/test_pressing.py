"""Who may press, and how large pictures may become: every case of a server's settings."""

import pytest

from bot.services.pressing import Roles, megapixels, require_may_press, require_upscale
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
    ("settings", "factor", "size", "words"),
    [
        (Settings(), 4, (2048, 2048), None),
        (Settings(limits=Limits(upscale=4)), 4, (512, 512), None),
        (Settings(limits=Limits(upscale=2)), 2, (512, 512), None),
        (
            Settings(limits=Limits(upscale=2)),
            4,
            (512, 512),
            "at most 2 times as wide and as high; you asked for 4 times",
        ),
        (Settings(limits=Limits(upscale=1)), 2, (64, 64), "not made larger"),
        (Settings(limits=Limits(upscale=1)), 4, (64, 64), "not made larger"),
        (Settings(limits=Limits(upscale_pixels=4_194_304)), 2, (1024, 1024), None),
        (
            Settings(limits=Limits(upscale_pixels=4_194_303)),
            2,
            (1024, 1024),
            "may have 4.1 million pixels; this .* have 4.2",
        ),
        (
            Settings(limits=Limits(upscale_pixels=16_000_000)),
            4,
            (2048, 2048),
            "may have 16 million pixels; this .* have 67.2",
        ),
        (
            Settings(limits=Limits(upscale_pixels=16_000_000)),
            4,
            (1000, 1001),
            "may have 16 million pixels; this .* have 16.1",
        ),
    ],
)
def test_how_large_pictures_may_become(
    settings: Settings, factor: int, size: tuple[int, int], words: str | None
) -> None:
    if words is None:
        require_upscale(settings, factor, *size)
        return
    with pytest.raises(Mistake, match=words):
        require_upscale(settings, factor, *size)


def test_megapixels_never_sound_allowed_that_are_not() -> None:
    assert [megapixels(pixels) for pixels in (1_000_000, 1_099_999, 67_108_864)] == [1, 1, 67.1]
    assert [megapixels(pixels, up=True) for pixels in (1_000_000, 1_000_001, 67_108_864)] == [1, 1.1, 67.2]
