"""Why a job waits, as values that the surface puts into words by their `key`."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from bot.queue.units import Lane
from inference.protocol.recipe import ContentHash


@dataclass(frozen=True)
class Running:
    """All pictures of the job that are left are being painted."""

    key: ClassVar[str] = "running"


@dataclass(frozen=True)
class Next:
    """Nothing is ahead: the job is taken as soon as the engine has room."""

    key: ClassVar[str] = "next"


@dataclass(frozen=True)
class FairShare:
    """The queue takes turns between members, of whom so many others go before."""

    members: int
    key: ClassVar[str] = "share"


@dataclass(frozen=True)
class OwnPictures:
    """Only the member's own pictures go before."""

    units: int
    key: ClassVar[str] = "own"


@dataclass(frozen=True)
class ModelSwitch:
    """The job would be next, but a model that is loaded is used up first."""

    model: ContentHash
    key: ClassVar[str] = "model"


@dataclass(frozen=True)
class OverQuota:
    """The member is over quota: so many pictures of the lanes before the relaxed one wait too."""

    units: int
    key: ClassVar[str] = "quota"


@dataclass(frozen=True)
class FasterLanes:
    """So many pictures wait in lanes that go before this job's."""

    lane: Lane
    units: int
    key: ClassVar[str] = "lanes"


@dataclass(frozen=True)
class RunningLimit:
    """The member or the server has as many pictures running as it may."""

    whose: Literal["member", "guild"]
    most: int
    key: ClassVar[str] = "limit"


Reason = Running | Next | FairShare | OwnPictures | ModelSwitch | OverQuota | FasterLanes | RunningLimit


@dataclass(frozen=True, kw_only=True)
class Position:
    """A job's place as things stand: what would be claimed before its next picture."""

    ahead_units: int
    #: Predicted GPU-seconds of those.
    ahead_seconds: float
    reason: Reason
