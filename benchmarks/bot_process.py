"""The bot as a process of its own, with the worker that a measurement wants: `python -m benchmarks.bot_process WORKER`.

`sample` is the production worker with the sample model; `clockwork` a stand-in that paints flat pictures at once.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from playground import Playground

#: Patience with a worker that is killed on purpose, again and again.
_UNSHAKEN = 10**6


class BotProcess:
    """A bot that can be killed and started again on the same folder."""

    def __init__(self, playground: Playground, folder: Path, worker: str) -> None:
        self._playground = playground
        self._folder = folder
        self._worker = worker
        self._process: asyncio.subprocess.Process | None = None
        self._log = folder / "bot.log"

    async def start(self) -> None:
        """Start it, and wait until it can be spoken to."""
        places = {
            "EASEL_DATA_FOLDER": str(self._folder),
            "EASEL_MODELS_FOLDER": str(self._folder / "models"),
            "EASEL_DISCORD_API": self._playground.api,
            "EASEL_DISCORD_GATEWAY": self._playground.gateway,
            "EASEL_DISCORD_TOKEN": self._playground.token,
            "EASEL_MEMBER_WAITING": "100000",
            "EASEL_GUILD_WAITING": "100000",
            "EASEL_THREADS": "1",
        }
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.bot_process", self._worker, env=os.environ | places, stderr=log
            )
        ended = asyncio.ensure_future(self._process.wait())
        ready = asyncio.ensure_future(self._playground.until(lambda: self._playground.connected > 0, 120))
        await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            raise RuntimeError(f"the bot ended at its start:\n{self._log.read_text()[-3000:]}")
        ended.cancel()

    async def stop(self) -> None:
        """Stop it as an admin would."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    async def kill(self) -> None:
        """Kill it where it stands; its worker goes too, as when the machine fails."""
        assert self._process is not None
        children = self._workers()
        self._process.kill()
        await self._process.wait()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        await self._playground.until(lambda: self._playground.connected == 0, 60)

    def kill_worker(self) -> bool:
        """Kill the worker alone; return whether there was one."""
        workers = self._workers()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        return bool(workers)

    def _workers(self) -> list[psutil.Process]:
        assert self._process is not None
        try:
            return list(psutil.Process(self._process.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    @property
    def resident_bytes(self) -> int:
        """Return the memory of the bot itself."""
        assert self._process is not None
        return int(psutil.Process(self._process.pid).memory_info().rss)


@contextlib.asynccontextmanager
async def bot_process(playground: Playground, folder: Path, worker: str) -> AsyncIterator[BotProcess]:
    """Run the bot in `folder`, and stop it at the end."""
    bot = BotProcess(playground, folder, worker)
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


def main(worker: str) -> None:
    """Be the bot."""
    from bot.app import run_bot
    from bot.engines.process import LocalProcess
    from bot.engines.supervision import Supervision
    from bot.logs import set_up_logs
    from bot.settings import load_settings

    settings = load_settings()
    set_up_logs("info", "text")
    if worker == "clockwork":
        patient = Supervision(quick_deaths=_UNSHAKEN, first_delay_seconds=0.05, longest_delay_seconds=0.05)
        command = (sys.executable, "-m", "tests.clockwork_worker")
        engine = LocalProcess(settings.engine(), command, patient)
    else:
        engine = LocalProcess(settings.engine())
    asyncio.run(run_bot(settings, engine, settings.discord_token.get_secret_value()))


if __name__ == "__main__":
    main(sys.argv[1])
