"""What whoever added the bot is told, with buttons that set the usual rules. Pure."""

from typing import get_args

import discord
from discord import ui

from bot.services.greeting import Preset
from bot.texts import say
from bot.ui.custom_ids import greeting_id
from bot.ui.layouts import button, layout
from bot.ui.plain import harmless

#: Of a server's name.
_NAME = 100


def greeting(server: str, guild_id: int, locale: str | None, *, in_channel: bool) -> ui.LayoutView:
    """Return the message; in a channel of the server the bot can be kept to that channel."""
    presets = [preset for preset in get_args(Preset) if preset != "here" or in_channel]
    words = [say(f"greeting_{preset}_means", locale) for preset in presets]
    row = ui.ActionRow[ui.LayoutView](
        *(
            button(
                f"greeting_{preset}",
                greeting_id(preset, guild_id),
                locale,
                discord.ButtonStyle.primary if preset == "careful" else discord.ButtonStyle.secondary,
            )
            for preset in presets
        )
    )
    return layout(
        ui.TextDisplay(say("greeting", locale, server=harmless(server, _NAME))),
        ui.TextDisplay("\n".join(words)),
        row,
        ui.TextDisplay(f"-# {say('greeting_more', locale)}"),
    )
