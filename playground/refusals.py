"""Discord's errors, with the numbers and words that Discord gives them."""

from typing import Any


class Refusal(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.errors = status, code, message, errors

    def payload(self) -> dict[str, Any]:
        """Return the body of the reply."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        return body | {"errors": self.errors} if self.errors else body


def not_found() -> Refusal:
    """No such route."""
    return Refusal(404, 0, "404: Not Found")


def unauthorized() -> Refusal:
    """The bot's token is missing or wrong."""
    return Refusal(401, 0, "401: Unauthorized")


def unknown(what: str) -> Refusal:
    """There is no such thing, or no longer."""
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
    "application command permissions": 10066,
}


def missing_access() -> Refusal:
    """The bot does not see the channel."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """The bot sees the channel and may not do that there."""
    return Refusal(403, 50013, "Missing Permissions")


def already_acknowledged() -> Refusal:
    """An interaction is answered once."""
    return Refusal(400, 40060, "Interaction has already been acknowledged.")


def token_expired() -> Refusal:
    """An interaction's token is good for 15 minutes."""
    return Refusal(401, 50027, "Invalid Webhook Token")


def too_large() -> Refusal:
    """A file or the whole request is over the upload limit."""
    return Refusal(413, 40005, "Request entity too large")


def empty_message() -> Refusal:
    """A message needs something in it."""
    return Refusal(400, 50006, "Cannot send an empty message")


class Problems:
    """Collects what is wrong with a body, at which place below `prefix`."""

    def __init__(self, prefix: tuple[str, ...] = ()) -> None:
        self._prefix = prefix
        self._tree: dict[str, Any] = {}

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        """Note one more."""
        place = self._tree
        for step in (*self._prefix, *path):
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def refusal(self) -> Refusal:
        """Return the Refusal of everything that was noted."""
        return Refusal(400, 50035, "Invalid Form Body", self._tree)

    def raise_any(self) -> None:
        """Raise a Refusal if anything was noted."""
        if self._tree:
            raise self.refusal()


def invalid(path: tuple[str | int, ...], code: str, message: str) -> Refusal:
    """Return the Refusal of a body with one thing wrong."""
    problems = Problems()
    problems.add(path, code, message)
    return problems.refusal()
