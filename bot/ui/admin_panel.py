"""The panel of what admins set: a page of each area, with menus and buttons that change it at once. Pure.

Discord takes 40 components and 4000 characters of text in a message, and 25 choices in a menu.
"""

from collections.abc import Callable, Mapping

from discord import ui

from bot.services.changes import limits_of
from bot.services.guilds import Settings
from bot.ui import admin_limits, admin_rules
from bot.ui import admin_words as words
from bot.ui.admin_menus import (
    CHOICES,
    Part,
    Row,
    back,
    channel_menu,
    menu,
    options_of,
    role_menu,
    role_page_menu,
    setting,
    text_of,
)
from bot.ui.admin_words import Around
from bot.ui.custom_ids import (
    AdminForm,
    AdminPage,
    admin_form_id,
    admin_id,
    admin_pick_id,
    admin_set_id,
    audit_id,
)
from bot.ui.layouts import button, layout
from bot.ui.plain import harmless
from storage.guilds import ModelRule

#: Models of a page.
MODELS = 10
#: Characters of a summary of an area on the first page, of the list of a page, and of what stands beside it.
_SUMMARY, _LIST, _BESIDE = 420, 2400, 900


def panel(page: AdminPage, of: str, settings: Settings, around: Around) -> ui.LayoutView:
    """Return a page. Of what is gone, the page of all such is shown."""
    return layout(*_PAGES[page](of, settings, around))


# The first page ---------------------------------------------------------------------------------------------------


def _home(_of: str, settings: Settings, around: Around) -> list[Part]:
    names = words.model_names(settings, around)
    allowed = sum(words.standing(settings, name) == "allowed" for name in names)
    models = around.say("admin_summary_models", allowed=allowed, count=len(names))
    areas: list[tuple[str, AdminPage, str]] = [
        ("admin_panel_models", "models", f"{models}\n{words.defaults(settings, around)}"),
        ("admin_panel_limits", "limits", admin_limits.limits(settings, around)),
        ("admin_panel_channels", "channels", admin_rules.channels(settings, around)),
        ("admin_panel_roles", "roles", admin_rules.roles(settings, around)),
        ("admin_panel_content", "content", admin_rules.content(settings, around)),
    ]
    parts: list[Part] = [text_of("\n".join([around.say("admin_panel_title"), *_trouble(around)]))]
    for title, page, text in areas:
        opening = button("admin_open", admin_id(page), around.locale)
        parts.append(ui.Section(text_of(f"{around.say(title)}\n{_short(text, _SUMMARY)}"), accessory=opening))
    keep = button("admin_open", admin_form_id("keep"), around.locale)
    kept = f"{around.say('admin_panel_kept')}\n{admin_rules.kept(settings, around)}"
    parts.append(ui.Section(text_of(kept), accessory=keep))
    audit = button("admin_audit", audit_id(None), around.locale)
    parts.append(ui.Section(text_of(around.say("admin_panel_people")), accessory=audit))
    return parts + _gone(settings, around)


def _trouble(around: Around) -> list[str]:
    """Return why nothing is done here whatever is set."""
    found = [around.say("admin_unreadable")] if around.unreadable else []
    if around.closed is not None:
        reason = harmless(around.closed) or around.say("admin_closed_no_reason")
        found.append(around.say("admin_closed_by_operator", reason=reason))
    return found


def _gone(settings: Settings, around: Around) -> list[Part]:
    """Return what is said and offered where rules name roles or channels that are gone."""
    if not around.any_gone(settings):
        return []
    return [text_of(around.say("admin_gone_hint")), Row(setting("admin_gone", "gone", around))]


def _short(text: str, most: int) -> str:
    """Return the first lines of a text: whole ones, so that no mention is cut."""
    lines: list[str] = []
    for line in text.split("\n"):
        if sum(len(each) + 1 for each in lines) + len(line) > most:
            return "\n".join([*lines, "…"])
        lines.append(line)
    return "\n".join(lines)


# Models -----------------------------------------------------------------------------------------------------------


def _models(of: str, settings: Settings, around: Around) -> list[Part]:
    names = words.model_names(settings, around)
    start = min(int(of), max(0, len(names) - 1)) if of.isdigit() else 0
    shown = names[start : start + MODELS]
    lines = [words.model_line(settings, name, around) for name in shown] or [around.say("admin_models_none")]
    parts: list[Part] = [text_of(around.say("admin_panel_models")), text_of(_short("\n".join(lines), _LIST))]
    if shown:
        options = [(name, words.key_of(name)) for name in shown]
        parts.append(menu(admin_pick_id("model"), "admin_pick_model", options, None, around))
    beside = _short(words.defaults(settings, around), _BESIDE)
    parts.append(text_of(f"{beside}\n{words.new_models(settings, around)}"))
    denied = settings.new_models == "deny"
    row = [
        setting("admin_new_allow" if denied else "admin_new_deny", "new", around, "allow" if denied else "deny"),
    ]
    if settings.default_model is not None:
        row.append(setting("admin_no_default", "no_default", around))
    if any(around.installed(name) is None for name in names):
        row.append(setting("admin_forget_models", "forget_models", around))
    turns = []
    if start > 0:
        turns.append(button("previous", admin_id("models", max(0, start - MODELS)), around.locale))
    if start + MODELS < len(names):
        turns.append(button("next", admin_id("models", start + MODELS), around.locale))
    return [*parts, Row(*row), *_gone(settings, around), back(around, *turns)]


def _model(of: str, settings: Settings, around: Around) -> list[Part]:
    found = [name for name in words.model_names(settings, around) if words.key_of(name) == of]
    if not found:
        return _models("", settings, around)
    name = found[0]
    rule = settings.models.get(name, ModelRule())
    offered = around.installed(name)
    lines = [words.model_line(settings, name, around)]
    if offered is not None:
        lines.append(words.model_facts(offered, around))
    parts: list[Part] = [text_of(around.say("admin_panel_models")), text_of("\n".join(lines))]
    allowed = words.standing(settings, name) == "allowed"
    row = [setting("admin_deny", "deny", around, of) if allowed else setting("admin_allow", "allow", around, of)]
    if allowed and offered is not None and not offered.instructs and name != settings.default_model:
        row.append(setting("admin_default", "default", around, of))
    parts.append(Row(*row))
    if allowed:
        parts += channel_menu("model_channels", "admin_pick_model_channels", rule.channels, around, of)
        parts += role_menu("model_roles", "admin_pick_model_roles", rule.roles, around, of)
    return [*parts, back(around, button("admin_models", admin_id("models"), around.locale))]


# Limits -----------------------------------------------------------------------------------------------------------


def _limits(of: str, settings: Settings, around: Around) -> list[Part]:
    forms: tuple[tuple[str, AdminForm], ...] = (
        ("admin_request", "request"),
        ("admin_upscale", "upscale"),
        ("admin_queue", "queue"),
        ("admin_budget", "budget"),
    )
    row = Row(*(button(word, admin_form_id(form, of), around.locale) for word, form in forms))
    if not of:
        text = admin_limits.limits(settings, around)
        roles = role_page_menu(admin_pick_id("limits"), "admin_pick_limits_role", around)
        return [
            text_of(around.say("admin_panel_limits")),
            text_of(text),
            row,
            roles,
            *_gone(settings, around),
            back(around),
        ]
    role = int(of)
    said = admin_limits.limit_parts(limits_of(settings, role), around)
    text = "\n".join(f"- {part}" for part in said) or around.say("admin_limit_none")
    turns = [button("admin_limits", admin_id("limits"), around.locale)]
    if said:
        turns.append(setting("admin_clear_limits", "clear_limits", around, of))
    return [
        text_of(around.say("admin_panel_limits_role", role=around.role(role))),
        text_of(text),
        row,
        back(around, *turns),
    ]


# Channels ---------------------------------------------------------------------------------------------------------


def _channels(_of: str, settings: Settings, around: Around) -> list[Part]:
    parts: list[Part] = [
        text_of(around.say("admin_panel_channels")),
        text_of(_short(admin_rules.channels(settings, around), _LIST)),
    ]
    parts += channel_menu("channels", "admin_pick_channels", settings.channels, around)
    parts += channel_menu("closed", "admin_pick_closed", settings.closed_channels, around)
    parts += channel_menu("private_channels", "admin_pick_private", settings.private_channels, around)
    if around.commands:
        options = [(f"/{name}", name) for name in around.commands[:CHOICES]]
        parts.append(menu(admin_pick_id("command"), "admin_pick_command", options, None, around))
    options = [(around.say(key), value) for value, key in _AGES.items()]
    parts.append(menu(admin_set_id("age"), "admin_pick_age", options, settings.age_restricted, around))
    threads, private = settings.threads, settings.allow_private
    row = Row(
        setting("admin_threads_off" if threads else "admin_threads_on", "threads", around, "off" if threads else "on"),
        setting("admin_private_off" if private else "admin_private_on", "private", around, "off" if private else "on"),
    )
    return [*parts, row, *_gone(settings, around), back(around)]


_AGES = {"allowed": "admin_age_menu_allowed", "only": "admin_age_menu_only", "never": "admin_age_menu_never"}


def _command(of: str, settings: Settings, around: Around) -> list[Part]:
    held = settings.command_channels.get(of, ())
    rule = admin_rules.command_rule(settings, of, around)
    text = text_of(f"{around.say('admin_panel_command', command=of)}\n{rule}\n{admin_rules.places(settings, around)}")
    chosen = channel_menu("command", "admin_pick_command_channels", held, around, of)
    return [text, *chosen, back(around, button("admin_channels", admin_id("channels"), around.locale))]


# Roles ------------------------------------------------------------------------------------------------------------


def _roles(_of: str, settings: Settings, around: Around) -> list[Part]:
    parts: list[Part] = [
        text_of(around.say("admin_panel_roles")),
        text_of(_short(admin_rules.roles(settings, around), _LIST)),
    ]
    parts.append(role_page_menu(admin_pick_id("role"), "admin_pick_role", around))
    who = options_of(around, everyone="admin_who_everyone", roles="admin_who_roles", author="admin_who_author")
    parts.append(menu(admin_set_id("press"), "admin_pick_press", who, settings.press, around))
    if settings.press == "roles":
        parts += role_menu("press_roles", "admin_pick_press_roles", settings.press_roles, around)
    who = options_of(around, everyone="admin_who_everyone", roles="admin_who_roles", nobody="admin_who_nobody")
    parts.append(menu(admin_set_id("history"), "admin_pick_history", who, settings.history, around))
    if settings.history == "roles":
        parts += role_menu("history_roles", "admin_pick_history_roles", settings.history_roles, around)
    parts.append(menu(admin_set_id("add"), "admin_pick_add", who, settings.add_adapters, around))
    if settings.add_adapters == "roles":
        parts += role_menu("add_roles", "admin_pick_add_roles", settings.adapter_roles, around)
    parts.append(menu(admin_set_id("train"), "admin_pick_train", who, settings.train, around))
    if settings.train == "roles":
        parts += role_menu("train_roles", "admin_pick_train_roles", settings.train_roles, around)
    approve = settings.approve_adapters
    word = "admin_approve_off" if approve else "admin_approve_on"
    row = Row(setting(word, "approve", around, "off" if approve else "on"))
    return [*parts, row, *_gone(settings, around), back(around)]


def _role(of: str, settings: Settings, around: Around) -> list[Part]:
    role = int(of)
    text = text_of(f"{around.say('admin_panel_roles')}\n{admin_rules.role_line(settings, role, around)}")
    options = options_of(
        around, priority="admin_lane_menu_priority", normal="admin_lane_menu_normal", relaxed="admin_lane_menu_relaxed"
    )
    lane = menu(admin_set_id("lane", of), "admin_pick_lane", options, settings.role_lanes.get(role, "normal"), around)
    row = [
        button("admin_weight", admin_form_id("weight", of), around.locale),
        button("admin_role_limits", admin_id("limits", of), around.locale),
    ]
    if role in settings.role_lanes or role in settings.role_weights:
        row.append(setting("admin_clear_role", "clear_role", around, of))
    return [text, lane, Row(*row), back(around, button("admin_roles", admin_id("roles"), around.locale))]


# Content ----------------------------------------------------------------------------------------------------------


def _content(_of: str, settings: Settings, around: Around) -> list[Part]:
    parts: list[Part] = [text_of(around.say("admin_panel_content")), text_of(admin_rules.content(settings, around))]
    forms: tuple[tuple[str, AdminForm], ...] = (
        ("admin_blocked", "blocked"),
        ("admin_warned", "warned"),
        ("admin_negative", "negative"),
    )
    parts.append(Row(*(button(word, admin_form_id(form), around.locale) for word, form in forms)))
    what = options_of(around, off="admin_check_menu_off", blur="admin_check_menu_blur", block="admin_check_menu_block")
    parts.append(menu(admin_set_id("check"), "admin_pick_check", what, settings.check, around))
    restricted = settings.check_age_restricted
    parts.append(menu(admin_set_id("check_restricted"), "admin_pick_check_restricted", what, restricted, around))
    return [*parts, back(around)]


_PAGES: Mapping[AdminPage, Callable[[str, Settings, Around], list[Part]]] = {
    "home": _home,
    "models": _models,
    "model": _model,
    "limits": _limits,
    "channels": _channels,
    "command": _command,
    "roles": _roles,
    "role": _role,
    "content": _content,
}
