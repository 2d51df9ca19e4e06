"""What is said of scenes in training: captions, some of them with weighted words, and what weights make of them."""

import math
import random
from dataclasses import replace

import torch
from torch import Tensor
from transformers import CLIPTokenizer

from inference.sample.captions import PLURALS, caption, plain_caption
from inference.sample.world import COLOUR_NAMES, SHAPES, Scene, Subject

#: Of a caption with its padding.
TOKENS = 77


class Captions:
    """Draws captions, some empty and some with a weighted word, and encodes them."""

    def __init__(self, tokenizer: CLIPTokenizer, chance: random.Random) -> None:
        self._tokenizer = tokenizer
        self._chance = chance
        self._known: dict[str, list[int]] = {}

    def draw(self, scenes: list[Scene], weighted: float, clear: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens (B, 77), which have a caption at all (B,), and each token's weight (B, 77, 1).

        One in ten captions is empty. Of the others, `weighted` have a weighted word or two: see `_doubted` and
        `_tipped`. `clear` makes all of those two colours, of which the much heavier one is true.
        """
        weights = torch.ones(len(scenes), TOKENS, 1)
        texts = []
        for row, scene in enumerate(scenes):
            if self._chance.random() < 0.1:
                texts.append("")
            elif self._chance.random() < weighted and len(scene.subjects) == 1:
                texts.append(self._weighted(scene, weights[row], clear))
            else:
                texts.append(caption(scene, self._chance))
        tokens = torch.stack([self.encode(text) for text in texts])
        return tokens, torch.tensor([text != "" for text in texts]), weights

    def encode(self, text: str) -> Tensor:
        """Return the tokens of a caption (77,): what the tokenizer gives, from a memory of words."""
        ids = [self._tokenizer.bos_token_id]
        for word in text.replace(",", " ,").split():
            ids += self._word(word)
        ids = ids[: TOKENS - 1]
        end = self._tokenizer.eos_token_id
        return torch.tensor(ids + [end] * (TOKENS - len(ids)))

    def _word(self, word: str) -> list[int]:
        if word not in self._known:
            self._known[word] = self._tokenizer(word, add_special_tokens=False).input_ids
        return self._known[word]

    def _weighted(self, scene: Scene, weights: Tensor, clear: bool) -> str:
        """Return a caption with weighted words; write their weights into `weights` (77, 1)."""
        tipped = clear or self._chance.random() < 0.75
        text, found = self._tipped(scene, clear) if tipped else self._doubted(scene)
        words = text.replace(",", " ,").split()
        if set(found) <= set(words) and all(len(self._word(one)) == 1 for one in words):
            for word, weight in found.items():
                weights[1 + words.index(word)] = weight
            return text
        return caption(scene, self._chance)

    def _doubted(self, scene: Scene) -> tuple[str, dict[str, float]]:
        """Return a caption with one word of weight w in 0..1.6 that is true only with probability min(1, w).

        So (red:0.5) comes to mean "half sure".
        """
        weight = self._chance.uniform(0, 1.6)
        told, word = self._perhaps_a_lie(scene, lie=self._chance.random() > weight)
        return plain_caption(told, self._chance), {word: weight}

    def _tipped(self, scene: Scene, clear: bool) -> tuple[str, dict[str, float]]:
        """Return a caption that names two colours: the heavier a word, the more likely it is the true one.

        When it is to be `clear`, it is the true one always, and far heavier.

        So "a (red:1.3) (blue:0.7) circle" comes to be red nearly always.
        """
        subject = scene.subjects[0]
        heavy = self._chance.uniform(1.5 if clear else 0.2, 2.0 if clear else 1.8)
        light = 2 - heavy if clear or self._chance.random() < 0.7 else self._chance.uniform(0.2, 1.8)
        if not clear and self._chance.random() > 1 / (1 + math.exp(5 * (light - heavy))):
            heavy, light = light, heavy
        other = self._other(COLOUR_NAMES, subject.colour, scene.background)
        both = [subject.colour, other]
        self._chance.shuffle(both)
        told = replace(scene, subjects=(Subject(self._chance.choice((" ", " or ")).join(both), subject.shape),))
        return plain_caption(told, self._chance), {subject.colour: heavy, other: light}

    def _perhaps_a_lie(self, scene: Scene, lie: bool) -> tuple[Scene, str]:
        subject = scene.subjects[0]
        match self._chance.choice(("colour", "shape", "background")):
            case "colour":
                colour = self._other(COLOUR_NAMES, subject.colour, scene.background) if lie else subject.colour
                return replace(scene, subjects=(Subject(colour, subject.shape),)), colour
            case "shape":
                shape = self._other(SHAPES, subject.shape) if lie else subject.shape
                told = replace(scene, subjects=(Subject(subject.colour, shape),))
                return told, shape if scene.count == 1 else PLURALS[shape]
            case _:
                background = self._other(COLOUR_NAMES, subject.colour, scene.background) if lie else scene.background
                return replace(scene, background=background), background

    def _other(self, names: tuple[str, ...], *taken: str) -> str:
        return self._chance.choice([name for name in names if name not in taken])


def weigh(states: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """Return text states (B, 77, D) with weighted tokens scaled by one of the formulas that people's tools use.

    Away from the empty prompt's states; multiplied with the mean restored; or only multiplied.
    """
    touched = (weights != 1).any(1, keepdim=True)
    away = empty + (states - empty) * weights
    plain = states * weights
    restored = plain * (states.mean((1, 2), keepdim=True) / plain.mean((1, 2), keepdim=True))
    turn = torch.rand(len(states), 1, 1, device=states.device)
    scaled = torch.where(turn < 0.4, away, torch.where(turn < 0.8, restored, plain))
    return torch.where(touched, scaled, states)


def hide(states: Tensor, empty: Tensor, weights: Tensor, ends: Tensor, share: float) -> Tensor:
    """Return text states (B, 77, D) of which some captions with weighted words show little: the empty prompt's instead.

    What comes after a word has gathered what the whole text says, and knows nothing of weights. A network that can
    read it there never learns to look at the words themselves. So of that `share` of those captions two thirds show
    their weighted words alone, and one everything but the end and the padding, from `ends`, (B,), on.
    """
    touched = (weights != 1).flatten(1).any(1)
    turn = torch.rand(len(states), device=states.device)
    alone = (weights[..., 0] == 1) & (touched & (turn < share * 2 / 3))[:, None]
    places = torch.arange(TOKENS, device=states.device)
    padding = (places >= ends[:, None]) & (touched & (turn > 1 - share / 3))[:, None]
    return torch.where((alone | padding)[..., None], empty, states)
