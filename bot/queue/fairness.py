"""The queue's decisions: who is served next. Pure: it keeps no clock, reads no database and waits for nothing.

**Between members of a lane** it hands out GPU-seconds in proportion to weights. Each member has an account of the
predicted GPU-seconds that were handed out, divided by the member's weight; the lowest account is served first
(start-time fair queueing: Goyal, Vin and Cheng 1996, with the virtual time of generalized processor sharing: Parekh
and Gallager 1993). Who comes back starts at the lane's virtual clock: absence gives no credit, and use of an
otherwise idle GPU no debt.

**Between models** a unit whose model is resident may be served before the fairest, as long as its member's account is
at most h above the lowest one: h = e + s / W, with e = lookahead_seconds_each and s = lookahead_seconds.

**Between lanes** the first that has something to claim is served. A lane that is passed over ages: it is credited its
share f of the GPU-seconds of each unit that is handed out, and goes first when that pays for its next unit.

**Waits**, in predicted GPU-seconds that the queue hands out, to whomever, from when a unit u comes until it is handed
out. Of u's lane, L is the most seconds of one unit, N the most members who are active at a time (who wait, or whose
accounts are ahead of the clock), W their greatest weight together and m the least of one, u's member included; w is the
weight of that member, A what their account is ahead of the clock when u comes (0 for who was away), P the seconds of
their own units before u, and O what corrections have moved and work has not made up for: seconds given back, seconds
that accounts charged more than predicted are ahead of the clock beyond e and one unit, and corrections while u waits.
A member's weight is their own times that of the unit that they wait for first. While no weights change, and no limit of
running units holds u or what its member waits for before it,

    in its lane:                         D <= W * ((A + P) / w + h) + N * L + s + O       h at the least W meanwhile
    for one other member, of weight x:   E <= x * ((A + P) / w + h + e + L / m) + s + L + O
    in all lanes:                        T <= (D + q + C) / f                             q the seconds of u itself

where C = sum over lanes of (b + 1) * L of that lane + L of all lanes, b the most companions that a claim was given,
and f the lane's share. None of them holds how much anybody else has waiting. So a member who comes back (A = P = 0)
waits for one unit of every active member and the lookahead, however much a heavy one has asked for. Where limits of
servers hold others back, D grows by W * e + M * (s + L), M the servers concerned.

**Loads** of models, by an engine that holds some of the K models asked for in one lane. A model that was left is loaded
again only when the next units of all who waited when it was left, with accounts not ahead of the clock and at most h
above the lowest, do not wait any more; or for a member whose next unit was for another model then. So if these are
always n or more, then while Q units are handed out or cancelled

    loads <= K * (1 + Q / n) + changes of members to other models

And while nobody comes or goes and all keep to their models, G GPU-seconds take at most

    loads <= K * (2 + (G + N * L) / (s + e * W))

Both are for accounts that are not corrected down, and for units that no limit holds back.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TypeVar

from bot.queue.flows import Flow, Ticket
from bot.queue.lanes import FairLane, Policy
from bot.queue.limits import Limits, Load
from bot.queue.reasons import (
    FairShare,
    FasterLanes,
    ModelSwitch,
    Next,
    OverQuota,
    OwnPictures,
    Position,
    Reason,
    Running,
    RunningLimit,
)
from bot.queue.units import GuildId, Lane, MemberId, Unit, UnitKey
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash

_Key = TypeVar("_Key")


class FairQueue:
    """Units that wait and units that run.

    A claim takes time in proportion to the logarithm of the active members and, where servers have limits, to servers.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self._lanes = {lane: FairLane(lane, self.policy) for lane in Lane}
        self._waiting: dict[JobId, dict[int, Unit]] = {}
        self._running: dict[UnitKey, Ticket] = {}
        self._running_of: Counter[JobId] = Counter()
        self._weights: dict[MemberId, float] = {}
        self._member_waiting: Counter[MemberId] = Counter()
        self._member_running: Counter[MemberId] = Counter()
        self._guild_waiting: Counter[GuildId] = Counter()
        self._guild_running: Counter[GuildId] = Counter()
        self._resident: frozenset[ContentHash] = frozenset()
        self._serial = 0

    def __len__(self) -> int:
        """Return how many units wait."""
        return sum(lane.count for lane in self._lanes.values())

    def __contains__(self, key: UnitKey) -> bool:
        """Tell whether a unit waits or runs."""
        return key in self._running or key[1] in self._waiting.get(key[0], ())

    @property
    def running(self) -> int:
        """Return how many units run."""
        return len(self._running)

    @property
    def limits(self) -> Limits:
        """Return the limits. Those of running units are kept by `claim`; `limits.refusal` tells of the others."""
        return self.policy.limits

    def lane(self, lane: Lane) -> FairLane:
        """Return one lane, to look at its accounts and its clock."""
        return self._lanes[lane]

    def load(self, member: MemberId, guild: GuildId | None = None) -> Load:
        """Return how many units a member and a server have waiting and running."""
        return Load(
            member_waiting=self._member_waiting[member],
            member_running=self._member_running[member],
            guild_waiting=0 if guild is None else self._guild_waiting[guild],
            guild_running=0 if guild is None else self._guild_running[guild],
        )

    def set_weight(self, member: MemberId, weight: float) -> None:
        """Give a member a weight from now on; who was given none has 1. Raises ValueError unless above 0 and finite.

        It is multiplied by the weight of the first unit that they wait for.
        """
        if not 0 < weight < float("inf"):
            raise ValueError(f"weight is {weight}, but must be finite and above 0")
        self._weights[member] = weight
        for lane in self._lanes.values():
            lane.weigh(member, weight)

    # What comes and goes --------------------------------------------------------------------------------------------

    def add(self, unit: Unit) -> None:
        """Let a unit wait. Raises ValueError for one that waits or runs already."""
        if unit.key in self:
            raise ValueError(f"picture {unit.index} of job {unit.job} is in the queue already")
        self._serial += 1
        self._add((unit.enqueued_at, self._serial, unit))

    def remove(self, job: JobId) -> tuple[Unit, ...]:
        """Take out the units of a job that still wait, and return them; those that run stay until `charge`."""
        units = tuple(self._waiting.get(job, {}).values())
        for unit in units:
            self._lanes[unit.lane].remove(unit)
            self._count_waiting(unit, -1)
        return units

    def charge(self, unit: Unit, seconds: float) -> None:
        """Note that a claimed unit has ended, whichever way, after so many GPU-seconds, and correct its account.

        Raises KeyError for a unit that does not run, ValueError for negative seconds.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"seconds is {seconds}, but must be finite and 0 or more")
        self._end(unit)
        self._lanes[unit.lane].charge(unit, seconds - unit.seconds, self._weight(unit.member))

    def put_back(self, unit: Unit) -> None:
        """Let a claimed unit wait again at its old place, as if it had not been claimed. Raises KeyError."""
        ticket = self._end(unit)
        self._lanes[unit.lane].charge(unit, -unit.seconds, self._weight(unit.member))
        self._add(ticket)

    # Who is next ----------------------------------------------------------------------------------------------------

    def claim(self, resident: Collection[ContentHash], room: int = 1) -> Unit | None:
        """Hand out the next unit, or None where nothing can be claimed or `room`, in units, is less than 1.

        `resident` are the models that the engine holds. The unit runs until `charge` or `put_back`.
        """
        self._resident = frozenset(resident)
        lane = self._next_lane() if room >= 1 else None
        flow = lane.choose(self._resident) if lane else None
        return self._hand_out(lane, flow) if lane and flow else None

    def peek(self, resident: Collection[ContentHash]) -> Unit | None:
        """Return what `claim` would hand out, and leave it where it is."""
        lane = self._next_lane()
        flow = lane.choose(frozenset(resident)) if lane else None
        return flow.first[2] if flow and flow.first else None

    def companions(self, unit: Unit, room: int) -> list[Unit]:
        """Hand out up to `room` units of the claimed unit's lane that may share its batch, the fairest first."""
        lane = self._lanes[unit.lane]
        found: list[Unit] = []
        while len(found) < room and (flow := lane.companion(unit)) is not None:
            found.append(self._hand_out(lane, flow))
        return found

    def _open_lanes(self) -> Iterator[tuple[FairLane, Flow]]:
        """Give the lanes that have something to claim, in order, with their fairest flows."""
        for lane in self._lanes.values():
            if (flow := lane.fairest()) is not None:
                yield lane, flow

    def _next_lane(self) -> FairLane | None:
        """Return the lane whose credit for waiting pays for its next unit, or else the first."""
        lanes = list(self._open_lanes())
        due = (lane for lane, flow in lanes[1:] if lane.credit >= _next_seconds(flow))
        return next(due, lanes[0][0] if lanes else None)

    def _hand_out(self, lane: FairLane, flow: Flow) -> Unit:
        self._age(lane, _next_seconds(flow))
        ticket = lane.hand_out(flow)
        unit = ticket[2]
        self._count_waiting(unit, -1)
        self._running[unit.key] = ticket
        self._running_of[unit.job] += 1
        self._count_running(unit, 1)
        return unit

    def _age(self, served: FairLane, seconds: float) -> None:
        """Credit the lanes that wait while a unit of `seconds` is handed out, and let the served one pay."""
        lanes = [lane for lane, _ in self._open_lanes()]
        for lane in lanes[1:]:
            lane.credit += lane.share * seconds
        if served is lanes[0]:
            served.credit = max(0.0, served.credit - seconds)
        else:
            served.credit -= seconds

    # Where one stands -----------------------------------------------------------------------------------------------

    def position(self, job: JobId) -> Position | None:
        """Return what goes before a job's next picture, as things stand; None for a job that is not here.

        Others may come and go before; of lanes that go first, only what ageing lets pass is counted. Takes time in
        proportion to the members of the lane and the units of the job's member.
        """
        waiting = self._waiting.get(job)
        if not waiting:
            running = self._running_of[job] > 0
            return Position(ahead_units=0, ahead_seconds=0.0, reason=Running()) if running else None
        unit = min(waiting.values(), key=lambda each: self._lanes[each.lane].flow(each.member).waiting[each.key])
        before = list(self._lanes[unit.lane].before(unit))
        units = sum(count for _, count, _ in before)
        seconds = sum(of_flow for _, _, of_flow in before)
        faster_units, faster_seconds = self._faster(unit, seconds)
        others = sum(1 for flow, _, _ in before if flow.member != unit.member)
        return Position(
            ahead_units=units + faster_units,
            ahead_seconds=seconds + faster_seconds,
            reason=self._reason(unit, units, others, faster_units),
        )

    def _faster(self, unit: Unit, seconds: float) -> tuple[int, float]:
        """Return units and seconds of the lanes before a unit's, as far as ageing lets them pass."""
        faster = [lane for lane in self._lanes.values() if lane.lane < unit.lane and lane.count]
        waiting = sum(lane.seconds for lane in faster)
        share = self.policy.share(unit.lane)
        passing = min(waiting, (seconds + unit.seconds) * (1 - share) / share)
        units = sum(lane.count for lane in faster)
        return (round(units * passing / waiting), passing) if waiting else (0, 0.0)

    def _reason(self, unit: Unit, units: int, others: int, faster: int) -> Reason:
        limit = self._limit(unit)
        if limit is not None:
            return limit
        if faster:
            return OverQuota(faster) if unit.lane is Lane.RELAXED else FasterLanes(unit.lane, faster)
        if others:
            return FairShare(others)
        if units:
            return OwnPictures(units)
        chosen = self._lanes[unit.lane].choose(self._resident)
        return Next() if chosen is None or chosen.member == unit.member else ModelSwitch(unit.model)

    def _limit(self, unit: Unit) -> RunningLimit | None:
        most = self.limits.member_running
        if most is not None and self._member_running[unit.member] >= most:
            return RunningLimit("member", most)
        most = self.limits.guild_running
        if most is not None and unit.guild is not None and self._guild_running[unit.guild] >= most:
            return RunningLimit("guild", most)
        return None

    # Counts ---------------------------------------------------------------------------------------------------------

    def _weight(self, member: MemberId) -> float:
        return self._weights.get(member, 1.0)

    def _is_full(self, member: MemberId) -> bool:
        most = self.limits.member_running
        return most is not None and self._member_running[member] >= most

    def _add(self, ticket: Ticket) -> None:
        unit = ticket[2]
        self._lanes[unit.lane].add(ticket, self._weight(unit.member), self._is_full(unit.member))
        self._count_waiting(unit, 1)

    def _end(self, unit: Unit) -> Ticket:
        ticket = self._running.pop(unit.key)
        _count(self._running_of, unit.job, -1)
        self._count_running(unit, -1)
        return ticket

    def _count_waiting(self, unit: Unit, change: int) -> None:
        if change > 0:
            self._waiting.setdefault(unit.job, {})[unit.index] = unit
        else:
            del self._waiting[unit.job][unit.index]
            if not self._waiting[unit.job]:
                del self._waiting[unit.job]
        _count(self._member_waiting, unit.member, change)
        if unit.guild is not None:
            _count(self._guild_waiting, unit.guild, change)

    def _count_running(self, unit: Unit, change: int) -> None:
        _count(self._member_running, unit.member, change)
        if self.limits.member_running is not None:
            for lane in self._lanes.values():
                lane.block(unit.member, self._is_full(unit.member))
        if unit.guild is None:
            return
        _count(self._guild_running, unit.guild, change)
        most = self.limits.guild_running
        if most is not None:
            for lane in self._lanes.values():
                lane.hold(unit.guild, self._guild_running[unit.guild] >= most)


def _count(counter: Counter[_Key], key: _Key, change: int) -> None:
    """Change a count, and forget it at 0."""
    counter[key] += change
    if not counter[key]:
        del counter[key]


def _next_seconds(flow: Flow) -> float:
    return flow.first[2].seconds if flow.first else 0.0
