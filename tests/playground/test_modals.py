"""Modals with every kind of input."""

from typing import Any

import discord
import pytest
from discord import ui

from playground import Modal, Playground
from tests.playground.conftest import Bot, running, slash


class Form(ui.Modal, title="Everything"):
    """One of every kind of input."""

    intro: ui.TextDisplay[Any] = ui.TextDisplay("Fill this in.")
    name: ui.Label[Any] = ui.Label(text="Name", component=ui.TextInput(custom_id="name", max_length=20))
    size: ui.Label[Any] = ui.Label(
        text="Size",
        component=ui.Select(
            custom_id="size", options=[discord.SelectOption(label=x) for x in ("S", "M")], required=False
        ),
    )
    files: ui.Label[Any] = ui.Label(text="Files", component=ui.FileUpload(custom_id="files", max_values=3))
    colour: ui.Label[Any] = ui.Label(
        text="Colour",
        component=ui.RadioGroup(
            custom_id="colour",
            options=[
                discord.RadioGroupOption(label="Red", value="r"),
                discord.RadioGroupOption(label="Blue", value="b"),
            ],
        ),
    )

    def __init__(self, sent: list[Any]) -> None:
        super().__init__(custom_id="form")
        self.sent = sent

    async def on_submit(self, interaction: discord.Interaction) -> None:
        files = [await file.read() for file in self.files.component.values]  # type: ignore[attr-defined]
        components = (self.name.component, self.size.component, self.colour.component)
        name, size, colour = components
        self.sent.append((name.value, size.values, files, colour.value))  # type: ignore[attr-defined]
        await interaction.response.send_message("thanks")


class SecondForm(ui.Modal, title="More"):
    """The other kinds."""

    tags: ui.Label[Any] = ui.Label(
        text="Tags",
        component=ui.CheckboxGroup(
            custom_id="tags",
            options=[
                discord.CheckboxGroupOption(label="Cat", value="cat", default=True),
                discord.CheckboxGroupOption(label="Dog", value="dog"),
            ],
        ),
    )
    agreed: ui.Label[Any] = ui.Label(text="Agreed", component=ui.Checkbox(custom_id="agreed"))
    who: ui.Label[Any] = ui.Label(text="Who", component=ui.UserSelect(custom_id="who"))
    role: ui.Label[Any] = ui.Label(text="Role", component=ui.RoleSelect(custom_id="role", required=False))
    where: ui.Label[Any] = ui.Label(text="Where", component=ui.ChannelSelect(custom_id="where"))

    def __init__(self, sent: list[Any]) -> None:
        super().__init__()
        self.sent = sent

    async def on_submit(self, interaction: discord.Interaction) -> None:
        tags, agreed, who, where = (each.component for each in (self.tags, self.agreed, self.who, self.where))
        assert isinstance(tags, ui.CheckboxGroup) and isinstance(agreed, ui.Checkbox)
        assert isinstance(who, ui.UserSelect) and isinstance(where, ui.ChannelSelect)
        self.sent.append((tags.values, agreed.value, [u.name for u in who.values], [c.name for c in where.values]))
        await interaction.response.edit_message(content="edited")


async def test_modals_with_every_kind_of_input(playground: Playground, bot: Bot) -> None:
    sent: list[Any] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Form(sent))

    ann = playground.person("ann")
    async with running(bot, playground):
        opened = await (await ann.command("go")).settled()
        assert opened.kind == "modal" and opened.modal is not None
        assert (opened.modal["title"], opened.modal["custom_id"]) == ("Everything", "form")
        values = {"name": "Ann", "size": ["S"], "files": [("a.txt", b"one"), ("b.txt", b"two")], "colour": "Blue"}
        refused: list[dict[str, Any]] = [
            {"name": ""},
            {"name": "x" * 21},
            {"files": []},
            {"colour": "green"},
            {"size": "XL"},
        ]
        for wrong in refused:
            with pytest.raises(ValueError, match=next(iter(wrong))):
                await ann.submit(opened.modal, values | wrong)
        for missing, words in (("colour", "colour must be chosen"), ("files", "files takes 1 to 3, not 0")):
            with pytest.raises(ValueError, match=words):
                await ann.submit(opened.modal, {key: value for key, value in values.items() if key != missing})
        with pytest.raises(ValueError, match="files takes files"):
            await ann.submit(opened.modal, values | {"files": "a.txt"})
        with pytest.raises(LookupError, match="strange"):
            await ann.submit(opened.modal, {"strange": 1})
        answer = await (await ann.submit(opened.modal, values)).settled()
    assert answer.message is not None and answer.message["content"] == "thanks"
    assert sent == [("Ann", ["S"], [b"one", b"two"], "b")]


async def test_a_modal_from_a_button_edits_its_message(playground: Playground, bot: Bot) -> None:
    sent: list[Any] = []

    class Opener(ui.View):
        @ui.button(label="Open", custom_id="open")
        async def open(self, interaction: discord.Interaction, button: ui.Button) -> None:
            await interaction.response.send_modal(SecondForm(sent))

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("here", view=Opener())

    ann = playground.person("ann")
    async with running(bot, playground):
        shown = (await (await ann.command("go")).settled()).message
        assert shown is not None
        opened = await (await ann.press(shown, "Open")).settled()
        assert isinstance(opened.modal, Modal)
        answer = await (await ann.submit(opened.modal, {"who": "ann", "where": "general", "agreed": True})).settled()
    assert answer.message is not None
    assert (answer.message["id"], answer.message["content"]) == (shown["id"], "edited")
    assert sent == [(["cat"], True, ["ann"], ["general"])]


class ThirdForm(ui.Modal, title="The rest"):
    """Inputs without a label of their own, as older modals have them, and a choice of members and roles."""

    line: ui.TextInput[Any] = ui.TextInput(label="Line", custom_id="line", default="as it was", required=False)
    paragraph: ui.TextInput[Any] = ui.TextInput(
        label="Paragraph", custom_id="paragraph", style=discord.TextStyle.long, min_length=3, required=False
    )
    either: ui.Label[Any] = ui.Label(
        text="Either", component=ui.MentionableSelect(custom_id="either", max_values=2, required=False)
    )
    size: ui.Label[Any] = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            custom_id="size",
            required=False,
            options=[discord.RadioGroupOption(label="S"), discord.RadioGroupOption(label="M")],
        ),
    )

    def __init__(self, sent: list[Any]) -> None:
        super().__init__(custom_id="rest")
        self.sent = sent

    async def on_submit(self, interaction: discord.Interaction) -> None:
        either, size = self.either.component, self.size.component
        assert isinstance(either, ui.MentionableSelect) and isinstance(size, ui.RadioGroup)
        self.sent.append((self.line.value, self.paragraph.value, [x.name for x in either.values], size.value))
        await interaction.response.send_message("thanks")


async def test_what_is_left_alone_stays_as_it_was(playground: Playground, bot: Bot) -> None:
    sent: list[Any] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(ThirdForm(sent))

    ann = playground.person("ann")
    role = playground.world.guild("Atelier").role("artists")
    async with running(bot, playground):
        modal = (await (await ann.command("go")).settled()).modal
        assert modal is not None
        with pytest.raises(ValueError, match="paragraph has the wrong length"):
            await ann.submit(modal, {"paragraph": "x"})
        with pytest.raises(LookupError, match="no role"):
            await ann.submit(modal, {"either": "nobody"})
        with pytest.raises(ValueError, match="either takes"):
            await ann.submit(modal, {"either": ["ann", role, "artists"]})
        await (await ann.submit(modal)).settled()
        modal = (await (await ann.command("go")).settled()).modal
        assert modal is not None
        await (await ann.submit(modal, {"paragraph": "long", "either": [role, "ann"], "size": "M"})).settled()
    assert sent == [("as it was", "", [], None), ("as it was", "long", ["ann", "artists"], "M")]


async def test_a_modal_cannot_be_answered_with_a_modal(playground: Playground, bot: Bot) -> None:
    codes: list[int] = []

    class Endless(ui.Modal, title="More?"):
        text: ui.TextInput[Any] = ui.TextInput(label="x", required=False)

        async def on_submit(self, interaction: discord.Interaction) -> None:
            try:
                await interaction.response.send_modal(Endless())
            except discord.HTTPException as error:
                codes.append(error.code)

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Endless())

    ann = playground.person("ann")
    async with running(bot, playground):
        modal = (await (await ann.command("go")).settled()).modal
        assert modal is not None
        await ann.submit(modal)
        await playground.until(lambda: codes)
    assert codes == [50035]


async def test_a_modal_is_open_before_one_person_alone(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(ThirdForm([]))

    async with running(bot, playground):
        modal = (await (await playground.person("ann").command("go")).settled()).modal
        assert modal is not None
        with pytest.raises(LookupError, match="bob has no such modal open"):
            await playground.person("bob").submit(modal)
