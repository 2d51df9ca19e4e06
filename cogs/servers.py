"""Servers that come and go."""

import asyncio
from typing import Any

import discord
from discord.ext import commands

from bot.app import Easel
from bot.interactions.greeting import greet


class Servers(commands.Cog):
    """Notes where the bot is, greets whoever added it, and lets go of what it has left."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot
        #: Until then it is not known which servers are new.
        self.looked = asyncio.Event()

    @commands.Cog.listener("on_ready")
    async def _look(self) -> None:
        """See what came and went while nobody looked. Every shard has told its servers by now."""
        if task := asyncio.current_task():
            self._bot.ends_first(task)
        rooms = self._bot.rooms
        present = {guild.id: guild for guild in self._bot.guilds}
        new = await rooms.leaving.look(present)
        await rooms.greeting.know_models(present)
        self.looked.set()
        for guild_id in new:
            await greet(self._bot, present[guild_id])

    @commands.Cog.listener("on_guild_join")
    async def _joined(self, guild: discord.Guild) -> None:
        """Greet whoever added the bot."""
        await self._bot.rooms.leaving.joined(guild.id)
        await self._bot.rooms.greeting.know_models([guild.id])
        await greet(self._bot, guild)

    @commands.Cog.listener("on_guild_available")
    async def _back(self, guild: discord.Guild) -> None:
        """Greet in a server that Discord could not reach when the bot came."""
        if self.looked.is_set():
            await greet(self._bot, guild)

    @commands.Cog.listener("on_guild_remove")
    async def _left(self, guild: discord.Guild) -> None:
        """Stop what runs for it. What is kept of it is deleted some time after."""
        await self._bot.rooms.leaving.left(guild.id)


async def setup(bot: Any) -> None:
    """Add the listeners; discord.py calls this."""
    await bot.add_cog(Servers(bot))
