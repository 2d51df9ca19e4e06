"""The production worker as a process, with the sample model: what the clockwork cannot show."""

import hashlib
import io
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from bot.engines.base import Lost
from bot.engines.process import LocalProcess
from inference.protocol.messages import Cancelled, Failed, Finished, Generate, JobId, Ready
from inference.protocol.recipe import AdapterUse, ContentHash, painted
from inference.sample import ADAPTERS_FOLDER
from tests.bot.engines.engines import NO_FOLDER, PATIENT, Watcher, sample_process
from tests.bot.engines.test_process import at_step, kill
from tests.sample_requests import generate, settings


async def test_a_kill_amid_real_steps_loses_the_jobs_and_a_rerun_paints_the_same_picture() -> None:
    engine = sample_process()
    ready = await engine.start()
    watcher = Watcher(engine)

    def ask(job: str, steps: int) -> Generate:
        command = generate(job, steps=steps, preview_every=2)
        recipe = msgspec.structs.replace(command.recipe, model=ready.models[0].hash)
        return msgspec.structs.replace(command, recipe=recipe)

    await engine.submit(ask("reference", 6))
    reference = (await watcher.ends("reference"))["reference"]
    assert isinstance(reference, Finished)

    await engine.submit(ask("a", 500))
    await engine.submit(ask("b", 500))
    await watcher.until(at_step("a", 2))
    await engine.cancel(JobId("b"))
    assert isinstance((await watcher.ends("b"))["b"], Cancelled)
    kill(engine)
    lost = (await watcher.ends("a"))["a"]
    assert isinstance(lost, Lost)
    assert lost.jobs == ("a",)

    again = await watcher.until(lambda event: isinstance(event, Ready))
    assert isinstance(again, Ready)
    assert again.launch != ready.launch
    assert again.models == ready.models
    await engine.submit(ask("rerun", 6))
    rerun = (await watcher.ends("rerun"))["rerun"]
    assert isinstance(rerun, Finished)
    assert rerun.pictures == reference.pictures
    await engine.stop()


@pytest.fixture
def name(tmp_path: Path) -> ContentHash:
    """Put a LoRA into the folder and return its hash."""
    data = (ADAPTERS_FOLDER / "zorp-lora.safetensors").read_bytes()
    found = ContentHash(hashlib.sha256(data).hexdigest())
    (tmp_path / f"{found}.safetensors").write_bytes(data)
    return found


def pixels(finished: Finished) -> bytes:
    return Image.open(io.BytesIO(finished.pictures[0].data)).convert("RGB").tobytes()


async def test_adapters_from_a_folder_that_are_read_ahead(tmp_path: Path, name: ContentHash) -> None:
    told = settings(NO_FOLDER)
    engine = LocalProcess(msgspec.structs.replace(told, adapters_folder=str(tmp_path)), supervision=PATIENT)
    ready = await engine.start()
    watcher = Watcher(engine)
    [sample] = ready.models
    await engine.prefetch([name], sample.adapter_family)
    asked = {"with": (name,), "without": (), "gone": (ContentHash("f" * 64),)}
    for job, adapters in asked.items():
        command = generate(job, steps=2)
        uses = tuple(AdapterUse(hash=each) for each in adapters)
        recipe = msgspec.structs.replace(command.recipe, model=sample.hash, adapters=uses)
        await engine.submit(msgspec.structs.replace(command, recipe=recipe))
    ends = await watcher.ends(*asked)
    changed, plain, gone = (ends[job] for job in asked)
    assert isinstance(changed, Finished)
    assert isinstance(plain, Finished)
    assert painted(changed.pictures[0].recipe).adapters == (AdapterUse(hash=name),)
    assert pixels(changed) != pixels(plain)
    assert isinstance(gone, Failed)
    assert gone.kind == "model"
    await engine.stop()
