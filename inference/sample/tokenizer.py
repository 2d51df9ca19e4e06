"""The sample model's tokenizer: byte-pair encoding in CLIP's format, in which each word of the world is one token.

vocab.json and merges.txt hold 512 byte tokens, the merges, and CLIP's two special tokens last, as in Stable
Diffusion 1.x; so any text encodes, and tokens can be added.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from inference.sample.captions import NUMBERS, PLURALS, QUALITY_WORDS
from inference.sample.world import COLOUR_NAMES, PLACES, SHAPES

ENTRIES = 1536
_BEGIN, _END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"

#: Words of the world and those near to it; each becomes one token.
CORE_WORDS = (
    *COLOUR_NAMES,
    *SHAPES,
    *PLURALS.values(),
    *PLACES,
    *NUMBERS.values(),
    *"""
    small medium large big huge tiny little violet plus disc dot shape shapes background a an on the at in
    with and of to picture image drawing photo illustration left right top bottom center magenta cyan pink
    gray grey brown gold silver teal ring hexagon diamond oval zorp no not without
    """.split(),
)
#: Words that people type into any image model; few tokens each.
_COMMON_WORDS = """
cat dog bird fish horse cow bear lion tiger fox rabbit mouse owl dragon robot car train plane boat ship bike house
castle tower bridge city street road park garden forest tree flower rose grass leaf mountain hill river lake sea
ocean beach island desert sky cloud rain snow storm sun moon night day sunset sunrise space planet galaxy earth fire
water ice light dark shadow man woman boy girl child baby king queen knight wizard witch warrior face eye eyes hair
hand head body smile person people portrait painting oil watercolor sketch pencil ink anime cartoon comic pixel art
style realistic photorealistic render cinematic dramatic lighting soft warm cold bright colorful vivid pastel neon
glow abstract geometric pattern texture paper glass metal wood stone gold crystal beautiful detailed intricate
elegant epic fantasy sci fi cyberpunk steampunk vintage retro modern ancient old new young happy sad angry scary
funny cool apple banana orange lemon cake bread coffee tea cup table chair book lamp door window room kitchen
computer phone camera guitar piano sword shield crown hat shoe dress coat blurry ugly bad low worst quality deformed
watermark text logo signature cropped noise artifact jpeg extra fingers hands anatomy resolution above below behind
front between under over near inside outside from by is it this that for very more less many few some one all only
same other half first last next up down long short tall wide narrow round flat thick thin striped dotted outlined
filled empty solid
""".split()


def make_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write the tokenizer's files and return it.

    Merges that are equally frequent come in any order, so a few rare tokens may have other ids each time.
    """
    merges = _merges()
    vocabulary = _vocabulary(merges)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = "".join(f"{left} {right}\n" for left, right in merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}", encoding="utf-8")
    special = {"bos_token": _BEGIN, "eos_token": _END, "unk_token": _END, "pad_token": _END}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, **special}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder)


def _texts() -> Iterator[str]:
    """Give each word as often as it shall be worth merging."""
    for word in CORE_WORDS:
        yield " ".join([word] * 4000)
    for word in " ".join(QUALITY_WORDS).split():
        yield " ".join([word] * 400)
    for word in _COMMON_WORDS:
        yield " ".join([word] * 40)


def _merges() -> list[tuple[str, str]]:
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=_WORD_END))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=ENTRIES - 2,
        min_frequency=1,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        end_of_word_suffix=_WORD_END,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(pair[0], pair[1]) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in merges]


def _vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    """Return token -> id in CLIP's order: bytes, bytes at a word's end, merges, reserved ones, begin, end."""
    bytes_in_order = _byte_characters()
    tokens = dict.fromkeys([*bytes_in_order, *(character + _WORD_END for character in bytes_in_order)])
    for left, right in merges:
        if len(tokens) < ENTRIES - 2:
            tokens[left + right] = None
    spare = ENTRIES - 2 - len(tokens)
    names = [*tokens, *(f"<|reserved{index}|>" for index in range(spare)), _BEGIN, _END]
    return {token: index for index, token in enumerate(names)}


def _byte_characters() -> list[str]:
    """Return a printable character for each byte, in GPT-2's order (Radford et al. 2019): printable bytes first."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]
