"""Train the sample model from nothing: tokenizer, VAE, text encoder and UNet.

    python -m inference.sample.train --out FOLDER [--minutes 98] [--device cuda] [--from MODEL] [--quick]

Two CPU cores need an hour and three quarters, a GPU minutes. An interrupted run goes on where it was. With --from, a
finished model learns on, with more pairs and more weighted captions. With --quick each part learns for a moment.
"""

import argparse
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from inference.sample.score import VALIDATION_SEED, held_out_scenes, load_pipeline, paint, scores
from inference.sample.tokenizer import make_tokenizer
from inference.sample.training_pictures import Plan, Training, make_dataset, make_scheduler
from inference.sample.training_vae import VaePlan, harden_decoder, train_vae

log = logging.getLogger(__name__)

#: The least that goes through everything.
QUICK = Plan(minutes=0.04, scenes=64, batch=4, text_steps=2, report_every=2)
QUICK_VAE = VaePlan(crop_steps=2, whole_steps=1, measured_pictures=16, decoder_steps=2)
_QUICK_PROMPTS = 2
_VOCABULARY_FILES = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")


def train(
    out: Path,
    plan: Plan,
    vae_plan: VaePlan,
    device: torch.device,
    *,
    model: Path | None = None,
    validation_prompts: int = 64,
) -> Path:
    """Train in the folder `out` and return the folder of the finished model, in half precision.

    With a `model`, a folder, its networks learn on.
    """
    out.mkdir(parents=True, exist_ok=True)
    if model is not None:
        _borrow(model, out)
    tokenizer = _tokenizer(out / "tokenizer")
    vae = _vae(out / "vae", vae_plan, device)
    log.info("encoding %d scenes", plan.scenes)
    training = Training(tokenizer, make_dataset(vae, plan.scenes, plan.pairs), plan, device)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        training.load(checkpoint)
        log.info("going on from step %d", training.step)
    elif model is not None:
        text_encoder = CLIPTextModel.from_pretrained(model / "text_encoder", torch_dtype=torch.float32)
        unet = UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=torch.float32)
        training.learn_on(text_encoder, unet)
    else:
        training.pretrain_text()

    def report(running: Training) -> None:
        running.save(checkpoint)
        running.average.swap()
        log.info("step %d: %s", running.step, _validate(running, vae, tokenizer, validation_prompts))
        running.average.swap()

    training.run(report)
    training.save(checkpoint)
    training.average.apply()
    return export(training, vae, tokenizer, out / "tokenizer", out / "model")


def export(training: Training, vae: AutoencoderKL, tokenizer: CLIPTokenizer, vocabulary: Path, folder: Path) -> Path:
    """Write the networks as a diffusers folder in half precision."""
    pipeline = _pipeline(training, vae, tokenizer)
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.to("cpu", torch.float16, memory_format=torch.contiguous_format)
    pipeline.save_pretrained(folder, safe_serialization=True)
    for name in _VOCABULARY_FILES:
        shutil.copyfile(vocabulary / name, folder / "tokenizer" / name)
    return folder


def _borrow(model: Path, out: Path) -> None:
    """Take the parts of a finished model that do not learn on."""
    for part in ("tokenizer", "vae"):
        if not (out / part).exists():
            shutil.copytree(model / part, out / part)


def _tokenizer(folder: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(folder) if folder.exists() else make_tokenizer(folder)


def _vae(folder: Path, plan: VaePlan, device: torch.device) -> AutoencoderKL:
    if folder.exists():
        return AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).to(device).eval().requires_grad_(False)
    vae = train_vae(plan, device)
    harden_decoder(vae, plan, device)
    vae.save_pretrained(folder)
    return vae


def _validate(training: Training, vae: AutoencoderKL, tokenizer: CLIPTokenizer, prompts: int) -> str:
    """Return the scores of the present networks on prompts that are never used for the published scores."""
    pipeline = _pipeline(training, vae, tokenizer)
    pairs = held_out_scenes(prompts, VALIDATION_SEED)
    training.unet.eval()
    training.text_encoder.eval()
    pictures = paint(pipeline, [text for _, text in pairs], steps=10)
    training.unet.train()
    training.text_encoder.train()
    found = scores([scene for scene, _ in pairs], pictures)
    return ", ".join(f"{name} {share:.0%}" for name, (share, _) in found.items())


def _pipeline(training: Training, vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> StableDiffusionPipeline:
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=training.text_encoder,
        tokenizer=tokenizer,
        unet=training.unet,
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, export and score."""
    parser = argparse.ArgumentParser(prog="python -m inference.sample.train", description="Train the sample model.")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for everything; an interrupted run goes on there"
    )
    parser.add_argument("--minutes", type=float, help="for text encoder and UNet; default: 98")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--from", dest="model", type=Path, metavar="MODEL", help="a model folder that is to learn on")
    parser.add_argument(
        "--quick", action="store_true", help="let each part learn for a moment, to see that all of it runs"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    plan, vae_plan, validated, judged = (
        (QUICK, QUICK_VAE, _QUICK_PROMPTS, _QUICK_PROMPTS) if options.quick else (Plan(), VaePlan(), 64, 200)
    )
    if options.minutes is not None:
        plan = replace(plan, minutes=options.minutes)
    if options.model is not None:
        plan = replace(plan, begin=0.5, tipping_steps=260, weighted=0.5, pairs=0.2)
    device = torch.device(options.device)
    folder = train(options.out, plan, vae_plan, device, model=options.model, validation_prompts=validated)
    pairs = held_out_scenes(judged)
    found = scores([scene for scene, _ in pairs], paint(load_pipeline(folder), [text for _, text in pairs]))
    for name, (share, count) in found.items():
        print(f"{name:12} {share:6.1%}  of {count}")
    print(f"The model is in {folder}.")


if __name__ == "__main__":
    main()
