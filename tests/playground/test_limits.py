"""Every limit from both sides: what fits is taken, what is one over is refused at its place."""

from typing import Any

import discord
import pytest

from playground import Playground
from tests.playground.conftest import Bot, refused, request, running, slash

V2 = 1 << 15


def button(**changes: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "x", "custom_id": "x"} | changes


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def select(**changes: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]} | changes


def buttons(count: int) -> list[dict[str, Any]]:
    return [button(custom_id=str(number)) for number in range(count)]


def options(count: int) -> list[dict[str, str]]:
    return [{"label": str(number), "value": str(number)} for number in range(count)]


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def gallery(*urls: str) -> dict[str, Any]:
    return {"type": 12, "items": [{"media": {"url": url}} for url in urls]}


def section(*texts: dict[str, Any], accessory: Any = None) -> dict[str, Any]:
    return {"type": 9, "components": list(texts), "accessory": accessory or button()}


def v2(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flags": V2, "components": list(components)} | more


def places(errors: Any, path: str = "") -> dict[str, str]:
    """Return the codes of an error's body by their places."""
    if "_errors" in errors:
        return {path: errors["_errors"][0]["code"]}
    found: dict[str, str] = {}
    for key, inner in errors.items():
        found |= places(inner, f"{path}.{key}" if path else key)
    return found


TAKEN = {
    "content": {"content": "x" * 2000},
    "embeds": {"embeds": [{"title": "x" * 256, "description": "y"}] * 10},
    "an embed": {"embeds": [{"description": "x" * 4096, "fields": [{"name": "n", "value": "v"}] * 25}]},
    "all embeds": {"embeds": [{"description": "x" * 3000}] * 2},
    "rows": {"content": "x", "components": [row(button(custom_id=str(each))) for each in range(5)]},
    "buttons": {"content": "x", "components": [row(*buttons(5))]},
    "options": {"content": "x", "components": [row(select(options=options(25), max_values=25))]},
    "a button": {"content": "x", "components": [row(button(label="x" * 80, custom_id="y" * 100))]},
    "a link": {"content": "x", "components": [row({"type": 2, "style": 5, "label": "x", "url": "https://x.org"})]},
    "texts": v2(text("x" * 2000), text("x" * 2000)),
    "forty": v2({"type": 17, "components": [text("x")] * 39}),
    "pictures": v2(gallery(*["https://x.org/a.png"] * 10)),
    "a section": v2(section(text("a"), text("b"), text("c"))),
    "a thumbnail": v2(section(text("a"), accessory={"type": 11, "media": {"url": "https://x.org/a.png"}})),
    "a separator": v2(text("a"), {"type": 14, "spacing": 2, "divider": False}),
    "a row inside": v2({"type": 17, "accent_color": 0xFF, "components": [row(button())]}),
}

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "content": ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    "content of a type": ({"content": 5}, "content", "BASE_TYPE_BAD_TYPE"),
    "embeds": ({"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
    "title": ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    "description": ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
    "footer": ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text", "BASE_TYPE_MAX_LENGTH"),
    "author": ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name", "BASE_TYPE_MAX_LENGTH"),
    "fields": (
        {"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]},
        "embeds.0.fields",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "a field's name": (
        {"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]},
        "embeds.0.fields.0.name",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "a field's value": (
        {"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]},
        "embeds.0.fields.0.value",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "all embeds": ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    "rows": (
        {"content": "x", "components": [row(button(custom_id=str(each))) for each in range(6)]},
        "components",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "an empty row": ({"content": "x", "components": [row()]}, "components.0.components", "BASE_TYPE_BAD_LENGTH"),
    "buttons": (
        {"content": "x", "components": [row(*buttons(6))]},
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "a button in no row": ({"content": "x", "components": [button()]}, "components.0.type", "BASE_TYPE_CHOICES"),
    "a select beside a button": (
        {"content": "x", "components": [row(select(), button())]},
        "components.0.components",
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
    ),
    "options": (
        {"content": "x", "components": [row(select(options=options(26)))]},
        "components.0.components.0.options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "an option twice": (
        {"content": "x", "components": [row(select(options=options(1) * 2))]},
        "components.0.components.0.options.1.value",
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    "max_values": (
        {"content": "x", "components": [row(select(max_values=26))]},
        "components.0.components.0.max_values",
        "NUMBER_TYPE_RANGE",
    ),
    "a label": (
        {"content": "x", "components": [row(button(label="x" * 81))]},
        "components.0.components.0.label",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "no label": (
        {"content": "x", "components": [row({"type": 2, "style": 1, "custom_id": "x"})]},
        "components.0.components.0.label",
        "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
    ),
    "a style": (
        {"content": "x", "components": [row(button(style=7))]},
        "components.0.components.0.style",
        "BASE_TYPE_CHOICES",
    ),
    "a custom id": (
        {"content": "x", "components": [row(button(custom_id="x" * 101))]},
        "components.0.components.0.custom_id",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "no custom id": (
        {"content": "x", "components": [row({"type": 2, "style": 1, "label": "x"})]},
        "components.0.components.0.custom_id",
        "BASE_TYPE_REQUIRED",
    ),
    "a custom id twice": (
        {"content": "x", "components": [row(button(), button())]},
        "components",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    "a link without address": (
        {"content": "x", "components": [row({"type": 2, "style": 5, "label": "x"})]},
        "components.0.components.0.url",
        "BASE_TYPE_REQUIRED",
    ),
    "content beside components": (
        v2(text("x"), content="y"),
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    "modern ones without the flag": (
        {"content": "x", "components": [text("x")]},
        "components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "texts": (v2(text("x" * 4000), text("x")), "components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
    "an empty text": (v2(text("")), "components.0.content", "BASE_TYPE_BAD_LENGTH"),
    "forty": (v2({"type": 17, "components": [text("x")] * 40}), "components", "BASE_TYPE_MAX_LENGTH"),
    "pictures": (v2(gallery(*["https://x.org/a.png"] * 11)), "components.0.items", "BASE_TYPE_BAD_LENGTH"),
    "no pictures": (v2(gallery()), "components.0.items", "BASE_TYPE_BAD_LENGTH"),
    "a scheme": (v2(gallery("ftp://x")), "components.0.items.0.media.url", "URL_TYPE_INVALID_SCHEME"),
    "a file from elsewhere": (
        v2({"type": 13, "file": {"url": "https://x.org/a"}}),
        "components.0.file.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    "a picture that is not there": (
        v2(gallery("attachment://a.png")),
        "components.0.items.0.media.url",
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
    ),
    "an embed's picture that is not there": (
        {"embeds": [{"image": {"url": "attachment://a.png"}}]},
        "embeds.0.image.url",
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
    ),
    "a section's texts": (v2(section(*[text("x")] * 4)), "components.0.components", "BASE_TYPE_BAD_LENGTH"),
    "a section's side": (
        v2(section(text("x"), accessory=text("y"))),
        "components.0.accessory.type",
        "BASE_TYPE_CHOICES",
    ),
    "a separator": (v2(text("x"), {"type": 14, "spacing": 3}), "components.1.spacing", "BASE_TYPE_CHOICES"),
    "a container in a container": (
        v2({"type": 17, "components": [{"type": 17, "components": [text("x")]}]}),
        "components.0.components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "an input on a message": (
        {"content": "x", "components": [row({"type": 4, "custom_id": "x", "style": 1})]},
        "components.0.components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "an id twice": (v2(text("x") | {"id": 7}, text("y") | {"id": 7}), "components", "COMPONENT_ID_DUPLICATED"),
}


def _messages(playground: Playground) -> str:
    return f"/channels/{playground.world.find_channel('general').id}/messages"


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN)
async def test_what_fits_is_taken(playground: Playground, client: Bot, body: dict[str, Any]) -> None:
    sent = await request(client, "POST", _messages(playground), json=body)
    assert [message["id"] for message in playground.messages()] == [sent["id"]]


@pytest.mark.parametrize(("body", "place", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_does_not_fit_is_refused(
    playground: Playground, client: Bot, body: dict[str, Any], place: str, code: str
) -> None:
    with refused(400, 50035):
        await request(client, "POST", _messages(playground), json=body)
    assert places(playground.exchanges[-1].reply["errors"]) == {place: code}
    assert playground.messages() == []


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"embeds": []}, v2()])
async def test_an_empty_message_is_refused(playground: Playground, client: Bot, body: dict[str, Any]) -> None:
    with refused(400, 50006):
        await request(client, "POST", _messages(playground), json=body)


async def test_an_edit_that_would_break_a_limit_changes_nothing(playground: Playground, client: Bot) -> None:
    sent = await request(client, "POST", _messages(playground), json={"content": "first"})
    path = f"{_messages(playground)}/{sent['id']}"
    with refused(400, 50035):
        await request(client, "PATCH", path, json={"content": "x" * 2001, "embeds": [{"title": "y"}]})
    with refused(400, 50006):
        await request(client, "PATCH", path, json={"content": ""})
    with refused(400, 50035):
        await request(client, "PATCH", path, json={"flags": V2, "components": [text("x")]})
    assert [(each["content"], each["embeds"], each["edited_timestamp"]) for each in playground.messages()] == [
        ("first", [], None)
    ]
    edited = await request(
        client, "PATCH", path, json={"flags": V2, "content": None, "components": [text("now modern")]}
    )
    assert (edited["content"], edited["flags"]) == ("", V2)


# --- modals and choices


MODALS: dict[str, tuple[dict[str, Any], str]] = {
    "title": ({"title": "x" * 46}, "data.title"),
    "no title": ({"title": None}, "data.title"),
    "custom id": ({"custom_id": "x" * 101}, "data.custom_id"),
    "nothing inside": ({"components": []}, "data.components"),
    "six inside": ({"components": [text("x")] * 6}, "data.components"),
    "a button inside": ({"components": [row(button())]}, "data.components.0.components.0.type"),
    "a container inside": ({"components": [{"type": 17, "components": [text("x")]}]}, "data.components.0.type"),
    "a label's text": (
        {"components": [{"type": 18, "label": "x" * 46, "component": {"type": 23, "custom_id": "c"}}]},
        "data.components.0.label",
    ),
    "a description": (
        {
            "components": [
                {"type": 18, "label": "x", "description": "x" * 101, "component": {"type": 23, "custom_id": "c"}}
            ]
        },
        "data.components.0.description",
    ),
    "a style": (
        {"components": [row({"type": 4, "custom_id": "x", "label": "x", "style": 3})]},
        "data.components.0.components.0.style",
    ),
    "a length": (
        {"components": [row({"type": 4, "custom_id": "x", "label": "x", "style": 1, "max_length": 4001})]},
        "data.components.0.components.0.max_length",
    ),
    "a value": (
        {"components": [row({"type": 4, "custom_id": "x", "label": "x", "style": 1, "value": "xx", "max_length": 1})]},
        "data.components.0.components.0.value",
    ),
    "radio options": (
        {
            "components": [
                {"type": 18, "label": "x", "component": {"type": 21, "custom_id": "c", "options": options(11)}}
            ]
        },
        "data.components.0.component.options",
    ),
    "files": (
        {"components": [{"type": 18, "label": "x", "component": {"type": 19, "custom_id": "c", "max_values": 11}}]},
        "data.components.0.component.max_values",
    ),
}
_MODAL = {"title": "x", "custom_id": "m", "components": [row({"type": 4, "custom_id": "x", "label": "x", "style": 1})]}


async def _answer(interaction: discord.Interaction, body: dict[str, Any]) -> None:
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    await request(interaction.client, "POST", path, json=body)


async def test_modals_that_do_not_fit(playground: Playground, bot: Bot) -> None:
    found: dict[str, list[str]] = {}

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        for name, (changes, _) in MODALS.items():
            with refused(400, 50035):
                await _answer(interaction, {"type": 9, "data": _MODAL | changes})
            found[name] = list(places(playground.exchanges[-1].reply["errors"]))
        await _answer(interaction, {"type": 9, "data": _MODAL})

    async with running(bot, playground):
        response = await (await playground.person("ann").command("go")).settled()
    assert found == {name: [place] for name, (_, place) in MODALS.items()}
    assert response.kind == "modal"


CHOICES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "too many": ([{"name": "x", "value": "x"}] * 26, "data.choices"),
    "a name": ([{"name": "x" * 101, "value": "x"}], "data.choices.0.name"),
    "a value": ([{"name": "x", "value": "x" * 101}], "data.choices.0.value"),
    "no value": ([{"name": "x"}], "data.choices.0.value"),
}


async def test_choices_that_do_not_fit(playground: Playground, bot: Bot) -> None:
    found: dict[str, list[str]] = {}

    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, model: str) -> None: ...

    @imagine.autocomplete("model")
    async def models(interaction: discord.Interaction, current: str) -> list[Any]:
        for name, (choices, _) in CHOICES.items():
            with refused(400, 50035):
                await _answer(interaction, {"type": 8, "data": {"choices": choices}})
            found[name] = list(places(playground.exchanges[-1].reply["errors"]))
        with refused(400, 50035):
            await _answer(interaction, {"type": 4, "data": {"content": "no answer to this"}})
        return [discord.app_commands.Choice(name="x" * 100, value="x" * 100)] * 25

    async with running(bot, playground):
        choices = await playground.person("ann").autocomplete("imagine", {}, "model")
    assert found == {name: [place] for name, (_, place) in CHOICES.items()}
    assert len(choices) == 25
