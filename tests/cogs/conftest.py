"""As in `tests/bot`: every test fails when it blocks the event loop or leaves a task behind."""

from tests.bot.conftest import nothing_blocks_the_loop, nothing_is_left_running, playground, playground_settings

__all__ = ["nothing_blocks_the_loop", "nothing_is_left_running", "playground", "playground_settings"]
