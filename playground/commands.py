"""The application's commands, as the bot registered them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from playground.changes import Changes, Topic
from playground.intents import Intent
from playground.interactions import GUILD
from playground.limits import Checker
from playground.offers import Offers
from playground.snowflakes import Snowflakes

if TYPE_CHECKING:
    from playground.guilds import Channel, Guild, Role
    from playground.users import User

CHAT, ON_USER, ON_MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
#: How many of a type there may be.
_MOST = {CHAT: 100, ON_USER: 15, ON_MESSAGE: 15}
_NAME = re.compile(r"[-_'\w]{1,32}")
_CHARACTERS = 8000


class Commands:
    """Everywhere's commands, and those of single guilds."""

    def __init__(self, snowflakes: Snowflakes, changes: Changes, application_id: int) -> None:
        self._snowflakes, self._changes, self.application_id = snowflakes, changes, application_id
        #: What admins changed of who may use them.
        self.offers = Offers(application_id)
        #: By guild; None is everywhere.
        self._scopes: dict[int | None, list[dict[str, Any]]] = {}

    def of(self, guild_id: int | None) -> list[dict[str, Any]]:
        """Return the commands of one scope."""
        return self._scopes.get(guild_id, [])

    def overwrite(self, guild_id: int | None, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replace all commands of a scope; one that was there under the same name keeps its id."""
        _check(wanted)
        before = {(command["type"], command["name"]): command for command in self.of(guild_id)}
        self._scopes[guild_id] = [self._settle(guild_id, command, before) for command in wanted]
        self._changes.happened(Topic.COMMANDS)
        return self._scopes[guild_id]

    def _settle(
        self, guild_id: int | None, wanted: dict[str, Any], before: dict[tuple[int, str], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return a command as Discord sends it back."""
        kind = wanted.get("type") or CHAT
        permissions = wanted.get("default_member_permissions")
        command: dict[str, Any] = {
            "application_id": str(self.application_id),
            "type": kind,
            "name": wanted["name"],
            "description": wanted.get("description") or "",
            "default_member_permissions": None if permissions is None else str(permissions),
            "nsfw": bool(wanted.get("nsfw")),
            "integration_types": wanted.get("integration_types") or [0],
            "contexts": wanted.get("contexts"),
        }
        for locale_key in ("name_localizations", "description_localizations"):
            command[locale_key] = wanted.get(locale_key)
        if guild_id is None:
            command["dm_permission"] = wanted.get("dm_permission") is not False
        else:
            command["guild_id"] = str(guild_id)
        if kind == CHAT and wanted.get("options"):
            command["options"] = _without_nulls(wanted["options"])
        old = before.get((kind, command["name"]))
        if old is not None and {**old, "version": 0, "id": 0} == command | {"version": 0, "id": 0}:
            return old
        command["id"] = old["id"] if old else str(self._snowflakes.draw())
        command["version"] = str(self._snowflakes.draw())
        return command

    def permit(
        self, guild: Guild, name: str | None, target: Role | User | Channel | None, allowed: bool | None
    ) -> dict[str, Any]:
        """Let a role, a user or a channel of a guild have a command, or not, as its admins do in its settings.

        Without a name it is about all commands, without a target about all channels; None takes it back. Returns what
        is set of the command then.

        Raises:
            LookupError: There is no such command.
            ValueError: That cannot be set.
        """
        known = {command["name"]: int(command["id"]) for command in [*self.of(guild.id), *self.of(None)]}
        if name is not None and name not in known:
            raise LookupError(f"there is no command {name!r}, only {sorted(known)}")
        changed = self.offers.change(guild, None if name is None else known[name], target, allowed)
        guild.world.emit("APPLICATION_COMMAND_PERMISSIONS_UPDATE", changed, guild, Intent.NONE, anywhere=True)
        self._changes.happened(Topic.COMMANDS)
        return changed

    def offered(self, guild_id: int | None, context: int, installed: bool) -> Iterator[dict[str, Any]]:
        """Yield the commands of a place; `installed` means for the person, who then has them everywhere."""
        if guild_id is not None:
            yield from self.of(guild_id)
        for command in self.of(None):
            contexts = command["contexts"]
            if contexts is None:
                contexts = [GUILD, 1] if command["dm_permission"] else [GUILD]
            there = 0 in command["integration_types"] and context != 2
            everywhere = installed and 1 in command["integration_types"]
            if context in contexts and (there or everywhere):
                yield command


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _check(wanted: list[dict[str, Any]]) -> None:
    """Raise the Refusal of commands that break a limit."""
    checker = Checker()
    seen = set()
    for kind, most in _MOST.items():
        if sum((command.get("type") or CHAT) == kind for command in wanted) > most:
            message = f"Maximum number of application commands reached ({most})."
            checker.problems.add((), "APPLICATION_COMMAND_TOO_MANY", message)
    for index, command in enumerate(wanted):
        kind, name = command.get("type") or CHAT, command.get("name")
        if (kind, name) in seen:
            message = "Application command names must be unique"
            checker.problems.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add((kind, name))
        if kind != CHAT:
            checker.length((index, "name"), name, 32, 1, required=True)
            continue
        _check_named(checker, command, (index,))
        _check_options(checker, command.get("options") or [], (index,))
        if _characters(command) > _CHARACTERS:
            message = f"Command exceeds maximum size ({_CHARACTERS})"
            checker.problems.add((index,), "APPLICATION_COMMAND_TOO_LARGE", message)
    checker.problems.raise_any()


def _check_named(checker: Checker, thing: dict[str, Any], path: tuple[str | int, ...]) -> None:
    """Note a wrong name or description of a command or option."""
    name = thing.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.lower():
        code, message = "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
        checker.problems.add((*path, "name"), code, message)
    checker.length((*path, "description"), thing.get("description"), 100, 1, required=True)


def _check_options(checker: Checker, options: list[dict[str, Any]], path: tuple[str | int, ...]) -> None:
    """Note what is wrong with options: too many, the same twice, a required one after an optional one."""
    checker.length((*path, "options"), options, 25)
    seen, optional = set(), False
    for index, option in enumerate(options):
        here = (*path, "options", index)
        _check_named(checker, option, here)
        if option.get("name") in seen:
            code, message = "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name must be unique"
            checker.problems.add((*here, "name"), code, message)
        seen.add(option.get("name"))
        if option.get("type") in (SUBCOMMAND, GROUP):
            _check_options(checker, option.get("options") or [], here)
            continue
        if option.get("required") and optional:
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            checker.problems.add(here, code, "Required options must be placed before non-required options")
        optional = optional or not option.get("required")
        checker.length((*here, "choices"), option.get("choices"), 25)
        for place, choice in enumerate(option.get("choices") or []):
            checker.length((*here, "choices", place, "name"), choice.get("name"), 100, 1, required=True)


def _characters(thing: dict[str, Any]) -> int:
    """Return how long names, descriptions and values of a command are together, each in its longest language."""
    own = _longest(thing, "name") + _longest(thing, "description") + len(str(thing.get("value", "")))
    inside = [*(thing.get("options") or []), *(thing.get("choices") or [])]
    return own + sum(_characters(each) for each in inside)


def _longest(thing: dict[str, Any], key: str) -> int:
    texts = [thing.get(key) or "", *(thing.get(f"{key}_localizations") or {}).values()]
    return max(len(str(text)) for text in texts)
