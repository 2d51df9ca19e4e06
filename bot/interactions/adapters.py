"""What the buttons under LoRAs and embeddings do. Nothing of them is kept but their custom ids."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import discord

from bot.interactions.adapter_forms import open_edit_form
from bot.interactions.adapter_views import card, page, queue, removed
from bot.interactions.answers import actor_of, show, target_of, tell
from bot.interactions.buttons import Button
from bot.services.adapter_shelves import Seen
from bot.services.requests import acknowledged
from bot.texts import Mistake, say
from bot.ui import adapter_pages, custom_ids
from bot.ui.adapter_pages import Filter
from bot.ui.custom_ids import AdapterShelf, AdapterVerb
from bot.ui.plain import harmless
from storage.adapters import MAX_NAME

Interaction = discord.Interaction[Any]


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
