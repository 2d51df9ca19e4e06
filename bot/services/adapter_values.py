"""What an adapter may be called and said to be; how many, and how large, they may be. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.messages import ModelInfo
from storage.adapters import MAX_DESCRIPTION, MAX_NAME, MAX_TRIGGER, MAX_TRIGGERS, MAX_WEIGHT, StoredAdapter
from storage.guilds import Quota, Settings
from storage.styles import folded

MIB = 2**20

#: Nothing that a prompt or an option would read as its own: a name stands in `<lora:name:1>`, between commas, and, an
#: embedding's, as a word of the prompt.
_NAME = re.compile(r"[^\W_](?:[\w.+ -]*[\w+])?")
_NOT_OF_NAMES = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, kw_only=True)
class AdapterLimits:
    """What the operator sets for everybody."""

    #: Of one file.
    file_bytes: int = 512 * MIB
    #: Of one member, in all servers together.
    member_count: int = 50
    member_bytes: int = 4096 * MIB
    #: Of all files together; 0 is no limit.
    total_bytes: int = 50 * 10**9
    #: Members may share with every server.
    public: bool = False


@dataclass(frozen=True)
class Room:
    """What somebody may still bring."""

    count: int
    #: Of one file.
    bytes: int


def checked_name(name: str) -> str:
    """Return a name as it is kept. Raises Mistake for one that no prompt could say."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if len(name) > MAX_NAME or not _NAME.fullmatch(name) or any(unicodedata.category(one)[0] == "C" for one in name):
        raise Mistake("adapters_name", name=name[:MAX_NAME], most=MAX_NAME)
    return name


def usable_name(*proposals: str) -> str:
    """Return a name made of the first of some texts that has anything of a name: a file's, say, without its ending."""
    for text in proposals:
        words = _NOT_OF_NAMES.sub("-", unicodedata.normalize("NFC", text)).strip("-._+ ")[:MAX_NAME].rstrip("-._+ ")
        try:
            return checked_name(words)
        except Mistake:
            continue
    return "adapter"


def numbered(name: str, taken: Iterable[str]) -> str:
    """Return a name, with a number behind where it is among those taken, which are folded."""
    known, number, tried = set(taken), 2, name
    while folded(tried) in known:
        ending = f"-{number}"
        tried = f"{name[: MAX_NAME - len(ending)]}{ending}"
        number += 1
    return tried


def checked_description(text: str) -> str:
    """Return a description without the spaces around it. Raises Mistake for one that is too long."""
    text = text.strip()
    if len(text) > MAX_DESCRIPTION:
        raise Mistake("adapters_description", most=MAX_DESCRIPTION)
    return text


def checked_triggers(words: Iterable[str]) -> tuple[str, ...]:
    """Return trigger words, each once and without spaces around it. Raises Mistake for too many and too long ones."""
    kept = tuple(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    if len(kept) > MAX_TRIGGERS or any(len(word) > MAX_TRIGGER for word in kept):
        raise Mistake("adapters_triggers", most=MAX_TRIGGERS, characters=MAX_TRIGGER)
    return kept


def triggers_of(text: str) -> tuple[str, ...]:
    """Return the trigger words in a text, with commas or line ends between. Raises Mistake as `checked_triggers`."""
    return checked_triggers(re.split(r"[,\n]", text))


def checked_weight(weight: float) -> float:
    """Return a default weight. Raises Mistake for one that nobody may use."""
    if not -MAX_WEIGHT <= weight <= MAX_WEIGHT:
        raise Mistake("adapters_default_weight", least=-MAX_WEIGHT, most=MAX_WEIGHT)
    return float(weight)


def fits(adapter: StoredAdapter, model: ModelInfo) -> bool:
    """Tell whether an adapter is made for a model."""
    return bool(model.adapter_family) and adapter.family == model.adapter_family


def quota_of(settings: Settings, actor: Actor) -> Quota | None:
    """Return how much somebody may bring to their server: the highest of their roles', or that for everybody."""
    own = [quota for role, quota in settings.adapter_quotas.items() if role in actor.roles]
    if own:
        return Quota(max(quota.count for quota in own), max(quota.bytes for quota in own))
    return settings.adapter_quota


def room_of(actor: Actor, settings: Settings, limits: AdapterLimits, held: Iterable[StoredAdapter], used: int) -> Room:
    """Return what somebody may still bring, who has `held` already, where all files have `used` bytes together.

    Raises Mistake where nothing more may come.
    """
    own = list(held)
    room = Room(
        limits.member_count - len(own),
        min(limits.file_bytes, limits.member_bytes - sum(one.bytes for one in own)),
    )
    if room.count <= 0:
        raise Mistake("adapters_full", most=limits.member_count)
    if room.bytes <= 0:
        raise Mistake("adapters_full_bytes", most=limits.member_bytes // MIB)
    quota = None if actor.guild_id is None else quota_of(settings, actor)
    if quota is not None:
        here = [one for one in own if one.guild_id == actor.guild_id]
        room = Room(
            min(room.count, quota.count - len(here)), min(room.bytes, quota.bytes - sum(one.bytes for one in here))
        )
        if room.count <= 0:
            raise Mistake("adapters_full_here", most=quota.count)
        if room.bytes <= 0:
            raise Mistake("adapters_full_bytes_here", most=quota.bytes // MIB)
    if limits.total_bytes:
        room = Room(room.count, min(room.bytes, limits.total_bytes - used))
        if room.bytes <= 0:
            raise Mistake("adapters_full_disk")
    return room
