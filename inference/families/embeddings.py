"""Embeddings: vectors under a name, read in place of that name wherever it stands in a text (Gal et al. 2022)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: Tokens of one chunk: no embedding has more vectors.
MAX_VECTORS = 75


@dataclass(frozen=True, eq=False)
class Embedding:
    """A name, and what one text encoder reads for it."""

    name: str
    #: Shape: (vectors, channels of the encoder).
    vectors: Tensor

    def __post_init__(self) -> None:
        count = len(self.vectors)
        if self.vectors.ndim != 2 or not 1 <= count <= MAX_VECTORS:
            raise ValueError(f"an embedding has from 1 to {MAX_VECTORS} vectors, but {self.name!r} has {count}")


class Vocabulary:
    """A tokenizer's tokens and, numbered after them, the vectors of embeddings."""

    def __init__(self, size: int, embeddings: Sequence[tuple[Sequence[int], Embedding]]) -> None:
        """`size`: numbers of tokens are below it. `embeddings`: each with its name's tokens."""
        self._size = size
        #: First token of a name -> names that begin so, longest first: (tokens of the name, numbers of its vectors).
        self._names: dict[int, list[tuple[list[int], list[int]]]] = {}
        #: Shape: (all vectors, channels); None without embeddings.
        self.vectors: Tensor | None = None
        start = size
        for tokens, embedding in embeddings:
            numbers = list(range(start, start + len(embedding.vectors)))
            start += len(numbers)
            if tokens:
                self._names.setdefault(tokens[0], []).append((list(tokens), numbers))
        for names in self._names.values():
            names.sort(key=lambda name: -len(name[0]))
        if embeddings:
            self.vectors = torch.cat([embedding.vectors for _, embedding in embeddings])

    def words(self, tokens: Sequence[int]) -> list[list[int]]:
        """Return tokens one by one, but names as their vectors, each name's together.

        As in AUTOMATIC1111 a name is found wherever its tokens stand in a row; the longest name wins.
        """
        words: list[list[int]] = []
        place = 0
        while place < len(tokens):
            for name, numbers in self._names.get(tokens[place], ()):
                if list(tokens[place : place + len(name)]) == name:
                    words.append(numbers)
                    place += len(name)
                    break
            else:
                words.append([tokens[place]])
                place += 1
        return words

    def plain(self, ids: Tensor) -> Tensor:
        """Return token numbers that an encoder knows: any in place of vectors."""
        return ids.where(ids < self._size, torch.zeros_like(ids))

    def reading(self, ids: Tensor, layer: nn.Module) -> "torch.utils.hooks.RemovableHandle | None":
        """Let a token embedding layer read these numbers with vectors in their places, until the handle is removed."""
        vectors, places = self.vectors, ids >= self._size
        if vectors is None or not bool(places.any()):
            return None

        def put(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
            changed = output.clone()
            changed[places] = vectors[ids[places] - self._size].to(output)
            return changed

        return layer.register_forward_hook(put)
