"""What somebody sees in the end of what they did, as a word of the table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.texts.english import ENGLISH
from playground import Playground
from playground.invocations import Invocation
from playground.messages import Message
from tests.bot.stage import is_result, text_of

#: It was done: what the thing shows then was seen. Discord offers the person no such thing.
YES, HIDDEN = "yes", "-"
_FIELD = re.compile(r"\\{\w*\\}")


@dataclass(frozen=True)
class Done:
    """What somebody did."""

    invocation: Invocation
    #: The message whose button or form it was.
    carrier: Message | None = None
    #: Another's request that it is done to.
    request: Invocation | None = None


@cache
def _pattern(key: str) -> re.Pattern[str]:
    """Return what a text looks like, whatever its values are."""
    return re.compile(_FIELD.sub(".*?", re.escape(ENGLISH[key])), re.DOTALL)


def seen(done: Done, shows: str, refusals: Iterable[str]) -> str | None:
    """Return the key of a refusal, or YES where what the thing shows is there, or None: not yet."""
    carrier, invocation = done.carrier, done.invocation
    messages = list(invocation.messages)
    beside = [each for each in messages if carrier is None or each["id"] != str(carrier.id)]
    for key in refusals:
        if any(_pattern(key).fullmatch(text_of(each)) for each in beside):
            return key
    if done.request is not None:
        messages += done.request.messages
    there = any(_shows(each, done, messages, beside) for each in shows.split(" or "))
    return YES if there else None


def _shows(what: str, done: Done, messages: list[dict[str, Any]], beside: list[dict[str, Any]]) -> bool:
    """Tell whether what a thing shows when it was done is seen."""
    match what:
        case "form":
            return done.invocation.response.kind == "modal"
        case "picture":
            return any(map(is_result, beside))
        case "edited":
            return done.carrier is not None and done.carrier.edited is not None
        case "gone":
            return done.carrier is not None and done.carrier.deleted
        case _ if what in ENGLISH:
            return any(_pattern(what).search(text_of(each)) for each in messages)
        case _:
            return any(what in text_of(each) for each in messages)


async def outcome(playground: Playground, done: Done, shows: str, refusals: Iterable[str]) -> str:
    """Wait for what is seen in the end. What is none of these is returned as it reads."""
    known = tuple(refusals)
    try:
        return await playground.until(lambda: seen(done, shows, known)) or ""
    except TimeoutError:
        read = [text_of(message) for message in done.invocation.messages]
        return f"neither {shows} nor a refusal that the table knows: {done.invocation.response.kind}, {read}"
