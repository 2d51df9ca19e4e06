"""What servers' admins chose, in memory."""

import asyncio
from typing import Any

import msgspec

from storage import Database, guilds
from storage.guilds import MAX_ADAPTER_BYTES, MAX_ADAPTERS, Limits, Quota, Settings

#: Characters of a negative prompt.
MAX_NEGATIVE_CHARACTERS = guilds.MAX_NEGATIVE_CHARACTERS

MIB = 2**20

__all__ = [
    "MAX_ADAPTERS",
    "MAX_ADAPTER_BYTES",
    "MAX_NEGATIVE_CHARACTERS",
    "MIB",
    "Guilds",
    "Limits",
    "Quota",
    "Settings",
]


class Guilds:
    """Servers and their settings."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        #: Of every server whose admins chose anything.
        self._held: dict[int, Settings] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read every server's settings, so that nothing waits for them. Raises StorageError."""
        self._held = await guilds.all_settings(self._database)

    def settings(self, guild_id: int | None) -> Settings:
        """Return a server's settings; in a direct message there are none."""
        return Settings() if guild_id is None else self._held.get(guild_id, Settings())

    async def change(self, guild_id: int, **changes: Any) -> Settings:
        """Set those fields that are given, and return them all. Raises OutOfRange, StorageError."""
        async with self._changing:
            # Replacing a struct's fields does not check them; making it anew does.
            chosen = Settings(**(msgspec.structs.asdict(self.settings(guild_id)) | changes))
            async with self._database.transaction() as write:
                await guilds.set_settings(write, guild_id, chosen)
            self._held[guild_id] = chosen
        return chosen
