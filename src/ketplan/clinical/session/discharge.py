"""Leaving after a dose: facts 4.3 and 8b. All lines are required; a score of either scale will do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketplan.clinical.session.during import Vitals, falling, observed_until
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Row, Verdict

GO, HOLD, UNKNOWN = Verdict.GO, Verdict.HOLD, Verdict.UNKNOWN
AWAKE = 5
INSTRUCTION = "No driving, machinery or legal decisions until the next day, after restful sleep."  # [F:SPR19]


@dataclass(frozen=True, slots=True)
class LeavingFacts:
    """What is known when the patient wants to leave. `minute` is now, `end_minute` the end of the infusion
    or of the last spray, both from the start. `vitals` are all sets of the session. Scores are totals."""

    route: str
    minute: int
    end_minute: int | None = None
    vitals: tuple[Vitals, ...] = ()
    cadss6: int | None = None
    cadss6_before: int | None = None
    cadss: int | None = None
    cadss_before: int | None = None
    padss: int | None = None
    aldrete: int | None = None
    on_air: bool | None = None
    walks_unaided: bool | None = None
    uncontrolled_vomiting: bool | None = None
    cssrs_new_risk: bool | None = None
    escort_present: bool | None = None

    @property
    def last(self) -> Vitals:
        return max(self.vitals, key=lambda v: v.minute, default=Vitals(0))


_CSSRS = Row(
    "CSSRS_DISCHARGE",
    "cssrs_new_risk",
    True,
    "C-SSRS shows new risk: suicide pathway now.",
    "C-SSRS since last contact: no new risk.",
    "C-SSRS at discharge is not answered.",
    "A named licensed clinician's assessment; do not leave the patient alone.",
    "4.3, 8b",
)
_ROWS = (
    Row(
        "WALKS_UNAIDED",
        "walks_unaided",
        False,
        "Does not walk unaided.",
        "Walks unaided.",
        "Walking is not checked.",
        "Wait and check again.",
        "4.3",
    ),
    Row(
        "VOMITING",
        "uncontrolled_vomiting",
        True,
        "Vomiting is not controlled.",
        "No uncontrolled vomiting.",
        "Vomiting is not recorded.",
        "Treat and wait.",
        "4.3",
    ),
    Row(
        "ESCORT_PRESENT",
        "escort_present",
        False,
        "The companion is not there.",
        "The companion is there.",
        "Whether the companion is there is not recorded.",
        "Wait for the companion.",
        "4.3 [F:SPR19]",
    ),
)


def discharge(facts: LeavingFacts, limits: SessionLimits | None = None) -> tuple[Line, ...]:
    """Every line of the checklist, suicide risk first. `lines.overall` says whether the patient may leave."""
    limits = limits or SessionLimits()
    return (
        _CSSRS.line(facts),
        _stay(facts, limits),
        _awake(facts),
        _dissociation(facts, limits),
        _pressure(facts, limits),
        _oxygen(facts, limits),
        _recovery(facts, limits),
        *(row.line(facts) for row in _ROWS),
    )


def _stay(facts: LeavingFacts, limits: SessionLimits) -> Line:
    id, source = "STAY", "4.1 [F:SPR19], 120 min [H], 8b"
    if facts.end_minute is None:
        return Line(id, UNKNOWN, "When the dose ended is not recorded.", source, "Record it.")
    until = observed_until(facts.route, facts.end_minute, limits)
    if facts.minute < until:
        return Line(id, HOLD, f"Observation lasts until minute {until}.", source, "Wait.")
    return Line(id, GO, f"Observed beyond minute {until}.", source)


def _awake(facts: LeavingFacts) -> Line:
    id, source, now = "AWAKE", "4.3", facts.last.moaas
    if now is None:
        return Line(id, UNKNOWN, "MOAA/S is not recorded with the last set.", source, "Rate it.")
    if now < AWAKE:
        return Line(id, HOLD, f"MOAA/S {now}, {AWAKE} is asked.", source, "Wait and rate again.")
    return Line(id, GO, f"MOAA/S {now}.", source)


def _dissociation(facts: LeavingFacts, limits: SessionLimits) -> Line:
    """CADSS-6 or CADSS back near its baseline."""
    id, source = "DISSOCIATION", "4.3 [M:CADSS4][H]"
    pairs = (
        ("CADSS-6", facts.cadss6, facts.cadss6_before, limits.cadss6_above),
        ("CADSS", facts.cadss, facts.cadss_before, limits.cadss_above),
    )
    rated = [
        (name, now - before, above)
        for name, now, before, above in pairs
        if now is not None and before is not None
    ]
    if not rated:
        return Line(id, UNKNOWN, "Dissociation is not rated before and now.", source, "Rate it.")
    if good := next((name for name, rise, above in rated if rise <= above), None):
        return Line(id, GO, f"{good} is back to baseline.", source)
    name, rise, above = rated[0]
    text = f"{name} is {rise} above baseline, at most {above} is asked."
    return Line(id, HOLD, text, source, "Wait and rate again.")


def _pressure(facts: LeavingFacts, limits: SessionLimits) -> Line:
    id, source = "BLOOD_PRESSURE", "4.3 [H]"
    systolic, diastolic = facts.last.systolic, facts.last.diastolic
    limit = f"{limits.leave_systolic}/{limits.leave_diastolic}"
    if (systolic is not None and systolic > limits.leave_systolic) or (
        diastolic is not None and diastolic > limits.leave_diastolic
    ):
        read = "/".join("?" if p is None else str(p) for p in (systolic, diastolic))
        words = f"Blood pressure {read} is above {limit}."
        return Line(id, HOLD, words, source, "Measure again.")
    going_down = falling(facts.vitals)
    if systolic is None or diastolic is None or going_down is None:
        return Line(id, UNKNOWN, "Blood pressure and its course are not recorded.", source, "Measure.")
    if not going_down:
        return Line(id, HOLD, "Blood pressure is not falling yet.", source, "Measure again.")
    return Line(id, GO, f"Blood pressure {systolic}/{diastolic}, falling.", source)


def _oxygen(facts: LeavingFacts, limits: SessionLimits) -> Line:
    id, source, now, low = "SPO2", "4.3", facts.last.spo2, limits.lowest_spo2
    if now is not None and now < low:
        return Line(id, HOLD, f"Oxygen saturation {now} %, {low} is asked.", source, "Treat and wait.")
    if facts.on_air is False:
        return Line(id, HOLD, "Oxygen is being given.", source, "Measure on air.")
    if now is None or facts.on_air is None:
        return Line(id, UNKNOWN, "Oxygen saturation on air is not recorded.", source, "Measure on air.")
    return Line(id, GO, f"Oxygen saturation {now} % on air.", source)


def _recovery(facts: LeavingFacts, limits: SessionLimits) -> Line:
    id, source, asked = "RECOVERY_SCORE", "4.3 [M]", limits.recovery_score
    rated: Sequence[tuple[str, int]] = [
        (name, score)
        for name, score in (("PADSS", facts.padss), ("modified Aldrete", facts.aldrete))
        if score is not None
    ]
    if not rated:
        return Line(id, UNKNOWN, "Neither PADSS nor modified Aldrete is rated.", source, "Rate one.")
    if good := next((f"{name} {score}" for name, score in rated if score >= asked), None):
        return Line(id, GO, f"{good}.", source)
    name, score = rated[0]
    return Line(id, HOLD, f"{name} {score}, {asked} is asked.", source, "Wait and rate again.")
