"""/adapters: LoRAs and embeddings that members bring, and a message's menu that brings what is attached to it."""

from typing import Any, cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions import adapter_forms, adapter_views, adapters, bringing
from bot.interactions.answers import actor_of, guarded, show, tell
from bot.interactions.bringing import Brought, bring
from bot.interactions.files import Sent
from bot.services.adapter_values import triggers_of
from bot.services.wishes import named_model
from bot.texts import Mistake, say
from bot.ui import adapter_pages
from bot.ui.adapter_pages import Filter
from bot.ui.choices import NAME_CHARACTERS, Choices, matching, models_like
from bot.ui.custom_ids import AdapterShelf
from bot.ui.plain import harmless

Interaction = discord.Interaction[Easel]
Name = app_commands.Range[str, 1, 100]
Triggers = app_commands.Range[str, 1, 2100]
Weight = app_commands.Range[float, -2.0, 2.0]
Picked = app_commands.Choice[str]

_VISIBILITY = [
    app_commands.Choice(name=_("me alone"), value="private"),
    app_commands.Choice(name=_("this server"), value="server"),
    app_commands.Choice(name=_("everybody"), value="public"),
]
_WHOSE = [
    app_commands.Choice(name=_("mine"), value="mine"),
    app_commands.Choice(name=_("of this server"), value="server"),
    app_commands.Choice(name=_("for everybody"), value="public"),
]
_KINDS = [
    app_commands.Choice(name=_("LoRAs"), value="lora"),
    app_commands.Choice(name=_("embeddings"), value="embedding"),
]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Adapters(
    commands.GroupCog, group_name="adapters", group_description=_("LoRAs and embeddings: yours and those shared")
):
    """Brings, shows, shares and removes adapters; what is answered is seen by one alone."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot
        self._menu = app_commands.ContextMenu(name=_("Add as adapter"), callback=self._from_message)
        self._menu.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)
        self._menu.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu back."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    # Bringing -------------------------------------------------------------------------------------------------------

    @app_commands.command(name="add", description=_("Bring a LoRA or an embedding; without options you get a form"))
    @app_commands.rename(whose="for")
    @app_commands.choices(whose=_VISIBILITY)
    @app_commands.describe(
        file=_("A .safetensors, .pt or .bin file"),
        link=_("Or a link to its page or its file at Civitai or Hugging Face"),
        name=_("What it is called in prompts; otherwise as the file"),
        triggers=_("Words that it was trained on, with commas between"),
        weight=_("How strong it is where nobody says; 1 is usual"),
        description=_("What it does"),
        whose=_("Who may use it; otherwise you alone"),
    )
    async def add(
        self,
        interaction: Interaction,
        file: discord.Attachment | None = None,
        link: app_commands.Range[str, 1, 2000] | None = None,
        name: Name | None = None,
        triggers: Triggers | None = None,
        weight: Weight | None = None,
        description: app_commands.Range[str, 1, 1000] | None = None,
        whose: Picked | None = None,
    ) -> None:
        """Bring a file or what a link leads to, or open a form."""
        if file is not None and link is not None:
            raise Mistake("loras_both")
        if file is None and link is None:
            await adapter_forms.open_add_form(interaction)
            return
        brought = Brought(
            source=Sent.of(file) if file is not None else link or "",
            name=name,
            triggers=triggers_of(triggers) if triggers is not None else None,
            weight=1.0 if weight is None else weight,
            description=description or "",
            visibility=cast(Any, whose.value) if whose is not None else "private",
        )
        await bring(interaction, brought)

    async def _from_message(self, interaction: Interaction, message: discord.Message) -> None:
        await bring(interaction, Brought(source=bringing.source_in(message)))

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the forms."""
        if (form := adapter_forms.added(interaction)) is not None:
            await guarded(interaction, lambda: adapter_forms.bring_filled(interaction, form))
        elif (changed := adapter_forms.edited(interaction)) is not None:
            await guarded(interaction, lambda: adapter_forms.edit_filled(interaction, changed))

    # Looking --------------------------------------------------------------------------------------------------------

    @app_commands.command(name="list", description=_("Which LoRAs and embeddings you can use here"))
    @app_commands.choices(whose=_WHOSE, kind=_KINDS)
    @app_commands.describe(whose=_("Whose"), kind=_("Which kind"), model=_("Only those that fit this model"))
    async def list(
        self,
        interaction: Interaction,
        whose: Picked | None = None,
        kind: Picked | None = None,
        model: str | None = None,
    ) -> None:
        """Show the first page; its buttons show the others."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = None if model is None else named_model(model, self._bot.rooms.dispatcher.models)
        chosen = Filter(
            whose=cast(AdapterShelf, whose.value) if whose is not None else "all",
            kind=kind.value if kind is not None else "all",
            model="" if found is None else found.name,
            model_hash="" if found is None else found.hash,
        )
        await show(interaction, *await adapter_views.page(self._bot, 0, chosen, actor_of(interaction)))

    @app_commands.command(name="info", description=_("Everything about a LoRA or an embedding"))
    @app_commands.describe(name=_("Which LoRA or embedding"))
    async def info(self, interaction: Interaction, name: Name) -> None:
        """Show it, with what may be done with it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        one = adapter_views.looked_up(self._bot.rooms, name, actor)
        await show(interaction, *await adapter_views.card(self._bot, one, actor))

    @app_commands.command(name="preview", description=_("Paint a picture that shows what one of yours does"))
    @app_commands.describe(name=_("Which LoRA or embedding"), prompt=_("What to paint; otherwise its trigger words"))
    async def preview(
        self, interaction: Interaction, name: Name, prompt: app_commands.Range[str, 1, 1000] | None = None
    ) -> None:
        """Paint it; the picture becomes its preview."""
        one = adapter_views.looked_up(self._bot.rooms, name, actor_of(interaction))
        await adapters.paint_preview(interaction, one, prompt)

    # Changing -------------------------------------------------------------------------------------------------------

    @app_commands.command(
        name="edit", description=_("Change one of yours, in a form where you say nothing but its name")
    )
    @app_commands.describe(
        name=_("Which LoRA or embedding"),
        rename=_("A new name for it"),
        triggers=_("Words that it was trained on, with commas between"),
        weight=_("How strong it is where nobody says; 1 is usual"),
        description=_("What it does"),
    )
    async def edit(
        self,
        interaction: Interaction,
        name: Name,
        rename: Name | None = None,
        triggers: Triggers | None = None,
        weight: Weight | None = None,
        description: app_commands.Range[str, 1, 1000] | None = None,
    ) -> None:
        """Change what is given; where nothing is, open a form."""
        actor, service = actor_of(interaction), self._bot.rooms.adapters
        one = service.editable(actor, name)
        if rename is None and triggers is None and weight is None and description is None:
            await adapter_forms.open_edit_form(interaction, one)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        changed = await service.edit(
            actor,
            one.id,
            name=rename,
            triggers=triggers_of(triggers) if triggers is not None else None,
            weight=weight,
            description=description,
        )
        await show(
            interaction, *await adapter_views.card(self._bot, changed, actor, say("loras_changed", actor.locale))
        )

    @app_commands.command(name="share", description=_("Say who may use one of yours"))
    @app_commands.rename(whose="with")
    @app_commands.choices(whose=_VISIBILITY)
    @app_commands.describe(name=_("Which LoRA or embedding"), whose=_("Who may use it; otherwise this server"))
    async def share(self, interaction: Interaction, name: Name, whose: Picked | None = None) -> None:
        """Share one with the server or with everybody, or withdraw it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, service = actor_of(interaction), self._bot.rooms.adapters
        one = service.editable(actor, name)
        changed = await service.share(actor, one.id, cast(Any, whose.value) if whose is not None else "server")
        await show(
            interaction, *await adapter_views.card(self._bot, changed, actor, say("loras_changed", actor.locale))
        )

    @app_commands.command(
        name="remove", description=_("Delete one of yours for good, or, as an admin, take one away from this server")
    )
    @app_commands.describe(name=_("Which LoRA or embedding"))
    async def remove(self, interaction: Interaction, name: Name) -> None:
        """Delete a member's own; take another's away, for those who manage the server."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, service = actor_of(interaction), self._bot.rooms.adapters
        one = adapter_views.looked_up(self._bot.rooms, name, actor)
        if one.owner_id != actor.member_id and actor.manager:
            taken = await service.take_away(actor, one.id)
            await tell(interaction, say("loras_taken_away", actor.locale, name=harmless(taken.name)))
            return
        removed = await service.remove(actor, service.editable(actor, name).id)
        await show(interaction, adapter_views.removed(removed, actor.locale))

    # Admins ---------------------------------------------------------------------------------------------------------

    @app_commands.command(name="queue", description=_("For admins: what waits to be approved in this server"))
    async def queue(self, interaction: Interaction) -> None:
        """Show the first that waits; its buttons decide."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show(interaction, *await adapter_views.queue(self._bot, 0, actor_of(interaction)))

    @app_commands.command(name="ban", description=_("For admins: let a member bring nothing here; alone it shows who"))
    @app_commands.describe(member=_("Whose LoRAs and embeddings are not wanted here"))
    async def ban(self, interaction: Interaction, member: discord.User | None = None) -> None:
        """Ban a member, or show who is banned."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, service = actor_of(interaction), self._bot.rooms.adapters
        if member is not None:
            await service.ban(actor, member.id)
            await tell(interaction, say("loras_ban_done", actor.locale, member=member.mention))
            return
        if actor.guild_id is None:
            raise Mistake("adapters_server")
        if not actor.manager:
            raise Mistake("adapters_manager")
        await tell(interaction, adapter_pages.banned(service.banned(actor.guild_id), actor.locale))

    @app_commands.command(name="unban", description=_("For admins: let a member bring LoRAs and embeddings again"))
    @app_commands.describe(member=_("Who may bring them again"))
    async def unban(self, interaction: Interaction, member: discord.User) -> None:
        """Undo a ban."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        await self._bot.rooms.adapters.unban(actor, member.id)
        await tell(interaction, say("loras_unbanned", actor.locale, member=member.mention))

    # All of these answer from memory.

    @info.autocomplete("name")
    @remove.autocomplete("name")
    @preview.autocomplete("name")
    async def _seen(self, interaction: Interaction, typed: str) -> Choices:
        actor, service = actor_of(interaction), self._bot.rooms.adapters
        wanted = typed.casefold().strip()
        found = [
            (one.name, adapter_pages.choice_words(one, service.whose(one, actor), actor.locale))
            for one in service.listed(actor)
        ]
        found = [each for each in found if wanted in each[1].casefold()]
        found.sort(key=lambda each: not each[0].casefold().startswith(wanted))
        return [app_commands.Choice(name=words[:NAME_CHARACTERS], value=name) for name, words in found[:25]]

    @edit.autocomplete("name")
    @share.autocomplete("name")
    async def _own(self, interaction: Interaction, typed: str) -> Choices:
        return matching(typed, [one.name for one in self._bot.rooms.adapters.owned(interaction.user.id)])

    @list.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> Choices:
        return models_like(typed, self._bot.rooms.gatekeeper.models(actor_of(interaction)))


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Adapters(bot))
