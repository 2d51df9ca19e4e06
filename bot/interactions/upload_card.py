"""The card of a picture that somebody sent: it carries the picture, so that its buttons work after any restart."""

import io
from collections.abc import Iterable
from typing import Any, cast

import discord

from bot.interactions import edit_form, forms, remix
from bot.interactions.answers import acknowledging, actor_of, show, target_of
from bot.interactions.buttons import Button
from bot.interactions.files import Sent, fetched
from bot.interactions.forms import Filled
from bot.interactions.gate import private_for
from bot.interactions.uploads import source_of
from bot.services.deeds import Deed
from bot.services.requests import acknowledged
from bot.texts import Mistake, say
from bot.ui import custom_ids
from bot.ui.custom_ids import UploadForm, upload_form_id
from bot.ui.deeds import upload_card
from inference.protocol.recipe import Recipe, diffusion_of, prompt_of

Interaction = discord.Interaction[Any]

#: What pictures begin with, and what their names end in: more of a name than this is not trusted.
_ENDINGS = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


async def show_card(interaction: Interaction, file: Sent) -> None:
    """Show what can be made of a picture, to this member alone. Raises Mistake for what is no picture."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    source, data, _ = await source_of(interaction, file)
    if len(data) > interaction.filesize_limit:
        raise Mistake("card_too_large")
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    name = "picture." + next((ending for begin, ending in _ENDINGS if data.startswith(begin)), "png")
    deeds = rooms.edits.offered(source, actor)
    known = source.recipe is not None and diffusion_of(source.recipe) is not None
    view = upload_card(name, say("card_upload", actor.locale), deeds, known, actor.locale)
    await show(interaction, view, [discord.File(io.BytesIO(data), name)])


class UploadButton(Button, template=custom_ids.UPLOAD):
    """Makes a new picture of the one that the button's message shows."""

    async def work(self, interaction: Interaction) -> None:
        """Read the picture again, and ask for it."""
        rooms, private = interaction.client.rooms, _private(interaction)
        file = _shown(interaction)
        await acknowledging(interaction, private)()
        source, _, _ = await source_of(interaction, file)
        deed, actor, target = cast(Deed, self.found["deed"]), actor_of(interaction), target_of(interaction, private)
        await rooms.edits.press(source, deed, actor, target, acknowledged)


class UploadFormButton(Button, template=custom_ids.UPLOAD_FORM):
    """Opens a form for the picture that the button's message shows."""

    async def work(self, interaction: Interaction) -> None:
        """Open it, with what the picture says of how it was made."""
        form, actor = cast(UploadForm, self.found["form"]), actor_of(interaction)
        known = await _recipe(interaction)
        if form == "edit":
            parts = edit_form.parts("" if known is None else prompt_of(known), actor.locale)
        elif known is None:
            raise Mistake("remix_unknown")
        else:
            parts = remix.parts(interaction.client.rooms, known, actor)
        await forms.open_form(interaction, upload_form_id(form), say(f"{form}_title", actor.locale), parts)


def sent(interaction: Interaction) -> Filled | None:
    """Return what was filled in, if this is one of the card's forms that was sent in."""
    return forms.filled(interaction, custom_ids.UPLOAD_FORM)


async def paint(interaction: Interaction, form: Filled) -> None:
    """Paint what a form says of the picture that its message shows. Raises Mistake, and as `Edits` does."""
    rooms, private, file = interaction.client.rooms, _private(interaction), _shown(interaction)
    if form.found["form"] == "remix":
        changed = remix.meant(form)
        await acknowledging(interaction, private)()
        source, _, _ = await source_of(interaction, file)
        await rooms.edits.remix(source, changed, actor_of(interaction), target_of(interaction, private), acknowledged)
        return
    said, mark = edit_form.meant(form)
    await acknowledging(interaction, private)()
    source, data, _ = await source_of(interaction, file)
    await edit_form.edit(interaction, source, data, said, mark, private)


async def _recipe(interaction: Interaction) -> Recipe | None:
    """Return how the picture was painted that the message shows, where it says so. A form must come at once."""
    rooms = interaction.client.rooms
    known = await rooms.lineage.recognise(await fetched(interaction, _shown(interaction)), actor_of(interaction))
    recipe = None if known is None else known.recipe
    return None if recipe is None else diffusion_of(recipe)


def _private(interaction: Interaction) -> bool:
    return private_for(interaction)


def _shown(interaction: Interaction) -> Sent:
    """Return the picture that the message shows. Raises Mistake."""
    url = None if interaction.message is None else _picture_in(interaction.message.components)
    if url is None:
        raise Mistake("gone")
    return Sent("picture", 0, url)


def _picture_in(components: Iterable[Any]) -> str | None:
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent) and component.items:
            return component.items[0].media.url
        if (inside := _picture_in(getattr(component, "children", ()))) is not None:
            return inside
    return None


#: The client is told of them at its start.
BUTTONS = (UploadButton, UploadFormButton)
