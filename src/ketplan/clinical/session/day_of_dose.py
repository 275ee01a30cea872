"""Go or no-go on the day of a dose: facts 8b "Day of dose", with 4.1 and 4.2. Every line must say go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ketplan.clinical.protocols.ketamine import MIN_GAP_HOURS
from ketplan.clinical.session.ladder import SOURCE as LADDER_SOURCE
from ketplan.clinical.session.ladder import Pressure, Rung, before_dose
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Row, Verdict

GO, HOLD, UNKNOWN = Verdict.GO, Verdict.HOLD, Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known in the room before a dose. None is "not asked" or "not recorded", never "no".

    `pressures` are those of this day. `asked_for_pregnancy` says whether this patient is tested at all (8b:
    birth sex F or unknown, 12 to 55); `hcg_on` and `hcg_positive` are the newest test. `planned_weight_kg` is
    the actual weight behind the dose, `weight_kg` today's. Hours count back from now. `pressure_reason` is
    the prescriber's recorded reason to go on with a raised pressure.
    """

    on: date
    route: str
    dose_number: int
    maintenance: bool = False
    age: int | None = None
    pressures: tuple[Pressure, ...] = ()
    pressure_reason: str = ""
    heart_rate: int | None = None
    spo2: int | None = None
    cssrs_change: bool | None = None
    alcohol_24h: bool | None = None
    cannabis_24h: bool | None = None
    hours_since_food: Decimal | None = None
    hours_since_fluid: Decimal | None = None
    uses_nasal_spray: bool | None = None
    hours_since_nasal_spray: Decimal | None = None
    escort: bool | None = None
    asked_for_pregnancy: bool | None = None
    hcg_on: date | None = None
    hcg_positive: bool | None = None
    last_dose_on: date | None = None
    dose_gap_hours: int = MIN_GAP_HOURS
    new_medication: bool | None = None
    febrile: bool | None = None
    new_urinary_symptoms: bool | None = None
    weight_kg: Decimal | None = None
    planned_weight_kg: Decimal | None = None
    consent_reaffirmed: bool | None = None
    antihypertensive_prescribed: bool | None = None
    antihypertensive_taken: bool | None = None
    contraindications_attested: bool | None = None
    rems_confirmed: bool | None = None


_CSSRS = Row(
    "CSSRS_CHANGE",
    "cssrs_change",
    True,
    "C-SSRS has changed since last contact: suicide pathway today, no dose.",
    "C-SSRS since last contact: no change.",
    "C-SSRS since last contact is not answered.",
    "A named licensed clinician's assessment; crisis contact; do not leave the patient alone.",
    "8b",
)
_ROWS: tuple[Row, ...] = (
    Row(
        "NO_ESCORT",
        "escort",
        False,
        "No companion to take the patient home.",
        "A companion is confirmed.",
        "Whether a companion comes is not recorded.",
        "Confirm a companion by name, or book again.",
        "8b [F:SPR19]",
    ),
    Row(
        "NEW_MEDICATION",
        "new_medication",
        True,
        "New medication since the last review.",
        "No new medication.",
        "New medication is not asked.",
        "Check it for interactions before a dose.",
        "8b",
    ),
    Row(
        "FEBRILE_ILLNESS",
        "febrile",
        True,
        "Febrile illness.",
        "No febrile illness.",
        "Febrile illness is not asked.",
        "Book again when well.",
        "8b",
    ),
    Row(
        "URINARY_SYMPTOMS",
        "new_urinary_symptoms",
        True,
        "New urinary symptoms.",
        "No new urinary symptoms.",
        "The questions on passing urine are not answered.",
        "A clinician's judgement; blood in the urine pauses dosing.",
        "8b; 7 [H]",
    ),
    Row(
        "CONSENT_REAFFIRMED",
        "consent_reaffirmed",
        False,
        "Consent is not reaffirmed.",
        "Consent is reaffirmed.",
        "Whether consent is reaffirmed is not recorded.",
        "Ask the patient again, today.",
        "8b [F:ASKP18]",
    ),
    Row(
        "CONTRAINDICATIONS_ATTESTED",
        "contraindications_attested",
        False,
        "The contraindication checklist is not attested.",
        "The contraindication checklist is attested.",
        "The contraindication checklist is not answered.",
        "Go through it and attest it.",
        "8b",
    ),
)
_REMS = Row(
    "REMS_NOT_CONFIRMED",
    "rems_confirmed",
    False,
    "Esketamine: REMS is not confirmed.",
    "Esketamine: site certified, patient enrolled, monitoring form at hand.",
    "Esketamine: REMS is not recorded.",
    "Site certified, patient enrolled, monitoring form per session.",
    "8b [F:SPR19]",
)


def go_no_go(facts: DayFacts, limits: SessionLimits | None = None) -> tuple[Line, ...]:
    """Every line of the list, suicide risk first. `lines.overall` says whether the dose may be given."""
    limits = limits or SessionLimits()
    esketamine = facts.route == "IN"
    return (
        _CSSRS.line(facts),
        _pressure(facts, limits),
        _within("HEART_RATE", facts.heart_rate, limits.lowest_heart_rate, limits.highest_heart_rate),
        _within("SPO2", facts.spo2, limits.lowest_spo2, None),
        _intoxication(facts),
        _fasting(facts, limits),
        _gap(facts),
        _pregnancy(facts, limits),
        _weight(facts, limits),
        _antihypertensive(facts),
        *(row.line(facts) for row in _ROWS),
        *((_nasal_spray(facts, limits), _REMS.line(facts)) if esketamine else ()),
    )


_RUNGS: dict[Rung, tuple[Verdict, str]] = {
    Rung.PROCEED: (GO, "Blood pressure {}: proceed."),
    Rung.REPEAT: (HOLD, "Blood pressure {} is raised: rest {rest} minutes and repeat."),
    Rung.WEIGH: (HOLD, "Blood pressure {} is still raised: the prescriber weighs a delay."),
    Rung.HOLD: (HOLD, "Blood pressure {} is at or above {hold}: hold, treat, book again."),
    Rung.CRISIS: (HOLD, "Blood pressure {} on repeat: urgent medical review."),
    Rung.UNKNOWN: (UNKNOWN, "Blood pressure is not fully measured today."),
}


def _pressure(facts: DayFacts, limits: SessionLimits) -> Line:
    ladder = limits.pressure
    standing = before_dose(facts.pressures, facts.age, ladder)
    verdict, words = _RUNGS[standing.rung]
    hold = f"{ladder.hold_systolic}/{ladder.hold_diastolic}"
    text = words.format(standing.decided or "?", rest=ladder.rest_minutes, hold=hold)
    if standing.rung is Rung.WEIGH and facts.pressure_reason.strip():
        text = f"Blood pressure {standing.decided} is still raised; the prescriber goes on with a reason."
        return Line("BLOOD_PRESSURE", GO, text, LADDER_SOURCE)
    resolves = ""
    if standing.rung is Rung.WEIGH:
        resolves = "The prescriber's reason, recorded, or a later date."
    elif standing.rung is not Rung.PROCEED:
        again = f" from {standing.repeat_from:%H:%M} on" if standing.repeat_from else ""
        resolves = f"Measure again{again}."
    return Line("BLOOD_PRESSURE", verdict, text, LADDER_SOURCE, resolves)


def _within(id: str, value: int | None, low: int, high: int | None) -> Line:
    name = {"HEART_RATE": "Heart rate", "SPO2": "Oxygen saturation"}[id]
    source = "8b [H]" if id == "HEART_RATE" else "8b [F:SPR25]"
    if value is None:
        return Line(id, UNKNOWN, f"{name} is not measured.", source, "Measure it.")
    if value < low or (high is not None and value > high):
        allowed = f"{low} or more" if high is None else f"{low} to {high}"
        return Line(id, HOLD, f"{name} {value} is outside {allowed}.", source, "No dose; find the cause.")
    return Line(id, GO, f"{name} {value}.", source)


def _intoxication(facts: DayFacts) -> Line:
    id, source = "INTOXICATION", "8b"
    answers = {"alcohol": facts.alcohol_24h, "cannabis": facts.cannabis_24h}
    if taken := [name for name, answer in answers.items() if answer]:
        return Line(id, HOLD, f"In the last 24 hours: {', '.join(taken)}.", source, "Book again.")
    if open_ := [name for name, answer in answers.items() if answer is None]:
        return Line(id, UNKNOWN, f"Not asked for 24 hours: {', '.join(open_)}.", source, "Ask.")
    return Line(id, GO, "No alcohol or cannabis in 24 hours.", source)


def _fasting(facts: DayFacts, limits: SessionLimits) -> Line:
    id = "FASTING"
    if facts.route == "IN":
        food, fluid = limits.esketamine_food_hours, limits.esketamine_fluid_hours
        source = "1.3 [F:MAYO]"
    else:
        food, fluid, source = limits.food_hours, limits.fluid_hours, "4.1 [H]"
    rule = f"{food} h without food and {fluid} h without fluids"
    wait = f"Wait until {rule}."
    since = ((facts.hours_since_food, food), (facts.hours_since_fluid, fluid))
    if any(hours is not None and hours < wanted for hours, wanted in since):
        return Line(id, HOLD, f"Not fasted: {rule} are asked.", source, wait)
    if any(hours is None for hours, _ in since):
        return Line(id, UNKNOWN, f"Fasting is not fully recorded: {rule} are asked.", source, "Ask.")
    return Line(id, GO, f"Fasted: {rule}.", source)


def _gap(facts: DayFacts) -> Line:
    """1.1: hours between doses, counted in whole days because a chart dates doses by the day."""
    id, source, wanted = "DOSE_GAP", "1.1 [H]", facts.dose_gap_hours
    if facts.dose_number == 1 and not facts.maintenance and facts.last_dose_on is None:
        return Line(id, GO, "The first dose of the course.", source)
    if facts.last_dose_on is None:
        return Line(id, UNKNOWN, "When the last dose was given is not on file.", source, "Find out.")
    if (facts.on - facts.last_dose_on).days * 24 < wanted:
        return Line(id, HOLD, f"The last dose was fewer than {wanted} h ago.", source, "Book it again.")
    return Line(id, GO, f"The last dose was on {facts.last_dose_on}.", source)


def _nasal_spray(facts: DayFacts, limits: SessionLimits) -> Line:
    id, source, wanted = "NASAL_SPRAY", "1.3 [F:MAYO]", limits.nasal_spray_hours
    if facts.uses_nasal_spray is False:
        return Line(id, GO, "No nasal steroid or decongestant.", source)
    if facts.uses_nasal_spray is None or facts.hours_since_nasal_spray is None:
        return Line(id, UNKNOWN, "Nasal steroid or decongestant: not recorded.", source, "Ask.")
    if facts.hours_since_nasal_spray < wanted:
        return Line(id, HOLD, f"Nasal spray less than {wanted} h ago.", source, f"Wait for {wanted} h.")
    return Line(id, GO, f"Nasal spray at least {wanted} h ago.", source)


def _pregnancy(facts: DayFacts, limits: SessionLimits) -> Line:
    """8b: within 7 days of the first dose, every 28 days in the course, before each maintenance dose."""
    id, source, do = "PREGNANCY_TEST", "8b; intervals [H]", "Test today."
    if facts.asked_for_pregnancy is None:
        return Line(id, UNKNOWN, "Whether this patient is tested is not known.", source, "Sex at birth, age.")
    if not facts.asked_for_pregnancy:
        return Line(id, GO, "No pregnancy test is asked of this patient.", source)
    if facts.hcg_positive:
        return Line(id, HOLD, "Pregnancy test positive: no dose.", source, "Ketamine is not given.")
    if facts.hcg_on is None:
        return Line(id, HOLD, "Pregnancy test due: none on file.", source, do)
    if facts.hcg_positive is None:
        return Line(id, UNKNOWN, "The pregnancy test's result is not known.", source, do)
    oldest = limits.hcg_days_first if facts.dose_number == 1 and not facts.maintenance else limits.hcg_days
    if (facts.on - facts.hcg_on).days > oldest:
        return Line(id, HOLD, f"Pregnancy test due: older than {oldest} days.", source, do)
    if facts.maintenance and facts.last_dose_on is None:
        return Line(id, UNKNOWN, "When the last dose was given is not known.", source, do)
    if facts.maintenance and facts.last_dose_on is not None and facts.hcg_on <= facts.last_dose_on:
        return Line(id, HOLD, "Pregnancy test due: before each maintenance dose.", source, do)
    return Line(id, GO, f"Pregnancy test negative on {facts.hcg_on}.", source)


def _weight(facts: DayFacts, limits: SessionLimits) -> Line:
    id, source, pct = "WEIGHT_CHANGE", "8b [H]", limits.weight_change_pct
    now, before = facts.weight_kg, facts.planned_weight_kg
    if facts.route == "IN":
        return Line(id, GO, "Not dosed by weight.", source)
    if now is None or before is None or before <= 0 or now <= 0:
        return Line(id, UNKNOWN, "The weight cannot be compared with the plan's.", source, "Weigh today.")
    if abs(now - before) * 100 > pct * before:
        text = f"Weight {now} kg differs by more than {pct} % from {before} kg: recompute the dose."
        return Line(id, HOLD, text, source, "Recompute and confirm the dose.")
    return Line(id, GO, f"Weight {now} kg, planned on {before} kg.", source)


def _antihypertensive(facts: DayFacts) -> Line:
    id, source = "ANTIHYPERTENSIVE", "8b"
    if facts.antihypertensive_prescribed is False:
        return Line(id, GO, "No antihypertensive is prescribed.", source)
    if facts.antihypertensive_prescribed is None or facts.antihypertensive_taken is None:
        return Line(id, UNKNOWN, "Whether antihypertensives were taken is not recorded.", source, "Ask.")
    if not facts.antihypertensive_taken:
        return Line(id, HOLD, "Antihypertensive not taken today.", source, "Take it and measure again.")
    return Line(id, GO, "Antihypertensive taken.", source)
