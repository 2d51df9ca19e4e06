"""What a server's admins chose, as it is told to them. Pure."""

from bot.services.pressing import MOST_MEGAPIXELS, Roles, megapixels
from bot.texts import say
from storage.guilds import Settings


def buttons(settings: Settings, locale: str | None) -> str:
    """Return who may make new pictures of others' by their buttons."""
    if settings.press == "everyone":
        return say("admin_buttons_everyone", locale)
    if settings.press == "author":
        return say("admin_buttons_author", locale)
    return say("admin_buttons_roles", locale, roles=Roles(settings.press_roles))


def upscale(settings: Settings, locale: str | None) -> str:
    """Return how much larger pictures may be made."""
    if settings.most_upscale == 1:
        return say("admin_upscale_off", locale)
    pixels = settings.most_upscale_pixels
    most = MOST_MEGAPIXELS if pixels is None else megapixels(pixels)
    return say("admin_upscale", locale, most=settings.most_upscale, megapixels=most)
