"""What a server's admins chose, in words: what there is around it, and its models. Pure.

Mentions are shown and ping nobody: the answers are private.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.services.guilds import Settings
from bot.services.offers import Offered
from bot.texts import say
from bot.ui.plain import harmless

#: Roles or channels that are named in one line, and roles that have a line of their own.
_NAMED, LINES = 4, 8
GIB = 2**30
#: Of a model's name.
NAME = 60
Standing = Literal["allowed", "denied", "new"]


@dataclass(frozen=True, kw_only=True)
class Around:
    """What there is in a server and on the machine: rules may name what is gone."""

    locale: str | None = None
    #: None where Discord did not tell.
    roles: frozenset[int] | None = None
    channels: frozenset[int] | None = None
    models: tuple[Offered, ...] = ()
    #: Names of commands that may have channels of their own.
    commands: tuple[str, ...] = ()
    #: The network that looks at finished pictures is there.
    checks: bool = True
    #: Why the operator has closed the server, "" without a reason; None: it is open.
    closed: str | None = None
    #: What was set cannot be read.
    unreadable: bool = False

    def say(self, key: str, /, **values: object) -> str:
        """Return a sentence in the admin's language."""
        return say(key, self.locale, **values)

    def role(self, role: int) -> str:
        """Return a role as it is shown, or that it is gone."""
        there = self.roles is None or role in self.roles
        return f"<@&{role}>" if there else self.say("admin_gone_role", id=role)

    def channel(self, channel: int) -> str:
        """Return a channel as it is shown, or that it is gone."""
        there = self.channels is None or channel in self.channels
        return f"<#{channel}>" if there else self.say("admin_gone_channel", id=channel)

    def role_list(self, roles: Sequence[int]) -> str:
        """Return roles with commas between, the first of them where they are many."""
        return self._listed([self.role(each) for each in roles[:_NAMED]], len(roles))

    def channel_list(self, channels: Sequence[int]) -> str:
        """Return channels with commas between, the first of them where they are many."""
        return self._listed([self.channel(each) for each in channels[:_NAMED]], len(channels))

    def _listed(self, shown: list[str], count: int) -> str:
        if not shown:
            return self.say("admin_none")
        more = [self.say("admin_more", count=count - len(shown))] if count > len(shown) else []
        return ", ".join(shown + more)

    def installed(self, name: str) -> Offered | None:
        """Return the model of that name, if it is installed."""
        return next((each for each in self.models if each.name == name), None)

    def any_gone(self, settings: Settings) -> bool:
        """Tell whether a rule names a role or channel that there is no more."""
        roles = set(settings.role_limits) | set(settings.role_weights) | set(settings.role_lanes)
        roles |= {*settings.adapter_quotas, *settings.press_roles, *settings.history_roles, *settings.adapter_roles}
        roles |= {*settings.train_roles}
        channels = {*settings.channels, *settings.closed_channels, *settings.private_channels}
        for held in settings.command_channels.values():
            channels |= set(held)
        for rule in settings.models.values():
            roles |= set(rule.roles)
            channels |= set(rule.channels)
        either = set(settings.default_models)
        if self.roles is None or self.channels is None:
            return False
        return not (roles <= self.roles and channels <= self.channels and either <= self.roles | self.channels)


# Models -----------------------------------------------------------------------------------------------------------


def standing(settings: Settings, name: str) -> Standing:
    """Return whether a model may be used, or waits to be allowed."""
    if (rule := settings.models.get(name)) is not None:
        return "allowed" if rule.allowed else "denied"
    return "new" if settings.models_known and settings.new_models == "deny" else "allowed"


def key_of(name: str) -> str:
    """Return what stands for a model's name in custom ids: a name may be too long, and a model may be gone."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def model_names(settings: Settings, around: Around) -> list[str]:
    """Return the models that are installed, and behind them those that have a rule and are not."""
    names = [each.name for each in around.models]
    return names + sorted(set(settings.models) - set(names))


def model_line(settings: Settings, name: str, around: Around) -> str:
    """Return whether a model may be used, where and by whom."""
    parts = [f"**{harmless(name, NAME)}**", model_rule(settings, name, around)]
    if name == settings.default_model:
        parts.append(around.say("admin_model_is_default"))
    if around.installed(name) is None:
        parts.append(around.say("admin_model_gone"))
    return " · ".join(parts)


def model_rule(settings: Settings, name: str, around: Around) -> str:
    """Return a model's rule without its name."""
    state = standing(settings, name)
    if state == "denied":
        return around.say("admin_model_denied")
    if state == "new":
        return around.say("admin_model_new")
    rule = settings.models.get(name)
    parts = []
    if rule is not None and rule.channels:
        parts.append(around.say("admin_model_channels", channels=around.channel_list(rule.channels)))
    if rule is not None and rule.roles:
        parts.append(around.say("admin_model_roles", roles=around.role_list(rule.roles)))
    return " · ".join(parts) or around.say("admin_model_allowed")


def model_facts(offered: Offered, around: Around) -> str:
    """Return what a model is, whether it fits, and what a picture costs."""
    lines = [
        around.say("admin_model_is", family=offered.family, width=offered.width, height=offered.height),
    ]
    if offered.instructs:
        lines.append(around.say("admin_model_instructs"))
    if offered.inpainting:
        lines.append(around.say("admin_model_inpaints"))
    size = f"{offered.bytes / GIB:.1f}"
    if offered.fits is None:
        lines.append(around.say("admin_model_size", size=size))
    else:
        lines.append(around.say("admin_model_fits" if offered.fits else "admin_model_fits_not", size=size))
    if offered.seconds is not None:
        lines.append(around.say("admin_model_cost", seconds=_short(offered.seconds)))
    return "\n".join(lines)


def defaults(settings: Settings, around: Around) -> str:
    """Return which models paint where nobody names one."""
    if settings.default_model is None:
        lines = [around.say("admin_default_none")]
    else:
        lines = [around.say("admin_default", model=_model(settings.default_model, around))]
    for place, name in list(settings.default_models.items())[:LINES]:
        where = around.role(place) if around.roles and place in around.roles else around.channel(place)
        lines.append(around.say("admin_default_at", where=where, model=_model(name, around)))
    if (left := len(settings.default_models) - LINES) > 0:
        lines.append(around.say("admin_more", count=left))
    return "\n".join(lines)


def new_models(settings: Settings, around: Around) -> str:
    """Return what becomes of models that come later."""
    return around.say("admin_new_allow" if settings.new_models == "allow" else "admin_new_deny")


def _model(name: str, around: Around) -> str:
    shown = harmless(name, NAME)
    return shown if around.installed(name) else f"{shown} ({around.say('admin_model_gone')})"


def _short(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
