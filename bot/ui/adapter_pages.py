"""LoRAs and embeddings as they are shown. Pure: plain values in, a layout out."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.attachments import SPOILER
from bot.services.adapter_shelves import Bar, Seen, Whose
from bot.services.networks import family_name
from bot.texts import say
from bot.ui.custom_ids import AdapterShelf, AdapterVerb, adapter_id, adapters_id, adapters_queue_id
from bot.ui.layouts import button, gallery, layout, note
from bot.ui.plain import bar as progress_bar
from bot.ui.plain import harmless
from inference.prompt.weights import short
from storage.adapters import OPERATOR

Part = ui.Item[ui.LayoutView]

#: Adapters of a page: five components each, and eight around them.
ENTRIES = 5
MIB = 2**20
#: Characters that are shown: of a name, of trigger words in a list, of those of one adapter, of its description.
_NAME, _TRIGGERS, _ALL_TRIGGERS, _DESCRIPTION = 64, 120, 900, 1000
_MODELS = 5


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An adapter, as somebody sees it."""

    one: Seen
    whose: Whose
    #: Why it cannot be used where they are; None where it can.
    bar: Bar | None = None
    #: Names of the installed models that it fits.
    models: Sequence[str] = ()
    #: Under which name its preview is attached.
    preview: str | None = None
    #: What may be done with it.
    verbs: Sequence[AdapterVerb] = ()
    #: The server where it was brought, as far as it is theirs to know.
    server: str | None = None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which adapters a list shows."""

    whose: AdapterShelf = "all"
    #: "lora", "embedding" or "all".
    kind: str = "all"
    #: The name of the model that they fit, and how its hash begins; "" for any.
    model: str = ""
    model_hash: str = ""

    def button_id(self, start: int) -> str:
        """Return the custom id of a button that shows them from that place on."""
        return adapters_id(start, self.whose, self.kind, self.model_hash)


def adapters(
    shown: Sequence[Shown], start: int, count: int, chosen: Filter, locale: str | None, *, nothing: bool = False
) -> ui.LayoutView:
    """Return a page of adapters, of which the first is number `start` of `count`; `nothing` where nobody has any."""
    if not shown:
        key = "loras_empty" if nothing else "loras_none_such"
        return layout(ui.TextDisplay(say(key, locale)))
    title = say("loras_title", locale, first=start + 1, last=start + len(shown), count=count)
    if chosen.model:
        title += f"\n-# {say('loras_for_model', locale, model=harmless(chosen.model, _NAME))}"
    parts: list[Part] = [ui.TextDisplay(title)]
    for each in shown:
        parts.append(_entry(each, locale))
        parts.append(ui.ActionRow(_verb("info", each.one, locale)))
    turns = []
    if start > 0:
        turns.append(button("previous", chosen.button_id(max(0, start - ENTRIES)), locale))
    if start + len(shown) < count:
        turns.append(button("next", chosen.button_id(start + len(shown)), locale))
    if turns:
        parts += [ui.Separator(), ui.ActionRow(*turns)]
    return layout(*parts)


def adapter(shown: Shown, locale: str | None, title: str | None = None) -> ui.LayoutView:
    """Return all that somebody may know of an adapter, with what they may do with it."""
    return layout(*_card(shown, locale, title))


def waiting(shown: Shown | None, left: int, locale: str | None) -> ui.LayoutView:
    """Return the next adapter that waits for a server's admins; None where none does, `left` behind it."""
    if shown is None:
        return note(say("loras_queue_empty", locale))
    parts = _card(shown, locale, say("loras_queue_title", locale, left=left))
    if left:
        parts.append(ui.ActionRow(button("next", adapters_queue_id(shown.one.id), locale)))
    return layout(*parts)


def really(one: Seen, locale: str | None) -> ui.LayoutView:
    """Return the question before an adapter is deleted."""
    text = say("loras_really", locale, name=harmless(one.name, _NAME))
    row = ui.ActionRow[ui.LayoutView](
        button("adapter_remove", adapter_id("remove", one.id), locale, discord.ButtonStyle.danger)
    )
    return layout(ui.TextDisplay(text), row)


def fetching(done: int, total: int, locale: str | None) -> ui.LayoutView:
    """Return how far a file is on its way; `total` is 0 where that is not known."""
    amount = _size(done, locale)
    if total:
        share = min(1.0, done / total)
        amount = f"{progress_bar(share)} {say('loras_of', locale, amount=amount, total=_size(total, locale))}"
    return note(say("loras_fetching", locale, amount=amount))


def inspecting(locale: str | None) -> ui.LayoutView:
    """Return that a file is being looked at."""
    return note(say("loras_inspecting", locale))


def banned(members: Sequence[int], locale: str | None) -> str:
    """Return who may bring nothing to a server."""
    if not members:
        return say("loras_banned_none", locale)
    return say("loras_banned", locale, members=", ".join(f"<@{member}>" for member in members[:50]))


def choice_words(one: Seen, whose: Whose, locale: str | None) -> str:
    """Return what a menu says of an adapter: its name, its trigger words, whose it is."""
    parts = [one.name, one.form if one.kind == "lora" else "embedding", say(f"adapters_whose_{whose}", locale)]
    if one.triggers:
        parts.append(", ".join(one.triggers[:3]))
    return " · ".join(parts)


def _entry(shown: Shown, locale: str | None) -> Part:
    one = shown.one
    lines = [_heading(shown, locale)]
    if one.triggers:
        triggers = harmless(", ".join(one.triggers), _TRIGGERS)
        lines.append(f"-# {say('loras_triggers', locale, words=triggers)}")
    if shown.bar is not None:
        lines.append(f"-# {_why(shown, locale)}")
    text = "\n".join(lines)
    if shown.preview is None:
        return ui.TextDisplay(text)
    hidden = shown.preview.startswith(SPOILER)
    return ui.Section(text, accessory=ui.Thumbnail(f"attachment://{shown.preview}", spoiler=hidden))


def _heading(shown: Shown, locale: str | None) -> str:
    one = shown.one
    whose = _whose(shown, locale)
    return f"**{harmless(one.name, _NAME)}** · {one.form} · {family_name(one.family)} · {whose}"


def _whose(shown: Shown, locale: str | None) -> str:
    """Return whose an adapter is, by name where it is another member's."""
    words = say(f"adapters_whose_{shown.whose}", locale)
    if shown.whose in ("own", "operator") or shown.one.owner_id == OPERATOR:
        return words
    return say("loras_by", locale, whose=words, member=f"<@{shown.one.owner_id}>")


def _card(shown: Shown, locale: str | None, title: str | None) -> list[Part]:
    one = shown.one
    parts: list[Part] = []
    if title:
        parts.append(ui.TextDisplay(f"### {title}"))
    lines = [_heading(shown, locale)]
    if one.description:
        lines.append(harmless(one.description, _DESCRIPTION))
    lines.append(say("loras_use", locale, text=_use(one)))
    if one.triggers:
        words = harmless(", ".join(one.triggers), _ALL_TRIGGERS)
        lines.append(say("loras_triggers", locale, words=words))
    lines.append(_models(shown, locale))
    parts.append(ui.TextDisplay("\n".join(lines)))
    parts.append(ui.TextDisplay(f"-# {_small(shown, locale)}"))
    if shown.bar is not None:
        parts.append(ui.TextDisplay(_why(shown, locale)))
    if shown.preview is not None:
        parts.append(gallery([shown.preview]))
    if shown.verbs:
        parts.append(ui.ActionRow(*(_verb(verb, one, locale) for verb in shown.verbs[:5])))
    if len(shown.verbs) > 5:
        parts.append(ui.ActionRow(*(_verb(verb, one, locale) for verb in shown.verbs[5:10])))
    return parts


def _use(one: Seen) -> str:
    """Return what a prompt says to use an adapter; its name cannot end a code span."""
    return f"`{one.name}`" if one.kind == "embedding" else f"`<lora:{one.name}:{short(one.weight)}>`"


def _models(shown: Shown, locale: str | None) -> str:
    if not shown.models:
        return say("loras_models_none", locale, family=family_name(shown.one.family))
    names = ", ".join(harmless(name, _NAME) for name in shown.models[:_MODELS])
    return say("loras_models", locale, models=f"{names} …" if len(shown.models) > _MODELS else names)


def _small(shown: Shown, locale: str | None) -> str:
    one = shown.one
    parts = [_size(one.bytes, locale)]
    if one.rank:
        parts.append(say("loras_rank", locale, rank=one.rank))
    if one.vectors:
        parts.append(say("loras_vectors", locale, vectors=one.vectors))
    parts.append(say("loras_since", locale, when=f"<t:{int(one.created_at)}:D>"))
    if shown.server is not None:
        parts.append(say("loras_server", locale, name=harmless(shown.server, _NAME)))
    if shown.whose == "own":
        parts.append(say(f"loras_visibility_{one.visibility}", locale))
    parts.append(one.hash[:12])
    return " · ".join(parts)


def _why(shown: Shown, locale: str | None) -> str:
    """Return why an adapter cannot be used here."""
    assert shown.bar is not None
    return say(shown.bar, locale, name=harmless(shown.one.name, _NAME))


def _size(size: int, locale: str | None) -> str:
    return say("loras_kib", locale, n=max(1, size // 1024)) if size < MIB else say("loras_mib", locale, n=size // MIB)


_STYLES = {
    "approve": discord.ButtonStyle.success,
    "reject": discord.ButtonStyle.danger,
    "ban_owner": discord.ButtonStyle.danger,
    "removing": discord.ButtonStyle.danger,
}


def _verb(verb: AdapterVerb, one: Seen, locale: str | None) -> ui.Button[ui.LayoutView]:
    style = _STYLES.get(verb, discord.ButtonStyle.secondary)
    return button(f"adapter_{verb}", adapter_id(verb, one.id), locale, style)
