"""An internet for links: names that lead anywhere, and one server with TLS that answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.services.link_network import Network

_CERTIFICATES = Path(__file__).parent / "link_certificates"
#: Whoever trusts it trusts the server in the names of the sites that are known.
AUTHORITY = _CERTIFICATES / "authority.pem"
#: A public address, behind which the server stands.
PUBLIC = "93.184.215.14"

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(
    body: bytes = b"", status: str = "200 OK", length: int | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return an answer as it goes over the wire; `length` is what it says of its body, negative to say nothing."""
    told = len(body) if length is None else length
    fields = {**({} if told < 0 else {"Content-Length": str(told)}), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\nConnection: close\r\n{head}\r\n".encode() + body


def led_on(target: str, status: str = "302 Found") -> bytes:
    """Return a redirect."""
    return answer(status=status, headers={"Location": target})


async def sent(writer: asyncio.StreamWriter) -> None:
    """Wait until what was written is sent, and let the other side have its turn: TLS may take all without a pause."""
    await writer.drain()
    await asyncio.sleep(0)


@dataclass
class Asked:
    """What the server was asked."""

    host: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Internet:
    """Names and what is there."""

    #: By host and path, with its query; what is there not is answered with 404.
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    #: The addresses of a name, one list for each time that somebody looks; the last one stays.
    names: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    network: Network = field(default_factory=Network)
    _busy: dict[asyncio.Task[Any], asyncio.StreamWriter] = field(default_factory=dict)

    def put(self, url: str, given: Answer) -> None:
        """Put an answer at an address."""
        host, _, path = url.removeprefix("https://").partition("/")
        self.answers[host, f"/{path}"] = given

    async def lookup(self, host: str) -> Sequence[str]:
        """Return what a name leads to now."""
        lists = self.names.get(host, [[PUBLIC]])
        times = self.looked_up.count(host)
        self.looked_up.append(host)
        return lists[min(times, len(lists) - 1)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and hang up."""
        task = asyncio.current_task()
        assert task is not None
        self._busy[task] = writer
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            path = first.split(" ")[1]
            self.asked.append(Asked(headers["host"], path, headers))
            given = self.answers.get((headers["host"], path), answer(status="404 Not Found"))
            if isinstance(given, bytes):
                writer.write(given)
                await writer.drain()
            else:
                await given(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            del self._busy[task]

    async def quiet(self) -> None:
        """Hang up on everybody, and return when nobody is answered any more."""
        for writer in self._busy.values():
            writer.transport.abort()
        if self._busy:
            await asyncio.wait(self._busy)


@asynccontextmanager
async def opened(address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Internet]:
    """Give an internet; its server is gone at the end. It stands at an address of this machine, at any port for 0."""
    internet = Internet()
    server_side, client_side = await asyncio.to_thread(_contexts)
    server = await asyncio.start_server(internet.serve, address, port, ssl=server_side)
    port = server.sockets[0].getsockname()[1]
    internet.network = Network(lookup=internet.lookup, doors={PUBLIC: (address, port)}, trust=client_side)
    try:
        yield internet
    finally:
        server.close()
        await internet.quiet()
        await server.wait_closed()


def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(_CERTIFICATES / "server.pem")
    client_side = ssl.create_default_context(cafile=str(AUTHORITY))
    return server_side, client_side
