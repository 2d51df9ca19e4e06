"""Units for tests: short words for what matters, defaults for the rest."""

from typing import Any

from bot.queue.units import MemberId, Unit
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash

A, B, C = (ContentHash(letter * 64) for letter in "abc")


def unit(job: str, member: int = 1, index: int = 0, seconds: float = 1.0, model: ContentHash = A, **more: Any) -> Unit:
    more = {"enqueued_at": 0.0} | more
    return Unit(job=JobId(job), index=index, member=MemberId(member), seconds=seconds, model=model, **more)


def units(job: str, count: int, **more: Any) -> list[Unit]:
    return [unit(job, index=index, **more) for index in range(count)]
