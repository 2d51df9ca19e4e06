"""Styles put together: in the right places, never read twice, and never without end."""

import string
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services.style_values import STYLES, Style
from bot.services.style_words import MOST_DEEP, MOST_NAMED, Applied, Weaver, around
from bot.texts import Mistake, PromptMistake
from inference.prompt.places import point_at
from inference.protocol.limits import MAX_PROMPT_CHARACTERS
from storage.styles import StyleSettings


def known(**prompts: str) -> dict[str, Style]:
    return {**STYLES, **{name: Style(prompt=prompt) for name, prompt in prompts.items()}}


def applied(prompt: str, *names: str, negative: str = "", styles: Mapping[str, Style] | None = None) -> Applied:
    return Weaver(known() if styles is None else styles).applied(prompt, negative, names)


# One style -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "words", "expected"),
    [
        ("a {prompt} {prompt}", "cat", "a cat cat"),
        ("in oil", "cat", "cat, in oil"),
        ("in oil", "", "in oil"),
        ("", "cat", "cat"),
        ("a {prompt}", "{style} {0}", "a {style} {0}"),
        ("a {prompt}", "cat {prompt}", "a cat {prompt}"),
        ("in oil", "cat {prompt}", "cat {prompt}, in oil"),
    ],
)
def test_words_go_where_the_style_says_and_are_not_read_again(template: str, words: str, expected: str) -> None:
    assert around(template, words) == expected
    assert applied(words, "x", styles={"x": Style(prompt=template)}).prompt == expected


def test_nothing_is_changed_where_nothing_is_chosen() -> None:
    assert applied("  a cat , <lora:ink:1> ", negative=" dogs") == Applied("  a cat , <lora:ink:1> ", " dogs")


@pytest.mark.parametrize(
    ("style", "negative", "expected"),
    [
        ("blurry", "dogs", "dogs, blurry"),
        ("blurry", "", "blurry"),
        ("", "dogs", "dogs"),
        ("no {prompt}, blurry", "dogs", "no dogs, blurry"),
        ("<style:ink>", "dogs", "dogs, <style:ink>"),
    ],
)
def test_negative_words_come_after_the_members_own(style: str, negative: str, expected: str) -> None:
    chosen = {"x": Style(negative=style)}
    assert applied("cat", "x", negative=negative, styles=chosen) == Applied("cat", expected)


# Several -------------------------------------------------------------------------------------------------------------


def test_styles_go_around_each_other_in_order() -> None:
    styles = {"a": Style(prompt="a {prompt}", negative="x"), "b": Style(prompt="b {prompt}", negative="y")}
    assert applied("cat", "a", "B ", styles=styles) == Applied("b a cat", "x, y")
    assert applied("cat", "a", "A", styles=styles) == Applied("a cat", "x")


def test_the_first_that_chooses_a_setting_has_chosen_it() -> None:
    styles = {
        "a": Style(prompt="<style:c> {prompt}", steps=5),
        "b": Style(steps=6, guidance=0.0, size="3:2"),
        "c": Style(prompt="", guidance=3.0, sampler="Euler a"),
        "d": Style(prompt="", model="shapes", steps=7),
    }
    found = applied("cat <style:d>", "a", "b", styles=styles).settings
    assert found == StyleSettings(steps=5, guidance=3.0, size="3:2", sampler="Euler a", model="shapes")


def test_a_style_stands_for_its_words_in_another() -> None:
    styles = known(base="{prompt}, <style:ink>!", snippet="long hair", both="<style:snippet>, <style:base>")
    assert applied("cat", "base", styles=styles).prompt == "cat, ink drawing of cat, bold lines, black and white!"
    assert applied("cat", "snippet", styles=styles).prompt == "cat, long hair"
    expected = "long hair, cat, ink drawing of cat, bold lines, black and white!"
    assert applied("cat", "both", styles=styles).prompt == expected
    assert applied("cat", "both", styles=styles).negative_prompt == "photo, colour"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a woman with <style:hair> in a wood", "a woman with long hair in a wood"),
        ("a cat, <style:in ink>", "ink of a cat"),
        ("a cat, <style: In  INK >, night", "ink of a cat, night"),
        ("<style:in ink> a cat", "ink of a cat"),
        ("<STYLE:in ink>, a cat", "ink of a cat"),
        ("a <style:in ink>cat", "ink of a cat"),
        ("a <style:in ink> cat", "ink of a cat"),
        ("<style:in ink>", "ink of "),
        ("<style:in ink><style:loud>{prompt}", "loud ink of {prompt}!"),
        ("a <style:hair <style:hair>", "a <style:hair long hair"),
        ("<style:hair", "<style:hair"),
    ],
)
def test_styles_named_in_a_prompt(prompt: str, expected: str) -> None:
    styles = {
        "hair": Style(prompt="long hair"),
        "in ink": Style(prompt="ink of {prompt}"),
        "loud": Style(prompt="loud {prompt}!"),
    }
    assert applied(prompt, styles=styles).prompt == expected


def test_styles_named_in_a_prompt_go_inside_those_that_were_chosen() -> None:
    found = applied("cat <style:ink>", "photo")
    assert found.prompt.startswith("photograph of ink drawing of cat, bold lines")
    assert found.negative_prompt == "drawing, painting, photo, colour"


# What is wrong -------------------------------------------------------------------------------------------------------


def place(error: PromptMistake) -> str:
    line, carets = point_at(error.text, error.span).split("\n")
    return line[carets.index("^") : len(carets)]


def test_a_name_that_is_none() -> None:
    with pytest.raises(Mistake, match="Did you mean watercolour"):
        applied("cat", "watercolor")
    with pytest.raises(Mistake, match="choose one that is offered"):
        applied("cat", "zzz")
    with pytest.raises(PromptMistake, match="Did you mean watercolour") as near:
        applied("a cat <style:watercolor>!")
    assert place(near.value) == "<style:watercolor>"
    with pytest.raises(PromptMistake, match="no style named “zzz”"):
        applied("a cat <style:zzz>!")


def test_a_name_that_is_none_within_a_style() -> None:
    styles = known(a="x <style:b>", b="y <style:inkk> z", c="<style:zzz>")
    with pytest.raises(PromptMistake, match=r"“b” uses “inkk”, .* Did you mean ink") as near:
        applied("cat", "a", styles=styles)
    assert (near.value.text, place(near.value)) == ("y <style:inkk> z", "<style:inkk>")
    with pytest.raises(PromptMistake, match=r"“c” uses “zzz”, and there is no such style here[.]$"):
        applied("cat", "c", styles=styles)


@pytest.mark.parametrize(
    ("prompts", "circle"),
    [
        ({"a": "<style:a>"}, "a → a"),
        ({"a": "<style:b>", "b": "<style:A>"}, "a → b → a"),
        ({"a": "<style:b>", "b": "<style:c>", "c": "<style:b>"}, "b → c → b"),
        ({"a": "<style:ink>, <style:b>", "b": "x <style:c>", "c": "<style:ink> <style:a>"}, "a → b → c → a"),
    ],
)
def test_a_circle_is_named_wherever_it_is_met(prompts: dict[str, str], circle: str) -> None:
    for prompt, names in (("cat", ["a"]), ("cat <style:a>", [])):
        with pytest.raises(PromptMistake) as found:
            applied(prompt, *names, styles=known(**prompts))
        assert found.value.values["circle"] == circle
        assert place(found.value).startswith("<style:")
    with pytest.raises(Mistake, match="uses itself"):
        Weaver(known(**prompts)).check("a")


def test_a_circle_of_many_long_names_is_named_short() -> None:
    prompts = {
        f"{letter * 80}": f"<style:{after * 80}>" for letter, after in zip("abcdefghij", "bcdefghija", strict=True)
    }
    with pytest.raises(PromptMistake, match="uses itself: aaa"):
        applied("cat", "a" * 80, styles=known(**prompts))


def chain(length: int) -> dict[str, Style]:
    return {
        str(place): Style(prompt=f"<style:{place + 1}>" if place < length else "end") for place in range(1, length + 1)
    }


def test_styles_may_be_one_inside_the_other_so_often() -> None:
    assert applied("cat", "1", styles=chain(MOST_DEEP)).prompt == "cat, end"
    with pytest.raises(Mistake, match="more than 8 one inside the other"):
        applied("cat", "1", styles=chain(MOST_DEEP + 1))
    with pytest.raises(Mistake, match="more than 8 one inside the other"):
        applied("cat <style:1>", styles=chain(MOST_DEEP + 1))


def test_nothing_grows_without_end() -> None:
    long = "x" * 6000
    with pytest.raises(Mistake, match="longer than 20000"):
        applied(long, "a", styles=known(a="{prompt} " * 10))
    with pytest.raises(Mistake, match="longer than 20000"):
        applied("cat", "a", styles=known(a="<style:b>" * 10, b=long))
    with pytest.raises(Mistake, match="longer than 20000"):
        applied(long, *"abcd", styles=known(a=long, b=long, c=long, d=long))
    with pytest.raises(Mistake, match="longer than 20000"):
        applied("cat", "a", negative=long, styles={"a": Style(negative="{prompt}" * 700)})
    with pytest.raises(Mistake, match=f"too many styles: {MOST_NAMED}"):
        applied("<style:b>" * (MOST_NAMED + 1), styles=known(b=""))


def test_what_would_double_at_every_step_is_refused_at_once() -> None:
    """Ten names on each of eight floors are ten million words; that must not be found out by making them."""
    styles = {str(floor): Style(prompt=f"<style:{floor + 1}>" * 10 if floor < 8 else "word") for floor in range(1, 9)}
    with pytest.raises(Mistake, match="longer than 20000"):
        applied("cat", "1", styles=styles)
    empty = {**styles, "8": Style(prompt="")}
    assert applied("cat", "1", styles=empty) == Applied("cat", "")


TEXTS = st.text(string.ascii_lowercase[:4] + "<>:{} ,", max_size=12) | st.sampled_from(
    ["<style:a>", "<style:b>", "<style:c>", "{prompt}", "x <style:b>, {prompt}", "<style:a><style:c>"]
)


@settings(max_examples=300, deadline=None)
@given(st.tuples(TEXTS, TEXTS, TEXTS), st.lists(TEXTS, max_size=3).map("".join), st.sets(st.sampled_from("abc")))
def test_any_styles_end_in_a_prompt_or_a_mistake(prompts: Any, prompt: str, names: set[str]) -> None:
    styles = {name: Style(prompt=words, negative=words) for name, words in zip("abc", prompts, strict=True)}
    try:
        found = applied(prompt, *sorted(names), styles=styles)
    except Mistake:
        return
    assert len(found.prompt) <= MAX_PROMPT_CHARACTERS
    if not names and "<style:" not in prompt:
        assert found.prompt == prompt
