"""Styles as they are shown. Pure: plain values in, a layout out."""

from collections.abc import Sequence

from discord import ui

from bot.services.style_shelves import Listed
from bot.services.styles import Imported
from bot.texts import Mistake, out_of_range, say
from bot.ui.custom_ids import styles_id
from bot.ui.layouts import button, layout
from bot.ui.plain import harmless
from inference.protocol.limits import OutOfRange
from storage.styles import StyleSettings

Part = ui.Item[ui.LayoutView]

#: Styles of a page; and of one, the characters that are shown of its name, its words and the words that it keeps out.
STYLE_ENTRIES = 5
_STYLE_NAME, _STYLE_WORDS, _STYLE_NEGATIVE, _STYLE_SETTING = 60, 120, 60, 30
_WHOSE = {"own": "style_own", "server": "style_server", "operator": "style_operator"}
#: What was left out of a file, as far as it is told.
_SKIPPED, _WHY = 8, 250


def styles(listed: Sequence[Listed], start: int, locale: str | None) -> ui.LayoutView:
    """Return a page of styles, from the one at `start` on."""
    if not listed:
        return layout(ui.TextDisplay(say("styles_empty", locale)))
    start = min(max(0, start), len(listed) - 1)
    end = min(start + STYLE_ENTRIES, len(listed))
    title = say("styles_title", locale, first=start + 1, last=end, count=len(listed))
    parts: list[Part] = [ui.TextDisplay(title)]
    parts += [ui.TextDisplay(_style(one, locale)) for one in listed[start:end]]
    turns = []
    if start > 0:
        turns.append(button("previous", styles_id(max(0, start - STYLE_ENTRIES)), locale))
    if end < len(listed):
        turns.append(button("next", styles_id(end), locale))
    if turns:
        parts += [ui.Separator(), ui.ActionRow(*turns)]
    return layout(*parts)


def saved_style(listed: Listed, locale: str | None, shared: bool = False) -> ui.LayoutView:
    """Return a style that was written just now."""
    title = say("style_shared" if shared else "style_saved", locale)
    return layout(ui.TextDisplay(title), ui.TextDisplay(_style(listed, locale)))


def removed_style(listed: Listed, locale: str | None) -> str:
    """Return the words for a style that is gone."""
    return say("style_removed", locale, name=harmless(listed.name, _STYLE_NAME))


def imported_styles(imported: Imported, locale: str | None) -> ui.LayoutView:
    """Return what became of a file of styles."""
    skipped = imported.skipped
    counts = say("styles_imported", locale, added=imported.added, replaced=imported.replaced, skipped=len(skipped))
    lines = [
        say("styles_skipped", locale, line=one.line, name=harmless(one.name, _STYLE_NAME), why=_why(one.why, locale))
        for one in skipped[:_SKIPPED]
    ]
    if len(skipped) > _SKIPPED:
        lines.append(say("styles_skipped_more", locale, count=len(skipped) - _SKIPPED))
    parts: list[Part] = [ui.TextDisplay(counts)]
    if lines:
        parts.append(ui.TextDisplay("\n".join(f"-# {line}" for line in lines)))
    return layout(*parts)


def exported_styles(count: int, file_name: str, locale: str | None) -> ui.LayoutView:
    """Return a list of styles, attached under `file_name`."""
    text = ui.TextDisplay[ui.LayoutView](say("styles_exported", locale, count=count))
    return layout(text, ui.File(f"attachment://{file_name}"))


def _style(one: Listed, locale: str | None) -> str:
    style, settings = one.style, _style_settings(one.style.settings, locale)
    lines = [f"**{harmless(one.name, _STYLE_NAME) or '…'}** · {say(_WHOSE[one.whose], locale)}"]
    if style.prompt.strip():
        lines.append(harmless(style.prompt, _STYLE_WORDS))
    if style.negative.strip():
        lines.append(f"-# {say('style_without', locale, words=harmless(style.negative, _STYLE_NEGATIVE))}")
    if settings:
        lines.append(f"-# {settings}")
    return "\n".join(lines)


def _style_settings(settings: StyleSettings, locale: str | None) -> str:
    parts = [say("style_steps", locale, value=settings.steps)] if settings.steps is not None else []
    if settings.guidance is not None:
        parts.append(say("style_guidance", locale, value=f"{settings.guidance:g}"))
    named = (settings.sampler, settings.size, settings.model)
    return " · ".join([*parts, *(harmless(text, _STYLE_SETTING) for text in named if text)])


def _why(error: Mistake | OutOfRange, locale: str | None) -> str:
    """Return why a style was left out, on one line and no longer than a list wants it."""
    if not isinstance(error, Mistake):
        return harmless(out_of_range(error, locale), _WHY)
    texts = {name: harmless(value, _STYLE_NAME) for name, value in error.values.items() if isinstance(value, str)}
    return say(error.key, locale, **{**error.values, **texts})[:_WHY]
