"""Models, LoRAs and VAE in ComfyUI's graphs, and the prompts that name the LoRAs."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from inference.protocol.comfy_graph import Graph, Node
from inference.protocol.comfy_prompts import joined, words_of
from inference.protocol.parameters import bare_name, lora_tag

T = TypeVar("T")

_MAX_LORAS = 50


def read_models(graph: Graph, guide: Node, after: list[Node], others: dict[str, str]) -> dict[str, Any]:
    """Return prompts with their LoRAs, model and clip skip of a sampler or guider, and the VAE of the nodes after it.

    What has no place among these fields of `Parameters` goes to `others`.
    """
    positive, negative = words_of(graph, guide, "positive"), words_of(graph, guide, "negative")
    painting = list(graph.line(guide, "model"))
    encoder = positive.encoder
    reading = [encoder, *graph.line(encoder, "clip")] if encoder is not None else []
    tags = _loras(graph, painting, reading, others)
    fields: dict[str, Any] = {
        "prompt": " ".join([joined(positive, "positive"), *tags]).strip(),
        "negative_prompt": joined(negative, "negative"),
        "style_prompt": positive.style,
        "guidance_rescale": _first(graph.number(node, "multiplier") for node in painting if node.kind == "RescaleCFG"),
        "model": _first(bare_name(graph.text(node, name)) for node in painting for name in ("ckpt_name", "unet_name")),
    }
    if negative.style is not None:
        others["Negative style prompt"] = negative.style
    layer = _first(_layer(graph, node) for node in reading)
    if layer is not None:
        # ComfyUI counts SDXL's layers from the last; its usual one is the one before.
        usual = 2 if encoder is not None and "SDXL" in encoder.kind else 1
        fields["clip_skip"] = max(1, layer - usual + 1)
    for node in after:
        loader = graph.source(node, "vae")
        if loader is not None and "vae" not in fields:
            fields["vae"] = bare_name(graph.text(loader[0], "vae_name"))
    return fields


def _layer(graph: Graph, node: Node) -> int | None:
    """Return how many layers from the end a node takes: 1 is the last."""
    layer = _first(graph.whole(node, name) for name in ("stop_at_clip_layer", "clip_skip"))
    return -layer if layer is not None and -100 < layer < 0 else None


def _loras(graph: Graph, painting: list[Node], reading: list[Node], others: dict[str, str]) -> list[str]:
    """Return the LoRAs as prompts name them, in the order in which they are loaded.

    `<lora:name:text encoder:network>`: a LoRA that only one of the two goes through has the weight 0 for the other.
    """
    tags: list[str] = []
    nodes = {node.id: node for node in reversed([*painting, *reading])}
    paints, reads = {node.id for node in painting}, {node.id for node in reading}
    for node in nodes.values():
        for name, weight, clip_weight in _used(graph, node):
            unet = weight if node.id in paints else 0.0
            encoder = (weight if clip_weight is None else clip_weight) if node.id in reads or not reading else 0.0
            if "lora" in node.kind.casefold() and node.kind.endswith("ModelOnly"):
                encoder = 0.0
            bare = bare_name(name)
            if bare is None or not (unet or encoder):
                continue
            tag = lora_tag(bare, unet, encoder)
            if tag is None or len(tags) == _MAX_LORAS:
                others["LoRA"] = f"{bare} {weight:g}"[:200]
            else:
                tags.append(tag)
    return tags


def _used(graph: Graph, node: Node) -> Iterator[tuple[str, float, float | None]]:
    """Yield the LoRAs that a node loads: name, weight, and the text encoder's weight where it is another."""
    name = graph.text(node, "lora_name")
    if name is not None:
        weight = _first(graph.number(node, each) for each in ("strength_model", "lora_model_strength", "strength"))
        clip = _first(graph.number(node, each) for each in ("strength_clip", "lora_clip_strength"))
        yield name, 1.0 if weight is None else weight, clip
    for value in node.inputs.values():
        # The loader of rgthree's nodes, which takes many.
        if isinstance(value, dict) and isinstance(value.get("lora"), str) and value.get("on") is True:
            one = Node(node.id, node.kind, value)
            weight = graph.number(one, "strength")
            if (named := graph.text(one, "lora")) is not None:
                yield named, 1.0 if weight is None else weight, graph.number(one, "strengthTwo")


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
