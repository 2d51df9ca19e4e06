"""/admin kept: how long a server keeps its pictures."""

from pathlib import Path

from playground import Playground
from storage import images
from tests.bot.stage import answer_to, on_stage, painted
from tests.cogs.company import manager

DAY = 86_400.0


async def test_pictures_of_a_server_are_kept_as_long_as_it_says(playground: Playground, tmp_path: Path) -> None:
    boss, guild = manager(playground), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        assert "as long as the operator keeps any" in await answer_to(playground, boss, "admin kept")
        assert "2 days" in await answer_to(playground, boss, "admin kept", {"days": 2})
        assert bot.rooms.guilds.kept_days() == {guild.id: 2}
        await painted(playground, boss)
        [image] = await images.of_member(bot.rooms.database, boss.id)
    playground.clock.advance(3 * DAY)
    async with on_stage(playground, tmp_path) as bot:
        assert "2 days" in await answer_to(playground, boss, "admin kept")
        await images.retire_of_guild(bot.rooms.database, guild.id, 2 * DAY)
        gone = await images.get(bot.rooms.database, image.id)
        assert gone is not None
        assert gone.deleted_at is not None
        assert "as long as the operator" in await answer_to(playground, boss, "admin kept", {"clear": True})
        assert bot.rooms.guilds.kept_days() == {}
        wrong = await answer_to(playground, boss, "admin kept", {"days": 2, "clear": True})
        assert "takes away" in wrong
