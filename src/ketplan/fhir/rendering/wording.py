"""The sentences that plan, requests, visits and narrative share. No clinical number is set here."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from ketplan.clinical.findings import Finding
from ketplan.clinical.plan import Clinician, KetamineCourse, SessionMonitoring, VisitKind
from ketplan.fhir.rendering.authoring import number
from ketplan.fhir.rendering.course import Course
from ketplan.scheduling.timetable import Placed

OFF_LABEL = (
    "Off-label use: no ketamine product is approved for an anxiety disorder, obsessive-compulsive disorder "
    "or posttraumatic stress disorder."
)
NOT_AN_ORDER = "This is a plan, not an order: a prescriber orders the drug in the EHR."
DOSE_OPEN = "The dose in milligrams is to be set when the patient has been weighed."
TRUTH = (
    "Where the truth is: the Appointments linked to this plan hold the current times. Where one of them "
    "differs from this table, the Appointment counts. Signed decisions stand in this plan and its Provenance."
)
MODALITY = {
    VisitKind.INFUSION: "ketamine",
    VisitKind.CBT: "cognitive behavioural therapy",
    VisitKind.FOLLOW_UP: "follow-up",
}
_UNITS = {VisitKind.INFUSION: "dosing visit", VisitKind.CBT: "session", VisitKind.FOLLOW_UP: "follow-up"}
_ROUTES = {
    "IV": "intravenous infusion",
    "IN": "intranasal",
    "SC": "subcutaneous injection",
    "PO": "by mouth",
    "SL": "under the tongue",
}
_ID_TOKEN = "id_token"


def day(on: date) -> str:
    return f"{on:%a} {on.day} {on:%b %Y}"


def clock(placed: Placed) -> str:
    return f"{placed.start:%H:%M}-{placed.end:%H:%M}"


def stamp(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local)} {local:%H:%M} ({zone})"


def counted(number: int, kind: VisitKind) -> str:
    return f"{number} {_UNITS[kind]}{'' if number == 1 else 's'}"


def title(course: Course) -> str:
    """The plan's name; it tells no result and no diagnosis, because lists and portals show it."""
    parts = {VisitKind.INFUSION: "ketamine", VisitKind.CBT: "CBT"}
    named = " and ".join(words for kind, words in parts.items() if kind in course.kinds) or "Follow-up"
    return f"{named[0].upper()}{named[1:]} treatment plan"


def summary(course: Course) -> str:
    first, last = course.span
    amounts = ", ".join(counted(len(course.of_kind(kind)), kind) for kind in course.kinds)
    return f"{amounts}; {day(first)} to {day(last)}."


def treatment(ketamine: KetamineCourse) -> str:
    """Product, route and first dose rate in one phrase, off-label said."""
    how = _ROUTES.get(ketamine.route or "", ketamine.route or "")
    rate = f"{number(ketamine.mg_per_kg)} mg/kg" if ketamine.mg_per_kg is not None else ""
    over = f"over {ketamine.minutes} min" if ketamine.minutes else ""
    parts = (ketamine.product or "ketamine", how, f"{rate} {over}".strip(), "off-label")
    return ", ".join(part for part in parts if part)


def dose(ketamine: KetamineCourse) -> list[str]:
    """The first dose with its arithmetic and its limits, a sentence each."""
    said = [f"First dose {ketamine.dose_mg} mg." if ketamine.dose_mg is not None else DOSE_OPEN]
    if ketamine.arithmetic:
        said.append(sentence(f"Arithmetic: {ketamine.arithmetic}"))
    if ketamine.dosing_weight_kg is not None:
        basis = f" ({ketamine.dosing_weight_basis})" if ketamine.dosing_weight_basis else ""
        said.append(f"Dosing weight {number(ketamine.dosing_weight_kg)} kg{basis}.")
    if ketamine.ceiling_mg_per_kg is not None:
        said.append(f"Ceiling of this plan: {number(ketamine.ceiling_mg_per_kg)} mg/kg.")
    if ketamine.provisional:
        said.append("Provisional: the weight behind this dose must be confirmed before the first dose.")
    return said


def monitoring(watch: SessionMonitoring) -> list[str]:
    times = ", ".join(map(str, watch.vitals_minutes))
    return [
        f"Vital signs at minutes {times} from the start." if times else "",
        f"Observation for at least {watch.minimum_observation_minutes} minutes from the start.",
        f"At every dosing visit: {', '.join(watch.instruments)}." if watch.instruments else "",
        "An adult escort takes the patient home." if watch.escort_required else "",
        f"No driving until: {watch.no_driving_until}." if watch.no_driving_until else "",
    ]


def sentence(words: str) -> str:
    """The words with a full stop, so that another sentence can follow."""
    return words if words.endswith((".", "!", "?")) else f"{words}."


def finding(found: Finding) -> str:
    return sentence(f"{found.cls.value} {found.id}: {found.text}")


def signature(course: Course) -> str:
    """Who signed, when, and how we know who it was."""
    if course.clinician is None:
        return "Proposed by ketplan. Nobody has signed it."
    return (
        f"Signed by {name(course.clinician)} on {stamp(course.at, course.timetable.zone)}; "
        f"{assertion(course.clinician)}."
    )


def name(clinician: Clinician) -> str:
    return f"{clinician.name} ({clinician.reference})" if clinician.name else clinician.reference


def assertion(clinician: Clinician) -> str:
    if clinician.asserted_by == _ID_TOKEN:
        return "identity confirmed by the EHR's sign-in"
    return f"identity asserted on the {clinician.asserted_by}, not confirmed by the EHR's sign-in"


def state(course: Course, placed: Placed) -> str:
    """What the visit's Appointment will be: only a signed plan takes the EHR's slots."""
    return "booked" if course.clinician and placed.slots else "proposed"
