"""A family of pictures, drawn: the root on the left, a column for each generation, lines from parents to children.

`arrange` is geometry alone, `draw` puts pictures, lines and words on it. All lengths are pixels.
"""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

#: Of the whole drawing, in width and in height.
MOST_PIXELS = 2000
#: What fits into that in the smallest form.
MOST_COLUMNS, MOST_ROWS = 7, 12
#: Of the square that a picture stands in, the largest that fits is taken.
_SIDES = (192, 160, 128, 104)
_MARGIN = 40
#: Between two rows: room for a frame, and for a line of words below a picture.
_ROW_GAP = 44
#: Between two columns; the words on a line decide.
_LEAST_GUTTER, _MOST_GUTTER = 84, 196
#: From a column to where its lines part, and from a line's end to the picture.
_TO_FORK, _TO_PICTURE = 24, 10
_WORD_MARGIN = 8
_CORNER, _ROUND = 12, 10
_FRAME_GAP, _FRAME = 4, 4
_WORDS, _SMALL_WORDS = 17, 15
#: Lines and boxes are drawn so many times as large, and made smaller.
_FINER = 2

_GROUND, _BOX, _EDGE = "#23252b", "#363a43", "#5a5f6a"
_LINE, _TEXT, _ACCENT, _ON_ACCENT = "#6e7480", "#dcdee3", "#e8833a", "#1c1d21"

#: Left, top, right, bottom.
Area = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A picture of the tree, and what is said of it. Parents come before their children."""

    #: Place of the parent among the leaves; None for the root.
    parent: int | None = None
    #: Of the picture itself; only the shape counts.
    width: int = 1
    height: int = 1
    #: A small picture in a form that Pillow reads; without it there is a grey box.
    picture: bytes | None = None
    #: In the picture's corner; None says nothing.
    number: int | None = None
    #: In the grey box.
    word: str = ""
    #: On the line from the parent, and below it.
    deed: str = ""
    between: str = ""
    #: Below the picture.
    more: str = ""
    framed: bool = False
    #: On the way from the root to what is framed.
    on_path: bool = False


@dataclass(frozen=True)
class Words:
    """A text and the room that it takes."""

    text: str
    area: Area
    size: int


@dataclass(frozen=True)
class Link:
    """A line from a parent to a child: along, up or down, and along again."""

    child: int
    points: tuple[Point, Point, Point, Point]


@dataclass(frozen=True)
class Plan:
    """Where everything stands."""

    width: int
    height: int
    #: Of each leaf's picture.
    areas: tuple[Area, ...]
    links: tuple[Link, ...]
    words: tuple[Words, ...]


def arrange(leaves: Sequence[Leaf]) -> Plan:
    """Return where each of some leaves stands. Nothing overlaps; MOST_COLUMNS and MOST_ROWS fit into MOST_PIXELS."""
    columns, rows = _columns(leaves), _rows(leaves)
    across, down = max(columns) + 1, max(rows) + 1
    widest = max([0.0, *(_width(text, _SMALL_WORDS) for leaf in leaves for text in (leaf.deed, leaf.between))])
    gutter = round(min(max(widest + _TO_FORK + _TO_PICTURE + 2 * _WORD_MARGIN, _LEAST_GUTTER), _MOST_GUTTER))
    for side in _SIDES:
        width = 2 * _MARGIN + across * side + (across - 1) * gutter
        height = 2 * _MARGIN + round(down * side + (down - 1) * _ROW_GAP) + (_ROW_GAP if _says_more(leaves) else 0)
        if max(width, height) <= MOST_PIXELS:
            break
    areas = tuple(
        _area(leaf, _MARGIN + column * (side + gutter), _MARGIN + row * (side + _ROW_GAP), side)
        for leaf, column, row in zip(leaves, columns, rows, strict=True)
    )
    words = [_below(leaf, area) for leaf, area in zip(leaves, areas, strict=True) if leaf.more]
    links = []
    for place, leaf in enumerate(leaves):
        if leaf.parent is None:
            continue
        fork = _MARGIN + (columns[place] - 1) * (side + gutter) + side + _TO_FORK
        links.append(_link(place, areas[leaf.parent], areas[place], fork))
        begin, end = fork + _WORD_MARGIN, _MARGIN + columns[place] * (side + gutter) - _TO_PICTURE
        words += _on_line(leaf, links[-1].points[3][1], begin, end)
    return Plan(width, height, areas, tuple(links), tuple(words))


def _columns(leaves: Sequence[Leaf]) -> list[int]:
    columns: list[int] = []
    for leaf in leaves:
        columns.append(0 if leaf.parent is None else columns[leaf.parent] + 1)
    return columns


def _rows(leaves: Sequence[Leaf]) -> list[float]:
    """Return the row of each leaf: without children one of its own, else in the middle of its children's."""
    children: dict[int | None, list[int]] = {}
    for place, leaf in enumerate(leaves):
        children.setdefault(leaf.parent, []).append(place)
    order, waiting = [], children.get(None, [])[::-1]
    while waiting:
        order.append(waiting.pop())
        waiting += children.get(order[-1], [])[::-1]
    rows, free = [0.0] * len(leaves), 0
    for place in order:
        if place not in children:
            rows[place] = free
            free += 1
    for place in reversed(order):
        if own := children.get(place):
            rows[place] = (rows[own[0]] + rows[own[-1]]) / 2
    return rows


def _says_more(leaves: Sequence[Leaf]) -> bool:
    return any(leaf.more for leaf in leaves)


def _area(leaf: Leaf, left: float, top: float, side: int) -> Area:
    """Return where a picture stands in its square: as large as fits, in the middle."""
    longer = max(leaf.width, leaf.height, 1)
    width, height = (max(_CORNER * 3, round(side * length / longer)) for length in (leaf.width, leaf.height))
    left, top = round(left + (side - width) / 2), round(top + (side - height) / 2)
    return left, top, left + width, top + height


def _link(child: int, parent: Area, own: Area, fork: float) -> Link:
    start = (parent[1] + parent[3]) / 2
    end = (own[1] + own[3]) / 2
    if abs(start - end) < 1:
        end = start
    return Link(child, ((parent[2], start), (fork, start), (fork, end), (own[0], end)))


def _on_line(leaf: Leaf, line: float, begin: float, end: float) -> list[Words]:
    """Return what stands on a line and below it, cut to the room that there is."""
    found = []
    for text, top in ((leaf.deed, line - _SMALL_WORDS - 9), (leaf.between, line + 5)):
        if text:
            shown = _cut(text, _SMALL_WORDS, end - begin)
            middle, half = (begin + end) / 2, _width(shown, _SMALL_WORDS) / 2
            found.append(Words(shown, (middle - half, top, middle + half, top + _SMALL_WORDS + 4), _SMALL_WORDS))
    return found


def _below(leaf: Leaf, area: Area) -> Words:
    middle, top = (area[0] + area[2]) / 2, area[3] + _FRAME_GAP + _FRAME + 4
    half = _width(leaf.more, _WORDS) / 2
    return Words(leaf.more, (middle - half, top, middle + half, top + _WORDS + 4), _WORDS)


# Drawing ------------------------------------------------------------------------------------------------------------


def draw(leaves: Sequence[Leaf]) -> bytes:
    """Return the drawing of a tree as a PNG. Slow: to be called in a thread."""
    plan = arrange(leaves)
    canvas = _lines(plan, leaves)
    for leaf, area in zip(leaves, plan.areas, strict=True):
        if leaf.picture is not None:
            _put(canvas, leaf.picture, area)
        elif leaf.word:
            middle = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2
            shown = _cut(leaf.word, _SMALL_WORDS, area[2] - area[0] - 8)
            _write(canvas, middle, shown, _TEXT, _SMALL_WORDS)
        if leaf.number is not None:
            _number(canvas, leaf, area)
    for words in plan.words:
        left, top, right, bottom = words.area
        _write(canvas, ((left + right) / 2, (top + bottom) / 2), words.text, _TEXT, words.size)
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def _lines(plan: Plan, leaves: Sequence[Leaf]) -> Image.Image:
    """Return the ground with lines, boxes and the frame; the way to the framed picture stands above other lines."""
    large = Image.new("RGB", (plan.width * _FINER, plan.height * _FINER), _GROUND)
    pen = ImageDraw.Draw(large)
    for link in sorted(plan.links, key=lambda each: leaves[each.child].on_path):
        on_path = leaves[link.child].on_path
        _line(pen, link.points, _ACCENT if on_path else _LINE, 4 if on_path else 3)
    for leaf, area in zip(leaves, plan.areas, strict=True):
        if leaf.framed:
            out = _FRAME_GAP + _FRAME
            _rounded(pen, _grown(area, out), _CORNER + out, _ACCENT)
            _rounded(pen, _grown(area, _FRAME_GAP), _CORNER + _FRAME_GAP, _GROUND)
        if leaf.picture is None:
            _rounded(pen, area, _CORNER, _EDGE if leaf.word else _BOX)
            _rounded(pen, _grown(area, -2), _CORNER - 2, _BOX)
    return large.reduce(_FINER)


def _line(pen: ImageDraw.ImageDraw, points: tuple[Point, Point, Point, Point], colour: str, width: int) -> None:
    """Draw a link, its two corners round."""
    (left, start), (fork, _), _, (right, end) = points
    if abs(start - end) < 1:
        _segment(pen, (left, start), (right, start), colour, width)
        return
    down = 1 if end > start else -1
    bend = min(_ROUND, abs(end - start) / 2)
    _segment(pen, (left, start), (fork - bend, start), colour, width)
    _segment(pen, (fork, start + down * bend), (fork, end - down * bend), colour, width)
    _segment(pen, (fork + bend, end), (right, end), colour, width)
    _bend(pen, (fork - bend, start + down * bend), bend, (270, 360) if down > 0 else (0, 90), colour, width)
    _bend(pen, (fork + bend, end - down * bend), bend, (90, 180) if down > 0 else (180, 270), colour, width)


def _segment(pen: ImageDraw.ImageDraw, begin: Point, end: Point, colour: str, width: int) -> None:
    half = width / 2
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(begin, end, strict=True))
    across = top == bottom
    area = (left, top - half, right, bottom + half) if across else (left - half, top, right + half, bottom)
    pen.rectangle(_finer(area), colour)


def _bend(
    pen: ImageDraw.ImageDraw, middle: Point, radius: float, degrees: tuple[int, int], colour: str, width: int
) -> None:
    out = radius + width / 2
    area = (middle[0] - out, middle[1] - out, middle[0] + out, middle[1] + out)
    pen.arc(_finer(area), *degrees, fill=colour, width=width * _FINER)


def _rounded(pen: ImageDraw.ImageDraw, area: Area, radius: float, colour: str) -> None:
    pen.rounded_rectangle(_finer(area), radius * _FINER, colour)


def _finer(area: Area) -> Area:
    """Return an area of the finer drawing: its right and bottom pixels belong to it."""
    left, top, right, bottom = (round(each * _FINER) for each in area)
    return left, top, max(left, right - 1), max(top, bottom - 1)


def _grown(area: Area, by: int) -> Area:
    return area[0] - by, area[1] - by, area[2] + by, area[3] + by


def _put(canvas: Image.Image, picture: bytes, area: Area) -> None:
    """Put a small picture in its place, its corners round."""
    left, top, right, bottom = (round(each) for each in area)
    size = right - left, bottom - top
    with Image.open(io.BytesIO(picture)) as opened:
        fitted = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    mask = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] * 4 - 1, size[1] * 4 - 1), _CORNER * 4, 255)
    canvas.paste(fitted, (left, top), mask.reduce(4))


def _number(canvas: Image.Image, leaf: Leaf, area: Area) -> None:
    """Put a picture's number into its corner."""
    text, height = str(leaf.number), _WORDS + 9
    width = max(height, round(_width(text, _WORDS)) + 14)
    mask = Image.new("L", (width * 4, height * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), height * 2, 255)
    left, top = round(area[0]) + 6, round(area[1]) + 6
    canvas.paste(Image.new("RGB", (width, height), _ACCENT if leaf.framed else _GROUND), (left, top), mask.reduce(4))
    colour = _ON_ACCENT if leaf.framed else _TEXT
    _write(canvas, (left + width / 2, top + height / 2), text, colour, _WORDS)


# Words --------------------------------------------------------------------------------------------------------------

#: The font that comes with Pillow has the letters of English; it lacks these, which are written otherwise,
_INSTEAD = str.maketrans({"×": "x", "ß": "ss", "–": "-", "—": "-", "„": "“", "→": ">"})
#: and all with marks, of which only two dots are drawn.
_DOTS = "\u0308"


def _write(canvas: Image.Image, middle: Point, text: str, colour: str, size: int) -> None:
    """Write a text on one line around a point."""
    letters, dotted = _letters(text)
    finer = _font(size * 4)
    width, height = round(_width(text, size)) + 4, size * 2
    mask = Image.new("L", (width * 4, height * 4))
    pen = ImageDraw.Draw(mask)
    baseline = height * 2 + size * 4 * 0.35
    pen.text((8, baseline), letters, 255, finer, anchor="ls")
    radius = size * 4 * 0.062
    for place in dotted:
        left = 8 + finer.getlength(letters[:place])
        begin, top, end, _ = finer.getbbox(letters[place], anchor="ls")
        for side in (-1, 1):
            across, down = left + (begin + end) / 2 + side * radius * 2.2, baseline + top - radius * 2.4
            pen.ellipse((across - radius, down - radius, across + radius, down + radius), 255)
    corner = round(middle[0] - width / 2), round(middle[1] - height / 2)
    canvas.paste(Image.new("RGB", (width, height), colour), corner, mask.reduce(4))


def _letters(text: str) -> tuple[str, list[int]]:
    """Return a text in letters that the font has, and the places of those with two dots."""
    letters, dotted = "", []
    for character in unicodedata.normalize("NFD", text.translate(_INSTEAD)):
        if character == _DOTS and letters:
            dotted.append(len(letters) - 1)
        elif not unicodedata.combining(character):
            letters += character
    # The dots of an i are there already.
    return letters, [place for place in dotted if letters[place] not in "ij"]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that comes with Pillow."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
    return font


def _width(text: str, size: int) -> float:
    return _font(size * 4).getlength(_letters(text)[0]) / 4


def _cut(text: str, size: int, room: float) -> str:
    """Return a text as it fits into that many pixels."""
    if _width(text, size) <= room:
        return text
    while text and _width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"
