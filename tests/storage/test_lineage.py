"""Families of pictures: who comes first, what is left out, what is gone, and how pictures are found by content."""

from storage import ContentFolder, Database, content_hash, images, lineage, members
from storage.images import ImageId
from storage.jobs import Origin
from storage.lineage import Family
from tests.storage.samples import MEMBER, OTHER_MEMBER, add_job, claim, finish, paint


async def child(
    database: Database, pictures: ContentFolder, parent: ImageId, verb: str = "vary_subtle", member_id: int = MEMBER
) -> ImageId:
    """Paint a picture that is made from another one."""
    origin = Origin(image=parent, index=0, verb=verb)
    content = f"{parent} {verb} {member_id}".encode()
    return await paint(database, pictures, content, origin=origin, member_id=member_id)


async def line_of(database: Database, pictures: ContentFolder, length: int) -> list[ImageId]:
    """Paint a root, its child, the child's child and so on."""
    found = [await paint(database, pictures)]
    while len(found) < length:
        found.append(await child(database, pictures, found[-1]))
    return found


def ids(family: Family | None) -> list[int]:
    assert family is not None
    return [kin.image.id for kin in family.members]


async def test_a_picture_without_relatives(database: Database, pictures: ContentFolder) -> None:
    alone = await paint(database, pictures)
    await paint(database, pictures, b"another")
    family = await lineage.family(database, alone)
    assert ids(family) == [alone]
    assert await lineage.family(database, ImageId(99)) is None


async def test_the_same_tree_from_everywhere_in_it(database: Database, pictures: ContentFolder) -> None:
    root = await paint(database, pictures)
    left, right = [await child(database, pictures, root, verb) for verb in ("vary_subtle", "vary_strong")]
    below_right = await child(database, pictures, right)
    below_left = await child(database, pictures, left)
    for asked in (root, left, right, below_left, below_right):
        family = await lineage.family(database, asked)
        assert family is not None
        assert family.asked == asked
        assert ids(family) == [root, left, right, below_left, below_right]
        assert [kin.parent for kin in family.members] == [None, root, root, left, right]
        assert family.left_out == {}
    path = (await _family(database, below_right)).path()
    assert [kin.image.id for kin in path] == [root, right, below_right]
    assert [kin.job.origin.verb for kin in path if kin.job.origin] == ["vary_strong", "vary_subtle"]


async def test_pictures_of_one_request_come_in_their_order(database: Database, pictures: ContentFolder) -> None:
    root = await paint(database, pictures)
    job = await add_job(database, count=3, origin=Origin(image=root, index=0, verb="vary_subtle"))
    await claim(database, job, 0, 1, 2)
    made = {index: await finish(database, pictures, job, index, str(index).encode()) for index in (2, 0, 1)}
    assert ids(await lineage.family(database, root)) == [root, made[0], made[1], made[2]]


async def test_deleted_pictures_stay(database: Database, pictures: ContentFolder) -> None:
    line = await line_of(database, pictures, 3)
    async with database.transaction() as write:
        await images.delete(write, line[:2])
    family = await _family(database, line[2])
    assert [kin.image.deleted_at is None for kin in family.members] == [False, False, True]


async def test_who_was_forgotten_leaves_a_new_root(database: Database, pictures: ContentFolder) -> None:
    root = await paint(database, pictures, member_id=OTHER_MEMBER)
    mine = await child(database, pictures, root)
    async with database.transaction() as write:
        await members.delete(write, OTHER_MEMBER)
    family = await _family(database, mine)
    assert ids(family) == [mine]
    assert family.members[0].job.origin is not None


async def test_own_children_come_before_other_relatives(database: Database, pictures: ContentFolder) -> None:
    root = await paint(database, pictures)
    asked = await child(database, pictures, root)
    others = [await child(database, pictures, root, f"other {number}") for number in range(5)]
    own = [await child(database, pictures, asked, f"own {number}") for number in range(3)]
    below = await child(database, pictures, others[4])
    family = await _family(database, asked, most=6)
    assert sorted(ids(family)) == sorted([root, asked, *own, others[0]])
    assert family.left_out == {root: 5}
    assert below not in ids(family)
    few = await _family(database, asked, most=3)
    assert sorted(ids(few)) == [root, asked, own[0]]
    assert few.left_out == {root: 6, asked: 2}


async def test_of_a_long_line_the_root_and_the_nearest_stay(database: Database, pictures: ContentFolder) -> None:
    line = await line_of(database, pictures, 9)
    family = await _family(database, line[7], most=4)
    assert ids(family) == [line[0], line[5], line[6], line[7]]
    assert [(kin.parent, kin.skipped) for kin in family.members] == [
        (None, 0),
        (line[0], 4),
        (line[5], 0),
        (line[6], 0),
    ]
    assert family.left_out == {line[7]: 1}


async def test_counting_ends_somewhere(database: Database, pictures: ContentFolder) -> None:
    root = await paint(database, pictures)
    for number in range(6):
        await child(database, pictures, root, str(number))
    rows = await database.fetch_all(lineage.SELECT_DESCENDANTS, {"id": root, "generations": 9, "limit": 4})
    assert len(rows) == 3
    line = await line_of(database, pictures, 5)
    assert len(await database.fetch_all(lineage.SELECT_ANCESTORS, {"id": line[4], "generations": 2})) == 3


async def test_a_circle_is_no_trap(database: Database, pictures: ContentFolder) -> None:
    line = await line_of(database, pictures, 3)
    job = (await _family(database, line[0])).members[0].job.id
    async with database.transaction() as write:
        await write.execute("UPDATE jobs SET parent_image = :id WHERE id = :job", {"id": line[2], "job": job})
    for asked in line:
        family = await _family(database, asked)
        assert sorted(ids(family)) == line
        assert [kin.image.id for kin in family.path()][-1] == asked


async def test_pictures_are_found_by_content_newest_first(database: Database, pictures: ContentFolder) -> None:
    made = [await paint(database, pictures, b"same"), await paint(database, pictures, b"same")]
    await paint(database, pictures, b"another")
    async with database.transaction() as write:
        await images.delete(write, made[1:])
    name = content_hash(b"same")
    assert [image.id for image in await images.of_hash(database, name)] == made[::-1]
    assert [image.id for image in await images.of_hash(database, name, limit=1)] == made[1:]
    assert await images.of_hash(database, content_hash(b"no such")) == []


async def _family(database: Database, asked: ImageId, most: int = 60) -> Family:
    family = await lineage.family(database, asked, most)
    assert family is not None
    return family
