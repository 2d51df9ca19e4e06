"""Where a picture comes from and what came of it, as far as whoever asks may see; and pictures of ours known again."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.services.checks import Where
from bot.services.gallery import Gallery
from bot.services.pasting import Settings, read_settings
from bot.services.requests import Actor, may_see
from bot.services.trees import MOST_COLUMNS, MOST_ROWS, Leaf, draw
from bot.texts import Mistake, say
from inference.protocol.messages import JobId
from storage import Database, content_hash, deliveries, images, jobs, lineage
from storage.images import Image, ImageId
from storage.jobs import Job
from storage.lineage import Family, Kin

#: Requests of a member, or pictures of one content, that are looked through for one that can be shown.
_LOOKED_THROUGH = 50
_LINK = re.compile(r"channels/(?:@me|[0-9]{1,20})/[0-9]{1,20}/(?P<message>[0-9]{1,19})/?$")

#: Server, or None, channel and message.
Place = tuple[int | None, int, int]


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A picture of a family. Of one that the member may not see, nothing is told but where it stands."""

    #: Place of the parent among the relatives; None for the root.
    parent: int | None
    #: Generations that are left out between the two.
    skipped: int = 0
    #: Descendants that are left out below it.
    left_out: int = 0
    #: From 1; None where it may not be seen.
    number: int | None = None
    job: Job | None = None
    image: Image | None = None
    #: The message that shows it.
    place: Place | None = None

    @property
    def verb(self) -> str | None:
        """Return what was pressed to make it."""
        return self.job.origin.verb if self.job is not None and self.job.origin is not None else None

    @property
    def kept(self) -> bool:
        """Tell whether there is a picture to be seen."""
        return self.image is not None and self.image.deleted_at is None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The tree around a picture, parents before their children."""

    relatives: tuple[Relative, ...]
    #: Place of the picture that was asked for.
    asked: int
    #: A PNG.
    drawing: bytes

    @property
    def picture(self) -> Relative:
        """Return what was asked for."""
        return self.relatives[self.asked]

    @property
    def orphan(self) -> bool:
        """Tell whether the root was made from a picture of which nothing is kept."""
        root = self.relatives[0].job
        return root is not None and root.origin is not None


class Lineage:
    """Families of pictures."""

    def __init__(self, *, database: Database, gallery: Gallery) -> None:
        self._database = database
        self._gallery = gallery

    # Which picture is meant -----------------------------------------------------------------------------------------

    async def newest(self, actor: Actor) -> Image:
        """Return a member's newest picture that is kept. Raises Mistake where there is none."""
        for image in await images.of_member(self._database, actor.member_id, limit=_LOOKED_THROUGH):
            if image.deleted_at is None:
                return image
        raise Mistake("lineage_none")

    async def linked(self, link: str, number: int, actor: Actor) -> Image:
        """Return a picture of the message at an address, from 1. Raises Mistake."""
        found = _LINK.search(link.strip())
        if found is None:
            raise Mistake("lineage_link", text=link)
        delivery = await deliveries.by_message(self._database, int(found["message"]))
        job = None if delivery is None else await jobs.get(self._database, delivery.job_id)
        if job is None or not may_see(job, actor):
            raise Mistake("lineage_no_message")
        for image in await images.of_job(self._database, job.id):
            if image.index == number - 1:
                return image
        raise Mistake("lineage_no_number", number=number)

    async def of_job(self, job_id: JobId, index: int, actor: Actor) -> Image:
        """Return one of a job's pictures, deleted or not. Raises Mistake for what is gone, or not to be seen."""
        job = await jobs.get(self._database, job_id)
        found = [] if job is None or not may_see(job, actor) else await images.of_job(self._database, job_id)
        for image in found:
            if image.index == index:
                return image
        raise Mistake("gone")

    async def recognise(self, data: bytes, actor: Actor) -> Image | Settings | None:
        """Return what an uploaded picture is: one of ours, or what Easel wrote into it, or None.

        Its bytes decide, and then its texts; its pixels are not looked at. A picture that the member may not see is
        known by its texts alone, as if it had been painted elsewhere.
        """
        name = await asyncio.to_thread(content_hash, data)
        found = await images.of_hash(self._database, name, limit=_LOOKED_THROUGH)
        owners = {job.id: job for job in await jobs.of_ids(self._database, [image.job_id for image in found])}
        for image in found:
            if image.job_id in owners and may_see(owners[image.job_id], actor):
                return image
        settings = await asyncio.to_thread(read_settings, data)
        return None if settings is None or settings.recipe is None else settings

    # The tree -------------------------------------------------------------------------------------------------------

    async def shown(self, asked: Image, actor: Actor) -> Shown:
        """Return the tree around a picture, drawn. Raises Mistake for what is gone meanwhile, StorageError."""
        family = await lineage.family(self._database, asked.id)
        if family is None:
            raise Mistake("gone")
        chosen, left_out = fitted(family)
        relatives = await self._relatives(chosen, left_out, actor)
        place = next(place for place, kin in enumerate(chosen) if kin.image.id == asked.id)
        small = [await self._small(each, actor) for each in relatives]
        drawing = await asyncio.to_thread(draw, leaves_of(relatives, place, small, actor.locale))
        return Shown(relatives=tuple(relatives), asked=place, drawing=drawing)

    async def _small(self, one: Relative, actor: Actor) -> bytes | None:
        if one.image is None or one.job is None or not one.kept:
            return None
        return (await self._gallery.small(one.image, one.job, Where.of(actor))).data

    async def _relatives(self, chosen: Sequence[Kin], left_out: Mapping[ImageId, int], actor: Actor) -> list[Relative]:
        places = {kin.image.id: place for place, kin in enumerate(chosen)}
        messages: dict[JobId, Place | None] = {}
        relatives: list[Relative] = []
        number = 0
        for kin in chosen:
            parent = None if kin.parent is None else places[kin.parent]
            missing = left_out.get(kin.image.id, 0)
            if not may_see(kin.job, actor):
                relatives.append(Relative(parent=parent, skipped=kin.skipped, left_out=missing))
                continue
            number += 1
            if kin.job.id not in messages:
                messages[kin.job.id] = await self._message(kin.job)
            relatives.append(
                Relative(
                    parent=parent,
                    skipped=kin.skipped,
                    left_out=missing,
                    number=number,
                    job=kin.job,
                    image=kin.image,
                    place=messages[kin.job.id],
                )
            )
        return relatives

    async def _message(self, job: Job) -> Place | None:
        """Return the message that shows a job to others than its member, too: no link leads to a private one."""
        delivery = await deliveries.get(self._database, job.id)
        if delivery is None or delivery.message_id is None or job.private:
            return None
        return job.guild_id, delivery.channel_id, delivery.message_id


# What fits ----------------------------------------------------------------------------------------------------------


def fitted(family: Family, columns: int = MOST_COLUMNS, rows: int = MOST_ROWS) -> tuple[list[Kin], dict[ImageId, int]]:
    """Return the pictures of a family that fit into so many columns and rows, and how many are left out below each.

    The picture, its ancestors and its own children come first. Of a long line the root and the nearest ancestors stay.
    """
    chosen = _line(family, columns)
    depths = {kin.image.id: place for place, kin in enumerate(chosen.values())}
    parents = {kin.parent for kin in chosen.values()}
    lines = 1
    own = [kin for kin in family.members if kin.parent == family.asked]
    skipped = {kin.image.id for kin in family.path()} - set(chosen)
    for kin in [*own, *family.members]:
        name, parent = kin.image.id, kin.parent
        if name in chosen or name in skipped or parent is None or parent not in chosen or depths[parent] + 1 >= columns:
            continue
        # The first child stands in its parent's row.
        if parent in parents and lines >= rows:
            continue
        lines += parent in parents
        parents.add(parent)
        chosen[name] = kin
        depths[name] = depths[parent] + 1
    return [chosen[kin.image.id] for kin in family.members if kin.image.id in chosen], _left_out(family, chosen)


def _line(family: Family, columns: int) -> dict[ImageId, Kin]:
    """Return what leads from the root to the picture, cut in its middle to fit and leave room for children."""
    path = family.path()
    room = max(2, columns - any(kin.parent == family.asked for kin in family.members))
    if len(path) > room:
        gone, rest = path[1 : len(path) - room + 1], path[len(path) - room + 1 :]
        skipped = rest[0].skipped + sum(1 + kin.skipped for kin in gone)
        first = Kin(image=rest[0].image, job=rest[0].job, parent=path[0].image.id, skipped=skipped)
        path = [path[0], first, *rest[1:]]
    return {kin.image.id: kin for kin in path}


def _left_out(family: Family, chosen: Mapping[ImageId, Kin]) -> dict[ImageId, int]:
    """Return how many descendants have each picture as their nearest ancestor that is shown."""
    parents = {kin.image.id: kin.parent for kin in family.members}
    on_path = {kin.image.id for kin in family.path()}
    counts: dict[ImageId, int] = {}
    for name in parents:
        missing = family.left_out.get(name, 0) + (name not in chosen and name not in on_path)
        place: ImageId | None = name
        while place is not None and place not in chosen:
            place = parents[place]
        if missing and place is not None:
            counts[place] = counts.get(place, 0) + missing
    return counts


# How it is drawn ----------------------------------------------------------------------------------------------------


def leaves_of(
    relatives: Sequence[Relative], asked: int, small: Sequence[bytes | None], locale: str | None
) -> list[Leaf]:
    """Return what is drawn of each of some relatives; `small` are their pictures."""
    path: set[int] = set()
    place: int | None = asked
    while place is not None:
        path.add(place)
        place = relatives[place].parent
    return [
        Leaf(
            parent=each.parent,
            width=each.image.width if each.image else 1,
            height=each.image.height if each.image else 1,
            picture=picture,
            number=each.number,
            word=say("lineage_box", locale) if each.image and picture is None else "",
            deed=_deed(relatives, number, locale),
            between=say("lineage_between", locale, count=each.skipped) if each.image and each.skipped else "",
            more=say("lineage_more", locale, count=each.left_out) if each.image and each.left_out else "",
            framed=number == asked,
            on_path=number in path,
        )
        for number, (each, picture) in enumerate(zip(relatives, small, strict=True))
    ]


def _deed(relatives: Sequence[Relative], place: int, locale: str | None) -> str:
    """Return what was pressed to make a picture; of several pictures of one request the first says it."""
    own = relatives[place]
    if own.parent is None or own.job is None or own.verb is None:
        return ""
    before = (each.job for each in relatives[:place] if each.job is not None)
    return "" if any(job.id == own.job.id for job in before) else say(f"deed_{own.verb}", locale)
