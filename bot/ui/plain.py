"""What people wrote, made harmless before it is shown: no pings, no markdown, no control characters."""

import re
import unicodedata

from discord.utils import escape_mentions

#: Characters of a prompt that are shown; the whole of it is under "Settings".
SHOWN = 300
#: Kept although they are format characters: joiners of emoji and of scripts.
_JOINERS = {"\u200c", "\u200d"}
#: What Discord reads as more than itself; a backslash before any of it shows it as it is. The colon is a link's.
_MARKUP = re.compile(r"[\\*_~|`<>\[\]]|:(?=//)|^[#-]|^\d+(?=[.)])")
_FENCE = "```"
#: Where a fence begins inside a text.
_INNER_FENCE = re.compile(r"`(?=``)")


def harmless(text: str, most: int = SHOWN) -> str:
    """Return text on one line that shows as it was written, at most `most` characters of it, and pings nobody."""
    line = " ".join("".join(map(_visible, text)).split())
    cut = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return escape_mentions(_MARKUP.sub(_escaped, cut))


def block(text: str, most: int) -> str:
    """Return text as a code block to be copied, at most `most` characters of it: lines stay, what hides goes."""
    shown = "\n".join("".join(map(_visible, line)) for line in text.split("\n"))
    # A fence in the text would end the block.
    shown = _INNER_FENCE.sub("`\u200b", shown)
    return f"{_FENCE}\n{shown if len(shown) <= most else shown[:most] + '…'}\n{_FENCE}"


def bar(share: float, width: int = 12) -> str:
    """Return a progress bar of a share in 0..1."""
    full = min(width, max(0, round(share * width)))
    return "▰" * full + "▱" * (width - full)


def _visible(character: str) -> str:
    """Return a character, or a space for one that steers how others are shown, or is none."""
    hides = unicodedata.category(character)[0] == "C" and character not in _JOINERS
    return " " if hides else character


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    # A number that would begin a list is escaped at the dot.
    return f"{found}\\" if found.isdigit() else f"\\{found}"
