"""/operator: what whoever runs the bot sees and decides, wherever they are."""

import asyncio
import contextlib
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import show, tell
from bot.interactions.owners import require_operator
from bot.services.backups import MOST_KEPT, BackupState
from bot.services.broadcasting import MOST_TEXT
from bot.services.operator import MOST_REASON
from bot.texts import Mistake, say
from bot.ui import layouts, operator_pages
from bot.ui.plain import harmless

Interaction = discord.Interaction[Easel]

_CHOICES, _CHARACTERS = 25, 100
#: Between two looks at a backup.
_LOOK_SECONDS = 2.0
_MOST_DAYS = 36_500


@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.default_permissions(administrator=True)
class Operation(commands.GroupCog, group_name="operator", group_description=_("For whoever runs this bot")):
    """For the application's owner or team; whoever else uses it is told so."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="status", description=_("How everything is: device, queue, errors, disk"))
    async def status(self, interaction: Interaction) -> None:
        """Show how everything is."""
        await _heard(interaction)
        found = await self._bot.rooms.operator.status()
        await show(interaction, operator_pages.status(found, str(interaction.locale)))

    @app_commands.command(name="servers", description=_("Which servers I am in, and what they use"))
    @app_commands.describe(page=_("Which page"))
    async def servers(self, interaction: Interaction, page: app_commands.Range[int, 1, 10_000] = 1) -> None:
        """Show the servers."""
        await _heard(interaction)
        lines = await self._bot.rooms.operator.servers()
        await show(interaction, operator_pages.servers(lines, page, str(interaction.locale)))

    @app_commands.command(name="close", description=_("Do nothing for a server any more"))
    @app_commands.describe(server=_("Its name or id"), why=_("What its members are told"))
    async def close(
        self,
        interaction: Interaction,
        server: app_commands.Range[str, 1, 100],
        why: app_commands.Range[str, 1, MOST_REASON] | None = None,
    ) -> None:
        """Close a server."""
        await _heard(interaction)
        operator = self._bot.rooms.operator
        guild_id = operator.server(server)
        await operator.close(guild_id, why or "")
        await tell(interaction, say("operator_closed", str(interaction.locale), name=self._name(guild_id)))

    @app_commands.command(name="open", description=_("Work for a server again"))
    @app_commands.describe(server=_("Its name or id"))
    async def open(self, interaction: Interaction, server: app_commands.Range[str, 1, 100]) -> None:
        """Open a server again."""
        await _heard(interaction)
        operator = self._bot.rooms.operator
        guild_id = operator.server(server)
        key = "operator_opened" if await operator.open(guild_id) else "operator_was_open"
        await tell(interaction, say(key, str(interaction.locale), name=self._name(guild_id)))

    @app_commands.command(name="broadcast", description=_("Write to every server; you see it first"))
    @app_commands.describe(text=_("What to write"))
    async def broadcast(self, interaction: Interaction, text: app_commands.Range[str, 1, MOST_TEXT]) -> None:
        """Show what would be sent, with a button that sends it."""
        await _heard(interaction)
        targets = await self._bot.rooms.broadcasts.draft(text)
        await show(interaction, operator_pages.broadcast(targets, str(interaction.locale)))

    @app_commands.command(name="drain", description=_("Take nothing new on; what waits is painted"))
    @app_commands.describe(words=_("What members are told"))
    async def drain(
        self, interaction: Interaction, words: app_commands.Range[str, 1, MOST_REASON] | None = None
    ) -> None:
        """Take nothing new on."""
        await _heard(interaction)
        await self._bot.rooms.operator.drain(words or "")
        await tell(interaction, say("operator_drained", str(interaction.locale)))

    @app_commands.command(name="resume", description=_("Take on again what is asked for"))
    async def resume(self, interaction: Interaction) -> None:
        """Undo `drain`."""
        await _heard(interaction)
        key = "operator_resumed" if await self._bot.rooms.operator.resume() else "operator_not_draining"
        await tell(interaction, say(key, str(interaction.locale)))

    @app_commands.command(name="backup", description=_("Back up the database and all pictures"))
    @app_commands.describe(keep=_("Keep only the newest so many backups"))
    async def backup(self, interaction: Interaction, keep: app_commands.Range[int, 1, MOST_KEPT] | None = None) -> None:
        """Make a backup, and show how far it is."""
        await _heard(interaction)
        backups = self._bot.rooms.operator.backups
        backups.begin(keep=keep)
        ended = asyncio.ensure_future(backups.ended())
        try:
            while not ended.done():
                await self._say_backup(interaction, backups.state)
                await asyncio.wait({ended}, timeout=_LOOK_SECONDS)
        finally:
            # Only whoever waits for it is stopped here, never the backup.
            ended.cancel()
        await self._say_backup(interaction, backups.state)

    async def _say_backup(self, interaction: Interaction, state: BackupState) -> None:
        # A backup may take longer than an answer can be changed.
        with contextlib.suppress(discord.HTTPException):
            view = layouts.note(operator_pages.backup(state, str(interaction.locale)))
            await interaction.edit_original_response(view=view)

    @app_commands.command(name="keep", description=_("What is kept, and what would be deleted"))
    @app_commands.describe(days=_("What would go if pictures were kept for so many days"))
    async def keep(self, interaction: Interaction, days: app_commands.Range[int, 1, _MOST_DAYS] | None = None) -> None:
        """Show what is kept."""
        await _heard(interaction)
        found = await self._bot.rooms.operator.retention(days)
        await tell(interaction, operator_pages.retention(found, str(interaction.locale)))

    @close.autocomplete("server")
    @open.autocomplete("server")
    async def _server(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the servers where the bot is, to the operator alone."""
        with contextlib.suppress(Mistake):
            if await self._bot.owners.include(interaction.user.id):
                names = self._bot.rooms.operator.names()
                found = [server for server in names if typed.casefold() in f"{server.name} {server.id}".casefold()]
                return [
                    app_commands.Choice(name=f"{server.name[: _CHARACTERS - 23]} ({server.id})", value=str(server.id))
                    for server in found[:_CHOICES]
                ]
        return []

    def _name(self, guild_id: int) -> str:
        names = {server.id: server.name for server in self._bot.rooms.operator.names()}
        return harmless(names.get(guild_id, str(guild_id)), _CHARACTERS)


async def _heard(interaction: Interaction) -> None:
    """Acknowledge, and raise Mistake for everybody who does not run the bot."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await require_operator(interaction)


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Operation(bot))
