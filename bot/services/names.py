"""Names that people type, and the mistake of one that nothing has."""

from collections.abc import Iterable
from typing import Literal

from bot.texts import Mistake
from inference.protocol.names import SAMPLER_NAMES, UnknownName, nearest, split_sampler


def unknown(
    kind: Literal["model", "sampler", "style", "wildcard", "adapter"], name: str, known: Iterable[str]
) -> Mistake:
    """Return the mistake of a name that nothing `known` has: the text `no_KIND`, or `no_KIND_near` with the nearest."""
    near = nearest(name, known)
    return Mistake(f"no_{kind}_near", name=name, near=", ".join(near)) if near else Mistake(f"no_{kind}", name=name)


def named_sampler(name: str) -> tuple[str, str | None]:
    """Return the keys of a sampler and, where the name has it, of its schedule. Raises Mistake."""
    try:
        return split_sampler(name)
    except UnknownName as error:
        raise unknown("sampler", name, SAMPLER_NAMES.values()) from error
