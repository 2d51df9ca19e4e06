"""What autocomplete offers: at most 25 choices, from memory, those that begin with what was typed first."""

from collections.abc import Iterable

from discord.app_commands import Choice

from inference.protocol.messages import ModelInfo

Choices = list[Choice[str]]
#: Discord's own limits: of a choice's name and value, and of choices.
NAME_CHARACTERS, MOST = 100, 25


def matching(typed: str, names: Iterable[str]) -> Choices:
    """Return the names that hold what was typed, those that begin with it first."""
    wanted = typed.casefold().strip()
    found = [name for name in names if wanted in name.casefold()]
    found.sort(key=lambda name: not name.casefold().startswith(wanted))
    return [Choice(name=name[:NAME_CHARACTERS], value=name[:NAME_CHARACTERS]) for name in found[:MOST]]


def models_like(typed: str, models: Iterable[ModelInfo]) -> Choices:
    """Return the models that paint from words and whose names hold what was typed."""
    return matching(typed, [info.name for info in models if info.kind == "checkpoint" and not info.instructs])


def free(typed: str, names: Iterable[str]) -> Choices:
    """Return the names that hold what was typed; where none does, what was typed itself."""
    text = typed.strip()[:NAME_CHARACTERS]
    return matching(typed, names) or [Choice(name=text, value=text)]
