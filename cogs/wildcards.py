"""/wildcards: lists of words that prompts draw from."""

import asyncio
import io
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, guarded, show, tell
from bot.interactions.files import Sent, fetched
from bot.interactions.forms import ask, fits, sent
from bot.services.wildcard_files import name_of
from bot.services.wildcards import checked_name, read_file, require_file, require_guild, require_manager
from bot.texts import Mistake, say
from bot.ui import pages
from bot.ui.choices import Choices, matching
from bot.ui.custom_ids import WILDCARDS, wildcards_id

Interaction = discord.Interaction[Easel]
Name = app_commands.Range[str, 1, 100]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Wildcards(
    commands.GroupCog,
    group_name="wildcards",
    group_description=_("Lists of words that prompts draw from"),
):
    """Shows everybody a server's lists, and lets those change them who manage the server."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="add", description=_("Add or replace lists, from text files"))
    @app_commands.describe(
        file=_("A .txt file, one entry a line"),
        name=_("What the list is called; otherwise as the file"),
        file2=_("A second file"),
        file3=_("A third file"),
        file4=_("A fourth file"),
        file5=_("A fifth file"),
    )
    async def add(
        self,
        interaction: Interaction,
        file: discord.Attachment,
        name: Name | None = None,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
        file4: discord.Attachment | None = None,
        file5: discord.Attachment | None = None,
    ) -> None:
        """Write the files down as lists, all of them or none."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_manager(actor_of(interaction))
        files = [each for each in (file, file2, file3, file4, file5) if each is not None]
        texts: dict[str, str] = {}
        for called, each in _named(files, name).items():
            texts[called] = await asyncio.to_thread(read_file, each.filename, await fetched(interaction, Sent.of(each)))
        await self._put(interaction, texts)

    @app_commands.command(name="edit", description=_("Change a list, or begin a new one"))
    @app_commands.describe(name=_("Which list"))
    async def edit(self, interaction: Interaction, name: Name) -> None:
        """Open a form with the list."""
        actor = actor_of(interaction)
        require_manager(actor)
        called = checked_name(name)
        text = self._bot.rooms.wildcards.own_text(actor.guild_id, called) or ""
        if not fits(text):
            raise Mistake("wildcard_too_long", name=called)
        await ask(
            interaction,
            wildcards_id(called),
            title=say("wildcards_form", actor.locale),
            label=say("wildcards_form_label", actor.locale),
            description=f"__{called}__",
            text=text,
        )

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := sent(interaction, WILDCARDS)) is not None:
            found, text = form
            await guarded(interaction, lambda: self._edited(interaction, found["name"], text))

    async def _edited(self, interaction: Interaction, name: str, text: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._put(interaction, {name: text})

    async def _put(self, interaction: Interaction, texts: dict[str, str]) -> None:
        actor = actor_of(interaction)
        saved = await self._bot.rooms.wildcards.put(actor, texts)
        await show(interaction, pages.saved_wildcards(saved, actor.locale))

    @app_commands.command(name="list", description=_("Which lists there are"))
    async def list(self, interaction: Interaction) -> None:
        """Show the server's lists and the operator's; where they are many, all of them in a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        own, operators = await self._bot.rooms.wildcards.listed(require_guild(actor))
        view, text = pages.wildcards(own, operators, actor.locale)
        await show(interaction, view, [_file(text, pages.WILDCARDS_FILE)] if text else [])

    @app_commands.command(name="show", description=_("Get a list as a file"))
    @app_commands.describe(name=_("Which list"))
    async def show(self, interaction: Interaction, name: Name) -> None:
        """Send a list as it was written."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        called = checked_name(name)
        text = self._bot.rooms.wildcards.text(require_guild(actor), called)
        file_name = f"{called.replace('/', '-')}.txt"
        await show(interaction, pages.wildcard(called, file_name, actor.locale), [_file(text, file_name)])

    @app_commands.command(name="remove", description=_("Remove a list of this server"))
    @app_commands.describe(name=_("Which list"))
    async def remove(self, interaction: Interaction, name: Name) -> None:
        """Remove one of the server's own lists."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        called = checked_name(name)
        await self._bot.rooms.wildcards.remove(actor, called)
        await tell(interaction, say("wildcard_removed", actor.locale, name=called))

    # These answer from memory.

    @add.autocomplete("name")
    @edit.autocomplete("name")
    @remove.autocomplete("name")
    async def _own(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed, self._bot.rooms.wildcards.own_names(interaction.guild_id))

    @show.autocomplete("name")
    async def _all(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed, sorted(self._bot.rooms.wildcards.of(interaction.guild_id).names()))


def _named(files: list[discord.Attachment], name: str | None) -> dict[str, discord.Attachment]:
    """Return the files by the names of their lists. Raises Mistake for a name that cannot be, or is there twice."""
    if name is not None and len(files) > 1:
        raise Mistake("wildcard_names")
    found: dict[str, discord.Attachment] = {}
    for file in files:
        require_file(file.filename, file.size)
        called = checked_name(name if name is not None else name_of(file.filename))
        if called in found:
            raise Mistake("wildcard_twice", name=called)
        found[called] = file
    return found


def _file(text: str, name: str) -> discord.File:
    return discord.File(io.BytesIO(text.encode()), name)


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Wildcards(bot))
