"""The answer about a picture's relatives, within Discord's limits."""

from typing import Any

import msgspec

from bot.services.lineage import Relative, Shown
from bot.ui.lineage_pages import settings, tree
from storage.images import ImageId
from tests.bot.services.test_lineage import kin
from tests.bot.stage import labels_of, text_of, walk
from tests.sample_requests import recipe


def message(view: Any) -> dict[str, Any]:
    return {"components": view.to_components()}


def large(prompt: str = "a fox") -> Shown:
    """Return forty pictures in a line, each with a prompt of its own."""
    relatives = []
    for place in range(40):
        own = kin(place, place - 1 if place else None)
        image = msgspec.structs.replace(own.image, recipe=recipe(prompt=f"{place} {prompt}"))
        relatives.append(
            Relative(
                parent=place - 1 if place else None,
                number=place + 1,
                job=own.job,
                image=image,
                place=(10**18, 10**18, 10**18),
                left_out=place % 2,
            )
        )
    return Shown(relatives=tuple(relatives), asked=20, drawing=b"")


def test_a_large_family_stays_within_discords_limits() -> None:
    for locale in ("en", "de"):
        shown = message(tree(large("**@everyone** [x](https://y) " * 40), locale))
        assert len(text_of(shown)) <= 4000
        assert len(walk(shown["components"])) <= 40
        assert all(len(label) <= 80 for label in labels_of(shown))


def test_the_nearest_are_told_of() -> None:
    shown = message(tree(large(), None))
    lines = [line for line in text_of(shown).split("\n") if line.startswith("**")]
    assert [line.split()[0] for line in lines] == [f"**{number}**" for number in range(10, 22)]
    assert "and 28 more in the drawing" in text_of(shown)
    assert "Not shown, for want of room: 20." in text_of(shown)
    assert labels_of(shown)[:5] == ["Picture 21", "Picture 20", "Picture 19", "Picture 18", "Picture 17"]


def test_prompts_are_told_where_they_change_and_are_harmless() -> None:
    root, child = kin(0, None), kin(1, 0)
    plain = msgspec.structs.replace(root.image, recipe=recipe(prompt="@everyone **fox**"))
    relatives = [
        Relative(parent=None, number=1, job=root.job, image=plain),
        Relative(parent=0, number=2, job=child.job, image=msgspec.structs.replace(plain, id=ImageId(1))),
        Relative(parent=0, number=3, job=child.job, image=child.image),
    ]
    words = text_of(message(tree(Shown(relatives=tuple(relatives), asked=0, drawing=b""), None)))
    assert words.count("fox") == 1
    assert "@everyone" not in words
    assert "**2** Vary · from 1\n" in words
    assert f"**3** Vary · from 1 · {recipe().prompt}" in words


def test_settings_stay_within_discords_limits() -> None:
    shown = message(settings("x`" * 5000, "de"))
    assert len(text_of(shown)) <= 4000
    assert labels_of(shown) == ["Noch einmal malen"]
