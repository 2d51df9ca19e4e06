"""The queue in a simulation: members, what they ask for, and an engine that has to load models; FIFO beside ours."""

import math
import random
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.units import GuildId, Lane, MemberId, Unit
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash

#: Kind of member -> share of all members, share of all jobs, jobs of one visit.
KINDS = {"light": (0.80, 0.20, 1), "regular": (0.19, 0.35, 6), "heavy": (0.01, 0.45, 150)}
#: Pictures of a job; one of these by chance.
COUNTS = (1, 1, 1, 2, 4)
#: Predicted GPU-seconds of a picture in each of three sizes.
SECONDS = (3.0, 5.0, 9.0)
#: Share of a member's jobs for the model that they prefer.
FAITHFUL = 0.8
SERVERS = 20
HOUR, DAY = 3600.0, 86_400.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Who asks for what. The same seed gives the same jobs."""

    members: int = 1000
    jobs: int = 100_000
    models: int = 6
    #: GPU-seconds asked for in a second, over the whole time; evenings are busier and nights quieter.
    load: float = 0.6
    #: Standard deviation of the logarithm of real seconds over predicted ones.
    surprise: float = 0.2
    #: All members in the normal lane; otherwise some in the others.
    one_lane: bool = True
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class GPU:
    """An engine that paints one batch after another. Seconds are GPU-seconds: those of a batch are its units' sum."""

    room: int = 4
    resident_models: int = 1
    load_seconds: float = 6.0


@dataclass(frozen=True, slots=True)
class Request:
    """A job of a simulation: when it comes, and the seconds that each of its pictures will really take."""

    number: int
    at: float
    member: MemberId
    lane: Lane
    model: ContentHash
    #: Index into SECONDS.
    size: int
    seconds: tuple[float, ...]

    def units(self) -> list[Unit]:
        """Return what waits."""
        return [
            Unit(
                job=JobId(str(self.number)),
                index=index,
                member=self.member,
                guild=GuildId(self.member % SERVERS),
                lane=self.lane,
                model=self.model,
                batch=self.size,
                seconds=SECONDS[self.size],
                enqueued_at=self.at,
            )
            for index in range(len(self.seconds))
        ]


class Line(Protocol):
    """A queue, however it orders."""

    def add(self, unit: Unit) -> None:
        """Let a unit wait."""

    def claim(self, resident: Collection[ContentHash], room: int) -> list[Unit]:
        """Return the next batch; empty when nothing waits."""

    def charge(self, unit: Unit, seconds: float) -> None:
        """Note that a unit took so many GPU-seconds."""


class Fair:
    """The queue as it is."""

    def __init__(self, queue: FairQueue | None = None) -> None:
        self.queue = queue or FairQueue()
        self.add = self.queue.add
        self.charge = self.queue.charge

    def claim(self, resident: Collection[ContentHash], room: int) -> list[Unit]:
        """Return a unit and its companions."""
        first = self.queue.claim(resident, room)
        return [first, *self.queue.companions(first, room - 1)] if first else []


class Fifo:
    """First come, first served; neighbours that can share a batch do."""

    def __init__(self) -> None:
        self._line: deque[Unit] = deque()
        self.add = self._line.append

    def claim(self, resident: Collection[ContentHash], room: int) -> list[Unit]:
        """Return the oldest unit and those right behind it that may share its batch."""
        batch: list[Unit] = []
        while self._line and len(batch) < room and (not batch or _alike(self._line[0], batch[0])):
            batch.append(self._line.popleft())
        return batch

    def charge(self, unit: Unit, seconds: float) -> None:
        """Keep no accounts."""


def _alike(one: Unit, other: Unit) -> bool:
    return one.model == other.model and one.batch == other.batch


# Who asks for what --------------------------------------------------------------------------------------------------


def kinds(members: int) -> list[str]:
    """Return "light", "regular" or "heavy" for each member."""
    found = [kind for kind, (share, _, _) in KINDS.items() for _ in range(max(1, round(share * members)))]
    return found[-members:]


def requests(scenario: Scenario) -> list[Request]:
    """Return a scenario's jobs in the order in which they come."""
    chance = random.Random(scenario.seed)
    tastes = [_Taste(chance, MemberId(member), kind, scenario) for member, kind in enumerate(kinds(scenario.members))]
    visits: list[tuple[_Taste, list[_Job]]] = []
    for kind, (_, share, jobs) in KINDS.items():
        those = [taste for taste in tastes if taste.kind == kind]
        left = round(share * scenario.jobs)
        while left:
            size = min(left, 1 + int(chance.expovariate(1 / jobs)))
            taste = chance.choice(those)
            visits.append((taste, [taste.job(chance, scenario) for _ in range(size)]))
            left -= size
    asked = sum(sum(seconds) for _, jobs in visits for _, seconds in jobs)
    timed = [
        (at, taste, job)
        for taste, jobs in visits
        for at, job in zip(_times(chance, len(jobs), taste.kind, asked / scenario.load), jobs, strict=True)
    ]
    timed.sort(key=lambda each: each[0])
    return [
        Request(number, at, taste.member, taste.lane, model, taste.size, seconds)
        for number, (at, taste, (model, seconds)) in enumerate(timed)
    ]


#: The model, and the real seconds of each picture.
_Job = tuple[ContentHash, tuple[float, ...]]


class _Taste:
    """What one member likes."""

    def __init__(self, chance: random.Random, member: MemberId, kind: str, scenario: Scenario) -> None:
        self.member = member
        self.kind = kind
        self.size = chance.randrange(len(SECONDS))
        self.lane = Lane.NORMAL if scenario.one_lane else chance.choices(list(Lane), (0.1, 0.7, 0.15, 0.05))[0]
        self._model = _model(chance, scenario.models)

    def job(self, chance: random.Random, scenario: Scenario) -> _Job:
        """Return what the member asks for next."""
        model = self._model if chance.random() < FAITHFUL else _model(chance, scenario.models)
        surprises = [math.exp(chance.gauss(0, scenario.surprise)) for _ in range(chance.choice(COUNTS))]
        return model, tuple(SECONDS[self.size] * surprise for surprise in surprises)


def _model(chance: random.Random, models: int) -> ContentHash:
    """Return a model: the second is asked for half as often as the first, the third a third as often."""
    number = chance.choices(range(models), [1 / (rank + 1) for rank in range(models)])[0]
    return ContentHash(f"{number:064x}")


def _times(chance: random.Random, jobs: int, kind: str, span: float) -> Iterator[float]:
    """Give the times of a visit's jobs: a heavy member sends them all at once, others one by one."""
    while (at := chance.uniform(0, span)) and chance.random() > 0.5 + 0.5 * math.sin(2 * math.pi * at / DAY):
        pass
    for _ in range(jobs):
        yield at
        at += chance.uniform(0, 1) if kind == "heavy" else chance.uniform(10, 90)


# The engine ---------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What a simulation came to. All times are in seconds."""

    #: From a job's coming to the start of its last picture, in the order in which the jobs came.
    waits: list[float]
    loads: int = 0
    units: int = 0
    #: GPU-seconds of pictures.
    worked: float = 0.0
    ended: float = 0.0
    resident: deque[ContentHash] = field(default_factory=deque)


def simulate(line: Line, asked: Sequence[Request], gpu: GPU | None = None) -> Outcome:
    """Serve all jobs, and return how long they waited."""
    gpu = gpu or GPU()
    outcome = Outcome(waits=[-1.0] * len(asked))
    now, coming = 0.0, 0
    while True:
        while coming < len(asked) and asked[coming].at <= now:
            for unit in asked[coming].units():
                line.add(unit)
            coming += 1
        batch = line.claim(outcome.resident, gpu.room)
        if batch:
            now = _paint(batch, line, asked, gpu, outcome, now)
        elif coming < len(asked):
            now = asked[coming].at
        else:
            outcome.ended = now
            return outcome


def _paint(
    batch: Sequence[Unit], line: Line, asked: Sequence[Request], gpu: GPU, outcome: Outcome, now: float
) -> float:
    """Paint a batch; return when it is done."""
    now += _load(batch[0].model, gpu, outcome)
    outcome.units += len(batch)
    worked = 0.0
    for unit in batch:
        number = int(unit.job)
        outcome.waits[number] = max(outcome.waits[number], now - unit.enqueued_at)
        seconds = asked[number].seconds[unit.index]
        worked += seconds
        line.charge(unit, seconds)
    outcome.worked += worked
    return now + worked


def _load(model: ContentHash, gpu: GPU, outcome: Outcome) -> float:
    """Make a model resident, instead of the one that was used least recently; return what that takes."""
    resident = outcome.resident
    if model in resident:
        resident.remove(model)
        resident.append(model)
        return 0.0
    resident.append(model)
    if len(resident) > gpu.resident_models:
        resident.popleft()
    outcome.loads += 1
    return gpu.load_seconds


# What a decision costs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Costs:
    """Milliseconds of decisions, one number a decision."""

    pictures: int
    claims: list[float]
    #: Of a claim and three companions.
    batches: list[float]
    positions: list[float]


def costs(members: int, jobs: int = 100_000, decisions: int = 2000) -> Costs:
    """Measure decisions while so many jobs wait, of so many members on 20 servers, with limits of what may run."""
    queue = FairQueue(Policy(limits=Limits(member_running=8, guild_running=64)))
    waiting = _crowd(members, jobs)
    for request in waiting:
        for unit in request.units():
            queue.add(unit)
    found = Costs(len(queue), [], [], [])
    resident = [waiting[0].model]
    for number in range(decisions):
        began = time.perf_counter()
        first = queue.claim(resident)
        claimed = time.perf_counter()
        assert first is not None
        batch = [first, *queue.companions(first, 3)]
        found.batches.append(1000 * (time.perf_counter() - began))
        found.claims.append(1000 * (claimed - began))
        if number % 20 == 0:
            began = time.perf_counter()
            queue.position(JobId(str(jobs - 1 - number)))
            found.positions.append(1000 * (time.perf_counter() - began))
        for unit in batch:
            queue.charge(unit, unit.seconds)
        resident = [first.model]
    return found


def _crowd(members: int, jobs: int) -> list[Request]:
    """Return jobs that all come at once."""
    chance, scenario = random.Random(1), Scenario()
    tastes = [_Taste(chance, MemberId(member), "light", scenario) for member in range(members)]
    asked = [(tastes[number % members], tastes[number % members].job(chance, scenario)) for number in range(jobs)]
    return [
        Request(number, 0.0, taste.member, taste.lane, model, taste.size, seconds)
        for number, (taste, (model, seconds)) in enumerate(asked)
    ]


# What is printed and drawn ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """The same jobs served both ways."""

    scenario: Scenario
    asked: list[Request]
    fifo: Outcome
    fair: Outcome

    def waits(self, outcome: Outcome, kind: str) -> list[float]:
        """Return the waits of a kind of members' jobs."""
        those = kinds(self.scenario.members)
        return [wait for request, wait in zip(self.asked, outcome.waits, strict=True) if those[request.member] == kind]


def compare(scenario: Scenario | None = None) -> Comparison:
    """Serve a scenario's jobs first come, first served, and fairly."""
    scenario = scenario or Scenario()
    asked = requests(scenario)
    return Comparison(scenario, asked, simulate(Fifo(), asked), simulate(Fair(), asked))
