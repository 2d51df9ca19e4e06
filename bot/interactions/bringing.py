"""A LoRA or an embedding that somebody brings: fetched, inspected, kept, and previewed; how far it is, is shown."""

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.errors import EaselError
from bot.interactions.adapter_views import card
from bot.interactions.answers import actor_of, show, target_of, words_for
from bot.interactions.files import Sent, saved
from bot.rooms import Rooms
from bot.services.adapter_shelves import Seen
from bot.services.adapter_values import checked_name
from bot.services.inspecting import inspect
from bot.services.requests import Actor, acknowledged
from bot.texts import Mistake, say
from bot.ui import adapter_pages
from bot.ui.layouts import note
from storage.adapters import Visibility

Interaction = discord.Interaction[Any]

log = logging.getLogger("easel.adapters")

#: What their files end in.
ENDINGS = (".safetensors", ".pt", ".bin", ".ckpt", ".pth")
#: Between two looks at how far a file is.
_PROGRESS_SECONDS = 2.0
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
