"""Rate limits: so many requests in a window, per route and per what it is about."""

import hashlib
from dataclasses import dataclass

from playground.clock import Clock
from playground.settings import PlaygroundSettings

#: (requests, seconds), as Discord's headers give them.
_RATES = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me": (1, 0.25),
    "POST /users/@me/channels": (10, 10.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": (5, 2.0),
    "PUT /applications/{application_id}/commands": (2, 20.0),
    "PUT /applications/{application_id}/guilds/{guild_id}/commands": (2, 20.0),
}
_ANYTHING_ELSE = (10, 2.0)
#: Routes with these share one bucket only where the values are the same.
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")


@dataclass
class Bucket:
    """A window under way."""

    used: int
    ends: float


@dataclass(frozen=True)
class Verdict:
    """What a request is told about its rate."""

    headers: dict[str, str]
    #: None, and the request may go on.
    retry_after: float | None = None
    everywhere: bool = False


class Rates:
    """Counts requests."""

    def __init__(self, clock: Clock, settings: PlaygroundSettings) -> None:
        self._clock, self._settings = clock, settings
        self._rates = _RATES | settings.rates
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def count(self, method: str, template: str, parameters: dict[str, str]) -> Verdict:
        """Count one request, and say whether it was one too many."""
        if not self._settings.rate_limits or template.startswith("/interactions/"):
            return Verdict({})
        if not template.startswith("/webhooks/"):
            everywhere = self._take(("everywhere",), self._settings.requests_per_second, 1.0)
            if everywhere.retry_after is not None:
                return Verdict(everywhere.headers | {"X-RateLimit-Global": "true"}, everywhere.retry_after, True)
        route = f"{method} {template}"
        major = tuple(f"{name}={parameters[name]}" for name in _MAJOR if name in parameters)
        return self._take((route, *major), *self._rates.get(route, _ANYTHING_ELSE))

    def _take(self, key: tuple[str, ...], limit: int, seconds: float) -> Verdict:
        now = self._clock.now()
        bucket = self._buckets.get(key)
        if bucket is None or bucket.ends <= now:
            self._sweep(now)
            bucket = self._buckets[key] = Bucket(0, now + seconds)
        bucket.used += 1
        left = bucket.ends - now
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - bucket.used)),
            "X-RateLimit-Reset": f"{bucket.ends:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(key[0].encode()).hexdigest()[:32],
        }
        return Verdict(headers, left if bucket.used > limit else None)

    def _sweep(self, now: float) -> None:
        """Forget windows that ended, now and then."""
        if len(self._buckets) > 1_000:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.ends > now}
