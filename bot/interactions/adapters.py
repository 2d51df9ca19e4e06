"""LoRAs and embeddings in Discord: brought in, shown, and what their buttons and forms do."""

import asyncio
import io
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import discord
from discord import ui
from discord.app_commands import Choice

from bot.errors import EaselError
from bot.interactions.answers import actor_of, show, target_of, tell, words_for
from bot.interactions.buttons import Button
from bot.interactions.files import Sent, saved
from bot.interactions.forms import Filled, file_part, filled, menu_part, open_form, text_part
from bot.rooms import Rooms
from bot.services.adapter_values import checked_name
from bot.services.adapters import Seen, triggers_of
from bot.services.gallery import thumbnail_of
from bot.services.generation import Actor, acknowledged
from bot.services.inspecting import inspect
from bot.texts import Mistake, say
from bot.ui import adapter_pages, custom_ids
from bot.ui.adapter_pages import ENTRIES, Filter, Shown
from bot.ui.choices import MOST, NAME_CHARACTERS, Choices
from bot.ui.custom_ids import AdapterShelf, AdapterVerb
from bot.ui.layouts import note
from bot.ui.plain import harmless
from inference.protocol.adapters import AdapterKind
from inference.protocol.messages import ModelInfo
from storage.adapters import MAX_DESCRIPTION, MAX_NAME, MAX_TRIGGER, MAX_TRIGGERS, Visibility
from storage.styles import folded

Interaction = discord.Interaction[Any]

log = logging.getLogger("easel.adapters")

#: What their files end in.
ENDINGS = (".safetensors", ".pt", ".bin", ".ckpt", ".pth")
_FILE, _NAME, _TRIGGERS, _WEIGHT, _VISIBILITY, _DESCRIPTION = (
    *("file", "name", "triggers", "weight", "visibility", "description"),
)
_VISIBILITIES: tuple[Visibility, ...] = ("private", "server", "public")
#: Between two looks at how far a file is.
_PROGRESS_SECONDS = 2.0
_PREVIEW = "preview.png"
_LINK = re.compile(r"https://[^\s<>)]+")


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What somebody says of a file that they bring. None where nothing was said."""

    #: The file, or a link to it.
    source: Sent | str
    name: str | None = None
    triggers: tuple[str, ...] | None = None
    weight: float = 1.0
    description: str = ""
    visibility: Visibility = "private"


# Bringing -------------------------------------------------------------------------------------------------------------


class _Progress:
    """Shows how far a file is in the place of the answer, now and then; takes it away where something goes wrong."""

    def __init__(self, interaction: Interaction) -> None:
        self._interaction = interaction
        self._shown = False
        self._next = time.monotonic() + _PROGRESS_SECONDS
        self._task: asyncio.Task[None] | None = None

    def fetching(self, done: int, total: int) -> None:
        """Show how many bytes are there."""
        if time.monotonic() >= self._next and (self._task is None or self._task.done()):
            self._next = time.monotonic() + _PROGRESS_SECONDS
            view = adapter_pages.fetching(done, total, str(self._interaction.locale))
            self._task = asyncio.create_task(self._show(view))

    async def inspecting(self) -> None:
        """Show that the file is being looked at."""
        await self._settled()
        await self._show(adapter_pages.inspecting(str(self._interaction.locale)))

    async def is_shown(self) -> bool:
        """Tell whether anything was shown, and show nothing more."""
        await self._settled()
        return self._shown

    async def take_back(self) -> None:
        """Take away what was shown."""
        await self._settled()
        if self._shown:
            try:
                await self._interaction.delete_original_response()
            except discord.HTTPException as error:
                log.info("how far a file was stays: %s", error)

    async def _settled(self) -> None:
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _show(self, view: ui.LayoutView) -> None:
        try:
            await self._interaction.edit_original_response(view=view)
            self._shown = True
        except discord.HTTPException as error:
            log.info("how far a file is cannot be shown: %s", error)


async def bring(interaction: Interaction, brought: Brought) -> None:
    """Fetch a file, look at it, keep it, show it, and have a preview painted; the member alone sees it.

    Raises Mistake for whatever is wrong with it, StorageError.
    """
    await interaction.response.defer(ephemeral=True, thinking=True)
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    if brought.name is not None:
        checked_name(brought.name)
    progress = _Progress(interaction)
    try:
        one = await _brought(rooms, brought, actor, progress)
    except Exception as error:
        if not await progress.is_shown():
            raise
        await interaction.edit_original_response(view=note(words_for(error, actor.locale)))
        return
    shown = await _previewed(interaction, one, actor)
    if not shown:
        await progress.take_back()
    waits = actor.guild_id is not None and one in rooms.adapters.waiting(actor.guild_id)
    title = "loras_added_waits" if waits else "loras_added" if shown else "loras_added_alone"
    await show(interaction, *await card(interaction.client, one, actor, say(title, actor.locale)))


async def _previewed(interaction: Interaction, one: Seen, actor: Actor) -> bool:
    """Have a preview painted, in the place of how far the file was; return False where that cannot be just now."""
    target = target_of(interaction, private=True)
    try:
        await interaction.client.rooms.previews.paint(one, None, actor, target, acknowledged)
    except (EaselError, ValueError) as error:
        log.info("adapter %d has no preview yet: %s", one.id, error)
        return False
    return True


async def _brought(rooms: Rooms, brought: Brought, actor: Actor, progress: _Progress) -> Seen:
    async with rooms.adapters.intake(actor) as intake:
        if isinstance(brought.source, Sent):
            file_name = brought.source.name
            # Its own name never becomes a path; only its ending matters.
            path = intake.folder / f"sent{_ending(file_name)}"
            await saved(brought.source, path, intake.most_bytes, progress.fetching)
        else:
            fetched = await rooms.links.fetch(
                brought.source, intake.folder, limit_bytes=intake.most_bytes, on_progress=progress.fetching
            )
            path, file_name = fetched.path, fetched.name
        await progress.inspecting()
        report = await inspect(path, intake.target)
        return await rooms.adapters.add(
            actor,
            report,
            intake.target,
            name=brought.name,
            file_name=file_name,
            triggers=brought.triggers,
            weight=brought.weight,
            description=brought.description,
            visibility=brought.visibility,
        )


def _ending(name: str) -> str:
    return next((ending for ending in ENDINGS if name.lower().endswith(ending)), ".bin")


def source_in(message: discord.Message) -> Sent | str:
    """Return the first file of a message that may be an adapter, or the first link. Raises Mistake."""
    for file in message.attachments:
        if file.filename.lower().endswith(ENDINGS):
            return Sent.of(file)
    if message.attachments:
        raise Mistake("loras_ending", name=message.attachments[0].filename)
    if (link := _LINK.search(message.content)) is not None:
        return link[0]
    raise Mistake("loras_none_there")


# Forms ----------------------------------------------------------------------------------------------------------------


async def open_add_form(interaction: Interaction) -> None:
    """Open the form that takes a file. Raises Mistake for who may bring none, before they fill it in."""
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    rooms.adapters.room(actor)
    locale = actor.locale
    parts = [
        file_part(_FILE, say("loras_form_file", locale), say("loras_form_file_hint", locale)),
        text_part(
            _NAME, say("loras_form_name", locale), description=say("loras_form_name_hint", locale), long=False, most=64
        ),
        _triggers_part((), locale),
        _weight_part("", locale),
        _visibility_part(rooms, actor, "private"),
    ]
    await open_form(interaction, custom_ids.ADAPTER_ADD_ID, say("loras_form_title", locale), parts)


def added(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is the form that takes a file."""
    return filled(interaction, custom_ids.ADAPTER_ADD)


async def bring_filled(interaction: Interaction, form: Filled) -> None:
    """Bring what a form says. Raises as `bring` does."""
    file = form.files.get(_FILE)
    if file is None:
        raise Mistake("loras_no_file")
    words = form.texts.get(_TRIGGERS, "")
    brought = Brought(
        source=file,
        name=form.texts.get(_NAME, "").strip() or None,
        triggers=triggers_of(words) if words.strip() else None,
        weight=weight_of(form.texts.get(_WEIGHT, "")),
        visibility=_visibility(form.texts.get(_VISIBILITY, "")),
    )
    await bring(interaction, brought)


async def open_edit_form(interaction: Interaction, one: Seen) -> None:
    """Open the form that changes what is said of somebody's own."""
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    locale = actor.locale
    parts = [
        text_part(_NAME, say("loras_form_name", locale), one.name, long=False, most=MAX_NAME, required=True),
        text_part(_DESCRIPTION, say("loras_form_description", locale), one.description, most=MAX_DESCRIPTION),
        _triggers_part(one.triggers, locale),
        _weight_part(f"{one.weight:g}", locale),
        _visibility_part(rooms, actor, one.visibility),
    ]
    title = say("loras_form_edit", locale)
    await open_form(interaction, custom_ids.adapter_edit_id(one.id), title, parts)


def edited(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is the form that changes one."""
    return filled(interaction, custom_ids.ADAPTER_EDIT)


async def edit_filled(interaction: Interaction, form: Filled) -> None:
    """Change what a form says. Raises Mistake, StorageError."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    number = int(form.found["id"])
    before = rooms.adapters.editable_by_id(actor, number)
    changed = await rooms.adapters.edit(
        actor,
        number,
        name=form.texts.get(_NAME, before.name),
        description=form.texts.get(_DESCRIPTION, ""),
        triggers=triggers_of(form.texts.get(_TRIGGERS, "")),
        weight=weight_of(form.texts.get(_WEIGHT, "")),
    )
    wanted = _visibility(form.texts.get(_VISIBILITY, ""), before.visibility)
    if wanted != changed.visibility:
        changed = await rooms.adapters.share(actor, number, wanted)
    view, files = await card(interaction.client, changed, actor, say("loras_changed", actor.locale))
    await show(interaction, view, files)


def weight_of(text: str) -> float:
    """Return a weight that somebody wrote; nothing is 1. Raises Mistake."""
    if not text.strip():
        return 1.0
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise Mistake("adapters_weight", text=text.strip(), most="2") from None


def _triggers_part(words: Sequence[str], locale: str | None) -> ui.Label[Any]:
    label, hint = say("loras_form_triggers", locale), say("loras_form_triggers_hint", locale)
    most = MAX_TRIGGERS * (MAX_TRIGGER + 2)
    return text_part(_TRIGGERS, label, ", ".join(words), description=hint, long=False, most=most)


def _weight_part(text: str, locale: str | None) -> ui.Label[Any]:
    label, hint = say("loras_form_weight", locale), say("loras_form_weight_hint", locale)
    return text_part(_WEIGHT, label, text, description=hint, long=False, most=10)


def _visibility_part(rooms: Rooms, actor: Actor, chosen: Visibility) -> ui.Label[Any]:
    offered = [
        each
        for each in _VISIBILITIES
        if each in ("private", chosen)
        or (each == "server" and actor.guild_id is not None)
        or (each == "public" and rooms.adapters.limits.public)
    ]
    options = [(say(f"loras_visibility_{each}", actor.locale), each) for each in offered]
    return menu_part(_VISIBILITY, say("loras_form_visibility", actor.locale), options, chosen)


def _visibility(text: str, otherwise: Visibility = "private") -> Visibility:
    return next((each for each in _VISIBILITIES if each == text), otherwise)


# Showing --------------------------------------------------------------------------------------------------------------


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
    data = await adapters.preview(one)
    if data is not None and small:
        data = await asyncio.to_thread(thumbnail_of, data)
    name = None if data is None else f"{one.id}.jpg" if small else _PREVIEW
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


# Buttons --------------------------------------------------------------------------------------------------------------


def _found(interaction: Interaction, number: int) -> Seen:
    """Return an adapter that somebody may look at. Raises Mistake for what is gone, or not theirs to see."""
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    one: Seen | None = rooms.adapters.get(number)
    if one is None:
        raise Mistake("gone")
    manages = actor.manager and one.guild_id == actor.guild_id
    if one.owner_id != actor.member_id and not manages and rooms.adapters.bar(one, actor) == "adapters_unseen":
        raise Mistake("gone")
    return one


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


async def _info(interaction: Interaction, number: int) -> None:
    one = _found(interaction, number)
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show(interaction, *await card(interaction.client, one, actor_of(interaction)))


async def _edit(interaction: Interaction, number: int) -> None:
    rooms = interaction.client.rooms
    await open_edit_form(interaction, rooms.adapters.editable_by_id(actor_of(interaction), number))


async def _share(interaction: Interaction, number: int) -> None:
    await interaction.response.defer()
    actor = actor_of(interaction)
    await _again(interaction, await interaction.client.rooms.adapters.share(actor, number, "server"))


async def _withdraw(interaction: Interaction, number: int) -> None:
    await interaction.response.defer()
    await _again(interaction, await interaction.client.rooms.adapters.withdraw(actor_of(interaction), number))


async def _again(interaction: Interaction, one: Seen) -> None:
    """Show an adapter as it is now, in the place of how it was."""
    view, files = await card(interaction.client, one, actor_of(interaction))
    await interaction.edit_original_response(view=view, attachments=files)


async def _removing(interaction: Interaction, number: int) -> None:
    actor = actor_of(interaction)
    one = interaction.client.rooms.adapters.editable_by_id(actor, number)
    await show(interaction, adapter_pages.really(one, actor.locale))


async def _remove(interaction: Interaction, number: int) -> None:
    await interaction.response.defer()
    actor = actor_of(interaction)
    one = await interaction.client.rooms.adapters.remove(actor, number)
    await interaction.edit_original_response(view=removed(one, actor.locale))


def removed(one: Seen, locale: str | None) -> ui.LayoutView:
    """Return the words for an adapter that is deleted."""
    return note(say("loras_removed", locale, name=harmless(one.name, MAX_NAME)))


async def _preview(interaction: Interaction, number: int) -> None:
    await paint_preview(interaction, _found(interaction, number), None)


async def paint_preview(interaction: Interaction, one: Seen, prompt: str | None) -> None:
    """Paint a preview, seen by this member alone. Raises as `Previews.paint` does."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    target = target_of(interaction, private=True)
    await interaction.client.rooms.previews.paint(one, prompt, actor_of(interaction), target, acknowledged)


async def _approve(interaction: Interaction, number: int) -> None:
    await interaction.response.defer()
    actor = actor_of(interaction)
    one = await interaction.client.rooms.adapters.approve(actor, number)
    await _next(interaction, say("loras_approved", actor.locale, name=harmless(one.name, MAX_NAME)))


async def _reject(interaction: Interaction, number: int) -> None:
    await interaction.response.defer()
    actor = actor_of(interaction)
    one = await interaction.client.rooms.adapters.take_away(actor, number)
    await _next(interaction, say("loras_taken_away", actor.locale, name=harmless(one.name, MAX_NAME)))


async def _ban_owner(interaction: Interaction, number: int) -> None:
    actor, one = actor_of(interaction), _found(interaction, number)
    await interaction.response.defer()
    await interaction.client.rooms.adapters.ban(actor, one.owner_id)
    await _next(interaction, say("loras_ban_done", actor.locale, member=f"<@{one.owner_id}>"))


async def _next(interaction: Interaction, words: str) -> None:
    """Show what waits next in the place of what was decided, and say what that was."""
    view, files = await queue(interaction.client, 0, actor_of(interaction))
    await interaction.edit_original_response(view=view, attachments=files)
    await tell(interaction, words)


_VERBS: Mapping[AdapterVerb, Callable[[Interaction, int], Awaitable[None]]] = {
    "info": _info,
    "edit": _edit,
    "share": _share,
    "withdraw": _withdraw,
    "removing": _removing,
    "remove": _remove,
    "preview": _preview,
    "approve": _approve,
    "reject": _reject,
    "ban_owner": _ban_owner,
}


class AdapterButton(Button, template=custom_ids.ADAPTER):
    """Does its verb to its adapter."""

    async def work(self, interaction: Interaction) -> None:
        """Do the verb."""
        await _VERBS[cast(AdapterVerb, self.found["verb"])](interaction, int(self.found["id"]))


class AdaptersButton(Button, template=custom_ids.ADAPTERS):
    """Turns the page of the adapters."""

    async def work(self, interaction: Interaction) -> None:
        """Show the page in the place of the one before."""
        await interaction.response.defer()
        chosen = Filter(
            whose=cast(AdapterShelf, self.found["whose"]), kind=self.found["kind"], model_hash=self.found["model"]
        )
        view, files = await page(interaction.client, int(self.found["start"]), chosen, actor_of(interaction))
        await interaction.edit_original_response(view=view, attachments=files)


class AdaptersQueueButton(Button, template=custom_ids.ADAPTERS_QUEUE):
    """Passes over an adapter that waits."""

    async def work(self, interaction: Interaction) -> None:
        """Show the next in its place."""
        await interaction.response.defer()
        view, files = await queue(interaction.client, int(self.found["after"]), actor_of(interaction))
        await interaction.edit_original_response(view=view, attachments=files)


#: The client is told of them at its start.
BUTTONS = (AdapterButton, AdaptersButton, AdaptersQueueButton)
