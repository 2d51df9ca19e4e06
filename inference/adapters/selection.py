"""What a recipe's adapters act on: what decides which pictures share a pass, and how their texts are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inference.adapters.reading import Adapter
from inference.protocol.limits import OutOfRange
from inference.protocol.recipe import AdapterUse, ContentHash

#: Adapters with their weights, in the order of their hashes, so that sets that are equal add up to the same bits.
Weighted = tuple[tuple[ContentHash, float], ...]
#: Words that embeddings are read for, each with its embedding.
Spoken = tuple[tuple[str, ContentHash], ...]
Part = Literal["unet", "text"]


@dataclass(frozen=True)
class Selection:
    """A recipe's adapters by what they act on: pictures that are equal in `unet` share passes."""

    unet: Weighted = ()
    text: Weighted = ()
    words: Spoken = ()

    @property
    def reading(self) -> tuple[Weighted, Spoken]:
        """Return what changes how texts are read."""
        return self.text, self.words


NO_ADAPTERS = Selection()


def part_of(target: str) -> Part:
    """Return the part of a model that a target lies in."""
    return "unet" if target.startswith("unet.") else "text"


def selected(uses: Sequence[AdapterUse], found: Mapping[ContentHash, Adapter]) -> Selection:
    """Return what adapters act on; the weights of one that is named twice add up, and what they cancel is left out.

    Raises OutOfRange for an embedding without a word, and for a word without an embedding.
    """
    unet: dict[ContentHash, float] = {}
    text: dict[ContentHash, float] = {}
    words: dict[str, ContentHash] = {}
    for use in uses:
        if found[use.hash].kind == "embedding":
            words[_word(use)] = use.hash
            continue
        if use.word is not None:
            raise OutOfRange(f"word of the adapter {use.hash[:10]}", use.word, "left out: it is no embedding")
        encoder = use.weight if use.text_encoder_weight is None else use.text_encoder_weight
        unet[use.hash] = unet.get(use.hash, 0.0) + use.weight
        text[use.hash] = text.get(use.hash, 0.0) + encoder
    return Selection(
        unet=_acting(unet, found, "unet"), text=_acting(text, found, "text"), words=tuple(sorted(words.items()))
    )


def _acting(weights: Mapping[ContentHash, float], found: Mapping[ContentHash, Adapter], part: Part) -> Weighted:
    """Return those that change anything of a part."""
    acting = (
        (name, weight)
        for name, weight in weights.items()
        if weight and any(part_of(target) == part for target in found[name].deltas)
    )
    return tuple(sorted(acting))


def _word(use: AdapterUse) -> str:
    if use.word is None:
        raise OutOfRange(f"word of the adapter {use.hash[:10]}", "none", "the word that it is read for: an embedding")
    return use.word
