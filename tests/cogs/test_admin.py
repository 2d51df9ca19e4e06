"""/admin: what the admins of a server choose for it."""

from pathlib import Path
from typing import Any

import pytest

from playground import Modal, Playground
from playground.people import Person
from playground.permissions import Permission
from storage.guilds import Limits
from tests.bot.stage import answer, answer_to, is_private, on_stage, text_of

KEPT_OUT = "Kept out of every picture that is asked for in this server:"
NOTHING = "Nothing is kept out of every picture of this server."


async def form_of(person: Person) -> Modal:
    modal = (await (await person.command("admin content negative")).settled()).modal
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
        told = await answer_to(playground, owner, "admin content negative", {"text": " blurry, @everyone ```x "})
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
        await answer_to(playground, owner, "admin content negative", {"text": "x"})
        assert await answer_to(playground, owner, "admin content negative", {"text": "   "}) == NOTHING
        assert await submitted(playground, owner, await form_of(owner), {}) == NOTHING


async def test_each_server_has_its_own(playground: Playground, tmp_path: Path) -> None:
    other = playground.world.guild("Elsewhere")
    other.channel("lounge")
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        await answer_to(playground, owner, "admin content negative", {"text": "here"})
        await answer_to(playground, owner, "admin content negative", {"text": "there"}, channel="lounge")
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
            await ann.command("admin content negative", {"text": "x"})
        with pytest.raises(LookupError, match="offered no command 'admin'"):
            await mia.command("admin content negative", {"text": "x"}, channel=mia.dm)
        assert "x" in await answer_to(playground, mia, "admin content negative", {"text": "x"})


async def test_a_text_that_cannot_be(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        told = await answer_to(playground, owner, "admin content negative", {"text": "x" * 2001}, checked=False)
        assert told == "Negative prompt is 2,001 characters long, but must be at most 2,000 characters."
        assert bot.rooms.guilds.settings(playground.world.guild("Atelier").id).negative_prompt == ""
        longest = await answer_to(playground, owner, "admin content negative", {"text": "x" * 2000})
        assert "x" * 2000 in longest


# Buttons ------------------------------------------------------------------------------------------------------------


async def test_who_may_press_is_set_and_shown(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    makers, keepers = guild.role("makers"), guild.role("keepers")
    async with on_stage(playground, tmp_path) as bot:

        async def buttons(**options: Any) -> str:
            return await answer_to(playground, owner, "admin roles buttons", options)

        assert (await buttons()).startswith("Everyone who sees a picture")
        assert (await buttons(who="nobody else")).startswith("Only whoever asked for a picture, and moderators, may")
        assert bot.rooms.guilds.settings(guild.id).press == "author"
        told = await buttons(who="members with a role", role="makers", role3="keepers", role5="makers")
        assert told.endswith(
            f"one of these roles may make more of it with its buttons: <@&{makers.id}>, <@&{keepers.id}>"
        )
        assert await buttons() == told
    async with on_stage(playground, tmp_path) as bot:
        settings = bot.rooms.guilds.settings(guild.id)
        assert (settings.press, settings.press_roles) == ("roles", (makers.id, keepers.id))
        assert await buttons() == told
        assert f": <@&{keepers.id}>" in await buttons(role2="keepers"), "a role by itself says enough"
        assert (await buttons(who="everyone")).startswith("Everyone")
        settings = bot.rooms.guilds.settings(guild.id)
        assert (settings.press, settings.press_roles) == ("everyone", ())


async def test_roles_that_do_not_fit(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    guild.role("makers")
    async with on_stage(playground, tmp_path) as bot:
        told = await answer_to(playground, owner, "admin roles buttons", {"who": "members with a role"})
        assert told.startswith("Name at least one role")
        for who in ("everyone", "nobody else"):
            told = await answer_to(playground, owner, "admin roles buttons", {"who": who, "role": "makers"})
            assert told.startswith("Roles only matter")
        assert bot.rooms.guilds.settings(guild.id).press == "everyone"


# Making larger ------------------------------------------------------------------------------------------------------


async def test_how_much_larger_is_set_and_shown(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:

        async def upscale(**options: Any) -> str:
            return await answer_to(playground, owner, "admin limits upscale", options)

        assert "up to 4 times as wide and as high in this server, with 67 million pixels" in await upscale()
        assert "up to 4 times as wide and as high in this server, with 16 million" in await upscale(megapixels=16)
        assert "up to 2 times as wide and as high in this server, with 16 million" in await upscale(most="up to 2×")
        assert bot.rooms.guilds.settings(guild.id).limits == Limits(upscale=2, upscale_pixels=16_000_000)
        assert await upscale(most="not at all") == "Pictures are not made larger in this server."
        for wrong in (0, 68, -1):
            with pytest.raises(ValueError, match="megapixels"):
                await upscale(megapixels=wrong)
        told = await answer_to(playground, owner, "admin limits upscale", {"megapixels": 68}, checked=False)
        assert told.startswith("Pixels of a picture made larger is 68000000, but must be")
        owner.user.locale = "de"
        told = await answer_to(playground, owner, "admin limits upscale", {"megapixels": 68}, checked=False)
        assert told.startswith("Pixel eines vergrößerten Bildes: 68000000 geht nicht. Erlaubt: eine ganze Zahl von ")
        owner.user.locale = "en-US"
    async with on_stage(playground, tmp_path) as bot:
        assert bot.rooms.guilds.settings(guild.id).limits == Limits(upscale=1, upscale_pixels=16_000_000)
        assert await upscale() == "Pictures are not made larger in this server."


async def test_they_speak_german(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    owner.user.locale = "de"
    async with on_stage(playground, tmp_path):
        assert "bis zu 4-mal so breit" in await answer_to(playground, owner, "admin limits upscale")
        assert "darf mit seinen Knöpfen" in await answer_to(playground, owner, "admin roles buttons")
