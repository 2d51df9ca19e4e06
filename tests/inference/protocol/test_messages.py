"""Commands are checked where they are made; events of one kind cannot be taken for another."""

import math

import msgspec
import pytest

from inference.protocol import messages
from inference.protocol.limits import (
    MAX_ADAPTERS,
    MAX_IMAGE_BYTES,
    MAX_TOKENIZED_CHARACTERS,
    MAX_TOKENIZED_TEXTS,
    OutOfRange,
)
from inference.protocol.messages import Command, EngineSettings, Event, Generate, JobId, Prefetch, Tokenize
from inference.protocol.recipe import ContentHash, ImageToImage, Upscale, Words
from tests.sample_requests import generate, recipe

IMAGE = ContentHash("d" * 64)


def image_to_image() -> ImageToImage:
    fields = msgspec.structs.asdict(recipe())
    del fields["hires"]
    return ImageToImage(**fields, image=IMAGE)


def test_a_request_carries_every_byte_it_needs() -> None:
    with pytest.raises(OutOfRange, match=f"images is missing, but must be the bytes of {IMAGE}"):
        Generate(job=JobId("a"), recipe=image_to_image())
    assert Generate(job=JobId("a"), recipe=image_to_image(), images={IMAGE: b"x"}).images


def test_a_picture_is_made_larger_once_and_without_words() -> None:
    larger = Upscale(image=IMAGE)
    assert Generate(job=JobId("a"), recipe=larger, images={IMAGE: b"x"}).count == 1
    for more in ({"count": 2}, {"words": (Words(prompt="a"),)}):
        with pytest.raises(OutOfRange, match="without words, for a picture made larger"):
            Generate(job=JobId("a"), recipe=larger, images={IMAGE: b"x"}, **more)


def test_a_source_picture_may_not_be_too_long() -> None:
    with pytest.raises(OutOfRange, match=r"image is .* bytes long, but must be at most 67,108,864 bytes"):
        Generate(job=JobId("a"), recipe=image_to_image(), images={IMAGE: bytes(MAX_IMAGE_BYTES + 1)})


@pytest.mark.parametrize(("field", "value"), [("count", 0), ("count", 65), ("preview_every", -1)])
def test_requests_are_checked(field: str, value: int) -> None:
    with pytest.raises(OutOfRange, match=f"{field} is {value}, but must be"):
        generate("a", **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_rows", 0),
        ("threads", -1),
        ("memory_budget_bytes", -1),
        ("adapters_budget_bytes", -1),
        ("heartbeat_seconds", 0.0),
    ],
)
def test_settings_are_checked(field: str, value: float) -> None:
    with pytest.raises(OutOfRange, match=f"{field} is {value}, but must be"):
        EngineSettings(models_folder="m", **{field: value})  # type: ignore[arg-type]


def test_adapters_to_be_read_ahead_are_named_by_hashes_and_are_not_many() -> None:
    with pytest.raises(OutOfRange, match=r"adapter is \.\./x, but must be a SHA-256"):
        Prefetch(adapters=(ContentHash("../x"),), family="sd1")
    with pytest.raises(OutOfRange, match="number of adapters is 33"):
        Prefetch(adapters=(IMAGE,) * (MAX_ADAPTERS + 1), family="sd1")


def test_a_heartbeat_has_a_finite_interval() -> None:
    with pytest.raises(OutOfRange, match="heartbeat_seconds is nan"):
        EngineSettings(models_folder="m", heartbeat_seconds=math.nan)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((), "number of texts is 0, but must be a whole number from 1 to 128"),
        (("",) * (MAX_TOKENIZED_TEXTS + 1), "number of texts is 129"),
        (("x" * MAX_TOKENIZED_CHARACTERS, "x"), "texts is 50,001 characters long, but must be at most 50,000"),
        (("\ud800",), "valid Unicode"),
    ],
)
def test_questions_about_texts_are_checked(texts: tuple[str, ...], words: str) -> None:
    with pytest.raises(OutOfRange, match=words):
        Tokenize(request="q", model=IMAGE, texts=texts)


@pytest.mark.parametrize("union", [Command, Event])
def test_every_message_of_a_direction_has_a_tag_of_its_own(union: type) -> None:
    kinds = union.__args__  # type: ignore[attr-defined]
    tags = [msgspec.inspect.type_info(kind).tag for kind in kinds]  # type: ignore[attr-defined]
    assert len(set(tags)) == len(kinds)


def test_every_event_names_its_launch_and_every_end_its_job() -> None:
    for kind in Event.__args__:
        assert "launch" in kind.__struct_fields__
    for kind in messages.TERMINAL_EVENTS:
        assert "job" in kind.__struct_fields__
