"""What parts of the bot tell whoever counts. This one counts nothing; `bot.control.metrics` has one that does."""


class Observer:
    """Is told what happens. Nothing here may take long or raise."""

    # The queue and the engine

    def begun(self, lane: str, waited_seconds: float) -> None:
        """A picture was handed to the engine, so long after it was asked for or put back."""

    def painted(self, kind: str, seconds: float, network_seconds: float, steps: int) -> None:
        """A picture is done, so long after the engine took it."""

    def failed(self, kind: str) -> None:
        """A picture ended without a result."""

    def engine_up(self) -> None:
        """A launch of the engine is ready."""

    def engine_lost(self) -> None:
        """A launch of the engine died."""

    # Deliveries

    def delivered(self, state: str) -> None:
        """A result came to its end: "sent", "kept" or "failed"."""

    def delivery_retried(self) -> None:
        """A result could not be sent, and is tried again."""

    def token_lapsed(self) -> None:
        """A result came too late for the answer to its interaction."""

    def withheld(self) -> None:
        """A picture was not shown, since a check forbade it or could not be made."""

    # Interactions and errors

    def acknowledged(self, kind: str, seconds: float) -> None:
        """Discord was told that an interaction was heard."""

    def error(self, kind: str) -> None:
        """An error was written to the log."""
