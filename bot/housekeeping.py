"""What is kept no longer is deleted, now and then."""

import asyncio
import logging

from bot.services.adapters import Adapters
from bot.services.audit import Audit
from bot.services.guilds import Guilds
from bot.services.leaving import Leaving
from bot.settings import Settings
from storage import ContentFolder, Database, StorageError, deliveries, disposal, images

log = logging.getLogger("easel.rooms")

DAY_SECONDS = 86_400.0
_HOUSEKEEPING_SECONDS = 600.0


async def keep_house(
    settings: Settings,
    *,
    database: Database,
    pictures: ContentFolder,
    inputs: ContentFolder,
    guilds: Guilds,
    leaving: Leaving,
    audit: Audit,
    adapters: Adapters,
) -> None:
    """Delete old pictures, what is kept of servers that were left, old entries of audits, files that nobody has."""
    older = settings.keep_days * DAY_SECONDS or None
    most = int(settings.keep_gb * 1e9) or None
    while True:
        try:
            retired = await images.retire(database, older_than_seconds=older, most_bytes=most)
            for guild_id, days in guilds.kept_days().items():
                retired += await images.retire_of_guild(database, guild_id, days * DAY_SECONDS)
            await leaving.purge_due()
            if settings.audit_days:
                await audit.prune(settings.audit_days * DAY_SECONDS)
            swept = await disposal.sweep(database, pictures, inputs)
            await adapters.sweep()
            async with database.transaction() as write:
                forgotten = await deliveries.forget_tokens(write)
            log.debug("%d pictures retired, %d files deleted, %d tokens forgotten", retired, swept, forgotten)
        except StorageError as error:
            log.error("housekeeping: %s", error)
        await asyncio.sleep(_HOUSEKEEPING_SECONDS)
