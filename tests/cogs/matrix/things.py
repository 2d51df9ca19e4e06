"""Everything that people can use in Discord, as the running bot and its sources have it."""

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from discord import app_commands

import bot
import cogs
from bot.app import Easel

_GROUP = re.compile(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))*)\)\??")
#: What may be left out of a custom id is taken to be there.
_OPTIONAL = re.compile(r"\(\?:((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)\?")
_WORDS = re.compile(r"\w+(?:\|\w+)*")
#: Parts of custom ids that say what is shown, and change nothing of who may see it.
_SHOWN = ("kind",)
#: What takes a form that was sent in: each is given the pattern of its custom id.
_TAKERS = ("filled", "sent")


def commands_of(client: Easel) -> set[str]:
    """Return the names of all slash commands, each subcommand by itself."""
    found = client.tree.walk_commands()
    return {f"/{one.qualified_name}" for one in found if isinstance(one, app_commands.Command)}


def menus_of(client: Easel) -> set[str]:
    """Return the names of what a click on a message or on a person offers."""
    return {one.qualified_name for one in client.tree.get_commands() if isinstance(one, app_commands.ContextMenu)}


def components_of(client: Easel) -> set[str]:
    """Return the custom ids of all buttons and menus under messages, without what they begin with."""
    patterns = client._connection._view_store._dynamic_items
    return {name for pattern in patterns for name in names_of(pattern.pattern)}


def forms() -> set[str]:
    """Return the custom ids of all forms, without what they begin with: what the sources take when one is sent in.

    Slow: to be called in a thread.
    """
    return {name for pattern in _taken() for name in names_of(pattern.pattern)}


def names_of(pattern: str) -> list[str]:
    """Return the custom ids that a pattern takes: each of the words of a part, and of any other part its name.

    "easel:(?P<verb>show|hide):(?P<job>[0-9a-f]{32})" becomes "show:JOB" and "hide:JOB".
    """
    pieces, end = list[list[str]](), 0
    pattern = _OPTIONAL.sub(r"\1", pattern)
    for found in _GROUP.finditer(pattern):
        pieces.append([pattern[end : found.start()]])
        name, inside = found.groups()
        several = _WORDS.fullmatch(inside) is not None and name not in _SHOWN
        pieces.append(inside.split("|") if several else [name.upper()])
        end = found.end()
    pieces.append([pattern[end:]])
    names = ["".join(parts) for parts in itertools.product(*pieces)]
    assert all(re.fullmatch(r"[\w:.@-]+", name) for name in names), f"{pattern} cannot be read"
    return [name.removeprefix("easel:") for name in names]


def _taken() -> Iterator[re.Pattern[str]]:
    """Yield the patterns of all forms."""
    for name, tree in _sources():
        module = importlib.import_module(name)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or len(node.args) != 2:
                continue
            if _last_name(node.func) in _TAKERS and (_last_name(node.args[1]) or "").isupper():
                pattern = _value_of(node.args[1], module)
                assert isinstance(pattern, re.Pattern), ast.dump(node)
                yield pattern


def _value_of(node: ast.expr, module: object) -> object:
    """Return what `a` or `a.b` is in a module."""
    if isinstance(node, ast.Attribute):
        return getattr(_value_of(node.value, module), node.attr)
    assert isinstance(node, ast.Name), ast.dump(node)
    return getattr(module, node.id)


def other_forms() -> list[str]:
    """Return the modules that open a form in another way than `bot.interactions.forms` does. Slow as well."""
    found = []
    for name, tree in _sources():
        used = {_last_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        based = {_last_name(each) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.bases}
        if name != "bot.interactions.forms" and ({"send_modal", "Modal"} & used or "Modal" in based):
            found.append(name)
    return found


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in (bot, cogs):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not name.endswith("__main__"):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def _last_name(node: ast.expr) -> str | None:
    """Return the name of `a`, and of `b.a`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
