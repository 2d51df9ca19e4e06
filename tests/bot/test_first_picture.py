"""From /imagine to pictures, through everything that is real."""

from pathlib import Path

from playground import Playground
from tests.bot.stage import is_result, labels_of, on_stage, text_of, urls_of


async def test_a_wish_becomes_pictures_with_buttons(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await ann.command("imagine", {"prompt": "a red circle", "count": 3})
        await playground.until(lambda: any(map(is_result, playground.messages())))
        (message,) = playground.messages()
    assert len(urls_of(message)) == 3
    assert labels_of(message)[-3:] == ["Again", "Settings", "Delete"]
    assert "a red circle" in text_of(message)
