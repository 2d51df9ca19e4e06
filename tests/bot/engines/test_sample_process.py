"""The production worker as a process, with the sample model: what the clockwork cannot show."""

import msgspec

from bot.engines.base import Lost
from inference.protocol.messages import Cancelled, Finished, Generate, JobId, Ready
from tests.bot.engines.engines import Watcher, sample_process
from tests.bot.engines.test_process import at_step, kill
from tests.sample_requests import generate


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
