"""How patient the bot is with a worker, and how long it waits before it starts the next one."""

import signal
import sys
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Supervision:
    """Limits of one worker's life, and the pace of restarts."""

    #: From the start of the process to Ready: torch is imported and the device opened meanwhile.
    ready_seconds: float = 180.0
    #: Without any frame, not even a heartbeat.
    silence_seconds: float = 30.0
    #: Of one step or load under way, while heartbeats go on.
    turn_seconds: float = 1800.0
    #: Before the first restart, and how it grows with every quick death in a row.
    first_delay_seconds: float = 1.0
    delay_factor: float = 2.0
    longest_delay_seconds: float = 60.0
    #: Who lives as long as this after Ready did not die quickly.
    stable_seconds: float = 60.0
    #: So many quick deaths in a row, and the engine is given up.
    quick_deaths: int = 5


class Backoff:
    """Counts quick deaths in a row."""

    def __init__(self, supervision: Supervision) -> None:
        self._supervision = supervision
        self.quick_deaths = 0

    def delay_after(self, lived_seconds: float) -> float | None:
        """Return how long to wait after a life of `lived_seconds`; None to give up."""
        limits = self._supervision
        self.quick_deaths = 1 if lived_seconds >= limits.stable_seconds else self.quick_deaths + 1
        if self.quick_deaths >= limits.quick_deaths:
            return None
        delay = limits.first_delay_seconds * limits.delay_factor ** (self.quick_deaths - 1)
        return min(delay, limits.longest_delay_seconds)


#: Exit codes of Windows for crashes.
_WINDOWS_CRASHES = {
    0xC0000005: "an access violation",
    0xC00000FD: "a stack overflow",
    0xC0000409: "a corrupted stack",
    0xC000013A: "Ctrl-C",
}


def describe_exit(code: int | None) -> str:
    """Return how a process ended, in words."""
    if code is None:
        return "The worker ended in an unknown way."
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        hint = " (often the system's answer to a lack of memory)" if name == "SIGKILL" else ""
        return f"The worker was killed by {name}{hint}."
    if sys.platform == "win32" and code & 0xFFFFFFFF in _WINDOWS_CRASHES:
        return f"The worker was ended by {_WINDOWS_CRASHES[code & 0xFFFFFFFF]}."
    return f"The worker left with exit code {code}."
