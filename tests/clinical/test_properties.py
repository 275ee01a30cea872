"""What must hold for every record: order, monotony, dose limits, nothing for the blocked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ketplan.clinical.assessment import Assessment
from ketplan.clinical.draft import draft
from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.plan import KetamineCourse
from ketplan.clinical.record import RXNORM, Code, Fact, PatientRecord
from tests.clinical.builders import (
    DISORDERS,
    START,
    a_condition,
    a_medication,
    a_patient,
    a_ready_record,
    a_trial,
    ago,
    an_allergy,
    an_intake,
    an_nmda_course,
    an_observation,
    born,
    cm,
    judged,
    kg,
    pressure,
    the_disorder,
    with_facts,
    woman,
)

# The same examples every time, none of them made smaller: quick even when one fails.
quick = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
MILDNESS = [Decision.BLOCKED, Decision.NEEDS_REVIEW, Decision.ELIGIBLE]

# Each makes facts afresh, so that no two share a reference.
BLOCKING: dict[str, Callable[[], list[Fact]]] = {
    "allergy": lambda: [an_allergy(Code(RXNORM, rxnorm)) for rxnorm in ("6130", "2119365")],
    "pregnancy": lambda: [an_observation("2106-3", "Positive", 1)],
    "nursing": lambda: [a_condition("169750002")],
    "aneurysm": lambda: [a_condition(icd="I71.4", status="resolved")],
    "haemorrhage": lambda: [a_condition("1386000")],
    "crisis": lambda: [*pressure(190, 115, 0, "10:00"), *pressure(191, 116, 0, "10:30")],
    "infarction": lambda: [a_condition("22298006")],
    "psychosis": lambda: [a_condition("58214004", status="inactive")],
    "mania": lambda: [a_condition(icd="F30.9")],
    "substances": lambda: [a_condition(icd="F16.20")],
    "dementia": lambda: [a_condition("52448006")],
    "liver": lambda: [a_condition(icd="K72.90")],
}
DISTURBING: dict[str, Callable[[], list[Fact]]] = {
    "seizure": lambda: [a_condition("84757009")],
    "frailty": lambda: [a_condition("248279007")],
    "benzodiazepine": lambda: [a_medication("596", "alprazolam")],
    "unknown drug": lambda: [a_medication(None, "Herbal mix")],
    "ketamine before": lambda: [a_medication("6130", f"ketamine {n}", status="completed") for n in "ab"],
    "sertraline twice": lambda: [a_medication("36437", f"sertraline {n}", start=ago(n)) for n in (90, 30)],
    "in words": lambda: [a_condition(text="Something else")],
    "si": lambda: [an_observation("93249-1", "Yes", 2)],
    "pressure": lambda: pressure(165, 102, 0, "09:00"),
    "second disorder": lambda: [the_disorder("OCD")],
    "second measure": lambda: [an_observation("70274-6", 5, 2), an_observation("70274-6", 16, 2)],
    "older weight": lambda: [kg("96", 50), kg("30", 500)],
    "undated weight": lambda: [kg("50", when=None)],
    "pounds": lambda: [kg("400", 1, "[lb_av]")],
    "no unit": lambda: [kg("70", 1, None)],
    "short": lambda: [cm("99", 1)],
    "uds": lambda: [an_observation("14316-4", "Positive", 1)],
    "qtc": lambda: [an_observation("8636-3", 505, 5)],
    "depression": lambda: [a_condition("370143000")],
    "two allergies": lambda: [an_allergy(Code(RXNORM, "7980"), text="Penicillin")],
}
PATIENTS = [
    a_patient(),
    woman(),
    a_patient(birth_date=born(70)),
    a_patient(birth_date=born(16)),
    a_patient(birth_date=None, gender=None),
]
INTAKES = [
    {},
    {"medication_trials": ()},
    {"medication_trials": (a_trial("36437"), a_trial("4493", 20), a_trial("321988"))},
    {"escort_confirmed": None},
    {"nmda_courses": (an_nmda_course(13, 20), an_nmda_course(2))},
]


@st.composite
def records(draw: st.DrawFn) -> PatientRecord:
    """A ready record with items left out and disturbing facts added, of all kinds of patients."""
    disorder = draw(st.sampled_from([*DISORDERS]))
    items = ["weight", "height", "tsh", "disorder", "disorder_scale", "allergy_list", "consent", "sbp"]
    without = draw(st.lists(st.sampled_from(items), unique=True, max_size=2))
    names = draw(st.lists(st.sampled_from([*DISTURBING]), unique=True, max_size=4))
    also = [fact for name in names for fact in DISTURBING[name]()]
    intake = an_intake(disorder, **draw(st.sampled_from(INTAKES)))
    return a_ready_record(
        disorder, without=without, also=also, patient=draw(st.sampled_from(PATIENTS)), intake=intake
    )


def blocking() -> st.SearchStrategy[list[Fact]]:
    return st.sampled_from([*BLOCKING]).map(lambda name: BLOCKING[name]())


def shuffled(record: PatientRecord, seed: int) -> PatientRecord:
    random, intake = Random(seed), record.intake
    mix = lambda facts: tuple(random.sample(facts, len(facts)))  # noqa: E731
    names = ("conditions", "allergies", "medications", "observations", "procedures")
    told = replace(
        intake,
        medication_trials=mix(intake.medication_trials),
        therapy_courses=mix(intake.therapy_courses),
        nmda_courses=mix(intake.nmda_courses),
    )
    return replace(record, intake=told, **{name: mix(getattr(record, name)) for name in names})


PROTOCOLS = [None, "IV6_3PW", "IV3_QW", "IV1", "ESK_LABEL", "NONE"]


@quick
@given(records(), st.integers(0, 999))
def test_the_order_of_the_facts_changes_nothing(record: PatientRecord, seed: int) -> None:
    one, other = draft(judged(record)), draft(judged(shuffled(record, seed)))
    assert one == other


@pytest.mark.parametrize("seed", range(5))
def test_nor_when_everything_is_found_at_once(seed: int) -> None:
    facts = [fact for make in (*BLOCKING.values(), *DISTURBING.values()) for fact in (*make(), *make())]
    record = a_ready_record(also=facts, patient=woman(70), intake=an_intake(**INTAKES[-1]))
    one, other = judged(record), judged(shuffled(record, seed))
    assert [f.id for f in one.findings] == [f.id for f in other.findings]
    for f, g in zip(one.findings, other.findings, strict=True):
        assert f == g


@quick
@given(records(), blocking())
def test_a_blocking_fact_never_makes_it_milder(record: PatientRecord, facts: list[Fact]) -> None:
    before, after = judged(record), judged(with_facts(record, *facts))
    assert after.decision is Decision.BLOCKED
    assert MILDNESS.index(after.decision) <= MILDNESS.index(before.decision)
    # What excluded ketamine before still does; another pressure reading may only replace the older ones.
    gone = {f.id for f in before.findings} - {f.id for f in after.findings}
    assert not {f.id for f in before.findings if f.cls is FindingClass.BLOCK} & gone


@quick
@given(records(), blocking(), st.sampled_from(PROTOCOLS), st.sampled_from([None, "actual", "ideal"]))
def test_no_ketamine_for_the_blocked_whatever_is_chosen(
    record: PatientRecord, facts: list[Fact], protocol: str | None, basis: str | None
) -> None:
    plan = draft(judged(with_facts(record, *facts), protocol=protocol, basis=basis))
    assert plan.ketamine.protocol == "NONE" and plan.ketamine.infusions == 0
    assert plan.ketamine.dose_mg is None and plan.ketamine.dosing_weight_kg is None
    assert plan.cbt is None and plan.override is None and plan.visits == ()
    assert plan.monitoring is None and plan.followups == ()


def courses_of(verdict: Assessment) -> list[KetamineCourse]:
    """The course proposed and the one a clinician may choose instead."""
    plan = draft(verdict)
    return [plan.ketamine, *([plan.override.ketamine] if plan.override else [])]


@quick
@given(records(), st.sampled_from(PROTOCOLS), st.sampled_from([None, "actual", "ideal", "adjusted"]))
def test_every_dose_has_a_usable_weight_and_stays_below_its_ceiling(
    record: PatientRecord, protocol: str | None, basis: str | None
) -> None:
    verdict = judged(record, protocol=protocol, basis=basis)
    unusable = verdict.found("WEIGHT_MISSING", "WEIGHT_STALE_GT_365D")
    for course in courses_of(verdict):
        mg, ceiling = course.dose_mg, course.ceiling_mg_per_kg
        if course.mg_per_kg is None:
            assert mg in (None, 28, 56)
            continue
        assert ceiling is not None and course.mg_per_kg <= ceiling <= 1
        assert (mg is None) is (course.dosing_weight_kg is None)
        assert not (unusable and mg is not None)
        assert mg is None or 0 < mg <= ceiling * Decimal(300)


_ABOUT_WHAT_IS_PROPOSED = {"DOSE_ABS_GT_80", "ESK_OFF_LABEL_ANXIETY", "REMS_NOT_CONFIRMED", "ORAL_COMPOUNDED"}


@quick
@given(records(), st.sampled_from(PROTOCOLS))
def test_findings_do_not_depend_on_what_is_proposed(record: PatientRecord, protocol: str | None) -> None:
    def judged_on(choice: str | None) -> set[tuple[str, str]]:
        findings = judged(record, protocol=choice).findings
        return {(f.id, f.cls) for f in findings if f.id not in _ABOUT_WHAT_IS_PROPOSED}

    assert judged_on(protocol) == judged_on(None)


@quick
@given(records(), st.integers(0, 6))
def test_every_plan_is_whole(record: PatientRecord, later: int) -> None:
    plan = draft(judged(record, start=START + timedelta(days=later)))
    assert len({f.id for f in plan.findings}) == len(plan.findings)
    assert all(f.text and f.source for f in plan.findings)
    assert len({v.key for v in plan.visits}) == len(plan.visits)
    assert all(v.target.weekday() < 5 or v.telephone for v in plan.visits)
    assert plan.cbt is None or len(plan.cbt.sessions) in (4, 10, 12, 14, 17)
    must = {f.cls for f in plan.findings} & {FindingClass.HOLD, FindingClass.REVIEW}
    assert (plan.decision is Decision.ELIGIBLE) is not (bool(must) or plan.decision is Decision.BLOCKED)
