"""Pictures of numbers over time: one axis, one shape of line chart, one table behind each.

Geometry only; `_picture.html` draws it as SVG. Everything a picture says stands in its table or its summary
too, and no meaning hangs on colour alone: lines differ by dash and mark, levels by their words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, LEFT, RIGHT, TOP = 760, 44, 132, 14
LANE, AXIS_BELOW = 26, 10
CLOSEST_LABELS = 44

Number = Decimal | float


@dataclass(frozen=True)
class Axis:
    """Values to pixels: `low` stands at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Number) -> float:
        share = (float(value) - self.low) / (self.high - self.low)
        return round(self.start + (self.end - self.start) * share, 1)

    def span(self, low: Number, high: Number) -> float:
        """So many pixels from one value to the other."""
        return round(abs(self(high) - self(low)), 1)


@dataclass(frozen=True)
class Dot:
    """One value. `said` is the whole of it in words; a filled one has `reached` what was aimed at."""

    x: float
    y: float
    text: str
    said: str
    reached: bool = False
    labelled: bool = True


@dataclass(frozen=True)
class Line:
    """One series; `kind` ("first" or "second") chooses dash and mark, `words` name it at its right end."""

    dots: tuple[Dot, ...]
    kind: str = "first"
    words: str = ""

    @property
    def path(self) -> str:
        return " ".join(f"{'L' if n else 'M'}{d.x} {d.y}" for n, d in enumerate(self.dots))


@dataclass(frozen=True)
class Stripe:
    """A band of severity: named where it is high enough to hold its name."""

    y: float
    height: float
    words: str
    shade: int


@dataclass(frozen=True)
class Level:
    """A line across: a limit, or what is to be reached. `text_y` is where its words stand clear of others."""

    y: float
    words: str
    kind: str
    text_y: float = 0.0


@dataclass(frozen=True)
class Tick:
    x: float
    words: str


@dataclass(frozen=True)
class Lane:
    """Marks below the lines, each with its own few words: doses, or how somebody bore one."""

    name: str
    marks: tuple[Tick, ...]
    said: str = ""
    y: float = 0.0


@dataclass(frozen=True)
class Picture:
    """One chart. `summary` says it to those who do not see it; `heads` and `rows` are its table, empty where
    the page has one already."""

    id: str
    title: str
    summary: str
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    top_words: str
    bottom_words: str
    stripes: tuple[Stripe, ...] = ()
    levels: tuple[Level, ...] = ()
    lanes: tuple[Lane, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    high: int = 200

    width, left, right, top = WIDTH, LEFT, WIDTH - RIGHT, TOP

    @property
    def bottom(self) -> int:
        return TOP + self.high

    @property
    def axis_y(self) -> int:
        return self.bottom + LANE * len(self.lanes) + AXIS_BELOW

    @property
    def height(self) -> int:
        return self.axis_y + 22


def x_axis(low: float, high: float) -> Axis:
    return Axis(low, high if high > low else low + 1, LEFT, WIDTH - RIGHT)


def y_axis(low: float, high: float, tall: int = 200) -> Axis:
    """More stands higher."""
    return Axis(low, high if high > low else low + 1, TOP + tall, TOP)


def labelled(dots: Iterable[Dot]) -> tuple[Dot, ...]:
    """From left to right; a number is printed where it stands clear of the one before."""
    found: list[Dot] = []
    last = -float("inf")
    for dot in sorted(dots, key=lambda d: d.x):
        clear = dot.x - last >= CLOSEST_LABELS
        last = dot.x if clear else last
        found.append(Dot(dot.x, dot.y, dot.text, dot.said, dot.reached, clear))
    return tuple(found)


def apart(levels: Sequence[Level], gap: float = 14) -> tuple[Level, ...]:
    """The words of levels that lie close together, one below the other."""
    found: list[Level] = []
    for level in sorted(levels, key=lambda level: level.y):
        y = max(level.y + 4, found[-1].text_y + gap) if found else level.y + 4
        found.append(Level(level.y, level.words, level.kind, y))
    return tuple(found)


def lanes(of: Iterable[Lane], tall: int = 200) -> tuple[Lane, ...]:
    """One below the other under the lines; an empty one takes no room."""
    kept = [lane for lane in of if lane.marks]
    return tuple(
        Lane(lane.name, lane.marks, lane.said, TOP + tall + LANE * n + 16) for n, lane in enumerate(kept)
    )
