"""Text through CLIP encoders: any length, in chunks of 75 tokens, with a weight for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from inference.families.chunks import CHUNK, Chunk, chunked
from inference.families.embeddings import Embedding, Vocabulary
from inference.families.spelling import readable
from inference.prompt.attention import Break, attention
from inference.protocol.messages import Token, TokenChunk

#: A text in pieces that have a weight each; None is a BREAK.
Weighted = Sequence[tuple[str, float] | None]


@dataclass(frozen=True, eq=False)
class Chunker:
    """A tokenizer, and how it cuts texts into what an encoder reads; it needs no network for that."""

    tokenizer: CLIPTokenizer

    def tokens(self, text: str) -> list[int]:
        """Return the text's tokens, without begin and end, however many they are."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
        return ids

    def chunks(self, text: Weighted, embeddings: Sequence[Embedding] = ()) -> int:
        """Return how many chunks the text fills, at least one."""
        return len(self._chunked(text, self._vocabulary(embeddings)))

    def shown(self, text: Weighted) -> tuple[TokenChunk, ...]:
        """Return the chunks that the text fills, with their tokens as people read them."""
        found = self._chunked(text, self._vocabulary(()))
        return tuple(TokenChunk(tokens=self._shown(chunk)) for chunk in found)

    def _shown(self, chunk: Chunk) -> tuple[Token, ...]:
        words = readable(self.tokenizer.convert_ids_to_tokens(chunk.tokens))
        return tuple(Token(text=word, weight=weight) for word, weight in zip(words, chunk.weights, strict=True))

    def _vocabulary(self, embeddings: Sequence[Embedding]) -> Vocabulary:
        return Vocabulary(len(self.tokenizer), [(self.tokens(each.name), each) for each in embeddings])

    def _chunked(self, text: Weighted, vocabulary: Vocabulary) -> list[Chunk]:
        return chunked((piece and (vocabulary.words(self.tokens(piece[0])), piece[1]) for piece in text), self._comma)

    @cached_property
    def _comma(self) -> int | None:
        """The token of a comma that ends a word; None for a vocabulary without one."""
        found = self.tokenizer.convert_tokens_to_ids(",</w>")
        return None if found == self.tokenizer.unk_token_id else found


@dataclass(frozen=True, eq=False)
class ClipEncoder(Chunker):
    """A tokenizer and its text encoder."""

    model: CLIPTextModel | CLIPTextModelWithProjection
    #: Hidden state taken at clip skip 1, counted from the last: 1 is the last layer's.
    usual_layer: int = 1
    #: Whether the final layer norm follows an earlier layer; SD 1.x and 2.x do that, SDXL does not.
    normed: bool = True

    def encode(
        self, texts: Sequence[Weighted], chunks: int, clip_skip: int, embeddings: Sequence[Embedding] = ()
    ) -> tuple[Tensor, Tensor | None]:
        """Return the texts' hidden states (B, 77 * chunks, D) and, with a projection, the first chunk's pooled (B, P).

        Each chunk goes through the encoder on its own, as AUTOMATIC1111 does; short texts are filled with empty ones.
        A token's weight scales its hidden state, after which the chunk's mean is restored. Pooled text has no weights.
        The names of `embeddings` are read as their vectors.
        """
        vocabulary = self._vocabulary(embeddings)
        every = [self._chunked(text, vocabulary) for text in texts]
        flat = [chunk for found in every for chunk in [*found, *[Chunk()] * (chunks - len(found))]]
        ids = torch.tensor([self._ids(each) for each in flat]).to(self.model.device)
        handle = vocabulary.reading(ids, self.model.get_input_embeddings())
        try:
            output = self.model(vocabulary.plain(ids), output_hidden_states=True)
        finally:
            if handle is not None:
                handle.remove()
        hidden = self._layer(output, clip_skip)
        if any(weight != 1 for chunk in flat for weight in chunk.weights):
            hidden = _emphasised(hidden, torch.tensor([_padded(chunk.weights) for chunk in flat]).to(hidden))
        hidden = hidden.reshape(len(texts), chunks * hidden.shape[1], hidden.shape[2])
        pooled = getattr(output, "text_embeds", None)
        return hidden, None if pooled is None else pooled.reshape(len(texts), chunks, -1)[:, 0]

    def _ids(self, chunk: Chunk) -> list[int]:
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        padding = self.tokenizer.pad_token_id
        return [begin, *chunk.tokens, end, *[padding] * (CHUNK - len(chunk.tokens))]

    def _layer(self, output: object, clip_skip: int) -> Tensor:
        layer = self.usual_layer + clip_skip - 1
        if layer == 1 and self.normed:
            last: Tensor = output.last_hidden_state  # type: ignore[attr-defined]
            return last
        states: tuple[Tensor, ...] = output.hidden_states  # type: ignore[attr-defined]
        hidden = states[-min(layer, len(states))]
        if not self.normed:
            return hidden
        body = getattr(self.model, "text_model", self.model)
        normed: Tensor = body.final_layer_norm(hidden)
        return normed


def _padded(weights: Sequence[float]) -> list[float]:
    """Return the weights of a chunk's 77 positions: begin, end and padding have 1."""
    return [1.0, *weights, 1.0, *[1.0] * (CHUNK - len(weights))]


def _emphasised(hidden: Tensor, weights: Tensor) -> Tensor:
    """Scale hidden states (B, 77, D) by weights (B, 77), and restore each chunk's mean, as AUTOMATIC1111 does.

    It takes the mean over all texts of a batch; here a text's own chunk decides, so that neighbours change nothing.
    Where the scaled mean is 0 nothing can be restored.
    """
    scaled = hidden * weights[..., None]
    before, after = (each.float().mean((1, 2), keepdim=True) for each in (hidden, scaled))
    restored = torch.where(after == 0, torch.ones_like(after), before / after)
    return scaled * restored.to(scaled)


def token_chunks(chunkers: Sequence[Chunker], text: str) -> tuple[TokenChunk, ...]:
    """Return the chunks of a text as a model's text encoders read it: those of the encoder that needs the most."""
    pieces = weighted(text)
    return max((chunker.shown(pieces) for chunker in chunkers), key=len)


def weighted(text: str) -> Weighted:
    """Return a text in pieces with their weights, as its brackets say."""
    return [None if isinstance(piece, Break) else (piece.text, piece.weight) for piece in attention(text)]
