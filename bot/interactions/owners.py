"""Who runs the bot, as Discord says: the application's owner, or those of its team who may change it."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from bot.texts import Mistake

log = logging.getLogger("easel.owners")

#: For so long Discord is not asked again.
_FRESH_SECONDS = 60.0
#: Roles of a team whose members may change the application; the others may look.
_CHANGING = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)


class Owners:
    """Asks Discord who they are, again and again: somebody who has left a team is heard no more."""

    def __init__(self, client: discord.Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: frozenset[int] = frozenset()
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    async def include(self, user_id: int) -> bool:
        """Tell whether somebody runs the bot. Raises Mistake where Discord does not tell: then nobody does."""
        async with self._asking:
            if self._clock() >= self._until:
                try:
                    self._known = owners_of(await self._client.application_info())
                except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
                    log.warning("Discord does not tell who runs the bot: %s", error)
                    raise Mistake("operator_unknown") from error
                self._until = self._clock() + _FRESH_SECONDS
        return user_id in self._known


def owners_of(application: discord.AppInfo) -> frozenset[int]:
    """Return the ids of those who run an application."""
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    accepted = discord.TeamMembershipState.accepted
    members = {member.id for member in team.members if member.role in _CHANGING and member.membership_state is accepted}
    return frozenset(members | ({team.owner_id} if team.owner_id else set()))


async def require_operator(interaction: discord.Interaction[Any]) -> None:
    """Raise Mistake for everybody who does not run the bot."""
    if not await interaction.client.owners.include(interaction.user.id):
        raise Mistake("operator_only")
