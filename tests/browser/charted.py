"""The chart behind the app's back: what stands there of a patient, and what other hands put in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from ketplan import compose
from ketplan.clinical.record import LOINC
from ketplan.fhir import session_codes as codes


def chart(clinic: Any) -> Any:
    return compose.chart(f"{clinic.ehr.url}/fhir", "operator")


def found(clinic: Any, kind: str, patient: str) -> list[dict[str, Any]]:
    return list(chart(clinic).search(kind, [("patient", patient), ("_count", "200")]).resources)


def plan_id(clinic: Any, patient: str) -> str:
    [plan] = clinic.stored("CarePlan", patient)
    return str(plan["identifier"][0]["value"].partition("/")[0])


def visit(clinic: Any, patient: str, key: str) -> dict[str, Any]:
    """The visit's newest appointment."""
    named = [
        raw
        for raw in clinic.stored("Appointment", patient)
        if raw["identifier"][0]["value"].partition("/appointment-")[2].partition(".r")[0] == key
    ]
    return max(named, key=lambda raw: raw["meta"]["lastUpdated"])


def put(clinic: Any, raw: dict[str, Any], **how: Any) -> None:
    chart(clinic).update({**raw, **how}, None)


def _ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


def chart_a_course(clinic: Any, patient: str) -> None:
    """What the day of a dose would have recorded: two doses that were tolerated, and little gained."""
    put, plan, subject = chart(clinic), plan_id(clinic, patient), {"reference": f"Patient/{patient}"}
    seen: dict[str, Any] = {"resourceType": "Observation", "status": "final", "subject": subject}
    for days, total in ((17, 16), (1, 15)):
        total_of = {
            "code": {"coding": [{"system": LOINC, "code": "70274-6"}]},
            "valueQuantity": {"value": total},
        }
        put.create(seen | total_of | {"effectiveDateTime": _ago(days).isoformat()})
    for visit, days in (("infusion-1", 4), ("infusion-2", 2)):
        named = {"identifier": [{"system": codes.PLAN_VISIT_SYSTEM, "value": f"{plan}/{visit}"}]}
        at = f"{_ago(days)}T15:00:00Z"
        given = {"resourceType": "Procedure", "status": "completed", "code": {"text": "Ketamine infusion"}}
        put.create(given | named | {"subject": subject, "performedDateTime": at})
        parts: list[tuple[str, str, Any]] = [
            (codes.SESSION_MEASURE, codes.DOSE_MG, {"value": 34}),
            (codes.SESSION_MEASURE, codes.DOSE_MG_PER_KG, {"value": 0.5}),
            (LOINC, "8480-6", {"value": 138, "code": "mm[Hg]"}),
            (LOINC, "8462-4", {"value": 86, "code": "mm[Hg]"}),
            (LOINC, "59408-5", {"value": 97, "code": "%"}),
        ]
        answers = (codes.DISTRESSING, codes.VOMITING, codes.VOMITING_DESPITE, codes.NEW_IDEATION)
        parts += [(codes.SESSION_MEASURE, code, False) for code in answers]
        for system, code, value in parts:
            kind = "valueBoolean" if isinstance(value, bool) else "valueQuantity"
            told = {"code": {"coding": [{"system": system, "code": code}]}, kind: value}
            put.create(seen | named | told | {"effectiveDateTime": at})
