"""Who runs the bot, as Discord says."""

from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.interactions.owners import Owners, owners_of
from bot.texts import Mistake

OWNER, ADMIN, DEVELOPER, READER, INVITED = range(1, 6)


def member(number: int, role: discord.TeamMemberRole, *, accepted: bool = True) -> Any:
    state = discord.TeamMembershipState.accepted if accepted else discord.TeamMembershipState.invited
    return SimpleNamespace(id=number, role=role, membership_state=state)


def application(owner: int = OWNER, team: Any = None) -> Any:
    return SimpleNamespace(owner=SimpleNamespace(id=owner), team=team)


def test_those_of_a_team_who_may_change_the_application() -> None:
    roles = discord.TeamMemberRole
    members = [
        member(ADMIN, roles.admin),
        member(DEVELOPER, roles.developer),
        member(READER, roles.read_only),
        member(INVITED, roles.admin, accepted=False),
    ]
    team = SimpleNamespace(owner_id=OWNER, members=members)
    # The owner of such an application is the team itself.
    assert owners_of(application(99, team)) == {OWNER, ADMIN, DEVELOPER}
    assert owners_of(application()) == {OWNER}


class Told:
    """A client that is told who owns the application."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked = 0

    async def application_info(self) -> Any:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_discord_is_asked_again_and_nobody_is_let_in_where_it_does_not_tell() -> None:
    client, now = Told(), [0.0]
    owners = Owners(client, lambda: now[0])  # type: ignore[arg-type]
    client.answers = [aiohttp.ClientError(), application(1), application(2), TimeoutError()]
    with pytest.raises(Mistake, match="who runs me"):
        await owners.include(1)
    assert await owners.include(1)
    assert not await owners.include(2)
    now[0] = 59.0
    assert await owners.include(1)
    assert client.asked == 2
    now[0] = 60.0
    assert not await owners.include(1), "it has another owner now"
    assert await owners.include(2)
    now[0] = 200.0
    with pytest.raises(Mistake):
        await owners.include(2)
