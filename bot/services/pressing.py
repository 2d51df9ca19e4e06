"""What a server allows: who may make new pictures of others' by their buttons, and how large they may become. Pure."""

import math

from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.limits import MAX_IMAGE_PIXELS
from inference.protocol.recipe import AnyRecipe, Detail, HiresFix, TextToImage
from storage.guilds import Settings

#: As cameras count them.
MEGAPIXEL = 1_000_000
#: What a server can set; more pixels are never made.
MOST_MEGAPIXELS = MAX_IMAGE_PIXELS // MEGAPIXEL


class Roles(tuple[int, ...]):
    """Roles by id; their text names them as Discord shows them, and in a private answer pings nobody."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return a mention of each."""
        return ", ".join(f"<@&{role}>" for role in self)


def require_may_press(settings: Settings, actor: Actor, author_id: int) -> None:
    """Raise Mistake where a server does not let somebody make a new picture of another member's.

    Whoever asked for that picture always may, and so may moderators. In a direct message there are no settings:
    everybody who sees the picture may.
    """
    if settings.press == "everyone" or actor.member_id == author_id or actor.moderator:
        return
    if settings.press == "author":
        raise Mistake("press_author")
    if actor.roles.isdisjoint(settings.press_roles):
        raise Mistake("press_roles", roles=Roles(settings.press_roles))


def require_upscale(settings: Settings, factor: int, width: int, height: int, pixels: int = 0) -> None:
    """Raise Mistake where a server does not let a picture of this size become `factor` times as wide and as high.

    `pixels` are those of the result where they are not the square of that.
    """
    limits = settings.limits
    if factor > 1 and limits.upscale == 1:
        raise Mistake("upscale_off")
    if limits.upscale is not None and factor > limits.upscale:
        raise Mistake("upscale_most_factor", most=limits.upscale, asked=factor)
    most, pixels = limits.upscale_pixels, pixels or width * height * factor**2
    if most is not None and pixels > most:
        raise Mistake("upscale_most_pixels", most=megapixels(most), asked=megapixels(pixels, up=True))


def may_grow(settings: Settings, width: int, height: int) -> bool:
    """Tell whether a picture of some size may be made twice as wide and as high."""
    try:
        require_upscale(settings, 2, width, height)
    except Mistake:
        return False
    return width * height * 4 <= MAX_IMAGE_PIXELS


def megapixels(pixels: int, *, up: bool = False) -> float:
    """Return pixels in millions with at most one decimal, rounded down, or `up`: no more and no less sounds allowed."""
    tenths = -(-pixels * 10 // MEGAPIXEL) if up else pixels * 10 // MEGAPIXEL
    return tenths / 10 if tenths % 10 else tenths // 10


def require_size(settings: Settings, recipe: AnyRecipe) -> None:
    """Raise Mistake where a server does not let pictures be painted as large as a recipe does, by a second pass.

    A recipe may be older than the server's rule. Of an Upscale only its source's size tells; see `require_upscale`.
    """
    match recipe:
        case TextToImage(hires=HiresFix() as hires):
            factor = max(hires.width / recipe.width, hires.height / recipe.height)
            require_upscale(settings, math.ceil(factor), recipe.width, recipe.height, hires.width * hires.height)
        case Detail():
            require_upscale(settings, 2, recipe.full_width // 2, recipe.full_height // 2)
        case _:
            pass
