"""Jobs: one request each, for one picture or several."""

import logging
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

import msgspec

from inference.protocol import recipe as recipes
from inference.protocol.messages import JobId
from inference.protocol.recipe import AnyRecipe, Upscale, Words, picture_of, prompt_of
from storage import deliveries, inputs
from storage.database import Reader, Row, Transaction
from storage.deliveries import NewDelivery
from storage.errors import UnreadableRecipe
from storage.images import ImageId, recipe_from
from storage.units import FailureReason, Unit, unit_from

log = logging.getLogger("easel.storage")

Lane = Literal["priority", "normal", "relaxed", "background"]
#: "failed" when any picture failed, "cancelled" when some were cancelled and none failed; either may have pictures.
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

_PAGE_JOBS = 200

INSERT = """
    INSERT INTO jobs (
        id, kind, member_id, guild_id, channel_id, lane, recipe, count, model, unit_seconds, private, words,
        parent_image, origin, asked_as, state, created_at
    ) VALUES (
        :id, :kind, :member_id, :guild_id, :channel_id, :lane, :recipe, :count, :model, :unit_seconds, :private,
        :words, :parent_image, :origin, :asked_as, 'waiting', :now
    )
"""
INSERT_UNIT = "INSERT INTO units (job_id, unit_index, state) VALUES (?, ?, 'waiting')"
SELECT = "SELECT * FROM jobs WHERE id = :id"
SELECT_ACCESS = "SELECT member_id, guild_id, channel_id, private, state FROM jobs WHERE id = :id"
SELECT_OF_IDS = """
    SELECT jobs.* FROM json_each(:ids) AS wanted JOIN jobs ON jobs.id = wanted.value ORDER BY wanted.key
"""
SELECT_UNITS = "SELECT * FROM units WHERE job_id = :id ORDER BY unit_index"
SELECT_UNFINISHED = """
    SELECT * FROM jobs INDEXED BY jobs_unfinished
    WHERE state IN ('waiting', 'running') AND sequence > :after
    ORDER BY sequence LIMIT :limit
"""
SELECT_UNITS_OF = """
    SELECT units.* FROM json_each(:ids) AS wanted JOIN units ON units.job_id = wanted.value
    ORDER BY wanted.key, unit_index
"""
SELECT_HISTORY = """
    SELECT * FROM jobs WHERE member_id = :member_id AND sequence < :before ORDER BY sequence DESC LIMIT :limit
"""
#: What everybody in a server may have seen, as long as there is a picture of it.
SELECT_SHOWN = """
    SELECT * FROM jobs
    WHERE member_id = :member_id AND sequence < :before AND guild_id = :guild_id AND NOT private
        AND EXISTS (SELECT 1 FROM images WHERE images.job_id = jobs.id AND images.deleted_at IS NULL)
    ORDER BY sequence DESC LIMIT :limit
"""
COUNT_OF_MEMBER = """
    SELECT state, count(*) AS jobs, sum(count) AS pictures FROM jobs
    WHERE member_id = :owner AND state IN ('waiting', 'running') GROUP BY state
"""
COUNT_OF_GUILD = """
    SELECT state, count(*) AS jobs, sum(count) AS pictures FROM jobs
    WHERE guild_id = :owner AND state IN ('waiting', 'running') GROUP BY state
"""
#: That index holds all that is asked for.
COUNT_ALL = """
    SELECT state, count(*) AS jobs, sum(count) AS pictures FROM jobs INDEXED BY jobs_unfinished_by_member
    WHERE state IN ('waiting', 'running') GROUP BY state
"""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request comes from: a button under a picture."""

    #: The picture, and which one of its request it is, from 0.
    image: ImageId
    index: int
    #: What was pressed.
    verb: str
    #: Server, or None, channel and message where the picture is; None where it is not known.
    message: tuple[int | None, int, int] | None = None


class AskedAs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the asker was when they asked."""

    #: The command that was used, or "press" for a button.
    command: str = ""
    roles: tuple[int, ...] = ()
    #: Discord let them manage messages there, and the server.
    moderator: bool = False
    manager: bool = False
    #: What the channel was in, and what Discord said of it.
    above: tuple[int, ...] = ()
    age_restricted: bool = False
    thread: bool = False
    #: They pressed a button of somebody else's picture.
    others: bool = False


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it comes in."""

    #: uuid4().hex
    id: JobId
    #: What was asked for: "imagine", "vary_subtle", "upscale_2".
    kind: str
    member_id: int
    #: None for a direct message.
    guild_id: int | None
    channel_id: int
    lane: Lane = "normal"
    recipe: AnyRecipe
    #: Pictures: `recipe_of(0)` to `recipe_of(count - 1)`.
    count: int = 1
    #: Of each picture; empty where all have the recipe's. The first one's are the recipe's.
    words: tuple[Words, ...] = ()
    #: None for a request of its own.
    origin: Origin | None = None
    #: How long one picture is expected to take on the engine.
    unit_seconds: float = 0.0
    #: Only the member may see the result.
    private: bool = False
    asked_as: AskedAs = AskedAs()

    @property
    def prompts(self) -> tuple[str, ...]:
        """Return the prompts of its pictures: one for all, or one for each; empty where none is known."""
        return tuple(own.prompt for own in self.words) or (prompt_of(self.recipe),)

    def recipe_of(self, index: int) -> AnyRecipe:
        """Return the recipe of one of its pictures."""
        return self.recipe if isinstance(self.recipe, Upscale) else picture_of(self.recipe, index, self.words)


_origin = msgspec.json.Decoder(Origin)
_words = msgspec.json.Decoder(tuple[Words, ...])
_asked_as = msgspec.json.Decoder(AskedAs)


class Failure(msgspec.Struct, frozen=True):
    """Why a picture could not be made, in words for a person."""

    kind: FailureReason
    text: str


class Job(NewJob, frozen=True, kw_only=True):
    """A request as it stands. Times are seconds since 1970."""

    #: Goes up from job to job; the cursor of pages.
    sequence: int
    state: JobState
    #: How often an engine died with a picture of this job: the most of any unit.
    attempts: int
    failure: Failure | None
    created_at: float
    started_at: float | None
    ended_at: float | None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may see a job, and where it stands: what is known even of one whose recipe cannot be read."""

    member_id: int
    guild_id: int | None
    channel_id: int
    private: bool
    state: JobState


class UnfinishedJob(msgspec.Struct, frozen=True):
    """A job that waits or runs, with every unit of it, in order."""

    job: Job
    units: tuple[Unit, ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Unfinished jobs, and the pictures that they are for."""

    waiting: int = 0
    running: int = 0
    waiting_pictures: int = 0
    running_pictures: int = 0


async def add(write: Transaction, job: NewJob, delivery: NewDelivery) -> None:
    """Write a job with its units, its delivery, and its claim on the recipe's source pictures.

    Those must be in the inputs folder, and be held there by `ContentFolder.keep` until the transaction is over.
    Raises sqlite3.IntegrityError when there is a job of that id already.
    """
    await add_all(write, [(job, delivery)])


async def add_all(write: Transaction, requests: Sequence[tuple[NewJob, NewDelivery]]) -> None:
    """Write several jobs as `add` does, all or none."""
    await write.execute_many(INSERT, [_columns(job) | {"now": write.now} for job, _ in requests])
    await write.execute_many(INSERT_UNIT, [(job.id, index) for job, _ in requests for index in range(job.count)])
    await deliveries.add_all(write, [(job.id, delivery) for job, delivery in requests])
    await inputs.claim(write, [(job.id, name) for job, _ in requests for name in recipes.sources(job.recipe)])


async def get(reader: Reader, job_id: JobId) -> Job | None:
    """Return a job, or None. Raises UnreadableRecipe."""
    row = await reader.fetch_one(SELECT, {"id": job_id})
    return job_from(row) if row else None


async def access(reader: Reader, job_id: JobId) -> Access | None:
    """Return who may see a job, or None for one that is not there."""
    row = await reader.fetch_one(SELECT_ACCESS, {"id": job_id})
    return None if row is None else Access(**{**dict(row), "private": bool(row["private"])})


async def of_ids(reader: Reader, job_ids: Collection[JobId]) -> list[Job]:
    """Return jobs in the order of their ids; what is not there, or cannot be read, is left out."""
    return list(_readable(await reader.fetch_all(SELECT_OF_IDS, {"ids": msgspec.json.encode(list(job_ids)).decode()})))


async def units_of(reader: Reader, job_id: JobId) -> tuple[Unit, ...]:
    """Return the units of a job in order; none for a job that is not there."""
    return tuple(unit_from(row) for row in await reader.fetch_all(SELECT_UNITS, {"id": job_id}))


async def unfinished(reader: Reader) -> AsyncIterator[UnfinishedJob]:
    """Yield every job that waits or runs, oldest first; read in pages, so that a long queue never blocks the loop.

    What another version wrote and this one cannot read is left out; `unreadable` names it.
    """
    after = 0
    while rows := await reader.fetch_all(SELECT_UNFINISHED, {"after": after, "limit": _PAGE_JOBS}):
        units = await _units_by_job(reader, [row["id"] for row in rows])
        for job in _readable(rows):
            yield UnfinishedJob(job, tuple(units.get(job.id, ())))
        after = rows[-1]["sequence"]


async def unreadable(reader: Reader) -> list[JobId]:
    """Return the unfinished jobs whose recipes this version cannot read."""
    found, after = [], 0
    while rows := await reader.fetch_all(SELECT_UNFINISHED, {"after": after, "limit": _PAGE_JOBS}):
        found += [JobId(row["id"]) for row in rows if not list(_readable([row]))]
        after = rows[-1]["sequence"]
    return found


async def history(
    reader: Reader, member_id: int, *, before: int | None = None, limit: int = 25, shown_in: int | None = None
) -> list[Job]:
    """Return a page of a member's jobs, newest first: those whose `sequence` is less than `before`.

    With `shown_in` only those that were shown to everybody in that server, and of which there is a picture left. What
    this version cannot read is left out.
    """
    select = SELECT_HISTORY if shown_in is None else SELECT_SHOWN
    wanted: dict[str, int] = {"member_id": member_id, "limit": limit}
    if shown_in is not None:
        wanted["guild_id"] = shown_in
    found: list[Job] = []
    last = 2**63 - 1 if before is None else before
    while len(found) < limit:
        rows = await reader.fetch_all(select, {**wanted, "before": last})
        if not rows:
            break
        found += _readable(rows)
        last = rows[-1]["sequence"]
    return found[:limit]


async def count(reader: Reader) -> Counts:
    """Return how many jobs wait and run."""
    return _counts(await reader.fetch_all(COUNT_ALL))


async def count_of_member(reader: Reader, member_id: int) -> Counts:
    """Return how many jobs of a member wait and run."""
    return _counts(await reader.fetch_all(COUNT_OF_MEMBER, {"owner": member_id}))


async def count_of_guild(reader: Reader, guild_id: int) -> Counts:
    """Return how many jobs of a guild wait and run."""
    return _counts(await reader.fetch_all(COUNT_OF_GUILD, {"owner": guild_id}))


def job_from(row: Row) -> Job:
    """Return the job of a row of the table. Raises UnreadableRecipe."""
    columns = dict(row)
    kind, text = columns.pop("failure_kind"), columns.pop("failure_text")
    columns.pop("model")
    columns["recipe"] = recipe_from(columns["recipe"])
    columns["private"] = bool(columns["private"])
    columns["words"] = _words.decode(columns["words"])
    columns["asked_as"] = _asked_as.decode(columns["asked_as"])
    columns.pop("parent_image")
    columns["origin"] = _origin.decode(columns["origin"]) if columns["origin"] else None
    return Job(**columns, failure=Failure(kind, text) if kind else None)


def _readable(rows: Iterable[Row]) -> Iterator[Job]:
    for row in rows:
        try:
            yield job_from(row)
        except UnreadableRecipe as error:
            log.warning("job=%s is left out: %s", row["id"], error)


def _columns(job: NewJob) -> dict[str, Any]:
    columns: dict[str, Any] = msgspec.structs.asdict(job)
    words = msgspec.json.encode(job.words).decode()
    return columns | {
        "recipe": recipes.to_json(job.recipe),
        "model": job.recipe.model or "",
        "words": words,
        "parent_image": job.origin.image if job.origin else None,
        "origin": msgspec.json.encode(job.origin).decode() if job.origin else None,
        "asked_as": msgspec.json.encode(job.asked_as).decode(),
    }


def _counts(rows: Collection[Row]) -> Counts:
    jobs = {row["state"]: row["jobs"] for row in rows}
    pictures = {row["state"]: row["pictures"] for row in rows}
    return Counts(
        waiting=jobs.get("waiting", 0),
        running=jobs.get("running", 0),
        waiting_pictures=pictures.get("waiting", 0),
        running_pictures=pictures.get("running", 0),
    )


async def _units_by_job(reader: Reader, job_ids: Collection[str]) -> dict[str, list[Unit]]:
    ids = msgspec.json.encode(list(job_ids)).decode()
    units: dict[str, list[Unit]] = {}
    for row in await reader.fetch_all(SELECT_UNITS_OF, {"ids": ids}):
        units.setdefault(row["job_id"], []).append(unit_from(row))
    return units
