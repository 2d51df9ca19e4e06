"""Which part of a picture is painted anew: what a mask can be made of."""

import msgspec

from inference.protocol.limits import MAX_IMAGE_BYTES, OutOfRange, require_float, require_int

#: Of a number in pixels; the picture itself says how far a box may reach.
_MOST_PIXELS = 2**24
#: Shares such as a third do not add up to exactly 1.
_ROUNDING = 1e-9


class Transparent(msgspec.Struct, frozen=True, tag="transparent"):
    """What is more transparent than not."""


class Colour(msgspec.Struct, frozen=True, kw_only=True, tag="colour"):
    """What has nearly a colour, and a few pixels around it."""

    red: int
    green: int
    blue: int

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            require_int(name, getattr(self, name), 0, 255)


class Box(msgspec.Struct, frozen=True, kw_only=True, tag="box"):
    """A box in pixels. Whether it lies inside the picture is found where the picture is."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        for name in ("left", "top"):
            require_int(f"the box's {name}", getattr(self, name), 0, _MOST_PIXELS)
        for name in ("width", "height"):
            require_int(f"the box's {name}", getattr(self, name), 1, _MOST_PIXELS)


class Part(msgspec.Struct, frozen=True, kw_only=True, tag="part"):
    """A box in shares of the picture's sides, 0 to 1; at least one pixel."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            require_float(f"the box's {name}", getattr(self, name), 0, 1)
        if min(self.width, self.height) <= 0:
            raise OutOfRange("the box's sides", min(self.width, self.height), "more than 0")
        for side, begin, length in (("right", self.left, self.width), ("lower", self.top, self.height)):
            if begin + length > 1 + _ROUNDING:
                raise OutOfRange(f"the box's {side} end", begin + length, "at most 1")


class Drawn(msgspec.Struct, frozen=True, kw_only=True, tag="drawn"):
    """Another picture of the same shape: what is white in it, or what is transparent where it has one colour only."""

    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) > MAX_IMAGE_BYTES:
            raise OutOfRange("mask", f"{len(self.data):,} bytes long", f"at most {MAX_IMAGE_BYTES:,} bytes")


Mark = Transparent | Colour | Box | Part | Drawn
