"""What has happened in a course since it was signed, from the chart: what ketplan wrote there, and what
anybody else did (ratings, laboratory, appointments that did not take place)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from ketplan.clinical.instruments.change import Rating
from ketplan.clinical.instruments.on_record import totals
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.clinical.progress.facts import (
    Check,
    CheckKind,
    DoseGiven,
    Event,
    EventKind,
    Happened,
    Lab,
    Missed,
    Urinary,
)
from ketplan.clinical.record import (
    LOINC,
    SNOMED,
    Booked,
    Code,
    Medication,
    MedicationKind,
    Observation,
    PatientRecord,
    Quantity,
    When,
)
from ketplan.clinical.view import USABLE, View, moment_of, number, yes_or_no
from ketplan.fhir import session_codes as codes
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM, visit_named
from ketplan.fhir.survey import OWN_QUESTIONS

SYSTOLIC, DIASTOLIC, SPO2 = "8480-6", "8462-4", ("59408-5", "2708-6")
LABS = {"1742-6": "ALT", "1920-8": "AST"}
PDMP, URINALYSIS = "461621000124108", "24356-8"
URINE_DRUGS = ("19261-7", "19359-9", "19295-5", "14316-4", "19659-2", "18282-4")
_GIVEN = frozenset({"completed", "stopped"})
# Where somebody stands in a calendar who is expected, or was there.
_STANDS = frozenset({"proposed", "pending", "booked", "arrived", "fulfilled", "checked-in", "waitlist"})
_LITRE_UNITS = frozenset({"U/L", "[IU]/L", "IU/L", None})


def happened(record: PatientRecord, plan_id: str, zone: ZoneInfo) -> Happened:
    """Everything on file about the course of `plan_id`; `zone` is the site's.

    Doses are those recorded for a visit of this plan; ratings, events, laboratory and checks are the
    patient's, whoever recorded them and however long ago. What has no date is left out.
    """
    return Happened(
        tuple(_doses(record, plan_id)),
        _ratings(record),
        tuple(_events(record)),
        tuple(_urinary(record)),
        tuple(_labs(record)),
        tuple(_checks(record)),
        tuple(_missed(record, plan_id, zone)),
    )


# --- doses ------------------------------------------------------------------------------------------------


def visit_of(identifiers: Iterable[tuple[str, str]], plan_id: str) -> str | None:
    """The visit of this plan that something was recorded for ("infusion-3")."""
    for system, value in identifiers:
        plan, _, visit = value.rpartition("/")
        if system == codes.PLAN_VISIT_SYSTEM and plan == plan_id and visit:
            return visit
    return None


def _doses(record: PatientRecord, plan_id: str) -> Iterator[DoseGiven]:
    seen = _by_visit(record, plan_id)
    amounts = {visit: drug.amount for visit, drug in _administered(record, plan_id)}
    given = _given(record, plan_id, seen)
    in_order = sorted(given, key=lambda visit: (moment_of(given[visit][0]), visit))
    for place, visit in enumerate(in_order, 1):
        amount = amounts.get(visit)
        mg = amount.value if amount and amount.unit == "mg" else None
        yield _dose(place, visit, given[visit], seen.get(visit, []), mg)


def _given(
    record: PatientRecord, plan_id: str, seen: dict[str, list[Observation]]
) -> dict[str, tuple[When, str]]:
    """Visits at which a dose was given: a procedure, an administration or a size of it says so."""
    told = [
        (visit, p.when, p.reference)
        for p in record.procedures
        if (visit := visit_of(p.identifiers, plan_id)) and p.status in _GIVEN
    ]
    told += [(visit, d.start, d.reference) for visit, d in _administered(record, plan_id)]
    told += [
        (visit, o.when, o.reference)
        for visit, several in seen.items()
        for o in several
        if _is_ours(o, codes.DOSE_MG)
    ]
    given: dict[str, tuple[When, str]] = {}
    for visit, when, reference in told:
        if when:
            given.setdefault(visit, (when, reference))
    return given


def _administered(record: PatientRecord, plan_id: str) -> Iterator[tuple[str, Medication]]:
    for drug in record.medications:
        visit = visit_of(drug.identifiers, plan_id)
        if visit and drug.kind is MedicationKind.ADMINISTRATION and drug.status in _GIVEN:
            yield visit, drug


def _by_visit(record: PatientRecord, plan_id: str) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for observation in record.observations:
        if observation.identifiers and observation.status in USABLE:
            visit = visit_of(observation.identifiers, plan_id)
            if visit:
                found.setdefault(visit, []).append(observation)
    return found


def _dose(
    place: int, visit: str, given: tuple[When, str], observed: list[Observation], mg: Decimal | None
) -> DoseGiven:
    """Doses are counted as they were given: a visit without one does not count."""
    when, reference = given
    sized = [o for o in observed if _is_ours(o, codes.DOSE_MG)]
    start = next((o.when for o in sized if o.when), when)
    during = [o for o in observed if not _is_before(o, start)]
    return DoseGiven(
        place,
        start.earliest,
        _measured(observed, codes.DOSE_MG_PER_KG),
        _measured(observed, codes.DOSE_MG) or mg,
        max(_values(during, SYSTOLIC), default=None),
        max(_values(during, DIASTOLIC), default=None),
        min(_values(during, *SPO2), default=None),
        _said(observed, codes.DISTRESSING),
        _said(observed, codes.VOMITING),
        _said(observed, codes.VOMITING_DESPITE),
        _said(observed, codes.NEW_IDEATION),
        visit.startswith("maintenance"),
        reference,
    )


def _is_before(observed: Observation, start: When) -> bool:
    """Known to have been measured before the dose began."""
    at, begun = observed.when and observed.when.instant, start.instant
    return bool(at and begun and at < begun)


def _is_ours(observed: Observation, code: str) -> bool:
    return observed.has(codes.SESSION_MEASURE, (code,))


def _measured(observed: list[Observation], code: str) -> Decimal | None:
    found = [number(o) for o in observed if _is_ours(o, code)]
    return next((value for value in found if value is not None), None)


def _values(observed: list[Observation], *loinc: str) -> list[int]:
    return [int(value) for o in observed if o.has(LOINC, loinc) and (value := number(o)) is not None]


def _said(observed: list[Observation], code: str) -> bool | None:
    """True outweighs False: one symptom of a session is enough."""
    answers = [yes_or_no(o) for o in observed if _is_ours(o, code)]
    if True in answers:
        return True
    return False if False in answers else None


# --- what anybody recorded --------------------------------------------------------------------------------


def _ratings(record: PatientRecord) -> tuple[Rating, ...]:
    view = View(record, date.max, date.max)
    return tuple(rating for row in INSTRUMENTS for rating in totals(view, row))


def _events(record: PatientRecord) -> Iterator[Event]:
    for event in record.adverse_events:
        if event.actual and event.when:
            kinds = [codes.KINDS[c.code] for c in event.codes if _is_kind(c)]
            yield Event(next(iter(kinds), EventKind.OTHER), event.when.earliest, event.label, event.reference)


def _is_kind(code: Code) -> bool:
    return code.system == codes.ADVERSE_EVENT_KIND and code.code in codes.KINDS


def _urinary(record: PatientRecord) -> Iterator[Urinary]:
    """The four questions, one Urinary per filled-in form."""
    forms: dict[str, dict[str, bool | None]] = {}
    days: dict[str, date] = {}
    for o in record.observations:
        asked = next((c.code for c in o.codes if c.system == OWN_QUESTIONS), None)
        if asked and asked.startswith("luts-") and o.when and o.status in USABLE:
            forms.setdefault(o.reference, {})[asked.removeprefix("luts-")] = yes_or_no(o)
            days[o.reference] = o.when.earliest
    for reference, answers in forms.items():
        told = {name: answers.get(name) for name in ("often", "urgent", "pain", "blood")}
        yield Urinary(days[reference], **told, reference=reference)


def _labs(record: PatientRecord) -> Iterator[Lab]:
    for o in record.observations:
        test = next((LABS[c.code] for c in o.codes if c.system == LOINC and c.code in LABS), None)
        if test and o.when and o.status in USABLE and _in_litres(o):
            yield Lab(test, o.when.earliest, number(o), o.range_high, o.reference)


def _in_litres(observed: Observation) -> bool:
    value = observed.value
    return not isinstance(value, Quantity) or value.unit in _LITRE_UNITS


def _checks(record: PatientRecord) -> Iterator[Check]:
    for p in record.procedures:
        if p.when and p.status in ("completed", None):
            if p.has(SNOMED, (PDMP,)):
                yield Check(CheckKind.PRESCRIPTIONS, p.when.earliest, p.reference)
            if p.has(LOINC, (URINALYSIS,)):
                yield Check(CheckKind.URINALYSIS, p.when.earliest, p.reference)
    for o in record.observations:
        if o.when and o.status in USABLE:
            if o.has(LOINC, URINE_DRUGS) and o.value is not None:
                yield Check(CheckKind.URINE_DRUGS, o.when.earliest, o.reference)
            if Code(LOINC, URINALYSIS) in {Code(c.system, c.code) for c in (*o.codes, *o.panel)}:
                yield Check(CheckKind.URINALYSIS, o.when.earliest, o.reference)


# --- visits that did not take place -----------------------------------------------------------------------


def _missed(record: PatientRecord, plan_id: str, zone: ZoneInfo) -> Iterator[Missed]:
    """Visits of the plan that nobody came to or that were cancelled, unless one of the same key stands or
    its dose is on file."""
    booked = [(key, a) for a in record.appointments if (key := _key_of(a, plan_id))]
    settled = {key for key, a in booked if a.status in _STANDS}
    settled |= _given(record, plan_id, _by_visit(record, plan_id)).keys()
    for key, appointment in booked:
        if appointment.status in ("noshow", "cancelled") and appointment.start and key not in settled:
            on = appointment.start.astimezone(zone).date()
            yield Missed(key, appointment.description or key, on)


def _key_of(appointment: Booked, plan_id: str) -> str | None:
    named = (value for system, value in appointment.identifiers if system == PLAN_STEP_SYSTEM)
    return next((visit for value in named if (visit := visit_named(value, plan_id))), None)


def dosed_visits(record: PatientRecord, plan_id: str) -> frozenset[str]:
    """The visits of a plan at which a dose was given."""
    return frozenset(_given(record, plan_id, _by_visit(record, plan_id)))
