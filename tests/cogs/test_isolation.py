"""Nothing of one server is seen in another: each door is tried from inside, where it shows something, and from outside.

Whoever is outside manages a server of their own, and knows every name, link, id and custom id.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import Easel
from bot.services.requests import Actor
from inference.protocol.adapters import Report
from playground import Playground
from playground import components as kinds
from playground.components import settle
from playground.guilds import Channel
from playground.invocations import Invocation
from playground.messages import COMPONENTS_V2, EPHEMERAL
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from playground.writing import new_message
from storage import images
from storage.guilds import Limits, ModelRule
from tests.bot.stage import begun, on_stage, painted, text_of
from tests.clockwork import MODEL

#: Names of what is in the server inside, which everybody outside knows and types; and what is said under these names,
#: which nobody types.
NAME, HIDDEN = "zorp", "quux"


@dataclass(frozen=True)
class House:
    """Two servers, and what is in the first."""

    playground: Playground
    bot: Easel
    values: Mapping[str, object]

    def shown(self, invocations: Sequence[Invocation]) -> str:
        """Return everything that somebody was shown: words, addresses, forms, and what is in files of text."""
        found = []
        for invocation in invocations:
            if invocation.response.modal is not None:
                found.append(str(dict(invocation.response.modal)))
            for message in invocation.messages:
                found.append(str(message | {"interaction_metadata": None}))
                found += [self._text(int(each["id"])) for each in message["attachments"]]
                files = [part["file"] for part in kinds.walk(message["components"]) if part["type"] == kinds.FILE]
                found += [self._text(int(each["attachment_id"])) for each in files]
        return "\n".join(found)

    def _text(self, number: int) -> str:
        data = self.playground.world.cdn.content(number)
        return "" if data.startswith((b"\x89PNG", b"\xff\xd8")) else data.decode()


@dataclass(frozen=True)
class Door:
    """A way to see something of a server."""

    name: str
    #: Who sees something through it from inside.
    inside: str
    #: What they see, as a pattern.
    sees: str
    #: Returns what is shown.
    way: Callable[[House, Person, Channel], Awaitable[str]]


def used(inside: str, command: str, sees: str = HIDDEN, **options: Any) -> Door:
    """Return the use of a command."""

    async def way(house: House, person: Person, channel: Channel) -> str:
        try:
            said = {
                name: value.format(**house.values) if isinstance(value, str) else value
                for name, value in options.items()
            }
            done = await person.command(command, said, channel=channel)
        except LookupError as error:
            return str(error)
        await house.playground.until(lambda: done.response.kind in ("message", "modal") or done.followups)
        return house.shown([done])

    return Door(f"/{command} {options}", inside, sees, way)


def typed(inside: str, command: str, focused: str, sees: str = NAME, **options: Any) -> Door:
    """Return what is offered to somebody who types into an option."""

    async def way(_house: House, person: Person, channel: Channel) -> str:
        try:
            return str(await person.autocomplete(command, {focused: ""} | options, focused, channel=channel))
        except LookupError as error:
            return str(error)

    return Door(f"/{command} while {focused} is typed", inside, sees, way)


def pressed(inside: str, custom_id: str, sees: str = HIDDEN) -> Door:
    """Return the press of a button that was forged, in a message that one person alone sees."""

    async def way(house: House, person: Person, channel: Channel) -> str:
        world, wanted = house.playground.world, custom_id.format(**house.values)
        message = new_message(world, channel, world.bot)
        button = {"type": kinds.BUTTON, "style": 2, "label": "x", "custom_id": wanted}
        message.flags, message.viewer = COMPONENTS_V2 | EPHEMERAL, person.user
        message.components = settle([{"type": kinds.ACTION_ROW, "components": [button]}])
        world.add_message(message)
        done = await person.press(message.payload(), wanted)
        await house.playground.until(
            lambda: message.edited or done.response.kind == "modal" or any(text_of(each) for each in done.messages)
        )
        return house.shown([done])

    return Door(custom_id, inside, sees, way)


DOORS = (
    used("ann", "queue mine"),
    used("ann", "history"),
    used("boss", "history", member="ann"),
    used("boss", "lineage", r"\.png", link="{link}"),
    used("ann", "styles list"),
    used("boss", "styles export", **{"for": "this server"}),
    used("boss", "styles edit", name=f"{NAME}-style", **{"for": "this server"}),
    used("ann", "imagine", f"{NAME}-style", prompt="x", style=f"{NAME}-styl"),
    used("ann", "prompt check", text=f"<style:{NAME}-style> x"),
    used("ann", "wildcards list"),
    used("ann", "wildcards show", name=f"{NAME}-list"),
    used("ann", "wildcards show", f"{NAME}-list", name=f"{NAME}-lis"),
    used("boss", "wildcards edit", name=f"{NAME}-list"),
    used("ann", "prompt check", text=f"__{NAME}-list__"),
    used("ann", "adapters list"),
    used("ann", "adapters info", name=f"{NAME}-lora"),
    used("ann", "adapters info", f"{NAME}-lora", name=f"{NAME}-lor"),
    used("ann", "imagine", f"{NAME}-lora", prompt="x", lora=f"{NAME}-lor"),
    used("boss", "admin panel", r"\b123\b"),
    used("boss", "admin models show", f"{NAME}-model"),
    used("boss", "admin limits show", r"\b123\b"),
    used("boss", "admin content show"),
    used("boss", "admin content negative"),
    used("boss", "admin members show"),
    used("boss", "admin members usage", r"Last 7 days\*\*: 1 picture", member="ann"),
    used("boss", "admin audit show"),
    used("boss", "admin audit export"),
    used("ann", "can", r"\b123\b"),
    used("mallory", "imagine", prompt="x", steps=1),
    used("ann", "imagine", "does not allow", prompt=f"{NAME}word", steps=1),
    used("ann", "imagine", "at most 123", prompt="x", steps=124),
    typed("ann", "imagine", "style", prompt="x"),
    typed("ann", "imagine", "lora", prompt="x"),
    typed("ann", "wildcards show", "name"),
    typed("boss", "wildcards edit", "name"),
    typed("ann", "adapters info", "name"),
    typed("boss", "styles edit", "name"),
    typed("ann", "queue cancel", "request", HIDDEN),
    typed("boss", "admin content unblock", "word"),
    typed("boss", "admin models deny", "model"),
    pressed("boss", "easel:settings:{job}"),
    pressed("boss", "easel:one:settings:{job}:0"),
    pressed("boss", "easel:show:{job}", r"\.png"),
    pressed("boss", "easel:picture:{job}:0", r"picture-1\.jpg"),
    pressed("boss", "easel:one:favourite:{job}:0", r"picture-1\.jpg"),
    pressed("boss", "easel:one:edit:{job}:0"),
    pressed("boss", "easel:remix:{job}:0"),
    pressed("boss", "easel:lineage:{job}:0", r"\.png"),
    pressed("boss", "easel:adapter:info:{adapter}"),
    pressed("boss", "easel:page:history::{ann}"),
    pressed("boss", "easel:audit:::"),
    pressed("boss", "easel:admin:limits", r"\b123\b"),
    pressed("boss", "easel:admin:content", "may have: 2"),
    pressed("boss", "easel:styles:0"),
    pressed("boss", "easel:adapters:0:all:all:"),
)


@asynccontextmanager
async def furnished(playground: Playground, folder: Path) -> AsyncIterator[House]:
    """Fill a server with everything that it can have; Ann belongs to it, Eve to the other one, Mallory to both."""
    here, there = playground.world.guild("Atelier"), playground.world.guild("Elsewhere")
    there.channel("lounge")
    ann, boss, mallory = map(playground.person, ("ann", "boss", "mallory"))
    bosses = EVERYONE | Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES
    boss.join(here, [here.role("bosses", bosses)])
    mallory.join(there)
    eve = outsider(playground)
    eve.join(there, [there.role("bosses", bosses)])
    async with on_stage(playground, folder) as bot:
        rooms, manager = bot.rooms, Actor(member_id=boss.id, guild_id=here.id, manager=True)
        await rooms.guilds.change(there.id, by=eve.id, models={MODEL.name: ModelRule()}, models_known=True)
        await rooms.wildcards.put(manager, {f"{NAME}-list": f"{HIDDEN} entry"})
        await rooms.styles.add(manager, f"{NAME}-style", prompt=f"{HIDDEN} ink", whose="server")
        report = Report(kind="lora", form="LoRA", family="sd1", rank=1, triggers=(f"{HIDDEN} trigger",), bytes=4)
        async with rooms.adapters.staged() as staged:
            await asyncio.to_thread((staged / "lora").write_bytes, b"lora")
            one = await rooms.adapters.add(manager, report, staged / "lora", name=f"{NAME}-lora", visibility="server")
        message = await painted(playground, ann, f"a {HIDDEN} fox")
        job = (await rooms.gallery.history(ann.id)).made[0].job.id
        await begun(playground, ann, f"slow {HIDDEN}")
        (running,) = (each.id for each in rooms.dispatcher.jobs())
        await rooms.guilds.change(
            here.id,
            by=boss.id,
            models={MODEL.name: ModelRule(), f"{NAME}-model": ModelRule(allowed=False)},
            models_known=True,
            negative_prompt=f"{HIDDEN} blur",
            blocked_words=(f"{NAME}word", f"{HIDDEN}word"),
            limits=Limits(steps=123),
            history="everyone",
        )
        await rooms.blocks.block(manager, mallory.id, f"{HIDDEN} reason")
        link = f"https://discord.com/channels/{here.id}/{message['channel_id']}/{message['id']}"
        values = {"job": job, "running": running, "adapter": one.id, "ann": ann.id, "link": link, "here": here.id}
        yield House(playground, bot, values)
        await rooms.dispatcher.cancel(running)


def outsider(playground: Playground) -> Person:
    """Return somebody who is not in the server inside."""
    return Person(playground, playground.world.person("eve"))


# What is seen ---------------------------------------------------------------------------------------------------------


async def test_every_door_shows_something_inside_and_nothing_outside(playground: Playground, tmp_path: Path) -> None:
    world = playground.world
    async with furnished(playground, tmp_path) as house:
        eve, general, lounge = outsider(playground), world.find_channel("general"), world.find_channel("lounge")
        wrong = []
        for door in DOORS:
            inside = await door.way(house, playground.person(door.inside), general)
            if not re.search(door.sees, inside):
                wrong.append(f"{door.name}: {door.inside} does not see {door.sees!r} inside, but {inside!r}")
            outside = playground.person("mallory") if door.inside == "mallory" else eve
            for channel in (lounge, outside.dm):
                seen = await door.way(house, outside, channel)
                if re.search(door.sees, seen) or HIDDEN in seen:
                    wrong.append(f"{door.name}: shows to others, #{channel.name}: {seen!r}")
        assert not wrong, "\n".join(wrong)


async def test_what_everybody_sees_names_nothing(playground: Playground, tmp_path: Path) -> None:
    async with furnished(playground, tmp_path) as house:
        eve, ann, lounge = outsider(playground), playground.person("ann"), playground.world.find_channel("lounge")
        queue = used("ann", "queue all")
        assert HIDDEN in await queue.way(house, ann, playground.world.find_channel("general"))
        for door in (queue, used("", "about"), used("", "help")):
            seen = await door.way(house, eve, lounge)
            assert HIDDEN not in seen
            assert NAME not in seen
        assert "somebody" in await queue.way(house, eve, lounge)
        assert HIDDEN not in str(playground.presence)


async def test_nothing_is_cancelled_by_an_id_from_another_server(playground: Playground, tmp_path: Path) -> None:
    async with furnished(playground, tmp_path) as house:
        eve, lounge = outsider(playground), playground.world.find_channel("lounge")
        named = used("", "queue cancel", request="{running}")
        button = pressed("", "easel:cancel:{running}")
        for door in (named, button, pressed("", "easel:drop:{running}")):
            for channel in (lounge, eve.dm):
                assert "There is nothing left to do that to." in await door.way(house, eve, channel), door.name
        assert [job.id for job in house.bot.rooms.dispatcher.jobs()] == [house.values["running"]]
        await named.way(house, playground.person("ann"), playground.world.find_channel("general"))
        assert house.bot.rooms.dispatcher.jobs() == []


async def test_admins_do_nothing_to_members_in_another_server(playground: Playground, tmp_path: Path) -> None:
    async with furnished(playground, tmp_path) as house:
        eve, ann, lounge = outsider(playground), playground.person("ann"), playground.world.find_channel("lounge")
        for door in (
            used("", "admin members cancel", member="ann"),
            used("", "admin members block", member="ann"),
            used("", "admin members delete", member="ann"),
            pressed("", "easel:member-delete:{ann}"),
            used("", "adapters ban", member="boss"),
            pressed("", "easel:adapter:reject:{adapter}"),
            pressed("", "easel:adapter:ban_owner:{adapter}"),
            pressed("", "easel:admin-set:clear_limits:0"),
            pressed("", "easel:greeting:everybody:{here}"),
        ):
            assert HIDDEN not in await door.way(house, eve, lounge), door.name
        rooms, here = house.bot.rooms, playground.world.guild("Atelier").id
        assert [job.id for job in rooms.dispatcher.jobs()] == [house.values["running"]]
        assert rooms.blocks.reason(here, ann.id) is None
        (_, made) = (await rooms.gallery.history(ann.id)).made
        assert len(made.kept) == 1
        assert rooms.adapters.banned(here) == []
        assert rooms.adapters.taken_away(here) == []
        assert rooms.guilds.settings(here).limits == Limits(steps=123)


async def test_reactions_to_a_forged_message_bring_nothing(playground: Playground, tmp_path: Path) -> None:
    async with furnished(playground, tmp_path) as house:
        world, eve, job = playground.world, outsider(playground), house.values["job"]
        own = await painted(playground, eve, channel="lounge")
        forged = new_message(world, world.find_channel("lounge"), world.bot)
        forged.flags = COMPONENTS_V2
        button = {"type": kinds.BUTTON, "style": 2, "label": "x", "custom_id": f"easel:again:{job}"}
        forged.components = settle([{"type": kinds.ACTION_ROW, "components": [button]}])
        world.add_message(forged)
        ann = playground.person("ann")
        for emoji in ("⭐", "❌", "✉️"):
            await eve.react(forged.payload(), emoji)
        await eve.react(own, "✉️")
        await playground.until(lambda: eve.messages(eve.dm))
        assert len(eve.messages(eve.dm)) == 1, "her own picture"
        assert await images.favourites(house.bot.rooms.database, eve.id) == []
        (_, made) = (await house.bot.rooms.gallery.history(ann.id)).made
        assert len(made.kept) == 1


async def test_a_block_and_a_budget_hold_in_one_server(playground: Playground, tmp_path: Path) -> None:
    async with furnished(playground, tmp_path) as house:
        here, there = playground.world.guild("Atelier"), playground.world.guild("Elsewhere")
        ann, mallory, change = playground.person("ann"), playground.person("mallory"), house.bot.rooms.guilds.change
        ann.join(there)
        blocked = used("mallory", "imagine", prompt="x", steps=1)
        assert f"{HIDDEN} reason" in await blocked.way(house, mallory, playground.world.find_channel("general"))
        await painted(playground, mallory, channel="lounge")
        await painted(playground, mallory, channel=mallory.dm)
        for guild in (here, there):
            await change(guild.id, by=1, limits=Limits(daily_pictures=2), past_budget="refuse")
        used_up = used("ann", "imagine", prompt="x", steps=1)
        general = playground.world.find_channel("general")
        assert "2 pictures a day here: 0 are left" in await used_up.way(house, ann, general), "one waits, one is done"
        await painted(playground, ann, channel="lounge")
        await painted(playground, ann, channel="lounge")
        assert "0 are left" in await used_up.way(house, ann, playground.world.find_channel("lounge"))
