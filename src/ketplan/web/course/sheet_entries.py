"""A session sheet as it is kept: all that was typed, word for word, and what of it was understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.session.asked import (
    BEFORE,
    DOSE,
    LEAVING,
    PRESSURE,
    SET,
    Field,
    Read,
    Typed,
    read,
    read_symptoms,
)
from ketplan.clinical.session.ladder import Pressure
from ketplan.clinical.session.sheet import Measured, Override, PlannedDose, Sheet, mg_per_kg

Content = Mapping[str, Any]
SYMPTOMS = "symptoms"
# Far more than a session has; a form's own size is limited besides.
MOST_ROWS = 60


@dataclass(frozen=True)
class Entries:
    """Of each part the problems, sentences by field: "heart_rate", or "2.systolic" of its second row.

    `taken` are the sets as they were entered, None where one was not understood.
    """

    sheet: Sheet
    taken: tuple[Measured | None, ...]
    before: Mapping[str, str]
    pressures: Mapping[str, str]
    dose: Mapping[str, str]
    sets: Mapping[str, str]
    leaving: Mapping[str, str]

    @property
    def problems(self) -> int:
        return sum(map(len, (self.before, self.pressures, self.dose, self.sets, self.leaving)))


def understood(content: Content, planned: PlannedDose, zone: ZoneInfo, now: datetime) -> Entries:
    """What was typed as a sheet, and what was not understood; of that nothing counts."""

    def part(name: str, fields: Sequence[Field]) -> Read:
        asked = [f for f in fields if f.asked_by(planned.route)]
        return read(asked, content.get(name, {}), zone, now)

    before, dose, leaving = part("before", BEFORE), part("dose", DOSE), part("leaving", LEAVING)
    readings = [_pressure(row, zone, now) for row in content.get("pressures", ())]
    taken = [_set(row, zone, now) for row in content.get("sets", ())]
    dose_problems = {**dose.problems, **dict(_dose_problems(dose.values, planned))}
    sheet = Sheet(
        before.values,
        tuple(sorted((p for p, _ in readings if p), key=lambda p: p.at)),
        {name: value for name, value in dose.values.items() if name not in dose_problems},
        tuple(sorted((s for s, _ in taken if s), key=lambda s: s.at)),
        leaving.values,
        tuple(_override(kept) for kept in content.get("overrides", ())),
    )
    return Entries(
        sheet,
        tuple(measured for measured, _ in taken),
        before.problems,
        _numbered(problems for _, problems in readings),
        dose_problems,
        _numbered(problems for _, problems in taken),
        leaving.problems,
    )


def _numbered(rows: Iterator[Mapping[str, str]]) -> dict[str, str]:
    return {f"{n}.{name}": words for n, row in enumerate(rows, 1) for name, words in row.items()}


def _pressure(row: Typed, zone: ZoneInfo, now: datetime) -> tuple[Pressure | None, Mapping[str, str]]:
    found = read(PRESSURE, row, zone, now)
    values, problems = found.values, {**found.problems, **_row_problems(found)}
    numbers = {name: values[name] for name in ("systolic", "diastolic") if name in values}
    if problems or not numbers:
        return None, problems
    return Pressure(values["at"], numbers.get("systolic"), numbers.get("diastolic")), {}


def _set(row: Typed, zone: ZoneInfo, now: datetime) -> tuple[Measured | None, Mapping[str, str]]:
    found = read(SET, row, zone, now)
    symptoms, wrong = read_symptoms(row.get(SYMPTOMS, "").split())
    problems = {**found.problems, **_row_problems(found), **({SYMPTOMS: wrong} if wrong else {})}
    if "at" not in found.values:
        return None, problems or {"at": "Say when it was measured."}
    # A number that was not understood takes nothing from the others, least of all from a warning sign.
    return Measured(
        **{n: v for n, v in found.values.items() if n not in problems}, symptoms=symptoms
    ), problems


def _row_problems(found: Read) -> dict[str, str]:
    values = found.values
    if "at" not in values and "at" not in found.problems and len(values) > 0:
        return {"at": "Say when it was measured."}
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        return {"diastolic": "Diastolic is not below systolic."}
    return {}


def _dose_problems(said: Mapping[str, Any], planned: PlannedDose) -> Iterator[tuple[str, str]]:
    started, ended, mg = said.get("started"), said.get("ended"), said.get("mg")
    if started and ended and ended < started:
        yield "ended", "The end lies before the start."
    if mg is None:
        return
    by_weight, ceiling = mg_per_kg(planned, mg), planned.ceiling_mg_per_kg
    if (
        by_weight is not None
        and ceiling is not None
        and mg > ceiling * (planned.dosing_weight_kg or Decimal(0))
    ):
        yield (
            "mg",
            f"{by_weight} mg/kg is above the ceiling of {ceiling} mg/kg: ketplan does not record it;"
            " order and document it in the EHR itself.",
        )


def _override(kept: Mapping[str, str]) -> Override:
    return Override(**{**kept, "at": datetime.fromisoformat(kept["at"])})  # type: ignore[arg-type]


def kept_override(override: Override) -> dict[str, str]:
    return {
        "line": override.line,
        "about": override.about,
        "reason": override.reason,
        "clinician": override.clinician,
        "name": override.name,
        "at": override.at.isoformat(),
    }
