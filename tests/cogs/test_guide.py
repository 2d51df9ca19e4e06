"""/help and /about, in English and German, in servers and direct messages."""

from pathlib import Path

from discord import app_commands

from playground import Playground
from tests.bot.stage import answer_to, is_private, on_stage, words_of


async def test_help_names_every_command(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        words = await answer_to(playground, ann, "help")
        every = bot.tree.get_commands()
        menus = {command.name for command in every if isinstance(command, app_commands.ContextMenu)}
        # What the operator has is no help to anybody else.
        groups = {command.name for command in every} - {"help", "operator"} - menus
        options = {option["name"] for option in _options(playground, "imagine")} - {"prompt"}
    for name in groups:
        assert f"/{name}" in words
    for name in options | menus:
        assert f"**{name}**" in words


def _options(playground: Playground, name: str) -> list[dict[str, str]]:
    return next(command["options"] for command in playground.person("ann").commands() if command["name"] == name)


async def test_about_says_what_there_is(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        words = await answer_to(playground, ann, "about")
        assert "Easel 0." in words
        assert "**clockwork** · sd1 · 64×64" in words
        bot.rooms.dispatcher.trouble = "It broke."
        assert "nothing can be painted: The engine that paints has stopped." in await answer_to(
            playground, ann, "about"
        )


async def test_germans_read_german(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        ann.user.locale = "de"
        assert "So entstehen Bilder" in await answer_to(playground, ann, "help")
        assert "freie Software" in await answer_to(playground, ann, "about")
        assert "### Deine Vorgaben" in await answer_to(playground, ann, "me show")
        assert "Von dir wartet" in await answer_to(playground, ann, "queue mine")
        assert "noch nichts verlangt" in await answer_to(playground, ann, "history")
        missing = await answer_to(playground, ann, "imagine", {"prompt": "x", "model": "none"})
    assert missing == "Ein Modell „none“ gibt es nicht. Fang an zu tippen und wähl eines, das angeboten wird."


async def test_results_that_could_not_be_delivered_are_told_once(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        bot.rooms.publisher.kept[ann.id] = 2
        asked = await ann.command("help")
        await playground.until(lambda: "could not deliver 2" in words_of(asked))
        assert all(map(is_private, asked.messages))
        assert bot.rooms.publisher.kept == {}
        bot.rooms.publisher.kept[ann.id] = 1
        await answer_to(playground, ann, "history")
        await playground.until(lambda: bot.rooms.publisher.kept == {})
