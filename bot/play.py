"""`easel run` and `easel play`: the bot with Discord, and with a loopback Discord of its own."""

import asyncio
import contextlib
import json
import subprocess
import sys
import webbrowser
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from rich.console import Console

from bot.engines.process import LocalProcess
from bot.errors import EaselError, UserError
from bot.logs import log_file, set_up_logs
from bot.mischief import mischief
from bot.settings import Settings

#: Ctrl-C is for the bot, which says goodbye to the playground while that still listens.
if sys.platform == "win32":
    _OUT_OF_REACH: dict[str, Any] = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _OUT_OF_REACH: dict[str, Any] = {"start_new_session": True}

_READY_SECONDS = 30.0
_PARTING_SECONDS = 5.0


@dataclass(frozen=True)
class Address:
    """Where a playground listens."""

    api: str
    gateway: str
    token: str
    #: Where people's actions are posted.
    control: str
    #: The page.
    url: str


async def run(settings: Settings) -> int:
    """Run the bot with Discord until it is stopped. Raises EaselError and StorageError."""
    _set_up_logs(settings)
    with log_file(settings.log_file, settings.log_format, settings.log_prompts):
        token = settings.discord_token.get_secret_value()
        if not token:
            raise UserError(
                "There is no token. Make an application on https://discord.com/developers, copy the token of its Bot "
                "page and set DISCORD_TOKEN, in the environment or in a file .env; `easel play` needs none."
            )
        await _run(settings, LocalProcess(settings.engine()), token)
    return 0


async def play(settings: Settings, port: int, console: Console, *, browse: bool = False) -> int:
    """Run the bot in a playground until it is stopped; `browse` opens its page. Raises EaselError and StorageError."""
    _set_up_logs(settings)
    async with playground(port) as address:
        here = settings.model_copy(
            update={
                "discord_api": address.api,
                "discord_gateway": address.gateway,
                "discord_token": SecretStr(address.token),
                "data_folder": settings.data_folder / "playground",
                # What lies there belongs to the rows of one database.
                "adapters_folder": "",
                "adapters_incoming": "",
            }
        )
        words = f"Open {address.url}/ in a browser, and type /imagine there. Ctrl-C ends it."
        console.print(words, soft_wrap=True)
        console.print(f"Programs use {address.control} (docs/playground.md).", soft_wrap=True)
        if browse:
            # Where there is no browser, the address above is all that there is to say.
            await asyncio.to_thread(webbrowser.open, f"{address.url}/")
        engine = LocalProcess(here.engine())
        async with mischief(address.control, engine):
            await _run(here, engine, address.token)
    return 0


async def _run(settings: Settings, engine: LocalProcess, token: str) -> None:
    # discord.py takes its time to import, and no other command needs it.
    from bot.app import run_bot

    await run_bot(settings, engine, token)


def _set_up_logs(settings: Settings) -> None:
    set_up_logs(settings.log_level, settings.log_format, settings.log_prompts)


@contextlib.asynccontextmanager
async def playground(port: int = 0) -> AsyncIterator[Address]:
    """Start a playground as a process of its own, which ends with this one, however this one ends."""
    people = ("--application", "Easel", "--person", "ann", "--person", "newcomer", "--admin", "boss")
    command = (sys.executable, "-m", "playground", "--port", str(port), *people, "--until-stdin-closes")
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, **_OUT_OF_REACH
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield await _address(process.stdout)
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PARTING_SECONDS)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _address(output: asyncio.StreamReader) -> Address:
    """Return what the playground says when it is ready. Raises EaselError."""
    try:
        line = await asyncio.wait_for(output.readline(), _READY_SECONDS)
        said = json.loads(line)
        return Address(**{name: said[name] for name in Address.__dataclass_fields__})
    except (TimeoutError, ValueError, KeyError) as error:
        raise EaselError("The playground did not start. Is its port taken? Choose another with --port.") from error
