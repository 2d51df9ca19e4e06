"""Rights of members: bringing adapters, training, and seeing what others asked for."""

from typing import Any

import pytest

from bot.services.guilds import STRICT
from bot.services.requests import Actor
from bot.services.rights import Right, has, require_bringing, require_history, require_training
from bot.texts import Mistake
from storage.guilds import Settings

ROLE, OTHER_ROLE = 20, 21
MEMBER = Actor(member_id=5, guild_id=9, roles=frozenset({ROLE}))
MANAGER = Actor(member_id=5, guild_id=9, manager=True)
DIRECT = Actor(member_id=5, guild_id=None)
RIGHTS = {
    "adapters": (require_bringing, "add_adapters", "adapter_roles"),
    "history": (require_history, "history", "history_roles"),
    "train": (require_training, "train", "train_roles"),
}


@pytest.mark.parametrize(("right", "who", "roles"), RIGHTS.values(), ids=RIGHTS)
def test_everyone_those_with_a_role_or_nobody(right: Right, who: str, roles: str) -> None:
    for rule, held, may in (
        ("everyone", (), True),
        ("roles", (ROLE, OTHER_ROLE), True),
        ("roles", (OTHER_ROLE,), False),
        ("roles", (), False),
        ("nobody", (ROLE,), False),
    ):
        rules: dict[str, Any] = {who: rule, roles: held}
        settings = Settings(**rules)
        assert has(right, settings, MEMBER) == may
        assert has(right, settings, MANAGER)


@pytest.mark.parametrize(("right", "who", "roles"), RIGHTS.values(), ids=RIGHTS)
def test_a_refusal_names_the_roles(right: Right, who: str, roles: str) -> None:
    rules: dict[str, Any] = {who: "roles", roles: (OTHER_ROLE,)}
    with pytest.raises(Mistake, match=f"<@&{OTHER_ROLE}>"):
        right(Settings(**rules), MEMBER)


def test_of_a_server_that_has_chosen_nothing() -> None:
    assert [has(right, Settings(), MEMBER) for right, *_ in RIGHTS.values()] == [True, False, False]
    assert [has(right, STRICT, MEMBER) for right, *_ in RIGHTS.values()] == [False, False, False]


def test_in_direct_messages_one_brings_what_is_ones_own() -> None:
    open_to_all = Settings(history="everyone", train="everyone")
    assert [has(right, open_to_all, DIRECT) for right, *_ in RIGHTS.values()] == [True, False, False]
    with pytest.raises(Mistake, match="for servers only"):
        require_training(open_to_all, DIRECT)
