"""Treatment resistance: protocol facts 3.4, 8b, and the readings of the first release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.house import House
from ketplan.clinical.record import SNOMED, Code, Intake, MedicationTrial, PatientRecord, TherapyCourse
from tests.clinical.builders import (
    a_condition,
    a_course,
    a_medication,
    a_ready_record,
    a_trial,
    ago,
    an_intake,
    an_observation,
    cls_of,
    drafted,
    found,
    judged,
)

NOT_MET = {"TR_CRITERION_NOT_MET"}
SERTRALINE, ESCITALOPRAM, PAROXETINE, VENLAFAXINE = "36437", "321988", "32937", "39786"


def tried(
    *trials: MedicationTrial,
    courses: Sequence[TherapyCourse] | None = None,
    disorder: str = "GAD",
    **changes: Any,
) -> PatientRecord:
    therapy = {} if courses is None else {"therapy_courses": tuple(courses)}
    intake = an_intake(disorder, medication_trials=tuple(trials), **therapy, **changes)
    return a_ready_record(disorder, intake=intake)


BOTH = (a_trial(SERTRALINE), a_trial(ESCITALOPRAM))
FIRST_LINE = ["36437", "4493", "32937", "321988", "2556", "42355", "39786", "734064", "72625", "2597"]
DRUGS = [
    ([a_trial(SERTRALINE), a_trial(ESCITALOPRAM)], set()),
    ([a_trial(SERTRALINE)], NOT_MET),
    ([], NOT_MET),
    # distinct ingredients count, not entries
    ([a_trial(SERTRALINE), a_trial(SERTRALINE)], NOT_MET),
    ([a_trial(SERTRALINE, 400), a_trial(SERTRALINE, 100), a_trial(PAROXETINE, 55)], NOT_MET),
    # 56 days
    ([a_trial(SERTRALINE, 56), a_trial(ESCITALOPRAM, 56)], set()),
    ([a_trial(SERTRALINE, 55), a_trial(ESCITALOPRAM, 56)], NOT_MET),
    # or stopped for documented intolerance
    ([a_trial(SERTRALINE, 5, None, stopped_for_intolerance=True), a_trial(ESCITALOPRAM)], set()),
    # improved by 50 % or more, or not said
    ([a_trial(SERTRALINE, below=51), a_trial(ESCITALOPRAM)], NOT_MET),
    ([a_trial(SERTRALINE, below=None), a_trial(ESCITALOPRAM)], NOT_MET),
    ([a_trial(SERTRALINE, below=25), a_trial(ESCITALOPRAM, below=10)], set()),
    # still running: to the as-of date
    ([a_trial(SERTRALINE), a_trial(ESCITALOPRAM, start=ago(56), end=None)], set()),
    ([a_trial(SERTRALINE), a_trial(ESCITALOPRAM, start=ago(55), end=None)], NOT_MET),
    # without dates nobody can say how long
    ([a_trial(SERTRALINE), a_trial("4493", start=None, end=None)], NOT_MET),
    # second line does not count
    ([a_trial(SERTRALINE), a_trial("1827")], NOT_MET),
    ([a_trial(SERTRALINE), a_trial("187832")], NOT_MET),
    ([a_trial(SERTRALINE), a_trial("15996")], NOT_MET),
]


@pytest.mark.parametrize(("trials", "expected"), DRUGS, ids=range(len(DRUGS)))
def test_two_adequate_trials_of_distinct_drugs(trials: list[MedicationTrial], expected: set[str]) -> None:
    assert found(tried(*trials)) == expected


@pytest.mark.parametrize("rxnorm", FIRST_LINE)
def test_every_first_line_drug_counts(rxnorm: str) -> None:
    other = SERTRALINE if rxnorm != SERTRALINE else PAROXETINE
    assert found(tried(a_trial(rxnorm), a_trial(other))) == set()


OCD = [
    ([a_trial(SERTRALINE, 84), a_trial(PAROXETINE, 84)], set()),
    ([a_trial(SERTRALINE, 84), a_trial(PAROXETINE, 83)], NOT_MET),
    ([a_trial(SERTRALINE, 84), a_trial(PAROXETINE, 60)], NOT_MET),
    ([a_trial(SERTRALINE, 84, 50), a_trial("2597", 84, 50)], set()),  # 50 %, not 35 %, for drugs
    ([a_trial(SERTRALINE, 84), a_trial(PAROXETINE, 20, None, stopped_for_intolerance=True)], set()),
]


@pytest.mark.parametrize(("trials", "expected"), OCD, ids=range(len(OCD)))
def test_drugs_for_ocd_need_84_days(trials: list[MedicationTrial], expected: set[str]) -> None:
    assert found(tried(*trials, disorder="OCD")) == expected


COURSES = [
    ("GAD", a_course("CBT", 8, 50), True),
    ("GAD", a_course("CBT", 7, 50), False),
    ("GAD", a_course("CBT", None, 50), False),
    ("GAD", a_course("CBT", 14, 51), False),
    ("GAD", a_course("CBT", 14, None), False),
    ("GAD", a_course("ERP", 14, 50), False),
    ("SAD", a_course("CBT"), True),
    ("PANIC", a_course("CBT"), True),
    ("OCD", a_course("ERP", 8, 35), True),
    ("OCD", a_course("ERP", 8, 36), False),
    ("OCD", a_course("ERP", 8, 50), False),
    ("OCD", a_course("CBT", 14, 35), False),
    ("PTSD", a_course("trauma-focused", 8, 50), True),
    ("PTSD", a_course("CBT", 14, 50), False),
    ("SPECIFIC_PHOBIA", a_course("exposure", 8, 50), True),
    ("SPECIFIC_PHOBIA", a_course("CBT", 14, 50), False),
]


@pytest.mark.parametrize(("disorder", "course", "met"), COURSES, ids=range(len(COURSES)))
def test_a_course_of_the_right_form(disorder: str, course: TherapyCourse, met: bool) -> None:
    trials = (a_trial(SERTRALINE, 100), a_trial(ESCITALOPRAM, 100))
    record = tried(*trials, courses=[course], disorder=disorder)
    assert ("TR_CRITERION_NOT_MET" not in found(record)) is met


def test_two_half_courses_are_no_course() -> None:
    assert found(tried(*BOTH, courses=[a_course("CBT", 4), a_course("CBT", 4)])) == NOT_MET


def test_both_halves_are_needed() -> None:
    assert found(tried(*BOTH, courses=[])) == NOT_MET
    assert found(tried(courses=[a_course()])) == NOT_MET


def test_phobia_needs_the_course_only() -> None:
    assert "TR_CRITERION_NOT_MET" not in found(tried(disorder="SPECIFIC_PHOBIA"))


def test_the_form_of_a_past_therapy_is_asked_never_guessed() -> None:
    assert found(a_ready_record(intake=Intake(escort_confirmed=True))) == NOT_MET


def test_a_clinicians_statement_stands_instead() -> None:
    assert found(tried(courses=[], resistance_statement="Severe hyponatraemia on every SSRI.")) == set()


def test_intolerance_recorded_in_the_chart_counts() -> None:
    stopped = a_medication(PAROXETINE, "paroxetine", status="stopped", stopped_for_intolerance=True)
    record = a_ready_record(intake=an_intake(medication_trials=(a_trial(SERTRALINE),)), also=[stopped])
    assert found(record) == set()


def test_the_chart_gives_the_dates_the_intake_leaves_out() -> None:
    undated = a_trial(SERTRALINE, start=None, end=None)
    intake = an_intake(medication_trials=(undated, a_trial(ESCITALOPRAM)))
    for days, expected in ((56, set()), (55, NOT_MET)):
        order = a_medication(SERTRALINE, "sertraline", status="stopped", start=ago(400), end=ago(400 - days))
        assert found(a_ready_record(intake=intake, also=[order])) == expected


def test_the_numbers_are_the_houses() -> None:
    record = tried(a_trial(SERTRALINE, 30), courses=[a_course("CBT", 4)])
    house = House(min_drug_trials=1, trial_days=28, min_therapy_sessions=4)
    assert found(record) == NOT_MET
    assert found(record, house=house) == set()


# --- several diagnoses --------------------------------------------------------------------------------------


def several(principal: str | None, courses: Sequence[TherapyCourse]) -> PatientRecord:
    """GAD and OCD, each with its scale."""
    said = Code(SNOMED, principal) if principal else None
    also = [a_condition("191736004", "F42.2"), an_observation(None, 28, 4, text="Y-BOCS total")]
    intake = an_intake(principal_diagnosis=said, therapy_courses=tuple(courses))
    return a_ready_record(also=also, intake=intake)


def test_none_said_needs_the_form_of_each() -> None:
    unspecified = {"MULTI_DX_PRINCIPAL_UNSPECIFIED"}
    assert found(several(None, [a_course("CBT"), a_course("ERP", 14, 35)])) == unspecified
    assert found(several(None, [a_course("CBT")])) == unspecified | NOT_MET
    assert found(several(None, [a_course("ERP", 14, 35)])) == unspecified | NOT_MET


def test_a_principal_needs_only_its_own() -> None:
    assert found(several("21897009", [a_course("CBT")])) == set()
    assert found(several("191736004", [a_course("ERP", 14, 35)])) == set()
    assert found(several("191736004", [a_course("CBT")])) == NOT_MET


# --- what follows -----------------------------------------------------------------------------------------


def test_not_met_is_a_review_without_ketamine_and_with_therapy_instead() -> None:
    record = tried()
    plan = drafted(record)
    assert cls_of(record, "TR_CRITERION_NOT_MET") is FindingClass.REVIEW
    assert judged(record).decision is Decision.NEEDS_REVIEW
    assert plan.ketamine.protocol == "NONE" and plan.ketamine.dose_mg is None
    assert plan.ketamine.dosing_weight_kg is not None  # judged all the same
    assert plan.cbt is not None and plan.cbt.protocol == "CBT_GAD_14"
    assert plan.alternative_plan == "CBT_ONLY:CBT_GAD_14"


def test_a_choice_of_protocol_does_not_get_round_it() -> None:
    assert drafted(tried(), protocol="IV1").ketamine.protocol == "NONE"
