"""What members have used of their budgets, and what is set aside for what they wait for: all of it in memory."""

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bot.queue.units import Unit
from bot.services.asking import Spent
from inference.protocol.messages import JobId
from storage import Database, usage
from storage.jobs import NewJob

#: Days of a week: today and those before.
WEEK_DAYS = 7

#: The server, None for direct messages, and the member.
Account = tuple[int | None, int]


@dataclass(slots=True)
class _Used:
    """What was used on one day."""

    seconds: float = 0.0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class _Reservation:
    """Pictures of a job that are still to be painted, and the predicted GPU-seconds of each."""

    account: Account
    seconds: float
    indexes: set[int]


class Budgets:
    """Knows at once what a member has used and has coming; told of it by the queue, before and after.

    A day begins at midnight UTC; a week is today and the six days before. What fails, is cancelled or refused costs
    nothing. Deleting a member's data does not renew their budgets: what they used is remembered here for a week at
    most, or until the bot is started again.
    """

    def __init__(self, *, database: Database) -> None:
        self._database = database
        #: By day, counted as `date.toordinal` does.
        self._used: dict[Account, dict[int, _Used]] = {}
        self._newest = 0
        self._reservations: dict[JobId, _Reservation] = {}
        self._waiting: dict[Account, dict[JobId, _Reservation]] = {}

    async def load(self) -> None:
        """Read what was used in the last days. What waits is told by the queue. Raises StorageError."""
        today = _day(self._database.clock())
        self._used, self._newest = {}, today
        for used in await usage.since(self._database, date.fromordinal(today - WEEK_DAYS + 1).isoformat()):
            days = self._used.setdefault((used.guild_id, used.member_id), {})
            days[date.fromisoformat(used.day).toordinal()] = _Used(used.gpu_seconds, used.pictures)

    def spent(self, guild_id: int | None, member_id: int, now: float) -> Spent:
        """Return what a member has used in a server, or in direct messages, together with what is set aside."""
        account, today = (guild_id, member_id), _day(now)
        # Of a clock that was set back, days that are still to come count as today.
        days = {day: used for day, used in self._used.get(account, {}).items() if day > today - WEEK_DAYS}
        waiting = self._waiting.get(account, {}).values()
        reserved = [each.seconds * len(each.indexes) for each in waiting]
        pictures = sum(len(each.indexes) for each in waiting)
        return Spent(
            daily_seconds=math.fsum([*reserved, *(used.seconds for day, used in days.items() if day >= today)]),
            daily_pictures=pictures + sum(used.pictures for day, used in days.items() if day >= today),
            weekly_seconds=math.fsum([*reserved, *(used.seconds for used in days.values())]),
            weekly_pictures=pictures + sum(used.pictures for used in days.values()),
        )

    @property
    def reserved_pictures(self) -> int:
        """Return for how many pictures something is set aside."""
        return sum(len(reservation.indexes) for reservation in self._reservations.values())

    @contextmanager
    def reserved(self, job: NewJob) -> Iterator[None]:
        """Set aside what a new job is expected to use; give it back where the block does not put it into the queue.

        Nothing is awaited before that: whoever asks next finds it set aside.
        """
        self.expect(job, range(job.count))
        try:
            yield
        except BaseException:
            self._release(job.id)
            raise

    # What the queue tells -------------------------------------------------------------------------------------------

    def expect(self, job: NewJob, indexes: Collection[int]) -> None:
        """Set aside what these pictures of a job are expected to use, and nothing else of it."""
        self._release(job.id)
        if indexes:
            account = (job.guild_id, job.member_id)
            reservation = _Reservation(account, max(0.0, job.unit_seconds), set(indexes))
            self._reservations[job.id] = reservation
            self._waiting.setdefault(account, {})[job.id] = reservation

    def use(self, unit: Unit, seconds: float, at: float) -> None:
        """Count a picture that was stored, with the GPU-seconds that it took, on the day of that time."""
        today = _day(at)
        if today > self._newest:
            self._newest = today
            self._drop_before(today - WEEK_DAYS + 1)
        used = self._used.setdefault((unit.guild, unit.member), {}).setdefault(today, _Used())
        used.seconds += seconds
        used.pictures += 1

    def free(self, job: JobId, index: int) -> None:
        """Give back what was set aside for a picture."""
        if (reservation := self._reservations.get(job)) is not None:
            reservation.indexes.discard(index)
            if not reservation.indexes:
                self._release(job)

    def _release(self, job: JobId) -> None:
        if (reservation := self._reservations.pop(job, None)) is not None:
            waiting = self._waiting[reservation.account]
            del waiting[job]
            if not waiting:
                del self._waiting[reservation.account]

    def _drop_before(self, first: int) -> None:
        """Forget what lies before a day."""
        kept = {
            account: {day: used for day, used in days.items() if day >= first} for account, days in self._used.items()
        }
        self._used = {account: days for account, days in kept.items() if days}


def _day(now: float) -> int:
    """Return the day (UTC) of a time in seconds since 1970."""
    return datetime.fromtimestamp(now, UTC).date().toordinal()
