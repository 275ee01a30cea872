"""What each EHR is sent, file by file: `python -m tests.ehr.golden` writes them anew, a test compares them.

One plan and one filled-in scale, as each profile shapes them. There is a file only where the profile does not
say that the EHR takes none of the type, so the folders also show what is written natively where. The
narrative is left out: it is the same everywhere, and tested where it is made.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ketplan.clinical.instruments.filling import filled_in, questions
from ketplan.clinical.instruments.table import instrument
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.profiles.shape import shape
from ketplan.fhir.render import link, render
from ketplan.fhir.rendering.survey_response import FilledIn, render_instrument
from ketplan.scheduling.timetable import Timetable
from ketplan.writeback.ladder import Choice, laddered
from tests.fhir.plan_builders import PATIENT, ZONE, a_clinician, a_plan, a_timetable

HERE = Path(__file__).parent
Json = dict[str, Any]

# Each the first of its kind; an Appointment twice, as the calendar's free slots decide.
KEPT = {
    "goal-1": "goal",
    "care-plan": "care-plan",
    "care-plan-activities": "care-plan-active",
    "request-infusion": "service-request",
    "appointment-infusion-1": "appointment-booked",
    "task-infusion-1": "task",
    "message": "message",
    "provenance": "provenance",
    "note": "note",
    "plan-response": "plan-as-answers",
    "response": "questionnaire-response",
    "total": "observation",
}


def resources() -> Iterator[tuple[str, Json]]:
    """Each resource under its name, with the ids an EHR would have given."""
    plan = a_plan()
    native = render(plan, a_timetable(plan.draft))
    below = [s for s in laddered(native, Choice.IF_NEEDED, "visit-1") if s.only_if_needed]
    steps = [*native, *below, *render_instrument(a_scale())]
    ids = {step.key: f"{step.type}/{step.key}" for step in steps if not step.updates}
    for step in steps:
        if step.key in KEPT:
            yield KEPT[step.key], link(step.resource, ids)
    proposed = render(plan, without_slots(a_timetable(plan.draft)))
    visit = next(step for step in proposed if step.key == "appointment-infusion-1")
    yield "appointment-proposed", link(visit.resource, ids)


def golden() -> dict[str, Json]:
    """What every file must hold, by its path below this folder."""
    found = {}
    for profile in shipped().values():
        for name, resource in resources():
            verb = "update" if name == "care-plan-active" else "create"
            if profile.takes(resource["resourceType"], verb) is False:
                continue
            payload, lost, lacks = shape(profile, resource)
            told = {"lost": list(lost), "lacks": list(lacks), "payload": without_narrative(payload)}
            found[f"{profile.name}/{name}.json"] = told
    return found


def text_of(told: Json) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False, default=str) + "\n"


def a_scale() -> FilledIn:
    row = instrument("PHQ-9")
    answers: dict[str, int | None] = {item.id: 1 for item in questions(row)}
    at = datetime(2026, 2, 25, 15, 30, tzinfo=UTC)
    return FilledIn("f1", filled_in(row, answers, None), PATIENT, a_clinician(), True, at, ZONE)


def without_slots(timetable: Timetable) -> Timetable:
    return replace(timetable, placed=tuple(replace(p, slots=()) for p in timetable.placed))


def without_narrative(payload: Json) -> Json:
    kept = copy.deepcopy(payload)
    if "text" in kept:
        kept["text"]["div"] = "(the narrative)"
    return kept
