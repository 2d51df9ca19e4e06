"""A playground as a process of its own: `python -m playground`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from playground.permissions import EVERYONE, Permission
from playground.server import Playground
from playground.settings import PlaygroundSettings

#: Those that the system has; Windows sends a SIGBREAK of its own.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]

#: What `--admin` gives.
_ADMIN = Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 0 after that, 1 when it could not begin."""
    chosen = _parser().parse_args(arguments)
    try:
        token = "" if chosen.token_file is None else _token(chosen.token_file)
        settings = PlaygroundSettings(port=chosen.port, application=chosen.application, guild=chosen.guild, token=token)
        asyncio.run(_serve(settings, chosen))
    except OSError as error:
        print(f"the playground cannot be started: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m playground", description="A Discord on loopback, for trying bots on.")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="the port; a free one when left out")
    parser.add_argument("--application", default="Playground Bot", metavar="NAME", help="the name of the bot")
    parser.add_argument("--guild", default="Atelier", metavar="NAME", help="the name of the first guild")
    parser.add_argument("--person", action="append", metavar="NAME", help='who is there; repeatable; "ann" if left out')
    parser.add_argument("--admin", action="append", metavar="NAME", help="who may manage the first guild; repeatable")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="keep the bot's token in this file, to be the same next time"
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="stop when the program that started this one is gone"
    )
    return parser


def _token(file: Path) -> str:
    """Return the token that a file holds, drawn on first use; nobody else may read the file."""
    with contextlib.suppress(FileNotFoundError):
        return file.read_text("ascii").strip()
    token = secrets.token_urlsafe(48)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(token + "\n")
    return token


async def _serve(settings: PlaygroundSettings, chosen: argparse.Namespace) -> None:
    """Say where the playground is, in one line of JSON, and serve."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has ended before.
            loop.call_soon_threadsafe(stop.set)

    for number in _SIGNALS:
        signal.signal(number, end)
    async with Playground(settings) as playground:
        for name in chosen.person or ["ann"]:
            playground.person(name)
        guild = next(iter(playground.world.guilds.values()))
        for name in chosen.admin or []:
            guild.assign(playground.person(name).user, guild.role("admins", EVERYONE | _ADMIN))
        if chosen.until_stdin_closes:
            threading.Thread(target=_watch_stdin, args=(end,), daemon=True).start()
        places = {name: getattr(playground, name) for name in ("api", "gateway", "token", "control", "url")}
        print(json.dumps(places), flush=True)
        await stop.wait()


def _watch_stdin(end: Callable[[], None]) -> None:
    """Call `end` when stdin closes.

    It is read without Python's buffer, whose lock would otherwise still be held when the interpreter ends.
    """
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    end()


if __name__ == "__main__":
    sys.exit(main())
