"""/edit, /upscale, /variations and /blend: pictures from pictures that people send."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.interactions.files import Sent
from bot.interactions.gate import private_for
from bot.interactions.uploads import mark_of, source_of
from bot.services import derive
from bot.services.drafts import Draft
from bot.services.edits import Source
from bot.services.enlarging import LANCZOS, Factor, Way
from bot.services.requests import acknowledged
from bot.services.sizes import RATIOS, parse_size
from bot.services.wishes import Wish
from bot.texts import Mistake
from bot.ui.choices import Choices, free, matching, models_like
from inference.protocol.limits import MAX_GUIDANCE_SCALE, MAX_MARGIN
from inference.protocol.marks import Transparent
from inference.protocol.messages import ModelInfo

Interaction = discord.Interaction[Easel]
_Command = TypeVar("_Command")
Prompt = app_commands.Range[str, 1, 6000]
Count = app_commands.Range[int, 1, 10]
Share = app_commands.Range[float, 0.0, 1.0]
Pixels = app_commands.Range[int, 0, MAX_MARGIN]

_HOW = [
    app_commands.Choice(name=_("slightly"), value="subtle"),
    app_commands.Choice(name=_("strongly"), value="strong"),
]
_FACTORS = [
    app_commands.Choice(name=_("twice"), value=2),
    app_commands.Choice(name=_("four times"), value=4),
    app_commands.Choice(name=_("not: only its faces"), value=1),
]
_WAYS = [
    app_commands.Choice(name=_("by an upscaler, nothing is painted anew"), value="network"),
    app_commands.Choice(name=_("painted larger as a whole (hires)"), value="hires"),
    app_commands.Choice(name=_("details painted anew, part by part"), value="detail"),
]
#: Words that are the same for every command.
_WORDS = {
    "picture": _("The picture to start from"),
    "prompt": _("What to paint; a picture of mine says it itself"),
    "negative": _("What to keep out of the picture"),
    "model": _("Which model paints it"),
    "style": _("Words that set a look; several with commas between"),
    "count": _("How many pictures"),
    "strength": _("How much to change that picture, 0 to 1"),
    "private": _("Show the pictures to you alone"),
}


def _described(*names: str, **others: app_commands.locale_str) -> Callable[[_Command], _Command]:
    return app_commands.describe(**{name: _WORDS[name] for name in names}, **others)


def _wish(
    prompt: str | None,
    negative: str | None = None,
    model: str | None = None,
    style: str | None = None,
    count: int | None = None,
    **draft: Any,
) -> Wish:
    return Wish(draft=Draft(prompt=prompt, negative_prompt=negative, model=model, **draft), style=style, count=count)


# All of these answer from memory.


def _usable(interaction: Interaction) -> list[ModelInfo]:
    return interaction.client.rooms.gatekeeper.models(actor_of(interaction))


async def _models(interaction: Interaction, typed: str) -> Choices:
    return models_like(typed, _usable(interaction))


async def _instructors(interaction: Interaction, typed: str) -> Choices:
    return matching(typed, [info.name for info in _usable(interaction) if info.instructs])


async def _upscalers(interaction: Interaction, typed: str) -> Choices:
    models = _usable(interaction)
    return matching(typed, [*(info.name for info in models if info.kind == "upscaler"), LANCZOS])


async def _styles(interaction: Interaction, typed: str) -> Choices:
    return matching(typed, interaction.client.rooms.styles.visible(interaction.user.id, interaction.guild_id))


async def _sizes(_interaction: Interaction, typed: str) -> Choices:
    return free(typed, RATIOS)


async def _begin(interaction: Interaction, private: bool | None) -> bool:
    """Tell that a command was heard, before its picture is fetched; return whether the answer is private."""
    private = private_for(interaction, private)
    await acknowledging(interaction, private)()
    return private


async def _source(interaction: Interaction, picture: discord.Attachment) -> Source:
    return (await source_of(interaction, Sent.of(picture)))[0]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Edit(commands.GroupCog, group_name="edit", group_description=_("Change a picture")):
    """Paints over, inside and around pictures."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="restyle", description=_("Paint a picture over as a whole"))
    @_described("picture", "prompt", "strength", "negative", "model", "style", "count", "private")
    @app_commands.autocomplete(model=_models, style=_styles)
    async def restyle(
        self,
        interaction: Interaction,
        picture: discord.Attachment,
        prompt: Prompt | None = None,
        strength: Share | None = None,
        negative: Prompt | None = None,
        model: str | None = None,
        style: str | None = None,
        count: Count | None = None,
        private: bool | None = None,
    ) -> None:
        """Paint it over."""
        private = await _begin(interaction, private)
        said = _wish(prompt, negative, model, style, count, strength=strength)
        source = await _source(interaction, picture)
        target = target_of(interaction, private)
        await self._bot.rooms.edits.restyle(source, said, actor_of(interaction), target, acknowledged)

    @app_commands.command(name="inpaint", description=_("Paint a part of a picture anew"))
    @_described(
        "picture",
        "prompt",
        "negative",
        "model",
        "style",
        "count",
        "private",
        area=_("Where: left half, top right, middle third, or 10,20,64,48 in pixels"),
        colour=_("Or everything that has this colour, such as #ff8800"),
        mask=_("Or a mask: white is painted anew. Without any, what is transparent is"),
        strength=_("How much to change that part, 0 to 1; usually 1"),
        blur=_("Pixels by which its edge is softened"),
    )
    @app_commands.autocomplete(model=_models, style=_styles)
    async def inpaint(
        self,
        interaction: Interaction,
        picture: discord.Attachment,
        prompt: Prompt | None = None,
        area: app_commands.Range[str, 1, 100] | None = None,
        colour: app_commands.Range[str, 1, 20] | None = None,
        mask: discord.Attachment | None = None,
        strength: Share | None = None,
        blur: app_commands.Range[int, 0, 256] | None = None,
        negative: Prompt | None = None,
        model: str | None = None,
        style: str | None = None,
        count: Count | None = None,
        private: bool | None = None,
    ) -> None:
        """Paint the part that is marked."""
        mark = mark_of(area, colour, None if mask is None else Sent.of(mask)) or Transparent()
        private = await _begin(interaction, private)
        said = _wish(prompt, negative, model, style, count, strength=strength, mask_blur=blur)
        source, _data, looked = await source_of(interaction, Sent.of(picture), mark)
        if looked.mask is None:
            raise Mistake("mask_nothing")
        actor, target = actor_of(interaction), target_of(interaction, private)
        await self._bot.rooms.edits.inpaint(source, looked.mask, said, actor, target, acknowledged)

    @app_commands.command(name="outpaint", description=_("Continue a picture beyond its sides"))
    @_described(
        "picture",
        "prompt",
        "negative",
        "model",
        "style",
        "count",
        "private",
        left=_("Pixels to add on the left"),
        right=_("Pixels to add on the right"),
        top=_("Pixels to add above"),
        bottom=_("Pixels to add below"),
        zoom=_("Or how many times as wide and as high the view becomes"),
        square=_("Or make it square"),
    )
    @app_commands.autocomplete(model=_models, style=_styles)
    async def outpaint(
        self,
        interaction: Interaction,
        picture: discord.Attachment,
        prompt: Prompt | None = None,
        left: Pixels = 0,
        right: Pixels = 0,
        top: Pixels = 0,
        bottom: Pixels = 0,
        zoom: app_commands.Range[float, 1.1, 4.0] | None = None,
        square: bool = False,
        negative: Prompt | None = None,
        model: str | None = None,
        style: str | None = None,
        count: Count | None = None,
        private: bool | None = None,
    ) -> None:
        """Continue it."""
        if sum((any((left, right, top, bottom)), zoom is not None, square)) != 1:
            raise Mistake("edit_which_sides")
        private = await _begin(interaction, private)
        said = _wish(prompt, negative, model, style, count)
        source = await _source(interaction, picture)
        width, height = source.start.width, source.start.height
        if square:
            margins = derive.square_margins(width, height)
        elif zoom is not None:
            margins = derive.zoom_margins(zoom, width, height)
        else:
            margins = derive.whole_margins(left, right, top, bottom)
        target = target_of(interaction, private)
        await self._bot.rooms.edits.outpaint(source, margins, said, actor_of(interaction), target, acknowledged)

    @app_commands.command(name="instruct", description=_("Change a picture by saying what to change"))
    @_described(
        "picture",
        "negative",
        "count",
        "private",
        prompt=_("What to change, such as: make it snow"),
        guidance=_("How closely to follow the words; 7 is usual"),
        keep=_("How closely to keep to the picture; 1.5 is usual"),
        model=_("Which model that follows instructions"),
    )
    @app_commands.autocomplete(model=_instructors)
    async def instruct(
        self,
        interaction: Interaction,
        picture: discord.Attachment,
        prompt: Prompt,
        guidance: app_commands.Range[float, 0.0, MAX_GUIDANCE_SCALE] | None = None,
        keep: app_commands.Range[float, 0.0, MAX_GUIDANCE_SCALE] | None = None,
        negative: Prompt | None = None,
        model: str | None = None,
        count: Count | None = None,
        private: bool | None = None,
    ) -> None:
        """Do what the words tell."""
        private = await _begin(interaction, private)
        said = _wish(prompt, negative, model, None, count, guidance_scale=guidance, image_guidance_scale=keep)
        source = await _source(interaction, picture)
        target = target_of(interaction, private)
        await self._bot.rooms.edits.instruct(source, said, actor_of(interaction), target, acknowledged)


class Larger(commands.Cog):
    """Makes pictures larger, varies and blends them."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="upscale", description=_("Make a picture larger, or restore its faces"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.choices(factor=_FACTORS)
    @app_commands.choices(by=_WAYS)
    @_described(
        "prompt",
        "model",
        "private",
        picture=_("The picture to make larger"),
        factor=_("How many times as wide and as high"),
        by=_("How"),
        upscaler=_("Which upscaler; otherwise the one that suits"),
        faces=_("Restore faces"),
        face_strength=_("How much of the restored faces shows, 0 to 1"),
    )
    @app_commands.autocomplete(model=_models, upscaler=_upscalers)
    async def upscale(
        self,
        interaction: Interaction,
        picture: discord.Attachment,
        factor: app_commands.Choice[int] | None = None,
        by: app_commands.Choice[str] | None = None,
        upscaler: str | None = None,
        faces: bool = False,
        face_strength: Share | None = None,
        prompt: Prompt | None = None,
        model: str | None = None,
        private: bool | None = None,
    ) -> None:
        """Make it larger."""
        private = await _begin(interaction, private)
        source = await _source(interaction, picture)
        way = cast(Way, "network" if by is None else by.value)
        times = cast(Factor, 2 if factor is None else factor.value)
        actor, target = actor_of(interaction), target_of(interaction, private)
        await self._bot.rooms.edits.enlarge(
            source,
            way,
            times,
            _wish(prompt, None, model),
            actor,
            target,
            acknowledged,
            upscaler=upscaler,
            faces="" if faces or face_strength is not None or times == 1 else None,
            face_strength=1.0 if face_strength is None else face_strength,
        )

    @app_commands.command(name="variations", description=_("Paint variations of a picture"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.choices(how=_HOW)
    @_described(
        "picture", "prompt", "negative", "model", "style", "count", "private", how=_("How much they differ from it")
    )
    @app_commands.autocomplete(model=_models, style=_styles)
    async def variations(
        self,
        interaction: Interaction,
        picture: discord.Attachment,
        how: app_commands.Choice[str] | None = None,
        prompt: Prompt | None = None,
        negative: Prompt | None = None,
        model: str | None = None,
        style: str | None = None,
        count: Count | None = None,
        private: bool | None = None,
    ) -> None:
        """Vary it."""
        private = await _begin(interaction, private)
        rooms, actor = self._bot.rooms, actor_of(interaction)
        said = _wish(prompt, negative, model, style, count or rooms.people.defaults(actor.member_id).count)
        source = await _source(interaction, picture)
        strong = how is not None and how.value == "strong"
        await rooms.edits.vary(source, strong, said, actor, target_of(interaction, private), acknowledged)

    @app_commands.command(name="blend", description=_("Paint from two to four pictures at once"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @_described(
        "negative",
        "model",
        "style",
        "count",
        "private",
        picture1=_("A picture"),
        picture2=_("Another picture"),
        prompt=_("What to paint"),
        picture3=_("A third picture"),
        picture4=_("A fourth picture"),
        strength=_("How far to go from the pictures, 0 to 1"),
        size=_("Pixels or a ratio, such as 512x768 or 3:2"),
    )
    @app_commands.autocomplete(model=_models, style=_styles, size=_sizes)
    async def blend(
        self,
        interaction: Interaction,
        picture1: discord.Attachment,
        picture2: discord.Attachment,
        prompt: Prompt,
        picture3: discord.Attachment | None = None,
        picture4: discord.Attachment | None = None,
        strength: Share | None = None,
        size: str | None = None,
        negative: Prompt | None = None,
        model: str | None = None,
        style: str | None = None,
        count: Count | None = None,
        private: bool | None = None,
    ) -> None:
        """Blend them."""
        wanted = parse_size(size) if size else None
        private = await _begin(interaction, private)
        said = replace(_wish(prompt, negative, model, style, count, strength=strength), size=wanted)
        files = [file for file in (picture1, picture2, picture3, picture4) if file is not None]
        parts = [await _source(interaction, file) for file in files]
        target = target_of(interaction, private)
        await self._bot.rooms.edits.blend(parts, said, actor_of(interaction), target, acknowledged)


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Edit(bot))
    await bot.add_cog(Larger(bot))
