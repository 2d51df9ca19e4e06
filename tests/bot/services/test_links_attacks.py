"""Links that mean harm: none is fetched, none is asked for where it may not lead, and each gets a message."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.services.link_network import Network, Patience
from bot.services.links import Links, Tokens
from bot.texts import Mistake, say
from storage import StorageError
from tests.bot.services.link_servers import PUBLIC, Answer, Internet, answer, led_on, opened, sent
from tests.bot.services.test_links import FILE

_LINK = "https://huggingface.co/ada/zorp/resolve/main/zorp.safetensors"
_MOST = 2**22


@pytest.fixture
async def internet() -> AsyncIterator[Internet]:
    async with opened() as internet:
        yield internet


async def _refused(internet: Internet, folder: Path, link: str = _LINK, **options: Any) -> Mistake:
    """Try a link; return the mistake, after making sure that nothing is left and that it is said in both languages."""
    with pytest.raises(Mistake) as caught:
        await Links(**{"network": internet.network, **options}).fetch(link, folder, limit_bytes=_MOST)
    assert await asyncio.to_thread(lambda: list(folder.rglob("*"))) == []
    assert len(say(caught.value.key, "de", **caught.value.values)) < 1000
    assert len(caught.value.message) < 1000
    return caught.value


# Where it leads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("https://127.0.0.1/secret", "link_address"),
        ("https://[::1]/secret", "link_address"),
        ("https://[::ffff:127.0.0.1]/secret", "link_address"),
        ("https://2130706433/secret", "link_address"),
        ("https://169.254.169.254/latest/meta-data/", "link_address"),
        ("//127.0.0.1/secret", "link_address"),
        ("https://localhost/secret", "link_led_on"),
        ("https://files.example.org/zorp", "link_led_on"),
        ("https://evil.civitai.com/zorp", "link_led_on"),
        ("https://cas-bridge.xethub.hf.co.example.org/zorp", "link_led_on"),
        ("https://huggingface.co@127.0.0.1/secret", "link_credentials"),
        ("https://huggingface.co:22/secret", "link_port"),
        ("http://huggingface.co/ada/zorp/resolve/main/zorp.safetensors", "link_https"),
        ("http://127.0.0.1/secret", "link_https"),
        ("file:///etc/passwd", "link_https"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "link_https"),
        ("data:application/octet-stream;base64,AAAA", "link_https"),
        ("https://[::1", "link_answer"),
        ("", "link_answer"),
        (_LINK, "link_redirects"),
    ],
)
async def test_redirects_are_checked_as_links_are(internet: Internet, tmp_path: Path, target: str, key: str) -> None:
    internet.put(_LINK, led_on(target))
    assert (await _refused(internet, tmp_path)).key == key
    assert len(internet.asked) == 1


async def test_a_second_redirect_is_checked_like_the_first(internet: Internet, tmp_path: Path) -> None:
    internet.put(_LINK, led_on("https://cas-bridge.xethub.hf.co/zorp"))
    internet.put("https://cas-bridge.xethub.hf.co/zorp", led_on("https://127.0.0.1/secret", "308 Permanent Redirect"))
    assert (await _refused(internet, tmp_path)).key == "link_address"


async def test_redirects_have_an_end(internet: Internet, tmp_path: Path) -> None:
    for number in range(20):
        internet.put(f"https://huggingface.co/{number}", led_on(f"/{number + 1}"))
    internet.put(_LINK, led_on("/0"))
    assert (await _refused(internet, tmp_path)).key == "link_redirects"
    assert len(internet.asked) == 6


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["100.64.1.1"],
        ["::1"],
        ["fe80::1"],
        ["fd00::1"],
        ["::ffff:10.0.0.7"],
        ["64:ff9b::a00:7"],
        ["2002:a00:7::"],
        ["224.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [],
    ],
)
async def test_names_that_lead_inside_are_not_connected_to(
    internet: Internet, tmp_path: Path, addresses: list[str]
) -> None:
    internet.names["huggingface.co"] = [addresses]
    internet.put(_LINK, answer(FILE))
    assert (await _refused(internet, tmp_path)).key == "link_address"
    assert internet.asked == []


async def test_a_name_that_changes_is_checked_at_every_connection(internet: Internet, tmp_path: Path) -> None:
    internet.names["huggingface.co"] = [[PUBLIC], ["127.0.0.1"]]
    internet.put(_LINK, led_on("/again"))
    internet.put("https://huggingface.co/again", answer(FILE))
    assert (await _refused(internet, tmp_path)).key == "link_address"
    assert [asked.path for asked in internet.asked] == ["/ada/zorp/resolve/main/zorp.safetensors"]


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(internet: Internet, tmp_path: Path) -> None:
    # Whoever looked a second time, after the check, would be led inside.
    internet.names["huggingface.co"] = [[PUBLIC], ["127.0.0.1"]]
    internet.put(_LINK, answer(FILE))
    await Links(network=internet.network).fetch(_LINK, tmp_path, limit_bytes=_MOST)
    assert internet.looked_up == ["huggingface.co"]


async def test_an_address_that_is_only_translated_is_left_out(internet: Internet, tmp_path: Path) -> None:
    internet.names["huggingface.co"] = [["64:ff9b::5db8:d70e", PUBLIC]]
    internet.put(_LINK, answer(FILE))
    assert (await Links(network=internet.network).fetch(_LINK, tmp_path, limit_bytes=_MOST)).name == "zorp.safetensors"


async def test_a_server_without_the_right_certificate_is_not_asked(internet: Internet, tmp_path: Path) -> None:
    # The server's certificate does not name this host.
    error = await _refused(internet, tmp_path, "https://hidden.example.org/zorp", hosts=("hidden.example.org",))
    assert error.key == "link_unreachable"
    # Its authority is unknown to everybody but the tests.
    strangers = Network(lookup=internet.lookup, doors=internet.network.doors)
    assert (await _refused(internet, tmp_path, network=strangers)).key == "link_unreachable"
    assert internet.asked == []


async def test_a_name_that_is_not_there_is_unreachable(internet: Internet, tmp_path: Path) -> None:
    async def nobody(host: str) -> list[str]:
        raise OSError(f"no {host}")

    assert (await _refused(internet, tmp_path, network=Network(lookup=nobody))).key == "link_unreachable"


# What comes ---------------------------------------------------------------------------------------------------------


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(FILE, length=-1))
    while True:
        writer.write(bytes(2**18))
        await sent(writer)


async def _endless_chunks(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    writer.write(b"%x\r\n%b\r\n" % (len(FILE), FILE))
    while True:
        writer.write(b"%x\r\n%b\r\n" % (2**18, bytes(2**18)))
        await sent(writer)


async def _endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n" * 100)
        await sent(writer)


_GZIP = gzip.compress(bytes(2**24))


@pytest.mark.parametrize(
    ("given", "key"),
    [
        pytest.param(_endless, "link_bytes", id="endless"),
        pytest.param(_endless_chunks, "link_bytes", id="endless chunks"),
        pytest.param(_endless_headers, "link_answer", id="endless headers"),
        pytest.param(answer(FILE, headers={"X": "x" * 100_000}), "link_answer", id="a huge header"),
        pytest.param(answer(FILE, length=_MOST + 1), "link_bytes", id="too large by its own account"),
        pytest.param(answer(FILE + bytes(_MOST), length=-1), "link_bytes", id="too large and says nothing"),
        pytest.param(answer(FILE, length=len(FILE) + 1), "link_cut", id="shorter than it says"),
        pytest.param(answer(FILE[:100], length=90), "link_answer", id="longer than it says"),
        pytest.param(answer(FILE, headers={"Transfer-Encoding": "chunked"}), "link_answer", id="a length and chunks"),
        pytest.param(answer(FILE, length=-1, headers={"Content-Length": "5, 7"}), "link_answer", id="two lengths"),
        pytest.param(answer(FILE, length=-1, headers={"Content-Length": "-5"}), "link_answer", id="a negative length"),
        pytest.param(answer(_GZIP, headers={"Content-Encoding": "gzip"}), "link_packed", id="a bomb that says so"),
        pytest.param(answer(_GZIP), "link_no_adapter", id="a bomb that does not"),
        pytest.param(answer(b""), "link_no_adapter", id="nothing"),
        pytest.param(answer(b"\x00"), "link_no_adapter", id="a byte"),
        pytest.param(answer(b'{"error": "no such file"}'), "link_no_adapter", id="JSON"),
        pytest.param(answer(b"\x7fELF" + bytes(999)), "link_no_adapter", id="a program"),
        pytest.param(answer(b"<script>alert(1)</script>"), "link_login", id="a page"),
        pytest.param(answer(FILE, status="206 Partial Content"), "link_status", id="a part"),
        pytest.param(answer(FILE, status="500 Sorry"), "link_status", id="an error"),
        pytest.param(answer(status="304 Not Modified"), "link_status", id="nothing new"),
        pytest.param(answer(status="204 No Content"), "link_status", id="no content"),
        pytest.param(answer(status="429 Too Many Requests"), "link_status", id="too many"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "link_answer", id="another protocol"),
        pytest.param(b"", "link_unreachable", id="hung up"),
    ],
)
async def test_what_is_wrong_with_an_answer_is_noticed(
    internet: Internet, tmp_path: Path, given: Answer, key: str
) -> None:
    internet.put(_LINK, given)
    assert (await _refused(internet, tmp_path)).key == key


async def _silent(writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


async def _stops(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(FILE[:2_000_000], length=len(FILE)))
    await writer.wait_closed()


async def _continues(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await sent(writer)


@pytest.mark.parametrize(
    ("given", "patience"),
    [
        pytest.param(_silent, Patience(answer=0.2), id="no answer"),
        pytest.param(_continues, Patience(answer=0.2), id="promises"),
        pytest.param(_stops, Patience(read=0.2), id="no more bytes"),
        pytest.param(_stops, Patience(total=0.5), id="too long in all"),
    ],
)
async def test_patience_has_an_end(internet: Internet, tmp_path: Path, given: Answer, patience: Patience) -> None:
    internet.put(_LINK, given)
    assert (await _refused(internet, tmp_path, patience=patience)).key == "link_slow"


# What pages say -----------------------------------------------------------------------------------------------------


async def _endless_page(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\n\r\n{"siblings": [')
    while True:
        writer.write(b'{"rfilename": "README.md"},' * 1000)
        await sent(writer)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        pytest.param(answer(b"[" * 1_000_000), "link_answer", id="deep"),
        pytest.param(answer(b'{"siblings": 5}'), "link_answer", id="another shape"),
        pytest.param(answer(b'{"siblings": [{"rfilename": 7}]}'), "link_answer", id="a number for a name"),
        pytest.param(answer(b"\xff\xfe"), "link_answer", id="no text"),
        pytest.param(answer(b"<html>"), "link_login", id="a page"),
        pytest.param(_endless_page, "link_answer", id="endless"),
        pytest.param(answer(json.dumps({"siblings": []}).encode()), "link_none", id="nothing"),
    ],
)
async def test_pages_that_cannot_be_read_are_refused(
    internet: Internet, tmp_path: Path, given: Answer, key: str
) -> None:
    internet.put("https://huggingface.co/api/models/ada/zorp?blobs=true", given)
    assert (await _refused(internet, tmp_path, "https://huggingface.co/ada/zorp")).key == key


@pytest.mark.parametrize(
    "name",
    [
        "../../secret.safetensors",
        "/etc/secret.safetensors",
        "a/../../b.safetensors",
        "x?y=1#z.safetensors",
        "./x.safetensors",
        "a//x.safetensors",
        ".safetensors",
        "x\r\ny.safetensors",
    ],
)
async def test_names_on_pages_stay_on_their_host_and_out_of_our_folders(
    internet: Internet, tmp_path: Path, name: str
) -> None:
    listed = json.dumps({"siblings": [{"rfilename": name}]}).encode()
    internet.put("https://huggingface.co/api/models/ada/zorp?blobs=true", answer(listed))
    assert (await _refused(internet, tmp_path / "in", "https://huggingface.co/ada/zorp")).key == "link_missing"
    assert {asked.host for asked in internet.asked} == {"huggingface.co"}


@pytest.mark.parametrize(
    "given",
    [answer(status="500 Sorry"), answer(FILE, headers={"X": "x" * 100_000}), answer(FILE, length=len(FILE) + 1), b""],
)
async def test_logins_and_signatures_are_in_no_log(
    internet: Internet, tmp_path: Path, caplog: pytest.LogCaptureFixture, given: Answer
) -> None:
    internet.put(f"{_LINK}?token=signed", given)
    with caplog.at_level("DEBUG"):
        error = await _refused(internet, tmp_path, f"{_LINK}?token=signed", tokens=Tokens(hugging_face="secret"))
        logging.getLogger("easel.test").error("as an error that nobody expected", exc_info=error)
    assert internet.asked[0].headers["authorization"] == "Bearer secret"
    assert "secret" not in caplog.text
    assert "signed" not in caplog.text
    assert "secret" not in repr(Links(tokens=Tokens(hugging_face="secret")))


async def test_a_disk_that_takes_nothing_is_no_mistake_of_the_member(internet: Internet, tmp_path: Path) -> None:
    internet.put(_LINK, answer(FILE))
    folder = tmp_path / "file"
    await asyncio.to_thread(folder.write_bytes, b"")
    with pytest.raises(StorageError):
        await Links(network=internet.network).fetch(_LINK, folder, limit_bytes=_MOST)
