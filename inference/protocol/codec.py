"""Frames: a 4-byte big-endian length, then a msgpack message. Pictures travel as raw bytes; nothing is ever pickled."""

from typing import Protocol

import msgspec

from inference.protocol.messages import Command, Event

HEADER_BYTES = 4
#: A longer frame is a broken peer: 64 pictures of 4 MP each as PNG fit well below it.
MAX_FRAME_BYTES = 1024 * 1024 * 1024
#: Bytes asked of a stream at once, so that a lying header reserves no memory.
_PIECE_BYTES = 1024 * 1024

_encoder = msgspec.msgpack.Encoder()
_command_decoder = msgspec.msgpack.Decoder(Command)
_event_decoder = msgspec.msgpack.Decoder(Event)

#: What decoding bytes of a stranger raises: msgspec leaves broken UTF-8 and deep nesting to Python.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
#: What encoding raises for values that no frame can hold: lone surrogates, integers beyond 64 bits.
_UNWRITABLE = (msgspec.MsgspecError, UnicodeEncodeError, OverflowError)


class BrokenFrame(Exception):
    """Bytes that are no frame of this protocol: too long, cut short, or not a known message."""


class Readable(Protocol):
    """A blocking binary stream."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most `size` bytes, none at the end."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What can be told of a message that is not understood as a whole, such as one of another version."""

    type: str = ""
    launch: str = ""
    job: str | None = None
    request: str | None = None
    protocol: int | None = None


_envelope_decoder = msgspec.msgpack.Decoder(Envelope)


def encode(message: Command | Event) -> bytes:
    """Return the message as one frame. Raises BrokenFrame when no frame can hold it."""
    try:
        body = _encoder.encode(message)
    except _UNWRITABLE as error:
        raise BrokenFrame(f"{type(message).__name__} does not fit into a frame: {error}") from error
    if len(body) > MAX_FRAME_BYTES:
        raise BrokenFrame(f"a frame of {len(body):,} bytes is longer than the {MAX_FRAME_BYTES:,} allowed")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def decode_command(body: bytes) -> Command:
    """Return the command in a frame's body. Raises BrokenFrame."""
    try:
        command: Command = _command_decoder.decode(body)
    except _UNREADABLE as error:
        raise BrokenFrame(f"not a command of this protocol: {error}") from error
    return command


def decode_event(body: bytes) -> Event:
    """Return the event in a frame's body. Raises BrokenFrame."""
    try:
        event: Event = _event_decoder.decode(body)
    except _UNREADABLE as error:
        raise BrokenFrame(f"not an event of this protocol: {error}") from error
    return event


def peek(body: bytes) -> Envelope:
    """Return what can be told of a body that is not a valid message; an empty Envelope when nothing can."""
    try:
        return _envelope_decoder.decode(body)
    except _UNREADABLE:
        return Envelope()


def body_length(header: bytes) -> int:
    """Return the length of the body that follows `header`. Raises BrokenFrame when it is absurd."""
    if len(header) != HEADER_BYTES:
        raise BrokenFrame(f"the stream ended after {len(header)} of the {HEADER_BYTES} bytes of a frame's length")
    length = int.from_bytes(header, "big")
    if not 0 < length <= MAX_FRAME_BYTES:
        raise BrokenFrame(f"a frame cannot be {length:,} bytes long")
    return length


def read_body(stream: Readable) -> bytes | None:
    """Return the next frame's body from a blocking stream, None at its end. Raises BrokenFrame when it is cut short."""
    header = _read_exactly(stream, HEADER_BYTES)
    if not header:
        return None
    length = body_length(header)
    body = _read_exactly(stream, length)
    if len(body) < length:
        raise BrokenFrame(f"the stream ended after {len(body):,} of {length:,} bytes")
    return body


def _read_exactly(stream: Readable, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        piece = stream.read(min(size - len(pieces), _PIECE_BYTES))
        if not piece:
            break
        pieces += piece
    return bytes(pieces)
