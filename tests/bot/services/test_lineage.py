"""Which pictures of a family fit into the drawing, and what is drawn of those that are gone or not to be seen."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from bot.services.lineage import Relative, fitted, leaves_of
from bot.services.trees import MOST_COLUMNS, MOST_PIXELS, MOST_ROWS, arrange
from storage.images import Image, ImageId
from storage.jobs import Job, Origin
from storage.lineage import Family, Kin
from tests.storage.samples import new_job, numbered, picture


def kin(number: int, parent: int | None, verb: str = "vary_subtle", job: int | None = None, **changes: object) -> Kin:
    """Return picture `number` of a family, made from picture `parent`."""
    origin = None if parent is None else Origin(image=ImageId(parent), index=0, verb=verb)
    asked = new_job(id=numbered(number if job is None else job), origin=origin)
    made = Job(
        **msgspec.structs.asdict(asked), sequence=number, state="done", attempts=0, failure=None, created_at=0.0,
        started_at=0.0, ended_at=1.0,
    )  # fmt: skip
    image = Image(
        **msgspec.structs.asdict(picture()), id=ImageId(number), job_id=made.id, index=0, member_id=made.member_id,
        favourite=False, created_at=0.0, deleted_at=None,
    )  # fmt: skip
    above = None if parent is None else ImageId(parent)
    return msgspec.structs.replace(Kin(image=image, job=made, parent=above), **changes)


def family(parents: Sequence[int | None], asked: int, left_out: dict[int, int] | None = None) -> Family:
    """Return a family of pictures by number, from 0, of which the parents are given."""
    members = tuple(kin(number, parent) for number, parent in enumerate(parents))
    return Family(
        asked=ImageId(asked),
        members=members,
        left_out={ImageId(name): count for name, count in (left_out or {}).items()},
    )


def shape(chosen: Sequence[Kin]) -> list[tuple[int, int | None, int]]:
    return [(each.image.id, each.parent, each.skipped) for each in chosen]


def test_a_small_family_fits_whole() -> None:
    chosen, left_out = fitted(family([None, 0, 0, 1], 1, {1: 4}))
    assert shape(chosen) == [(0, None, 0), (1, 0, 0), (2, 0, 0), (3, 1, 0)]
    assert left_out == {1: 4}


def test_own_children_come_before_other_relatives() -> None:
    #: 1 was asked for; 2 to 5 are its siblings, 6 to 8 its children, 9 the child of a sibling.
    chosen, left_out = fitted(family([None, 0, 0, 0, 0, 0, 1, 1, 1, 2], 1, {9: 3}), rows=4)
    assert [each.image.id for each in chosen] == [0, 1, 2, 6, 7, 8, 9]
    assert left_out == {0: 3, 9: 3}
    chosen, left_out = fitted(family([None, 0, 0, 0, 0, 0, 1, 1, 1, 2], 1, {9: 3}), rows=2)
    assert [each.image.id for each in chosen] == [0, 1, 6, 7]
    assert left_out == {0: 8, 1: 1}


def test_of_a_long_line_the_root_and_the_nearest_stay() -> None:
    line = [None, *range(9)]
    chosen, left_out = fitted(family(line, 8), columns=5)
    assert shape(chosen) == [(0, None, 0), (6, 0, 5), (7, 6, 0), (8, 7, 0), (9, 8, 0)]
    assert left_out == {}
    # A branch of what is skipped counts for the root.
    chosen, left_out = fitted(family([*line, 3, 10], 9), columns=5)
    assert shape(chosen) == [(0, None, 0), (6, 0, 5), (7, 6, 0), (8, 7, 0), (9, 8, 0)]
    assert left_out == {0: 2}


def test_what_was_skipped_before_is_counted_too() -> None:
    members = [kin(0, None), kin(5, 0, skipped=4), *(kin(number, number - 1) for number in range(6, 12))]
    chosen, _ = fitted(Family(asked=ImageId(11), members=tuple(members), left_out={}), columns=4)
    assert shape(chosen) == [(0, None, 0), (9, 0, 8), (10, 9, 0), (11, 10, 0)]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_chosen_can_be_drawn_and_nobody_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    parents: list[int | None] = [None]
    reach = chance.choice([2, 8, 60])
    while len(parents) < 60:
        parents.append(chance.randrange(max(0, len(parents) - reach), len(parents)))
    # Breadth first, as the store gives them: any order with parents first will do.
    whole = family(parents, chance.randrange(60))
    chosen, left_out = fitted(whole)
    places = {each.image.id: place for place, each in enumerate(chosen)}
    assert whole.asked in places
    assert 0 in places
    relatives = [
        Relative(
            parent=None if each.parent is None else places[each.parent],
            skipped=each.skipped,
            left_out=left_out.get(each.image.id, 0),
            number=place + 1,
            job=each.job,
            image=each.image,
        )
        for place, each in enumerate(chosen)
    ]
    assert all(each.parent is None or each.parent < place for place, each in enumerate(relatives))
    plan = arrange(leaves_of(relatives, places[whole.asked], [None] * len(relatives), "de"))
    assert max(plan.width, plan.height) <= MOST_PIXELS
    assert len({area[0] for area in plan.areas}) <= MOST_COLUMNS
    ends = set(range(len(relatives))) - {each.parent for each in relatives}
    assert len(ends) <= MOST_ROWS
    assert len(chosen) + sum(each.skipped for each in chosen) + sum(left_out.values()) == 60


def relatives_of(*found: Kin, hidden: Sequence[int] = ()) -> list[Relative]:
    places = {each.image.id: place for place, each in enumerate(found)}
    return [
        Relative(parent=None if each.parent is None else places[each.parent], skipped=2, left_out=3)
        if place in hidden
        else Relative(
            parent=None if each.parent is None else places[each.parent],
            number=place + 1,
            job=each.job,
            image=each.image,
        )
        for place, each in enumerate(found)
    ]


def test_of_what_may_not_be_seen_nothing_is_said() -> None:
    relatives = relatives_of(kin(0, None), kin(1, 0, "remix"), kin(2, 1, "remix"), hidden=[1])
    leaves = leaves_of(relatives, 2, [b"root", None, b"asked"], None)
    hidden = leaves[1]
    assert (hidden.number, hidden.picture) == (None, None)
    assert hidden.word + hidden.deed + hidden.between + hidden.more == ""
    assert [leaf.on_path for leaf in leaves] == [True, True, True]
    assert [leaf.framed for leaf in leaves] == [False, False, True]
    assert leaves[2].deed == "Remix"


def test_the_first_picture_of_a_request_says_what_was_pressed() -> None:
    relatives = relatives_of(kin(0, None), kin(1, 0, job=1), kin(2, 0, job=1), kin(3, 0, job=3))
    leaves = leaves_of(relatives, 0, [None] * 4, "de")
    assert [leaf.deed for leaf in leaves] == ["", "Variieren", "", "Variieren"]
    assert {leaf.word for leaf in leaves} == {"weg"}
