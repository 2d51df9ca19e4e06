"""/can: what a member may do where they are, and why they may do nothing."""

from pathlib import Path

from bot.services.guilds import Limits
from inference.protocol.messages import ModelInfo
from playground import Playground
from storage.guilds import ModelRule
from tests.bot.stage import answer_to, on_stage, painted
from tests.clockwork import MODEL
from tests.cogs.company import manager

BARE = "Pictures of one request: 4"


def _in(words: str, *wanted: str) -> None:
    for each in wanted:
        assert each in words


async def test_without_rules_there_is_little_to_say(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, most_pictures=4):
        ann = playground.person("ann")
        words = await answer_to(playground, ann, "can")
        _in(words, "What you may do here", f"**Models** {MODEL.name}", BARE, "Everywhere in this server")
        _in(words, "✅ make more of other people's pictures", "✅ bring LoRAs", "❌ see what others asked for")
        assert "Budgets" not in words
        assert "Steps:" not in words
        direct = await answer_to(playground, ann, "can", channel=ann.dm)
        _in(direct, "direct messages", BARE)
        assert "train LoRAs" not in direct


async def test_limits_budgets_and_rights_are_those_of_the_members_roles(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    roy, makers, here = playground.person("roy"), guild.role("makers"), guild.channel("general")
    roy.join(guild, [makers])
    async with on_stage(playground, tmp_path, most_pictures=4) as bot:
        await bot.rooms.guilds.change(
            guild.id,
            limits=Limits(steps=20, count=2, upscale=1, waiting=3, daily_pictures=5, weekly_seconds=100.0),
            role_limits={makers.id: Limits(steps=40, daily_pictures=9)},
            role_lanes={makers.id: "priority"},
            past_budget="refuse",
            press="roles",
            press_roles=(makers.id,),
            history="everyone",
            add_adapters="nobody",
            train="roles",
            train_roles=(makers.id,),
            allow_private=False,
            channels=(here.id,),
            threads=False,
        )
        await painted(playground, playground.person("ann"))
        ann = await answer_to(playground, playground.person("ann"), "can")
        _in(ann, "Pictures of one request: 2", "Steps: 20", "are not made larger", "that wait: 0 of 3")
        _in(
            ann,
            "Pictures today: 4 of 5 left",
            "GPU-seconds in seven days: ",
            "of 100 left",
            "nothing is painted for you",
        )
        _in(ann, "❌ make more of", "✅ see what others", "❌ bring LoRAs", "❌ have pictures that you alone see")
        _in(ann, "❌ train LoRAs and embeddings, once I can")
        _in(ann, f"In <#{here.id}>", "do not answer in threads")
        roys = await answer_to(playground, roy, "can")
        _in(roys, "Steps: 40", "Pictures of one request: 2", "Pictures today: 9 of 9 left", "go before those of others")
        _in(roys, "✅ make more of", "✅ train LoRAs")


async def test_models_that_one_may_not_use_are_named_too(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        await bot.rooms.guilds.change(guild.id, models={MODEL.name: ModelRule(allowed=False)}, models_known=True)
        words = await answer_to(playground, playground.person("ann"), "can")
        _in(words, "none that you may use here", f"Not here, or not for you: {MODEL.name}")
        assert isinstance(MODEL, ModelInfo)


async def test_who_may_nothing_is_told_why_and_everywhere(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    ann, boss = playground.person("ann"), manager(playground)
    async with on_stage(playground, tmp_path) as bot:
        general, other = guild.channel("general"), guild.channel("other")
        await bot.rooms.guilds.change(guild.id, channels=(other.id,))
        _in(await answer_to(playground, ann, "can"), "Nothing just now.", f"only here: <#{other.id}>")
        assert "Nothing just now" not in await answer_to(playground, ann, "can", channel="other")
        await answer_to(playground, boss, "admin members block", {"member": ann, "reason": "spam"})
        _in(await answer_to(playground, ann, "can", channel="other"), "blocked you", "spam")
        await bot.rooms.guilds.close(guild.id, "unpaid")
        _in(await answer_to(playground, ann, "can", channel=general.name), "has closed me in this server: unpaid")
        bot.rooms.guilds.draining = "new disk"
        _in(await answer_to(playground, ann, "can", channel=ann.dm), "Nothing just now.", "new disk")


async def test_it_is_said_in_german_too(playground: Playground, tmp_path: Path) -> None:
    eva = playground.person("eva")
    eva.user.locale = "de"
    async with on_stage(playground, tmp_path):
        _in(await answer_to(playground, eva, "can"), "Was du hier darfst", "**Modelle**", "Überall auf diesem Server")
