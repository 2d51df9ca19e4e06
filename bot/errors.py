"""What can go wrong, in four types; the text of each is for the person who asked.

A subclass's docstring is its default message.
"""

import inspect

from inference.protocol.messages import FailureKind


class EaselError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or ""))

    @property
    def message(self) -> str:
        """Return the words for the person."""
        return str(self)


class UserError(EaselError):
    """That cannot be done as it was asked."""


class LimitReached(EaselError):
    """A limit of this server is reached."""


class JobFailed(EaselError):
    """The picture could not be made."""

    def __init__(self, message: str | None = None, kind: FailureKind = "internal") -> None:
        super().__init__(message)
        self.kind = kind


class EngineDead(EaselError):
    """The engine does not run. `easel doctor` tells what is missing."""


def sentence(error: Exception) -> str:
    """Return an error's words as a sentence: a capital first, a stop last."""
    words = str(error)
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")
