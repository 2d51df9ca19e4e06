"""A server with rules, people of every standing, and things of theirs that can be pressed."""

import asyncio
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from bot.app import Easel
from bot.engines.inline import Inline
from bot.services.adapter_shelves import Seen
from bot.services.requests import Actor
from inference.protocol.adapters import Report
from inference.protocol.messages import Cancel, EngineSettings, Event, Generate, JobId, LaunchId, Pause, Resume
from inference.protocol.recipe import ContentHash
from inference.worker.loop import serve
from playground import Playground
from playground import components as kinds
from playground.components import settle
from playground.guilds import Channel
from playground.interactions import COMPONENT, Interaction
from playground.messages import COMPONENTS_V2, EPHEMERAL, Message, Upload
from playground.modals import Modal
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from playground.writing import new_message
from storage import guilds
from storage.guilds import ModelRule, Settings
from tests.bot.engines.engines import PATIENT
from tests.bot.stage import begun, painted
from tests.clockwork import MODEL, Clockwork
from tests.cogs.matrix.panel import pages
from tests.sample_requests import settings as engine_settings

HERE, ELSEWHERE = "Atelier", "Elsewhere"
_OPEN, _CLOSED, _LOUNGE = "general", "quiet", "lounge"
#: Of the people by column: who has the role that the rules ask for.
_WITH_ROLE = ("author", "with", "blocked", "closed", "direct")
_CAPITALS = re.compile(r"[A-Z]{2,}")


@dataclass(frozen=True)
class Seat:
    """Somebody, and where they are."""

    column: str
    person: Person
    channel: Channel

    @property
    def actor(self) -> Actor:
        """Return them as the services know them."""
        guild = self.channel.guild
        return Actor(member_id=self.person.id, guild_id=None if guild is None else guild.id, channel_id=self.channel.id)


@dataclass(frozen=True)
class Picture:
    """A finished request, and the message that shows it."""

    job: JobId
    message: dict[str, Any]


def gather(playground: Playground) -> dict[str, Seat]:
    """Bring the people together, before the bot comes."""
    here, elsewhere = playground.world.guild(HERE), playground.world.guild(ELSEWHERE)
    general, quiet, lounge = here.channel(_OPEN), here.channel(_CLOSED), elsewhere.channel(_LOUNGE)
    people = {name: playground.person(name) for name in ("admin", *_WITH_ROLE, "without")}
    people["operator"] = playground.person("owner")
    people["owner"] = playground.person("founder")
    here.owner = people["owner"].user
    # They make nothing.
    playground.person("stranger")
    # Never a member of this server.
    people["elsewhere"] = Person(playground, playground.world.person("elsewhere"))
    bosses = Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES
    people["elsewhere"].join(elsewhere, [elsewhere.role("bosses", EVERYONE | bosses)])
    people["admin"].join(here, [here.role("admins", EVERYONE | Permission.MANAGE_GUILD)])
    for name in _WITH_ROLE:
        people[name].join(here, [here.role("makers")])
    places = {"operator": people["operator"].dm, "closed": quiet, "elsewhere": lounge, "direct": people["direct"].dm}
    return {name: Seat(name, person, places.get(name, general)) for name, person in people.items()}


def filled(name: str, values: Mapping[str, object]) -> str:
    """Return the custom id of a thing of the table, with values for what stands there in capitals."""
    return "easel:" + _CAPITALS.sub(lambda found: str(values[found[0]]), name)


@dataclass
class Scene:
    """The running bot among these people."""

    playground: Playground
    bot: Easel
    folder: Path
    seats: dict[str, Seat]
    _pictures: dict[str, Picture] = field(default_factory=dict)
    _rules: dict[int, Settings] = field(default_factory=dict)
    _adapters: list[Seen] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    @property
    def guild_id(self) -> int:
        """Return the server with the rules."""
        return self.playground.world.guild(HERE).id

    async def rule(self) -> None:
        """Set the rules of the server."""
        here = self.playground.world.guild(HERE)
        makers, quiet = here.role("makers").id, here.channel(_CLOSED).id
        models = {model.name: ModelRule() for model in self.bot.rooms.dispatcher.models}
        settings_elsewhere = Settings(models=models, models_known=True)
        settings = Settings(
            models=models,
            models_known=True,
            press="roles",
            press_roles=(makers,),
            history="roles",
            history_roles=(makers,),
            add_adapters="roles",
            adapter_roles=(makers,),
            approve_adapters=True,
            closed_channels=(quiet,),
        )
        self._rules = {here.id: settings, self.playground.world.guild(ELSEWHERE).id: settings_elsewhere}
        await self._rule()
        await self.bot.rooms.blocks.block(self.managing(self.seats["author"]), self.seats["blocked"].person.id)

    async def _rule(self) -> None:
        async with self.bot.rooms.database.transaction() as write:
            for guild_id, settings in self._rules.items():
                await guilds.set_settings(write, guild_id, settings)
        await self.bot.rooms.guilds.load()

    def of(self, seat: Seat) -> Seat:
        """Return whose things somebody uses: in direct messages their own, everywhere else the author's."""
        return seat if seat.column == "direct" else self.seats["author"]

    def managing(self, seat: Seat) -> Actor:
        """Return somebody who manages the server where another is."""
        return replace(seat.actor, member_id=self.seats["owner"].person.id, manager=True)

    def name(self, kind: str) -> str:
        """Return a name that nothing has."""
        return f"{kind}{next(self._numbers)}"

    # Things ---------------------------------------------------------------------------------------------------------

    async def picture(self, owner: Seat, *, fresh: bool = False) -> Picture:
        """Return a picture of somebody's: a new one, or one that nobody takes away."""
        if fresh or owner.column not in self._pictures:
            message = await painted(self.playground, owner.person, channel=owner.channel)
            page = await self.bot.rooms.gallery.history(owner.person.id, limit=1)
            made = Picture(page.made[0].job.id, message)
            if fresh:
                return made
            self._pictures[owner.column] = made
        return self._pictures[owner.column]

    async def running(self, owner: Seat) -> JobId:
        """Return a request of somebody's that runs until it is cancelled."""
        before = {job.id for job in self.bot.rooms.dispatcher.jobs()}
        await begun(self.playground, owner.person, channel=owner.channel)
        return next(job.id for job in self.bot.rooms.dispatcher.jobs() if job.id not in before)

    async def clean(self) -> None:
        """Take back what one use changed: what runs, LoRAs, who may bring none, rules, what the operator did."""
        for job in self.bot.rooms.dispatcher.jobs():
            await self.bot.rooms.dispatcher.cancel(job.id)
        adapters, author = self.bot.rooms.adapters, self.seats["author"]
        if author.person.id in adapters.banned(self.guild_id):
            await adapters.unban(self.managing(author), author.person.id)
        for one in self._adapters:
            if adapters.get(one.id) is not None:
                await adapters.remove(Actor(member_id=one.owner_id, guild_id=None), one.id)
        self._adapters.clear()
        known = self.bot.rooms.guilds
        if known.closed or any(known.settings(guild_id) != rules for guild_id, rules in self._rules.items()):
            for guild_id in list(known.closed):
                await known.open(guild_id)
            await self._rule()
        await self.bot.rooms.operator.resume()

    def forget(self, owner: Seat) -> None:
        """Know nothing more of the pictures of somebody whose data was deleted."""
        self._pictures.pop(owner.column, None)

    async def adapter(self, owner: Seat, **fields: Any) -> Seen:
        """Return a new LoRA of somebody's; no file is looked at."""
        name = self.name("lora")
        path, data = self.folder / name, name.encode()
        await asyncio.to_thread(path.write_bytes, data)
        report = Report(kind="lora", form="LoRA", family="sd1", rank=4, triggers=("zorp",), bytes=len(data))
        actor = replace(owner.actor, manager=True)
        one = await self.bot.rooms.adapters.add(actor, report, path, name=name, **fields)
        self._adapters.append(one)
        return one

    # Messages and forms -----------------------------------------------------------------------------------------------

    def carrier(
        self,
        seat: Seat,
        component: dict[str, Any],
        *others: dict[str, Any],
        private: bool = False,
        asked_by: Seat | None = None,
    ) -> Message:
        """Return a message of the bot's where somebody is that has a component, however it came to be there.

        It answers a command of `asked_by`, or of the one who sees it.
        """
        return self._message(seat, [*others, {"type": kinds.ACTION_ROW, "components": [component]}], private, asked_by)

    def _message(self, seat: Seat, components: list[Any], private: bool, asked_by: Seat | None) -> Message:
        world = self.playground.world
        message = new_message(world, seat.channel, world.bot)
        message.flags = COMPONENTS_V2 | (EPHEMERAL if private else 0)
        message.components = settle(components)
        message.metadata = {
            "id": str(message.id),
            "type": 2,
            "user": (asked_by or seat).person.user.payload(),
            "authorizing_integration_owners": {},
        }
        message.viewer = seat.person.user if private else None
        world.add_message(message)
        return message

    def page_with(self, seat: Seat, name: str) -> tuple[Message, dict[str, Any]]:
        """Return a page of the panel before somebody, which the owner asked for, and the control of a name on it."""
        pattern = re.compile(_CAPITALS.sub(r"[0-9a-z_-]+", f"easel:{name}").replace(":[0-9a-z_-]+", "(:[0-9a-z_-]+)?"))
        owner, offered = self.seats["owner"], seat.channel.guild is not None
        for components in pages(self.bot.rooms.dispatcher, self.guild_id):
            for control in kinds.walk(components):
                if pattern.fullmatch(control.get("custom_id", "")) and (offered or control["type"] == kinds.BUTTON):
                    message = self._message(seat, components, True, owner)
                    return message, kinds.find(message.components, control["custom_id"], (control["type"],))
        # A page to which only a menu leads, and menus of roles and channels where there are none.
        custom_id = filled(name, {"OF": self.guild_id if "role" in name else "imagine"})
        message = self.carrier(seat, button(custom_id), private=True, asked_by=owner)
        return message, kinds.find(message.components, custom_id, (kinds.BUTTON,))

    def form(
        self, seat: Seat, custom_id: str, message: Message, values: Mapping[str, str], file: object = None
    ) -> Modal:
        """Return a form that is open before somebody, however it came to be there."""
        world = self.playground.world
        origin = Interaction(
            world.snowflakes.draw(),
            "",
            COMPONENT,
            seat.person.user,
            seat.channel,
            world.clock.now(),
            {},
            message,
        )
        fields: list[dict[str, Any]] = [
            {
                "type": kinds.LABEL,
                "label": name,
                "component": {"type": kinds.TEXT_INPUT, "custom_id": name, "value": value, "required": False},
            }
            for name, value in values.items()
        ]
        if file is not None:
            upload = {"type": kinds.FILE_UPLOAD, "custom_id": "file", "required": False}
            fields.append({"type": kinds.LABEL, "label": "file", "component": upload})
        return Modal({"custom_id": custom_id, "title": "x", "components": settle(fields)}, origin)

    def shown(self, seat: Seat, upload: tuple[str, bytes]) -> dict[str, Any]:
        """Return a file in Discord's store, as a message shows it."""
        return self.playground.world.cdn.store(Upload(*upload), seat.channel.id).media()


def engine() -> Inline:
    """Return an engine with a model for words and one for instructions."""
    return Inline(engine_settings(), partial(serve, open_painter=_Clockwork, leave=_stay), PATIENT)


class _Clockwork(Clockwork):
    def __init__(self, settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> None:
        super().__init__(settings, launch, emit)
        teacher = msgspec.structs.replace(MODEL, hash=ContentHash("d" * 64), name="teacher", instructs=True)
        self.models = (MODEL, teacher)

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Paint what either is asked for as the one for words does."""
        if isinstance(command, Generate) and command.recipe.model is not None:
            command = msgspec.structs.replace(command, recipe=msgspec.structs.replace(command.recipe, model=MODEL.hash))
        super().handle(command)


def _stay(code: int) -> None:
    """Leave the process alone: it is the tests' own."""


def button(custom_id: str) -> dict[str, Any]:
    """Return a button."""
    return {"type": kinds.BUTTON, "style": 2, "label": "x", "custom_id": custom_id}
