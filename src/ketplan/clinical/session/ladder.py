"""The blood-pressure ladder before a dose: facts 4.2, amended by 8b "Blood pressure".

The newest reading decides; with a second one the lower of the last two, systolic and diastolic each, provided
the rest between them was long enough: 15 minutes after a raised reading, 5 after one of 160/100 or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ketplan.clinical.screens.limits import Limit, PressureLimits

SOURCE = "4.2, 8b; 140/90 [F:JANSCI], label guide [F:SPR19]; 160/100 and repeats [H]"


class Rung(StrEnum):
    PROCEED = "proceed"
    REPEAT = "rest 15 minutes and repeat"
    WEIGH = "the prescriber weighs a delay and records the reason"
    HOLD = "hold, treat, book again"
    CRISIS = "urgent medical review"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Pressure:
    """One reading in mmHg at an aware moment; either number may be missing."""

    at: datetime
    systolic: int | None
    diastolic: int | None

    def __str__(self) -> str:
        return "/".join("?" if p is None else str(p) for p in self.numbers)

    @property
    def numbers(self) -> tuple[int | None, int | None]:
        return self.systolic, self.diastolic

    @property
    def complete(self) -> bool:
        return None not in self.numbers

    def reaches(self, limits: Limit) -> bool:
        """Is either number known to be at or above its limit?"""
        return any(p is not None and p >= at for p, at in zip(self.numbers, limits, strict=True))

    def exceeds(self, limits: Limit) -> bool:
        return any(p is not None and p > above for p, above in zip(self.numbers, limits, strict=True))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the readings stand on the ladder. `repeat_from` is when another reading counts as a repeat."""

    rung: Rung
    decided: Pressure | None = None
    repeat_from: datetime | None = None


def before_dose(
    readings: Sequence[Pressure], age: int | None, limits: PressureLimits | None = None
) -> Standing:
    """The rung on which the readings of one day stand. Without an age the limits of the younger hold."""
    ordered = sorted(readings, key=lambda r: r.at)
    if not ordered:
        return Standing(Rung.UNKNOWN)
    limits = limits or PressureLimits()
    if _is_crisis(ordered, limits):
        return Standing(Rung.CRISIS, ordered[-1])
    normal = limits.review_over_65 if age is not None and age > 65 else limits.review
    decided, repeated = _decided(ordered, normal, limits)
    repeat_from = None if repeated else ordered[-1].at + _rest_after(ordered[-1], normal, limits)
    if decided.reaches(limits.hold):
        return Standing(Rung.HOLD, decided, repeat_from)
    if decided.exceeds(normal):
        return Standing(Rung.WEIGH if repeated else Rung.REPEAT, decided, repeat_from)
    return Standing(Rung.PROCEED if decided.complete else Rung.UNKNOWN, decided)


def _is_crisis(ordered: Sequence[Pressure], limits: PressureLimits) -> bool:
    critical = [r for r in ordered if r.reaches(limits.crisis)]
    return (
        len(ordered) > 1
        and all(r in critical for r in ordered[-2:])
        and critical[-1].at - critical[0].at >= limits.apart
    )


def _rest_after(reading: Pressure, normal: Limit, limits: PressureLimits) -> timedelta:
    """How long to rest before the next reading counts: nothing after a normal one."""
    if reading.reaches(limits.hold):
        return limits.apart
    return limits.rest if reading.exceeds(normal) else timedelta()


def _decided(ordered: Sequence[Pressure], normal: Limit, limits: PressureLimits) -> tuple[Pressure, bool]:
    """The pressure that decides, and whether a valid repeat is behind it.

    Of two readings without enough rest between them the higher decides: a hasty repeat clears nothing.
    """
    last = ordered[-1]
    if len(ordered) == 1:
        return last, False
    previous = ordered[-2]
    rest = _rest_after(previous, normal, limits)
    rested = last.at - previous.at >= rest
    choose = min if rested else max
    systolic, diastolic = (
        choose((p for p in pair if p is not None), default=None)
        for pair in zip(previous.numbers, last.numbers, strict=True)
    )
    return Pressure(last.at, systolic, diastolic), rested and rest > timedelta()
