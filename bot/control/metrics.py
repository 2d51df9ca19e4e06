"""Metrics in Prometheus' text format. Every bot has its own registry: nothing here is global."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot.observer import Observer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Seconds, from what takes a moment to what takes an hour.
_LONG = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_SHORT = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
#: Discord takes an acknowledgement for three seconds.
_ACKNOWLEDGED = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 2.5, 3)
#: Kinds of errors that are told apart; what comes after is "other".
_MOST_KINDS = 100


@dataclass(frozen=True, kw_only=True)
class Now:
    """What is so at the moment that somebody asks."""

    #: Pictures that wait, by lane.
    waiting: dict[str, int] = field(default_factory=dict)
    running: int = 0
    servers_open: int = 0
    servers_closed: int = 0
    draining: bool = False
    #: 0 while no engine is up.
    engine_memory_bytes: int = 0
    longest_held_up_seconds: float = 0.0


class Metrics(Observer):
    """Counts what it is told, and shows it."""

    def __init__(self, build: dict[str, str]) -> None:
        self._build = build
        self._registry = registry = CollectorRegistry()
        #: Of the engine, since the start of the bot.
        self.launches = self.deaths = 0
        self._kinds: set[str] = set()
        self._waiting = Histogram(
            "easel_waiting_seconds",
            "From the request to the engine, a picture.",
            ["lane"],
            buckets=_LONG,
            registry=registry,
        )
        self._running = Histogram(
            "easel_running_seconds", "At the engine, a picture.", ["kind"], buckets=_LONG, registry=registry
        )
        self._step = Histogram("easel_step_seconds", "Of one step of a picture.", buckets=_SHORT, registry=registry)
        self._acknowledged = Histogram(
            "easel_acknowledgement_seconds",
            "From an interaction to its acknowledgement.",
            ["kind"],
            buckets=_ACKNOWLEDGED,
            registry=registry,
        )
        self._pictures = Counter("easel_pictures", "Pictures that were made.", ["kind"], registry=registry)
        self._failed = Counter("easel_pictures_failed", "Pictures that were not made.", ["kind"], registry=registry)
        self._withheld = Counter("easel_pictures_withheld", "Pictures that were not shown.", registry=registry)
        self._delivered = Counter("easel_deliveries", "Results that came to their end.", ["state"], registry=registry)
        self._retries = Counter("easel_delivery_retries", "Tries to send a result that failed.", registry=registry)
        self._lapsed = Counter(
            "easel_tokens_lapsed", "Results that came too late for the answer to their interaction.", registry=registry
        )
        self._launches = Counter("easel_engine_launches", "Launches of the engine that were ready.", registry=registry)
        self._deaths = Counter("easel_engine_deaths", "Launches of the engine that died.", registry=registry)
        self._errors = Counter("easel_errors", "Errors in the log.", ["kind"], registry=registry)

    def text(self, now: Now) -> bytes:
        """Return all of it as Prometheus reads it. Slow: it asks the system about this process."""
        present = CollectorRegistry()
        present.register(_Present(self._build, now))
        ProcessCollector(registry=present)
        return generate_latest(present) + generate_latest(self._registry)

    def begun(self, lane: str, waited_seconds: float) -> None:
        """Count a picture that waited."""
        self._waiting.labels(lane).observe(max(0.0, waited_seconds))

    def painted(self, kind: str, seconds: float, network_seconds: float, steps: int) -> None:
        """Count a picture that is done."""
        self._pictures.labels(kind).inc()
        self._running.labels(kind).observe(seconds)
        if steps > 0 and network_seconds > 0:
            self._step.observe(network_seconds / steps)

    def failed(self, kind: str) -> None:
        """Count a picture that is not."""
        self._failed.labels(kind).inc()

    def engine_up(self) -> None:
        """Count a launch."""
        self.launches += 1
        self._launches.inc()

    def engine_lost(self) -> None:
        """Count a death."""
        self.deaths += 1
        self._deaths.inc()

    def delivered(self, state: str) -> None:
        """Count a result."""
        self._delivered.labels(state).inc()

    def delivery_retried(self) -> None:
        """Count a try."""
        self._retries.inc()

    def token_lapsed(self) -> None:
        """Count a token."""
        self._lapsed.inc()

    def withheld(self) -> None:
        """Count a picture that was not shown."""
        self._withheld.inc()

    def acknowledged(self, kind: str, seconds: float) -> None:
        """Count an acknowledgement."""
        self._acknowledged.labels(kind).observe(seconds)

    def error(self, kind: str) -> None:
        """Count an error."""
        if kind not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            kind = "other"
        self._kinds.add(kind)
        self._errors.labels(kind).inc()


class _Present(Collector):
    """What is so now."""

    def __init__(self, build: dict[str, str], now: Now) -> None:
        self._build = build
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """Return the gauges."""
        now = self._now
        build = GaugeMetricFamily("easel_build_info", "What runs here.", labels=list(self._build))
        build.add_metric(list(self._build.values()), 1)
        waiting = GaugeMetricFamily("easel_queue_waiting", "Pictures that wait.", labels=["lane"])
        for lane, count in now.waiting.items():
            waiting.add_metric([lane], count)
        servers = GaugeMetricFamily("easel_servers", "Servers where the bot is.", labels=["state"])
        servers.add_metric(["open"], now.servers_open)
        servers.add_metric(["closed"], now.servers_closed)
        return [
            build,
            waiting,
            servers,
            GaugeMetricFamily("easel_queue_running", "Pictures at the engine.", value=now.running),
            GaugeMetricFamily("easel_draining", "1 while nothing new is taken on.", value=float(now.draining)),
            GaugeMetricFamily(
                "easel_engine_memory_bytes", "Memory that the engine uses.", value=now.engine_memory_bytes
            ),
            GaugeMetricFamily(
                "easel_loop_held_up_seconds_max",
                "The longest time that the event loop was held up.",
                value=now.longest_held_up_seconds,
            ),
        ]
