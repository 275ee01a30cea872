"""The synthetic patients: complete where they should be, dated from today, and each bent in one place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.sandbox.patients import CASES, GROUPS, READY, Case

NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2026, 2, 16)
BY_ID = {case.person.id: case for case in CASES}
GATE = {
    **dict.fromkeys(("8867-4", "59408-5"), 30),
    **dict.fromkeys(("1742-6", "1920-8", "2160-0"), 90),
    **dict.fromkeys(("3016-3", "11524-6"), 365),
    **dict.fromkeys(("19261-7", "19359-9", "19295-5", "14316-4", "19659-2"), 30),
    **dict.fromkeys(("44261-6", "75626-2", "82667-7", "93246-7", "93247-5", "93267-3"), 14),
}


def chart(id_: str, today: date = TODAY) -> list[dict[str, Any]]:
    return BY_ID[id_].resources(today, NEW_YORK)


def of(kind: str, resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in resources if one["resourceType"] == kind]


def observed(resources: list[dict[str, Any]], loinc: str) -> list[dict[str, Any]]:
    return [
        one
        for one in of("Observation", resources)
        if isinstance(one.get("code"), dict)
        and any(coding["code"] == loinc for coding in one["code"].get("coding", []))
    ]


def age_in_days(one: dict[str, Any], today: date = TODAY) -> int:
    return (today - date.fromisoformat(one["effectiveDateTime"][:10])).days


def test_there_are_enough_of_them_and_each_says_why() -> None:
    assert len(CASES) == len(BY_ID) == 22
    assert {case.group for case in CASES} == set(GROUPS)
    assert all(case.provokes for case in CASES)


def test_the_six_disorders_are_there() -> None:
    codes = {
        coding["code"]
        for case in CASES
        for condition in of("Condition", case.resources(TODAY, NEW_YORK))
        for coding in condition["code"].get("coding", [])
    }
    assert {"21897009", "25501002", "371631005", "54587008", "191736004", "47505003"} <= codes


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.group == READY], ids=lambda case: case.person.id
)
@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2026, 11, 2)])
def test_a_ready_chart_has_the_whole_work_up_in_date(case: Case, today: date) -> None:
    resources = case.resources(today, NEW_YORK)
    for loinc, limit in GATE.items():
        assert min(age_in_days(one, today) for one in observed(resources, loinc)) <= limit, loinc
    if case.person.sex == "F":
        assert age_in_days(observed(resources, "2106-3")[0], today) <= 7
    texts = {one["code"]["coding"][0]["code"]: one for one in of("Procedure", resources)}
    consent, evaluation = texts["408835000"], texts["10197000"]
    assert {"ketamine", "off-label"} <= set(consent["code"]["text"].lower().replace(";", " ").split())
    assert consent["performedDateTime"] > evaluation["performedDateTime"]
    assert "461621000124108" in texts
    assert of("AllergyIntolerance", resources)
    assert len(of("MedicationRequest", resources)) >= 2
    assert observed(resources, "29463-7")
    assert observed(resources, "8302-2")
    patient = resources[0]
    assert patient["extension"][0]["valueCode"] == case.person.sex


def test_intake_answers_have_the_shape_of_the_questionnaire() -> None:
    (intake,) = of("QuestionnaireResponse", chart("ocd-erp"))
    groups = [item["linkId"] for item in intake["item"]]
    assert groups == [*["medication-trial"] * 3, "psychotherapy-course", "escort-confirmed"]
    course = {item["linkId"]: item["answer"][0] for item in intake["item"][3]["item"]}
    assert course["psychotherapy-course.form"]["valueCoding"]["code"] == "ERP"
    assert course["psychotherapy-course.improvement-percent-below"] == {"valueInteger": 35}
    assert intake["item"][4]["answer"] == [{"valueBoolean": True}]


@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2027, 12, 31), date(2026, 7, 30)])
def test_ages_hold_on_any_day(today: date) -> None:
    for case in CASES:
        born = date.fromisoformat(case.resources(today, NEW_YORK)[0]["birthDate"])
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        assert age == case.person.age


def test_no_chart_knows_the_future() -> None:
    for case in CASES:
        for one in of("Observation", case.resources(TODAY, NEW_YORK)):
            when = str(one.get("effectiveDateTime", ""))
            assert when.startswith("2024-13") or when[:10] <= TODAY.isoformat()


def test_ids_are_unique_over_all_charts() -> None:
    keys = [(one["resourceType"], one["id"]) for case in CASES for one in case.resources(TODAY, NEW_YORK)]
    assert len(keys) == len(set(keys))


def test_what_bends_each_chart() -> None:
    pounds = observed(chart("sad-pounds"), "29463-7")[0]["valueQuantity"]
    assert (pounds["value"], pounds["code"]) == (185, "[lb_av]")
    assert [
        one["component"][0]["valueQuantity"]["value"] for one in observed(chart("pressure-hold"), "85354-9")
    ] == [
        165,
        162,
    ]
    assert observed(chart("no-weight"), "29463-7") == []
    assert age_in_days(observed(chart("old-weight"), "29463-7")[0]) == 120
    assert (
        observed(chart("suicide-risk"), "93249-1")[0]["valueCodeableConcept"]["coding"][0]["code"] == "LA33-6"
    )
    assert (
        observed(chart("pregnant"), "2106-3")[0]["valueCodeableConcept"]["coding"][0]["display"] == "Positive"
    )
    assert of("AllergyIntolerance", chart("ketamine-allergy"))[0]["criticality"] == "high"
    assert "deceasedDateTime" in chart("deceased")[0]
    assert [one["resourceType"] for one in chart("empty-chart")] == ["Patient", "Encounter"]
    assert len(of("Condition", chart("two-diagnoses"))) == 2
    weight = observed(chart("high-bmi"), "29463-7")[0]["valueQuantity"]["value"]
    assert 30 <= float(weight) / 1.75**2 < 35
    requests = of("MedicationRequest", chart("lorazepam"))
    assert requests[-1]["medicationReference"]["reference"] == "Medication/lorazepam-medication-1"
    assert "medicationCodeableConcept" not in requests[-1]


def test_the_messy_chart_is_messy() -> None:
    resources = chart("messy-chart")
    assert any("code" not in one for one in of("Observation", resources))
    assert any(one.get("effectiveDateTime") == "2024-13-45" for one in of("Observation", resources))
    assert sum(one.get("status") == "entered-in-error" for one in of("Observation", resources)) == 2
    assert any("<script>" in one["code"]["text"] for one in of("Condition", resources))


def test_the_booked_visit_is_on_the_next_monday_at_nine() -> None:
    for today in (TODAY, TODAY + timedelta(days=3), TODAY + timedelta(days=6)):
        (visit,) = of("Appointment", chart("sad-pounds", today))
        day = date.fromisoformat(visit["start"][:10])
        assert day.weekday() == 0
        assert 1 <= (day - today).days <= 7
        assert "T09:00:00" in visit["start"]
