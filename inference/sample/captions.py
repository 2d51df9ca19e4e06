"""Captions of scenes, as varied as people write them."""

from random import Random

from inference.sample.world import COLOUR_NAMES, SHAPES, Scene, Subject

NUMBERS = {1: "one", 2: "two", 3: "three"}
PLURALS = {shape: f"{shape}es" if shape == "cross" else f"{shape}s" for shape in SHAPES}
#: Word -> words that mean the same, as often as they stand here.
_SYNONYMS = {
    "large": ["large", "large", "big", "huge"],
    "small": ["small", "small", "tiny", "little"],
    "purple": ["purple"] * 5 + ["violet"],
    "cross": ["cross"] * 5 + ["plus"],
    "circle": ["circle"] * 6 + ["disc", "dot"],
}
_PREFIXES = ("a picture of ", "an image of ", "a drawing of ", "a photo of ", "an illustration of ")
#: Words that people add and that mean nothing here.
QUALITY_WORDS = (
    "masterpiece|best quality|high quality|highly detailed|4k|8k|simple|minimal|flat|vector art|digital art|clean|"
    "beautiful|sharp|centered|professional|award winning|trending|cute|icon|logo|cat|dog|house|tree|landscape|portrait"
).split("|")


def article(words: str) -> str:
    """Return the words with "a" or "an" before them."""
    return ("an " if words[0] in "aeio" else "a ") + words


def plain_caption(scene: Scene, random: Random) -> str:
    """Return a caption that says everything and in the usual words."""
    return _Writer(random, vary=False).caption(scene)


def caption(scene: Scene, random: Random) -> str:
    """Return a caption with words left out, synonyms, prefixes and quality words."""
    return _Writer(random, vary=True).caption(scene)


class _Writer:
    """Writes captions; `vary` leaves attributes out, so that under-specified prompts mean something too."""

    def __init__(self, random: Random, vary: bool) -> None:
        self._random = random
        self._vary = vary

    def caption(self, scene: Scene) -> str:
        core = self._pair(scene.subjects) if len(scene.subjects) == 2 else self._one_kind(scene)
        if core.final:
            return core.text
        background = "" if self._perhaps(0.10) else f"{scene.background} background"
        if background and self._perhaps(0.02):
            return background
        return self._dressed(self._on(core.text, background))

    def _on(self, core: str, background: str) -> str:
        if not background:
            return core
        turn = self._random.random()
        if turn < 0.70:
            return f"{core} on {article(background)}"
        if turn < 0.85:
            return f"{core}, {background}"
        return f"{article(background)} with {core}" if turn < 0.93 else f"{background}, {core}"

    def _dressed(self, text: str) -> str:
        turn = self._random.random()
        if turn < 0.10:
            return self._random.choice(_PREFIXES) + text
        if turn < 0.18:
            words = ", ".join(self._random.sample(QUALITY_WORDS, self._random.randint(1, 3)))
            return f"{text}, {words}" if self._random.random() < 0.7 else f"{words}, {text}"
        return text

    def _pair(self, subjects: tuple[Subject, ...]) -> "_Core":
        bare = (True, True) if self._perhaps(0.06) else (self._perhaps(0.05), self._perhaps(0.05))
        first, second = (
            article(f"{'' if plain else subject.colour} {self._word(subject.shape)}".strip())
            for subject, plain in zip(subjects, bare, strict=True)
        )
        turn = self._random.random()
        if turn < 0.7:
            return _Core(f"{first} and {second}")
        if turn < 0.8:
            return _Core(f"{first} left of {second}")
        if turn < 0.9:
            return _Core(f"{second} right of {first}")
        return _Core(f"{first[2:].strip()}, {second[2:].strip()}")

    def _one_kind(self, scene: Scene) -> "_Core":
        colour, shape, size = self._colour(scene), self._shape(scene), self._size(scene)
        body = " ".join(word for word in (size, colour, shape) if word)
        text = self._counted(scene, body)
        if scene.place != "center" and not self._perhaps(0.15):
            text += f" on the {scene.place}" if scene.place in ("left", "right") else f" at the {scene.place}"
        elif scene.count == 1 and scene.place == "center" and self._random.random() < 0.08:
            text += " in the center"
        return self._shortened(text, colour, shape, size)

    def _counted(self, scene: Scene, body: str) -> str:
        if scene.count > 1:
            return f"{NUMBERS[scene.count] if self._random.random() < 0.9 else scene.count} {body}"
        return article(body) if self._random.random() < 0.85 else body

    def _shortened(self, text: str, colour: str, shape: str, size: str) -> "_Core":
        """Now and then say only a word or two."""
        turn = self._random.random() if self._vary else 1.0
        if turn < 0.015 and colour:
            return _Core(colour, final=True)
        if turn < 0.03:
            return _Core(shape, final=True)
        if turn < 0.045 and colour:
            return _Core(f"{colour} {shape}", final=True)
        if turn < 0.055 and size:
            return _Core(f"{size} {shape}", final=True)
        return _Core(text)

    def _colour(self, scene: Scene) -> str:
        subject = scene.subjects[0]
        if self._perhaps(0.10):
            return ""
        if self._perhaps(0.05):  # either one: what prompt weights can tip
            others = [name for name in COLOUR_NAMES if name not in (subject.colour, scene.background)]
            both = [subject.colour, self._random.choice(others)]
            self._random.shuffle(both)
            return (" or " if self._random.random() < 0.5 else " ").join(both)
        return self._word(subject.colour)

    def _shape(self, scene: Scene) -> str:
        shape = scene.subjects[0].shape
        if self._perhaps(0.06):
            return "shape" if scene.count == 1 else "shapes"
        if scene.count > 1:
            return PLURALS[shape]
        if self._perhaps(0.03):
            both = [shape, self._random.choice([name for name in SHAPES if name != shape])]
            self._random.shuffle(both)
            return " or ".join(both)
        return self._word(shape)

    def _size(self, scene: Scene) -> str:
        if scene.size != "medium":
            return "" if self._perhaps(0.15) else self._word(scene.size)
        return "medium" if self._vary and self._random.random() < 0.08 else ""

    def _word(self, word: str) -> str:
        return self._random.choice(_SYNONYMS[word]) if self._vary and word in _SYNONYMS else word

    def _perhaps(self, chance: float) -> bool:
        """Tell whether something is left out or changed; never in plain captions."""
        return self._vary and self._random.random() < chance


class _Core:
    """What a caption says of the subjects; `final` when nothing is to be added."""

    def __init__(self, text: str, final: bool = False) -> None:
        self.text = text
        self.final = final
