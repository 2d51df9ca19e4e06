"""Commands where the bot is not: direct messages, and servers of people who installed it for themselves."""

from pathlib import Path

from playground import Playground
from playground.invocations import Invocation
from tests.bot.stage import answer, answer_to, is_result, on_stage, painted, text_of, urls_of

COMMANDS = (
    "queue mine",
    "queue all",
    "queue cancel",
    "history",
    "me show",
    "me export",
    "me delete",
    "styles list",
    "help",
    "about",
)


async def test_every_command_in_direct_messages(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann, channel=ann.dm)
        for name in COMMANDS:
            assert await answer_to(playground, ann, name, channel=ann.dm)
        shown = await answer(playground, await ann.press(message, "Settings"))
        assert "Seed:" in text_of(shown)
        await ann.press(message, "Delete")
        await playground.until(lambda: not [each for each in playground.messages_to("ann") if is_result(each)])


async def test_every_command_where_only_the_member_installed_it(playground: Playground, tmp_path: Path) -> None:
    strange = playground.world.guild("Strange", bot=False)
    strange.channel("lounge")
    async with on_stage(playground, tmp_path):
        ann, bob = playground.person("ann"), playground.person("bob")
        ann.join(strange)
        bob.join(strange)
        ann.install()
        assert bob.commands("lounge") == []
        for place in ("lounge", ann.private_channel(bob)):
            message = await painted(playground, ann, channel=place)
            for name in COMMANDS:
                assert await answer_to(playground, ann, name, channel=place)
            await brings_pictures(playground, await bob.press(message, "Again"))
            await leaves_nothing(playground, await ann.press(message, "Delete"))


async def brings_pictures(playground: Playground, pressed: Invocation) -> None:
    await playground.until(lambda: any(map(is_result, pressed.messages)))


async def leaves_nothing(playground: Playground, pressed: Invocation) -> None:
    await playground.until(lambda: not pressed.messages)


async def test_a_private_wish_is_private_everywhere(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann, private=True)
        assert playground.messages() == []
        again = await ann.press(message, "Again")
        await brings_pictures(playground, again)
        assert playground.messages() == []
        assert len(urls_of(again.messages[0])) == 1
