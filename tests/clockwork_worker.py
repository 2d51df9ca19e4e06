"""The real worker process around the clockwork engine: `python -m tests.clockwork_worker`."""

from inference.worker import entry
from tests.clockwork import Clockwork

if __name__ == "__main__":
    entry.run(Clockwork)
