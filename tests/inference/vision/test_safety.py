"""Checkers in both formats on real pictures: what they flag, what they refuse to be, and what they never let pass."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from inference.models.errors import ModelError
from inference.vision.preprocessing import FILE, Preprocessing, described
from inference.vision.safety import identity, open_checker
from tests.checkers import SIDE, concept_checker, describe, picture, red_classifier

RED, BLUE, GREEN = picture("red"), picture("blue"), picture("green")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A safety checker of diffusers' that flags red."""
    return concept_checker(tmp_path_factory.mktemp("checkers") / "safety_checker", RED, [BLUE, GREEN])


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "safety_checker"))


def tensors_of(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


# diffusers' safety checker ------------------------------------------------------------------------------------------


def test_pictures_are_judged_by_their_concepts(folder: Path) -> None:
    checker = open_checker(folder)
    found = [checker.judge(each).flagged for each in (RED, BLUE, GREEN, picture("red", 300, 200))]
    assert found == [True, False, False, True]


def test_a_judgement_is_that_of_diffusers(folder: Path) -> None:
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessorPil

    theirs = StableDiffusionSafetyChecker.from_pretrained(folder)
    extractor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    checker, drawn = open_checker(folder), np.random.default_rng(5)
    for _ in range(20):
        colours = drawn.integers(0, 256, (3, 3, 3), np.uint8)
        image = Image.fromarray(colours).resize((64, 64), Image.Resampling.NEAREST)
        pixels = extractor(image, return_tensors="pt").pixel_values
        _, flagged = theirs(images=torch.zeros(1, 1, 1, 1), clip_input=pixels)
        assert checker.judge(image).flagged == flagged[0]


def test_a_pickle_is_read_too_and_judges_alike(copied: Path) -> None:
    torch.save(load_file(copied / "model.safetensors"), copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    checker = open_checker(copied)
    assert checker.judge(RED).flagged
    assert not checker.judge(BLUE).flagged


def test_a_pickle_that_runs_something_is_refused(copied: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("owned",)

    torch.save({"state_dict": Evil()}, copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="was refused"):
        open_checker(copied)


def test_weights_of_half_precision_and_of_the_older_layout_are_read(copied: Path) -> None:
    def older(tensors: dict[str, torch.Tensor]) -> None:
        for key in [key for key in tensors if key.startswith("vision_model.")]:
            tensors[f"vision_model.{key}"] = tensors.pop(key)
        for key in tensors:
            tensors[key] = tensors[key].half()
        tensors["vision_model.vision_model.embeddings.position_ids"] = torch.arange(17)[None]

    tensors_of(copied, older)
    checker = open_checker(copied)
    assert checker.judge(RED).flagged
    assert not checker.judge(BLUE).flagged


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tensors: tensors.pop("concept_embeds"), "concept_embeds"),
        (lambda tensors: tensors.update(concept_embeds=torch.zeros(17, 9)), "cannot be loaded|concept_embeds"),
        (lambda tensors: tensors["concept_embeds_weights"].fill_(float("nan")), "numbers that are none"),
    ],
)
def test_a_file_that_is_no_whole_checker_is_refused(
    copied: Path, change: Callable[[dict[str, torch.Tensor]], object], words: str
) -> None:
    tensors_of(copied, change)
    with pytest.raises(ModelError, match=words):
        open_checker(copied)


def test_a_network_that_says_nothing_lets_nothing_pass(copied: Path) -> None:
    tensors_of(copied, lambda tensors: tensors["visual_projection.weight"].fill_(0.0))
    with pytest.raises(ModelError, match="mean nothing"):
        open_checker(copied).judge(BLUE)


@pytest.mark.parametrize("content", ["{", "[]", '{"size": "large"}', '{"size": 0}', '{"image_std": [0, 0, 0]}'])
def test_a_description_that_makes_no_sense_is_refused(copied: Path, content: str) -> None:
    (copied / FILE).write_text(content)
    with pytest.raises(ModelError):
        open_checker(copied)


def test_a_pipeline_keeps_its_description_beside(copied: Path) -> None:
    (copied.parent / "feature_extractor").mkdir()
    (copied.parent / "feature_extractor" / FILE).write_text('{"size": 32, "crop_size": 32, "do_center_crop": true}')
    assert copied.parent / "feature_extractor" / FILE in open_checker(copied).files
    (copied.parent / "feature_extractor" / FILE).write_text('{"size": 64, "crop_size": 64, "do_center_crop": true}')
    with pytest.raises(ModelError, match="another size"):
        open_checker(copied)


# ONNX ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "side", "activation"),
    [("NCHW", SIDE, "Softmax"), ("NCHW", None, None), ("NHWC", SIDE, None), ("NHWC", None, "Softmax")],
)
def test_a_classifier_is_read_as_it_is_usually_made(
    tmp_path: Path, layout: str, side: int | None, activation: str | None
) -> None:
    checker = open_checker(red_classifier(tmp_path / "red.onnx", layout=layout, side=side, activation=activation))
    red, blue = checker.judge(RED), checker.judge(BLUE)
    assert (red.flagged, blue.flagged) == (True, False)
    assert red.score is not None
    assert blue.score is not None
    assert blue.score < 0.1 < 0.9 < red.score


def test_what_the_operator_says_decides(tmp_path: Path) -> None:
    path = red_classifier(tmp_path / "red.onnx")
    describe(path, flagged=[0])
    assert [open_checker(path).judge(each).flagged for each in (RED, BLUE)] == [False, True]
    describe(path, colours="BGR")
    assert [open_checker(path).judge(each).flagged for each in (RED, BLUE)] == [False, True]
    describe(path, threshold=1.0, mean=[0.0, 0.0, 0.0], scale=0.001)
    assert not open_checker(path).judge(RED).flagged


def test_labels_tell_which_class_is_flagged(tmp_path: Path) -> None:
    red_classifier(tmp_path / "model.onnx")
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "NSFW", "1": "SFW"}}))
    assert [open_checker(tmp_path).judge(each).flagged for each in (RED, BLUE)] == [False, True]
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "normal", "1": "nsfw"}}))
    assert [open_checker(tmp_path).judge(each).flagged for each in (RED, BLUE)] == [True, False]


def test_a_folder_as_hugging_face_has_it(tmp_path: Path) -> None:
    red_classifier(tmp_path / "onnx" / "model.onnx")
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "normal", "1": "nsfw"}}))
    told = {"size": {"height": SIDE, "width": SIDE}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (tmp_path / FILE).write_text(json.dumps(told))
    checker = open_checker(tmp_path)
    assert [checker.judge(each).flagged for each in (RED, BLUE)] == [True, False]
    assert {path.name for path in checker.files} == {"model.onnx", "config.json", FILE}


def test_a_file_that_takes_any_size_is_given_what_its_description_says(tmp_path: Path) -> None:
    red_classifier(tmp_path / "model.onnx", side=None)
    assert "224 x 224" in open_checker(tmp_path).description
    (tmp_path / FILE).write_text(json.dumps({"size": {"height": 384, "width": 320}}))
    assert "320 x 384" in open_checker(tmp_path).description
    describe(tmp_path / "model.onnx", width=64, height=32)
    assert "64 x 32" in open_checker(tmp_path).description


@pytest.mark.parametrize(
    ("made", "said", "words"),
    [
        ({"classes": 3}, None, "which of them are flagged"),
        ({"classes": 2}, {"flagged": [2]}, "which of them are flagged"),
        ({"classes": 2}, {"flagged": [0, 1]}, "which of them are flagged"),
        ({"classes": 1, "activation": None}, None, "one number"),
        ({}, {"treshold": 0.5}, "treshold"),
        ({}, {"threshold": 0}, "threshold"),
        ({}, {"output": "scores"}, "gives logits"),
        ({}, {"layout": "NHWC"}, "other colours"),
        ({}, {"width": 32}, "described as taking 32"),
        ({"weight": float("nan")}, None, "numbers that are none"),
    ],
)
def test_a_classifier_that_cannot_be_relied_on_is_refused(
    tmp_path: Path, made: dict[str, object], said: dict[str, object] | None, words: str
) -> None:
    path = red_classifier(tmp_path / "red.onnx", **made)  # type: ignore[arg-type]
    if said is not None:
        describe(path, **said)
    with pytest.raises(ModelError, match=words):
        open_checker(path)


def test_one_number_is_read_as_it_is_said_to_be(tmp_path: Path) -> None:
    path = red_classifier(tmp_path / "red.onnx", classes=1, activation=None)
    describe(path, activation="sigmoid")
    assert [open_checker(path).judge(each).flagged for each in (RED, BLUE)] == [True, False]
    describe(path, activation="none")
    with pytest.raises(ModelError, match="no probabilities"):
        open_checker(path).judge(RED)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "red.onnx").write_bytes(b"not at all" * 100)
    with pytest.raises(ModelError, match="no ONNX file"):
        open_checker(tmp_path / "red.onnx")


def test_without_onnxruntime_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"pip install -c constraints.txt -e '\.\[onnx\]'"):
        open_checker(red_classifier(tmp_path / "red.onnx"))


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    (tmp_path / "red.txt").write_text("red")
    for path, words in (
        (tmp_path / "gone", "there is nothing"),
        (tmp_path, "holds no safety"),
        (tmp_path / "red.txt", "neither"),
    ):
        with pytest.raises(ModelError, match=words):
            open_checker(path)


# Identity -----------------------------------------------------------------------------------------------------------


def test_whatever_changes_the_judgement_changes_the_identity(tmp_path: Path) -> None:
    path = red_classifier(tmp_path / "red.onnx")
    names = [identity(open_checker(path).files)]
    describe(path, threshold=0.5)
    names.append(identity(open_checker(path).files))
    describe(path, threshold=0.6)
    names.append(identity(open_checker(path).files))
    red_classifier(path, weight=30.0)
    names.append(identity(open_checker(path).files))
    assert len(set(names)) == 4
    copied = shutil.copytree(tmp_path, tmp_path / "elsewhere") / "red.onnx"
    assert identity(open_checker(copied).files) == names[-1]


# Views --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (64, 512), (1024, 64), (768, 512), (65, 64), (4096, 64)])
def test_every_part_of_a_picture_is_in_a_view(size: tuple[int, int]) -> None:
    views = Preprocessing(width=32, height=32)
    places = np.linspace(0, 1, 40)
    for across in places if size[0] > size[1] else places[:1]:
        for down in places if size[1] > size[0] else places[:1]:
            image = picture("black", *size)
            box = [round(share * (side - 8)) for share, side in zip((across, down), size, strict=True)]
            image.paste((255, 255, 255), (box[0], box[1], box[0] + 8, box[1] + 8))
            assert max(float(view.max()) for view in views.views(image)) > 0.1


def test_of_a_square_picture_there_is_one_view_as_the_extractor_makes_it(tmp_path: Path) -> None:
    from transformers import CLIPImageProcessorPil

    extractor = CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32})
    extractor.save_pretrained(tmp_path)
    views = described(tmp_path / FILE, 224)
    noise = np.random.default_rng(3).integers(0, 256, (100, 100, 3), np.uint8)
    for image in (Image.fromarray(noise), Image.fromarray(noise).resize((150, 100))):
        mine = next(views.views(image))
        theirs = extractor(image, return_tensors="np").pixel_values[0]
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert len(list(views.views(Image.fromarray(noise)))) == 1


def test_a_flagged_part_beside_the_middle_is_found(tmp_path: Path) -> None:
    path = red_classifier(tmp_path / "red.onnx")
    describe(path, resize="crop")
    wide = picture("blue", 640, 64)
    wide.paste((255, 0, 0), (576, 0, 640, 64))
    assert open_checker(path).judge(wide).flagged
