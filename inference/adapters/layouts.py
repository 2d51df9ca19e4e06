"""The key layouts of adapters: which tensors of a file change which module of a model, and how.

Trainers name the same module in many ways; whatever the way, the name says which module it is once the separators are
made alike: kohya writes `lora_unet_down_blocks_0_attentions_0_proj_in` or, in the original layout,
`lora_unet_input_blocks_1_1_proj_in`; diffusers `unet.down_blocks.0.attentions.0.proj_in`; PEFT
`base_model.model.down_blocks.0.attentions.0.proj_in`; ComfyUI `diffusion_model.input_blocks.1.1.proj_in`. So names are
flattened and looked up among the model's own. A module counts as matched only when its tensors are those of one form,
all there, and of the shapes that its weight asks for. Only names and shapes are read; nothing here needs torch.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from inference.adapters.modules import FAMILIES, PARTS, Shape, as_family, modules, original_names, text_widths
from inference.protocol.adapters import AdapterForm

#: The tensors of one module by what they are: "down", "up", "mid", "hada_w1_a", "lokr_w1", "dora", "alpha" …
Tensors = dict[str, str]


@dataclass(frozen=True)
class Matched:
    """What the keys of a file mean for a model."""

    #: None where nothing matched.
    form: AdapterForm | None
    #: By target, the file's key of each of its tensors.
    modules: Mapping[str, Tensors]
    #: Keys that mean nothing for the model, sorted.
    unmatched: tuple[str, ...]
    #: The greatest rank among the modules; 0 where full matrices stand.
    rank: int = 0


@dataclass(frozen=True)
class Vectors:
    """The keys of an embedding (textual inversion), one for each text encoder in order."""

    keys: tuple[str, ...]
    #: How many tokens it stands for.
    count: int
    widths: tuple[int, ...]
    #: "" where no family has text encoders of these widths.
    family: str


def targets(keys: Mapping[str, Shape], model: str | Mapping[str, Shape]) -> Matched:
    """Return what a file's keys mean for a family, or for a model with these modules (see `modules`)."""
    table = modules(model) if isinstance(model, str) else model
    names = _family_names(model) if isinstance(model, str) else _names(table)
    matched: dict[str, Tensors] = {}
    unmatched: list[str] = []
    form: AdapterForm | None = None
    rank = 0
    groups, strangers = _groups(keys)
    unmatched += strangers
    for name, tensors in groups.items():
        shapes = {part: keys[key] for part, key in tensors.items()}
        found = None
        for target in _candidates(name, names):
            found = None if target in matched else fit(shapes, table[target])
            if found is not None:
                matched[target] = tensors
                form = _greater(form, found.form)
                rank = max(rank, found.rank)
                break
        if found is None:
            unmatched += tensors.values()
    return Matched(form, matched, tuple(sorted(unmatched)), rank)


def family_of(keys: Mapping[str, Shape], metadata: Mapping[str, str] | None = None) -> str | None:
    """Return the family that every key and every shape of a file fits, None where there is none.

    Where several do (a file may change only what they have in common), the file's metadata decides.
    """
    vectors = embedding(keys)
    if vectors is not None:
        return vectors.family or None
    fitting = [family for family in FAMILIES if not targets(keys, family).unmatched] if keys else []
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    told = _told(keys, metadata or {})
    return told if told in fitting else fitting[0]


def nearest(keys: Mapping[str, Shape]) -> tuple[str, Matched] | None:
    """Return the family that leaves the fewest keys unmatched, None where no key means anything to any."""
    tried = [(family, targets(keys, family)) for family in FAMILIES]
    family, matched = min(tried, key=lambda pair: len(pair[1].unmatched))
    return (family, matched) if matched.modules else None


def embedding(keys: Mapping[str, Shape]) -> Vectors | None:
    """Return the keys of an embedding, None where the file is something else.

    Known are AUTOMATIC1111's `emb_params`, a single tensor under the word itself (diffusers), and for two text encoders
    `clip_l` and `clip_g` or `text_encoders_0` and `text_encoders_1`.
    """
    for pair in _PAIRS:
        if set(keys) == set(pair):
            return _vectors(pair, keys)
    return _vectors(tuple(keys), keys) if len(keys) == 1 else None


_PAIRS = (("clip_l", "clip_g"), ("text_encoders_0", "text_encoders_1"))


def _vectors(names: tuple[str, ...], keys: Mapping[str, Shape]) -> Vectors | None:
    shapes = [keys[name] for name in names]
    if any(len(shape) not in (1, 2) for shape in shapes):
        return None
    counts = {math.prod(shape[:-1]) for shape in shapes}
    if len(counts) != 1 or 0 in counts:
        return None
    widths = tuple(shape[-1] for shape in shapes)
    family = next((family for family in FAMILIES if text_widths(family) == widths), "")
    return Vectors(names, counts.pop(), widths, family)


# From keys to modules ----------------------------------------------------------------------------------------------

#: PEFT may put an adapter's own name in between.
_ADAPTER = r"(?:\.\w+)??"
#: Ends of keys, and which tensor they say; None where the end itself says it.
_SUFFIXES: tuple[tuple[re.Pattern[str], str | None], ...] = (
    (re.compile(r"\.lora_(down|up|mid)\.weight$"), None),
    (re.compile(rf"\.lora_A{_ADAPTER}\.weight$"), "down"),
    (re.compile(rf"\.lora_B{_ADAPTER}\.weight$"), "up"),
    (re.compile(r"\.lora(?:_linear_layer)?\.(down|up)\.weight$"), None),
    (re.compile(rf"\.((?:hada_w[12]_[ab]|hada_t[12]|lokr_w[12](?:_[ab])?|lokr_t2)){_ADAPTER}$"), None),
    (re.compile(r"\.(?:lora\.)?alpha$"), "alpha"),
    (re.compile(r"\.dora_scale$"), "dora"),
    (re.compile(rf"\.lora_magnitude_vector{_ADAPTER}(?:\.weight)?$"), "magnitude"),
)
#: diffusers' first layout: `attn1.processor.to_q_lora.down.weight`, in text encoders `self_attn.to_q_lora.up.weight`.
_PROCESSOR = re.compile(r"(?:\.processor)?\.to_(q|k|v|out)_lora\.(?:(down|up)\.weight|(alpha))$")
_IN_TEXT = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"}
_IN_UNET = {"q": "to_q", "k": "to_k", "v": "to_v", "out": "to_out.0"}

#: What stands before a flattened name, and which parts it may then be in. The longer stand before the shorter.
_PREFIXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lora_unet_", ("unet",)),
    ("lora_te1_", ("text_encoder",)),
    ("lora_te2_", ("text_encoder_2",)),
    ("lora_te_", ("text_encoder",)),
    ("lycoris_", PARTS),
    ("unet_", ("unet",)),
    ("model_diffusion_model_", ("unet",)),
    ("diffusion_model_", ("unet",)),
    ("text_encoders_clip_l_transformer_", ("text_encoder",)),
    ("text_encoders_clip_g_transformer_", ("text_encoder_2",)),
    ("text_encoder_2_", ("text_encoder_2",)),
    ("text_encoder_", ("text_encoder",)),
    ("", PARTS),
)


def _groups(keys: Mapping[str, Shape]) -> tuple[dict[str, Tensors], list[str]]:
    """Return the keys by the module's flattened name, and those that are no part of any form or there twice."""
    groups: dict[str, Tensors] = {}
    strangers = []
    for key in sorted(keys):
        split = _split(key)
        if split is None:
            strangers.append(key)
            continue
        name, part = split
        tensors = groups.setdefault(name.replace(".", "_"), {})
        if part in tensors:
            strangers.append(key)
        else:
            tensors[part] = key
    return groups, strangers


def _split(key: str) -> tuple[str, str] | None:
    found = _PROCESSOR.search(key)
    if found is not None:
        leaves = _IN_TEXT if ".self_attn" in key[: found.start() + 1] else _IN_UNET
        return f"{key[: found.start()]}.{leaves[found[1]]}", found[2] or found[3]
    for pattern, part in _SUFFIXES:
        found = pattern.search(key)
        if found is not None and found.start() > 0:
            return key[: found.start()], part or found[1]
    return None


def _candidates(name: str, names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield the targets that a flattened name may mean."""
    name = name.removeprefix("base_model_model_")
    for prefix, parts in _PREFIXES:
        if name.startswith(prefix):
            rest = name.removeprefix(prefix)
            for part in parts:
                path = rest.removeprefix("text_model_") if part != "unet" else rest
                if (part, path) in names:
                    yield names[part, path]


def _names(table: Mapping[str, Shape]) -> dict[tuple[str, str], str]:
    """Return targets by part and flattened path, in diffusers' layout and the original one."""
    names = {("unet", path.replace(".", "_")): target for path, target in original_names(table).items()}
    for target in table:
        part, _, path = target.partition(".")
        names[part, path.replace(".", "_")] = target
    return names


@cache
def _family_names(family: str) -> dict[tuple[str, str], str]:
    return _names(modules(family))


# From shapes to forms ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """The form of one module's tensors and their rank (0: full matrices)."""

    form: AdapterForm
    rank: int


_FORMS: tuple[AdapterForm, ...] = ("LoRA", "LoCon", "LoHa", "LoKr", "DoRA")


def _greater(one: AdapterForm | None, other: AdapterForm) -> AdapterForm:
    return other if one is None else max(one, other, key=_FORMS.index)


def fit(shapes: Mapping[str, Shape], weight: Shape) -> Fit | None:
    """Return the form that tensors of these shapes have for a weight, None where they do not fit it."""
    shapes = dict(shapes)
    alpha = shapes.pop("alpha", (1,))
    decomposed = shapes.keys() & {"dora", "magnitude"}
    magnitudes = {part: shapes.pop(part) for part in decomposed}
    if math.prod(alpha) != 1 or len(magnitudes) > 1:
        return None
    if not all(_magnitude(part, shape, weight) for part, shape in magnitudes.items()):
        return None
    for form in (_fit_lora, _fit_loha, _fit_lokr):
        found = form(shapes, weight)
        if found is not None:
            return Fit("DoRA", found.rank) if magnitudes else found
    return None


def _magnitude(part: str, shape: Shape, weight: Shape) -> bool:
    """Tell whether a magnitude is one number an output or, as LyCORIS' first version has it, one an input."""
    out, into = weight[:2]
    numbers = math.prod(shape)
    if part == "magnitude":
        return numbers == out
    return numbers == out == shape[0] if shape[:1] != (1,) else numbers == into == math.prod(shape[:2])


def _fit_lora(shapes: dict[str, Shape], weight: Shape) -> Fit | None:
    if shapes.keys() not in ({"down", "up"}, {"down", "mid", "up"}):
        return None
    out, into, kernel = weight[0], weight[1], weight[2:]
    down, up, mid = shapes["down"], shapes["up"], shapes.get("mid")
    if not down or not down[0] or len(up) < 2:
        return None
    convolves = math.prod(kernel) > 1
    rank = down[0]
    if mid is None:
        fits = _is(down, (rank, into, *kernel)) and _is(up, (out, rank))
    else:
        fits = convolves and _is(down, (rank, into)) and _is(up, (out, up[1])) and mid == (up[1], rank, *kernel)
        rank = max(rank, up[1])
    return Fit("LoCon" if convolves else "LoRA", rank) if fits else None


def _fit_loha(shapes: dict[str, Shape], weight: Shape) -> Fit | None:
    factors = {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}
    if shapes.keys() not in (factors, factors | {"hada_t1", "hada_t2"}):
        return None
    ranks = [
        _factors(shapes[f"hada_w{side}_a"], shapes[f"hada_w{side}_b"], shapes.get(f"hada_t{side}"), weight)
        for side in "12"
    ]
    return Fit("LoHa", max(ranks)) if all(ranks) else None


def _fit_lokr(shapes: dict[str, Shape], weight: Shape) -> Fit | None:
    first = {part for part in shapes if part.startswith("lokr_w1")}
    second = {part for part in shapes if part.startswith(("lokr_w2", "lokr_t2"))}
    if first | second != shapes.keys() or first not in ({"lokr_w1"}, {"lokr_w1_a", "lokr_w1_b"}):
        return None
    if first == {"lokr_w1"}:
        one, rank = shapes["lokr_w1"], 0
    else:
        left, right = shapes["lokr_w1_a"], shapes["lokr_w1_b"]
        if len(left) != 2 or len(right) != 2:
            return None
        one = (left[0], right[1])
        rank = _factors(left, right, None, one)
        if not rank:
            return None
    if len(one) != 2 or 0 in one or weight[0] % one[0] or weight[1] % one[1]:
        return None
    small = (weight[0] // one[0], weight[1] // one[1], *weight[2:])
    if second == {"lokr_w2"}:
        return Fit("LoKr", rank) if _is(shapes["lokr_w2"], small) else None
    if second not in ({"lokr_w2_a", "lokr_w2_b"}, {"lokr_w2_a", "lokr_w2_b", "lokr_t2"}):
        return None
    other = _factors(shapes["lokr_w2_a"], shapes["lokr_w2_b"], shapes.get("lokr_t2"), small)
    return Fit("LoKr", max(rank, other)) if other else None


def _factors(left: Shape, right: Shape, core: Shape | None, weight: Shape) -> int:
    """Return the rank of two factors, with a core (Tucker) or without, whose product has a weight's shape; 0: none."""
    out, into, kernel = weight[0], weight[1], weight[2:]
    if len(left) != 2 or len(right) < 2:
        return 0
    if core is not None:
        fits = left[1] == out and right == (core[1], into) and len(core) > 2 and core == (left[0], right[0], *kernel)
        return max(core[:2]) if fits else 0
    fits = left == (out, right[0]) and math.prod(right[1:]) == into * math.prod(kernel)
    return right[0] if fits else 0


def _is(shape: Shape, wanted: Shape) -> bool:
    """Tell whether a shape is the wanted one, but for sides of 1 at its end or a kernel written in one row."""
    return _short(shape) == _short(wanted) or shape == (wanted[0], math.prod(wanted[1:]))


def _short(shape: Sequence[int]) -> Shape:
    end = len(shape)
    while end > 2 and shape[end - 1] == 1:
        end -= 1
    return tuple(shape[:end])


# What the file says of itself --------------------------------------------------------------------------------------


def _told(keys: Mapping[str, Shape], metadata: Mapping[str, str]) -> str | None:
    """Return the family that a file's metadata or the names of its text encoders tell."""
    said = " ".join(metadata.get(key, "") for key in _METADATA).lower().replace("_", "-")
    for family, words in _WORDS.items():
        if as_family(family) and any(word in said for word in words):
            return family
    if metadata.get("ss_v2", "").lower() == "true":
        return "sd2"
    return "sdxl" if any(key.startswith(("lora_te1_", "lora_te2_")) for key in keys) else None


_METADATA = ("ss_base_model_version", "modelspec.architecture")
_WORDS = {
    "sdxl": ("sdxl", "stable-diffusion-xl"),
    "sd2": ("sd-v2", "stable-diffusion-v2"),
    "sd1": ("sd-v1", "sd-1", "stable-diffusion-v1"),
}
