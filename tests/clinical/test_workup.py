"""The work-up gate: the JSON of protocol facts 3.3, item by item, and the consent rules of 8b."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.house import House
from ketplan.clinical.record import (
    CPT,
    LOINC,
    SNOMED,
    AssertedEmptyList,
    Code,
    Encounter,
    Fact,
    PatientRecord,
    Section,
    SectionState,
    When,
)
from tests.clinical.builders import (
    AS_OF,
    DISORDERS,
    a_condition,
    a_consent,
    a_medication,
    a_patient,
    a_ready_record,
    ago,
    an_act,
    an_allergy,
    an_observation,
    born,
    cls_of,
    found,
    judged,
    text_of,
    woman,
)

INCOMPLETE = {"WORKUP_INCOMPLETE"}
FIFTY = a_patient(birth_date=born(50))

# The JSON of 3.3, literally: item → oldest age in days.
GATE = {
    "psychiatric_evaluation": 90,
    "pdmp_review": 30,
    "sbp": 30,
    "dbp": 30,
    "heart_rate": 30,
    "spo2": 30,
    "alt": 90,
    "ast": 90,
    "renal": 90,
    "tsh": 365,
    "uds_amphetamines": 30,
    "uds_cocaine": 30,
    "uds_opiates": 30,
    "uds_benzodiazepines": 30,
    "uds_pcp": 30,
    "hcg": 7,
    "ecg": 365,
    "phq9": 14,
    "audit_c": 14,
    "dast10": 14,
    "disorder_scale": 14,
}


def whom(item: str) -> dict[str, Any]:
    """A patient of whom the item is asked."""
    return {"patient": woman()} if item == "hcg" else {"patient": FIFTY} if item == "ecg" else {}


@pytest.mark.parametrize("item", [*GATE, "consent", "cssrs_wish", "allergy_list", "medication_list"])
def test_a_missing_item(item: str) -> None:
    record = a_ready_record(without=[item], **whom(item))
    assert found(record) == INCOMPLETE
    assert cls_of(record, "WORKUP_INCOMPLETE") is FindingClass.REVIEW
    assert found(a_ready_record(**whom(item))) == set()


@pytest.mark.parametrize("item", [*GATE])
def test_the_oldest_age_that_will_do(item: str) -> None:
    # A consent must not be older than the evaluation: both age together.
    with_it = {"consent": 80} if item == "psychiatric_evaluation" else {}
    assert found(a_ready_record(days={item: GATE[item]} | with_it, **whom(item))) == set()
    assert found(a_ready_record(days={item: GATE[item] + 1} | with_it, **whom(item))) == INCOMPLETE


ALTERNATIVES: list[tuple[str, Fact]] = [
    ("psychiatric_evaluation", an_act("79094001", 10)),
    ("renal", an_observation("98979-8", 90, 10)),
    ("renal", an_observation("51990-0", "Normal", 10)),
    ("hcg", an_observation("2118-8", 1, 3)),
    ("hcg", an_observation("80384-1", "Negative", 3)),
    ("hcg", an_observation("80385-8", "Negative", 3)),
    ("hcg", an_observation("21198-7", 1, 3)),
    ("ecg", an_observation("8636-3", 420, 100)),
    ("ecg", an_act("268400002", 100, "12-lead ECG")),
]


@pytest.mark.parametrize(("item", "fact"), ALTERNATIVES, ids=range(len(ALTERNATIVES)))
def test_any_of_the_listed_codes_will_do(item: str, fact: Fact) -> None:
    assert found(a_ready_record(without=[item], also=[fact], **whom(item))) == set()


@pytest.mark.parametrize("cpt", ["90791", "90792"])
def test_an_evaluation_may_be_a_billed_visit(cpt: str) -> None:
    visit = Encounter("Encounter/1", (Code(CPT, cpt),), "Evaluation", "finished", ago(10))
    assert found(a_ready_record(without=["psychiatric_evaluation"], also=[visit])) == set()
    planned = replace(visit, status="planned", when=ago(-3))
    assert found(a_ready_record(without=["psychiatric_evaluation"], also=[planned])) == INCOMPLETE


def test_what_was_not_done_is_no_evaluation() -> None:
    for status in ("not-done", "preparation", "stopped", "entered-in-error"):
        act = an_act("10197000", 4, status=status)
        assert found(a_ready_record(without=["psychiatric_evaluation"], also=[act])) == INCOMPLETE


def test_a_result_without_a_date_is_not_fresh() -> None:
    undated = an_observation("3016-3", 2, when=None)
    assert found(a_ready_record(without=["tsh"], also=[undated])) == INCOMPLETE


def test_a_partial_date_is_as_old_as_it_may_be() -> None:
    year = When(AS_OF.replace(month=1, day=1), AS_OF.replace(month=12, day=31))
    fresh = an_observation("3016-3", 2, when=year)
    old = an_observation("1742-6", 22, when=When(ago(100).earliest, ago(3).latest))
    assert found(a_ready_record(without=["tsh"], also=[fresh])) == set()
    assert found(a_ready_record(without=["alt"], also=[old])) == INCOMPLETE


# --- who is asked -----------------------------------------------------------------------------------------


def test_the_prescription_monitoring_review_is_american() -> None:
    record = a_ready_record(without=["pdmp_review"])
    assert found(record, house=House(country="GB")) == set()


@pytest.mark.parametrize(
    ("patient", "asked"),
    [
        (a_patient(birth_date=born(49)), False),
        (a_patient(birth_date=born(50, days_short=1)), False),
        (FIFTY, True),
    ],
    ids=["49", "nearly 50", "50"],
)
def test_an_ecg_from_50_on(patient: Any, asked: bool) -> None:
    record = a_ready_record(without=["ecg"], patient=patient)
    assert found(record) == (INCOMPLETE if asked else set())
    assert found(record, house=House(ecg_for_all=True)) == INCOMPLETE


def test_an_ecg_with_cardiac_history_at_any_age() -> None:
    heart = [a_condition("53741008", "I25.10")]
    assert found(a_ready_record(without=["ecg"], also=heart)) == INCOMPLETE
    assert found(a_ready_record(also=heart)) == set()


@pytest.mark.parametrize("disorder", [*DISORDERS])
def test_each_disorder_wants_its_own_scale(disorder: str) -> None:
    assert "WORKUP_INCOMPLETE" not in found(a_ready_record(disorder))
    assert "WORKUP_INCOMPLETE" in found(a_ready_record(disorder, without=["disorder_scale"]))
    assert "WORKUP_INCOMPLETE" in found(a_ready_record(disorder, days={"disorder_scale": 15}))


def test_every_target_wants_its_scale_whichever_leads() -> None:
    also = [a_condition("25501002", text="SAD")]
    record = a_ready_record(also=also)
    led = replace(record, intake=replace(record.intake, principal_diagnosis=Code(SNOMED, "21897009")))
    assert found(led) == INCOMPLETE
    assert "Liebowitz" in text_of(led, "WORKUP_INCOMPLETE")


SCALE_NAMES = [
    ("SAD", "LSAS total score"),
    ("SAD", "lsas-sr"),
    ("PANIC", "PDSS-SR total"),
    ("OCD", "Y-BOCS total"),
    ("GAD", "GAD-7 total score"),
    ("PTSD", "PCL-5 total"),
    ("SPECIFIC_PHOBIA", "Severity Measure for Specific Phobia, adult"),
]


@pytest.mark.parametrize(("disorder", "name"), SCALE_NAMES)
def test_an_uncoded_total_is_known_by_the_start_of_its_name(disorder: str, name: str) -> None:
    score = DISORDERS[disorder][1][2]
    named = an_observation(None, score, 4, text=name)
    elsewhere = an_observation(None, score, 4, text=f"Change in {name}")
    left = {"without": ["disorder_scale"]}
    assert "WORKUP_INCOMPLETE" not in found(a_ready_record(disorder, also=[named], **left))  # type: ignore[arg-type]
    assert "WORKUP_INCOMPLETE" in found(a_ready_record(disorder, also=[elsewhere], **left))  # type: ignore[arg-type]


# --- consent --------------------------------------------------------------------------------------------


def consented(*consents: Fact, evaluation: int = 10, **changes: Any) -> PatientRecord:
    days = {"psychiatric_evaluation": evaluation}
    return a_ready_record(without=["consent"], days=days, also=consents, **changes)


CONSENTS = [
    (a_consent(4), set()),
    (a_consent(10), set()),  # the day of the evaluation
    (a_consent(11), INCOMPLETE),  # the day before it
    (a_consent(4, "Consent for off label ketamine"), set()),
    (a_consent(4, "Consent for ketamine"), INCOMPLETE),
    (a_consent(4, "Consent for off-label treatment"), INCOMPLETE),
    (a_consent(4, "Consent given"), INCOMPLETE),
    (a_consent(4, "Consent given", note="Ketamine, off-label use explained"), set()),
    (a_consent(-1), INCOMPLETE),
    (a_consent(4, when=None), INCOMPLETE),
    (a_consent(4, status="not-done"), INCOMPLETE),
    (an_act("370861006", 4, "Consent verified: off-label ketamine"), set()),
    (an_act("182856006", 4, "Information: off-label ketamine"), INCOMPLETE),
]


@pytest.mark.parametrize(("consent", "expected"), CONSENTS, ids=range(len(CONSENTS)))
def test_consent_names_both_and_follows_the_evaluation(consent: Fact, expected: set[str]) -> None:
    assert found(consented(consent)) == expected


@pytest.mark.parametrize(("days", "expected"), [(90, set()), (91, INCOMPLETE)])
def test_consent_holds_for_90_days(days: int, expected: set[str]) -> None:
    old = an_act("10197000", 90, "Evaluation")
    assert found(consented(a_consent(days), old, evaluation=4)) == expected


def test_consent_follows_the_evaluation_that_still_counts() -> None:
    """An evaluation of years ago is not the one this course rests on."""
    old = an_act("10197000", 800, "Evaluation")
    assert found(consented(a_consent(6), old, evaluation=4)) == INCOMPLETE


def test_one_good_consent_among_others_is_enough() -> None:
    assert found(consented(a_consent(4), a_consent(2, "Consent to share records"))) == set()


def test_consent_is_given_at_18_or_older() -> None:
    """Eighteen on day 0 but not when consenting: not blocked for age, and the consent does not count."""
    just = a_patient(birth_date=born(18, days_short=14))
    assert found(a_ready_record(patient=just)) == INCOMPLETE
    assert "under the age of 18" in text_of(a_ready_record(patient=just), "WORKUP_INCOMPLETE")
    of_age = a_patient(birth_date=born(18, days_short=-4))
    assert found(a_ready_record(patient=of_age)) == set()


# --- lists ----------------------------------------------------------------------------------------------


def test_an_absent_list_is_unknown_an_asserted_empty_one_is_none() -> None:
    empty_allergies = AssertedEmptyList("List/1", (Code(LOINC, "48765-2"),))
    empty_medications = AssertedEmptyList("List/2", (Code(LOINC, "10160-0"),))
    assert found(a_ready_record(without=["allergy_list"], also=[empty_allergies])) == set()
    assert found(a_ready_record(without=["medication_list"], also=[empty_medications])) == set()
    assert found(a_ready_record(without=["medication_list"], also=[empty_allergies])) == INCOMPLETE
    assert found(a_ready_record(without=["allergy_list"], also=[empty_medications])) == INCOMPLETE


@pytest.mark.parametrize("status", ["active", "stopped", "completed", "on-hold"])
def test_any_medication_entry_is_a_medication_list(status: str) -> None:
    entry = a_medication("36437", "sertraline 50 mg", status=status)
    assert found(a_ready_record(without=["medication_list"], also=[entry])) == set()


def test_an_allergy_list_of_mistakes_says_nothing() -> None:
    mistake = an_allergy(Code(SNOMED, "91936005"), verification_status="entered-in-error")
    assert found(a_ready_record(without=["allergy_list"], also=[mistake])) == INCOMPLETE


# --- age ------------------------------------------------------------------------------------------------


def test_age_counts_on_day_0() -> None:
    on_day_0 = a_patient(birth_date=born(18, days_short=14))
    a_day_later = a_patient(birth_date=born(18, days_short=15))
    assert "AGE_LT_18" not in found(a_ready_record(patient=on_day_0))
    assert "AGE_LT_18" in found(a_ready_record(patient=a_day_later))
    assert cls_of(a_ready_record(patient=a_day_later), "AGE_LT_18") is FindingClass.BLOCK


@pytest.mark.parametrize(
    "birth", [None, When(AS_OF.replace(2008, 1, 1), AS_OF.replace(2008, 12, 31))], ids=str
)
def test_an_age_that_is_not_known_is_asked_for(birth: When | None) -> None:
    assert "WORKUP_INCOMPLETE" in found(a_ready_record(patient=a_patient(birth_date=birth)))


def test_the_gate_is_the_json_and_the_two_lists() -> None:
    names = {
        item.name for item in judged(a_ready_record(patient=a_patient(gender=None, birth_date=born(50)))).gate
    }
    assert names == {*GATE, "consent", "cssrs", "allergy_list", "medication_list"}


@pytest.mark.parametrize(
    "name", ["Condition", "AllergyIntolerance", "MedicationRequest", "Observation other"]
)
@pytest.mark.parametrize("state", ["forbidden", "failed", "partial"])
def test_a_section_that_was_not_read_may_hide_an_exclusion(name: str, state: str) -> None:
    sections = (Section(name, SectionState(state), 3),)
    assert found(a_ready_record(sections=sections)) == INCOMPLETE
    assert found(a_ready_record(sections=(Section(name, SectionState.FOUND, 3),))) == set()


def test_a_kind_of_entry_the_ehr_does_not_keep_hides_nothing() -> None:
    assert found(a_ready_record(sections=(Section("MedicationStatement", SectionState.FAILED),))) == set()
