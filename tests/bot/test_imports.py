"""What may not come along with the bot."""

import subprocess
import sys


def test_engines_leave_torch_and_the_worker_out() -> None:
    program = (
        "import sys, bot.engines.process, bot.engines.inline, bot.engines.reruns\n"
        "print([name for name in ('torch', 'numpy', 'inference.worker', 'cogs', 'discord') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
