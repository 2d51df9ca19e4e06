"""How strongly a module's change is scaled: by alpha over the rank. Nothing here needs torch."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.adapters.modules import Shape

#: Nothing to do with sense: what a float can hold.
_MAX_ALPHA = 1e30


def rank_of(shapes: Mapping[str, Shape]) -> int:
    """Return the rank that alpha is divided by: 0 where there is none, and alpha means nothing."""
    for part in ("down", "hada_w1_b", "lokr_w2_b", "lokr_w1_b"):
        if part in shapes:
            return shapes[part][0]
    return 0


@dataclass(frozen=True)
class Alphas:
    """The alphas that diffusers writes into a file's metadata, by part of the model, where its keys hold none."""

    parts: Mapping[str, Mapping[str, object]]

    def of(self, target: str, rank: int) -> float | None:
        """Return a module's alpha, as it is to be divided by the rank; None where the file says nothing."""
        part, _, path = target.partition(".")
        told = self.parts.get(part)
        if told is None:
            return None
        alpha: Any = told.get("lora_alpha")
        pattern = told.get("alpha_pattern")
        if isinstance(pattern, dict):
            for name, own in pattern.items():
                plain = name.removeprefix("text_model.")
                if path == plain or path.endswith(f".{plain}"):
                    alpha = own
                    break
        # An integer may have more digits than any float.
        if type(alpha) not in (int, float) or not -_MAX_ALPHA < alpha < _MAX_ALPHA:
            return None
        # Rank-stabilised LoRA divides by the root of the rank (Kalajdzievski 2023, arXiv:2312.03732).
        return float(alpha) * math.sqrt(rank) if told.get("use_rslora") is True else float(alpha)


def told_alphas(metadata: Mapping[str, str]) -> Alphas:
    """Read diffusers' metadata: a JSON object of "<part>.<setting>"."""
    try:
        document = json.loads(str(metadata.get("lora_adapter_metadata", "{}")))
    except (ValueError, RecursionError):
        return Alphas({})
    parts: dict[str, dict[str, object]] = {}
    for name, value in document.items() if isinstance(document, dict) else ():
        part, _, setting = name.partition(".")
        parts.setdefault(part, {})[setting] = value
    return Alphas(parts)
