"""Blood pressure: protocol facts 4.2 and 8b, "Blood pressure".

The newest reading decides; with a second reading on the same day the lower of the last two (systolic and
diastolic each) does. Only the most severe finding is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ketplan.clinical import codes
from ketplan.clinical.findings import Evidence, Finding, evidence_of
from ketplan.clinical.record import Observation, When
from ketplan.clinical.rules import finding
from ketplan.clinical.screens.limits import Limit, PressureLimits
from ketplan.clinical.view import View, moment_of, number, unit

SYSTOLIC, DIASTOLIC = "8480-6", "8462-4"
_MMHG_PER_KPA = Decimal("7.500616827")


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement in mmHg; either number may be missing."""

    systolic: Decimal | None
    diastolic: Decimal | None
    when: When | None
    evidence: tuple[Evidence, ...]

    def reaches(self, limits: Limit) -> bool:
        return (self.systolic is not None and self.systolic >= limits[0]) or (
            self.diastolic is not None and self.diastolic >= limits[1]
        )

    def exceeds(self, limits: Limit) -> bool:
        return (self.systolic is not None and self.systolic > limits[0]) or (
            self.diastolic is not None and self.diastolic > limits[1]
        )

    def __str__(self) -> str:
        return f"{_words(self.systolic)}/{_words(self.diastolic)}"


def screen(view: View) -> Iterator[Finding]:
    readings, limits = readings_of(view), view.house.pressure
    diagnosed = view.active(codes.MALIGNANT_HYPERTENSION) + [
        c for c in view.ever(codes.HYPERTENSIVE_CRISIS) if view.began_within(c, limits.crisis_diagnosis_days)
    ]
    today = _newest_day(readings)
    decisive = deciding(readings)
    evidence = [e for r in today for e in r.evidence]
    if diagnosed or _is_crisis(today, limits):
        critical = [r for r in today if r.reaches(limits.crisis)]
        measured = f"Blood pressure {', '.join(map(str, critical))}" if _is_crisis(today, limits) else ""
        yield finding(
            "BP_CRISIS",
            f"{measured or 'Hypertensive crisis diagnosed'}: urgent medical review before anything else.",
            [*evidence, *map(evidence_of, diagnosed)],
        )
    elif decisive is None:
        return
    elif today[-1].reaches(limits.crisis) and not decisive.reaches(limits.hold):
        yield finding(
            "BP_HOLD_GE_160_100",
            f"Blood pressure {today[-1]} is the newest reading: {_again(limits)}.",
            evidence,
        )
    elif decisive.reaches(limits.hold):
        yield finding(
            "BP_HOLD_GE_160_100",
            f"Blood pressure {decisive} is at or above {_slashed(limits.hold)}: hold, treat, measure again"
            f"{f' ({_again(limits)})' if len(today) == 1 else ''}.",
            evidence,
        )
    elif decisive.exceeds(normal := limits.review_over_65 if _over_65(view) else limits.review):
        yield finding("BP_GT_140_90", f"Blood pressure {decisive} is above {_slashed(normal)}.", evidence)


def deciding(readings: list[Reading]) -> Reading | None:
    """The newest reading, or the lower of the last two of its day, systolic and diastolic each."""
    last = _newest_day(readings)[-2:]
    if not last:
        return None
    return Reading(
        min((r.systolic for r in last if r.systolic is not None), default=None),
        min((r.diastolic for r in last if r.diastolic is not None), default=None),
        last[-1].when,
        tuple(e for r in last for e in r.evidence),
    )


def readings_of(view: View) -> list[Reading]:
    """Systolic and diastolic values paired by panel, else by moment; oldest first."""
    groups: dict[tuple[object, ...], dict[str, list[Observation]]] = {}
    for code in (SYSTOLIC, DIASTOLIC):
        for o in view.history(code):
            key = moment_of(o.when)
            groups.setdefault(key, {}).setdefault(code, []).append(o)
    readings: list[Reading] = []
    for group in groups.values():
        readings += _pair(group.get(SYSTOLIC, []), group.get(DIASTOLIC, []))
    return sorted(readings, key=lambda r: (moment_of(r.when), r.systolic or 0, r.diastolic or 0))


def _pair(systolic: list[Observation], diastolic: list[Observation]) -> Iterator[Reading]:
    """Values of one moment: those of one panel belong together, what is left pairs up in ascending order."""
    by_panel = {o.reference: o for o in diastolic}
    left = []
    for s in systolic:
        if d := by_panel.pop(s.reference, None):
            yield _reading(s, d)
        else:
            left.append(s)
    alone = sorted(by_panel.values(), key=lambda o: (_mmhg(o) or 0, o.reference))
    left.sort(key=lambda o: (_mmhg(o) or 0, o.reference))
    for n in range(max(len(left), len(alone))):
        yield _reading(left[n] if n < len(left) else None, alone[n] if n < len(alone) else None)


def _reading(systolic: Observation | None, diastolic: Observation | None) -> Reading:
    sources = [o for o in (systolic, diastolic) if o]
    return Reading(
        _mmhg(systolic) if systolic else None,
        _mmhg(diastolic) if diastolic else None,
        sources[0].when,
        tuple(dict.fromkeys(evidence_of(o) for o in sources)),
    )


def _mmhg(observation: Observation) -> Decimal | None:
    value = number(observation)
    return (
        value * _MMHG_PER_KPA if value is not None and (unit(observation) or "").lower() == "kpa" else value
    )


def _newest_day(readings: list[Reading]) -> list[Reading]:
    dated = [r for r in readings if r.when is not None]
    if not dated:
        return []
    day = dated[-1].when.earliest  # type: ignore[union-attr]
    return [r for r in dated if r.when is not None and r.when.earliest == day]


def _is_crisis(today: list[Reading], limits: PressureLimits) -> bool:
    """Two critical readings of the newest day far enough apart.

    Readings without a time of day cannot show the minutes between them.
    """
    times = [r.when.instant for r in today if r.reaches(limits.crisis) and r.when and r.when.instant]
    return len(times) > 1 and max(times) - min(times) >= limits.apart


def _over_65(view: View) -> bool:
    ages = view.age_range(view.as_of)
    return ages is not None and ages[0] > 65


def _again(limits: PressureLimits) -> str:
    return f"repeat after {limits.repeat_minutes} to {limits.rest_minutes} minutes"


def _slashed(limits: Limit) -> str:
    return f"{limits[0]}/{limits[1]}"


def _words(value: Decimal | None) -> str:
    return "?" if value is None else f"{value.normalize():f}"
