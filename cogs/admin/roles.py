"""/admin roles: what members with a role may do."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin_panel import show_panel
from bot.interactions.answers import tell
from bot.services import changes
from bot.services.changes import Changes
from bot.services.guilds import MAX_ADAPTER_BYTES, MAX_ADAPTERS, MIB, Quota, Settings
from bot.texts import Mistake
from bot.ui import admin_rules
from cogs.admin.part import Interaction, Part, ids

#: Options that say who may do something besides those who manage the server, and what one may choose.
_WHO = {
    "who": _("Besides those who manage this server"),
    "role": _("Whose members may"),
    "role2": _("Also for these"),
    "role3": _("Also for these"),
}
_CHOICES = [
    app_commands.Choice(name=_("everyone"), value="everyone"),
    app_commands.Choice(name=_("nobody else"), value="nobody"),
    app_commands.Choice(name=_("members with a role"), value="roles"),
]


class Roles(Part, name="roles", description=_("What members with a role may do")):
    """What members with a role may do."""

    @app_commands.command(name="show", description=_("All rules about roles, with menus that change them"))
    @app_commands.describe(role=_("Those of a role"))
    async def show(self, interaction: Interaction, role: discord.Role | None = None) -> None:
        """Show what roles may do, or the lane and the weight of one."""
        if role is None:
            await show_panel(interaction, "roles")
        else:
            await show_panel(interaction, "role", str(role.id))

    @app_commands.command(name="set", description=_("How soon members with a role have their turn"))
    @app_commands.describe(
        role=_("Which role"),
        lane=_("Before or behind others"),
        weight=_("2 has twice the turns of 1 within a lane"),
        clear=_("Take this rule away"),
    )
    @app_commands.choices(
        lane=[
            app_commands.Choice(name=_("before others"), value="priority"),
            app_commands.Choice(name=_("as usual"), value="normal"),
            app_commands.Choice(name=_("behind others"), value="relaxed"),
        ]
    )
    async def set(
        self,
        interaction: Interaction,
        role: discord.Role | None = None,
        lane: app_commands.Choice[str] | None = None,
        weight: app_commands.Range[float, 0.01, 100.0] | None = None,
        clear: bool = False,
    ) -> None:
        """Set the lane and the weight of a role, or show all."""
        said = lane is not None or weight is not None
        if said and clear:
            raise Mistake("admin_clear_alone")
        if role is None and (said or clear):
            raise Mistake("admin_say_role")
        if role is not None and not (said or clear):
            raise Mistake("admin_say_what")

        def make(now: Settings) -> Changes:
            if role is None:
                return {}
            if clear:
                return changes.clear_rank(now, role.id)
            found: Changes = {}
            if lane is not None:
                found |= changes.role_lane(now, role.id, _lane(lane))
            if weight is not None:
                found |= changes.role_weight(now, role.id, weight)
            return found

        settings = await self.made(interaction, make)
        await tell(interaction, admin_rules.ranks(settings, self.around(interaction)))

    @app_commands.command(name="buttons", description=_("Who may make more of a picture with its buttons"))
    @app_commands.describe(
        who=_("Besides whoever asked for the picture, and moderators"),
        role=_("Whose members may"),
        role2=_("Also for these"),
        role3=_("Also for these"),
        role4=_("Also for these"),
        role5=_("Also for these"),
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
        roles = ids(role, role2, role3, role4, role5)
        settings = await self.changed(interaction, _who("press", "press_roles", who, roles))
        await tell(interaction, admin_rules.buttons(settings, self.around(interaction)))

    @app_commands.command(name="history", description=_("Who may see what others asked for here"))
    @app_commands.describe(**_WHO)
    @app_commands.choices(who=_CHOICES)
    async def history(
        self,
        interaction: Interaction,
        who: app_commands.Choice[str] | None = None,
        role: discord.Role | None = None,
        role2: discord.Role | None = None,
        role3: discord.Role | None = None,
    ) -> None:
        """Set who may see others' history, or show it. A role by itself means those with that role."""
        settings = await self.changed(interaction, _who("history", "history_roles", who, ids(role, role2, role3)))
        await tell(interaction, admin_rules.history(settings, self.around(interaction)))

    @app_commands.command(name="adapters", description=_("Who may bring LoRAs and embeddings"))
    @app_commands.describe(**_WHO, approval=_("They are used here only once you have approved them: /adapters queue"))
    @app_commands.choices(who=_CHOICES)
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
        chosen = _who("add_adapters", "adapter_roles", who, ids(role, role2, role3))
        if approval is not None:
            chosen["approve_adapters"] = approval
        settings = await self.changed(interaction, chosen)
        await tell(interaction, admin_rules.adapters(settings, self.around(interaction)))

    @app_commands.command(name="train", description=_("Who may train LoRAs and embeddings, once I can"))
    @app_commands.describe(**_WHO)
    @app_commands.choices(who=_CHOICES)
    async def train(
        self,
        interaction: Interaction,
        who: app_commands.Choice[str] | None = None,
        role: discord.Role | None = None,
        role2: discord.Role | None = None,
        role3: discord.Role | None = None,
    ) -> None:
        """Set who may train, or show it. A role by itself means those with that role."""
        settings = await self.changed(interaction, _who("train", "train_roles", who, ids(role, role2, role3)))
        await tell(interaction, admin_rules.training(settings, self.around(interaction)))

    @app_commands.command(name="adapter-quota", description=_("How many LoRAs and embeddings a member may bring"))
    @app_commands.describe(
        role=_("For a role; otherwise for everybody"),
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
        quota = None if count is None or megabytes is None else Quota(count, megabytes * MIB)

        def make(now: Settings) -> Changes:
            if not said and not clear:
                return {}
            return changes.adapter_quota(now, None if role is None else role.id, quota)

        settings = await self.made(interaction, make)
        await tell(interaction, admin_rules.quotas(settings, self.around(interaction)))


def _who(field: str, roles_field: str, who: app_commands.Choice[str] | None, roles: Sequence[int]) -> Changes:
    """Return who may do something: everyone, nobody else, or members with these roles. Raises Mistake."""
    if who is not None and who.value == "roles" and not roles:
        raise Mistake("admin_buttons_which")
    if who is not None and who.value != "roles" and roles:
        raise Mistake("admin_buttons_no_roles")
    if who is None and not roles:
        return {}
    return {field: who.value if who is not None else "roles", roles_field: tuple(roles)}


def _lane(lane: app_commands.Choice[str]) -> Any:
    return lane.value
