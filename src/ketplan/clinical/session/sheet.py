"""The sheet of one dosing visit: what was answered and measured, and the facts the lists are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.protocols.ketamine import MIN_GAP_HOURS
from ketplan.clinical.session.asked import NOT_GIVEN, STOPPED
from ketplan.clinical.session.day_of_dose import DayFacts
from ketplan.clinical.session.discharge import LeavingFacts
from ketplan.clinical.session.during import Symptom, Vitals
from ketplan.clinical.session.ladder import Pressure

Answers = Mapping[str, Any]
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class PlannedDose:
    """What the plan wants of one visit. `mg` None: no dose is known, or none may be given (`no_dose` why)."""

    plan_id: str
    visit: str
    title: str
    number: int
    route: str
    product: str
    rxnorm: str | None = None
    minutes: int | None = None
    mg: int | None = None
    mg_per_kg: Decimal | None = None
    dosing_weight_kg: Decimal | None = None
    ceiling_mg_per_kg: Decimal | None = None
    maintenance: bool = False
    words: str = ""
    no_dose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """What the chart knows for the lists: as in `DayFacts`. `weight_kg` is the one the plan was made on."""

    age: int | None = None
    asked_for_pregnancy: bool | None = None
    hcg_on: date | None = None
    hcg_positive: bool | None = None
    weight_kg: Decimal | None = None
    last_dose_on: date | None = None
    dose_gap_hours: int = MIN_GAP_HOURS


@dataclass(frozen=True, slots=True)
class Measured:
    """One set of vital signs at an aware moment. None is "not measured", or for symptoms "not asked"."""

    at: datetime
    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None
    moaas: int | None = None
    symptoms: frozenset[Symptom] | None = None

    def vitals(self, start: datetime) -> Vitals:
        minute = (self.at - start) // timedelta(minutes=1)
        named = (getattr(self, f.name) for f in fields(Vitals) if f.name != "minute")
        return Vitals(minute, *named)


@dataclass(frozen=True, slots=True)
class Override:
    """A named clinician's reason to go on in spite of one line; `about` is what the line said then."""

    line: str
    about: str
    reason: str
    clinician: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """Answers by the names in `asked`, without those nobody gave; readings and sets oldest first."""

    before: Answers = field(default_factory=dict)
    pressures: tuple[Pressure, ...] = ()
    dose: Answers = field(default_factory=dict)
    sets: tuple[Measured, ...] = ()
    leaving: Answers = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()

    @property
    def started(self) -> datetime | None:
        return None if self.not_given else self.dose.get("started")

    @property
    def ended(self) -> datetime | None:
        return self.dose.get("ended") if self.started else None

    @property
    def not_given(self) -> bool:
        return self.dose.get("outcome") == NOT_GIVEN

    @property
    def stopped(self) -> bool:
        return self.dose.get("outcome") == STOPPED

    @property
    def vitals(self) -> tuple[Vitals, ...]:
        """The sets by the minute; none before the dose has started."""
        start = self.started
        return tuple(s.vitals(start) for s in self.sets) if start else ()


def mg_per_kg(planned: PlannedDose, mg: Decimal | None) -> Decimal | None:
    """The dose given by dosing weight, to two decimals; None where it is not dosed by weight."""
    kg = planned.dosing_weight_kg
    if mg is None or not kg or planned.route == "IN":
        return None
    return (mg / kg).quantize(_HUNDREDTH)


def day_facts(
    sheet: Sheet, planned: PlannedDose, chart: ChartFacts, moment: datetime, zone: ZoneInfo
) -> DayFacts:
    """What is known at `moment`: the start of the dose, or now while it has not started."""
    on, said = moment.astimezone(zone).date(), sheet.before
    asked = {f.name: said[f.name] for f in fields(DayFacts) if f.name in said}
    today = [p for p in sheet.pressures if p.at.astimezone(zone).date() == on and p.at <= moment]
    hcg_on, hcg_positive = _newest_test(said, chart)
    known = {
        "on": on,
        "route": planned.route,
        "dose_number": planned.number,
        "maintenance": planned.maintenance,
        "age": chart.age,
        "pressures": tuple(today),
        "hours_since_food": _hours(said.get("last_food"), moment),
        "hours_since_fluid": _hours(said.get("last_fluid"), moment),
        "hours_since_nasal_spray": _hours(said.get("last_nasal_spray"), moment),
        "asked_for_pregnancy": chart.asked_for_pregnancy,
        "hcg_on": hcg_on,
        "hcg_positive": hcg_positive,
        "last_dose_on": chart.last_dose_on,
        "dose_gap_hours": chart.dose_gap_hours,
        "planned_weight_kg": chart.weight_kg,
    }
    return DayFacts(**asked | known)


def _newest_test(said: Answers, chart: ChartFacts) -> tuple[date | None, bool | None]:
    """The newer of the chart's test and the one entered; of two of one day a positive one counts."""
    entered, result = said.get("hcg_on"), said.get("hcg_result")
    if entered is None or (chart.hcg_on is not None and chart.hcg_on > entered):
        return chart.hcg_on, chart.hcg_positive
    positive = None if result is None else result == "positive"
    if chart.hcg_on == entered and chart.hcg_positive is not None:
        positive = chart.hcg_positive or bool(positive)
    return entered, positive


def _hours(since: datetime | None, moment: datetime) -> Decimal | None:
    if since is None:
        return None
    return Decimal(int((moment - since).total_seconds())) / 3600


def leaving_facts(sheet: Sheet, planned: PlannedDose, now: datetime) -> LeavingFacts | None:
    """What is known when the patient wants to leave, or left; None without a dose that was given."""
    start, said = sheet.started, sheet.leaving
    if start is None:
        return None
    asked = {f.name: said[f.name] for f in fields(LeavingFacts) if f.name in said}
    minute = (said.get("left", now) - start) // timedelta(minutes=1)
    end = (sheet.ended - start) // timedelta(minutes=1) if sheet.ended else None
    return LeavingFacts(
        route=planned.route,
        minute=minute,
        end_minute=end,
        vitals=sheet.vitals,
        cadss6=said.get("cadss6_leaving"),
        cadss6_before=sheet.before.get("cadss6_before"),
        cadss=said.get("cadss_leaving"),
        cadss_before=sheet.before.get("cadss_before"),
        **asked,
    )
