"""Guidance per picture: the formulas against their definitions and against diffusers."""

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

from inference.diffusion.guidance import Guidance
from inference.families.base import Conditioning, Prediction

TEXT = Conditioning(context=torch.zeros(77, 4))
SHAPE = (4, 8, 8)


def tensors(seed: int, count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(SHAPE, generator=generator) for _ in range(count)]


def to_clean(x: torch.Tensor, sigma: float, output: torch.Tensor, prediction: Prediction) -> torch.Tensor:
    if prediction == "epsilon":
        return x - sigma * output
    return x / (sigma**2 + 1) - output * sigma / (sigma**2 + 1) ** 0.5


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("rescale", [0.0, 0.7, 1.0])
def test_it_equals_guidance_on_the_networks_output(prediction: Prediction, rescale: float) -> None:
    x, unconditional, conditional = tensors(1, 3)
    sigma, scale = 2.5, 7.5
    guided = unconditional + scale * (conditional - unconditional)
    expected = rescale_noise_cfg(guided[None], conditional[None], rescale)[0] if rescale else guided
    rows = torch.stack([to_clean(x, sigma, output, prediction) for output in (unconditional, conditional)])
    guidance = Guidance(positives=((TEXT, 1.0),), negative=TEXT, scale=scale, rescale=rescale)
    result = guidance.combine(x, sigma, rows, prediction)
    torch.testing.assert_close(result, to_clean(x, sigma, expected, prediction), atol=2e-4, rtol=1e-4)


def test_without_a_negative_there_is_one_row_and_it_is_the_answer() -> None:
    x, only = tensors(2, 2)
    guidance = Guidance(positives=((TEXT, 1.0),), negative=None, scale=1.0)
    assert guidance.rows == (TEXT,)
    assert guidance.combine(x, 1.0, only[None], "epsilon") is not None
    assert torch.equal(guidance.combine(x, 1.0, only[None], "epsilon"), only)


def test_several_texts_pull_by_their_weights() -> None:
    """Liu et al. (2022), equation 11, on the network's output."""
    x, unconditional, one, other = tensors(3, 4)
    sigma, scale = 2.5, 7.5
    expected = unconditional + scale * (0.7 * (one - unconditional) - 0.3 * (other - unconditional))
    rows = torch.stack([to_clean(x, sigma, output, "epsilon") for output in (unconditional, one, other)])
    guidance = Guidance(positives=((TEXT, 0.7), (TEXT, -0.3)), negative=TEXT, scale=scale)
    assert len(guidance.rows) == 3
    result = guidance.combine(x, sigma, rows, "epsilon")
    torch.testing.assert_close(result, to_clean(x, sigma, expected, "epsilon"), atol=2e-4, rtol=1e-4)


def test_twice_half_a_text_is_the_text() -> None:
    x, unconditional, conditional = tensors(4, 3)
    whole = Guidance(positives=((TEXT, 1.0),), negative=TEXT, scale=5.0)
    halves = Guidance(positives=((TEXT, 0.5), (TEXT, 0.5)), negative=TEXT, scale=5.0)
    expected = whole.combine(x, 1.0, torch.stack([unconditional, conditional]), "epsilon")
    result = halves.combine(x, 1.0, torch.stack([unconditional, conditional, conditional]), "epsilon")
    torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-5)


def test_a_text_pulls_where_it_has_weight() -> None:
    x, unconditional, one, other = tensors(5, 4)
    left = torch.zeros(1, *SHAPE[1:])
    left[..., :4] = 1
    guidance = Guidance(positives=((TEXT, left), (TEXT, 1 - left)), negative=TEXT, scale=5.0)
    result = guidance.combine(x, 1.0, torch.stack([unconditional, one, other]), "epsilon")
    for part, text in ((slice(0, 4), one), (slice(4, 8), other)):
        expected = unconditional + 5.0 * (text - unconditional)
        torch.testing.assert_close(result[..., part], expected[..., part], atol=1e-5, rtol=1e-5)


def test_a_picture_pulls_beside_the_text() -> None:
    """Brooks et al. (2023), equation 3, on the network's output."""
    x, blind, unconditional, conditional = tensors(6, 4)
    sigma, scale, image_scale = 2.5, 7.5, 1.4
    expected = blind + image_scale * (unconditional - blind) + scale * (conditional - unconditional)
    rows = torch.stack([to_clean(x, sigma, output, "epsilon") for output in (blind, unconditional, conditional)])
    guidance = Guidance(positives=((TEXT, 1.0),), negative=TEXT, scale=scale, image_scale=image_scale)
    assert len(guidance.rows) == 3
    result = guidance.combine(x, sigma, rows, "epsilon")
    torch.testing.assert_close(result, to_clean(x, sigma, expected, "epsilon"), atol=2e-4, rtol=1e-4)


def test_the_first_row_alone_does_not_see_the_picture() -> None:
    (concat,) = tensors(7, 1)
    blind, *seeing = Guidance(positives=((TEXT, 0.5), (TEXT, 0.5)), negative=TEXT, scale=5, image_scale=2).seen(concat)
    assert not blind.any()
    assert [torch.equal(row, concat) for row in seeing] == [True] * 3
    usual = Guidance(positives=((TEXT, 1.0),), negative=TEXT, scale=5.0)
    assert [torch.equal(row, concat) for row in usual.seen(concat)] == [True] * 2


def test_an_image_scale_of_one_needs_no_blind_row() -> None:
    x, unconditional, conditional = tensors(8, 3)
    rows = torch.stack([unconditional, conditional])
    one = Guidance(positives=((TEXT, 1.0),), negative=TEXT, scale=5.0, image_scale=1.0)
    nearly = Guidance(positives=((TEXT, 1.0),), negative=TEXT, scale=5.0, image_scale=1.0 + 1e-7)
    assert (len(one.rows), len(nearly.rows)) == (2, 3)
    three = torch.cat([torch.zeros_like(rows[:1]), rows])
    torch.testing.assert_close(one.combine(x, 1.0, rows, "epsilon"), nearly.combine(x, 1.0, three, "epsilon"))
