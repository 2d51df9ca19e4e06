"""Metrics: what is counted, how Prometheus reads it, and who may."""

import asyncio
import contextlib
import random
import socket
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.control.exposition import exposed
from bot.control.metrics import Metrics, Now
from bot.engines.base import Lost
from bot.errors import EaselError
from inference.protocol.messages import LaunchId
from playground import Playground
from tests.bot.delivery.acting import FOURTEEN_MINUTES, HeldEngine, ask, ended, until_idle
from tests.bot.engines.engines import eventually
from tests.bot.stage import begun, labels_of, on_stage, painted


def values(text: str) -> dict[str, float]:
    """Return every sample by its name and labels."""
    return {
        sample.name + "".join(f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def fetched(port: int, host: str | None = None, path: str = "/metrics") -> tuple[int, str]:
    headers = {"Host": host} if host else {}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as response,
    ):
        return response.status, await response.text()


def _free_port() -> int:
    """Return a port below those that systems hand out by themselves: nobody else gets it before the bot does."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


async def test_what_a_bot_counts(playground: Playground, tmp_path: Path) -> None:
    ann, port = playground.person("ann"), _free_port()
    async with on_stage(playground, tmp_path, metrics_port=port) as bot:
        await painted(playground, ann, count=2)
        # What is seen is counted a little later.
        await until_idle(bot)
        slow = await begun(playground, ann)
        await eventually(lambda: any(flight.share > 0 for flight in bot.rooms.dispatcher.board.flights.values()))
        status, text = await fetched(port)
        assert status == 200
        found = values(text)
        assert found["easel_pictures_total{kind=TextToImage}"] == 2
        assert found["easel_waiting_seconds_count{lane=normal}"] == 3
        assert found["easel_running_seconds_count{kind=TextToImage}"] == 2
        assert found["easel_deliveries_total{state=sent}"] == 1
        assert found["easel_queue_running"] == 1
        assert found["easel_queue_waiting{lane=normal}"] == 0
        assert found["easel_engine_launches_total"] == 1
        assert found["easel_engine_deaths_total"] == 0
        assert found["easel_servers{state=open}"] == 1
        assert found["easel_draining"] == 0
        assert found["easel_acknowledgement_seconds_count{kind=application_command}"] == 2
        assert any(name.startswith("easel_build_info") for name in found)
        await bot.rooms.operator.drain("")
        await bot.rooms.operator.close(playground.world.guild("Atelier").id, "")
        found = values((await fetched(port))[1])
        assert (found["easel_draining"], found["easel_servers{state=closed}"]) == (1, 1)
        await bot.rooms.operator.open(playground.world.guild("Atelier").id)
        (shown,) = [message for message in slow.messages if "Cancel" in labels_of(message)]
        await ann.press(shown, "Cancel")
        await playground.until(lambda: bot.rooms.dispatcher.running == 0)


async def test_a_result_that_comes_late_and_one_that_is_hard_to_send(playground: Playground, tmp_path: Path) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _invocation, late = await ask(playground, bot)
        playground.clock.advance(FOURTEEN_MINUTES)
        # As often as discord.py itself tries again.
        playground.faults.fail("POST", "/channels", status=0, times=6)
        engine.gate.set()
        assert (await ended(bot, late)).state == "sent"
        text = await asyncio.to_thread(bot.rooms.desk.metrics.text, Now())
        found = values(text.decode())
    assert found["easel_tokens_lapsed_total"] == 1
    assert found["easel_deliveries_total{state=sent}"] == 1
    assert found["easel_delivery_retries_total"] >= 1


async def test_a_worker_that_dies_is_counted(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        arrivals = bot.rooms.dispatcher._arrivals
        await arrivals._take(Lost(launch=LaunchId("x"), jobs=(), reason="a test", exit_code=-9))
        assert (bot.rooms.desk.metrics.launches, bot.rooms.desk.metrics.deaths) == (1, 1)


def test_what_fails_is_counted() -> None:
    metrics = Metrics({"version": "1"})
    metrics.failed("memory")
    metrics.engine_up()
    metrics.engine_lost()
    metrics.delivery_retried()
    metrics.token_lapsed()
    metrics.withheld()
    for number in range(150):
        metrics.error(f"Kind{number}")
    found = values(metrics.text(Now(waiting={"relaxed": 4}, servers_open=2)).decode())
    assert found["easel_pictures_failed_total{kind=memory}"] == 1
    assert (found["easel_engine_launches_total"], found["easel_engine_deaths_total"]) == (1, 1)
    assert (metrics.launches, metrics.deaths) == (1, 1)
    for name in ("delivery_retries", "tokens_lapsed", "pictures_withheld"):
        assert found[f"easel_{name}_total"] == 1
    assert found["easel_queue_waiting{lane=relaxed}"] == 4
    kinds = {name: value for name, value in found.items() if name.startswith("easel_errors_total")}
    assert sum(kinds.values()) == 150
    assert kinds["easel_errors_total{kind=other}"] == 50, "labels cannot grow for ever"


def test_two_bots_count_for_themselves() -> None:
    one, other = Metrics({"version": "1"}), Metrics({"version": "1"})
    one.withheld()
    assert values(other.text(Now()).decode())["easel_pictures_withheld_total"] == 0


async def test_who_may_read_them() -> None:
    async with exposed(Metrics({"version": "1"}), Now, 0) as port:
        assert (await fetched(port))[0] == 200
        assert (await fetched(port, f"localhost:{port}"))[0] == 200
        assert (await fetched(port, "example.org"))[0] == 403
        assert (await fetched(port, f"example.org:{port}"))[0] == 403
        assert (await fetched(port, path="/"))[0] == 404
        with pytest.raises(EaselError, match="EASEL_METRICS_PORT"):
            async with exposed(Metrics({"version": "1"}), Now, port):
                pass
