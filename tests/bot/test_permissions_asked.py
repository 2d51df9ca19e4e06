"""The permissions that the document about the Discord application names are those that its link asks for."""

import re
from pathlib import Path

import discord

_DOCUMENT = Path(__file__).parents[2] / "docs" / "discord-application.md"


def test_the_link_asks_for_the_permissions_of_the_table() -> None:
    text = _DOCUMENT.read_text(encoding="utf-8")
    table = text.split("## Permissions")[1].split("\n## ")[0]
    named = re.findall(r"^\| ([A-Z][A-Za-z ]+) \|", table, re.MULTILINE)
    asked = discord.Permissions(
        **{name.lower().replace(" ", "_").replace("channels", "channel"): True for name in named}
    )
    assert len(named) == 7
    assert re.findall(r"permissions=(\d+)", text) == [str(asked.value)]
    assert not asked.administrator
