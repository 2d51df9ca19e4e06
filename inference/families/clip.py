"""Text through CLIP encoders: any length, in chunks of 75 tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

#: Tokens of text in one chunk; with begin and end it fills CLIP's 77 positions.
CHUNK = 75


@dataclass(frozen=True, eq=False)
class ClipEncoder:
    """A tokenizer and its text encoder."""

    tokenizer: CLIPTokenizer
    model: CLIPTextModel | CLIPTextModelWithProjection
    #: Hidden state taken at clip skip 1, counted from the last: 1 is the last layer's.
    usual_layer: int = 1
    #: Whether the final layer norm follows an earlier layer; SD 1.x and 2.x do that, SDXL does not.
    normed: bool = True

    def tokens(self, text: str) -> list[int]:
        """Return the text's tokens, without begin and end, however many they are."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
        return ids

    def chunks(self, text: str) -> int:
        """Return how many chunks the text fills, at least one."""
        return max(1, -(-len(self.tokens(text)) // CHUNK))

    def encode(self, texts: Sequence[str], chunks: int, clip_skip: int) -> tuple[Tensor, Tensor | None]:
        """Return the texts' hidden states (B, 77 * chunks, D) and, with a projection, the first chunk's pooled (B, P).

        Each chunk goes through the encoder on its own, as AUTOMATIC1111 does; short texts are filled with empty ones.
        """
        ids = torch.tensor([self._ids(text, chunk) for text in texts for chunk in range(chunks)])
        output = self.model(ids.to(self.model.device), output_hidden_states=True)
        hidden = self._layer(output, clip_skip)
        hidden = hidden.reshape(len(texts), chunks * hidden.shape[1], hidden.shape[2])
        pooled = getattr(output, "text_embeds", None)
        return hidden, None if pooled is None else pooled.reshape(len(texts), chunks, -1)[:, 0]

    def _ids(self, text: str, chunk: int) -> list[int]:
        part = self.tokens(text)[chunk * CHUNK : (chunk + 1) * CHUNK]
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        padding = self.tokenizer.pad_token_id
        return [begin, *part, end, *[padding] * (CHUNK - len(part))]

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
