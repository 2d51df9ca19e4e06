"""What a person does, over HTTP, with an unmodified discord.py bot on the other side."""

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands, ui

from playground import Playground
from tests.playground.conftest import Bot, note, running, slash
from tests.playground.control.conftest import Remote
from tests.playground.pictures import png

HERE = "/people/ann/channels/general"


@pytest.fixture(autouse=True)
async def ann(remote: Remote) -> None:
    for name in ("ann", "bob"):
        await remote.put(f"/people/{name}", {})


async def test_a_command_with_a_file_and_every_way_to_wait(playground: Playground, bot: Bot, remote: Remote) -> None:
    go_on = asyncio.Event()

    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, prompt: str, picture: discord.Attachment) -> None:
        await interaction.response.defer()
        await go_on.wait()
        await interaction.followup.send(f"{prompt}: {(await picture.read()) == png(3, 2)}")
        await interaction.followup.send("more")

    async with running(bot, playground):
        body = {"name": "imagine", "options": {"prompt": "a cat"}}
        begun = await remote.upload(HERE + "/commands?until=settled", body, ("picture", "cat.png", png(3, 2)))
        assert begun["acknowledged"] and begun["settled"] and begun["response"]["kind"] == "thinking"
        assert 0 <= begun["acknowledged_after"] < 3 and begun["type"] == 2
        path = f"/people/ann/invocations/{begun['id']}"
        assert "within 0.05 s" in await remote.error("GET", path + "?until=finished&seconds=0.05", 504)
        assert "'until' is one of" in await remote.error("GET", path + "?until=never", 400)
        waiting = asyncio.create_task(remote.get(path + "?until=finished"))
        await asyncio.sleep(0.01)
        go_on.set()
        assert (await waiting)["response"]["message"]["content"] == "a cat: True"
        await playground.until(lambda: len(playground.messages()) == 2)
        assert [each["content"] for each in (await remote.get(path))["followups"]] == ["more"]
        assert [each["id"] for each in await remote.get("/people/ann/invocations?last=5")] == [begun["id"]]
        assert await remote.get("/people/ann/invocations?last=0") == []
        assert await remote.get("/people/bob/invocations") == []
        assert "did nothing" in await remote.error("GET", f"/people/bob/invocations/{begun['id']}", 404)
        refusals: list[tuple[Any, str]] = [(5, "'options' must be an object, not 5"), ({}, "needs prompt, picture")]
        for wrong, words in refusals:
            body = {"name": "imagine", "options": wrong}
            assert words in await remote.error("POST", HERE + "/commands", 400, body)
        assert "offered no command" in await remote.error("POST", HERE + "/commands", 404, {"name": "nothing"})


async def test_a_stale_command_and_one_in_direct_messages(playground: Playground, bot: Bot, remote: Remote) -> None:
    @bot.tree.command(description="Says something")
    async def say(interaction: discord.Interaction, text: str) -> None:
        await interaction.response.send_message(text)

    @bot.tree.error
    async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        await interaction.response.send_message(type(error).__name__)

    async with running(bot, playground):
        body = {"name": "say", "options": {"old": 1}, "checked": False}
        stale = await remote.post(HERE + "/commands?until=finished", body)
        body = {"name": "say", "options": {"text": "hello"}}
        direct = await remote.post("/people/ann/channels/@me/commands?until=finished", body)
        shown = await remote.get("/people/ann/channels/@me/messages")
    assert stale["response"]["message"]["content"] == "CommandSignatureMismatch"
    assert [message["content"] for message in shown] == ["hello"]
    assert direct["response"]["message"] | {"used": "/say"} == shown[0]


async def test_autocomplete(playground: Playground, bot: Bot, remote: Remote) -> None:
    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, model: str) -> None: ...

    @imagine.autocomplete("model")
    async def models(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        if current == "slow":
            await asyncio.sleep(60)
        return [app_commands.Choice(name=current.title(), value=current)]

    async with running(bot, playground):
        body: dict[str, Any] = {"name": "imagine", "options": {"model": "tiny"}, "focused": "model"}
        assert await remote.post(HERE + "/autocomplete", body, 200) == [{"name": "Tiny", "value": "tiny"}]
        body["options"]["model"] = "slow"
        waiting = asyncio.create_task(remote.error("POST", HERE + "/autocomplete", 504, body))
        await playground.until(lambda: len(playground.person("ann").invocations) == 2)
        await remote.post("/clock", {"seconds": 3}, 200)
        assert await waiting == "Loading options failed"


async def test_menus(playground: Playground, bot: Bot, remote: Remote) -> None:
    @bot.tree.context_menu(name="Describe")
    async def describe(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.content}, {len(message.attachments)}")

    @bot.tree.context_menu(name="Portrait")
    async def portrait(interaction: discord.Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(user.name)

    async with running(bot, playground):
        said = await remote.upload(HERE + "/messages", {"content": "look"}, ("files", "a.png", png()), ("x", "b", b""))
        for name, target, expected in (
            ("Describe", {"message": said["id"]}, "look, 2"),
            ("Portrait", {"person": "bob"}, "bob"),
        ):
            shown = await remote.post(HERE + "/commands?until=finished", {"name": name, "target": target})
            assert shown["response"]["message"]["content"] == expected
        assert "is needed" in await remote.error("POST", HERE + "/commands", 400, {"name": "Describe", "target": {}})


class Panel(ui.View):
    @ui.button(label="Again", custom_id="again")
    async def again(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
        await interaction.response.edit_message(content="pressed")

    @ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form())

    @ui.select(custom_id="size", max_values=2, options=[discord.SelectOption(label=x) for x in "SML"])
    async def size(self, interaction: discord.Interaction, select: ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=" ".join(select.values))


class Form(ui.Modal, title="Form"):
    name: ui.TextInput[Any] = ui.TextInput(label="Name", custom_id="name")
    files: ui.Label[Any] = ui.Label(text="Files", component=ui.FileUpload(custom_id="files", max_values=2))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        upload = self.files.component
        assert isinstance(upload, ui.FileUpload)
        names = [file.filename for file in upload.values]
        await interaction.response.send_message(f"{self.name.value}: {names}", ephemeral=True)


async def test_buttons_selects_and_modals(playground: Playground, bot: Bot, remote: Remote) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("choose", view=Panel())

    async with running(bot, playground):
        begun = await remote.post(HERE + "/commands?until=finished", {"name": "go"})
        message = f"/people/ann/messages/{begun['response']['message']['id']}"
        pressed = await remote.post(message + "/press?until=settled", {"component": "Again"})
        assert pressed["response"]["message"]["content"] == "pressed"
        assert (pressed["type"], pressed["message"]) == (3, begun["response"]["message"]["id"])
        body = {"component": "size", "values": ["S", "L"]}
        chosen = await remote.post(message + "/select?until=settled", body)
        assert chosen["response"]["message"]["content"] == "S L"
        assert "takes 1 to 2" in await remote.error("POST", message + "/select", 400, body | {"values": []})
        assert "'values' must be a list" in await remote.error("POST", message + "/select", 400, body | {"values": "S"})
        assert "there is no 'x'" in await remote.error("POST", message + "/press", 404, {"component": "x"})
        opened = await remote.post(message + "/press?until=settled", {"component": "ask"})
        assert opened["response"]["modal"]["title"] == "Form"
        submit = f"/people/ann/invocations/{opened['id']}/submit?until=finished"
        files = [("files", "a.txt", b"1"), ("files", "b.txt", b"2")]
        answer = await remote.upload(submit, {"values": {"name": "Ann"}}, *files)
        assert answer["response"]["message"]["content"] == "Ann: ['a.txt', 'b.txt']"
        assert answer["response"]["ephemeral"] and answer["type"] == 5
        assert "name must be filled in" in await remote.error("POST", submit, 400, {"values": {}})
        nothing = f"/people/ann/invocations/{begun['id']}/submit"
        assert "opened no modal" in await remote.error("POST", nothing, 400, {})
        body = {"component": "Again"}
        private = f"/people/bob/messages/{answer['response']['message']['id']}/press"
        assert "does not see" in await remote.error("POST", private, 404, body)


async def test_messages_replies_reactions_and_deleting(playground: Playground, bot: Bot, remote: Remote) -> None:
    seen = note(bot, "raw_reaction_add", "raw_reaction_remove", "raw_message_delete")
    async with running(bot, playground):
        first = await remote.post(HERE + "/messages", {"content": "hello"})
        body = {"content": "hi", "reply_to": first["id"]}
        second = await remote.post("/people/bob/channels/general/messages", body)
        assert second["referenced_message"]["id"] == first["id"]
        message = f"/people/bob/messages/{first['id']}"
        await remote.put(message + "/reactions/⭐", status=204)
        assert (await remote.get(HERE + "/messages"))[0]["reactions"][0]["me"] is False
        await remote.delete(message + "/reactions/⭐")
        assert "another's" in await remote.error("DELETE", message, 400)
        await remote.delete(f"/people/ann/messages/{first['id']}")
        await playground.until(lambda: len(seen) == 3)
    assert [each[0] for each in seen] == ["raw_reaction_add", "raw_reaction_remove", "raw_message_delete"]
    assert [message["content"] for message in playground.messages()] == ["hi"]


async def test_the_last_message_is_the_newest_that_a_person_sees(playground: Playground, remote: Remote) -> None:
    path = "/people/ann/messages/@last"
    assert "ann sees no message" in await remote.error("DELETE", path, 404)
    first = await remote.post(HERE + "/messages", {"content": "first"})
    await remote.post("/guilds/Atelier/channels", {"name": "lounge"})
    second = await remote.post("/people/ann/channels/lounge/messages", {"content": "second"})
    # What bob writes to others is not among what ann sees.
    between = await remote.post("/people/bob/conversations", {"with": ["owner"]})
    await remote.post(f"/people/bob/channels/{between['id']}/messages", {"content": "psst"})
    await remote.put(f"{path}/reactions/⭐", None, 204)
    assert list(playground.world.find_message(int(second["id"])).reactions) == ["⭐"]
    await remote.delete(path)
    await remote.put(f"{path}/reactions/⭐", None, 204)
    assert list(playground.world.find_message(int(first["id"])).reactions) == ["⭐"]
