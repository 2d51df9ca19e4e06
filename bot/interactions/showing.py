"""Pictures and lists, read from the store and made ready to be sent."""

import io
import logging
from collections.abc import Awaitable, Callable, Sequence

import discord
from discord import ui

from bot.attachments import DEFAULT_LIMIT, LADDER, files_of
from bot.rooms import Rooms
from bot.services import waiting
from bot.services.gallery import Made
from bot.services.networks import told_of
from bot.services.pressing import may_grow
from bot.services.requests import Actor
from bot.services.spots import Spot
from bot.texts import Mistake, pictures, say
from bot.ui import deeds, layouts, pages, style_pages
from bot.ui.custom_ids import CardVerb, Shelf, Verb, Whose
from bot.ui.plain import block
from inference.protocol.messages import JobId
from inference.protocol.recipe import Upscale, prompt_of

log = logging.getLogger("easel.ui")

#: Of a code block that is shown; the whole is in a file.
_BLOCK_CHARACTERS = 3000

Send = Callable[[ui.LayoutView, list[discord.File]], Awaitable[None]]


async def send_pictures(
    rooms: Rooms, job_id: JobId, actor: Actor, limit_bytes: int, send: Send, only: int | None = None
) -> None:
    """Send a job's pictures, or one of them, in the best form that Discord takes.

    Raises Mistake where none is kept, StorageError, discord.HTTPException.
    """
    job = await rooms.gallery.job(job_id, actor)
    asked = layouts.Asked(job.id, job.member_id, job.prompts, actor.locale, job.origin)
    seconds = (job.ended_at or 0.0) - (job.started_at or job.ended_at or 0.0)
    made_with = told_of(job.recipe, job.words, rooms.adapters, actor)
    model = rooms.dispatcher.model_name(job.recipe.model)
    line = layouts.settings_line(job.recipe, model, actor.locale, seconds, made_with)
    kept = [image for image in await rooms.gallery.kept(job.id) if only in (None, image.index)]
    settings = rooms.guilds.settings(actor.guild_id)
    larger = all(may_grow(settings, image.width, image.height) for image in kept)
    rows = deeds.rows(job.id, [image.index for image in kept], actor.locale, larger=larger)
    rung = 0
    while True:
        fitted = await rooms.gallery.files(job_id, actor, limit_bytes, rung, only)
        notes = [say("reduced", actor.locale)] if fitted.reduced else []
        try:
            names = [name for name, _ in fitted.files]
            await send(
                layouts.done(asked, names, line, notes, rows, again=not isinstance(job.recipe, Upscale)),
                files_of(fitted),
            )
        except discord.HTTPException as error:
            rung = fitted.rung + 1
            if error.status != 413 or rung > len(LADDER):
                raise
        else:
            break
    if job.member_id == actor.member_id and only is None:
        await rooms.gallery.note_sent(job_id)


async def show_again(client: discord.Client, rooms: Rooms, job_id: JobId, actor: Actor, spot: Spot | None) -> None:
    """Make the message that shows a job show what is left of it, where that is still possible.

    Raises Mistake where nothing is, StorageError.
    """
    if spot is None:
        return
    message = client.get_partial_messageable(spot.channel_id).get_partial_message(spot.message_id)

    async def send(view: ui.LayoutView, files: list[discord.File]) -> None:
        await message.edit(view=view, attachments=files, allowed_mentions=discord.AllowedMentions.none())

    try:
        await send_pictures(rooms, job_id, actor, DEFAULT_LIMIT, send)
    except discord.HTTPException as error:
        # It was seen by one alone, it is gone already, or the channel is.
        log.debug("message %d stays as it is: %s", spot.message_id, error)


async def take_away(client: discord.Client, spot: Spot | None) -> None:
    """Delete a message of ours, where that is still possible."""
    if spot is None:
        return
    channel = client.get_partial_messageable(spot.channel_id)
    try:
        await channel.get_partial_message(spot.message_id).delete()
    except discord.HTTPException as error:
        # It is gone already, or the channel is, or it was seen by one alone.
        log.debug("message %d stays: %s", spot.message_id, error)


async def picture_view(rooms: Rooms, job_id: JobId, index: int, actor: Actor) -> tuple[ui.LayoutView, discord.File]:
    """Return what can be made of one of a job's pictures. Raises Mistake for what is gone, StorageError."""
    job, image = await rooms.generation.picture(job_id, index, actor)
    small = await rooms.gallery.small(image)
    if small is None:
        raise Mistake("expired")
    place = await rooms.generation.place(job)
    words = say("card", actor.locale, number=index + 1, count=job.count)
    if place is not None:
        words = say("card_link", actor.locale, number=index + 1, link=layouts.link_to(place))
    fitting = rooms.edits.offered(rooms.edits.of_ours(image), actor)
    marked = await rooms.gallery.is_marked(image, actor)
    verbs: list[CardVerb] = ["edit", "unfavourite" if marked else "favourite", "send", "settings"]
    if rooms.gallery.may_delete(job, actor):
        verbs.append("delete")
    name = f"picture-{index + 1}.jpg"
    view = deeds.card(job.id, index, name, words, fitting, verbs, actor.locale)
    return view, discord.File(io.BytesIO(small), name)


async def settings_view(
    rooms: Rooms, job_id: JobId, actor: Actor, index: int | None = None
) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return how a job's pictures were made, or one, to be copied, with what, and the file with the exact recipe.

    Raises Mistake for what is gone, or not to be seen, StorageError.
    """
    described = await rooms.gallery.describe(job_id, actor, index)
    job = await rooms.gallery.job(job_id, actor)
    file = discord.File(io.BytesIO(described.recipe.encode()), "recipe.json")
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(block(described.parameters, _BLOCK_CHARACTERS))]
    if adapters := told_of(job.recipe, job.words, rooms.adapters, actor):
        parts.append(ui.TextDisplay(f"-# {layouts.made_with(adapters, actor.locale)}"))
    return layouts.layout(*parts, ui.File("attachment://recipe.json")), [file]


def queue_view(rooms: Rooms, whose: Whose, actor: Actor) -> ui.LayoutView:
    """Return the queue as it is now, from memory."""
    dispatcher, most = rooms.dispatcher, pages.QUEUE_LINES
    if whose == "mine":
        line = waiting.own_line(dispatcher, actor.member_id, most)
    else:
        line = waiting.whole_line(dispatcher, most)
    return pages.queue(line, whose, actor.member_id, dispatcher.running, dispatcher.waiting, actor.locale)


def styles_view(rooms: Rooms, start: int, actor: Actor) -> ui.LayoutView:
    """Return the styles that a member sees, from the one at `start` on, from memory."""
    return style_pages.styles(rooms.styles.listed(actor.member_id, actor.guild_id), start, actor.locale)


async def shelf_view(
    rooms: Rooms, shelf: Shelf, before: int | None, actor: Actor
) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return a page of a member's history or favourites, and the small pictures that it shows. Raises StorageError."""
    gallery = rooms.gallery
    read = gallery.favourites if shelf == "favourites" else gallery.history
    page = await read(actor.member_id, before, pages.HISTORY_ENTRIES)
    entries: list[pages.Entry] = []
    files: list[discord.File] = []
    for made in page.made:
        small = await gallery.thumbnail(made)
        name = f"{made.job.id}.jpg" if small is not None else None
        if small is not None:
            files.append(discord.File(io.BytesIO(small), name))
        model = rooms.dispatcher.model_name(made.job.recipe.model)
        entries.append(_entry(made, name, model, actor.locale))
    return pages.history(entries, shelf, page.older, before is None, actor.locale), files


def _entry(made: Made, thumbnail: str | None, model: str, locale: str | None) -> pages.Entry:
    job = made.job
    when = f"<t:{int(job.created_at)}:R>"
    if made.kept:
        state = say("history_pictures", locale, count=pictures(len(made.kept), locale), model=model, when=when)
    elif job.failure is not None:
        state = say("history_failed", locale, reason=pages.failure(job.failure.text), when=when)
    else:
        state = say(f"history_{_STATES.get(job.state, 'expired')}", locale, model=model, when=when)
    return pages.Entry(job.id, prompt_of(job.recipe), state, thumbnail, made.favourite, _verbs(made))


_STATES = {"waiting": "unfinished", "running": "unfinished", "cancelled": "cancelled"}


def _verbs(made: Made) -> Sequence[Verb]:
    """Return what can be done with a request."""
    job = made.job
    if job.state in ("waiting", "running"):
        return ()
    if made.kept:
        return ("show",) if isinstance(job.recipe, Upscale) else ("show", "again")
    return ("again",)
