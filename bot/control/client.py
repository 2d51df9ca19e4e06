"""Asking the bot that runs on this machine."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from bot.control.server import FILE, HOST, Address
from bot.errors import EaselError, UserError

#: Of an answer; what takes longer is begun, and asked about again.
_ANSWER_SECONDS = 60.0


class NoBot(EaselError):
    """No bot runs there, or none that listens."""


class Bot:
    """A running bot, by the folder of its data."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    async def ask(self, action: str, **wanted: object) -> Any:
        """Have something done, and return what came of it. Raises NoBot, UserError for what is refused, EaselError."""
        address = await asyncio.to_thread(self._address)
        url = f"http://{HOST}:{address.port}/{action}"
        limit = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        try:
            # A proxy of the environment has no part in this.
            async with (
                aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
                session.post(
                    url,
                    data=msgspec.json.encode(wanted),
                    headers={"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"},
                ) as response,
            ):
                status, body = response.status, await response.read()
        except aiohttp.ClientConnectorError as error:
            raise NoBot("The bot does not run: nobody listens where its last run did.") from error
        except TimeoutError as error:
            raise EaselError("The bot runs, and gave no answer in time. Look at its log.") from error
        except aiohttp.ClientError as error:
            raise EaselError(f"The bot could not be asked: {error}.") from error
        return _answered(status, body)

    def _address(self) -> Address:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Address)
        except FileNotFoundError as error:
            raise NoBot(f"The bot does not run: there is no {self._path}.") from error
        except OSError as error:
            why = error.strerror or error
            raise EaselError(f"{self._path} cannot be read ({why}). Use the account that runs the bot.") from error
        except msgspec.DecodeError as error:
            raise NoBot(f"The bot does not run, or is of another version: {self._path} makes no sense.") from error


def _answered(status: int, body: bytes) -> Any:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise NoBot("The bot does not run: something else listens where its last run did.") from error
    if status == 200:
        return found
    words = str(found.get("error", "")) if isinstance(found, dict) else ""
    if status in (401, 403):
        raise NoBot("The bot does not run: something else listens where its last run did.")
    raise (UserError if status == 422 else EaselError)(words or f"The bot answered {status}.")
