"""The check of finished pictures: what a server wants, and what may be shown of a picture therefore.

Bytes of pictures go to Discord by `Checks.shown` alone. It never fails open: what has to be checked and was not is
withheld, whatever the reason.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

from bot.attachments import blurred
from bot.queue.dispatcher import Dispatcher
from bot.services.gatekeeping import LivePlace
from bot.services.guilds import Guilds
from bot.services.requests import Actor, Place, may_see
from bot.services.verdicts import Verdicts
from bot.texts import Mistake
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, images, jobs
from storage.guilds import Check
from storage.images import Image, ImageId, Verdict
from storage.jobs import NewJob

_STRICTNESS: Mapping[Check, int] = {"off": 0, "blur": 1, "block": 2}
#: What somebody waits who wants to make something of a picture that was not checked yet: Discord waits three seconds.
_SOURCE_SECONDS = 1.5
#: What all pictures of an export that were not checked yet may take, and how many are read at a time.
_EXPORT_SECONDS, _PAGE = 120.0, 100
#: Requests that have a picture of the same content, which are looked through.
_LOOKED_THROUGH = 50

#: Whether a picture is shown as it is, blurred, not at all, or not until it was checked.
State = Literal["clear", "blurred", "blocked", "withheld"]


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where pictures are to be shown."""

    #: None in a direct message.
    guild_id: int | None = None
    #: None where the channel is not known: the strictest rule of the server holds.
    place: Place | None = None

    @classmethod
    def of(cls, actor: Actor) -> Self:
        """Return the place where somebody asks."""
        return cls(guild_id=actor.guild_id, place=actor.place)


#: A direct message: what a server wants in ordinary channels holds for pictures that were asked for there.
DIRECTLY = Where(place=Place(channel_id=None, direct=True))


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What may be shown of a picture."""

    image: Image
    state: State
    #: A PNG; None where nothing is shown.
    data: bytes | None
    #: There is no file any more.
    gone: bool = False

    @property
    def hidden(self) -> bool:
        """Tell whether it stands behind a spoiler."""
        return self.state == "blurred"


def state_of(rule: Check, verdict: Verdict | None) -> State:
    """Return what is done with a picture, None being the verdict where there is none."""
    if rule == "off":
        return "clear"
    if verdict is None:
        return "withheld"
    if not verdict.flagged:
        return "clear"
    return "blurred" if rule == "blur" else "blocked"


class Checks:
    """Says what may be shown of pictures where."""

    def __init__(
        self,
        *,
        database: Database,
        pictures: ContentFolder,
        dispatcher: Dispatcher,
        guilds: Guilds,
        live_place: LivePlace = lambda guild_id, channel_id: None,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._guilds = guilds
        self._live_place = live_place
        self._verdicts = Verdicts(database=database, pictures=pictures, dispatcher=dispatcher)

    # What a server wants --------------------------------------------------------------------------------------------

    def rule(self, guild_id: int | None, place: Place | None = None) -> Check:
        """Return what a server does with flagged pictures in a place; in one that is not known, the most it does."""
        if guild_id is None:
            return "off"
        settings = self._guilds.settings(guild_id)
        if place is None:
            return _stricter(settings.check, settings.check_age_restricted)
        return settings.check_age_restricted if place.age_restricted else settings.check

    def rule_for(self, guild_id: int | None, where: Where) -> Check:
        """Return what is done with pictures that were asked for in a server, where they are to be shown now.

        Elsewhere than in that server, its rule for ordinary channels goes with them: the stricter of two holds.
        """
        own = self.rule(where.guild_id, where.place)
        return own if guild_id == where.guild_id else _stricter(own, self.rule(guild_id, DIRECTLY.place))

    def where(self, guild_id: int | None, channel_id: int) -> Where:
        """Return a channel as it is now."""
        return DIRECTLY if guild_id is None else Where(guild_id=guild_id, place=self._live_place(guild_id, channel_id))

    def shows_previews(self, job: NewJob) -> bool:
        """Tell whether pictures of a job may be seen while they grow: not where they are checked."""
        return self.rule_for(job.guild_id, self.where(job.guild_id, job.channel_id)) == "off"

    # What the checker says ------------------------------------------------------------------------------------------

    @property
    def trouble(self) -> str | None:
        """Return why pictures could not be checked when that was last tried, in words for the operator, or None."""
        return self._verdicts.trouble

    @property
    def stopping(self) -> bool:
        """Tell whether the engine is being stopped: what could not be checked is checked after the next start."""
        return self._verdicts.stopping

    async def start(self) -> None:
        """Have the checker loaded if any server wants one, and note whether it can run. Raises nothing."""
        if self._guilds.checking:
            await self._verdicts.present()

    async def stop(self) -> None:
        """Ask nothing more."""
        await self._verdicts.stop()

    async def verdicts(self, found: Iterable[Image]) -> dict[ImageId, Verdict]:
        """Return what the checker says of pictures; without those of which it cannot say. Raises StorageError."""
        return await self._verdicts.of_all(found)

    # The door -------------------------------------------------------------------------------------------------------

    async def shown(
        self,
        found: Sequence[Image],
        guild_id: int | None,
        where: Where,
        judged: Mapping[ImageId, Verdict] | None = None,
    ) -> list[Shown]:
        """Return what may be shown somewhere of pictures that were asked for in a server.

        `judged` is what the checker says of them, where it was asked already. Raises StorageError.
        """
        if judged is None:
            judged = {} if self.rule_for(guild_id, where) == "off" else await self.verdicts(found)
        data = {image.id: await self._pictures.read(image.hash) for image in found}
        # Only now: the channel may have changed meanwhile.
        rule = self.rule_for(guild_id, where)
        return [await _shown(image, data[image.id], state_of(rule, judged.get(image.id))) for image in found]

    async def preview(
        self, name: ContentHash, data: bytes, guild_id: int | None, where: Where
    ) -> tuple[bytes | None, bool]:
        """Return what may be shown of a picture that no request has, and whether it stands behind a spoiler."""
        verdict = None
        if self.rule_for(guild_id, where) != "off":
            verdict = await self._verdicts.of_content(name, data)
        state = state_of(self.rule_for(guild_id, where), verdict)
        return await _allowed(data, state), state == "blurred"

    async def exported(self, member_id: int) -> dict[ContentHash, State] | None:
        """Return which of a member's pictures may be sent to them in an export; None: all of them.

        What was not checked yet is checked now, as far as there is time; the rest waits for the next export. Raises
        StorageError.
        """
        found: dict[ContentHash, State] = {}
        if not self._guilds.checking:
            return None
        end = asyncio.get_running_loop().time() + _EXPORT_SECONDS
        cursor: ImageId | None = None
        while page := await images.of_member(self._database, member_id, before=cursor, limit=_PAGE):
            cursor = page[-1].id
            owners = {job.id: job.guild_id for job in await jobs.of_ids(self._database, {one.job_id for one in page})}
            for image in page:
                if image.deleted_at is None and image.job_id in owners:
                    rule = self.rule_for(owners[image.job_id], DIRECTLY)
                    state = state_of(rule, None if rule == "off" else await self._verdicts.by(end, image))
                    found[image.hash] = max(state, found.get(image.hash, state), key=get_args(State).index)
        return found

    async def require_sources(self, sources: Mapping[ContentHash, bytes], actor: Actor) -> None:
        """Raise Mistake where one of our pictures is not shown where somebody asks: nothing is made of it there.

        Answers soon: what was not checked yet is checked meanwhile. Raises StorageError.
        """
        for name, data in sources.items():
            rows = await images.of_hash(self._database, name, limit=_LOOKED_THROUGH)
            if not rows:
                continue
            rules = [self.rule(actor.guild_id, actor.place)]
            for image in rows:
                access = await jobs.access(self._database, image.job_id)
                if access is not None and may_see(access, actor):
                    rules.append(self.rule_for(access.guild_id, Where.of(actor)))
            if _stricter(*rules) == "block":
                kept = next((row for row in rows if row.deleted_at is None), None)
                judging = self._verdicts.of_content(name, data) if kept is None else self._verdicts.of(kept)
                await _require_clean(judging)


async def _require_clean(judging: Awaitable[Verdict | None]) -> None:
    """Raise Mistake unless a picture is judged soon, and not flagged."""
    try:
        verdict = await asyncio.wait_for(judging, _SOURCE_SECONDS)
    except TimeoutError:
        raise Mistake("check_source_waits") from None
    if verdict is None:
        raise Mistake("check_source_withheld")
    if verdict.flagged:
        raise Mistake("check_source")


def _stricter(*rules: Check) -> Check:
    return max(rules, key=_STRICTNESS.__getitem__)


async def _shown(image: Image, data: bytes | None, state: State) -> Shown:
    if data is None:
        return Shown(image=image, state=state, data=None, gone=True)
    return Shown(image=image, state=state, data=await _allowed(data, state))


async def _allowed(data: bytes, state: State) -> bytes | None:
    """Return the bytes that a state lets be seen."""
    if state == "blurred":
        return await asyncio.to_thread(blurred, data)
    return data if state == "clear" else None
