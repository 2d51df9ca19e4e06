"""The prompts in ComfyUI's graphs: what its text encoders read, and how their results are put together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from inference.protocol.comfy_graph import Graph, Node
from inference.protocol.parameters import bare_name

_MAX_DEPTH = 100
#: Inputs of text encoders, and what of SDXL's two and of FLUX's the prompt is.
_TEXTS = ("text", "text_l", "t5xxl", "clip_l", "prompt", "populated_text")
_STYLES = ("text_g",)
#: Inputs of samplers and guiders, by the side of the guidance.
_SIDES = {"positive": ("positive", "conditioning", "cond1"), "negative": ("negative",)}
#: ComfyUI's way to name an embedding, which is named by its bare name elsewhere.
_EMBEDDING = re.compile(r"embedding:([^\s,():<>\[\]]+)")


@dataclass
class Words:
    """What one side of the guidance is made of."""

    #: Joined by `AND`; each of them by `BREAK`.
    texts: list[list[str]] = field(default_factory=list)
    style: str | None = None
    #: The first text encoder.
    encoder: Node | None = None
    seen: set[tuple[str, int]] = field(default_factory=set)


def words_of(graph: Graph, guide: Node, side: str) -> Words:
    """Return what one side of a sampler or guider is made of: "positive" or "negative"."""
    words = Words()
    name = next((each for each in _SIDES[side] if each in guide.inputs), side)
    written = graph.text(guide, name) if isinstance(guide.inputs.get(name), str) else None
    if written is not None:
        words.texts = [[written]]
    elif (found := graph.source(guide, name)) is not None:
        words.texts = _branches(graph, found, side, words, 0)
    return words


def _branches(graph: Graph, place: tuple[Node, int], side: str, words: Words, depth: int) -> list[list[str]]:
    node, output = place
    if (node.id, output) in words.seen or depth == _MAX_DEPTH or node.kind == "ConditioningZeroOut":
        return []
    words.seen.add((node.id, output))
    texts = _encoded(graph, node, side, words)
    if texts is not None:
        return [[texts]] if texts.strip() else []
    found = [
        _branches(graph, link, side, words, depth + 1)
        for name in _conditionings(node, output)
        if (link := graph.source(node, name)) is not None
    ]
    if node.kind == "ConditioningConcat":
        return [[text for each in found for branch in each for text in branch]]
    return [branch for each in found for branch in each]


def _encoded(graph: Graph, node: Node, side: str, words: Words) -> str | None:
    """Return what a text encoder reads; None for a node that is none."""
    if isinstance(node.inputs.get(side), str):
        # A loader with the prompts in it.
        words.encoder = words.encoder or node
        return graph.text(node, side)
    if "clip" not in node.inputs and "Encode" not in node.kind:
        return None
    text = next((said for name in _TEXTS if (said := graph.text(node, name)) is not None), None)
    style = next((said for name in _STYLES if (said := graph.text(node, name)) is not None), None)
    if text is None and style is None:
        return None
    words.encoder = words.encoder or node
    if style is not None and text and style != text:
        words.style = words.style or style
    return text or style or ""


def _conditionings(node: Node, output: int) -> Iterable[str]:
    """Return the inputs that a node's output hands on: a node with both sides has one output for each."""
    if "positive" in node.inputs and "negative" in node.inputs:
        return ("negative",) if output == 1 else ("positive",)
    return [name for name in node.inputs if name.startswith("cond")]


def joined(words: Words, side: str) -> str:
    """Return one prompt. ComfyUI takes the mean of what it combines, where AND takes the sum."""
    branches = [" BREAK ".join(texts) for texts in words.texts if texts]
    if len(branches) > 1 and side == "positive":
        prompt = " AND ".join(f"{text} :{1 / len(branches):.4g}" for text in branches)
    else:
        prompt = ", ".join(branches)
    return _EMBEDDING.sub(lambda match: bare_name(match[1]) or "", prompt)
