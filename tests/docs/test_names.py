"""Files, modules, names and metrics that documents name are there."""

import re

import pytest

from bot.control.metrics import Metrics, Now
from tests.docs.containers import VOLUMES
from tests.docs.documents import ROOT, Span, document, manuals, tracked

_FOLDERS = {name.split("/")[0] for name in tracked() if "/" in name}
_BASENAMES = {name.rsplit("/", 1)[-1] for name in tracked()}
_KINDS = r"py|sql|md|toml|yaml|yml|json|js|css|html|svg|png|webp|sh|txt"


def _codes() -> list[Span]:
    return [code for name in manuals() for code in document(name).codes]


def _paths() -> list[Span]:
    """Return the codes that are paths of the house: they begin with one of its folders."""
    folders = "|".join(re.escape(folder) for folder in sorted(_FOLDERS))
    return [code for code in _codes() if re.fullmatch(rf"(?:{folders})/[\w./*-]*", code.text)]


def _is_there(path: str) -> bool:
    """Tell whether a file or a folder is there; capitals and stars stand for anything."""
    pattern = re.sub(r"NNNN_name|\\\*|[A-Z]{4,}", r"[^/]*", re.escape(path.rstrip("/")))
    return any(re.match(rf"{pattern}(/|$)", name) for name in tracked())


def test_paths_are_there() -> None:
    missing = [f"{code.place}: {code.text}" for code in _paths() if not _is_there(code.text)]
    assert missing == []
    assert len(_paths()) > 40


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md", "docs/extending.md"])
def test_files_that_are_named_alone_are_somewhere(name: str) -> None:
    files = [code for code in document(name).codes if re.fullmatch(rf"[\w-]+\.(?:{_KINDS})", code.text)]
    # Files that a running house makes, and those of other programs, stand in its own programs.
    programs = "".join((ROOT / each).read_text("utf-8") for each in tracked() if each.endswith((".py", "run")))
    missing = [
        f"{code.place}: {code.text}"
        for code in files
        if code.text not in _BASENAMES and not re.search(r"[A-Z]{4,}", code.text) and code.text not in programs
    ]
    assert missing == []


def test_names_are_in_the_files_that_are_said_to_have_them() -> None:
    said = re.compile(r"`([A-Za-z_][\w.]*)(?:\([^`]*\))?`\s+(?:in|of|to)\s+`([\w/.]+\.(?:py|sql|toml|js))`")
    missing, looked_at = [], 0
    for name in manuals():
        for symbol, path in said.findall(document(name).text):
            looked_at += 1
            files = [each for each in tracked() if each == path or each.endswith(f"/{path}")]
            if not any(symbol.rsplit(".", 1)[-1] in (ROOT / file).read_text("utf-8") for file in files):
                missing.append(f"{name}: `{symbol}` is not in {path}")
    assert missing == []
    assert looked_at > 10


def test_modules_can_be_run() -> None:
    missing, looked_at = [], 0
    for name in manuals():
        for module in re.findall(
            r"python3? -m ((?:bot|cogs|inference|playground|storage|benchmarks)[\w.]*)", document(name).text
        ):
            looked_at += 1
            path = module.replace(".", "/")
            if not {f"{path}.py", f"{path}/__main__.py"} & set(tracked()):
                missing.append(f"{name}: python -m {module}")
    assert missing == []
    assert looked_at > 3


def test_dotted_names_are_modules_or_in_one() -> None:
    packages = "bot|cogs|inference|playground|storage|benchmarks"
    said = [code for code in _codes() if re.fullmatch(rf"(?:{packages})(?:\.\w+)+", code.text)]
    missing = [f"{code.place}: {code.text}" for code in said if not _resolves(code.text)]
    assert missing == []


def _resolves(dotted: str) -> bool:
    """Tell whether this is a module, or a name in the source of one; `playground.x` may be of an object."""
    module, _, name = dotted.rpartition(".")
    path = module.replace(".", "/")
    own = [f"{path}.py", f"{path}/__init__.py"] if "." in module else [n for n in tracked() if n.startswith(f"{path}/")]
    sources = [each for each in own if each in tracked() and each.endswith(".py")]
    return _is_module(dotted) or any(re.search(rf"\b{name}\b", (ROOT / each).read_text("utf-8")) for each in sources)


def _is_module(dotted: str) -> bool:
    path = dotted.replace(".", "/")
    return bool({f"{path}.py", f"{path}/__init__.py"} & set(tracked()))


def _kinds() -> dict[str, str]:
    """Return the names of all metrics, as Prometheus is given them, and what they are."""
    text = Metrics({"version": ""}).text(Now()).decode()
    return dict(re.findall(r"^# TYPE (easel_\w+) (\w+)$", text, re.MULTILINE))


def _metrics() -> set[str]:
    """Return the names of all series."""
    parts = {
        f"{name}{end}"
        for name, kind in _kinds().items()
        if kind == "histogram"
        for end in ("_bucket", "_sum", "_count")
    }
    return parts | set(_kinds())


def test_metrics_exist() -> None:
    files = re.compile(r"easel_\w+\.(?:py|sqlite3)")
    wrong = [
        f"{name}: {metric}"
        for name in manuals()
        for metric in re.findall(r"(?<![\w/.-])easel_[a-z_]+[a-z](?![\w]*\.\w)", files.sub("", document(name).text))
        if metric not in _metrics() | VOLUMES
    ]
    assert wrong == []


def test_every_metric_is_documented() -> None:
    text = document("docs/operator.md").text
    # The client adds the moment of a counter's birth.
    names = [name for name in _kinds() if not name.endswith("_created")]
    assert [name for name in names if f"`{name}" not in text] == []
    assert len(names) > 15
