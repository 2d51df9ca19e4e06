"""Pictures have one door: nobody else reads their bytes to show them."""

import ast
from pathlib import Path

import bot
import cogs

#: Who reads the bytes of pictures, and why.
READERS = {
    "services/checks.py": 1,  # the door
    "services/verdicts.py": 1,  # for the checker
    "services/originals.py": 1,  # sources, for the engine
    "services/gallery.py": 1,  # a source, for the engine
    "services/previews.py": 1,  # to keep it as a preview, which has the same door
}


def test_bytes_of_pictures_are_read_by_few() -> None:
    found: dict[str, int] = {}
    for package in (bot, cogs):
        root = Path(package.__file__ or "").parent
        for path in root.rglob("*.py"):
            reads = sum(map(_reads_pictures, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
            if reads:
                found[path.relative_to(root).as_posix()] = reads
    assert found == READERS


def _reads_pictures(node: ast.AST) -> bool:
    """Tell a call of `read` of a folder of pictures."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "read":
        return False
    folder = node.func.value
    name = folder.attr if isinstance(folder, ast.Attribute) else folder.id if isinstance(folder, ast.Name) else ""
    return name.strip("_") == "pictures"
