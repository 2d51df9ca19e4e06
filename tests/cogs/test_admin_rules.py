"""/admin models, limits, channels and roles: what they set, what they show, and what becomes of a member's request."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.app import Easel
from inference.protocol.recipe import ContentHash
from playground import Playground
from playground.people import Person
from storage import jobs
from storage.guilds import Limits, ModelRule, Settings
from tests.bot.stage import answer, answer_to, on_stage, painted, text_of
from tests.clockwork import MODEL
from tests.cogs.company import manager, recipe_of

SECOND = msgspec.structs.replace(MODEL, hash=ContentHash("d" * 64), name="second", bytes=10**15, inpainting=True)


def settings_of(playground: Playground, bot: Easel) -> Settings:
    return bot.rooms.guilds.settings(playground.world.guild("Atelier").id)


async def told(playground: Playground, subcommand: str, /, **options: Any) -> str:
    return await answer_to(playground, playground.person("owner"), f"admin {subcommand}", options)


async def refused(playground: Playground, person: Person, channel: str = "general", **options: Any) -> str:
    """Ask for a picture that is refused, and return the words."""
    return await answer_to(playground, person, "imagine", {"prompt": "x", "steps": 2} | options, channel=channel)


async def accepted(playground: Playground, bot: Easel, person: Person, channel: str = "general", **options: Any) -> str:
    """Ask for a picture, and return the name of the model that it was asked of."""
    before = len(await jobs.history(bot.rooms.database, person.id))
    await (await person.command("imagine", {"prompt": "x", "steps": 2} | options, channel=channel)).settled()
    assert len(await jobs.history(bot.rooms.database, person.id)) == before + 1
    return bot.rooms.dispatcher.model_name((await recipe_of(bot, person)).model)


# Models -------------------------------------------------------------------------------------------------------------


async def test_a_model_is_denied_and_allowed_to_some(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    studio, makers = guild.channel("studio"), guild.role("makers")
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms.dispatcher.models = (MODEL, SECOND)
        assert await told(playground, "models deny", model="Clockwork") == "**clockwork** · denied"
        assert "second" in await refused(playground, ann, model="clockwork")
        assert settings_of(playground, bot).models["clockwork"] == ModelRule(allowed=False)
        words = await told(playground, "models allow", model="clockwork", channel="studio", role="makers")
        assert words == f"**clockwork** · only in <#{studio.id}> · only for <@&{makers.id}>"
        assert "clockwork" in await refused(playground, ann, channel="studio", model="clockwork")
        ann.join(guild, [makers])
        assert f"<#{studio.id}>" in await refused(playground, ann, model="clockwork")
        await painted(playground, ann, channel=studio, model="clockwork")
    async with on_stage(playground, tmp_path) as bot:
        assert settings_of(playground, bot).models["clockwork"] == ModelRule(channels=(studio.id,), roles=(makers.id,))
        assert await told(playground, "models allow", model="clockwork") == (
            "**clockwork** · everywhere, for everybody"
        )
        await painted(playground, ann, model="clockwork")


async def test_what_models_are_fit_and_cost(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, memory_budget_gb=4) as bot:
        bot.rooms.dispatcher.models = (MODEL, SECOND)
        words = await told(playground, "models show")
        assert "**clockwork** · everywhere, for everybody" in words and "**second**" in words
        one = await told(playground, "models show", model="clockwork")
        assert "Family sd1, usually 64×64" in one and "0.0 GiB of memory: it fits this machine" in one
        assert "A usual picture takes about " in one
        other = await told(playground, "models show", model="second")
        assert "more than this machine has for models" in other and "painting parts of pictures anew" in other


async def test_models_by_default(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    studio, makers = guild.channel("studio"), guild.role("makers")
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms.dispatcher.models = (MODEL, SECOND)
        assert await told(playground, "models default") == "Where nobody names a model: the first that is allowed"
        await told(playground, "models allow", model="second")
        await told(playground, "models default", model="second")
        words = await told(playground, "models default", model="clockwork", channel="studio")
        assert words == f"Where nobody names a model: second\n- <#{studio.id}>: clockwork"
        assert await accepted(playground, bot, ann) == "second"
        assert await accepted(playground, bot, ann, "studio") == "clockwork"
        words = await told(playground, "models default", model="clockwork", role="makers")
        assert f"- <@&{makers.id}>: clockwork" in words
        words = await told(playground, "models default", channel="studio", clear=True)
        assert f"<#{studio.id}>" not in words
        for wrong in (
            {"model": "second", "channel": "studio", "role": "makers"},
            {"channel": "studio"},
            {"model": "second", "clear": True},
            {"model": "nothing such"},
        ):
            before = settings_of(playground, bot)
            await told(playground, "models default", **wrong)
            assert settings_of(playground, bot) == before
        changing = msgspec.structs.replace(SECOND, name="changing", hash=ContentHash("e" * 64), instructs=True)
        bot.rooms.dispatcher.models = (MODEL, SECOND, changing)
        await told(playground, "models allow", model="changing")
        assert "paints nothing from words" in await told(playground, "models default", model="changing")
        await told(playground, "models deny", model="clockwork")
        assert "not allowed in this server" in await told(playground, "models default", model="clockwork")


async def test_later_models(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        await playground.until(lambda: settings_of(playground, bot).models_known)
        bot.rooms.dispatcher.models = (MODEL, SECOND)
        assert "denied until you allow them" in await told(playground, "models new")
        assert "**second** · new: denied until you allow it" in await told(playground, "models show")
        assert "second" in await refused(playground, ann, model="second")
        assert "at once" in await told(playground, "models new", are="allowed at once")
        assert await accepted(playground, bot, ann, model="second") == "second"
        await told(playground, "models new", are="denied until allowed")
        assert await accepted(playground, bot, ann, model="second") == "second", "it is no longer new"


async def test_a_model_that_is_not_installed_keeps_its_rule(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms.dispatcher.models = (MODEL, SECOND)
        await told(playground, "models deny", model="second")
    async with on_stage(playground, tmp_path) as bot:
        assert "**second** · denied · not installed" in await told(playground, "models show")
        assert await told(playground, "models allow", model="second") == (
            "**second** · everywhere, for everybody · not installed"
        )
        offered = await owner.autocomplete("admin models deny", {"model": "s"}, "model")
        assert [choice["value"] for choice in offered] == ["second"]
        words = await told(playground, "models deny", model="thrd")
        assert words.startswith("No model is called thrd here")


# Limits -------------------------------------------------------------------------------------------------------------


async def test_limits_of_requests(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    makers = guild.role("makers")
    async with on_stage(playground, tmp_path) as bot:
        assert await told(playground, "limits set") == "No limits but the operator’s."
        words = await told(playground, "limits set", steps=5, pixels="64x64", count=2)
        assert words.splitlines() == [
            "- at most 5 steps",
            "- painted with at most 0.0041 million pixels, about 64×64",
            "- at most 2 pictures a request",
        ]
        for wrong, shown in (({"steps": 6}, "5"), ({"count": 3}, "2"), ({"size": "128x128"}, "64")):
            assert shown in await refused(playground, ann, **wrong)
        await painted(playground, ann, steps=5, count=2)
        words = await told(playground, "limits set", steps=10, role="makers")
        assert f"<@&{makers.id}>: at most 10 steps" in words
        ann.join(guild, [makers])
        await painted(playground, ann, steps=10)
    async with on_stage(playground, tmp_path) as bot:
        settings = settings_of(playground, bot)
        assert settings.limits == Limits(steps=5, pixels=4096, count=2)
        assert settings.role_limits == {makers.id: Limits(steps=10)}
        await told(playground, "limits set", role="makers", clear=True)
        await told(playground, "limits set", clear=True)
        settings = settings_of(playground, bot)
        assert (settings.limits, settings.role_limits) == (Limits(), {})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pixels": "many"}, "many is no number of pixels"),
        ({"pixels": "10x10"}, "10x10 cannot be: write from 4096 to 67108864 pixels"),
        ({"steps": 5, "clear": True}, "`clear` takes away what is set"),
        ({"role": "makers"}, "Say what is to be set"),
    ],
)
async def test_limits_that_cannot_be(
    playground: Playground, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    playground.world.guild("Atelier").role("makers")
    async with on_stage(playground, tmp_path) as bot:
        assert (await told(playground, "limits set", **options)).startswith(words)
        assert settings_of(playground, bot).limits == Limits()
        for wrong in ({"steps": 0}, {"steps": 501}, {"count": 65}):
            with pytest.raises(ValueError, match=next(iter(wrong))):
                await told(playground, "limits set", **wrong)


async def test_budgets(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        words = await told(
            playground, "limits budget", daily_pictures=2, weekly_seconds=3600.0, past="they are refused"
        )
        assert "- 2 pictures a day" in words and "- 60 min of the machine a week" in words
        assert "Past the budget, requests are refused." in words
        await painted(playground, ann, count=2)
        assert "2" in await refused(playground, ann)
        await told(playground, "limits budget", past="they wait behind all others")
        await painted(playground, ann)
        assert settings_of(playground, bot).limits == Limits(daily_pictures=2, weekly_seconds=3600.0)
        await told(playground, "limits budget", clear=True)
        assert settings_of(playground, bot).limits == Limits()


async def test_what_may_wait(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        words = await told(playground, "limits queue", waiting=0, server=9)
        assert "- at most 0 pictures of a member wait at a time" in words
        assert "- at most 9 pictures of the whole server wait at a time" in words
        assert "0" in await refused(playground, ann)
        assert settings_of(playground, bot).waiting == 9
        assert await told(playground, "limits queue", clear=True) == "No limits but the operator’s."
        await painted(playground, ann)


async def test_making_larger_by_role(playground: Playground, tmp_path: Path) -> None:
    makers = playground.world.guild("Atelier").role("makers")
    async with on_stage(playground, tmp_path):
        await told(playground, "limits upscale", most="not at all")
        words = await told(playground, "limits upscale", most="up to 2×", role="makers")
        assert words == (f"Pictures are not made larger in this server.\n<@&{makers.id}>: made larger up to 2×")
        assert await told(playground, "limits upscale", role="makers", clear=True) == (
            "Pictures are not made larger in this server."
        )


# Channels -----------------------------------------------------------------------------------------------------------


async def test_where_it_answers(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    studio = guild.channel("studio")
    async with on_stage(playground, tmp_path) as bot:
        assert (await told(playground, "channels allow")).startswith("Answers in every channel")
        assert f"Answers only in <#{studio.id}>" in await told(playground, "channels allow", channel="studio")
        assert f"<#{studio.id}>" in await refused(playground, ann)
        await painted(playground, ann, channel=studio)
        assert f"Never in <#{studio.id}>" in await told(playground, "channels close", channel="studio")
        await refused(playground, ann, channel="studio")
        assert settings_of(playground, bot).channels == (studio.id,), "closing one does not open the others"
        await told(playground, "channels close", channel="studio", remove=True)
        words = await told(playground, "channels allow", channel="studio", remove=True)
        assert words.startswith("Answers in every channel")
        await painted(playground, ann)
        assert await told(playground, "channels allow", remove=True) == "Say which channel, too."


async def test_channels_of_a_command(playground: Playground, tmp_path: Path) -> None:
    owner, ann, guild = playground.person("owner"), playground.person("ann"), playground.world.guild("Atelier")
    studio = guild.channel("studio")
    async with on_stage(playground, tmp_path):
        words = await told(playground, "channels command", command="/imagine", channel="studio")
        assert words == f"/imagine only in <#{studio.id}>"
        await refused(playground, ann)
        assert "/imagine only in" in await told(playground, "channels show")
        words = await told(playground, "channels command", command="imagine")
        assert words.startswith("### Where /imagine may be used")
        words = await told(playground, "channels command", command="imagine", clear=True)
        assert words == "/imagine: wherever I answer"
        await painted(playground, ann)
        for wrong in ("admin", "nothing"):
            words = await told(playground, "channels command", command=wrong, channel="studio")
            assert words.startswith(f"There is no command {wrong} that may have channels of its own")
        offered = await owner.autocomplete("admin channels command", {"command": "/im"}, "command")
        assert [choice["value"] for choice in offered] == ["imagine"]


async def test_private_channels(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    studio = guild.channel("studio")
    async with on_stage(playground, tmp_path) as bot:
        words = await told(playground, "channels private", channel="studio", members=False)
        assert f"Only whoever asked sees the result in <#{studio.id}>" in words
        assert "may not ask for pictures that they alone see" in words
        assert (await painted(playground, ann, channel=studio))["flags"] & 64
        await refused(playground, ann, private=True)
        await told(playground, "channels private", channel="studio", remove=True)
        assert settings_of(playground, bot).private_channels == ()


async def test_threads_and_age_restricted_channels(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        assert "Does not answer in threads" in await told(playground, "channels threads", answer=False)
        assert "Does not answer in threads" in await told(playground, "channels threads")
        assert "only in age-restricted" in await told(playground, "channels age-restricted", answer="only there")
        await refused(playground, ann)
        assert (settings_of(playground, bot).threads, settings_of(playground, bot).age_restricted) == (False, "only")
        await told(playground, "channels reset", everything=True)
        assert (settings_of(playground, bot).threads, settings_of(playground, bot).age_restricted) == (True, "allowed")
        await painted(playground, ann)


async def test_rules_about_channels_are_taken_away(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    studio, hall = guild.channel("studio"), guild.channel("hall")
    async with on_stage(playground, tmp_path) as bot:
        await told(playground, "channels allow", channel="studio", channel2="hall")
        await told(playground, "channels private", channel="studio")
        assert await told(playground, "channels reset") == "Say either a channel, or `everything`."
        await told(playground, "channels reset", channel="studio")
        settings = settings_of(playground, bot)
        assert (settings.channels, settings.private_channels) == ((hall.id,), ())
        assert studio.id != hall.id


# Roles --------------------------------------------------------------------------------------------------------------


async def test_lanes_and_weights(playground: Playground, tmp_path: Path) -> None:
    makers = playground.world.guild("Atelier").role("makers")
    async with on_stage(playground, tmp_path) as bot:
        assert (await told(playground, "roles set")).startswith("No role has a lane")
        words = await told(playground, "roles set", role="makers", lane="before others", weight=2.5)
        assert words == f"<@&{makers.id}>: before others, weight 2.5"
        settings = settings_of(playground, bot)
        assert (settings.role_lanes, settings.role_weights) == ({makers.id: "priority"}, {makers.id: 2.5})
        assert words in await told(playground, "roles show", role="makers")
        assert words in await told(playground, "roles show")
        assert await told(playground, "roles set", weight=2.0) == "Say which role, too."
        assert (await told(playground, "roles set", role="makers")).startswith("Say what is to be set")
        assert (await told(playground, "roles set", role="makers", weight=1.0, clear=True)).startswith("`clear`")
        assert (await told(playground, "roles set", role="makers", clear=True)).startswith("No role has")


async def test_who_sees_what_others_asked_for(playground: Playground, tmp_path: Path) -> None:
    makers = playground.world.guild("Atelier").role("makers")
    async with on_stage(playground, tmp_path) as bot:
        assert (await told(playground, "roles history")).startswith("Only those who manage this server")
        words = await told(playground, "roles history", role="makers")
        assert words.endswith(f"by those who manage it, and by <@&{makers.id}>.")
        assert settings_of(playground, bot).history_roles == (makers.id,)
        assert (await told(playground, "roles history", who="everyone")).startswith("Everyone may see")


async def test_who_may_train_is_set_before_anything_does(playground: Playground, tmp_path: Path) -> None:
    makers = playground.world.guild("Atelier").role("makers")
    async with on_stage(playground, tmp_path) as bot:
        words = await told(playground, "roles train")
        assert words.startswith("Only those who manage this server may train LoRAs and embeddings.")
        assert "I cannot train yet. This rule holds from the first day that I can." in words
        words = await told(playground, "roles train", role="makers")
        assert f"by those who manage it, and by <@&{makers.id}>." in words
        assert "I cannot train yet" in words
        settings = settings_of(playground, bot)
        assert (settings.train, settings.train_roles) == ("roles", (makers.id,))
        assert words in await told(playground, "roles show")
        assert "who may train" in await told(playground, "audit show")
        assert (await told(playground, "roles train", who="everyone")).startswith("Everyone may train")


async def test_roles_and_channels_that_are_gone(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    studio, makers = guild.channel("studio"), guild.role("makers")
    async with on_stage(playground, tmp_path) as bot:
        await told(playground, "channels close", channel="studio")
        await told(playground, "roles set", role="makers", weight=2.0)
        await told(playground, "models allow", model="clockwork", role="makers")
        guild.delete_channel(studio)
        guild.delete_role(makers)
        served = bot.get_guild(guild.id)
        assert served is not None
        await playground.until(lambda: served.get_channel(studio.id) is None and served.get_role(makers.id) is None)
        assert f"Never in a channel that is gone ({studio.id})" in await told(playground, "channels show")
        shown = await answer(playground, await owner.command("admin roles show"))
        assert f"a role that is gone ({makers.id}): as usual, weight 2" in text_of(shown)
        await (await owner.press(shown, "Forget what is gone")).settled()
        await playground.until(lambda: settings_of(playground, bot).role_weights == {})
        settings = settings_of(playground, bot)
        assert settings.closed_channels == ()
        assert settings.models["clockwork"] == ModelRule(allowed=False), "nobody else may use it because of that"
        assert "gone" not in await told(playground, "roles show")


# All of it ----------------------------------------------------------------------------------------------------------


def _size(thing: dict[str, Any], locale: str) -> int:
    """Return how long a command is in a language."""
    texts = [(thing.get(f"{key}_localizations") or {}).get(locale) or thing.get(key) or "" for key in _TEXTS]
    inside = [*(thing.get("options") or []), *(thing.get("choices") or [])]
    return sum(map(len, texts)) + len(str(thing.get("value", ""))) + sum(_size(each, locale) for each in inside)


_TEXTS = ("name", "description")


async def test_the_command_is_not_too_long_for_discord(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        admin = next(each for each in playground.commands.of(None) if each["name"] == "admin")
    for locale in ("en-US", "de"):
        assert _size(admin, locale) <= 8000
    assert _size(admin, "de") != _size(admin, "en-US")
    assert all(len(group.get("options", [])) <= 25 for group in [admin, *admin["options"]])


async def test_every_answer_is_in_german_too(playground: Playground, tmp_path: Path) -> None:
    boss = manager(playground)
    boss.user.locale = "de"
    async with on_stage(playground, tmp_path):
        for command, words in (
            ("models show", "### Modelle"),
            ("limits show", "### Grenzen"),
            ("channels show", "### Kanäle"),
            ("roles show", "### Rollen"),
            ("panel", "## Was auf diesem Server gilt"),
        ):
            assert words in await answer_to(playground, boss, f"admin {command}")
