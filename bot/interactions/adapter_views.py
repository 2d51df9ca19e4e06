"""LoRAs and embeddings as they are shown: one, a page of them, what waits to be approved, and what is offered."""

import asyncio
import io
from typing import Any, cast

import discord
from discord import ui
from discord.app_commands import Choice

from bot.attachments import SPOILER
from bot.rooms import Rooms
from bot.services.adapter_shelves import Seen
from bot.services.checks import Where
from bot.services.gallery import thumbnail_of
from bot.services.requests import Actor
from bot.texts import Mistake, say
from bot.ui import adapter_pages
from bot.ui.adapter_pages import ENTRIES, Filter, Shown
from bot.ui.choices import MOST, NAME_CHARACTERS, Choices
from bot.ui.custom_ids import AdapterVerb
from bot.ui.layouts import note
from bot.ui.plain import harmless
from inference.protocol.adapters import AdapterKind
from inference.protocol.messages import ModelInfo
from storage.adapters import MAX_NAME
from storage.styles import folded

_PREVIEW = "preview.png"


async def card(bot: Any, one: Seen, actor: Actor, title: str | None = None) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return all of an adapter, and the file of its preview. Raises StorageError."""
    shown, files = await _shown(bot, one, actor, small=False)
    return adapter_pages.adapter(shown, actor.locale, title), files


async def page(bot: Any, start: int, chosen: Filter, actor: Actor) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return a page of adapters, and the small pictures that it shows. Raises StorageError."""
    rooms: Rooms = bot.rooms
    adapters = rooms.adapters
    model = next((info for info in rooms.dispatcher.models if _is(info, chosen)), None)
    found = adapters.listed(
        actor,
        whose=None if chosen.whose == "all" else chosen.whose,
        kind=None if chosen.kind == "all" else cast(AdapterKind, chosen.kind),
        model=model,
    )
    if model is not None:
        chosen = Filter(whose=chosen.whose, kind=chosen.kind, model=model.name, model_hash=model.hash)
    start = min(max(0, start), max(0, len(found) - 1))
    shown: list[Shown] = []
    files: list[discord.File] = []
    for one in found[start : start + ENTRIES]:
        each, file = await _shown(bot, one, actor, small=True)
        shown.append(each)
        files += file
    nothing = not found and chosen == Filter()
    return adapter_pages.adapters(shown, start, len(found), chosen, actor.locale, nothing=nothing), files


def _is(info: ModelInfo, chosen: Filter) -> bool:
    return bool(chosen.model_hash) and info.kind == "checkpoint" and info.hash.startswith(chosen.model_hash)


async def queue(bot: Any, after: int, actor: Actor) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return what waits for a server's admins behind the adapter of that id. Raises Mistake and StorageError."""
    if actor.guild_id is None:
        raise Mistake("adapters_server")
    if not actor.manager:
        raise Mistake("adapters_manager")
    found = bot.rooms.adapters.waiting(actor.guild_id)
    left = [one for one in found if one.id > after] or found
    if not left:
        return adapter_pages.waiting(None, 0, actor.locale), []
    shown, files = await _shown(bot, left[0], actor, small=False)
    return adapter_pages.waiting(shown, len(found) - 1, actor.locale), files


async def _shown(bot: Any, one: Seen, actor: Actor, *, small: bool) -> tuple[Shown, list[discord.File]]:
    """Return an adapter as somebody sees it, and the file of its preview, `small` in a list."""
    rooms: Rooms = bot.rooms
    adapters = rooms.adapters
    data, hidden = await adapters.preview(one), False
    if data is not None and one.preview is not None:
        data, hidden = await rooms.checks.preview(one.preview, data, one.guild_id, Where.of(actor))
    if data is not None and small:
        data = await asyncio.to_thread(thumbnail_of, data)
    name = None if data is None else f"{SPOILER if hidden else ''}{f'{one.id}.jpg' if small else _PREVIEW}"
    guild: discord.Guild | None = None if one.guild_id is None else bot.get_guild(one.guild_id)
    # Under the name by which they can use it.
    named = next((each for each in adapters.visible(actor).values() if each.id == one.id), one)
    knows = one.owner_id == actor.member_id or one.guild_id == actor.guild_id
    shown = Shown(
        one=named,
        whose=adapters.whose(one, actor),
        bar=adapters.bar(one, actor),
        models=[info.name for info in rooms.dispatcher.models if info.adapter_family == one.family],
        preview=name,
        verbs=_verbs(rooms, one, actor),
        server=guild.name if guild is not None and knows else None,
    )
    return shown, [] if data is None or name is None else [discord.File(io.BytesIO(data), name)]


def _verbs(rooms: Rooms, one: Seen, actor: Actor) -> list[AdapterVerb]:
    """Return what somebody may do with an adapter."""
    verbs: list[AdapterVerb] = []
    if one.owner_id == actor.member_id:
        shared: AdapterVerb = "share" if one.visibility == "private" else "withdraw"
        offered = shared == "withdraw" or actor.guild_id is not None
        verbs += ["edit", "preview", *([shared] if offered else []), "removing"]
    if actor.manager and actor.guild_id is not None:
        waits = one in rooms.adapters.waiting(actor.guild_id)
        if waits and one.owner_id != actor.member_id:
            verbs.append("preview")
        if waits or one.hash in {each.hash for each in rooms.adapters.taken_away(actor.guild_id)}:
            verbs.append("approve")
        if one.owner_id != actor.member_id and (waits or rooms.adapters.bar(one, actor) is None):
            verbs.append("reject")
            if one.owner_id and one.guild_id == actor.guild_id:
                verbs.append("ban_owner")
    return verbs


def looked_up(rooms: Rooms, name: str, actor: Actor) -> Seen:
    """Return an adapter by its name: somebody's own, usable or not, or one that they may use. Raises Mistake."""
    shown = {folded(one.name): one for one in rooms.adapters.listed(actor)}
    found = shown.get(folded(name))
    return rooms.adapters.resolve(name, actor) if found is None else found


def loras_like(typed: str, model_name: str | None, rooms: Rooms, actor: Actor) -> Choices:
    """Return the adapters that fit a model, or the member's usual one, and whose name or trigger words were typed.

    What stands before the last comma stays, and so does a weight. From memory.
    """
    before, comma, last = typed.rpartition(",")
    kept = f"{before.strip()}{comma} " if comma else ""
    wanted, colon, weight = last.strip().partition(":")
    key, known = wanted.casefold().strip(), rooms.dispatcher.models
    checkpoints = [info for info in known if info.kind == "checkpoint" and not info.instructs]
    usual = rooms.people.defaults(actor.member_id).model
    model = next((info for name in (model_name, usual) for info in checkpoints if info.name == name), None)
    if model is None and not checkpoints:
        return []
    found = []
    for one in rooms.adapters.fitting(actor, model or checkpoints[0]):
        words = adapter_pages.choice_words(one, rooms.adapters.whose(one, actor), actor.locale)
        value = f"{kept}{one.name}{colon}{weight}"
        if key in f"{one.name} {' '.join(one.triggers)}".casefold() and len(value) <= NAME_CHARACTERS:
            begins = one.name.casefold().startswith(key)
            found.append((not begins, f"{kept}{words}"[:NAME_CHARACTERS], value))
    found.sort(key=lambda each: each[0])
    return [Choice(name=words, value=value) for _, words, value in found[:MOST]]


def removed(one: Seen, locale: str | None) -> ui.LayoutView:
    """Return the words for an adapter that is deleted."""
    return note(say("loras_removed", locale, name=harmless(one.name, MAX_NAME)))
