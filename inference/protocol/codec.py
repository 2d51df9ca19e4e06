"""Frames: a 4-byte big-endian length, then a msgpack message. Pictures travel as raw bytes; nothing is ever pickled."""

from typing import Protocol

import msgspec

from inference.protocol.messages import Command, Event

HEADER_BYTES = 4
#: A longer frame is a broken peer: 64 pictures of 4 MP each as PNG fit well below it.
MAX_FRAME_BYTES = 1024 * 1024 * 1024

_encoder = msgspec.msgpack.Encoder()
_command_decoder = msgspec.msgpack.Decoder(Command)
_event_decoder = msgspec.msgpack.Decoder(Event)


class BrokenFrame(Exception):
    """Bytes that are no frame of this protocol: too long, cut short, or not a known message."""


class Readable(Protocol):
    """A blocking binary stream."""

    def read(self, size: int, /) -> bytes | None: ...


def encode(message: Command | Event) -> bytes:
    """Return the message as one frame. Raises BrokenFrame when it is longer than MAX_FRAME_BYTES."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise BrokenFrame(f"a frame of {len(body):,} bytes is longer than the {MAX_FRAME_BYTES:,} allowed")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def decode_command(body: bytes) -> Command:
    """Return the command in a frame's body. Raises BrokenFrame."""
    try:
        return _command_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise BrokenFrame(f"not a command of this protocol: {error}") from error


def decode_event(body: bytes) -> Event:
    """Return the event in a frame's body. Raises BrokenFrame."""
    try:
        return _event_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise BrokenFrame(f"not an event of this protocol: {error}") from error


def body_length(header: bytes) -> int:
    """Return the length of the body that follows `header`. Raises BrokenFrame when it is absurd."""
    length = int.from_bytes(header, "big")
    if len(header) != HEADER_BYTES or not 0 < length <= MAX_FRAME_BYTES:
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
        piece = stream.read(size - len(pieces))
        if not piece:
            break
        pieces += piece
    return bytes(pieces)
