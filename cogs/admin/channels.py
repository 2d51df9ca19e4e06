"""/admin channels: where the bot answers, and how."""

from typing import Any

from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin_panel import show_panel
from bot.interactions.answers import tell
from bot.services import changes
from bot.services.changes import Changes, ChannelList
from bot.texts import Mistake
from bot.ui import admin_rules
from bot.ui.choices import Choices, matching
from cogs.admin.part import Channel, Interaction, Part, ids


class Channels(Part, name="channels", description=_("Where the bot answers, and how")):
    """Where the bot answers."""

    @app_commands.command(name="show", description=_("All rules about channels, with menus that change them"))
    async def show(self, interaction: Interaction) -> None:
        """Show them."""
        await show_panel(interaction, "channels")

    @app_commands.command(name="allow", description=_("Where the bot answers; none: everywhere"))
    @app_commands.describe(
        channel=_("A channel, or a category"),
        channel2=_("Also there"),
        channel3=_("Also there"),
        remove=_("Take it off the list"),
    )
    async def allow(
        self,
        interaction: Interaction,
        channel: Channel | None = None,
        channel2: Channel | None = None,
        channel3: Channel | None = None,
        remove: bool = False,
    ) -> None:
        """Add channels to those where it answers, or take them off."""
        await self._listed(interaction, "channels", ids(channel, channel2, channel3), remove)

    @app_commands.command(name="close", description=_("Where the bot never answers"))
    @app_commands.describe(
        channel=_("A channel, or a category"),
        channel2=_("Also there"),
        channel3=_("Also there"),
        remove=_("Take it off the list"),
    )
    async def close(
        self,
        interaction: Interaction,
        channel: Channel | None = None,
        channel2: Channel | None = None,
        channel3: Channel | None = None,
        remove: bool = False,
    ) -> None:
        """Add channels to those where it never answers, or take them off."""
        await self._listed(interaction, "closed_channels", ids(channel, channel2, channel3), remove)

    @app_commands.command(name="command", description=_("Channels of one command alone"))
    @app_commands.describe(
        command=_("Which command"),
        channel=_("Only there"),
        channel2=_("Also there"),
        channel3=_("Also there"),
        clear=_("Take this rule away"),
    )
    async def of_command(
        self,
        interaction: Interaction,
        command: app_commands.Range[str, 1, 33] | None = None,
        channel: Channel | None = None,
        channel2: Channel | None = None,
        channel3: Channel | None = None,
        clear: bool = False,
    ) -> None:
        """Let a command be used in these channels alone, or show which are."""
        chosen, around = ids(channel, channel2, channel3), self.around(interaction)
        if chosen and clear:
            raise Mistake("admin_clear_alone")
        if command is None:
            if chosen or clear:
                raise Mistake("admin_no_such_command", name="?", commands=", ".join(around.commands))
            await show_panel(interaction, "channels")
            return
        name = command.strip().lstrip("/").casefold()
        if name not in around.commands and name not in self.settings(interaction).command_channels:
            raise Mistake("admin_no_such_command", name=command, commands=", ".join(around.commands))
        if not chosen and not clear:
            await show_panel(interaction, "command", name)
            return
        settings = await self.made(interaction, lambda now: changes.command_channels(now, name, chosen))
        await tell(interaction, admin_rules.command_rule(settings, name, around))

    @app_commands.command(name="private", description=_("Where only whoever asked sees the result"))
    @app_commands.describe(
        channel=_("A channel, or a category"),
        channel2=_("Also there"),
        channel3=_("Also there"),
        remove=_("Take it off the list"),
        members=_("Members may ask for pictures that they alone see"),
    )
    async def private(
        self,
        interaction: Interaction,
        channel: Channel | None = None,
        channel2: Channel | None = None,
        channel3: Channel | None = None,
        remove: bool = False,
        members: bool | None = None,
    ) -> None:
        """Add channels to those where results are private, or take them off, and say whether members may choose."""
        beside: Changes = {} if members is None else {"allow_private": members}
        await self._listed(interaction, "private_channels", ids(channel, channel2, channel3), remove, beside)

    @app_commands.command(name="threads", description=_("Whether the bot answers in threads"))
    @app_commands.describe(answer=_("Whether it does"))
    async def threads(self, interaction: Interaction, answer: bool | None = None) -> None:
        """Set it, or show it."""
        await self._told(interaction, {} if answer is None else {"threads": answer})

    @app_commands.command(name="age-restricted", description=_("Whether the bot answers in age-restricted channels"))
    @app_commands.describe(answer=_("Whether it does"))
    @app_commands.choices(
        answer=[
            app_commands.Choice(name=_("as in others"), value="allowed"),
            app_commands.Choice(name=_("only there"), value="only"),
            app_commands.Choice(name=_("never there"), value="never"),
        ]
    )
    async def age_restricted(self, interaction: Interaction, answer: app_commands.Choice[str] | None = None) -> None:
        """Set it, or show it."""
        await self._told(interaction, {} if answer is None else {"age_restricted": answer.value})

    @app_commands.command(name="reset", description=_("Take rules about channels away"))
    @app_commands.describe(channel=_("All rules about this one"), everything=_("All rules about channels"))
    async def reset(self, interaction: Interaction, channel: Channel | None = None, everything: bool = False) -> None:
        """Take the rules about a channel away, or all."""
        if (channel is None) != everything:
            raise Mistake("admin_reset_which")
        settings = await self.made(
            interaction,
            lambda now: changes.RESET_CHANNELS if channel is None else changes.forget_channel(now, channel.id),
        )
        await tell(interaction, admin_rules.channels(settings, self.around(interaction)))

    async def _listed(
        self,
        interaction: Interaction,
        field: ChannelList,
        chosen: list[int],
        remove: bool,
        beside: Changes | None = None,
    ) -> None:
        """Put channels on a list or take them off, and show what is set."""
        if remove and not chosen:
            raise Mistake("admin_say_channel")
        turn: Any = changes.remove_channels if remove else changes.add_channels
        settings = await self.made(
            interaction, lambda now: {**(turn(now, field, chosen) if chosen else {}), **(beside or {})}
        )
        await tell(interaction, admin_rules.channels(settings, self.around(interaction)))

    async def _told(self, interaction: Interaction, chosen: Changes) -> None:
        settings = await self.changed(interaction, chosen)
        await tell(interaction, admin_rules.channels(settings, self.around(interaction)))

    @of_command.autocomplete("command")
    async def _commands(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed.lstrip("/"), self.around(interaction).commands)
