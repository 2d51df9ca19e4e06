"""What servers' admins chose, and what the operator did, in memory."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bot.services.asking import NO_RULES, Policy
from bot.services.audit import changes as changed
from storage import Database, audit, guilds
from storage.database import uninterrupted
from storage.guilds import MAX_ADAPTER_BYTES, MAX_ADAPTERS, Limits, Quota, Settings

#: Days that an admin may have pictures kept.
MAX_KEEP_DAYS = guilds.MAX_KEEP_DAYS
#: Characters of a negative prompt.
MAX_NEGATIVE_CHARACTERS = guilds.MAX_NEGATIVE_CHARACTERS

MIB = 2**20

__all__ = [
    "MAX_ADAPTERS",
    "MAX_ADAPTER_BYTES",
    "MAX_KEEP_DAYS",
    "MAX_NEGATIVE_CHARACTERS",
    "MIB",
    "STRICT",
    "Guilds",
    "Limits",
    "Quota",
    "Settings",
]

#: Of a server whose settings cannot be read, for whoever asks for one of them: nothing is allowed that a server can
#: forbid, and everything is checked.
STRICT = Settings(
    models_known=True,
    new_models="deny",
    allow_private=False,
    press="author",
    history="nobody",
    add_adapters="nobody",
    train="nobody",
    approve_adapters=True,
    check="block",
    check_age_restricted="block",
)


class Guilds:
    """Servers and their settings."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        #: Of every server whose admins chose anything.
        self._held: dict[int, Settings] = {}
        self._unreadable: set[int] = set()
        #: Why, by server.
        self._closed: dict[int, str] = {}
        self._changing = asyncio.Lock()
        #: Why nothing new is taken on anywhere, "" without a reason; None: everything is.
        self.draining: str | None = None

    async def load(self) -> None:
        """Read every server's settings, so that nothing waits for them. Raises StorageError."""
        self._held = await guilds.all_settings(self._database)
        self._unreadable = await guilds.unreadable(self._database)
        self._closed = await guilds.closed(self._database)

    def settings(self, guild_id: int | None) -> Settings:
        """Return a server's settings; in a direct message there are none."""
        if guild_id in self._unreadable:
            return STRICT
        return NO_RULES if guild_id is None else self._held.get(guild_id, NO_RULES)

    def policy(self, guild_id: int | None) -> Policy:
        """Return a server's rules, or those of direct messages."""
        return Policy(
            settings=self.settings(guild_id),
            closed=None if guild_id is None else self._closed.get(guild_id),
            draining=self.draining,
            unreadable=guild_id in self._unreadable,
        )

    @property
    def unreadable(self) -> frozenset[int]:
        """Return the servers whose settings cannot be read: nothing is allowed there until they are set again."""
        return frozenset(self._unreadable)

    @property
    def closed(self) -> Mapping[int, str]:
        """Return the servers that the operator has closed, each with the reason."""
        return dict(self._closed)

    @property
    def checking(self) -> bool:
        """Tell whether any server wants pictures checked."""
        chosen = (rule for one in self._held.values() for rule in (one.check, one.check_age_restricted))
        return bool(self._unreadable) or any(rule != "off" for rule in chosen)

    def kept_days(self) -> Mapping[int, int]:
        """Return the servers whose admins chose how many days their pictures are kept."""
        chosen = ((guild_id, settings.keep_days) for guild_id, settings in self._held.items())
        return {guild_id: days for guild_id, days in chosen if days is not None}

    async def change(
        self,
        guild_id: int,
        by: int = audit.NOBODY,
        make: Callable[[Settings], Mapping[str, Any]] | None = None,
        **changes: Any,
    ) -> Settings:
        """Set those fields that are given, and return them all; the audit notes who did it.

        `make` finds more of them in what is set then: two who add to one list lose nothing. Settings that cannot be
        read begin anew. Raises as `make` does, OutOfRange, StorageError.
        """
        async with self._changing:
            if make is not None:
                changes |= make(self._held.get(guild_id, NO_RULES))
            if not changes:
                return self.settings(guild_id)
            return await uninterrupted(self._change(guild_id, by, changes))

    async def _change(self, guild_id: int, by: int, changes: dict[str, Any]) -> Settings:
        before = self._held.get(guild_id, NO_RULES)
        # Replacing a struct's fields does not check them; making it anew does.
        chosen = Settings(**(msgspec.structs.asdict(before) | changes))
        async with self._database.transaction() as write:
            await guilds.set_settings(write, guild_id, chosen)
            await audit.add_all(write, guild_id, by, changed(before, chosen))
        self._held[guild_id] = chosen
        self._unreadable.discard(guild_id)
        return chosen

    async def close(self, guild_id: int, why: str) -> None:
        """Close a server: nothing is allowed there until it is opened again. Raises OutOfRange, StorageError."""
        why = " ".join(why.split())
        async with self._changing:
            await uninterrupted(self._close(guild_id, why))

    async def _close(self, guild_id: int, why: str) -> None:
        async with self._database.transaction() as write:
            await guilds.close(write, guild_id, why)
            await audit.add(write, guild_id, audit.NOBODY, "server.closed", {"reason": why})
        self._closed[guild_id] = why

    async def open(self, guild_id: int) -> bool:
        """Open a server again, and tell whether it was closed. Raises StorageError."""
        async with self._changing:
            return await uninterrupted(self._open(guild_id))

    async def _open(self, guild_id: int) -> bool:
        async with self._database.transaction() as write:
            if was_closed := await guilds.reopen(write, guild_id):
                await audit.add(write, guild_id, audit.NOBODY, "server.opened", {})
        self._closed.pop(guild_id, None)
        return was_closed

    def forget_guild(self, guild_id: int) -> None:
        """Know nothing more of a server of which everything was deleted, but that it is closed."""
        self._held.pop(guild_id, None)
        self._unreadable.discard(guild_id)
