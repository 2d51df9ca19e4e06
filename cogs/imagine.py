"""/imagine: pictures from words."""

import asyncio
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.services.drafts import Draft
from bot.services.generation import acknowledged
from bot.services.sizes import RATIOS, parse_size
from bot.services.sources import checked, require_bytes
from bot.services.wishes import Wish
from bot.texts import Mistake
from bot.ui.choices import Choices, free, matching, models_like
from inference.protocol.limits import MAX_GUIDANCE_SCALE, MAX_STEPS
from inference.protocol.names import SAMPLER_NAMES

Interaction = discord.Interaction[Easel]
#: Discord takes integers up to 2**53 from a member.
_MOST_SEED = 2**53 - 1


class Imagine(commands.Cog):
    """Paints."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="imagine", description=_("Paint pictures from words"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.describe(
        prompt=_("What to paint"),
        negative=_("What to keep out of the picture"),
        model=_("Which model paints it"),
        size=_("Pixels or a ratio, such as 512x768 or 3:2"),
        count=_("How many pictures"),
        steps=_("More is slower and, up to a point, better"),
        guidance=_("How closely to follow the words; 7 is usual"),
        sampler=_("The way it is worked out, such as DPM++ 2M Karras"),
        seed=_("The same seed gives the same picture"),
        style=_("Words that set a look"),
        image=_("A picture to start from"),
        strength=_("How much to change that picture, 0 to 1"),
        private=_("Show the pictures to you alone"),
    )
    async def imagine(
        self,
        interaction: Interaction,
        prompt: app_commands.Range[str, 1, 6000],
        negative: app_commands.Range[str, 1, 6000] | None = None,
        model: str | None = None,
        size: str | None = None,
        count: app_commands.Range[int, 1, 10] | None = None,
        steps: app_commands.Range[int, 1, MAX_STEPS] | None = None,
        guidance: app_commands.Range[float, 0.0, MAX_GUIDANCE_SCALE] | None = None,
        sampler: str | None = None,
        seed: app_commands.Range[int, 0, _MOST_SEED] | None = None,
        style: str | None = None,
        image: discord.Attachment | None = None,
        strength: app_commands.Range[float, 0.0, 1.0] | None = None,
        private: bool | None = None,
    ) -> None:
        """Hand the wish over; it is acknowledged as soon as it is on disk, or before a picture has to be fetched."""
        rooms = self._bot.rooms
        if private is None:
            private = bool(rooms.people.defaults(interaction.user.id).private)
        acknowledge = acknowledging(interaction, private)
        if image is not None:
            await acknowledge()
            acknowledge = acknowledged
        draft = Draft(
            prompt=prompt,
            negative_prompt=negative,
            model=model,
            steps=steps,
            guidance_scale=guidance,
            sampler=sampler,
            seed=seed,
            image=await _read(image) if image is not None else None,
            strength=strength,
        )
        wish = Wish(draft=draft, size=parse_size(size) if size else None, count=count, style=style)
        await rooms.generation.submit(wish, actor_of(interaction), target_of(interaction, private), acknowledge)

    # All of these answer from memory.

    @imagine.autocomplete("model")
    async def _models(self, _interaction: Interaction, typed: str) -> Choices:
        return models_like(typed, self._bot.rooms.dispatcher.models)

    @imagine.autocomplete("sampler")
    async def _samplers(self, _interaction: Interaction, typed: str) -> Choices:
        return matching(typed, SAMPLER_NAMES.values())

    @imagine.autocomplete("style")
    async def _styles(self, _interaction: Interaction, typed: str) -> Choices:
        return matching(typed, self._bot.rooms.generation.styles)

    @imagine.autocomplete("size")
    async def _sizes(self, _interaction: Interaction, typed: str) -> Choices:
        return free(typed, RATIOS)


async def _read(attachment: discord.Attachment) -> bytes:
    """Return an attachment's bytes. Raises Mistake for what is no picture or is too large."""
    require_bytes(attachment.filename, attachment.size)
    try:
        data = await attachment.read()
    except discord.HTTPException as error:
        raise Mistake("image_unread", name=attachment.filename) from error
    return await asyncio.to_thread(checked, attachment.filename, data)


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(Imagine(bot))
