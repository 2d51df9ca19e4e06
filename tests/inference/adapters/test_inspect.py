"""Inspecting files that are all right: what they are, what they say of themselves, and the copy that is kept."""

import io
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save
from torch import nn

from inference.adapters import archives, inspection, safety, strangers, unpickling
from inference.adapters.claims import base_model, suggested_name, triggers
from inference.adapters.inspection import examine
from inference.adapters.safety import Refused
from inference.models import headers
from inference.protocol.adapters import MAX_NAME_CHARACTERS, MAX_TRIGGERS, Report
from inference.protocol.rejections import REJECTIONS
from tests.hostile_adapters import Raw, floats, framed, lora, packed
from tests.inference.adapters.corpus import FORMS, LAYOUTS, Form, Layout, Networks, make, networks
from tests.inspectors import inspect_each

_QUERY = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def examined(tmp_path: Path, tensors: Mapping[str, Raw], metadata: Mapping[str, object] | None = None) -> Report:
    path = tmp_path / "adapter.safetensors"
    path.write_bytes(packed(tensors, metadata))
    with path.open("rb") as file:
        return examine(file, path.stat().st_size)


@pytest.mark.parametrize(
    ("width", "side", "family"), [(768, 320, "sd1"), (1024, 320, "sd2"), (96, 48, "sample"), (2048, 640, "sdxl")]
)
def test_a_lora_is_of_the_family_that_it_fits(width: int, side: int, family: str, tmp_path: Path) -> None:
    module = _QUERY if family != "sdxl" else _QUERY.replace("down_blocks_0", "down_blocks_1")
    tensors = {f"{module}.lora_down.weight": floats(8, width), f"{module}.lora_up.weight": floats(side, 8)}
    report = examined(tmp_path, tensors)
    assert (report.kind, report.form, report.family, report.rank) == ("lora", "LoRA", family, 8)
    assert report.bytes == (tmp_path / "adapter.safetensors").stat().st_size


@pytest.mark.parametrize(
    ("tensors", "family", "vectors"),
    [
        ({"emb_params": floats(3, 768)}, "sd1", 3),
        ({"emb_params": floats(75, 1024)}, "sd2", 75),
        ({"<zorp>": floats(96)}, "sample", 1),
        ({"clip_g": floats(2, 1280), "clip_l": floats(2, 768)}, "sdxl", 2),
    ],
)
def test_an_embedding_is_of_the_family_of_its_widths(
    tensors: dict[str, Raw], family: str, vectors: int, tmp_path: Path
) -> None:
    report = examined(tmp_path, tensors)
    assert (report.kind, report.form, report.family, report.vectors) == ("embedding", "embedding", family, vectors)
    assert report.suggested_name == ("zorp" if "<zorp>" in tensors else "")


@pytest.fixture(scope="module")
def sample() -> Networks:
    return networks("sample")


@pytest.mark.parametrize(("form", "layout"), [(form, layout) for form in FORMS for layout in LAYOUTS[form]])
def test_every_form_in_every_layout_is_known(form: Form, layout: Layout, sample: Networks) -> None:
    raw = save(dict(make(sample, form, layout).tensors))
    report = examine(io.BytesIO(raw), len(raw))
    assert (report.kind, report.form, report.family) == ("lora", form.split()[0], "sample")
    assert (report.rank == 0) == (form == "LoKr")


@pytest.mark.parametrize(("rank", "alpha"), [(4, 4.0), (1, 256.0), (512, 1.0), (4, -4.0), (4, 0.0), (4, None)])
def test_usual_ranks_and_scales_are_fine(rank: int, alpha: float | None, tmp_path: Path) -> None:
    assert examined(tmp_path, lora(rank=rank, alpha=alpha)).rank == rank


def test_an_alpha_that_divides_nothing_may_be_anything(tmp_path: Path) -> None:
    module = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    whole = {
        f"{module}.lokr_w1": floats(4, 4),
        f"{module}.lokr_w2": floats(12, 12),
        f"{module}.alpha": floats(value=1e12),
    }
    assert examined(tmp_path, whole).form == "LoKr"


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"])
def test_numbers_are_read_in_every_type(dtype: str) -> None:
    types = {"BF16": torch.bfloat16, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
    types |= {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16}
    values = torch.tensor([0.0, 1.0, -1.5, 0.0625, 96.0, -200.0]).to(types[dtype])
    raw = values.view(torch.uint8).numpy().tobytes()
    read = safety._numbers(raw, dtype)
    assert np.array_equal(np.asarray(read, np.float64), values.double().numpy())


def test_every_byte_of_eight_bits_means_what_torch_says() -> None:
    raw = torch.arange(256).to(torch.uint8)
    for dtype, of_torch in {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}.items():
        read = np.asarray(safety._numbers(raw.numpy().tobytes(), dtype), np.float32)
        assert np.array_equal(read, raw.view(of_torch).float().numpy(), equal_nan=True)


@given(st.data())
def test_no_change_of_a_files_bytes_raises_anything_else(data: st.DataObject) -> None:
    changed = bytearray(packed(lora(), {"ss_tag_frequency": '{"a": {"zorp": 3}}', "lora_adapter_metadata": "{}"}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        length = data.draw(st.integers(0, 4))
        changed[place : place + length] = data.draw(st.binary(max_size=4))
    assert _is_examined(bytes(changed))


@given(
    st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["a", "emb_params", "__metadata__"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("F32"),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_no_header_raises_anything_else(header: dict[str, object]) -> None:
    assert _is_examined(framed(json.dumps(header).encode(), bytes(64)))


def _is_examined(raw: bytes) -> bool:
    """Tell whether bytes are reported on or refused with words."""
    try:
        return examine(io.BytesIO(raw), len(raw)).kind in ("lora", "embedding")
    except Refused as refusal:
        return refusal.rejection.words.isprintable()


# Files through the process ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Report, Path]]:
    """Give the report and the copy of each of these files."""
    place = tmp_path_factory.mktemp("inspected")
    vectors = torch.randn(2, 768, generator=torch.Generator().manual_seed(1))
    state = {
        name: torch.from_numpy(np.frombuffer(raw, "<f4").reshape(shape).copy())
        for name, (_, shape, raw) in lora().items()
    }
    saved: dict[str, object] = {
        "lora.ckpt": {"state_dict": state, "epoch": 3},
        "lora.bin": state,
        "webui.pt": {
            "string_to_token": {"*": 265},
            "string_to_param": {"*": vectors},
            "name": "zorp",
            "step": 100,
            "sd_checkpoint": None,
            "sd_checkpoint_name": "v1-5-pruned",
        },
        "first.pt": {"string_to_param": nn.ParameterDict({"*": nn.Parameter(vectors)})},
        "diffusers.bin": {"<zorp>": vectors[0]},
        "pair.pt": {"clip_l": vectors, "clip_g": torch.zeros(2, 1280)},
        "view.pt": {"emb_params": vectors.t().contiguous().t()},
    }
    for name, document in saved.items():
        torch.save(document, place / name)
    torch.save({"<zorp>": vectors}, place / "legacy.bin", _use_new_zipfile_serialization=False)
    (place / "lora.safetensors").write_bytes(packed(lora(), {"ss_output_name": "zorp_v1"}))
    (place / "no-ending").write_bytes(packed(lora()))
    names = [path.name for path in sorted(place.iterdir())]
    results = inspect_each([(place / name, place / f"{name}.kept") for name in names])
    reports = {}
    for name, seen in zip(names, results, strict=True):
        assert seen.verdict is not None and seen.verdict.report is not None, (name, seen)
        reports[name] = seen.verdict.report, place / f"{name}.kept"
    assert not list(place.glob("*.part"))
    return reports


forks = pytest.mark.skipif(sys.platform == "win32", reason="the files are inspected in forks")


@forks
def test_a_safetensors_file_is_kept_as_it_is(kept: dict[str, tuple[Report, Path]]) -> None:
    for name in ("lora.safetensors", "no-ending"):
        report, path = kept[name]
        assert path.read_bytes() == (path.parent / name).read_bytes()
        assert (report.form, report.family, report.bytes) == ("LoRA", "sample", path.stat().st_size)
    assert kept["lora.safetensors"][0].suggested_name == "zorp_v1"


@forks
@pytest.mark.parametrize("name", ["lora.ckpt", "lora.bin"])
def test_a_pickled_lora_becomes_safetensors(name: str, kept: dict[str, tuple[Report, Path]]) -> None:
    report, path = kept[name]
    assert (report.kind, report.family, report.bytes) == ("lora", "sample", path.stat().st_size)
    assert {key: tuple(value.shape) for key, value in load_file(path).items()} == {
        key: shape for key, (_, shape, _) in lora().items()
    }


@forks
@pytest.mark.parametrize(
    ("name", "family", "vectors", "suggested"),
    [
        ("webui.pt", "sd1", 2, "zorp"),
        ("first.pt", "sd1", 2, ""),
        ("diffusers.bin", "sd1", 1, "zorp"),
        ("legacy.bin", "sd1", 2, "zorp"),
        ("pair.pt", "sdxl", 2, ""),
        ("view.pt", "sd1", 2, ""),
    ],
)
def test_a_pickled_embedding_becomes_safetensors(
    name: str, family: str, vectors: int, suggested: str, kept: dict[str, tuple[Report, Path]]
) -> None:
    report, path = kept[name]
    assert (report.kind, report.family, report.vectors) == ("embedding", family, vectors)
    assert report.suggested_name == suggested
    first = next(iter(value for key, value in load_file(path).items() if key != "clip_g"))
    expected = torch.randn(2, 768, generator=torch.Generator().manual_seed(1))
    assert torch.equal(first.reshape(-1, 768), expected[:vectors])
    assert kept["webui.pt"][0].base_model == "v1-5-pruned"


# What a file says of itself -----------------------------------------------------------------------------------------


def _tags(**folders: Mapping[str, object]) -> dict[str, str]:
    return {"ss_tag_frequency": json.dumps(folders)}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, ()),
        ({"modelspec.trigger_phrase": " zorp , blue zorp,, zorp"}, ("zorp", "blue zorp")),
        (_tags(a={"zorp": 40, " red": 39, "dog": 3}), ("zorp", "red")),
        (_tags(a={"zorp": 20}, b={"zorp": 20, "hat": 20}), ("zorp", "hat")),
        (_tags(a={"zorp": 40}) | {"modelspec.trigger_phrase": "other"}, ("other",)),
        (_tags(a={"<lora:x:1> `zorp`\n": 4}), ("lora:x:1 zorp",)),
        (_tags(a={"zorp": "many", "dog": -1, "cat": True, "owl": 2.5}), ()),
        ({"ss_tag_frequency": "[" * 100_000}, ()),
        ({"ss_tag_frequency": "[1, 2]"}, ()),
        ({"ss_tag_frequency": '{"a": [1]}'}, ()),
        ({"ss_tag_frequency": '{"a": {"zorp": ' + "9" * 5000 + "}}"}, ()),
    ],
)
def test_trigger_words_are_read(metadata: dict[str, str], words: tuple[str, ...]) -> None:
    assert triggers(metadata) == words


def test_trigger_words_have_limits() -> None:
    many = {"modelspec.trigger_phrase": ",".join(f"{number} {'x' * 500}" for number in range(1000))}
    assert len(triggers(many)) == MAX_TRIGGERS
    assert all(len(word) <= 100 for word in triggers(many))


@pytest.mark.parametrize(
    ("metadata", "word", "name"),
    [
        ({}, "", ""),
        ({"ss_output_name": "zorp_v1.safetensors"}, "", "zorp_v1"),
        ({"modelspec.title": "Zorp: the <best>"}, "", "Zorp the best"),
        ({"ss_output_name": "../../etc/passwd"}, "", "etc passwd"),
        ({"ss_output_name": "a\0b\u202e\ncd"}, "", "a b cd"),
        ({"ss_output_name": "<>"}, "<zorp>", "zorp"),
        ({"ss_output_name": "x" * 1000}, "", "x" * MAX_NAME_CHARACTERS),
    ],
)
def test_names_are_made_safe(metadata: dict[str, str], word: str, name: str) -> None:
    assert suggested_name(metadata, word) == name


def test_paths_of_base_models_are_nobodys_business() -> None:
    assert base_model({"ss_sd_model_name": "C:\\Users\\me\\v1-5.safetensors"}) == "v1-5.safetensors"
    assert base_model({"ss_sd_model_name": "/home/me/", "ss_base_model_version": "sd_v1"}) == "sd_v1"
    assert base_model({}) == ""


def test_every_reason_is_given_somewhere() -> None:
    modules = (archives, headers, inspection, safety, strangers, unpickling)
    source = "".join(Path(str(module.__file__)).read_text("utf-8") for module in modules)
    of_the_bot = {"took_too_long", "broke"}
    quoted = set(re.findall(r'"(\w+)"', source))
    assert set(REJECTIONS) - quoted == of_the_bot
