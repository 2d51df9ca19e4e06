"""How a `parameters` text is divided into prompt, negative prompt and settings; `parameters` says what these mean.

As AUTOMATIC1111 does, and more leniently: Discord's options make one line of all, and extensions add lines of their
own. Any text is taken, in time that grows with its length alone.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice

#: Keys are these, in any case; others stay as they were written.
_KNOWN = (
    "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model", "Model hash", "VAE", "VAE hash",
    "Clip skip", "Denoising strength", "Variation seed", "Variation seed strength", "Seed resize from", "Eta",
    "CFG rescale", "Hires resize", "Hires upscale", "Hires steps", "Hires upscaler", "Hires sampler",
    "First pass size", "Lora hashes", "TI hashes", "Hashes", "Style prompt", "Version",
)  # fmt: skip
_CANONICAL = {key.casefold(): key for key in _KNOWN}
_KEY = re.compile(r"(?<!\w)([A-Za-z][\w \-/+]{0,60}):[ \t]*+")
_QUOTED = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PLAIN = re.compile(r"[^,\n]*+")
_STEPS = re.compile(r"(?<!\S)Steps:[ \t]*+\d{1,6}[ \t]*+(?=,|\n|\Z)")
_NEGATIVE_BEGINS = re.compile(r"Negative prompt:", re.IGNORECASE)
_NEGATIVE_INSIDE = re.compile(r"(?<!\S)Negative prompt:", re.IGNORECASE)
#: What the Dynamic Prompts extension adds: the prompt before words were drawn.
_TEMPLATE = re.compile(r"(?<!\S)(?:Negative )?Template:")
_MOST_PAIRS = 500
_MOST_JSON = 8
#: Places where settings may begin that are looked at.
_MOST_BEGINNINGS = 50
#: Settings that are looked at to tell whether they begin here.
_NEXT_PAIRS = 6


def divide(text: str) -> tuple[str, str, dict[str, str]]:
    """Return prompt, negative prompt and settings by their keys; the first of a key counts. Never fails."""
    text = mended(text).replace("\r\n", "\n").replace("\r", "\n").strip()
    place = _settings_place(text)
    if place is None:
        return *_words(text), {}
    tail = text[place:]
    if template := _TEMPLATE.search(tail):
        tail = tail[: template.start()]
    pairs: dict[str, str] = {}
    for key, value in _pairs_in(tail, _MOST_PAIRS, _MOST_JSON):
        pairs.setdefault(_CANONICAL.get(key.casefold(), key), value)
    return *_words(text[:place]), pairs


def is_whole(text: str) -> bool:
    """Tell whether a text has settings and is more than a prompt: "Steps: 20, " and at least two more known ones."""
    text = text.replace("\r", "\n")
    return any(_known_pairs(text, match.start()) >= 3 for match in _beginnings(text))


def mended(text: str) -> str:
    """Return a text that can be written as UTF-8: half characters become "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _beginnings(text: str) -> list[re.Match[str]]:
    """Return where settings may begin: the first of many."""
    return list(islice(_STEPS.finditer(text), _MOST_BEGINNINGS))


def _settings_place(text: str) -> int | None:
    """Return where the settings begin.

    That is a line that begins with the steps and has two more settings; else, where Discord made one line of all, the
    first place that does; else the last line, if it is the steps alone, or has three settings and one is known.
    """
    beginnings = _beginnings(text)
    for match in beginnings:
        if _begins_line(text, match.start()) and len(list(_pairs_in(text[match.start() :], 3))) == 3:
            return match.start()
    for match in beginnings:
        if _known_pairs(text, match.start()) >= 3:
            return match.start()
    last = text.rfind("\n") + 1
    found = list(_pairs_in(text[last:], _MOST_PAIRS))
    alone = _STEPS.match(text, last)
    if alone and (alone.end() == len(text) or len(found) >= 2):
        return last
    return last if len(found) >= 3 and any(key.casefold() in _CANONICAL for key, _ in found) else None


def _begins_line(text: str, place: int) -> bool:
    return place == 0 or text[place - 1] == "\n"


def _known_pairs(text: str, place: int) -> int:
    """Return how many of the next settings are known ones."""
    return sum(key.casefold() in _CANONICAL for key, _ in _pairs_in(text[place:], _NEXT_PAIRS))


def _pairs_in(text: str, most: int, most_json: int = 0) -> Iterator[tuple[str, str]]:
    """Yield settings, `key: value`, between commas and on lines; values may be quoted, or JSON."""
    place = 0
    for _ in range(most):
        match = _KEY.search(text, place)
        if match is None:
            return
        place = match.end()
        first = text[place : place + 1]
        value = None
        if first == '"' and (quoted := _QUOTED.match(text, place)):
            value, place = _unquoted(quoted[0]), quoted.end()
        elif first in ("{", "[") and most_json > 0:
            most_json -= 1
            value, place = _json(text, place)
        if value is None:
            plain = _PLAIN.match(text, place)
            value, place = (plain[0].strip(), plain.end()) if plain else ("", place)
        yield match[1].strip(), value


def _json(text: str, place: int) -> tuple[str | None, int]:
    """Return the JSON that begins here as it is written, and where it ends."""
    try:
        _, end = json.JSONDecoder().raw_decode(text, place)
    except (ValueError, RecursionError):
        return None, place
    return text[place:end], end


def _unquoted(value: str) -> str:
    try:
        return mended(str(json.loads(value, strict=False)))
    except ValueError:
        return value.strip('"')


def _words(text: str) -> tuple[str, str]:
    """Return the prompt and the negative prompt."""
    words: list[str] = []
    negative: list[str] | None = None
    into = words
    for line in text.split("\n"):
        bare = line.strip()
        if negative is None and (begins := _NEGATIVE_BEGINS.match(bare)):
            into = negative = [bare[begins.end() :].lstrip()]
        elif _TEMPLATE.match(bare):
            into = []
        else:
            into.append(line)
    prompt = "\n".join(words).strip()
    if negative is None and (inside := _NEGATIVE_INSIDE.search(prompt)):
        return prompt[: inside.start()].rstrip(), prompt[inside.end() :].strip()
    return prompt, "\n".join(negative or []).strip()
