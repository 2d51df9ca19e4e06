"""`parameters` texts of several programs and hands."""

import dataclasses
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol.infotext import is_whole
from inference.protocol.parameters import Parameters, lora_tag, parse, to_parameters, to_text
from inference.protocol.recipe import AdapterUse, Blend, ContentHash, Detail, Instruct, Outpaint, TextToImage
from tests.inference.protocol.golden import PASTED
from tests.inference.protocol.strategies import blends, details, instructs, outpaints, text_to_images

FOX = "a fox\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768"
FOX_MEANS = Parameters(
    prompt="a fox", negative_prompt="bad", steps=20, sampler="euler_a", guidance_scale=7, seed=5, width=512, height=768
)

GOLDEN: dict[str, Parameters] = {
    "a1111-1.9.txt": Parameters(
        prompt="portrait of a fox, (detailed fur:1.2), <lora:ink wash:0.8>\ngolden hour",
        negative_prompt="blurry, easynegative,\nwatermark",
        steps=28,
        sampler="dpmpp_2m",
        schedule="karras",
        guidance_scale=6.5,
        seed=2718281828,
        width=512,
        height=768,
        clip_skip=2,
        strength=0.55,
        hires_width=768,
        hires_height=1152,
        hires_steps=12,
        hires_upscaler="latent",
        model="v1-5-pruned-emaonly",
        model_hash="6ce0161689",
        vae="vae-ft-mse-840000-ema-pruned",
        vae_hash="735e4c3a44",
        lora_hashes={"ink wash": "9d5c3b6a7f10"},
        embedding_hashes={"easynegative": "c74b4e810b03"},
    ),
    "a1111-2022.txt": Parameters(
        prompt="girl with an artist's beret, ((eyeshadow))",
        negative_prompt="ugly, [blurry]",
        steps=20,
        sampler="dpmpp_sde",
        schedule="karras",
        guidance_scale=7,
        seed=965400086,
        width=448,
        height=640,
        strength=0.7,
        hires_width=768,
        hires_height=1152,
        model_hash="45dee52b",
    ),
    "civitai.txt": Parameters(
        prompt="score_9, a knight",
        negative_prompt="score_4",
        steps=30,
        sampler="dpmpp_2m",
        schedule="karras",
        guidance_scale=7,
        seed=424242,
        width=832,
        height=1216,
        clip_skip=2,
        model_hash="67ab2fd8ec",
        lora_hashes={"ink": "aabbccdd0011"},
        others={
            "Civitai resources": '[{"type":"checkpoint","modelVersionId":290640,"modelName":"Pony, the model",'
            '"modelVersionName":"V6 XL"},{"type":"lora","weight":0.7,"modelVersionId":382152,"modelName":"Ink",'
            '"modelVersionName":"v2"}]'
        },
    ),
    "dynamic-prompts.txt": Parameters(
        prompt="a red hen on a farm",
        negative_prompt="low quality",
        steps=25,
        sampler="euler_a",
        guidance_scale=8,
        seed=11,
        width=640,
        height=512,
        model="farm",
        model_hash="abcdef0123",
    ),
    "forge.txt": Parameters(
        prompt="a lighthouse, storm",
        steps=20,
        sampler="euler",
        schedule="simple",
        guidance_scale=1,
        seed=77,
        width=896,
        height=1152,
        model="flux1-dev-fp8",
        model_hash="275ef623d3",
        others={"Distilled CFG Scale": "3.5", "Hires prompt": 'a lighthouse, "closer"', "Module 1": "ae"},
    ),
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_programs_write(name: str) -> None:
    assert parse(PASTED[name]) == GOLDEN[name]


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_the_same_on_one_line_as_discord_makes_of_it(name: str) -> None:
    told = parse(PASTED[name].replace("\n", " "))
    wanted = GOLDEN[name]
    prompt, negative_prompt = (text.replace("\n", " ") for text in (wanted.prompt, wanted.negative_prompt))
    assert told == dataclasses.replace(wanted, prompt=prompt, negative_prompt=negative_prompt)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_is_written_of_it_says_the_same(name: str) -> None:
    assert parse(to_text(GOLDEN[name])) == GOLDEN[name]


@pytest.mark.parametrize(
    "text",
    [
        FOX,
        FOX.replace("\n", "\r\n"),
        FOX.replace("\n", "\r"),
        FOX.replace("\n", " "),
        FOX.replace("\n", "  \n"),
        f"\n\n{FOX}\n\n",
        FOX + "\nSaved: 00012-5.png\n",
        FOX + "\nTemplate: {a|b}, Seed: 6\nNegative Template: bad",
        FOX.replace("\n", " ") + " Template: {a|b}, Seed: 6 Negative Template: bad",
        FOX.replace("\nSteps", "\nTemplate: x\nNegative Template: y\nSteps"),
        FOX.replace(", CFG", ",\nCFG"),
        FOX.replace("Negative prompt", "Negative Prompt").replace("CFG scale", "cfg Scale"),
        FOX + ", Version: v1.10.1, Clip skip: 1, Seed: 6",
        FOX + ", Hires sampler: Use same sampler, Seed resize from: 0x0",
    ],
)
def test_the_same_text_in_other_shapes(text: str) -> None:
    told = parse(text)
    others = {key: value for key, value in told.others.items() if key != "Saved"}
    assert dataclasses.replace(told, clip_skip=None, others=others) == FOX_MEANS


@pytest.mark.parametrize(
    ("text", "prompt", "others"),
    [
        ("", "", {}),
        ("a fox: red, hen: blue, owl: white", "a fox: red, hen: blue, owl: white", {}),
        ("Steps: 3, wooden stairs", "Steps: 3, wooden stairs", {}),
        ("a clock\nSteps: 3, wooden, Sampler", "a clock\nSteps: 3, wooden, Sampler", {}),
        ("a fox\nSize: 64x64, Steps: 2, Foo: bar", "a fox", {"Foo": "bar"}),
        ("a fox\nSteps: 20", "a fox", {}),
        ("x\nSteps: 20, Sampler: Dreamer, Schedule type: Odd, Seed: -1, Size: big", "x", {
            "Sampler": "Dreamer", "Schedule type": "Odd", "Seed": "-1", "Size": "big"
        }),
        ("x\nSteps: 20, Sampler: Euler, Lora hashes: x, Hashes: [1]", "x", {"Lora hashes": "x", "Hashes": "[1]"}),
        ('x\nSteps: 1, Sampler: Euler, Foo: "a, \\"b\\": c", Bar: {"a": [1, 2]}', "x", {
            "Foo": 'a, "b": c', "Bar": '{"a": [1, 2]}'
        }),
        ('x\nSteps: 1, Sampler: Euler, Foo: "never closed, Bar: {1, 2', "x", {"Foo": '"never closed', "Bar": "{1"}),
        ('x\nSteps: 1, Sampler: Euler, Foo: "\\ud800, lone"', "x", {"Foo": "?, lone"}),
    ],
)  # fmt: skip
def test_odd_texts(text: str, prompt: str, others: dict[str, str]) -> None:
    told = parse(text)
    assert (told.prompt, told.others) == (prompt, others)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (FOX, True),
        (FOX.replace("\n", " "), True),
        (FOX.replace("\n", "\r\n"), True),
        (PASTED["forge.txt"], True),
        (PASTED["civitai.txt"], True),
        ("Steps: 20, Sampler: Euler a, Seed: 1", True),
        ("a fox", False),
        ("a fox, Steps: 3, wooden stairs", False),
        ("a fox Negative prompt: bad", False),
        ("Steps: 20", False),
        ("Footsteps: 20, Sampler: Euler a, Seed: 1", False),
        ("Steps: many, Sampler: Euler a, Seed: 1", False),
    ],
)
def test_whole_texts_are_told_from_prompts(text: str, whole: bool) -> None:
    assert is_whole(text) is whole


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    told = parse(text)
    to_text(told).encode()
    is_whole(text)


_PIECES = st.sampled_from(
    ["Steps: 1, ", "Steps: 1\n", "Seed: 2, ", "Negative prompt: ", "Template: ", "\"", "\\", "{", "[1,", "\n", "\r",
     ", ", "Hashes: {", "Lora hashes: ", "Size: 8x8, ", "First pass size: 0x0, ", ":", "a b", "\ud800", " " * 9]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_mixture_is_read(text: str) -> None:
    to_text(parse(text)).encode()


def test_long_texts_take_no_longer_than_their_length() -> None:
    # Each of these takes minutes where time grows with the square; the test run has a limit.
    pieces = (
        " ",
        "a",
        "a b ",
        '"',
        "Steps: 1, ",
        'Steps: 1, a: "\\',
        "Steps: 1, a: [[",
        "Negative prompt: ",
        "[",
        "\n",
    )
    for piece in pieces:
        parse(piece * (1_000_000 // len(piece)))


_WORDS = st.text("abc ,.()<>:1", max_size=60).map(str.strip)


@given(text_to_images(), _WORDS, _WORDS)
def test_what_is_written_of_a_recipe_is_read(recipe: TextToImage, prompt: str, negative: str) -> None:
    changed = TextToImage(**{**_fields(recipe), "prompt": prompt, "negative_prompt": negative, "adapters": ()})
    told = parse(to_parameters(changed, 'a, model: "x"'))
    assert (told.prompt, told.negative_prompt) == (prompt, negative)
    assert (told.steps, told.seed, told.sampler, told.schedule) == (
        recipe.steps, recipe.seed, recipe.sampler, recipe.schedule,
    )  # fmt: skip
    assert (told.width, told.height, told.model_hash) == (recipe.width, recipe.height, recipe.model[:10])
    if recipe.hires is not None:
        assert (told.hires_width, told.hires_height) == (recipe.hires.width, recipe.hires.height)
        assert told.hires_upscaler == recipe.hires.upscaler


@given(outpaints())
def test_what_was_added_to_a_picture_is_said(recipe: Outpaint) -> None:
    told = parse(to_parameters(msgspec.structs.replace(recipe, prompt="a fox", negative_prompt="", strength=0.8)))
    assert (told.strength, told.width, told.height) == (0.8, recipe.width, recipe.height)
    words = told.others["Outpaint"].split()
    sides = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert sides == {
        name: getattr(recipe, name) for name in ("left", "right", "top", "bottom") if getattr(recipe, name)
    }


@given(instructs)
def test_how_closely_an_instruction_keeps_to_its_picture_is_said(recipe: Instruct) -> None:
    text = to_parameters(
        msgspec.structs.replace(recipe, prompt="make it snow", guidance_scale=7.5, image_guidance_scale=1.3)
    )
    assert ", Image CFG scale: 1.3, Version: " in text
    told = parse(text)
    assert (told.image_guidance_scale, told.guidance_scale, told.strength) == (1.3, 7.5, None)
    assert "Image CFG scale: 1.3" in to_text(told)


def _fields(recipe: TextToImage) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in recipe.__struct_fields__}


def test_loras_as_prompts_name_them() -> None:
    assert lora_tag("ink", 0.8, 0.8) == "<lora:ink:0.8>"
    assert lora_tag("ink", 0.8, 0.5) == "<lora:ink:0.5:0.8>"
    assert lora_tag("ink", 0.00001, 1) == "<lora:ink:1:0>"
    assert [lora_tag(name, 1, 1) for name in ("a:b", "a>", "a,b")] == [None] * 3
    assert lora_tag("ink", 1, 11) is None


@given(details())
def test_how_a_picture_was_painted_over_in_tiles_is_said(recipe: Detail) -> None:
    told = parse(to_parameters(msgspec.structs.replace(recipe, prompt="a fox", negative_prompt="", strength=0.3)))
    assert (told.strength, told.width, told.height) == (0.3, recipe.width, recipe.height)
    assert told.others["Detail size"] == f"{recipe.full_width}x{recipe.full_height}"
    assert told.others["Detail overlap"] == str(recipe.overlap)


@given(blends())
def test_what_was_blended_is_said(recipe: Blend) -> None:
    told = parse(to_parameters(msgspec.structs.replace(recipe, prompt="a fox", negative_prompt="", strength=0.3)))
    assert told.strength == 0.3
    words = told.others["Blend"].split()
    assert words[::2] == [image[:10] for image in recipe.images]
    assert sum(map(float, words[1::2])) == pytest.approx(1, abs=0.01)


_INK, _WASH, _SPOT = (ContentHash(letter * 64) for letter in "abc")


def test_adapters_are_written_by_their_names_in_the_prompt() -> None:
    adapters = (
        AdapterUse(hash=_INK, weight=0.8),
        AdapterUse(hash=_WASH, weight=0.5, text_encoder_weight=1.0),
        AdapterUse(hash=_SPOT, word="zorp"),
    )
    told = parse(to_parameters(_painted(prompt="a zorp <lora:ink wash:0.8>", adapters=adapters)))
    assert told.lora_hashes == {"ink wash": _INK[:12], _WASH[:10]: _WASH[:12]}
    assert told.embedding_hashes == {"zorp": _SPOT[:12]}
    assert told.prompt == f"a zorp <lora:ink wash:0.8> <lora:{_WASH[:10]}:1:0.5>"
    assert parse(to_text(told)) == told


def test_an_adapter_used_twice_is_named_once() -> None:
    adapters = (AdapterUse(hash=_INK, weight=0.8), AdapterUse(hash=_INK, weight=0.2))
    told = parse(to_parameters(_painted(prompt="<lora:ink:0.8> <lora:ink:0.2>", adapters=adapters)))
    assert told.lora_hashes == {"ink": _INK[:12]}


def test_names_that_cannot_be_told_apart_are_not_guessed() -> None:
    prompt = "<lora:ink:0.8> <lora:wash:0>"
    told = parse(to_parameters(_painted(prompt=prompt, adapters=(AdapterUse(hash=_INK),))))
    assert told.lora_hashes == {_INK[:10]: _INK[:12]}


def _painted(**changes: object) -> TextToImage:
    base = TextToImage(
        prompt="",
        model=_INK,
        width=64,
        height=64,
        steps=2,
        sampler="euler",
        schedule="normal",
        guidance_scale=5,
        seed=1,
    )
    return msgspec.structs.replace(base, **changes)
