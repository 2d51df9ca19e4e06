"""Components as Discord sends them back: numbered, with their defaults, and with media resolved."""

from collections.abc import Iterable, Iterator
from typing import Any

from playground.messages import Attachment
from playground.refusals import Problems

ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, MEDIA_GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
LINK = 5

#: What a component has when the request leaves it out.
_DEFAULTS: dict[int, dict[str, Any]] = {
    SEPARATOR: {"divider": True, "spacing": 1},
    CONTAINER: {"accent_color": None, "spoiler": False},
    THUMBNAIL: {"description": None, "spoiler": False},
    FILE: {"spoiler": False},
    TEXT_INPUT: {"required": True},
    FILE_UPLOAD: {"min_values": 1, "max_values": 1, "required": True},
    CHECKBOX_GROUP: {"required": True},
    RADIO_GROUP: {"required": True},
    CHECKBOX: {"default": False},
    **{kind: {"min_values": 1, "max_values": 1} for kind in SELECTS},
}


def walk(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield components and those inside them, in the order of reading."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for slot in ("accessory", "component"):
            if isinstance(component.get(slot), dict):
                yield from walk([component[slot]])


def number(components: list[dict[str, Any]]) -> None:
    """Give every component an id that no other has, and its defaults."""
    taken = {component["id"] for component in walk(components) if component.get("id")}
    free = (candidate for candidate in range(1, 1_000) if candidate not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(free)
        for key, value in _DEFAULTS.get(component["type"], {}).items():
            component.setdefault(key, value)


def settle(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a copy of a request's components, without nulls, numbered."""
    settled: list[dict[str, Any]] = _without_nulls(components)
    number(settled)
    return settled


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


class Media:
    """Finds the files that components and embeds show, by name or by address."""

    def __init__(self, attachments: list[Attachment], prefix: tuple[str, ...] = ()) -> None:
        self._attachments = attachments
        self.shown: set[int] = set()
        self.problems = Problems(prefix)

    def find(self, url: str, path: tuple[str | int, ...]) -> Attachment | None:
        """Return the attachment that `url` means; None for one from elsewhere."""
        bare = url.split("?")[0]
        for attachment in self._attachments:
            if url == f"attachment://{attachment.filename}" or bare == attachment.url.split("?")[0]:
                self.shown.add(attachment.id)
                return attachment
        if url.startswith("attachment://"):
            code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
            self.problems.add(
                path, code, f"The referenced attachment {url.removeprefix('attachment://')} was not found"
            )
        return None

    def resolve(self, components: list[dict[str, Any]], path: tuple[str | int, ...] = ("components",)) -> None:
        """Put addresses in the place of names, in components."""
        for index, component in enumerate(components):
            here = (*path, index)
            if component["type"] == MEDIA_GALLERY:
                for place, item in enumerate(component["items"]):
                    item["media"] = self._media(item["media"]["url"], (*here, "items", place, "media", "url"))
                    item.setdefault("description", None)
                    item.setdefault("spoiler", False)
            elif component["type"] == THUMBNAIL:
                component["media"] = self._media(component["media"]["url"], (*here, "media", "url"))
                component.setdefault("description", None)
            elif component["type"] == FILE:
                self._resolve_file(component, here)
            elif component["type"] == CONTAINER:
                component.setdefault("accent_color", None)
            self.resolve(component.get("components", []), (*here, "components"))
            if "accessory" in component:
                self.resolve([component["accessory"]], (*here, "accessory"))

    def _resolve_file(self, component: dict[str, Any], path: tuple[str | int, ...]) -> None:
        found = self.find(component["file"]["url"], (*path, "file", "url"))
        component["name"] = found.filename if found else None
        component["size"] = found.size if found else None
        component["file"] = found.media() if found else _elsewhere(component["file"]["url"])

    def _media(self, url: str, path: tuple[str | int, ...]) -> dict[str, Any]:
        found = self.find(url, path)
        return found.media() if found else _elsewhere(url)

    def resolve_embeds(self, embeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return embeds as Discord sends them back."""
        settled: list[dict[str, Any]] = _without_nulls(embeds)
        for index, embed in enumerate(settled):
            embed["type"] = "rich"
            for field in embed.get("fields", []):
                field.setdefault("inline", False)
            for slot in ("image", "thumbnail"):
                if slot in embed:
                    embed[slot] = self._embed_image(embed[slot]["url"], ("embeds", index, slot, "url"))
        return settled

    def _embed_image(self, url: str, path: tuple[str | int, ...]) -> dict[str, Any]:
        found = self.find(url, path)
        if found is None:
            return {"url": url, "proxy_url": url, "width": 0, "height": 0}
        width, height = found.dimensions or (0, 0)
        return {"url": found.url, "proxy_url": found.proxy_url, "width": width, "height": height}


def _elsewhere(url: str) -> dict[str, Any]:
    """Return the media of an address outside the playground, which is not fetched."""
    return {"id": "0", "url": url, "proxy_url": url, "width": 0, "height": 0, "content_type": None}


def find(components: list[dict[str, Any]], wanted: str, types: tuple[int, ...]) -> dict[str, Any]:
    """Return the component with this custom id, or else this label or emoji.

    Raises:
        LookupError: There is none.
    """
    candidates = [component for component in walk(components) if component["type"] in types]
    for component in candidates:
        if component.get("custom_id") == wanted:
            return component
    for component in candidates:
        if wanted in (component.get("label"), component.get("emoji", {}).get("name"), component.get("placeholder")):
            return component
    known = [component.get("label") or component.get("custom_id") for component in candidates]
    raise LookupError(f"there is no {wanted!r} among {known}")
