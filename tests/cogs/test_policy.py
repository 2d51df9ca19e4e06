"""A server's rules where people meet them: at commands, buttons, forms and menus, and when it is a request's turn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.app import Easel
from bot.services.guilds import Limits
from bot.services.requests import Actor, Place
from bot.texts import say
from inference.protocol.recipe import ContentHash
from inference.protocol.recipe import painted as painted_recipe
from playground import Playground
from playground.people import Person
from storage import jobs
from storage.guilds import ModelRule
from tests.bot.stage import answer, answer_to, is_private, is_result, labels_of, on_stage, painted, text_of, told
from tests.clockwork import MODEL
from tests.cogs.company import manager

OTHER = msgspec.structs.replace(MODEL, name="brushwork", hash=ContentHash("b" * 64))


async def asked(bot: Easel, person: Person) -> list[Any]:
    """Return what somebody asked for that was written down."""
    return list(await jobs.history(bot.rooms.database, person.id))


async def set_rules(bot: Easel, playground: Playground, **changes: Any) -> None:
    await bot.rooms.guilds.change(playground.world.guild("Atelier").id, **changes)


async def refused(playground: Playground, person: Person, channel: str = "general", **options: Any) -> str:
    """Ask for a picture, and return why there will be none."""
    message = await answer(playground, await person.command("imagine", {"prompt": "fox"} | options, channel=channel))
    assert is_private(message)
    return text_of(message)


async def test_limits_are_told_with_what_would_be_allowed(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        limits = Limits(steps=40, pixels=128 * 128, count=2, waiting=5, daily_pictures=2)
        await set_rules(bot, playground, limits=limits, past_budget="refuse", blocked_words=("gore",))
        assert await refused(playground, ann, steps=80) == "Steps at most 40 here; you asked for 80."
        assert "such as 128x128; this one would have 65536" in await refused(playground, ann, size="256x256")
        assert "At most 2 pictures a request here" in await refused(playground, ann, count=3)
        assert "gore" in await refused(playground, ann, prompt="a (gore:1.2) feast")
        assert await asked(bot, ann) == []
        message = await painted(playground, ann, count=2)
        assert "You may have 2 pictures a day here: 0 are left" in await refused(playground, ann)
        again = await told(playground, await ann.press(message, "Again"))
        assert "You may have 2 pictures a day here" in again
        ann.user.locale = "de"
        assert await refused(playground, ann, steps=80) == "Hier sind es höchstens 40 Schritte; du wolltest 80."
        assert len(await asked(bot, ann)) == 1


async def test_what_nobody_said_stays_within_the_limits(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        await answer_to(playground, ann, "me set", {"count": 4, "size": "256x128"})
        await set_rules(bot, playground, limits=Limits(steps=1, pixels=128 * 128, count=2))
        shown = await ann.command("imagine", {"prompt": "fox"})
        await playground.until(lambda: any(map(is_result, shown.messages)))
        [job] = await asked(bot, ann)
        recipe = painted_recipe(job.recipe)
        assert (job.count, recipe.steps, recipe.width, recipe.height) == (2, 1, 176, 88)


async def test_models_are_offered_and_used_as_the_server_allows(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    general, other = guild.channel("general"), guild.channel("other")
    async with on_stage(playground, tmp_path) as bot:
        bot.rooms.dispatcher.models = (MODEL, OTHER)
        await set_rules(
            bot,
            playground,
            models={MODEL.name: ModelRule(), OTHER.name: ModelRule(channels=(other.id,))},
            models_known=True,
            default_models={other.id: OTHER.name},
        )
        names = [
            [c["name"] for c in await ann.autocomplete("imagine", {"model": ""}, "model", channel=c)]
            for c in (general, other)
        ]
        assert names == [[MODEL.name], [MODEL.name, OTHER.name]]
        assert f"only for these channels: <#{other.id}>. Here you can use: {MODEL.name}" in await refused(
            playground, ann, model=OTHER.name
        )
        await painted(playground, ann)
        elsewhere = await ann.command("imagine", {"prompt": "fox"}, channel="other")
        await playground.until(lambda: elsewhere.messages)
        assert [job.recipe.model for job in await asked(bot, ann)] == [OTHER.hash, MODEL.hash]
        await set_rules(bot, playground, models={MODEL.name: ModelRule(allowed=False)})
        assert "“clockwork” is not allowed in this server." in await refused(playground, ann)


async def test_a_closed_channel_is_closed_to_everything(playground: Playground, tmp_path: Path) -> None:
    ann, boss, guild = playground.person("ann"), manager(playground), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        form = (await (await ann.command("paste")).settled()).modal
        assert form is not None
        await set_rules(bot, playground, closed_channels=(guild.channel("general").id,))
        words = "I do not answer in this channel."
        for command in ("imagine", "queue mine", "history", "styles list"):
            options = {"prompt": "fox"} if command == "imagine" else None
            assert words in await answer_to(playground, ann, command, options)
        for label in ("Again", "Vary", "More", "Settings"):
            assert words in await told(playground, await ann.press(message, label)), label
        assert words in text_of(await answer(playground, await ann.submit(form, {})))
        assert words in text_of(await answer(playground, await ann.command("Vary", target=message)))
        assert await ann.autocomplete("imagine", {"model": ""}, "model") == []
        for command in ("help", "about", "can", "me show"):
            assert words not in (await answer_to(playground, ann, command)).split("Nothing just now.")[0]
        assert words in await answer_to(playground, boss, "queue mine"), "managers too"
        assert words not in await answer_to(playground, boss, "admin panel")
        await ann.press(message, "Delete")
        await playground.until(lambda: message["id"] not in [each["id"] for each in playground.messages()])
        await painted(playground, ann, channel=guild.channel("elsewhere"))


async def test_a_command_may_have_channels_of_its_own(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    art, talk = guild.channel("art"), guild.channel("talk")
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, channels=(talk.id,), command_channels={"imagine": (art.id,)})
        assert f"/imagine and its buttons are only for: <#{art.id}>" in await refused(playground, ann, "talk")
        assert f"I answer only here: <#{talk.id}>" in await answer_to(playground, ann, "queue mine", channel="art")
        message = await painted(playground, ann, channel="art")
        pressed = await ann.press(message, "Vary")
        await playground.until(lambda: any(map(is_result, pressed.messages)))


async def test_age_restricted_channels(playground: Playground, tmp_path: Path) -> None:
    ann, channel = playground.person("ann"), playground.world.guild("Atelier").channel("general")
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, age_restricted="only")
        assert "only in age-restricted channels" in await refused(playground, ann)
        channel.restrict_age()
        await painted(playground, ann)
        await set_rules(bot, playground, age_restricted="never")
        assert "do not answer in age-restricted channels" in await refused(playground, ann)


async def test_private_channels_and_nothing_private(playground: Playground, tmp_path: Path) -> None:
    ann, general = playground.person("ann"), playground.world.guild("Atelier").channel("general")
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, private_channels=(general.id,), allow_private=False)
        message = await painted(playground, ann)
        assert is_private(message)
        assert is_private(await painted(playground, ann, private=False))
        assert all(job.private for job in await asked(bot, ann))
        await set_rules(bot, playground, private_channels=())
        assert "not for you alone" in await refused(playground, ann, private=True)
        await answer_to(playground, ann, "me set", {"private": True})
        assert not is_private(await painted(playground, ann)), "a default asks for nothing"


async def test_the_blocked_may_nothing_but_take_their_data_with_them(playground: Playground, tmp_path: Path) -> None:
    ann, owner = playground.person("ann"), playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        await answer_to(playground, owner, "admin members block", {"member": ann, "reason": "spam"})
        words = "blocked you from using me here: spam"
        assert words in await refused(playground, ann)
        assert words in await told(playground, await ann.press(message, "Again"))
        await painted(playground, ann, channel=ann.dm)
        really = await answer(playground, await ann.command("me delete"))
        assert labels_of(really)
        gone = await ann.press(really, labels_of(really)[0])
        await playground.until(lambda: gone.messages and "is gone" in text_of(gone.messages[-1]))
        assert await asked(bot, ann) == []
        assert "blocked you from using me here" in await refused(playground, ann), "the block stays"


async def test_settings_that_cannot_be_read_allow_nothing_until_they_are_set_again(
    playground: Playground, tmp_path: Path
) -> None:
    ann, boss, guild = playground.person("ann"), manager(playground), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, blocked_words=("gore",))
        message = await painted(playground, ann)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE guilds SET settings = '{\"press\": 7}' WHERE id = ?", (guild.id,))
    async with on_stage(playground, tmp_path) as bot:
        words = "cannot be read, so nothing is allowed here"
        assert words in await refused(playground, ann)
        assert words in await told(playground, await ann.press(message, "Settings"))
        await painted(playground, ann, channel=ann.dm)
        await answer_to(playground, boss, "admin content negative", {"text": "blurry"})
        await painted(playground, ann)


async def test_a_server_that_the_operator_closes_and_a_bot_that_takes_nothing_on(
    playground: Playground, tmp_path: Path
) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        await bot.rooms.guilds.close(guild.id, "unpaid")
        assert "has closed me in this server: unpaid" in await refused(playground, ann)
        assert "unpaid" in await told(playground, await ann.press(message, "More"))
    async with on_stage(playground, tmp_path) as bot:
        assert "unpaid" in await refused(playground, ann), "also after a restart"
        assert await bot.rooms.guilds.open(guild.id)
        bot.rooms.guilds.draining = ""
        assert "Nothing new is taken on" in await refused(playground, ann)
        assert "Nothing new is taken on" in await told(playground, await ann.press(message, "Again"))
        assert "Seed:" in text_of(await answer(playground, await ann.press(message, "Settings")))
        bot.rooms.guilds.draining = None
        await painted(playground, ann)


@pytest.mark.parametrize("change", ["model", "block", "channel", "steps", "words", "age", "close"])
async def test_what_is_forbidden_while_it_waits_is_not_painted(
    playground: Playground, tmp_path: Path, change: str
) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    general = guild.channel("general")
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "model": ({"models": {MODEL.name: ModelRule(allowed=False)}}, "is not allowed in this server"),
        "channel": ({"closed_channels": (general.id,)}, "do not answer in this channel"),
        "steps": ({"limits": Limits(steps=1)}, "Steps at most 1 here"),
        "words": ({"blocked_words": ("fox",)}, "does not allow “fox”"),
    }
    async with on_stage(playground, tmp_path) as bot:
        if change == "age":
            await set_rules(bot, playground, age_restricted="never")
        bot.rooms.dispatcher.board.stopping = True
        waiting = await ann.command("imagine", {"prompt": "a red fox", "steps": 2})
        await playground.until(lambda: bot.rooms.dispatcher.waiting == 1)
        if change in changes:
            await set_rules(bot, playground, **changes[change][0])
            words = changes[change][1]
        elif change == "block":
            boss = Actor(member_id=1, guild_id=guild.id, manager=True)
            await bot.rooms.blocks.block(boss, ann.id, "spam")
            words = "spam"
        elif change == "close":
            await bot.rooms.guilds.close(guild.id, "unpaid")
            words = "unpaid"
        else:
            general.restrict_age()
            place = bot.rooms.gatekeeper
            await playground.until(lambda: place.may_run(bot.rooms.dispatcher.jobs()[0]) is not None)
            words = "do not answer in age-restricted channels"
        bot.rooms.dispatcher.board.stopping = False
        bot.rooms.dispatcher.board.wake.set()
        await playground.until(lambda: any(words in text_of(message) for message in waiting.messages))
        [job] = await asked(bot, ann)
        assert (job.state, job.failure.kind if job.failure else None) == ("failed", "refused")
        assert bot.rooms.budgets.reserved_pictures == 0


async def test_a_press_that_is_forbidden_while_it_waits_makes_nothing_of_anothers_picture(
    playground: Playground, tmp_path: Path
) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, bob)
        bot.rooms.dispatcher.board.stopping = True
        own, others = await bob.press(message, "Again"), await ann.press(message, "Again")
        await playground.until(lambda: bot.rooms.dispatcher.waiting == 2)
        await set_rules(bot, playground, press="author")
        bot.rooms.dispatcher.board.stopping = False
        bot.rooms.dispatcher.board.wake.set()
        await playground.until(lambda: any(map(is_result, own.messages)))
        words = say("press_author")
        await playground.until(lambda: any(words in text_of(message) for message in others.messages))
        assert not any(map(is_result, others.messages))


async def test_a_request_keeps_who_asked_for_it(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    roy, makers = playground.person("roy"), guild.role("makers")
    roy.join(guild, [makers])
    async with on_stage(playground, tmp_path) as bot:
        await painted(playground, roy)
        [job] = await asked(bot, roy)
        actor = Actor.of(job)
        assert (actor.command, actor.roles, actor.manager) == ("imagine", frozenset({makers.id, guild.id}), False)
        assert actor.place == Place(channel_id=guild.channel("general").id)
        assert replace(actor, locale=None).asked_as == job.asked_as


async def test_others_history_is_for_those_whom_the_admins_let_see_it(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    ann, bob, boss = playground.person("ann"), playground.person("bob"), manager(playground)
    async with on_stage(playground, tmp_path) as bot:
        await painted(playground, ann, "shown to all")
        await painted(playground, ann, "seen by her alone", private=True)
        await painted(playground, ann, "in a direct message", channel=ann.dm)
        gone = await painted(playground, ann, "deleted since")
        await ann.press(gone, "Delete")
        await playground.until(lambda: len(playground.messages()) == 1)
        assert "only those who manage it" in await answer_to(playground, bob, "history", {"member": ann})
        for person, rules in ((boss, {}), (bob, {"history": "everyone"})):
            await set_rules(bot, playground, **rules)
            words = await answer_to(playground, person, "history", {"member": ann})
            assert f"What {ann.mention} asked for in this server" in words
            assert "shown to all" in words
            assert not any(hidden in words for hidden in ("alone", "direct", "deleted since"))
        assert "shown in servers only" in await answer_to(playground, bob, "history", {"member": ann}, channel=bob.dm)
        role = guild.role("keepers")
        await set_rules(bot, playground, history="roles", history_roles=(role.id,))
        assert f"one of these roles may see what others asked for: <@&{role.id}>" in await answer_to(
            playground, bob, "history", {"member": ann}
        )
        favourites = await answer_to(playground, boss, "history", {"member": ann, "favourites": True})
        assert "Favourites are shown to those alone" in favourites


async def test_reactions_follow_the_rules_too_but_one_may_always_delete(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        await set_rules(bot, playground, closed_channels=(guild.channel("general").id,))
        await ann.react(message, "✉️")
        await playground.until(lambda: ann.dm.messages)
        [letter] = playground.messages(ann.dm)
        assert "do not answer in this channel" in text_of(letter)
        await ann.react(message, "❌")
        await playground.until(lambda: not playground.messages())
