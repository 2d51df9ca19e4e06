"""/prompt check: how a prompt is read."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, show
from bot.interactions.readings import reading_view
from bot.services.wishes import installed, named_model, usual_model
from bot.ui.choices import Choices, models_like
from inference.protocol.limits import MAX_STEPS

Interaction = discord.Interaction[Easel]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Prompt(commands.GroupCog, group_name="prompt", group_description=_("How prompts are read")):
    """Looks prompts through."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="check", description=_("See how a prompt is read: tokens, weights, steps, mistakes"))
    @app_commands.describe(
        text=_("The prompt"),
        model=_("Which model reads it"),
        steps=_("Steps of the picture; the model's own if you do not say"),
        negative=_("Read it as a negative prompt"),
    )
    async def check(
        self,
        interaction: Interaction,
        text: app_commands.Range[str, 1, 6000],
        model: str | None = None,
        steps: app_commands.Range[int, 1, MAX_STEPS] | None = None,
        negative: bool = False,
    ) -> None:
        """Show what was understood, to this member alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        rooms = self._bot.rooms
        models = rooms.dispatcher.models
        if model is not None:
            chosen = named_model(model, models)
        else:
            chosen = usual_model(rooms.people.defaults(interaction.user.id).model, installed(models))
        view, files = await reading_view(
            rooms, text, chosen, steps or chosen.default_steps, actor_of(interaction), negative=negative
        )
        await show(interaction, view, files)

    # This answers from memory.

    @check.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> Choices:
        return models_like(typed, self._bot.rooms.gatekeeper.models(actor_of(interaction)))


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(Prompt(bot))
