"""What texts mean to a model, computed once for the same text."""

from collections import OrderedDict
from collections.abc import Mapping

from inference.adapters.application import Adapters
from inference.adapters.selection import NO_ADAPTERS, Selection, Spoken, Weighted
from inference.families.base import Conditioning, DiffusionModel
from inference.families.texts import Text
from inference.protocol.recipe import ContentHash

#: Texts kept; one of SDXL is about 0.5 MB in half precision.
_KEPT = 512

#: What of a picture's adapters changes how texts are read: weights and words.
_Read = tuple[Weighted, Spoken]
#: Model, text, clip skip, width and height, the chunks it is filled up to, and the adapters.
_Key = tuple[ContentHash, Text, int, int, int, int, _Read]


class ConditioningCache:
    """Remembers the conditioning of the latest texts a model. Only the engine's thread calls it."""

    def __init__(self, adapters: Adapters) -> None:
        self._adapters = adapters
        self._kept: OrderedDict[_Key, Conditioning] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def of(
        self,
        model: DiffusionModel,
        texts: tuple[Text, ...],
        width: int,
        height: int,
        clip_skip: int,
        selection: Selection = NO_ADAPTERS,
    ) -> Mapping[Text, Conditioning]:
        """Return the conditioning of each text, all of equally many tokens, as these adapters read it.

        Raises ModelError for an adapter that is gone.
        """
        embeddings = self._adapters.embeddings(model, selection)
        chunks = model.chunks(texts, embeddings)
        keys = {text: (model.hash, text, clip_skip, width, height, chunks, selection.reading) for text in texts}
        missing = [text for text, key in keys.items() if key not in self._kept]
        self.hits += len(keys) - len(missing)
        self.misses += len(missing)
        found = {text: self._kept[key] for text, key in keys.items() if key in self._kept}
        if missing:
            self._adapters.put_on(model, "text", selection.text)
        for text in missing:
            # Each by itself: a text's numbers must not depend, in their last bits, on what else was missing.
            (found[text],) = model.condition(
                [text], width=width, height=height, clip_skip=clip_skip, chunks=chunks, embeddings=embeddings
            )
        for text, key in keys.items():
            self._kept[key] = found[text]
            self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    def forget(self, model: ContentHash) -> None:
        """Drop what belongs to a model that is no longer resident, so that its device memory is free."""
        for key in [key for key in self._kept if key[0] == model]:
            del self._kept[key]
