"""/imagine: pictures from words."""

import asyncio
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.adapter_views import loras_like
from bot.interactions.answers import acknowledging, actor_of
from bot.interactions.files import Sent
from bot.interactions.gate import private_for
from bot.interactions.pastes import paint, read_upload
from bot.interactions.uploads import read_picture
from bot.services.drafts import Draft
from bot.services.pasting import Pasted, looks_pasted, pasted, told_of
from bot.services.prompts import spoken
from bot.services.requests import acknowledged
from bot.services.sizes import RATIOS, parse_size
from bot.services.uploads import require_bytes
from bot.services.wishes import Wish, over
from bot.texts import say
from bot.ui.choices import NAME_CHARACTERS, Choices, free, matching, models_like
from inference.protocol.limits import MAX_GUIDANCE_SCALE, MAX_STEPS
from inference.protocol.names import SAMPLER_NAMES

Interaction = discord.Interaction[Easel]
#: Discord takes integers up to 2**53 from a member.
_MOST_SEED = 2**53 - 1
#: Far more than one request may have.
_MOST_COMBINATIONS = 1000


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
        style=_("Words that set a look; several with commas between"),
        lora=_("LoRAs and embeddings, perhaps with a weight, name:0.8; several with commas between"),
        regions=_("Give each text that AND joins its place: columns, rows, or with ratios: columns 1:2"),
        combinations=_("Paint every combination of {a|b} and __lists__: say how many that are"),
        second_prompt=_("What the second text encoder of SDXL reads instead"),
        image=_("A picture to start from"),
        strength=_("How much to change that picture, 0 to 1"),
        settings=_("A picture whose settings to use where you say nothing"),
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
        lora: app_commands.Range[str, 1, 1000] | None = None,
        regions: app_commands.Range[str, 1, 100] | None = None,
        combinations: app_commands.Range[int, 1, _MOST_COMBINATIONS] | None = None,
        second_prompt: app_commands.Range[str, 1, 6000] | None = None,
        image: discord.Attachment | None = None,
        strength: app_commands.Range[float, 0.0, 1.0] | None = None,
        settings: discord.Attachment | None = None,
        private: bool | None = None,
    ) -> None:
        """Hand the wish over; it is acknowledged as soon as it is on disk, or before a picture has to be fetched."""
        rooms = self._bot.rooms
        private = private_for(interaction, private)
        acknowledge = acknowledging(interaction, private)
        told = Pasted(Wish(draft=Draft()), ())
        whole = looks_pasted(prompt)
        for file in (settings, image):
            if file is not None:
                require_bytes(file.filename, file.size)
        if image is not None or settings is not None:
            await acknowledge()
            acknowledge = acknowledged
        if settings is not None:
            told = pasted(await read_upload(interaction, Sent.of(settings)), rooms.dispatcher.models)
        elif whole:
            told = pasted(told_of(prompt), rooms.dispatcher.models)
        draft = Draft(
            prompt=None if whole and settings is None else prompt,
            negative_prompt=negative,
            style_prompt=second_prompt,
            model=model,
            steps=steps,
            guidance_scale=guidance,
            sampler=sampler,
            seed=seed,
            image=(await read_picture(interaction, Sent.of(image)))[0] if image is not None else None,
            strength=strength,
        )
        wish = Wish(
            draft=draft,
            size=parse_size(size) if size else None,
            count=count,
            style=style,
            lora=lora,
            regions=regions,
            combinations=combinations,
        )
        await paint(interaction, rooms, Pasted(over(wish, told.wish), told.ignored), private, acknowledge)

    # All of these answer from memory.

    @imagine.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> Choices:
        return models_like(typed, self._bot.rooms.gatekeeper.models(actor_of(interaction)))

    @imagine.autocomplete("sampler")
    async def _samplers(self, _interaction: Interaction, typed: str) -> Choices:
        return matching(typed, SAMPLER_NAMES.values())

    @imagine.autocomplete("style")
    async def _styles(self, interaction: Interaction, typed: str) -> Choices:
        before, comma, last = typed.rpartition(",")
        # What was typed before the last comma stays.
        kept = f"{before}{comma} " if comma else ""
        names = self._bot.rooms.styles.visible(interaction.user.id, interaction.guild_id)
        return [app_commands.Choice(name=text, value=text) for text in _after(kept, matching(last, names))]

    @imagine.autocomplete("lora")
    async def _loras(self, interaction: Interaction, typed: str) -> Choices:
        said, rooms = interaction.namespace, self._bot.rooms
        return loras_like(typed, said.model, rooms, actor_of(interaction))

    @imagine.autocomplete("regions")
    async def _regions(self, _interaction: Interaction, typed: str) -> Choices:
        return free(typed, ("columns", "rows", "columns 1:2", "columns 2:1", "columns 1:2:1", "rows 1:2", "rows 2:1"))

    @imagine.autocomplete("combinations")
    async def _combinations(self, interaction: Interaction, _typed: str) -> list[app_commands.Choice[int]]:
        """Say how many pictures the prompt means, before anything is spent."""
        locale, said = str(interaction.locale), interaction.namespace
        if not (prompt := said.prompt):
            return []
        counted = self._bot.rooms.orders.combinations_of
        means, most = await asyncio.to_thread(counted, prompt, said.style, actor_of(interaction))
        if means == 1:
            return [app_commands.Choice(name=say("combinations_none", locale), value=1)]
        if means > most:
            name = say("combinations_too_many", locale, means=spoken(means), most=most)
            return [app_commands.Choice(name=name, value=min(means, _MOST_COMBINATIONS))]
        return [app_commands.Choice(name=say("combinations_offer", locale, means=means), value=means)]

    @imagine.autocomplete("size")
    async def _sizes(self, _interaction: Interaction, typed: str) -> Choices:
        return free(typed, RATIOS)


def _after(kept: str, found: Choices) -> list[str]:
    """Return choices behind what is kept, as far as Discord takes them."""
    return [kept + choice.value for choice in found if len(kept + choice.value) <= NAME_CHARACTERS]


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(Imagine(bot))
