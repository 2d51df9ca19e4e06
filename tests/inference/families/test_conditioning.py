"""How text becomes conditioning: as diffusers has it for one chunk, as AUTOMATIC1111 has it for more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.tiny_models import Kind, make_pipeline
from inference.families.base import DiffusionModel
from inference.models.loading import load_model
from inference.sample import MODEL_FOLDER
from inference.sample.classifier import colour_name
from inference.sample.world import COLOURS

SHORT = ("a red circle on a blue background", "blurry, ugly")
LONG = ", ".join(["a red circle on a blue background"] * 20)


@pytest.fixture(scope="module", params=["sd1", "sd2", "sdxl"])
def pair(
    request: pytest.FixtureRequest, tiny_root: Path, tiny_folder: Callable[[Kind], Path]
) -> tuple[DiffusionModel, Any]:
    model = load_model(
        tiny_folder(request.param), models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32
    )
    return model, make_pipeline(request.param)


def test_a_short_prompt_equals_diffusers(pair: tuple[DiffusionModel, Any]) -> None:
    model, pipeline = pair
    ours = model.condition(SHORT, width=128, height=64, clip_skip=1)
    options = {"num_images_per_prompt": 1, "do_classifier_free_guidance": True, "device": "cpu"}
    with torch.inference_mode():
        theirs = pipeline.encode_prompt(prompt=SHORT[0], negative_prompt=SHORT[1], **options)
    torch.testing.assert_close(ours[0].context, theirs[0][0], atol=1e-5, rtol=0)
    torch.testing.assert_close(ours[1].context, theirs[1][0], atol=1e-5, rtol=0)
    if len(theirs) == 4:
        torch.testing.assert_close(ours[0].pooled, theirs[2][0], atol=1e-5, rtol=0)
        torch.testing.assert_close(ours[1].pooled, theirs[3][0], atol=1e-5, rtol=0)
        assert ours[0].size_ids is not None
        assert ours[0].size_ids.tolist() == [64, 128, 0, 0, 64, 128]


def test_clip_skip_takes_an_earlier_layer(pair: tuple[DiffusionModel, Any]) -> None:
    """SD 1.x and 2.x norm the earlier layer, SDXL does not: what diffusers' encode_prompt does with clip_skip."""
    model, pipeline = pair
    ours = model.condition(SHORT, width=64, height=64, clip_skip=2)[0].context
    expected = []
    for suffix in ("", "_2") if model.family == "sdxl" else ("",):
        tokenizer, encoder = getattr(pipeline, f"tokenizer{suffix}"), getattr(pipeline, f"text_encoder{suffix}")
        ids = tokenizer(SHORT[0], padding="max_length", max_length=77, return_tensors="pt").input_ids
        with torch.inference_mode():
            states = encoder(ids, output_hidden_states=True).hidden_states
            expected.append(states[-3] if model.family == "sdxl" else encoder.final_layer_norm(states[-2]))
    torch.testing.assert_close(ours, torch.cat(expected, -1)[0], atol=1e-5, rtol=0)


def test_a_long_prompt_is_read_to_its_end_in_chunks(pair: tuple[DiffusionModel, Any]) -> None:
    model, _ = pair
    long, short = model.condition([LONG, "blurry"], width=64, height=64, clip_skip=1)
    assert long.context.shape == short.context.shape
    assert long.context.shape[0] % 77 == 0
    assert long.context.shape[0] > 77
    other_end = model.condition([LONG + " star", "blurry"], width=64, height=64, clip_skip=1)[0]
    assert not torch.equal(long.context, other_end.context)
    assert torch.equal(long.context[:77], other_end.context[:77])


def test_a_short_text_is_filled_with_empty_chunks(pair: tuple[DiffusionModel, Any]) -> None:
    model, _ = pair
    short = model.condition([LONG, "blurry"], width=64, height=64, clip_skip=1)[1].context
    alone, empty = model.condition(["blurry", ""], width=64, height=64, clip_skip=1)
    torch.testing.assert_close(short[:77], alone.context, atol=1e-5, rtol=0)
    torch.testing.assert_close(short[77:154], empty.context, atol=1e-5, rtol=0)


def test_weights_scale_tokens_and_the_mean_is_restored(pair: tuple[DiffusionModel, Any]) -> None:
    model, _ = pair
    (plain,) = model.condition(["a red circle"], width=64, height=64, clip_skip=1)
    (weighed,) = model.condition(["a (red:1.5) circle"], width=64, height=64, clip_skip=1)
    weights = torch.ones(77, 1)
    weights[2 : 2 + len(model.encoders[0].tokens("red"))] = 1.5  # type: ignore[attr-defined]
    start = 0
    for width in [encoder.model.config.hidden_size for encoder in model.encoders]:  # type: ignore[attr-defined]
        before = plain.context[:, start : start + width]
        scaled = before * weights
        expected = scaled * (before.mean() / scaled.mean())
        torch.testing.assert_close(weighed.context[:, start : start + width], expected, atol=1e-5, rtol=1e-4)
        start += width
    assert (plain.pooled is None) == (weighed.pooled is None)
    if plain.pooled is not None and weighed.pooled is not None:
        torch.testing.assert_close(weighed.pooled, plain.pooled, atol=1e-5, rtol=0)


def test_a_weight_of_1_changes_nothing(pair: tuple[DiffusionModel, Any]) -> None:
    model, _ = pair
    ours, plain = (
        model.condition([text], width=64, height=64, clip_skip=1)[0].context
        for text in ("(a red circle:1.0)", "a red circle")
    )
    assert torch.equal(ours, plain)


def test_break_begins_a_chunk(pair: tuple[DiffusionModel, Any]) -> None:
    model, _ = pair
    (both,) = model.condition(["a red circle BREAK a blue star"], width=64, height=64, clip_skip=1)
    (one,) = model.condition(["a red circle"], width=64, height=64, clip_skip=1)
    (other,) = model.condition(["a blue star"], width=64, height=64, clip_skip=1)
    torch.testing.assert_close(both.context, torch.cat([one.context, other.context]), atol=1e-5, rtol=0)


def test_a_row_does_not_depend_on_its_neighbours(pair: tuple[DiffusionModel, Any]) -> None:
    model, _ = pair
    rows = model.condition(SHORT, width=64, height=64, clip_skip=1)
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    sigmas = torch.tensor([5.0, 0.3], dtype=torch.float64)
    both = model.denoise(x, sigmas, rows)
    for index in range(2):
        alone = model.denoise(x[index : index + 1], sigmas[index : index + 1], rows[index : index + 1])
        torch.testing.assert_close(both[index : index + 1], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("colour", COLOURS)
def test_the_preview_map_shows_the_right_colour(colour: str, sample: DiffusionModel) -> None:
    rgb = torch.tensor(COLOURS[colour]) / 127.5 - 1
    latents = sample.encode(rgb.view(1, 3, 1, 1).expand(1, 3, 128, 128))[0]
    guess = latents.mean((1, 2)) @ sample.latent_rgb[:-1] + sample.latent_rgb[-1]
    assert sample.latent_rgb.shape == (5, 3)
    assert (guess - rgb).abs().mean() < 0.4
    assert colour_name(((guess.clamp(-1, 1) + 1) * 127.5).numpy()) == colour


@pytest.fixture(scope="module")
def sample(tiny_root: Path) -> DiffusionModel:
    return load_model(MODEL_FOLDER, models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32)
