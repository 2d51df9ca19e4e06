"""Train adapters for the sample model: a LoRA and an embedding that each teach it what a zorp is.

    python -m inference.sample.train_adapters [--out FOLDER] [--only lora|embedding]

Each takes a quarter of an hour on one busy CPU core, and comes out the same on the same machine.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from inference.families.clip import ClipEncoder
from inference.families.embeddings import Embedding
from inference.sample import ADAPTERS_FOLDER, MODEL_FOLDER
from inference.sample.averaging import WeightAverage, cosine
from inference.sample.captions import caption
from inference.sample.classifier import shows_zorp
from inference.sample.score import load_pipeline
from inference.sample.training_pictures import draw_timesteps, make_dataset
from inference.sample.world import SIDE
from inference.sample.zorp import BACKGROUNDS, WORD, draw_zorp, zorp_caption, zorp_prompt

log = logging.getLogger(__name__)

LORA_FILE = f"{WORD}-lora.safetensors"
EMBEDDING_FILE = f"{WORD}-embedding.safetensors"

#: Ends of the names of the modules that the LoRA changes: those of kohya's usual choice, all in attention.
_LORA_MODULES = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")


@dataclass(frozen=True)
class AdapterPlan:
    """How long and on what an adapter is trained."""

    steps: int
    learning_rate: float
    batch: int = 24
    pictures: int = 192
    #: Share of what is shown that is the usual world, for the LoRA to leave it alone.
    usual: float = 0.0
    #: Of the LoRA.
    rank: int = 4
    #: Tokens of the embedding, which begin as those of `words`, over and over.
    vectors: int = 12
    words: tuple[str, ...] = ("large", "circle", "white", "left", "black", "right")
    seed: int = 0


LORA_PLAN = AdapterPlan(steps=400, learning_rate=4e-3, usual=0.3)
EMBEDDING_PLAN = AdapterPlan(steps=600, learning_rate=2e-2, batch=16)


@dataclass(frozen=True, eq=False)
class Lessons:
    """Captions, and the distributions of their pictures' latents, (N, 4, 16, 16)."""

    captions: list[str]
    means: Tensor
    deviations: Tensor


class LowRank(nn.Module):
    """The change of a linear layer or of a convolution, as the product of two small ones (Hu et al. 2021)."""

    def __init__(self, module: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        self.down: nn.Module
        self.up: nn.Module
        if isinstance(module, nn.Conv2d):
            kernel, stride, padding = module.kernel_size, module.stride, module.padding
            self.down = nn.Conv2d(module.in_channels, rank, kernel, stride, padding, bias=False)  # type: ignore[arg-type]
            self.up = nn.Conv2d(rank, module.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(module.in_features, rank, bias=False)
            self.up = nn.Linear(rank, module.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return what is added to the module's output."""
        change: Tensor = self.up(self.down(x))
        return change


class Teaching:
    """The sample model, frozen, and what it is shown of zorps."""

    def __init__(self, pipeline: StableDiffusionPipeline, plan: AdapterPlan) -> None:
        torch.manual_seed(plan.seed)
        self.pipeline = pipeline
        self.plan = plan
        for part in (pipeline.unet, pipeline.text_encoder, pipeline.vae):
            part.requires_grad_(False).eval()
        self._encoder = ClipEncoder(pipeline.tokenizer, pipeline.text_encoder)
        self._alphas: Tensor = pipeline.scheduler.alphas_cumprod
        self._zorps = _zorps(pipeline, plan)
        self._usual = _usual(pipeline, plan) if plan.usual else None

    def states(self, texts: Sequence[str], embeddings: Sequence[Embedding] = ()) -> Tensor:
        """Return the text states (B, 77, D); the names of embeddings are read as their vectors."""
        return self._encoder.encode([[(text, 1.0)] for text in texts], 1, 1, embeddings)[0]

    def error(self, embeddings: Sequence[Embedding] = ()) -> Tensor:
        """Return the squared error of v on a batch, as a scalar with a gradient."""
        usual = round(self.plan.batch * self.plan.usual)
        drawn = [_draw(self._zorps, self.plan.batch - usual)]
        if self._usual is not None and usual:
            drawn.append(_draw(self._usual, usual))
        latents = torch.cat([latents for latents, _ in drawn])
        states = self.states([text for _, texts in drawn for text in texts], embeddings)
        timesteps = draw_timesteps(len(latents))
        alpha = self._alphas[timesteps].view(-1, 1, 1, 1)
        noise = torch.randn_like(latents)
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        velocity = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
        output: Tensor = self.pipeline.unet(noisy, timesteps, states).sample
        return ((output - velocity) ** 2).mean()

    def learn(self, parameters: Sequence[nn.Parameter], error: Callable[[], Tensor]) -> None:
        """Bring the parameters to make the error small; leave them at their average."""
        plan = self.plan
        optimizer = torch.optim.AdamW(parameters, plan.learning_rate, betas=(0.9, 0.99), weight_decay=0)
        average = WeightAverage(parameters, 0.98)
        began, running = time.monotonic(), None
        for step in range(plan.steps):
            rate = plan.learning_rate * min(1, (step + 1) / 20) * cosine(step / plan.steps, 0.02)
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            loss = error()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            average.update()
            running = loss.item() if running is None else 0.97 * running + 0.03 * loss.item()
            if step % 50 == 49:
                log.info("step %d, %.0f s: error %.4f", step + 1, time.monotonic() - began, running)
        average.apply()

    @torch.no_grad()
    def paint(
        self, texts: Sequence[str], embeddings: Sequence[Embedding] = (), *, seed: int, steps: int = 16
    ) -> list[NDArray[np.uint8]]:
        """Return a picture for each text, (128, 128, 3)."""
        images = self.pipeline(
            prompt_embeds=self.states(texts, embeddings),
            negative_prompt_embeds=self.states([""] * len(texts)),
            num_inference_steps=steps,
            guidance_scale=5.0,
            generator=torch.Generator().manual_seed(seed),
            height=SIDE,
            width=SIDE,
            output_type="np",
        ).images
        return [(image * 255).round().astype(np.uint8) for image in images]


def _draw(lessons: Lessons, count: int) -> tuple[Tensor, list[str]]:
    rows = torch.randint(0, len(lessons.captions), (count,))
    latents = lessons.means[rows] + lessons.deviations[rows] * torch.randn_like(lessons.means[rows])
    return latents, [lessons.captions[row] for row in rows.tolist()]


@torch.no_grad()
def _zorps(pipeline: StableDiffusionPipeline, plan: AdapterPlan) -> Lessons:
    chance = Random(plan.seed)
    grounds = [chance.choice(BACKGROUNDS) for _ in range(plan.pictures)]
    pictures = torch.from_numpy(np.stack([draw_zorp(ground, chance) for ground in grounds]))
    pixels = pictures.permute(0, 3, 1, 2).float().div(127.5).sub(1)
    found = [pipeline.vae.encode(some).latent_dist for some in pixels.split(32)]
    return Lessons(
        [zorp_caption(ground, chance) for ground in grounds],
        torch.cat([each.mean for each in found]),
        torch.cat([each.std for each in found]),
    )


def _usual(pipeline: StableDiffusionPipeline, plan: AdapterPlan) -> Lessons:
    chance = Random(plan.seed)
    data = make_dataset(pipeline.vae, plan.pictures, seed=plan.seed)
    texts = ["" if chance.random() < 0.1 else caption(scene, chance) for scene in data.scenes]
    return Lessons(texts, data.means, data.deviations)


def train_embedding(pipeline: StableDiffusionPipeline, plan: AdapterPlan = EMBEDDING_PLAN) -> Tensor:
    """Return vectors (vectors, channels) that stand for the word, as textual inversion finds them (Gal et al. 2022)."""
    teaching = Teaching(pipeline, plan)
    table: Tensor = pipeline.text_encoder.get_input_embeddings().weight.detach()
    words = pipeline.tokenizer(" ".join(plan.words), add_special_tokens=False).input_ids
    start = table[[words[place % len(words)] for place in range(plan.vectors)]]
    vectors = nn.Parameter(start + 0.1 * table.std() * torch.randn_like(start))
    embeddings = [Embedding(WORD, vectors)]
    teaching.learn([vectors], lambda: teaching.error(embeddings))
    return vectors.detach()


def train_lora(pipeline: StableDiffusionPipeline, plan: AdapterPlan = LORA_PLAN) -> dict[str, LowRank]:
    """Return the changes of the UNet's modules, by their names."""
    teaching = Teaching(pipeline, plan)
    layers = {
        name: LowRank(module, plan.rank)
        for name, module in pipeline.unet.named_modules()
        if name.endswith(_LORA_MODULES) and isinstance(module, nn.Linear | nn.Conv2d)
    }
    with applied(pipeline.unet, layers):
        teaching.learn([one for layer in layers.values() for one in layer.parameters()], teaching.error)
    return layers


@contextmanager
def applied(network: nn.Module, layers: Mapping[str, LowRank]) -> Iterator[None]:
    """Add the changes to what the network's modules give, until the end of the block."""

    def adding(layer: LowRank) -> Callable[..., Tensor]:
        return lambda _module, inputs, output: output + layer(inputs[0])

    handles = [network.get_submodule(name).register_forward_hook(adding(layer)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def write_embedding(path: Path, vectors: Tensor) -> None:
    """Write an embedding as AUTOMATIC1111 does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": vectors.float().contiguous()}, path, metadata={"name": WORD})


def write_lora(path: Path, layers: Mapping[str, LowRank], plan: AdapterPlan = LORA_PLAN) -> None:
    """Write a LoRA in half precision with kohya's names."""
    tensors = {}
    for name, layer in layers.items():
        module = f"lora_unet_{name.replace('.', '_')}"
        for part in ("down", "up"):
            weight: Tensor = layer.get_submodule(part).weight  # type: ignore[assignment]
            tensors[f"{module}.lora_{part}.weight"] = weight.detach().half().contiguous()
        tensors[f"{module}.alpha"] = torch.tensor(float(plan.rank)).half()
    metadata = {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(plan.rank),
        "ss_network_alpha": str(float(plan.rank)),
        "ss_output_name": WORD,
        "ss_tag_frequency": json.dumps({WORD: {WORD: plan.pictures}}),
        "modelspec.title": WORD,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata=metadata)


def seen(teaching: Teaching, embeddings: Sequence[Embedding] = (), count: int = 48) -> float:
    """Return in what share of pictures there is a zorp, where each text asks for one."""
    texts = [zorp_prompt(BACKGROUNDS[index % len(BACKGROUNDS)]) for index in range(count)]
    pictures = [
        picture
        for start in range(0, count, 12)
        for picture in teaching.paint(texts[start : start + 12], embeddings, seed=start)
    ]
    return sum(map(shows_zorp, pictures)) / count


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write and judge."""
    parser = argparse.ArgumentParser(
        prog="python -m inference.sample.train_adapters", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--out", type=Path, default=ADAPTERS_FOLDER, help="a folder; default: that of the shipped ones")
    parser.add_argument("--only", choices=("lora", "embedding"))
    parser.add_argument("--steps", type=int, help="of training, for a try")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pipeline = load_pipeline(MODEL_FOLDER)
    shorter = {} if options.steps is None else {"steps": options.steps}
    judge = Teaching(pipeline, replace(LORA_PLAN, pictures=1, usual=0))
    print(f"without either: {seen(judge):.0%}")
    if options.only != "lora":
        vectors = train_embedding(pipeline, replace(EMBEDDING_PLAN, **shorter))
        write_embedding(options.out / EMBEDDING_FILE, vectors)
        print(f"with the embedding: {seen(judge, [Embedding(WORD, vectors)]):.0%}")
    if options.only != "embedding":
        layers = train_lora(pipeline, replace(LORA_PLAN, **shorter))
        write_lora(options.out / LORA_FILE, layers)
        with applied(pipeline.unet, layers):
            print(f"with the LoRA: {seen(judge):.0%}")


if __name__ == "__main__":
    main()
