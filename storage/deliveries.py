"""Deliveries: where each job's result goes, and how far that has come. One row a job."""

import secrets
from collections.abc import AsyncIterator, Iterable
from typing import Literal

import msgspec

from inference.protocol.messages import JobId
from storage.database import Reader, Row, Transaction

#: pending: nothing was said yet. progress: a message shows how it goes.
#: sent: the result is there. kept: it could not be sent and waits in the history. failed: given up.
DeliveryState = Literal["pending", "progress", "sent", "kept", "failed"]

_NEXT: dict[DeliveryState, tuple[DeliveryState, ...]] = {
    "pending": ("progress", "sent", "kept", "failed"),
    "progress": ("sent", "kept", "failed"),
    "sent": (),
    "kept": ("sent",),
    "failed": (),
}
_PAGE = 200
#: Discord takes nonces of up to 25 characters.
_NONCE_BYTES = 12

INSERT = """
    INSERT INTO deliveries (
        job_id, channel_id, message_id, application_id, token, token_expires_at, locale, state, nonce, updated_at
    ) VALUES (
        :job_id, :channel_id, :message_id, :application_id, :token, :token_expires_at, :locale, :state, :nonce, :now
    )
"""
SELECT = "SELECT * FROM deliveries WHERE job_id = :job_id"
SELECT_BY_MESSAGE = "SELECT * FROM deliveries WHERE message_id = :message_id"
SELECT_OPEN = """
    SELECT * FROM deliveries
    WHERE state IN ('pending', 'progress') AND job_id > :after ORDER BY job_id LIMIT :limit
"""
SELECT_KEPT = """
    SELECT member_id, count(*) AS jobs FROM deliveries INDEXED BY deliveries_kept
    JOIN jobs ON jobs.id = deliveries.job_id
    WHERE deliveries.state = 'kept' GROUP BY member_id
"""
UPDATE = """
    UPDATE deliveries SET state = :state, error = :error, updated_at = :now,
        channel_id = coalesce(:channel_id, channel_id), message_id = coalesce(:message_id, message_id)
    WHERE job_id = :job_id
"""
NOTE_ATTEMPT = """
    UPDATE deliveries SET attempts = attempts + 1, error = :error, updated_at = :now WHERE job_id = :job_id
    RETURNING attempts
"""
FORGET_TOKENS = """
    UPDATE deliveries SET token = NULL WHERE token IS NOT NULL AND token_expires_at < :now
"""


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Where a result is wanted."""

    channel_id: int
    message_id: int | None = None
    application_id: int | None = None
    #: Of the interaction; lets whoever knows it answer in the bot's name until it expires.
    token: str | None = None
    #: Seconds since 1970.
    token_expires_at: float | None = None
    #: In which the member is spoken to, as Discord names it: "en-GB".
    locale: str | None = None
    state: DeliveryState = "pending"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to channel {self.channel_id}, {self.state}>"


class Delivery(NewDelivery, frozen=True, kw_only=True):
    """A delivery as it stands."""

    job_id: JobId
    #: Sent along with the result, so that Discord refuses to show it twice.
    nonce: str
    attempts: int
    #: What went wrong last.
    error: str | None
    updated_at: float

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of job {self.job_id} to channel {self.channel_id}, {self.state}>"


async def add_all(write: Transaction, wanted: Iterable[tuple[JobId, NewDelivery]]) -> None:
    """Write the deliveries of jobs; `jobs.add_all` does so."""
    rows = [
        msgspec.structs.asdict(delivery)
        | {"job_id": job_id, "nonce": secrets.token_hex(_NONCE_BYTES), "now": write.now}
        for job_id, delivery in wanted
    ]
    await write.execute_many(INSERT, rows)


async def get(reader: Reader, job_id: JobId) -> Delivery | None:
    """Return a job's delivery, or None."""
    row = await reader.fetch_one(SELECT, {"job_id": job_id})
    return _delivery(row) if row else None


async def by_message(reader: Reader, message_id: int) -> Delivery | None:
    """Return the delivery that a message shows, or None."""
    row = await reader.fetch_one(SELECT_BY_MESSAGE, {"message_id": message_id})
    return _delivery(row) if row else None


async def unfinished(reader: Reader) -> AsyncIterator[Delivery]:
    """Yield every delivery that is neither sent, kept nor given up, in no particular order."""
    after = ""
    while rows := await reader.fetch_all(SELECT_OPEN, {"after": after, "limit": _PAGE}):
        for row in rows:
            yield _delivery(row)
        after = rows[-1]["job_id"]


async def kept(reader: Reader) -> dict[int, int]:
    """Return how many results are kept for each member because they could not be sent."""
    return {row["member_id"]: row["jobs"] for row in await reader.fetch_all(SELECT_KEPT)}


async def advance(
    write: Transaction,
    job_id: JobId,
    state: DeliveryState,
    *,
    channel_id: int | None = None,
    message_id: int | None = None,
    error: str | None = None,
) -> bool:
    """Bring a delivery further, and note the message that shows it. None leaves channel and message as they are.

    Returns whether that was the way: False, and nothing changed, for a job that is not there, and for a step back,
    such as from "sent" to "failed". The state that it has already is no step back, except for "sent" and "failed".
    """
    now = await get(write, job_id)
    if now is None or (state not in _NEXT[now.state] and not (state == now.state and _NEXT[state])):
        return False
    parameters = {"job_id": job_id, "state": state, "error": error, "now": write.now}
    await write.execute(UPDATE, parameters | {"channel_id": channel_id, "message_id": message_id})
    return True


async def note_attempt(write: Transaction, job_id: JobId, error: str) -> int:
    """Note that a sending failed, and why; return how many have. 0 when the job is not there."""
    row = await write.fetch_one(NOTE_ATTEMPT, {"job_id": job_id, "error": error, "now": write.now})
    return int(row["attempts"]) if row else 0


async def forget_tokens(write: Transaction) -> int:
    """Delete the interaction tokens that have expired, and return how many."""
    return await write.execute(FORGET_TOKENS, {"now": write.now})


def _delivery(row: Row) -> Delivery:
    return Delivery(**dict(row))
