"""The operator's LoRAs and embeddings, for programs beside the bot: it may run meanwhile, and keeps its database."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.services.adapter_shelves import Seen
from storage import looking
from storage.adapters import OPERATOR, of_owner
from storage.styles import folded


async def operators_adapters(database: Path, folder: Path) -> Mapping[str, Seen]:
    """Return the operator's adapters whose files are in `folder`, by their names as they are compared.

    Raises StorageError.
    """
    async with looking(database) as reader:
        rows = [] if reader is None else await of_owner(reader, OPERATOR)
    return await asyncio.to_thread(_there, rows, folder)


def _there(rows: Iterable[Seen], folder: Path) -> dict[str, Seen]:
    return {folded(one.name): one for one in rows if (folder / f"{one.hash}.safetensors").is_file()}
