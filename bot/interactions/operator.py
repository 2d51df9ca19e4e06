"""The operator's button: what was shown is sent to every server."""

from typing import Any

import discord

from bot.interactions.answers import tell
from bot.interactions.buttons import Button
from bot.interactions.owners import require_operator
from bot.texts import say
from bot.ui import custom_ids, layouts, operator_pages

Interaction = discord.Interaction[Any]


class BroadcastButton(Button, template=custom_ids.BROADCAST):
    """Sends a draft, once."""

    command = "operator"

    async def work(self, interaction: Interaction) -> None:
        """Send it, and say how that went."""
        await interaction.response.defer()
        await require_operator(interaction)
        broadcasts, locale = interaction.client.rooms.broadcasts, str(interaction.locale)
        await broadcasts.send(self.found["draft"])
        await interaction.edit_original_response(view=layouts.note(say("operator_broadcast_going", locale)))
        await tell(interaction, operator_pages.broadcast_ended(await broadcasts.ended(), locale))


BUTTONS = (BroadcastButton,)
