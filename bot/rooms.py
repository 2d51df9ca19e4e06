"""Everything that a running bot is made of, opened in order and closed in order."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import discord

from bot.control.broadcasts import Broadcasts
from bot.control.desk import Desk, desk_of
from bot.delivery.publisher import Publisher
from bot.engines.base import Engine
from bot.housekeeping import DAY_SECONDS, keep_house
from bot.queue.dispatcher import Dispatcher
from bot.queue.estimate import Estimator
from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.units import MemberId
from bot.services.adapter_dropins import DropIns
from bot.services.adapters import Adapters
from bot.services.admission import Admission
from bot.services.audit import Audit
from bot.services.backups import sources_of
from bot.services.blocks import Blocks
from bot.services.budgets import Budgets
from bot.services.checks import Checks
from bot.services.edits import Edits
from bot.services.gallery import Gallery
from bot.services.gatekeeping import Gatekeeper, LivePlace
from bot.services.generation import Generation
from bot.services.greeting import Greeting
from bot.services.guilds import Guilds
from bot.services.inspecting import inspect
from bot.services.leaving import Leaving
from bot.services.lineage import Lineage
from bot.services.links import Links, Tokens
from bot.services.moderation import Moderation
from bot.services.networks import told_of
from bot.services.operator import Operator
from bot.services.orders import Orders
from bot.services.originals import Originals
from bot.services.people import People
from bot.services.pressing import may_grow
from bot.services.previews import Previews
from bot.services.requests import Actor
from bot.services.shares import Shares
from bot.services.styles import Styles
from bot.services.wildcards import WildcardLists
from bot.settings import Settings
from bot.ui.mistakes import told
from bot.ui.remarks import hints_told, warned_of
from storage import (
    Clock,
    ContentFolder,
    Database,
    FlatFolder,
    Repairs,
    members,
    repair,
    repair_adapters,
)

log = logging.getLogger("easel.rooms")


@dataclass(frozen=True)
class AdapterFolders:
    """Where the files of adapters and their previews are."""

    files: FlatFolder
    previews: ContentFolder


@dataclass(frozen=True)
class Rooms:
    """The parts of a running bot."""

    database: Database
    pictures: ContentFolder
    dispatcher: Dispatcher
    publisher: Publisher
    generation: Generation
    orders: Orders
    originals: Originals
    edits: Edits
    gallery: Gallery
    people: People
    guilds: Guilds
    gatekeeper: Gatekeeper
    checks: Checks
    wildcards: WildcardLists
    styles: Styles
    lineage: Lineage
    adapters: Adapters
    previews: Previews
    links: Links
    desk: Desk
    greeting: Greeting
    leaving: Leaving
    budgets: Budgets
    blocks: Blocks
    audit: Audit
    moderation: Moderation

    @property
    def operator(self) -> Operator:
        """Return what whoever runs the bot sees and decides."""
        return self.desk.operator

    @property
    def broadcasts(self) -> Broadcasts:
        """Return what writes to every server."""
        return self.desk.broadcasts


@asynccontextmanager
async def open_rooms(
    settings: Settings,
    engine: Engine,
    client: discord.Client,
    clock: Clock = time.time,
    live_place: LivePlace = lambda guild_id, channel_id: None,
) -> AsyncIterator[Rooms]:
    """Open the store, start the engine, take the unfinished jobs up again; at the end, park what runs.

    Raises StorageError and EngineDead: words for the admin.
    """
    folder = settings.data_folder.expanduser()
    async with await Database.open(settings.database, clock=clock) as database, AsyncExitStack() as stack:
        pictures, inputs = ContentFolder(folder / "pictures", ".png"), ContentFolder(folder / "inputs")
        if (mended := await repair(database, pictures, inputs)) != Repairs():
            log.warning("the last run left what had to be mended: %s", mended)
        kept = AdapterFolders(FlatFolder(settings.adapters, ".safetensors"), ContentFolder(settings.previews, ".png"))
        if (mended := await repair_adapters(database, kept.files, kept.previews)) != Repairs():
            log.warning("the last run left what had to be mended of adapters: %s", mended)
        learned = folder / "estimates.json"
        estimator = await asyncio.to_thread(_read_estimates, learned)
        rooms = _built(settings, engine, client, database, pictures, inputs, kept, estimator, live_place)
        dispatcher, publisher = rooms.dispatcher, rooms.publisher
        await rooms.people.load()
        stack.enter_context(rooms.desk.errors.listening())
        stack.push_async_callback(rooms.desk.stop)
        await rooms.guilds.load()
        await rooms.operator.load()
        await rooms.blocks.load()
        await rooms.budgets.load()
        await rooms.wildcards.load()
        await rooms.styles.load()
        await rooms.adapters.load()
        for member_id, weight in (await members.weights(database)).items():
            dispatcher.queue.set_weight(MemberId(member_id), weight)
        await dispatcher.start()
        try:
            await publisher.start()
            dropped = DropIns(folder=settings.incoming, adapters=rooms.adapters, inspect=inspect)
            housekeeping = keep_house(
                settings,
                database=database,
                pictures=pictures,
                inputs=inputs,
                guilds=rooms.guilds,
                leaving=rooms.leaving,
                audit=rooms.audit,
                adapters=rooms.adapters,
            )
            keepers = [
                asyncio.create_task(housekeeping, name="housekeeping"),
                asyncio.create_task(dropped.run(), name="dropped adapters"),
                asyncio.create_task(rooms.checks.start(), name="the checker"),
            ]
            try:
                yield rooms
            finally:
                for keeper in keepers:
                    keeper.cancel()
                await asyncio.gather(*keepers, return_exceptions=True)
        finally:
            await dispatcher.stop(settings.stop_seconds)
            await rooms.previews.stop(settings.stop_seconds)
            await publisher.stop(settings.stop_seconds)
            await rooms.checks.stop()
            await asyncio.to_thread(_write, learned, dispatcher.estimator.to_json())


def _built(
    settings: Settings,
    engine: Engine,
    client: discord.Client,
    database: Database,
    pictures: ContentFolder,
    inputs: ContentFolder,
    kept: AdapterFolders,
    estimator: Estimator,
    live_place: LivePlace,
) -> Rooms:
    """Return the parts, tied together and not started."""
    limits = limits_of(settings)
    guilds = Guilds(database=database)
    blocks = Blocks(database=database)
    audit = Audit(database=database)
    budgets = Budgets(database=database)
    shares = Shares(most_weight=settings.most_weight, best_lane=settings.role_lanes)
    dispatcher = Dispatcher(
        engine=engine,
        database=database,
        pictures=pictures,
        inputs=inputs,
        queue=FairQueue(Policy(limits=limits)),
        estimator=estimator,
        max_rows=settings.max_rows,
        clock=database.clock,
        accounts=budgets,
        weigh=lambda job: shares.weight(guilds.settings(job.guild_id), job.asked_as.roles),
        may_run=lambda job: gatekeeper.may_run(job),
        words=told,
    )
    gatekeeper = Gatekeeper(
        guilds=guilds,
        blocks=blocks,
        budgets=budgets,
        audit=audit,
        shares=shares,
        dispatcher=dispatcher,
        live_place=live_place,
    )
    checks = Checks(database=database, pictures=pictures, dispatcher=dispatcher, guilds=guilds, live_place=live_place)
    publisher = Publisher(
        client=client,
        database=database,
        checks=checks,
        dispatcher=dispatcher,
        may_post=gatekeeper.may_post,
        may_grow=lambda guild, width, height: may_grow(guilds.settings(guild), width, height),
        made_with=lambda job: told_of(job.recipe, job.words, adapters, Actor.of(job)),
    )
    styles = Styles(database=database, dispatcher=dispatcher, operators=settings.styles)
    adapters = Adapters(
        database=database, files=kept.files, previews=kept.previews, guilds=guilds, limits=settings.adapter_limits
    )
    people = People(
        database=database,
        pictures=pictures,
        inputs=inputs,
        dispatcher=dispatcher,
        styles=styles,
        adapters=adapters,
        checks=checks,
        blocks=blocks,
    )
    wildcards = WildcardLists(database=database, folder=settings.lists, expected=bool(settings.wildcards_folder))
    orders = Orders(
        people=people,
        styles=styles,
        wildcards=wildcards,
        guilds=guilds,
        gatekeeper=gatekeeper,
        dispatcher=dispatcher,
        adapters=adapters,
        most_pictures=settings.most_pictures,
    )
    originals = Originals(database=database, pictures=pictures, inputs=inputs, dispatcher=dispatcher, guilds=guilds)
    admission = Admission(
        database=database,
        inputs=inputs,
        dispatcher=dispatcher,
        gatekeeper=gatekeeper,
        checks=checks,
        budgets=budgets,
        adapters=adapters,
        limits=limits,
        most_pictures=settings.most_pictures,
        warn=lambda job, words, locale: publisher.whisper(job, warned_of(words, locale)),
    )
    generation = Generation(
        database=database,
        dispatcher=dispatcher,
        guilds=guilds,
        orders=orders,
        originals=originals,
        admission=admission,
        remark=lambda job, hints, locale: publisher.whisper(job, hints_told(hints, locale)),
    )
    previews = Previews(
        listener=publisher,
        database=database,
        pictures=pictures,
        dispatcher=dispatcher,
        orders=orders,
        admission=admission,
        adapters=adapters,
    )
    dispatcher.listener = previews
    gallery = Gallery(database=database, pictures=pictures, inputs=inputs, dispatcher=dispatcher, checks=checks)
    lineage = Lineage(database=database, gallery=gallery)
    edits = Edits(
        generation=generation,
        orders=orders,
        originals=originals,
        admission=admission,
        dispatcher=dispatcher,
        guilds=guilds,
        people=people,
    )
    leaving = Leaving(
        database=database,
        pictures=pictures,
        inputs=inputs,
        dispatcher=dispatcher,
        held=(guilds, styles, wildcards, adapters, blocks),
        keep_seconds=settings.purge_days * DAY_SECONDS,
    )
    return Rooms(
        database=database,
        pictures=pictures,
        dispatcher=dispatcher,
        publisher=publisher,
        generation=generation,
        orders=orders,
        originals=originals,
        edits=edits,
        gallery=gallery,
        people=people,
        guilds=guilds,
        gatekeeper=gatekeeper,
        checks=checks,
        wildcards=wildcards,
        styles=styles,
        lineage=lineage,
        adapters=adapters,
        previews=previews,
        desk=desk_of(
            settings,
            engine,
            client,
            database=database,
            guilds=guilds,
            dispatcher=dispatcher,
            publisher=publisher,
            checks=checks,
            forget=leaving.purge,
            sources=lambda: sources_of(
                pictures, inputs, kept.files, kept.previews, dispatcher.estimator.to_json(), wildcards.operators()
            ),
        ),
        greeting=Greeting(database=database, guilds=guilds, dispatcher=dispatcher),
        leaving=leaving,
        budgets=budgets,
        blocks=blocks,
        audit=audit,
        moderation=Moderation(
            database=database, pictures=pictures, inputs=inputs, dispatcher=dispatcher, blocks=blocks, audit=audit
        ),
        links=Links(
            hosts=settings.link_hosts,
            tokens=Tokens(
                hugging_face=settings.hugging_face_token.get_secret_value(),
                civitai=settings.civitai_token.get_secret_value(),
            ),
        ),
    )


def limits_of(settings: Settings) -> Limits:
    """Return the queue's limits."""
    return Limits(
        member_waiting=settings.member_waiting,
        member_running=settings.member_running,
        guild_waiting=settings.guild_waiting,
        guild_running=settings.guild_running,
    )


def _read_estimates(path: Path) -> Estimator:
    try:
        return Estimator.from_json(path.read_bytes())
    except FileNotFoundError:
        return Estimator()
    except (OSError, ValueError) as error:
        log.warning("what was learned of step times is lost: %s", error)
        return Estimator()


def _write(path: Path, text: str) -> None:
    try:
        part = path.with_suffix(".tmp")
        part.write_text(text)
        part.replace(path)
    except OSError as error:
        log.warning("what was learned of step times could not be kept: %s", error)
