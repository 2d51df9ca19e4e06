"""People and servers beside the usual ones, and what somebody asked for last."""

from typing import Any

from bot.app import Easel
from playground import Playground
from playground.people import Person
from playground.permissions import EVERYONE, Permission


def manager(playground: Playground) -> Person:
    """Return somebody who may manage the server."""
    guild = playground.world.guild("Atelier")
    boss = playground.person("boss")
    boss.join(guild, [guild.role("bosses", EVERYONE | Permission.MANAGE_GUILD)])
    return boss


def elsewhere(playground: Playground, *people: Person) -> None:
    """Make another server with a channel "lounge" where these people are."""
    guild = playground.world.guild("Elsewhere")
    guild.channel("lounge")
    for person in people:
        person.join(guild)


async def recipe_of(bot: Easel, person: Person) -> Any:
    """Return the recipe of the newest request of somebody."""
    return (await bot.rooms.gallery.history(person.id)).made[0].job.recipe
