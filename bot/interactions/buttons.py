"""Buttons under messages. Nothing of a button is kept but its custom id, so that it works after any restart."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Self, cast

import discord
from discord import ui

from bot.interactions import card, remix
from bot.interactions.answers import acknowledging, actor_of, guarded, show, target_of
from bot.interactions.showing import (
    picture_view,
    queue_view,
    send_pictures,
    settings_view,
    shelf_view,
    styles_view,
    take_away,
)
from bot.services.deeds import Deed
from bot.services.policy import PRESS
from bot.texts import Mistake, say
from bot.ui import custom_ids, layouts
from bot.ui.custom_ids import CardVerb, Shelf, Verb, Whose
from inference.protocol.messages import JobId

Interaction = discord.Interaction[Any]
Found = re.Match[str]


class Button(ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"(?!)"):
    """A button that does what its custom id says; a subclass names the pattern and the work."""

    #: What it counts as, for rules about who may use what.
    command: ClassVar[str] = PRESS

    def __init__(self, item: ui.Button[ui.LayoutView], found: Found) -> None:
        super().__init__(item)
        #: The parts of the custom id.
        self.found = found

    @classmethod
    async def from_custom_id(cls, interaction: Interaction, item: ui.Item[Any], match: Found, /) -> Self:
        """Return the button that was pressed."""
        return cls(cast(ui.Button[ui.LayoutView], item), match)

    async def callback(self, interaction: Interaction) -> None:
        """Do what the button says; tell what goes wrong."""
        await guarded(interaction, lambda: self.work(interaction), self.counts_as)

    @property
    def counts_as(self) -> str:
        """Return what this very button counts as."""
        return self.command

    async def work(self, interaction: Interaction) -> None:
        """Do it. What is raised is told to whoever pressed."""
        raise NotImplementedError


# Under a request --------------------------------------------------------------------------------------------------


async def _again(interaction: Interaction, job: JobId) -> None:
    message = interaction.message
    private = message is not None and message.flags.ephemeral
    acknowledge = acknowledging(interaction, private)
    await interaction.client.rooms.generation.again(
        job, actor_of(interaction), target_of(interaction, private), acknowledge
    )


async def _cancel(interaction: Interaction, job: JobId) -> None:
    await interaction.response.defer()
    if not await interaction.client.rooms.generation.cancel(job, actor_of(interaction)):
        raise Mistake("gone")


async def _drop(interaction: Interaction, job: JobId) -> None:
    """Cancel a request of the member's queue, and show what is left of that."""
    await interaction.response.defer()
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    await rooms.generation.cancel(job, actor)
    await interaction.edit_original_response(view=queue_view(rooms, "mine", actor))


async def _delete(interaction: Interaction, job: JobId) -> None:
    await interaction.response.defer()
    spot = await interaction.client.rooms.gallery.delete(job, actor_of(interaction))
    await interaction.delete_original_response()
    pressed = interaction.message
    if spot is not None and (pressed is None or pressed.id != spot.message_id):
        # The button was under a copy.
        await take_away(interaction.client, spot)


async def _settings(interaction: Interaction, job: JobId) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show(interaction, *await settings_view(interaction.client.rooms, job, actor_of(interaction)))


async def _show(interaction: Interaction, job: JobId) -> None:
    """Show a job's pictures to this member alone."""
    await interaction.response.defer(ephemeral=True, thinking=True)

    async def send(view: ui.LayoutView, files: list[discord.File]) -> None:
        await show(interaction, view, files)

    await send_pictures(interaction.client.rooms, job, actor_of(interaction), interaction.filesize_limit, send)


async def _check(interaction: Interaction, job: JobId) -> None:
    """Have pictures checked that could not be, and show in the same message what may be seen of them now."""
    await interaction.response.defer()
    rooms, actor = interaction.client.rooms, actor_of(interaction)

    async def send(view: ui.LayoutView, files: list[discord.File]) -> None:
        await interaction.edit_original_response(view=view, attachments=files)

    if not await send_pictures(rooms, job, actor, interaction.filesize_limit, send):
        raise Mistake("check_still")


_VERBS: Mapping[Verb, Callable[[Interaction, JobId], Awaitable[None]]] = {
    "again": _again,
    "cancel": _cancel,
    "delete": _delete,
    "settings": _settings,
    "show": _show,
    "drop": _drop,
    "check": _check,
}


#: What takes something of one's own away, which is a right like `/me delete`: of the blocked too, and everywhere.
_TAKING_AWAY = frozenset({"cancel", "delete", "drop"})


class JobButton(Button, template=custom_ids.PATTERN):
    """Does its verb to its job."""

    @property
    def counts_as(self) -> str:
        """Return what this very button counts as."""
        return "me" if self.found["verb"] in _TAKING_AWAY else self.command

    async def work(self, interaction: Interaction) -> None:
        """Do the verb."""
        await _VERBS[cast(Verb, self.found["verb"])](interaction, JobId(self.found["job"]))


# Under a picture --------------------------------------------------------------------------------------------------


class DeedButton(Button, template=custom_ids.DEED):
    """Makes a new picture of one of a job's pictures."""

    async def work(self, interaction: Interaction) -> None:
        """Ask for it; in a message of its own, seen by those who see the first one."""
        rooms, actor = interaction.client.rooms, actor_of(interaction)
        job, index = JobId(self.found["job"]), int(self.found["index"])
        found, image = await rooms.originals.pressed(job, index, actor)
        place = _place(interaction) or await rooms.originals.place(found)
        source = rooms.edits.of_ours(image, place)
        target, acknowledge = target_of(interaction, found.private), acknowledging(interaction, found.private)
        await rooms.edits.press(source, cast(Deed, self.found["deed"]), actor, target, acknowledge)


def _place(interaction: Interaction) -> tuple[int | None, int, int] | None:
    """Return where the message is whose button was pressed, if others see it too: it may not be written down yet."""
    message = interaction.message
    if message is None or message.flags.ephemeral:
        return None
    return interaction.guild_id, message.channel.id, message.id


class CardButton(Button, template=custom_ids.CARD):
    """Does something to one of a job's pictures."""

    @property
    def counts_as(self) -> str:
        """Return what this very button counts as."""
        return "me" if self.found["verb"] in _TAKING_AWAY else self.command

    async def work(self, interaction: Interaction) -> None:
        """Do it."""
        verb = cast(CardVerb, self.found["verb"])
        await card.press(interaction, verb, JobId(self.found["job"]), int(self.found["index"]))


class PictureButton(Button, template=custom_ids.PICTURE):
    """Shows what can be made of one of a job's pictures."""

    async def work(self, interaction: Interaction) -> None:
        """Show it to this member alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view, files = await picture_view(
            interaction.client.rooms, JobId(self.found["job"]), int(self.found["index"]), actor_of(interaction)
        )
        await show(interaction, view, files)


class RemixButton(Button, template=custom_ids.REMIX):
    """Opens the form that changes how a picture was made."""

    async def work(self, interaction: Interaction) -> None:
        """Open it."""
        job, index = JobId(self.found["job"]), int(self.found["index"])
        await remix.open_form(interaction, interaction.client.rooms, job, index)


# Under lists ------------------------------------------------------------------------------------------------------


class PageButton(Button, template=custom_ids.PAGE):
    """Turns the page of a list."""

    async def work(self, interaction: Interaction) -> None:
        """Show the page in the place of the one before."""
        await interaction.response.defer()
        shelf = cast(Shelf, self.found["shelf"])
        before = int(self.found["before"]) if self.found["before"] else None
        of = int(self.found["of"]) if self.found["of"] else None
        view, files = await shelf_view(interaction.client.rooms, shelf, before, actor_of(interaction), of)
        await interaction.edit_original_response(view=view, attachments=files)


class QueueButton(Button, template=custom_ids.QUEUE):
    """Looks at the queue again."""

    async def work(self, interaction: Interaction) -> None:
        """Show the queue as it is now."""
        view = queue_view(interaction.client.rooms, cast(Whose, self.found["whose"]), actor_of(interaction))
        await interaction.response.edit_message(view=view)


class StylesButton(Button, template=custom_ids.STYLES):
    """Turns the page of the styles."""

    async def work(self, interaction: Interaction) -> None:
        """Show the page in the place of the one before."""
        view = styles_view(interaction.client.rooms, int(self.found["start"]), actor_of(interaction))
        await interaction.response.edit_message(view=view)


class ForgetButton(Button, template=custom_ids.FORGET):
    """Deletes a member's data, if that member presses it."""

    command = "me"

    async def work(self, interaction: Interaction) -> None:
        """Delete it, and the messages of what was still to be painted."""
        locale, rooms = str(interaction.locale), interaction.client.rooms
        if int(self.found["member"]) != interaction.user.id:
            raise Mistake("not_yours")
        await interaction.response.defer()
        spots = await rooms.people.forget(interaction.user.id)
        rooms.publisher.kept.pop(interaction.user.id, None)
        await interaction.edit_original_response(view=layouts.note(say("me_deleted", locale)))
        for spot in spots:
            await take_away(interaction.client, spot)


#: Every kind of button; the client is told of them at its start.
BUTTONS = (
    JobButton,
    DeedButton,
    CardButton,
    PictureButton,
    RemixButton,
    PageButton,
    QueueButton,
    StylesButton,
    ForgetButton,
)
