"""The bot under load, under fire and over time: a process of its own on a playground, driven as people would."""

import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.bot_process import BotProcess, bot_process
from playground import Playground, PlaygroundSettings
from playground.invocations import Invocation

#: Of the playground's 24 hours: nobody waits longer for a picture of the stand-in.
_PATIENCE_SECONDS = 300.0


@asynccontextmanager
async def _stage(worker: str, **settings: Any) -> AsyncIterator[tuple[Playground, BotProcess]]:
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        async with (
            Playground(PlaygroundSettings(**settings)) as playground,
            bot_process(playground, Path(folder), worker) as bot,
        ):
            yield playground, bot


# Acknowledgement ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Acknowledgement:
    """Seconds from a member's Enter to the bot's acknowledgement."""

    count: int
    median: float
    p99: float
    longest: float
    unanswered: int


async def acknowledge(count: int = 200, alone_count: int = 20) -> dict[str, Acknowledgement]:
    """Use /imagine and press Vary, in turns and so many times at once, while pictures of the sample model are painted.

    First `alone_count` of each, one after the other. Return what is told of each.
    """
    async with _stage("sample") as (playground, _bot):
        first = await playground.person("first").command("imagine", {"prompt": "a red circle", "steps": 2})
        await playground.until(lambda: "Vary" in _text(first), _PATIENCE_SECONDS)
        shown = first.response.message
        assert shown is not None, "it was just looked at"
        busy = await playground.person("busy").command("imagine", {"prompt": "a red circle", "steps": 500, "count": 4})
        await playground.until(lambda: "preview-" in _text(busy), _PATIENCE_SECONDS)
        people = [playground.person(f"member{number % 40}") for number in range(count)]
        options = {"prompt": "a blue star on a white background", "steps": 1}
        alone: dict[str, list[Invocation]] = {"uses of /imagine, alone": [], "presses of Vary, alone": []}
        for person in people[:alone_count]:
            for what, does in (
                ("uses of /imagine, alone", partial(person.command, "imagine", options)),
                ("presses of Vary, alone", partial(person.press, shown, "Vary")),
            ):
                one = await does()
                await one.interaction.settled.wait()
                alone[what].append(one)
        asked: dict[str, list[Invocation]] = {"uses of /imagine": [], "presses of Vary": []}
        for number, person in enumerate(people):
            if number % 2:
                asked["presses of Vary"].append(await person.press(shown, "Vary"))
            else:
                asked["uses of /imagine"].append(await person.command("imagine", options))
        await asyncio.gather(*(each.interaction.settled.wait() for some in asked.values() for each in some))
        assert "preview-" in _text(busy), "the busy picture was done before the others were acknowledged"
    return {what: _acknowledgement(some) for what, some in {**alone, **asked}.items()}


def _acknowledgement(asked: list[Invocation]) -> Acknowledgement:
    seconds = [after for each in asked if (after := each.acknowledged_after) is not None]
    return Acknowledgement(
        count=len(asked),
        median=median(seconds),
        p99=quantiles(seconds, n=100, method="inclusive")[98],
        longest=max(seconds),
        unanswered=len(asked) - len(seconds),
    )


# Chaos --------------------------------------------------------------------------------------------------------------


@dataclass
class Chaos:
    """What came of jobs while the bot and its worker were killed."""

    jobs: int
    wanted_kills: int
    kills: Counter[str] = field(default_factory=Counter)
    #: Interactions that nobody acknowledged: Discord told the member, who asked again.
    unheard: int = 0
    #: Of the acknowledged ones: pictures, words, both or neither, and twice.
    outcomes: Counter[str] = field(default_factory=Counter)
    #: Of the unheard ones that came to something all the same.
    late: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def note_kill(self, what: str) -> None:
        """Count a kill."""
        async with self._news:
            self.kills[what] += 1
            self._news.notify_all()

    async def killed(self, share: float) -> None:
        """Wait until that share of all kills has happened."""
        async with self._news:
            await self._news.wait_for(lambda: self.kills.total() >= share * self.wanted_kills)


async def chaos(jobs: int = 200, kills: int = 100, seed: int = 1) -> Chaos:
    """Kill the bot or its worker at random moments while members ask for pictures; then count what they got."""
    chance = random.Random(seed)
    found = Chaos(jobs, kills)
    async with _stage("clockwork", rate_limits=False) as (playground, bot):
        killer = asyncio.create_task(_kill(bot, kills, chance, found))
        heard = await asyncio.gather(
            *(_ask(playground, number, random.Random(seed + number), found) for number in range(jobs))
        )
        await killer
        for names in heard:
            *unheard, last = names
            await playground.until(partial(_has_outcome, playground, last), _PATIENCE_SECONDS)
            found.late += sum(_outcome(playground, name) != "neither" for name in unheard)
        # Whatever is sent twice is sent by now.
        await asyncio.sleep(5)
        found.outcomes.update(_outcome(playground, names[-1]) for names in heard)
    return found


async def _kill(bot: BotProcess, kills: int, chance: random.Random, found: Chaos) -> None:
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        if chance.random() < 0.5 and bot.kill_worker():
            await found.note_kill("worker")
        else:
            await bot.kill()
            await found.note_kill("bot")
            await bot.start()


async def _ask(playground: Playground, number: int, chance: random.Random, found: Chaos) -> list[str]:
    """Ask until somebody hears it; return the names of all tries, the last one being heard."""
    await found.killed(number / found.jobs)
    await asyncio.sleep(chance.uniform(0, 2))
    names: list[str] = []
    person = playground.person(f"member{number % 20}")
    while True:
        name = f"wish {number} try {len(names) + 1}."
        names.append(name)
        options = {"prompt": name, "steps": chance.randint(5, 200), "count": chance.randint(1, 3)}
        try:
            asked = await person.command("imagine", options)
        except LookupError:
            names.pop()
            await asyncio.sleep(0.5)
            continue
        await asked.interaction.settled.wait()
        if asked.acknowledged:
            return names
        found.unheard += 1


def _has_outcome(playground: Playground, name: str) -> bool:
    return _outcome(playground, name) != "neither"


def _outcome(playground: Playground, name: str) -> str:
    """Return what a member sees of a wish: pictures, words, both, neither, or something twice."""
    seen = [message for message in playground.messages() if name in json.dumps(message)]
    seen += [message for person in playground.people for message in playground.messages(person.dm)]
    texts = [json.dumps(message) for message in seen if name in json.dumps(message)]
    pictures = sum("easel-" in text and "preview-" not in text for text in texts)
    words = sum("That did not work" in text for text in texts)
    if pictures + words > 1:
        return "twice"
    return "pictures" if pictures else "words" if words else "neither"


# Soak ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Soak:
    """The bot's memory over time."""

    #: (jobs done, resident MB).
    memory: list[tuple[int, float]]

    @property
    def growth(self) -> float:
        """Return the MB that a thousand jobs add, from the second quarter on: the slope of the least squares."""
        points = self.memory[len(self.memory) // 4 :]
        mean_jobs = sum(jobs for jobs, _ in points) / len(points)
        mean_mb = sum(mb for _, mb in points) / len(points)
        above = sum((jobs - mean_jobs) * (mb - mean_mb) for jobs, mb in points)
        return 1000 * above / sum((jobs - mean_jobs) ** 2 for jobs, _ in points)


async def soak(jobs: int = 2000, at_once: int = 20, look_every: int = 100) -> Soak:
    """Ask for so many pictures, some at a time, and look at the bot's memory as they are delivered."""
    memory: list[tuple[int, float]] = []
    async with _stage("clockwork", rate_limits=False, messages_kept=500) as (playground, bot):
        for done in range(0, jobs, at_once):
            asked = [
                await playground.person(f"member{number}").command("imagine", {"prompt": f"wish {done + number}"})
                for number in range(at_once)
            ]
            await playground.until(partial(_all_done, asked), _PATIENCE_SECONDS)
            if (done + at_once) % look_every == 0:
                memory.append((done + at_once, bot.resident_bytes / 1e6))
    return Soak(memory)


def _all_done(asked: list[Invocation]) -> bool:
    return all("easel-" in _text(each) and "preview-" not in _text(each) for each in asked)


def _text(asked: Invocation) -> str:
    return json.dumps(asked.response.message)
