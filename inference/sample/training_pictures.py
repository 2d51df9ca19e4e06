"""The second stage: text encoder and UNet together, on the VAE's latents of the sample world."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from inference.sample.averaging import WeightAverage, cosine
from inference.sample.training_captions import TOKENS, Captions, hide, weigh
from inference.sample.world import COLOUR_NAMES, PLACES, SHAPES, SIDE, SIZES, Scene, random_scene, render

log = logging.getLogger(__name__)

#: Classes of each attribute that auxiliary heads predict: background, colour, shape, size, place, count or pair,
#: and the second subject's colour and shape.
_CLASSES = (8, 8, 6, 3, 5, 4, 8, 6)


@dataclass(frozen=True)
class Plan:
    """How long and on what the networks are trained."""

    minutes: float = 98.0
    scenes: int = 20_000
    batch: int = 64
    learning_rate: float = 1.4e-3
    text_steps: int = 400
    #: Share of scenes that are two different subjects, beyond those that come by chance.
    pairs: float = 0.0
    #: Share of captions with weighted words.
    weighted: float = 0.15
    #: Steps at the beginning that are spent on weighted words: nearly every caption has two colours, one heavy and one
    #: light. Without them a network that paints well already never learns what weights mean.
    tipping_steps: int = 0
    #: Where on the way from 0 to 1 the training begins: finished networks that learn on begin later, since everything
    #: that changes while training follows that way.
    begin: float = 0.0
    #: Steps between evaluations and checkpoints.
    report_every: int = 500
    hidden: int = 96
    channels: tuple[int, ...] = (48, 64, 128)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Scenes, and the distributions of their latents."""

    scenes: list[Scene]
    #: Shape of both: (N, 4, 16, 16).
    means: Tensor
    deviations: Tensor
    #: Shape: (N, 8). Classes of the attributes.
    attributes: Tensor


def make_scheduler() -> DDIMScheduler:
    """Return the noise schedule of Stable Diffusion 1.x with v-prediction."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )


def make_text_encoder(tokenizer: CLIPTokenizer, hidden: int) -> CLIPTextModel:
    """Return an untrained text encoder of three layers."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        hidden_act="quick_gelu",
        projection_dim=hidden,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = CLIPTextModel(config)
    # Prompt weights restore the mean of the states, and so divide by it: keep it away from zero.
    model.final_layer_norm.bias.data.fill_(0.15)
    return model


def make_unet(plan: Plan) -> UNet2DConditionModel:
    """Return an untrained UNet with cross attention at its finest level, where the shape is learnt.

    Residual branches and the output start near zero (Dhariwal and Nichol 2021).
    """
    unet = UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=plan.channels,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=plan.hidden,
        attention_head_dim=(1, 2, 4),
        norm_num_groups=8,
    )
    with torch.no_grad():
        for name, module in unet.named_modules():
            if name == "conv_out":
                module.weight.mul_(0.02)
                module.bias.zero_()
            elif name.endswith(("conv2", "proj_out")):
                module.weight.mul_(0.2)
                module.bias.zero_()
            elif isinstance(module, nn.Conv2d) and name.endswith(("conv_in", "conv_shortcut", "conv")):
                module.weight.normal_(0, module.weight[0].numel() ** -0.5)
                assert module.bias is not None
                module.bias.zero_()
    return unet.to(memory_format=torch.channels_last)


@torch.no_grad()
def make_dataset(vae: AutoencoderKL, count: int, pairs: float = 0.0, seed: int = 7) -> Dataset:
    """Draw scenes, `pairs` of them with two subjects on purpose, and encode them once."""
    chance = random.Random(seed)
    scenes: list[Scene] = []
    means, deviations = [], []
    while len(scenes) < count:
        kinds = ["pair" if pairs and chance.random() < pairs else None for _ in range(32)]
        some = [random_scene(chance, kind=kind) for kind in kinds]
        pixels = torch.from_numpy(np.stack([render(scene, chance) for scene in some])).permute(0, 3, 1, 2)
        posterior = vae.encode(pixels.to(vae.device).float().div(127.5).sub(1)).latent_dist
        scenes += some
        means.append(posterior.mean)
        deviations.append(posterior.std)
    attributes = torch.tensor([attribute_classes(scene) for scene in scenes], device=vae.device)
    return Dataset(scenes, torch.cat(means), torch.cat(deviations), attributes)


def attribute_classes(scene: Scene) -> list[int]:
    """Return the class of each attribute in `_CLASSES`."""
    first, last = scene.subjects[0], scene.subjects[-1]
    return [
        COLOUR_NAMES.index(scene.background),
        COLOUR_NAMES.index(first.colour),
        SHAPES.index(first.shape),
        list(SIZES).index(scene.size),
        list(PLACES).index(scene.place),
        3 if len(scene.subjects) == 2 else scene.count - 1,
        COLOUR_NAMES.index(last.colour),
        SHAPES.index(last.shape),
    ]


class AttributeHeads(nn.Module):
    """Linear heads that predict a scene's attributes; thrown away after training.

    On the text's states they stand in for CLIP's pre-training. On the UNet's features they make cross attention carry
    the shape from the start; without them the shape stays at chance for thousands of steps.
    """

    def __init__(self, hidden: int, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.text = nn.Linear(hidden, sum(_CLASSES))
        layers = {
            "down0": unet.down_blocks[0].attentions[0],
            "down1": unet.down_blocks[1].attentions[0],
            "mid": unet.mid_block,
            "up2": unet.up_blocks[2].attentions[-1],
        }
        low, middle, high = unet.config.block_out_channels
        widths = {"down0": low, "down1": middle, "mid": high, "up2": low}
        self.features = nn.ModuleDict({name: nn.Linear(5 * width, sum(_CLASSES)) for name, width in widths.items()})
        self._seen: dict[str, Tensor] = {}
        for name, layer in layers.items():
            layer.register_forward_hook(self._remember(name))

    def _remember(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            value = output[0] if isinstance(output, tuple) else getattr(output, "sample", output)
            assert isinstance(value, Tensor)
            self._seen[name] = value

        return hook

    def text_loss(self, states: Tensor, classes: Tensor, rows: Tensor) -> Tensor:
        """Return the loss on the mean state and on one padding state, over the chosen rows."""
        place = 30 + int(torch.randint(0, 47, (1,)))
        both = (states.mean(1), states[:, place])
        return torch.stack([_cross_entropy(self.text(state)[rows], classes[rows]) for state in both]).mean()

    def feature_loss(self, classes: Tensor, rows: Tensor) -> Tensor:
        """Return the loss on the features of the UNet's latest pass, pooled whole and by quadrants."""
        losses = [
            _cross_entropy(head(_pooled(self._seen[name]))[rows], classes[rows]) for name, head in self.features.items()
        ]
        return torch.stack(losses).mean()


def _pooled(features: Tensor) -> Tensor:
    """Return (B, 5 C): means over the whole and over the four quarters of (B, C, h, w)."""
    quarters = F.adaptive_avg_pool2d(features.float(), 2).flatten(1)
    return torch.cat([features.float().mean((2, 3)), quarters], 1)


def _cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    parts = logits.split(_CLASSES, 1)
    return torch.stack([F.cross_entropy(part, classes[:, index]) for index, part in enumerate(parts)]).mean()


class Training:
    """The networks in training, resumable from a checkpoint."""

    def __init__(
        self, tokenizer: CLIPTokenizer, data: Dataset, plan: Plan, device: torch.device, seed: int = 0
    ) -> None:
        torch.manual_seed(seed)
        self.plan = plan
        self.device = device
        self._data = data
        self._captions = Captions(tokenizer, random.Random(seed))
        self.text_encoder = make_text_encoder(tokenizer, plan.hidden).to(device)
        self.unet = make_unet(plan).to(device)
        self._heads = AttributeHeads(plan.hidden, self.unet).to(device)
        self._parameters = [*self.unet.parameters(), *self.text_encoder.parameters()]
        self._optimizer = _adam([*self._parameters, *self._heads.parameters()], plan.learning_rate)
        self.average = WeightAverage(self._parameters, 0.998)
        self._alphas = make_scheduler().alphas_cumprod.to(device)
        self._edges = _edge_map(data.means)
        self._empty = self._captions.encode("")[None].to(device)
        self._end = tokenizer.eos_token_id
        self.step = 0
        self.seconds = 0.0

    @property
    def fraction(self) -> float:
        """Return how far the training is, 0..1; everything that changes while training follows it."""
        return min(1.0, self.plan.begin + (1 - self.plan.begin) * self.seconds / (self.plan.minutes * 60))

    def learn_on(self, text_encoder: CLIPTextModel, unet: UNet2DConditionModel) -> None:
        """Begin with the weights of finished networks."""
        self.text_encoder.load_state_dict(text_encoder.state_dict())
        self.unet.load_state_dict(unet.state_dict())
        self.average = WeightAverage(self._parameters, 0.998)

    def pretrain_text(self) -> None:
        """Teach the text encoder alone what captions say."""
        parameters = [*self.text_encoder.parameters(), *self._heads.text.parameters()]
        optimizer = _adam(parameters, 2e-3)
        for step in range(self.plan.text_steps):
            optimizer.param_groups[0]["lr"] = 2e-3 * min(1, (step + 1) / 30) * (1 - 0.7 * step / self.plan.text_steps)
            rows, tokens, captioned, _ = self._draw(0.0)
            states = self.text_encoder(tokens).last_hidden_state
            self._descend(optimizer, self._heads.text_loss(states, self._data.attributes[rows], captioned))
        self.average = WeightAverage(self._parameters, 0.998)

    def run(self, report: Callable[["Training"], None]) -> None:
        """Train until the planned time is over; `report` is called every so many steps."""
        self.unet.train()
        self.text_encoder.train()
        while self.fraction < 1:
            began = time.monotonic()
            error = self._train_step()
            self.seconds += time.monotonic() - began
            if self.step % 100 == 0:
                log.info("step %d: error %.4f, %.0f s of %.0f", self.step, error, self.seconds, self.plan.minutes * 60)
            if self.step % self.plan.report_every == 0:
                report(self)

    def _train_step(self) -> float:
        rate = self.plan.learning_rate * min(1, (self.step + 1) / 150) * cosine(self.fraction, 0.02)
        self._optimizer.param_groups[0]["lr"] = rate
        tipping = self.step < self.plan.tipping_steps
        rows, tokens, captioned, weights = self._draw(0.95 if tipping else self.plan.weighted, clear=tipping)
        classes = self._data.attributes[rows]
        plain = captioned & (weights == 1).flatten(1).all(1)
        learning_text = self.fraction <= 0.6
        with torch.set_grad_enabled(learning_text):
            states = self.text_encoder(torch.cat([tokens, self._empty])).last_hidden_state
        ends = (tokens != self._end).sum(1)
        states = weigh(hide(states[:-1], states[-1:], weights, ends, 0.85 if tipping else 0.4), states[-1:], weights)
        loss, error = self._denoising_loss(rows, states, least=0.6 if tipping else 0.0)
        if tipping:
            loss = loss + 0.3 * self._heads.feature_loss(classes, captioned)
        if learning_text:
            loss = loss + 0.05 * self._heads.text_loss(states, classes, plain)
        if (strength := 0.1 * _fading(self.fraction, 0.7)) > 0:
            loss = loss + strength * self._heads.feature_loss(classes, plain)
        self._descend(self._optimizer, loss)
        if self.step % 4 == 0:
            self.average.update(times=4)
        self.step += 1
        return error

    def _denoising_loss(self, rows: Tensor, states: Tensor, least: float = 0.0) -> tuple[Tensor, float]:
        """Return the squared error of v (Salimans and Ho 2022), at first weighted up near edges.

        `least` is the least of all noise, 0..1: what is decided in noise is learnt faster there.
        """
        means, deviations = self._data.means[rows], self._data.deviations[rows]
        latents = means + deviations * torch.randn_like(means)
        timesteps = draw_timesteps(len(rows), least).to(self.device)
        alpha = self._alphas[timesteps].view(-1, 1, 1, 1)
        noise = torch.randn_like(latents)
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        velocity = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
        with torch.autocast(self.device.type, torch.bfloat16):
            output = self.unet(noisy.contiguous(memory_format=torch.channels_last), timesteps, states).sample
        squared = (output.float() - velocity) ** 2
        edge = 1.5 * _fading(self.fraction, 0.8)
        weight = (1 + edge * self._edges[rows]) / (1 + edge * self._edges.mean())
        return (squared * weight).mean(), squared.detach().mean().item()

    def _draw(self, weighted: float, clear: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        rows = torch.randint(0, len(self._data.scenes), (self.plan.batch,))
        drawn = self._captions.draw([self._data.scenes[row] for row in rows.tolist()], weighted, clear)
        tokens, captioned, weights = (value.to(self.device) for value in drawn)
        return rows.to(self.device), tokens, captioned, weights

    def _descend(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        optimizer.step()

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` resumes from."""
        state = {
            "unet": self.unet.state_dict(),
            "text_encoder": self.text_encoder.state_dict(),
            "heads": self._heads.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self.average.average,
            "step": self.step,
            "seconds": self.seconds,
        }
        staged = path.with_suffix(".tmp")
        torch.save(state, staged)
        staged.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint that `save` wrote."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.unet.load_state_dict(state["unet"])
        self.text_encoder.load_state_dict(state["text_encoder"])
        self._heads.load_state_dict(state["heads"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.average = WeightAverage(self._parameters, 0.998)
        for own, saved in zip(self.average.average, state["average"], strict=True):
            own.copy_(saved)
        self.step, self.seconds = state["step"], state["seconds"]


def _adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.AdamW:
    return torch.optim.AdamW(parameters, rate, betas=(0.9, 0.99), weight_decay=0.01)


def _fading(fraction: float, end: float) -> float:
    """Return 1 until shortly before `end`, then a straight line down to 0."""
    return min(1.0, max(0.0, (end - fraction) / 0.3))


def draw_timesteps(count: int, least: float = 0.0) -> Tensor:
    """Draw timesteps: a third over the whole range, two thirds from the noisier 60 %, where shapes are decided."""
    anywhere = torch.rand(count)
    chosen = torch.where(torch.rand(count) < 0.35, anywhere, 0.4 + 0.6 * anywhere)
    return ((least + (1 - least) * chosen) * 1000).long().clamp(0, 999)


@torch.no_grad()
def _edge_map(latents: Tensor) -> Tensor:
    """Return how much the latents (N, 4, h, w) vary around each cell: (N, 1, h, w) in 0..1.5."""
    mean = F.avg_pool2d(latents, 3, 1, 1, count_include_pad=False)
    square = F.avg_pool2d(latents * latents, 3, 1, 1, count_include_pad=False)
    return (square - mean * mean).clamp_min(0).sum(1, keepdim=True).sqrt().clamp(max=1.5)
