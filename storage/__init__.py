"""What is kept: SQLite in WAL mode, and files named by their content.

Open it at the start, and mend what a crash may have left::

    database = await Database.open(folder / "easel.sqlite3")         # raises StorageError: words for the admin
    pictures = ContentFolder(folder / "pictures", ".png")
    inputs = ContentFolder(folder / "inputs")
    await repair(database, pictures, inputs)
    async with database.transaction() as write:
        await units.requeue_abandoned(write)
    async for waiting in jobs.unfinished(database): ...              # UnfinishedJob(job, units)

`looking(path)` reads one that another process has open.

Every write takes a `Transaction`, every read a `Reader`: the database, or a transaction that sees its own writes.
Functions are called by their module: `jobs.add`, `units.claim`.

A request, its pictures and its end::

    async with inputs.keep(*sources), database.transaction() as write:
        await jobs.add(write, NewJob(...), NewDelivery(...))
    async with database.transaction() as write:
        claimed = await units.claim(write, launch, {job_id: [0, 1]})
    async with pictures.keep(png) as (name,), database.transaction() as write:
        image_id = await units.finish(write, job_id, 0, launch, NewImage(hash=name, ...), gpu_seconds=1.5)
        # None: the lease was lost, drop it
    async with database.transaction() as write:
        await deliveries.advance(write, job_id, "sent", message_id=...)

- `jobs`: add, add_all, get, of_ids, units_of, unfinished, history, count, count_of_member, count_of_guild.
- `units`: claim, requeue, requeue_abandoned, finish, fail, cancel. A job's state follows in the same transaction.
- `deliveries`: get, by_message, unfinished, kept, advance, note_attempt, forget_tokens.
- `images`: get, of_ids, of_hash, of_job, of_jobs, of_member, favourites, mark, unmark, delete, total_bytes, retire.
- `lineage`: family. The pictures that one was made from, and that were made from it.
- `inputs`: of_job. Source pictures that a job holds on to until it ends.
- `disposal.sweep(database, pictures, inputs)`: deletes files that no row needs; now and then, and after deletions.
- `members`: defaults, all_defaults, set_defaults, weight, weights, set_weight, export, delete.
- `guilds`: settings, all_settings, set_settings, delete.
- `styles`: all, of_member, of_guild, given_by, count, add, change, remove, forget_member.
- `wildcards`: all, of_guild, put, remove, forget_member.
- `adapters`: all, get, of_owner, total_bytes, add, change, remove, former, bans, ban, unban, removals, take_away,
  give_back, export, forget_member.
  Their files are a `FlatFolder`, written by `take`; `disposal.sweep_adapters` and `repair_adapters` are theirs.
- `usage`: add, of_member, of_guild, day_of.
- `presence`: all, seen, left, due, begin, claim_greeting, release_greeting. Where the bot is.
- `purge.purge(database, guild_id)`: deletes everything that is kept of a server.
- `blocks`: all, of_member, put, remove, forget_member, delete_of_guild.
- `audit`: add, add_all, page, every, about, prune, forget_member, delete_of_guild.
- `taking_down`: count, take_down, messages, note_gone. What a member made in a server, deleted by those who run it.
- `notes`: get, beginning, put, take, forget. What the operator set.
- `backup`: make, archives, prune; `restoring`: restore, inspect. One file with everything, while others write.
"""

from storage.database import Clock, Database, Reader, Transaction
from storage.errors import (
    DamagedDatabase,
    DiskFull,
    ForeignDatabase,
    LockedDatabase,
    MigrationFailed,
    NewerDatabase,
    StorageError,
    UnreadableRecipe,
    UnreadableRow,
    Unwritable,
)
from storage.files import ContentFolder, FlatFolder, content_hash
from storage.looking import Look, looking
from storage.repairs import Repairs, repair, repair_adapters

__all__ = [
    "Clock",
    "ContentFolder",
    "DamagedDatabase",
    "Database",
    "DiskFull",
    "FlatFolder",
    "ForeignDatabase",
    "LockedDatabase",
    "Look",
    "MigrationFailed",
    "NewerDatabase",
    "Reader",
    "Repairs",
    "StorageError",
    "Transaction",
    "UnreadableRecipe",
    "UnreadableRow",
    "Unwritable",
    "content_hash",
    "looking",
    "repair",
    "repair_adapters",
]
