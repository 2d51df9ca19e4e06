import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from inference.adapters.modules import modules, text_widths
from inference.adapters.reading import Adapter, read_adapter
from inference.models.errors import ModelError

_TARGET = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
_NAME = _TARGET.removeprefix("unet.")


def _linear() -> nn.Linear:
    out, into = modules("sample")[_TARGET]
    return nn.Linear(into, out)


def _lora(down: str = f"unet.{_NAME}.lora_A.weight", up: str = f"unet.{_NAME}.lora_B.weight") -> dict[str, Tensor]:
    out, into = modules("sample")[_TARGET]
    return {down: torch.ones(4, into), up: torch.ones(out, 4)}


def _read(folder: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> Adapter:
    file = folder / "0123456789abcdef.safetensors"
    save_file(tensors, file, metadata)
    return read_adapter(file, "sample")


def _change(adapter: Adapter) -> float:
    """Return the one number that all of a change's weights are, as a share of the factors' product."""
    weight = adapter.deltas[_TARGET].weight(_linear())
    assert weight.min() == weight.max()
    return float(weight.max()) / 4


@pytest.mark.parametrize(
    ("settings", "factor"),
    [
        ({}, 1.0),
        ({"unet.lora_alpha": 8, "unet.r": 4}, 2.0),
        ({"unet.lora_alpha": 8, "unet.use_rslora": True}, 4.0),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_q": 2}}, 0.5),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_k": 2}}, 2.0),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {_NAME: 1}}, 0.25),
        ({"text_encoder.lora_alpha": 8}, 1.0),
        ({"unet.lora_alpha": "8"}, 1.0),
        ({"unet.lora_alpha": True}, 1.0),
        ([1, 2], 1.0),
    ],
)
def test_alpha_of_the_metadata(tmp_path: Path, settings: object, factor: float) -> None:
    adapter = _read(tmp_path, _lora(), {"lora_adapter_metadata": json.dumps(settings)})
    assert _change(adapter) == factor


def test_alpha_of_a_key_goes_before_the_metadata(tmp_path: Path) -> None:
    tensors = _lora() | {f"unet.{_NAME}.alpha": torch.tensor(2.0)}
    assert _change(_read(tmp_path, tensors, {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 8})})) == 0.5


def test_broken_metadata_says_nothing(tmp_path: Path) -> None:
    for text in ("{", "[" * 5000, "null", '{"unet.lora_alpha": NaN}', '{"unet": 1}'):
        assert _change(_read(tmp_path, _lora(), {"lora_adapter_metadata": text})) == 1.0


def test_keeps_the_types_of_the_file(tmp_path: Path) -> None:
    adapter = _read(tmp_path, {name: tensor.half() for name, tensor in _lora().items()})
    delta = adapter.deltas[_TARGET]
    assert adapter.bytes == delta.bytes == sum(tensor.numel() * 2 for tensor in _lora().values())
    assert delta.weight(_linear()).dtype == torch.float32
    assert adapter.to("cpu", torch.float32).deltas[_TARGET].bytes == 2 * delta.bytes


def test_reads_an_embedding(tmp_path: Path) -> None:
    (width,) = text_widths("sample")
    for tensors in ({"emb_params": torch.ones(3, width)}, {"<zorp>": torch.ones(3, width)}):
        adapter = _read(tmp_path, tensors)
        assert (adapter.kind, adapter.form) == ("embedding", "embedding")
        assert [tuple(vectors.shape) for vectors in adapter.embeddings] == [(3, width)]
    assert _read(tmp_path, {"<zorp>": torch.ones(width)}).embeddings[0].shape == (1, width)


def test_reads_a_pair_of_embeddings_in_the_encoders_order(tmp_path: Path) -> None:
    file = tmp_path / "pair.safetensors"
    save_file({"clip_g": torch.ones(2, 1280), "clip_l": torch.ones(2, 768)}, file)
    assert [tuple(vectors.shape) for vectors in read_adapter(file, "sdxl").embeddings] == [(2, 768), (2, 1280)]


def test_what_does_not_fit_is_refused_by_its_names(tmp_path: Path) -> None:
    strange = _lora("unet.nowhere.lora_A.weight", "unet.nowhere.lora_B.weight")
    with pytest.raises(ModelError, match=r"2 of its tensors match nothing, such as unet\.nowhere\.lora_A\.weight"):
        _read(tmp_path, _lora() | strange)
    with pytest.raises(ModelError, match="768 wide, not 96"):
        _read(tmp_path, {"emb_params": torch.ones(1, 768)})
    with pytest.raises(ModelError, match="does not fit this model"):
        _read(tmp_path, {f"{name}x": tensor for name, tensor in _lora().items()})


def test_missing_and_damaged_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"0123456789ab cannot be read.*Add it again"):
        read_adapter(tmp_path / "0123456789abcdef.safetensors", "sample")
    file = tmp_path / "damaged.safetensors"
    save_file(_lora(), file)
    for data in (b"", b"x" * 7, file.read_bytes()[:-5]):
        file.write_bytes(data)
        with pytest.raises(ModelError, match="damaged cannot be read"):
            read_adapter(file, "sample")
