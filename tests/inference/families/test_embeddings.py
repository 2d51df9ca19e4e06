"""Embeddings in texts: read as their vectors, wherever their names stand."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks.tiny_models import Kind
from inference.families.clip import ClipEncoder, weighted
from inference.families.embeddings import Embedding, Vocabulary
from inference.families.sd import UNetModel
from inference.models.loading import load_model


@pytest.fixture(scope="module", params=["sd1", "sd2", "sdxl"])
def encoders(
    request: pytest.FixtureRequest, tiny_root: Path, tiny_folder: Callable[[Kind], Path]
) -> tuple[ClipEncoder, ...]:
    folder = tiny_folder(request.param)
    model = load_model(folder, models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32)
    assert isinstance(model, UNetModel)
    return model.encoders


def saying(encoder: ClipEncoder, name: str, words: str) -> Embedding:
    """Return an embedding that says the same as some words."""
    layer = encoder.model.get_input_embeddings()
    with torch.inference_mode():
        return Embedding(name, layer(torch.tensor(encoder.tokens(words))))


def read(encoder: ClipEncoder, text: str, *embeddings: Embedding) -> tuple[torch.Tensor, torch.Tensor | None]:
    pieces = weighted(text)
    with torch.inference_mode():
        return encoder.encode([pieces], encoder.chunks(pieces, embeddings), 1, embeddings)


def test_a_name_is_read_as_its_vectors(encoders: tuple[ClipEncoder, ...]) -> None:
    for encoder in encoders:
        zorp = saying(encoder, "zorp", "red circle on white")
        for text, meaning in (
            ("a zorp", "a red circle on white"),
            ("ZORP, zorp", "red circle on white, red circle on white"),
            ("a (zorp:1.4) thing", "a (red circle on white:1.4) thing"),
        ):
            for ours, plain in zip(read(encoder, text, zorp), read(encoder, meaning), strict=True):
                assert (ours is None) == (plain is None)
                if ours is not None and plain is not None:
                    torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-4)


def test_without_its_name_nothing_changes(encoders: tuple[ClipEncoder, ...]) -> None:
    for encoder in encoders:
        zorp = saying(encoder, "zorp", "red")
        assert torch.equal(read(encoder, "a cat", zorp)[0], read(encoder, "a cat")[0])


def test_vectors_stay_in_one_chunk(encoders: tuple[ClipEncoder, ...]) -> None:
    for encoder in encoders:
        many = saying(encoder, "zorp", "red " * 8)
        before = " ".join(["dog"] * 70)
        assert len(encoder.tokens(before)) % 70 == 0
        used = len(encoder.tokens(before)) % 75
        parts = encoder._chunked(weighted(f"{before} zorp"), encoder._vocabulary([many]))
        assert len(parts[-1].tokens) == len(many.vectors) or used + len(many.vectors) <= 75
        assert sum(len(chunk.tokens) for chunk in parts) == len(encoder.tokens(before)) + len(many.vectors)


def test_the_longest_name_wins() -> None:
    short, long = Embedding("a", torch.zeros(1, 4)), Embedding("a b", torch.ones(2, 4))
    vocabulary = Vocabulary(10, [([1], short), ([1, 2], long)])
    assert vocabulary.words([1, 2, 1, 3]) == [[11, 12], [10], [3]]


@pytest.mark.parametrize("shape", [(0, 4), (76, 4), (4,), (1, 4, 4)])
def test_what_is_no_embedding_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="vectors"):
        Embedding("zorp", torch.zeros(shape))
