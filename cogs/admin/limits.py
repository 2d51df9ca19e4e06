"""/admin limits: the most that members may ask for."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin_panel import show_panel
from bot.interactions.answers import tell
from bot.services import amounts, changes
from bot.services.changes import Changes
from bot.services.guilds import Settings
from bot.services.pressing import MEGAPIXEL, MOST_MEGAPIXELS
from bot.texts import Mistake
from bot.ui import admin_limits
from cogs.admin.part import Interaction, Part
from inference.protocol.limits import MAX_COUNT, MAX_IMAGE_PIXELS, MAX_STEPS

_MOST = 1_000_000
_LEAST_PIXELS = 64 * 64
Pictures = app_commands.Range[int, 0, _MOST]
Seconds = app_commands.Range[float, 0, _MOST]


class Limits(Part, name="limits", description=_("The most that members may ask for")):
    """The most that members may ask for."""

    @app_commands.command(name="show", description=_("All limits, with buttons that change them"))
    @app_commands.describe(role=_("Those of a role"))
    async def show(self, interaction: Interaction, role: discord.Role | None = None) -> None:
        """Show the limits of everybody, or of a role."""
        await show_panel(interaction, "limits", "" if role is None else str(role.id))

    @app_commands.command(name="set", description=_("Steps, size and count of a request"))
    @app_commands.describe(
        steps=_("Steps, at most"),
        pixels=_("Size as painted, at most: 1024x1024 or 1.5 MP"),
        count=_("Pictures of a request, at most"),
        role=_("For a role; otherwise for everybody"),
        clear=_("Take these limits away"),
    )
    async def set(
        self,
        interaction: Interaction,
        steps: app_commands.Range[int, 1, MAX_STEPS] | None = None,
        pixels: app_commands.Range[str, 1, 20] | None = None,
        count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
        role: discord.Role | None = None,
        clear: bool = False,
    ) -> None:
        """Set what is said; what is not said stays."""
        size = None if pixels is None else amounts.pixels(pixels, _LEAST_PIXELS, MAX_IMAGE_PIXELS)
        await self._limited(interaction, role, clear, steps=steps, pixels=size, count=count)

    @app_commands.command(name="upscale", description=_("How much larger pictures may be made"))
    @app_commands.describe(
        most=_("How many times as wide and as high"),
        megapixels=_("Million pixels of a picture made larger"),
        role=_("For a role; otherwise for everybody"),
        clear=_("Take these limits away"),
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
        role: discord.Role | None = None,
        clear: bool = False,
    ) -> None:
        """Set how much larger pictures may become, or show it. What is not said stays."""
        values = {
            "upscale": None if most is None else most.value,
            "upscale_pixels": None if megapixels is None else megapixels * MEGAPIXEL,
        }
        make = _making(role, clear, values)
        settings = await self.made(interaction, make)
        await tell(interaction, admin_limits.upscale(settings, self.around(interaction)))

    @app_commands.command(name="budget", description=_("What a member may use in a day and in a week"))
    @app_commands.describe(
        daily_seconds=_("Seconds of the machine a day"),
        daily_pictures=_("Pictures a day"),
        weekly_seconds=_("Seconds of the machine a week"),
        weekly_pictures=_("Pictures a week"),
        past=_("What happens to requests past it, of everybody"),
        role=_("For a role; otherwise for everybody"),
        clear=_("Take these limits away"),
    )
    @app_commands.choices(
        past=[
            app_commands.Choice(name=_("they wait behind all others"), value="relaxed"),
            app_commands.Choice(name=_("they are refused"), value="refuse"),
        ]
    )
    async def budget(
        self,
        interaction: Interaction,
        daily_seconds: Seconds | None = None,
        daily_pictures: Pictures | None = None,
        weekly_seconds: Seconds | None = None,
        weekly_pictures: Pictures | None = None,
        past: app_commands.Choice[str] | None = None,
        role: discord.Role | None = None,
        clear: bool = False,
    ) -> None:
        """Set budgets, and what happens past them, or show them."""
        await self._limited(
            interaction,
            role,
            clear,
            {} if past is None else {"past_budget": past.value},
            daily_seconds=daily_seconds,
            daily_pictures=daily_pictures,
            weekly_seconds=weekly_seconds,
            weekly_pictures=weekly_pictures,
        )

    @app_commands.command(name="queue", description=_("How many pictures may wait at a time"))
    @app_commands.describe(
        waiting=_("Of a member, at most"),
        server=_("Of the whole server, at most"),
        role=_("For a role; otherwise for everybody"),
        clear=_("Take these limits away"),
    )
    async def queue(
        self,
        interaction: Interaction,
        waiting: Pictures | None = None,
        server: Pictures | None = None,
        role: discord.Role | None = None,
        clear: bool = False,
    ) -> None:
        """Set how many wait, or show it."""
        beside: Changes = {} if server is None else {"waiting": server}
        if clear and role is None and server is None:
            beside = {"waiting": None}
        await self._limited(interaction, role, clear, beside, waiting=waiting)

    async def _limited(
        self,
        interaction: Interaction,
        role: discord.Role | None,
        clear: bool,
        beside: Changes | None = None,
        **values: Any,
    ) -> None:
        """Set limits, and show all; `beside` is what is set with them and is no role's own."""
        settings = await self.made(interaction, _making(role, clear, values, beside))
        await tell(interaction, admin_limits.limits(settings, self.around(interaction)))


def _making(role: discord.Role | None, clear: bool, values: dict[str, Any], beside: Changes | None = None) -> Any:
    """Return what sets those limits that are said, or takes all these away. Raises Mistake for both at once."""
    said = {field: value for field, value in values.items() if value is not None}
    if said and clear:
        raise Mistake("admin_clear_alone")
    if role is not None and not said and not clear:
        raise Mistake("admin_say_what")
    about = None if role is None else role.id

    def make(now: Settings) -> Changes:
        chosen = dict.fromkeys(values) if clear else said
        return {**(changes.limit(now, about, chosen) if chosen else {}), **(beside or {})}

    return make
