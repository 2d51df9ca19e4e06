"""/admin models: which models may be used, where, by whom, and which of them is the default."""

from typing import Any, cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin import model_named, require_default
from bot.interactions.admin_panel import show_panel
from bot.interactions.answers import tell
from bot.services import changes
from bot.texts import Mistake
from bot.ui import admin_words
from bot.ui.choices import Choices, matching
from cogs.admin.part import Channel, Interaction, Part, ids

Name = app_commands.Range[str, 1, 200]


class Models(Part, name="models", description=_("Which models may be used here")):
    """Which models may be used."""

    @app_commands.command(name="show", description=_("What is allowed; and what a model is, fits and costs"))
    @app_commands.describe(model=_("Which model"))
    async def show(self, interaction: Interaction, model: Name | None = None) -> None:
        """Show all models, or one, with what changes them."""
        if model is None:
            await show_panel(interaction, "models")
            return
        name = model_named(model, self.around(interaction), self.settings(interaction))
        await show_panel(interaction, "model", admin_words.key_of(name))

    @app_commands.command(name="allow", description=_("Allow a model, perhaps only somewhere or to some"))
    @app_commands.describe(
        model=_("Which model"),
        channel=_("Only there"),
        channel2=_("Also there"),
        channel3=_("Also there"),
        role=_("Only for these"),
        role2=_("Also for these"),
        role3=_("Also for these"),
    )
    async def allow(
        self,
        interaction: Interaction,
        model: Name,
        channel: Channel | None = None,
        channel2: Channel | None = None,
        channel3: Channel | None = None,
        role: discord.Role | None = None,
        role2: discord.Role | None = None,
        role3: discord.Role | None = None,
    ) -> None:
        """Allow it, in place of what was said of it before."""
        name = model_named(model, self.around(interaction), self.settings(interaction))
        channels, roles = ids(channel, channel2, channel3), ids(role, role2, role3)
        settings = await self.made(interaction, lambda now: changes.allow_model(now, name, channels, roles))
        await tell(interaction, admin_words.model_line(settings, name, self.around(interaction)))

    @app_commands.command(name="deny", description=_("Deny a model"))
    @app_commands.describe(model=_("Which model"))
    async def deny(self, interaction: Interaction, model: Name) -> None:
        """Deny it to everybody."""
        name = model_named(model, self.around(interaction), self.settings(interaction))
        settings = await self.made(interaction, lambda now: changes.deny_model(now, name))
        await tell(interaction, admin_words.model_line(settings, name, self.around(interaction)))

    @app_commands.command(name="default", description=_("Which model paints where nobody names one"))
    @app_commands.describe(
        model=_("Which model"), channel=_("Only there"), role=_("Only for these"), clear=_("Take this rule away")
    )
    async def default(
        self,
        interaction: Interaction,
        model: Name | None = None,
        channel: Channel | None = None,
        role: discord.Role | None = None,
        clear: bool = False,
    ) -> None:
        """Set the default of the server, of a channel or of a role, take one away, or show them."""
        if channel is not None and role is not None:
            raise Mistake("admin_default_which")
        if model is not None and clear:
            raise Mistake("admin_clear_alone")
        if model is None and not clear and (channel is not None or role is not None):
            raise Mistake("admin_say_what")
        place = next(iter(ids(channel, role)), None)
        name = None if model is None else model_named(model, self.around(interaction), self.settings(interaction))
        if name is not None:
            require_default(name, self.around(interaction), self.settings(interaction))
        said = name is not None or clear
        settings = await self.made(interaction, lambda now: changes.default_model(now, name, place) if said else {})
        await tell(interaction, admin_words.defaults(settings, self.around(interaction)))

    @app_commands.command(name="new", description=_("What becomes of models that are installed later"))
    @app_commands.describe(are=_("Whether they may be used at once"))
    @app_commands.choices(
        are=[
            app_commands.Choice(name=_("denied until allowed"), value="deny"),
            app_commands.Choice(name=_("allowed at once"), value="allow"),
        ]
    )
    async def new(self, interaction: Interaction, are: app_commands.Choice[str] | None = None) -> None:
        """Set it, or show it."""
        installed = [each.name for each in self.around(interaction).models]
        settings = await self.made(
            interaction,
            lambda now: {} if are is None else changes.new_models(now, cast(Any, are.value), installed),
        )
        await tell(interaction, admin_words.new_models(settings, self.around(interaction)))

    # Answers from memory.

    @show.autocomplete("model")
    @allow.autocomplete("model")
    @deny.autocomplete("model")
    @default.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed, admin_words.model_names(self.settings(interaction), self.around(interaction)))
