"""What every resource ketplan writes is made of: status codes as enums, codings, references, clean text.

Codes are those of protocol facts section 6. One differs on purpose: in HL7's own code system, R4 4.0.1 and
UTG alike, service category 22 is "Mental Health" and 36 is a crisis line.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.record import SNOMED
from ketplan.errors import KetplanError
from ketplan.fhir.datatypes import BASE, Json

PLAN_SYSTEM = f"{BASE}/sid/plan"
PLAN_STEP_SYSTEM = f"{BASE}/sid/plan-step"
CARE_PLAN_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
PARTICIPANT_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_STEP = "step:"
_APPOINTMENT = "appointment-"
_VISIT_STEP = re.compile(rf"{_APPOINTMENT}(?P<visit>.+?)(?:\.r[0-9]+)?")

# A reference within the EHR. Ids there may be longer than FHIR's 64 characters (Epic's are).
RELATIVE_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9._-]{1,255}")
# Control characters, lone surrogates, what XML forbids, and marks that reverse the reading direction.
_UNWANTED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")


class RequestStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    REVOKED = "revoked"
    COMPLETED = "completed"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


class Intent(StrEnum):
    """The intents ketplan may write: it plans, it never orders."""

    PROPOSAL = "proposal"
    PLAN = "plan"


class AppointmentStatus(StrEnum):
    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    CHECKED_IN = "checked-in"
    WAITLIST = "waitlist"


class ParticipationStatus(StrEnum):
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    NEEDS_ACTION = "needs-action"


class ParticipantRequired(StrEnum):
    REQUIRED = "required"
    OPTIONAL = "optional"
    INFORMATION_ONLY = "information-only"


class GoalStatus(StrEnum):
    PROPOSED = "proposed"
    PLANNED = "planned"
    ACCEPTED = "accepted"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    REJECTED = "rejected"


def coding(system: str, code: str, display: str) -> Json:
    return {"system": system, "code": code, "display": display}


CARE_PLAN = coding(SNOMED, "734163000", "Care plan")
IV_INFUSION = coding(SNOMED, "14152002", "Intravenous infusion")
CBT = coding(SNOMED, "228557008", "Cognitive and behavioral therapy")
FOLLOW_UP_VISIT = coding(SNOMED, "185389009", "Follow-up visit")
TELEPHONE_FOLLOW_UP = coding(SNOMED, "386473003", "Telephone follow-up")
ASSESS_PLAN = coding(CARE_PLAN_CATEGORY, "assess-plan", "Assessment and Plan of Treatment")
MENTAL_HEALTH = coding("http://terminology.hl7.org/CodeSystem/service-category", "22", "Mental Health")
PSYCHIATRY = coding(
    "http://terminology.hl7.org/CodeSystem/service-type", "141", "Psychiatry (Requires Referral)"
)
PSYCHOLOGY = coding("http://terminology.hl7.org/CodeSystem/service-type", "142", "Psychology")
ROUTINE = coding(
    "http://terminology.hl7.org/CodeSystem/v2-0276", "ROUTINE", "Routine appointment - default if not valued"
)
FOLLOW_UP = coding(
    "http://terminology.hl7.org/CodeSystem/v2-0276",
    "FOLLOWUP",
    "A follow up visit from a previous appointment",
)
BEHAVIORAL = coding("http://terminology.hl7.org/CodeSystem/goal-category", "behavioral", "Behavioral")


def concept(*codings: Json, text: str = "") -> Json:
    return {"coding": list(codings), "text": text}


def reference(target: str, display: str = "") -> Json:
    return {"reference": target, "display": display}


def references(targets: tuple[str, ...]) -> list[Json]:
    """Each different target that is a plain "Type/id"; anything else means nothing outside its Bundle."""
    return [reference(t) for t in dict.fromkeys(targets) if RELATIVE_REFERENCE.fullmatch(t)]


def placeholder(key: str) -> str:
    """The reference to what the step `key` will create, until that has an id."""
    return f"{_STEP}{key}"


def awaited(target: str) -> str | None:
    """The key of the step a placeholder stands for; None for any other reference."""
    return target.removeprefix(_STEP) if target.startswith(_STEP) else None


def step_identifier(plan_id: str, key: str) -> Json:
    """The business identifier of what a step creates: the same again whenever the step is repeated."""
    return {"system": PLAN_STEP_SYSTEM, "value": f"{plan_id}/{key}"}


def visit_step(visit: str, revision: int = 0) -> str:
    """The key of the step that writes a visit's Appointment; one made by a later revision of the plan has a
    name of its own, since the one before stays in the chart."""
    return f"{_APPOINTMENT}{visit}" + (f".r{revision}" if revision else "")


def visit_of_step(key: str) -> str | None:
    """The visit whose Appointment the step `key` writes, whichever revision made it; None for other steps."""
    found = _VISIT_STEP.fullmatch(key)
    return found["visit"] if found else None


def visit_named(identifier: str, plan_id: str) -> str | None:
    """The visit of a plan that an Appointment with this identifier is for."""
    plan, _, key = identifier.partition("/")
    return visit_of_step(key) if plan == plan_id else None


def moment(at: datetime, zone: str) -> str:
    """An instant as FHIR writes it, with the offset that `zone` has at that time."""
    if at.tzinfo is None:
        raise KetplanError("A time without a zone cannot be written.")
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def annotation(author: str, at: datetime, zone: str, words: str) -> Json:
    """A note by `author`, a reference or a name. R4 lets a Practitioner sign it, not a PractitionerRole."""
    shape = RELATIVE_REFERENCE.fullmatch(author)
    known = shape is not None and shape[1] == "Practitioner"
    who: Json = {"authorReference": {"reference": author}} if known else {"authorString": author}
    return {**who, "time": moment(at, zone), "text": words}


def number(value: Decimal) -> str:
    return format(value, "f")


def clean(words: str) -> str:
    """Text as it may stand in a resource: no control characters, no direction marks, single spaces."""
    lines = (" ".join(line.split()) for line in _UNWANTED.sub(" ", words).split("\n"))
    return "\n".join(lines).strip()


def tidy(value: Any) -> Any:
    """A resource without empty elements, its words cleaned: FHIR forbids "", [], {} and null.

    The narrative stays as it is: whoever made it has cleaned and escaped it.
    """
    if isinstance(value, dict):
        kept = {key: item if key == "div" else tidy(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ("", None, [], {})}
    if isinstance(value, list):
        return [item for item in map(tidy, value) if item not in ("", None, [], {})]
    return clean(value) if isinstance(value, str) else value
