"""What is said of pictures that were flagged, or could not be checked. Pure."""

from collections.abc import Mapping, Sequence

from bot.services.checks import Shown, State
from bot.texts import say

_KEYS: Mapping[State, str] = {"blurred": "check_blurred", "blocked": "check_blocked", "withheld": "check_withheld"}


def remarks(found: Sequence[Shown], locale: str | None) -> list[str]:
    """Return a sentence for each kind of picture that is not shown as it is."""
    said = []
    for state, key in _KEYS.items():
        numbers = [str(one.image.index + 1) for one in found if one.state == state and not one.gone]
        if numbers:
            which = "check_which_one" if len(numbers) == 1 else "check_which_many"
            said.append(say(key, locale, which=say(which, locale, numbers=", ".join(numbers))))
    return said


def waits_for_check(found: Sequence[Shown]) -> bool:
    """Tell whether any picture could not be checked."""
    return any(one.state == "withheld" and not one.gone for one in found)
