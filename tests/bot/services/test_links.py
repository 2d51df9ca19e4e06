"""Links to pages and to files of the sites that are known, over real connections with TLS."""

import asyncio
import hashlib
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.services.links import Fetched, Links, Tokens
from bot.texts import Mistake
from tests.bot.services.link_servers import Internet, answer, led_on, opened

_HEADER = json.dumps({"__metadata__": {"ss_output_name": "zorp"}}).encode()
FILE = struct.pack("<Q", len(_HEADER)) + _HEADER + bytes(3_000_000)
_SHA256 = hashlib.sha256(FILE).hexdigest()
_HUB = "https://huggingface.co/ada/zorp"
_DELIVERY = "https://cas-bridge.xethub.hf.co/zorp?signed=%2Bx%3D"
_STORE = "https://civitai-delivery-worker-prod.5ac0637cfd0766c97916cefa3764fbdf.r2.cloudflarestorage.com/model/1/zorp"


@pytest.fixture
async def internet() -> AsyncIterator[Internet]:
    async with opened() as internet:
        yield internet


def _json(value: Any) -> bytes:
    return answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


async def _fetch(internet: Internet, folder: Path, link: str, **options: Any) -> Fetched:
    told = {name: options.pop(name) for name in ("limit_bytes", "on_progress") if name in options}
    links = Links(**{"network": internet.network, **options})
    return await links.fetch(link, folder, **{"limit_bytes": 2**23, **told})


async def _refused(internet: Internet, folder: Path, link: str, **options: Any) -> Mistake:
    with pytest.raises(Mistake) as caught:
        await _fetch(internet, folder, link, **options)
    assert await _left(folder) == []
    return caught.value


async def _left(folder: Path) -> list[str]:
    return await asyncio.to_thread(lambda: sorted(path.name for path in folder.glob("*")))


async def _whole(fetched: Fetched) -> bool:
    return await asyncio.to_thread(fetched.path.read_bytes) == FILE


# Hugging Face -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["resolve", "blob", "raw"])
async def test_a_file_of_the_hub_is_followed_to_where_it_is_kept(internet: Internet, tmp_path: Path, way: str) -> None:
    internet.put(f"{_HUB}/resolve/main/sub/zorp.safetensors", led_on(_DELIVERY))
    internet.put(_DELIVERY, answer(FILE))
    told: list[tuple[int, int]] = []
    fetched = await _fetch(
        internet,
        tmp_path / "incoming",
        f"{_HUB}/{way}/main/sub/zorp.safetensors?download=true",
        on_progress=lambda done, total: told.append((done, total)),
        tokens=Tokens(hugging_face="hf_secret", civitai="other"),
    )
    assert await _whole(fetched)
    assert (fetched.name, fetched.path.suffix) == ("zorp.safetensors", ".safetensors")
    assert await _left(tmp_path / "incoming") == [fetched.path.name]
    # The token goes to the site, and not to where the file is kept.
    assert [(asked.host, asked.headers.get("authorization")) for asked in internet.asked] == [
        ("huggingface.co", "Bearer hf_secret"),
        ("cas-bridge.xethub.hf.co", None),
    ]
    assert {asked.headers["accept-encoding"] for asked in internet.asked} == {"identity"}
    # A name is looked up once for each connection.
    assert internet.looked_up == ["huggingface.co", "cas-bridge.xethub.hf.co"]
    assert told[-1] == (len(FILE), len(FILE))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 1


def _repository(*names: str) -> bytes:
    lfs = {"sha256": _SHA256, "size": len(FILE), "pointerSize": 134}
    files = [{"rfilename": name, "size": len(FILE), "blobId": "0", "lfs": lfs} for name in names]
    return _json({"id": "ada/zorp", "private": False, "siblings": [{"rfilename": "README.md", "size": 9}, *files]})


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["my zorp.safetensors"], "my%20zorp.safetensors"),
        (["zorp.safetensors", "checkpoint-500/zorp.safetensors"], "zorp.safetensors"),
        (["pytorch_lora_weights.safetensors", "other.safetensors"], "pytorch_lora_weights.safetensors"),
        (["learned_embeds.bin", "learned_embeds-steps-500.bin", "optimizer.bin"], "learned_embeds.bin"),
        (["zorp.bin", "zorp.safetensors"], "zorp.safetensors"),
    ],
)
async def test_a_page_of_the_hub_means_its_one_file(
    internet: Internet, tmp_path: Path, names: list[str], chosen: str
) -> None:
    internet.put("https://huggingface.co/api/models/ada/zorp?blobs=true", _repository(*names))
    internet.put(f"{_HUB}/resolve/main/{chosen}", answer(FILE))
    for link in (_HUB, "https://hf.co/ada/zorp/", f"{_HUB}/tree/main"):
        fetched = await _fetch(internet, tmp_path, link)
        assert await _whole(fetched)
        # Where all files have the same name, the repository's tells more.
        assert fetched.name in ("zorp.safetensors", "my zorp.safetensors")


async def test_a_file_of_a_data_set_is_fetched(internet: Internet, tmp_path: Path) -> None:
    link = "https://huggingface.co/datasets/ada/zorp/resolve/main/learned_embeds.bin"
    internet.put(link, answer(b"PK\x03\x04" + bytes(99)))
    assert (await _fetch(internet, tmp_path, link)).name == "zorp.pt"
    assert (await _refused(internet, tmp_path / "other", "https://huggingface.co/datasets/ada/zorp")).key == "link_page"


async def test_a_folder_of_a_revision_means_what_is_in_it(internet: Internet, tmp_path: Path) -> None:
    listed = _repository("a/zorp.safetensors", "b/zorp.safetensors")
    internet.put("https://huggingface.co/api/models/ada/zorp/revision/v2?blobs=true", listed)
    internet.put(f"{_HUB}/resolve/v2/b/zorp.safetensors", answer(FILE))
    assert await _whole(await _fetch(internet, tmp_path, f"{_HUB}/tree/v2/b"))


async def test_a_page_with_several_files_asks_for_one(internet: Internet, tmp_path: Path) -> None:
    names = [f"zorp-{number}.safetensors" for number in range(8)]
    internet.put("https://huggingface.co/api/models/ada/zorp?blobs=true", _repository(*names))
    error = await _refused(internet, tmp_path, _HUB)
    assert error.key == "link_several"
    assert "zorp-0.safetensors, zorp-1.safetensors" in error.message
    assert "(+3)" in error.message


@pytest.mark.parametrize(
    ("link", "key"),
    [
        (_HUB, "link_none"),
        (f"{_HUB}/blob/main/README.md", "link_suffix"),
        ("https://huggingface.co/ada", "link_page"),
        ("https://huggingface.co/", "link_page"),
        ("https://huggingface.co/spaces/ada/zorp", "link_page"),
        ("https://huggingface.co/ada/zorp/discussions/1", "link_page"),
        ("https://huggingface.co/ada/missing", "link_missing"),
        ("https://civitai.com/user/ada", "link_page"),
        ("https://civitai.com/models/one", "link_page"),
        ("https://civitai.com/models/1?modelVersionId=../2", "link_page"),
    ],
)
async def test_other_pages_are_refused(internet: Internet, tmp_path: Path, link: str, key: str) -> None:
    internet.put("https://huggingface.co/api/models/ada/zorp?blobs=true", _repository())
    assert (await _refused(internet, tmp_path, link)).key == key


async def test_what_the_page_tells_is_held_against_what_comes(internet: Internet, tmp_path: Path) -> None:
    internet.put("https://huggingface.co/api/models/ada/zorp?blobs=true", _repository("zorp.safetensors"))
    internet.put(f"{_HUB}/resolve/main/zorp.safetensors", answer(FILE[:-1] + b"x"))
    assert (await _refused(internet, tmp_path, _HUB)).key == "link_changed"
    internet.put(f"{_HUB}/resolve/main/zorp.safetensors", answer(FILE[:-1]))
    assert (await _refused(internet, tmp_path, _HUB)).key == "link_cut"
    # And nothing is asked for that is too large by what the page tells.
    internet.asked.clear()
    assert (await _refused(internet, tmp_path, _HUB, limit_bytes=2**20)).key == "link_bytes"
    assert [asked.path for asked in internet.asked] == ["/api/models/ada/zorp?blobs=true"]


# Civitai ------------------------------------------------------------------------------------------------------------


def _version(number: int, **given: Any) -> dict[str, Any]:
    file = {
        "id": 11,
        "name": "zorp_v1.safetensors",
        "sizeKB": len(FILE) / 1024,
        "type": "Model",
        "primary": True,
        "metadata": {"format": "SafeTensor"},
        "hashes": {"SHA256": _SHA256.upper(), "AutoV2": "0" * 10},
        "downloadUrl": f"https://civitai.com/api/download/models/{number}",
    }
    training = {"id": 12, "name": "photos.zip", "type": "Training Data"}
    model = {"name": "Zorp", "type": "LORA"}
    return {"id": number, "baseModel": "SD 1.5", "model": model, "files": [training, file | given], "images": []}


@pytest.mark.parametrize(
    "link",
    [
        "https://civitai.com/models/7/zorp-the-lora",
        "https://civitai.com/models/7?modelVersionId=456",
        "https://civitai.com/api/v1/models/7",
        "https://civitai.com/api/v1/model-versions/456",
        "https://civitai.com/api/download/models/456",
    ],
)
async def test_every_link_to_a_model_of_civitai_leads_to_its_file(
    internet: Internet, tmp_path: Path, link: str
) -> None:
    versions = [_version(456), _version(123)]
    internet.put("https://civitai.com/api/v1/models/7", _json({"id": 7, "type": "LORA", "modelVersions": versions}))
    internet.put("https://civitai.com/api/v1/model-versions/456", _json(_version(456)))
    internet.put("https://civitai.com/api/download/models/456", led_on(_STORE, "307 Temporary Redirect"))
    internet.put(_STORE, answer(FILE, headers={"Content-Disposition": 'attachment; filename="zorp_v1.safetensors"'}))
    fetched = await _fetch(internet, tmp_path, link, tokens=Tokens(civitai="secret"))
    assert await _whole(fetched)
    assert fetched.name == "zorp_v1.safetensors"
    assert {asked.host for asked in internet.asked if "authorization" in asked.headers} == {"civitai.com"}


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ([("zorp.pt", True), ("zorp.safetensors", False)], 1),
        ([("zorp.safetensors", False), ("zorp.safetensors", True)], 1),
        ([("zorp.safetensors", True), ("zorp.safetensors", False)], 0),
        ([("zorp.safetensors", None), ("zorp.zip", True)], 0),
        ([("zorp.bin", True), ("zorp.pt", False)], 0),
    ],
)
async def test_of_the_files_of_a_version_the_safe_one_is_taken_that_the_page_offers_first(
    internet: Internet, tmp_path: Path, files: list[tuple[str, bool | None]], chosen: int
) -> None:
    download = "https://civitai.com/api/download/models/1?fileId="
    listed = [
        {"name": name, "type": "Model", "primary": primary, "hashes": {"SHA256": None}, "downloadUrl": f"{download}{n}"}
        for n, (name, primary) in enumerate(files)
    ]
    internet.put("https://civitai.com/api/v1/model-versions/1", _json({"id": 1, "model": None, "files": listed}))
    internet.put(f"{download}{chosen}", answer(FILE))
    assert await _whole(await _fetch(internet, tmp_path, "https://civitai.com/models/7?modelVersionId=1"))


async def test_what_is_no_adapter_is_not_fetched(internet: Internet, tmp_path: Path) -> None:
    internet.put("https://civitai.com/api/v1/model-versions/1", _json({"id": 1, "model": {"type": "Checkpoint"}}))
    error = await _refused(internet, tmp_path, "https://civitai.com/models/7?modelVersionId=1")
    assert (error.key, error.values["kind"]) == ("link_kind", "Checkpoint")
    internet.put("https://civitai.com/api/v1/model-versions/2", _json(_version(2, name="zorp.zip")))
    assert (await _refused(internet, tmp_path, "https://civitai.com/model-versions/2")).key == "link_none"


async def test_a_page_may_not_name_a_file_elsewhere(internet: Internet, tmp_path: Path) -> None:
    listed = _json(_version(1, downloadUrl="https://files.example.org/zorp.safetensors"))
    internet.put("https://civitai.com/api/v1/model-versions/1", listed)
    internet.put("https://files.example.org/zorp.safetensors", answer(FILE))
    error = await _refused(internet, tmp_path, "https://civitai.com/models/7?modelVersionId=1")
    assert error.key == "link_led_on"
    assert [asked.host for asked in internet.asked] == ["civitai.com"]


async def test_a_login_is_told_from_a_file(internet: Internet, tmp_path: Path) -> None:
    link = "https://civitai.com/api/download/models/1"
    for given in (
        led_on("/login?reason=download-auth"),
        answer(b'{"error": "Unauthorized"}', status="401 Unauthorized"),
        answer(b"forbidden", status="403 Forbidden"),
        answer(b"\r\n<!DOCTYPE html><title>Sign in</title>"),
        answer(b"\xef\xbb\xbf<html>"),
    ):
        internet.put(link, given)
        assert (await _refused(internet, tmp_path, link)).key == "link_login"


# Hosts that an operator added -----------------------------------------------------------------------------------------


async def test_hosts_that_the_operator_added_give_their_files(internet: Internet, tmp_path: Path) -> None:
    hosts = ("files.example.org", "more.example.org")
    internet.put("https://files.example.org/get?id=1", led_on("https://more.example.org/zorp"))
    named = "attachment; filename*=UTF-8''..%2F..%2FZ%C3%B6rp.pt"
    internet.put(
        "https://more.example.org/zorp", answer(b"PK\x03\x04" + bytes(99), headers={"Content-Disposition": named})
    )
    fetched = await _fetch(internet, tmp_path, "https://files.example.org/get?id=1", hosts=hosts)
    assert (fetched.name, fetched.path.suffix, fetched.path.parent) == ("Zörp.pt", ".pt", tmp_path)
    assert (await _refused(internet, tmp_path / "other", "https://files.example.org/get?id=1")).key == "link_host"


# Giving up ------------------------------------------------------------------------------------------------------------


async def test_whoever_gives_up_leaves_nothing(internet: Internet, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def never_done(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(FILE[:2_000_000], length=len(FILE)))
        await writer.wait_closed()

    internet.put(f"{_HUB}/resolve/main/zorp.safetensors", never_done)
    fetching = asyncio.create_task(
        _fetch(
            internet,
            tmp_path,
            f"{_HUB}/resolve/main/zorp.safetensors",
            on_progress=lambda done, total: begun.set(),
        )
    )
    await begun.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert await _left(tmp_path) == []
