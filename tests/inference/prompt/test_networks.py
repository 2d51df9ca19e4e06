"""Golden cases for extra networks, written from AUTOMATIC1111's documented forms (wiki, Features, "Lora")."""

import pytest

from inference.prompt.networks import networks, strip
from inference.prompt.places import PromptError, Span

#: Text -> the text without them, and (kind, name, weight, text encoder's weight) of each.
CASES: list[tuple[str, str, list[tuple[str, str, float, float]]]] = [
    ("a boat", "a boat", []),
    ("a boat <lora:ink>", "a boat ", [("lora", "ink", 1, 1)]),
    ("a boat <lora:ink:0.7>", "a boat ", [("lora", "ink", 0.7, 0.7)]),
    ("<lora:ink:0.7>a boat", "a boat", [("lora", "ink", 0.7, 0.7)]),
    ("a <lora:ink:1>boat", "a boat", [("lora", "ink", 1, 1)]),
    ("<lora:ink:0.2:0.9>", "", [("lora", "ink", 0.9, 0.2)]),
    ("<lora:ink:te=0.2>", "", [("lora", "ink", 0.2, 0.2)]),
    ("<lora:ink:unet=0.9>", "", [("lora", "ink", 0.9, 1)]),
    ("<lora:ink:te=0.2:unet=0.9>", "", [("lora", "ink", 0.9, 0.2)]),
    ("<lora:ink:unet=0.9:te=0.2>", "", [("lora", "ink", 0.9, 0.2)]),
    ("<lora:ink:0.5:unet=0.9>", "", [("lora", "ink", 0.9, 0.5)]),
    ("<lora:ink:-1>", "", [("lora", "ink", -1, -1)]),
    ("<lora:ink:0>", "", [("lora", "ink", 0, 0)]),
    ("<lora:ink: 0.5 >", "", [("lora", "ink", 0.5, 0.5)]),
    ("<lora:ink wash v2.1:0.5>", "", [("lora", "ink wash v2.1", 0.5, 0.5)]),
    ("<lora:folder/ink:0.5>", "", [("lora", "folder/ink", 0.5, 0.5)]),
    ("<lora:墨:0.5>", "", [("lora", "墨", 0.5, 0.5)]),
    ("<lyco:ink:0.5>", "", [("lora", "ink", 0.5, 0.5)]),
    ("<hypernet:old:0.5>", "", [("hypernet", "old", 0.5, 0.5)]),
    ("<lora:a:1><lora:b:2>", "", [("lora", "a", 1, 1), ("lora", "b", 2, 2)]),
    ("<lora:a:1> <lora:a:1>", " ", [("lora", "a", 1, 1), ("lora", "a", 1, 1)]),
    ("(<lora:a:1>boat:1.2)", "(boat:1.2)", [("lora", "a", 1, 1)]),
    # What is not whole is text.
    ("<lora:ink:1", "<lora:ink:1", []),
    ("<lora>", "<lora>", []),
    ("<lora:>", "<lora:>", []),
    ("< lora:ink:1>", "< lora:ink:1>", []),
    ("a < b > c", "a < b > c", []),
    ("<3", "<3", []),
    # What is not known is taken out.
    ("a <sticker:x> boat", "a  boat", []),
    ("<LORA:ink:1>", "", []),
]


@pytest.mark.parametrize(("text", "left", "expected"), CASES)
def test_networks(text: str, left: str, expected: list[tuple[str, str, float, float]]) -> None:
    without, found = networks(text)
    assert without == left
    assert [(one.kind, one.name, one.weight, one.text_encoder_weight) for one in found] == expected
    for one in found:
        assert text[one.span.start] == "<"
        assert text[one.span.end - 1] == ">"


@pytest.mark.parametrize("weight", ["nan", "inf", "1e400", "-1e400", "eleven", "", "1,5", "11", "-11", "0x1", "1 2"])
@pytest.mark.parametrize("form", ["a <lora:ink:{}>", "a <lora:ink:1:{}>", "a <lora:ink:te={}>", "a <lora:ink:unet={}>"])
def test_a_weight_that_is_none_is_refused_where_it_stands(weight: str, form: str) -> None:
    text = form.format(weight)
    with pytest.raises(PromptError, match="is no weight") as caught:
        networks(text)
    assert caught.value.span == Span(2, len(text))
    assert caught.value.pointed().endswith(f"\n  {'^' * (len(text) - 2)}")


def test_a_network_without_a_name_is_refused() -> None:
    with pytest.raises(PromptError, match="has no name"):
        networks("<lora::1>")


def test_what_is_not_used_is_kept_apart() -> None:
    _, (one,) = networks("<lora:ink:1:1:8:lbw=OUTALL:dyn=4:a=b=c>")
    assert one.unused == ("8", "a=b=c", "lbw=OUTALL", "dyn=4")


def test_places_lead_back_to_where_they_were() -> None:
    text = "ab<lora:x:1>cd<foo:y><lora:z:1>e"
    found = strip(text)
    assert found.text == "abcde"
    for start in range(5):
        for end in range(start + 1, 6):
            span = found.original(Span(start, end))
            assert text[span.start] == found.text[start]
            assert text[span.end - 1] == found.text[end - 1]
    assert found.original(Span(5, 5)) == Span(len(text), len(text))
