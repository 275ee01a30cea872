"""Pregnancy: protocol facts 3.1, 3.3 and 8b, "Pregnancy"."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.record import LOINC, SNOMED, Answer, Code, Observation, PatientRecord, Quantity
from tests.clinical.builders import (
    a_condition,
    a_patient,
    a_ready_record,
    an_act,
    an_observation,
    born,
    cls_of,
    found,
    judged,
    woman,
)

PREGNANCY, UNCERTAIN, STALE = {"PREGNANCY"}, {"PREGNANCY_UNCERTAIN"}, {"WORKUP_INCOMPLETE"}
POSITIVE = Answer((Code(SNOMED, "10828004", "Positive"),))
NEGATIVE = Answer((Code(SNOMED, "260385009", "Negative"),))


def after(*results: Observation, **changes: Any) -> PatientRecord:
    return a_ready_record(without=["hcg"], also=results, patient=woman(), **changes)


def iu(value: str, days: int = 2, unit: str = "m[IU]/mL", comparator: str | None = None) -> Observation:
    return an_observation("2118-8", Quantity(Decimal(value), unit, comparator), days)


@pytest.mark.parametrize("loinc", ["2106-3", "2118-8", "80384-1", "80385-8", "21198-7"])
def test_a_positive_test_alone_blocks(loinc: str) -> None:
    record = after(an_observation(loinc, POSITIVE, 2))
    assert found(record) == PREGNANCY
    assert cls_of(record, "PREGNANCY") is FindingClass.BLOCK
    assert found(after(an_observation(loinc, NEGATIVE, 2))) == set()


AGES = [(7, PREGNANCY), (8, PREGNANCY | STALE), (42, PREGNANCY | STALE), (43, STALE)]


@pytest.mark.parametrize(("days", "expected"), AGES)
def test_a_positive_test_counts_for_42_days(days: int, expected: set[str]) -> None:
    assert found(after(an_observation("2106-3", POSITIVE, days))) == expected


LEVELS = [
    (iu("4.9"), set()),
    (iu("5"), UNCERTAIN),
    (iu("12", unit="IU/L"), UNCERTAIN),
    (iu("24.9"), UNCERTAIN),
    (iu("25"), PREGNANCY),
    (iu("14000"), PREGNANCY),
    (iu("5", comparator="<"), set()),  # how most laboratories report "not pregnant"
    (iu("1", comparator="<"), set()),
    (iu("1000", comparator=">"), PREGNANCY),
]


@pytest.mark.parametrize(("result", "expected"), LEVELS, ids=[str(r.value) for r, _ in LEVELS])
def test_a_level_decides_where_there_is_one(result: Observation, expected: set[str]) -> None:
    assert found(after(result)) == expected


WORDED = [(">10000", PREGNANCY), ("26 mIU/mL", PREGNANCY), ("<5", set()), ("< 5 mIU/mL", set())]


@pytest.mark.parametrize(("words", "expected"), WORDED)
def test_a_level_sent_as_text_is_a_level(words: str, expected: set[str]) -> None:
    """Laboratories send numbers beyond their range as strings."""
    assert found(after(an_observation("2118-8", words, 2))) == expected


SERIES = [
    ((POSITIVE, 20), (NEGATIVE, 2), UNCERTAIN),
    ((NEGATIVE, 20), (POSITIVE, 2), PREGNANCY),
    ((POSITIVE, 50), (NEGATIVE, 2), set()),
    ((POSITIVE, 20), ("Indeterminate", 2), UNCERTAIN),
]


@pytest.mark.parametrize(("first", "then", "expected"), SERIES, ids=range(len(SERIES)))
def test_a_later_result_settles_nothing_alone(
    first: tuple[Any, int], then: tuple[Any, int], expected: set[str]
) -> None:
    record = after(an_observation("2106-3", *first), an_observation("80384-1", *then))
    assert found(record) & (PREGNANCY | UNCERTAIN) == expected


def test_of_two_results_at_once_the_worse_one_counts() -> None:
    for order in ([POSITIVE, NEGATIVE], [NEGATIVE, POSITIVE]):
        record = after(*(an_observation("2106-3", value, 2) for value in order))
        assert found(record) == PREGNANCY


PREGNANT = Answer((Code(LOINC, "LA15173-0", "Pregnant"),))
NOT_PREGNANT = Answer((Code(LOINC, "LA26683-5", "Not pregnant"),))
STATUSES = [
    ([(PREGNANT, 300)], PREGNANCY),
    ([(PREGNANT, 301)], set()),
    ([(Answer((Code(SNOMED, "77386006"),)), 10)], PREGNANCY),
    ([(PREGNANT, 200), (NOT_PREGNANT, 100)], set()),
    ([(NOT_PREGNANT, 200), (PREGNANT, 100)], PREGNANCY),
    ([(PREGNANT, 200), (Answer((), "Unknown"), 100)], PREGNANCY),
    ([(NOT_PREGNANT, 10)], set()),
]


@pytest.mark.parametrize(("statuses", "expected"), STATUSES, ids=range(len(STATUSES)))
def test_reported_status(statuses: list[tuple[Answer, int]], expected: set[str]) -> None:
    reported = [an_observation("82810-3", value, days) for value, days in statuses]
    assert found(after(an_observation("2106-3", NEGATIVE, 2), *reported)) == expected


def test_a_diagnosis_blocks_whatever_the_test_says() -> None:
    record = after(an_observation("2106-3", NEGATIVE, 2), a_condition(icd="O09.90"))
    assert found(record) == PREGNANCY


def test_a_positive_test_in_anybody_counts() -> None:
    assert found(a_ready_record(also=[an_observation("2106-3", POSITIVE, 2)])) == PREGNANCY


# --- who is tested ----------------------------------------------------------------------------------------

WHO = [
    (a_patient(gender="female", birth_date=born(12)), True),
    (a_patient(gender="female", birth_date=born(55)), True),
    (a_patient(gender="female", birth_date=born(56)), False),
    (a_patient(gender="female", birth_date=born(12, days_short=1)), False),
    (a_patient(gender="male"), False),
    (a_patient(gender="other"), True),
    (a_patient(gender=None), True),
    (a_patient(gender="male", birth_sex="F"), True),
    (a_patient(gender="male", birth_sex="UNK"), True),
    (a_patient(gender="female", birth_sex="M"), False),
]


@pytest.mark.parametrize(("patient", "asked"), WHO, ids=range(len(WHO)))
def test_who_needs_a_test(patient: Any, asked: bool) -> None:
    record = a_ready_record(without=["hcg"], patient=patient)
    assert ("hcg" in {item.name for item in judged(record).gate}) is asked


@pytest.mark.parametrize("icd", ["Z90.710", "Z78.0"])
def test_not_after_hysterectomy_or_menopause(icd: str) -> None:
    assert found(a_ready_record(without=["hcg"], patient=woman(), also=[a_condition(icd=icd)])) == set()


def test_a_hysterectomy_counts_once_it_was_done() -> None:
    done = an_act("236886002", 900)
    planned = an_act("236886002", -30, status="preparation")
    assert found(a_ready_record(without=["hcg"], patient=woman(), also=[done])) == set()
    assert found(a_ready_record(without=["hcg"], patient=woman(), also=[planned])) == STALE
