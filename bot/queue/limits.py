"""How many pictures a member and a server may have waiting and running."""

from dataclasses import dataclass, fields
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most units at a time; None for no limit. Raises ValueError for less than 1.

    More waiting than allowed is refused; more running than allowed waits.
    """

    member_waiting: int | None = None
    member_running: int | None = None
    guild_waiting: int | None = None
    guild_running: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value < 1:
                raise ValueError(f"{field.name} is {value}, but must be at least 1, or left out for no limit")


@dataclass(frozen=True, kw_only=True)
class Load:
    """Units of a member and of a server at this moment. A direct message has no server: its numbers are 0."""

    member_waiting: int = 0
    member_running: int = 0
    guild_waiting: int = 0
    guild_running: int = 0


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a job may not wait."""

    whose: Literal["member", "guild"]
    asked: int
    #: Units that wait already.
    waiting: int
    most: int

    @property
    def key(self) -> str:
        """Return the name of the limit."""
        return f"{self.whose}_waiting"

    @property
    def room(self) -> int:
        """Return how many units would be taken."""
        return max(0, self.most - self.waiting)

    @property
    def words(self) -> str:
        """Return the reason for a person: the numbers, and what to do."""
        return f"{self._now()} {self._advice()}"

    def _now(self) -> str:
        whose = "You have" if self.whose == "member" else "This server has"
        if not self.waiting:
            return f"{pictures(self.asked)} are more than the {self.most} that may wait."
        return f"{whose} {pictures(self.waiting)} waiting and may have {self.most}."

    def _advice(self) -> str:
        if self.room:
            return f"Ask for {self.room} or fewer."
        if self.whose == "member":
            return "Wait until one is done, or cancel some."
        return "Try again in a few minutes."


def refusal(limits: Limits, load: Load, asked: int, in_guild: bool = True) -> Refusal | None:
    """Return why `asked` more units may not wait, the member's own limit first, or None when they may.

    `in_guild` is False for a direct message, which no server's limit concerns.
    """
    if limits.member_waiting is not None and load.member_waiting + asked > limits.member_waiting:
        return Refusal(whose="member", asked=asked, waiting=load.member_waiting, most=limits.member_waiting)
    if in_guild and limits.guild_waiting is not None and load.guild_waiting + asked > limits.guild_waiting:
        return Refusal(whose="guild", asked=asked, waiting=load.guild_waiting, most=limits.guild_waiting)
    return None


def pictures(count: int) -> str:
    """Return "1 picture", "2 pictures"."""
    return f"{count} picture" if count == 1 else f"{count} pictures"
