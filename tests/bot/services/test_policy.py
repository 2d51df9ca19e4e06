"""What a server allows: the first reason why not, in order; and what holds for members by where and who they are."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from bot.services.asking import NO_RULES
from bot.services.model_rules import default_model, may_use
from bot.services.policy import (
    PRESS,
    Place,
    Policy,
    Request,
    Spent,
    Standing,
    command_of,
    decide,
    lane_for,
    limits_for,
    require_entry,
    require_painting,
    require_trainer,
    weight_for,
)
from bot.services.requests import Actor
from bot.texts import Mistake
from storage.guilds import Limits, ModelRule, Settings

ANN, BOB, ROLE, OTHER_ROLE, HERE, THERE, ABOVE = 5, 6, 20, 21, 1, 2, 10
PLACE = Place(channel_id=HERE, above=(ABOVE,))

#: Everything that can be wrong with one request, in the order in which it is told: what would mend each comes with it.
WRONG = Settings(
    closed_channels=(HERE,),
    channels=(THERE,),
    threads=False,
    age_restricted="never",
    allow_private=False,
    press="author",
    models={"one": ModelRule(allowed=False)},
    limits=Limits(steps=10, pixels=64 * 64, count=1, upscale=2, upscale_pixels=1_000_000, waiting=1, daily_pictures=0),
    blocked_words=("cat",),
    past_budget="refuse",
)
MENDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("policy_closed_why", {}),
    ("policy_draining", {}),
    ("policy_unreadable", {}),
    ("policy_blocked_why", {}),
    ("policy_channel_closed_where", {"closed_channels": ()}),
    ("policy_channel_elsewhere", {"channels": ()}),
    ("policy_threads", {"threads": True}),
    ("policy_age_never", {"age_restricted": "allowed"}),
    ("policy_private", {"allow_private": True}),
    ("press_author", {"press": "everyone"}),
    ("policy_model_denied", {"models": {}}),
    ("policy_steps", {"steps": 30}),
    ("policy_pixels", {"pixels": 10**6}),
    ("policy_count", {"count": 4}),
    ("upscale_most_factor", {"upscale": 4}),
    ("upscale_most_pixels", {"upscale_pixels": 10**7}),
    ("content_blocked", {"blocked_words": ()}),
    ("policy_waiting_own_full", {"waiting": 9}),
    ("policy_budget_daily_pictures", {"daily_pictures": 9}),
)


def test_the_first_reason_is_told() -> None:
    actor = Actor(member_id=ANN, guild_id=9, command=PRESS)
    place = Place(channel_id=HERE, thread=True, age_restricted=True)
    request = Request(
        command="imagine",
        model="one",
        steps=30,
        pixels=10**6,
        count=4,
        upscale=4,
        upscale_pixels=10**7,
        prompts=("a cat",),
        private=True,
        author_id=BOB,
    )
    found, settings, standing = [], WRONG, Standing(blocked="spam", waiting=1)
    closed: str | None = "unpaid"
    draining: str | None = ""
    unreadable = True
    for key, changes in MENDED:
        policy = Policy(settings=settings, closed=closed, draining=draining, unreadable=unreadable)
        refusal = decide(policy, actor, place, standing, request).refusal
        assert refusal is not None
        found.append(refusal.key)
        match key:
            case "policy_closed_why":
                closed = None
            case "policy_draining":
                draining = None
            case "policy_unreadable":
                unreadable = False
            case "policy_blocked_why":
                standing = Standing(waiting=1)
            case _:
                limits = {name: value for name, value in changes.items() if name in Limits.__struct_fields__}
                others = {name: value for name, value in changes.items() if name not in limits}
                settings = msgspec.structs.replace(
                    settings, limits=msgspec.structs.replace(settings.limits, **limits), **others
                )
    assert found == [key for key, _ in MENDED]
    assert decide(Policy(settings=settings), actor, place, standing, request).refusal is None


def test_without_rules_everything_is_allowed() -> None:
    request = Request(command="imagine", model="new", steps=500, pixels=10**9, count=64, upscale=4, private=True)
    standing = Standing(waiting=10**6, spent=Spent(daily_seconds=1e9, weekly_pictures=10**6))
    decision = decide(Policy(), Actor(member_id=ANN, guild_id=None), PLACE, standing, request)
    assert (decision.refusal, decision.lane, decision.weight, decision.private) == (None, "normal", 1.0, False)


def test_past_a_budget_requests_wait_behind_others_or_are_refused() -> None:
    actor, request = Actor(member_id=ANN, guild_id=9), Request(command="imagine", count=2, seconds=10.0)
    settings = Settings(limits=Limits(daily_seconds=20.0), role_lanes={ROLE: "priority"})
    for spent, lane in ((10.0, "normal"), (10.1, "relaxed")):
        standing = Standing(spent=Spent(daily_seconds=spent), now=1_000_000.0)
        assert decide(Policy(settings=settings), actor, PLACE, standing, request).lane == lane
    strict = Policy(settings=msgspec.structs.replace(settings, past_budget="refuse"))
    refusal = decide(strict, actor, PLACE, standing, request).refusal
    assert refusal is not None
    assert str(refusal) == (
        "You may use 20 GPU-seconds a day here: 9 are left, and this takes about 10. Ask for 1 of these pictures or "
        "fewer; a new day begins <t:1036800:R>."
    )


def test_roles_stand_in_place_of_the_servers_limits() -> None:
    settings = Settings(
        limits=Limits(steps=20, count=2, upscale=1),
        role_limits={ROLE: Limits(steps=10, count=4), OTHER_ROLE: Limits(steps=30)},
    )
    assert limits_for(settings, ()) == settings.limits
    assert limits_for(settings, {ROLE}) == Limits(steps=10, count=4, upscale=1)
    assert limits_for(settings, {ROLE, OTHER_ROLE, 99}) == Limits(steps=30, count=4, upscale=1)


def test_lanes_and_weights_are_the_best_of_ones_roles() -> None:
    settings = Settings(role_lanes={ROLE: "relaxed", OTHER_ROLE: "priority"}, role_weights={ROLE: 0.5, OTHER_ROLE: 3.0})
    roles = ((), (ROLE,), (ROLE, OTHER_ROLE))
    assert [lane_for(settings, each) for each in roles] == ["normal", "relaxed", "priority"]
    assert [weight_for(settings, each) for each in roles] == [1.0, 0.5, 3.0]


def test_the_default_model_is_the_channels_the_roles_or_the_servers() -> None:
    settings = Settings(default_model="plain", default_models={HERE: "here", ABOVE: "above", ROLE: "role"})
    assert default_model(settings, PLACE, {ROLE}) == "here"
    assert default_model(settings, Place(channel_id=7, above=(ABOVE,)), {ROLE}) == "above"
    assert default_model(settings, Place(channel_id=7), {ROLE}) == "role"
    assert default_model(settings, Place(channel_id=7), ()) == "plain"
    assert default_model(settings, PLACE, {ROLE}, ["role", "plain"]) == "role", "what is not installed is passed over"
    denied = msgspec.structs.replace(settings, models={"here": ModelRule(allowed=False)})
    assert default_model(denied, PLACE, ()) == "above"
    assert default_model(NO_RULES, PLACE, ()) is None


def test_new_models_wait_to_be_allowed_once_the_others_are_known() -> None:
    known = Settings(models={"one": ModelRule()}, models_known=True)
    assert [may_use(known, name, PLACE, ()) for name in ("one", "two")] == [True, False]
    assert may_use(known, "two", PLACE, (), paints=False), "upscalers are never new"
    assert may_use(msgspec.structs.replace(known, new_models="allow"), "two", PLACE, ())
    assert may_use(msgspec.structs.replace(known, models_known=False), "two", PLACE, ())


# Training -----------------------------------------------------------------------------------------------------------

TRAINING = Request(command="train", prompts=("a cat",))
MANAGER = Actor(member_id=ANN, guild_id=9, manager=True)
MEMBER = Actor(member_id=ANN, guild_id=9, roles=frozenset({ROLE}))


def _why(policy: Policy, actor: Actor, request: Request = TRAINING) -> str | None:
    refusal = decide(policy, actor, PLACE, Standing(), request).refusal
    return None if refusal is None else refusal.key


def test_until_a_server_says_otherwise_only_those_who_manage_it_train() -> None:
    assert _why(Policy(), MEMBER) == "training_nobody"
    assert _why(Policy(), replace(MEMBER, moderator=True)) == "training_nobody"
    assert _why(Policy(), MANAGER) is None
    assert _why(Policy(settings=Settings(train="roles", train_roles=(OTHER_ROLE,))), MEMBER) == "training_roles"
    assert _why(Policy(settings=Settings(train="everyone")), MEMBER) is None
    assert _why(Policy(), MEMBER, Request(command="imagine")) is None


def test_other_rules_hold_for_training_too() -> None:
    may = Settings(train="everyone")
    assert _why(Policy(settings=msgspec.structs.replace(may, blocked_words=("cat",))), MEMBER) == "content_blocked"
    elsewhere = msgspec.structs.replace(may, command_channels={"train": (THERE,)})
    assert _why(Policy(settings=elsewhere), MEMBER) == "policy_channel_command"


@pytest.mark.parametrize(
    ("policy", "blocked", "key"),
    [
        (Policy(closed=""), None, "policy_closed"),
        (Policy(draining=""), None, "policy_draining"),
        (Policy(unreadable=True), None, "policy_unreadable"),
        (Policy(), "", "policy_blocked"),
        (Policy(settings=Settings(closed_channels=(HERE,))), None, "policy_channel_closed"),
        (Policy(), None, "training_nobody"),
    ],
)
def test_whoever_may_not_paint_may_not_train_either(policy: Policy, blocked: str | None, key: str) -> None:
    actor = replace(MEMBER, command="train", place=PLACE)
    with pytest.raises(Mistake) as caught:
        require_trainer(policy, actor, blocked)
    assert caught.value.key == key
    require_trainer(Policy(settings=Settings(train="roles", train_roles=(ROLE,))), actor, None)


@pytest.mark.parametrize(
    ("kind", "command", "counts_as"),
    [
        ("imagine", "imagine", "imagine"),
        ("vary_subtle", PRESS, "variations"),
        ("hires_2", PRESS, "upscale"),
        ("inpaint", PRESS, "edit"),
        ("again", PRESS, "imagine"),
        ("adapter_preview:3", PRESS, "adapters"),
        ("upscale", "edit", "edit"),
        ("train", "adapters", "train"),
        ("train_again", PRESS, "train"),
    ],
)
def test_a_button_counts_as_what_does_the_same_and_training_as_itself(kind: str, command: str, counts_as: str) -> None:
    assert command_of(kind, command) == counts_as


def _enters(policy: Policy, command: str, blocked: str | None = None, manager: bool = False) -> bool:
    actor = Actor(member_id=ANN, guild_id=9, command=command, place=PLACE, manager=manager)
    try:
        require_entry(policy, actor, blocked)
    except Mistake:
        return False
    return True


@pytest.mark.parametrize(
    ("policy", "blocked"),
    [
        (Policy(closed=""), None),
        (Policy(unreadable=True), None),
        (Policy(), ""),
        (Policy(settings=Settings(closed_channels=(ABOVE,))), None),
        (Policy(settings=Settings(channels=(THERE,))), None),
    ],
)
def test_what_is_always_let_in(policy: Policy, blocked: str | None) -> None:
    for command in ("me", "help", "about", "can", "operator"):
        assert _enters(policy, command, blocked)
    for command in ("imagine", "queue", "admin", PRESS, ""):
        assert not _enters(policy, command, blocked)
        assert _enters(policy, command, blocked, manager=True) == (command == "admin")


def test_while_nothing_is_taken_on_one_may_still_look() -> None:
    assert _enters(Policy(draining=""), "history")
    with pytest.raises(Mistake, match="Nothing new is taken on"):
        require_painting(Policy(draining=""), Actor(member_id=ANN, guild_id=None, command="imagine"), None)


def test_buttons_work_wherever_a_command_does() -> None:
    policy = Policy(settings=Settings(channels=(THERE,), command_channels={"imagine": (HERE,)}))
    assert _enters(policy, "imagine")
    assert _enters(policy, PRESS)
    assert not _enters(policy, "queue")
    assert not _enters(Policy(settings=Settings(command_channels={"imagine": (THERE,)})), "imagine")
    assert _enters(Policy(settings=Settings(command_channels={"imagine": (THERE,)})), "queue")
