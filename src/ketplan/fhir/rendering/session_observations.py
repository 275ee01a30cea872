"""What was observed in a dosing session: vital signs, scores, the dose's size, how it was borne."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ketplan.clinical.instruments.scoring import Score
from ketplan.clinical.record import LOINC, UCUM
from ketplan.clinical.session.during import Symptom
from ketplan.clinical.session.sheet import mg_per_kg
from ketplan.fhir import session_codes as codes
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering.authoring import (
    coding,
    concept,
    placeholder,
    reference,
    references,
    tidy,
)
from ketplan.fhir.rendering.session_record import PROCEDURE, Session
from ketplan.fhir.rendering.survey_response import TOTAL, FilledIn, render_instrument

Named = tuple[str, Json]
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_BP = coding(LOINC, "85354-9", "Blood pressure panel with all children optional")
_SYSTOLIC = coding(LOINC, "8480-6", "Systolic blood pressure")
_DIASTOLIC = coding(LOINC, "8462-4", "Diastolic blood pressure")
# Field, code and unit of what is one number; US Core wants both codes of an oxygen saturation.
_SINGLE: tuple[tuple[str, tuple[Json, ...], str], ...] = (
    ("heart_rate", (coding(LOINC, "8867-4", "Heart rate"),), "/min"),
    (
        "spo2",
        (
            coding(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
            coding(LOINC, "2708-6", "Oxygen saturation in Arterial blood"),
        ),
        "%",
    ),
    ("weight_kg", (coding(LOINC, "29463-7", "Body weight"),), "kg"),
)
# Instrument, the field that holds its total, and when in the session it was rated.
_SCALES = (
    ("CADSS-6", "cadss6"),
    ("CADSS", "cadss"),
)
_RECOVERY = (("padss", codes.PADSS), ("aldrete", codes.ALDRETE))
_BORNE = (
    ("nausea", codes.NAUSEA),
    ("distressing", codes.DISTRESSING),
    ("vomiting", codes.VOMITING),
    ("vomiting_despite", codes.VOMITING_DESPITE),
)


def observations(record: Session) -> Iterator[Named]:
    """Step key and Observation of everything that was recorded; what was not is not there."""
    yield from _dose(record)
    for place, pressure in enumerate(record.sheet.pressures, 1):
        taken = {"systolic": pressure.systolic, "diastolic": pressure.diastolic}
        yield from _vitals(record, f"before-{place}", taken, pressure.at)
    yield from _vitals(record, "before", record.sheet.before, _before(record))
    for place, measured in enumerate(record.sheet.sets, 1):
        taken = {name: getattr(measured, name) for name in ("systolic", "diastolic", "heart_rate", "spo2")}
        yield from _vitals(record, f"set-{place}", taken, measured.at)
        if measured.moaas is not None:
            yield _total(record, f"set-{place}-moaas", "MOAAS", measured.moaas, measured.at)
        if measured.symptoms is not None:
            yield _symptoms(record, f"set-{place}-symptoms", measured.symptoms, measured.at)
    yield from _scores(record)
    yield from _borne(record)


def _before(record: Session) -> datetime:
    """When the questions before the dose were answered, as near as is known."""
    readings = record.sheet.pressures
    return readings[-1].at if readings else record.sheet.started or record.at


def _leaving(record: Session) -> datetime:
    left: datetime = record.sheet.leaving.get("left", record.at)
    return left


def _dose(record: Session) -> Iterator[Named]:
    start, mg = record.sheet.started, record.sheet.dose.get("mg")
    if start is None or mg is None:
        return
    by_weight = mg_per_kg(record.planned, mg)
    parts = [_part(codes.DOSE_MG, _quantity(mg, "mg"))]
    if by_weight is not None:
        parts.append(_part(codes.DOSE_MG_PER_KG, _quantity(by_weight, "mg/kg")))
    yield _observed(record, "dose", "procedure", _ours(codes.DOSE), start, component=parts)


def _vitals(record: Session, key: str, taken: Mapping[str, Any], at: datetime) -> Iterator[Named]:
    numbers = [(_SYSTOLIC, taken.get("systolic")), (_DIASTOLIC, taken.get("diastolic"))]
    parts = [
        {"code": concept(code), "valueQuantity": _quantity(value, "mm[Hg]", "mmHg")}
        for code, value in numbers
        if value is not None
    ]
    if parts:
        yield _observed(record, f"{key}-bp", "vital-signs", concept(_BP), at, component=parts)
    for name, wanted, unit in _SINGLE:
        if (value := taken.get(name)) is not None:
            size = _quantity(value, unit)
            key_ = f"{key}-{name.replace('_', '-')}"
            yield _observed(record, key_, "vital-signs", concept(*wanted), at, valueQuantity=size)


def _symptoms(record: Session, key: str, found: frozenset[Symptom], at: datetime) -> Named:
    parts = [_part(symptom.name.lower().replace("_", "-"), symptom in found) for symptom in Symptom]
    return _observed(record, key, "exam", _ours(codes.WARNING_SYMPTOMS), at, component=parts)


def _scores(record: Session) -> Iterator[Named]:
    start, end = record.sheet.started, record.sheet.ended
    moments = (
        ("before", record.sheet.before, _before(record)),
        ("during", record.sheet.dose, end or start),
        ("leaving", record.sheet.leaving, _leaving(record)),
    )
    for when, answers, at in moments:
        for instrument, name in _SCALES:
            if at is not None and (total := answers.get(f"{name}_{when}")) is not None:
                yield _total(record, f"{name}-{when}", instrument, total, at)
    for name, code in _RECOVERY:
        if (score := record.sheet.leaving.get(name)) is not None:
            size = _quantity(score, "{score}")
            yield _observed(record, name, "survey", _ours(code), _leaving(record), valueQuantity=size)


def _total(record: Session, key: str, instrument: str, total: int, at: datetime) -> Named:
    """A total as any filled-in instrument writes it."""
    filled = FilledIn(
        f"{record.id}/{key}",
        Score(instrument, total),
        record.patient,
        record.clinician,
        False,
        at,
        record.zone,
    )
    (step,) = render_instrument(filled)
    own = {"identifier": record.names(f"{key}/{TOTAL}"), **_links(record), "issued": record.moment(record.at)}
    return key, tidy(step.resource | own)


def _borne(record: Session) -> Iterator[Named]:
    """How the dose was borne. Suicidal ideation is told by the C-SSRS before leaving."""
    if record.sheet.started is None:
        return
    told = [(code, record.sheet.dose.get(name)) for name, code in _BORNE]
    told.append((codes.NEW_IDEATION, record.sheet.leaving.get("cssrs_new_risk")))
    parts = [_part(code, answer) for code, answer in told if answer is not None]
    if parts:
        yield _observed(
            record, "tolerance", "exam", _ours(codes.TOLERANCE), _leaving(record), component=parts
        )


# --- the parts of an Observation --------------------------------------------------------------------------


def _observed(record: Session, key: str, category: str, code: Json, at: datetime, **said: Any) -> Named:
    resource: Json = tidy(
        {
            "resourceType": "Observation",
            "identifier": record.names(key),
            **_links(record),
            "status": "final",
            "category": [concept({"system": CATEGORY, "code": category})],
            "code": code,
            "subject": reference(record.patient),
            "effectiveDateTime": record.moment(at),
            "issued": record.moment(record.at),
            "performer": [record.performer],
            **said,
        }
    )
    return key, resource


def _links(record: Session) -> Json:
    based_on = references((record.links.request,))
    return {**({"basedOn": based_on} if based_on else {}), "partOf": [{"reference": placeholder(PROCEDURE)}]}


def _ours(code: str) -> Json:
    words = codes.MEASURES[code]
    return concept(coding(codes.SESSION_MEASURE, code, words), text=words)


def _part(code: str, value: bool | Json) -> Json:
    name = "valueBoolean" if isinstance(value, bool) else "valueQuantity"
    return {"code": _ours(code), name: value}


def _quantity(value: int | Decimal, code: str, unit: str = "") -> Json:
    return {"value": value, "unit": unit or code, "system": UCUM, "code": code}
