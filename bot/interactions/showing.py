"""Pictures and lists, read from the store and made ready to be sent."""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import discord
from discord import ui

from bot.attachments import DEFAULT_LIMIT, LADDER, SPOILER, files_of, fit, stem_of
from bot.rooms import Rooms
from bot.services import waiting
from bot.services.checks import Shown, Where
from bot.services.gallery import Made
from bot.services.networks import told_of
from bot.services.pressing import may_grow
from bot.services.requests import Actor
from bot.services.rights import require_history
from bot.services.spots import Spot
from bot.texts import Mistake, pictures, say
from bot.ui import deeds, layouts, pages, style_pages
from bot.ui.checked import remarks, waits_for_check
from bot.ui.custom_ids import CardVerb, Shelf, Verb, Whose
from bot.ui.plain import block
from inference.protocol.messages import JobId
from inference.protocol.recipe import Upscale, prompt_of

log = logging.getLogger("easel.ui")

#: Of a code block that is shown; the whole is in a file.
_BLOCK_CHARACTERS = 3000

Send = Callable[[ui.LayoutView, list[discord.File]], Awaitable[None]]


async def send_pictures(
    rooms: Rooms,
    job_id: JobId,
    actor: Actor,
    limit_bytes: int,
    send: Send,
    only: int | None = None,
    where: Where | None = None,
) -> bool:
    """Send a job's pictures, or one of them, in the best form that Discord takes, as they may be shown there.

    `where` they go, if not to where the actor is. Returns whether all of them could be checked, where that is wanted.
    Raises Mistake where none is kept, StorageError, discord.HTTPException.
    """
    job = await rooms.gallery.job(job_id, actor)
    asked = layouts.Asked(job.id, job.member_id, job.prompts, actor.locale, job.origin)
    seconds = (job.ended_at or 0.0) - (job.started_at or job.ended_at or 0.0)
    made_with = told_of(job.recipe, job.words, rooms.adapters, actor)
    model = rooms.dispatcher.model_name(job.recipe.model)
    line = layouts.settings_line(job.recipe, model, actor.locale, seconds, made_with)
    found = await rooms.gallery.shown(job, where or Where.of(actor), only)
    repeats = not isinstance(job.recipe, Upscale)
    said, waits = remarks(found, actor.locale), waits_for_check(found)
    seen = [(one, one.data) for one in found if one.data is not None]
    if not seen:
        verbs: tuple[Verb, ...] = ("check", "settings", "delete") if waits else ("settings", "delete")
        await send(layouts.ended(asked, "\n".join(said), *verbs), [])
        return not waits
    settings = rooms.guilds.settings(actor.guild_id)
    larger = all(may_grow(settings, one.image.width, one.image.height) for one in found)
    rows = deeds.rows(job.id, [one.image.index for one, _ in seen], actor.locale, larger=larger)
    hidden = frozenset(place for place, (one, _) in enumerate(seen) if one.hidden)
    data, stem = [content for _, content in seen], stem_of(job.recipe)
    rung = 0
    while True:
        fitted = await asyncio.to_thread(fit, data, stem, limit_bytes, rung, hidden=hidden)
        notes = [*said, *([say("reduced", actor.locale)] if fitted.reduced else [])]
        try:
            names = [name for name, _ in fitted.files]
            await send(
                layouts.done(asked, names, line, notes, rows, again=repeats, check=waits),
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
    return not waits


async def show_again(client: discord.Client, rooms: Rooms, job_id: JobId, actor: Actor, spot: Spot | None) -> None:
    """Make the message that shows a job show what is left of it, where that is still possible.

    Raises Mistake where nothing is, StorageError.
    """
    if spot is None:
        return
    message = client.get_partial_messageable(spot.channel_id).get_partial_message(spot.message_id)
    job = await rooms.gallery.job(job_id, actor)
    where = rooms.checks.where(job.guild_id, spot.channel_id)

    async def send(view: ui.LayoutView, files: list[discord.File]) -> None:
        await message.edit(view=view, attachments=files, allowed_mentions=discord.AllowedMentions.none())

    try:
        await send_pictures(rooms, job_id, actor, DEFAULT_LIMIT, send, where=where)
    except discord.HTTPException as error:
        # It was seen by one alone, it is gone already, or the channel is.
        log.debug("message %d stays as it is: %s", spot.message_id, error)


async def take_away(client: discord.Client, spot: Spot | None) -> bool:
    """Delete a message of ours, where that is still possible; tell whether it is to be seen no more."""
    if spot is None:
        return True
    channel = client.get_partial_messageable(spot.channel_id)
    try:
        await channel.get_partial_message(spot.message_id).delete()
    except discord.NotFound as error:
        # It is gone already, or the channel is, or it was seen by one alone.
        log.debug("message %d is not there: %s", spot.message_id, error)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.debug("message %d stays: %s", spot.message_id, error)
        return False
    return True


async def picture_view(
    rooms: Rooms, job_id: JobId, index: int, actor: Actor
) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return what can be made of one of a job's pictures, and what may be shown of it.

    Raises Mistake for what is gone, StorageError.
    """
    job, image = await rooms.originals.picture(job_id, index, actor)
    small = await rooms.gallery.small(image, job, Where.of(actor))
    if small.state == "gone":
        raise Mistake("expired")
    place = await rooms.originals.place(job)
    words = say("card", actor.locale, number=index + 1, count=job.count)
    if place is not None:
        words = say("card_link", actor.locale, number=index + 1, link=layouts.link_to(place))
    fitting = rooms.edits.offered(rooms.edits.of_ours(image), actor)
    marked = await rooms.gallery.is_marked(image, actor)
    verbs: list[CardVerb] = ["edit", "unfavourite" if marked else "favourite", "send", "settings"]
    if rooms.gallery.may_delete(job, actor):
        verbs.append("delete")
    name = f"{SPOILER if small.hidden else ''}picture-{index + 1}.jpg"
    if small.state != "clear":
        (remark,) = remarks([Shown(image=image, state=small.state, data=small.data)], actor.locale)
        words = f"{words}\n-# {remark}"
    shown = None if small.data is None else name
    waits = small.state == "withheld"
    view = deeds.card(job.id, index, shown, words, fitting, verbs, actor.locale, check=waits)
    return view, [] if small.data is None else [discord.File(io.BytesIO(small.data), name)]


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
    rooms: Rooms, shelf: Shelf, before: int | None, actor: Actor, of: int | None = None
) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return a page of a member's history or favourites, and the small pictures that it shows.

    `of` is another member: what everybody in the server may have seen of theirs. Raises Mistake where that is not for
    whoever asks, StorageError.
    """
    gallery, of = rooms.gallery, None if of == actor.member_id else of
    if of is not None:
        require_history(rooms.guilds.settings(actor.guild_id), actor)
        page = await gallery.history(of, before, pages.HISTORY_ENTRIES, shown_in=actor.guild_id)
    elif shelf == "favourites":
        page = await gallery.favourites(actor.member_id, before, pages.HISTORY_ENTRIES)
    else:
        page = await gallery.history(actor.member_id, before, pages.HISTORY_ENTRIES)
    entries: list[pages.Entry] = []
    files: list[discord.File] = []
    for made in page.made:
        small = await gallery.thumbnail(made, Where.of(actor))
        name = None
        if small.data is not None:
            name = f"{SPOILER if small.hidden else ''}{made.job.id}.jpg"
            files.append(discord.File(io.BytesIO(small.data), name))
        model = rooms.dispatcher.model_name(made.job.recipe.model)
        entries.append(_entry(made, name, model, actor.locale))
    return pages.history(entries, shelf, page.older, before is None, actor.locale, of), files


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
