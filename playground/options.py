"""A command as a person fills it in: names and values in, what Discord tells the bot out."""

from enum import IntEnum
from typing import Any

from playground.commands import GROUP, SUBCOMMAND
from playground.messages import Upload
from playground.resolving import Resolved


class Kind(IntEnum):
    """What an option takes; the numbers are Discord's."""

    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


def fill(
    command: dict[str, Any],
    path: list[str],
    options: dict[str, Any],
    resolved: Resolved,
    focused: str | None = None,
    checked: bool = True,
) -> list[dict[str, Any]]:
    """Return the options of an invocation, inside the subcommands that `path` names.

    With `focused`, that option is still being typed and others may be missing. Without `checked`, anything goes, as
    from a client that does not know the newest version of the command.

    Raises:
        LookupError: There is no such subcommand or option.
        ValueError: A client would not send that: a required option is missing, or a value does not fit.
    """
    known = command.get("options") or []
    if path:
        inner = next((each for each in known if each["name"] == path[0] and each["type"] in (SUBCOMMAND, GROUP)), None)
        if inner is None:
            raise LookupError(f"{command['name']} has no subcommand {path[0]!r}")
        inside = fill(inner, path[1:], options, resolved, focused, checked)
        return [{"name": inner["name"], "type": inner["type"], "options": inside}]
    if any(each["type"] in (SUBCOMMAND, GROUP) for each in known):
        raise LookupError(f"{command['name']} needs one of its subcommands: {[each['name'] for each in known]}")
    by_name = {each["name"]: each for each in known}
    for name in options:
        if name not in by_name and checked:
            raise LookupError(f"{command['name']} has no option {name!r}, only {list(by_name)}")
    missing = [each["name"] for each in known if each.get("required") and each["name"] not in options]
    if missing and focused is None and checked:
        raise ValueError(f"{command['name']} needs {', '.join(missing)}")
    filled = [
        _option(by_name.get(name) or _unheard_of(name, value), value, resolved, name == focused, checked)
        for name, value in options.items()
        if value is not None
    ]
    if focused is not None and focused not in options:
        filled.append(_option(by_name[focused], "", resolved, True, checked))
    return filled


def _unheard_of(name: str, value: Any) -> dict[str, Any]:
    """Return an option that the command no longer has, as it may have been."""
    types = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.NUMBER}
    return {"name": name, "type": types.get(type(value), Kind.STRING)}


def _option(option: dict[str, Any], value: Any, resolved: Resolved, focused: bool, checked: bool) -> dict[str, Any]:
    """Return one filled option."""
    body: dict[str, Any] = {"name": option["name"], "type": option["type"]}
    if focused:
        return body | {"value": str(value), "focused": True}
    match option["type"]:
        case Kind.USER:
            value = resolved.user(value)
        case Kind.CHANNEL:
            value = resolved.channel(value)
        case Kind.ROLE:
            value = resolved.role(value)
        case Kind.MENTIONABLE:
            value = resolved.mentionable(value)
        case Kind.ATTACHMENT:
            if not isinstance(value, Upload):
                raise ValueError(f"{option['name']} takes a file")
            value = resolved.attachment(value)
        case _ if checked:
            value = _plain(option, value)
    return body | {"value": value}


def _plain(option: dict[str, Any], value: Any) -> Any:
    """Return a text, number or truth value that a client would let through; a choice may be given by its name."""
    name, kind = option["name"], option["type"]
    for choice in option.get("choices") or []:
        if value in (choice["name"], choice["value"]):
            return choice["value"]
    if option.get("choices"):
        raise ValueError(f"{name} is one of {[choice['name'] for choice in option['choices']]}, not {value!r}")
    types = {Kind.STRING: str, Kind.INTEGER: int, Kind.BOOLEAN: bool, Kind.NUMBER: (int, float)}
    wanted: Any = types[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != Kind.BOOLEAN):
        raise ValueError(f"{name} cannot be {value!r}")
    size = len(value) if isinstance(value, str) else value
    unit = "length" if kind == Kind.STRING else "value"
    if kind == Kind.STRING and len(value) > 6000:
        raise ValueError(f"{name} is too long")
    if not option.get(f"min_{unit}", size) <= size <= option.get(f"max_{unit}", size):
        raise ValueError(f"{name} is out of range: {value!r}")
    return value
