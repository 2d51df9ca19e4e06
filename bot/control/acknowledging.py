"""How long interactions wait until Discord knows that they were heard."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord

from bot.observer import Observer

_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback$")
#: Interactions that are remembered until they are acknowledged, which some never are.
_MOST = 1000


class Acknowledgements:
    """Watches the requests of the client, which is given `trace`, and is told of each interaction."""

    def __init__(self, observer: Callable[[], Observer], clock: Callable[[], float] = time.monotonic) -> None:
        self._observer = observer
        self._clock = clock
        self._heard: OrderedDict[int, tuple[str, float]] = OrderedDict()
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._ended)

    def heard(self, interaction: discord.Interaction[Any]) -> None:
        """Note that an interaction has come."""
        while len(self._heard) >= _MOST:
            self._heard.popitem(last=False)
        self._heard[interaction.id] = (interaction.type.name, self._clock())

    async def _ended(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        found = _CALLBACK.search(ended.url.path)
        if found is None or ended.response.status >= 400:
            return
        if (waiting := self._heard.pop(int(found[1]), None)) is not None:
            kind, since = waiting
            self._observer().acknowledged(kind, self._clock() - since)
