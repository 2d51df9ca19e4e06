"""Stable Diffusion XL base: two CLIP encoders, pooled text and size conditioning (Podell et al. 2023)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from inference.families.base import Conditioning, Embeddings
from inference.families.sd import UNetModel
from inference.families.texts import Text


class StableDiffusionXL(UNetModel):
    """SDXL base."""

    @torch.inference_mode()
    def condition(
        self,
        texts: Sequence[Text],
        *,
        width: int,
        height: int,
        clip_skip: int,
        chunks: int | None = None,
        embeddings: Embeddings = (),
    ) -> list[Conditioning]:
        """Return one conditioning a text, with its pooled vector and the picture's size; see DiffusionModel."""
        context, pooled = self._contexts(texts, clip_skip, chunks, embeddings)
        if pooled is None:
            raise ValueError("SDXL's second text encoder has no projection")
        size_ids = torch.tensor([height, width, 0, 0, height, width], dtype=self.dtype, device=self.device)
        return [
            Conditioning(context=one, pooled=vector, size_ids=size_ids)
            for one, vector in zip(context.to(self.device), pooled.to(self.device, self.dtype), strict=True)
        ]

    @torch.inference_mode()
    def network(self, x: Tensor, timesteps: Tensor, rows: Sequence[Conditioning], concat: Tensor | None) -> Tensor:
        """Return the UNet's output; see DiffusionModel."""
        seen = x if concat is None else torch.cat([x, concat.to(x)], 1)
        added = {
            "text_embeds": torch.stack([row.pooled for row in rows if row.pooled is not None]),
            "time_ids": torch.stack([row.size_ids for row in rows if row.size_ids is not None]),
        }
        context = torch.stack([row.context for row in rows])
        output: Tensor = self.unet(
            seen, timesteps, encoder_hidden_states=context, added_cond_kwargs=added, return_dict=False
        )[0]
        return output
