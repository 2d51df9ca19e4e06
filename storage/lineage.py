"""Lineage: the pictures that a picture was made from, and those that were made from it."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import msgspec

from storage import images, jobs
from storage.database import Reader
from storage.images import Image, ImageId
from storage.jobs import Job

#: Pictures that are counted, and generations that are followed: a bound for what one look costs.
MOST_COUNTED, MOST_GENERATIONS = 2000, 1000

#: From a picture up to its root, one a generation.
SELECT_ANCESTORS = """
    WITH RECURSIVE up (id, generation) AS (
        SELECT id, 0 FROM images WHERE id = :id
        UNION ALL
        SELECT jobs.parent_image, up.generation + 1
        FROM up JOIN images ON images.id = up.id JOIN jobs ON jobs.id = images.job_id
        WHERE jobs.parent_image IS NOT NULL AND up.generation < :generations
    )
    SELECT id FROM up ORDER BY generation
"""
#: From a picture down, breadth first: the order is that in which rows are taken up again.
SELECT_DESCENDANTS = """
    WITH RECURSIVE down (id, parent, generation) AS (
        SELECT id, NULL, 0 FROM images WHERE id = :id
        UNION ALL
        SELECT images.id, down.id, down.generation + 1
        FROM down JOIN jobs ON jobs.parent_image = down.id JOIN images ON images.job_id = jobs.id
        WHERE down.generation < :generations
        ORDER BY 3, 1
        LIMIT :limit
    )
    SELECT id, parent FROM down WHERE parent IS NOT NULL
"""


class Kin(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a family."""

    image: Image
    job: Job
    #: The nearest ancestor that is here; None for the root.
    parent: ImageId | None
    #: Generations that are left out between the two.
    skipped: int = 0


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """The tree around a picture."""

    asked: ImageId
    #: The root first, every parent before its children. Deleted pictures too.
    members: tuple[Kin, ...]
    #: How many descendants are left out below a picture that is here; at most MOST_COUNTED are looked at.
    left_out: Mapping[ImageId, int]

    def path(self) -> list[Kin]:
        """Return what leads from the root to the picture that was asked for, both among it."""
        known = {kin.image.id: kin for kin in self.members}
        found: list[Kin] = []
        place: ImageId | None = self.asked
        while place is not None:
            found.append(known[place])
            place = known[place].parent
        return found[::-1]


async def family(reader: Reader, image_id: ImageId, most: int = 60) -> Family | None:
    """Return the tree around a picture, at most so many pictures of it; None where the picture is not there.

    The picture, its ancestors and its own children come first, then the root's other descendants, breadth first. Of
    a long line the root and the nearest ancestors are kept. What cannot be read is left out with what came of it.
    """
    line = await _ancestors(reader, image_id)
    if not line:
        return None
    nearest, root = line[: most - 1], line[-1]
    kept_line = [*nearest, root] if len(line) >= most else line
    children = await _descendants(reader, image_id, 1)
    below = await _descendants(reader, root, MOST_GENERATIONS)
    parents: dict[ImageId, ImageId] = below | children | dict(pairwise(line))
    # A root has no parent, whatever the rows say: so nothing goes in circles.
    parents.pop(root, None)
    chosen = dict.fromkeys(kept_line)
    for each in [*children, *below]:
        if len(chosen) >= most:
            break
        chosen[each] = None
    links = {each: parents.get(each) for each in chosen}
    if len(kept_line) < len(line):
        links[kept_line[-2]] = root
    gap = {kept_line[-2]: len(line) - len(kept_line)} if len(kept_line) < len(line) else {}
    members = await _members(reader, root, links, gap)
    if all(kin.image.id != image_id for kin in members):
        return None
    here = {kin.image.id for kin in members}
    counted = (each for each in parents if each not in chosen and each not in line)
    return Family(asked=image_id, members=members, left_out=_left_out(counted, parents, here))


async def _ancestors(reader: Reader, image_id: ImageId) -> list[ImageId]:
    rows = await reader.fetch_all(SELECT_ANCESTORS, {"id": image_id, "generations": MOST_GENERATIONS})
    return list(dict.fromkeys(ImageId(row["id"]) for row in rows))


async def _descendants(reader: Reader, image_id: ImageId, generations: int) -> dict[ImageId, ImageId]:
    """Return the parents of a picture's descendants, breadth first."""
    asked = {"id": image_id, "generations": generations, "limit": MOST_COUNTED}
    rows = await reader.fetch_all(SELECT_DESCENDANTS, asked)
    return {ImageId(row["id"]): ImageId(row["parent"]) for row in rows}


async def _members(
    reader: Reader, root: ImageId, links: Mapping[ImageId, ImageId | None], gap: Mapping[ImageId, int]
) -> tuple[Kin, ...]:
    """Return the pictures whose parents are here too, those first."""
    found = {image.id: image for image in await images.of_ids(reader, links)}
    owners = {job.id: job for job in await jobs.of_ids(reader, {image.job_id for image in found.values()})}
    children: dict[ImageId, list[ImageId]] = {}
    for each, parent in links.items():
        if parent is not None and each in found and found[each].job_id in owners:
            children.setdefault(parent, []).append(each)
    members: list[Kin] = []
    waiting: list[tuple[ImageId, ImageId | None]] = [(root, None)] if root in found else []
    for each, parent in waiting:
        image = found[each]
        if image.job_id not in owners:
            continue
        members.append(Kin(image=image, job=owners[image.job_id], parent=parent, skipped=gap.get(each, 0)))
        own = sorted(children.get(each, ()), key=lambda one: (owners[found[one].job_id].sequence, found[one].index))
        waiting += [(child, each) for child in own]
    return tuple(members)


def _left_out(
    missing: Iterable[ImageId], parents: Mapping[ImageId, ImageId], here: set[ImageId]
) -> Mapping[ImageId, int]:
    """Return how many of the missing have each picture as their nearest ancestor that is here."""
    counts: dict[ImageId, int] = {}
    for each in missing:
        place: ImageId | None = parents[each]
        while place is not None and place not in here:
            place = parents.get(place)
        if place is not None:
            counts[place] = counts.get(place, 0) + 1
    return counts
