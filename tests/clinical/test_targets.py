"""Which disorder the plan is for, how severe, on what evidence: protocol facts 1.5, 3.1, 6, 8b."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.record import ICD10CM, SNOMED, Code, Condition, PatientRecord
from tests.clinical.builders import (
    DISORDERS,
    a_condition,
    a_course,
    a_ready_record,
    an_intake,
    an_observation,
    cls_of,
    drafted,
    found,
    judged,
    the_disorder,
    told,
)

# Section 6, copied from the paper.
CODES = {
    "GAD": "21897009 F41.1",
    "PANIC": "371631005 35607004 F41.0 F40.01",
    "SAD": "25501002 62351001 F40.10 F40.11",
    "SPECIFIC_PHOBIA": (
        "54587008 F40.210 F40.218 F40.220 F40.228 F40.230 F40.231 F40.232 F40.240 F40.241 F40.243 F40.248"
        " F40.290 F40.298"
    ),
    "OCD": "191736004 F42.2 F42.8 F42.9",
    "PTSD": "47505003 F43.10 F43.11 F43.12",
}
NOT_TARGETS = [
    "F42.3",
    "F42.4",
    "F40.00",
    "F40.02",
    "F41.9",
    "F41.3",
    "F43.0",
    "F43.22",
    "F40.9",
    "370143000",
    "F33.2",
    "59621000",
    "24551003",
]
NO_TARGET, UNSPECIFIED = "NO_TARGET_DISORDER", "MULTI_DX_PRINCIPAL_UNSPECIFIED"


def coded(code: str, status: str | None = "active", **changes: object) -> Condition:
    by_system = {"icd": code} if code[0].isalpha() else {"snomed": code}
    return a_condition(**by_system, status=status, **changes)  # type: ignore[arg-type]


def without_target(*conditions: Condition) -> PatientRecord:
    return a_ready_record(without=["disorder"], also=conditions)


ROWS = [(disorder, code) for disorder, codes in CODES.items() for code in codes.split()]


@pytest.mark.parametrize(("disorder", "code"), ROWS, ids=[f"{d}-{c}" for d, c in ROWS])
def test_every_listed_code_is_its_disorder(disorder: str, code: str) -> None:
    assert judged(without_target(coded(code))).targets == (BY_ID[disorder],)


@pytest.mark.parametrize("code", NOT_TARGETS)
def test_neighbours_are_no_target(code: str) -> None:
    assert judged(without_target(coded(code))).targets == ()


@pytest.mark.parametrize("code", ["197480006", "48694002", "386808001"])
def test_what_is_not_specific_is_incomplete_not_a_target(code: str) -> None:
    assert found(without_target(coded(code))) == {NO_TARGET, "WORKUP_INCOMPLETE"}


def test_an_unspecific_snomed_code_does_not_hide_the_icd_code_beside_it() -> None:
    both = a_condition("48694002", "F41.1")
    assert found(without_target(both)) == set()


def test_one_disorder_told_twice_is_one() -> None:
    twice = a_ready_record(also=[a_condition(None, "F41.1")])
    assert found(twice) == set()
    assert len(judged(twice).targets) == 1


@pytest.mark.parametrize("status", ["inactive", "resolved", "remission"])
def test_a_disorder_that_is_over_is_no_target(status: str) -> None:
    assert found(without_target(coded("21897009", status))) == {NO_TARGET}


def test_nor_is_one_that_was_refuted() -> None:
    refuted = coded("21897009", verification_status="refuted")
    assert found(without_target(refuted)) == {NO_TARGET}


def test_without_a_target_nothing_is_proposed() -> None:
    record = without_target()
    plan = drafted(record)
    assert judged(record).decision is Decision.NEEDS_REVIEW
    assert cls_of(record, NO_TARGET) is FindingClass.REVIEW
    assert (plan.ketamine.protocol, plan.cbt, plan.followups, plan.monitoring) == ("NONE", None, (), None)
    assert (plan.alternative_plan, plan.visits, plan.cbt_candidates) == (None, (), ())


def test_without_a_target_what_excludes_ketamine_is_still_seen() -> None:
    record = without_target(coded("58214004"))
    assert found(record) == {NO_TARGET, "PSYCHOSIS_SPECTRUM"}
    assert judged(record).decision is Decision.BLOCKED


# --- several --------------------------------------------------------------------------------------------

ALL_FORMS = tuple(a_course(form, 14, 35) for form in ("CBT", "ERP", "trauma-focused", "exposure"))


def several(first: str, second: str, principal: str | None = None) -> PatientRecord:
    loinc, name, score = DISORDERS[second][1]
    said = Code(SNOMED, DISORDERS[principal][0][0]) if principal else None
    also = [the_disorder(second), an_observation(loinc, score, 4, text=name)]
    intake = an_intake(first, principal_diagnosis=said, therapy_courses=ALL_FORMS)
    return a_ready_record(first, also=also, intake=intake)


DEFAULTS = {
    "GAD": "IV6_2PW",
    "SAD": "IV6_2PW",
    "PANIC": "IV6_2PW",
    "OCD": "IV1",
    "PTSD": "IV3_QW",
    "SPECIFIC_PHOBIA": "NONE",
}
PAIRS = list(combinations(DISORDERS, 2))


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{a}+{b}" for a, b in PAIRS])
def test_none_named_principal(first: str, second: str) -> None:
    record = several(first, second)
    plan = drafted(record)
    shared = DEFAULTS[first] if DEFAULTS[first] == DEFAULTS[second] else "NONE"
    assert UNSPECIFIED in found(record)
    assert plan.decision is Decision.NEEDS_REVIEW
    assert plan.cbt is None and len(plan.cbt_candidates) == 2
    assert plan.ketamine.protocol == shared
    assert bool(plan.followups) is (shared != "NONE")
    assert [v.visit for v in plan.followups][:1] == (["24h_check_call"] if shared != "NONE" else [])
    assert plan.override is None


def test_candidates_are_courses_that_fit_what_is_proposed() -> None:
    """Without ketamine the phobia's own candidate is the course that needs none."""
    assert set(drafted(several("GAD", "SPECIFIC_PHOBIA")).cbt_candidates) == {
        "CBT_GAD_14",
        "OST_PHOBIA_4_CBTONLY",
    }


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{a}+{b}" for a, b in PAIRS])
def test_the_principal_leads(first: str, second: str) -> None:
    plan = drafted(several(first, second, principal=second))
    assert UNSPECIFIED not in {f.id for f in plan.findings}
    assert plan.ketamine.protocol == DEFAULTS[second]
    expected = BY_ID[second].cbt_alone if DEFAULTS[second] == "NONE" else BY_ID[second].cbt_with_ketamine
    assert plan.cbt is not None and plan.cbt.protocol == expected
    assert plan.cbt_candidates == ()


@pytest.mark.parametrize("code", [Code(SNOMED, "62351001"), Code(ICD10CM, "F40.11")], ids=lambda c: c.code)
def test_any_code_of_the_disorder_names_it(code: Code) -> None:
    record = several("GAD", "SAD")
    named = replace(record, intake=replace(record.intake, principal_diagnosis=code))
    assert judged(named).lead is BY_ID["SAD"]


def test_a_principal_that_is_not_on_the_list_names_none() -> None:
    record = several("GAD", "SAD")
    other = replace(record, intake=replace(record.intake, principal_diagnosis=Code(SNOMED, "47505003")))
    assert UNSPECIFIED in found(other)


def test_a_single_target_needs_no_principal() -> None:
    assert found(a_ready_record()) == set()


# --- evidence -------------------------------------------------------------------------------------------

EVIDENCE = {
    "GAD": {"EVIDENCE_LOW"},
    "SAD": {"EVIDENCE_LOW"},
    "PANIC": {"EVIDENCE_VERY_LOW"},
    "SPECIFIC_PHOBIA": {"EVIDENCE_INSUFFICIENT"},
    "OCD": {"EVIDENCE_LOW", "DSM5_CLASS_OCD"},
    "PTSD": {"EVIDENCE_MIXED", "DSM5_CLASS_TRAUMA"},
}
REVIEWED = {"EVIDENCE_VERY_LOW", "EVIDENCE_INSUFFICIENT"}


@pytest.mark.parametrize("disorder", [*DISORDERS])
def test_the_evidence_is_told(disorder: str) -> None:
    record = a_ready_record(disorder)
    assert found(record) == EVIDENCE[disorder] & REVIEWED
    assert told(record) == EVIDENCE[disorder] - REVIEWED | {"OFF_LABEL"}


def test_panic_beside_another_target_is_not_the_only_one() -> None:
    assert found(several("GAD", "PANIC")) == {UNSPECIFIED}
    assert found(several("GAD", "PANIC", principal="GAD")) == set()


@pytest.mark.parametrize("depression", ["370143000", "1153570009", "F33.2"])
def test_depression_beside_it_has_a_labelled_option(depression: str) -> None:
    record = a_ready_record(also=[coded(depression)])
    assert found(record) == set()
    assert "COMORBID_TRD_LABELLED_OPTION" in told(record)


# --- severity -------------------------------------------------------------------------------------------

# 8b: GAD-7 under 10, LSAS 50 or less, PDSS under 11, Y-BOCS under 16, PCL-5 under 31, phobia under 20.
ENTRY = {"GAD": 10, "SAD": 51, "PANIC": 11, "OCD": 16, "PTSD": 31, "SPECIFIC_PHOBIA": 20}


@pytest.mark.parametrize("disorder", [*DISORDERS])
def test_severity_below_entry(disorder: str) -> None:
    loinc, name, _ = DISORDERS[disorder][1]
    for score, below in ((ENTRY[disorder], False), (ENTRY[disorder] - 1, True)):
        scored = an_observation(loinc, score, 4, text=name)
        record = a_ready_record(disorder, without=["disorder_scale"], also=[scored])
        assert ("SEVERITY_BELOW_ENTRY" in found(record)) is below
        assert cls_of(record, "SEVERITY_BELOW_ENTRY") in (None, FindingClass.REVIEW)


def test_the_newest_score_counts() -> None:
    older = an_observation("70274-6", 4, 9)
    newer = an_observation("70274-6", 4, 1)
    assert found(a_ready_record(also=[older])) == set()
    assert found(a_ready_record(also=[newer])) == {"SEVERITY_BELOW_ENTRY"}


def test_a_subscale_is_not_the_total() -> None:
    part = an_observation(None, 20, 1, text="LSAS-SR fear subscale")
    assert found(a_ready_record("SAD", also=[part])) == set()


# --- the escort -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"), [(True, set()), (False, {"NO_ESCORT"}), (None, {"NO_ESCORT"})]
)
def test_a_companion_not_answered_is_none(answer: bool | None, expected: set[str]) -> None:
    record = a_ready_record(intake=an_intake(escort_confirmed=answer))
    assert found(record) == expected
    assert cls_of(record, "NO_ESCORT") in (None, FindingClass.REVIEW)
