"""What a server allows: who may make new pictures of others' by their buttons, and how large they may become. Pure."""

import math

from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.limits import MAX_IMAGE_PIXELS
from inference.protocol.recipe import AnyRecipe, Detail, HiresFix, TextToImage, Upscale
from storage.guilds import Limits, Settings

#: As cameras count them.
MEGAPIXEL = 1_000_000
#: What a server can set; more pixels are never made.
MOST_MEGAPIXELS = MAX_IMAGE_PIXELS // MEGAPIXEL
#: Of a list of channels.
_NAMED = 20


class Roles(tuple[int, ...]):
    """Roles by id; their text names them as Discord shows them, and in a private answer pings nobody."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return a mention of each."""
        return ", ".join(f"<@&{role}>" for role in self)


class Channels(tuple[int, ...]):
    """Channels and categories by id; their text names the first of them as Discord shows them."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return a mention of each, and a mark where there are more."""
        return ", ".join(f"<#{channel}>" for channel in self[:_NAMED]) + (" …" if len(self) > _NAMED else "")


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


def require_upscale(limits: Limits, factor: int, pixels: int) -> None:
    """Raise Mistake where a picture may not become `factor` times as wide and as high, and have so many pixels."""
    if factor > 1 and limits.upscale == 1:
        raise Mistake("upscale_off")
    if limits.upscale is not None and factor > limits.upscale:
        raise Mistake("upscale_most_factor", most=limits.upscale, asked=factor)
    if limits.upscale_pixels is not None and pixels > limits.upscale_pixels:
        most = megapixels(limits.upscale_pixels)
        raise Mistake("upscale_most_pixels", most=most, asked=megapixels(pixels, up=True))


def may_grow(settings: Settings, width: int, height: int) -> bool:
    """Tell whether anybody in a server may make a picture of some size twice as wide and as high."""
    pixels = width * height * 4
    everybody = settings.limits
    every = [everybody]
    for own in settings.role_limits.values():
        upscale, most = own.upscale or everybody.upscale, own.upscale_pixels or everybody.upscale_pixels
        every.append(Limits(upscale=upscale, upscale_pixels=most))
    return pixels <= MAX_IMAGE_PIXELS and any(_allows(limits, 2, pixels) for limits in every)


def _allows(limits: Limits, factor: int, pixels: int) -> bool:
    try:
        require_upscale(limits, factor, pixels)
    except Mistake:
        return False
    return True


def megapixels(pixels: int, *, up: bool = False) -> float:
    """Return pixels in millions with at most one decimal, rounded down, or `up`: no more and no less sounds allowed."""
    tenths = -(-pixels * 10 // MEGAPIXEL) if up else pixels * 10 // MEGAPIXEL
    return tenths / 10 if tenths % 10 else tenths // 10


def growth(recipe: AnyRecipe, pixels: int = 0) -> tuple[int, int]:
    """Return how many times as wide and as high a recipe makes its picture, and the pixels that it has then.

    Of an Upscale only its source's size tells the pixels, so they have to be given. (1, 0): no larger than painted.
    """
    match recipe:
        case TextToImage(hires=HiresFix() as hires):
            factor = max(hires.width / recipe.width, hires.height / recipe.height)
            return math.ceil(factor), hires.width * hires.height
        case Detail():
            return 2, recipe.full_width * recipe.full_height
        case Upscale():
            return recipe.factor, pixels
        case _:
            return 1, 0
