"""No restriction ever allows what was refused, and whoever does what a refusal says is not refused for that again."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from bot.services.policy import PRESS, Policy
from bot.texts import Mistake, say
from storage.guilds import Limits, ModelRule
from tests.bot.services.policy_cases import BOB, CASES, CATEGORIES, CHANNELS, MODELS, ROLES, Case, some

#: Draws a value from a strategy.
Draw = Callable[[st.SearchStrategy[Any]], Any]
_LANES = ("priority", "normal", "relaxed")
#: Any example does; a smaller one says no more.
_ONE = settings(
    max_examples=5000, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
_SETTLED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def _lower_limit(case: Case, draw: Draw) -> Case:
    field = draw(st.sampled_from(Limits.__struct_fields__))
    least: dict[str, Any] = {"steps": 1, "pixels": 64 * 64, "count": 1, "upscale_pixels": 1_000_000}
    before = getattr(case.settings.limits, field)
    if field == "upscale":
        value: Any = draw(st.sampled_from([each for each in (1, 2, 4) if before is None or each <= before]))
    elif field.endswith("seconds"):
        value = draw(st.floats(0, 200 if before is None else before))
    else:
        low = least.get(field, 0)
        value = draw(st.integers(low, max(low, 20 if before is None else before)))
    return case.under(limits=Limits(**(msgspec.structs.asdict(case.settings.limits) | {field: value})))


def _lower_limits_of_role(case: Case, draw: Draw) -> Case:
    lowered = {}
    for role, limits in case.settings.role_limits.items():
        least = {"steps": 1, "pixels": 64 * 64, "count": 1, "daily_pictures": 0, "waiting": 0}
        set_ones = {name: low for name, low in least.items() if getattr(limits, name) is not None}
        values = {name: draw(st.integers(low, getattr(limits, name))) for name, low in set_ones.items()}
        lowered[role] = msgspec.structs.replace(limits, **values)
    return case.under(role_limits=lowered)


def _lower_waiting(case: Case, draw: Draw) -> Case:
    before = case.settings.waiting
    return case.under(waiting=draw(st.integers(0, 30 if before is None else before)))


def _deny_model(case: Case, draw: Draw) -> Case:
    name = draw(st.sampled_from(MODELS))
    rule = case.settings.models.get(name, ModelRule())
    return case.under(models={**case.settings.models, name: msgspec.structs.replace(rule, allowed=False)})


def _narrow_model(case: Case, draw: Draw) -> Case:
    name = draw(st.sampled_from(MODELS))
    if (rule := case.settings.models.get(name)) is None:
        return case
    channels = _fewer(rule.channels, CHANNELS, draw)
    roles = _fewer(rule.roles, ROLES, draw)
    return case.under(
        models={**case.settings.models, name: ModelRule(allowed=rule.allowed, channels=channels, roles=roles)}
    )


def _fewer(before: tuple[int, ...], everything: tuple[int, ...], draw: Draw) -> tuple[int, ...]:
    """Return some of a list; of an empty one, which means everything, any."""
    return tuple(draw(some(before or everything, least=1)))


def _subset(before: tuple[int, ...], draw: Draw) -> tuple[int, ...]:
    return tuple(each for each in before if draw(st.booleans()))


def _deny_new_models(case: Case, draw: Draw) -> Case:
    return case.under(new_models="deny", models_known=True)


def _forget_model(case: Case, draw: Draw) -> Case:
    if not (case.settings.models_known and case.settings.new_models == "deny" and case.request.paints):
        return case
    left = {name: rule for name, rule in case.settings.models.items() if draw(st.booleans())}
    return case.under(models=left)


def _fewer_channels(case: Case, draw: Draw) -> Case:
    return case.under(channels=_fewer(case.settings.channels, (*CHANNELS, *CATEGORIES), draw))


def _channels_of_a_command(case: Case, draw: Draw) -> Case:
    everywhere = case.settings.channels or (*CHANNELS, *CATEGORIES)
    before = case.settings.command_channels.get(case.request.command) or everywhere
    chosen = {**case.settings.command_channels, case.request.command: tuple(draw(some(before, least=1)))}
    return case.under(command_channels=chosen)


def _close_channel(case: Case, draw: Draw) -> Case:
    return case.under(closed_channels=(*case.settings.closed_channels, draw(st.sampled_from((*CHANNELS, *CATEGORIES)))))


def _no_threads(case: Case, draw: Draw) -> Case:
    return case.under(threads=False)


def _by_age(case: Case, draw: Draw) -> Case:
    return case.under(age_restricted=draw(st.sampled_from(("only", "never")))) if _any_age(case) else case


def _any_age(case: Case) -> bool:
    return case.settings.age_restricted == "allowed"


def _nothing_private(case: Case, draw: Draw) -> Case:
    return case.under(allow_private=False)


def _private_channel(case: Case, draw: Draw) -> Case:
    if not case.settings.allow_private:
        return case
    return case.under(private_channels=(*case.settings.private_channels, draw(st.sampled_from(CHANNELS))))


def _fewer_may_press(case: Case, draw: Draw) -> Case:
    order = ("everyone", "roles", "author")
    press = draw(st.sampled_from(order[order.index(case.settings.press) :]))
    return case.under(press=press, press_roles=_subset(case.settings.press_roles, draw))


def _fewer_may_train(case: Case, draw: Draw) -> Case:
    order = ("everyone", "roles", "nobody")
    train = draw(st.sampled_from(order[order.index(case.settings.train) :]))
    return case.under(train=train, train_roles=_subset(case.settings.train_roles, draw))


def _no_manager(case: Case, draw: Draw) -> Case:
    return replace(case, actor=replace(case.actor, manager=False))


def _no_moderator(case: Case, draw: Draw) -> Case:
    return replace(case, actor=replace(case.actor, moderator=False))


def _block_word(case: Case, draw: Draw) -> Case:
    return case.under(blocked_words=(*case.settings.blocked_words, draw(st.sampled_from(("red", "cat", "in a")))))


def _block_pattern(case: Case, draw: Draw) -> Case:
    return case.under(blocked_patterns=(*case.settings.blocked_patterns, draw(st.sampled_from(("r.d", "h[ae]t")))))


def _refuse_past_budget(case: Case, draw: Draw) -> Case:
    return case.under(past_budget="refuse")


def _lower_lane(case: Case, draw: Draw) -> Case:
    lanes = {
        role: draw(st.sampled_from(_LANES[_LANES.index(lane) :])) for role, lane in case.settings.role_lanes.items()
    }
    return case.under(role_lanes=lanes)


def _lower_weights(case: Case, draw: Draw) -> Case:
    weights = {role: draw(st.floats(0.01, weight)) for role, weight in case.settings.role_weights.items()}
    return case.under(role_weights=weights)


def _block(case: Case, draw: Draw) -> Case:
    return replace(case, standing=replace(case.standing, blocked=draw(st.sampled_from(("", "spam")))))


def _close(case: Case, draw: Draw) -> Case:
    return replace(case, policy=replace(case.policy, closed=draw(st.sampled_from(("", "unpaid")))))


def _drain(case: Case, draw: Draw) -> Case:
    return replace(case, policy=replace(case.policy, draining=draw(st.sampled_from(("", "new disk")))))


def _unreadable(case: Case, draw: Draw) -> Case:
    return replace(case, policy=replace(case.policy, unreadable=True))


def _more_spent(case: Case, draw: Draw) -> Case:
    before = case.standing.spent
    spent = {name: getattr(before, name) + draw(st.integers(0, 30)) for name in before.__dataclass_fields__}
    return replace(case, standing=replace(case.standing, spent=replace(before, **spent)))


def _more_waits(case: Case, draw: Draw) -> Case:
    more = {name: getattr(case.standing, name) + draw(st.integers(0, 9)) for name in ("waiting", "guild_waiting")}
    return replace(case, standing=replace(case.standing, **more))


def _ask_for_more(case: Case, draw: Draw) -> Case:
    names = ("steps", "pixels", "count", "seconds", "upscale_pixels")
    more = {name: getattr(case.request, name) + draw(st.integers(0, 20)) for name in names}
    return case.asking(
        **more, upscale=draw(st.sampled_from([each for each in (1, 2, 4) if each >= case.request.upscale]))
    )


def _of_anothers_picture(case: Case, draw: Draw) -> Case:
    return case.asking(author_id=BOB)


RESTRICTIONS: Mapping[str, Callable[[Case, Draw], Case]] = {
    name.removeprefix("_"): restriction
    for name, restriction in list(globals().items())
    if callable(restriction) and getattr(restriction, "__annotations__", {}).keys() == {"case", "draw", "return"}
}
#: These change how something waits, or who sees it, and refuse nothing.
_GENTLE = {"lower_lane", "lower_weights", "private_channel", "no_moderator"}


@pytest.mark.parametrize("name", RESTRICTIONS)
def test_a_restriction_never_allows_more(name: str) -> None:
    @_SETTLED
    @given(case=CASES, data=st.data())
    def holds(case: Case, data: st.DataObject) -> None:
        before, after = case.decided(), RESTRICTIONS[name](case, data.draw).decided()
        if after.refusal is not None:
            return
        assert before.refusal is None
        assert _LANES.index(after.lane) >= _LANES.index(before.lane)
        assert after.weight <= before.weight
        assert after.private >= before.private

    holds()


@pytest.mark.parametrize("name", sorted(set(RESTRICTIONS) - _GENTLE))
def test_every_restriction_refuses_something(name: str) -> None:
    @st.composite
    def refused(draw: Draw) -> bool:
        case: Case = draw(_ALLOWED)
        if name.endswith("_model"):
            # Rules about models are many, and one of the model that is asked for is rare.
            case = case.under(models={each: ModelRule() for each in MODELS}, models_known=True, new_models="deny")
        return case.decided().refusal is None and RESTRICTIONS[name](case, draw).decided().refusal is not None

    try:
        assert find(refused(), bool, settings=_ONE)
    except NoSuchExample:
        pytest.fail("it refuses nothing that was allowed")


def _lenient(case: Case) -> Case:
    """Return a case in which nothing but settings can refuse, and those seldom."""
    case = replace(case, policy=Policy(settings=case.settings), standing=replace(case.standing, blocked=None))
    return case.under(closed_channels=(), allow_private=True, threads=True, blocked_words=(), blocked_patterns=())


_ALLOWED = CASES.map(_lenient).filter(lambda case: case.decided().refusal is None)


# What a refusal says ------------------------------------------------------------------------------------------------


def _in_channel(case: Case, values: Mapping[str, Any]) -> list[Case]:
    return [replace(case, place=replace(case.place, channel_id=each, above=())) for each in values["channels"]]


def _with_role(case: Case, values: Mapping[str, Any]) -> list[Case]:
    return [replace(case, actor=replace(case.actor, roles=case.actor.roles | {each})) for each in values["roles"]]


def _with_model(case: Case, values: Mapping[str, Any]) -> list[Case]:
    return [case.asking(model=each) for each in values["models"]]


def _with_fewer(case: Case, count: int) -> list[Case]:
    request = case.request
    return [case.asking(count=count, seconds=request.seconds / request.count * count)]


def _in_age(case: Case, age_restricted: bool) -> list[Case]:
    return [replace(case, place=replace(case.place, age_restricted=age_restricted))]


_FOLLOWED: Mapping[str, Callable[[Case, Mapping[str, Any]], list[Case]]] = {
    "policy_channel_closed_where": _in_channel,
    "policy_channel_elsewhere": _in_channel,
    "policy_channel_command": _in_channel,
    "policy_threads": lambda case, _: [replace(case, place=replace(case.place, thread=False))],
    "policy_age_only": lambda case, _: _in_age(case, True),
    "policy_age_never": lambda case, _: _in_age(case, False),
    "policy_private": lambda case, _: [case.asking(private=False)],
    "press_roles": _with_role,
    "training_roles": _with_role,
    **{f"policy_model_{bar}_instead": _with_model for bar in ("denied", "new", "channels", "roles")},
    "policy_model_channels": _in_channel,
    "policy_model_roles": _with_role,
    "policy_steps": lambda case, values: [case.asking(steps=values["most"])],
    "policy_pixels": lambda case, values: [case.asking(pixels=each) for each in (values["most"], values["side"] ** 2)],
    "policy_count": lambda case, values: _with_fewer(case, values["most"]),
    "upscale_off": lambda case, _: [case.asking(upscale=1)],
    "upscale_most_factor": lambda case, values: [case.asking(upscale=values["most"])],
    "upscale_most_pixels": lambda case, values: [case.asking(upscale_pixels=int(values["most"] * 1_000_000))],
    "content_blocked": lambda case, _: [case.asking(prompts=())],
    "policy_waiting_own_room": lambda case, values: _with_fewer(case, values["room"]),
    "policy_waiting_guild_room": lambda case, values: _with_fewer(case, values["room"]),
    **{
        f"policy_budget_{span}_fit": lambda case, values: _with_fewer(case, values["fit"])
        for span in ("daily_seconds", "daily_pictures", "weekly_seconds", "weekly_pictures")
    },
}
#: Where only others can do something, or time.
_HELPLESS = (
    "policy_closed",
    "policy_draining",
    "policy_unreadable",
    "policy_blocked",
    "policy_channel_closed",
    "press_author",
    "training_nobody",
    "policy_model_denied",
    "policy_model_new",
    "content_slow",
    "policy_waiting_own_full",
    "policy_waiting_guild_full",
    "policy_budget_daily_seconds",
    "policy_budget_daily_pictures",
    "policy_budget_weekly_seconds",
    "policy_budget_weekly_pictures",
)


def _reason(refusal: Mistake) -> str:
    """Return what was refused, without what is allowed instead."""
    for ending in ("_why", "_instead", "_room", "_full", "_fit"):
        if refusal.key.endswith(ending):
            return refusal.key.removesuffix(ending)
    return refusal.key


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=st.one_of(CASES, CASES.map(_lenient)))
def test_whoever_does_what_a_refusal_says_is_not_refused_for_that_again(case: Case) -> None:
    refusal = case.decided().refusal
    if refusal is None:
        return
    assert refusal.key in _FOLLOWED or _reason(refusal) in _HELPLESS or refusal.key in _HELPLESS
    for followed in _FOLLOWED.get(refusal.key, lambda case, values: [])(case, refusal.values):
        again = followed.decided().refusal
        assert again is None or _reason(again) != _reason(refusal)
    for locale in ("en", "de"):
        assert "{" not in say(refusal.key, locale, **refusal.values)


@_SETTLED
@given(case=CASES)
def test_what_was_decided_is_decided_again(case: Case) -> None:
    first, second = case.decided(), case.decided()
    assert (first.refusal is None) == (second.refusal is None)
    assert replace(first, refusal=None) == replace(second, refusal=None)


def test_every_restriction_is_tried() -> None:
    assert len(RESTRICTIONS) >= 25
    assert set(RESTRICTIONS) >= _GENTLE
    assert PRESS not in MODELS
