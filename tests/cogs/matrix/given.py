"""What is there before somebody uses a thing, as options of a command or as parts of a custom id.

Beside those: "beside" are components of the message whose button it is, "asked_by" is who asked for that message,
"request" another's request that runs, and "file" a file that a form brings.
"""

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from PIL import Image

from playground import components as kinds
from tests.cogs.matrix.scene import Scene, Seat

Values = Mapping[str, Any]
Before = Callable[[Scene, Seat], Awaitable[Values]]


def png() -> tuple[str, bytes]:
    """Return a picture that somebody sends."""
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(data, "PNG")
    return "own.png", data.getvalue()


PICTURE = png()


async def own_style(scene: Scene, seat: Seat) -> Values:
    """Return a style of whoever asks."""
    name = scene.name("style")
    await scene.bot.rooms.styles.add(seat.actor, name, prompt="sumi")
    return {"name": name}


async def any_style(scene: Scene, seat: Seat) -> Values:
    """Let whoever asks have a style, and say nothing of it."""
    await own_style(scene, seat)
    return {}


async def server_style(scene: Scene, seat: Seat) -> Values:
    """Return a style of the server where somebody asks."""
    name = scene.name("style")
    if seat.actor.guild_id is not None:
        await scene.bot.rooms.styles.add(scene.managing(seat), name, prompt="sumi", whose="server")
    return {"name": name, "for": "this server"}


async def authors_style(scene: Scene, seat: Seat) -> Values:
    """Return a style of the author's."""
    listed = await scene.bot.rooms.styles.add(scene.of(seat).actor, scene.name("style"), prompt="sumi")
    assert listed.stored is not None
    return {"ID": listed.stored.id}


async def server_list(scene: Scene, seat: Seat) -> Values:
    """Return a list of words of the server where somebody asks."""
    name = scene.name("list")
    if seat.actor.guild_id is not None:
        await scene.bot.rooms.wildcards.put(scene.managing(seat), {name: "fox\nhen"})
    return {"name": name}


async def server_list_named(scene: Scene, seat: Seat) -> Values:
    """Return the name of such a list, as a form is named after it."""
    return {"NAME": (await server_list(scene, seat))["name"]}


async def any_list(scene: Scene, seat: Seat) -> Values:
    """Let the server where somebody asks have a list of words, and say nothing of it."""
    await server_list(scene, seat)
    return {}


async def new_name(scene: Scene, _seat: Seat) -> Values:
    """Return a name."""
    return {"name": scene.name("new")}


async def new_list(scene: Scene, _seat: Seat) -> Values:
    """Return a list of words to be sent."""
    return {"file": (f"{scene.name('list')}.txt", b"fox\nhen\n")}


async def a_file(_scene: Scene, _seat: Seat) -> Values:
    """Return a file that is no LoRA: that is found out after the rules were asked."""
    return {"file": ("ink.safetensors", b"nothing")}


async def own_adapter(scene: Scene, seat: Seat) -> Values:
    """Return a LoRA of whoever asks."""
    return {"name": (await scene.adapter(seat)).name}


async def any_adapter(scene: Scene, seat: Seat) -> Values:
    """Let whoever asks have a LoRA, and say nothing of it."""
    await scene.adapter(seat)
    return {}


def authors_adapter(state: str) -> Before:
    """Return a LoRA of the author's: "private", "approved" or "waiting"."""

    async def before(scene: Scene, seat: Seat) -> Values:
        owner = scene.of(seat)
        here = owner.actor.guild_id is not None
        one = await scene.adapter(owner, visibility="server" if here and state != "private" else "private")
        if here and state == "approved":
            await scene.bot.rooms.adapters.approve(scene.managing(owner), one.id)
        return {"ID": one.id}

    return before


async def authors_waiting(scene: Scene, seat: Seat) -> Values:
    """Let a LoRA of the author's wait to be approved, and say nothing of it."""
    await authors_adapter("waiting")(scene, seat)
    return {}


async def authors_message(scene: Scene, seat: Seat) -> Values:
    """Return the link of a message that shows a picture of the author's."""
    owner = scene.of(seat)
    made, guild = await scene.picture(owner), owner.actor.guild_id or "@me"
    return {"link": f"https://discord.com/channels/{guild}/{owner.channel.id}/{made.message['id']}"}


async def the_author(scene: Scene, seat: Seat) -> Values:
    """Return the author, who made something."""
    await scene.picture(scene.of(seat))
    return {"member": scene.of(seat).person.user}


async def job(scene: Scene, seat: Seat) -> Values:
    """Return a finished request of the author's."""
    return {"JOB": (await scene.picture(scene.of(seat))).job, "INDEX": 0}


async def fresh(scene: Scene, seat: Seat) -> Values:
    """Return one that may be deleted."""
    return {"JOB": (await scene.picture(scene.of(seat), fresh=True)).job, "INDEX": 0}


async def running(scene: Scene, seat: Seat) -> Values:
    """Return a request of the author's that runs."""
    owner = scene.of(seat)
    name = await scene.running(owner)
    return {"JOB": name, "request": owner.person.invocations[-1]}


async def sent_picture(scene: Scene, seat: Seat) -> Values:
    """Return a picture that the message shows."""
    media = scene.shown(seat, PICTURE)
    return {"beside": [{"type": kinds.MEDIA_GALLERY, "items": [{"media": media}]}]}


async def painted_picture(scene: Scene, seat: Seat) -> Values:
    """Return a picture of the author's that the message shows, as it was saved."""
    _, image = await scene.bot.rooms.originals.picture(
        (await scene.picture(scene.of(seat))).job, 0, scene.of(seat).actor
    )
    media = scene.shown(seat, ("saved.png", await scene.bot.rooms.gallery.content(image)))
    return {"beside": [{"type": kinds.MEDIA_GALLERY, "items": [{"media": media}]}]}


async def sent_recipe(scene: Scene, seat: Seat) -> Values:
    """Return a recipe that the message shows as a file."""
    made = await scene.picture(scene.of(seat))
    owner = scene.of(seat).actor
    described = await scene.bot.rooms.gallery.describe(made.job, owner)
    media = scene.shown(seat, ("recipe.json", described.recipe.encode()))
    return {"beside": [{"type": kinds.FILE, "file": media, "name": "recipe.json", "size": 1}]}


async def whole_life(scene: Scene, seat: Seat) -> Values:
    """Return whose data is to be deleted."""
    owner = scene.of(seat)
    if seat.column == owner.column:
        scene.forget(owner)
    return {"MEMBER": owner.person.id}


async def here(_scene: Scene, seat: Seat) -> Values:
    """Return the channel where somebody is."""
    return {"channel": seat.channel.name}


async def admins(scene: Scene, seat: Seat) -> Values:
    """Return that the message is the answer to an admin's command, and is about a role of the server."""
    return {"OF": seat.actor.guild_id or scene.guild_id, "asked_by": scene.seats["owner"]}


async def the_audit(scene: Scene, seat: Seat) -> Values:
    """Return the beginning of the audit, all of it."""
    return {**await admins(scene, seat), "BEFORE": "", "MEMBER": "", "AREA": ""}


async def a_member(scene: Scene, seat: Seat) -> Values:
    """Return somebody who made nothing, beside what `admins` does."""
    return {**await admins(scene, seat), "MEMBER": scene.playground.person("stranger").id}


async def stranger_blocked(scene: Scene, seat: Seat) -> Values:
    """Let a stranger be blocked where somebody is."""
    stranger = scene.playground.person("stranger")
    if seat.actor.guild_id is not None and scene.bot.rooms.blocks.reason(seat.actor.guild_id, stranger.id) is None:
        await scene.bot.rooms.blocks.block(scene.managing(seat), stranger.id)
    return {"member": "stranger"}


async def something_changed(scene: Scene, seat: Seat) -> Values:
    """Let something be changed in the server where somebody is, so that the audit tells of it."""
    if seat.actor.guild_id is not None:
        await scene.bot.rooms.guilds.change(seat.actor.guild_id, by=scene.seats["owner"].person.id, keep_days=9)
    return {}


async def the_server(scene: Scene, _seat: Seat) -> Values:
    """Return the server with the rules."""
    return {"GUILD": scene.guild_id}


async def a_draft(scene: Scene, _seat: Seat) -> Values:
    """Return something that the operator is about to send to every server."""
    targets = await scene.bot.rooms.broadcasts.draft("hello")
    return {"DRAFT": targets.draft}


async def first_page(scene: Scene, seat: Seat) -> Values:
    """Return the beginning of a list, on which there is something."""
    await own_style(scene, seat)
    await scene.adapter(seat)
    await authors_waiting(scene, seat)
    await scene.picture(scene.of(seat))
    author = scene.of(seat).person.id
    return {"BEFORE": "", "OF": author, "START": 0, "KIND": "all", "MODEL": "", "AFTER": 1}
