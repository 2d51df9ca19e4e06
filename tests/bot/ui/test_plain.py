"""What people wrote is shown as they wrote it, and does nothing."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.ui.plain import bar, block, harmless


@given(st.text(max_size=400), st.integers(1, 300))
def test_any_text_is_one_harmless_line(text: str, most: int) -> None:
    shown = harmless(text, most)
    bare = re.sub(r"\\(?=[^\w\s])", "", shown).replace("\u200b", "")
    assert len(bare) <= most + 1
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_~|`<\[]", shown)
    assert not re.search(r"@(everyone|here)", shown)
    assert not any(character in shown for character in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b")


@given(st.text(alphabet="`@*\n\u202eabc", max_size=200), st.integers(10, 100))
def test_any_text_stays_in_its_block(text: str, most: int) -> None:
    shown = block(text, most)
    assert shown.startswith("```\n")
    assert shown.endswith("\n```")
    assert "```" not in shown[3:-3]
    assert "\u202e" not in shown


def test_bars() -> None:
    assert [bar(share, 4) for share in (-1, 0, 0.5, 1, 2)] == ["▱▱▱▱", "▱▱▱▱", "▰▰▱▱", "▰▰▰▰", "▰▰▰▰"]
