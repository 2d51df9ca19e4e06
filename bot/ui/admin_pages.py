"""What a server's admins chose, as it is told to them. Pure."""

from bot.services.guilds import MIB, Settings
from bot.services.pressing import MOST_MEGAPIXELS, Roles, megapixels
from bot.texts import say


def buttons(settings: Settings, locale: str | None) -> str:
    """Return who may make new pictures of others' by their buttons."""
    if settings.press == "everyone":
        return say("admin_buttons_everyone", locale)
    if settings.press == "author":
        return say("admin_buttons_author", locale)
    return say("admin_buttons_roles", locale, roles=Roles(settings.press_roles))


def upscale(settings: Settings, locale: str | None) -> str:
    """Return how much larger pictures may be made."""
    limits = settings.limits
    if limits.upscale == 1:
        return say("admin_upscale_off", locale)
    most = MOST_MEGAPIXELS if limits.upscale_pixels is None else megapixels(limits.upscale_pixels)
    return say("admin_upscale", locale, most=limits.upscale or 4, megapixels=most)


def adapters(settings: Settings, locale: str | None) -> str:
    """Return who may bring adapters, and whether they wait to be approved."""
    who = say(f"admin_adapters_{settings.add_adapters}", locale, roles=Roles(settings.adapter_roles))
    key = "admin_adapters_approval" if settings.approve_adapters else "admin_adapters_no_approval"
    return f"{who}\n{say(key, locale)}"


def adapter_quotas(settings: Settings, locale: str | None) -> str:
    """Return how many adapters a member may bring."""
    lines = []
    if (quota := settings.adapter_quota) is not None:
        lines.append(say("admin_quota", locale, count=quota.count, megabytes=quota.bytes // MIB))
    for role, held in settings.adapter_quotas.items():
        megabytes = held.bytes // MIB
        lines.append(say("admin_quota_role", locale, role=f"<@&{role}>", count=held.count, megabytes=megabytes))
    return "\n".join(lines) or say("admin_quota_none", locale)
