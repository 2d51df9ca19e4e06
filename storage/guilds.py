"""Guilds: the settings that their admins choose."""

import logging
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

_MOST = 1_000_000
#: Characters that an admin may put behind every negative prompt.
MAX_NEGATIVE_CHARACTERS = 2_000
#: Roles that may press.
MAX_PRESS_ROLES = 25
_LEAST_UPSCALE_PIXELS = 1_000_000
#: Roles that may bring adapters, or have a quota of their own.
MAX_ADAPTER_ROLES = 25
#: Of a quota.
MAX_ADAPTERS, MAX_ADAPTER_BYTES = 10_000, 10**12

#: Who may make new pictures of somebody's by their buttons: everyone who sees them, whoever asked for them, or those
#: and the members with certain roles.
Press = Literal["everyone", "author", "roles"]
#: How many times as wide and as high.
MostUpscale = Literal[1, 2, 4]
#: Who may bring LoRAs and embeddings: everyone, members with certain roles, or nobody. Managers always may.
AddAdapters = Literal["everyone", "roles", "nobody"]


class Quota(msgspec.Struct, frozen=True, array_like=True):
    """How many adapters somebody may have, and how many bytes in them."""

    count: int
    bytes: int

    def __post_init__(self) -> None:
        require_int("adapters", self.count, 0, MAX_ADAPTERS)
        require_int("bytes of adapters", self.bytes, 0, MAX_ADAPTER_BYTES)


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a guild's admins chose. None and empty mean no rule of the guild's own."""

    #: Names of models; empty allows every installed one.
    allowed_models: tuple[str, ...] = ()
    default_model: str | None = None
    #: Channels in which pictures may be made; empty allows every one.
    channels: tuple[int, ...] = ()
    #: Weight in the queue by role; a member has the highest of theirs.
    role_weights: dict[int, float] = {}
    max_waiting: int | None = None
    max_running: int | None = None
    max_waiting_per_member: int | None = None
    max_running_per_member: int | None = None
    #: Beyond it a member's jobs go to the relaxed lane.
    daily_gpu_seconds_per_member: float | None = None
    allow_private: bool = True
    #: As Discord names it: "en-GB".
    locale: str | None = None
    #: Kept out of every picture that is asked for here.
    negative_prompt: str = ""
    press: Press = "everyone"
    #: Who may where `press` says "roles".
    press_roles: tuple[int, ...] = ()
    #: 1: pictures are not made larger here.
    most_upscale: MostUpscale = 4
    #: Of a picture made larger.
    most_upscale_pixels: int | None = None
    add_adapters: AddAdapters = "everyone"
    #: Who may where `add_adapters` says "roles".
    adapter_roles: tuple[int, ...] = ()
    #: Adapters are used here only once somebody who manages the server has approved them.
    approve_adapters: bool = False
    #: Of a member's adapters that were brought here. None: no rule beyond the operator's.
    adapter_quota: Quota | None = None
    #: By role, in place of that; a member has the highest of theirs.
    adapter_quotas: dict[int, Quota] = {}

    def __post_init__(self) -> None:
        require_text("negative prompt", self.negative_prompt, MAX_NEGATIVE_CHARACTERS)
        for name in (*self.allowed_models, *filter(None, [self.default_model])):
            require_text("model", name, 200)
        for role, weight in self.role_weights.items():
            require_float(f"weight of role {role}", weight, 0.01, 100)
        for field in ("max_waiting", "max_running", "max_waiting_per_member", "max_running_per_member"):
            limit = getattr(self, field)
            if limit is not None:
                require_int(field, limit, 0, _MOST)
        require_choice("who may press", self.press, get_args(Press))
        if len(self.press_roles) > MAX_PRESS_ROLES:
            raise OutOfRange(
                "roles that may press", f"{len(self.press_roles)} roles", f"at most {MAX_PRESS_ROLES} roles"
            )
        if self.most_upscale not in get_args(MostUpscale):
            raise OutOfRange("upscaling", self.most_upscale, "1, 2 or 4")
        if self.most_upscale_pixels is not None:
            require_int(
                "pixels of a picture made larger", self.most_upscale_pixels, _LEAST_UPSCALE_PIXELS, MAX_IMAGE_PIXELS
            )
        require_choice("who may bring adapters", self.add_adapters, get_args(AddAdapters))
        for what, roles in (("may bring adapters", self.adapter_roles), ("have a quota", self.adapter_quotas)):
            if len(roles) > MAX_ADAPTER_ROLES:
                raise OutOfRange(f"roles that {what}", f"{len(roles)} roles", f"at most {MAX_ADAPTER_ROLES} roles")
        if self.daily_gpu_seconds_per_member is not None:
            require_float("daily_gpu_seconds_per_member", self.daily_gpu_seconds_per_member, 0, _MOST)


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


async def set_settings(write: Transaction, guild_id: int, chosen: Settings) -> None:
    """Write a guild's settings, all of them."""
    text = msgspec.json.encode(chosen).decode()
    await write.execute(SET, {"id": guild_id, "settings": text, "now": write.now})


async def delete(write: Transaction, guild_id: int) -> None:
    """Delete a guild's settings; what was made there belongs to its members and stays."""
    await write.execute(DELETE, {"id": guild_id})
