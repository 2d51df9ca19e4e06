"""Command sync, by unmodified discord.py and by hand."""

from typing import Any

import discord
import pytest
from discord import app_commands

from playground import Playground
from tests.playground.conftest import Bot, refused, request, slash


def _path(playground: Playground, guild: bool = False) -> str:
    scope = f"/guilds/{playground.world.guild('Atelier').id}" if guild else ""
    return f"/applications/{playground.world.bot.id}{scope}/commands"


async def test_a_second_sync_keeps_ids_and_versions(playground: Playground, client: Bot) -> None:
    @slash(client, "one")
    async def one(interaction: discord.Interaction) -> None: ...

    @slash(client, "two")
    async def two(interaction: discord.Interaction) -> None: ...

    before = await request(client, "PUT", _path(playground), json=[c.to_dict(client.tree) for c in _tree(client)])
    assert len(await client.tree.sync()) == 2
    after = await request(client, "GET", _path(playground))
    assert after == before
    client.tree.remove_command("two")
    _tree(client)[0].description = "Does something else"
    await client.tree.sync()
    (changed,) = await request(client, "GET", _path(playground))
    assert changed["id"] == before[0]["id"] and changed["version"] != before[0]["version"]


def _tree(client: Bot) -> list[Any]:
    return client.tree.get_commands()


async def test_commands_of_one_guild(playground: Playground, client: Bot) -> None:
    guild = discord.Object(playground.world.guild("Atelier").id)

    @client.tree.command(description="Only here", guild=guild)
    async def here(interaction: discord.Interaction) -> None: ...

    await client.tree.sync(guild=guild)
    ann = playground.person("ann")
    second = playground.world.guild("Second").channel("other")
    ann.join("Second")
    assert [command["name"] for command in ann.commands("general")] == ["here"]
    assert ann.commands(second) == [] and ann.commands(ann.dm) == []
    assert [command.name for command in await client.tree.fetch_commands(guild=guild)] == ["here"]
    elsewhere = playground.world.guild("Elsewhere", bot=False)
    with refused(403, 50001):
        await client.tree.fetch_commands(guild=discord.Object(elsewhere.id))


async def test_single_commands_come_change_and_go(playground: Playground, client: Bot) -> None:
    for guild in (False, True):
        path = _path(playground, guild)
        made = await request(client, "POST", path, json={"name": "paint", "description": "Paints"})
        again = await request(client, "POST", path, json={"name": "paint", "description": "Paints more"})
        assert (again["id"], again["description"]) == (made["id"], "Paints more")
        changed = await request(client, "PATCH", f"{path}/{made['id']}", json={"name": "draw"})
        assert (changed["id"], changed["name"], changed["description"]) == (made["id"], "draw", "Paints more")
        assert await request(client, "GET", f"{path}/{made['id']}") == changed
        await request(client, "DELETE", f"{path}/{made['id']}")
        with refused(404, 10063):
            await request(client, "GET", f"{path}/{made['id']}")
        assert await request(client, "GET", path) == []


def _command(**changes: Any) -> dict[str, Any]:
    return {"name": "go", "description": "Goes"} | changes


def _option(**changes: Any) -> dict[str, Any]:
    return {"type": 3, "name": "text", "description": "Text"} | changes


def _options(count: int) -> list[dict[str, Any]]:
    return [_option(name=f"o{number}") for number in range(count)]


_LONG = [{"name": "x" * 90, "value": "y" * 90}] * 25
#: Short in English alone: what is longest in any language counts.
_LONG_IN_GERMAN = [{"name": "x", "name_localizations": {"de": "x" * 90, "fr": "y"}, "value": "v"}] * 25


@pytest.mark.parametrize(
    ("commands", "place"),
    [
        ([_command(name="Go")], ("0", "name")),
        ([_command(name="x" * 33)], ("0", "name")),
        ([_command(name="a b")], ("0", "name")),
        ([_command(description="")], ("0", "description")),
        ([_command(description="x" * 101)], ("0", "description")),
        ([_command(), _command()], ("1", "name")),
        ([_command(name=f"c{number}") for number in range(101)], ()),
        ([{"name": f"m{number}", "type": 3} for number in range(16)], ()),
        ([{"name": "x" * 33, "type": 2}], ("0", "name")),
        ([_command(options=_options(26))], ("0", "options")),
        ([_command(options=_options(1) * 2)], ("0", "options", "1", "name")),
        ([_command(options=[_option(), _option(name="b", required=True)])], ("0", "options", "1")),
        ([_command(options=[_option(choices=[{"name": "x", "value": "x"}] * 26)])], ("0", "options", "0", "choices")),
        (
            [_command(options=[_option(choices=[{"name": "x" * 101, "value": "x"}])])],
            ("0", "options", "0", "choices", "0", "name"),
        ),
        (
            [_command(options=[{"type": 1, "name": "sub", "description": "x", "options": _options(26)}])],
            ("0", "options", "0", "options"),
        ),
        ([_command(options=[_option(name=f"o{each}", choices=_LONG) for each in range(2)])], ("0",)),
        ([_command(options=[_option(name=f"o{each}", choices=_LONG_IN_GERMAN) for each in range(4)])], ("0",)),
    ],
)
async def test_commands_that_do_not_fit(
    playground: Playground, client: Bot, commands: list[dict[str, Any]], place: tuple[str, ...]
) -> None:
    with refused(400, 50035):
        await request(client, "PUT", _path(playground), json=commands)
    errors = playground.exchanges[-1].reply["errors"]
    for step in place:
        assert set(errors) == {step}
        errors = errors[step]
    assert list(errors) == ["_errors"]
    assert await request(client, "GET", _path(playground)) == []


async def test_a_command_as_long_as_fits(playground: Playground, client: Bot) -> None:
    choices = [{"name": "x", "name_localizations": {"de": "x" * 99}, "value": "v"}] * 25
    options = [_option(name=f"o{each}", description="d" * 98, choices=choices) for each in range(3)]
    # 2 + 3 * (2 + 98 + 25 * 100) + 2 + 100 = 7904
    options.append(_option(name="o3", description="d" * 100))
    fits = _command(description="x" * 96, options=options)
    assert len(await request(client, "PUT", _path(playground), json=[fits])) == 1
    with refused(400, 50035):
        await request(client, "PUT", _path(playground), json=[fits | {"description": "x" * 97}])


async def test_as_many_commands_as_fit(playground: Playground, client: Bot) -> None:
    commands = [_command(name=f"c{number}", options=_options(25 if number < 2 else 0)) for number in range(100)]
    commands += [{"name": f"Menu {number}", "type": kind} for kind in (2, 3) for number in range(15)]
    assert len(await request(client, "PUT", _path(playground), json=commands)) == 130
    with refused(400, 50035):
        await request(client, "PUT", _path(playground), json={"name": "no list"})


async def test_another_applications_commands(playground: Playground, client: Bot) -> None:
    with refused(403, 20012):
        await request(client, "GET", "/applications/1/commands")


async def test_where_the_gateway_is(playground: Playground, client: Bot) -> None:
    assert await request(client, "GET", "/gateway") == {"url": playground.gateway}
    assert (await request(client, "GET", "/gateway/bot"))["shards"] == 1


async def test_localised_names_survive(playground: Playground, client: Bot) -> None:
    class German(app_commands.Translator):
        async def translate(self, string: Any, locale: discord.Locale, context: Any) -> str | None:
            return f"{string.message}_de" if locale is discord.Locale.german else None

    @client.tree.command(name=app_commands.locale_str("paint"), description=app_commands.locale_str("Paints"))
    async def paint(interaction: discord.Interaction) -> None: ...

    await client.tree.set_translator(German())
    await client.tree.sync()
    (command,) = playground.commands.of(None)
    assert command["name_localizations"] == {"de": "paint_de"}
