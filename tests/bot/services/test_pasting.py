"""What pictures and texts say, as drafts: one way for the command line and Discord."""

import io
from dataclasses import replace
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from bot.services import pasting
from bot.services.drafts import order
from bot.services.pasting import Hint, looks_pasted, pasted, read_told, resolve_model, settings_of, told_of
from bot.services.sizes import Pixels
from inference.protocol.messages import ModelInfo
from inference.protocol.parameters import to_parameters
from inference.protocol.recipe import ContentHash, ImageToImage, Instruct, TextToImage, Upscale, to_json
from tests.inference.protocol.golden import PASTED


def model(digit: str, name: str, kind: Literal["checkpoint", "vae"] = "checkpoint") -> ModelInfo:
    return ModelInfo(
        hash=ContentHash(digit * 64), name=name, kind=kind, family="sd1", prediction_type="epsilon", inpainting=False,
        default_width=64, default_height=64, bytes=1,
    )  # fmt: skip


MODELS = [model("a", "dream"), model("b", "Farm.safetensors"), model("c", "mse", "vae")]
RECIPE = TextToImage(
    prompt="a hen", model=ContentHash("a" * 64), width=64, height=64, steps=3, sampler="lms", schedule="karras",
    guidance_scale=4, seed=5,
)  # fmt: skip
SETTINGS = "a fox\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768"


def png(**texts: str) -> bytes:
    written = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        written.add_itxt(key, text)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=written)
    return file.getvalue()


def photo(kind: str, settings: str) -> bytes:
    data = Image.Exif()
    data.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + settings.encode("utf-16-be")
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind, exif=data)
    return file.getvalue()


# Finding ------------------------------------------------------------------------------------------------------------

KEYS = {"comfyui-workflow.json": "workflow", "invokeai-2.json": "sd-metadata", "invokeai-1.txt": "Dream"}
PROGRAMS = {"comfyui": "ComfyUI", "invokeai": "InvokeAI"}


@pytest.mark.parametrize("name", sorted(PASTED))
def test_a_picture_and_its_text_say_the_same(name: str) -> None:
    text = PASTED[name]
    kind = name.split("-")[0]
    key = KEYS.get(name) or {"comfyui": "prompt", "invokeai": "invokeai_metadata"}.get(kind, "parameters")
    found = pasting.read_settings(png(**{key: text}))
    assert found is not None
    assert found.program == PROGRAMS.get(kind, "AUTOMATIC1111")
    assert found.parameters == settings_of(text).parameters
    assert read_told(text.encode()) == told_of(text) == read_told(png(**{key: text}))
    assert looks_pasted(text) is (found.text is not None)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_other_kinds_of_pictures(kind: str) -> None:
    assert read_told(photo(kind, SETTINGS)) == told_of(SETTINGS)


def test_ours_goes_before_others() -> None:
    told = read_told(png(**{"easel-recipe": to_json(RECIPE), "parameters": SETTINGS, "prompt": "{}"}))
    assert told is not None
    assert told.said == {"like": RECIPE}
    assert told_of(to_json(RECIPE)).said == {"like": RECIPE}
    broken = read_told(png(**{"easel-recipe": "{}", "parameters": SETTINGS}))
    assert broken is not None
    assert broken.said == told_of(SETTINGS).said
    assert "the exact recipe cannot be read" in broken.ignored[0]


def test_a_graph_as_it_is_sent_to_comfyui() -> None:
    graph = PASTED["comfyui-text-to-image.json"]
    assert told_of(f'{{"client_id": "x", "prompt": {graph}}}') == told_of(graph)
    both = png(prompt='{"1": 2}', workflow=PASTED["comfyui-workflow.json"])
    assert read_told(both) == told_of(PASTED["comfyui-workflow.json"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a prompt is no picture",
        b"\0" * 100,
        b'{"a": 1}',
        b"[" * 100_000,
        png(),
        png(parameters=""),
        png(parameters='{"sui_image_params": {}}'),
        png(prompt="{}", workflow="[]", Dream="?", invokeai_metadata="3"),
        png(**{"easel-recipe": "{}"}),
        png(parameters=SETTINGS)[:80],
        photo("JPEG", ""),
        b"GIF89a",
    ],
)
def test_what_says_nothing(data: bytes) -> None:
    assert read_told(data) is None


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFFxxxxWEBP", b"{", b'"'])
)
def test_any_bytes_are_read(data: bytes, beginning: bytes) -> None:
    read_told(beginning + data)


# Following ----------------------------------------------------------------------------------------------------------


def test_what_is_known_is_taken() -> None:
    told = told_of(PASTED["a1111-1.9.txt"])
    assert told.said["prompt"].startswith("portrait of a fox")
    wanted = {
        "steps": 28, "sampler": "dpmpp_2m", "schedule": "karras", "guidance_scale": 6.5, "seed": 2718281828,
        "width": 512, "height": 768, "clip_skip": 2, "hires_width": 768, "hires_height": 1152, "hires_strength": 0.55,
    }  # fmt: skip
    assert wanted.items() <= told.said.items()
    assert told.model == Hint("6ce0161689", "v1-5-pruned-emaonly")
    assert told.vae == Hint("735e4c3a44", "vae-ft-mse-840000-ema-pruned")
    assert told.lora_hashes == {"ink wash": "9d5c3b6a7f10"}
    assert told.strength is None


@pytest.mark.parametrize(
    ("setting", "ignored"),
    [
        ("Steps: 100000", "Steps: 100000"),
        ("Steps: 1, Seed: 9999999999999999999", "Seed: 9999999999999999999"),
        ("Steps: 1, CFG scale: 1000", "CFG scale: 1000.0"),
        ("Steps: 1, Clip skip: 0", "Clip skip: 0"),
        ("Steps: 1, Size: 9000x64", "Size: 9000x64"),
        ("Steps: 1, Size: 4x4", "Size: 4x4"),
        ("Steps: 1, Denoising strength: 7", "Denoising strength: 7"),
        ("Steps: 1, Denoising strength: 0.5", "Denoising strength: 0.5"),
        ("Steps: 1, Size: 64x64, Hires resize: 32x32", "Hires size: 32x32"),
        ("Steps: 1, Size: 64x64, Hires resize: 8000x8000", "Hires size: 8000x8000"),
        ("Steps: 1, Variation seed: 5, Variation seed strength: 2", "Variation seed: 5, strength 2"),
        ("Steps: 1, Model: other", "Model: other"),
        ("Steps: 1, VAE: other.pt, VAE hash: 0123456789", "VAE: other, 0123456789"),
    ],
)
def test_what_cannot_be_followed_is_listed_and_the_rest_painted(setting: str, ignored: str) -> None:
    meant = pasted(told_of(f"a fox\n{setting}, Sampler: LMS, Foo: bar"), MODELS)
    assert set(meant.ignored) == {ignored, "Foo: bar"}
    recipe = order(meant.wish.draft, MODELS).recipe
    assert (recipe.prompt, recipe.sampler) == ("a fox", "lms")


def test_sizes_are_rounded_as_other_programs_do() -> None:
    meant = pasted(told_of("x\nSteps: 1, Sampler: LMS, Size: 135x511"), MODELS)
    assert (meant.wish.draft.width, meant.wish.draft.height) == (128, 504)
    assert meant.wish.size == Pixels(128, 504)
    assert meant.ignored == ()


def test_models_that_are_installed() -> None:
    assert resolve_model(Hint("AAAAAAAAAA", "farm"), MODELS) == "dream"
    assert resolve_model(Hint("1111111111", "FARM.ckpt"), MODELS) == "Farm.safetensors"
    assert resolve_model(Hint(None, "folder\\dream.safetensors"), MODELS) == "dream"
    assert resolve_model(Hint(None, "mse"), MODELS, "vae") == "mse"
    for hint in (Hint(), Hint("aaaaaaa"), Hint(None, ""), Hint(None, "mse"), Hint("", "None")):
        assert resolve_model(hint, MODELS) is None
    meant = pasted(told_of("x\nSteps: 1, Sampler: LMS, Model hash: bbbbbbbbbb, VAE: mse.pt"), MODELS)
    assert (meant.wish.draft.model, meant.wish.draft.vae, meant.ignored) == ("Farm.safetensors", "mse", ())


def test_an_exact_recipe() -> None:
    assert pasted(told_of(to_json(RECIPE)), MODELS).wish.draft.like == RECIPE
    gone: Any = TextToImage(**{**{name: getattr(RECIPE, name) for name in RECIPE.__struct_fields__}, "model": "d" * 64})
    meant = pasted(told_of(to_json(gone)), MODELS)
    assert meant.ignored == ("Model: dddddddddd",)
    made = order(replace(meant.wish.draft, model="dream"), MODELS).recipe
    assert made == RECIPE


def test_a_recipe_that_started_from_a_picture() -> None:
    like = ImageToImage(
        prompt="a hen", negative_prompt="a cow", model=ContentHash("a" * 64), width=64, height=64, steps=3,
        sampler="lms", schedule="karras", guidance_scale=4, seed=5, strength=0.25, image=ContentHash("e" * 64),
    )  # fmt: skip
    meant = pasted(told_of(to_json(like)), MODELS)
    assert meant.ignored == ("Denoising strength: 0.25",)
    recipe = order(meant.wish.draft, MODELS).recipe
    assert isinstance(recipe, TextToImage)
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a hen", "a cow", 5)


def test_an_instruction_is_pasted_as_words_for_an_ordinary_model() -> None:
    teller = msgspec.structs.replace(model("e", "teller"), instructs=True)
    like = Instruct(
        prompt="make it snow", model=ContentHash("e" * 64), width=64, height=64, steps=3, sampler="lms",
        schedule="karras", guidance_scale=4, seed=5, image=ContentHash("f" * 64), image_guidance_scale=1.25,
    )  # fmt: skip
    models = [*MODELS, teller]
    for text, ignored in (
        (to_json(like), ("Model: eeeeeeeeee",)),
        (to_parameters(like, "teller"), ("Image CFG scale: 1.25", "Model: teller, eeeeeeeeee")),
    ):
        meant = pasted(told_of(text), models)
        assert meant.ignored == ignored
        made = order(meant.wish.draft, models).recipe
        assert isinstance(made, TextToImage)
        assert (made.prompt, made.seed, made.model) == ("make it snow", 5, MODELS[0].hash)


@given(st.text())
def test_any_text_can_be_painted_or_is_refused_in_words(text: str) -> None:
    meant = pasted(told_of(text), MODELS)
    assert meant.wish.draft.prompt is not None


@pytest.mark.parametrize(
    ("fields", "text", "ignored"),
    [
        ({"factor": 1}, "Face restoration: GFPGANv1.4, Version: Easel", ("Faces restored",)),
        (
            {"factor": 2, "face_strength": 0.25},
            "Postprocess upscale by: 2, Postprocess upscaler: Lanczos, Face restoration: GFPGANv1.4, "
            "Face restoration visibility: 0.25, Version: Easel",
            ("Made 2 times as large", "Faces restored"),
        ),
    ],
)
def test_a_picture_with_restored_faces_says_so(fields: dict[str, Any], text: str, ignored: tuple[str, ...]) -> None:
    larger = Upscale(image=ContentHash("d" * 64), faces=ContentHash("e" * 64), of=RECIPE, **fields)
    written = to_parameters(larger, faces_name="GFPGANv1.4")
    assert written.startswith(RECIPE.prompt) and text in written
    assert "Face restoration: eeeeeeeeee" in to_parameters(larger)
    told = read_told(png(parameters=written, **{"easel-recipe": to_json(larger)}))
    assert told is not None
    assert (told.said["like"], told.ignored) == (RECIPE, ignored)
    # Without the exact recipe, the words are what is left.
    assert "Face restoration: GFPGANv1.4" in told_of(written).ignored


def test_a_picture_made_larger_says_how_its_source_was_painted() -> None:
    larger = Upscale(image=ContentHash("d" * 64), factor=4, of=RECIPE)
    data = png(parameters=to_parameters(larger, "sharp"), **{"easel-recipe": to_json(larger)})
    told = read_told(data)
    assert told is not None
    assert told.said == {"like": RECIPE}
    assert told.ignored == ("Made 4 times as large",)
    settings = pasting.read_settings(data)
    assert settings is not None
    assert settings.upscale == larger
    assert "Steps: 3" in str(settings.text)
    assert ", Postprocess upscale by: 4, Postprocess upscaler: sharp, Version: Easel" in str(settings.text)


def test_a_picture_made_larger_from_one_that_said_nothing() -> None:
    larger = Upscale(image=ContentHash("d" * 64))
    data = png(**{"easel-recipe": to_json(larger)})
    assert read_told(data) is None
    settings = pasting.read_settings(data)
    assert settings is not None
    assert settings.problem == "it was made larger from a picture that did not say how it was painted"
