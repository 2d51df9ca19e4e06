"""What is said of prompts: every sentence under a key, in English here; who shows it may say it in another language."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

Value: TypeAlias = "str | int | float"


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences by their keys, each with the values that stand in it."""

    sentences: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...]

    def __add__(self, more: "Words") -> "Words":
        """Return these sentences, and then others."""
        return Words(self.sentences + more.sentences)

    def __str__(self) -> str:
        """Return the sentences in English."""
        return self.said(ENGLISH)

    def said(self, texts: Mapping[str, str]) -> str:
        """Return the sentences in the language of these texts. Raises KeyError for one that is not among them."""
        return " ".join(texts[key].format(**dict(values)) for key, values in self.sentences)


def told(key: str, /, **values: Value) -> Words:
    """Return a sentence of `ENGLISH` with its values."""
    return Words(((key, tuple(values.items())),))


ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        # What cannot be made.
        "too_long": "The prompt is {length:,} characters long, but must be at most {most:,}.",
        "half_a_pair": "This is not valid Unicode: half of a pair, alone.",
        "too_many_texts": "AND joins {count} texts here, and at most {most} can be painted together.",
        "too_many_changes": "The prompts change to {count} different texts over the steps; at most {most} can be read.",
        "no_network": "There is no {kind} of the name {name!r} here.",
        "network_none": "None is installed.",
        "network_nameless": "This {kind} has no name: write <{kind}:name:1>.",
        "network_weightless": "{written!r} is no weight: it must be a number from -{most:g} to {most:g}.",
        "network_edited": "A network holds for all steps, so it cannot stand in a part that is edited or alternates.",
        "near": "Did you mean {near}?",
        "network_hypernet": "Hypernetworks are not used here: take it out, and look for a LoRA that does the same.",
        "network_embedding": "{name!r} is an embedding: write its name alone, without < and >.",
        "network_unfit": "{name!r} is made for {family}, and the model {model!r} is {own}.",
        "network_fitting": "These fit it: {names}.",
        "network_models": "It fits {models}.",
        "network_heavy": "Its weight is {weight} here, and weights go from -{most} to {most}.",
        "network_many": "A picture takes at most {most} of these, and this is one more.",
        "regions_base": "The base is a share from 0 to 1.",
        "regions_none": "This names no regions.",
        "regions_ratio": "Here a ratio should stand.",
        "regions_write": ('Write "columns", "rows", or either with ratios: "columns 1:2", "rows 2:1:1".'),
        "regions_number": "There can be from 2 to {most} regions.",
        "columns_alone": 'Columns need a text each: join them by AND, as in "a cat AND a dog".',
        "rows_alone": 'Rows need a text each: join them by AND, as in "a cat AND a dog".',
        "regions_many": "There can be at most {most} regions, and this is one more.",
        "columns_missing": "{count} columns need {count} texts joined by AND, and here are {texts}.",
        "rows_missing": "{count} rows need {count} texts joined by AND, and here are {texts}.",
        "columns_extra": (
            "{count} columns take {count} texts joined by AND, or one more that holds everywhere and comes first. "
            "This one has no region."
        ),
        "rows_extra": (
            "{count} rows take {count} texts joined by AND, or one more that holds everywhere and comes first. "
            "This one has no region."
        ),
        "prompts_many": "This makes {count:,} prompts, but at most {most:,} can be made at once.",
        "prompts_countless": (
            "This makes more than a million million prompts, but at most {most:,} can be made at once."
        ),
        "prompts_large": "There is too much to write out here: {count:,} prompts of more pieces than are done at once.",
        "choices_long": "With its choices made the prompt is longer than {most:,} characters.",
        "choices_large": "There is too much to draw here: more than {most:,} pieces, or orders of too many lines.",
        "wildcard_lines": "{name} stands for too many lines to take several of them.",
        "wildcard_choices": "The wildcards that this draws from have more than {most:,} choices in their lines.",
        "wildcard_empty": "The wildcard {name} has no lines to draw from.",
        "wildcard_patterns": "More than {most} different names with a * are drawn from here.",
        "wildcard_circle": "The wildcard {name} draws from itself, without end.",
        "wildcard_circles": "These wildcards draw from each other, without end: {circle}.",
        "wildcard_none": "There is no wildcard {name}.",
        "wildcard_where": "It stands in the line “{line}” of {name}.",
        "wildcard_as_text": "For the words themselves write \\{name}.",
        # What is probably a mistake.
        "more": "(And {count:,} more like it.)",
        "and_in_brackets": "AND splits the prompt here, though it stands in brackets: they do not reach over it.",
        "and_nothing": "There is nothing here beside AND: an empty prompt is painted along with the others.",
        "weight_of_all": (
            "A colon and a number at the end are the weight of the whole prompt, as before AND; "
            "for text, write something after it."
        ),
        "weight_of_prompt": "A weight of {weight} is more than pictures survive; 1 is usual.",
        "weight_large": "A weight of {weight} is more than pictures survive; 0.5 to 1.5 is usual.",
        "weight_of_network": "A network's weight of {weight} is more than pictures survive; 0 to 1 is usual.",
        "weight_below_zero": "A weight below 0 seldom does what is hoped; the negative prompt keeps things out.",
        "weight_unread": "{written!r} is no weight that can be read, so it is text: write a number like 1.2.",
        "brackets_deep": "Brackets nested more than {most} deep add nothing.",
        "bracket_open": (
            "This {opening} is never closed, so it weighs everything after it by {factor}; as text, write \\{opening}."
        ),
        "bracket_stray": "No {opening} was opened that this {closing} could close, so it is text: write \\{closing}.",
        "bar_stray": (
            "This | does not stand between the parts of [a|b], so nothing in this prompt is edited or alternates; "
            "as text, write \\|."
        ),
        "backslash_stray": "This backslash stands before nothing, so nothing in this prompt is edited or alternates.",
        "edit_early": "This is before the first step: what stands for the steps until then is never shown.",
        "edit_late": "This is not before the last of {steps} steps: what stands for the steps after it is never shown.",
        "edit_as_weight": "For a weight write (x:1.2), in round brackets.",
        "edit_none": (
            "This edits nothing, since it is not like [from:to:10] or [from:to:0.5]; it is text of less weight."
        ),
        "network_kind": "This is no kind of network that is known here, so it is left out: lora and hypernet are.",
        "network_unused": "{unused!r} is not used here.",
        "network_negative": "Networks belong in the prompt; in the negative prompt this is text.",
        "network_triggers": "{name!r} was trained on words of which none stands in the prompt: {triggers}.",
        "embedding_unfit": "{name!r} is an embedding for {family}; {model!r} is {own} and reads it as a word.",
        "network_unfinished": "This {kind} is not finished, so it is text: write <{kind}:name:1>.",
        "unseen": "This character cannot be seen, and is read: U+{code}, {name}.",
        "reordering": "This character changes the order of what is shown, and is read: U+{code}, {name}.",
    }
)
