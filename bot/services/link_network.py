"""The way to other people's servers: by TLS, to public addresses only, through redirects of which each is checked."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.services.link_hosts import PORT, Source, checked, fits
from bot.texts import Mistake
from inference import __version__

MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_AGENT = f"Easel/{__version__}"

#: Of IPv6, only what is handed out to networks is public; of that, these lead to addresses of IPv4 or to nobody.
_UNICAST = ipaddress.IPv6Network("2000::/3")
_TUNNELS = tuple(ipaddress.IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
#: What a network without IPv4 is told for names that have no IPv6: an address of IPv4 in disguise.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

Lookup = Callable[[str], Awaitable[Sequence[str]]]


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the public internet, and to one machine there."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    if known.is_multicast or known.is_reserved or known.is_loopback or known.is_link_local or not known.is_global:
        return False
    if isinstance(known, ipaddress.IPv6Address):
        return known in _UNICAST and not any(known in tunnel for tunnel in _TUNNELS)
    return True


async def look_up(host: str) -> list[str]:
    """Return a name's addresses as the system knows them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds that are waited."""

    #: For a connection; for the head of an answer; for the next bytes; for all of it.
    connect: float = 15.0
    answer: float = 30.0
    read: float = 30.0
    total: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Network:
    """How servers are found and trusted. Tests have names, servers and an authority of their own."""

    lookup: Lookup = look_up
    #: Where a checked address is reached, if not at itself.
    doors: Mapping[str, tuple[str, int]] | None = None
    trust: ssl.SSLContext | None = None

    @asynccontextmanager
    async def session(self, patience: Patience) -> AsyncIterator[aiohttp.ClientSession]:
        """Give a session that connects to public addresses only, keeps no cookies and unpacks nothing."""
        connector = aiohttp.TCPConnector(
            resolver=_PublicOnly(self), use_dns_cache=False, force_close=True, ssl=self.trust or True
        )
        async with aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, connect=patience.connect, sock_read=patience.read),
        ) as session:
            yield session


class _PublicOnly(AbstractResolver):
    """Finds a name's addresses once for a connection and hands on numbers: nothing is looked up after the check."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = [each for each in await self._network.lookup(host) if not _is_translated(each)]
        # A name of which one address is inside is not to be trusted with the others either.
        if not found or not all(is_public(each) for each in found):
            raise Mistake("link_address", host=host)
        return [self._result(host, address, port) for address in found]

    def _result(self, host: str, address: str, port: int) -> ResolveResult:
        address, port = (self._network.doors or {}).get(address, (address, port))
        return ResolveResult(
            hostname=host,
            host=address,
            port=port,
            family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )

    async def close(self) -> None:
        pass


def _is_translated(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return known.version == 6 and known in _TRANSLATED


@dataclass(frozen=True, kw_only=True)
class Way:
    """How one source is asked."""

    session: aiohttp.ClientSession
    source: Source
    #: Hosts that the operator added: redirects may lead to them too.
    hosts: tuple[str, ...]
    token: str = field(repr=False)
    patience: Patience

    @asynccontextmanager
    async def opened(self, url: URL) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give a good answer, after redirects of which each is checked as the link was. Raises Mistake."""
        url = self.admitted(url, url.raw_host or "")
        seen: set[URL] = set()
        for _ in range(MOST_REDIRECTS + 1):
            if url in seen:
                break
            seen.add(url)
            response = await self._asked(url)
            try:
                if response.status not in _REDIRECTS:
                    _good(response)
                    yield response
                    return
                url = self._led_on(url, response.headers.get("Location", ""))
            finally:
                _hang_up(response)
        raise Mistake("link_redirects", most=MOST_REDIRECTS)

    async def _asked(self, url: URL) -> aiohttp.ClientResponse:
        known = fits(url.raw_host or "", self.source.hosts)
        headers = {"Authorization": f"Bearer {self.token}"} if known and self.token else {}
        async with asyncio.timeout(self.patience.answer):
            return await self.session.get(url, headers=headers, allow_redirects=False)

    def _led_on(self, url: URL, location: str) -> URL:
        """Return where an answer leads on to. Raises Mistake where that is nowhere to go."""
        try:
            # As it was sent where that can be: what is signed may not be written in another way.
            target = url.join(URL(location, encoded=location.isascii() and " " not in location))
        except ValueError as error:
            raise Mistake("link_answer", host=url.raw_host) from error
        if not location:
            raise Mistake("link_answer", host=url.raw_host)
        target = self.admitted(target, url.raw_host or "")
        if fits(target.raw_host or "", self.source.hosts) and target.path.startswith("/login"):
            raise Mistake("link_login", host=target.raw_host)
        return target

    def admitted(self, url: URL, by: str) -> URL:
        """Return an address that a host gave, if this source may lead there. Raises Mistake."""
        url = checked(url)
        if not fits(url.raw_host or "", (*self.source.hosts, *self.source.deliveries, *self.hosts)):
            raise Mistake("link_led_on", host=by, target=url.raw_host)
        return url


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """End a connection at once: a polite end would go on reading for as long as the other side goes on sending."""
    if response.connection is not None and (transport := response.connection.transport) is not None:
        transport.abort()
    response.close()


def _good(response: aiohttp.ClientResponse) -> None:
    """Raise Mistake unless there is an answer, as it is and whole."""
    host = response.url.raw_host
    if response.status in (401, 403):
        raise Mistake("link_login", host=host)
    if response.status in (404, 410):
        raise Mistake("link_missing", host=host)
    if response.status != 200:
        raise Mistake("link_status", host=host, status=response.status)
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise Mistake("link_packed", host=host)
