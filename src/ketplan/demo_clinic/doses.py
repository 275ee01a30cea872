"""The sheets of the dosing visits that took place: typed as a nurse would, closed by the psychiatrist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ketplan import workflow
from ketplan.clinical.plan import VisitKind
from ketplan.clinical.session.discharge import INSTRUCTION
from ketplan.clinical.session.sheet import PlannedDose
from ketplan.demo_clinic.course import PSYCHIATRIST, Signed
from ketplan.fhir.rendering.course import CARE_PLAN, appointment_key, request_key
from ketplan.fhir.rendering.session import SessionRecord
from ketplan.fhir.rendering.session_record import PlanLinks
from ketplan.kept_terms import terms_payload
from ketplan.scheduling.timetable import Placed
from ketplan.web.course.sheet_entries import understood

PREPARATION, STAY = timedelta(minutes=30), timedelta(minutes=125)
_NO = ("cssrs_change", "alcohol_24h", "cannabis_24h", "new_medication", "febrile")
_NO_MORE = ("new_urinary_symptoms", "nausea_before", "antihypertensive_prescribed")
_YES = ("escort", "consent_reaffirmed", "contraindications_attested")
_SETS = ((0, 4), (40, 20), (75, 8), (120, 2))
"""Minute from the start, and how far the pressure is above what it was before."""


def session(course: Signed, visit: Placed, number: int, ids: Mapping[str, str]) -> SessionRecord:
    """One dose given as planned; `ids` are the references of the plan's steps in the EHR."""
    planned = _planned(course, visit, number)
    content = sheet(course, visit, planned)
    closed = datetime.fromisoformat(content["closed"]["at"])
    entries = understood(content, planned, course.clinic.practice.zone, closed)
    return SessionRecord(
        workflow.session_id_for(course.clinic.server, course.person.id, course.plan.id, visit.visit.key),
        course.reference,
        PSYCHIATRIST,
        closed,
        course.clinic.practice.zone.key,
        planned,
        entries.sheet,
        {
            "plan": course.plan.id,
            "visit": visit.visit.key,
            "entered": {name: part for name, part in content.items() if name != "closed"},
        },
        PlanLinks(ids[CARE_PLAN], ids[request_key(VisitKind.INFUSION)], ids[appointment_key(visit.visit)]),
        (f"Told at discharge: {INSTRUCTION}",),
    )


def _planned(course: Signed, visit: Placed, number: int) -> PlannedDose:
    terms, drug = terms_payload(course.plan), course.plan.draft.ketamine
    assert terms is not None, "every patient of the roster has a disorder that leads"
    return PlannedDose(
        course.plan.id,
        visit.visit.key,
        visit.visit.title,
        number,
        drug.route or "",
        drug.product or "",
        terms["protocol"]["rxnorm"],
        drug.minutes,
        drug.dose_mg,
        drug.mg_per_kg,
        drug.dosing_weight_kg,
        drug.ceiling_mg_per_kg,
    )


def sheet(course: Signed, visit: Placed, planned: PlannedDose) -> dict[str, Any]:
    """What was typed on the sheet of the visit, as it is kept."""
    chance, start = course.chance, visit.start + PREPARATION
    high, low, pulse = chance.randint(112, 134), chance.randint(70, 84), chance.randint(62, 82)
    rows = [
        {
            "at": _typed(start + timedelta(minutes=minute)),
            "systolic": f"{high + above + chance.randint(-3, 3)}",
            "diastolic": f"{low + above // 2 + chance.randint(-2, 2)}",
            "heart_rate": f"{pulse + above // 2}",
            "spo2": f"{chance.randint(96, 99)}",
            "moaas": "4" if above >= 16 else "5",
            "symptoms": "none",
        }
        for minute, above in _SETS
    ]
    left, kilos = start + STAY, planned.dosing_weight_kg or 70
    by = {"by": PSYCHIATRIST.reference, "at": start.isoformat()}
    return {
        "before": {
            **dict.fromkeys((*_NO, *_NO_MORE), "no"),
            **dict.fromkeys(_YES, "yes"),
            "heart_rate": f"{pulse}",
            "spo2": "98",
            "weight_kg": f"{kilos:.1f}",
            "cadss6_before": "0",
            "last_food": _typed(start - timedelta(hours=11)),
            "last_fluid": _typed(start - timedelta(hours=3)),
        },
        "pressures": [
            {"at": _typed(start - timedelta(minutes=15)), "systolic": f"{high}", "diastolic": f"{low}"}
        ],
        "dose": {
            "outcome": "given",
            "started": _typed(start),
            "ended": _typed(start + timedelta(minutes=planned.minutes or 40)),
            "mg": f"{planned.mg}",
            "cadss6_during": f"{chance.randint(4, 11)}",
            **dict.fromkeys(("distressing", "vomiting", "vomiting_despite"), "no"),
            "nausea": chance.choice(("no", "no", "yes")),
        },
        "sets": rows,
        "leaving": {
            **dict.fromkeys(("cssrs_new_risk", "uncontrolled_vomiting"), "no"),
            **dict.fromkeys(("on_air", "walks_unaided", "escort_present", "instructed"), "yes"),
            "cadss6_leaving": "0",
            "padss": "10",
            "left": _typed(left),
        },
        "accepted": by,
        "closed": {
            "clinician": PSYCHIATRIST.reference,
            "name": PSYCHIATRIST.name,
            "at": (left + timedelta(minutes=5)).isoformat(),
        },
    }


def _typed(moment: datetime) -> str:
    """As a form sends it: the wall clock, to the minute."""
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")
