"""What a link may look like, and which addresses are public."""

import pytest
from yarl import URL

from bot.services.link_hosts import CIVITAI, HUGGING_FACE, is_pattern, read_link, source_of
from bot.services.link_network import is_public
from bot.services.links import clean_name
from bot.texts import Mistake


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://huggingface.co/a/b", "https://huggingface.co/a/b"),
        ("  <https://HuggingFace.co./a/b#files> ", "https://huggingface.co/a/b"),
        ("civitai.com/models/1?modelVersionId=2", "https://civitai.com/models/1?modelVersionId=2"),
        ("https://huggingface.co:443/a/b", "https://huggingface.co/a/b"),
        # Letters of full width are the same letters.
        ("https://ｃivitai.com/models/1", "https://civitai.com/models/1"),
    ],
)
def test_links_are_read_as_people_write_them(written: str, read: str) -> None:
    assert read_link(written) == URL(read)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", "link_unread"),
        ("https://", "link_unread"),
        ("https://huggingface.co/" + "a" * 2000, "link_unread"),
        ("https://huggingface.co\\@127.0.0.1/", "link_unread"),
        ("https://huggingface.co/a b", "link_unread"),
        ("https://huggingface.co/\r\nHost: x", "link_unread"),
        ("https://[::1", "link_unread"),
        ("https://huggingface.co:http/a", "link_unread"),
        ("http://huggingface.co/a/b", "link_https"),
        ("ftp://huggingface.co/a/b", "link_https"),
        ("file:///etc/passwd", "link_https"),
        ("https://huggingface.co@example.org/a", "link_credentials"),
        ("https://:secret@huggingface.co/a", "link_credentials"),
        ("https://huggingface.co:8443/a/b", "link_port"),
        ("https://127.0.0.1/a", "link_address"),
        ("https://127.1/a", "link_address"),
        ("https://2130706433/a", "link_address"),
        ("https://0x7f000001/a", "link_address"),
        ("https://0177.0.0.0x1/a", "link_address"),
        ("https://[::1]/a", "link_address"),
        ("https://[::ffff:127.0.0.1]/a", "link_address"),
    ],
)
def test_odd_links_are_refused(written: str, key: str) -> None:
    with pytest.raises(Mistake) as caught:
        read_link(written)
    assert caught.value.key == key


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "localhost",
        "xhuggingface.co",
        "huggingface.co.example.org",
        "evil.huggingface.co",
        # A Cyrillic letter that looks like ours.
        "сivitai.com",
        # Deliveries are reached through a page, and not by themselves.
        "b2.civitai.com",
        "example.net",
    ],
)
def test_other_hosts_are_refused_and_the_known_ones_named(host: str) -> None:
    url = read_link(f"https://{host}/x.safetensors")
    with pytest.raises(Mistake, match=r"huggingface\.co, civitai\.com, \*\.example\.net") as caught:
        source_of(url, ("*.example.net",))
    assert caught.value.key == "link_host"


def test_each_site_is_known_by_its_hosts() -> None:
    assert source_of(URL("https://hf.co/a/b"), ()) is HUGGING_FACE
    assert source_of(URL("https://civitai.red/models/1"), ()) is CIVITAI
    assert source_of(URL("https://a.example.net/x"), ("*.example.net",)).hosts == ("*.example.net",)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("files.example.org", True),
        ("*.example.org", True),
        ("example", False),
        ("*", False),
        ("*.org.", False),
        ("Example.org", False),
        ("10.0.0.1", False),
        ("files.example.org:8443", False),
        ("https://example.org", False),
        ("a.*.org", False),
    ],
)
def test_which_hosts_an_operator_may_add(text: str, good: bool) -> None:
    assert is_pattern(text) is good


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::6810:84e5", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.251", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("::ffff:93.184.215.14", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("zorp.safetensors", "zorp"),
        ("../../etc/passwd", "passwd"),
        ("C:\\models\\Zorp v2.SAFETENSORS", "Zorp v2"),
        ("a\x00b\n‮c.pt", "a b c"),
        ("...", ""),
        ("x" * 500, "x" * 120),
    ],
)
def test_names_are_for_people(given: str, name: str) -> None:
    assert clean_name(given) == name
