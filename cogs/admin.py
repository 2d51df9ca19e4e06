"""/admin: what the admins of a server choose for it."""

from typing import Any

import discord
import msgspec
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import guarded, tell
from bot.interactions.forms import ask, sent
from bot.services.guilds import (
    MAX_ADAPTER_BYTES,
    MAX_ADAPTERS,
    MAX_NEGATIVE_CHARACTERS,
    MIB,
    Limits,
    Quota,
    Settings,
)
from bot.services.pressing import MEGAPIXEL, MOST_MEGAPIXELS
from bot.texts import Mistake, say
from bot.ui import admin_pages
from bot.ui.custom_ids import NEGATIVE, NEGATIVE_ID
from bot.ui.plain import block

Interaction = discord.Interaction[Easel]


@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class Admin(commands.GroupCog, group_name="admin", group_description=_("Settings of this server")):
    """Shows and changes a server's settings. Discord offers this to those who may manage it, if it is not told else."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="negative", description=_("What to keep out of every picture made in this server"))
    @app_commands.describe(text=_("The words; without them you see and change what is set"))
    async def negative(
        self, interaction: Interaction, text: app_commands.Range[str, 1, MAX_NEGATIVE_CHARACTERS] | None = None
    ) -> None:
        """Set the server's negative prompt, or open a form with the present one."""
        if text is not None:
            await self._set_negative(interaction, text)
            return
        locale = str(interaction.locale)
        await ask(
            interaction,
            NEGATIVE_ID,
            title=say("admin_negative_title", locale),
            label=say("admin_negative_label", locale),
            text=self._bot.rooms.guilds.settings(interaction.guild_id).negative_prompt,
            most=MAX_NEGATIVE_CHARACTERS,
            required=False,
        )

    @app_commands.command(
        name="buttons",
        description=_("Who may make more of a picture with its buttons; without options you see what is set"),
    )
    @app_commands.describe(
        who=_("Besides whoever asked for the picture, and moderators"),
        role=_("Whose members may"),
        role2=_("A second role"),
        role3=_("A third role"),
        role4=_("A fourth role"),
        role5=_("A fifth role"),
    )
    @app_commands.choices(
        who=[
            app_commands.Choice(name=_("everyone"), value="everyone"),
            app_commands.Choice(name=_("nobody else"), value="author"),
            app_commands.Choice(name=_("members with a role"), value="roles"),
        ]
    )
    async def buttons(
        self,
        interaction: Interaction,
        who: app_commands.Choice[str] | None = None,
        role: discord.Role | None = None,
        role2: discord.Role | None = None,
        role3: discord.Role | None = None,
        role4: discord.Role | None = None,
        role5: discord.Role | None = None,
    ) -> None:
        """Set who may press, or show it. A role by itself means those with that role."""
        given = [each.id for each in (role, role2, role3, role4, role5) if each is not None]
        chosen = who.value if who is not None else "roles"
        if chosen == "roles" and who is not None and not given:
            raise Mistake("admin_buttons_which")
        if chosen != "roles" and given:
            raise Mistake("admin_buttons_no_roles")
        changes: dict[str, Any] = {}
        if who is not None or given:
            changes = {"press": chosen, "press_roles": tuple(dict.fromkeys(given))}
        settings = await self._changed(interaction, changes)
        await tell(interaction, admin_pages.buttons(settings, str(interaction.locale)))

    @app_commands.command(
        name="upscale",
        description=_("How much larger pictures may be made; without options you see what is set"),
    )
    @app_commands.describe(
        most=_("How many times as wide and as high"),
        megapixels=_("How many million pixels a picture made larger may have"),
    )
    @app_commands.choices(
        most=[
            app_commands.Choice(name=_("not at all"), value=1),
            app_commands.Choice(name=_("up to 2×"), value=2),
            app_commands.Choice(name=_("up to 4×"), value=4),
        ]
    )
    async def upscale(
        self,
        interaction: Interaction,
        most: app_commands.Choice[int] | None = None,
        megapixels: app_commands.Range[int, 1, MOST_MEGAPIXELS] | None = None,
    ) -> None:
        """Set how much larger pictures may become, or show it. What is not said stays."""
        limits: dict[str, Any] = {}
        if most is not None:
            limits["upscale"] = most.value
        if megapixels is not None:
            limits["upscale_pixels"] = megapixels * MEGAPIXEL
        before = self._bot.rooms.guilds.settings(interaction.guild_id).limits
        changes = {"limits": Limits(**(msgspec.structs.asdict(before) | limits))} if limits else {}
        settings = await self._changed(interaction, changes)
        await tell(interaction, admin_pages.upscale(settings, str(interaction.locale)))

    @app_commands.command(
        name="adapters",
        description=_("Who may bring LoRAs and embeddings, and whether you look at them first"),
    )
    @app_commands.describe(
        who=_("Besides those who manage this server"),
        role=_("Whose members may"),
        role2=_("A second role"),
        role3=_("A third role"),
        approval=_("They are used here only once you have approved them: /adapters queue"),
    )
    @app_commands.choices(
        who=[
            app_commands.Choice(name=_("everyone"), value="everyone"),
            app_commands.Choice(name=_("nobody else"), value="nobody"),
            app_commands.Choice(name=_("members with a role"), value="roles"),
        ]
    )
    async def adapters(
        self,
        interaction: Interaction,
        who: app_commands.Choice[str] | None = None,
        role: discord.Role | None = None,
        role2: discord.Role | None = None,
        role3: discord.Role | None = None,
        approval: bool | None = None,
    ) -> None:
        """Set who may bring adapters and whether they wait for approval, or show it. What is not said stays."""
        given = [each.id for each in (role, role2, role3) if each is not None]
        if who is not None and who.value == "roles" and not given:
            raise Mistake("admin_buttons_which")
        if who is not None and who.value != "roles" and given:
            raise Mistake("admin_buttons_no_roles")
        changes: dict[str, Any] = {}
        if who is not None or given:
            changes["add_adapters"] = who.value if who is not None else "roles"
            changes["adapter_roles"] = tuple(dict.fromkeys(given))
        if approval is not None:
            changes["approve_adapters"] = approval
        settings = await self._changed(interaction, changes)
        await tell(interaction, admin_pages.adapters(settings, str(interaction.locale)))

    @app_commands.command(
        name="adapter-quota",
        description=_("How many LoRAs and embeddings a member may bring here; without options you see what is set"),
    )
    @app_commands.describe(
        role=_("For members with this role; otherwise for everybody"),
        count=_("How many"),
        megabytes=_("How many MiB in all"),
        clear=_("Take this rule away"),
    )
    async def adapter_quota(
        self,
        interaction: Interaction,
        role: discord.Role | None = None,
        count: app_commands.Range[int, 0, MAX_ADAPTERS] | None = None,
        megabytes: app_commands.Range[int, 0, MAX_ADAPTER_BYTES // MIB] | None = None,
        clear: bool = False,
    ) -> None:
        """Set a quota, take one away, or show them all."""
        said = count is not None or megabytes is not None
        if said and (clear or count is None or megabytes is None):
            raise Mistake("admin_quota_both")
        if role is not None and not said and not clear:
            raise Mistake("admin_quota_both")
        before = self._bot.rooms.guilds.settings(interaction.guild_id)
        quota = None if count is None or megabytes is None else Quota(count, megabytes * MIB)
        changes: dict[str, Any] = {}
        if role is not None:
            others = {each: held for each, held in before.adapter_quotas.items() if each != role.id}
            changes["adapter_quotas"] = others if quota is None else {**others, role.id: quota}
        elif said or clear:
            changes["adapter_quota"] = quota
        settings = await self._changed(interaction, changes)
        await tell(interaction, admin_pages.adapter_quotas(settings, str(interaction.locale)))

    async def _changed(self, interaction: Interaction, changes: dict[str, Any]) -> Settings:
        """Acknowledge, and return the server's settings with the changes, which are written where there are any."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        guilds = self._bot.rooms.guilds
        return (
            await guilds.change(interaction.guild_id, **changes) if changes else guilds.settings(interaction.guild_id)
        )

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := sent(interaction, NEGATIVE)) is not None:
            _found, text = form
            await guarded(interaction, lambda: self._set_negative(interaction, text))

    async def _set_negative(self, interaction: Interaction, text: str) -> None:
        locale = str(interaction.locale)
        chosen = await self._changed(interaction, {"negative_prompt": text.strip()})
        if not chosen.negative_prompt:
            await tell(interaction, say("admin_negative_none", locale))
            return
        text = block(chosen.negative_prompt, MAX_NEGATIVE_CHARACTERS)
        await tell(interaction, say("admin_negative", locale, text=text))


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Admin(bot))
