"""The forms of the panel: numbers and words that are set together."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import discord
import msgspec

from bot.interactions import forms
from bot.interactions.admin import change, require_admin, settings_of
from bot.interactions.forms import Filled, filled, fits, menu_part, text_part
from bot.services import amounts, changes
from bot.services.changes import Changes, limits_of
from bot.services.guilds import MAX_NEGATIVE_CHARACTERS, Limits, Settings
from bot.services.word_lists import Kind, List, add_words, words_in
from bot.texts import Mistake, say
from bot.ui.custom_ids import ADMIN_FORM, AdminForm, AdminPage, admin_form_id
from inference.protocol.limits import MAX_COUNT, MAX_IMAGE_PIXELS, MAX_STEPS
from storage.guilds import MAX_KEEP_DAYS, MOST

Interaction = discord.Interaction[Any]
Part = forms.Part

#: Characters of a number.
_SHORT = 20
_LEAST_PIXELS, _LEAST_LARGER = 64 * 64, 1_000_000


async def open_form(interaction: Interaction, form: AdminForm, of: str) -> None:
    """Open a form with what is set. Raises Mistake where a form cannot hold it."""
    locale, settings = str(interaction.locale), settings_of(interaction)
    title = say("admin_negative_title" if form == "negative" else _TITLES[form], locale)
    await forms.open_form(interaction, admin_form_id(form, of), title, _PARTS[form](settings, of, locale))


def sent(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is one of these forms that was sent in."""
    return filled(interaction, ADMIN_FORM)


async def take(interaction: Interaction, form: Filled) -> tuple[AdminPage, str, Settings]:
    """Set what was filled in; return the page that shows it. Raises Mistake, StorageError."""
    require_admin(interaction)
    name, of = cast(AdminForm, form.found["form"]), form.found["of"] or ""
    make = _TAKEN[name](form, of)
    message = interaction.message
    if message is not None and message.flags.ephemeral:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)
    page, about = _PAGES[name]
    return page, of if about else "", await change(interaction, make)


_TITLES: Mapping[AdminForm, str] = {
    "request": "admin_form_request",
    "upscale": "admin_form_upscale",
    "queue": "admin_form_queue",
    "budget": "admin_form_budget",
    "weight": "admin_form_weight",
    "blocked": "admin_form_blocked",
    "warned": "admin_form_warned",
    "keep": "admin_form_keep",
}
_PAGES: Mapping[AdminForm, tuple[AdminPage, bool]] = {
    "request": ("limits", True),
    "upscale": ("limits", True),
    "queue": ("limits", True),
    "budget": ("limits", True),
    "weight": ("role", True),
    "blocked": ("content", False),
    "warned": ("content", False),
    "negative": ("content", False),
    "keep": ("home", False),
}

# What they hold ---------------------------------------------------------------------------------------------------


def _number(name: str, value: object, locale: str, hint: str = "admin_hint_empty") -> Part:
    """Return a field for a number, or for nothing."""
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    label = say(f"admin_field_{name}", locale)
    return text_part(name, label, text, description=say(hint, locale), long=False, most=_SHORT)


def _role(of: str) -> int | None:
    return int(of) if of else None


def _held(settings: Settings, of: str) -> Limits:
    return limits_of(settings, _role(of))


def _request(settings: Settings, of: str, locale: str) -> list[Part]:
    held = _held(settings, of)
    return [
        _number("steps", held.steps, locale),
        _number("pixels", held.pixels, locale, "admin_hint_pixels"),
        _number("count", held.count, locale),
    ]


def _upscale(settings: Settings, of: str, locale: str) -> list[Part]:
    held = _held(settings, of)
    return [
        _number("upscale", held.upscale, locale),
        _number("upscale_pixels", held.upscale_pixels, locale, "admin_hint_pixels"),
    ]


def _queue(settings: Settings, of: str, locale: str) -> list[Part]:
    own = _number("waiting", _held(settings, of).waiting, locale)
    return [own] if of else [own, _number("server_waiting", settings.waiting, locale)]


def _budget(settings: Settings, of: str, locale: str) -> list[Part]:
    held = _held(settings, of)
    parts = [
        _number("daily_seconds", held.daily_seconds, locale, "admin_hint_seconds"),
        _number("daily_pictures", held.daily_pictures, locale),
        _number("weekly_seconds", held.weekly_seconds, locale, "admin_hint_seconds"),
        _number("weekly_pictures", held.weekly_pictures, locale),
    ]
    if of:
        return parts
    options = [
        (say("admin_past_menu_relaxed", locale), "relaxed"),
        (say("admin_past_menu_refuse", locale), "refuse"),
    ]
    return [*parts, menu_part("past", say("admin_field_past", locale), options, settings.past_budget)]


def _weight(settings: Settings, of: str, locale: str) -> list[Part]:
    return [_number("weight", settings.role_weights.get(int(of)), locale, "admin_hint_weight")]


def _words(words: tuple[str, ...], locale: str) -> list[Part]:
    text = "\n".join(words)
    if not fits(text):
        raise Mistake("admin_long_list", count=len(words))
    return [text_part("words", say("admin_field_words", locale), text)]


def _negative(settings: Settings, _of: str, locale: str) -> list[Part]:
    label = say("admin_negative_label", locale)
    return [text_part("negative", label, settings.negative_prompt, most=MAX_NEGATIVE_CHARACTERS)]


_PARTS: Mapping[AdminForm, Callable[[Settings, str, str], list[Part]]] = {
    "request": _request,
    "upscale": _upscale,
    "queue": _queue,
    "budget": _budget,
    "weight": _weight,
    "blocked": lambda settings, _of, locale: _words(settings.blocked_words, locale),
    "warned": lambda settings, _of, locale: _words(settings.warned_words, locale),
    "negative": _negative,
    "keep": lambda settings, _of, locale: [_number("keep", settings.keep_days, locale)],
}

# What comes back --------------------------------------------------------------------------------------------------

_Make = Callable[[Settings], Changes]


def _take_request(form: Filled, of: str) -> _Make:
    text = form.texts
    return _limits(
        of,
        steps=amounts.whole(text["steps"], 1, MAX_STEPS),
        pixels=amounts.pixels(text["pixels"], _LEAST_PIXELS, MAX_IMAGE_PIXELS),
        count=amounts.whole(text["count"], 1, MAX_COUNT),
    )


def _take_upscale(form: Filled, of: str) -> _Make:
    text = form.texts
    return _limits(
        of,
        upscale=amounts.factor(text["upscale"]),
        upscale_pixels=amounts.pixels(text["upscale_pixels"], _LEAST_LARGER, MAX_IMAGE_PIXELS),
    )


def _take_queue(form: Filled, of: str) -> _Make:
    own = _limits(of, waiting=amounts.whole(form.texts["waiting"], 0, MOST))
    if of:
        return own
    waiting = amounts.whole(form.texts["server_waiting"], 0, MOST)
    return lambda now: {**own(now), "waiting": waiting}


def _take_budget(form: Filled, of: str) -> _Make:
    text = form.texts
    budget = _limits(
        of,
        daily_seconds=amounts.seconds(text["daily_seconds"], MOST),
        daily_pictures=amounts.whole(text["daily_pictures"], 0, MOST),
        weekly_seconds=amounts.seconds(text["weekly_seconds"], MOST),
        weekly_pictures=amounts.whole(text["weekly_pictures"], 0, MOST),
    )
    past = text.get("past", "")
    return (lambda now: {**budget(now), "past_budget": past}) if past else budget


def _limits(of: str, **values: Any) -> _Make:
    return lambda now: changes.limit(now, _role(of), values)


def _take_weight(form: Filled, of: str) -> _Make:
    weight = amounts.weight(form.texts["weight"])
    return lambda now: changes.role_weight(now, int(of), weight)


def _take_words(kind: Kind, field: List, form: Filled) -> _Make:
    words = words_in(form.texts["words"])

    def make(now: Settings) -> Changes:
        return {field: ()} | add_words(msgspec.structs.replace(now, **{field: ()}), kind, words).changes

    return make


def _take_keep(form: Filled, _of: str) -> _Make:
    days = amounts.whole(form.texts["keep"], 1, MAX_KEEP_DAYS)
    return lambda _now: {"keep_days": days}


def _take_negative(form: Filled, _of: str) -> _Make:
    text = form.texts["negative"].strip()
    return lambda _now: {"negative_prompt": text}


_TAKEN: Mapping[AdminForm, Callable[[Filled, str], _Make]] = {
    "request": _take_request,
    "upscale": _take_upscale,
    "queue": _take_queue,
    "budget": _take_budget,
    "weight": _take_weight,
    "blocked": lambda form, _of: _take_words("block", "blocked_words", form),
    "warned": lambda form, _of: _take_words("warn", "warned_words", form),
    "negative": _take_negative,
    "keep": _take_keep,
}
