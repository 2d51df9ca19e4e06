"""Rules, members, places and requests of every kind, for tests of what is allowed."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
from hypothesis import strategies as st

from bot.services.policy import PRESS, Decision, Place, Policy, Request, Spent, Standing, decide
from bot.services.requests import Actor
from storage.guilds import Limits, ModelRule, Settings

CHANNELS, CATEGORIES, ROLES = (1, 2, 3), (11, 12), (21, 22, 23)
MODELS = ("one", "two", "three")
WORDS = ("cat", "dog", "hat")
COMMANDS = ("imagine", "edit", "variations", "train")
ANN, BOB = 5, 6


@dataclass(frozen=True)
class Case:
    """Everything that a decision is made of."""

    policy: Policy
    actor: Actor
    place: Place
    standing: Standing
    request: Request

    def decided(self) -> Decision:
        """Return the decision."""
        return decide(self.policy, self.actor, self.place, self.standing, self.request)

    @property
    def settings(self) -> Settings:
        """Return the server's settings."""
        return self.policy.settings

    def under(self, **changes: Any) -> "Case":
        """Return the case under other settings."""
        settings = Settings(**(msgspec.structs.asdict(self.settings) | changes))
        return replace(self, policy=replace(self.policy, settings=settings))

    def asking(self, **changes: Any) -> "Case":
        """Return the case with another request."""
        return replace(self, request=replace(self.request, **changes))


def some(values: tuple[Any, ...], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return lists of some of these, mostly short ones."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=len(values), unique=True).map(tuple)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return one of these, or more often none."""
    return st.one_of(st.none(), st.none(), values)


LIMITS = st.builds(
    Limits,
    steps=maybe(st.integers(1, 60)),
    pixels=maybe(st.integers(64 * 64, 1_000_000)),
    count=maybe(st.integers(1, 6)),
    upscale=maybe(st.sampled_from((1, 2, 4))),
    upscale_pixels=maybe(st.integers(1_000_000, 9_000_000)),
    waiting=maybe(st.integers(0, 12)),
    daily_seconds=maybe(st.floats(0, 200)),
    daily_pictures=maybe(st.integers(0, 20)),
    weekly_seconds=maybe(st.floats(0, 500)),
    weekly_pictures=maybe(st.integers(0, 50)),
)
RULES = st.builds(ModelRule, allowed=st.booleans(), channels=some(CHANNELS), roles=some(ROLES))
PLACES = st.sampled_from((*CHANNELS, *CATEGORIES))
SETTINGS = st.builds(
    Settings,
    models=st.dictionaries(st.sampled_from(MODELS), RULES),
    new_models=st.sampled_from(("allow", "deny")),
    models_known=st.booleans(),
    limits=LIMITS,
    role_limits=st.dictionaries(st.sampled_from(ROLES), LIMITS, max_size=2),
    past_budget=st.sampled_from(("relaxed", "refuse")),
    waiting=maybe(st.integers(0, 30)),
    channels=st.one_of(st.just(()), some((*CHANNELS, *CATEGORIES))),
    closed_channels=st.one_of(st.just(()), some((*CHANNELS, *CATEGORIES))),
    command_channels=st.one_of(
        st.just({}), st.dictionaries(st.sampled_from(COMMANDS), some((*CHANNELS, *CATEGORIES)), max_size=2)
    ),
    private_channels=st.one_of(st.just(()), some((*CHANNELS, *CATEGORIES))),
    threads=st.booleans(),
    age_restricted=st.sampled_from(("allowed", "allowed", "only", "never")),
    allow_private=st.booleans(),
    role_weights=st.dictionaries(st.sampled_from(ROLES), st.floats(0.01, 100), max_size=2),
    role_lanes=st.dictionaries(st.sampled_from(ROLES), st.sampled_from(("priority", "normal", "relaxed")), max_size=2),
    press=st.sampled_from(("everyone", "author", "roles")),
    press_roles=some(ROLES),
    train=st.sampled_from(("everyone", "roles", "nobody")),
    train_roles=some(ROLES),
    blocked_words=some(WORDS),
    blocked_patterns=some(("c.t", "d.g")),
)
WHY = st.sampled_from((None, None, None, None, "", "too loud"))
CASES = st.builds(
    Case,
    policy=st.builds(
        Policy, settings=SETTINGS, closed=WHY, draining=WHY, unreadable=st.sampled_from((False, False, False, True))
    ),
    actor=st.builds(
        Actor,
        member_id=st.just(ANN),
        guild_id=st.just(9),
        moderator=st.booleans(),
        manager=st.booleans(),
        roles=some(ROLES).map(frozenset),
        command=st.sampled_from((*COMMANDS, PRESS)),
    ),
    place=st.builds(
        Place,
        channel_id=st.sampled_from(CHANNELS),
        above=some((*CHANNELS[:1], *CATEGORIES)),
        age_restricted=st.booleans(),
        thread=st.booleans(),
    ),
    standing=st.builds(
        Standing,
        blocked=WHY,
        spent=st.builds(
            Spent,
            daily_seconds=st.floats(0, 200),
            daily_pictures=st.integers(0, 20),
            weekly_seconds=st.floats(0, 500),
            weekly_pictures=st.integers(0, 50),
        ),
        waiting=st.integers(0, 12),
        guild_waiting=st.integers(0, 30),
        now=st.floats(1e9, 2e9),
    ),
    request=st.builds(
        Request,
        command=st.sampled_from(COMMANDS),
        model=st.one_of(st.none(), st.sampled_from(MODELS)),
        paints=st.booleans(),
        others=some(MODELS),
        steps=st.integers(1, 60),
        pixels=st.integers(64 * 64, 1_000_000),
        count=st.integers(1, 6),
        upscale=st.sampled_from((1, 1, 2, 4)),
        upscale_pixels=st.integers(0, 9_000_000),
        prompts=some(("a cat", "the dog", "red", "in a hat")),
        seconds=st.floats(0, 100),
        private=st.booleans(),
        author_id=st.sampled_from((None, None, ANN, BOB)),
    ),
)
