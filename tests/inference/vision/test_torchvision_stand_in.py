"""spandrel is imported beside a torchvision that is missing or broken, and nothing of the stand-in stays."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.inference.vision.networks import write_esrgan

CODE = """
import sys
from pathlib import Path
import torch
from inference.vision.upscalers import load_upscaler
load_upscaler(Path(sys.argv[1]), torch.device("cpu"), torch.float32)
left = [name for name in sys.modules if name.partition(".")[0] == "torchvision"]
assert not left, left
"""


@pytest.mark.parametrize(
    "content",
    ["raise ImportError('none here')", "raise RuntimeError('operator torchvision::nms does not exist')"],
)
def test_an_upscaler_loads_without_a_torchvision_that_works(content: str, tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(content)
    network = write_esrgan(tmp_path / "a.safetensors")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{CODE}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(network)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
