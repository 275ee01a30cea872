"""The intake: what a clinician answered, read and written by one table."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.record import (
    RXNORM,
    SNOMED,
    Code,
    Intake,
    MedicationTrial,
    NmdaCourse,
    TherapyCourse,
    When,
)
from ketplan.fhir.datatypes import BASE
from ketplan.fhir.intake import build_intake_response
from ketplan.fhir.intake_form import INTAKE, questionnaire
from tests.fhir.builders import PATIENT_ID, a_record, an_intake, answered, group, section

SERTRALINE = {"system": RXNORM, "code": "36437"}
AUTHORED = datetime(2026, 2, 16, 9, 30, tzinfo=timezone(timedelta(hours=-5)))


def read(*items: dict[str, Any], **changes: Any) -> Intake:
    return a_record(an_intake(*items, **changes)).intake


def test_nothing_answered_is_an_empty_intake() -> None:
    assert a_record().intake == Intake()


def test_every_question() -> None:
    intake = read(
        answered("escort-confirmed", valueBoolean=False),
        answered("principal-diagnosis", valueCoding={"system": SNOMED, "code": "21897009", "display": "GAD"}),
        answered("resistance-not-possible", valueString="SSRIs are contraindicated."),
        group(
            "medication-trial",
            answered("medication-trial.ingredient", valueCoding=SERTRALINE),
            answered("medication-trial.start", valueDate="2023-10-01"),
            answered("medication-trial.end", valueDate="2024-01"),
            answered("medication-trial.improvement-percent-below", valueInteger=50),
            answered("medication-trial.stopped-for-intolerance", valueBoolean=True),
        ),
        group(
            "psychotherapy-course",
            answered("psychotherapy-course.form", valueCoding={"code": "ERP"}),
            answered("psychotherapy-course.sessions", valueInteger=14),
            answered("psychotherapy-course.start", valueDate="2024-09-01"),
            answered("psychotherapy-course.end", valueDate="2024-12-20"),
            answered("psychotherapy-course.improvement-percent-below", valueInteger=35),
        ),
        group(
            "prior-nmda-course",
            answered("prior-nmda-course.ingredient", valueCoding={"system": RXNORM, "code": "6130"}),
            answered("prior-nmda-course.administrations", valueInteger=6),
            answered("prior-nmda-course.end", valueDate="2025"),
            answered("prior-nmda-course.improvement-percent-below", valueInteger=25),
        ),
    )
    assert intake == Intake(
        reference="QuestionnaireResponse/q1",
        authored=When.on(date(2026, 2, 16)),
        escort_confirmed=False,
        principal_diagnosis=Code(SNOMED, "21897009", "GAD"),
        resistance_statement="SSRIs are contraindicated.",
        medication_trials=(
            MedicationTrial(
                Code(RXNORM, "36437"),
                When.on(date(2023, 10, 1)),
                When(date(2024, 1, 1), date(2024, 1, 31)),
                50,
                stopped_for_intolerance=True,
            ),
        ),
        therapy_courses=(
            TherapyCourse("ERP", 14, When.on(date(2024, 9, 1)), When.on(date(2024, 12, 20)), 35),
        ),
        nmda_courses=(NmdaCourse(Code(RXNORM, "6130"), 6, When(date(2025, 1, 1), date(2025, 12, 31)), 25),),
    )


def test_groups_repeat_nested_flat_or_wrapped_in_a_page() -> None:
    def trial(code: str) -> list[dict[str, Any]]:
        return [
            answered("medication-trial.ingredient", valueCoding={"system": RXNORM, "code": code}),
            answered("medication-trial.improvement-percent-below", valueInteger=50),
        ]

    nested = [group("medication-trial", *trial("1")), group("medication-trial", *trial("2"))]
    expected = tuple(MedicationTrial(Code(RXNORM, code), improvement_below_pct=50) for code in "12")
    assert read(*nested).medication_trials == expected
    assert read(*trial("1"), *trial("2")).medication_trials == expected
    assert read(group("page-2", *nested)).medication_trials == expected
    assert read(group("page-2", *trial("1")), *trial("2")).medication_trials == expected


def test_a_course_s_missing_answer_does_not_borrow_from_the_next() -> None:
    first = group("medication-trial", answered("medication-trial.ingredient", valueCoding=SERTRALINE))
    second = group(
        "medication-trial", answered("medication-trial.improvement-percent-below", valueInteger=50)
    )
    assert read(first, second).medication_trials == (
        MedicationTrial(Code(RXNORM, "36437")),
        MedicationTrial(improvement_below_pct=50),
    )


def test_an_empty_group_is_no_course() -> None:
    empty = group("medication-trial", {"linkId": "medication-trial.start"})
    assert read(empty, group("psychotherapy-course")) == read()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueInteger": 50}, 50),
        ({"valueDecimal": 49.5}, 50),
        ({"valueDecimal": 50.4}, 51),
        ({"valueString": "50"}, 50),
        ({"valueInteger": 0}, 0),
    ],
)
def test_below_a_fraction_means_below_the_next_whole_percent(value: dict[str, Any], expected: int) -> None:
    item = answered("medication-trial.improvement-percent-below", **value)
    assert read(item).medication_trials[0].improvement_below_pct == expected


@pytest.mark.parametrize(("sessions", "expected"), [(8, 8), (7.5, 7), ("14", 14)])
def test_a_part_of_a_session_is_none(sessions: Any, expected: int) -> None:
    item = answered("psychotherapy-course.sessions", valueDecimal=sessions)
    assert read(item).therapy_courses[0].sessions == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueCoding": {"code": "trauma-focused"}}, "trauma-focused"),
        ({"valueCoding": {"code": "cbt"}}, "CBT"),
        ({"valueString": "Exposure"}, "exposure"),
    ],
)
def test_the_form_of_a_therapy(value: dict[str, Any], expected: str) -> None:
    assert read(answered("psychotherapy-course.form", **value)).therapy_courses[0].form == expected


@pytest.mark.parametrize(
    "item",
    [
        answered("psychotherapy-course.form", valueCoding={"code": "psychoanalysis"}),
        answered("psychotherapy-course.sessions", valueInteger="many"),
        answered("medication-trial.start", valueDate="2026-02-30"),
        answered("escort-confirmed", valueString="perhaps"),
        answered("principal-diagnosis", valueCoding={}),
    ],
)
def test_an_answer_that_cannot_be_understood_is_counted(item: dict[str, Any]) -> None:
    record = a_record(an_intake(item))
    assert record.intake == a_record(an_intake()).intake
    assert section(record, "QuestionnaireResponse").unreadable == 1


@pytest.mark.parametrize("canonical", [INTAKE, f"{INTAKE}|1.2", f"{INTAKE}/", f" {INTAKE} "])
def test_the_version_of_the_questionnaire_does_not_matter(canonical: str) -> None:
    assert (
        read(answered("escort-confirmed", valueBoolean=True), questionnaire=canonical).escort_confirmed
        is True
    )


@pytest.mark.parametrize(
    "canonical", [None, "Questionnaire/intake", f"{INTAKE}-old", f"{BASE}/Questionnaire/x", 5]
)
def test_another_questionnaire_is_not_the_intake(canonical: Any) -> None:
    assert read(answered("escort-confirmed", valueBoolean=True), questionnaire=canonical) == Intake()


def test_links_that_are_not_known_are_ignored() -> None:
    assert (
        read(answered("shoe-size", valueInteger=44), answered("medication-trial.colour", valueString="x"))
        == read()
    )


def test_the_newest_finished_response_decides() -> None:
    def response(id: str, escort: bool, **changes: Any) -> dict[str, Any]:
        return an_intake(answered("escort-confirmed", valueBoolean=escort), id=id, **changes)

    older = response("1", False, authored="2026-02-10")
    newer = response("2", True, authored="2026-02-16T09:00:00-05:00", status="amended")
    ignored = [
        response("3", False, authored="2026-03-01", status="in-progress"),
        response("4", False, authored="2026-03-01", status="entered-in-error"),
        response("5", False, authored="2026-03-01", status="stopped"),
        response("6", False, authored=None),
    ]
    for order in ([older, newer, *ignored], [*ignored, newer, older]):
        assert a_record(*order).intake.reference == "QuestionnaireResponse/2"


def test_the_later_of_two_times_on_one_day_decides_across_offsets() -> None:
    morning = an_intake(id="1", authored="2026-02-16T16:00:00Z")
    noon = an_intake(id="2", authored="2026-02-16T12:00:00-05:00")
    assert a_record(noon, morning).intake.reference == "QuestionnaireResponse/2"


# --- written and read back ------------------------------------------------------------------------------

days = st.dates(date(1990, 1, 1), date(2026, 1, 1)).map(When.on)
months = st.integers(1, 12).map(lambda m: When(date(2024, m, 1), last_day(m)))
whens = st.none() | days | months
drugs = st.none() | st.sampled_from(
    [Code(RXNORM, "36437", "sertraline"), Code(RXNORM, "6130"), Code("", "kava", "kava")]
)
percents = st.none() | st.integers(0, 100)
counts = st.none() | st.integers(0, 60)


def last_day(month: int) -> date:
    return (date(2024, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def filled(course: Any, *parts: Any) -> Any:
    """Courses that say something: an empty one is no course."""
    return st.lists(st.builds(course, *parts).filter(lambda c: c != course()), max_size=3).map(tuple)


intakes = st.builds(
    Intake,
    escort_confirmed=st.none() | st.booleans(),
    principal_diagnosis=st.none() | st.just(Code(SNOMED, "47505003", "PTSD")),
    medication_trials=filled(MedicationTrial, drugs, whens, whens, percents, st.booleans()),
    therapy_courses=filled(
        TherapyCourse,
        st.none() | st.sampled_from(["CBT", "ERP", "trauma-focused", "exposure"]),
        counts,
        whens,
        whens,
        percents,
    ),
    nmda_courses=filled(NmdaCourse, drugs, counts, whens, percents),
    resistance_statement=st.sampled_from(["", "Declined all SSRIs."]),
)


@settings(deadline=None)
@given(intakes)
def test_what_is_written_reads_back_as_the_same_answers(intake: Intake) -> None:
    written = build_intake_response(intake, f"Patient/{PATIENT_ID}", AUTHORED, "Practitioner/7")
    back = a_record({**written, "id": "new"}).intake
    assert back.authored is not None and back.authored.instant == AUTHORED
    for name in (
        "escort_confirmed",
        "principal_diagnosis",
        "medication_trials",
        "therapy_courses",
        "nmda_courses",
        "resistance_statement",
    ):
        assert getattr(back, name) == getattr(intake, name)


def test_a_written_response_says_who_and_when_and_holds_nothing_empty() -> None:
    intake = Intake(escort_confirmed=False, medication_trials=(MedicationTrial(Code(RXNORM, "36437")),))
    assert build_intake_response(intake, "Patient/jane", AUTHORED, "Practitioner/7") == {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{BASE}/Questionnaire/intake",
        "status": "completed",
        "subject": {"reference": "Patient/jane"},
        "authored": "2026-02-16T09:30:00-05:00",
        "author": {"reference": "Practitioner/7"},
        "item": [
            {"linkId": "escort-confirmed", "answer": [{"valueBoolean": False}]},
            {
                "linkId": "medication-trial",
                "item": [
                    {
                        "linkId": "medication-trial.ingredient",
                        "answer": [{"valueCoding": {"system": RXNORM, "code": "36437"}}],
                    }
                ],
            },
        ],
    }
    assert "author" not in build_intake_response(intake, "Patient/jane", AUTHORED)


# --- the form itself ------------------------------------------------------------------------------------


def links(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for item in items:
        found |= {item["linkId"]: item, **links(item.get("item", []))}
    return found


def test_the_questionnaire_asks_by_its_published_links() -> None:
    form = questionnaire({"principal-diagnosis": [Code(SNOMED, "47505003", "PTSD")]})
    items = links(form["item"])
    assert form["url"] == "https://ketplan.example.org/fhir/Questionnaire/intake"
    assert {link: item["type"] for link, item in items.items()} == {
        "escort-confirmed": "boolean",
        "principal-diagnosis": "choice",
        "resistance-not-possible": "text",
        "medication-trial": "group",
        "medication-trial.ingredient": "open-choice",
        "medication-trial.start": "date",
        "medication-trial.end": "date",
        "medication-trial.improvement-percent-below": "integer",
        "medication-trial.stopped-for-intolerance": "boolean",
        "psychotherapy-course": "group",
        "psychotherapy-course.form": "choice",
        "psychotherapy-course.sessions": "integer",
        "psychotherapy-course.start": "date",
        "psychotherapy-course.end": "date",
        "psychotherapy-course.improvement-percent-below": "integer",
        "prior-nmda-course": "group",
        "prior-nmda-course.ingredient": "open-choice",
        "prior-nmda-course.administrations": "integer",
        "prior-nmda-course.end": "date",
        "prior-nmda-course.improvement-percent-below": "integer",
    }
    assert items["principal-diagnosis"]["answerOption"] == [
        {"valueCoding": {"system": SNOMED, "code": "47505003", "display": "PTSD"}}
    ]
    forms = [option["valueCoding"]["code"] for option in items["psychotherapy-course.form"]["answerOption"]]
    assert forms == ["CBT", "ERP", "trauma-focused", "exposure"]
    assert "answerOption" not in items["medication-trial.ingredient"]
    assert all(item["text"] for item in items.values())
    assert all(items[link].get("repeats") for link, item in items.items() if item["type"] == "group")
