"""What single resources say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ketplan.clinical.findings import Evidence
from ketplan.clinical.plan import ConfirmedPlan
from ketplan.errors import KetplanError
from ketplan.fhir.datatypes import BASE
from ketplan.fhir.render import Unsigned, render
from ketplan.scheduling.timetable import Timetable
from tests.fhir.plan_builders import (
    PLAN_ID,
    SIGNED_AT,
    a_clinician,
    a_draft,
    a_finding,
    a_goal,
    a_ketamine_course,
    a_plan,
    a_resolution,
    a_timetable,
    no_ketamine,
    placed,
)


def resource(
    key: str, plan: ConfirmedPlan | Unsigned | None = None, timetable: Timetable | None = None
) -> Any:
    plan = plan or a_plan()
    steps = render(plan, timetable or a_timetable(plan.draft))
    return next(s.resource for s in steps if s.key == key)


def codes(concept: Any) -> list[str]:
    return [c["code"] for c in concept["coding"]]


def test_care_plan_is_us_core_and_refers_to_all_it_rests_on() -> None:
    plan = resource("care-plan")
    assert [codes(c) for c in plan["category"]] == [["assess-plan"], ["734163000"]]
    assert plan["period"] == {"start": "2026-03-02", "end": "2026-06-01"}
    assert plan["created"] == "2026-02-25T14:30:00-05:00"
    assert plan["author"] == {"reference": "Practitioner/rossi", "display": "Dr Ada Rossi"}
    assert plan["addresses"] == [{"reference": "Condition/gad"}]
    assert plan["instantiatesCanonical"] == [
        f"{BASE}/PlanDefinition/IV6_2PW|0.1.0",
        f"{BASE}/PlanDefinition/CBT_GAD_14|0.1.0",
    ]


def test_a_planning_session_before_the_start_is_within_the_period() -> None:
    draft = a_draft()
    early = replace(draft.visits[6], target=draft.start.replace(day=1))
    draft = replace(draft, visits=(early, *draft.visits[7:]))
    assert resource("care-plan", a_plan(draft))["period"]["start"] == "2026-03-01"


def test_care_plan_without_ketamine_names_only_its_protocol() -> None:
    plan = resource("care-plan", a_plan(a_draft(ketamine=no_ketamine())))
    assert plan["instantiatesCanonical"] == [f"{BASE}/PlanDefinition/CBT_GAD_14|0.1.0"]
    assert plan["title"] == "CBT treatment plan"


def test_supporting_info_holds_each_reference_of_the_record_once() -> None:
    evidence = tuple(
        Evidence(reference, "words")
        for reference in ("Observation/bp", "Observation/bp", "urn:uuid:1", "Patient/jane", "Observation")
    )
    draft = a_draft(findings=(a_finding(evidence=evidence),))
    plan = resource("care-plan", a_plan(draft, resolutions=(a_resolution(),)))
    assert plan["supportingInfo"] == [{"reference": "Observation/bp"}]


def test_supporting_info_is_capped() -> None:
    evidence = tuple(Evidence(f"Observation/{n}", "words") for n in range(500))
    draft = a_draft(findings=(a_finding(evidence=evidence),))
    plan = resource("care-plan", a_plan(draft, resolutions=(a_resolution(),)))
    assert len(plan["supportingInfo"]) == 40


@pytest.mark.parametrize(
    ("by", "element"), [("Dr Ada Rossi", "authorString"), ("Practitioner/rossi", "authorReference")]
)
def test_a_resolution_becomes_a_note_with_reason_and_author(by: str, element: str) -> None:
    draft = a_draft(findings=(a_finding(),))
    [note] = resource("care-plan", a_plan(draft, resolutions=(replace(a_resolution(), clinician=by),)))[
        "note"
    ]
    assert note["text"] == (
        f"REVIEW NO_ESCORT: No companion is confirmed. Resolved by {by}: His sister takes him home."
    )
    assert note["time"] == "2026-02-25T14:30:00-05:00"
    assert set(note) == {"text", "time", element}


def test_goal_measures_by_loinc() -> None:
    goal = resource("goal-1")
    [target] = goal["target"]
    assert target["measure"]["coding"] == [{"system": "http://loinc.org", "code": "70274-6"}]
    assert target["detailQuantity"]["comparator"] == "<"
    assert target["dueDate"] == "2026-06-01"
    assert codes(goal["category"][0]) == ["behavioral"]


def test_goal_without_a_loinc_code_uses_the_local_system() -> None:
    goal = resource("goal-1", a_plan(a_draft(goals=(a_goal(instrument="Y-BOCS", loinc=None),))))
    [coding] = goal["target"][0]["measure"]["coding"]
    assert (coding["system"], coding["code"]) == (f"{BASE}/CodeSystem/instrument-total", "y-bocs")


def test_goal_without_a_cut_or_a_baseline_says_so() -> None:
    goal = resource("goal-1", a_plan(a_draft(goals=(a_goal(target_below=None, baseline=None),))))
    assert "detailQuantity" not in goal["target"][0]
    assert goal["note"] == [{"text": "No GAD-7 total at the start is on record."}]


def test_ketamine_request_is_an_off_label_plan_with_its_dose() -> None:
    request = resource("request-infusion")
    assert codes(request["code"]) == ["14152002"]
    assert "racemic ketamine" in request["code"]["text"]
    assert "off-label" in request["code"]["text"]
    notes = " ".join(n["text"] for n in request["note"])
    for words in (
        "First dose 34 mg.",
        "0.5 mg/kg x 68.00 kg",
        "Ceiling of this plan: 1.0 mg/kg",
        "not an order",
    ):
        assert words in notes
    assert request["quantityQuantity"]["value"] == 6


def test_without_a_weight_no_dose_is_guessed() -> None:
    course = a_ketamine_course(dose_mg=None, dose_mg_unrounded=None, dosing_weight_kg=None, arithmetic="")
    notes = " ".join(
        n["text"] for n in resource("request-infusion", a_plan(a_draft(ketamine=course)))["note"]
    )
    assert "to be set when the patient has been weighed" in notes
    assert " mg." not in notes


def test_only_an_infusion_is_coded_as_one() -> None:
    nasal = a_ketamine_course(route="IN", product="esketamine nasal spray")
    request = resource("request-infusion", a_plan(a_draft(ketamine=nasal)))
    assert "coding" not in request["code"]
    assert "esketamine" in request["code"]["text"]


def test_request_events_are_the_placed_times_across_a_clock_change() -> None:
    event = resource("request-infusion")["occurrenceTiming"]["event"]
    assert event[:3] == [
        "2026-03-02T09:00:00-05:00",
        "2026-03-05T09:00:00-05:00",
        "2026-03-09T09:00:00-04:00",
    ]
    assert len(event) == 6


def test_a_request_none_of_whose_visits_has_a_time_says_how_many_are_due_when() -> None:
    draft = a_draft()
    keys = tuple(v.key for v in draft.visits if v.key.startswith("infusion"))
    request = resource("request-infusion", a_plan(draft), a_timetable(draft, keys))
    assert request["occurrenceTiming"] == {
        "repeat": {"boundsPeriod": {"start": "2026-03-02", "end": "2026-03-19"}, "count": 6}
    }
    assert "Ketamine infusion 1 of 6" in " ".join(n["text"] for n in request["note"])


def test_a_visit_in_slots_is_booked() -> None:
    visit = resource("appointment-infusion-3")
    assert (visit["status"], visit["start"], visit["end"], visit["minutesDuration"]) == (
        "booked",
        "2026-03-09T09:00:00-04:00",
        "2026-03-09T11:30:00-04:00",
        150,
    )
    assert [s["reference"] for s in visit["slot"]] == [
        "Slot/Location-chair-1-infusion-3",
        "Slot/Practitioner-nurse-1-infusion-3",
    ]
    assert [p["actor"]["reference"] for p in visit["participant"]] == [
        "Patient/jane",
        "Location/chair-1",
        "Practitioner/nurse-1",
    ]
    assert {p["status"] for p in visit["participant"]} == {"accepted"}
    assert "requestedPeriod" not in visit
    assert PLAN_ID in visit["comment"]
    assert "adult" in visit["patientInstruction"]


def test_a_visit_without_slots_is_proposed_within_its_window() -> None:
    visit = resource("appointment-review_3_months")
    assert visit["status"] == "proposed"
    assert visit["requestedPeriod"] == [{"start": "2026-06-01", "end": "2026-06-03"}]
    assert [(p["actor"]["reference"], p["status"]) for p in visit["participant"]] == [
        ("Patient/jane", "needs-action")
    ]


def test_visits_are_coded_by_modality() -> None:
    kinds = {
        key: ([codes(c)[0] for c in r["serviceType"]], codes(r["appointmentType"])[0])
        for key in ("infusion-1", "cbt-1", "mid_course_review", "24h_check_call")
        for r in [resource(f"appointment-{key}")]
    }
    assert kinds == {
        "infusion-1": (["141"], "ROUTINE"),
        "cbt-1": (["142"], "ROUTINE"),
        "mid_course_review": (["141"], "FOLLOWUP"),
        "24h_check_call": (["141", "386473003"], "FOLLOWUP"),
    }


def test_the_patient_takes_part_once_and_only_actors_r4_knows() -> None:
    draft = a_draft()
    others = (
        ("Patient/jane", "J"),
        ("Organization/x", "X"),
        ("Device/pump", "Pump"),
        ("Device/pump", "Pump"),
    )
    crowded = replace(placed(draft.visits[0]), resources=others)
    visit = resource("appointment-infusion-1", a_plan(draft), Timetable("America/New_York", (crowded,)))
    assert [p["actor"]["reference"] for p in visit["participant"]] == ["Patient/jane", "Device/pump"]


def test_a_patient_named_by_bare_id_is_the_same_patient() -> None:
    assert resource("care-plan", a_plan(a_draft(patient="jane")))["subject"] == {"reference": "Patient/jane"}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(KetplanError, match="zone"):
        resource("care-plan", a_plan(confirmed_at=datetime(2026, 2, 25, 14, 30)))


def test_provenance_names_author_software_and_plan() -> None:
    provenance = resource("provenance")
    author, assembler = provenance["agent"]
    assert author["who"]["reference"] == "Practitioner/rossi"
    assert [codes(a["type"])[0] for a in (author, assembler)] == ["author", "assembler"]
    assert assembler["who"]["display"] == "ketplan 0.1.0"
    assert provenance["entity"][0]["what"]["identifier"]["value"] == PLAN_ID
    assert provenance["recorded"] == "2026-02-25T14:30:00-05:00"
    assert len(provenance["target"]) == 1 + 1 + 3 + 24


def test_provenance_says_when_the_clinician_was_only_asserted() -> None:
    plan = a_plan(clinician=a_clinician(asserted_by="command line"))
    [role] = resource("provenance", plan)["agent"][0]["role"]
    assert "asserted on the command line" in role["text"]


def test_provenance_of_a_draft_has_no_author() -> None:
    provenance = resource("provenance", Unsigned("draft", a_draft(), SIGNED_AT))
    assert [codes(a["type"])[0] for a in provenance["agent"]] == ["assembler"]
    assert "unsigned" in provenance["activity"]["text"]
