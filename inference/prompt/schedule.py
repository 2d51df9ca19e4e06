"""Which text holds for which steps."""

from dataclasses import dataclass

from inference.prompt.editing import Timeline, parse


@dataclass(frozen=True, slots=True)
class Segment:
    """A text, and the last step that it holds for. Steps are counted from 1."""

    last_step: int
    text: str


def schedule(text: str, timeline: Timeline) -> tuple[Segment, ...]:
    """Return the texts of a prompt in the order of their steps; the last one's step is the timeline's last.

    `[a:b:5]` in 10 steps is a for steps 1 to 5 and b for 6 to 10. As in AUTOMATIC1111 there is a segment for every
    moment that the prompt names and, where anything alternates, for every step, though neighbours may be equal.
    """
    prompt = parse(text)
    return tuple(Segment(step, prompt.text_at(step, timeline)) for step in prompt.last_steps(timeline))
