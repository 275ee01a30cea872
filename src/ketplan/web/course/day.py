"""The day of one dose: the visit of the newest signed plan, its sheet, and what the lists say now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ketplan import workflow
from ketplan.clinical.record import Booked
from ketplan.clinical.session.day_of_dose import DayFacts, go_no_go
from ketplan.clinical.session.discharge import discharge
from ketplan.clinical.session.from_chart import chart_facts
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line
from ketplan.clinical.session.sheet import ChartFacts, PlannedDose, Sheet, day_facts, leaving_facts
from ketplan.clinical.session.starting import Bar, bars, chart_lines
from ketplan.errors import InputError, RefusedError
from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.fhir.rendering.authoring import visit_named, visit_of_step
from ketplan.store.plans import StoredPlan
from ketplan.store.sheets import SheetKey, StoredSheet
from ketplan.web.bench import WAIT_TO_SHOW, Bench, open_bench
from ketplan.web.context import desk
from ketplan.web.course.course import Course, require_course
from ketplan.web.course.sheet_entries import Content, Entries, understood
from ketplan.web.sessions import LiveSession

DOSING = ("infusion-", "maintenance-")


@dataclass(frozen=True)
class DoseVisit:
    """One dosing visit: its key in the plan, and the appointment as the EHR has it now, if it has one."""

    key: str
    title: str
    start: datetime | None = None
    status: str = ""

    @property
    def order(self) -> tuple[str, int]:
        name, _, number = self.key.rpartition("-")
        return name, int(number) if number.isdigit() else 0


def visits(course: Course, appointments: tuple[Booked, ...]) -> tuple[DoseVisit, ...]:
    """The dosing visits of a plan: those it placed, those the chart has, and those without a time yet."""
    found = {v.key: v for v in _signed(course.plan)}
    planned = max(course.now.plan.planned, len(found))
    for number in range(1, planned + 1):
        found.setdefault(f"infusion-{number}", DoseVisit(f"infusion-{number}", f"Dose {number}"))
    for number in range(1, _maintenance(course) + 1):
        key = f"maintenance-{number}"
        found.setdefault(key, DoseVisit(key, f"Maintenance dose {number}"))
    for key, appointment in _in_chart(course.plan.plan_id, appointments):
        title = found[key].title if key in found else appointment.description or key
        found[key] = DoseVisit(key, title, appointment.start, appointment.status or "")
    return tuple(sorted(found.values(), key=lambda v: v.order))


def _maintenance(course: Course) -> int:
    """How many maintenance doses there are: those given, and the next once a clinician has started it."""
    return len(course.now.happened.maintenance) + (course.now.due is not None)


def _signed(plan: StoredPlan) -> Iterator[DoseVisit]:
    for step in plan.payload["steps"]:
        key = visit_of_step(step["key"])
        if key and key.startswith(DOSING):
            raw = step["resource"]
            yield DoseVisit(key, raw["description"], datetime.fromisoformat(raw["start"]), raw["status"])


def _in_chart(plan_id: str, appointments: tuple[Booked, ...]) -> Iterator[tuple[str, Booked]]:
    """Of several for one visit the one that stands comes last, and counts."""
    gone = ("cancelled", "noshow", "entered-in-error")
    began = datetime.min.replace(tzinfo=UTC)
    for appointment in sorted(
        appointments, key=lambda a: (a.status not in gone, a.start or began, a.reference)
    ):
        for system, value in appointment.identifiers:
            key = visit_named(value, plan_id) if system == PLAN_STEP_SYSTEM else None
            if key and key.startswith(DOSING):
                yield key, appointment


@dataclass(frozen=True)
class Day:
    """One visit with its sheet. `now` is the moment the lists are judged at."""

    bench: Bench
    course: Course
    visit: DoseVisit
    stored: StoredSheet
    now: datetime

    @property
    def session(self) -> LiveSession:
        return self.bench.session

    @property
    def content(self) -> Content:
        return self.stored.content

    @property
    def key(self) -> SheetKey:
        return key_of(self.session, self.course, self.visit.key)

    @property
    def record_id(self) -> str:
        session = self.session
        return workflow.session_id_for(session.iss, session.patient, self.course.plan.plan_id, self.visit.key)

    @property
    def limits(self) -> SessionLimits:
        return desk().practice.session_limits

    @property
    def is_closed(self) -> bool:
        return "closed" in self.content

    @cached_property
    def planned(self) -> PlannedDose:
        return planned_dose(self.course, self.visit)

    @cached_property
    def entries(self) -> Entries:
        return understood(self.content, self.planned, desk().practice.zone, self.now)

    @cached_property
    def chart(self) -> ChartFacts:
        own = self.planned.number, self.planned.maintenance
        others = [d for d in self.course.now.happened.doses if (d.number, d.maintenance) != own]
        last = others[-1] if others else None
        view, signed = self.bench.proposal.assessment.view, self.course.signed.authorised_on
        return chart_facts(view, signed or view.as_of, last.on if last else None)

    @cached_property
    def facts(self) -> DayFacts:
        """What is known at the start of the dose, or now."""
        sheet = self.entries.sheet
        return day_facts(sheet, self.planned, self.chart, sheet.started or self.now, desk().practice.zone)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        said = chart_lines(self.bench.proposal.draft.findings, self.planned)
        return (*said, *go_no_go(self.facts, self.limits))

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        return bars(self.lines, self.facts, self.entries.sheet.overrides, self.limits)

    @property
    def in_the_way(self) -> tuple[Bar, ...]:
        return tuple(bar for bar in self.bars if bar.override is None)

    @property
    def may_start(self) -> bool:
        """All is go or passed, or was when the start was taken down."""
        return "accepted" in self.content or not self.in_the_way

    @cached_property
    def sheet(self) -> Sheet:
        """What counts: a start that may not be is none."""
        sheet = self.entries.sheet
        if sheet.started is None or self.may_start:
            return sheet
        return replace(sheet, dose={n: v for n, v in sheet.dose.items() if n not in ("started", "ended")})

    @cached_property
    def leaving(self) -> tuple[Line, ...]:
        """The discharge list, empty as long as no dose was given."""
        facts = leaving_facts(self.sheet, self.planned, self.now)
        return discharge(facts, self.limits) if facts else ()

    @property
    def crisis(self) -> bool:
        """Does anything on the sheet or in the chart point to suicide risk?"""
        said = (
            self.entries.sheet.before.get("cssrs_change"),
            self.entries.sheet.leaving.get("cssrs_new_risk"),
        )
        return True in said or any(line.id == "SI_HIGH" for line in self.lines)

    def with_content(self, content: Mapping[str, Any]) -> Day:
        """The same day with other entries, not saved yet."""
        return replace(self, stored=StoredSheet(content, self.stored.version))


def planned_dose(course: Course, visit: DoseVisit) -> PlannedDose:
    now, plan = course.now.dose, course.now.plan
    protocol = plan.protocol
    return PlannedDose(
        plan.id,
        visit.key,
        visit.title,
        now.number,
        protocol.route or "",
        protocol.product or "",
        protocol.rxnorm,
        protocol.minutes,
        now.mg,
        now.mg_per_kg,
        plan.dosing_weight_kg,
        protocol.ceiling_mg_per_kg,
        plan.maintenance,
        now.words,
        now.no_dose,
    )


def key_of(session: LiveSession, course: Course, visit: str) -> SheetKey:
    return SheetKey(session.iss, session.patient, course.plan.plan_id, visit)


def open_day(session: LiveSession, visit: str, wait: float = WAIT_TO_SHOW) -> Day:
    """Raises InputError where the newest plan has no such visit, and as `open_bench` does."""
    bench = open_bench(session, wait)
    course = require_course(bench)
    found = next((v for v in visits(course, bench.proposal.record.appointments) if v.key == visit), None)
    if found is None:
        raise InputError("The signed plan has no such dosing visit.")
    return Day(
        bench, course, found, desk().services.sheets.load(key_of(session, course, visit)), desk().now()
    )


def require_open(day: Day) -> None:
    """A closed sheet stays as it was closed; only adverse events can be added to it."""
    if day.is_closed:
        raise RefusedError(
            "This sheet is closed and written. It cannot be changed here: correct an entry in the EHR itself;"
            " an adverse event can still be added."
        )
