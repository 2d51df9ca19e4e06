"""What `easel play` lets go wrong on purpose, for whoever presses the buttons of the playground's page.

The playground knows nothing of Easel: it asks this process for a deed, at an address of this machine that nobody else
can guess. Nothing is pretended: the worker dies by a signal, and it is the operating system that refuses to write.
"""

import contextlib
import logging
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import psutil
from aiohttp import web

from bot.engines.process import LocalProcess

log = logging.getLogger("easel.mischief")

_HOST = "127.0.0.1"
_REGISTER_SECONDS = 10.0


class Refused(Exception):
    """A deed that cannot be done now; the message says why."""


@dataclass(frozen=True)
class Deed:
    """Something that can be let go wrong, or put right again."""

    name: str
    label: str
    title: str
    #: Does it, and returns what is said of it. Raises Refused.
    do: Callable[[], str]


@contextlib.asynccontextmanager
async def mischief(control: str, engine: LocalProcess) -> AsyncIterator[None]:
    """Offer deeds to the playground whose control API is at that address, for the length of the block."""
    disk = FullDisk(lambda: engine.pid) if FullDisk.possible else None
    deeds = _deeds(engine, disk)
    secret = secrets.token_urlsafe(32)
    runner = web.AppRunner(_application(deeds, secret), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, _HOST, 0)
        await site.start()
        await _offer(control, deeds, f"http://{_HOST}:{runner.addresses[0][1]}/{secret}")
        yield
    finally:
        if disk is not None:
            disk.make_room()
        await runner.cleanup()


def _deeds(engine: LocalProcess, disk: "FullDisk | None") -> list[Deed]:
    def kill() -> str:
        if not engine.kill():
            raise Refused("No worker is running just now.")
        return (
            "The worker was killed. The bot starts another, unless it died too often in a row, and what was lost is "
            "painted again."
        )

    deeds = [Deed("kill-the-worker", "Kill the worker", "The process that paints dies at once", kill)]
    if disk is not None:
        full = "The disk refuses every write of the bot from now on; nothing is written to it"
        deeds += [
            Deed("fill-the-disk", "Fill the disk", full, disk.fill),
            Deed("make-room", "Make room again", "The disk takes what the bot writes", disk.make_room),
        ]
    return deeds


def _application(deeds: list[Deed], secret: str) -> web.Application:
    """Return a server that does a deed for a POST to its name behind the secret, and knows nothing else."""
    known = {deed.name: deed for deed in deeds}

    async def do(request: web.Request) -> web.Response:
        told = request.match_info["secret"].encode()
        deed = known.get(request.match_info["deed"])
        if deed is None or not secrets.compare_digest(told, secret.encode()):
            raise web.HTTPNotFound
        log.warning("somebody asks for mischief: %s", deed.label)
        try:
            return web.json_response({"said": deed.do()})
        except Refused as refused:
            return web.json_response({"error": str(refused)}, status=409)

    application = web.Application()
    application.router.add_post("/{secret}/{deed}", do)
    return application


async def _offer(control: str, deeds: list[Deed], base: str) -> None:
    """Tell the playground what there is. Without it the bot runs all the same."""
    told = [
        {"name": deed.name, "label": deed.label, "title": deed.title, "url": f"{base}/{deed.name}"} for deed in deeds
    ]
    limit = aiohttp.ClientTimeout(total=_REGISTER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.put(f"{control}/deeds", json={"deeds": told}, raise_for_status=True),
        ):
            pass
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("the playground does not offer mischief: %s", error)


if sys.platform == "win32":

    class FullDisk:
        """Windows has no limit that would do."""

        possible = False

        def __init__(self, worker: Callable[[], int | None]) -> None:
            raise NotImplementedError

        def fill(self) -> str:
            """Never called."""
            raise NotImplementedError

        def make_room(self) -> str:
            """Never called."""
            raise NotImplementedError

else:
    import resource

    class FullDisk:
        """A disk that takes nothing more from this process and its worker, though there may be room for others.

        The limit of a file's size is set to nothing, so the system refuses every write to a file; pipes, sockets and
        terminals are none. Python ignores the signal that comes with it.
        """

        possible = True

        def __init__(self, worker: Callable[[], int | None]) -> None:
            self._worker = worker
            #: The limit as it was; None while there is room.
            self._before: int | None = None

        def fill(self) -> str:
            """Refuse every write from now on. Raises Refused."""
            if self._before is not None:
                raise Refused("The disk is full already.")
            self._before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
            worker = self._worker()
            if worker is not None:
                _limit_others(worker, 0)
            return "The disk is full: the bot can write nothing."

        def make_room(self) -> str:
            """Take writes again, also those of a worker that was born meanwhile."""
            if self._before is None:
                return "There is room."
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._before, hard))
            for child in psutil.Process().children():
                _limit_others(child.pid, self._before)
            self._before = None
            return "There is room again. What waited is written within some seconds."

    def _limit_others(pid: int, soft: int) -> None:
        """Give a process and its children that limit, where the system can: Linux. Elsewhere they keep theirs."""
        if sys.platform != "linux":
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error, OSError):
                    each.rlimit(psutil.RLIMIT_FSIZE, (soft, each.rlimit(psutil.RLIMIT_FSIZE)[1]))
