"""What ketplan does for its users, one function per intent. Read this first.

    open_record → propose → (the clinician resolves findings) → confirm → writeback

Nothing here talks to an EHR or a database: it is handed what it needs. Nothing here decides care either;
that is `clinical/` and `scheduling/`.
"""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from ketplan.clinical import rules
from ketplan.clinical.assessment import Assessment, Choice, assess
from ketplan.clinical.draft import draft
from ketplan.clinical.findings import Decision, Evidence, Finding, must_be_resolved
from ketplan.clinical.house import House
from ketplan.clinical.library import SHIPPED, Library
from ketplan.clinical.plan import Clinician, ConfirmedPlan, Draft, Resolution, Visit
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.record import Booked, PatientRecord
from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.clinical.session.limits import SessionLimits
from ketplan.errors import InputError, PatientMismatch, RefusedError
from ketplan.fhir.datatypes import BASE
from ketplan.fhir.record import RawSectionLike, parse_record
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step, Unsigned, render
from ketplan.fhir.rendering.authoring import visit_named
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.place import INFUSION_END_MINUTES, place
from ketplan.scheduling.series.course import course_request
from ketplan.scheduling.series.model import Patient, Request, Standing
from ketplan.scheduling.series.staff import from_slots
from ketplan.scheduling.timetable import Busy, Fixed, FreeSlot, Timetable

_PLAN_IDS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/plan")
_RECORD_IDS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/instrument")
NEVER_SIGN = ("coordinator", "patient", "reception", "scheduler")
_OPEN_PLAN = frozenset({"draft", "active", "on-hold"})
NOT_BUSY = frozenset({"cancelled", "noshow", "entered-in-error", "fulfilled", "waitlist"})


@dataclass(frozen=True)
class Practice:
    """What one site has set: its clinic's calendar rules, its clinical defaults, who may sign, what it
    offers, and what the EHR's calendars are of where they do not say so (by reference)."""

    clinic: Clinic
    house: House = field(default_factory=House)
    signing_roles: tuple[str, ...] = ()
    library: Library = SHIPPED
    calendars: Mapping[str, str] = field(default_factory=dict)

    @property
    def session_limits(self) -> SessionLimits:
        return self.house.session

    @property
    def review_limits(self) -> Limits:
        return self.house.review

    @property
    def zone(self) -> ZoneInfo:
        return self.clinic.tz


@dataclass(frozen=True)
class Calendar:
    """What the EHR says about free time: its slots, per service the last day it publishes, and in words how
    it was asked (empty where it gave none)."""

    slots: tuple[FreeSlot, ...] = ()
    published: Mapping[str, date] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Proposal:
    """Everything that would happen, and that nothing of it has happened yet."""

    plan_id: str
    record: PatientRecord
    assessment: Assessment
    draft: Draft
    timetable: Timetable
    at: datetime

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Findings a clinician must resolve before anything is written."""
        return tuple(f for f in self.draft.findings if must_be_resolved(f))

    def steps(self) -> tuple[Step, ...]:
        """What would be written, as nobody has signed it yet."""
        return render(Unsigned(self.plan_id, self.draft, self.at), self.timetable)


def open_record(sections: Iterable[RawSectionLike], patient_id: str | None, zone: ZoneInfo) -> PatientRecord:
    """Read a record leniently. Raises InputError when it does not say whose it is."""
    return parse_record(sections, patient_id, zone)


def next_start(as_of: date) -> date:
    """The next possible Monday: the first one that a working day still lies before."""
    weekend = as_of.weekday() >= 5
    return as_of + timedelta(days=7 - as_of.weekday() + 7 * weekend)


def propose(
    record: PatientRecord,
    *,
    server: str,
    as_of: date,
    start: date,
    practice: Practice,
    now: datetime,
    calendar: Calendar | None = None,
    choice: Choice | None = None,
    ended: Container[str] = (),
) -> Proposal:
    """Assess the record, draft the plan and place its visits. `server` is the EHR's base URL, "" for a file;
    `ended` are the plans that are over, none of which is proposed again.

    Visits of this very plan that already stand in the EHR keep their time, so that a second run finds the
    same plan. Raises InputError for a start before the as-of date or an unknown choice.
    """
    assessment = assess(record, as_of, start, practice.house, choice, practice.library)
    proposed = draft(assessment)
    plan_id = plan_id_for(server, record.patient.id, start, ended)
    calendar = calendar or Calendar()
    timetable = place(
        proposed.visits,
        practice.clinic,
        not_before=_not_before(as_of, now, practice),
        busy=busy_beside(record, plan_id),
        free_slots=calendar.slots,
        published=calendar.published,
        fixed=_already_booked(record, plan_id),
        day_zero=start,
        infusion_end_minutes=_infusion_end(assessment),
    )
    return Proposal(plan_id, record, assessment, _with_adjustments(proposed, timetable), timetable, now)


def plan_id_for(server: str, patient_id: str, start: date, ended: Container[str] = ()) -> str:
    """One patient has one course per start date on one server: asked twice, it is the same plan. Once that is
    among the `ended` the next one of this date has an id of its own."""
    named = f"{server.rstrip('/')}|{patient_id}|{start.isoformat()}"
    ids = (str(uuid.uuid5(_PLAN_IDS, f"{named}|{n}" if n > 1 else named)) for n in count(1))
    return next(id for id in ids if id not in ended)


def decision_id_for(plan_id: str, number: int) -> str:
    """The decisions about a course are counted: of two made at once only one can have the number."""
    return str(uuid.uuid5(_RECORD_IDS, f"decision|{plan_id}|{number}"))


def record_id_for(server: str, patient_id: str, instrument: str, form: str) -> str:
    """One form given out for one patient and instrument is one record, however often it is sent in."""
    return str(uuid.uuid5(_RECORD_IDS, f"{server.rstrip('/')}|{patient_id}|{instrument}|{form}"))


def session_id_for(server: str, patient_id: str, plan_id: str, visit: str) -> str:
    """One dosing visit of a plan is one record, however often its sheet is closed."""
    named = f"session|{server.rstrip('/')}|{patient_id}|{plan_id}|{visit}"
    return str(uuid.uuid5(_RECORD_IDS, named))


def confirm(
    proposal: Proposal,
    resolutions: Sequence[Resolution],
    clinician: Clinician,
    now: datetime,
) -> tuple[ConfirmedPlan, tuple[Step, ...]]:
    """Sign a proposal: the confirmed plan and the steps that write it.

    Raises RefusedError when the patient is blocked, a finding is open, nothing is proposed, or another
    course of ketplan's is under way for this patient.
    """
    used = still_permitted(proposal, resolutions)
    refuse_second_course(proposal)
    plan = ConfirmedPlan(proposal.plan_id, proposal.draft, clinician, now, used)
    steps = render(plan, proposal.timetable)
    if not steps:
        raise RefusedError("There is nothing to write: neither ketamine nor a therapy course is proposed.")
    return plan, steps


def still_permitted(proposal: Proposal, resolutions: Sequence[Resolution]) -> tuple[Resolution, ...]:
    """The resolutions that free this proposal for writing, one for each open finding.

    Raises RefusedError when the patient is blocked or a finding is open, InputError for one without reason.
    """
    if proposal.draft.decision is Decision.BLOCKED:
        raise RefusedError("Nothing is written for this patient: a finding excludes ketamine.")
    given = {r.finding: r for r in resolutions}
    still_open = [f.id for f in proposal.open_findings if f.id not in given]
    if still_open:
        raise RefusedError(f"Nothing is written until these are resolved: {', '.join(still_open)}.")
    for finding in proposal.open_findings:
        require_reason(finding.id, given[finding.id].reason)
    return tuple(given[f.id] for f in proposal.open_findings)


def require_reason(finding_id: str, reason: str) -> None:
    """A resolution needs words; the release of a suicide-risk hold needs each of its five parts."""
    if finding_id not in rules.RULES:
        raise InputError(f"There is no finding {finding_id}.")
    if not reason.strip():
        raise InputError(f"{finding_id} needs a reason to be resolved.")
    if finding_id == "SI_HIGH":
        said = reason.lower()
        missing = [part for part in RELEASE_FIELDS if f"{part}:" not in said]
        if missing:
            raise InputError(
                "SI_HIGH is released only with every part stated as 'part: words';"
                f" missing: {', '.join(missing)}."
            )


def refuse_second_course(proposal: Proposal) -> None:
    """One course at a time: a second one under way would double every visit."""
    for existing in proposal.record.care_plans:
        ours = [v for system, v in existing.identifiers if system == PLAN_STEP_SYSTEM]
        if existing.status in _OPEN_PLAN and ours and not any(_of_plan(v, proposal.plan_id) for v in ours):
            raise RefusedError(
                "Another ketplan course is under way for this patient: end it in the EHR before a new one."
            )


def guard_patient(expected: str, *others: str | None) -> None:
    """The patient guard: launch, form and resource must all name one patient. Raises PatientMismatch."""
    if any(other is not None and other != expected for other in others):
        raise PatientMismatch("This belongs to another patient than the one launched: nothing was sent.")


def may_sign(roles: Iterable[str], practice: Practice) -> bool:
    """Does any of the user's roles appear among those the site lets sign?

    A site may let every practitioner sign ("*"), for EHRs that publish no roles; a coordinator never can.
    """
    held = [role.casefold() for role in roles]
    allowed = [a.casefold() for a in practice.signing_roles]
    if "*" in allowed:
        return not any(word in role for role in held for word in NEVER_SIGN)
    return any(a in role for role in held for a in allowed)


def may_record(roles: Iterable[str]) -> bool:
    """May somebody with these roles take down a filled-in instrument? Any clinician may; who schedules may
    not."""
    return not any(word in role.casefold() for role in roles for word in NEVER_SIGN)


# --- how the pieces meet ------------------------------------------------------------------------------------


def _not_before(as_of: date, now: datetime, practice: Practice) -> datetime:
    """Today, not before this moment; for another as-of date, not before that day."""
    local = now.astimezone(practice.zone)
    return local if local.date() == as_of else datetime.combine(as_of, time.min, practice.zone)


def _infusion_end(assessment: Assessment) -> int:
    minutes = assessment.protocol.minutes
    return INFUSION_END_MINUTES if minutes is None else assessment.view.house.preparation_minutes + minutes


def _of_plan(identifier: str, plan_id: str) -> bool:
    return identifier.split("/", 1)[0] == plan_id


def busy_beside(record: PatientRecord, plan_id: str) -> tuple[Busy, ...]:
    """The patient's own appointments, other than those of this plan."""
    return tuple(
        Busy(a.start, a.end, a.reference, a.description)
        for a in record.appointments
        if a.start
        and a.end
        and a.start < a.end
        and a.status not in NOT_BUSY
        and not any(system == PLAN_STEP_SYSTEM and _of_plan(v, plan_id) for system, v in a.identifiers)
    )


def booked_days(record: PatientRecord, plan_id: str, zone: ZoneInfo) -> dict[str, date]:
    """The days on which the visits of a plan stand in the EHR's calendar, by visit."""
    return {
        key: fixed.start.astimezone(zone).date() for key, fixed in _already_booked(record, plan_id).items()
    }


def series_request(
    visits: Sequence[Visit],
    standing: Mapping[str, Standing],
    busy: Sequence[Busy],
    practice: Practice,
    calendar: Calendar,
    not_before: datetime,
) -> Request:
    """What is left of a course as the planner of whole series takes it: `standing` are the visits that have
    their time, `busy` what else the patient has."""
    asked = course_request(
        visits,
        practice.clinic,
        not_before=not_before,
        patient=Patient(busy=tuple(busy)),
        resources=from_slots(calendar.slots),
        published=calendar.published,
    )
    return replace(asked, standing=dict(standing))


def visits_of(record: PatientRecord, plan_id: str) -> Iterator[tuple[str, Booked]]:
    """Every appointment of a plan in the EHR, whatever its status, with the key of its visit."""
    for appointment in sorted(record.appointments, key=lambda a: a.reference, reverse=True):
        for system, value in appointment.identifiers:
            visit = visit_named(value, plan_id) if system == PLAN_STEP_SYSTEM else None
            if visit:
                yield visit, appointment


def _already_booked(record: PatientRecord, plan_id: str) -> dict[str, Fixed]:
    standing = [
        (visit, a.start, Fixed(a.start, a.end, a.slots, a.resources))
        for visit, a in visits_of(record, plan_id)
        if a.start and a.end and a.status not in ("cancelled", "entered-in-error", "noshow")
    ]
    # A visit that was missed and placed again has two: the later one counts.
    later = sorted(standing, key=lambda found: found[1])
    return {visit: fixed for visit, _, fixed in later}


def _with_adjustments(proposed: Draft, timetable: Timetable) -> Draft:
    """INFO SCHEDULE_ADJUSTED when a visit had to move more than two business days (8b)."""
    moved = timetable.adjusted
    if not moved:
        return proposed
    words = "; ".join(f"{p.visit.title} by {abs(p.moved_days)} business days" for p in moved)
    note = rules.finding(
        "SCHEDULE_ADJUSTED", f"Moved from their target: {words}.", [Evidence("", p.why) for p in moved]
    )
    return replace(proposed, findings=(*proposed.findings, note))
