"""Guilds: the settings that their admins choose."""

import logging
from collections.abc import Sized
from typing import Literal, get_args

import msgspec

from inference.protocol.limits import (
    MAX_IMAGE_PIXELS,
    OutOfRange,
    require_choice,
    require_float,
    require_int,
    require_text,
)
from storage.database import Reader, Transaction
from storage.errors import UnreadableRow

log = logging.getLogger("easel.storage")

SELECT = "SELECT settings FROM guilds WHERE id = :id"
SELECT_ALL = "SELECT id, settings FROM guilds ORDER BY id"
SET = """
    INSERT INTO guilds (id, settings, updated_at) VALUES (:id, :settings, :now)
    ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
"""
DELETE = "DELETE FROM guilds WHERE id = :id"
SELECT_CLOSED = "SELECT id, closed_why FROM guilds WHERE NOT enabled"
CLOSE = """
    INSERT INTO guilds (id, enabled, closed_why, updated_at) VALUES (:id, 0, :why, :now)
    ON CONFLICT (id) DO UPDATE SET enabled = 0, closed_why = excluded.closed_why
"""
OPEN = "UPDATE guilds SET enabled = 1, closed_why = '' WHERE id = :id AND NOT enabled"

#: Of any number that an admin chooses.
MOST = 1_000_000
#: Characters that an admin may put behind every negative prompt.
MAX_NEGATIVE_CHARACTERS = 2_000
#: Roles, or channels, of one rule; and rules of one kind.
MAX_PER_RULE = 25
MAX_RULES = 200
_LEAST_UPSCALE_PIXELS = 1_000_000
#: Of a quota.
MAX_ADAPTERS, MAX_ADAPTER_BYTES = 10_000, 10**12
#: Words, or patterns, of one list, and the characters of one.
MAX_WORDS, MAX_WORD_CHARACTERS, MAX_PATTERN_CHARACTERS = 1_000, 100, 300
#: Of the operator's reason for closing a server.
MAX_REASON_CHARACTERS = 300
#: Of days that pictures are kept.
MAX_KEEP_DAYS = 3_650

#: Who may make new pictures of somebody's by their buttons: everyone who sees them, whoever asked for them, or those
#: and the members with certain roles.
Press = Literal["everyone", "author", "roles"]
#: How many times as wide and as high.
MostUpscale = Literal[1, 2, 4]
#: Who may bring LoRAs and embeddings, train, or see what others asked for: everyone, members with certain roles, or
#: nobody. Managers always may.
Who = Literal["everyone", "roles", "nobody"]
#: The lane of the queue in which a member's requests wait.
RoleLane = Literal["priority", "normal", "relaxed"]
#: What happens to the requests of members who have used up their budget: they wait behind all others, or are refused.
PastBudget = Literal["relaxed", "refuse"]
#: Where the bot answers, by whether Discord calls the channel age-restricted.
AgeRestricted = Literal["allowed", "only", "never"]
#: What a check of pictures does with those that it flags: it is not made; they are blurred and hidden behind a
#: spoiler; they are not shown.
Check = Literal["off", "blur", "block"]


class Quota(msgspec.Struct, frozen=True, array_like=True):
    """How many adapters somebody may have, and how many bytes in them."""

    count: int
    bytes: int

    def __post_init__(self) -> None:
        require_int("adapters", self.count, 0, MAX_ADAPTERS)
        require_int("bytes of adapters", self.bytes, 0, MAX_ADAPTER_BYTES)


class ModelRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a model may be used in a server, where and by whom."""

    allowed: bool = True
    #: Only in these channels, their threads, and the channels of these categories; empty: in every one.
    channels: tuple[int, ...] = ()
    #: Only by members with one of these; empty: by everybody.
    roles: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _require_few("channels of a model", self.channels)
        _require_few("roles of a model", self.roles)


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The most that a member may ask for; None: no rule of the server's own."""

    steps: int | None = None
    #: Of a picture as it is painted.
    pixels: int | None = None
    #: Pictures of one request.
    count: int | None = None
    #: How many times as wide and as high; 1: pictures are not made larger.
    upscale: MostUpscale | None = None
    #: Of a picture made larger.
    upscale_pixels: int | None = None
    #: Pictures of a member that wait at a time.
    waiting: int | None = None
    #: Budgets of a member: a day begins at midnight UTC; a week is today and the six days before.
    daily_seconds: float | None = None
    daily_pictures: int | None = None
    weekly_seconds: float | None = None
    weekly_pictures: int | None = None

    def __post_init__(self) -> None:
        for field, least in (("steps", 1), ("pixels", 64 * 64), ("count", 1), ("waiting", 0)):
            if (value := getattr(self, field)) is not None:
                require_int(field, value, least, max(MOST, MAX_IMAGE_PIXELS))
        for field in ("daily_pictures", "weekly_pictures"):
            if (value := getattr(self, field)) is not None:
                require_int(field.replace("_", " "), value, 0, MOST)
        for field in ("daily_seconds", "weekly_seconds"):
            if (value := getattr(self, field)) is not None:
                require_float(field.replace("_", " "), value, 0, MOST)
        if self.upscale is not None and self.upscale not in get_args(MostUpscale):
            raise OutOfRange("upscaling", self.upscale, "1, 2 or 4")
        if self.upscale_pixels is not None:
            require_int("pixels of a picture made larger", self.upscale_pixels, _LEAST_UPSCALE_PIXELS, MAX_IMAGE_PIXELS)


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a guild's admins chose. None and empty mean no rule of the guild's own."""

    # Models

    #: By name. What stands here is known; a model that does not is new.
    models: dict[str, ModelRule] = {}
    #: Whether a new model may be used before anybody allows it.
    new_models: Literal["allow", "deny"] = "deny"
    #: The models that were there when the bot came were written down; until then none is new.
    models_known: bool = False
    default_model: str | None = None
    #: In place of that by channel, or by role; the channel's goes before the role's.
    default_models: dict[int, str] = {}

    # Limits

    limits: Limits = Limits()
    #: By role: what it says stands in place of the server's; of several roles, the most that any of them says.
    role_limits: dict[int, Limits] = {}
    past_budget: PastBudget = "relaxed"
    #: Pictures of the whole server that wait at a time.
    waiting: int | None = None

    # Channels

    #: Where the bot answers: channels with their threads, and categories with their channels. Empty: everywhere.
    channels: tuple[int, ...] = ()
    #: Where it never does.
    closed_channels: tuple[int, ...] = ()
    #: In place of `channels`, by the name of a command: "imagine", "adapters".
    command_channels: dict[str, tuple[int, ...]] = {}
    #: Where results are seen by whoever asked for them alone.
    private_channels: tuple[int, ...] = ()
    threads: bool = True
    age_restricted: AgeRestricted = "allowed"
    #: Members may ask for pictures that they alone see.
    allow_private: bool = True

    # Roles

    #: Weight in the queue; a member has the highest of theirs.
    role_weights: dict[int, float] = {}
    #: A member has the first lane of theirs.
    role_lanes: dict[int, RoleLane] = {}
    press: Press = "everyone"
    #: Who may where `press` says "roles".
    press_roles: tuple[int, ...] = ()
    #: Who may see what others asked for here.
    history: Who = "nobody"
    history_roles: tuple[int, ...] = ()
    add_adapters: Who = "everyone"
    #: Who may where `add_adapters` says "roles".
    adapter_roles: tuple[int, ...] = ()
    #: Who may have adapters trained. Nothing trains yet; the rule is there before it.
    train: Who = "nobody"
    train_roles: tuple[int, ...] = ()
    #: Adapters are used here only once somebody who manages the server has approved them.
    approve_adapters: bool = False
    #: Of a member's adapters that were brought here. None: no rule beyond the operator's.
    adapter_quota: Quota | None = None
    #: By role, in place of that; a member has the highest of theirs.
    adapter_quotas: dict[int, Quota] = {}

    # Content

    #: Kept out of every picture that is asked for here.
    negative_prompt: str = ""
    #: Words that no prompt may have, and words of which a member is warned; and the same as regular expressions.
    blocked_words: tuple[str, ...] = ()
    warned_words: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    warned_patterns: tuple[str, ...] = ()
    #: Of finished pictures, in ordinary channels and in those that Discord calls age-restricted.
    check: Check = "off"
    check_age_restricted: Check = "off"

    # What is kept

    #: Days that pictures of this server are kept; None: as long as the operator keeps any.
    keep_days: int | None = None

    def __post_init__(self) -> None:
        require_text("negative prompt", self.negative_prompt, MAX_NEGATIVE_CHARACTERS)
        for name in (*self.models, *self.default_models.values(), *filter(None, [self.default_model])):
            require_text("model", name, 200)
        for role, weight in self.role_weights.items():
            require_float(f"weight of role {role}", weight, 0.01, 100)
        for what, value, choices in (
            ("what new models are", self.new_models, ("allow", "deny")),
            ("what is past a budget", self.past_budget, get_args(PastBudget)),
            ("age-restricted channels", self.age_restricted, get_args(AgeRestricted)),
            ("who may press", self.press, get_args(Press)),
            ("who may see what others asked for", self.history, get_args(Who)),
            ("who may bring adapters", self.add_adapters, get_args(Who)),
            ("who may train", self.train, get_args(Who)),
            ("the check of pictures", self.check, get_args(Check)),
            ("the check of pictures in age-restricted channels", self.check_age_restricted, get_args(Check)),
            *(("lane of a role", lane, get_args(RoleLane)) for lane in self.role_lanes.values()),
        ):
            require_choice(what, value, choices)
        few: list[tuple[str, Sized]] = [
            ("roles that may press", self.press_roles),
            ("roles that may see what others asked for", self.history_roles),
            ("roles that may bring adapters", self.adapter_roles),
            ("roles that may train", self.train_roles),
            ("roles that have a quota", self.adapter_quotas),
            ("roles with limits", self.role_limits),
            ("roles with a weight", self.role_weights),
            ("roles with a lane", self.role_lanes),
            *(("channels of a command", channels) for channels in self.command_channels.values()),
        ]
        for what, some in few:
            _require_few(what, some)
        many: list[tuple[str, Sized]] = [
            ("channels where the bot answers", self.channels),
            ("channels where it does not", self.closed_channels),
            ("channels where results are private", self.private_channels),
            ("models", self.models),
            ("default models", self.default_models),
            ("commands with channels of their own", self.command_channels),
        ]
        for what, some in many:
            _require_few(what, some, MAX_RULES)
        for what, texts, most in (
            ("blocked words", self.blocked_words, MAX_WORD_CHARACTERS),
            ("warned words", self.warned_words, MAX_WORD_CHARACTERS),
            ("blocked patterns", self.blocked_patterns, MAX_PATTERN_CHARACTERS),
            ("warned patterns", self.warned_patterns, MAX_PATTERN_CHARACTERS),
        ):
            _require_few(what, texts, MAX_WORDS)
            for text in texts:
                require_text(what, text, most)
        if self.waiting is not None:
            require_int("pictures that wait", self.waiting, 0, MOST)
        if self.keep_days is not None:
            require_int("days that pictures are kept", self.keep_days, 1, MAX_KEEP_DAYS)


def _require_few(what: str, some: Sized, most: int = MAX_PER_RULE) -> None:
    """Raise OutOfRange for more than a rule can hold."""
    if len(some) > most:
        kind = what.partition(" ")[0]
        raise OutOfRange(what, f"{len(some)} {kind}", f"at most {most} {kind}")


_decoder = msgspec.json.Decoder(Settings)


async def settings(reader: Reader, guild_id: int) -> Settings:
    """Return a guild's settings. Raises UnreadableRow when what is written there makes no sense."""
    row = await reader.fetch_one(SELECT, {"id": guild_id})
    try:
        return _decoder.decode(row["settings"]) if row else Settings()
    except msgspec.DecodeError as error:
        raise UnreadableRow(
            f"The settings of guild {guild_id} cannot be read ({error}). Setting them again mends it."
        ) from error


async def all_settings(reader: Reader) -> dict[int, Settings]:
    """Return the settings of every guild that has any; what makes no sense is left out and logged."""
    found = {}
    for row in await reader.fetch_all(SELECT_ALL):
        try:
            found[row["id"]] = _decoder.decode(row["settings"])
        except msgspec.DecodeError as error:
            log.warning("the settings of guild %d cannot be read: %s", row["id"], error)
    return found


async def unreadable(reader: Reader) -> set[int]:
    """Return the guilds whose settings make no sense."""
    found = set()
    for row in await reader.fetch_all(SELECT_ALL):
        try:
            _decoder.decode(row["settings"])
        except msgspec.DecodeError:
            found.add(int(row["id"]))
    return found


async def closed(reader: Reader) -> dict[int, str]:
    """Return the guilds that the operator has closed, each with the reason, "" without one."""
    return {row["id"]: row["closed_why"] for row in await reader.fetch_all(SELECT_CLOSED)}


async def close(write: Transaction, guild_id: int, why: str) -> None:
    """Close a guild. Raises OutOfRange for a reason that is too long."""
    require_text("reason", why, MAX_REASON_CHARACTERS)
    await write.execute(CLOSE, {"id": guild_id, "why": why, "now": write.now})


async def reopen(write: Transaction, guild_id: int) -> bool:
    """Open a guild again, and tell whether it was closed."""
    return await write.execute(OPEN, {"id": guild_id}) > 0


async def set_settings(write: Transaction, guild_id: int, chosen: Settings) -> None:
    """Write a guild's settings, all of them."""
    text = msgspec.json.encode(chosen).decode()
    await write.execute(SET, {"id": guild_id, "settings": text, "now": write.now})


async def delete(write: Transaction, guild_id: int) -> None:
    """Delete a guild's settings; what was made there belongs to its members and stays."""
    await write.execute(DELETE, {"id": guild_id})
