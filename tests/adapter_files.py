"""Small files that are good adapters for Stable Diffusion 1, made by code."""

import array
import json
import struct

_QUERY = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
_SIDE, _WIDTH = 320, 768


def embedding(value: float = 0.01, vectors: int = 1) -> bytes:
    """Return an embedding of vectors that hold nothing but one number."""
    return _packed({"emb_params": ((vectors, _WIDTH), [value] * _WIDTH * vectors)})


def lora(value: float = 0.01, triggers: tuple[str, ...] = (), name: str = "") -> bytes:
    """Return a LoRA of rank 1 for one query; it may say its trigger words and its name as kohya's scripts do."""
    tensors: dict[str, tuple[tuple[int, ...], list[float]]] = {
        f"{_QUERY}.lora_down.weight": ((1, _SIDE), [value] * _SIDE),
        f"{_QUERY}.lora_up.weight": ((_SIDE, 1), [value] * _SIDE),
        f"{_QUERY}.alpha": ((), [1.0]),
    }
    said = {"ss_output_name": name} if name else {}
    if triggers:
        said["ss_tag_frequency"] = json.dumps({"folder": dict.fromkeys(triggers, 10)})
    return _packed(tensors, said)


def _packed(tensors: dict[str, tuple[tuple[int, ...], list[float]]], said: dict[str, str] | None = None) -> bytes:
    header: dict[str, object] = {"__metadata__": said} if said else {}
    data = b""
    for name, (shape, values) in tensors.items():
        raw = array.array("f", values).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + data
