"""What a language other than English says of values that are not allowed."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference.protocol.limits import OutOfRange, Phrase, brief


@dataclass(frozen=True)
class Ranges:
    """The words of a language."""

    #: With the names `field`, `value` and `allowed`.
    sentence: str
    #: What has a range, by its English name.
    fields: Mapping[str, str]
    #: Those of `inference.protocol.limits`.
    phrases: Mapping[str, str]

    def told(self, error: OutOfRange) -> str | None:
        """Return why a value cannot be, as a sentence; None where words for it are missing."""
        field = self.fields.get(error.field)
        if field is None or not isinstance(error.allowed, Phrase):
            return None
        value = error.value.said(self.phrases) if isinstance(error.value, Phrase) else brief(error.value)
        return self.sentence.format(field=field, value=value, allowed=error.allowed.said(self.phrases))
