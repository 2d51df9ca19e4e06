"""What a request says that is to be in its pictures, as it was written and as its steps read it. Pure."""

from collections.abc import Iterator, Sequence

from inference.prompt.attention import Piece, attention
from inference.prompt.choices import Mention
from inference.prompt.choices import parse as choices_in
from inference.prompt.composition import subprompts
from inference.prompt.editing import Prompt, Timeline, parse
from inference.prompt.networks import strip
from inference.prompt.places import Span
from inference.prompt.timelines import timeline_of
from inference.protocol.recipe import AnyRecipe, TextToImage, Upscale, Words

_BRACES = str.maketrans("", "", "{}")


def texts_of(recipe: AnyRecipe, words: Sequence[Words] = ()) -> tuple[str, ...]:
    """Return everything that is to be in the pictures of a request: what was written, and what each step reads of it.

    Negative prompts keep things out and are not among it. Slow for long prompts.
    """
    if isinstance(recipe, Upscale):
        return ()
    prompts = dict.fromkeys([recipe.prompt, *(own.prompt for own in words), recipe.style_prompt or ""])
    timelines = [timeline_of(recipe)]
    if isinstance(recipe, TextToImage) and recipe.hires is not None:
        timelines.append(timeline_of(recipe, second_pass=True))
    found = dict(prompts)
    for prompt in prompts:
        for part in subprompts(without_networks(prompt)):
            found |= dict.fromkeys(map(plain, _branches(parse(part.text), timelines)))
    return tuple(text for text in found if text)


def without_networks(text: str) -> str:
    """Return a prompt without `<lora:…>` and its like: names of files are not painted."""
    return strip(text).text


def without_lists(text: str) -> str:
    """Return a prompt without `__name__`: what is painted is a line of that list, and not its name."""
    parts, end = [], 0
    for mention in sorted(_mentions(text), key=lambda span: span.start):
        if mention.start >= end:
            parts.append(text[end : mention.start])
            end = mention.end
    return " ".join((*parts, text[end:]))


def plain(text: str) -> str:
    """Return the words of a text without weights and their brackets; BREAK is a line break."""
    return "".join(piece.text if isinstance(piece, Piece) else "\n" for piece in attention(text))


def without_braces(text: str) -> str:
    """Return a text without the braces of choices, which are text where the choices were made before."""
    return text.translate(_BRACES)


def _mentions(text: str) -> list[Span]:
    return [choice.span for choice in choices_in(text).choices if isinstance(choice, Mention)] if "__" in text else []


def _branches(prompt: Prompt, timelines: Sequence[Timeline]) -> Iterator[str]:
    """Yield the different texts that hold at one step or another."""
    forks, seen = tuple(prompt.forks), set[tuple[int, ...]]()
    for timeline in timelines:
        for step in prompt.last_steps(timeline):
            taken = tuple(fork.taken(step, timeline) for fork in forks)
            if taken not in seen:
                seen.add(taken)
                yield prompt.text_at(step, timeline)
