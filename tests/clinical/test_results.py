"""Results outside their limits: protocol facts 3.1 and 8b."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.house import House
from ketplan.clinical.record import SNOMED, Answer, Code, PatientRecord, Quantity
from tests.clinical.builders import (
    a_condition,
    a_medication,
    a_patient,
    a_ready_record,
    an_observation,
    cls_of,
    found,
    woman,
)

# LOINC, value of today, finding or None. Where the gate has an older, normal value, the newest decides.
LIMITS: list[tuple[str, Any, str | None]] = [
    ("3016-3", Decimal("0.09"), "HYPERTHYROID"),
    ("3016-3", Decimal("0.1"), None),
    ("3016-3", Quantity(Decimal("0.1"), "m[IU]/L", "<"), "HYPERTHYROID"),
    ("3016-3", Quantity(Decimal("0.01"), "m[IU]/L", "<"), "HYPERTHYROID"),
    ("59408-5", 93, "RESPIRATORY_OSA"),
    ("59408-5", 94, None),
    ("98979-8", 29, "EGFR_LT_30"),
    ("98979-8", 30, None),
    ("98979-8", Quantity(Decimal(30), "mL/min", "<"), "EGFR_LT_30"),
    ("98979-8", Quantity(Decimal(60), "mL/min", ">"), None),
    ("8636-3", 469, None),
    ("8636-3", 470, "QTC_470_500"),
    ("8636-3", 500, "QTC_470_500"),
    ("8636-3", 501, "QTC_GT_500"),
    ("82667-7", 2, None),
    ("82667-7", 3, "SUD_HISTORY"),
    ("75626-2", 3, None),
    ("75626-2", 4, "SUD_HISTORY"),
    ("72172-0", 26, None),
    ("72172-0", 25, "COGNITION_LOW"),
    ("1742-6", 120, None),
    ("1742-6", 121, "HEPATIC_MODERATE"),
    ("1920-8", 120, None),
    ("1920-8", 121, "HEPATIC_MODERATE"),
]


@pytest.mark.parametrize(("loinc", "value", "id"), LIMITS, ids=[f"{c}={v}" for c, v, _ in LIMITS])
def test_limits(loinc: str, value: Any, id: str | None) -> None:
    assert found(a_ready_record(also=[an_observation(loinc, value, 0)])) == ({id} if id else set())


def test_a_newer_normal_value_settles_it() -> None:
    for loinc, high, normal in (("3016-3", Decimal("0.01"), 2), ("8636-3", 520, 430), ("1742-6", 400, 30)):
        values = [an_observation(loinc, high, 20), an_observation(loinc, normal, 1)]
        for order in (1, -1):
            assert found(a_ready_record(also=values[::order])) == set()


def test_an_abnormal_value_stays_a_concern_however_old() -> None:
    assert found(a_ready_record(also=[an_observation("8636-3", 520, 900)])) == {"QTC_GT_500"}


def test_only_a_qtc_above_500_holds() -> None:
    record = a_ready_record(also=[an_observation("8636-3", 501, 1)])
    assert cls_of(record, "QTC_GT_500") is FindingClass.HOLD
    assert (
        cls_of(a_ready_record(also=[an_observation("8636-3", 500, 1)]), "QTC_470_500") is FindingClass.REVIEW
    )


AUDIT = [
    (a_patient(), 3, False),
    (a_patient(), 4, True),
    (woman(), 2, False),
    (woman(), 3, True),
    (a_patient(gender=None), 3, True),
    (a_patient(gender="female", birth_sex="M"), 3, False),
    (a_patient(gender="male", birth_sex="F"), 3, True),
]


@pytest.mark.parametrize(("patient", "score", "expected"), AUDIT, ids=range(len(AUDIT)))
def test_audit_c_has_a_cut_for_women_and_one_for_men(patient: Any, score: int, expected: bool) -> None:
    record = a_ready_record(patient=patient, also=[an_observation("75626-2", score, 1)])
    assert ("SUD_HISTORY" in found(record)) is expected


def test_the_laboratory_gives_the_upper_limit_where_it_does() -> None:
    within = an_observation("1742-6", 160, 1, range_high=Decimal(55))
    above = an_observation("1742-6", 166, 1, range_high=Decimal(55))
    assert found(a_ready_record(also=[within])) == set()
    assert found(a_ready_record(also=[above])) == {"HEPATIC_MODERATE"}


def test_the_house_limit_can_be_set() -> None:
    record = a_ready_record(also=[an_observation("1742-6", 121, 1)])
    assert found(record, house=House(liver_upper_limit=Decimal(50))) == set()


NAMED = [
    ("SLUMS total", 27, None),
    ("SLUMS total", 26, "COGNITION_LOW"),
    ("BPIC-SS", 18, None),
    ("BPIC-SS", 19, "LUTS_OR_CYSTITIS"),
    ("Child-Pugh class", "C", "HEPATIC_SEVERE"),
    ("Child-Pugh class", "B", None),
]


@pytest.mark.parametrize(("name", "value", "id"), NAMED, ids=[f"{n}={v}" for n, v, _ in NAMED])
def test_instruments_without_a_code_are_known_by_name(name: str, value: Any, id: str | None) -> None:
    record = a_ready_record(also=[an_observation(None, value, 1, text=name)])
    assert found(record) == ({id} if id else set())


def test_a_diagnosis_and_a_result_that_agree_are_one_finding() -> None:
    record = a_ready_record(also=[a_condition("34486009"), an_observation("3016-3", Decimal("0.01"), 1)])
    assert found(record) == {"HYPERTHYROID"}


# --- urine drug screens -----------------------------------------------------------------------------------

POSITIVE = Answer((Code(SNOMED, "10828004", "Positive"),))
SCREENS = ["19261-7", "19359-9", "19295-5", "14316-4", "19659-2", "18282-4"]


@pytest.mark.parametrize("loinc", SCREENS)
@pytest.mark.parametrize("value", [POSITIVE, "Positive", "Presumptive positive"], ids=str)
def test_an_unexplained_positive(loinc: str, value: Any) -> None:
    assert found(a_ready_record(also=[an_observation(loinc, value, 1)])) == {"UDS_UNEXPECTED"}


@pytest.mark.parametrize("value", ["Negative", "None detected", "Not detected", "NEG", "Absent"])
def test_a_negative_in_any_words(value: str) -> None:
    assert found(a_ready_record(also=[an_observation("19359-9", value, 1)])) == set()


def explained(loinc: str, rxnorm: str, name: str, status: str = "active") -> PatientRecord:
    return a_ready_record(
        also=[an_observation(loinc, POSITIVE, 1), a_medication(rxnorm, name, status=status)]
    )


EXPLAINED = [
    ("19261-7", "700810", "lisdexamfetamine"),
    ("19295-5", "7804", "oxycodone"),
    ("14316-4", "596", "alprazolam"),
]


@pytest.mark.parametrize(("loinc", "rxnorm", "name"), EXPLAINED)
def test_a_current_prescription_explains_its_class(loinc: str, rxnorm: str, name: str) -> None:
    assert "UDS_UNEXPECTED" not in found(explained(loinc, rxnorm, name))
    assert "UDS_UNEXPECTED" in found(explained(loinc, rxnorm, name, status="stopped"))
    assert "UDS_UNEXPECTED" in found(explained("19359-9", rxnorm, name))


def test_mistaken_results_are_none() -> None:
    record: PatientRecord = a_ready_record(
        also=[an_observation("19359-9", POSITIVE, 1, status="entered-in-error")]
    )
    assert found(record) == set()
