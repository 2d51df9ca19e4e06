"""/adapters add with a link: fetched from a page of Civitai, with how far it is, and refused where it leads inside."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.services.links import Links
from playground import Playground
from tests.adapter_files import lora
from tests.bot.services.link_servers import Internet, answer, led_on, opened
from tests.bot.stage import answer_to, is_private, is_result, on_stage, text_of

_FILE = lora(0.01, ("ink wash",))
_PAGE = "https://civitai.com/models/7/ink?modelVersionId=456"
_DOWNLOAD = "https://civitai.com/api/download/models/456"
_DELIVERY = "https://b2.civitai.com/file/civitai-modelfiles/ink"


@pytest.fixture
async def internet() -> AsyncIterator[Internet]:
    async with opened() as internet:
        file = {"id": 1, "name": "ink-v1.5.safetensors", "type": "Model", "primary": True, "downloadUrl": _DOWNLOAD}
        listed = {"id": 456, "model": {"type": "LORA"}, "files": [file]}
        internet.put("https://civitai.com/api/v1/model-versions/456", answer(json.dumps(listed).encode()))
        yield internet


async def test_a_link_is_fetched_while_the_member_sees_how_far_it_is(
    playground: Playground, tmp_path: Path, internet: Internet
) -> None:
    seen = asyncio.Event()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        """Send the first half byte by byte until somebody has seen how far it is."""
        head = len(answer(b"", length=len(_FILE)))
        whole, sent = answer(_FILE, length=len(_FILE)), head + 16
        writer.write(whole[:sent])
        while not seen.is_set() and sent < len(whole) - 1:
            writer.write(whole[sent : sent + 1])
            sent += 1
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(whole[sent:])
        await writer.drain()

    internet.put(_DOWNLOAD, led_on(_DELIVERY, "307 Temporary Redirect"))
    internet.put(_DELIVERY, slowly)
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms = dataclasses.replace(bot.rooms, links=Links(network=internet.network))
        ann = playground.person("ann")
        used = await ann.command("adapters add", {"link": _PAGE})
        await playground.until(lambda: any("Fetching the file" in text_of(message) for message in used.messages), 30)
        assert all(is_private(message) for message in used.messages)
        seen.set()
        await playground.until(lambda: any(map(is_result, used.messages)), 30)
        (one,) = bot.rooms.adapters.owned(ann.id)
        assert (one.name, one.kind, one.triggers) == ("ink-v1.5", "lora", ("ink wash",))


async def test_a_link_that_leads_inside_is_refused_and_leaves_nothing(
    playground: Playground, tmp_path: Path, internet: Internet
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms = dataclasses.replace(bot.rooms, links=Links(network=internet.network))
        ann = playground.person("ann")
        for target, words in (
            ("https://127.0.0.1/secret", "0.0.1 does not lead to a public server"),
            ("https://files.example.org/ink.safetensors", "leads on to files.example"),
        ):
            internet.put(_DOWNLOAD, led_on(target))
            assert words in await answer_to(playground, ann, "adapters add", {"link": _PAGE})
        internet.put(_DOWNLOAD, answer(_FILE))
        internet.names["civitai.com"] = [["10.0.0.1"]]
        assert "civitai.com does not lead" in await answer_to(playground, ann, "adapters add", {"link": _PAGE})
        assert bot.rooms.adapters.owned(ann.id) == []
        left = await asyncio.to_thread(lambda: [path for path in (tmp_path / "adapters").rglob("*") if path.is_file()])
        assert left == []
