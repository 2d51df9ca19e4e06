"""The inspecting process: `python -m inference.adapters.inspect SOURCE TARGET`.

Looks at SOURCE, a stranger's file, and prints one line of JSON, a `Verdict`: what it is, or why it is refused. TARGET
is written only when all is well. Ends with 0 either way. It limits its own memory and work; whoever starts it limits
the time, and gives it nothing worth having.
"""

import os
import sys
from pathlib import Path

import msgspec

from inference.adapters.inspection import inspect
from inference.adapters.safety import Refused, limit_seconds
from inference.protocol.adapters import Verdict

#: Work beyond which a file is not looked at any longer.
MAX_CPU_SECONDS = 300


def main(source: Path, target: Path) -> Verdict:
    """Return the verdict on `source`."""
    limit_seconds(MAX_CPU_SECONDS)
    try:
        return Verdict(report=inspect(source, target))
    except Refused as refusal:
        return Verdict(rejected=refusal.rejection)


def answer(source: Path, target: Path) -> None:
    """Print the verdict on `source` as a line of JSON, and nothing else, whatever libraries print."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    verdict = main(source, target)
    with pipe:
        pipe.write(msgspec.json.encode(verdict) + b"\n")


if __name__ == "__main__":
    answer(Path(sys.argv[1]), Path(sys.argv[2]))
