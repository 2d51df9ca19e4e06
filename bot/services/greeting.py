"""First contact: whoever added the bot is written to once, and can set the usual rules with one press."""

import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services.guilds import Guilds, Limits, Settings
from bot.texts import Mistake
from storage import Database, presence
from storage.guilds import MAX_RULES, ModelRule

log = logging.getLogger("easel.servers")

#: For everybody; careful with strangers; in the channel where the message stands, and nowhere else.
Preset = Literal["everybody", "careful", "here"]

_CAREFUL: Mapping[str, int] = {"steps": 30, "pixels": 1024 * 1024, "count": 4, "daily_pictures": 60}
#: The operator, in the audit.
_OPERATOR = 0


def changes_of(preset: Preset, channel_id: int | None, settings: Settings) -> dict[str, Any]:
    """Return the fields that a press sets; limits that it says nothing of stay. Raises Mistake without a channel."""
    if preset == "here":
        if channel_id is None:
            raise Mistake("gone")
        return {"channels": (channel_id,)}
    chosen: Mapping[str, int | None] = _CAREFUL if preset == "careful" else dict.fromkeys(_CAREFUL)
    return {
        "limits": Limits(**{**msgspec.structs.asdict(settings.limits), **chosen}),
        "past_budget": "refuse" if preset == "careful" else "relaxed",
        "approve_adapters": preset == "careful",
    }


def known(names: Sequence[str], settings: Settings) -> dict[str, Any]:
    """Return the fields that say that these models are known: allowed, where nobody has said otherwise."""
    models = {**{name: ModelRule() for name in names}, **settings.models}
    return {} if settings.models_known or len(models) > MAX_RULES else {"models": models, "models_known": True}


class Greeting:
    """Who has been written to, and what they set."""

    def __init__(self, *, database: Database, guilds: Guilds, dispatcher: Dispatcher) -> None:
        self._database = database
        self._guilds = guilds
        self._dispatcher = dispatcher

    async def claim(self, guild_id: int) -> bool:
        """Note that somebody is written to now; False where that was so already. Raises StorageError."""
        async with self._database.transaction() as write:
            return await presence.claim_greeting(write, guild_id)

    async def release(self, guild_id: int) -> None:
        """Undo `claim`, for another try. Raises StorageError."""
        async with self._database.transaction() as write:
            await presence.release_greeting(write, guild_id)

    async def know_models(self, guild_ids: Collection[int]) -> None:
        """Write down the models that are installed now as known, where that was not done: later ones are new.

        Where none is installed it waits: otherwise the first one would be new, and denied. Raises StorageError.
        """
        names = [model.name for model in self._dispatcher.models]
        if not names:
            return
        if len(names) > MAX_RULES:
            log.warning("%d models are installed; no server can have rules for more than %d", len(names), MAX_RULES)
            return
        for guild_id in guild_ids:
            if guild_id not in self._guilds.unreadable and not self._guilds.settings(guild_id).models_known:
                await self._guilds.change(guild_id, _OPERATOR, make=partial(known, names))

    async def set(self, preset: Preset, guild_id: int, member_id: int, channel_id: int | None) -> Settings:
        """Set what a button says, for somebody who may. Raises Mistake, OutOfRange, StorageError."""
        return await self._guilds.change(guild_id, member_id, make=partial(changes_of, preset, channel_id))
