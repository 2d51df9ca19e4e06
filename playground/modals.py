"""A modal as a person sees it, and as they send it in."""

from typing import Any

from playground import components as kinds
from playground.interactions import Interaction
from playground.messages import Upload
from playground.resolving import Resolved


class Modal(dict[str, Any]):
    """A modal as Discord sends it (custom_id, title, components), open before one person."""

    def __init__(self, content: dict[str, Any], interaction: Interaction) -> None:
        super().__init__(content)
        self.interaction = interaction


def fill(modal: Modal, values: dict[str, Any], resolved: Resolved) -> list[dict[str, Any]]:
    """Return the components of a submission; what `values` does not name stays as it was shown.

    Raises:
        LookupError: A value is for an input that is not there.
        ValueError: A client would not send that.
    """
    known = {each["custom_id"] for each in kinds.walk(modal["components"]) if "custom_id" in each}
    if strange := set(values) - known:
        raise LookupError(f"the modal has no {sorted(strange)}, only {sorted(known)}")
    return [_submitted(component, values, resolved) for component in modal["components"]]


def _submitted(component: dict[str, Any], values: dict[str, Any], resolved: Resolved) -> dict[str, Any]:
    body: dict[str, Any] = {"type": component["type"], "id": component["id"]}
    match component["type"]:
        case kinds.TEXT_DISPLAY:
            return body
        case kinds.ACTION_ROW:
            return body | {"components": [_submitted(each, values, resolved) for each in component["components"]]}
        case kinds.LABEL:
            return body | {"component": _submitted(component["component"], values, resolved)}
    body["custom_id"] = component["custom_id"]
    given = values.get(component["custom_id"])
    match component["type"]:
        case kinds.TEXT_INPUT:
            return body | {"value": _text(component, given)}
        case kinds.RADIO_GROUP:
            return body | {"value": _radio(component, given)}
        case kinds.CHECKBOX:
            return body | {"value": bool(component.get("default") if given is None else given)}
        case kinds.STRING_SELECT | kinds.CHECKBOX_GROUP:
            chosen = _defaults(component) if given is None else _listed(given)
            return body | {"values": chosen_options(component, chosen)}
    wanted = [] if given is None else _listed(given)
    _count(component, len(wanted))
    return body | {"values": refer(component, wanted, resolved)}


def _text(component: dict[str, Any], given: Any) -> str:
    value = str(component.get("value", "") if given is None else given)
    name, required = component["custom_id"], component.get("required", True)
    if required and not value:
        raise ValueError(f"{name} must be filled in")
    least = component.get("min_length", 0) if value else 0
    if not least <= len(value) <= component.get("max_length", 4000):
        raise ValueError(f"{name} has the wrong length")
    return value


def _radio(component: dict[str, Any], given: Any) -> str | None:
    chosen = _defaults(component) if given is None else [given]
    if not chosen:
        if component.get("required", True):
            raise ValueError(f"{component['custom_id']} must be chosen")
        return None
    return chosen_options(component | {"min_values": 1, "max_values": 1}, chosen)[0]


def _defaults(component: dict[str, Any]) -> list[str]:
    return [option["value"] for option in component["options"] if option.get("default")]


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple | set) else [given]


def _count(component: dict[str, Any], count: int) -> None:
    """Raise a ValueError for too many or too few; nothing at all is fine where nothing is required."""
    if count == 0 and component.get("required") is False:
        return
    most = component.get("max_values", len(component.get("options", [])) or 1)
    least = component.get("min_values", 1 if component.get("required", True) else 0)
    if not least <= count <= most:
        raise ValueError(f"{component['custom_id']} takes {least} to {most}, not {count}")


def chosen_options(component: dict[str, Any], chosen: list[Any]) -> list[str]:
    """Return the values of options, given by value or label.

    Raises:
        ValueError: There is no such option, or these are too many or too few.
    """
    _count(component, len(chosen))
    return [_option_value(component, wanted) for wanted in chosen]


def _option_value(component: dict[str, Any], wanted: Any) -> str:
    for key in ("value", "label"):
        for option in component["options"]:
            if option[key] == wanted:
                return str(option["value"])
    raise ValueError(f"{component['custom_id']} has no option {wanted!r}")


def refer(component: dict[str, Any], chosen: list[Any], resolved: Resolved) -> list[str]:
    """Return the ids of users, roles, channels or files that were chosen."""
    match component["type"]:
        case kinds.USER_SELECT:
            return [resolved.user(each) for each in chosen]
        case kinds.ROLE_SELECT:
            return [resolved.role(each) for each in chosen]
        case kinds.MENTIONABLE_SELECT:
            return [resolved.mentionable(each) for each in chosen]
        case kinds.CHANNEL_SELECT:
            return [resolved.channel(each) for each in chosen]
    if not all(isinstance(each, Upload) for each in chosen):
        raise ValueError(f"{component['custom_id']} takes files")
    return [resolved.attachment(each) for each in chosen]
