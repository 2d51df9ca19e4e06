"""One lane: fair shares between its members, and units of models that are loaded a bounded stretch ahead."""

import math
from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass, field

from bot.queue.flows import Entry, Flow, Ranking, Server, Ticket, VirtualClock
from bot.queue.limits import Limits
from bot.queue.units import GuildId, Lane, MemberId, Unit
from inference.protocol.recipe import ContentHash


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How the queue decides. Raises ValueError for shares or seconds that make no sense."""

    #: Shares of GPU-seconds that the lanes behind the first get at least while they wait; the first gets the rest.
    normal_share: float = 0.2
    relaxed_share: float = 0.05
    background_share: float = 0.02
    #: GPU-seconds that units of loaded models may go ahead of the fairest: shared by all who are active in the lane,
    lookahead_seconds: float = 60.0
    #: and of each of them besides, a unit of weight.
    lookahead_seconds_each: float = 10.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        behind = (self.normal_share, self.relaxed_share, self.background_share)
        if min(behind) <= 0 or sum(behind) >= 1:
            raise ValueError(f"the shares of the lanes are {behind}, but must be above 0 and less than 1 together")
        if not (self.lookahead_seconds >= 0 and self.lookahead_seconds_each >= 0):
            raise ValueError("a lookahead must be 0 seconds or more")

    def share(self, lane: Lane) -> float:
        """Return the share of all GPU-seconds that a lane gets at least, as long as it has units to claim."""
        behind = (self.normal_share, self.relaxed_share, self.background_share)
        return 1 - sum(behind) if lane is Lane.PRIORITY else behind[lane - 1]


class FairLane:
    """The waiting units of one lane."""

    def __init__(self, lane: Lane, policy: Policy) -> None:
        self.lane = lane
        self.share = policy.share(lane)
        #: GPU-seconds that the lane is due while others were served.
        self.credit = 0.0
        #: Units that wait.
        self.count = 0
        #: Predicted GPU-seconds that wait.
        self.seconds = 0.0
        self.clock = VirtualClock()
        self._policy = policy
        self._apart = policy.limits.guild_running is not None
        self._flows: dict[MemberId, Flow] = {}
        self._servers: dict[GuildId | None, Server] = {}
        self._held: set[GuildId] = set()
        self._everyone = Ranking()
        self._models: dict[ContentHash, Ranking] = {}
        self._batches: dict[Hashable, Ranking] = {}
        self._serial = 0

    # What comes and goes --------------------------------------------------------------------------------------------

    def add(self, ticket: Ticket, weight: float, blocked: bool) -> None:
        """Let a unit wait, at the place that its ticket gives. `weight` and `blocked` are those of its member."""
        unit = ticket[2]
        flow = self._flows.get(unit.member)
        if flow is None:
            flow = self._flows[unit.member] = Flow(unit.member, self.clock.now, weight)
            flow.blocked = blocked
        flow.add(ticket)
        self.count += 1
        self.seconds += unit.seconds
        self._rank(flow)

    def remove(self, unit: Unit) -> None:
        """Take a waiting unit out for good. Raises KeyError."""
        flow = self._flows[unit.member]
        self._take(flow, unit)
        self._rank(flow)
        self._rest()

    def hand_out(self, flow: Flow) -> Ticket:
        """Take the first unit of a flow that `fairest`, `choose` or `companion` gave, and charge its member."""
        ticket = flow.first
        lowest = self._everyone.first()
        if ticket is None or lowest is None:
            raise ValueError("the flow has nothing to hand out")
        seconds = ticket[2].seconds
        self._drop(self.clock.reach(lowest[0]))
        self._drop(self.clock.advance(seconds))
        flow.tag += seconds / flow.weight
        self._take(flow, ticket[2])
        self._rank(flow)
        self._rest()
        return ticket

    def charge(self, unit: Unit, seconds: float, weight: float) -> None:
        """Correct the account of a unit's member by so many GPU-seconds more, or fewer where negative."""
        flow = self._flows.get(unit.member)
        if flow is None:
            if seconds <= 0 or not self.count:
                return
            flow = self._flows[unit.member] = Flow(unit.member, self.clock.now, weight)
            flow.factor, flow.weight = unit.weight, weight * unit.weight
        weight = flow.own * unit.weight
        floor = self.clock.now if flow.entry is None else float("-inf")
        before = max(flow.tag, floor)
        flow.tag = max(before + seconds / weight, floor)
        if seconds < 0:
            self.clock.owed += (before - flow.tag) * weight
        else:
            self.clock.join(flow)
            self._drop(self.clock.advance(seconds))
        self._rank(flow)

    def weigh(self, member: MemberId, weight: float) -> None:
        """Give a member another weight from now on."""
        if (flow := self._flows.get(member)) is not None:
            flow.own = weight
            self.clock.weigh(flow, weight * flow.factor)

    def block(self, member: MemberId, blocked: bool) -> None:
        """Pass a member over, or no longer. Nobody gets credit for time in which their own limit held them back."""
        flow = self._flows.get(member)
        if flow is not None and flow.blocked != blocked:
            flow.blocked = blocked
            self._rank(flow)

    def hold(self, guild: GuildId, held: bool) -> None:
        """Pass over what is for a server, or no longer. Takes the same time however many members that concerns."""
        if held:
            self._held.add(guild)
        else:
            self._held.discard(guild)
        if (server := self._servers.get(guild)) is not None:
            self.clock.hold(server, held)

    # Who is next ----------------------------------------------------------------------------------------------------

    @property
    def lookahead(self) -> float:
        """Return how far an account may be ahead of the lowest one and still be served first.

        In GPU-seconds a unit of weight: h = lookahead_seconds_each + lookahead_seconds / W, where W is the weight of
        all who are active in the lane.
        """
        shared = self._policy.lookahead_seconds
        return self._policy.lookahead_seconds_each + (shared / self.clock.weight if self.clock.weight > 0 else 0.0)

    def fairest(self) -> Flow | None:
        """Return the flow with the lowest account, outside servers that run as much as they may."""
        entry = self._everyone.first()
        return entry[-1] if entry else None

    def choose(self, resident: Collection[ContentHash]) -> Flow | None:
        """Return the fairest flow whose first unit's model is resident, if `lookahead` allows it, or the fairest."""
        fairest = self._everyone.first()
        if fairest is None or _ranked(fairest[-1]).model in resident:
            return fairest[-1] if fairest else None
        rankings = (self._models[model] for model in resident if model in self._models)
        ready = min((entry for ranking in rankings if (entry := ranking.first())), default=None)
        return (ready if ready and self._near(ready, fairest) else fairest)[-1]

    def companion(self, unit: Unit) -> Flow | None:
        """Return the fairest flow whose first unit may share a batch with `unit`, if `lookahead` allows it."""
        ranking = self._batches.get((unit.model, unit.batch))
        entry = ranking.first() if ranking else None
        fairest = self._everyone.first()
        return entry[-1] if entry and fairest and self._near(entry, fairest) else None

    def _near(self, entry: Entry, fairest: Entry) -> bool:
        return entry[0] <= fairest[0] + self.lookahead

    # Where one stands -----------------------------------------------------------------------------------------------

    def flow(self, member: MemberId) -> Flow:
        """Return a member's flow. Raises KeyError when the member has no account."""
        return self._flows[member]

    def before(self, unit: Unit) -> Iterator[tuple[Flow, int, float]]:
        """Give the flows of which units are fairly served before a waiting unit: how many, and their seconds.

        Of other members' flows these are estimates from the mean of their units. Takes time in proportion to the
        members of the lane and to the units of the unit's own member.
        """
        own = self._flows[unit.member]
        ticket = own.waiting[unit.key]
        earlier = [other[2] for other in own.waiting.values() if other < ticket]
        if earlier:
            yield own, len(earlier), sum(each.seconds for each in earlier)
        tag = own.tag + sum(each.seconds / each.weight for each in earlier) / own.own
        for flow in self._flows.values():
            if flow is own or not flow.waiting:
                continue
            units = min(len(flow.waiting), _units_until(tag, flow, ticket))
            if units:
                yield flow, units, flow.seconds * units / len(flow.waiting)

    # Accounts and rankings ------------------------------------------------------------------------------------------

    def _take(self, flow: Flow, unit: Unit) -> None:
        flow.remove(unit.key)
        self.count -= 1
        self.seconds = self.seconds - unit.seconds if self.count else 0.0

    def _rank(self, flow: Flow) -> None:
        """Put a flow where its account and its first unit belong; one with nothing to claim is let go when settled."""
        self._unrank(flow)
        first = None if flow.blocked else flow.first
        if first is None:
            if self.clock.leave(flow):
                self._drop((flow,))
            return
        self.clock.join(flow)
        unit = first[2]
        if unit.weight != flow.factor:
            flow.factor = unit.weight
            self.clock.weigh(flow, flow.own * unit.weight)
        server = self._server(unit.guild if self._apart else None)
        self.clock.enter(flow, server)
        self._serial += 1
        entry = flow.entry = (flow.tag - server.late, first[0], first[1], self._serial, flow)
        flow.ranked = unit
        for ranking in self._rankings(unit):
            ranking.put(server, entry)

    def _server(self, guild: GuildId | None) -> Server:
        server = self._servers.get(guild)
        if server is None:
            server = self._servers[guild] = Server(self.clock)
            self.clock.hold(server, guild in self._held)
        return server

    def _rankings(self, unit: Unit) -> tuple[Ranking, Ranking, Ranking]:
        by_model = self._models.get(unit.model)
        if by_model is None:
            by_model = self._models[unit.model] = Ranking()
        batch = (unit.model, unit.batch)
        by_batch = self._batches.get(batch)
        if by_batch is None:
            by_batch = self._batches[batch] = Ranking()
        return self._everyone, by_model, by_batch

    def _unrank(self, flow: Flow) -> None:
        server = self.clock.quit(flow)
        if server is None:
            return
        unit, flow.entry, flow.ranked = _ranked(flow), None, None
        self._everyone.drop(server)
        if self._models[unit.model].drop(server):
            del self._models[unit.model]
        batch = (unit.model, unit.batch)
        if self._batches[batch].drop(server):
            del self._batches[batch]
        if not server.count:
            del self._servers[unit.guild if self._apart else None]

    def _drop(self, left: Collection[Flow]) -> None:
        for flow in left:
            if not flow.waiting and self._flows.get(flow.member) is flow:
                del self._flows[flow.member]

    def _rest(self) -> None:
        """Settle all accounts when nobody waits, since nobody was passed over then."""
        if not self.count:
            self.credit = 0.0
            self.clock = VirtualClock()
            self._flows.clear()


def _ranked(flow: Flow) -> Unit:
    """Return the unit by which a flow is ranked."""
    if flow.ranked is None:
        raise ValueError("the flow is not ranked")
    return flow.ranked


def _units_until(tag: float, flow: Flow, ticket: Ticket) -> int:
    """Return how many units of a flow would be served before the ticket's unit is, at an account of `tag`."""
    mean = flow.seconds / len(flow.waiting)
    turns = (tag - flow.tag) * flow.weight / mean
    first = flow.first
    wins_a_tie = first is not None and first < ticket
    return max(0, math.ceil(turns) + (turns == math.ceil(turns) and wins_a_tie))
