"""Queues under watch: waits, and loads of models, are held against what `bot.queue.fairness` states."""

import math
from collections import Counter, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.queue.fairness import FairQueue
from bot.queue.lanes import FairLane
from bot.queue.units import GuildId, Lane, MemberId, Unit, UnitKey
from inference.protocol.recipe import ContentHash

#: Seconds by which sums of floats may be off.
SLACK = 1e-6


#: Members' ids are below this.
_MOST_MEMBERS = 1000
Floats = NDArray[np.float64]
#: Who may be held back by a limit: "member" or "guild", and which.
Holder = tuple[str, int | None]


@dataclass
class Record:
    """What happened in a lane: one number an event, and sums up to now."""

    #: Weight of all who are active, weight of those of them whose servers are not held, and how many are active.
    weights: list[float] = field(default_factory=list)
    free_weights: list[float] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    handed_out: float = 0.0
    #: Seconds by which accounts were corrected, either way, and by which members were charged more than predicted.
    corrected: float = 0.0
    charged_more: Counter[MemberId] = field(default_factory=Counter)
    longest: float = 0.0
    of_members: Floats = field(default_factory=lambda: np.zeros(_MOST_MEMBERS))


@dataclass(frozen=True)
class Moment:
    """How far the records were when a unit came or went."""

    event: int
    lane_seconds: float
    all_seconds: float
    corrected: float
    charged_more: float
    #: Seconds handed out to each member in the lane, by their ids.
    of_members: Floats


@dataclass(frozen=True)
class Wait:
    """A unit that waits, and what its bound is made of when it comes."""

    unit: Unit
    weight: float
    #: A + P: seconds that stand to the member's account, or wait before the unit.
    before: float
    #: O: what corrections have moved and work has not yet made up for.
    corrections: float
    came: Moment
    #: Additions before this one, and the servers that those units are for which the member waits for.
    number: int
    guilds: set[GuildId | None]


#: The three bounds of a wait.
IN_LANE, OF_ANOTHER, IN_ALL_LANES = "in the lane", "of another member", "in all lanes"


@dataclass(frozen=True)
class Verdict:
    """Seconds that were handed out while a unit waited, D, E and T, beside the most that may be."""

    unit: Unit
    #: Seconds and the most, by the bound's name; of other members, for the one who came closest.
    found: dict[str, tuple[float, float]]

    @property
    def holds(self) -> bool:
        return all(seconds <= most + SLACK for seconds, most in self.found.values())

    def closeness(self, name: str) -> float:
        """Return how close it came to the most, 0..1."""
        seconds, most = self.found[name]
        return seconds / most if most else 0.0


class Watched:
    """A FairQueue that notes what the bounds of its units are made of. Weights must not change meanwhile."""

    def __init__(self, queue: FairQueue, every: int = 1) -> None:
        self.queue = queue
        self.waiting: dict[UnitKey, Unit] = {}
        self._every = every
        self._records = {lane: Record() for lane in Lane}
        self._waits: dict[UnitKey, Wait] = {}
        self._ended: list[tuple[Wait, Moment]] = []
        self._most_companions = 0
        self._added = 0
        self._all_seconds = 0.0
        #: Members and servers that run as much as they may, and additions before others last did.
        self._held: set[Holder] = set()
        self._let_go: dict[Holder, int] = {}
        self._servers: set[Holder] = set()
        self._weights = np.ones(_MOST_MEMBERS)
        self._least_weight = math.inf

    # The queue's own words ------------------------------------------------------------------------------------------

    def add(self, unit: Unit) -> None:
        lane = self.queue.lane(unit.lane)
        before = _account(lane, unit.member)
        self.queue.add(unit)
        self.waiting[unit.key] = unit
        record = self._records[unit.lane]
        record.longest = max(record.longest, unit.seconds)
        weight = self._weights[unit.member] = lane.flow(unit.member).weight
        self._least_weight = min(self._least_weight, weight)
        self._look(unit.lane)
        if self._added % self._every == 0:
            corrections = lane.clock.owed + sum(self._charged_ahead(lane))
            flow = lane.flow(unit.member)
            guilds = {each.guild for _, _, each in flow.waiting.values()}
            came = self._moment(unit)
            self._waits[unit.key] = Wait(unit, flow.weight, before, corrections, came, self._added, guilds)
        self._added += 1

    def remove(self, unit: Unit) -> None:
        for each in self.queue.remove(unit.job):
            self._waits.pop(each.key, None)
            del self.waiting[each.key]
        self._look(unit.lane)

    def claim(self, resident: Collection[ContentHash], room: int) -> list[Unit]:
        first = self.queue.claim(resident, room)
        if first is None:
            return []
        self._hand_out(first)
        batch = [first]
        while len(batch) < room and (companions := self.queue.companions(first, 1)):
            self._most_companions = max(self._most_companions, len(batch))
            batch += companions
            self._hand_out(companions[0])
        return batch

    def charge(self, unit: Unit, seconds: float) -> None:
        self.queue.charge(unit, seconds)
        record, correction = self._records[unit.lane], seconds - unit.seconds
        record.corrected += abs(correction)
        record.charged_more[unit.member] += max(0.0, correction)  # type: ignore[assignment]
        self._note_limits(unit)
        for lane in Lane:
            self._look(lane)

    def put_back(self, unit: Unit) -> None:
        """Let a claimed unit wait again; that wait is not watched."""
        self.queue.put_back(unit)
        self.waiting[unit.key] = unit
        self._records[unit.lane].corrected += unit.seconds
        for wait in self._waits.values():
            if wait.unit.member == unit.member:
                wait.guilds.add(unit.guild)
        self._note_limits(unit)
        self._look(unit.lane)

    # What it comes to -----------------------------------------------------------------------------------------------

    def verdicts(self) -> Iterator[Verdict]:
        """Give, of each unit that was watched and handed out and that no limit held back, what its bound came to."""
        curves = {
            lane: tuple(np.array(each) for each in (record.weights, record.free_weights, record.members))
            for lane, record in self._records.items()
        }
        for wait, went in self._ended:
            weights, free, members = (curve[wait.came.event : went.event] for curve in curves[wait.unit.lane])
            yield self._verdict(wait, went, weights.max(), free.min(), members.max())

    def _verdict(self, wait: Wait, went: Moment, weight: float, least_weight: float, members: int) -> Verdict:
        policy, came, longest = self.queue.policy, wait.came, self._records[wait.unit.lane].longest
        shared, each = policy.lookahead_seconds, policy.lookahead_seconds_each
        ahead = (wait.before + went.charged_more - came.charged_more) / wait.weight + each + shared / least_weight
        corrections = wait.corrections + went.corrected - came.corrected
        lane = weight * ahead + members * longest + shared + corrections
        if self._servers:
            lane += weight * each + len(self._servers) * (shared + longest)
        others = self._weights * (ahead + each + longest / self._least_weight) + shared + longest + corrections
        of_others = went.of_members - came.of_members
        of_others[wait.unit.member] = 0.0
        other = int(np.argmax(of_others / others)) if others.all() else 0
        longests = [record.longest for record in self._records.values()]
        turns = (self._most_companions + 1) * sum(longests) + max(longests)
        in_all = (lane + wait.unit.seconds + turns) / policy.share(wait.unit.lane)
        return Verdict(
            unit=wait.unit,
            found={
                IN_LANE: (went.lane_seconds - came.lane_seconds, lane),
                OF_ANOTHER: (of_others[other], others[other]),
                IN_ALL_LANES: (went.all_seconds - came.all_seconds, in_all),
            },
        )

    # What is noted --------------------------------------------------------------------------------------------------

    def _hand_out(self, unit: Unit) -> None:
        record = self._records[unit.lane]
        del self.waiting[unit.key]
        wait = self._waits.pop(unit.key, None)
        if wait is not None and not self._was_held(wait):
            self._ended.append((wait, self._moment(unit)))
        record.handed_out += unit.seconds
        record.of_members[unit.member] += unit.seconds
        self._all_seconds += unit.seconds
        self._note_limits(unit)
        for lane in Lane:
            self._look(lane)

    def _moment(self, unit: Unit) -> Moment:
        record = self._records[unit.lane]
        event = len(record.weights) - (unit.key in self.waiting)
        more = record.charged_more[unit.member]
        of_members = record.of_members.copy()
        return Moment(event, record.handed_out, self._all_seconds, record.corrected, more, of_members)

    def _look(self, lane: Lane) -> None:
        record, fair = self._records[lane], self.queue.lane(lane)
        held = [server for server in fair._servers.values() if server.held]
        record.free_weights.append(fair.clock.weight)
        record.weights.append(fair.clock.weight + sum(server.weight for server in held))
        record.members.append(fair.clock.count + sum(server.count for server in held))

    def _charged_ahead(self, lane: FairLane) -> Iterator[float]:
        """Give what members who were charged more than predicted are ahead of where predictions could bring them."""
        record, each = self._records[lane.lane], self.queue.policy.lookahead_seconds_each
        for flow in lane._flows.values():
            if record.charged_more[flow.member]:
                yield max(0.0, flow.weight * (flow.tag - lane.clock.now - each) - record.longest)

    def _note_limits(self, unit: Unit) -> None:
        limits, load = self.queue.limits, self.queue.load(unit.member, unit.guild)
        for key, running, most in (
            (("member", unit.member), load.member_running, limits.member_running),
            (("guild", unit.guild), load.guild_running, limits.guild_running),
        ):
            if most is not None and running >= most:
                self._held.add(key)
            elif key in self._held:
                self._held.remove(key)
                self._let_go[key] = self._added
        self._servers |= {key for key in self._held if key[0] == "guild"}

    def _was_held(self, wait: Wait) -> bool:
        keys: list[Holder] = [("member", wait.unit.member), *(("guild", guild) for guild in wait.guilds)]
        return any(key in self._held or self._let_go.get(key, -1) >= wait.number for key in keys)


def _account(lane: FairLane, member: MemberId) -> float:
    """Return A + P of a unit of this member that comes now."""
    try:
        flow = lane.flow(member)
    except KeyError:
        return 0.0
    return max(0.0, flow.tag - lane.clock.now) * flow.weight + flow.seconds


@dataclass(frozen=True)
class Left:
    """Who waited when a model was left: whose turn must come before it is loaded again, and who for what."""

    due: tuple[UnitKey, ...]
    models: dict[MemberId, ContentHash]


class Loads:
    """A FairQueue of which one lane is used, that notes when its claims let the engine load models.

    What is stated: a model that was left is loaded again only when the next pictures of those who waited when it was
    left, with accounts not ahead of the clock and at most h above the lowest, do not wait any more; unless it is loaded
    for a member whose next picture was for another model then.
    """

    def __init__(self, queue: FairQueue, lane: Lane = Lane.NORMAL) -> None:
        self.handed_out = 0
        self.loads = 0
        #: Loads for members whose next pictures were for other models when the model was left.
        self.changes = 0
        #: Of each other load of a model that was there before: of how many members the turn had to come.
        self.returns: list[int] = []
        #: Pictures that should have been handed out before a load, and were not.
        self.broken: list[UnitKey] = []
        self.add = queue.add
        self.charge = queue.charge
        self._queue = queue
        self._lane = queue.lane(lane)
        self._resident: set[ContentHash] = set()
        self._now = Left((), {})
        self._left: dict[ContentHash, Left] = {}

    def claim(self, resident: Collection[ContentHash], room: int) -> list[Unit]:
        for model in self._resident - set(resident):
            self._left[model] = self._now
        self._resident = set(resident)
        chosen = self._queue.peek(resident)
        if chosen is not None and chosen.model not in self._resident:
            self._note_load(chosen)
        first = self._queue.claim(resident, room)
        batch = [first, *self._queue.companions(first, room - 1)] if first else []
        self.handed_out += len(batch)
        return batch

    def _note_load(self, unit: Unit) -> None:
        self.loads += 1
        self._now = self._waiting()
        left = self._left.pop(unit.model, None)
        if left is None:
            return
        if left.models.get(unit.member, unit.model) != unit.model:
            self.changes += 1
            return
        self.returns.append(len(left.due))
        self.broken += [key for key in left.due if key != unit.key and key in self._queue]

    def _waiting(self) -> Left:
        lane = self._lane
        ranked = {flow: flow.ranked for flow in lane._flows.values() if flow.ranked is not None}
        lowest = min(flow.tag for flow in ranked)
        most = min(max(lane.clock.now, lowest), lowest + lane.lookahead)
        return Left(
            due=tuple(unit.key for flow, unit in ranked.items() if flow.tag <= most),
            models={flow.member: unit.model for flow, unit in ranked.items()},
        )


class Engine:
    """Paints one batch after another, and holds the models that were used last."""

    def __init__(self, queue: Loads, room: int) -> None:
        self.queue = queue
        self.resident: deque[ContentHash] = deque(maxlen=room)

    def paint(self, most: int) -> list[Unit]:
        batch = self.queue.claim(tuple(self.resident), most)
        for painted in batch:
            self.queue.charge(painted, painted.seconds)
            if painted.model in self.resident:
                self.resident.remove(painted.model)
            self.resident.append(painted.model)
        return batch
