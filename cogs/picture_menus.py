"""What a click on a message offers: to vary its picture, make it larger, edit it, or change how it was made."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions import edit_form, remix, upload_card
from bot.interactions.answers import acknowledging, actor_of, guarded, target_of
from bot.interactions.files import Sent
from bot.interactions.gate import private_for
from bot.interactions.uploads import source_of
from bot.services.deeds import Deed
from bot.services.requests import acknowledged
from bot.texts import Mistake, say
from bot.ui.custom_ids import card_id, deed_id, job_in, remix_id
from bot.ui.deeds import choice
from inference.protocol.messages import JobId

Interaction = discord.Interaction[Easel]
#: Opens a form for one of a job's pictures.
OpenForm = Callable[[Interaction, JobId, int], Awaitable[None]]


class PictureMenus(commands.Cog):
    """Does something with the picture of any message."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot
        self._menus = [
            app_commands.ContextMenu(name=name, callback=does)
            for name, does in (
                (_("Vary"), self._vary),
                (_("Upscale"), self._upscale),
                (_("Edit"), self._edit),
                (_("Remix settings"), self._remix),
            )
        ]
        for menu in self._menus:
            menu.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)
            menu.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
            bot.tree.add_command(menu)

    async def _vary(self, interaction: Interaction, message: discord.Message) -> None:
        await self._make(interaction, message, "vary_subtle")

    async def _upscale(self, interaction: Interaction, message: discord.Message) -> None:
        await self._make(interaction, message, "upscale_2")

    async def _edit(self, interaction: Interaction, message: discord.Message) -> None:
        await self._change(interaction, message, edit_form.open_form, lambda job, index: card_id("edit", job, index))

    async def _remix(self, interaction: Interaction, message: discord.Message) -> None:
        async def open_form(each: Interaction, job: JobId, index: int) -> None:
            await remix.open_form(each, self._bot.rooms, job, index)

        await self._change(interaction, message, open_form, remix_id)

    async def _make(self, interaction: Interaction, message: discord.Message, deed: Deed) -> None:
        """Make something of a message's picture at once, or ask of which."""
        rooms, actor = self._bot.rooms, actor_of(interaction)
        if (job := self._job_in(message)) is None:
            private = private_for(interaction)
            file = _picture_of(message)
            await acknowledging(interaction, private)()
            source, _data, _looked = await source_of(interaction, file)
            await rooms.edits.press(source, deed, actor, target_of(interaction, private), acknowledged)
            return
        index = await self._only(interaction, job, lambda job, index: deed_id(deed, job, index))
        if index is not None:
            found, image = await rooms.originals.pressed(job, index, actor)
            source = rooms.edits.of_ours(image, await rooms.originals.place(found))
            target, acknowledge = target_of(interaction, found.private), acknowledging(interaction, found.private)
            await rooms.edits.press(source, deed, actor, target, acknowledge)

    async def _change(
        self,
        interaction: Interaction,
        message: discord.Message,
        open_form: OpenForm,
        custom_id: Callable[[JobId, int], str],
    ) -> None:
        """Open a form for a message's picture, or ask for which; for a picture of somebody's show what there is."""
        if (job := self._job_in(message)) is None:
            await upload_card.show_card(interaction, _picture_of(message))
            return
        index = await self._only(interaction, job, custom_id)
        if index is not None:
            await open_form(interaction, job, index)

    def _job_in(self, message: discord.Message) -> JobId | None:
        """Return the job that a message of ours shows."""
        return job_in(message.components) if self._bot.user and message.author.id == self._bot.user.id else None

    async def _only(self, interaction: Interaction, job: JobId, custom_id: Callable[[JobId, int], str]) -> int | None:
        """Return the picture of a job that has one; otherwise ask which, and return None. Raises Mistake for none."""
        rooms, actor = self._bot.rooms, actor_of(interaction)
        await rooms.gallery.job(job, actor)
        numbers = [image.index for image in await rooms.gallery.kept(job)]
        if not numbers:
            raise Mistake("expired")
        if len(numbers) == 1:
            return numbers[0]
        ids = {index: custom_id(job, index) for index in numbers}
        await interaction.response.send_message(view=choice(say("which_picture", actor.locale), ids), ephemeral=True)
        return None

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the forms of a card."""
        if (form := upload_card.sent(interaction)) is not None:
            await guarded(interaction, lambda: upload_card.paint(interaction, form))

    async def cog_unload(self) -> None:
        """Take the menus back."""
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)


def _picture_of(message: discord.Message) -> Sent:
    """Return the first picture that is attached to a message. Raises Mistake."""
    for file in message.attachments:
        if (file.content_type or "").startswith("image/"):
            return Sent.of(file)
    raise Mistake("no_picture_there")


async def setup(bot: Any) -> None:
    """Add the menus; discord.py calls this."""
    await bot.add_cog(PictureMenus(bot))
