"""What an admin's choice changes: exactly that, and nothing becomes allowed because something is gone."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services import changes
from bot.services.changes import Changes
from bot.services.model_rules import may_use
from bot.services.requests import Place
from bot.texts import Mistake
from inference.protocol.limits import OutOfRange
from storage.guilds import MAX_PER_RULE, MAX_RULES, Limits, ModelRule, Quota, Settings

CHANNELS, ROLES = range(1, 6), range(11, 16)


def after(settings: Settings, made: Changes) -> Settings:
    """Return settings with changes, checked as the store checks them."""
    return Settings(**(msgspec.structs.asdict(settings) | made))


# Models -------------------------------------------------------------------------------------------------------------


def test_a_model_is_allowed_denied_and_allowed_again() -> None:
    settings = after(Settings(), changes.allow_model(Settings(), "a", [1, 2, 1], [11]))
    assert settings.models == {"a": ModelRule(channels=(1, 2), roles=(11,))}
    settings = after(settings, changes.deny_model(settings, "a"))
    assert settings.models == {"a": ModelRule(allowed=False, channels=(1, 2), roles=(11,))}
    settings = after(settings, changes.allow_model(settings, "a"))
    assert settings.models == {"a": ModelRule()}


def test_denying_a_model_that_was_never_ruled_on() -> None:
    assert changes.deny_model(Settings(), "a") == {"models": {"a": ModelRule(allowed=False)}}


def test_too_many_channels_of_a_model() -> None:
    with pytest.raises(Mistake, match="That would be 26"):
        changes.allow_model(Settings(), "a", range(1, MAX_PER_RULE + 2))


def test_too_many_models() -> None:
    full = Settings(models={f"m{number}": ModelRule() for number in range(MAX_RULES)})
    with pytest.raises(Mistake, match="at most 200"):
        changes.deny_model(full, "one more")
    assert not changes.deny_model(full, "m1")["models"]["m1"].allowed, "those that are there can still be changed"


def test_defaults_by_place() -> None:
    settings = after(Settings(), changes.default_model(Settings(), "a"))
    settings = after(settings, changes.default_model(settings, "b", 1))
    assert (settings.default_model, settings.default_models) == ("a", {1: "b"})
    settings = after(settings, changes.default_model(settings, None, 1))
    settings = after(settings, changes.default_model(settings, None))
    assert settings == Settings()


def test_what_could_be_used_stays_when_later_models_are_denied() -> None:
    before = Settings(models_known=True, new_models="allow", models={"a": ModelRule(allowed=False)})
    settings = after(before, changes.new_models(before, "deny", ["a", "b"]))
    assert settings.models == {"a": ModelRule(allowed=False), "b": ModelRule()}
    assert not may_use(settings, "later", Place(channel_id=1), ())
    again = after(settings, changes.new_models(settings, "deny", ["a", "b", "later"]))
    assert again.models == settings.models, "what is denied as new stays so"


def test_rules_of_what_is_not_installed_are_forgotten() -> None:
    before = Settings(
        models={"a": ModelRule(), "gone": ModelRule()}, default_model="gone", default_models={1: "gone", 2: "a"}
    )
    settings = after(before, changes.forget_models(before, {"a"}))
    assert settings == Settings(models={"a": ModelRule()}, default_models={2: "a"})


# Limits -------------------------------------------------------------------------------------------------------------


def test_limits_of_everybody_and_of_roles() -> None:
    settings = after(Settings(), changes.limit(Settings(), None, {"steps": 40}))
    settings = after(settings, changes.limit(settings, 11, {"steps": 80, "count": 8}))
    settings = after(settings, changes.limit(settings, 11, {"count": None}))
    assert settings == Settings(limits=Limits(steps=40), role_limits={11: Limits(steps=80)})
    settings = after(settings, changes.clear_limits(settings, 11))
    settings = after(settings, changes.clear_limits(settings, None))
    assert settings == Settings()


def test_limits_that_cannot_be() -> None:
    with pytest.raises(OutOfRange, match="steps"):
        changes.limit(Settings(), None, {"steps": 0})
    many = Settings(role_limits={role: Limits(steps=1) for role in range(1, MAX_PER_RULE + 1)})
    with pytest.raises(Mistake, match="at most 25"):
        changes.limit(many, 99, {"steps": 1})
    assert changes.limit(many, 1, {"steps": 2})["role_limits"][1] == Limits(steps=2)


# Channels -----------------------------------------------------------------------------------------------------------


def test_where_it_answers_is_no_longer_closed() -> None:
    before = Settings(closed_channels=(1, 2))
    settings = after(before, changes.add_channels(before, "channels", [1]))
    assert (settings.channels, settings.closed_channels) == ((1,), (2,))


def test_closing_the_last_channel_opens_no_other() -> None:
    before = Settings(channels=(1,))
    settings = after(before, changes.add_channels(before, "closed_channels", [1]))
    assert settings == Settings(channels=(1,), closed_channels=(1,))


def test_lists_are_set_and_shortened() -> None:
    settings = after(Settings(), changes.set_channels(Settings(private_channels=(9,)), "private_channels", [1, 2]))
    assert settings.private_channels == (1, 2)
    assert changes.remove_channels(settings, "private_channels", [1, 7]) == {"private_channels": (2,)}


def test_channels_of_a_command() -> None:
    settings = after(Settings(), changes.command_channels(Settings(), "imagine", [1]))
    assert settings.command_channels == {"imagine": (1,)}
    assert after(settings, changes.command_channels(settings, "imagine", [])) == Settings()


def test_every_rule_about_a_channel_is_forgotten() -> None:
    before = Settings(
        channels=(1, 2),
        closed_channels=(1, 3),
        private_channels=(1,),
        command_channels={"imagine": (1,), "edit": (1, 2)},
    )
    settings = after(before, changes.forget_channel(before, 1))
    assert settings == Settings(channels=(2,), closed_channels=(3,), command_channels={"edit": (2,)})


def test_everything_about_channels_is_reset() -> None:
    fields = msgspec.structs.asdict(Settings())
    assert {field: fields[field] for field in changes.RESET_CHANNELS} == changes.RESET_CHANNELS


# Roles --------------------------------------------------------------------------------------------------------------


def test_lanes_weights_and_quotas() -> None:
    settings = after(Settings(), changes.role_lane(Settings(), 11, "priority"))
    settings = after(settings, changes.role_weight(settings, 11, 2.0))
    settings = after(settings, changes.adapter_quota(settings, 11, Quota(1, 2)))
    settings = after(settings, changes.adapter_quota(settings, None, Quota(3, 4)))
    assert settings == Settings(
        role_lanes={11: "priority"},
        role_weights={11: 2.0},
        adapter_quota=Quota(3, 4),
        adapter_quotas={11: Quota(1, 2)},
    )
    settings = after(settings, changes.clear_rank(settings, 11))
    settings = after(settings, changes.adapter_quota(settings, 11, None))
    assert after(settings, changes.adapter_quota(settings, None, None)) == Settings()


# What is gone -------------------------------------------------------------------------------------------------------

channels = st.lists(st.sampled_from(CHANNELS), unique=True, max_size=3).map(tuple)
roles = st.lists(st.sampled_from(ROLES), unique=True, max_size=3).map(tuple)
rules = st.builds(ModelRule, allowed=st.booleans(), channels=channels, roles=roles)


@st.composite
def chosen(draw: Any) -> Settings:
    """Draw settings that name roles and channels."""
    return Settings(
        models=draw(st.dictionaries(st.sampled_from("ab"), rules)),
        models_known=draw(st.booleans()),
        channels=draw(channels),
        closed_channels=draw(channels),
        private_channels=draw(channels),
        command_channels=draw(st.dictionaries(st.just("imagine"), channels.filter(bool))),
        press="roles",
        press_roles=draw(roles),
        history="roles",
        history_roles=draw(roles),
        train="roles",
        train_roles=draw(roles),
        role_limits=draw(st.dictionaries(st.sampled_from(ROLES), st.just(Limits(steps=1)))),
        role_weights=draw(st.dictionaries(st.sampled_from(ROLES), st.just(2.0))),
        default_models=draw(st.dictionaries(st.sampled_from([*CHANNELS, *ROLES]), st.sampled_from("ab"))),
    )


@given(chosen(), st.sets(st.sampled_from(ROLES)), st.sets(st.sampled_from(CHANNELS)))
def test_nothing_becomes_allowed_because_something_is_gone(
    before: Settings, living_roles: set[int], living_channels: set[int]
) -> None:
    settings = after(before, changes.forget_gone(before, living_roles, living_channels))
    for channel in living_channels:
        place = Place(channel_id=channel)
        for name in "abc":
            for theirs in ([], *([role] for role in living_roles)):
                assert may_use(before, name, place, theirs) >= may_use(settings, name, place, theirs)
        assert _answers(before, channel) >= _answers(settings, channel)
    named = {*settings.closed_channels, *settings.private_channels}
    assert named <= living_channels
    assert {
        *settings.press_roles,
        *settings.history_roles,
        *settings.train_roles,
        *settings.role_limits,
        *settings.role_weights,
    } <= living_roles
    assert changes.forget_gone(settings, living_roles, living_channels) == {}, "there is nothing left to forget"


def _answers(settings: Settings, channel: int) -> bool:
    listed = settings.command_channels.get("imagine", settings.channels)
    return channel not in settings.closed_channels and (not listed or channel in listed)


def test_where_it_answers_in_channels_that_are_all_gone() -> None:
    before = Settings(channels=(1,), command_channels={"imagine": (1,)}, models={"a": ModelRule(channels=(1,))})
    settings = after(before, changes.forget_gone(before, ROLES, {2}))
    assert (settings.channels, settings.command_channels) == ((1,), {"imagine": (1,)})
    assert settings.models == {"a": ModelRule(allowed=False)}
