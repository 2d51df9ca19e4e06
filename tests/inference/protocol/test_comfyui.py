"""ComfyUI's graphs: what they say, and that nothing in them does harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol.comfyui import read_prompt, read_workflow
from inference.protocol.documents import MAX_CHARACTERS, number_in, read_object, text_in, whole_in
from inference.protocol.parameters import Parameters, parse, to_text
from tests.inference.protocol.golden import PASTED

GOLDEN: dict[str, Parameters] = {
    "comfyui-text-to-image.json": Parameters(
        prompt="beautiful scenery, purple galaxy bottle, glow",
        negative_prompt="text, watermark",
        steps=4,
        sampler="dpmpp_2m",
        schedule="karras",
        guidance_scale=8,
        seed=156680208700286,
        width=64,
        height=128,
        model="v1-5-pruned-emaonly",
    ),
    "comfyui-loras-hires.json": Parameters(
        prompt="a stone bridge BREAK over a river :0.5 AND night :0.5 <lora:ink wash:0.5:0.8> <lora:detail:0:0.6>",
        negative_prompt="people",
        steps=20,
        sampler="euler_a",
        schedule="normal",
        guidance_scale=7.5,
        seed=7,
        width=512,
        height=512,
        clip_skip=2,
        strength=0.5,
        hires_width=768,
        hires_height=768,
        hires_steps=12,
        hires_sampler="dpmpp_2m",
        hires_upscaler="latent_bicubic",
        model="dream",
        vae="vae-ft-mse",
        others={"Hires seed": "8", "Further samplers": "KSampler 40"},
    ),
    "comfyui-custom-advanced.json": Parameters(
        prompt="a harbour at dawn <lora:grain:0:0.4>",
        negative_prompt="blurry",
        style_prompt="oil painting",
        steps=24,
        sampler="dpmpp_2s_a",
        schedule="sgm_uniform",
        guidance_scale=4.5,
        seed=90210,
        width=1024,
        height=768,
        clip_skip=1,
        model="sd_xl_base_1.0",
        others={"Nodes": "SplitSigmas, ControlNetApplyAdvanced, ControlNetLoader"},
    ),
    "comfyui-image-to-image.json": Parameters(
        prompt="a castle",
        steps=20,
        guidance_scale=6,
        seed=3,
        strength=0.6,
        model="dream",
        others={
            "Sampler": "res_multistep",
            "Schedule type": "kl_optimal",
            "Image": "sketch.png",
            "Nodes": "FaceDetailer",
        },
    ),
}
WORKFLOW = Parameters(
    prompt="a tall ship",
    negative_prompt="watermark",
    steps=20,
    sampler="heun",
    schedule="exponential",
    guidance_scale=8,
    seed=8675309,
    width=768,
    height=512,
    model="dream",
)


def graph(name: str) -> dict[str, Any]:
    found = read_object(PASTED[name])
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_graphs_that_were_run(name: str) -> None:
    assert read_prompt(graph(name)) == GOLDEN[name]
    assert parse(to_text(GOLDEN[name])) == GOLDEN[name]


def test_the_editors_graph() -> None:
    assert read_workflow(graph("comfyui-workflow.json")) == WORKFLOW


def simple(**changes: dict[str, Any]) -> dict[str, Any]:
    """Return the first graph with other inputs, by the numbers of nodes."""
    found = graph("comfyui-text-to-image.json")
    for node, inputs in changes.items():
        found[node.removeprefix("n")]["inputs"] |= inputs
    return found


def test_an_enlargement_by_a_network_between_two_samplers() -> None:
    second = {**simple()["3"]["inputs"], "denoise": 0.3, "latent_image": ["22", 0]}
    found = simple() | {
        "20": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
        "21": {"class_type": "ImageUpscaleWithModel", "inputs": {"image": ["20", 0], "upscale_model": ["30", 0]}},
        "22": {"class_type": "VAEEncode", "inputs": {"pixels": ["21", 0]}},
        "23": {"class_type": "KSampler", "inputs": second},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["23", 0]}},
    }
    told = read_prompt(found)
    assert told is not None
    assert (told.hires_width, told.strength, told.seed) == (None, None, 156680208700286)
    assert told.others == {
        "Second sampler": "4 steps of dpmpp_2m, denoise 0.3",
        "Nodes": "ImageUpscaleWithModel",
    }
    # A size that is set behind the network is known.
    found["24"] = {"class_type": "ImageScale", "inputs": {"image": ["21", 0], "width": 96, "height": 0}}
    found["22"]["inputs"]["pixels"] = ["24", 0]
    told = read_prompt(found)
    assert told is not None
    assert told.hires_width is None
    found["24"]["inputs"]["image"] = ["20", 0]
    told = read_prompt(found)
    assert told is not None
    assert (told.hires_width, told.hires_height, told.strength) == (96, 192, 0.3)


def test_a_refiner_behind_the_sampler_is_named() -> None:
    first = {**simple()["3"]["inputs"], "noise_seed": 1, "start_at_step": 0, "end_at_step": 3}
    second = {**first, "latent_image": ["3", 0], "start_at_step": 3, "end_at_step": 10_000}
    del first["seed"], second["seed"]
    found = simple() | {
        "3": {"class_type": "KSamplerAdvanced", "inputs": first},
        "23": {"class_type": "KSamplerAdvanced", "inputs": second},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["23", 0]}},
    }
    told = read_prompt(found)
    assert told is not None
    assert (told.seed, told.strength, told.hires_width) == (1, None, None)
    assert told.others == {"Second sampler": "4 steps of dpmpp_2m, denoise 0.25"}


def test_what_loops_ends() -> None:
    loops = simple(
        n3={"model": ["40", 0], "positive": ["41", 0], "latent_image": ["3", 0], "seed": ["42", 0]},
        n8={"samples": ["43", 0]},
    ) | {
        "40": {"class_type": "LoraLoader", "inputs": {"lora_name": "x", "strength_model": 1, "model": ["40", 0]}},
        "41": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["41", 0], "cond": ["3", 0]}},
        "42": {"class_type": "PrimitiveInt", "inputs": {"value": ["42", 0]}},
        "43": {"class_type": "Reroute", "inputs": {"": ["43", 0]}},
    }
    told = read_prompt(loops)
    assert told is not None
    assert (told.prompt, told.seed) == ("<lora:x:1>", None)


def test_texts_that_would_double_without_end() -> None:
    joined = {"class_type": "StringConcatenate", "inputs": {"string_a": "ab", "string_b": "cd", "delimiter": " "}}
    many: dict[str, Any] = {"100": joined}
    for number in range(101, 160):
        before = [str(number - 1), 0]
        inputs = {"string_a": before, "string_b": before, "delimiter": ""}
        many[str(number)] = {"class_type": "StringConcatenate", "inputs": inputs}
    told = read_prompt(simple(n6={"text": ["159", 0]}) | many)
    assert told is not None
    assert len(told.prompt) <= 20_000
    told = read_prompt(simple(n6={"text": ["100", 0]}) | many)
    assert told is not None
    assert told.prompt == "ab cd"


def test_chains_of_thousands() -> None:
    chain = {
        str(number): {"class_type": "LoraLoader", "inputs": {"lora_name": f"l{number}", "model": [str(number + 1), 0]}}
        for number in range(100, 5000)
    }
    told = read_prompt(simple(n3={"model": ["100", 0]}) | chain)
    assert told is not None
    assert told.prompt.count("<lora:") == 50
    assert "LoRA" in told.others


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_LINKS = st.tuples(st.sampled_from("123456789"), st.integers(-1, 3)).map(list)
_NAMES = st.sampled_from(
    ["seed", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "denoise", "model", "positive", "negative",
     "latent_image", "images", "samples", "pixels", "text", "text_g", "clip", "lora_name", "strength_model", "width",
     "height", "scale_by", "guider", "sigmas", "sampler", "noise", "stop_at_clip_layer", "start_at_step", "vae", "lora",
     "ckpt_name", "conditioning_1", "value", "string_a", "string_b"]
)  # fmt: skip
_KINDS = st.sampled_from(
    ["KSampler", "KSamplerAdvanced", "SaveImage", "PreviewImage", "LoraLoader", "CLIPTextEncode", "Reroute",
     "VAEDecode", "ConditioningConcat", "ConditioningCombine", "EmptyLatentImage", "LatentUpscaleBy",
     "StringConcatenate", "Odd"]
)  # fmt: skip
_NODES = st.fixed_dictionaries({"class_type": _KINDS, "inputs": st.dictionaries(_NAMES, _LINKS | _VALUES, max_size=9)})


@given(st.dictionaries(st.sampled_from("123456789"), _NODES | _VALUES, max_size=9))
def test_any_graph_is_read_or_is_nothing(document: dict[str, Any]) -> None:
    if (told := read_prompt(document)) is not None:
        to_text(told).encode()


_DRAWN = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers(1, 9) | _VALUES,
        "type": _KINDS | _VALUES,
        "mode": st.sampled_from([0, 2, 4]) | _VALUES,
        "inputs": st.lists(
            st.fixed_dictionaries({}, optional={"name": _NAMES | _VALUES, "link": st.integers(1, 9) | _VALUES}),
            max_size=5,
        )
        | _VALUES,
        "widgets_values": st.lists(_VALUES, max_size=9) | st.dictionaries(_NAMES, _VALUES, max_size=5) | _VALUES,
    },
)
_WIRES = st.tuples(
    st.integers(1, 9), st.integers(1, 9), st.integers(0, 2), st.integers(1, 9), st.integers(0, 4), st.text(max_size=3)
)


@given(st.lists(_DRAWN | _VALUES, max_size=9), st.lists(_WIRES.map(list) | _VALUES, max_size=9) | _VALUES)
def test_any_editors_graph_is_read_or_is_nothing(nodes: Any, links: Any) -> None:
    if (told := read_workflow({"nodes": nodes, "links": links})) is not None:
        to_text(told).encode()


@given(_VALUES.filter(lambda value: isinstance(value, dict)))
def test_no_graph_at_all(document: dict[str, Any]) -> None:
    assert read_prompt(document) is None
    assert read_workflow(document) is None


# JSON of strangers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "nothing", "[1]", "3", "{", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, " " * (MAX_CHARACTERS + 1) + "{}"],
)
def test_what_is_no_object(text: str) -> None:
    assert read_object(text) is None


def test_objects() -> None:
    assert read_object('{"a": NaN, "a": 1}') == {"a": 1}


def test_values() -> None:
    assert [whole_in(value) for value in (5, "5", 5.0, -1)] == [5, 5, 5, -1]
    wrong: tuple[Any, ...] = (True, None, 1.5, float("nan"), "5.0", "", "²", 2**64, 1e300, "9" * 30, [5])
    assert [whole_in(value) for value in wrong] == [None] * len(wrong)
    assert [number_in(value) for value in (5, "0.5", 1e3)] == [5.0, 0.5, 1000.0]
    wrong = (True, None, float("inf"), "nan", "x", "1" * 50, 10**400, [])
    assert [number_in(value) for value in wrong] == [None] * len(wrong)
    assert text_in("\ud800x") == "?x"
    assert text_in(5) is None


def test_golden_files_are_json() -> None:
    assert all(json.loads(text) for name, text in PASTED.items() if name.endswith(".json"))
