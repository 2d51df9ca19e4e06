"""Adapters' files of strangers, looked at by a process of its own that has nothing worth having and may die.

That process (`inference.adapters.inspect`) limits its memory and its work; its time is limited here.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from bot.texts import Mistake
from inference.protocol.adapters import Rejected, Report, Verdict
from inference.protocol.log_words import Typed
from inference.protocol.rejections import rejected

log = logging.getLogger(__name__)

INSPECTOR_COMMAND = (sys.executable, "-P", "-m", "inference.adapters.inspect")
TIMEOUT_SECONDS = 180.0
#: Each may take as much memory as three times the largest pickle; the others wait.
MAX_AT_ONCE = 2
#: What a process needs of its surroundings; tokens and passwords are not among it.
_KEPT = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "USERPROFILE", "LOCALAPPDATA"),
)
#: Threads take memory, and a graphics card is of no use here.
_SET = {
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
#: How it ends when it has no more memory: by the kernel, or by a library that gives up.
_OUT_OF_MEMORY = (-9, -6)
_OUT_OF_TIME = -24
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class AdapterRefused(Mistake):
    """An adapter's file that is not used: the text `adapter_refused_CODE` says why."""

    def __init__(self, rejection: Rejected) -> None:
        self.code = rejection.code
        super().__init__(f"adapter_refused_{rejection.code}", **rejection.values)


async def inspect(source: Path, target: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> Report:
    """Return what an adapter's file is, and write a copy of it to `target` as safetensors, in a folder that is there.

    `source` is left as it is; its ending matters only where it lies. Raises Mistake with the reason why the file is
    refused, and leaves nothing at `target` then.
    """
    async with _gate():
        try:
            verdict = await _verdict(source, target, timeout_seconds)
        except BaseException:
            await asyncio.to_thread(_remove, target)
            raise
    if verdict.report is None:
        await asyncio.to_thread(_remove, target)
        raise AdapterRefused(verdict.rejected or rejected("broke"))
    return verdict.report


def _gate() -> asyncio.Semaphore:
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_AT_ONCE))


async def _verdict(source: Path, target: Path, timeout_seconds: float) -> Verdict:
    process = await asyncio.create_subprocess_exec(
        *INSPECTOR_COMMAND,
        str(source),
        str(target),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_surroundings(os.environ),
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            said, complaints = await process.communicate()
    except TimeoutError:
        return Verdict(rejected=rejected("took_too_long", seconds=round(timeout_seconds)))
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    if process.returncode == 0:
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(said, type=Verdict)
    if process.returncode in _OUT_OF_MEMORY:
        return Verdict(rejected=rejected("out_of_memory"))
    if process.returncode == _OUT_OF_TIME:
        return Verdict(rejected=rejected("took_too_long", seconds=round(timeout_seconds)))
    log.error(
        "inspecting %s ended with %s: %s",
        Typed(source),
        process.returncode,
        Typed(complaints[-2000:].decode(errors="replace")),
    )
    return Verdict(rejected=rejected("broke"))


def _surroundings(here: Mapping[str, str]) -> dict[str, str]:
    return {name: here[name] for name in _KEPT if name in here} | _SET


def _remove(target: Path) -> None:
    """Remove what a process that was ended may have left."""
    for path in (target, target.with_name(f"{target.name}.part")):
        path.unlink(missing_ok=True)
