"""/me: a member's defaults and data."""

from typing import Any, cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, show
from bot.interactions.exports import send_export
from bot.services.people import Default
from bot.services.sizes import RATIOS
from bot.ui.choices import Choices, free, models_like
from bot.ui.pages import confirm_forget, defaults

Interaction = discord.Interaction[Easel]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Me(commands.GroupCog, group_name="me", group_description=_("Your defaults and your data")):
    """Shows, changes, hands out and deletes what is kept about a member."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="show", description=_("What /imagine uses when you do not say"))
    async def show(self, interaction: Interaction) -> None:
        """Show the member's defaults."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        chosen = self._bot.rooms.people.defaults(interaction.user.id)
        await show(interaction, defaults(chosen, self._bot.rooms.dispatcher.models, str(interaction.locale)))

    @app_commands.command(name="set", description=_("Change your defaults"))
    @app_commands.describe(
        model=_("Your usual model"),
        size=_("Your usual size, such as 512x768 or 3:2"),
        count=_("How many pictures you usually want"),
        private=_("Whether your pictures are seen by you alone"),
    )
    async def set(
        self,
        interaction: Interaction,
        model: str | None = None,
        size: str | None = None,
        count: app_commands.Range[int, 1, 10] | None = None,
        private: bool | None = None,
    ) -> None:
        """Change what is given, and show all."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        chosen = await self._bot.rooms.people.change(
            interaction.user.id,
            model=model,
            size=size,
            count=count,
            private=private,
            most_pictures=self._bot.settings.most_pictures,
        )
        models, locale = self._bot.rooms.dispatcher.models, str(interaction.locale)
        await show(interaction, defaults(chosen, models, locale, saved=True))

    @app_commands.command(name="reset", description=_("Forget your defaults, or one of them"))
    @app_commands.describe(which=_("Which one; all of them where you choose none"))
    @app_commands.choices(
        which=[app_commands.Choice(name=_(name), value=name) for name in ("model", "size", "count", "private")]
    )
    async def reset(self, interaction: Interaction, which: app_commands.Choice[str] | None = None) -> None:
        """Forget one default, or all, and show what is left."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        chosen = await self._bot.rooms.people.reset(
            interaction.user.id, cast(Default, which.value) if which is not None else None
        )
        models, locale = self._bot.rooms.dispatcher.models, str(interaction.locale)
        await show(interaction, defaults(chosen, models, locale, saved=True))

    @app_commands.command(name="export", description=_("Get a copy of everything kept about you"))
    async def export(self, interaction: Interaction) -> None:
        """Send the member's data as files."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await send_export(interaction, self._bot.rooms.people)

    @app_commands.command(name="delete", description=_("Delete everything kept about you"))
    async def delete(self, interaction: Interaction) -> None:
        """Ask first; the button does it."""
        await show(interaction, confirm_forget(interaction.user.id, str(interaction.locale)))

    # These answer from memory.

    @set.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> Choices:
        return models_like(typed, self._bot.rooms.gatekeeper.models(actor_of(interaction)))

    @set.autocomplete("size")
    async def _sizes(self, _interaction: Interaction, typed: str) -> Choices:
        return free(typed, RATIOS)


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Me(bot))
