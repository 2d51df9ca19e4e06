"""Who changed what in a server, as its admins see it. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from discord import ui

from bot.services.audit import FIELDS, NOBODY, Area, Entry, Page
from bot.texts import pictures, say
from bot.ui.custom_ids import audit_id
from bot.ui.layouts import button, layout
from bot.ui.plain import harmless
from storage.guilds import Limits

#: Characters of one value, of one entry, and words of a list.
_VALUE, _LINE, _WORDS = 90, 280, 5
_MIB = 1024 * 1024
#: Fields whose values are ids.
_CHANNELS = frozenset({"channels", "closed_channels", "private_channels"})
_ROLES = frozenset({"press_roles", "history_roles", "adapter_roles", "train_roles"})
#: Tables by the ids of roles.
_BY_ROLE = frozenset({"role_limits", "role_weights", "role_lanes", "adapter_quotas"})
#: How many adapters, and how many bytes in them.
_QUOTAS = frozenset({"adapter_quota", "adapter_quotas"})
#: Every field that an entry can be about.
NAMES = frozenset(FIELDS) | frozenset(Limits.__struct_fields__) | {"member_waiting"}


def page(found: Page, first: bool, member_id: int | None, area: Area | None, locale: str | None) -> ui.LayoutView:
    """Return a page of the audit; its buttons show what is older, and the newest again."""
    title = say("audit_title", locale)
    if member_id is not None:
        title += f"\n{say('audit_of', locale, member=f'<@{member_id}>')}"
    if area is not None:
        title += f"\n{say('audit_about', locale, area=say(f'audit_area_{area}', locale))}"
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(title)]
    if found.entries:
        parts.append(ui.TextDisplay("\n".join(line(entry, locale) for entry in found.entries)))
    else:
        parts.append(ui.TextDisplay(say("audit_none" if first else "audit_end", locale)))
    turns = []
    if found.older is not None:
        turns.append(button("older", audit_id(found.older, member_id, area), locale))
    if not first:
        turns.append(button("newest", audit_id(None, member_id, area), locale))
    if turns:
        parts += [ui.Separator(), ui.ActionRow(*turns)]
    return layout(*parts)


def line(entry: Entry, locale: str | None) -> str:
    """Return one entry."""
    who = f"<@{entry.member_id}>" if entry.member_id != NOBODY else say("audit_operator", locale)
    what = _told(entry, locale)
    text = what if len(what) <= _LINE else what[: _LINE - 1] + "…"
    return say("audit_line", locale, when=f"<t:{int(entry.at)}:f>", who=who, what=text)


def _told(entry: Entry, locale: str | None) -> str:
    field = entry.action.partition(".")[2]
    if field in NAMES and ({"before", "after"} <= entry.detail.keys() or {"added", "removed"} <= entry.detail.keys()):
        return _changed(field, entry.detail, locale)
    if (make := _DONE.get(entry.action)) is not None:
        return make(entry.detail, locale)
    return say("audit_other", locale, action=harmless(entry.action))


# What was set -------------------------------------------------------------------------------------------------------


def _changed(field: str, detail: Mapping[str, Any], locale: str | None) -> str:
    name = say(f"audit_field_{field}", locale)
    if "added" in detail:
        added, removed = (_listed(field, detail[side], locale) for side in ("added", "removed"))
        if added and removed:
            return say("audit_both", locale, field=name, added=added, removed=removed)
        return say("audit_added" if added else "audit_removed", locale, field=name, words=added or removed)
    before, after = detail["before"], detail["after"]
    if field == "negative_prompt":
        return say("audit_text_changed", locale, field=name)
    if field != "adapter_quota" and isinstance(before, dict) and isinstance(after, dict):
        lines = [
            say(
                "audit_changed",
                locale,
                field=name,
                key=_key(field, key),
                before=_value(field, before.get(key), locale),
                after=_value(field, after.get(key), locale),
            )
            for key in list(before | after)[:_WORDS]
        ]
        left = len(before | after) - len(lines)
        text = "; ".join(lines)
        return say("audit_more", locale, words=text, count=left) if left else text
    values = {"before": _value(field, before, locale), "after": _value(field, after, locale)}
    return say("audit_set", locale, field=name, **values)


def _listed(field: str, values: Sequence[Any], locale: str | None) -> str:
    shown = ", ".join(_one(field, value) for value in values[:_WORDS])
    left = len(values) - _WORDS
    return say("audit_more", locale, words=shown, count=left) if left > 0 else shown


def _one(field: str, value: Any) -> str:
    if field in _CHANNELS and str(value).isdigit():
        return f"<#{value}>"
    if field in _ROLES and str(value).isdigit():
        return f"<@&{value}>"
    return harmless(str(value), _VALUE)


def _key(field: str, key: str) -> str:
    return f"<@&{key}>" if field in _BY_ROLE and key.isdigit() else harmless(key, _VALUE)


def _value(field: str, value: Any, locale: str | None) -> str:
    match value:
        case dict() if field == "models":
            return _rule(value, locale)
        case dict() if field in _QUOTAS:
            return _quota(value)
        case None:
            return say("audit_unset", locale)
        case bool():
            return say("audit_yes" if value else "audit_no", locale)
        case float():
            return f"{value:g}"
        case list() if field == "command_channels":
            return ", ".join(_one("channels", each) for each in value[:_WORDS]) or say("audit_unset", locale)
        case list() | dict():
            return harmless(json.dumps(value, ensure_ascii=False), _VALUE)
    return harmless(str(value), _VALUE)


def _rule(rule: Mapping[str, Any], locale: str | None) -> str:
    """Return whether a model is allowed, and where and for whom alone."""
    only = [*(f"<#{each}>" for each in rule.get("channels", ())), *(f"<@&{each}>" for each in rule.get("roles", ()))]
    words = say("audit_allowed" if rule.get("allowed", True) else "audit_denied", locale)
    return f"{words} ({', '.join(only[:_WORDS])})" if only else words


def _quota(quota: Mapping[str, Any]) -> str:
    """Return what is said of a quota: how many, how much, or both."""
    size = f"{quota['bytes'] / _MIB:g} MiB" if "bytes" in quota else ""
    return " · ".join(filter(None, (str(quota.get("count", "")), size)))


# What else was done -------------------------------------------------------------------------------------------------

_Done = Callable[[Mapping[str, Any], str | None], str]


def _member(detail: Mapping[str, Any], locale: str | None) -> str:
    member = detail.get("member")
    return f"<@{member}>" if member else say("members_nobody", locale)


def _with_member(key: str) -> _Done:
    def told(detail: Mapping[str, Any], locale: str | None) -> str:
        return say(
            key,
            locale,
            member=_member(detail, locale),
            pictures=pictures(int(detail.get("pictures") or 0), locale),
            name=harmless(str(detail.get("adapter", "")), _VALUE),
        )

    return told


def _with_reason(key: str) -> _Done:
    def told(detail: Mapping[str, Any], locale: str | None) -> str:
        reason = harmless(str(detail.get("reason") or ""), _VALUE)
        return say(f"{key}_why" if reason else key, locale, member=_member(detail, locale), reason=reason)

    return told


def _slow(detail: Mapping[str, Any], locale: str | None) -> str:
    return say("audit_content_slow", locale, pattern=harmless(str(detail.get("pattern", "")), _VALUE))


_DONE: Mapping[str, _Done] = {
    "members.block": _with_reason("audit_members_block"),
    "members.allow": _with_member("audit_members_allow"),
    "members.cancel": _with_member("audit_members_cancel"),
    "members.delete": _with_member("audit_members_delete"),
    "adapters.approve": _with_member("audit_adapters_approve"),
    "adapters.take_away": _with_member("audit_adapters_take_away"),
    "adapters.ban": _with_member("audit_adapters_ban"),
    "adapters.unban": _with_member("audit_adapters_unban"),
    "content.slow": _slow,
    "server.closed": _with_reason("audit_server_closed"),
    "server.opened": _with_member("audit_server_opened"),
}
