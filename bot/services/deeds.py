"""What buttons make of a picture. Pure."""

from collections.abc import Mapping
from typing import Literal, get_args

from bot.services.derive import VERBS, Verb
from bot.services.enlarging import Factor, Way

#: Buttons that make a picture larger.
Larger = Literal["upscale_2", "upscale_4", "hires_2", "detail_2"]
LARGER: Mapping[Larger, tuple[Way, Factor]] = {
    "upscale_2": ("network", 2),
    "upscale_4": ("network", 4),
    "hires_2": ("hires", 2),
    "detail_2": ("detail", 2),
}
Deed = Verb | Larger
DEEDS: tuple[Deed, ...] = (*VERBS, *get_args(Larger))
