"""What a request of the control API brings: JSON, with files beside it where there are any."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import BodyPartReader, web

from playground.messages import Upload

T = TypeVar("T")

#: The part of a multipart form that holds the JSON; every other part is a file.
_JSON_PART = "payload_json"


@dataclass(frozen=True)
class Form:
    """The fields of a request, and its files by the names of their parts."""

    fields: dict[str, Any]
    files: dict[str, list[Upload]] = field(default_factory=dict)

    def get(self, key: str, kind: type[T]) -> T:
        """Return a field.

        Raises:
            ValueError: It is missing or of another type.
        """
        if self.fields.get(key) is None:
            raise ValueError(f"{key!r} is needed")
        return self._checked(key, kind)

    def get_or(self, key: str, default: T) -> T:
        """Return a field, or the default where it is missing or null; it is of the default's type."""
        return default if self.fields.get(key) is None else self._checked(key, type(default))

    def optional(self, key: str, kind: type[T]) -> T | None:
        """Return a field; None where it is missing or null."""
        return None if self.fields.get(key) is None else self._checked(key, kind)

    def _checked(self, key: str, kind: type[T]) -> T:
        value = self.fields[key]
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{key!r} must be {_WORDS[kind]}, not {json.dumps(value)[:100]}")
        return value

    def values(self, key: str) -> dict[str, Any]:
        """Return an object of named values, with the files among them: one, or a list of several of a name."""
        files = {name: uploads[0] if len(uploads) == 1 else uploads for name, uploads in self.files.items()}
        return self.get_or(key, {}) | files


_WORDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


async def read_form(request: web.Request, *known: str, files: bool = False) -> Form:
    """Return the body of a request, which may have these fields, and files where they are taken.

    Raises:
        ValueError: It is no JSON object, has other fields, or files that are not wanted.
    """
    parts: dict[str, list[Upload]] = {}
    if request.content_type == "multipart/form-data":
        text = await _read_parts(request, parts)
    else:
        text = (await request.read()).decode("utf-8", "replace")
    fields = _parse(text)
    if strange := sorted(set(fields) - set(known)):
        raise ValueError(f"there is no field {strange[0]!r} here, only {sorted(known)}")
    if parts and not files:
        raise ValueError("no files are taken here")
    return Form(fields, parts)


def _parse(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text or "{}")
    except ValueError as error:
        raise ValueError(f"the body is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ValueError("the body is no JSON object")
    return fields


async def _read_parts(request: web.Request, parts: dict[str, list[Upload]]) -> str:
    """Put files into `parts`, and return the text of the JSON."""
    text = ""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("a part of the form is a form of its own")
        content = bytes(await part.read())
        if part.name == _JSON_PART:
            text = content.decode("utf-8", "replace")
        else:
            parts.setdefault(part.name or "", []).append(Upload(part.filename or "unknown", content))
    return text


def number_in(request: web.Request, key: str, default: float, most: float) -> float:
    """Return a number of the query, at most `most`.

    Raises:
        ValueError: It is none.
    """
    text = request.query.get(key, str(default))
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{key!r} must be a number, not {text!r}") from None
    if not 0 <= number <= most:
        raise ValueError(f"{key!r} must be between 0 and {most:g}, not {text}")
    return number
