"""The command line: what can be typed, and who answers."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.cli.commands import parser
from bot.cli.parsing import USAGE
from bot.display import INTERRUPTED
from bot.errors import EaselError, UserError, sentence
from bot.settings import Settings, load_settings
from inference.output import said
from inference.prompt.places import PromptError
from inference.protocol.limits import OutOfRange
from storage import StorageError

__all__ = ["FAILED", "USAGE", "main", "parser"]

#: The exit code of what failed here; see also `parsing.USAGE` and `display.INTERRUPTED`.
FAILED = 1
#: Words behind `easel models` after which a running bot has to look again.
_CHANGE_MODELS = {"add", "remove", "fetch-tokenizer"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Mistakes end in one clear sentence on stderr."""
    return said(lambda: _run(list(sys.argv[1:] if arguments is None else arguments) or ["--help"]))


def _run(words: Sequence[str]) -> int:
    forwarded = {"models": "inference.models", "doctor": "inference.doctor", "bench": "benchmarks"}
    try:
        settings = load_settings()
        if words and words[0] in forwarded:
            return _forward(forwarded[words[0]], words[1:], settings)
        options = parser().parse_args(words)
        code: int = options.run(options, settings)
        return code
    except OutOfRange as error:
        return _complain(sentence(error), USAGE)
    except PromptError as error:
        return _complain(error.pointed(), USAGE)
    except StorageError as error:
        return _complain(sentence(error), FAILED)
    except EaselError as error:
        return _complain(error.message, USAGE if isinstance(error, UserError) else FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _forward(module: str, words: Sequence[str], settings: Settings) -> int:
    """Run a program of ours that needs torch, on this terminal."""
    told = ["--folder", str(settings.models_folder)] if module != "benchmarks" else []
    if module == "inference.doctor":
        told += ["--data", str(settings.data_folder.expanduser()), "--checker", settings.safety_checker]
    environment = os.environ | ({"PYTHONPATH": _repository()} if module == "benchmarks" else {})
    try:
        code = subprocess.run([sys.executable, "-m", module, *told, *words], env=environment, check=False).returncode
    except KeyboardInterrupt:
        return INTERRUPTED
    if module == "inference.models" and code == 0 and words and words[0] in _CHANGE_MODELS:
        _tell_bot(settings)
    # A signal's number comes negative.
    return code if code >= 0 else 128 - code


def _repository() -> str:
    """Return where Python finds the benchmarks, which are no part of what is installed. Raises UserError."""
    folder = Path(__file__).parents[2]
    if not (folder / "benchmarks").is_dir():
        raise UserError("The benchmarks are not installed with Easel: type this where its repository is installed.")
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def _tell_bot(settings: Settings) -> None:
    """Have a bot that runs here look at its models again."""
    from bot.control.client import Bot, NoBot  # It brings aiohttp, which few commands need.

    try:
        asyncio.run(Bot(settings.data_folder.expanduser()).ask("refresh"))
    except NoBot:
        return
    except EaselError as error:
        print(f"easel: The running bot does not know of it yet; start it again. {error.message}", file=sys.stderr)
        return
    print("The running bot knows of it.", file=sys.stderr)


def _complain(message: str, code: int) -> int:
    print(f"easel: {message}", file=sys.stderr)
    return code
