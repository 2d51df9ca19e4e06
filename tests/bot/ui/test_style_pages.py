"""Styles fit into one message, however long they are, and what is shown of them is harmless."""

import pytest
from discord import ui

from bot.services.style_sheets import Skipped
from bot.services.style_shelves import Listed
from bot.services.style_values import Style
from bot.services.styles import Imported
from bot.texts import Mistake, say
from bot.ui import style_pages
from bot.ui.custom_ids import STYLE, STYLES, style_id, styles_id
from inference.protocol.limits import OutOfRange
from storage.styles import StoredStyle, StyleSettings
from tests.bot.stage import labels_of, text_of
from tests.bot.ui.test_pages import LONG, payload, require_limits

SETTINGS = StyleSettings(steps=500, guidance=99.99, sampler="*" * 200, size="4096x4096", model="`" * 200)


def listed(number: int = 0) -> Listed:
    stored = StoredStyle(id=number, member_id=1, guild_id=2, name="_" * 80, prompt="x", settings=SETTINGS)
    fields = {
        "prompt": LONG,
        "negative": LONG,
        **{name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__},
    }
    return Listed("_" * 80, Style.model_construct(**fields), stored)


def shown(view: ui.LayoutView) -> str:
    return text_of({"components": payload(view)})


@pytest.mark.parametrize("locale", ["en-US", "de"])
async def test_full_pages(locale: str) -> None:
    every = [listed(number) for number in range(700)]
    for start in (0, 350, 699, 5000):
        view = style_pages.styles(every, start, locale)
        require_limits(view)
        assert len(labels_of({"components": payload(view)})) == (2 if start == 350 else 1)
        assert "@everyone" not in shown(view)
    require_limits(style_pages.styles([], 0, locale))
    require_limits(style_pages.saved_style(listed(), locale))
    require_limits(style_pages.saved_style(listed(), locale, shared=True))
    require_limits(style_pages.exported_styles(300, "styles.csv", locale))


@pytest.mark.parametrize("locale", ["en-US", "de"])
async def test_a_full_report(locale: str) -> None:
    whys: list[Mistake | OutOfRange] = [
        Mistake("style_names_near", style="*" * 80, name="*" * 6000, near="*" * 300),
        Mistake("style_name", name="@everyone " * 1000, most=80),
        OutOfRange("prompt", "x" * 500, "y" * 500),
    ]
    skipped = [Skipped(number, "@everyone" * 10_000, whys[number % 3]) for number in range(300)]
    view = style_pages.imported_styles(Imported(300, 300, skipped), locale)
    require_limits(view)
    assert "@everyone" not in shown(view)
    require_limits(style_pages.imported_styles(Imported(0, 0, []), locale))


async def test_a_style_of_little_shows_little() -> None:
    only = Listed("noir", Style(prompt=" ", negative="colour"))
    assert shown(style_pages.styles([only], 0, None)).split("\n")[2:] == [
        "**noir** · comes with me",
        "-# without: colour",
    ]


def test_names_of_buttons_and_forms_are_read_again() -> None:
    styles, style = STYLES.fullmatch(styles_id(695)), STYLE.fullmatch(style_id(2**59))
    assert styles and styles["start"] == "695"
    assert style and style["id"] == str(2**59)
    assert STYLES.fullmatch(style_id(1)) is None


@pytest.mark.parametrize("key", ["style_form", "style_form_prompt", "style_form_negative"])
def test_words_of_the_form_fit(key: str) -> None:
    assert all(len(say(key, locale)) <= 45 for locale in ("en-US", "de"))
