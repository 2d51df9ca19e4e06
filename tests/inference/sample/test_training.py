"""The training code at toy size, and the model that it made."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from inference.sample import MODEL_FOLDER
from inference.sample.averaging import WeightAverage, cosine
from inference.sample.classifier import look
from inference.sample.score import held_out_scenes, load_pipeline, paint, scores
from inference.sample.tokenizer import CORE_WORDS, make_tokenizer
from inference.sample.train import QUICK, QUICK_VAE, train
from inference.sample.training_captions import Captions, hide, weigh
from inference.sample.training_pictures import Plan
from inference.sample.training_vae import VaePlan
from inference.sample.world import Scene, Subject


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained for a few seconds."""
    out = tmp_path_factory.mktemp("training")
    return train(out, QUICK, QUICK_VAE, torch.device("cpu"), validation_prompts=2)


def test_training_ends_in_a_model_that_diffusers_loads(trained: Path) -> None:
    (picture,) = paint(load_pipeline(trained), ["a red circle"], steps=2)
    assert picture.shape == (128, 128, 3)
    assert (trained.parent / "checkpoint.pt").exists()


def test_an_interrupted_training_goes_on(trained: Path) -> None:
    checkpoint = trained.parent / "checkpoint.pt"
    before = torch.load(checkpoint, weights_only=True)
    plan = Plan(minutes=(before["seconds"] + 0.5) / 60, scenes=64, batch=4, text_steps=0, report_every=1000)
    train(trained.parent, plan, VaePlan(), torch.device("cpu"))
    assert torch.load(checkpoint, weights_only=True)["step"] > before["step"]


def test_the_tokenizer_has_one_token_for_each_word_of_the_world(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(tmp_path)
    assert len(tokenizer) == 1536
    assert [word for word in CORE_WORDS if len(tokenizer.tokenize(word)) != 1] == []
    for text in ("naïve 猫 \x00 (zorp:1.3)", "🦊" * 50, ""):
        assert tokenizer.unk_token_id not in tokenizer(text, add_special_tokens=False).input_ids


def test_captions_are_encoded_as_the_tokenizer_does() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer")
    captions = Captions(tokenizer, Random(1))
    for text in ("a red circle on a blue background, masterpiece, 4k", "two large green squares", ""):
        expected = tokenizer(text, padding="max_length", max_length=77, truncation=True).input_ids
        assert captions.encode(text).tolist() == expected


def test_a_weight_stands_at_its_word() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer")
    captions = Captions(tokenizer, Random(1))
    scene = Scene("white", (Subject("red", "circle"),))
    tokens, captioned, weights = captions.draw([scene] * 200, weighted=1.0)
    touched = (weights[..., 0] != 1).any(1)
    assert touched.sum() > 100
    words = {
        tokenizer.decode([int(tokens[row, weights[row, :, 0].ne(1).nonzero()[0, 0]])])
        for row in touched.nonzero()[:, 0]
    }
    assert {"red", "circle", "white"} <= {word.strip() for word in words}
    assert 0 < (~captioned).sum() < 60


def test_the_heavier_of_two_colours_is_mostly_the_true_one() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer")
    captions = Captions(tokenizer, Random(1))
    scene = Scene("white", (Subject("red", "circle"),))
    tokens, _, weights = captions.draw([scene] * 400, weighted=1.0)
    (red,) = tokenizer("red", add_special_tokens=False).input_ids
    true, others = [], []
    for row in range(400):
        weighted = [(int(tokens[row, at]), float(weights[row, at, 0])) for at in weights[row, :, 0].ne(1).nonzero()]
        if len(weighted) == 2:
            true += [weight for token, weight in weighted if token == red]
            others += [weight for token, weight in weighted if token != red]
    assert len(true) == len(others) > 150
    assert sum(one > other for one, other in zip(true, others, strict=True)) / len(true) > 0.8


def test_some_captions_show_their_weighted_words_alone() -> None:
    states, empty = torch.ones(400, 77, 2), torch.zeros(1, 77, 2)
    weights = torch.ones(400, 77, 1)
    weights[:300, 3] = 1.5
    seen = hide(states, empty, weights, torch.full((400,), 9), 0.8)[..., 0]
    assert torch.equal(seen[300:], torch.ones(100, 77))
    kinds = {tuple(row.tolist()) for row in seen[:300]}
    alone = tuple(float(place == 3) for place in range(77))
    unpadded = tuple(float(place < 9) for place in range(77))
    assert kinds == {alone, unpadded, (1.0,) * 77}


def test_weights_of_one_change_nothing() -> None:
    states, empty = torch.randn(3, 77, 8), torch.randn(1, 77, 8)
    assert torch.equal(weigh(states, empty, torch.ones(3, 77, 1)), states)


def test_averages_can_be_swapped_in_and_out() -> None:
    weight = torch.nn.Parameter(torch.zeros(3))
    average = WeightAverage([weight], 0.9)
    with torch.no_grad():
        weight.fill_(1.0)
    average.update()
    average.swap()
    assert 0 < weight[0].item() < 1
    average.swap()
    assert weight.tolist() == [1, 1, 1]


def test_the_rate_falls_to_its_floor() -> None:
    rates = [cosine(fraction / 10, 0.02) for fraction in range(12)]
    assert rates[0] == pytest.approx(1)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_the_embedded_model_is_small() -> None:
    assert sum(path.stat().st_size for path in MODEL_FOLDER.rglob("*") if path.is_file()) <= 15_000_000


def test_the_embedded_model_obeys() -> None:
    """A small sample of what `python -m inference.sample.score` measures on 200 prompts; with room for chance."""
    pairs = held_out_scenes(40, seed=7)
    pictures = paint(load_pipeline(MODEL_FOLDER), [text for _, text in pairs], steps=12)
    found = scores([scene for scene, _ in pairs], pictures)
    assert found["background"][0] >= 0.9
    assert found["colour"][0] >= 0.85
    assert found["shape"][0] >= 0.65
    assert len({look(picture).background for picture in pictures}) >= 5
    assert np.ptp(pictures[0]) > 50
