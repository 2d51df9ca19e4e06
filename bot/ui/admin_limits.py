"""The limits that a server's admins chose, in words. Pure."""

from bot.services.guilds import Limits, Settings
from bot.services.pressing import MOST_MEGAPIXELS, megapixels
from bot.texts import duration
from bot.ui.admin_words import LINES, Around


def limit_parts(limits: Limits, around: Around) -> list[str]:
    """Return what limits say, each in some words."""
    parts = []
    if limits.steps is not None:
        parts.append(around.say("admin_limit_steps", most=limits.steps))
    if limits.pixels is not None:
        side = int(limits.pixels**0.5)
        parts.append(around.say("admin_limit_pixels", most=_million(limits.pixels), side=side))
    if limits.count is not None:
        parts.append(around.say("admin_limit_count", most=limits.count))
    if limits.upscale == 1:
        parts.append(around.say("admin_limit_upscale_off"))
    elif limits.upscale is not None:
        parts.append(around.say("admin_limit_upscale", most=limits.upscale))
    if limits.upscale_pixels is not None and limits.upscale != 1:
        parts.append(around.say("admin_limit_upscale_pixels", most=_million(limits.upscale_pixels)))
    if limits.waiting is not None:
        parts.append(around.say("admin_limit_waiting", most=limits.waiting))
    for time, seconds, pictures in (
        ("day", limits.daily_seconds, limits.daily_pictures),
        ("week", limits.weekly_seconds, limits.weekly_pictures),
    ):
        if seconds is not None:
            key = "admin_limit_day_seconds" if time == "day" else "admin_limit_week_seconds"
            parts.append(around.say(key, most=_time(seconds, around)))
        if pictures is not None:
            key = "admin_limit_day_pictures" if time == "day" else "admin_limit_week_pictures"
            parts.append(around.say(key, most=pictures))
    return parts


def limits(settings: Settings, around: Around) -> str:
    """Return the limits of everybody, of roles, and of the server."""
    lines = [f"- {part}" for part in limit_parts(settings.limits, around)] or [around.say("admin_limit_none")]
    if settings.waiting is not None:
        lines.append(f"- {around.say('admin_limit_server_waiting', most=settings.waiting)}")
    for role, held in list(settings.role_limits.items())[:LINES]:
        said = " · ".join(limit_parts(held, around))
        lines.append(around.say("admin_limit_role", role=around.role(role), limits=said))
    if (left := len(settings.role_limits) - LINES) > 0:
        lines.append(around.say("admin_more", count=left))
    if has_budget(settings):
        lines.append(past_budget(settings, around))
    return "\n".join(lines)


def upscale(settings: Settings, around: Around) -> str:
    """Return how much larger pictures may be made, by everybody and by roles with limits of their own."""
    limits = settings.limits
    if limits.upscale == 1:
        lines = [around.say("admin_upscale_off")]
    else:
        most = MOST_MEGAPIXELS if limits.upscale_pixels is None else megapixels(limits.upscale_pixels)
        lines = [around.say("admin_upscale", most=limits.upscale or 4, megapixels=most)]
    for role, held in settings.role_limits.items():
        own = Limits(upscale=held.upscale, upscale_pixels=held.upscale_pixels)
        if said := limit_parts(own, around):
            lines.append(around.say("admin_limit_role", role=around.role(role), limits=" · ".join(said)))
    return "\n".join(lines)


def has_budget(settings: Settings) -> bool:
    """Tell whether anybody has a budget."""
    fields = ("daily_seconds", "daily_pictures", "weekly_seconds", "weekly_pictures")
    return any(
        getattr(held, field) is not None
        for held in (settings.limits, *settings.role_limits.values())
        for field in fields
    )


def past_budget(settings: Settings, around: Around) -> str:
    """Return what becomes of the requests of members who have used up their budget."""
    return around.say("admin_past_relaxed" if settings.past_budget == "relaxed" else "admin_past_refuse")


def _million(pixels: int) -> str:
    return f"{megapixels(pixels):g}" if pixels >= 1_000_000 else f"{pixels / 1_000_000:.2g}"


def _time(seconds: float, around: Around) -> str:
    return duration(seconds, around.locale) if seconds >= 1 else f"{seconds:g} s"
