"""The bot's answers to interactions: the callback, and what follows it."""

from enum import IntEnum
from typing import Any

from playground.components import settle
from playground.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    FOLLOWUPS_OF_A_STRANGER,
    MODAL,
    Interaction,
    Interactions,
)
from playground.limits import Checker, check_uploads
from playground.messages import CHAT_COMMAND, CONTEXT_COMMAND, EPHEMERAL, LOADING, REPLY, Message, Upload
from playground.permissions import Permission
from playground.refusals import Refusal, invalid, unknown
from playground.world import World
from playground.writing import edit, new_message, upload_limit, write


class Answer(IntEnum):
    """What a callback is; the numbers are Discord's."""

    MESSAGE = 4
    THINK = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


def callback(
    world: World, interactions: Interactions, interaction: Interaction, body: dict[str, Any], files: dict[int, Upload]
) -> dict[str, Any]:
    """Answer an interaction for the first time, and return the body that `with_response` asks for."""
    world.channel(interaction.channel.id)
    kind, data = body.get("type"), body.get("data") or {}
    if kind not in _allowed(interaction):
        raise invalid(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {tuple(map(int, _allowed(interaction)))}.")
    match kind:
        case Answer.MESSAGE:
            interaction.original = _say(world, interaction, data, files)
        case Answer.THINK:
            interaction.original = _think(world, interaction, data)
        case Answer.DEFER_UPDATE:
            interaction.original = interaction.message
        case Answer.UPDATE:
            interaction.original = _update(world, interaction, data, files)
        case Answer.CHOICES:
            checker = Checker(("data",))
            checker.choices(data.get("choices") or [])
            checker.problems.raise_any()
            interaction.choices = data.get("choices") or []
        case Answer.MODAL:
            checker = Checker(("data",))
            checker.modal(data)
            checker.problems.raise_any()
            interaction.modal = data | {"components": settle(data["components"])}
    interactions.acknowledged(interaction, kind)
    return _response(world, interaction, kind)


def _allowed(interaction: Interaction) -> tuple[int, ...]:
    """Return which callbacks an interaction takes."""
    if interaction.type == AUTOCOMPLETE:
        return (Answer.CHOICES,)
    allowed: tuple[int, ...] = (Answer.MESSAGE, Answer.THINK)
    if interaction.message is not None:
        allowed += (Answer.DEFER_UPDATE, Answer.UPDATE)
    return allowed if interaction.type == MODAL else (*allowed, Answer.MODAL)


def _response(world: World, interaction: Interaction, kind: int) -> dict[str, Any]:
    about: dict[str, Any] = {
        "id": str(interaction.id),
        "type": interaction.type,
        "channel_id": str(interaction.channel.id),
    }
    if interaction.channel.guild is not None:
        about["guild_id"] = str(interaction.channel.guild.id)
    message = interaction.original
    if message is None or kind == Answer.DEFER_UPDATE:
        return {"interaction": about}
    about["response_message_id"] = str(message.id)
    about["response_message_loading"] = message.loading
    about["response_message_ephemeral"] = message.viewer is not None
    if kind == Answer.THINK:
        return {"interaction": about}
    return {"interaction": about, "resource": {"type": kind, "message": message.payload(world.bot)}}


def _blank(world: World, interaction: Interaction, data: dict[str, Any]) -> Message:
    """Return a new message of the bot, in answer to an interaction, seen by one or by all."""
    message = new_message(world, interaction.channel, world.bot)
    message.application_id = world.bot.id
    message.metadata = dict(interaction.metadata)
    if int(data.get("flags") or 0) & EPHEMERAL or _forced_private(interaction):
        message.flags |= EPHEMERAL
        message.viewer = interaction.user
    if interaction.original is not None:
        message.type, message.reference = REPLY, interaction.original
        message.metadata["original_response_message_id"] = str(interaction.original.id)
    elif interaction.message is not None:
        message.type, message.reference = REPLY, interaction.message
    elif interaction.type == COMMAND:
        message.type = CHAT_COMMAND if interaction.data.get("type", 1) == 1 else CONTEXT_COMMAND
        message.used = interaction.used
    return message


def _forced_private(interaction: Interaction) -> bool:
    """Return whether the guild lets apps that are not in it answer for the person alone."""
    if interaction.channel.guild is None or not interaction.installed_for_person_alone:
        return False
    return Permission.USE_EXTERNAL_APPS not in interaction.channel.permissions_of(interaction.user)


def _say(world: World, interaction: Interaction, data: dict[str, Any], files: dict[int, Upload]) -> Message:
    message = _blank(world, interaction, data)
    message.tts = bool(data.get("tts"))
    write(world, message, data, files, ("data",))
    interaction.ephemeral = message.viewer is not None
    world.add_message(message)
    return message


def _think(world: World, interaction: Interaction, data: dict[str, Any]) -> Message:
    message = _blank(world, interaction, data)
    message.flags |= LOADING
    interaction.ephemeral = message.viewer is not None
    world.add_message(message)
    return message


def _update(world: World, interaction: Interaction, data: dict[str, Any], files: dict[int, Upload]) -> Message:
    message = interaction.message
    if message is None or message.deleted:
        raise unknown("Message")
    check_uploads(files, upload_limit(world, message.channel))
    edit(world, message, data, files, ("data",))
    return message


def follow_up(world: World, interaction: Interaction, body: dict[str, Any], files: dict[int, Upload]) -> Message:
    """Say something more; the first after a thinking one fills that."""
    world.channel(interaction.channel.id)
    original = interaction.original
    if original is not None and original.loading and not original.deleted:
        edit(world, original, body, files)
        return original
    if interaction.installed_for_person_alone and len(interaction.followups) >= FOLLOWUPS_OF_A_STRANGER:
        raise Refusal(400, 40094, "This interaction has reached the maximum number of follow-up messages")
    message = _blank(world, interaction, body)
    message.tts = bool(body.get("tts"))
    write(world, message, body, files)
    world.add_message(message)
    interaction.followups.append(message)
    return message


def message_of(interaction: Interaction, message_id: int | None) -> Message:
    """Return the original (None) or a followup, or raise the Refusal that there is none."""
    known = [*interaction.followups, *([interaction.original] if interaction.original else [])]
    if interaction.type == COMPONENT and interaction.message is not None:
        known.append(interaction.message)
    if message_id is None:
        known = known[len(interaction.followups) :][:1]
    for message in known:
        if not message.deleted and message_id in (None, message.id):
            return message
    raise unknown("Message")
