"""What texts mean to a model, computed once for the same text."""

from collections import OrderedDict

from inference.families.base import Conditioning, DiffusionModel
from inference.protocol.recipe import BaseRecipe, ContentHash

#: Pairs of texts kept; an SDXL pair is about 1 MB in half precision.
_KEPT = 256


class ConditioningCache:
    """Remembers the conditioning of the latest texts a model. Only the engine's thread calls it."""

    def __init__(self) -> None:
        self._pairs: OrderedDict[tuple[object, ...], tuple[Conditioning, Conditioning]] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def pair(
        self, recipe: BaseRecipe, model: DiffusionModel, width: int, height: int
    ) -> tuple[Conditioning, Conditioning]:
        """Return the conditioning of the prompt and of the negative prompt, of equally many tokens."""
        key = (recipe.model, recipe.prompt, recipe.negative_prompt, recipe.clip_skip, width, height)
        if key in self._pairs:
            self.hits += 1
            self._pairs.move_to_end(key)
            return self._pairs[key]
        self.misses += 1
        texts = [recipe.prompt, recipe.negative_prompt]
        positive, negative = model.condition(texts, width=width, height=height, clip_skip=recipe.clip_skip)
        self._pairs[key] = (positive, negative)
        while len(self._pairs) > _KEPT:
            self._pairs.popitem(last=False)
        return positive, negative

    def forget(self, model: ContentHash) -> None:
        """Drop what belongs to a model that is no longer resident, so that its device memory is free."""
        for key in [key for key in self._pairs if key[0] == model]:
            del self._pairs[key]
