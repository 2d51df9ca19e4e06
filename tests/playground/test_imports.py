"""What the playground stands on: the standard library and aiohttp, and nothing of the house or of discord.py."""

import ast
import subprocess
import sys
from pathlib import Path

import playground


def test_it_imports_aiohttp_and_the_standard_library_only() -> None:
    folder = Path(playground.__file__).parent
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add((node.module or "").split(".")[0])
    assert found - set(sys.stdlib_module_names) == {"aiohttp", "playground"}


def test_it_brings_nothing_heavy() -> None:
    code = "import sys, playground.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not {"discord", "torch", "bot", "inference", "storage", "cogs"} & set(done.stdout.split())
