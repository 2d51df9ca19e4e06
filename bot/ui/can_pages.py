"""What somebody may do where they are. Pure: plain values in, a layout out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from discord import ui

from bot.services.policy import (
    Policy,
    Standing,
    is_private,
    lane_for,
    limits_for,
    renewal,
)
from bot.services.pressing import Channels, megapixels, require_may_press
from bot.services.requests import Actor
from bot.services.rights import has, require_bringing, require_history, require_training
from bot.texts import Mistake, say
from bot.ui.layouts import layout
from bot.ui.mistakes import told
from bot.ui.plain import harmless
from storage.guilds import Limits, Settings

#: Models that are named, with so many characters each.
_MODELS, _CHARACTERS = 12, 60
#: Characters of each part; Discord takes 4000 in all.
_PART = 650
#: Stands for whoever asked for a picture that is not one's own.
_SOMEBODY = 0


@dataclass(frozen=True, kw_only=True)
class Can:
    """What is known of somebody and of the place where they ask."""

    policy: Policy
    actor: Actor
    standing: Standing
    #: Why they may paint nothing where they are, if that is so.
    refusal: Mistake | None
    #: Names of the models that they may use there, and of those that they may not.
    models: Sequence[str]
    denied: Sequence[str]
    default_model: str | None
    #: The operator's: pictures of one request, and of a member that wait.
    most_pictures: int
    most_waiting: int | None


def can(known: Can, locale: str | None) -> ui.LayoutView:
    """Return what somebody may do where they are, and what is left of their budgets."""
    settings, actor = known.policy.settings, known.actor
    limits = limits_for(settings, actor.roles)
    texts = [say("can_title" if actor.guild_id is not None else "can_title_direct", locale)]
    if known.refusal is not None:
        texts.append(say("can_refused", locale, why=told(known.refusal, locale)))
    texts += [
        _fitting(_models(known, locale)),
        _fitting(_limits(known, limits, locale)),
        _fitting(_budgets(known, limits, locale)),
        _fitting(_rights(known, locale)),
        _fitting(_places(settings, actor, locale)),
    ]
    return layout(*(ui.TextDisplay[ui.LayoutView](text) for text in texts if text))


def _fitting(lines: Iterable[str]) -> str:
    """Return as many lines as have room, and a mark where more were left out."""
    kept, room = [], _PART
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(line)
    return "\n".join(kept)


def _models(known: Can, locale: str | None) -> Iterator[str]:
    yield say("can_models", locale, models=_named(known.models)) if known.models else say("can_no_models", locale)
    if known.default_model is not None:
        yield say("can_default_model", locale, model=harmless(known.default_model, _CHARACTERS))
    if known.denied:
        yield say("can_denied_models", locale, models=_named(known.denied))


def _named(names: Sequence[str]) -> str:
    more = f" +{len(names) - _MODELS}" if len(names) > _MODELS else ""
    return ", ".join(harmless(name, _CHARACTERS) for name in names[:_MODELS]) + more


def _limits(known: Can, limits: Limits, locale: str | None) -> Iterator[str]:
    yield say("can_limits", locale)
    count = min(known.most_pictures, limits.count or known.most_pictures)
    yield say("can_count", locale, most=count)
    if limits.steps is not None:
        yield say("can_steps", locale, most=limits.steps)
    if limits.pixels is not None:
        yield say("can_pixels", locale, most=f"{limits.pixels / 1_000_000:.2g}")
    if limits.upscale == 1:
        yield say("upscale_off", locale)
    elif limits.upscale is not None:
        yield say("can_upscale", locale, most=limits.upscale)
    if limits.upscale_pixels is not None:
        yield say("can_upscale_pixels", locale, most=megapixels(limits.upscale_pixels))
    bounds = [most for most in (limits.waiting, known.most_waiting) if most is not None]
    if bounds:
        yield say("can_waiting", locale, now=known.standing.waiting, most=min(bounds))
    else:
        yield say("can_waiting_any", locale, now=known.standing.waiting)
    if (lane := lane_for(known.policy.settings, known.actor.roles)) != "normal":
        yield say(f"can_lane_{lane}", locale)


def _budgets(known: Can, limits: Limits, locale: str | None) -> Iterator[str]:
    lines = []
    for span in ("daily_pictures", "weekly_pictures", "daily_seconds", "weekly_seconds"):
        most, spent = getattr(limits, span), getattr(known.standing.spent, span)
        if most is not None:
            lines.append(say(f"can_{span}", locale, left=int(max(0, most - spent)), most=int(most)))
    if lines:
        yield say("can_budgets", locale)
        yield from lines
        past = known.policy.settings.past_budget
        yield say(f"can_past_{past}", locale, renewed=renewal(known.standing.now))


def _rights(known: Can, locale: str | None) -> Iterator[str]:
    settings, actor = known.policy.settings, known.actor
    private = settings.allow_private or is_private(settings, actor.place)
    rights = {
        "press": has(_may_press, settings, actor),
        "adapters": has(require_bringing, settings, actor),
        "private": private,
    }
    if actor.guild_id is not None:
        rights["history"] = has(require_history, settings, actor)
        rights["train"] = has(require_training, settings, actor)
    yield say("can_rights", locale)
    for name, held in rights.items():
        yield f"{'✅' if held else '❌'} {say(f'can_{name}', locale)}"


def _may_press(settings: Settings, actor: Actor) -> None:
    require_may_press(settings, actor, _SOMEBODY)


def _places(settings: Settings, actor: Actor, locale: str | None) -> Iterator[str]:
    if actor.guild_id is None:
        return
    yield say("can_where", locale)
    yield (
        say("can_channels", locale, channels=Channels(settings.channels))
        if settings.channels
        else say("can_everywhere", locale)
    )
    for command, channels in sorted(settings.command_channels.items()):
        if channels:
            yield say("can_command", locale, command=harmless(command, _CHARACTERS), channels=Channels(channels))
    if settings.closed_channels:
        yield say("can_closed", locale, channels=Channels(settings.closed_channels))
    if settings.private_channels:
        yield say("can_private_channels", locale, channels=Channels(settings.private_channels))
    if not settings.threads:
        yield say("policy_threads", locale)
    if settings.age_restricted != "allowed":
        yield say(f"policy_age_{settings.age_restricted}", locale)
