"""Interactions: protocol facts 3.2 as amended by 8b, and past ketamine."""

from __future__ import annotations

from typing import Any

import pytest

from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.record import RXNORM, Code, Medication, MedicationKind, PatientRecord
from tests.clinical.builders import (
    a_course,
    a_medication,
    a_ready_record,
    ago,
    an_intake,
    an_nmda_course,
    cls_of,
    found,
    judged,
    told,
)

# 3.2, copied from the paper.
TABLE = {
    "INTERACTION_BENZODIAZEPINE": "596 2598 3322 6470 6960 10355 2356 10767",
    "INTERACTION_LAMOTRIGINE": "28439",
    "INTERACTION_MAOI": "8123 10734 6011 9639 190376",
    "INTERACTION_STIMULANT": "725 3288 700810 6901 352372 6816 30125 641465",
    "INTERACTION_CNS_DEPRESSANT": "7052 7804 5489 4337 6813 1819 10689 2670 39993 461016 25480 187832 8134",
    "INTERACTION_OPIOID_ANTAGONIST": "7243",
    "INTERACTION_CYP_INHIBITOR": "21212 85762 6135 28031 31565 10594 32968",
    "INTERACTION_CYP_INDUCER": "9384 2002 8183 8134",
    "INTERACTION_THEOPHYLLINE": "10438 689",
}
# 8b names these without codes.
BY_NAME = {
    "INTERACTION_BENZODIAZEPINE": "clobazam oxazepam estazolam flurazepam quazepam clorazepate",
    "INTERACTION_CNS_DEPRESSANT": (
        "hydromorphone oxymorphone tapentadol meperidine hydroxyzine quetiapine trazodone sodium_oxybate"
    ),
    "INTERACTION_ANTIPSYCHOTIC": "clozapine haloperidol risperidone",
}
INFO_ON_A_DRIP = {"INTERACTION_CYP_INHIBITOR", "INTERACTION_ANTIPSYCHOTIC"}
ROWS = [(id, rxnorm) for id, codes in TABLE.items() for rxnorm in codes.split()]


def taking(*medications: Medication, **changes: Any) -> PatientRecord:
    return a_ready_record(also=medications, **changes)


def expected_of(rxnorm: str) -> set[str]:
    return {id for id, codes in TABLE.items() if rxnorm in codes.split()}


@pytest.mark.parametrize(("id", "rxnorm"), ROWS, ids=[f"{i[12:]}-{r}" for i, r in ROWS])
def test_every_listed_ingredient(id: str, rxnorm: str) -> None:
    findings = judged(taking(a_medication(rxnorm))).findings
    serious = {f.id for f in findings if f.cls is not FindingClass.INFO}
    assert serious == expected_of(rxnorm) - INFO_ON_A_DRIP
    assert id in {f.id for f in findings}


NAMES = [(id, name.replace("_", " ")) for id, names in BY_NAME.items() for name in names.split()]


@pytest.mark.parametrize(("id", "name"), NAMES, ids=[n for _, n in NAMES])
def test_every_ingredient_named_without_a_code(id: str, name: str) -> None:
    """Known by the name of an RxNorm coding whose number is none of the ingredient's."""
    drug = Medication("MedicationRequest/x", (Code(RXNORM, "99999999", name),), "", status="active")
    record = taking(drug)
    assert found(record) == {id} - INFO_ON_A_DRIP
    assert id in found(record) | told(record)


# Lithium, SSRIs and SNRIs, buspirone, mirtazapine.
HARMLESS = "6448 36437 321988 4493 32937 2556 42355 39786 734064 72625 1827 15996"


def test_lithium_antidepressants_and_second_line_drugs_make_none() -> None:
    for rxnorm in HARMLESS.split():
        assert found(taking(a_medication(rxnorm))) == set()


CYP = [("IV6_2PW", FindingClass.INFO), ("IV1", FindingClass.INFO)]


@pytest.mark.parametrize(("protocol", "expected"), CYP)
def test_cyp_inhibitors_are_only_told_for_an_infusion(protocol: str, expected: FindingClass) -> None:
    record = taking(a_medication("21212"))
    assert cls_of(record, "INTERACTION_CYP_INHIBITOR", protocol=protocol) is expected
    assert judged(record).decision is Decision.ELIGIBLE


STATUSES = [
    ({"status": "active"}, True),
    ({"status": "on-hold"}, True),
    ({"status": "stopped"}, False),
    ({"status": "completed"}, False),
    ({"status": "cancelled"}, False),
    ({"status": "draft"}, False),
    ({"status": "active", "intent": "plan"}, True),
    ({"status": "active", "intent": "proposal"}, False),
    ({"status": "active", "intent": None, "kind": MedicationKind.STATEMENT}, True),
    ({"status": "completed", "intent": None, "kind": MedicationKind.STATEMENT}, False),
    ({"status": "active", "start": None}, True),
    ({"status": "active", "start": ago(-3)}, True),  # it may be taken by the first dose
]


@pytest.mark.parametrize(("changes", "current"), STATUSES, ids=[str(list(c.values())) for c, _ in STATUSES])
def test_active_or_on_hold_ordered_planned_or_stated(changes: dict[str, Any], current: bool) -> None:
    record = taking(a_medication("596", "alprazolam", **changes))
    assert found(record) == ({"INTERACTION_BENZODIAZEPINE"} if current else set())


def test_two_drugs_of_a_class_are_one_finding_with_both_as_evidence() -> None:
    record = taking(a_medication("596", "alprazolam"), a_medication("6470", "lorazepam"))
    (finding,) = [f for f in judged(record).findings if f.id == "INTERACTION_BENZODIAZEPINE"]
    assert len(finding.evidence) == 2
    assert "never stop" in finding.text


@pytest.mark.parametrize("disorder", ["SPECIFIC_PHOBIA", "OCD"])
def test_they_are_judged_whatever_is_proposed(disorder: str) -> None:
    record = a_ready_record(disorder, also=[a_medication("596", "alprazolam")])
    assert "INTERACTION_BENZODIAZEPINE" in found(record)


UNMAPPED = [
    (a_medication(None, "St John's wort 300 mg"), True),
    (a_medication(None, "sertraline 50 mg"), True),  # text only, whatever the text
    (a_medication("99999999", "Xyzzyx 10 mg"), True),
    (a_medication(None, "Herbal mix", status="on-hold"), True),
    (a_medication(None, "Herbal mix", status="stopped"), False),
]


@pytest.mark.parametrize(("medication", "expected"), UNMAPPED, ids=range(len(UNMAPPED)))
def test_a_drug_that_cannot_be_told(medication: Medication, expected: bool) -> None:
    assert found(taking(medication)) == ({"MEDICATION_UNMAPPED"} if expected else set())
    assert cls_of(taking(medication), "MEDICATION_UNMAPPED") in (None, FindingClass.REVIEW)


def test_an_assertion_that_nothing_is_taken_is_no_unknown_drug() -> None:
    none = Medication(
        "MedicationStatement/1", (Code("http://snomed.info/sct", "787481004"),), "No known", status="active"
    )
    assert found(a_ready_record(without=["medication_list"], also=[none])) == set()


# --- earlier ketamine -------------------------------------------------------------------------------------

EXPOSURE, NONRESPONSE, CUMULATIVE = (
    "PRIOR_NMDA_EXPOSURE",
    "PRIOR_NMDA_NONRESPONSE",
    "CUMULATIVE_DOSE_REVIEW",
)
COURSES = [
    ([(6, 50)], {EXPOSURE}),
    ([(6, None)], {EXPOSURE}),
    ([(None, 50)], {EXPOSURE}),
    ([(6, 26)], {EXPOSURE}),
    ([(6, 25)], {EXPOSURE, NONRESPONSE}),
    ([(12, 50)], {EXPOSURE}),
    ([(13, 50)], {EXPOSURE, CUMULATIVE}),
    ([(6, 50), (7, 50)], {EXPOSURE, CUMULATIVE}),
    ([(13, 25)], {EXPOSURE, NONRESPONSE, CUMULATIVE}),
]


@pytest.mark.parametrize(("courses", "expected"), COURSES, ids=[str(courses) for courses, _ in COURSES])
def test_an_earlier_course(courses: list[tuple[int | None, int | None]], expected: set[str]) -> None:
    intake = an_intake(nmda_courses=tuple(an_nmda_course(*course) for course in courses))
    record = a_ready_record(intake=intake)
    assert found(record) == expected
    assert all(cls_of(record, id) is FindingClass.REVIEW for id in expected)


@pytest.mark.parametrize("rxnorm", ["6130", "2119365"])
@pytest.mark.parametrize("kind", MedicationKind)
def test_an_earlier_dose_in_the_chart(rxnorm: str, kind: MedicationKind) -> None:
    given = a_medication(rxnorm, "", status="completed", kind=kind, start=ago(300))
    assert found(taking(given)) == {EXPOSURE}


def test_administrations_in_the_chart_are_counted() -> None:
    given = [
        a_medication("6130", "", status="completed", kind=MedicationKind.ADMINISTRATION, start=ago(300 + n))
        for n in range(13)
    ]
    assert found(taking(*given[:12])) == {EXPOSURE}
    assert found(taking(*given)) == {EXPOSURE, CUMULATIVE}


def test_an_intranasal_dose_of_28_mg_is_ambiguous() -> None:
    spray = Medication(
        "MedicationRequest/1",
        (Code(RXNORM, "6130", "ketamine"),),
        "Intranasal ketamine 28 mg",
        status="active",
        intent="order",
    )
    assert "ROUTE_AMBIGUOUS_IN" in found(taking(spray))


def test_esketamine_by_name_is_not() -> None:
    device = Medication(
        "MedicationRequest/1",
        (Code(RXNORM, "2119365", "esketamine"),),
        "Intranasal esketamine 28 mg",
        status="active",
        intent="order",
    )
    assert found(taking(device)) == {EXPOSURE}


def test_a_course_of_therapy_is_no_drug() -> None:
    assert found(a_ready_record(intake=an_intake(therapy_courses=(a_course(), a_course())))) == set()
