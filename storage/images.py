"""Images: finished pictures, their recipes, and who likes them. Their bytes are files in a `ContentFolder`."""

import logging
from collections.abc import Collection, Iterable, Iterator
from typing import NewType

import msgspec

from inference.protocol import recipe as recipes
from inference.protocol.messages import JobId
from inference.protocol.recipe import AnyRecipe, ContentHash
from storage import disposal
from storage.database import Database, Reader, Row, Transaction, Value
from storage.errors import UnreadableRecipe

log = logging.getLogger("easel.storage")

ImageId = NewType("ImageId", int)

_RETIRE_IMAGES = 200
_RETIRE_JOBS = 1000

INSERT = """
    INSERT INTO images (hash, job_id, unit_index, member_id, width, height, bytes, recipe, created_at)
    VALUES (:hash, :job_id, :unit_index, :member_id, :width, :height, :bytes, :recipe, :now)
    RETURNING id
"""
_COLUMNS = """
    images.*, EXISTS (SELECT 1 FROM favourites WHERE image_id = images.id) AS favourite
"""
SELECT = f"SELECT {_COLUMNS} FROM images WHERE id = :id"
SELECT_OF_JOBS = f"""
    SELECT {_COLUMNS} FROM json_each(:ids) AS wanted JOIN images ON images.job_id = wanted.value
    ORDER BY wanted.key, unit_index
"""
SELECT_OF_MEMBER = f"""
    SELECT {_COLUMNS} FROM images
    WHERE member_id = :member_id AND id < :before ORDER BY id DESC LIMIT :limit
"""
SELECT_FAVOURITES = f"""
    SELECT {_COLUMNS} FROM favourites AS mark JOIN images ON images.id = mark.image_id
    WHERE mark.member_id = :member_id AND mark.image_id < :before ORDER BY mark.image_id DESC LIMIT :limit
"""
SELECT_OF_HASH = f"""
    SELECT {_COLUMNS} FROM images WHERE hash = :hash ORDER BY id DESC LIMIT :limit
"""
SELECT_OF_IDS = f"""
    SELECT {_COLUMNS} FROM json_each(:ids) AS wanted JOIN images ON images.id = wanted.value ORDER BY wanted.key
"""
MARK = """
    INSERT OR IGNORE INTO favourites (member_id, image_id, marked_at)
    SELECT :member_id, id, :now FROM images WHERE id = :image_id AND deleted_at IS NULL
"""
SELECT_MARK = "SELECT 1 FROM favourites WHERE member_id = :member_id AND image_id = :image_id"
SELECT_IDS_OF_JOB = "SELECT id FROM images WHERE job_id = :job_id"
UNMARK = "DELETE FROM favourites WHERE member_id = :member_id AND image_id = :image_id"
DELETE = """
    UPDATE images SET deleted_at = :now
    WHERE id IN (SELECT value FROM json_each(:ids)) AND deleted_at IS NULL
    RETURNING hash
"""
JUDGE = "UPDATE images SET verdict = :verdict WHERE id = :id"
#: A file that several pictures share counts once.
TOTAL_BYTES = """
    SELECT coalesce(sum(bytes), 0) AS bytes
    FROM (SELECT max(bytes) AS bytes FROM images WHERE deleted_at IS NULL GROUP BY hash)
"""
#: Neither favourites, nor what is still on its way to its member.
SELECT_OLDEST = """
    SELECT id, bytes FROM images
    WHERE deleted_at IS NULL AND created_at < :before
        AND NOT EXISTS (SELECT 1 FROM favourites WHERE image_id = images.id)
        AND NOT EXISTS (
            SELECT 1 FROM deliveries
            WHERE job_id = images.job_id AND state IN ('pending', 'progress')
        )
    ORDER BY created_at LIMIT :limit
"""
#: The same of a server's: pages of its jobs, and of those the old pictures.
SELECT_JOBS_OF_GUILD = """
    SELECT sequence, id FROM jobs WHERE guild_id = :guild_id AND sequence > :after ORDER BY sequence LIMIT :limit
"""
SELECT_OLD_OF_JOBS = """
    SELECT images.id FROM json_each(:ids) AS wanted JOIN images ON images.job_id = wanted.value
    WHERE deleted_at IS NULL AND created_at < :before
        AND NOT EXISTS (SELECT 1 FROM favourites WHERE image_id = images.id)
        AND NOT EXISTS (
            SELECT 1 FROM deliveries
            WHERE job_id = images.job_id AND state IN ('pending', 'progress')
        )
"""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a picture found."""

    flagged: bool
    #: How sure it is, from 0 to 1; None where it does not tell.
    score: float | None = None
    #: The SHA-256 of the model that checked.
    checker: ContentHash


class NewImage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as it comes from an engine, its bytes written."""

    hash: ContentHash
    #: In pixels.
    width: int
    height: int
    #: Of the file.
    bytes: int
    #: Of this very picture.
    recipe: AnyRecipe


class Image(NewImage, frozen=True, kw_only=True):
    """A picture as it stands. Its row outlives its file, so that it can be made again."""

    id: ImageId
    job_id: JobId
    #: Of its unit in the job.
    index: int
    member_id: int
    #: Somebody has marked it.
    favourite: bool
    #: Seconds since 1970.
    created_at: float
    #: None while the file is there.
    deleted_at: float | None
    #: None: it was not checked.
    verdict: Verdict | None = None


_verdict = msgspec.json.Decoder(Verdict)


async def add(write: Transaction, job_id: JobId, index: int, member_id: int, image: NewImage) -> ImageId:
    """Write a picture's row while `ContentFolder.keep` holds its file; `units.finish` does so."""
    columns = msgspec.structs.asdict(image) | {"recipe": recipes.to_json(image.recipe)}
    owner = {"job_id": job_id, "unit_index": index, "member_id": member_id, "now": write.now}
    row = await write.fetch_one(INSERT, columns | owner)
    assert row is not None, "INSERT … RETURNING gives a row"
    return ImageId(row["id"])


async def get(reader: Reader, image_id: ImageId) -> Image | None:
    """Return a picture, deleted or not, or None. Raises UnreadableRecipe."""
    row = await reader.fetch_one(SELECT, {"id": image_id})
    return _image(row) if row else None


async def of_job(reader: Reader, job_id: JobId) -> list[Image]:
    """Return the pictures of a job in order, deleted ones too. Raises UnreadableRecipe."""
    return [_image(row) for row in await reader.fetch_all(SELECT_OF_JOBS, {"ids": _json([job_id])})]


async def of_jobs(reader: Reader, job_ids: Iterable[JobId]) -> list[Image]:
    """Return the pictures of some jobs in the order of the jobs, deleted ones too.

    As in every list, what this version cannot read is left out.
    """
    return _images(await reader.fetch_all(SELECT_OF_JOBS, {"ids": _json(job_ids)}))


async def of_member(reader: Reader, member_id: int, *, before: ImageId | None = None, limit: int = 25) -> list[Image]:
    """Return a page of a member's pictures, newest first, deleted ones too: those whose id is less than `before`."""
    return _images(await reader.fetch_all(SELECT_OF_MEMBER, _page(member_id, before, limit)))


async def favourites(reader: Reader, member_id: int, *, before: ImageId | None = None, limit: int = 25) -> list[Image]:
    """Return a page of the pictures that a member has marked, newest picture first."""
    return _images(await reader.fetch_all(SELECT_FAVOURITES, _page(member_id, before, limit)))


async def of_hash(reader: Reader, name: ContentHash, *, limit: int = 50) -> list[Image]:
    """Return the newest pictures whose files have that content, newest first, deleted ones too."""
    return _images(await reader.fetch_all(SELECT_OF_HASH, {"hash": name, "limit": limit}))


async def of_ids(reader: Reader, image_ids: Iterable[ImageId]) -> list[Image]:
    """Return pictures in the order of their ids, deleted ones too; what is not there, or unreadable, is left out."""
    return _images(await reader.fetch_all(SELECT_OF_IDS, {"ids": _json(image_ids)}))


async def mark(write: Transaction, image_id: ImageId, member_id: int) -> bool:
    """Make a picture a member's favourite; return False when it is one already or is not there."""
    parameters = {"member_id": member_id, "image_id": image_id, "now": write.now}
    return bool(await write.execute(MARK, parameters))


async def unmark(write: Transaction, image_id: ImageId, member_id: int) -> bool:
    """Take a member's mark away; return whether there was one."""
    return bool(await write.execute(UNMARK, {"member_id": member_id, "image_id": image_id}))


async def delete_of_job(write: Transaction, job_id: JobId) -> int:
    """Delete every picture of a job, also such as cannot be read. Return how many there were."""
    rows = await write.fetch_all(SELECT_IDS_OF_JOB, {"job_id": job_id})
    return await delete(write, [ImageId(row["id"]) for row in rows])


async def is_marked(reader: Reader, image_id: ImageId, member_id: int) -> bool:
    """Tell whether a picture is a member's favourite."""
    return await reader.fetch_one(SELECT_MARK, {"member_id": member_id, "image_id": image_id}) is not None


async def judge(write: Transaction, image_id: ImageId, verdict: Verdict) -> None:
    """Note what a check of a picture found."""
    await write.execute(JUDGE, {"id": image_id, "verdict": msgspec.json.encode(verdict).decode()})


async def delete(write: Transaction, image_ids: Collection[ImageId]) -> int:
    """Delete pictures: their rows and recipes stay, the next sweep deletes the files. Return how many there were."""
    rows = await write.fetch_all(DELETE, {"ids": _json(image_ids), "now": write.now})
    await disposal.doom(write, "pictures", [row["hash"] for row in rows])
    return len(rows)


async def total_bytes(reader: Reader) -> int:
    """Return how much room the files of all pictures take."""
    row = await reader.fetch_one(TOTAL_BYTES)
    assert row is not None, "a sum gives a row"
    return int(row["bytes"])


async def retire(database: Database, *, older_than_seconds: float | None = None, most_bytes: int | None = None) -> int:
    """Delete pictures older than that, and the oldest beyond that total size; return how many.

    Favourites and pictures that are not delivered yet are kept, even when the total stays too large. None is no limit.
    Call `disposal.sweep` afterwards.
    """
    retired = 0
    if older_than_seconds is not None:
        before = database.clock() - older_than_seconds
        while count := await _retire_some(database, before, None):
            retired += count
    while most_bytes is not None and (excess := await total_bytes(database) - most_bytes) > 0:
        count = await _retire_some(database, float("inf"), excess)
        if not count:
            break
        retired += count
    return retired


async def retire_of_guild(database: Database, guild_id: int, older_than_seconds: float) -> int:
    """Delete a server's pictures that are older than that, but for those that `retire` keeps too; return how many.

    Call `disposal.sweep` afterwards.
    """
    retired, after, before = 0, 0, database.clock() - older_than_seconds
    while True:
        page = {"guild_id": guild_id, "after": after, "limit": _RETIRE_JOBS}
        found = await database.fetch_all(SELECT_JOBS_OF_GUILD, page)
        if not found:
            return retired
        after = found[-1]["sequence"]
        old: dict[str, Value] = {"ids": _json(row["id"] for row in found), "before": before}
        if not await database.fetch_all(SELECT_OLD_OF_JOBS, old):
            continue
        async with database.transaction() as write:
            # Asked again: somebody may have marked one since.
            retired += await delete(write, [row["id"] for row in await write.fetch_all(SELECT_OLD_OF_JOBS, old)])


async def _retire_some(database: Database, before: float, excess: int | None) -> int:
    """Delete the oldest pictures, until `excess` bytes are gone if that is given. Few, to let other writers in."""
    async with database.transaction() as write:
        rows = await write.fetch_all(SELECT_OLDEST, {"before": before, "limit": _RETIRE_IMAGES})
        chosen: list[ImageId] = []
        for row in rows:
            if excess is not None and excess <= 0:
                break
            chosen.append(row["id"])
            if excess is not None:
                excess -= row["bytes"]
        return await delete(write, chosen)


def _page(member_id: int, before: ImageId | None, limit: int) -> dict[str, int]:
    return {"member_id": member_id, "before": 2**63 - 1 if before is None else before, "limit": limit}


def recipe_from(text: str) -> AnyRecipe:
    """Return the recipe that a row holds. Raises UnreadableRecipe."""
    try:
        return recipes.any_from_json(text)
    except msgspec.DecodeError as error:
        raise UnreadableRecipe(f"The recipe was written by another version of Easel: {error}.") from error


def _image(row: Row) -> Image:
    columns = dict(row)
    columns["recipe"] = recipe_from(columns["recipe"])
    columns["favourite"] = bool(columns["favourite"])
    columns["verdict"] = _verdict.decode(columns["verdict"]) if columns["verdict"] else None
    return Image(index=columns.pop("unit_index"), **columns)


def _images(rows: Iterable[Row]) -> list[Image]:
    return list(_readable(rows))


def _readable(rows: Iterable[Row]) -> Iterator[Image]:
    for row in rows:
        try:
            yield _image(row)
        except UnreadableRecipe as error:
            log.warning("picture %d is left out: %s", row["id"], error)


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
