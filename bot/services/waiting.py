"""What waits and what runs, as members see it: their own requests in full, those of others as numbers."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from bot.queue.dispatcher import Dispatcher
from bot.texts import Mistake
from inference.protocol.messages import JobId
from inference.protocol.recipe import prompt_of
from storage.jobs import NewJob

#: Requests whose place is looked up for one list: each costs a look over the members of its lane.
_LOOKED_UP = 50
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Place:
    """An unfinished request and where it stands."""

    job: NewJob
    #: A picture of it is being painted.
    runs: bool
    #: Pictures that go before it.
    ahead: int
    #: Until it is done.
    seconds: float


@dataclass(frozen=True)
class Line:
    """The next requests, in the order in which they are expected."""

    places: tuple[Place, ...]
    #: Requests beyond those.
    more: int


def own(dispatcher: Dispatcher, member_id: int) -> list[NewJob]:
    """Return a member's unfinished requests, oldest first."""
    return [job for job in dispatcher.jobs() if job.member_id == member_id]


def own_line(dispatcher: Dispatcher, member_id: int, most: int) -> Line:
    """Return a member's unfinished requests, those first that are done first."""
    return _line(dispatcher, own(dispatcher, member_id), most)


def whole_line(dispatcher: Dispatcher, most: int) -> Line:
    """Return everybody's unfinished requests, those first that are done first."""
    return _line(dispatcher, dispatcher.jobs(), most)


def find_own(dispatcher: Dispatcher, member_id: int, text: str) -> JobId:
    """Return the unfinished request that is meant: one that was chosen, or the only one whose prompt holds the text.

    An id is returned whosever it is: who may do what to it is decided elsewhere. Raises Mistake.
    """
    if _ID.fullmatch(text):
        return JobId(text)
    wanted = text.casefold().strip()
    found = [job.id for job in own(dispatcher, member_id) if wanted in prompt_of(job.recipe).casefold()]
    if not found:
        raise Mistake("queue_no_request", text=text)
    if len(found) > 1:
        raise Mistake("queue_ambiguous", text=text)
    return found[0]


def _line(dispatcher: Dispatcher, jobs: list[NewJob], most: int) -> Line:
    places = [place for job in _in_turns(jobs)[:_LOOKED_UP] if (place := _place(dispatcher, job)) is not None]
    places.sort(key=lambda place: (not place.runs, place.ahead, place.seconds))
    return Line(places=tuple(places[:most]), more=max(0, len(jobs) - most))


def _place(dispatcher: Dispatcher, job: NewJob) -> Place | None:
    found = dispatcher.position(job.id)
    if found is None:
        return None
    position, seconds = found
    return Place(job, dispatcher.is_running(job.id), position.ahead_units, seconds)


def _in_turns(jobs: Iterable[NewJob]) -> list[NewJob]:
    """Return everybody's first request, then everybody's second, as the queue takes turns."""
    of_member: defaultdict[int, list[NewJob]] = defaultdict(list)
    for job in jobs:
        of_member[job.member_id].append(job)
    return [job for turn in zip_longest(*of_member.values()) for job in turn if job is not None]
