"""Which models a server allows, where and to whom, and which of them paints where nobody names one. Pure."""

from collections.abc import Collection, Iterable

from bot.services.asking import Request
from bot.services.pressing import Channels, Roles
from bot.services.requests import Actor, Place
from bot.texts import Mistake
from storage.guilds import Settings

#: Of a list of models.
_NAMED = 10


def may_use(settings: Settings, name: str, place: Place, roles: Collection[int], *, paints: bool = True) -> bool:
    """Tell whether a model may be used somewhere by a member with these roles."""
    return _bar(settings, name, place, roles, paints) is None


def default_model(
    settings: Settings, place: Place, roles: Collection[int], installed: Iterable[str] | None = None
) -> str | None:
    """Return the server's default model that may be used there: the channel's, or a role's, or the server's own."""
    chosen = settings.default_models
    names = [chosen.get(each) for each in place.within]
    names += [name for each, name in chosen.items() if each in roles]
    known = None if installed is None else set(installed)
    for name in (*names, settings.default_model):
        if name is not None and (known is None or name in known) and may_use(settings, name, place, roles):
            return name
    return None


def require_model(settings: Settings, actor: Actor, place: Place, request: Request) -> None:
    """Raise Mistake where a request's model may not be used; the words name those that may."""
    if request.model is None:
        return
    bar = _bar(settings, request.model, place, actor.roles, request.paints)
    if bar is None:
        return
    key, values = bar
    instead = tuple(name for name in request.others if may_use(settings, name, place, actor.roles))
    if instead:
        raise Mistake(f"{key}_instead", name=request.model, models=Names(instead), **values)
    raise Mistake(key, name=request.model, **values)


def _bar(
    settings: Settings, name: str, place: Place, roles: Collection[int], paints: bool
) -> tuple[str, dict[str, object]] | None:
    """Return why a model may not be used, as the key and the values of a text."""
    rule = settings.models.get(name)
    if rule is None:
        new = paints and settings.models_known and settings.new_models == "deny"
        return ("policy_model_new", {}) if new else None
    if not rule.allowed:
        return "policy_model_denied", {}
    if rule.channels and set(rule.channels).isdisjoint(place.within):
        return "policy_model_channels", {"channels": Channels(rule.channels)}
    if rule.roles and set(rule.roles).isdisjoint(roles):
        return "policy_model_roles", {"roles": Roles(rule.roles)}
    return None


class Names(tuple[str, ...]):
    """Names, the first few of which its text tells."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return them as a list."""
        return ", ".join(self[:_NAMED]) + (", …" if len(self) > _NAMED else "")
