"""What is asked and measured on the day of a dose, as tables, and how what was typed is understood.

Limits of plausibility are house defaults [H]: they catch a slip of the finger, they judge nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.session.during import Symptom

Typed = Mapping[str, str]
LONGEST_WORDS = 1000
# Nothing that is asked here lies further back.
OLDEST = timedelta(days=60)
# A clock in the room may run ahead of ours.
AHEAD = timedelta(minutes=2)


class Kind(StrEnum):
    YES_NO = "yes or no"
    WHOLE = "a whole number"
    DECIMAL = "a number"
    MOMENT = "a day and time"
    DAY = "a day"
    CHOICE = "one of several"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing asked. `low` and `high` bound a number, `choices` are (value, words); `routes` narrows it to
    those, `heading` begins a new group of the form."""

    name: str
    words: str
    kind: Kind
    unit: str = ""
    low: int = 0
    high: int = 0
    choices: tuple[tuple[str, str], ...] = ()
    routes: tuple[str, ...] = ()
    heading: str = ""
    help: str = ""

    def asked_by(self, route: str) -> bool:
        return not self.routes or route in self.routes


YES, WHOLE, DECIMAL, MOMENT = Kind.YES_NO, Kind.WHOLE, Kind.DECIMAL, Kind.MOMENT
_NEG_POS = (("negative", "negative"), ("positive", "positive"))

PRESSURE = (
    Field("at", "Measured at", MOMENT),
    Field("systolic", "Systolic", WHOLE, "mmHg", 40, 300),
    Field("diastolic", "Diastolic", WHOLE, "mmHg", 20, 200),
)
_SIGNS = (
    Field("heart_rate", "Heart rate", WHOLE, "/min", 20, 250),
    Field("spo2", "Oxygen saturation", WHOLE, "%", 50, 100),
)
BEFORE = (
    Field("cssrs_change", "C-SSRS since last contact: any change", YES, heading="Suicide risk"),
    replace(_SIGNS[0], heading="Measured"),
    *_SIGNS[1:],
    Field("weight_kg", "Weight today", DECIMAL, "kg", 30, 300),
    Field("cadss6_before", "CADSS-6 total", WHOLE, "", 0, 24),
    Field("cadss_before", "CADSS total", WHOLE, "", 0, 92, help="One of the two scales will do."),
    Field("escort", "A companion who takes the patient home is confirmed", YES, heading="Today"),
    Field("escort_name", "Companion's name and telephone", Kind.WORDS),
    Field("last_food", "Last solid food", MOMENT),
    Field("last_fluid", "Last clear fluid", MOMENT),
    Field("alcohol_24h", "Alcohol in the last 24 hours", YES),
    Field("cannabis_24h", "Cannabis in the last 24 hours", YES),
    Field("new_medication", "New medication since the last review", YES),
    Field("febrile", "Febrile illness", YES),
    Field("new_urinary_symptoms", "New urinary symptoms", YES),
    Field("nausea_before", "Nausea now", YES),
    Field("antihypertensive_prescribed", "An antihypertensive is prescribed", YES),
    Field("antihypertensive_taken", "Antihypertensive taken today", YES),
    Field("hcg_on", "Newest pregnancy test", Kind.DAY, help="Where it is newer than the chart's."),
    Field("hcg_result", "Its result", Kind.CHOICE, choices=_NEG_POS),
    Field("uses_nasal_spray", "Uses a nasal steroid or decongestant", YES, routes=("IN",)),
    Field("last_nasal_spray", "Last nasal spray", MOMENT, routes=("IN",)),
    Field("consent_reaffirmed", "Consent reaffirmed today", YES, heading="Attested"),
    Field("contraindications_attested", "Contraindication checklist gone through", YES),
    Field(
        "rems_confirmed",
        "REMS: site certified, patient enrolled, monitoring form at hand",
        YES,
        routes=("IN",),
    ),
)
GIVEN, STOPPED, NOT_GIVEN = "given", "stopped", "not-given"
DOSE = (
    Field(
        "outcome",
        "What became of the dose",
        Kind.CHOICE,
        choices=((GIVEN, "given in full"), (STOPPED, "stopped early"), (NOT_GIVEN, "not given")),
        heading="Dose",
    ),
    Field("started", "Started", MOMENT),
    Field("ended", "Ended", MOMENT, help="End of the infusion, or the last spray."),
    Field("mg", "Dose given", DECIMAL, "mg", 1, 500),
    Field("why", "Why stopped, not given, or not the planned dose", Kind.WORDS),
    Field("interventions", "Interventions, with times", Kind.WORDS),
    Field("rescue", "Rescue medicine: what, how much, when", Kind.WORDS),
    Field("cadss6_during", "CADSS-6 total", WHOLE, "", 0, 24, heading="How it is borne"),
    Field("cadss_during", "CADSS total", WHOLE, "", 0, 92),
    Field("distressing", "Dissociation that distresses", YES),
    Field("nausea", "Nausea", YES),
    Field("vomiting", "Vomiting", YES),
    Field("vomiting_despite", "Vomiting in spite of an antiemetic", YES),
)
SET = (
    *PRESSURE,
    *_SIGNS,
    Field("moaas", "MOAA/S", WHOLE, "0 to 5", 0, 5, help="5 awake, 0 does not stir."),
)
# Whether the symptoms were asked at all is an answer of its own.
SYMPTOMS = tuple((symptom.name.lower(), symptom) for symptom in Symptom)
NO_SYMPTOM = "none"
LEAVING = (
    Field("cssrs_new_risk", "C-SSRS since last contact: new risk", YES, heading="Suicide risk"),
    Field("cadss6_leaving", "CADSS-6 total", WHOLE, "", 0, 24, heading="Recovery"),
    Field("cadss_leaving", "CADSS total", WHOLE, "", 0, 92),
    Field("padss", "PADSS total", WHOLE, "", 0, 10),
    Field("aldrete", "Modified Aldrete total", WHOLE, "", 0, 10, help="One of the two scores will do."),
    Field("on_air", "Breathes room air", YES),
    Field("walks_unaided", "Walks unaided", YES),
    Field("uncontrolled_vomiting", "Vomiting that is not controlled", YES),
    Field("escort_present", "The companion is there", YES, heading="Going home"),
    Field("instructed", "Told not to drive or decide until the next day, after restful sleep", YES),
    Field("left", "Left at", MOMENT),
    Field("left_why", "Why, if somebody leaves although a line is not met", Kind.WORDS),
)


@dataclass(frozen=True, slots=True)
class Read:
    """What was understood, and a sentence for each field that was not; what is left open is in neither."""

    values: Mapping[str, Any]
    problems: Mapping[str, str]


def read(fields: Iterable[Field], typed: Typed, zone: ZoneInfo, now: datetime) -> Read:
    """The typed fields as yes/no, int, Decimal, date, text, or aware datetime (wall time of `zone`)."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in fields:
        text = typed.get(field.name, "").strip()
        if text:
            try:
                values[field.name] = _understood(field, text, zone, now)
            except ValueError as problem:
                problems[field.name] = str(problem)
    return Read(values, problems)


def _understood(field: Field, text: str, zone: ZoneInfo, now: datetime) -> Any:
    """Raises ValueError with what is wanted."""
    match field.kind:
        case Kind.YES_NO:
            return _one_of(text, {"yes": True, "no": False})
        case Kind.CHOICE:
            return _one_of(text, {value: value for value, _ in field.choices})
        case Kind.WHOLE | Kind.DECIMAL:
            return _number(field, text)
        case Kind.MOMENT:
            return _moment(text, zone, now)
        case Kind.DAY:
            return _day(text, now.astimezone(zone).date())
        case Kind.WORDS:
            if len(text) > LONGEST_WORDS:
                raise ValueError(f"At most {LONGEST_WORDS} characters.")
            return text


def _one_of(text: str, known: Mapping[str, Any]) -> Any:
    if text not in known:
        raise ValueError("Choose one of the answers.")
    return known[text]


def _number(field: Field, text: str) -> int | Decimal:
    wanted = f"Give {field.kind} from {field.low} to {field.high}."
    if not text.isascii() or len(text) > 9:
        raise ValueError(wanted)
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ValueError(wanted) from None
    whole = field.kind is Kind.WHOLE
    if not value.is_finite() or not field.low <= value <= field.high or (whole and value != int(value)):
        raise ValueError(wanted)
    return int(value) if whole else value


def _moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("Give day and time, such as 2026-03-02T08:30.") from None
    local = told.replace(tzinfo=zone) if told.tzinfo is None else told.astimezone(zone)
    # A fixed offset, so that minutes stay right in the night the clocks go back.
    at = local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))
    _within(at, now)
    return at


def _day(text: str, today: date) -> date:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise ValueError("Give the day as year-month-day, such as 2026-03-02.") from None
    if not today - OLDEST <= on <= today:
        raise ValueError("This day is in the future or too long ago.")
    return on


def _within(at: datetime, now: datetime) -> None:
    if at > now + AHEAD:
        raise ValueError("This time is still to come.")
    if at < now - OLDEST:
        raise ValueError("This time is too long ago.")


def read_symptoms(ticked: Iterable[str]) -> tuple[frozenset[Symptom] | None, str]:
    """The ticked symptoms, and what is wrong with them: None as long as nobody has asked."""
    said = set(ticked)
    known = dict(SYMPTOMS)
    found = frozenset(known[name] for name in said if name in known)
    if NO_SYMPTOM in said and found:
        return found, "None of them, or those that are ticked: not both."
    return (found if said else None), ""
