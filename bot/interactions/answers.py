"""Answers to interactions: acknowledged at once, mistakes told in words, everything else written down."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import aiohttp
import discord
from discord import app_commands, ui

from bot.errors import EaselError, EngineDead
from bot.interactions.gate import actor_of as actor_of
from bot.interactions.gate import private_for, require_entry, was_refused
from bot.services.requests import PRESS, Acknowledge, Target, Unheard
from bot.texts import Mistake, out_of_range, said, say
from bot.ui.layouts import note
from bot.ui.mistakes import told
from bot.ui.plain import harmless
from bot.ui.remarks import place
from inference.prompt.places import PromptError
from inference.protocol.limits import OutOfRange
from storage import StorageError, UnreadableRecipe

log = logging.getLogger("easel.answers")

#: How long Discord lets an interaction be answered.
TOKEN_SECONDS = 900.0
#: Of what is wrong with a prompt.
_WORDS = 600
_NOBODY = discord.AllowedMentions.none()


def target_of(interaction: discord.Interaction, private: bool) -> Target:
    """Return where the answer goes: in some channels to the member alone, whatever they asked for."""
    return Target(
        channel_id=interaction.channel_id or 0,
        application_id=interaction.application_id,
        token=interaction.token,
        token_expires_at=interaction.created_at.timestamp() + TOKEN_SECONDS,
        private=private or private_for(interaction, False),
    )


def acknowledging(interaction: discord.Interaction[Any], private: bool) -> Acknowledge:
    """Return what tells Discord that the interaction was heard and that an answer is coming."""
    hidden = private or private_for(interaction, False)

    async def acknowledge() -> None:
        try:
            await interaction.response.defer(ephemeral=hidden, thinking=True)
        except discord.NotFound as error:
            raise Unheard from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            # Perhaps Discord heard us, and perhaps not; the result finds its way.
            log.warning("an interaction may not have been acknowledged: %s", error)

    return acknowledge


class Tree(app_commands.CommandTree[Any]):
    """The commands. A client that knows another version of one is told so: nothing it says is left out in silence."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Return whether the server lets the member use the command at all; if not, they are told why.

        Raises CommandSignatureMismatch for options that the command does not have, or not so.
        """
        try:
            require_entry(interaction)
        except Mistake as refusal:
            if interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            else:
                await answer_error(interaction, refusal)
            return False
        command = interaction.command
        if interaction.type is discord.InteractionType.application_command and isinstance(
            command, app_commands.Command
        ):
            known = {parameter.display_name: parameter.type for parameter in command.parameters}
            if not all(_fits(option, known.get(option["name"])) for option in _options_of(interaction)):
                raise app_commands.CommandSignatureMismatch(command)
        return True


def _options_of(interaction: discord.Interaction[Any]) -> Sequence[Any]:
    """Return the options that were filled in, those of the subcommand where there is one."""
    data: Any = interaction.data or {}
    found = data.get("options", [])
    while found and found[0]["type"] in (1, 2):
        found = found[0].get("options", [])
    return list(found)


def _fits(option: dict[str, Any], kind: discord.AppCommandOptionType | None) -> bool:
    """Tell whether an option is of the kind that the command has under that name, and its value too."""
    value = option["value"]
    match kind:
        case None:
            return False
        case discord.AppCommandOptionType.boolean:
            return isinstance(value, bool)
        case discord.AppCommandOptionType.integer:
            return isinstance(value, int) and not isinstance(value, bool)
        case discord.AppCommandOptionType.number:
            return isinstance(value, int | float) and not isinstance(value, bool)
    return option["type"] == kind.value and isinstance(value, str)


async def tell(interaction: discord.Interaction, text: str) -> None:
    """Say something to this member alone, whether or not the interaction was answered."""
    await show(interaction, note(text))


async def show(interaction: discord.Interaction, view: ui.LayoutView, files: list[discord.File] | None = None) -> None:
    """Show something to this member alone, whether or not the interaction was answered."""
    attached = files or []
    if interaction.response.is_done():
        await interaction.followup.send(view=view, files=attached, ephemeral=True, allowed_mentions=_NOBODY)
    else:
        await interaction.response.send_message(view=view, files=attached, ephemeral=True, allowed_mentions=_NOBODY)


async def guarded(
    interaction: discord.Interaction[Any], work: Callable[[], Awaitable[None]], command: str = PRESS
) -> None:
    """Do what a member asked for with a button or a form, if the server lets them; tell what goes wrong.

    `command` is what it counts as. A refusal is told once, however many are handed the same form.
    """
    if was_refused(interaction):
        return
    try:
        require_entry(interaction, command)
        await work()
    except Exception as error:
        await answer_error(interaction, error)


async def answer_error(interaction: discord.Interaction, error: Exception) -> None:
    """Tell a member what went wrong.

    In this order: what the member can mend; what a limit forbids; what the store or the engine cannot do now; a
    command that Discord remembers otherwise than we do. Everything else gets a number that stands in the log too.
    """
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original if isinstance(error.original, Exception) else error
    if isinstance(error, Unheard):
        log.warning("an interaction came too late to be acknowledged")
        return
    if interaction.type is discord.InteractionType.autocomplete:
        # Words are no answer to somebody who is still typing.
        log.info("no choices can be offered: %s", error)
        return
    try:
        await _replace(interaction, words_for(error, str(interaction.locale)))
    except (discord.HTTPException, aiohttp.ClientError, OSError) as closed:
        log.info("the member cannot be told of %r: %s", error, closed)


def words_for(error: Exception, locale: str | None = None) -> str:
    """Return what a member is told of an error."""
    match error:
        case Mistake():
            return told(error, locale)
        case PromptError():
            return f"{harmless(said(error.told, locale), _WORDS)}\n{place(error.text, error.span)}"
        case OutOfRange():
            return out_of_range(error, locale)
        case EngineDead():
            return say("engine_dead", locale)
        case EaselError():
            return error.message
        case UnreadableRecipe():
            log.warning("%s", error)
            return say("other_version", locale)
        case StorageError():
            log.error("the store: %s", error)
            return say("store", locale)
        case app_commands.CommandSignatureMismatch() | app_commands.CommandNotFound() | app_commands.TransformerError():
            return say("stale", locale)
        case app_commands.CheckFailure():
            return say("not_allowed", locale)
        case discord.Forbidden():
            return say("no_permission", locale)
    reference = uuid4().hex[:8]
    kind = "the database" if isinstance(error, sqlite3.Error) else "an interaction"
    log.error("error %s in %s", reference, kind, exc_info=error)
    return say("error", locale, reference=reference)


async def _replace(interaction: discord.Interaction, text: str) -> None:
    """Put words where the answer would be. A public "thinking" is taken away: mistakes are seen by one alone."""
    if not interaction.response.is_done():
        await tell(interaction, text)
        return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        message = await interaction.original_response()
        if not message.flags.ephemeral:
            await interaction.delete_original_response()
    await tell(interaction, text)
