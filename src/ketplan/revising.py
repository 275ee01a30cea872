"""A running course as it stands, and what a change makes of it: from what was kept, and from the EHR now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.plan import Visit
from ketplan.clinical.record import PatientRecord
from ketplan.compose import Services
from ketplan.errors import InputError
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.happened import dosed_visits
from ketplan.fhir.rendering.authoring import visit_of_step
from ketplan.fhir.rendering.course import CARE_PLAN
from ketplan.fhir.rendering.note import NOTE
from ketplan.fhir.rendering.revised import Line, NewTime
from ketplan.kept_terms import visits_from
from ketplan.reconciling import as_decided, chapters_of
from ketplan.scheduling.series import model as series
from ketplan.scheduling.series import replan
from ketplan.scheduling.series.replanning import Change, Gone, Lost, Moved, Report, Scope
from ketplan.scheduling.series.rules import Rule
from ketplan.store.plans import StoredPlan
from ketplan.workflow import Calendar, Practice, busy_beside, series_request
from ketplan.writeback.lifecycle import TO_COME
from ketplan.writeback.looking import Report as LookedAt
from ketplan.writeback.reconcile import TOOK_PLACE, Kind, Looked
from ketplan.writeback.revision import KIND, Edit, Held, Standing, What

Json = dict[str, Any]


class State(StrEnum):
    """Where one visit of a running course is. Nothing here ever touches one that is done."""

    COMING = "to come"
    DONE = "took place"
    MISSED = "missed"
    CALLED_OFF = "cancelled"
    OPEN = "without a time"


LOST = frozenset({State.MISSED, State.CALLED_OFF, State.OPEN})


@dataclass(frozen=True)
class VisitNow:
    """`held` is its newest appointment where that stands in the EHR, `looked` how it was found there."""

    visit: Visit
    state: State
    start: datetime | None = None
    end: datetime | None = None
    status: str = ""
    held: Held | None = None
    looked: Looked | None = None
    resources: tuple[tuple[str, str], ...] = ()
    slots: tuple[str, ...] = ()
    is_confirmed: bool = False

    @property
    def key(self) -> str:
        return self.visit.key


@dataclass(frozen=True)
class Running:
    """A signed course, everything of it as the EHR has it now."""

    plan_id: str
    visits: tuple[VisitNow, ...]
    standing: Standing
    looked: LookedAt

    def get(self, key: str) -> VisitNow:
        """InputError for a visit that this course has not."""
        for one in self.visits:
            if one.key == key:
                return one
        raise InputError("This course has no such visit: look at the page again.")

    def changed_meanwhile(self, targets: Collection[str]) -> tuple[Looked, ...]:
        """What of it the EHR has otherwise than the plan says: to be decided before it is changed again."""
        return tuple(one for one in self.looked.looked if one.differs and one.authored.reference in targets)


def running(
    services: Services, plan: StoredPlan, looked: LookedAt, record: PatientRecord, now: datetime
) -> Running:
    """`looked` is a fresh look at the plan. InputError for a plan kept without its visits."""
    zone = services.practice.zone
    newest = {visit: one for one in looked.looked if (visit := visit_of_step(one.authored.key))}
    done = dosed_visits(record, plan.plan_id)
    said = {
        visit: step["resource"]
        for step in as_decided(services, plan).payload["steps"]
        if (visit := visit_of_step(step["key"]))
    }
    visits = tuple(
        _visit_now(visit, newest.get(visit.key), said.get(visit.key), visit.key in done, now, zone)
        for visit in _visits(services, plan)
    )
    in_order = sorted(visits, key=lambda v: v.start.date() if v.start else v.visit.target)
    return Running(plan.plan_id, tuple(in_order), _standing(looked), looked)


def _visits(services: Services, plan: StoredPlan) -> tuple[Visit, ...]:
    """The visits as signed, with those added and without those dropped since."""
    found = {visit.key: visit for visit in visits_from(plan.payload)}
    for kept in chapters_of(services, plan):
        for edit in kept.payload["edits"] if kept.kind == KIND else ():
            visit = visits_from({"visits": [edit["visit"]]})[0]
            if edit["what"] == What.DROPPED:
                found.pop(visit.key, None)
            else:
                found.setdefault(visit.key, visit)
    return tuple(found.values())


def _visit_now(
    visit: Visit, looked: Looked | None, said: Json | None, dosed: bool, now: datetime, zone: ZoneInfo
) -> VisitNow:
    raw = (looked.theirs or looked.authored.ours) if looked else said
    if raw is None:
        return VisitNow(visit, State.DONE if dosed else State.OPEN)
    start, end = (
        when.instant if (when := fhir.parse_when(raw.get(n), zone)) else None for n in ("start", "end")
    )
    status = str(raw.get("status", ""))
    gone = looked is not None and looked.kind is Kind.GONE
    people = list(fhir.elements(raw.get("participant")))
    actors = [
        (fhir.reference(p.get("actor")), fhir.text(fhir.element(p.get("actor")).get("display")))
        for p in people
    ]
    accepted = any(
        p.get("status") == "accepted" for p in people if fhir.reference(p.get("actor")).startswith("Patient/")
    )
    return VisitNow(
        visit,
        _state(status, start, end, dosed, gone, now),
        start,
        end,
        status,
        _held(looked) if looked and looked.theirs else None,
        looked,
        tuple((ref, name) for ref, name in actors if ref and not ref.startswith("Patient/")),
        tuple(filter(None, map(fhir.reference, fhir.elements(raw.get("slot"))))),
        status == "booked" and accepted,
    )


def _state(
    status: str, start: datetime | None, end: datetime | None, dosed: bool, gone: bool, now: datetime
) -> State:
    if dosed or status in TOOK_PLACE:
        return State.DONE
    if status == "noshow":
        return State.MISSED
    if gone or status not in TO_COME:
        return State.CALLED_OFF
    if start is None or end is None:
        return State.OPEN
    return State.COMING if start > now else State.MISSED


def _held(one: Looked) -> Held:
    return Held(one.authored.key, one.authored.reference, one.authored.ours, one.theirs or {}, one.seen)


def _standing(looked: LookedAt) -> Standing:
    held = {one.authored.key: _held(one) for one in looked.looked if one.theirs}
    notes = [one for key, one in held.items() if key.partition(".")[0] == NOTE]
    current = [one for one in notes if one.theirs.get("status") == "current"]
    return Standing(
        held.get(CARE_PLAN),
        {key.partition(".r")[0]: one for key, one in held.items() if key.startswith("request-")},
        {key: one for key, one in held.items() if key.startswith("goal-")},
        next(iter(current[-1:]), None),
    )


# --- what a change makes of it ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """What somebody wants changed. `again`: visits to find another time for, from a day on; `at`: visits with
    a time given by hand; `away`: a provider, chair or room and its first and last day away; `scope`: what
    may move besides; `longer_gap`: that doses lie further apart than the plan wants was accepted."""

    again: Mapping[str, date] = field(default_factory=dict)
    at: Mapping[str, datetime] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    added: tuple[Visit, ...] = ()
    away: tuple[str, series.Dates] | None = None
    scope: Scope = Scope.THIS
    longer_gap: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.again or self.at or self.dropped or self.added or self.away)

    @property
    def needs_signer(self) -> bool:
        return bool(self.dropped or self.added)

    def taking(self, offer: series.Offer) -> Wish:
        """With the times that an offer gives."""
        times = dict(offer.times)
        again = {key: day for key, day in self.again.items() if key not in times}
        return replace(self, again=again, at={**self.at, **times})


@dataclass(frozen=True)
class Outcome:
    """What a wish comes to: every visit that changes, the whole schedule afterwards, whom to call."""

    report: Report
    edits: tuple[Edit, ...]
    lines: tuple[tuple[Visit, Line], ...]
    call: tuple[str, ...]

    @property
    def conflict(self) -> series.Conflict | None:
        return self.report.series.conflict


def outcome(
    course: Running, wish: Wish, record: PatientRecord, practice: Practice, calendar: Calendar, now: datetime
) -> Outcome:
    """Plan what is left again, as `wish` has it. Visits that are done or past stay as they are."""
    kept = [v for v in course.visits if v.key not in wish.dropped]
    wanted = {*wish.again, *wish.at}
    counted = [v for v in kept if v.state not in LOST or v.key in wanted]
    visits = (*(v.visit for v in counted), *wish.added)
    standing = {v.key: spot for v in counted if v.state not in LOST and (spot := _spot(v))}
    busy = busy_beside(record, course.plan_id)
    request = series_request(visits, standing, busy, practice, calendar, now)
    if wish.longer_gap:
        request = replace(request, links=tuple(map(_without_lapse, request.links)))
    report = replan(request, list(_changes(course, wish)), now=now, scope=wish.scope)
    names = _names(course, request)
    edits = tuple(_edits(course, wish, report, names))
    return Outcome(report, edits, tuple(_lines(course, edits)), _call(report, names, edits))


def _without_lapse(link: series.Link) -> series.Link:
    return replace(link, days=(link.days[0], None)) if link.rule is Rule.DOSE_LAPSE else link


def _spot(one: VisitNow) -> series.Standing | None:
    if one.start is None or one.end is None:
        return None
    firm = series.Firmness.CONFIRMED if one.is_confirmed else series.Firmness.BOOKED
    firm = series.Firmness.FIXED if one.state is State.DONE else firm
    return series.Standing(one.start, one.end, tuple(r for r, _ in one.resources), one.slots, firm)


def _changes(course: Running, wish: Wish) -> Iterator[Change]:
    for key, day in wish.again.items():
        yield Lost(key, day)
    for key, start in wish.at.items():
        yield Moved(key, series.Standing(start, start + _length(course, wish, key)))
    if wish.away:
        yield Gone(*wish.away)


def _length(course: Running, wish: Wish, key: str) -> timedelta:
    fresh = next((v for v in wish.added if v.key == key), None)
    one = None if fresh else course.get(key)
    if one and one.start and one.end:
        return one.end - one.start
    visit = fresh or course.get(key).visit
    return timedelta(minutes=visit.minutes)


def _names(course: Running, request: series.Request) -> dict[str, str]:
    known = {ref: name for one in course.visits for ref, name in one.resources}
    return known | {resource.reference: resource.name for resource in request.resources}


def _edits(course: Running, wish: Wish, report: Report, names: Mapping[str, str]) -> Iterator[Edit]:
    fresh = {visit.key for visit in wish.added}
    changed = [*(chosen for _, chosen in report.moved), *report.added]
    for chosen in sorted(changed, key=lambda c: (c.start, c.visit.key)):
        key = chosen.visit.key
        by_hand = key in wish.at
        people = () if by_hand else tuple((r, names.get(r, r)) for r in chosen.resources)
        to = NewTime(chosen.start, chosen.end, people, () if by_hand else chosen.slots)
        why = "A time chosen by hand." if by_hand else chosen.why
        if key in fresh:
            visit = next(v for v in wish.added if v.key == key)
            yield Edit(What.ADDED, visit, None, None, to, why)
            continue
        one = course.get(key)
        stays = one.state is State.COMING and one.held is not None
        what = What.MOVED if stays else What.AGAIN
        yield Edit(what, one.visit, one.held, one.start, to, why, {} if stays else _accepted(one))
    for key in wish.dropped:
        one = course.get(key)
        held = one.held if one.state is State.COMING else None
        yield Edit(What.DROPPED, one.visit, held, one.start, None, "", _accepted(one) if not held else {})


def _accepted(one: VisitNow) -> Json:
    """The end that the EHR gave an appointment, which is so by now in the plan too."""
    if one.looked is None or not one.looked.differs:
        return {}
    values = {row.element: row.theirs for row in one.looked.rows}
    return {"key": one.looked.authored.key, "values": values, "gone": one.looked.kind is Kind.GONE}


def _lines(course: Running, edits: Sequence[Edit]) -> Iterator[tuple[Visit, Line]]:
    by_key = {edit.visit.key: edit for edit in edits}
    for one in course.visits:
        edit = by_key.pop(one.key, None)
        if edit and edit.to:
            yield one.visit, _line(edit)
        elif edit is None and one.start and one.end and one.state not in LOST:
            where = ", ".join(name or reference for reference, name in one.resources)
            yield one.visit, Line(one.visit.title, one.start, one.end, where, one.status)
    for edit in by_key.values():
        if edit.to:
            yield edit.visit, _line(edit)


def _line(edit: Edit) -> Line:
    assert edit.to is not None
    where = ", ".join(name or reference for reference, name in edit.to.resources)
    return Line(
        edit.visit.title, edit.to.start, edit.to.end, where, "booked" if edit.to.slots else "proposed"
    )


def _call(report: Report, names: Mapping[str, str], edits: Sequence[Edit]) -> tuple[str, ...]:
    people = [names.get(who, who) for who in report.call if who != "patient"]
    people += [n or r for e in edits if e.what is What.DROPPED and e.held for r, n in _who(e.held)]
    return ("the patient", *dict.fromkeys(people)) if edits else ()


def _who(held: Held) -> Iterator[tuple[str, str]]:
    for participant in fhir.elements(held.theirs.get("participant")):
        actor = fhir.element(participant.get("actor"))
        reference = fhir.reference(actor)
        if reference and not reference.startswith("Patient/"):
            yield reference, fhir.text(actor.get("display"))
