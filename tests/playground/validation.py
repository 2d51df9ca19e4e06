"""Discord's own description as a judge: every request of a bot, every reply and event of the playground.

The description is named by EASEL_DISCORD_OPENAPI, and the folder with schemas of gateway events by
EASEL_DISCORD_SCHEMAS. What is known to deviate without harm is named at the end.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema_rs import Draft7Validator, Draft202012Validator, Registry, ValidationError, ValidationErrorKind

from playground.rest import Exchange

OPENAPI = "EASEL_DISCORD_OPENAPI"
SCHEMAS = "EASEL_DISCORD_SCHEMAS"

#: Events that have a schema, and its file.
_EVENT_FILES = {
    "READY": "gateway-Ready.schema.json",
    "GUILD_CREATE": "gateway-GuildCreate.schema.json",
    "MESSAGE_CREATE": "gateway-MsgCreate.schema.json",
    "INTERACTION_CREATE": "gateway-Interaction.schema.json",
}


def missing() -> str:
    """Return in words why Discord's description is not at hand; nothing when it is."""
    unset = [name for name in (OPENAPI, SCHEMAS) if not os.environ.get(name)]
    return f"Discord's description is not here: {' and '.join(unset)} not set" if unset else ""


@cache
def _description() -> dict[str, Any]:
    return json.loads(Path(os.environ[OPENAPI]).read_text())


@cache
def _registry() -> Registry:
    return Registry([("urn:discord", _description() | {"$schema": "https://json-schema.org/draft/2020-12/schema"})])


@cache
def _rest_validator(pointer: str) -> Draft202012Validator:
    """Return the validator of one schema of the description, by its JSON pointer."""
    return Draft202012Validator({"$ref": f"urn:discord#{quote(pointer)}"}, registry=_registry())


@cache
def _event_validator(event: str) -> Draft7Validator:
    schema = json.loads((Path(os.environ[SCHEMAS]) / _EVENT_FILES[event]).read_text())
    return Draft7Validator(schema)


def _pointer(*steps: str) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def exchange_problems(exchange: Exchange) -> list[str]:
    """Return what Discord's description has against a request and its reply; nothing when all is well.

    A request that was refused for its form is not judged, and neither is a reply that a fault put there.
    """
    operations = _description()["paths"].get(exchange.template)
    if operations is None or exchange.method.lower() not in operations:
        return [f"{exchange.method} {exchange.template} is not described"]
    operation = operations[exchange.method.lower()]
    where = ("paths", exchange.template, exchange.method.lower())
    problems = []
    if exchange.status < 400 and exchange.request is not None:
        if "requestBody" not in operation:
            problems.append("request: has a body where none is described")
        else:
            pointer = _pointer(*where, "requestBody", "content", "application/json", "schema")
            problems += [f"request: {each}" for each in _judge(_rest_validator(pointer), exchange.request, _numbered)]
    if not exchange.faulty:
        problems += [f"reply: {each}" for each in _reply_problems(exchange, operation, where)]
    return [f"{exchange.method} {exchange.template} {exchange.status} {each}" for each in problems]


def _reply_problems(exchange: Exchange, operation: dict[str, Any], where: tuple[str, ...]) -> list[str]:
    responses = operation["responses"]
    status = str(exchange.status)
    if status not in responses:
        status = "4XX" if 400 <= exchange.status < 500 else status
    if status not in responses:
        return [f"status {exchange.status} is not described"]
    response = responses[status]
    if "$ref" in response:
        base = tuple(response["$ref"].removeprefix("#/").split("/"))
        response = _description()["components"]["responses"][base[-1]]
    else:
        base = (*where, "responses", status)
    if "content" not in response:
        return [] if exchange.reply is None else ["has a body where none is described"]
    validator = _rest_validator(_pointer(*base, "content", "application/json", "schema"))
    return _judge(validator, exchange.reply, _worded)


def event_problems(event: dict[str, Any]) -> list[str]:
    """Return what the schemas of gateway events have against one; nothing for events that have none."""
    if event["t"] not in _EVENT_FILES:
        return []
    return [f"{event['t']} {each}" for each in _judge(_event_validator(event["t"]), event, _combined)]


def problems(exchanges: Iterable[Exchange], events: Iterable[dict[str, Any]] = ()) -> list[str]:
    """Return everything that Discord's description has against a whole conversation, each kind once."""
    found = [each for exchange in exchanges for each in exchange_problems(exchange)]
    found += [each for event in events for each in event_problems(event)]
    return list(dict.fromkeys(found))


Forgive = Callable[[ValidationError], bool]


def _judge(validator: Draft7Validator | Draft202012Validator, instance: Any, forgive: Forgive) -> list[str]:
    errors = _unforgiven(validator.iter_errors(instance), forgive)
    return [f"at {_place(error)}: {error.message[:300]}" for error in errors]


def _place(error: ValidationError) -> str:
    return "/".join(map(str, error.instance_path)) or "the top"


def _unforgiven(errors: Iterable[ValidationError], forgive: Forgive) -> Iterator[ValidationError]:
    """Yield the errors that count; of a union, those of the branch that fits best."""
    for error in errors:
        if isinstance(error.kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
            judged = [list(_unforgiven(branch, forgive)) for branch in error.kind.context]
            if all(judged):
                yield min(judged, key=_badness)[0]
        elif not forgive(error):
            yield error


def _badness(errors: list[ValidationError]) -> tuple[bool, int]:
    """Order branches of a union: one whose type tag is wrong was not meant."""
    tagged = any(error.instance_path and error.instance_path[-1] in ("type", "t", "component_type") for error in errors)
    return tagged, len(errors)


def _numbered(error: ValidationError) -> bool:
    """Forgive requests the ids that discord.py writes as numbers: Discord takes them so, too."""
    if error.kind.name != "type" or not isinstance(error.instance, int):
        return False
    path = [str(step) for step in error.instance_path]
    return path[-1].endswith("_id") or (path[-1] == "id" and "attachments" in path) or "allowed_mentions" in path


def _worded(error: ValidationError) -> bool:
    """Forgive replies the words for codes in the errors of a form: Discord's have them, where it describes numbers."""
    path = [str(step) for step in error.instance_path]
    return error.kind.name == "type" and path[-1:] == ["code"] and "_errors" in path


def _combined(error: ValidationError) -> bool:
    """Forgive events that flags are several bits or none: the schemas list the single ones."""
    if error.kind.name not in ("enum", "const") or not isinstance(error.instance, int):
        return False
    return str(error.instance_path[-1]).endswith("flags")
