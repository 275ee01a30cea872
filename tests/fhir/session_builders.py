"""A closed session with everything recorded, in a zone with a clock change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from ketplan.clinical.plan import Clinician
from ketplan.clinical.session.during import Symptom
from ketplan.clinical.session.ladder import Pressure
from ketplan.clinical.session.sheet import Measured, Override, PlannedDose, Sheet
from ketplan.fhir.rendering.session import SessionRecord
from ketplan.fhir.rendering.session_record import PlanLinks
from tests.fhir.builders import PATIENT_ID

EST = timezone(timedelta(hours=-5))
START = datetime(2026, 3, 2, 9, 0, tzinfo=EST)
ROSSI = Clinician("Practitioner/rossi", "Dr Ada Rossi")
NONE: frozenset[Symptom] = frozenset()


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def a_planned_dose(**changes: Any) -> PlannedDose:
    defaults: dict[str, Any] = {
        "plan_id": "plan-1",
        "visit": "infusion-1",
        "title": "Infusion 1 of 6",
        "number": 1,
        "route": "IV",
        "product": "racemic ketamine hydrochloride",
        "rxnorm": "6130",
        "minutes": 40,
        "mg": 34,
        "mg_per_kg": Decimal("0.5"),
        "dosing_weight_kg": Decimal("68.00"),
        "ceiling_mg_per_kg": Decimal("1.0"),
    }
    return PlannedDose(**defaults | changes)


def a_sheet(**changes: Any) -> Sheet:
    """Everything recorded, nothing wrong."""
    defaults: dict[str, Any] = {
        "before": {"heart_rate": 72, "spo2": 98, "weight_kg": Decimal("68.5"), "cadss6_before": 0},
        "pressures": (Pressure(at(-30), 124, 78),),
        "dose": {
            "outcome": "given",
            "started": at(0),
            "ended": at(40),
            "mg": Decimal(34),
            "cadss6_during": 9,
            "distressing": False,
            "nausea": True,
            "vomiting": False,
            "vomiting_despite": False,
        },
        "sets": (
            Measured(at(0), 126, 80, 74, 98, 5, NONE),
            Measured(at(40), 152, 94, 88, 96, 4, NONE),
            Measured(at(120), 128, 80, 76, 98, 5, NONE),
        ),
        "leaving": {
            "cadss6_leaving": 0,
            "padss": 10,
            "cssrs_new_risk": False,
            "left": at(125),
        },
    }
    return Sheet(**defaults | changes)


def not_given(why: str = "Blood pressure 172/104.") -> Sheet:
    return a_sheet(dose={"outcome": "not-given", "why": why}, sets=(), leaving={})


def an_override(**changes: Any) -> Override:
    defaults: dict[str, Any] = {
        "line": "BLOOD_PRESSURE",
        "about": "",
        "reason": "Known white-coat rise.",
        "clinician": "Practitioner/rossi",
        "name": "Dr Ada Rossi",
        "at": at(-5),
    }
    return Override(**defaults | changes)


def a_session(sheet: Sheet | None = None, **changes: Any) -> SessionRecord:
    defaults: dict[str, Any] = {
        "id": "7d7c9bd7-2f7f-5c45-a1a4-7a3d3e1c0a11",
        "patient": f"Patient/{PATIENT_ID}",
        "clinician": ROSSI,
        "at": at(130),
        "zone": "America/New_York",
        "planned": a_planned_dose(),
        "sheet": sheet or a_sheet(),
        "said": {"sheet": {}},
        "links": PlanLinks("CarePlan/1", "ServiceRequest/2", "Appointment/3"),
    }
    return SessionRecord(**defaults | changes)
