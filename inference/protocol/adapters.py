"""Adapters that members bring, LoRAs and embeddings: what inspecting a file finds, or why it was refused."""

from typing import Literal

import msgspec

#: What changes the network's weights is a "lora", whatever its form.
AdapterKind = Literal["lora", "embedding"]
AdapterForm = Literal["LoRA", "LoCon", "LoHa", "LoKr", "DoRA", "embedding"]

#: Models that an adapter can be made for: Stable Diffusion 1, 2 and XL, and the small sample model that comes along.
FAMILIES = ("sd1", "sd2", "sdxl", "sample")

MAX_TRIGGERS = 20
MAX_TRIGGER_CHARACTERS = 100
MAX_NAME_CHARACTERS = 64
#: The most vectors of an embedding: more fill the text encoder's whole chunk.
MAX_VECTORS = 75
MAX_RANK = 4096


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter's file that is all right, as its header and its tensors say."""

    kind: AdapterKind
    form: AdapterForm
    #: One of `FAMILIES`: the models that it fits.
    family: str
    #: The greatest rank among its modules; 0 for an embedding, and where there are whole matrices instead of factors.
    rank: int = 0
    #: How many tokens an embedding takes; 0 for a LoRA.
    vectors: int = 0
    #: Words that its training tied to it, the most frequent first.
    triggers: tuple[str, ...] = ()
    #: Size of the safetensors file that is kept.
    bytes: int
    #: A name that the file itself proposes, safe to show; "" where it has none.
    suggested_name: str = ""
    #: The model it was trained on, as the file says; "" where it does not.
    base_model: str = ""


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter's file that is not used, and why."""

    #: Stable name of the reason, such as "not_finite".
    code: str
    values: dict[str, str | int] = {}
    #: An English sentence that says what is wrong and what to do.
    words: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the inspecting process prints, as JSON: one of the two."""

    report: Report | None = None
    rejected: Rejected | None = None
