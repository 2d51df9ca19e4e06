"""What is offered while somebody types."""

import msgspec

from bot.ui.choices import models_like
from inference.protocol.recipe import ContentHash
from tests.clockwork import MODEL


def test_only_models_that_paint_from_words_are_offered() -> None:
    others = [
        msgspec.structs.replace(MODEL, hash=ContentHash("d" * 64), name="clockwork two"),
        msgspec.structs.replace(MODEL, hash=ContentHash("e" * 64), name="clockwork teller", instructs=True),
        msgspec.structs.replace(MODEL, hash=ContentHash("f" * 64), name="clockwork vae", kind="vae"),
    ]
    offered = [choice.value for choice in models_like("CLOCK", [MODEL, *others])]
    assert offered == [MODEL.name, "clockwork two"]
