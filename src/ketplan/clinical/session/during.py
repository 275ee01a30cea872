"""During a dose: when the next measurement is due, when to pause, when to stop. Facts 4.1, 4.2 and 8b."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ketplan.clinical.protocols import monitoring
from ketplan.clinical.session.limits import SessionLimits


class Symptom(StrEnum):
    """Any of these stops the dose whatever the pressure (4.2)."""

    CHEST_PAIN = "chest pain"
    BREATHLESSNESS = "breathlessness"
    HEADACHE = "severe headache"
    VISION = "visual change"
    SEIZURE = "seizure"
    FOCAL_DEFICIT = "focal deficit"


class Action(StrEnum):
    CONTINUE = "go on"
    PAUSE = "pause, physician review"
    STOP = "stop, emergency care"
    UNKNOWN = "not fully recorded"


@dataclass(frozen=True, slots=True)
class Vitals:
    """One set, `minute` counted from the start of the dose. `symptoms` None: not asked; empty: none."""

    minute: int
    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None
    moaas: int | None = None
    symptoms: frozenset[Symptom] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What to do now, why, and from where the rule is."""

    action: Action
    text: str
    source: str


_PRESSURE_SOURCE = "4.2 [M:esketamine trial protocol][H]"
_SYMPTOM_SOURCE = "4.2 [F:SPR19]"


def during(vitals: Vitals, limits: SessionLimits | None = None) -> Call:
    """Stop before pause before go on; what is not recorded never counts as normal."""
    limits = limits or SessionLimits()
    pressure = f"{_n(vitals.systolic)}/{_n(vitals.diastolic)}"
    if vitals.symptoms:
        named = ", ".join(s for s in Symptom if s in vitals.symptoms)
        return Call(Action.STOP, f"Stop: {named}. Emergency care.", _SYMPTOM_SOURCE)
    if _reaches(vitals, limits.stop_systolic, limits.stop_diastolic):
        return Call(Action.STOP, f"Stop: blood pressure {pressure}. Emergency care.", _PRESSURE_SOURCE)
    if _reaches(vitals, limits.pause_systolic, limits.pause_diastolic):
        return Call(Action.PAUSE, f"Pause: blood pressure {pressure}. Physician review.", _PRESSURE_SOURCE)
    open_ = [
        words
        for words, value in (
            ("systolic pressure", vitals.systolic),
            ("diastolic pressure", vitals.diastolic),
            ("symptoms", vitals.symptoms),
        )
        if value is None
    ]
    if open_:
        return Call(Action.UNKNOWN, f"Not recorded: {', '.join(open_)}.", "8b: unknown is not no")
    return Call(Action.CONTINUE, f"Blood pressure {pressure}, no warning symptom.", _PRESSURE_SOURCE)


def _reaches(vitals: Vitals, systolic: int, diastolic: int) -> bool:
    return (vitals.systolic is not None and vitals.systolic >= systolic) or (
        vitals.diastolic is not None and vitals.diastolic >= diastolic
    )


def _n(value: int | None) -> str:
    return "?" if value is None else str(value)


# --- when -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """`minute` of the measurement due next, None after the last; `overdue` minutes since then, 0 if not yet.

    `missed` were never taken and no longer can be; `following` comes after `minute`.
    """

    minute: int | None
    overdue: int = 0
    missed: tuple[int, ...] = ()
    following: int | None = None


def vital_minutes(
    route: str, minutes: int | None = None, limits: SessionLimits | None = None
) -> tuple[int, ...]:
    """When vital signs and MOAA/S are taken, minutes from the start; `minutes` is the infusion's length."""
    watch = monitoring.of(route, minutes, limits)
    return watch.vitals_minutes if watch else ()


def due(schedule: Sequence[int], now: int, recorded: Iterable[int] = ()) -> Due:
    """The next measurement. One taken at minute m counts for the scheduled minute nearest to it.

    Of several that are overdue the latest is due; the others are missed.
    """
    if not schedule:
        return Due(None)
    done = {min(schedule, key=lambda s: (abs(s - m), s)) for m in recorded}
    open_ = [s for s in schedule if s not in done]
    last_done = max(done, default=None)
    ahead = [s for s in open_ if last_done is None or s > last_done]
    past = [s for s in ahead if s <= now]
    minute = past[-1] if past else next(iter(ahead), None)
    if minute is None:
        return Due(None, missed=tuple(open_))
    return Due(
        minute,
        max(0, now - minute),
        tuple(s for s in open_ if s < minute),
        next((s for s in ahead if s > minute), None),
    )


def observed_until(route: str, end_minute: int, limits: SessionLimits | None = None) -> int:
    """The minute of earliest discharge; `end_minute` is the end of the infusion or the last spray.

    The later of 120 minutes from the start and 60 after an infusion's end; 120 after the last spray. 4.1, 8b.
    """
    limits = limits or SessionLimits()
    if route == "IN":
        return end_minute + limits.stay_minutes
    return max(limits.stay_minutes, end_minute + limits.after_infusion_minutes)


def falling(sets: Iterable[Vitals]) -> bool | None:
    """Is the pressure coming down: each number below the session's highest, or not above the first?

    None with fewer than two readings or a gap in the newest: esketamine is measured until this is True (4.1).
    """
    ordered = sorted(sets, key=lambda v: v.minute)
    if len(ordered) < 2:
        return None
    answers = []
    for name in ("systolic", "diastolic"):
        numbers: list[int | None] = [getattr(v, name) for v in ordered]
        known = [n for n in numbers if n is not None]
        newest, first = numbers[-1], numbers[0]
        if newest is None or first is None:
            return None
        answers.append(newest < max(known) or newest <= first)
    return all(answers)
