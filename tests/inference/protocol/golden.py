"""Settings as other programs write them, by the names of files made by hand in their layouts."""

from pathlib import Path

#: Text of every file.
PASTED = {path.name: path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "pasted").iterdir())}
