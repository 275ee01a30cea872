"""What can be the matter with a visit or a course, as a table: its name, whose it is, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    NEEDS_CLINICIAN = "needs-clinician"
    CONFLICT = "conflict"
    MISSED = "missed"
    REAUTHORISE = "reauthorise"
    OUT_OF_WINDOW = "out-of-window"
    NOT_BOOKED = "not-booked"
    HELD = "held"
    MEASUREMENT = "measurement"
    UNCONFIRMED = "unconfirmed"
    BOOKED = "booked"


class Owner(StrEnum):
    """Who takes the next step."""

    COORDINATOR = "coordinator"
    CLINICIAN = "clinician"
    NOBODY = "nobody"


class Way(StrEnum):
    """Where the next step is taken: a page of the patient's own launch, the telephone, or nowhere."""

    PLAN = "plan"
    REPLAN = "replan"
    DIFFERENCES = "differences"
    REVIEW = "review"
    SCALES = "scales"
    CALL = "call"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class KindRow:
    """`urgency` 1 is first. `words` explain the kind, `step` is the next step, `call` what a telephone call
    would be about, "" where there is none to make. `tag` is the look of its label."""

    label: str
    owner: Owner
    urgency: int
    words: str
    step: str
    way: Way
    call: str = ""
    tag: str = "open"


KINDS: Mapping[Kind, KindRow] = MappingProxyType(
    {
        Kind.NEEDS_CLINICIAN: KindRow(
            "Needs a clinician",
            Owner.CLINICIAN,
            1,
            "A step of the course waits for somebody who may decide it.",
            "Tell the clinician; open the patient's plan.",
            Way.PLAN,
            tag="block",
        ),
        Kind.CONFLICT: KindRow(
            "EHR conflict",
            Owner.CLINICIAN,
            2,
            "The EHR says something else than what was signed, or two visits take one chair or person.",
            "Open the differences and have them settled.",
            Way.DIFFERENCES,
            tag="block",
        ),
        Kind.MISSED: KindRow(
            "Missed",
            Owner.COORDINATOR,
            3,
            "The visit's time has passed, and nobody noted that the patient came.",
            "Call the patient, then plan the rest again.",
            Way.REPLAN,
            "the missed visit, and a new time",
            "hold",
        ),
        Kind.REAUTHORISE: KindRow(
            "Re-authorisation due",
            Owner.CLINICIAN,
            4,
            "No further dose without a new authorisation.",
            "Have the prescriber review the course.",
            Way.REVIEW,
            tag="hold",
        ),
        Kind.OUT_OF_WINDOW: KindRow(
            "Out of window",
            Owner.COORDINATOR,
            5,
            "The visit stands further from its day than the plan accepts.",
            "Plan it again, or ask a clinician to accept it.",
            Way.REPLAN,
            "another time for the visit",
        ),
        Kind.NOT_BOOKED: KindRow(
            "Not booked",
            Owner.COORDINATOR,
            6,
            "The visit is planned and has no time that stands in the EHR.",
            "Book it in the EHR, or plan the rest again.",
            Way.REPLAN,
            "a time for the visit",
        ),
        Kind.HELD: KindRow(
            "Held",
            Owner.COORDINATOR,
            7,
            "A time is held for the visit and lapses unless it is booked.",
            "Agree on it with the patient, then book it.",
            Way.CALL,
            "whether the held time suits",
        ),
        Kind.MEASUREMENT: KindRow(
            "Measurement overdue",
            Owner.CLINICIAN,
            8,
            "The visit is over, and no scale was taken down in ketplan since.",
            "Have the scale filled in.",
            Way.SCALES,
        ),
        Kind.UNCONFIRMED: KindRow(
            "Unconfirmed",
            Owner.COORDINATOR,
            9,
            "The visit is near, and the patient has not said yes to it in the EHR.",
            "Call the patient to confirm.",
            Way.CALL,
            "whether the patient is coming",
        ),
        Kind.BOOKED: KindRow(
            "Booked",
            Owner.NOBODY,
            10,
            "The visit stands in the EHR at a time the plan accepts.",
            "Nothing to do.",
            Way.NONE,
            tag="met",
        ),
    }
)
TO_DO = tuple(kind for kind in Kind if KINDS[kind].owner is not Owner.NOBODY)
"""What a worklist is about, the most urgent first."""
