"""Where a picture comes from: the answer, and its buttons. Nothing of them is kept but their custom ids."""

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import discord

from bot.interactions.answers import acknowledging, actor_of, show, target_of
from bot.interactions.buttons import Button
from bot.interactions.files import Sent, fetched
from bot.interactions.gate import private_for
from bot.interactions.pastes import paint, read_upload
from bot.rooms import Rooms
from bot.services.pasting import Settings, pasted
from bot.services.requests import acknowledged
from bot.services.uploads import require_bytes
from bot.texts import Mistake
from bot.ui import custom_ids, lineage_pages
from inference.protocol.messages import JobId
from inference.protocol.parameters import to_parameters
from inference.protocol.recipe import to_json
from storage.images import Image

Interaction = discord.Interaction[Any]


async def show_newest(interaction: Interaction, rooms: Rooms) -> None:
    """Show where the member's newest picture comes from. Raises Mistake where there is none."""
    await _show_tree(interaction, rooms, await rooms.lineage.newest(actor_of(interaction)))


async def show_linked(interaction: Interaction, rooms: Rooms, link: str, number: int) -> None:
    """Show where a picture of the message at an address comes from. Raises Mistake."""
    await _show_tree(interaction, rooms, await rooms.lineage.linked(link, number, actor_of(interaction)))


async def show_sent(interaction: Interaction, rooms: Rooms, file: Sent) -> None:
    """Show where a picture that a member sends comes from, or how it says that it was made. Raises Mistake."""
    data = await fetched(interaction, file)
    require_bytes(file.name, len(data))
    known = await rooms.lineage.recognise(data, actor_of(interaction))
    match known:
        case None:
            raise Mistake("lineage_not_ours", name=file.name)
        case Settings():
            await _show_settings(interaction, rooms, known)
        case _:
            await _show_tree(interaction, rooms, known)


async def _show_tree(interaction: Interaction, rooms: Rooms, image: Image) -> None:
    actor = actor_of(interaction)
    shown = await rooms.lineage.shown(image, actor)
    file = discord.File(io.BytesIO(shown.drawing), lineage_pages.DRAWING_NAME)
    await show(interaction, lineage_pages.tree(shown, actor.locale), [file])


async def _show_settings(interaction: Interaction, rooms: Rooms, settings: Settings) -> None:
    """Show a recipe; the file beside it is what its button paints."""
    recipe = settings.recipe
    assert recipe is not None, "what was recognised has a recipe"
    parameters = to_parameters(recipe, rooms.dispatcher.model_name(recipe.model))
    file = discord.File(io.BytesIO(to_json(recipe).encode()), lineage_pages.RECIPE_NAME)
    await show(interaction, lineage_pages.settings(parameters, str(interaction.locale)), [file])


# Buttons ------------------------------------------------------------------------------------------------------------


class LineageButton(Button, template=custom_ids.LINEAGE):
    """Shows where one of a job's pictures comes from."""

    async def work(self, interaction: Interaction) -> None:
        """Show it to this member alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        rooms = interaction.client.rooms
        job, index = JobId(self.found["job"]), int(self.found["index"])
        await _show_tree(interaction, rooms, await rooms.lineage.of_job(job, index, actor_of(interaction)))


class RepeatButton(Button, template=custom_ids.REPEAT):
    """Paints one of a job's pictures again as it is."""

    async def work(self, interaction: Interaction) -> None:
        """Ask for it; in a message of its own, seen by those who see the first one."""
        rooms, actor = interaction.client.rooms, actor_of(interaction)
        job, index = JobId(self.found["job"]), int(self.found["index"])
        private = (await rooms.gallery.job(job, actor)).private
        target, acknowledge = target_of(interaction, private), acknowledging(interaction, private)
        await rooms.generation.repeat(job, index, actor, target, acknowledge)


class RecipeButton(Button, template=custom_ids.RECIPE):
    """Paints the recipe that is attached to the button's message."""

    async def work(self, interaction: Interaction) -> None:
        """Read the file again, and paint what it says."""
        rooms = interaction.client.rooms
        url = None if interaction.message is None else _file_in(interaction.message.components)
        if url is None:
            raise Mistake("gone")
        private = private_for(interaction)
        await acknowledging(interaction, private)()
        told = await read_upload(interaction, Sent(lineage_pages.RECIPE_NAME, 0, url))
        meant = pasted(told, rooms.dispatcher.models)
        one = replace(meant, wish=replace(meant.wish, count=1))
        await paint(interaction, rooms, one, private, acknowledged)


def _file_in(components: Iterable[Any]) -> str | None:
    """Return the address of the first file that a message shows."""
    for component in components:
        if isinstance(component, discord.FileComponent):
            return component.media.url
        if (inside := _file_in(getattr(component, "children", ()))) is not None:
            return inside
    return None


#: The client is told of them at its start.
BUTTONS = (LineageButton, RepeatButton, RecipeButton)
