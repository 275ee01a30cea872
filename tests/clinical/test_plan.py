"""What is proposed, and what instead: titration, alternatives in their order, overrides, therapy alone."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.house import House
from ketplan.clinical.plan import KetamineCourse
from ketplan.clinical.record import Fact, PatientRecord
from ketplan.errors import InputError
from tests.clinical.builders import (
    a_condition,
    a_patient,
    a_ready_record,
    an_intake,
    an_observation,
    born,
    cls_of,
    drafted,
    found,
    judged,
    pressure,
    the_disorder,
)

PSYCHOSIS, PREGNANT = a_condition("58214004"), a_condition("77386006")
CRISIS = [*pressure(190, 115, 0, "10:00"), *pressure(188, 114, 0, "10:20")]
PLAN_TO_DIE = an_observation("93250-9", "Yes", 3)
YOUNG: dict[str, Any] = {"patient": a_patient(birth_date=born(16))}

# --- titration ------------------------------------------------------------------------------------------


def steps(record: PatientRecord, **choice: Any) -> list[str]:
    return [t for t in drafted(record, **choice).ketamine.titration if "propose" in t]


CUTS = [("GAD", 50), ("SAD", 28), ("PANIC", 40)]


@pytest.mark.parametrize(("disorder", "cut"), CUTS)
def test_two_steps_judged_by_the_disorders_own_cut(disorder: str, cut: int) -> None:
    first, second = steps(a_ready_record(disorder))
    assert first.startswith("After infusion 2") and "0.75 mg/kg" in first and "less than 20 %" in first
    assert second.startswith("After infusion 4") and "1.0 mg/kg" in second and f"less than {cut} %" in second
    assert "(53 mg)" in first and "(70 mg)" in second  # of 70 kg, half up


@pytest.mark.parametrize("disorder", ["OCD", "PTSD", "SPECIFIC_PHOBIA"])
def test_short_courses_are_not_titrated_up(disorder: str) -> None:
    assert steps(a_ready_record(disorder)) == []


def test_from_65_one_step_to_the_ceiling_of_a_half() -> None:
    record = a_ready_record(patient=a_patient(birth_date=born(70)))
    (only,) = steps(record)
    assert only.startswith("After infusion 2") and re.search(r"propose 0\.50? mg/kg", only)
    assert drafted(record).ketamine.ceiling_mg_per_kg == Decimal("0.5")


def test_the_frail_start_at_their_ceiling() -> None:
    record = a_ready_record(also=[a_condition("248279007")])
    assert steps(record) == []
    assert drafted(record).ketamine.mg_per_kg == drafted(record).ketamine.ceiling_mg_per_kg == Decimal("0.5")


def test_what_forbids_a_step_up_is_said() -> None:
    words = " ".join(drafted(a_ready_record()).ketamine.titration)
    for reason in ("165/100", "dissociation", "vomiting", "94 %", "suicidal"):
        assert reason in words
    assert "0.25 mg/kg" in words


def test_without_a_weight_steps_have_no_milligrams() -> None:
    assert not any(" mg)" in step for step in steps(a_ready_record(without=["weight"])))


# --- alternatives ---------------------------------------------------------------------------------------

COURSES = {
    "GAD": "CBT_GAD_14",
    "SAD": "CBT_SAD_14",
    "PANIC": "CBT_PANIC_12",
    "SPECIFIC_PHOBIA": "OST_PHOBIA_4_CBTONLY",
    "OCD": "ERP_OCD_17",
    "PTSD": "PE_PTSD_10",
}
ALTERNATIVES: list[tuple[list[Fact], dict[str, Any], str]] = [
    ([PREGNANT], {}, "CBT_ONLY:CBT_GAD_14"),
    ([a_condition("432119003")], {}, "CBT_ONLY:CBT_GAD_14"),
    ([a_condition("7200002")], {}, "CBT_ONLY:CBT_GAD_14"),
    ([PSYCHOSIS], {}, "REFER_PSYCHOSIS_SERVICE"),
    ([], YOUNG, "REFER_CHILD_ADOLESCENT_SERVICE"),
    ([PSYCHOSIS], YOUNG, "REFER_PSYCHOSIS_SERVICE"),
    ([PREGNANT], YOUNG, "REFER_CHILD_ADOLESCENT_SERVICE"),
    ([*CRISIS], YOUNG, "REFER_CHILD_ADOLESCENT_SERVICE"),
    ([PREGNANT, PSYCHOSIS], {}, "REFER_PSYCHOSIS_SERVICE"),
]


@pytest.mark.parametrize(("facts", "changes", "expected"), ALTERNATIVES, ids=range(len(ALTERNATIVES)))
def test_what_a_blocked_patient_gets_instead(
    facts: list[Fact], changes: dict[str, Any], expected: str
) -> None:
    plan = drafted(a_ready_record(also=facts, **changes))
    assert plan.decision is Decision.BLOCKED
    assert plan.alternative_plan == expected
    assert any("7 to 14 days" in step for step in plan.alternative_steps)


@pytest.mark.parametrize("disorder", [*COURSES])
def test_the_course_of_the_alternative_is_the_disorders_own(disorder: str) -> None:
    assert (
        drafted(a_ready_record(disorder, also=[PREGNANT])).alternative_plan == f"CBT_ONLY:{COURSES[disorder]}"
    )
    not_met = a_ready_record(disorder, intake=an_intake(therapy_courses=()))
    assert drafted(not_met).alternative_plan == f"CBT_ONLY:{COURSES[disorder]}"


def test_a_blocked_plan_holds_nothing_else() -> None:
    plan = drafted(a_ready_record(also=[PREGNANT]))
    assert plan.ketamine == KetamineCourse("NONE")
    assert (plan.cbt, plan.followups, plan.monitoring, plan.override) == (None, (), None, None)
    assert plan.visits == ()


def test_who_is_eligible_needs_no_alternative() -> None:
    plan = drafted(a_ready_record())
    assert (plan.alternative_plan, plan.alternative_steps) == (None, ())


def test_steps_stand_in_the_order_of_the_amendment() -> None:
    steps = drafted(a_ready_record(also=[PSYCHOSIS, PLAN_TO_DIE, *CRISIS])).alternative_steps
    marks = ("uicide", "Urgent medical review", "7 to 14 days", "psychosis")
    assert [next(n for n, s in enumerate(steps) if mark in s) for mark in marks] == [0, 1, 2, 3]


def test_several_diagnoses_blocked_name_no_course() -> None:
    plan = drafted(a_ready_record(also=[the_disorder("SAD"), PREGNANT]))
    assert plan.decision is Decision.BLOCKED
    assert plan.cbt is None


def test_the_dead_get_nothing() -> None:
    record = a_ready_record(patient=a_patient(deceased=True))
    plan = drafted(record)
    assert found(record) == {"PATIENT_DECEASED"}
    assert cls_of(record, "PATIENT_DECEASED") is FindingClass.BLOCK
    assert plan.decision is Decision.BLOCKED
    assert (plan.alternative_plan, plan.alternative_steps, plan.cbt, plan.visits) == (None, (), None, ())


# --- an override, a choice --------------------------------------------------------------------------------


def test_phobia_may_be_overridden_with_one_infusion() -> None:
    override = drafted(a_ready_record("SPECIFIC_PHOBIA")).override
    assert override is not None
    assert override.ketamine.protocol == "IV1" and override.ketamine.dose_mg == 35
    assert override.cbt.protocol == "OST_PHOBIA_4_WITH_K"
    assert [s.offset for s in override.cbt.sessions] == [-1, 1, 8, 22]


@pytest.mark.parametrize("also", [[PREGNANT], []], ids=["blocked", "not resistant"])
def test_not_when_blocked_or_not_resistant(also: list[Fact]) -> None:
    intake = an_intake("SPECIFIC_PHOBIA", **({} if also else {"therapy_courses": ()}))
    assert drafted(a_ready_record("SPECIFIC_PHOBIA", also=also, intake=intake)).override is None


def test_only_phobia_has_one() -> None:
    assert all(drafted(a_ready_record(d)).override is None for d in COURSES if d != "SPECIFIC_PHOBIA")


def test_a_chosen_protocol_is_proposed_with_its_own_findings() -> None:
    record = a_ready_record()
    plan = drafted(record, protocol="ESK_LABEL")
    assert plan.ketamine.protocol == "ESK_LABEL" and plan.ketamine.dose_mg == 56
    assert plan.ketamine.mg_per_kg is None
    assert found(record, protocol="ESK_LABEL") == {"ESK_OFF_LABEL_ANXIETY", "REMS_NOT_CONFIRMED"}
    assert cls_of(record, "REMS_NOT_CONFIRMED", protocol="ESK_LABEL") is FindingClass.HOLD


@pytest.mark.parametrize(("setting", "age", "mg"), [(56, 70, 56), (28, 70, 28), (28, 64, 56)])
def test_esketamine_may_start_at_28_mg_from_65_on_as_the_european_text_has_it(
    setting: int, age: int, mg: int
) -> None:
    record = a_ready_record(patient=a_patient(birth_date=born(age)))
    house = House(esketamine_first_mg_from_65=setting)
    assert drafted(record, house=house, protocol="ESK_LABEL").ketamine.dose_mg == mg


@pytest.mark.parametrize(
    "choice",
    [{"protocol": "IV9"}, {"protocol": "SC_ASC_WEEKLY"}, {"protocol": "PO_SUPERVISED"}, {"basis": "guess"}],
)
def test_what_is_not_switched_on_cannot_be_chosen(choice: dict[str, str]) -> None:
    with pytest.raises(InputError):
        judged(a_ready_record(), **choice)


def test_a_therapy_course_of_another_disorder_cannot_be_chosen() -> None:
    with pytest.raises(InputError):
        drafted(a_ready_record("PTSD"), cbt="ERP_OCD_17")
    chosen = drafted(a_ready_record("PTSD"), cbt="CPT_PTSD_12").cbt
    assert chosen is not None and len(chosen.sessions) == 12


# --- therapy alone, from a blocked patient ------------------------------------------------------------------


def test_therapy_alone_is_a_plan_of_its_own() -> None:
    record = a_ready_record(also=[PREGNANT])
    plan = drafted(record, cbt_only=True)
    assert plan.decision is Decision.ELIGIBLE
    assert plan.ketamine.infusions == 0 and plan.ketamine.dose_mg is None
    assert plan.cbt is not None and plan.cbt.protocol == "CBT_GAD_14"
    assert [s.offset for s in plan.cbt.sessions[:3]] == [0, 7, 14]
    assert plan.followups[0].visit == "review_4_weeks"


NOT_THERAPY_EITHER: list[tuple[list[Fact], dict[str, Any], Decision]] = [
    ([PSYCHOSIS], {}, Decision.BLOCKED),
    ([], YOUNG, Decision.BLOCKED),
    ([], {"patient": a_patient(deceased=True)}, Decision.BLOCKED),
    ([PLAN_TO_DIE], {}, Decision.NEEDS_REVIEW),
    ([*CRISIS], {}, Decision.NEEDS_REVIEW),
]


@pytest.mark.parametrize(("facts", "changes", "expected"), NOT_THERAPY_EITHER, ids=range(5))
def test_what_stands_against_therapy_alone(
    facts: list[Fact], changes: dict[str, Any], expected: Decision
) -> None:
    assert judged(a_ready_record(also=facts, **changes), cbt_only=True).decision is expected
