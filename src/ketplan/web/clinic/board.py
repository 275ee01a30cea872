"""The week and the month of the clinic, and what came of the visits."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from flask import render_template, request, url_for

from ketplan.scheduling.coordinating.board import By, Line, Stay, Week, in_pages, month, week
from ketplan.scheduling.coordinating.choosing import monday
from ketplan.scheduling.coordinating.figures import outcomes
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.sessions import note
from ketplan.web.clinic.worklist import week_of

routes = room("board", __name__)

MOST_VISITS = 120
"""So many on one page, that it stays light; further lines are on the next."""
NAME, WIDTH, LANE, TOP = 172, 900, 20, 34
SPAN_DAYS = (28, 91, 365)


@dataclass(frozen=True)
class Box:
    """A visit as it is drawn: place and size in the picture, what stands in it and what is said of it."""

    x: float
    y: float
    width: float
    kind: str
    sure: bool
    initials: str
    said: str
    href: str


@dataclass(frozen=True)
class Band:
    """One line of the picture, and the rows of the table behind it."""

    name: str
    y: float
    height: float
    boxes: tuple[Box, ...]
    stays: tuple[Stay, ...]


@routes.get("/week", endpoint="week")
def show_week(lid: str) -> str:
    clinic = open_clinic()
    note(clinic.session, "list-read")
    day = week_of(request.args.get("week", "")) or monday(clinic.moment.today)
    by = By.PEOPLE if request.args.get("by") == By.PEOPLE else By.CHAIRS
    found = week(clinic.courses, day, by, clinic.moment)
    parts = in_pages(found.lines, MOST_VISITS)
    asked = request.args.get("page", "1")
    page = min(int(asked), len(parts)) if asked.isascii() and asked.isdigit() and int(asked[:4]) > 0 else 1
    bands = _bands(clinic, found, parts[page - 1])
    return render_template(
        "clinic/week.html",
        session=clinic.session,
        clinic=clinic,
        week=found,
        by=by,
        bands=bands,
        height=TOP + sum(band.height for band in bands) + 2,
        left=NAME,
        wide=NAME + WIDTH,
        column=WIDTH / len(found.days),
        page=page,
        pages=len(parts),
        before=day - timedelta(days=7),
        after=day + timedelta(days=7),
        address=lambda **change: url_for(".week", lid=lid, **({"week": day, "by": by.value} | change)),
    )


@routes.get("/month", endpoint="month")
def show_month(lid: str) -> str:
    clinic = open_clinic()
    note(clinic.session, "list-read")
    first = _first(request.args.get("month", ""), clinic.moment.today)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    loads = month(clinic.courses, first, last, clinic.moment)
    cells = [None] * first.weekday() + list(loads)
    cells += [None] * (-len(cells) % 7)
    return render_template(
        "clinic/month.html",
        session=clinic.session,
        clinic=clinic,
        first=first,
        weeks=[cells[n : n + 7] for n in range(0, len(cells), 7)],
        before=(first - timedelta(days=1)).replace(day=1),
        after=last + timedelta(days=1),
    )


@routes.get("/figures")
def figures(lid: str) -> str:
    clinic = open_clinic()
    asked = request.args.get("days", "")
    days = int(asked) if asked in map(str, SPAN_DAYS) else SPAN_DAYS[0]
    therapist = request.args.get("therapist", "")[:200]
    mine = [c for c in clinic.courses if not therapist or therapist in c.therapists]
    return render_template(
        "clinic/figures.html",
        session=clinic.session,
        clinic=clinic,
        lines=outcomes(mine, clinic.moment, days),
        days=days,
        spans=SPAN_DAYS,
        therapist=therapist,
        courses=len(mine),
    )


def _first(text: str, today: date) -> date:
    try:
        return date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return today.replace(day=1)


def _bands(clinic: Clinic, found: Week, lines: list[Line]) -> list[Band]:
    bands, y = [], float(TOP)
    for line in lines:
        boxes = tuple(_box(clinic, found, stay, y) for stay in line.stays)
        height = line.lanes * LANE + 8
        bands.append(Band(line.name, y, height, boxes, line.stays))
        y += height
    return bands


def _box(clinic: Clinic, found: Week, stay: Stay, y: float) -> Box:
    column = WIDTH / len(found.days)
    opens, closes = (t.hour * 60 + t.minute for t in (found.opens, found.closes))
    scale = (column - 6) / (closes - opens)
    start = min(max(stay.start.hour * 60 + stay.start.minute, opens), closes - 15)
    minutes = max(20.0, min((stay.end - stay.start).total_seconds() / 60, closes - start))
    x = NAME + found.days.index(stay.start.date()) * column + 3 + (start - opens) * scale
    course = stay.course
    initials = "".join(part[0] for part in course.name.split()[:1] + course.name.split()[1:][-1:])
    unsure = "" if stay.sure else ", not booked"
    said = f"{course.name}: {stay.visit.title}, {stay.start:%H:%M} to {stay.end:%H:%M}{unsure}"
    href = url_for("clinic_patient.show", lid=clinic.session.lid, plan=course.plan)
    return Box(
        round(x, 1),
        y + 4 + stay.lane * LANE,
        round(minutes * scale, 1),
        stay.visit.kind.value,
        stay.sure,
        initials.upper(),
        said,
        href,
    )
