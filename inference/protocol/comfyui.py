"""What ComfyUI's graphs say of how a picture was made.

From the node that saves the picture the graph is followed back to the sampler that painted it, and from there to its
prompts, its model with LoRAs, and its size. A sampler behind another one and an enlargement is a hires fix. What is
not among the nodes known here is named in `others`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.protocol.comfy_graph import Graph, Node, graph_of_prompt, graph_of_workflow
from inference.protocol.comfy_models import read_models
from inference.protocol.names import UnknownName, sampler_key, schedule_key
from inference.protocol.parameters import Parameters

_MAX_NODES = 200
_MAX_SAMPLERS = 10
_MAX_OUTPUTS = 20
_MAX_NAMED = 20
#: Inputs that lead from a finished picture back to where it came from.
_PICTURES = ("images", "image", "pixels", "samples", "latent_image", "latent", "latents", "upscaled_image")
#: Followed, or of no account for how the picture looks.
_UNDERSTOOD = {
    "BasicGuider", "BasicScheduler", "BetaSamplingScheduler", "CFGGuider", "CheckpointLoaderSimple",
    "CLIPSetLastLayer", "CLIPTextEncode", "CLIPTextEncodeSDXL", "ConditioningCombine", "ConditioningConcat",
    "ConditioningZeroOut", "EmptyLatentImage", "EmptySD3LatentImage", "ExponentialScheduler", "ImageScale",
    "ImageScaleBy", "KarrasScheduler", "KSampler", "KSamplerAdvanced", "KSamplerSelect", "LatentUpscale",
    "LatentUpscaleBy", "LoadImage", "LoraLoader", "LoraLoaderModelOnly", "Power Lora Loader (rgthree)",
    "PreviewImage", "PrimitiveFloat", "PrimitiveInt", "PrimitiveNode", "PrimitiveString", "PrimitiveStringMultiline",
    "RandomNoise", "Reroute", "RescaleCFG", "SamplerCustom", "SamplerCustomAdvanced", "SaveImage", "SaveImageWebsocket",
    "StringConcatenate", "VAEDecode", "VAEDecodeTiled", "VAEEncode", "VAELoader",
}  # fmt: skip
_SCHEDULERS = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "BetaSamplingScheduler": "beta",
}
_SAMPLERS = {
    "SamplerEulerAncestral": "euler_ancestral",
    "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde",
    "SamplerDPMPP_3M_SDE": "dpmpp_3m_sde",
    "SamplerDPMPP_SDE": "dpmpp_sde",
    "SamplerDPMPP_2S_Ancestral": "dpmpp_2s_ancestral",
    "SamplerDPMAdaptative": "dpm_adaptive",
    "SamplerLMS": "lms",
}
_UPSCALERS = {"bilinear": "latent", "bicubic": "latent_bicubic", "nearest-exact": "latent_nearest"}


def read_prompt(document: Mapping[str, Any]) -> Parameters | None:
    """Return what the graph that was run says; None where it has no sampler, or is no graph. Never fails."""
    graph = graph_of_prompt(document)
    return _read(graph) if graph is not None else None


def read_workflow(document: Mapping[str, Any]) -> Parameters | None:
    """Return what the editor's graph says. It knows less: values of many nodes have no names there."""
    graph = graph_of_workflow(document)
    return _read(graph) if graph is not None else None


@dataclass
class _Pass:
    """A sampler's settings, as ComfyUI names them."""

    node: Node
    #: The node with the prompts and the model: the sampler itself, or its guider.
    guide: Node
    seed: int | None
    steps: int | None
    cfg: float | None
    sampler: str | None
    scheduler: str | None
    denoise: float | None
    #: Nodes between it and the picture, or the sampler after it, in that order.
    after: list[Node] = field(default_factory=list)


def _read(graph: Graph) -> Parameters | None:
    passes = _passes(graph)
    if not passes:
        return None
    base, others = passes[-1], dict[str, str]()
    fields: dict[str, Any] = {"seed": base.seed, "steps": base.steps, "guidance_scale": base.cfg}
    fields |= _named(base, others)
    fields |= _size(graph, base, others)
    if base.denoise is not None and base.denoise < 1:
        fields["strength"] = base.denoise
    if len(passes) > 1:
        fields |= _second(graph, passes[-2], base, fields, others)
    fields |= read_models(graph, base.guide, passes[0].after, others)
    further = [f"{node.kind} {node.id}" for node in _samplers(graph) if all(node is not each.node for each in passes)]
    further += [f"{each.node.kind} {each.node.id}" for each in passes[:-2]]
    if further:
        others["Further samplers"] = _listed(further)
    left = [node.kind for node in _behind(graph, passes[0]) if not _is_followed(graph, node)]
    if left:
        others["Nodes"] = _listed(dict.fromkeys(left))
    return Parameters(**fields, others=others)


# Which samplers ---------------------------------------------------------------------------------------------------


def _paints(node: Node) -> bool:
    """Tell whether a node is a sampler, ComfyUI's own or one with the same inputs."""
    inputs = node.inputs
    if "latent_image" not in inputs:
        return False
    return ("sampler" in inputs and "sigmas" in inputs) or (
        "sampler_name" in inputs and ("seed" in inputs or "noise_seed" in inputs)
    )


def _samplers(graph: Graph) -> Iterator[Node]:
    return (node for node in graph.nodes.values() if _paints(node))


def _passes(graph: Graph) -> list[_Pass]:
    """Return the samplers behind the picture, the last first; of several pictures, of that with the most."""
    chains = [chain for node in _outputs(graph) if (chain := _chain(graph, node))]
    if chains:
        return max(chains, key=len)
    alone = next(_samplers(graph), None)
    return [] if alone is None else [_pass(graph, alone, [])]


def _outputs(graph: Graph) -> list[Node]:
    """Return the nodes that save a picture; else those that show one."""
    ends = [node for node in graph.nodes.values() if any(name in node.inputs for name in _PICTURES)]
    for word in ("save", "preview"):
        found = [node for node in ends if word in node.kind.casefold()]
        if found:
            return found[:_MAX_OUTPUTS]
    return []


def _chain(graph: Graph, end: Node) -> list[_Pass]:
    chain: list[_Pass] = []
    place = end
    while len(chain) < _MAX_SAMPLERS:
        found, passed = _before(graph, place)
        if found is None or any(found is each.node for each in chain):
            break
        chain.append(_pass(graph, found, passed))
        place = found
    return chain


def _before(graph: Graph, place: Node) -> tuple[Node | None, list[Node]]:
    """Return the nearest sampler before a node, along pictures and latents, and the nodes that were passed."""
    seen, waiting, passed = {place.id}, [place], list[Node]()
    while waiting:
        node = waiting.pop(0)
        if node is not place:
            if _paints(node):
                return node, passed
            passed.append(node)
        for name in _PICTURES:
            found = graph.source(node, name)
            if found is not None and found[0].id not in seen and len(seen) < _MAX_NODES:
                seen.add(found[0].id)
                waiting.append(found[0])
    return None, passed


def _pass(graph: Graph, node: Node, after: list[Node]) -> _Pass:
    noise, sampler, sigmas, guider = (_node(graph, node, name) for name in ("noise", "sampler", "sigmas", "guider"))
    seeded = noise or node
    steps: Node | None = node
    if "sigmas" in node.inputs:
        behind = [] if sigmas is None else [sigmas, *graph.line(sigmas, "sigmas")]
        steps = next((each for each in behind if "steps" in each.inputs), sigmas)
    seed = graph.whole(seeded, "noise_seed")
    name = graph.text(node, "sampler_name")
    if sampler is not None:
        name = graph.text(sampler, "sampler_name") or _SAMPLERS.get(sampler.kind, sampler.kind)
    return _Pass(
        node=node,
        guide=guider or node,
        seed=graph.whole(seeded, "seed") if seed is None else seed,
        steps=graph.whole(steps, "steps") if steps else None,
        cfg=graph.number(guider or node, "cfg"),
        sampler=name,
        scheduler=_scheduler(graph, node, steps),
        denoise=_denoise(graph, node, steps),
        after=after,
    )


def _node(graph: Graph, node: Node, name: str) -> Node | None:
    found = graph.source(node, name)
    return None if found is None else found[0]


def _scheduler(graph: Graph, node: Node, steps: Node | None) -> str | None:
    if steps is None or "scheduler" in steps.inputs or steps is node:
        return graph.text(steps, "scheduler") if steps else None
    return _SCHEDULERS.get(steps.kind, steps.kind)


def _denoise(graph: Graph, node: Node, steps: Node | None) -> float | None:
    """Return how much is painted anew; the advanced sampler says at which step it begins instead."""
    start, count = graph.whole(node, "start_at_step"), graph.whole(node, "steps")
    if start is not None and count:
        return max(0.0, round(1 - start / count, 4))
    return graph.number(steps, "denoise") if steps is not None else None


# What they say ------------------------------------------------------------------------------------------------------


def _named(base: _Pass, others: dict[str, str]) -> dict[str, str]:
    """Return sampler and schedule by their names here; what has none goes to `others`."""
    fields: dict[str, str] = {}
    for name, label, said, find in (
        ("sampler", "Sampler", base.sampler, sampler_key),
        ("schedule", "Schedule type", base.scheduler, schedule_key),
    ):
        if said is None:
            continue
        try:
            fields[name] = find(said)
        except UnknownName:
            others[label] = said[:100]
    return fields


def _size(graph: Graph, base: _Pass, others: dict[str, str]) -> dict[str, int]:
    """Return the size of the empty latents that the sampler starts from; pictures instead of them are named."""
    _, passed = _before(graph, base.node)
    for node in passed:
        if "LoadImage" in node.kind:
            others["Image"] = (graph.text(node, "image") or node.kind)[:200]
        width, height = graph.whole(node, "width"), graph.whole(node, "height")
        if width and height and "atent" in node.kind and not any(name in node.inputs for name in _PICTURES):
            return {"width": width, "height": height}
    return {}


def _second(
    graph: Graph, second: _Pass, base: _Pass, first: Mapping[str, Any], others: dict[str, str]
) -> dict[str, Any]:
    """Return a second sampler as a hires fix, if the picture is enlarged between the two to a size that is known."""
    size = _enlarged(graph, base.after, first.get("width"), first.get("height"))
    if size is None:
        steps = f"{second.steps} steps" if second.steps else "steps"
        others["Second sampler"] = f"{steps} of {second.sampler}, denoise {second.denoise}"[:100]
        return {}
    fields: dict[str, Any] = {"hires_width": size[0], "hires_height": size[1]}
    if "strength" in first:
        others["Denoising strength of the first pass"] = f"{first['strength']:g}"
    fields["strength"] = second.denoise
    if second.steps != base.steps:
        fields["hires_steps"] = second.steps
    if second.sampler != base.sampler and second.sampler is not None:
        try:
            fields["hires_sampler"] = sampler_key(second.sampler)
        except UnknownName:
            others["Hires sampler"] = second.sampler[:100]
    if second.seed != base.seed:
        others["Hires seed"] = str(second.seed)
    methods = [method for node in base.after if (method := graph.text(node, "upscale_method"))]
    if any(method not in _UPSCALERS for method in methods) or any("pixels" in node.inputs for node in base.after):
        others["Hires upscaler"] = ", ".join(methods)[:100] or "of pictures"
    elif methods:
        fields["hires_upscaler"] = _UPSCALERS[methods[0]]
    return fields


def _enlarged(graph: Graph, nodes: list[Node], width: int | None, height: int | None) -> tuple[int, int] | None:
    """Return the size behind these nodes, the last of which is the first that the picture goes through."""
    if width is None or height is None or max(width, height) > 100_000:
        return None
    size: tuple[float, float] = (width, height)
    for node in reversed(nodes):
        new_width, new_height = graph.whole(node, "width"), graph.whole(node, "height")
        factor = graph.number(node, "scale_by") or graph.number(node, "upscale_by")
        if new_width is not None and new_height is not None and (new_width or new_height):
            # As ComfyUI does: a side that is 0 keeps the proportions.
            size = (new_width or size[0] * new_height / size[1], new_height or size[1] * new_width / size[0])
        elif factor is not None:
            size = (size[0] * factor, size[1] * factor)
        elif "model" in node.kind.casefold():
            return None  # by a network, whose factor the graph does not say
        if not 8 <= min(size) <= max(size) < 100_000:
            return None
    rounded = int(size[0]) // 8 * 8, int(size[1]) // 8 * 8
    return rounded if rounded != (width, height) else None


# What is left -------------------------------------------------------------------------------------------------------


def _behind(graph: Graph, last: _Pass) -> Iterator[Node]:
    """Yield every node that the picture depends on."""
    seen: dict[str, Node] = {node.id: node for node in (*last.after, last.node)}
    waiting = list(seen.values())
    while waiting:
        node = waiting.pop()
        yield node
        for _, found in graph.sources(node):
            if found.id not in seen:
                seen[found.id] = found
                waiting.append(found)


def _is_followed(graph: Graph, node: Node) -> bool:
    return node.kind in _UNDERSTOOD or node.id in graph.read or _paints(node)


def _listed(names: Iterable[str]) -> str:
    cut = [name[:60] for name in names]
    return ", ".join(cut[:_MAX_NAMED]) + (", …" if len(cut) > _MAX_NAMED else "")
