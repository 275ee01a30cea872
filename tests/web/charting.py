"""What others write into the pretend EHR while a course runs: doses, ratings, events."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Flask

from ketplan.clinical.record import LOINC
from ketplan.fhir import session_codes as codes

Json = dict[str, Any]
SCORE = {"unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}
MMHG = {"unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
GAD7_TOTAL = "70274-6"


class Chart:
    """One patient's chart, written to from outside ketplan."""

    def __init__(self, ehr: Flask, patient: str) -> None:
        self.store = ehr.extensions["harbor"].store
        self.subject = {"reference": f"Patient/{patient}"}

    def rating(self, on: date, total: int, loinc: str = GAD7_TOTAL) -> None:
        self._observation(
            on.isoformat(),
            code={"coding": [{"system": LOINC, "code": loinc}]},
            valueQuantity={"value": total, **SCORE},
        )

    def dose(
        self,
        plan: str,
        visit: str,
        on: date,
        mg: int,
        mg_per_kg: float,
        *,
        pressure: tuple[int, int] = (142, 88),
    ) -> None:
        """A dose with everything recorded and, but for the pressure, nothing wrong."""
        named = {"identifier": [{"system": codes.PLAN_VISIT_SYSTEM, "value": f"{plan}/{visit}"}]}
        at = f"{on.isoformat()}T10:00:00-05:00"
        self.store.create(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "subject": self.subject,
                "code": {"text": "Ketamine infusion"},
                "performedDateTime": at,
                **named,
            }
        )
        ours = codes.SESSION_MEASURE
        self._panel(
            at,
            named,
            (ours, codes.DOSE_MG, {"value": mg}),
            (ours, codes.DOSE_MG_PER_KG, {"value": mg_per_kg}),
        )
        during = f"{on.isoformat()}T10:40:00-05:00"
        high, low = pressure
        self._panel(
            during,
            named,
            (LOINC, "8480-6", {"value": high, **MMHG}),
            (LOINC, "8462-4", {"value": low, **MMHG}),
        )
        self._panel(during, named, (LOINC, "59408-5", {"value": 97, "code": "%"}))
        asked = (codes.DISTRESSING, codes.VOMITING, codes.VOMITING_DESPITE, codes.NEW_IDEATION)
        self._panel(during, named, *((ours, code, False) for code in asked))

    def event(self, on: date, kind: str) -> None:
        self.store.create(
            {
                "resourceType": "AdverseEvent",
                "actuality": "actual",
                "subject": self.subject,
                "date": f"{on.isoformat()}T09:00:00-05:00",
                "event": {"coding": [{"system": codes.ADVERSE_EVENT_KIND, "code": kind}]},
            }
        )

    def _panel(self, at: str, named: Json, *parts: tuple[str, str, Any]) -> None:
        component = [
            {"code": {"coding": [{"system": system, "code": code}]}}
            | ({"valueBoolean": value} if isinstance(value, bool) else {"valueQuantity": value})
            for system, code, value in parts
        ]
        self._observation(at, **named, code={"text": "session"}, component=component)

    def _observation(self, at: str, **more: Any) -> None:
        self.store.create(
            {
                "resourceType": "Observation",
                "status": "final",
                "subject": self.subject,
                "effectiveDateTime": at,
                **more,
            }
        )
