"""What three generations of InvokeAI write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol.documents import read_object
from inference.protocol.invokeai import read_dream, read_metadata, read_old_metadata
from inference.protocol.parameters import Parameters, to_text
from tests.inference.protocol.golden import PASTED
from tests.inference.protocol.test_comfyui import _VALUES

GOLDEN: dict[str, Parameters] = {
    "invokeai-3.json": Parameters(
        prompt="a lake, [fog:sun:10] <lora:mist:0.75>",
        negative_prompt="low quality",
        steps=50,
        sampler="dpmpp_2m_sde",
        schedule="karras",
        guidance_scale=7.5,
        seed=356120443,
        width=768,
        height=432,
        clip_skip=2,
        model="lakes_v3",
        vae="sd-vae-ft-mse",
        others={"controlnets": "2"},
    ),
    "invokeai-5.json": Parameters(
        prompt="a cutaway of a submarine <lora:cutaway-xl:0.85>",
        negative_prompt="people",
        style_prompt="drawing",
        steps=28,
        sampler="dpm2_a",
        schedule="normal",
        guidance_scale=6,
        guidance_rescale=0.3,
        seed=2718281828,
        width=1216,
        height=832,
        strength=0.6,
        model="Juggernaut XL v9",
        model_hash="1f" * 32,
        others={
            "Negative style prompt": "photo", "LoRA": "odd:name 1", "init_image": "abc.png", "seamless_x": "True"
        },
    ),
}  # fmt: skip
OLD = Parameters(
    prompt="an owl in a tree",
    negative_prompt="blurry, people, cars",
    steps=30,
    sampler="euler_a",
    schedule="normal",
    guidance_scale=7.5,
    seed=3561693215,
    width=640,
    height=512,
    model="stable-diffusion-1.5",
    model_hash="cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516",
)


def document(name: str) -> dict[str, Any]:
    found = read_object(PASTED[name])
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_metadata(name: str) -> None:
    assert read_metadata(document(name)) == GOLDEN[name]


def test_metadata_of_version_2() -> None:
    assert read_old_metadata(document("invokeai-2.json")) == OLD


def test_commands_of_version_1() -> None:
    assert read_dream(PASTED["invokeai-1.txt"]) == Parameters(
        prompt='an owl with a "hat"',
        negative_prompt="blurry",
        steps=50,
        sampler="lms",
        schedule="normal",
        guidance_scale=7.5,
        seed=42,
        width=512,
        height=448,
    )
    assert read_dream('"a fox" -s5 -A k_magic') == Parameters(prompt="a fox", steps=5, others={"Sampler": "k_magic"})
    for other in ("a fox", '"a fox"', '"a fox" and a hen', 'a "fox" -s 5', '"' * 100_000, '" ' * 100_000):
        assert read_dream(other) is None


def test_schedulers_that_are_not_known_are_named() -> None:
    told = read_metadata({"positive_prompt": "x", "scheduler": "dpmpp_2s_k"})
    assert told == Parameters(prompt="x", others={"Sampler": "dpmpp_2s_k"})


_KEYS = st.sampled_from(["positive_prompt", *document("invokeai-5.json"), "hrf_enabled", "hrf_strength", "odd\ud800"])


@given(st.dictionaries(_KEYS, _VALUES, max_size=12))
def test_any_metadata_is_read_or_is_nothing(metadata: dict[str, Any]) -> None:
    if (told := read_metadata(metadata)) is not None:
        to_text(told).encode()


_OLD_KEYS = st.sampled_from(["prompt", "steps", "cfg_scale", "sampler", "seed", "width", "height", "type", "strength"])


@given(st.dictionaries(_OLD_KEYS, _VALUES, max_size=9) | _VALUES, _VALUES)
def test_any_old_metadata_is_read_or_is_nothing(image: Any, model: Any) -> None:
    told = read_old_metadata({"image": image, "model_weights": model, "model_hash": model})
    if told is not None:
        to_text(told).encode()


@given(st.text())
def test_any_command_is_read_or_is_nothing(text: str) -> None:
    read_dream(text)
    read_dream(f'"{text}" -s {text}')
