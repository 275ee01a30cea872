"""Dates, counts and names as the pages say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.record import SectionState
from ketplan.clinical.rules import RULES
from ketplan.writeback.steps import Outcome

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DASH = "–"
_SHORT_ID = 24

# What each exclusion is called where it was looked for and not found.
EXCLUSIONS: Mapping[str, str] = MappingProxyType(
    {
        "PATIENT_DECEASED": "deceased",
        "AGE_LT_18": "under 18",
        "ALLERGY_KETAMINE": "allergy to ketamine",
        "PREGNANCY": "pregnancy",
        "BREASTFEEDING": "breastfeeding",
        "ANEURYSM_AVM": "aneurysm or arteriovenous malformation",
        "ICH_HISTORY": "intracerebral haemorrhage",
        "BP_CRISIS": "hypertensive crisis",
        "UNSTABLE_CARDIAC": "unstable heart disease",
        "RAISED_ICP": "raised intracranial pressure",
        "PSYCHOSIS_SPECTRUM": "psychosis",
        "MANIA_CURRENT": "current mania",
        "SUD_ACTIVE": "active substance use disorder",
        "DELIRIUM_DEMENTIA": "delirium or dementia",
        "HEPATIC_SEVERE": "severe liver disease",
        "PREECLAMPSIA": "pre-eclampsia",
    }
)
BLOCKS = tuple(id for id, rule in RULES.items() if rule.cls is FindingClass.BLOCK)

SECTION_STATES: Mapping[SectionState, str] = MappingProxyType(
    {
        SectionState.FOUND: "found",
        SectionState.EMPTY: "nothing there",
        SectionState.FORBIDDEN: "not allowed",
        SectionState.FAILED: "failed",
        SectionState.PARTIAL: "only in part",
    }
)
OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.WRITTEN: "written",
        Outcome.ALREADY_THERE: "already there",
        Outcome.UPDATED: "updated",
        Outcome.REPLACED: "stands elsewhere",
        Outcome.REFUSED: "refused",
        Outcome.PENDING: "pending",
    }
)
# The instrument's answers and the intake's say these; a chart says them in codes.
SEX: Mapping[str, str] = MappingProxyType({"F": "female", "M": "male", "UNK": "sex at birth unknown"})
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "CarePlan": "care plan",
        "DocumentReference": "note",
        "Goal": "goal",
        "ServiceRequest": "request",
        "Appointment": "appointment",
        "Provenance": "signature record",
        "QuestionnaireResponse": "answers",
        "Observation": "observation",
        "Procedure": "procedure",
        "MedicationAdministration": "dose given",
        "AdverseEvent": "adverse event",
        "Task": "task to book",
        "Communication": "message",
    }
)


def day(on: date, beside: date | None = None) -> str:
    """ "Mon 2 Mar", with the year where it is another than that of `beside`."""
    year = f" {on.year}" if beside is not None and on.year != beside.year else ""
    return f"{_DAYS[on.weekday()]} {on.day} {_MONTHS[on.month - 1]}{year}"


def full_day(on: date) -> str:
    """ "2 Mar 2026"."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def clock(at: datetime) -> str:
    return f"{at:%H:%M}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """ "2 Mar 2026, 10:31" at the site."""
    local = at.astimezone(zone)
    return f"{full_day(local.date())}, {clock(local)}"


def recorded(when: str) -> str:
    """A date as a fact carries it, as precise as it was recorded: "2 Mar 2026", "Mar 2026" or "2026"."""
    parts = when[:10].split("-")
    if not all(part.isdecimal() for part in parts):
        return when
    numbers = [int(part) for part in parts]
    months = [_MONTHS[numbers[1] - 1]] if len(numbers) > 1 and 1 <= numbers[1] <= 12 else []
    days = [str(numbers[2])] if len(numbers) > 2 else []
    return " ".join([*days, *months, parts[0]])


def span(first: date, last: date) -> str:
    """A window of days: "that day", "3–5 Mar", "30 Mar – 2 Apr"."""
    if first == last:
        return "that day"
    end = f"{last.day} {_MONTHS[last.month - 1]}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{DASH}{end}"
    return f"{first.day} {_MONTHS[first.month - 1]} {DASH} {end}"


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    *most, end = list(words) or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def short(reference: str) -> str:
    """A reference as a link says it: "CarePlan/38cee091…"; short ids stay whole."""
    kind, _, id = reference.partition("/")
    return reference if len(id) <= _SHORT_ID else f"{kind}/{id[:8]}…"


def ago(earlier: datetime, now: datetime) -> str:
    seconds = max(0, int((now - earlier).total_seconds()))
    if seconds < 90:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 5400 else f"{seconds // 3600} h ago"
