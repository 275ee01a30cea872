"""The day of a dose on the screen: visits, fields with what was typed, lines with what passes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.findings import Evidence
from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.clinical.session import asked
from ketplan.clinical.session.asked import NO_SYMPTOM, Field, Kind
from ketplan.clinical.session.day_of_dose import DayFacts
from ketplan.clinical.session.discharge import INSTRUCTION
from ketplan.clinical.session.during import Action, Call, Due, due, falling, vital_minutes
from ketplan.clinical.session.during import during as call_of
from ketplan.clinical.session.lines import Line, Verdict, overall
from ketplan.clinical.session.notes import MEDICATION_NOTES
from ketplan.clinical.session.sheet import Measured, mg_per_kg
from ketplan.clinical.session.starting import Bar, Way, fingerprint
from ketplan.store.sheets import StoredSheet
from ketplan.web.context import desk
from ketplan.web.course.day import Day, DoseVisit
from ketplan.web.course.sheet_entries import SYMPTOMS
from ketplan.web.presenters import words

_INPUT = {Kind.MOMENT: "datetime-local", Kind.DAY: "date", Kind.WHOLE: "text", Kind.DECIMAL: "text"}


@dataclass(frozen=True)
class Row:
    """One line of the list of visits. `state` is planned, in progress or closed."""

    key: str
    title: str
    when: str
    state: str
    appointment: str


@dataclass(frozen=True)
class Asked:
    """One field with what was typed. `name` is the form's, `input` the HTML type, "" for a choice."""

    name: str
    field: Field
    value: str
    problem: str
    input: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LineView:
    """One line of a list; `passes` is the reason that passes it, `parts` the fields of a five-part one."""

    line: Line
    tag: str
    evidence: tuple[Evidence, ...]
    way: str
    about: str
    reason: str
    parts: tuple[tuple[str, str, str], ...]
    passes: str
    problem: str


@dataclass(frozen=True)
class SetView:
    """One set of vital signs as it stands in the table."""

    place: int
    when: str
    minute: str
    pressure: str
    heart_rate: str
    spo2: str
    moaas: str
    symptoms: str
    call: Call | None
    problem: bool


def rows(visits: Iterable[DoseVisit], sheets: Mapping[str, StoredSheet], zone: ZoneInfo) -> list[Row]:
    return [
        Row(
            v.key,
            v.title,
            words.moment(v.start, zone) if v.start else "no time yet",
            _state(sheets.get(v.key)),
            v.status,
        )
        for v in visits
    ]


def _state(sheet: StoredSheet | None) -> str:
    if sheet is None or not sheet.version:
        return "planned"
    if "closed" in sheet.content:
        not_given = sheet.content.get("dose", {}).get("outcome") == asked.NOT_GIVEN
        return "closed, no dose" if not_given else "closed"
    return "in progress"


# --- fields -------------------------------------------------------------------------------------------------


def _fields(
    fields: Sequence[Field],
    said: Mapping[str, str],
    problems: Mapping[str, str],
    route: str,
    prefix: str = "",
) -> list[Asked]:
    return [
        Asked(
            f"{prefix}{f.name}",
            f,
            said.get(f.name, ""),
            problems.get(f.name, ""),
            _INPUT.get(f.kind, ""),
            (("yes", "yes"), ("no", "no")) if f.kind is Kind.YES_NO else f.choices,
        )
        for f in fields
        if f.asked_by(route)
    ]


def plain_fields(
    fields: Sequence[Field], said: Mapping[str, str], problems: Mapping[str, str]
) -> list[Asked]:
    return _fields(fields, said, problems, "")


def _of_row(problems: Mapping[str, str], place: int) -> dict[str, str]:
    """The problems of one row."""
    return {
        name: said
        for key, said in problems.items()
        for number, _, name in [key.partition(".")]
        if number == str(place)
    }


def _local(at: datetime) -> str:
    return f"{at.astimezone(desk().practice.zone):%Y-%m-%dT%H:%M}"


# --- before -------------------------------------------------------------------------------------------------


def before(day: Day, place: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    entries, route = day.entries, day.planned.route
    said = list(day.content.get("pressures", ()))
    readings = [
        _fields(asked.PRESSURE, row, _of_row(entries.pressures, n), route, f"p{n}_")
        for n, row in enumerate([*said, {"at": _local(day.now)}], 1)
    ]
    passed = {bar.line: bar for bar in day.bars}
    typed = day.content.get("reasons", {})
    lines = [_line(day.facts, line, passed.get(line), typed.get(line.id, {}), reasons) for line in day.lines]
    return {
        "asked_fields": _fields(asked.BEFORE, day.content.get("before", {}), entries.before, route),
        "readings": readings,
        "lines": sorted(lines, key=lambda v: v.line.id not in ("SI_HIGH", "CSSRS_CHANGE")),
        "verdict": overall(day.lines),
        "held": len(day.in_the_way),
        "passed": sum(bar.override is not None for bar in day.bars),
        "notes": MEDICATION_NOTES,
        "signer": day.session.signer,
    }


_TAGS = {Verdict.GO: "GO", Verdict.HOLD: "HOLD", Verdict.UNKNOWN: "OPEN"}


def _line(
    facts: DayFacts, line: Line, bar: Bar | None, said: Mapping[str, str], problems: Mapping[str, str]
) -> LineView:
    five = bar is not None and bar.way is Way.FIVE_PARTS
    parts = tuple(
        (f"reason-{line.id}.{n}", part, said.get(f"reason.{n}", ""))
        for n, part in enumerate(RELEASE_FIELDS if five else (), 1)
    )
    passes = ""
    if bar and bar.override:
        o = bar.override
        passes = f"{o.name or o.clinician}, {words.moment(o.at, desk().practice.zone)}: {o.reason}"
    return LineView(
        line,
        "PASSED" if passes else _TAGS[line.verdict],
        line.evidence,
        bar.way.name.lower() if bar else "",
        fingerprint(line, facts),
        said.get("reason", ""),
        parts,
        passes,
        problems.get(line.id, ""),
    )


# --- during -------------------------------------------------------------------------------------------------


def during(day: Day, place: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    entries, route = day.entries, day.planned.route
    rows = list(day.content.get("sets", ()))
    editing = int(place) if place.isdigit() and 0 < int(place) <= len(rows) else 0
    row = rows[editing - 1] if editing else {"at": _local(day.now)}
    problems = _of_row(entries.sets, editing) if editing else {}
    calls = _calls(day)
    worst = _worst(calls)
    return {
        "asked_fields": _fields(asked.DOSE, day.content.get("dose", {}), entries.dose, route),
        "set_fields": _fields(asked.SET, row, problems, route, "s_"),
        "symptoms": [*((name, s.value) for name, s in asked.SYMPTOMS), (NO_SYMPTOM, "none of these")],
        "ticked": row.get(SYMPTOMS, "").split(),
        "symptom_problem": problems.get(SYMPTOMS, ""),
        "editing": editing,
        "sets": [_set_view(day, n, kept) for n, kept in enumerate(rows, 1)],
        "newest": calls[-1] if calls else None,
        "worst": worst,
        "due": _due(day),
        "barred": bool(entries.sheet.started) and not day.may_start,
        "in_the_way": day.in_the_way,
        "by_weight": mg_per_kg(day.planned, day.sheet.dose.get("mg")),
        "actions": Action,
    }


def _calls(day: Day) -> list[Call]:
    """A call for every set, oldest first, also for those taken before a start is recorded."""
    return [_call(day, measured) for measured in day.entries.sheet.sets]


def _call(day: Day, measured: Measured) -> Call:
    return call_of(measured.vitals(day.sheet.started or measured.at), day.limits)


def _worst(calls: list[Call]) -> Call | None:
    """A stop or a pause stands until the dose has been dealt with; the newest of the worst counts."""
    for action in (Action.STOP, Action.PAUSE):
        if found := next((call for call in reversed(calls) if call.action is action), None):
            return found
    return None


def _set_view(day: Day, place: int, row: Mapping[str, str]) -> SetView:
    problems = _of_row(day.entries.sets, place)
    measured = day.entries.taken[place - 1]
    start = day.sheet.started
    minute = f"{measured.vitals(start).minute} min" if measured and start else ""
    ticked = row.get(SYMPTOMS, "").split()
    named = [s.value for name, s in asked.SYMPTOMS if name in ticked]
    return SetView(
        place,
        row.get("at", "").replace("T", " "),
        minute,
        "/".join(row.get(name, "?") for name in ("systolic", "diastolic")),
        row.get("heart_rate", "–"),
        row.get("spo2", "–"),
        row.get("moaas", "–"),
        words.listed(named) if named else "none" if NO_SYMPTOM in ticked else "not asked",
        _call(day, measured) if measured else None,
        bool(problems),
    )


def _due(day: Day) -> dict[str, Any] | None:
    """What is to be measured next, by the clock of the dose; None before the start and when all is done."""
    sheet = day.sheet
    if sheet.started is None:
        return None
    minutes = vital_minutes(day.planned.route, day.planned.minutes)
    seconds = int((day.now - sheet.started).total_seconds())
    now = seconds // 60
    found: Due = due(minutes, now, [v.minute for v in sheet.vitals])
    return {
        "now": now,
        "seconds": seconds,
        "minute": found.minute,
        "overdue": found.overdue,
        "missed": found.missed,
        "following": found.following,
        "schedule": minutes,
        "falling": falling(sheet.vitals),
        "until_falling": day.planned.route == "IN",
    }


# --- leaving ------------------------------------------------------------------------------------------------


def leaving(day: Day, place: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    said = day.content.get("leaving", {})
    return {
        "asked_fields": _fields(asked.LEAVING, said, day.entries.leaving, day.planned.route),
        "lines": [_line(day.facts, line, None, {}, {}) for line in day.leaving],
        "verdict": overall(day.leaving),
        "instruction": INSTRUCTION,
    }
