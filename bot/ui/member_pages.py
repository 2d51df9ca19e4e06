"""Members of a server, as those who run it see them. Pure."""

from collections.abc import Sequence

import discord
from discord import ui

from bot.services.blocks import Block
from bot.services.guilds import Limits
from bot.services.moderation import DAYS, Usage, Used
from bot.services.policy import Spent
from bot.texts import duration, pictures, say
from bot.ui.custom_ids import member_delete_id
from bot.ui.layouts import button, layout, note
from bot.ui.plain import harmless

#: The file that names all, where they are too many for a message.
FILE_NAME = "blocked.txt"
#: Blocked members of a message, and members who used most.
_LINES, _MOST = 15, 10
_REASON = 120


def blocked(block: Block, cancelled: int, locale: str | None) -> ui.LayoutView:
    """Return that a member is blocked, and what was cancelled for them."""
    reason = harmless(block.reason, _REASON * 3)
    key = "members_blocked_why" if reason else "members_blocked"
    lines = [say(key, locale, member=mention(block.member_id), reason=reason)]
    if cancelled:
        lines.append(say("members_blocked_waiting", locale, pictures=pictures(cancelled, locale)))
    return note("\n".join(lines))


def blocks(held: Sequence[Block], locale: str | None) -> tuple[ui.LayoutView, str | None]:
    """Return who is blocked, and the text of a file with all where they are many."""
    if not held:
        return note(say("members_none", locale)), None
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(say("members_title", locale, count=len(held)))]
    parts.append(ui.TextDisplay("\n".join(_line(block, locale) for block in held[:_LINES])))
    if len(held) <= _LINES:
        return layout(*parts), None
    parts.append(ui.TextDisplay(f"-# {say('members_more', locale, count=len(held) - _LINES)}"))
    parts.append(ui.File(f"attachment://{FILE_NAME}"))
    return layout(*parts), "".join(f"{block.member_id}\t{' '.join(block.reason.split())}\n" for block in held)


def usage(
    used: Usage, member_id: int | None, left: Sequence[str], is_blocked: bool, locale: str | None
) -> ui.LayoutView:
    """Return what a member used, or the whole server; `left` is what is left of the member's budgets."""
    if member_id is None:
        title = say("members_usage_server", locale)
    else:
        title = say("members_usage_title", locale, member=mention(member_id))
    spans = (("today", used.today), ("week", used.week), ("month", used.month))
    lines = [_span(say(f"members_usage_{name}", locale, days=DAYS), each, locale) for name, each in spans]
    lines.append(say("members_usage_waiting", locale, pictures=pictures(used.waiting, locale)))
    if is_blocked:
        lines.append(say("members_usage_blocked", locale))
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(title), ui.TextDisplay("\n".join(lines))]
    if left:
        parts.append(ui.TextDisplay("\n".join([say("members_budget", locale), *left])))
    if used.most:
        most = [_most(member, each, locale) for member, each in used.most[:_MOST]]
        parts.append(ui.TextDisplay("\n".join([say("members_usage_most", locale), *most])))
    return layout(*parts, ui.TextDisplay(f"-# {say('members_usage_utc', locale)}"))


def budgets(limits: Limits, spent: Spent, locale: str | None) -> list[str]:
    """Return what is left of a member's budgets, a line each."""
    lines = []
    for field, span in (("daily", "day"), ("weekly", "week")):
        name = say(f"members_budget_{span}", locale)
        most_pictures, most_seconds = getattr(limits, f"{field}_pictures"), getattr(limits, f"{field}_seconds")
        if most_pictures is not None:
            left = max(0, most_pictures - getattr(spent, f"{field}_pictures"))
            lines.append(say("members_budget_pictures", locale, span=name, left=left, most=most_pictures))
        if most_seconds is not None:
            seconds = max(0.0, most_seconds - getattr(spent, f"{field}_seconds"))
            most = _time(most_seconds, locale)
            lines.append(say("members_budget_seconds", locale, span=name, left=_time(seconds, locale), most=most))
    return lines


def confirm_delete(member_id: int, count: int, locale: str | None) -> ui.LayoutView:
    """Return the question before a member's pictures are deleted."""
    text = say("members_delete_confirm", locale, member=mention(member_id), pictures=pictures(count, locale))
    style = discord.ButtonStyle.danger
    row = ui.ActionRow[ui.LayoutView](button("members_delete", member_delete_id(member_id), locale, style))
    return layout(ui.TextDisplay(text), row)


def mention(member_id: int, locale: str | None = None) -> str:
    """Return a member as Discord shows them; whoever had their data deleted is nobody."""
    return f"<@{member_id}>" if member_id else say("members_nobody", locale)


def _line(block: Block, locale: str | None) -> str:
    reason = harmless(block.reason, _REASON)
    return say(
        "members_line_why" if reason else "members_line",
        locale,
        member=mention(block.member_id),
        when=f"<t:{int(block.blocked_at)}:d>",
        by=mention(block.blocked_by, locale),
        reason=reason,
    )


def _span(span: str, used: Used, locale: str | None) -> str:
    count, time = pictures(used.pictures, locale), _time(used.seconds, locale)
    return say("members_usage_line", locale, span=span, pictures=count, time=time)


def _most(member_id: int, used: Used, locale: str | None) -> str:
    count, time = pictures(used.pictures, locale), _time(used.seconds, locale)
    return say("members_usage_most_line", locale, member=mention(member_id, locale), pictures=count, time=time)


def _time(seconds: float, locale: str | None) -> str:
    return duration(seconds, locale) if seconds >= 1 else say("second", locale, n=0)
