"""May the dose be started, and what stands in the way: facts 3.1, 4.2 and 8b.

A line that holds is passed only with a named clinician's reason, and some never: what excludes ketamine
(3.1 BLOCK), and what no reason stands in for. What is not known is answered, not reasoned away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from ketplan.clinical.findings import Finding, FindingClass
from ketplan.clinical.session.day_of_dose import DayFacts
from ketplan.clinical.session.ladder import Rung, before_dose
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Verdict
from ketplan.clinical.session.sheet import Override, PlannedDose

COURSE = "COURSE"
_SUICIDE = frozenset({"CSSRS_CHANGE", "SI_HIGH"})
# Of the holds of 3.1 and 8b those that nothing on the sheet asks again: pressure is measured, REMS confirmed.
_HELD_BY_CHART = frozenset({"SI_HIGH", "QTC_GT_500"})
# A patient's consent, and a programme's rules, are there or are not.
_NO_REASON = frozenset({"CONSENT_REAFFIRMED", "REMS_NOT_CONFIRMED", COURSE})


class Way(StrEnum):
    """How a line that is not met may be passed."""

    ANSWER = "find out first"
    REASON = "a named clinician's reason"
    FIVE_PARTS = "a named clinician's assessment in five parts"
    NEVER = "never"


_PASSABLE = frozenset({Way.REASON, Way.FIVE_PARTS})


@dataclass(frozen=True, slots=True)
class Bar:
    """A line that is not met, how it may be passed, and the reason that passes it now, if one does."""

    line: Line
    way: Way
    override: Override | None = None


def chart_lines(findings: Iterable[Finding], planned: PlannedDose) -> tuple[Line, ...]:
    """What the chart, read today, and the course under way say against a dose, suicide risk first."""
    against = [f for f in findings if f.cls is FindingClass.BLOCK or f.id in _HELD_BY_CHART]
    against.sort(key=lambda f: f.id != "SI_HIGH")
    held = [Line(f.id, Verdict.HOLD, f.text, f.source, _resolves(f), f.evidence) for f in against]
    waits = [
        Line(COURSE, Verdict.HOLD, words, "1.6, 7, 8b", "Answer it in the review of the course.")
        for words in planned.no_dose
    ]
    return (*held, *waits)


def _resolves(finding: Finding) -> str:
    if finding.id == "SI_HIGH":
        return "A named licensed clinician's assessment; crisis contact; do not leave the patient alone."
    if finding.cls is FindingClass.BLOCK:
        return "It excludes ketamine as long as it stands in the chart."
    return finding.resolves


def bars(
    lines: Iterable[Line],
    facts: DayFacts,
    overrides: Iterable[Override],
    limits: SessionLimits | None = None,
) -> tuple[Bar, ...]:
    """Every line that is not met. One without an override keeps the dose from being started. `limits` are
    those the lines were made by."""
    given = {(o.line, o.about): o for o in overrides}
    found = []
    for line in lines:
        if line.verdict is not Verdict.GO:
            way = way_past(line, facts, limits)
            passes = given.get((line.id, fingerprint(line, facts))) if way in _PASSABLE else None
            found.append(Bar(line, way, passes))
    return tuple(found)


def way_past(line: Line, facts: DayFacts, limits: SessionLimits | None = None) -> Way:
    """How this line may be passed. `facts` and `limits` are those it was made from."""
    if line.verdict is Verdict.UNKNOWN:
        # The chart tells it and not the sheet: who knows says so in the reason.
        return Way.REASON if line.id == "DOSE_GAP" else Way.ANSWER
    if line.id in _SUICIDE:
        return Way.FIVE_PARTS
    if line.id == "BLOOD_PRESSURE":
        return _past_pressure(facts, limits or SessionLimits())
    same_day = line.id == "DOSE_GAP" and facts.last_dose_on == facts.on
    if line.id in _NO_REASON or same_day or (line.id == "PREGNANCY_TEST" and facts.hcg_positive):
        return Way.NEVER
    return Way.REASON if line.id in _DAY else Way.NEVER


def _past_pressure(facts: DayFacts, limits: SessionLimits) -> Way:
    """8b: a hold is released by a documented override; a crisis on repeat excludes; a repeat is measured."""
    rung = before_dose(facts.pressures, facts.age, limits.pressure).rung
    return {Rung.REPEAT: Way.ANSWER, Rung.CRISIS: Way.NEVER}.get(rung, Way.REASON)


# The lines of the day's own list and the chart's hold; any other comes from the chart and excludes.
_DAY = frozenset(
    {
        "QTC_GT_500",
        "HEART_RATE",
        "SPO2",
        "INTOXICATION",
        "FASTING",
        "DOSE_GAP",
        "PREGNANCY_TEST",
        "WEIGHT_CHANGE",
        "ANTIHYPERTENSIVE",
        "NO_ESCORT",
        "NEW_MEDICATION",
        "FEBRILE_ILLNESS",
        "URINARY_SYMPTOMS",
        "CONTRAINDICATIONS_ATTESTED",
        "NASAL_SPRAY",
    }
)


def fingerprint(line: Line, facts: DayFacts) -> str:
    """What a line says: a reason given to other words, or before a newer pressure, does not count."""
    known = [f"{e.reference}|{e.words}|{e.when}" for e in line.evidence]
    if line.id == "BLOOD_PRESSURE":
        known += [f"{p.at.isoformat()} {p}" for p in facts.pressures]
    return sha256("\n".join([line.id, line.verdict, line.text, *known]).encode()).hexdigest()[:24]
