"""Buttons and selects on messages."""

from typing import Any

import discord
import pytest
from discord import ui

from playground import Playground
from tests.playground.conftest import Bot, running, slash


class Buttons(ui.View):
    """One of everything that can be used on a message."""

    def __init__(self, used: list[Any]) -> None:
        super().__init__(timeout=None)
        self.used = used

    @ui.button(label="Again", custom_id="again")
    async def again(self, interaction: discord.Interaction, button: ui.Button) -> None:
        self.used.append("again")
        await interaction.response.edit_message(content="pressed")

    @ui.button(emoji="🗑", custom_id="delete")
    async def delete(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.defer()
        await interaction.delete_original_response()

    @ui.button(label="Never", custom_id="never", disabled=True)
    async def never(self, interaction: discord.Interaction, button: ui.Button) -> None: ...

    @ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, button: ui.Button) -> None:
        await interaction.response.send_message("more", ephemeral=True)

    @ui.select(
        placeholder="Size",
        custom_id="size",
        max_values=2,
        options=[discord.SelectOption(label=x) for x in ("S", "M", "L")],
    )
    async def size(self, interaction: discord.Interaction, select: ui.Select) -> None:
        self.used.append(select.values)
        await interaction.response.defer()

    @ui.select(cls=ui.UserSelect, custom_id="who")
    async def who(self, interaction: discord.Interaction, select: ui.UserSelect) -> None:
        self.used.append([user.name for user in select.values])
        await interaction.response.defer(thinking=True, ephemeral=True)
        await interaction.followup.send("done")

    @ui.select(cls=ui.RoleSelect, custom_id="role")
    async def role(self, interaction: discord.Interaction, select: ui.RoleSelect) -> None:
        self.used.append([role.name for role in select.values])
        await interaction.response.defer()

    @ui.select(cls=ui.ChannelSelect, custom_id="where")
    async def where(self, interaction: discord.Interaction, select: ui.ChannelSelect) -> None:
        self.used.append([channel.name for channel in select.values])
        await interaction.response.defer()


async def test_buttons_and_selects(playground: Playground, bot: Bot) -> None:
    used: list[Any] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        view = Buttons(used)
        view.add_item(ui.Button(label="Elsewhere", url="https://example.org"))
        await interaction.response.send_message("choose", view=view)

    ann = playground.person("ann")
    playground.world.guild("Atelier").role("artists")
    async with running(bot, playground):
        shown = (await (await ann.command("go")).settled()).message
        assert shown is not None
        for wanted in ("Never", "Elsewhere"):
            with pytest.raises(ValueError, match=wanted):
                await ann.press(shown, wanted)
        with pytest.raises(LookupError, match="Nothing"):
            await ann.press(shown, "Nothing")
        pressed = await (await ann.press(shown, "Again")).settled()
        assert pressed.kind == "message" and pressed.message is not None
        assert (pressed.message["id"], pressed.message["content"]) == (shown["id"], "pressed")
        await (await ann.select(shown, "size", ["S", "L"])).settled()
        with pytest.raises(ValueError, match="takes 1 to 2"):
            await ann.select(shown, "size", ["S", "M", "L"])
        with pytest.raises(ValueError, match="no option"):
            await ann.select(shown, "size", "XL")
        chosen = await ann.select(shown, "who", "ann")
        await playground.until(lambda: chosen.response.kind == "message")
        assert chosen.response.ephemeral
        await (await ann.select(shown, "role", "artists")).settled()
        await (await ann.select(shown, "where", "general")).settled()
        private = await (await ann.press(shown, "more")).settled()
        assert private.ephemeral and private.message is not None
        assert private.message["message_reference"]["message_id"] == shown["id"]
        with pytest.raises(LookupError):
            await playground.person("bob").press(private.message, "more")
        await ann.press(shown, "🗑")
        await playground.until(lambda: playground.messages() == [])
        with pytest.raises(LookupError, match="gone"):
            await ann.press(shown, "again")
    assert used == ["again", ["S", "L"], ["ann"], ["artists"], ["general"]]


async def test_members_and_roles_in_one_select(playground: Playground, bot: Bot) -> None:
    used: list[Any] = []

    class Either(ui.View):
        @ui.select(cls=ui.MentionableSelect, custom_id="either", max_values=2)
        async def either(self, interaction: discord.Interaction, select: ui.MentionableSelect[Any]) -> None:
            used.append(sorted(each.name for each in select.values))
            await interaction.response.defer()

        @ui.select(custom_id="off", disabled=True, options=[discord.SelectOption(label="x")])
        async def off(self, interaction: discord.Interaction, select: ui.Select[Any]) -> None: ...

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("choose", view=Either())

    ann = playground.person("ann")
    role = playground.world.guild("Atelier").role("artists")
    async with running(bot, playground):
        shown = (await (await ann.command("go")).settled()).message
        assert shown is not None
        await (await ann.select(shown, "either", [role, "ann"])).settled()
        await (await ann.select(shown, "either", "artists")).settled()
        with pytest.raises(ValueError, match="takes 1 to 2"):
            await ann.select(shown, "either", [])
        with pytest.raises(ValueError, match="'off' is disabled"):
            await ann.select(shown, "off", "x")
    assert used == [["ann", "artists"], ["artists"]]


async def test_a_message_that_is_gone_cannot_be_edited_by_its_button(playground: Playground, bot: Bot) -> None:
    codes: list[int] = []

    class Slow(ui.View):
        @ui.button(label="Press", custom_id="press")
        async def press(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
            assert interaction.message is not None
            await interaction.message.delete()
            try:
                await interaction.response.edit_message(content="x")
            except discord.HTTPException as error:
                codes.append(error.code)

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("here", view=Slow())

    ann = playground.person("ann")
    async with running(bot, playground):
        shown = (await (await ann.command("go")).settled()).message
        assert shown is not None
        await ann.press(shown, "Press")
        await playground.until(lambda: codes)
    assert codes == [10008]


async def test_components_stay_with_modern_messages(playground: Playground, bot: Bot) -> None:
    class Modern(ui.LayoutView):
        text: ui.TextDisplay[Any] = ui.TextDisplay("first")
        row: ui.ActionRow[Any] = ui.ActionRow()

        @row.button(label="Next", custom_id="next")
        async def next(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
            self.text.content = "second"
            await interaction.response.edit_message(view=self)

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(view=Modern())

    ann = playground.person("ann")
    async with running(bot, playground):
        shown = (await (await ann.command("go")).settled()).message
        assert shown is not None
        answer = await (await ann.press(shown, "Next")).settled()
    assert answer.message is not None
    assert [each.get("content") for each in answer.message["components"]] == ["second", None]
