"""Adapters that a prompt names: `<lora:name:weight>`, and embeddings by their names, as a recipe takes them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from bot.services.names import unknown
from bot.services.requests import Actor
from bot.texts import Mistake
from inference.prompt.hints import Hint
from inference.prompt.networks import NetworkUse
from inference.prompt.places import PromptError, Span
from inference.prompt.reading import Reading
from inference.prompt.words import Words, told
from inference.protocol.adapters import AdapterForm, AdapterKind
from inference.protocol.messages import ModelInfo
from inference.protocol.names import nearest
from inference.protocol.recipe import AdapterUse, AnyRecipe, ContentHash, adapters_of
from inference.protocol.recipe import Words as OwnWords
from storage.adapters import OPERATOR, Visibility
from storage.styles import folded

#: The weights that members may give, either way.
MOST_WEIGHT = 2.0
#: Adapters that one picture may have.
MOST_NETWORKS = 10
#: What people call the models that an adapter may be made for.
FAMILIES: Mapping[str, str] = {"sd1": "SD 1", "sd2": "SD 2", "sdxl": "SDXL", "sample": "Easel sample"}
#: What people call the kinds of networks.
_KINDS = {"lora": "LoRA", "hypernet": "hypernetwork"}
#: Of a list in a sentence: so many names, with so many characters each.
_NAMED, _CHARACTERS = 5, 60


class Network(Protocol):
    """An adapter that a prompt may name."""

    @property
    def hash(self) -> ContentHash:
        """Return the SHA-256 of its file."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def kind(self) -> AdapterKind:
        """Return whether it changes weights or is read in the place of a word."""

    @property
    def form(self) -> AdapterForm:
        """Return what people call it."""

    @property
    def owner_id(self) -> int:
        """Return the member who brought it, 0 for the operator."""

    @property
    def visibility(self) -> Visibility:
        """Return who sees it."""

    @property
    def family(self) -> str:
        """Return the models that it fits: a key of `FAMILIES`."""

    @property
    def weight(self) -> float:
        """Return the weight that it has where none is said."""

    @property
    def triggers(self) -> tuple[str, ...]:
        """Return the words that it was trained on."""


class Shelf(Protocol):
    """All adapters, as whoever takes requests asks for them: from memory."""

    def visible(self, actor: Actor, /) -> Mapping[str, Network]:
        """Return what somebody may use where they are, by names as they are compared."""

    def require(self, name: ContentHash, actor: Actor, /) -> Network:
        """Return the adapter of a content that somebody may use where they are. Raises Mistake with the reason."""

    def exists(self, name: ContentHash, /) -> bool:
        """Tell whether there is such an adapter, whoever may use it."""

    def name_of(self, name: ContentHash, actor: Actor | None = None, /) -> str | None:
        """Return the name of an adapter, there or gone, as far as somebody may know it."""


@dataclass(frozen=True)
class Named:
    """An adapter that a picture was made with, as somebody is told of it."""

    #: None where it is not theirs to know, or nobody knows.
    name: str | None
    #: It has been removed since.
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The networks that a request may name, and the model that it is for."""

    #: By their names as they are compared.
    known: Mapping[str, Network] = field(default_factory=dict)
    #: Of the model: a key of `FAMILIES`, or "" for one that takes none.
    family: str = ""
    model: str = ""
    #: Names of installed models by the family that they take.
    models: Mapping[str, Sequence[str]] = field(default_factory=dict)
    most_weight: float = MOST_WEIGHT

    def uses(self, reading: Reading, texts: Iterable[str]) -> tuple[AdapterUse, ...]:
        """Return what a prompt asks for: its networks in their order, then the embeddings that `texts` name.

        Leaves out what `errors` tells of.
        """
        found: dict[ContentHash, AdapterUse] = {}
        for use in reading.networks:
            network = self.find(use.name)
            if network is None or self._wrong(use, network) is not None:
                continue
            weight, encoder = weights_of(use, network)
            if (before := found.get(network.hash)) is not None:
                # Named twice, its weights add up, as they do in AUTOMATIC1111.
                weight += before.weight
                encoder += before.weight if before.text_encoder_weight is None else before.text_encoder_weight
            found[network.hash] = AdapterUse(
                hash=network.hash, weight=weight, text_encoder_weight=None if encoder == weight else encoder
            )
        for text in texts:
            for network, span in self._embeddings_in(text):
                if self.fits(network):
                    found.setdefault(network.hash, AdapterUse(hash=network.hash, word=text[span.start : span.end]))
        return tuple(found.values())

    def errors(self, reading: Reading, text: str) -> Iterator[PromptError]:
        """Return what is wrong with the networks of a prompt."""
        weights: dict[ContentHash, list[float]] = {}
        for use in reading.networks:
            network = self.find(use.name)
            words = self._unknown(use) if network is None else self._wrong(use, network)
            if words is None and network is not None:
                sums = weights.setdefault(network.hash, [0.0, 0.0])
                for place, weight in enumerate(weights_of(use, network)):
                    sums[place] += weight
                if (largest := max(map(abs, sums))) > self.most_weight:
                    words = told("network_heavy", weight=f"{largest:g}", most=f"{self.most_weight:g}")
                elif len(weights) > MOST_NETWORKS:
                    words = told("network_many", most=MOST_NETWORKS)
            if words is not None:
                yield PromptError(words, text, use.span)

    def hints(self, reading: Reading, text: str) -> Iterator[Hint]:
        """Return what a writer may like to know: trigger words that are missing, embeddings that are read as words."""
        plain = folded(text)
        for use in reading.networks:
            network = self.find(use.name)
            if network is None or not network.triggers or use.weight == use.text_encoder_weight == 0:
                continue
            if not any(_stands_in(folded(trigger), plain) for trigger in network.triggers):
                words = told("network_triggers", name=network.name[:_CHARACTERS], triggers=_named(network.triggers))
                yield Hint(use.span, words)
        for network, span in self._embeddings_in(text):
            if not self.fits(network):
                yield Hint(span, told("embedding_unfit", **self._unfit(network)))

    def find(self, name: str) -> Network | None:
        """Return the network of a name; folders before it, as in AUTOMATIC1111, count for nothing."""
        return self.known.get(folded(name)) or self.known.get(folded(name.rpartition("/")[2]))

    def embeddings(self, text: str) -> list[Network]:
        """Return the embeddings that a text names, each once, whether or not they fit the model."""
        return list({network.hash: network for network, _ in self._embeddings_in(text)}.values())

    def fits(self, network: Network) -> bool:
        """Tell whether a network is made for the model."""
        return network.family == self.family

    def fitting(self, kind: AdapterKind | None = None) -> list[str]:
        """Return the names of those that fit the model."""
        return sorted(each.name for each in self.known.values() if self.fits(each) and kind in (None, each.kind))

    @cached_property
    def _pattern(self) -> "re.Pattern[str] | None":
        """Return what finds the names of embeddings in a text, longer ones first."""
        names = [each.name for each in self.known.values() if each.kind == "embedding"]
        if not names:
            return None
        spelled = (r"\s+".join(map(re.escape, name.split())) for name in sorted(names, key=len, reverse=True))
        return re.compile(rf"(?<![\w-])(?:{'|'.join(spelled)})(?![\w-])", re.IGNORECASE)

    def _embeddings_in(self, text: str) -> Iterator[tuple[Network, Span]]:
        """Return the embeddings that a text names, and where; names within `<…>` are none."""
        if self._pattern is None:
            return
        inside = [match.span() for match in _BRACKETED.finditer(text)]
        for match in self._pattern.finditer(text):
            start, end = match.span()
            network = self.known.get(folded(match[0]))
            if network is not None and not any(first <= start and end <= last for first, last in inside):
                yield network, Span(start, end)

    def _unknown(self, use: NetworkUse) -> Words:
        if use.kind == "hypernet":
            return told("network_hypernet")
        words = told("no_network", kind=_KINDS[use.kind], name=use.name[:_CHARACTERS])
        if near := nearest(use.name, self.fitting("lora")):
            return words + told("near", near=", ".join(near))
        return words if self.known else words + told("network_none")

    def _wrong(self, use: NetworkUse, network: Network) -> Words | None:
        """Return why a network that is known cannot be used so."""
        if use.kind == "hypernet":
            return told("network_hypernet")
        if network.kind == "embedding":
            return told("network_embedding", name=network.name[:_CHARACTERS])
        if not self.fits(network):
            words = told("network_unfit", **self._unfit(network))
            if names := self.fitting("lora"):
                words += told("network_fitting", names=_named(names))
            if models := self.models.get(network.family, ()):
                words += told("network_models", models=_named(models))
            return words
        return None

    def _unfit(self, network: Network) -> dict[str, str]:
        return {
            "name": network.name[:_CHARACTERS],
            "family": family_name(network.family),
            "model": self.model[:_CHARACTERS],
            "own": family_name(self.family),
        }


#: A number as people write it, with a point.
_WEIGHT = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})")
#: A network in a prompt.
_BRACKETED = re.compile(r"<\w+:[^>]*>")


def networks_for(
    known: Mapping[str, Network], model: ContentHash, models: Iterable[ModelInfo], most_weight: float = MOST_WEIGHT
) -> Networks:
    """Return the networks that a request for a model may name."""
    by_family: dict[str, list[str]] = {}
    chosen = None
    for info in models:
        if info.adapter_family:
            by_family.setdefault(info.adapter_family, []).append(info.name)
        if info.hash == model:
            chosen = info
    if chosen is None:
        return Networks(known=known, models=by_family, most_weight=most_weight)
    return Networks(
        known=known, family=chosen.adapter_family, model=chosen.name, models=by_family, most_weight=most_weight
    )


def asked(text: str, networks: Networks) -> str:
    """Return what names of adapters, with commas between and perhaps a weight behind each, are in a prompt.

    Raises Mistake for a name that none has, for one that is no weight, and for too many.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MOST_NETWORKS:
        raise Mistake("adapters_many", most=MOST_NETWORKS)
    written = [_asked(part, networks) for part in parts]
    words = ", ".join(each for each in written if not each.startswith("<"))
    return f"{words} {''.join(each for each in written if each.startswith('<'))}".strip()


def with_asked(prompt: str, written: str) -> str:
    """Return a prompt with what `asked` returned behind it."""
    return f"{prompt.rstrip()} {written}" if written.startswith("<") else f"{prompt.rstrip()}, {written}"


def _asked(part: str, networks: Networks) -> str:
    network, weight = networks.find(part), ""
    if network is None and ":" in part:
        name, _, weight = (each.strip() for each in part.rpartition(":"))
        network = networks.find(name)
    if network is None:
        raise unknown("adapter", part.partition(":")[0].strip(), networks.fitting())
    if weight and not _WEIGHT.fullmatch(weight):
        raise Mistake("adapters_weight", text=weight, most=f"{networks.most_weight:g}")
    if network.kind == "embedding":
        return f"({network.name}:{weight})" if weight else network.name
    return f"<lora:{network.name}:{weight}>" if weight else f"<lora:{network.name}>"


def whose(network: Network, member_id: int) -> Literal["own", "server", "public", "operator"]:
    """Return whose an adapter is, as a member sees it."""
    if network.owner_id == member_id:
        return "own"
    if network.owner_id == OPERATOR:
        return "operator"
    return "public" if network.visibility == "public" else "server"


def family_name(family: str) -> str:
    """Return what people call a family of models."""
    return FAMILIES.get(family, family or "…")


def weights_of(use: NetworkUse, network: Network) -> tuple[float, float]:
    """Return the weights that a prompt gives a network, for the denoising network and for the text encoder."""
    return (use.weight, use.text_encoder_weight) if use.weighted else (network.weight, network.weight)


def _stands_in(words: str, text: str) -> bool:
    return not words or words in text


def _named(names: Sequence[str]) -> str:
    """Return names in a sentence, not too many."""
    shown = ", ".join(name[:_CHARACTERS] for name in names[:_NAMED])
    return f"{shown} …" if len(names) > _NAMED else shown


def require_usable(hashes: Iterable[ContentHash], networks: Networks, shelf: Shelf, actor: Actor) -> None:
    """Raise Mistake where one of these adapters may not be used by somebody, is gone, or does not fit the model."""
    for each in hashes:
        network = shelf.require(each, actor)
        if not networks.fits(network):
            family = family_name(network.family)
            raise Mistake("adapters_misfit", name=network.name, family=family, model=networks.model)


def told_of(recipe: AnyRecipe, words: Sequence[OwnWords], shelf: Shelf, actor: Actor) -> tuple[Named, ...]:
    """Return what the pictures of a request were made with, as somebody may know it."""
    return tuple(Named(shelf.name_of(each, actor), not shelf.exists(each)) for each in adapters_of(recipe, words))
