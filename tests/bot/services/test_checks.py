"""What is done with a picture: decided by the rule of a place and the verdict, and never laxer for want of one."""

from pathlib import Path
from typing import Any, cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.queue.dispatcher import Dispatcher
from bot.services.checks import DIRECTLY, Checks, State, Where, state_of
from bot.services.guilds import Guilds
from bot.services.requests import Place
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database
from storage.guilds import Check
from storage.images import Verdict

#: From what shows most to what shows least.
STATES: tuple[State, ...] = get_args(State)
RULES: tuple[Check, ...] = get_args(Check)
CHECKER = ContentHash("a" * 64)
HERE, THERE = 1, 2

verdicts = st.none() | st.builds(Verdict, flagged=st.booleans(), checker=st.just(CHECKER))
rules = st.sampled_from(RULES)


@given(rules, verdicts)
def test_a_stricter_rule_never_shows_more(rule: Check, verdict: Verdict | None) -> None:
    shown = [STATES.index(state_of(each, verdict)) for each in RULES]
    assert shown == sorted(shown)


@given(rules, verdicts)
def test_no_verdict_never_shows_more_than_any(rule: Check, verdict: Verdict | None) -> None:
    assert STATES.index(state_of(rule, None)) >= STATES.index(state_of(rule, verdict))
    assert (state_of(rule, None) == "clear") == (rule == "off")


class Chosen:
    """Servers, and what they chose."""

    def __init__(self, **chosen: tuple[Check, Check]) -> None:
        self._chosen = {int(name.removeprefix("g")): rules for name, rules in chosen.items()}

    def settings(self, guild_id: int | None) -> Any:
        from storage.guilds import Settings

        ordinary, adults = self._chosen.get(guild_id or 0, ("off", "off"))
        return Settings(check=ordinary, check_age_restricted=adults)


def checks(place: Place | None = None, **chosen: tuple[Check, Check]) -> Checks:
    return Checks(
        database=cast(Database, None),
        pictures=ContentFolder(Path()),
        dispatcher=cast(Dispatcher, None),
        guilds=cast(Guilds, Chosen(**chosen)),
        live_place=lambda guild, channel: place,
    )


ORDINARY, ADULTS = Place(channel_id=5), Place(channel_id=6, age_restricted=True)


@given(st.tuples(rules, rules), st.tuples(rules, rules), st.sampled_from([None, HERE, THERE]))
def test_what_was_asked_for_in_a_server_is_never_shown_more_freely_elsewhere(
    here: tuple[Check, Check], there: tuple[Check, Check], shown_in: int | None
) -> None:
    found = checks(g1=here, g2=there)
    for place in (ORDINARY, ADULTS):
        rule = found.rule_for(HERE, Where(guild_id=shown_in, place=place))
        if shown_in == HERE:
            assert rule == (here[1] if place is ADULTS else here[0])
        else:
            assert RULES.index(rule) >= RULES.index(here[0])
        if shown_in == THERE:
            assert RULES.index(rule) >= RULES.index(there[1] if place is ADULTS else there[0])
    assert found.rule_for(None, DIRECTLY) == "off"
    assert found.rule_for(HERE, DIRECTLY) == here[0]


@pytest.mark.parametrize("chosen", [("off", "block"), ("block", "off"), ("blur", "block")])
def test_a_channel_that_is_not_known_has_the_strictest_rule(chosen: tuple[Check, Check]) -> None:
    found = checks(None, g1=chosen)
    assert found.rule_for(HERE, found.where(HERE, 5)) == "block"
    assert checks(ADULTS, g1=chosen).rule_for(HERE, checks(ADULTS).where(HERE, 5)) == chosen[1]
