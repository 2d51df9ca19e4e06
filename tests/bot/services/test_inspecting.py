"""Adapters' files through the inspecting process itself: verdicts, words, limits of time and number, nothing left."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
import torch

from bot.services import inspecting
from bot.services.inspecting import AdapterRefused, inspect
from bot.texts import say
from inference.protocol.adapters import Report, Verdict
from tests.hostile_adapters import Evil, floats, lora, packed

#: Begins to write, tells its id through a pipe that lies beside its target, and never ends.
STUCK = """
import os, sys, time
open(sys.argv[2] + ".part", "w").close()
with open(sys.argv[2] + ".pipe", "w") as pipe:
    pipe.write(str(os.getpid()))
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals are others there")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "zorp.safetensors"
    path.write_bytes(packed(lora(), {"ss_output_name": "zorp"}))
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "kept.safetensors"


def instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have another program inspect."""
    monkeypatch.setattr(inspecting, "INSPECTOR_COMMAND", (sys.executable, "-c", code))


def left(target: Path) -> list[str]:
    return [path.name for path in target.parent.iterdir() if path.suffix != ".pipe"]


async def pid_of(target: Path) -> int:
    """Wait until the process that writes this target tells its id."""
    pipe = target.with_name(f"{target.name}.pipe")
    return int(await asyncio.to_thread(pipe.read_text))


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_good_file_is_reported_and_kept(source: Path, target: Path) -> None:
    report = asyncio.run(inspect(source, target))
    size = source.stat().st_size
    assert report == Report(kind="lora", form="LoRA", family="sample", rank=4, bytes=size, suggested_name="zorp")
    assert target.read_bytes() == source.read_bytes()
    assert left(target) == [target.name]


def test_a_pickle_that_runs_something_is_refused_with_words(target: Path, tmp_path: Path) -> None:
    source, mark = tmp_path / "evil.pt", tmp_path / "mark"
    torch.save({"<zorp>": torch.zeros(768), "x": Evil(os.system, f"touch {mark}")}, source)
    with pytest.raises(AdapterRefused, match="It was not run") as caught:
        asyncio.run(inspect(source, target))
    assert f"`{os.system.__module__}.system`" in say(caught.value.key, "de", **caught.value.values)
    assert not mark.exists()
    assert left(target) == []


def test_a_refusal_names_what_is_wrong(target: Path, tmp_path: Path) -> None:
    source = tmp_path / "strange.safetensors"
    source.write_bytes(packed(lora() | {"lora_unet_nowhere.lora_up.weight": floats(2, 2)}))
    with pytest.raises(AdapterRefused, match=r"1 of its tensors .* `lora_unet_nowhere\.lora_up\.weight`"):
        asyncio.run(inspect(source, target))


def test_a_name_like_an_option_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("--help").write_bytes(packed(lora()))
    assert asyncio.run(inspect(Path("--help"), Path("-c"))).kind == "lora"
    assert Path("-c").exists()


def test_one_that_takes_too_long_is_ended(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, "import sys, time; open(sys.argv[2], 'w').close(); time.sleep(600)")
    with pytest.raises(AdapterRefused) as caught:
        asyncio.run(inspect(source, target, timeout_seconds=1))
    assert caught.value.code == "took_too_long"
    assert left(target) == []


async def test_one_that_nobody_waits_for_is_ended(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, STUCK)
    os.mkfifo(target.with_name(f"{target.name}.pipe"))
    task = asyncio.create_task(inspect(source, target))
    pid = await pid_of(target)
    assert runs(pid)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not runs(pid)
    assert await asyncio.to_thread(left, target) == []


async def test_no_more_than_so_many_run_at_a_time(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, STUCK)
    begun = 0

    async def counted(source: Path, target: Path, timeout_seconds: float) -> Verdict:
        nonlocal begun
        begun += 1
        return await verdict(source, target, timeout_seconds)

    verdict = inspecting._verdict
    monkeypatch.setattr(inspecting, "_verdict", counted)
    targets = [target.with_name(f"{number}") for number in range(inspecting.MAX_AT_ONCE + 2)]
    for one in targets:
        os.mkfifo(one.with_name(f"{one.name}.pipe"))
    tasks = [asyncio.create_task(inspect(source, one)) for one in targets]
    pids = [await pid_of(one) for one in targets[: inspecting.MAX_AT_ONCE]]
    assert begun == inspecting.MAX_AT_ONCE
    tasks[0].cancel()
    pids.append(await pid_of(targets[inspecting.MAX_AT_ONCE]))
    assert begun == inspecting.MAX_AT_ONCE + 1
    assert [runs(pid) for pid in pids] == [False] + [True] * inspecting.MAX_AT_ONCE
    for task in reversed(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not any(map(runs, pids))
    assert await asyncio.to_thread(left, target) == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit(3)", "broke"),
        ("print('no verdict')", "broke"),
        ("print('{}')", "broke"),
        ("os.abort()", "out_of_memory"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "out_of_memory"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "took_too_long"),
    ],
)
def test_one_that_breaks_is_a_refusal(
    code: str, reason: str, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, f"import os, signal, sys; open(sys.argv[2], 'w').close(); {code}")
    with pytest.raises(AdapterRefused) as caught:
        asyncio.run(inspect(source, target))
    assert caught.value.code == reason
    assert left(target) == []


def test_it_knows_none_of_the_bots_secrets(
    source: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EASEL_DISCORD_TOKEN", "secret")
    monkeypatch.setenv("HF_TOKEN", "secret")
    told = tmp_path / "told"
    instead(monkeypatch, f"import os; open({str(told)!r}, 'w').write(repr(dict(os.environ)))")
    with pytest.raises(AdapterRefused):
        asyncio.run(inspect(source, target))
    assert "PATH" in told.read_text()
    assert "secret" not in told.read_text()
