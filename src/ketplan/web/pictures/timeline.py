"""The course as a picture: where every mark stands. Geometry only; the template draws it as SVG.

One axis of days for scores, doses, therapy and reviews. Reviews long after the last visit stand behind a
break in the axis, because a year drawn to scale would leave no room for the weeks that matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.timetable import Placed
from ketplan.web.pictures.picture import Axis
from ketplan.web.presenters import words
from ketplan.workflow import Proposal

WIDTH, LEFT, RIGHT = 760, 82, 18
LATE_STEP = 76
SCORE_TOP, SCORE_HEIGHT = 14, 92
LANE_HEIGHT, LANE_GAP = 36, 20
BIGGEST, WINDOW_HEIGHT = 12.0, 3
MAIN_DAYS = 91
_LANES = ((VisitKind.INFUSION, "Infusion"), (VisitKind.CBT, "CBT"), (VisitKind.FOLLOW_UP, "Review"))


@dataclass(frozen=True)
class Mark:
    """One visit: its centre, the span of days in which it may stand, and where it was meant when it moved."""

    kind: str
    x: float
    y: float
    size: float
    label: str
    title: str
    window_x: float
    window_width: float
    target_x: float | None


@dataclass(frozen=True)
class Line:
    """A level of the score: goal or usual entry."""

    y: float
    words: str


@dataclass(frozen=True)
class Score:
    """The score's own band of the picture; `dot` is None when no baseline is on file."""

    name: str
    top: float
    bottom: float
    maximum: int
    dot: tuple[float, float] | None
    dot_words: str
    goal: Line | None
    entry: Line | None


@dataclass(frozen=True)
class Tick:
    x: float
    words: str
    grid: bool = True


@dataclass(frozen=True)
class Timeline:
    height: float
    main_right: float
    right: float
    axis_y: float
    lanes: tuple[tuple[str, float], ...]
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    score: Score | None
    has_break: bool
    summary: str
    width: int = WIDTH
    left: int = LEFT


class _Axis:
    """Days to pixels, counted from day 0."""

    def __init__(self, days: list[int]) -> None:
        self.first = min(0, *days) - 1
        self.last = max([d for d in days if d <= MAIN_DAYS] + [28]) + 2
        self.late = sorted({d for d in days if d > self.last})
        self.right = WIDTH - RIGHT - LATE_STEP * len(self.late)
        self.days = Axis(self.first, self.last, LEFT, self.right)
        self.scale = (self.right - LEFT) / (self.last - self.first)

    def x(self, day: float) -> float:
        if day > self.last:
            nearest = min(range(len(self.late)), key=lambda n: abs(self.late[n] - day), default=0)
            return round(self.right + LATE_STEP * (nearest + 0.6), 1)
        return self.days(max(day, self.first))


def timeline(proposal: Proposal) -> Timeline | None:
    """None when no visit has a time: there is nothing to draw."""
    placed = sorted(proposal.timetable.placed, key=lambda p: p.start)
    if not placed:
        return None
    start = proposal.draft.start
    axis = _Axis([(p.start.date() - start).days for p in placed])
    score = _score(proposal, axis)
    y = (SCORE_TOP + SCORE_HEIGHT if score else 0) + LANE_GAP
    lanes, marks = [], []
    for kind, name in _LANES:
        of_kind = [p for p in placed if p.visit.kind is kind]
        if of_kind:
            centre = y + LANE_HEIGHT / 2 - 4
            lanes.append((name, centre))
            marks += _marks(of_kind, start, axis, centre)
            y += LANE_HEIGHT
    return Timeline(
        height=y + 24,
        main_right=axis.right,
        right=WIDTH - RIGHT,
        axis_y=y + 4,
        lanes=tuple(lanes),
        ticks=_ticks(axis),
        marks=tuple(marks),
        score=score,
        has_break=bool(axis.late),
        summary=_summary(proposal, placed),
    )


def _marks(placed: list[Placed], start: date, axis: _Axis, y: float) -> list[Mark]:
    days = [(p.start.date() - start).days for p in placed]
    gaps = [b - a for a, b in pairwise(days) if b <= axis.last and b > a]
    size = round(min(BIGGEST, min(gaps, default=9) * axis.scale * 0.9), 1)
    return [_mark(p, day, start, axis, y, size) for p, day in zip(placed, days, strict=True)]


def _mark(placed: Placed, day: int, start: date, axis: _Axis, y: float, size: float) -> Mark:
    visit, late = placed.visit, day > axis.last
    first, last = ((edge - start).days for edge in placed.window)
    left = axis.x(day) - size if late else axis.x(first) - size / 2
    width = 2 * size if late else max(axis.x(min(last, axis.last)) - axis.x(first), 0) + size
    target = (visit.target - start).days
    moved = placed.moved_days and not late and target != day
    return Mark(
        kind=visit.kind.value,
        x=axis.x(day),
        y=y,
        size=size,
        label=str(visit.number) if visit.kind is VisitKind.INFUSION and size >= 10 else "",
        title=f"{visit.title}, {words.day(placed.start.date(), start)} {words.clock(placed.start)}",
        window_x=round(left, 1),
        window_width=round(width, 1),
        target_x=axis.x(target) if moved else None,
    )


def _ticks(axis: _Axis) -> tuple[Tick, ...]:
    main = [Tick(axis.x(7 * week), _week(week)) for week in range(axis.last // 7 + 1)]
    return (*main, *(Tick(axis.x(d), f"{round(d / 30.4)} months", grid=False) for d in axis.late))


def _week(week: int) -> str:
    """Every other week is named, or the names would touch."""
    if week == 0:
        return "week 1"
    return str(week + 1) if week % 2 == 0 else ""


def _score(proposal: Proposal, axis: _Axis) -> Score | None:
    goal = next(iter(proposal.draft.goals), None)
    if goal is None:
        return None
    scale = BY_ID[goal.disorder].scale
    item = next((i for i in proposal.assessment.gate if i.name == "disorder_scale" and i.value), None)
    y = Axis(0, scale.maximum, SCORE_TOP + SCORE_HEIGHT, SCORE_TOP)

    said = f"{goal.baseline:f}" if goal.baseline is not None else "no baseline on file"
    if goal.baseline is not None and item and item.when:
        said += f" · {words.recorded(item.when)}"
    aim, entry = goal.target_below, Decimal(proposal.assessment.view.house.entry.of(scale.id))
    return Score(
        name=goal.instrument,
        top=SCORE_TOP,
        bottom=SCORE_TOP + SCORE_HEIGHT,
        maximum=scale.maximum,
        dot=None if goal.baseline is None else (axis.x(0), y(goal.baseline)),
        dot_words=said,
        goal=None if aim is None else Line(y(aim), f"goal: below {aim.normalize():f}"),
        entry=Line(y(entry), f"usual entry: {entry}"),
    )


def _summary(proposal: Proposal, placed: list[Placed]) -> str:
    """What the picture says, for those who do not see it."""
    start = proposal.draft.start
    said = []
    for kind, name in _LANES:
        of_kind = [p for p in placed if p.visit.kind is kind]
        if of_kind:
            first, last = (words.day(p.start.date(), start) for p in (of_kind[0], of_kind[-1]))
            said.append(f"{words.count(len(of_kind), f'{name} visit')} from {first} to {last}")
    goal = next(iter(proposal.draft.goals), None)
    if goal:
        baseline = f", now {goal.baseline:f}" if goal.baseline is not None else ""
        said.append(f"goal {goal.text}{baseline}")
    return "Timeline: " + "; ".join(said) + "."
