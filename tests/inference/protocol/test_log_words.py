"""What people typed stays out of log lines: as a value, as an error's words, as what caused it; unless it is let in."""

import asyncio
import gc
import io
import logging
import sqlite3
import subprocess
import sys

import pytest

from bot.errors import EngineDead
from bot.texts import Mistake
from inference.prompt.places import PromptError, Span
from inference.prompt.words import told
from inference.protocol.limits import OutOfRange
from inference.protocol.log_words import LEFT_OUT, DiscreetFormatter, Typed, is_plain, summary, traceback_of
from storage import StorageError, UnreadableRecipe, UnreadableRow

SECRET = "zyxwvut"


def line(prompts: bool, message: object, *values: object, **fields: object) -> str:
    """Return what a handler writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(DiscreetFormatter("%(levelname)s %(message)s", prompts=prompts))
    log = logging.Logger("easel.test")
    log.addHandler(handler)
    log.error(message, *values, **fields)  # type: ignore[arg-type]
    return stream.getvalue()


QUOTING: list[BaseException] = [
    ValueError(SECRET),
    KeyError(SECRET),
    LookupError(SECRET),
    AssertionError(SECRET),
    Exception(SECRET),
    Mistake("no_model", name=SECRET),
    OutOfRange("sampler", SECRET, "one of many"),
    PromptError(told("no_network", kind="LoRA", name=SECRET), SECRET, Span(0, 3)),
    UnreadableRecipe(SECRET),
    UnreadableRow(SECRET),
    UnicodeEncodeError("utf-8", SECRET, 0, 1, "no"),
    ExceptionGroup(SECRET, [ValueError(SECRET)]),
]
PLAIN: list[BaseException] = [
    OSError(28, "No space left on device"),
    TimeoutError("too slow"),
    RuntimeError("CUDA out of memory"),
    TypeError("f() takes no arguments"),
    ZeroDivisionError("division by zero"),
    sqlite3.OperationalError("disk I/O error"),
    StorageError("The disk is full."),
    EngineDead("The worker left with 137."),
]


@pytest.mark.parametrize("error", QUOTING, ids=lambda error: type(error).__name__)
def test_words_of_errors_that_may_quote_are_left_out(error: BaseException) -> None:
    assert not is_plain(error)
    for written in (line(False, "it is %s", error), line(False, "it is %r", error), line(False, error)):
        assert SECRET not in written
        assert type(error).__name__ in written
        assert LEFT_OUT in written
    assert SECRET in line(True, "it is %r", error) + line(True, "it is %s", error) + "".join(map(str, error.args))


@pytest.mark.parametrize("error", PLAIN, ids=lambda error: type(error).__name__)
def test_words_of_errors_that_tell_of_the_machine_are_kept(error: BaseException) -> None:
    assert is_plain(error)
    assert line(False, "it is %s", error) == f"ERROR it is {error}\n"
    assert str(error) in summary(error)


def test_a_mistake_is_known_by_its_key() -> None:
    assert "Mistake no_model" in summary(Mistake("no_model", name=SECRET))


def raised_from_another() -> ValueError:
    """Return an error that came of another, both with the secret."""
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"not {SECRET}") from error
    except ValueError as error:
        return error


def test_a_traceback_has_the_code_and_not_the_words() -> None:
    caught = raised_from_another()
    written = line(False, "broken", exc_info=caught)
    assert SECRET in line(True, "broken", exc_info=caught)
    assert SECRET not in written
    for part in ("broken", "KeyError", "ValueError", "raise KeyError(SECRET)", "which came of", __file__):
        assert part in written
    assert written.index("ValueError") < written.index("KeyError (")
    assert traceback_of(caught) in written


def test_a_plain_error_that_came_of_a_quoting_one_keeps_its_own_words() -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise OSError("the disk is gone") from None
    except OSError as error:
        written = line(False, "broken", exc_info=error)
    assert "the disk is gone" in written
    assert "KeyError" not in written.replace("raise KeyError(SECRET)", "")
    group = line(False, "x", exc_info=ExceptionGroup("all", [ValueError(SECRET), OSError("gone")]))
    assert SECRET not in group
    assert "OSError: gone" in group


def test_errors_that_came_of_each_other_end() -> None:
    first, second = ValueError(SECRET), KeyError(SECRET)
    first.__cause__, second.__cause__ = second, first
    assert SECRET not in line(False, "round and round", exc_info=first)


def test_values_that_people_typed_are_left_out() -> None:
    assert line(False, "asks for %s, %r", Typed(SECRET), 3) == f"ERROR asks for {LEFT_OUT}, 3\n"
    assert line(True, "asks for %s, %r", Typed(SECRET), Typed(3)) == f"ERROR asks for {SECRET}, 3\n"
    assert SECRET not in line(False, "%(what)s", {"what": Typed(SECRET)})


async def test_a_task_that_nobody_waited_for_tells_no_words() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(DiscreetFormatter("%(message)s"))
    log = logging.getLogger("asyncio")
    log.addHandler(handler)
    log.propagate = False
    try:

        async def fail() -> None:
            raise ValueError(SECRET)

        task = asyncio.create_task(fail(), name="failing")
        await asyncio.wait({task})
        del task
        gc.collect()
    finally:
        log.removeHandler(handler)
        log.propagate = True
    assert "never retrieved" in stream.getvalue()
    assert SECRET not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


@pytest.mark.parametrize("prompts", [False, True])
def test_what_nothing_catches_is_written_so_too(prompts: bool) -> None:
    code = (
        "from inference.worker.logs import log_to_stderr\n"
        f"log_to_stderr(prompts={prompts})\n"
        f"def paint(prompt): raise ValueError(prompt[::-1])\n"
        f"paint({SECRET[::-1]!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (SECRET in done.stderr) == prompts
    assert "ValueError" in done.stderr
