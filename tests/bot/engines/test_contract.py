"""What every engine promises, whatever it is made of."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bot.engines.base import Engine, Lost
from bot.errors import EngineDead
from inference.protocol.limits import MAX_CHECKED_BYTES, MAX_IMAGE_BYTES, OutOfRange
from inference.protocol.marks import Part
from inference.protocol.messages import (
    Cancelled,
    Failed,
    Finished,
    Generate,
    JobId,
    ModelInfo,
    Problem,
    Progress,
    Ready,
    Started,
)
from inference.protocol.recipe import ContentHash, painted
from tests.bot.engines.engines import LINGERING, Watcher, clockwork_inline, clockwork_process, eventually, sample_inline
from tests.sample_requests import generate
from tests.sample_uploads import halves, saved, turned

#: The most steps that a job may have.
LONG = 500


@dataclass
class Bench:
    """An engine that has started, and a watcher of its events."""

    engine: Engine
    ready: Ready
    watcher: Watcher

    @property
    def model(self) -> ModelInfo:
        return self.ready.models[0]

    def ask(self, job: str, steps: int = 4, **more: object) -> Generate:
        """Return a request for the engine's own model."""
        command = generate(job, steps=steps, **more)  # type: ignore[arg-type]
        return msgspec.structs.replace(command, recipe=msgspec.structs.replace(command.recipe, model=self.model.hash))

    def long(self, job: str) -> Generate:
        """Return a request that does not end while a test looks at it."""
        return self.ask(job, steps=LONG, prompt="slow")

    async def paint(self, command: Generate) -> Finished:
        await self.engine.submit(command)
        end = (await self.watcher.ends(command.job))[command.job]
        assert isinstance(end, Finished)
        return end


ENGINES: dict[str, Callable[[], Engine]] = {
    "clockwork process": clockwork_process,
    "clockwork inline": clockwork_inline,
    "sample model inline": sample_inline,
}


@pytest.fixture(params=ENGINES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    engine = ENGINES[request.param]()
    ready = await engine.start()
    yield Bench(engine, ready, Watcher(engine))
    await engine.stop()


def is_progress(job: str, step: int = 1) -> Callable[[object], bool]:
    return lambda event: isinstance(event, Progress) and event.job == job and event.step >= step


async def test_ready_tells_the_device_and_the_models(bench: Bench) -> None:
    assert bench.ready.launch
    assert bench.ready.device.kind == "cpu"
    assert len(bench.ready.models) == 1


async def test_a_job_starts_once_progresses_and_finishes(bench: Bench) -> None:
    finished = await bench.paint(bench.ask("a", steps=6, count=2))
    seen = bench.watcher.of("a")
    assert [type(event) for event in seen].count(Started) == 1
    assert isinstance(seen[-1], Finished)
    assert {event.launch for event in seen if not isinstance(event, Lost)} == {bench.ready.launch}
    for picture in range(2):
        steps = [event.step for event in seen if isinstance(event, Progress) and event.picture == picture]
        assert steps == sorted(set(steps))
        assert steps[-1] == 6
    assert len(finished.pictures) == 2
    assert all(picture.data.startswith(b"\x89PNG") for picture in finished.pictures)


def pixels(picture: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), np.int16)


async def test_every_picture_carries_its_own_recipe(bench: Bench) -> None:
    command = bench.ask("a", count=3)
    finished = await bench.paint(command)
    assert [painted(picture.recipe).seed for picture in finished.pictures] == [7, 8, 9]
    assert len({picture.data for picture in finished.pictures}) == 3
    again = await bench.paint(Generate(job=JobId("b"), recipe=finished.pictures[2].recipe))
    assert again.pictures[0].recipe == finished.pictures[2].recipe
    # Alone and in a batch of three differ by about 1e-6, which may move a pixel across a rounding.
    apart = pixels(again.pictures[0].data) - pixels(finished.pictures[2].data)
    assert np.abs(apart).max() <= 1


async def test_previews_come_as_often_as_asked(bench: Bench) -> None:
    await bench.paint(bench.ask("a", steps=4, preview_every=1))
    assert any(isinstance(event, Progress) and event.preview for event in bench.watcher.of("a"))
    await bench.paint(bench.ask("b", steps=4))
    assert not any(isinstance(event, Progress) and event.preview for event in bench.watcher.of("b"))


async def test_a_running_job_is_cancelled(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await bench.watcher.until(is_progress("a"))
    await bench.engine.cancel(JobId("a"))
    assert isinstance((await bench.watcher.ends("a"))["a"], Cancelled)
    assert max(event.step for event in bench.watcher.of("a") if isinstance(event, Progress)) < LONG
    await bench.paint(bench.ask("b"))
    assert isinstance(bench.watcher.of("a")[-1], Cancelled)


async def test_a_job_is_cancelled_before_its_first_step(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await bench.engine.submit(bench.long("b"))
    await bench.engine.cancel(JobId("b"))
    assert isinstance((await bench.watcher.ends("b"))["b"], Cancelled)
    await bench.engine.cancel(JobId("a"))
    assert isinstance((await bench.watcher.ends("a"))["a"], Cancelled)


async def test_commands_for_unknown_and_ended_jobs_change_nothing(bench: Bench) -> None:
    await bench.paint(bench.ask("a"))
    for job in (JobId("a"), JobId("never seen")):
        await bench.engine.cancel(job)
        await bench.engine.pause(job)
        await bench.engine.resume(job)
    await bench.paint(bench.ask("b"))
    assert isinstance(bench.watcher.of("a")[-1], Finished)
    assert not bench.watcher.of("never seen")


async def test_a_paused_job_lets_others_by_and_goes_on_where_it_was(bench: Bench) -> None:
    await bench.engine.submit(bench.ask("a", steps=100, prompt=LINGERING))
    await bench.watcher.until(is_progress("a"))
    await bench.engine.pause(JobId("a"))
    await bench.paint(bench.ask("b"))
    before = len(bench.watcher.of("a"))
    await bench.paint(bench.ask("c"))
    assert len(bench.watcher.of("a")) == before
    await bench.engine.resume(JobId("a"))
    finished = (await bench.watcher.ends("a"))["a"]
    assert isinstance(finished, Finished)
    steps = [event.step for event in bench.watcher.of("a") if isinstance(event, Progress)]
    assert steps == sorted(set(steps))
    alone = await bench.paint(bench.ask("d", steps=100, prompt=LINGERING))
    assert alone.pictures[0].data == finished.pictures[0].data


async def test_a_paused_job_can_be_cancelled(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await bench.engine.pause(JobId("a"))
    await bench.engine.cancel(JobId("a"))
    assert isinstance((await bench.watcher.ends("a"))["a"], Cancelled)


async def test_several_jobs_all_finish_with_their_own_pictures(bench: Bench) -> None:
    commands = [bench.ask(name, steps=3 + number) for number, name in enumerate("abcd")]
    for command in commands:
        await bench.engine.submit(command)
    ends = await bench.watcher.ends(*"abcd")
    for command in commands:
        together = ends[command.job]
        assert isinstance(together, Finished)
        assert together.pictures[0].recipe == command.recipe
        assert (together.pictures[0].width, together.pictures[0].height) == (64, 64)


async def test_a_job_that_cannot_be_done_fails_alone(bench: Bench) -> None:
    good = bench.ask("good", steps=30)
    recipe = msgspec.structs.replace(good.recipe, model=ContentHash("0" * 64))
    await bench.engine.submit(good)
    await bench.engine.submit(Generate(job=JobId("bad"), recipe=recipe))
    ends = await bench.watcher.ends("good", "bad")
    failed = ends["bad"]
    assert isinstance(failed, Failed)
    assert failed.kind == "model"
    assert failed.message
    assert isinstance(ends["good"], Finished)


async def test_a_job_in_flight_cannot_be_submitted_twice(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    with pytest.raises(ValueError, match="job a is in flight already"):
        await bench.engine.submit(bench.ask("a"))
    await bench.engine.cancel(JobId("a"))
    await bench.watcher.ends("a")
    await bench.paint(bench.ask("a"))


async def test_rescans_are_answered_even_when_several_ask(bench: Bench) -> None:
    answers = await asyncio.gather(*(bench.engine.rescan() for _ in range(3)))
    assert list(answers) == [bench.ready.models] * 3


async def test_texts_are_cut_into_tokens_while_a_picture_is_painted(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await bench.watcher.until(is_progress("a"))
    texts = ("a red circle", "a star")
    one, other = await asyncio.gather(
        bench.engine.tokenize(bench.model.hash, texts), bench.engine.tokenize(bench.model.hash, texts[:1])
    )
    words = [[[token.text for token in chunk.tokens] for chunk in chunks] for chunks in one.chunks]
    assert words == [[["a ", "red ", "circle "]], [["a ", "star "]]]
    assert one.launch == bench.ready.launch
    assert one.chunks[:1] == other.chunks
    assert (one.problem, other.problem) == (None, None)
    await bench.engine.cancel(JobId("a"))
    assert isinstance((await bench.watcher.ends("a"))["a"], Cancelled)


async def test_texts_for_an_unknown_model_are_answered_with_a_problem(bench: Bench) -> None:
    answer = await bench.engine.tokenize(ContentHash("0" * 64), ["fox"])
    assert answer.problem
    assert answer.chunks == ()
    assert (await bench.engine.tokenize(bench.model.hash, ["fox"])).problem is None


async def test_adapters_that_are_read_ahead_disturb_nothing(bench: Bench) -> None:
    await bench.engine.submit(bench.ask("a"))
    await bench.engine.prefetch([ContentHash("f" * 64)], "sd1")
    await bench.engine.prefetch([], "")
    assert isinstance((await bench.watcher.ends("a"))["a"], Finished)


async def test_a_picture_is_looked_at_while_another_is_painted(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await bench.watcher.until(is_progress("a"))
    half = Part(left=0, top=0, width=0.5, height=1)
    one, other, wrong = await asyncio.gather(
        bench.engine.examine(saved(halves())),
        bench.engine.examine(turned(), half),
        bench.engine.examine(b"words"),
    )
    assert (one.launch, one.width, one.height, one.mask, one.problem) == (bench.ready.launch, 48, 32, None, None)
    assert (other.width, other.height, other.problem) == (32, 48, None)
    assert other.mask is not None
    assert (pixels(other.mask)[:, :16] == 255).all()
    assert (pixels(other.mask)[:, 16:] == 0).all()
    assert wrong.problem == Problem(code="none")
    await bench.engine.cancel(JobId("a"))
    assert isinstance((await bench.watcher.ends("a"))["a"], Cancelled)


async def test_without_a_checker_nothing_is_judged_and_that_is_said(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    found = await bench.engine.check(saved(halves()))
    assert (found.launch, found.flagged, found.checker) == (bench.ready.launch, None, "")
    assert "EASEL_SAFETY_CHECKER" in str(found.problem)
    await bench.engine.cancel(JobId("a"))
    assert isinstance((await bench.watcher.ends("a"))["a"], Cancelled)


async def test_too_many_bytes_are_not_even_sent(bench: Bench) -> None:
    with pytest.raises(OutOfRange, match="at most 67,108,864 bytes"):
        await bench.engine.examine(bytes(MAX_IMAGE_BYTES + 1))
    with pytest.raises(OutOfRange, match="at most 268,435,456 bytes"):
        await bench.engine.check(bytes(MAX_CHECKED_BYTES + 1))


async def test_the_heartbeat_names_the_jobs_held(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await eventually(lambda: held(bench.engine) == ("a",))
    await bench.engine.cancel(JobId("a"))
    await eventually(lambda: held(bench.engine) == ())


def held(engine: Engine) -> tuple[str, ...] | None:
    return engine.heartbeat.jobs if engine.heartbeat else None


async def test_jobs_in_flight_at_the_stop_are_lost_and_events_end(bench: Bench) -> None:
    await bench.engine.submit(bench.long("a"))
    await bench.engine.submit(bench.long("b"))
    await bench.watcher.until(is_progress("a"))
    await bench.engine.stop()
    lost = (await bench.watcher.ends("a", "b"))["a"]
    assert isinstance(lost, Lost)
    assert (lost.launch, lost.jobs, lost.reason) == (
        bench.ready.launch,
        ("a", "b"),
        "The engine was stopped.",
    )
    with pytest.raises(StopAsyncIteration):
        await bench.watcher.until(lambda event: False)


async def test_a_stopped_engine_takes_nothing(bench: Bench) -> None:
    await bench.engine.stop()
    with pytest.raises(EngineDead, match="was stopped"):
        await bench.engine.submit(bench.ask("a"))
    with pytest.raises(EngineDead, match="was stopped"):
        await bench.engine.rescan()
    with pytest.raises(EngineDead, match="was stopped"):
        await bench.engine.tokenize(bench.model.hash, ["fox"])
    with pytest.raises(EngineDead, match="was stopped"):
        await bench.engine.examine(saved(halves()))
    with pytest.raises(EngineDead, match="was stopped"):
        await bench.engine.check(saved(halves()))
    await bench.engine.cancel(JobId("a"))
    await bench.engine.stop()
