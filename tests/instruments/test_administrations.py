"""Which instrument when: 5.2 as amended by 8b, on the drafts of real records."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from ketplan.clinical.instruments.administrations import (
    Administration,
    Moment,
    administrations,
    laboratories,
    scales_of,
)
from ketplan.clinical.instruments.table import BY_ID
from ketplan.clinical.plan import Draft
from tests.clinical.builders import DISORDERS, a_condition, a_ready_record, drafted, the_disorder, with_facts

GAD = drafted(a_ready_record("GAD"))
PTSD = drafted(a_ready_record("PTSD"))
OCD = drafted(a_ready_record("OCD"))
PHOBIA = drafted(a_ready_record("SPECIFIC_PHOBIA"))


def of(draft: Draft, moment: Moment, instrument: str | None = None) -> list[Administration]:
    return [
        a
        for a in administrations(draft)
        if a.moment is moment and (instrument is None or a.instrument == instrument)
    ]


def names(draft: Draft, moment: Moment) -> set[str]:
    return {a.instrument for a in of(draft, moment)}


def days(draft: Draft, moment: Moment, instrument: str | None = None) -> list[int]:
    return sorted({(a.on - draft.start).days for a in of(draft, moment, instrument)})


def test_baseline_is_open_for_two_weeks_before_the_first_dose() -> None:
    assert names(GAD, Moment.BASELINE) == {
        *("PHQ-9", "GAD-7", "C-SSRS", "AUDIT-C", "DAST-10", "SLUMS", "LUTS", "WHODAS-12")
    }
    opened = {(a.opens, a.on) for a in of(GAD, Moment.BASELINE)}
    assert opened == {(date(2026, 2, 16), date(2026, 3, 1))}


@pytest.mark.parametrize("disorder", DISORDERS)
def test_baseline_has_the_disorders_own_scale_once(disorder: str) -> None:
    draft = drafted(a_ready_record(disorder))
    scale = draft.goals[0].instrument
    recalls = [a.recall_days for a in of(draft, Moment.BASELINE, scale)]
    assert recalls == ([30, 7] if disorder == "PTSD" else [None])


def test_before_each_dose_and_at_its_discharge() -> None:
    assert days(GAD, Moment.BEFORE_DOSE) == [0, 3, 7, 10, 14, 17]
    assert names(GAD, Moment.BEFORE_DOSE) == {"C-SSRS", "TWO-ITEM", "LUTS", "CADSS-6", "MOAAS"}
    assert names(GAD, Moment.DURING) == {"CADSS-6", "MOAAS"}
    assert names(GAD, Moment.DISCHARGE) == {"CADSS-6", "MOAAS", "C-SSRS"}
    assert {a.visit for a in of(GAD, Moment.BEFORE_DOSE)} == {f"infusion-{n}" for n in range(1, 7)}


@pytest.mark.parametrize("draft", [GAD, PTSD, OCD], ids=["GAD", "PTSD", "OCD"])
def test_no_gad7_on_the_day_after_the_first_dose(draft: Draft) -> None:
    assert names(draft, Moment.NEXT_DAY) == {"TWO-ITEM", "VAS"}
    assert days(draft, Moment.NEXT_DAY) == [1]


WEEKLY = [(GAD, [7, 14, 21]), (PTSD, [7, 14]), (OCD, [7])]


@pytest.mark.parametrize(("draft", "expected"), WEEKLY, ids=["GAD", "PTSD", "OCD"])
def test_weekly_until_the_end_of_induction(draft: Draft, expected: list[int]) -> None:
    assert days(draft, Moment.WEEKLY) == expected
    assert {"GAD-7", "PHQ-9"} <= names(draft, Moment.WEEKLY)


def test_weekly_pcl5_asks_about_the_past_week_and_reviews_about_both() -> None:
    assert {a.recall_days for a in of(PTSD, Moment.WEEKLY, "PCL-5")} == {7}
    assert {a.recall_days for a in of(PTSD, Moment.REVIEW, "PCL-5")} == {7, 30}
    assert {a.recall_days for a in of(PTSD, Moment.REMOTE, "PCL-5")} == {30}


def test_full_reviews() -> None:
    visits = {a.visit for a in of(GAD, Moment.REVIEW)}
    assert visits == {
        "end_of_induction_review",
        "review_1_month_after_last_dose",
        "review_3_months",
        "review_6_months",
        "review_12_months",
    }
    for visit in visits:
        asked = {a.instrument for a in of(GAD, Moment.REVIEW) if a.visit == visit}
        assert {"PHQ-9", "GAD-7", "C-SSRS", "SLUMS", "LUTS"} <= asked


REMOTE = [(GAD, [59, 73, 87]), (PTSD, [56, 70, 84]), (OCD, [42, 56, 70, 84]), (PHOBIA, [42, 56, 70, 84])]


@pytest.mark.parametrize(("draft", "expected"), REMOTE, ids=["GAD", "PTSD", "OCD", "phobia"])
def test_remotely_every_14_days_between_one_month_and_day_91(draft: Draft, expected: list[int]) -> None:
    scale = draft.goals[0].instrument
    assert days(draft, Moment.REMOTE) == expected
    assert names(draft, Moment.REMOTE) == {"C-SSRS", scale}
    assert all(a.remote for a in of(draft, Moment.REMOTE))


def test_a_plan_of_therapy_alone_has_no_drug_checks() -> None:
    assert not {"SLUMS", "LUTS", "CADSS-6"} & {a.instrument for a in administrations(PHOBIA)}
    assert laboratories(PHOBIA) == ()
    assert days(PHOBIA, Moment.REVIEW, "SMSP")[0] == 28


def test_while_none_leads_every_targets_scale_is_asked() -> None:
    both = drafted(with_facts(a_ready_record("GAD"), the_disorder("PTSD")))
    assert both.lead is None
    assert scales_of(both) == ("GAD-7", "PCL-5")
    assert scales_of(GAD) == ("GAD-7",)


def test_laboratory_checks_come_with_each_review() -> None:
    found = Counter(x.name for x in laboratories(GAD))
    assert found == {"ALT and AST": 5, "urine drug screen": 5, "prescription monitoring review": 5}
    assert "prescription monitoring review" not in {x.name for x in laboratories(GAD, country="NZ")}


def test_a_blocked_patient_has_no_schedule() -> None:
    blocked = drafted(with_facts(a_ready_record("GAD"), a_condition("69322001", "F29")))
    assert administrations(blocked) == ()
    assert laboratories(blocked) == ()


@pytest.mark.parametrize("draft", [GAD, PTSD, OCD, PHOBIA], ids=["GAD", "PTSD", "OCD", "phobia"])
def test_the_schedule_is_sound(draft: Draft) -> None:
    schedule = administrations(draft)
    assert list(schedule) == sorted(schedule, key=lambda a: (a.on, list(Moment).index(a.moment)))
    assert len(set(schedule)) == len(schedule)
    assert {a.instrument for a in schedule} <= BY_ID.keys()
    for a in schedule:
        assert a.opens <= a.on
        assert a.recall_days is None or a.recall_days in BY_ID[a.instrument].recalls
