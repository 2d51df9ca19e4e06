"""Where links may lead: the hosts of each source, and what an address has to be before anything is asked of it."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from yarl import URL

from bot.texts import Mistake

PORT = 443
MOST_LINK = 2000
#: A name that an operator may add: two labels at least, of which the first may stand for all subdomains.
_PATTERN = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A site of which links are taken. A host may begin with `*.`, which stands for every subdomain."""

    name: str
    #: Where links may lead; a token of the source is sent to these and to no other.
    hosts: tuple[str, ...]
    #: Where these hosts may lead on to, for the file itself.
    deliveries: tuple[str, ...] = ()


HUGGING_FACE = Source(
    name="Hugging Face",
    hosts=("huggingface.co", "www.huggingface.co", "hf.co"),
    # As the hub's documentation names them for firewalls.
    deliveries=(
        "*.xethub.hf.co",
        "*.xethub-eu.hf.co",
        "*.cdn.hf.co",
        "cdn-lfs.hf.co",
        "cdn-lfs-us-1.hf.co",
        "cdn-lfs-eu-1.hf.co",
        "cdn-lfs.huggingface.co",
        "cdn-lfs-us-1.huggingface.co",
        "cdn-lfs-eu-1.huggingface.co",
    ),
)
CIVITAI = Source(
    name="Civitai",
    hosts=("civitai.com", "www.civitai.com", "civitai.red", "www.civitai.red", "civitai.green", "www.civitai.green"),
    # Its own account at the storage: anybody may have a bucket of the same name in another.
    deliveries=("b2.civitai.com", "*.5ac0637cfd0766c97916cefa3764fbdf.r2.cloudflarestorage.com"),
)
SOURCES = (HUGGING_FACE, CIVITAI)


def is_pattern(text: str) -> bool:
    """Tell whether an operator may add this as a host: a name such as `files.example.org` or `*.example.org`."""
    return len(text) <= 253 and _PATTERN.fullmatch(text) is not None


def fits(host: str, patterns: Iterable[str]) -> bool:
    """Tell whether a host is one of these."""
    return any(host.endswith(each[1:]) if each.startswith("*.") else host == each for each in patterns)


def source_of(url: URL, hosts: tuple[str, ...]) -> Source:
    """Return whose link this is; `hosts` are those that the operator added. Raises Mistake for any other."""
    host = url.raw_host or ""
    for source in SOURCES:
        if fits(host, source.hosts):
            return source
    if fits(host, hosts):
        return Source(name=host, hosts=hosts)
    known = ", ".join([*(source.hosts[0] for source in SOURCES), *hosts])
    raise Mistake("link_host", host=host, hosts=known)


def is_link(text: str) -> bool:
    """Tell whether somebody meant a link and no file."""
    return "://" in text


def read_link(text: str) -> URL:
    """Return the address that somebody wrote. Raises Mistake for what is none, and none that is ever asked."""
    link = text.strip().removeprefix("<").removesuffix(">").strip()
    if not link or len(link) > MOST_LINK or _ODD.search(link):
        raise Mistake("link_unread")
    if "://" not in link:
        link = f"https://{link}"
    try:
        url = URL(link)
    except ValueError as error:
        raise Mistake("link_unread") from error
    return checked(url)


def checked(url: URL) -> URL:
    """Return the address with its host as it is compared. Raises Mistake unless it is https to a name at port 443."""
    if url.scheme != "https":
        raise Mistake("link_https")
    try:
        host, port = (url.raw_host or "").rstrip(".").lower(), url.explicit_port
    except ValueError as error:
        raise Mistake("link_unread") from error
    if url.raw_user is not None or url.raw_password is not None:
        raise Mistake("link_credentials")
    if port not in (None, PORT):
        raise Mistake("link_port", port=port)
    if not host:
        raise Mistake("link_unread")
    if _is_number(host):
        raise Mistake("link_address", host=host)
    return url.with_host(host).with_port(None).with_fragment(None)


def _is_number(host: str) -> bool:
    """Tell whether a host is an address itself, in any of the ways in which systems read one, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # The last label of a name is no number: 127.1, 0x7f.1 and 2130706433 are addresses.
        return re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", host.rpartition(".")[2]) is not None or ":" in host
    return True
