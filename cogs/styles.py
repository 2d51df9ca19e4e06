"""/styles: looks under a name."""

import io
from typing import Any, cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, guarded, show, tell
from bot.interactions.files import Sent, fetched
from bot.interactions.showing import styles_view
from bot.interactions.style_form import open_form, sent
from bot.services.sizes import RATIOS
from bot.services.style_sheets import SETTINGS, require_bytes
from bot.services.style_shelves import Whose
from bot.services.style_values import settings_from
from bot.ui import style_pages
from bot.ui.choices import Choices, free, matching, models_like
from inference.protocol.limits import MAX_GUIDANCE_SCALE, MAX_STEPS
from inference.protocol.names import SAMPLER_NAMES

Interaction = discord.Interaction[Easel]
Name = app_commands.Range[str, 1, 100]
Words = app_commands.Range[str, 1, 6000]
Steps = app_commands.Range[int, 1, MAX_STEPS]
Guidance = app_commands.Range[float, 0.0, MAX_GUIDANCE_SCALE]
Picked = app_commands.Choice[str]

FILE_NAME = "styles.csv"
#: What a style is made of.
_LOOK = {
    "prompt": _("Its words; {prompt} stands for what is asked for"),
    "negative": _("What it keeps out of the picture"),
    "steps": _("How many steps it wants"),
    "guidance": _("How closely it follows the words"),
    "sampler": _("The sampler it wants"),
    "size": _("The size it wants, such as 512x768 or 3:2"),
    "model": _("The model it wants"),
}
_WHOSE = [app_commands.Choice(name=_("myself"), value="me"), app_commands.Choice(name=_("this server"), value="server")]
#: What can be taken away from a style.
_CLEAR = [
    *(app_commands.Choice(name=_(name), value=name) for name in ("negative", *SETTINGS)),
    app_commands.Choice(name=_("all settings"), value="all"),
]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Styles(
    commands.GroupCog,
    group_name="styles",
    group_description=_("Looks under a name: words, words to keep out, settings"),
):
    """Shows and changes styles; what is answered is seen by one alone."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="add", description=_("Make a style"))
    @app_commands.rename(whose="for")
    @app_commands.choices(whose=_WHOSE)
    @app_commands.describe(
        name=_("What the style is called"),
        **_LOOK,
        whose=_("Whose style it is"),
    )
    async def add(
        self,
        interaction: Interaction,
        name: Name,
        prompt: Words | None = None,
        negative: Words | None = None,
        steps: Steps | None = None,
        guidance: Guidance | None = None,
        sampler: str | None = None,
        size: str | None = None,
        model: str | None = None,
        whose: Picked | None = None,
    ) -> None:
        """Write a new style down."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        added = await self._bot.rooms.styles.add(
            actor,
            name,
            prompt=prompt or "",
            negative=negative or "",
            settings=settings_from(steps=steps, guidance=guidance, sampler=sampler, size=size, model=model),
            whose=_whose(whose) or "me",
        )
        await show(interaction, style_pages.saved_style(added, actor.locale))

    @app_commands.command(name="edit", description=_("Change a style, in a form where you say nothing but its name"))
    @app_commands.rename(whose="for")
    @app_commands.choices(whose=_WHOSE, clear=_CLEAR)
    @app_commands.describe(
        name=_("Which style"),
        **_LOOK,
        rename=_("A new name for it"),
        clear=_("Something to take away from it"),
        whose=_("Whose style it is"),
    )
    async def edit(
        self,
        interaction: Interaction,
        name: Name,
        prompt: Words | None = None,
        negative: Words | None = None,
        steps: Steps | None = None,
        guidance: Guidance | None = None,
        sampler: str | None = None,
        size: str | None = None,
        model: str | None = None,
        rename: Name | None = None,
        clear: Picked | None = None,
        whose: Picked | None = None,
    ) -> None:
        """Change what is given; where nothing is, open a form with the words."""
        actor, styles = actor_of(interaction), self._bot.rooms.styles
        if all(said is None for said in (prompt, negative, steps, guidance, sampler, size, model, rename, clear)):
            await open_form(interaction, styles.editable(actor, name, _whose(whose)), actor.locale)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        changed = await styles.edit(
            actor,
            name,
            whose=_whose(whose),
            rename=rename,
            prompt=prompt,
            negative=negative,
            settings=settings_from(steps=steps, guidance=guidance, sampler=sampler, size=size, model=model),
            clear=() if clear is None else SETTINGS if clear.value == "all" else (clear.value,),
        )
        await show(interaction, style_pages.saved_style(changed, actor.locale))

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := sent(interaction)) is not None:
            await guarded(interaction, lambda: self._rewritten(interaction, *form))

    async def _rewritten(self, interaction: Interaction, style_id: int, prompt: str, negative: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        changed = await self._bot.rooms.styles.rewrite(actor, style_id, prompt, negative)
        await show(interaction, style_pages.saved_style(changed, actor.locale))

    @app_commands.command(name="list", description=_("Which styles there are"))
    async def list(self, interaction: Interaction) -> None:
        """Show the first page; its buttons show the others."""
        await show(interaction, styles_view(self._bot.rooms, 0, actor_of(interaction)))

    @app_commands.command(name="remove", description=_("Delete a style"))
    @app_commands.rename(whose="for")
    @app_commands.choices(whose=_WHOSE)
    @app_commands.describe(name=_("Which style"), whose=_("Whose style it is"))
    async def remove(self, interaction: Interaction, name: Name, whose: Picked | None = None) -> None:
        """Delete a style."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        removed = await self._bot.rooms.styles.remove(actor, name, _whose(whose))
        await tell(interaction, style_pages.removed_style(removed, actor.locale))

    @app_commands.command(name="share", description=_("Give one of your styles to this server"))
    @app_commands.describe(name=_("Which of your styles"))
    async def share(self, interaction: Interaction, name: Name) -> None:
        """Give a copy to the server."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        shared = await self._bot.rooms.styles.share(actor, name)
        await show(interaction, style_pages.saved_style(shared, actor.locale, shared=True))

    @app_commands.command(name="import", description=_("Add the styles of a file: AUTOMATIC1111’s styles.csv"))
    @app_commands.rename(whose="for")
    @app_commands.choices(whose=_WHOSE)
    @app_commands.describe(file=_("A styles.csv"), whose=_("Whose style it is"))
    async def import_(self, interaction: Interaction, file: discord.Attachment, whose: Picked | None = None) -> None:
        """Write the file's styles down, and tell what was left out."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        require_bytes(file.filename, file.size)
        data = await fetched(interaction, Sent.of(file))
        imported = await self._bot.rooms.styles.import_csv(actor, file.filename, data, _whose(whose) or "me")
        await show(interaction, style_pages.imported_styles(imported, actor.locale))

    @app_commands.command(name="export", description=_("Get styles as a file: AUTOMATIC1111’s styles.csv"))
    @app_commands.rename(whose="for")
    @app_commands.choices(whose=_WHOSE)
    @app_commands.describe(whose=_("Whose style it is"))
    async def export(self, interaction: Interaction, whose: Picked | None = None) -> None:
        """Send the member's own styles, or the server's."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        count, data = await self._bot.rooms.styles.export_csv(actor, _whose(whose) or "me")
        view = style_pages.exported_styles(count, FILE_NAME, actor.locale)
        await show(interaction, view, [discord.File(io.BytesIO(data), FILE_NAME)])

    # All of these answer from memory.

    @edit.autocomplete("name")
    @remove.autocomplete("name")
    async def _editable(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed, self._bot.rooms.styles.editable_names(actor_of(interaction)))

    @share.autocomplete("name")
    async def _own(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed, self._bot.rooms.styles.own_names(interaction.user.id))

    @add.autocomplete("model")
    @edit.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> Choices:
        return models_like(typed, self._bot.rooms.gatekeeper.models(actor_of(interaction)))

    @add.autocomplete("sampler")
    @edit.autocomplete("sampler")
    async def _samplers(self, _interaction: Interaction, typed: str) -> Choices:
        return matching(typed, SAMPLER_NAMES.values())

    @add.autocomplete("size")
    @edit.autocomplete("size")
    async def _sizes(self, _interaction: Interaction, typed: str) -> Choices:
        return free(typed, RATIOS)


def _whose(picked: Picked | None) -> Whose | None:
    return None if picked is None else cast(Whose, picked.value)


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Styles(bot))
