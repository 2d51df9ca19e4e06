"""A stand-in for a diffusion model: real samplers, real ticks, a network of one convolution.

Only the weights are fake: everything the engine sees behaves as a real family's model does. It counts its passes,
and can be told to fail.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.diffusion.sigmas import NoiseTable
from inference.families.base import Conditioning, DiffusionModel, Embeddings
from inference.families.texts import Text, read_by
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash

TOY = ContentHash("a" * 64)
OTHER_TOY = ContentHash("b" * 64)


class ToyModel(DiffusionModel):
    """Predicts noise by one fixed convolution, shifted by the text."""

    def __init__(self, content_hash: ContentHash = TOY, inpainting: bool = False, instructs: bool = False) -> None:
        self.hash = content_hash
        self.family = "sd1"
        self.device = torch.device("cpu")
        self.dtype = torch.float32
        self.prediction = "epsilon"
        self.inpainting = inpainting
        self.instructs = instructs
        self.networks = {"unet": torch.nn.Module()}
        self.table = NoiseTable.from_config()
        self.weight_bytes = 1000
        generator = torch.Generator().manual_seed(7)
        self._kernel = torch.randn(4, 9 if inpainting else 8 if instructs else 4, 3, 3, generator=generator) * 0.15
        #: Rows of every pass so far.
        self.passes: list[int] = []
        #: Called before every pass with its rows; may raise.
        self.before_pass: Callable[[Sequence[Conditioning]], None] = lambda rows: None

    @property
    def text_encoders(self) -> int:
        return 1

    def chunks(self, texts: Sequence[Text], embeddings: Embeddings = ()) -> int:
        return max(len(read_by(0, text)) for text in texts) // 300 + 1

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
        chunks = chunks or self.chunks(texts)
        return [Conditioning(context=self._context(read_by(0, text), chunks)) for text in texts]

    def _context(self, text: str, chunks: int) -> Tensor:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        return torch.randn(77 * chunks, 4, generator=torch.Generator().manual_seed(seed))

    def network(self, x: Tensor, timesteps: Tensor, rows: Sequence[Conditioning], concat: Tensor | None) -> Tensor:
        self.before_pass(rows)
        self.passes.append(len(rows))
        assert timesteps.shape == (len(rows),)
        seen = x if concat is None else torch.cat([x, concat], 1)
        shift = torch.stack([row.context.mean(0) for row in rows])[..., None, None]
        nan = torch.stack([row.context.sum() * 0 for row in rows]).view(-1, 1, 1, 1)
        return 0.8 * x + torch.tanh(F.conv2d(seen, self._kernel, padding=1) + shift * 3) * 0.3 + nan

    def encode(self, pixels: Tensor, *, scaled: bool = True) -> Tensor:
        cells = F.avg_pool2d(pixels, 8) / (1 if scaled else 0.2)
        return torch.cat([cells, cells.mean(1, keepdim=True)], 1)

    def decode(self, latents: Tensor) -> Tensor:
        return F.interpolate(latents[:, :3], scale_factor=8, mode="nearest")

    @property
    def latent_rgb(self) -> Tensor:
        return torch.cat([torch.eye(4)[:, :3], torch.zeros(1, 3)])

    def row_bytes(self, height: int, width: int) -> int:
        return height * width


@dataclass(frozen=True)
class ToyAcquired:
    """What an acquired toy cost."""

    model: ToyModel
    load_seconds: float = 0.0
    bytes: int = 1000
    evicted: tuple[ContentHash, ...] = ()


@dataclass
class ToyModels:
    """A residency of toys that holds one model at a time."""

    models: dict[ContentHash, ToyModel] = field(default_factory=lambda: {TOY: ToyModel()})
    resident: tuple[ContentHash, ...] = ()
    loads: list[ContentHash] = field(default_factory=list)

    def acquire(
        self, model: ContentHash, vae: ContentHash | None = None, *, keep: Collection[ContentHash] = ()
    ) -> ToyAcquired:
        if model in self.resident:
            return ToyAcquired(model=self.models[model])
        evicted = self.resident
        self.resident = (model,)
        self.loads.append(model)
        return ToyAcquired(model=self.models[model], load_seconds=0.5, evicted=evicted)

    def infos(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(
                hash=name,
                name=f"toy-{name[:1]}",
                family="sd1",
                prediction_type="epsilon",
                inpainting=model.inpainting,
                instructs=model.instructs,
                default_width=64,
                default_height=64,
                bytes=1000,
            )
            for name, model in self.models.items()
        )
