"""How long, how many and of which kind: Discord's limits on messages, and its error for a body that breaks one."""

from collections.abc import Sequence
from typing import Any

from playground import components as kinds
from playground.messages import COMPONENTS_V2, Upload
from playground.refusals import Problems, too_large

Path = tuple[str | int, ...]

_ROW = (kinds.BUTTON, *kinds.SELECTS)
_CONTAINER = (
    kinds.ACTION_ROW,
    kinds.SECTION,
    kinds.TEXT_DISPLAY,
    kinds.MEDIA_GALLERY,
    kinds.FILE,
    kinds.SEPARATOR,
)
_TOP = (*_CONTAINER, kinds.CONTAINER)
_LABEL = (
    kinds.TEXT_INPUT,
    *kinds.SELECTS,
    kinds.FILE_UPLOAD,
    kinds.RADIO_GROUP,
    kinds.CHECKBOX_GROUP,
    kinds.CHECKBOX,
)


MOST_ATTACHMENTS = 10


class Checker:
    """Walks over a body and notes what is wrong; `prefix` is where the body is in the request."""

    def __init__(self, prefix: tuple[str, ...] = ()) -> None:
        self.problems = Problems(prefix)

    def length(self, path: Path, value: Any, most: int, least: int = 0, required: bool = False) -> None:
        """Note a text or list that is missing, too short or too long."""
        if value is None:
            if required:
                self.problems.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif not isinstance(value, str | list):
            self.problems.add(path, "BASE_TYPE_BAD_TYPE", "The value has the wrong type.")
        elif len(value) > most and not least:
            self.problems.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif not least <= len(value) <= most:
            message = f"Must be between {least} and {most} in length."
            self.problems.add(path, "BASE_TYPE_BAD_LENGTH", message)

    def choice(self, path: Path, value: Any, allowed: Sequence[Any]) -> bool:
        """Note a value that is none of those allowed, and return whether it is."""
        if value in allowed:
            return True
        listed = ", ".join(str(each) for each in allowed)
        self.problems.add(path, "BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")
        return False

    def number(self, path: Path, value: Any, least: int, most: int) -> None:
        """Note a number outside its range; none is none."""
        if value is not None and not (isinstance(value, int) and least <= value <= most):
            message = f"int value should be between {least} and {most}."
            self.problems.add(path, "NUMBER_TYPE_RANGE", message)

    # --- messages

    def message(self, body: dict[str, Any], flags: int) -> None:
        """Check everything of a message; `flags` are those that it has or will have."""
        self.length(("content",), body.get("content"), 2000)
        self.embeds(body.get("embeds") or [])
        self.length(("attachments",), body.get("attachments"), MOST_ATTACHMENTS)
        for index, attachment in enumerate(body.get("attachments") or []):
            self.length(("attachments", index, "description"), attachment.get("description"), 1024)
        components = body.get("components") or []
        if flags & COMPONENTS_V2:
            self.modern(body, components)
        else:
            self.length(("components",), components, 5)
            self.components(components, ("components",), (kinds.ACTION_ROW,))
        self.unique(components)

    def modern(self, body: dict[str, Any], components: list[dict[str, Any]]) -> None:
        """Check a message of components alone."""
        for legacy in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(legacy):
                code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
                self.problems.add((legacy,), code, f"The '{legacy}' field cannot be used with IS_COMPONENTS_V2")
        self.components(components, ("components",), _TOP)
        every = list(kinds.walk(components))
        if len(every) > 40:
            self.problems.add(("components",), "BASE_TYPE_MAX_LENGTH", "Must be 40 or fewer in length.")
        text = sum(len(str(each.get("content", ""))) for each in every if each.get("type") == kinds.TEXT_DISPLAY)
        if text > 4000:
            code = "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"
            message = "Components displayable text size exceeds maximum size of 4000"
            self.problems.add(("components",), code, message)

    def unique(self, components: list[dict[str, Any]]) -> None:
        """Note custom ids and ids that are there twice."""
        for key, code in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
            seen: set[Any] = set()
            for component in kinds.walk(components):
                value = component.get(key)
                if value and value in seen:
                    self.problems.add(("components",), code, f"Component {key.replace('_', ' ')} cannot be duplicated")
                seen.add(value)

    def embeds(self, embeds: list[dict[str, Any]]) -> None:
        """Check embeds, each and together."""
        self.length(("embeds",), embeds, 10)
        total = 0
        for index, embed in enumerate(embeds):
            here = ("embeds", index)
            parts: list[tuple[Path, Any, int]] = [
                (("title",), embed.get("title"), 256),
                (("description",), embed.get("description"), 4096),
                (("footer", "text"), (embed.get("footer") or {}).get("text"), 2048),
                (("author", "name"), (embed.get("author") or {}).get("name"), 256),
            ]
            fields = embed.get("fields") or []
            self.length((*here, "fields"), fields, 25)
            for place, each in enumerate(fields):
                parts.append((("fields", place, "name"), each.get("name"), 256))
                parts.append((("fields", place, "value"), each.get("value"), 1024))
            for path, value, most in parts:
                self.length((*here, *path), value, most)
                total += len(value or "")
        if total > 6000:
            self.problems.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")

    # --- components

    def components(self, components: list[dict[str, Any]], path: Path, allowed: Sequence[int]) -> None:
        """Check components at a place where only some kinds may be."""
        for index, component in enumerate(components):
            self.component(component, (*path, index), allowed)

    def component(self, component: dict[str, Any], path: Path, allowed: Sequence[int]) -> None:
        """Check one component and what is inside it."""
        kind = component.get("type")
        if not self.choice((*path, "type"), kind, allowed):
            return
        match kind:
            case kinds.ACTION_ROW:
                self.row(component, path)
            case kinds.BUTTON:
                self.button(component, path)
            case kinds.SECTION:
                self.section(component, path)
            case kinds.TEXT_DISPLAY:
                self.length((*path, "content"), component.get("content"), 4000, 1, required=True)
            case kinds.MEDIA_GALLERY:
                self.gallery(component, path)
            case kinds.THUMBNAIL:
                self.media(component.get("media"), (*path, "media"))
            case kinds.FILE:
                self.media(component.get("file"), (*path, "file"), attached=True)
            case kinds.SEPARATOR:
                if component.get("spacing") is not None:
                    self.choice((*path, "spacing"), component["spacing"], (1, 2))
            case kinds.CONTAINER:
                inside = component.get("components") or []
                self.length((*path, "components"), inside, 40, 1)
                self.components(inside, (*path, "components"), _CONTAINER)
            case _:
                self.field(component, path)

    def row(self, component: dict[str, Any], path: Path) -> None:
        """Check a row: up to five buttons, or one select."""
        inside = component.get("components") or []
        self.length((*path, "components"), inside, 5, 1)
        self.components(inside, (*path, "components"), _ROW)
        if len(inside) > 1 and any(each.get("type") in kinds.SELECTS for each in inside):
            message = "The specified component exceeds the maximum width"
            self.problems.add((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)

    def button(self, component: dict[str, Any], path: Path) -> None:
        """Check a button."""
        if not self.choice((*path, "style"), component.get("style"), (1, 2, 3, 4, 5, 6)):
            return
        self.length((*path, "label"), component.get("label"), 80)
        if component["style"] == kinds.LINK:
            self.length((*path, "url"), component.get("url"), 512, 1, required=True)
        elif component["style"] < kinds.LINK:
            self.length((*path, "custom_id"), component.get("custom_id"), 100, 1, required=True)
        if component["style"] <= kinds.LINK and not component.get("label") and not component.get("emoji"):
            message = "A button must have a label or emoji"
            self.problems.add((*path, "label"), "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", message)

    def section(self, component: dict[str, Any], path: Path) -> None:
        """Check a section: one to three texts and what stands beside them."""
        inside = component.get("components") or []
        self.length((*path, "components"), inside, 3, 1)
        self.components(inside, (*path, "components"), (kinds.TEXT_DISPLAY,))
        self.component(component.get("accessory") or {}, (*path, "accessory"), (kinds.BUTTON, kinds.THUMBNAIL))

    def gallery(self, component: dict[str, Any], path: Path) -> None:
        """Check a gallery: one to ten pictures."""
        items = component.get("items") or []
        self.length((*path, "items"), items, 10, 1)
        for index, item in enumerate(items):
            self.media(item.get("media"), (*path, "items", index, "media"))
            self.length((*path, "items", index, "description"), item.get("description"), 1024)

    def media(self, media: Any, path: Path, attached: bool = False) -> None:
        """Check where a picture or file comes from."""
        url = (media or {}).get("url")
        self.length((*path, "url"), url, 2048, 1, required=True)
        schemes = ("attachment://",) if attached else ("attachment://", "http://", "https://")
        if isinstance(url, str) and not url.startswith(schemes):
            listed = ", ".join(repr(scheme.removesuffix("://")) for scheme in schemes)
            self.problems.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", f"Scheme must be one of ({listed}).")

    def field(self, component: dict[str, Any], path: Path) -> None:
        """Check something that takes a value: a select, or an input of a modal."""
        kind = component["type"]
        self.length((*path, "custom_id"), component.get("custom_id"), 100, 1, required=True)
        self.length((*path, "placeholder"), component.get("placeholder"), 100 if kind == kinds.TEXT_INPUT else 150)
        most = 10 if kind in (kinds.FILE_UPLOAD, kinds.CHECKBOX_GROUP) else 25
        self.number((*path, "min_values"), component.get("min_values"), 0, most)
        self.number((*path, "max_values"), component.get("max_values"), 1, most)
        if kind == kinds.TEXT_INPUT:
            self.text_input(component, path)
        elif kind in (kinds.STRING_SELECT, kinds.RADIO_GROUP, kinds.CHECKBOX_GROUP):
            self.options(component.get("options") or [], (*path, "options"), 25 if kind == kinds.STRING_SELECT else 10)

    def text_input(self, component: dict[str, Any], path: Path) -> None:
        """Check a line or paragraph of a modal."""
        self.choice((*path, "style"), component.get("style"), (1, 2))
        self.number((*path, "min_length"), component.get("min_length"), 0, 4000)
        self.number((*path, "max_length"), component.get("max_length"), 1, 4000)
        self.length((*path, "value"), component.get("value"), component.get("max_length") or 4000)
        self.length((*path, "label"), component.get("label"), 45)

    def options(self, options: list[dict[str, Any]], path: Path, most: int) -> None:
        """Check what can be chosen."""
        self.length(path, options, most, 1)
        seen = set()
        for index, option in enumerate(options):
            self.length((*path, index, "label"), option.get("label"), 100, 1, required=True)
            self.length((*path, index, "value"), option.get("value"), 100, 1, required=True)
            self.length((*path, index, "description"), option.get("description"), 100)
            if option.get("value") in seen:
                message = "The specified option value is already used"
                self.problems.add((*path, index, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
            seen.add(option.get("value"))

    # --- answers that are no messages

    def modal(self, body: dict[str, Any]) -> None:
        """Check a modal."""
        self.length(("title",), body.get("title"), 45, 1, required=True)
        self.length(("custom_id",), body.get("custom_id"), 100, 1, required=True)
        components = body.get("components") or []
        self.length(("components",), components, 5, 1)
        for index, component in enumerate(components):
            path: Path = ("components", index)
            if not self.choice(
                (*path, "type"), component.get("type"), (kinds.ACTION_ROW, kinds.TEXT_DISPLAY, kinds.LABEL)
            ):
                continue
            if component["type"] == kinds.ACTION_ROW:
                inside = component.get("components") or []
                self.length((*path, "components"), inside, 1, 1)
                self.components(inside, (*path, "components"), (kinds.TEXT_INPUT,))
            elif component["type"] == kinds.LABEL:
                self.length((*path, "label"), component.get("label"), 45, 1, required=True)
                self.length((*path, "description"), component.get("description"), 100)
                self.component(component.get("component") or {}, (*path, "component"), _LABEL)
        self.unique(components)

    def choices(self, choices: list[dict[str, Any]]) -> None:
        """Check what autocomplete offers."""
        self.length(("choices",), choices, 25)
        for index, choice in enumerate(choices):
            here = ("choices", index)
            self.length((*here, "name"), choice.get("name"), 100, 1, required=True)
            value = choice.get("value")
            if isinstance(value, str):
                self.length((*here, "value"), value, 100, 1)
            elif not isinstance(value, int | float):
                self.problems.add((*here, "value"), "BASE_TYPE_REQUIRED", "This field is required")


def check_uploads(files: dict[int, Upload], limit_bytes: int) -> None:
    """Raise the Refusal of a file that is too large."""
    if any(upload.size > limit_bytes for upload in files.values()):
        raise too_large()
