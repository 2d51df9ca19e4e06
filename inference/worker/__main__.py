"""The worker as a process: `python -m inference.worker`, started and spoken to by `bot.engines.process`."""

from collections.abc import Callable

from inference.protocol.messages import EngineSettings, Event, LaunchId
from inference.worker import entry
from inference.worker.painter import CannotStart, Painter


def open_studio(settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> Painter:
    """Open the real painter. Imports torch only now, when stray prints can no longer reach the frames.

    Raises CannotStart.
    """
    from inference.models.errors import ModelError
    from inference.worker.studio import Studio

    try:
        return Studio(settings, launch, emit)
    except ModelError as error:
        raise CannotStart(str(error)) from error


if __name__ == "__main__":
    entry.run(open_studio)
