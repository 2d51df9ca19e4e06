"""Frames hold every message whole, and nothing else gets through."""

import io
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import codec
from inference.protocol.messages import (
    Cancel,
    Command,
    EngineSettings,
    Event,
    Failed,
    Generate,
    Hello,
    JobId,
    LaunchId,
)
from tests.inference.protocol import strategies
from tests.sample_requests import MODEL_HASH, generate


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = io.BytesIO(data)
        self._sizes = sizes

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, self._sizes.pop() if self._sizes else size))


def bodies(data: bytes) -> list[bytes]:
    stream = io.BytesIO(data)
    found = []
    while (body := codec.read_body(stream)) is not None:
        found.append(body)
    return found


@given(strategies.commands)
def test_commands_come_back_as_they_were(command: Command) -> None:
    [body] = bodies(codec.encode(command))
    assert codec.decode_command(body) == command


@given(strategies.events)
def test_events_come_back_as_they_were(event: Event) -> None:
    [body] = bodies(codec.encode(event))
    assert codec.decode_event(body) == event


@given(st.lists(strategies.events, max_size=4), st.lists(st.integers(1, 50), max_size=200))
def test_frames_are_told_apart_however_the_stream_is_cut(events: list[Event], sizes: list[int]) -> None:
    stream = Trickle(b"".join(map(codec.encode, events)), sizes)
    found = []
    while (body := codec.read_body(stream)) is not None:
        found.append(codec.decode_event(body))
    assert found == events


@given(strategies.events, st.data())
def test_a_stream_cut_anywhere_is_broken_or_at_its_end(event: Event, data: st.DataObject) -> None:
    frame = codec.encode(event)
    kept = data.draw(st.integers(0, len(frame) - 1))
    stream = io.BytesIO(frame[:kept])
    if kept == 0:
        assert codec.read_body(stream) is None
    else:
        with pytest.raises(codec.BrokenFrame, match="the stream ended after"):
            codec.read_body(stream)


@given(st.binary(max_size=300))
def test_garbage_never_raises_anything_else(body: bytes) -> None:
    for decode in (codec.decode_command, codec.decode_event):
        with suppress(codec.BrokenFrame):
            decode(body)
    codec.peek(body)


@given(strategies.commands, st.data())
def test_a_flipped_byte_is_another_command_or_broken(command: Command, data: st.DataObject) -> None:
    body = bytearray(codec.encode(command)[codec.HEADER_BYTES :])
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    with suppress(codec.BrokenFrame):
        codec.decode_command(bytes(body))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x82\xa4type\xa6cancel\xa3job\xa1\xff", id="text that is no UTF-8"),
        pytest.param(b"\x82\xa4type\xa6cancel\xa1x" + b"\x91" * 100_000, id="nested beyond all depth"),
        pytest.param(b"\x82\xa4type\xa6cancel\xa3job\x07", id="an id that is a number"),
        pytest.param(b"\x81\xa4type\xa6cancel", id="a field missing"),
        pytest.param(b"\x81\xa4type\xa6dance!", id="a verb nobody knows"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_bodies_of_strangers_are_broken(body: bytes) -> None:
    with pytest.raises(codec.BrokenFrame, match="not a command of this protocol"):
        codec.decode_command(body)
    with pytest.raises(codec.BrokenFrame, match="not an event of this protocol"):
        codec.decode_event(body)


def test_a_command_is_no_event() -> None:
    with pytest.raises(codec.BrokenFrame):
        codec.decode_event(codec.encode(Cancel(job=JobId("a")))[codec.HEADER_BYTES :])


@pytest.mark.parametrize("length", [0, codec.MAX_FRAME_BYTES + 1, 2**32 - 1])
def test_an_absurd_length_is_refused_before_anything_is_read(length: int) -> None:
    stream = io.BytesIO(length.to_bytes(4, "big") + b"x" * 100)
    with pytest.raises(codec.BrokenFrame, match="cannot be"):
        codec.read_body(stream)
    assert stream.tell() == codec.HEADER_BYTES


def test_the_longest_length_is_allowed() -> None:
    assert codec.body_length(codec.MAX_FRAME_BYTES.to_bytes(4, "big")) == codec.MAX_FRAME_BYTES


def test_a_header_that_lies_reserves_no_memory() -> None:
    class Asked(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.most = max(self.most, size or 0)
            return super().read(size)

    stream = Asked(codec.MAX_FRAME_BYTES.to_bytes(4, "big") + b"x" * 100)
    with pytest.raises(codec.BrokenFrame, match="after 100 of"):
        codec.read_body(stream)
    assert stream.most <= 1024 * 1024


def test_a_large_picture_passes_whole() -> None:
    data = bytes(range(256)) * 40_000
    command = Generate(job=JobId("a"), recipe=generate("a").recipe, images={MODEL_HASH: data})
    [body] = bodies(codec.encode(command))
    decoded = codec.decode_command(body)
    assert isinstance(decoded, Generate)
    assert decoded.images == command.images


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Failed(launch=LaunchId("x"), job=JobId("a"), kind="internal", message="\udcff"), id="surrogate"),
        pytest.param(msgspec.structs.replace(generate("a"), urgency=2**70), id="an integer beyond 64 bits"),
    ],
)
def test_what_no_frame_can_hold_is_said_at_once(message: Command | Event) -> None:
    with pytest.raises(codec.BrokenFrame, match="does not fit into a frame"):
        codec.encode(message)


def test_too_long_a_message_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_FRAME_BYTES", 100)
    with pytest.raises(codec.BrokenFrame, match="longer than the 100 allowed"):
        codec.encode(generate("a"))


def test_peek_tells_what_it_can_of_another_versions_message() -> None:
    body = msgspec.msgpack.encode({"type": "hello", "launch": "x", "protocol": 99, "settings": "of another shape"})
    assert codec.peek(body) == codec.Envelope(type="hello", launch="x", protocol=99)
    with pytest.raises(codec.BrokenFrame):
        codec.decode_command(body)


def test_peek_tells_the_job_of_an_invalid_request() -> None:
    body = msgspec.msgpack.decode(codec.encode(generate("a"))[codec.HEADER_BYTES :])
    body["recipe"]["steps"] = 0
    raw = msgspec.msgpack.encode(body)
    with pytest.raises(codec.BrokenFrame, match="steps is 0, but must be a whole number from 1 to 500"):
        codec.decode_command(raw)
    assert codec.peek(raw) == codec.Envelope(type="generate", job="a")


def test_hello_tells_its_version_by_itself() -> None:
    hello = Hello(launch=LaunchId("x"), settings=EngineSettings(models_folder="m"))
    assert codec.peek(codec.encode(hello)[codec.HEADER_BYTES :]).protocol == hello.protocol
