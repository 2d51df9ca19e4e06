"""ComfyUI's graphs, as it writes them into pictures: nodes whose inputs are values or links to other nodes.

`prompt` is the graph that was run: `{id: {"class_type": …, "inputs": {name: value or [id, output]}}}`. `workflow` is
what the editor shows: nodes with positions, links in a list of their own, and values without names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from inference.protocol.documents import number_in, text_in, whole_in

_MAX_NODES = 5000
#: Links that are followed in one graph, whatever it looks like.
_MAX_STEPS = 20_000
_MAX_DEPTH = 30
_MAX_LINE = 100
_MAX_TEXT = 20_000
#: Where a node that only hands a value on has it.
_VALUES = ("value", "text", "string", "seed", "noise_seed", "int", "float", "Text", "prompt", "text_0", "number")
_JOINED = {"StringConcatenate": ("string_a", "string_b", "delimiter")}
_SKIPPED, _BYPASSED = 2, 4
#: The editor's own: how a seed changes from run to run.
_CONTROL = ""
#: What the values of a node in the editor are called, in their order.
_WIDGETS: Mapping[str, tuple[str, ...]] = {
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CFGGuider": ("cfg",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSDXL": (
        "width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l",
    ),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "ImageScale": ("upscale_method", "width", "height", "crop"),
    "ImageScaleBy": ("upscale_method", "scale_by"),
    "KarrasScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "KSampler": ("seed", _CONTROL, "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", _CONTROL, "steps", "cfg", "sampler_name", "scheduler", "start_at_step",
        "end_at_step", "return_with_leftover_noise",
    ),
    "KSamplerSelect": ("sampler_name",),
    "LatentUpscale": ("upscale_method", "width", "height", "crop"),
    "LatentUpscaleBy": ("upscale_method", "scale_by"),
    "LoadImage": ("image",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "PrimitiveNode": ("value",),
    "PrimitiveInt": ("value",),
    "PrimitiveFloat": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "RandomNoise": ("noise_seed",),
    "SamplerCustom": ("add_noise", "noise_seed", _CONTROL, "cfg"),
    "StringConcatenate": ("string_a", "string_b", "delimiter"),
    "UNETLoader": ("unet_name",),
    "VAELoader": ("vae_name",),
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A node: its class, and what goes into it."""

    id: str
    kind: str
    inputs: Mapping[str, Any]


class Graph:
    """Nodes by their ids. Following links ends in any graph: loops, depth and work are bounded."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        #: Ids of nodes that only handed a value on.
        self.read: set[str] = set()
        self._steps_left = _MAX_STEPS

    def source(self, node: Node, name: str) -> tuple[Node, int] | None:
        """Return the node that an input is linked to, and the number of its output."""
        target = self._target(node.inputs.get(name))
        for _ in range(_MAX_DEPTH):
            if target is None or not target[0].kind.startswith("Reroute"):
                return target
            links = (self._target(value) for value in target[0].inputs.values())
            target = next((link for link in links if link is not None), None)
        return None

    def sources(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Yield the names of a node's linked inputs, and the nodes behind them."""
        for name in node.inputs:
            if (found := self.source(node, name)) is not None:
                yield name, found[0]

    def line(self, node: Node, name: str) -> Iterator[Node]:
        """Yield the nodes that an input comes through by inputs of that name, the nearest first."""
        seen: set[str] = set()
        found = self.source(node, name)
        while found is not None and found[0].id not in seen and len(seen) < _MAX_LINE:
            seen.add(found[0].id)
            yield found[0]
            found = self.source(found[0], name)

    def text(self, node: Node, name: str) -> str | None:
        """Return an input's text, from the node that it comes from if it is linked."""
        return text_in(self._value(node, name))

    def whole(self, node: Node, name: str) -> int | None:
        """Return an input's whole number."""
        return whole_in(self._value(node, name))

    def number(self, node: Node, name: str) -> float | None:
        """Return an input's number."""
        return number_in(self._value(node, name))

    def _value(self, node: Node, name: str, depth: int = 0) -> object:
        if not is_link(node.inputs.get(name)):
            return node.inputs.get(name)
        found = self.source(node, name)
        if found is None or depth == _MAX_DEPTH:
            return None
        node = found[0]
        self.read.add(node.id)
        if node.kind in _JOINED:
            first, second, between = (text_in(self._value(node, each, depth + 1)) or "" for each in _JOINED[node.kind])
            return f"{first}{between}{second}"[:_MAX_TEXT]
        for each in _VALUES:
            if each in node.inputs:
                return self._value(node, each, depth + 1)
        return None

    def _target(self, value: object) -> tuple[Node, int] | None:
        if not is_link(value) or self._steps_left == 0:
            return None
        self._steps_left -= 1
        node = self.nodes.get(str(value[0]))
        return None if node is None else (node, value[1])


def is_link(value: object) -> TypeGuard[list[Any]]:
    """Tell whether an input is linked: `[id, output]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)) and type(value[1]) is int


def graph_of_prompt(document: Mapping[str, Any]) -> Graph | None:
    """Return the graph that was run; None where the document is none."""
    nodes = {}
    for name, node in list(document.items())[:_MAX_NODES]:
        if isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict):
            nodes[name] = Node(name, node["class_type"], node["inputs"])
    return Graph(nodes) if nodes else None


def graph_of_workflow(document: Mapping[str, Any]) -> Graph | None:
    """Return the graph that the editor shows, without what is muted; None where the document is none."""
    listed, links = document.get("nodes"), document.get("links")
    if not isinstance(listed, list) or not isinstance(links, list):
        return None
    drawn = {
        str(node["id"]): node
        for node in listed[:_MAX_NODES]
        if isinstance(node, dict)
        and isinstance(node.get("id"), (int, str))
        and isinstance(node.get("type"), str)
        and node.get("mode") != _SKIPPED
    }
    origins = dict(filter(None, map(_origin, links[: 4 * _MAX_NODES])))
    nodes = {
        name: Node(name, node["type"], _inputs(node, drawn, origins))
        for name, node in drawn.items()
        if node.get("mode") != _BYPASSED
    }
    return Graph(nodes) if nodes else None


def _origin(link: object) -> tuple[int, tuple[str, int, str]] | None:
    """Return a link's number, and the node, output and type that it comes from."""
    if isinstance(link, dict):
        link = [link.get(key) for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")]
    if not isinstance(link, list) or len(link) < 6:
        return None
    number, node, output, kind = link[0], link[1], link[2], link[5]
    if type(number) is not int or type(output) is not int or not isinstance(node, (int, str)):
        return None
    return number, (str(node), output, kind if isinstance(kind, str) else "")


def _inputs(
    node: Mapping[str, Any], drawn: Mapping[str, Any], origins: Mapping[int, tuple[str, int, str]]
) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name, link in _linked(node):
        origin = _through(origins.get(link), drawn, origins)
        if origin is not None:
            inputs[name] = [origin[0], origin[1]]
    values = node.get("widgets_values")
    if isinstance(values, dict):
        named = [(name, value) for name, value in values.items() if isinstance(name, str)]
    else:
        named = list(zip(_widgets(node["type"], values), values, strict=False)) if isinstance(values, list) else []
    for name, value in named:
        if name != _CONTROL and not isinstance(value, list):
            inputs.setdefault(name, value)
    return inputs


def _widgets(kind: str, values: object) -> tuple[str, ...]:
    """Return the names of a node's values; of a node that we do not know, only a text is taken for what it is."""
    if kind in _WIDGETS:
        return _WIDGETS[kind]
    return ("text",) if isinstance(values, list) and values and isinstance(values[0], str) else ()


def _linked(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    inputs = node.get("inputs")
    for each in inputs[:200] if isinstance(inputs, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str) and type(each.get("link")) is int:
            yield each["name"], each["link"]


def _through(
    origin: tuple[str, int, str] | None, drawn: Mapping[str, Any], origins: Mapping[int, tuple[str, int, str]]
) -> tuple[str, int, str] | None:
    """Return where a link really comes from: a bypassed node hands on its first input of the same type."""
    for _ in range(_MAX_DEPTH):
        if origin is None or drawn.get(origin[0], {}).get("mode") != _BYPASSED:
            return origin
        before = (origins.get(link) for _, link in _linked(drawn[origin[0]]))
        kind = origin[2]
        origin = next((each for each in before if each is not None and each[2] == kind), None)
    return None
