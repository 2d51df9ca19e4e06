"""What a server allows: a pure function of its rules, who asks, where, and what, to an answer in words."""

import math
from collections.abc import Collection
from typing import Any, get_args

from bot.services.asking import Decision, Policy, Request, Spent, Standing
from bot.services.content import Found, found
from bot.services.model_rules import default_model, may_use, require_model
from bot.services.pressing import Channels, require_may_press, require_upscale
from bot.services.requests import PRESS, Actor, Moment, Place
from bot.services.rights import require_training
from bot.texts import Mistake
from storage.guilds import Limits, RoleLane, Settings

__all__ = [
    "PRESS",
    "Decision",
    "Limits",
    "Place",
    "Policy",
    "Request",
    "Spent",
    "Standing",
    "command_of",
    "decide",
    "default_model",
    "is_private",
    "lane_for",
    "limits_for",
    "may_use",
    "renewal",
    "require_allowed",
    "require_entry",
    "require_painting",
    "require_trainer",
    "weight_for",
    "why_blocked",
]

#: What members may always use: their own data, help, and what tells them why they may use nothing else. Whether
#: somebody is the operator is asked by that command itself.
EXEMPT = frozenset({"me", "help", "about", "can", "operator"})
#: What everything that trains counts as, whatever its command is called.
TRAIN = "train"
#: What a button counts as, by the first word of what it asks for; everything else counts as /imagine.
_COMMANDS = {
    "vary": "variations",
    "upscale": "upscale",
    "detail": "upscale",
    "hires": "upscale",
    "restyle": "edit",
    "inpaint": "edit",
    "outpaint": "edit",
    "instruct": "edit",
    "blend": "blend",
    "adapter": "adapters",
}
_DAY_SECONDS = 86_400
#: By how much sums of seconds may be off.
_ROUNDING = 1e-6
_LANES: tuple[RoleLane, ...] = get_args(RoleLane)


def decide(
    policy: Policy, actor: Actor, place: Place, standing: Standing, request: Request, words: Found | None = None
) -> Decision:
    """Return whether a request is allowed, in which lane and how; or else the first reason why not.

    `words` is what the server's lists say of its prompts, where that is known; looking takes time.
    """
    settings = policy.settings
    limits = limits_for(settings, actor.roles)
    lane = lane_for(settings, actor.roles)
    words = found(settings, request.prompts) if words is None else words
    try:
        _require_open(policy)
        _require_not_draining(policy)
        require_allowed(policy, actor, place, standing.blocked, request, words)
        _require_room(settings, limits, standing, request)
        if (past := _past_budget(limits, standing, request)) is not None:
            if settings.past_budget == "refuse":
                raise past
            lane = "relaxed"
    except Mistake as refusal:
        return Decision(refusal=refusal)
    return Decision(
        lane=lane,
        weight=weight_for(settings, actor.roles),
        private=is_private(settings, place),
        warnings=words.warned,
    )


def require_allowed(
    policy: Policy, actor: Actor, place: Place, blocked: str | None, request: Request, words: Found
) -> None:
    """Raise Mistake where a server does not allow a request, however much there is of others: also at its turn."""
    settings = policy.settings
    _require_open(policy)
    _require_readable(policy)
    _require_not_blocked(blocked)
    _require_place(settings, place, request.command, pressed=actor.command == PRESS)
    if request.private and not settings.allow_private and not is_private(settings, place):
        raise Mistake("policy_private")
    if request.author_id is not None:
        require_may_press(settings, actor, request.author_id)
    if request.command == TRAIN:
        require_training(settings, actor)
    require_model(settings, actor, place, request)
    _require_limits(limits_for(settings, actor.roles), request)
    if words.refusal is not None:
        raise words.refusal


# Who is let in at all ---------------------------------------------------------------------------------------------


def require_entry(policy: Policy, actor: Actor, blocked: str | None) -> None:
    """Raise Mistake where a server lets somebody do nothing with their command: it is closed, they are blocked, …

    What members may always use is let through, and so is /admin of those who manage the server.
    """
    if actor.command in EXEMPT or (actor.command == "admin" and actor.manager):
        return
    _require_open(policy)
    _require_readable(policy)
    _require_not_blocked(blocked)
    _require_place(policy.settings, actor.place, actor.command, pressed=actor.command == PRESS)


def require_painting(policy: Policy, actor: Actor, blocked: str | None) -> None:
    """Raise Mistake where somebody can ask for no picture with their command, whatever it is to be."""
    _require_open(policy)
    _require_not_draining(policy)
    require_entry(policy, actor, blocked)


def require_trainer(policy: Policy, actor: Actor, blocked: str | None) -> None:
    """Raise Mistake where somebody can have nothing trained with their command."""
    require_painting(policy, actor, blocked)
    require_training(policy.settings, actor)


def _require_not_draining(policy: Policy) -> None:
    if policy.draining is not None:
        raise _with_reason("policy_draining", policy.draining)


def _require_open(policy: Policy) -> None:
    if policy.closed is not None:
        raise _with_reason("policy_closed", policy.closed)


def _require_readable(policy: Policy) -> None:
    if policy.unreadable:
        raise Mistake("policy_unreadable")


def _require_not_blocked(blocked: str | None) -> None:
    if blocked is not None:
        raise why_blocked(blocked)


def why_blocked(reason: str) -> Mistake:
    """Return what a member is told who is blocked, with the reason where there is one."""
    return _with_reason("policy_blocked", reason)


def _with_reason(key: str, why: str) -> Mistake:
    return Mistake(f"{key}_why", why=why) if why.strip() else Mistake(key)


# Places -----------------------------------------------------------------------------------------------------------


def command_of(kind: str, command: str) -> str:
    """Return the command whose rules hold for a request: its own, or what its button counts as."""
    does = kind.partition("_")[0]
    if does == TRAIN:
        return TRAIN
    if command != PRESS:
        return command or kind
    return _COMMANDS.get(does, "imagine")


def is_private(settings: Settings, place: Place) -> bool:
    """Tell whether results in a place are seen by whoever asked alone."""
    return not set(place.within).isdisjoint(settings.private_channels)


def _require_place(settings: Settings, place: Place, command: str, *, pressed: bool) -> None:
    own = settings.command_channels.get(command, ())
    listed = own or _listed(settings, pressed)
    closed = set(settings.closed_channels)
    open_ones = Channels(dict.fromkeys(each for each in listed if each not in closed))
    if not closed.isdisjoint(place.within):
        raise (
            Mistake("policy_channel_closed_where", channels=open_ones)
            if open_ones
            else Mistake("policy_channel_closed")
        )
    if listed and set(listed).isdisjoint(place.within):
        if not open_ones:
            raise Mistake("policy_channel_closed")
        if own:
            raise Mistake("policy_channel_command", command=command, channels=open_ones)
        raise Mistake("policy_channel_elsewhere", channels=open_ones)
    if place.thread and not settings.threads:
        raise Mistake("policy_threads")
    if settings.age_restricted == "only" and not place.age_restricted:
        raise Mistake("policy_age_only")
    if settings.age_restricted == "never" and place.age_restricted:
        raise Mistake("policy_age_never")


def _listed(settings: Settings, pressed: bool) -> tuple[int, ...]:
    """Return the only channels where the bot answers. A button works wherever any command may have been used."""
    if not pressed or not settings.channels:
        return settings.channels
    return (*settings.channels, *(each for some in settings.command_channels.values() for each in some))


# Limits and budgets -----------------------------------------------------------------------------------------------


def limits_for(settings: Settings, roles: Collection[int]) -> Limits:
    """Return the limits of a member with these roles: of each, the most that a role says, or the server's."""
    own = [settings.role_limits[role] for role in roles if role in settings.role_limits]

    def most(field: str) -> Any:
        said = [value for each in own if (value := getattr(each, field)) is not None]
        return max(said) if said else getattr(settings.limits, field)

    return Limits(**{field: most(field) for field in Limits.__struct_fields__}) if own else settings.limits


def lane_for(settings: Settings, roles: Collection[int]) -> RoleLane:
    """Return the lane of a member with these roles: the first of theirs, or the ordinary one."""
    own = [lane for role, lane in settings.role_lanes.items() if role in roles]
    return min(own, key=_LANES.index, default="normal")


def weight_for(settings: Settings, roles: Collection[int]) -> float:
    """Return the weight in the queue of a member with these roles: the highest of theirs, or 1."""
    return max((weight for role, weight in settings.role_weights.items() if role in roles), default=1.0)


def _require_limits(limits: Limits, request: Request) -> None:
    if limits.steps is not None and request.steps > limits.steps:
        raise Mistake("policy_steps", most=limits.steps, asked=request.steps)
    if limits.pixels is not None and request.pixels > limits.pixels:
        side = max(64, math.isqrt(limits.pixels) // 8 * 8)
        raise Mistake("policy_pixels", most=limits.pixels, side=side, asked=request.pixels)
    if limits.count is not None and request.count > limits.count:
        raise Mistake("policy_count", most=limits.count, asked=request.count)
    if request.upscale > 1 or request.upscale_pixels:
        require_upscale(limits, request.upscale, request.upscale_pixels)


def _require_room(settings: Settings, limits: Limits, standing: Standing, request: Request) -> None:
    for whose, most, now in (
        ("own", limits.waiting, standing.waiting),
        ("guild", settings.waiting, standing.guild_waiting),
    ):
        if most is not None and now + request.count > most:
            room = max(0, most - now)
            ending = "room" if room else "full"
            raise Mistake(f"policy_waiting_{whose}_{ending}", now=now, most=most, room=room)


def renewal(now: float) -> Moment:
    """Return when a new day begins."""
    return Moment(int(now // _DAY_SECONDS + 1) * _DAY_SECONDS)


def _past_budget(limits: Limits, standing: Standing, request: Request) -> Mistake | None:
    """Return what to say where a request goes past a budget, or None."""
    renewed = renewal(standing.now)
    each = request.seconds / max(1, request.count)
    for span, asked, one in (
        ("daily_pictures", request.count, 1.0),
        ("weekly_pictures", request.count, 1.0),
        ("daily_seconds", request.seconds, each),
        ("weekly_seconds", request.seconds, each),
    ):
        most, spent = getattr(limits, span), getattr(standing.spent, span)
        if most is None or spent + asked <= most + _ROUNDING:
            continue
        left = max(0.0, most - spent)
        fit = int(left / one) if one > 0 else 0
        values = {"most": int(most), "left": int(left), "asked": math.ceil(asked), "renewed": renewed}
        if 0 < fit < request.count:
            return Mistake(f"policy_budget_{span}_fit", fit=fit, **values)
        return Mistake(f"policy_budget_{span}", **values)
    return None
