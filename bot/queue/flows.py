"""A member's waiting units in one lane, the lane's virtual clock, and rankings of members by their accounts."""

import heapq

from bot.queue.units import MemberId, Unit, UnitKey

#: When a unit came, its number among all that came, and the unit. The number is unique: units are never compared.
Ticket = tuple[float, int, Unit]
#: A flow's account, when its first unit came and that one's number, a unique number, and the flow.
Entry = tuple[float, float, int, int, "Flow"]


class Flow:
    """One member's units in one lane, in the order in which they came, and the member's account there."""

    __slots__ = (
        "_queue",
        "_tag",
        "blocked",
        "counted",
        "entry",
        "factor",
        "member",
        "own",
        "ranked",
        "seconds",
        "server",
        "waiting",
        "weight",
    )

    def __init__(self, member: MemberId, tag: float, weight: float) -> None:
        self.member = member
        #: The member's weight, that of the unit by which the flow was ranked last, and both together.
        self.own = weight
        self.factor = 1.0
        self.weight = weight
        #: Predicted GPU-seconds that wait.
        self.seconds = 0.0
        self.waiting: dict[UnitKey, Ticket] = {}
        #: The member runs as many units as allowed.
        self.blocked = False
        #: It is among those whose weights the clock sums.
        self.counted = False
        #: While it is ranked: its only valid entry, the unit by which it is ranked, and that one's server.
        self.entry: Entry | None = None
        self.ranked: Unit | None = None
        self.server: Server | None = None
        #: The account without what its server is late.
        self._tag = tag
        self._queue: list[Ticket] = []

    @property
    def tag(self) -> float:
        """Return the account: GPU-seconds a unit of weight that the member was given, on the lane's virtual clock."""
        return self._tag + self.server.late if self.server else self._tag

    @tag.setter
    def tag(self, tag: float) -> None:
        self._tag = tag - self.server.late if self.server else tag

    def add(self, ticket: Ticket) -> None:
        """Let a unit wait, at the place that its ticket gives."""
        self.waiting[ticket[2].key] = ticket
        self.seconds += ticket[2].seconds
        heapq.heappush(self._queue, ticket)

    def remove(self, key: UnitKey) -> Ticket:
        """Take a unit out. Raises KeyError."""
        ticket = self.waiting.pop(key)
        self.seconds = self.seconds - ticket[2].seconds if self.waiting else 0.0
        if len(self._queue) > 2 * len(self.waiting) + 16:
            self._queue = sorted(self.waiting.values())
        return ticket

    @property
    def first(self) -> Ticket | None:
        """Return the ticket of the unit that came first."""
        queue = self._queue
        while queue and self.waiting.get(queue[0][2].key) is not queue[0]:
            heapq.heappop(queue)
        return queue[0] if queue else None


class Server:
    """The flows of a lane whose next units are for one Discord server.

    While it runs as much as it may, it is held: time stands still for its flows. Their accounts keep their distances
    from the clock, so that nobody gets credit for the time, nor loses what was due before.
    """

    __slots__ = ("_clock", "_held_at", "_late", "count", "weight")

    def __init__(self, clock: "VirtualClock") -> None:
        #: Of its flows.
        self.weight = 0.0
        self.count = 0
        self._clock = clock
        self._late = 0.0
        self._held_at: float | None = None

    @property
    def held(self) -> bool:
        """Tell whether time stands still."""
        return self._held_at is not None

    @property
    def late(self) -> float:
        """Return by how much the clock has moved while the server was held."""
        return self._late if self._held_at is None else self._late + (self._clock.now - self._held_at)

    def stop(self) -> None:
        """Let time stand still."""
        self._held_at = self._clock.now

    def go_on(self) -> None:
        """Let time go on."""
        self._late, self._held_at = self.late, None


class VirtualClock:
    """The account at which everybody who waited would stand now, had work been handed out in infinitely small parts.

    Parekh and Gallager (1993), generalized processor sharing: work of `seconds` moves it by seconds / weight, where
    weight is that of all members who wait or whose accounts are ahead of the clock. Only work moves it, so the sum
    over these of weight * (clock - account) never grows: no one gets ahead without others being as much behind.
    """

    def __init__(self) -> None:
        self.now = 0.0
        #: Of all counted flows, those of held servers left out.
        self.weight = 0.0
        #: How many flows these are.
        self.count = 0
        #: Seconds given back to members, by which the clock is ahead of the work that was done.
        self.owed = 0.0
        self._leaving: list[tuple[float, int, Flow]] = []
        self._serial = 0

    def join(self, flow: Flow) -> None:
        """Count a flow, which gets no credit for the time in which it was not counted."""
        if not flow.counted:
            flow.tag = max(flow.tag, self.now)
            flow.counted = True
            self._sum(flow.weight, 1)

    def leave(self, flow: Flow) -> bool:
        """Stop counting a flow as soon as the clock has reached its account; tell whether that is now."""
        if flow.counted and flow.tag > self.now:
            self._serial += 1
            heapq.heappush(self._leaving, (flow.tag, self._serial, flow))
            return False
        self._forget(flow)
        return True

    def advance(self, seconds: float) -> list[Flow]:
        """Move on by work; return the flows that left meanwhile."""
        paid = min(self.owed, seconds)
        self.owed -= paid
        seconds -= paid
        left: list[Flow] = []
        while self._leaving and self.weight > 0:
            tag, _, flow = self._leaving[0]
            needed = max(0.0, tag - self.now) * self.weight
            if self._is_leaving(flow, tag) and needed > seconds:
                break
            heapq.heappop(self._leaving)
            if self._is_leaving(flow, tag):
                seconds -= needed
                self.now = max(self.now, tag)
                self._forget(flow)
                left.append(flow)
        if self.weight > 0:
            self.now += seconds / self.weight
        return left

    def reach(self, tag: float) -> list[Flow]:
        """Move on to an account, when no one who waits is behind it; return the flows that left meanwhile."""
        self.now = max(self.now, tag)
        return self.advance(0.0)

    def weigh(self, flow: Flow, weight: float) -> None:
        """Give a flow another weight from now on."""
        more = weight - flow.weight
        flow.weight = weight
        if flow.server is not None:
            flow.server.weight += more
        if flow.counted and not (flow.server and flow.server.held):
            self.weight += more

    def enter(self, flow: Flow, server: Server) -> None:
        """Let a counted flow share a server's time."""
        tag = flow.tag
        flow.server = server
        flow.tag = tag
        server.weight += flow.weight
        server.count += 1
        if server.held:
            self._sum(-flow.weight, -1)

    def quit(self, flow: Flow) -> Server | None:
        """Take a flow out of its server, and return that one."""
        server = flow.server
        if server is None:
            return None
        tag = flow.tag
        flow.server = None
        flow.tag = tag
        server.weight -= flow.weight
        server.count -= 1
        if server.held:
            self._sum(flow.weight, 1)
        return server

    def hold(self, server: Server, held: bool) -> None:
        """Let time stand still for a server's flows, or go on."""
        if held and not server.held:
            server.stop()
            self._sum(-server.weight, -server.count)
        elif server.held and not held:
            server.go_on()
            self._sum(server.weight, server.count)

    def _is_leaving(self, flow: Flow, tag: float) -> bool:
        return flow.counted and flow.tag == tag and (flow.blocked or not flow.waiting)

    def _forget(self, flow: Flow) -> None:
        if flow.counted:
            flow.counted = False
            self._sum(-flow.weight, -1)

    def _sum(self, weight: float, count: int) -> None:
        self.count += count
        self.weight = self.weight + weight if self.count else 0.0


class Ranking:
    """Flows by their accounts, apart for each server. Entries that flows left behind are dropped lazily."""

    def __init__(self) -> None:
        self._heaps: dict[Server, list[Entry]] = {}
        self._live: dict[Server, int] = {}

    def put(self, server: Server, entry: Entry) -> None:
        """Add a flow's valid entry, with the account without what the server is late."""
        heap = self._heaps.setdefault(server, [])
        live = self._live[server] = self._live.get(server, 0) + 1
        heapq.heappush(heap, entry)
        if len(heap) > 2 * live + 16:
            heap[:] = [kept for kept in heap if kept[-1].entry is kept]
            heapq.heapify(heap)

    def drop(self, server: Server) -> bool:
        """Note that one entry is no longer valid; tell whether none is left anywhere."""
        self._live[server] -= 1
        if not self._live[server]:
            del self._live[server], self._heaps[server]
        return not self._live

    def first(self) -> Entry | None:
        """Return the entry with the lowest account, outside servers that are held, with the account as it is now."""
        best: Entry | None = None
        for server, heap in self._heaps.items():
            if server.held:
                continue
            while heap[0][-1].entry is not heap[0]:
                heapq.heappop(heap)
            first = heap[0]
            entry = (first[-1].tag, *first[1:])
            if best is None or entry < best:
                best = entry
        return best
