"""How a line of words is taken apart: a parser that answers mistakes in one sentence, and values of every kind."""

import argparse
import re
from typing import NoReturn, TypeAlias

from bot.services.drafts import draw_seed

#: The exit code of what cannot be done as it was asked.
USAGE = 2


class Parser(argparse.ArgumentParser):
    """Answers a mistake with one sentence rather than with all the options."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Refuse what is not known where it stands, so that the mistake is told by the command it was made in."""
        found, left = super().parse_known_args(args, namespace)
        if len(left) == 1 and not left[0].startswith("-") and getattr(found, "prompt", "") is None:
            # argparse gives up on a prompt that may be left out as soon as an option follows the picture.
            found.prompt = left.pop()
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where to read on, and leave."""
        self.exit(USAGE, f"easel: {message[:1].upper()}{message[1:]}. See {self.prog} --help.\n")


#: Where commands are added.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def size(text: str) -> tuple[int, int]:
    """Return width and height of "512x768"."""
    match = re.fullmatch(r"(\d{1,5})[x×*](\d{1,5})", text.strip().lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no size; write it like 512x768")
    return int(match[1]), int(match[2])


def numbers(text: str) -> tuple[float, ...]:
    """Return numbers with commas between."""
    return tuple(number(part) for part in text.split(","))


def whole(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no whole number") from None


def port(text: str) -> int:
    """Return the number of a port; 0 is a free one."""
    chosen = whole(text)
    if not 0 <= chosen < 65536:
        raise argparse.ArgumentTypeError(f"{chosen} is no port; ports go from 1 to 65535")
    return chosen


def number(text: str) -> float:
    """Return a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no number") from None


def zoom(text: str) -> float:
    """Return how many times as wide and high a picture becomes."""
    times = number(text)
    if not 1 < times <= 4:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no zoom; it goes from above 1 to 4")
    return times


def seed(text: str) -> int:
    """Return a seed; -1 means one that is drawn."""
    chosen = whole(text)
    return draw_seed() if chosen == -1 else chosen
