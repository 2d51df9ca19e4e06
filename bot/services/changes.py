"""What an admin's choice changes among a server's settings. Pure: each returns the fields to be set.

Raises Mistake where a list would become too long.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from bot.texts import Mistake
from storage.guilds import MAX_PER_RULE, MAX_RULES, Limits, ModelRule, Quota, RoleLane, Settings

#: By the name of a field.
Changes = dict[str, Any]
ChannelList = Literal["channels", "closed_channels", "private_channels"]

_V = TypeVar("_V")
_K = TypeVar("_K", int, str)


# Models -----------------------------------------------------------------------------------------------------------


def allow_model(settings: Settings, name: str, channels: Iterable[int] = (), roles: Iterable[int] = ()) -> Changes:
    """Allow a model: in these channels alone, and to members with one of these roles alone, where there are any."""
    rule = ModelRule(channels=_few(channels, MAX_PER_RULE), roles=_few(roles, MAX_PER_RULE))
    return {"models": _with(settings.models, name, rule)}


def deny_model(settings: Settings, name: str) -> Changes:
    """Deny a model. Where it was allowed, and to whom, is remembered."""
    rule = settings.models.get(name, ModelRule())
    return {"models": _with(settings.models, name, msgspec.structs.replace(rule, allowed=False))}


def new_models(settings: Settings, value: Literal["allow", "deny"], installed: Iterable[str]) -> Changes:
    """Say whether models that come later may be used at once. Those that could be used until now stay allowed."""
    changes: Changes = {"new_models": value}
    if value == "deny" and settings.new_models == "allow":
        known = {name: ModelRule() for name in installed} | settings.models
        changes |= {"models": dict(list(known.items())[-MAX_RULES:]), "models_known": True}
    return changes


def forget_models(settings: Settings, installed: Collection[str]) -> Changes:
    """Take away the rules of models that are not installed."""
    return {
        "models": {name: rule for name, rule in settings.models.items() if name in installed},
        "default_models": {place: name for place, name in settings.default_models.items() if name in installed},
        "default_model": settings.default_model if settings.default_model in installed else None,
    }


def default_model(settings: Settings, name: str | None, place: int | None = None) -> Changes:
    """Set the model that paints where nobody names one, or None for no rule; `place` is a channel or a role."""
    if place is None:
        return {"default_model": name}
    return {"default_models": _with(settings.default_models, place, name)}


# Limits -----------------------------------------------------------------------------------------------------------


def limits_of(settings: Settings, role: int | None) -> Limits:
    """Return what is set for a role, or for everybody."""
    return settings.limits if role is None else settings.role_limits.get(role, Limits())


def limit(settings: Settings, role: int | None, values: dict[str, Any]) -> Changes:
    """Set some limits of a role, or of everybody; None takes one away. Raises OutOfRange."""
    # Replacing a struct's fields does not check them; making it anew does.
    limits = Limits(**(msgspec.structs.asdict(limits_of(settings, role)) | values))
    if role is None:
        return {"limits": limits}
    held = None if limits == Limits() else limits
    return {"role_limits": _with(settings.role_limits, role, held, MAX_PER_RULE)}


def clear_limits(settings: Settings, role: int | None) -> Changes:
    """Take all limits of a role away, or of everybody."""
    return limit(settings, role, dict.fromkeys(Limits.__struct_fields__))


# Channels ---------------------------------------------------------------------------------------------------------


def add_channels(settings: Settings, field: ChannelList, channels: Iterable[int]) -> Changes:
    """Put channels on one of the lists. Where the bot answers is no longer closed.

    What is closed stays among those where it answers: an empty list would mean everywhere.
    """
    added = tuple(channels)
    changes: Changes = {field: _few((*getattr(settings, field), *added), MAX_RULES)}
    if field == "channels":
        changes |= remove_channels(settings, "closed_channels", added)
    return changes


def set_channels(settings: Settings, field: ChannelList, channels: Iterable[int]) -> Changes:
    """Let a list hold these channels and no others."""
    return add_channels(msgspec.structs.replace(settings, **{field: ()}), field, channels)


def remove_channels(settings: Settings, field: ChannelList, channels: Collection[int]) -> Changes:
    """Take channels from one of the lists."""
    return {field: tuple(each for each in getattr(settings, field) if each not in channels)}


def command_channels(settings: Settings, command: str, channels: Iterable[int]) -> Changes:
    """Let a command be used in these channels alone; none: wherever the bot answers."""
    chosen = _few(channels, MAX_PER_RULE) or None
    return {"command_channels": _with(settings.command_channels, command, chosen)}


def forget_channel(settings: Settings, channel: int) -> Changes:
    """Take every rule away that names a channel."""
    commands = {name: _without(held, channel) for name, held in settings.command_channels.items()}
    return {
        "channels": _without(settings.channels, channel),
        "closed_channels": _without(settings.closed_channels, channel),
        "private_channels": _without(settings.private_channels, channel),
        "command_channels": {name: held for name, held in commands.items() if held},
    }


RESET_CHANNELS: Changes = {
    "channels": (),
    "closed_channels": (),
    "command_channels": {},
    "private_channels": (),
    "threads": True,
    "age_restricted": "allowed",
    "allow_private": True,
}


# Roles ------------------------------------------------------------------------------------------------------------


def role_weight(settings: Settings, role: int, weight: float | None) -> Changes:
    """Set the weight of a role in the queue; None for no rule."""
    return {"role_weights": _with(settings.role_weights, role, weight, MAX_PER_RULE)}


def role_lane(settings: Settings, role: int, lane: RoleLane | None) -> Changes:
    """Set the lane of a role; None for no rule."""
    return {"role_lanes": _with(settings.role_lanes, role, lane, MAX_PER_RULE)}


def clear_rank(settings: Settings, role: int) -> Changes:
    """Take the lane and the weight of a role away."""
    return role_lane(settings, role, None) | role_weight(settings, role, None)


def adapter_quota(settings: Settings, role: int | None, quota: Quota | None) -> Changes:
    """Set how many adapters members with a role may bring, or everybody; None for no rule."""
    if role is None:
        return {"adapter_quota": quota}
    return {"adapter_quotas": _with(settings.adapter_quotas, role, quota, MAX_PER_RULE)}


# What is gone -----------------------------------------------------------------------------------------------------


def forget_gone(settings: Settings, roles: Collection[int], channels: Collection[int]) -> Changes:
    """Take away roles and channels that there are no more: those given are there.

    Nothing becomes allowed by it: a model that was only for what is gone is denied, and where the bot answers in
    channels that are all gone, they stay until others are chosen.
    """
    changes: Changes = {
        "models": {name: _living_rule(rule, roles, channels) for name, rule in settings.models.items()},
        "default_models": {
            place: name for place, name in settings.default_models.items() if place in roles or place in channels
        },
        "channels": _living(settings.channels, channels) or settings.channels,
        "command_channels": {name: _living(held, channels) or held for name, held in settings.command_channels.items()},
    }
    for field in ("closed_channels", "private_channels"):
        changes[field] = _living(getattr(settings, field), channels)
    for field in ("press_roles", "history_roles", "adapter_roles", "train_roles"):
        changes[field] = _living(getattr(settings, field), roles)
    for field in ("role_limits", "role_weights", "role_lanes", "adapter_quotas"):
        changes[field] = {role: held for role, held in getattr(settings, field).items() if role in roles}
    return {field: value for field, value in changes.items() if value != getattr(settings, field)}


def _living_rule(rule: ModelRule, roles: Collection[int], channels: Collection[int]) -> ModelRule:
    lasting = ModelRule(
        allowed=rule.allowed, channels=_living(rule.channels, channels), roles=_living(rule.roles, roles)
    )
    widened = (rule.channels and not lasting.channels) or (rule.roles and not lasting.roles)
    return msgspec.structs.replace(lasting, allowed=False) if widened else lasting


def _living(held: Iterable[int], there: Collection[int]) -> tuple[int, ...]:
    return tuple(each for each in held if each in there)


# Collections ------------------------------------------------------------------------------------------------------


def _without(held: Iterable[int], gone: int) -> tuple[int, ...]:
    return tuple(each for each in held if each != gone)


def _few(chosen: Iterable[int], most: int) -> tuple[int, ...]:
    """Return each once. Raises Mistake for too many."""
    found = tuple(dict.fromkeys(chosen))
    if len(found) > most:
        raise Mistake("admin_too_many", count=len(found), most=most)
    return found


def _with(held: Mapping[_K, _V], key: _K, value: _V | None, most: int = MAX_RULES) -> dict[_K, _V]:
    """Return a mapping with an entry of that value; None takes it away. Raises Mistake for too many."""
    changed = {each: kept for each, kept in held.items() if each != key}
    if value is not None:
        changed[key] = value
    if len(changed) > max(most, len(held)):
        raise Mistake("admin_too_many", count=len(changed), most=most)
    return changed
