"""Diagnoses of protocol facts 3.1 and 8b: one row per code the paper lists, near-misses beside them."""

from __future__ import annotations

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.record import ICD10CM, RXNORM, SNOMED, Code, Condition
from tests.clinical.builders import (
    a_condition,
    a_ready_record,
    ago,
    an_allergy,
    cls_of,
    found,
    judged,
    told,
    woman,
)

ANY_STATUS = {
    "ANEURYSM_AVM": (
        "432119003 67362008 433068007 233985008 128609009 308546005 234142008 234141001 275519006",
        "I71.4 I71.00 I67.1 I72.9 Q28.0 Q28.2 Q27.30 Q27.32",
    ),
    "ICH_HISTORY": ("1386000 274100004 21454007", "I60.9 I61.0 I62.00 I69.00 I69.15"),
    "PSYCHOSIS_SPECTRUM": (
        "58214004 68890003 69322001 64905009",
        "F20.0 F20.9 F22 F23 F24 F25.1 F28 F29 F32.3 F33.3 F53.1",
    ),
    "SUD_ACTIVE": ("724715004 724713006", "F16.20 F16.21 F16.29"),
}
ACTIVE_ONLY = {
    "PREGNANCY": ("77386006", "Z33.1 Z34.00 Z34.91 O09.1 O09.90 Z3A.20"),
    "BREASTFEEDING": ("69840006 169750002", "Z39.1"),
    "UNSTABLE_CARDIAC": ("4557003", "I20.0 I47.20 I47.29 I44.2"),
    "RAISED_ICP": ("271719001 68267002 230745008", "G93.2 G91.0 G91.9"),
    "MANIA_CURRENT": ("231494001", "F30.10 F30.9"),
    "DELIRIUM_DEMENTIA": ("52448006", "F01.50 F02.80 F03.90 G30.9 G31.01 G31.09 G31.83"),
    "HEPATIC_SEVERE": ("716203000 59927004", "K72.00 K72.90"),
    "PREECLAMPSIA": ("398254007", ""),
    "HYPERTHYROID": ("34486009 90739004", "E05.00 E05.90"),
    "LUTS_OR_CYSTITIS": ("197834003 307541003", "N30.10 N30.20"),
    "GLAUCOMA_IOP": ("392291006 30041005", "H40.20 H40.211"),
    "SEIZURE": ("84757009 128613002", "G40.909"),
    "RESPIRATORY_OSA": ("78275009 13645005", "G47.33"),
    "HEPATIC_MODERATE": ("19943007", "K74.0 K74.60"),
    "BIPOLAR": ("13746004", "F31.9 F31.81 F31.32"),
    "FRAILTY": ("248279007 404904002", "R54"),
}
BLOCKS = {
    *ANY_STATUS,
    *("PREGNANCY", "BREASTFEEDING", "UNSTABLE_CARDIAC", "RAISED_ICP", "MANIA_CURRENT"),
    *("DELIRIUM_DEMENTIA", "HEPATIC_SEVERE", "PREECLAMPSIA"),
}
ROWS = [
    (id, snomed, icd)
    for id, (snomeds, icds) in (ANY_STATUS | ACTIVE_ONLY).items()
    for snomed, icd in [*((s, None) for s in snomeds.split()), *((None, i) for i in icds.split())]
]


@pytest.mark.parametrize(("id", "snomed", "icd"), ROWS, ids=[f"{i}-{s or c}" for i, s, c in ROWS])
def test_every_listed_code_makes_its_finding_and_no_other(
    id: str, snomed: str | None, icd: str | None
) -> None:
    verdict = judged(a_ready_record(also=[a_condition(snomed, icd)]))
    cls = FindingClass.BLOCK if id in BLOCKS else FindingClass.REVIEW
    assert {(f.id, f.cls) for f in verdict.findings if f.cls is not FindingClass.INFO} == {(id, cls)}


@pytest.mark.parametrize("status", ["inactive", "resolved", "remission"])
@pytest.mark.parametrize("id", [*ANY_STATUS])
def test_history_counts_where_the_row_says_any_status(id: str, status: str) -> None:
    snomed = ANY_STATUS[id][0].split()[0]
    assert found(a_ready_record(also=[a_condition(snomed, status=status)])) == {id}


@pytest.mark.parametrize("status", ["inactive", "resolved", "remission"])
@pytest.mark.parametrize("id", [*ACTIVE_ONLY])
def test_elsewhere_only_an_active_condition_counts(id: str, status: str) -> None:
    snomed = ACTIVE_ONLY[id][0].split()[0]
    assert found(a_ready_record(also=[a_condition(snomed, status=status)])) == set()


@pytest.mark.parametrize("status", ["recurrence", "relapse", None])
def test_recurrence_relapse_and_no_status_are_active(status: str | None) -> None:
    assert found(a_ready_record(also=[a_condition("84757009", status=status)])) == {"SEIZURE"}


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
@pytest.mark.parametrize("snomed", ["58214004", "432119003", "724715004", "84757009", "77386006"])
def test_what_was_refuted_or_a_mistake_never_counts(snomed: str, verification: str) -> None:
    refuted = a_condition(snomed, verification_status=verification)
    assert found(a_ready_record(also=[refuted])) == set()


@pytest.mark.parametrize("verification", ["unconfirmed", "provisional", "differential", None])
def test_what_is_merely_suspected_does(verification: str | None) -> None:
    suspected = a_condition("58214004", verification_status=verification)
    assert found(a_ready_record(also=[suspected])) == {"PSYCHOSIS_SPECTRUM"}


def test_a_snomed_miss_never_suppresses_an_icd_hit() -> None:
    assert found(a_ready_record(also=[a_condition("102891000", "F20.9")])) == {"PSYCHOSIS_SPECTRUM"}


def test_nor_an_icd_miss_a_snomed_hit() -> None:
    assert found(a_ready_record(also=[a_condition("58214004", "Z00.0")])) == {"PSYCHOSIS_SPECTRUM"}


def test_a_code_means_nothing_in_another_system() -> None:
    crossed = Condition(
        "Condition/x", (Code(ICD10CM, "58214004"), Code(SNOMED, "F20.9")), "Crossed", "active"
    )
    assert found(a_ready_record(also=[crossed])) == set()


MOOD = [
    ("F31.0", {"MANIA_CURRENT", "BIPOLAR"}),
    ("F31.13", {"MANIA_CURRENT", "BIPOLAR"}),
    ("F31.2", {"PSYCHOSIS_SPECTRUM", "MANIA_CURRENT", "BIPOLAR"}),
    ("F31.5", {"PSYCHOSIS_SPECTRUM", "BIPOLAR"}),
    ("F31.61", {"MANIA_CURRENT", "BIPOLAR"}),
    ("F31.64", {"PSYCHOSIS_SPECTRUM", "MANIA_CURRENT", "BIPOLAR"}),
    ("F31.4", {"BIPOLAR"}),
    ("F32.2", set()),
    ("F33.1", set()),
    ("F53.0", set()),
    ("F21", set()),
]


@pytest.mark.parametrize(("icd", "expected"), MOOD, ids=[icd for icd, _ in MOOD])
def test_mood_and_psychosis_codes_of_the_amendment(icd: str, expected: set[str]) -> None:
    assert found(a_ready_record(also=[a_condition(icd=icd)])) == expected


NEAR_MISSES = "I10 I20.9 I25.2 I48.0 I70.0 I63.9 H26.9 J45.909 K76.0 N30.00 G43.9 Q28.8 I69.30 R55 O80 E03.9"


@pytest.mark.parametrize("icd", NEAR_MISSES.split())
def test_neighbouring_codes_make_no_finding(icd: str) -> None:
    assert found(a_ready_record(also=[a_condition(icd=icd)])) == set()


# --- conditions that count for a time ---------------------------------------------------------------------

RECENT = [
    ("I21.4", 42, {"UNSTABLE_CARDIAC"}),
    ("I21.4", 43, set()),
    ("I22.0", 42, {"UNSTABLE_CARDIAC"}),
    ("I22.0", 43, set()),
    ("F05", 90, {"DELIRIUM_DEMENTIA"}),
    ("F05", 91, set()),
    ("I16.0", 30, {"BP_CRISIS"}),
    ("I16.9", 31, set()),
]


@pytest.mark.parametrize(("icd", "days", "expected"), RECENT)
def test_events_count_for_their_period(icd: str, days: int, expected: set[str]) -> None:
    assert found(a_ready_record(also=[a_condition(icd=icd, onset=ago(days))])) == expected


@pytest.mark.parametrize("icd", ["I21.4", "F05", "I16.0"])
def test_an_active_event_without_a_date_might_be_recent(icd: str) -> None:
    assert len(found(a_ready_record(also=[a_condition(icd=icd)]))) == 1


def test_the_date_it_was_recorded_stands_in_for_a_missing_onset() -> None:
    assert found(a_ready_record(also=[a_condition("22298006", recorded=ago(43))])) == set()
    assert found(a_ready_record(also=[a_condition("22298006", recorded=ago(42))])) == {"UNSTABLE_CARDIAC"}


@pytest.mark.parametrize("days", [10, 60, 400])
def test_malignant_hypertension_has_no_period(days: int) -> None:
    """The row gives thirty days to I16.* only: "or I16.* in 30 days, or 70272006"."""
    assert found(a_ready_record(also=[a_condition("70272006", onset=ago(days))])) == {"BP_CRISIS"}


# --- substances -----------------------------------------------------------------------------------------

SUBSTANCES = [
    *((None, f"F{n}.20", "active", {"SUD_ACTIVE"}) for n in (10, 11, 12, 13, 14, 15, 16, 18, 19)),
    *((None, f"F{n}.21", "active", {"SUD_HISTORY"}) for n in (10, 11, 12, 13, 14, 15, 18, 19)),
    *(
        (s, None, "active", {"SUD_ACTIVE"})
        for s in ["11061003", "75544000", "7200002", "31956009", "427327003"]
    ),
    ("7200002", None, "remission", {"SUD_HISTORY"}),
    ("7200002", "F10.21", "active", {"SUD_HISTORY"}),
    (None, "F17.210", "active", set()),
    (None, "F17.21", "remission", set()),
    (None, "F10.10", "active", set()),
]


@pytest.mark.parametrize(("snomed", "icd", "status", "expected"), SUBSTANCES)
def test_substance_use(snomed: str | None, icd: str | None, status: str, expected: set[str]) -> None:
    assert found(a_ready_record(also=[a_condition(snomed, icd, status=status)])) == expected


# --- the urinary tract, the eye ---------------------------------------------------------------------------


def test_cystitis_counts_when_it_recurs() -> None:
    assert found(a_ready_record(also=[a_condition("38822007")])) == set()
    again = a_condition("38822007", status="recurrence")
    assert found(a_ready_record(also=[again])) == {"LUTS_OR_CYSTITIS"}


def test_other_glaucoma_is_only_told() -> None:
    record = a_ready_record(also=[a_condition(icd="H40.11")])
    assert found(record) == set()
    assert "GLAUCOMA_OTHER" in told(record)
    assert "GLAUCOMA_OTHER" not in told(a_ready_record(also=[a_condition(icd="H40.20")]))


# --- words only -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["active", "recurrence", None, "inactive", "resolved", "remission"])
def test_a_condition_in_words_only_is_never_absent(status: str | None) -> None:
    """Whatever its status: it might be one of those whose history alone excludes ketamine."""
    in_words = a_condition(text="Psychotic episode 2015", status=status)
    assert found(a_ready_record(also=[in_words])) == {"WORKUP_INCOMPLETE"}


def test_a_refuted_one_is() -> None:
    refuted = a_condition(text="Psychosis?", verification_status="refuted")
    assert found(a_ready_record(also=[refuted])) == set()


def test_phobia_of_no_stated_kind_is_unclear_not_absent() -> None:
    assert found(a_ready_record(also=[a_condition("386808001")])) == {"WORKUP_INCOMPLETE"}


# --- allergies ------------------------------------------------------------------------------------------

KETAMINE = Code(RXNORM, "6130", "ketamine")


@pytest.mark.parametrize(
    "code", [KETAMINE, Code(RXNORM, "2119365"), Code(SNOMED, "373464007")], ids=lambda c: c.code
)
def test_an_allergy_to_either_drug_blocks(code: Code) -> None:
    record = a_ready_record(also=[an_allergy(code)])
    assert found(record) == {"ALLERGY_KETAMINE"}
    assert cls_of(record, "ALLERGY_KETAMINE") is FindingClass.BLOCK


@pytest.mark.parametrize(
    "changes",
    [
        {"clinical_status": "inactive"},
        {"clinical_status": "resolved"},
        {"verification_status": "refuted"},
        {"verification_status": "entered-in-error"},
    ],
    ids=str,
)
def test_an_allergy_that_no_longer_stands_does_not(changes: dict[str, str]) -> None:
    assert found(a_ready_record(also=[an_allergy(KETAMINE, **changes)])) == set()


@pytest.mark.parametrize(
    "changes", [{"verification_status": "unconfirmed"}, {"clinical_status": None}], ids=str
)
def test_an_unconfirmed_one_does(changes: dict[str, str | None]) -> None:
    assert found(a_ready_record(also=[an_allergy(KETAMINE, **changes)])) == {"ALLERGY_KETAMINE"}


def test_an_allergy_to_something_else_is_none_to_ketamine() -> None:
    penicillin = an_allergy(Code(RXNORM, "7980", "penicillin G"), text="Penicillin")
    assert found(a_ready_record(also=[penicillin])) == set()


def test_breastfeeding_needs_no_test_to_be_seen() -> None:
    assert found(a_ready_record(also=[a_condition("169750002")], patient=woman())) == {"BREASTFEEDING"}
