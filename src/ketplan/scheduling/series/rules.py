"""Every rule a series of visits is planned by, hard or soft, and what each of them weighs: the one table.

A hard rule is never broken. Some may be given up by a person who says why: those have a price, and are
offered in order of it when nothing else helps. A soft rule may be broken by the planner, at its weight, and
whoever breaks it says so. All weights are house defaults; only their order has a clinical meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Rule(StrEnum):
    PAST = "past"
    ABSOLUTE = "absolute"
    CLOSED = "closed"
    HOURS = "hours"
    AWAY = "away"
    ESCORT = "escort"
    BUSY = "busy"
    STAFF = "staff"
    DOSE_GAP = "dose_gap"
    DOSE_LAPSE = "dose_lapse"
    REST = "rest"
    ORDER = "order"
    CALL = "call"
    BEFORE_DOSE = "before_dose"
    AFTER_DOSES = "after_doses"
    ONE_BODY = "one_body"
    ONE_PERSON = "one_person"
    ACCEPTABLE = "acceptable"
    PREFERRED = "preferred"
    TARGET = "target"
    CLOCK = "clock"
    WISH = "wish"
    CBT_AFTER_DOSE = "cbt_after_dose"
    SAME_THERAPIST = "same_therapist"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Term:
    """`weight` is a soft rule's cost (None: hard) per `unit`; `price` what giving up a hard rule costs, None
    where nobody may; `words` say the rule as it stands, `offer` how it could be given up."""

    words: str
    weight: int | None = None
    unit: str = "visit"
    price: int | None = None
    offer: str = ""


TABLE: Mapping[Rule, Term] = MappingProxyType(
    {
        # Hard, and nobody's to give up.
        Rule.PAST: Term("nothing is placed in the past"),
        Rule.DOSE_GAP: Term("doses are kept apart"),
        Rule.REST: Term("CBT is never on the day of a dose, nor sooner after it than the clinic allows"),
        Rule.ORDER: Term("sessions keep their order, at most one a day"),
        Rule.CALL: Term("the call is made the day after the dose"),
        Rule.BEFORE_DOSE: Term("the check comes before its dose"),
        Rule.AFTER_DOSES: Term("the review comes after the last dose"),
        Rule.ONE_BODY: Term("the patient is in one place at a time"),
        # Hard, unless a person gives them up, the cheapest first.
        Rule.BUSY: Term("the patient has other appointments", price=200, offer="move the other appointment"),
        Rule.AWAY: Term("the patient is away", price=300, offer="ask the patient to come while away"),
        Rule.ESCORT: Term("an escort is needed", price=400, offer="find an escort for another day"),
        Rule.ABSOLUTE: Term("the last acceptable dates", price=500, offer="go beyond the window"),
        Rule.DOSE_LAPSE: Term(
            "doses do not lie too far apart", price=700, offer="accept a longer gap between the doses"
        ),
        Rule.ONE_PERSON: Term("one therapist throughout", price=800, offer="accept another therapist"),
        Rule.STAFF: Term("nobody free", price=1000, offer="make staff or a chair available"),
        Rule.HOURS: Term("clinic hours", price=1500, offer="open outside clinic hours"),
        Rule.CLOSED: Term("closed days", price=2000, offer="open on a closed day"),
        # Soft.
        Rule.CLOCK: Term("near the usual clock time", 1, "quarter hour"),
        Rule.TARGET: Term("near its target", 10, "day"),
        Rule.WISH: Term("as the patient likes it", 15),
        Rule.PREFERRED: Term("inside the preferred dates", 40),
        Rule.SAME_THERAPIST: Term("the same therapist throughout", 60),
        Rule.BOOKED: Term("left where it is booked", 100),
        Rule.CONFIRMED: Term("left where the patient has confirmed it", 250),
        Rule.CBT_AFTER_DOSE: Term("a session in the window after each dose", 300),
        Rule.ACCEPTABLE: Term("inside the acceptable dates", 400),
        Rule.LEFT_OUT: Term("every visit has its time", 1_000_000),
    }
)


def weight(rule: Rule) -> int:
    """A soft rule's cost per unit."""
    found = TABLE[rule].weight
    assert found is not None, rule
    return found
