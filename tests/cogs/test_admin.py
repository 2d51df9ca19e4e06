"""/admin: what the admins of a server choose for it."""

from pathlib import Path
from typing import Any

import pytest

from playground import Modal, Playground
from playground.people import Person
from playground.permissions import Permission
from tests.bot.stage import answer, answer_to, is_private, on_stage, text_of

KEPT_OUT = "Kept out of every picture that is asked for in this server:"
NOTHING = "Nothing is kept out of every picture of this server."


async def form_of(person: Person) -> Modal:
    modal = (await (await person.command("admin negative")).settled()).modal
    assert modal is not None
    return modal


async def submitted(playground: Playground, person: Person, modal: Modal, values: dict[str, Any]) -> str:
    message = await answer(playground, await person.submit(modal, values))
    assert is_private(message)
    return text_of(message)


async def test_a_negative_prompt_is_set_shown_and_cleared(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        assert bot.rooms.guilds.settings(guild.id).negative_prompt == ""
        told = await answer_to(playground, owner, "admin negative", {"text": " blurry, @everyone ```x "})
        assert told == f"{KEPT_OUT}\n```\nblurry, @everyone `\u200b``x\n```"
    async with on_stage(playground, tmp_path) as bot:
        assert bot.rooms.guilds.settings(guild.id).negative_prompt == "blurry, @everyone ```x"
        modal = await form_of(owner)
        assert modal["components"][0]["component"]["value"] == "blurry, @everyone ```x"
        assert await submitted(playground, owner, modal, {"text": "a watermark"}) == (
            f"{KEPT_OUT}\n```\na watermark\n```"
        )
        modal = await form_of(owner)
    async with on_stage(playground, tmp_path) as bot:
        assert await submitted(playground, owner, modal, {"text": ""}) == NOTHING, "the form is older than the bot"
        assert bot.rooms.guilds.settings(guild.id).negative_prompt == ""
        await answer_to(playground, owner, "admin negative", {"text": "x"})
        assert await answer_to(playground, owner, "admin negative", {"text": "   "}) == NOTHING
        assert await submitted(playground, owner, await form_of(owner), {}) == NOTHING


async def test_each_server_has_its_own(playground: Playground, tmp_path: Path) -> None:
    other = playground.world.guild("Elsewhere")
    other.channel("lounge")
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        await answer_to(playground, owner, "admin negative", {"text": "here"})
        await answer_to(playground, owner, "admin negative", {"text": "there"}, channel="lounge")
        settings = bot.rooms.guilds.settings
        assert settings(playground.world.guild("Atelier").id).negative_prompt == "here"
        assert settings(other.id).negative_prompt == "there"
        assert settings(None).negative_prompt == ""


async def test_who_is_offered_it(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path):
        ann, mia = playground.person("ann"), playground.person("mia")
        mia.join(guild, [guild.role("keepers", Permission.MANAGE_GUILD)])
        with pytest.raises(LookupError, match="offered no command 'admin'"):
            await ann.command("admin negative", {"text": "x"})
        with pytest.raises(LookupError, match="offered no command 'admin'"):
            await mia.command("admin negative", {"text": "x"}, channel=mia.dm)
        assert "x" in await answer_to(playground, mia, "admin negative", {"text": "x"})


async def test_a_text_that_cannot_be(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        told = await answer_to(playground, owner, "admin negative", {"text": "x" * 2001}, checked=False)
        assert told == "Negative prompt is 2,001 characters long, but must be at most 2,000 characters."
        assert bot.rooms.guilds.settings(playground.world.guild("Atelier").id).negative_prompt == ""
        longest = await answer_to(playground, owner, "admin negative", {"text": "x" * 2000})
        assert "x" * 2000 in longest
