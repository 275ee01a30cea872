"""The plan after answers, and the next dose: every effect acts, no answer lifts a limit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.house import House
from ketplan.clinical.progress.as_json import entry_from, entry_json
from ketplan.clinical.progress.course_now import CourseNow, Stated, as_answered, course_now, standing
from ketplan.clinical.progress.facts import DoseGiven, EventKind, Happened, PlanFacts
from ketplan.clinical.progress.history import Answer, Edit, Entry, History, Verdict, keep
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.next_dose import highest
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal, proposal
from ketplan.clinical.progress.tolerance import bars, unrecorded
from ketplan.clinical.protocols import ketamine
from ketplan.clinical.protocols.ketamine import HARD_CEILING_MG_PER_KG
from tests.clinical_progress.builders import (
    START,
    a_dose,
    a_plan,
    a_rating,
    an_event,
    day,
    doses,
    fell,
    only,
    ratings,
)

ZONE = ZoneInfo("America/New_York")
D = Decimal
LIMITS, HOUSE = Limits(), House()


def at(offset: int, hour: int = 15) -> datetime:
    moment = day(offset)
    return datetime(moment.year, moment.month, moment.day, hour, tzinfo=UTC)


def an_answer(to: Proposal, offset: int, verdict: Verdict = Verdict.ACCEPTED, **edit: Any) -> Entry:
    verdict = Verdict.EDITED if edit else verdict
    given = Answer(to.id, verdict, "Practitioner/1", at(offset), "seen", Edit(**edit) if edit else None)
    return keep(History(), to, given).entries[0]


def now(
    given: Iterable[DoseGiven] = (),
    rated: Iterable[Any] = (),
    *entries: Entry,
    plan: PlanFacts | None = None,
    on: int = 0,
    **facts: Any,
) -> CourseNow:
    happened = Happened(tuple(given), tuple(rated), **facts)
    plan = plan or a_plan(first_mg_per_kg=D("0.5"), authorised_on=START)
    return course_now(plan, happened, History(entries), day(on), ZONE)


def a_signed(**changes: Any) -> PlanFacts:
    return a_plan(**{"first_mg_per_kg": D("0.5"), "first_mg": 35, "authorised_on": START} | changes)


# --- the dose -----------------------------------------------------------------------------------------------


def test_before_anything_has_happened_the_dose_is_the_signed_one() -> None:
    dose = now().dose
    assert (dose.number, dose.mg_per_kg, dose.mg, dose.no_dose) == (1, D("0.5"), 35, ())
    assert dose.words == "0.5 mg/kg × 70 kg = 35 mg, rounded to 35 mg"
    assert dose.reasons == ("as signed",)


def test_half_a_milligram_is_rounded_up() -> None:
    assert now(plan=a_signed(dosing_weight_kg=D(77))).dose.mg == 39


def test_without_a_usable_weight_there_is_no_dose_in_mg() -> None:
    dose = now(plan=a_signed(dosing_weight_kg=None)).dose
    assert (dose.mg_per_kg, dose.mg) == (D("0.5"), None)
    assert "no usable weight" in dose.words


def test_above_80_mg_is_said() -> None:
    assert any("above 80 mg" in r for r in now(plan=a_signed(dosing_weight_kg=D(170))).dose.reasons)
    assert not any("above" in r for r in now(plan=a_signed(dosing_weight_kg=D(160))).dose.reasons)


STALLED = (doses(2), ratings(fell(10, 4)))


def a_rise(**facts: Any) -> Proposal:
    return only(now(*STALLED, on=5, **facts).proposals, Kind.TITRATE_UP)


def test_an_accepted_rise_is_the_next_dose() -> None:
    before = now(*STALLED, on=5)
    assert before.dose.mg_per_kg == D("0.5")
    after = now(*STALLED, an_answer(a_rise(), 5), on=5)
    assert (after.dose.mg_per_kg, after.dose.mg) == (D("0.75"), 53)
    assert after.dose.reasons == ("as agreed in the review",)
    assert a_rise() not in after.open


def test_an_edited_rise_is_what_was_wanted_instead() -> None:
    assert now(*STALLED, an_answer(a_rise(), 5, mg_per_kg=D("0.6")), on=5).dose.mg == 42


def test_a_rejected_rise_changes_nothing_and_is_not_asked_again() -> None:
    after = now(*STALLED, an_answer(a_rise(), 5, Verdict.REJECTED), on=5)
    assert after.dose.mg_per_kg == D("0.5")
    assert Kind.TITRATE_UP not in {p.kind for p in after.open}


def test_the_second_answer_stands_beside_the_first_and_counts() -> None:
    yes, no = an_answer(a_rise(), 5), an_answer(a_rise(), 6, Verdict.REJECTED)
    assert now(*STALLED, yes, no, on=6).dose.mg_per_kg == D("0.5")
    assert now(*STALLED, no, yes, on=6).dose.mg_per_kg == D("0.75")
    assert standing(History((yes, no))) == (no,)


TROUBLED = [
    {"systolic": 165},
    {"diastolic": 100},
    {"vomiting": True},
    {"lowest_spo2": 93},
    {"lowest_spo2": None},
]


@pytest.mark.parametrize("wrong", TROUBLED, ids=str)
def test_no_rise_after_trouble_that_came_after_the_answer(wrong: dict[str, Any]) -> None:
    given = (*STALLED[0], a_dose(3, 7, "0.5", **wrong))
    dose = now(given, STALLED[1], an_answer(a_rise(), 5), on=8).dose
    assert dose.mg_per_kg == D("0.5")
    assert any("no rise" in r for r in dose.reasons)


def test_a_step_is_measured_from_the_dose_last_given() -> None:
    given = (*STALLED[0], a_dose(3, 7, "0.4"))
    dose = now(given, STALLED[1], an_answer(a_rise(), 5), on=8).dose
    assert dose.mg_per_kg == D("0.65")
    assert "at most 0.25 mg/kg above the dose last given" in dose.reasons


def test_a_step_down_waits_for_its_answer() -> None:
    given = (*doses(1), a_dose(2, 3, "0.5", systolic=180))
    before = now(given, on=4)
    step = only(before.proposals, Kind.STEP_DOWN)
    assert before.dose.no_dose == (step.text,)
    assert (before.dose.mg_per_kg, before.dose.mg) == (None, None)
    lower = now(given, (), an_answer(step, 4), on=4).dose
    assert (lower.mg_per_kg, lower.no_dose) == (D("0.25"), ())
    assert now(given, (), an_answer(step, 4, Verdict.REJECTED), on=4).dose.mg_per_kg == D("0.5")


@pytest.mark.parametrize("changes", [{"age": 65}, {"frail": True}, {"age": None}, {"frail": None}], ids=str)
def test_the_ceiling_holds_whatever_was_answered(changes: dict[str, Any]) -> None:
    plan = a_signed(**changes)
    dose = now(*STALLED, an_answer(a_rise(), 5), on=5, plan=plan).dose
    assert dose.mg_per_kg == D("0.5")
    assert "ceiling 0.5 mg/kg" in dose.reasons


def test_what_was_signed_above_the_elderly_ceiling_stands_while_frailty_was_not_asked() -> None:
    plan = a_signed(frail=None, first_mg_per_kg=D("0.75"))
    assert highest(plan, LIMITS) == D("0.75")
    assert now(plan=plan).dose.mg_per_kg == D("0.75")


def test_ascending_doses_go_up_by_themselves_and_only_if_tolerated() -> None:
    plan = a_signed(disorder="GAD", protocol="SC_ASC_WEEKLY", first_mg_per_kg=D("0.25"))
    one, two = a_dose(1, 0, "0.25"), a_dose(2, 7, "0.5")
    assert now((one,), plan=plan, on=7).dose.mg_per_kg == D("0.5")
    assert now((one, two), plan=plan, on=14).dose.mg_per_kg == D("1.0")
    assert now((one, a_dose(2, 7, "0.5", vomiting=True)), plan=plan, on=14).dose.mg_per_kg == D("0.5")


def test_esketamine_is_given_by_device() -> None:
    plan = a_signed(protocol="ESK_LABEL", first_mg_per_kg=None, first_mg=56)
    first = now(plan=plan).dose
    assert (first.mg_per_kg, first.mg, first.words) == (
        None,
        56,
        "56 mg: 2 devices of 28 mg; not dosed by weight",
    )
    assert "28, 56 and 84 mg" in first.reasons[1]
    assert now((a_dose(1, 0, None, mg=D(84)),), plan=plan, on=3).dose.mg == 84
    unknown = now(plan=a_signed(protocol="ESK_LABEL", first_mg=None)).dose
    assert unknown.mg is None


# --- the course ---------------------------------------------------------------------------------------------

GIVEN, PARTLY, WELL = doses(6), ratings(fell(26, 24)), ratings(fell(60, 24))


def test_added_infusions_are_planned() -> None:
    before = now(GIVEN, PARTLY, on=24)
    more = only(before.proposals, Kind.ADD_INFUSIONS)
    assert before.dose.no_dose == ("All 6 planned doses have been given.",)
    after = now(GIVEN, PARTLY, an_answer(more, 24), on=24)
    assert (after.plan.planned, after.dose.number, after.dose.mg) == (8, 7, 35)
    assert now(GIVEN, PARTLY, an_answer(more, 24, doses_added=1), on=24).plan.planned == 7


def test_never_more_doses_are_added_than_the_table_allows() -> None:
    answers = [
        an_answer(proposal(Kind.ADD_INFUSIONS, f"after-{n}", "", Effect("", doses_added=2)), 24)
        for n in (6, 8)
    ]
    assert as_answered(a_signed(), History(tuple(answers)), ZONE).planned == 8


def test_maintenance_starts_at_the_dose_last_given() -> None:
    before = now(GIVEN, WELL, on=24)
    start = only(before.proposals, Kind.START_MAINTENANCE)
    after = now(GIVEN, WELL, an_answer(start, 24), on=24)
    assert (after.plan.maintenance, after.plan.interval_days, after.due) == (True, 7, day(24))
    assert (after.dose.mg_per_kg, after.dose.number) == (D("0.5"), 7)
    assert (before.plan.maintenance, before.due) == (False, None)


def test_a_wider_interval_moves_the_next_dose() -> None:
    start = only(now(GIVEN, WELL, on=24).proposals, Kind.START_MAINTENANCE)
    weekly = tuple(a_dose(n, 3 + 7 * (n - 4), maintenance=True) for n in range(7, 11))
    given, rated = (*GIVEN, *weekly), (*WELL, a_rating(fell(60, 46)[1], 46))
    before = now(given, rated, an_answer(start, 24), on=46)
    assert before.due == weekly[-1].on + timedelta(days=7)
    taper = only(before.proposals, Kind.TAPER)
    after = now(given, rated, an_answer(start, 24), an_answer(taper, 46), on=46)
    assert (after.plan.interval_days, after.due) == (14, weekly[-1].on + timedelta(days=14))
    later = an_answer(taper, 46, due=day(70))
    assert now(given, rated, an_answer(start, 24), later, on=46).due == day(70)


def test_a_dose_answered_before_the_last_maintenance_dose_is_history() -> None:
    start = only(now(GIVEN, WELL, on=24).proposals, Kind.START_MAINTENANCE)
    given = (*GIVEN, a_dose(7, 24, "0.4", maintenance=True))
    rise, begin = an_answer(a_rise(), 5), an_answer(start, 24)
    assert now(given, WELL, rise, begin, on=25).dose.mg_per_kg == D("0.4")


def test_an_accepted_stop_ends_dosing_on_the_day_of_the_site() -> None:
    stop = only(now(GIVEN, ratings(fell(5, 24)), on=24).proposals, Kind.FUTILITY)
    late = keep(
        History(), stop, Answer(stop.id, Verdict.ACCEPTED, "Practitioner/1", at(25, 2), "", None)
    ).entries[0]
    after = now(GIVEN, ratings(fell(5, 24)), late, on=24)
    assert after.plan.stopped_on == day(24)  # 02:00 UTC is still the evening before in New York
    assert after.dose.no_dose[0] == f"Dosing ended on {day(24)}."
    assert Kind.FUTILITY not in {p.kind for p in after.proposals}
    assert after.due is None


def test_treatment_goes_on_only_when_authorised_again() -> None:
    plan = a_signed(maintenance=True, interval_days=28)
    before = now(GIVEN, plan=plan, on=91)
    again = only(before.proposals, Kind.REAUTHORISE)
    assert before.dose.no_dose == (again.text,)
    refused = now(GIVEN, (), an_answer(again, 91, Verdict.REJECTED), plan=plan, on=91)
    assert refused.dose.no_dose == (again.text,)
    after = now(GIVEN, (), an_answer(again, 91), plan=plan, on=91)
    assert (after.plan.authorised_on, after.dose.no_dose) == (day(91), ())


@pytest.mark.parametrize("kind", [EventKind.SUICIDAL_IDEATION, EventKind.PSYCHOSIS])
def test_no_dose_until_a_clinician_has_released_it(kind: EventKind) -> None:
    told = {"events": (an_event(kind, 3),)}
    before = now(doses(2), on=4, **told)
    first = before.proposals[0]
    assert before.dose.no_dose == (first.text,)
    assert now(doses(2), (), an_answer(first, 4), on=4, **told).dose.no_dose
    released = an_answer(first, 4, Verdict.REJECTED)
    assert now(doses(2), (), released, on=4, **told).dose.no_dose == ()
    more = {"events": (*told["events"], an_event(kind, 4))}
    assert now(doses(2), (), released, on=4, **more).dose.no_dose


def test_more_of_the_same_on_the_same_day_asks_again() -> None:
    one = now((a_dose(1, 0, new_suicidal_ideation=True),), on=0).proposals[0]
    released = an_answer(one, 0, Verdict.REJECTED)
    both = {"events": (an_event(EventKind.SUICIDAL_IDEATION, 0),)}
    after = now((a_dose(1, 0, new_suicidal_ideation=True),), (), released, on=0, **both)
    assert after.open[0].kind is Kind.SUICIDE_PATHWAY
    assert after.dose.no_dose


def test_a_plan_without_ketamine_has_no_dose() -> None:
    assert now(plan=a_signed(protocol="NONE")).dose.no_dose == ("No dose is planned.",)


# --- whatever is answered -----------------------------------------------------------------------------------

amounts = st.decimals("0.05", "3", places=2)
verdicts = st.sampled_from(Verdict)


@st.composite
def some_entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Up to eight answers, to any kind and in any order, also beyond what a review would ever propose."""
    entries = []
    for _ in range(draw(st.integers(0, 8))):
        effect = Effect(
            "",
            mg_per_kg=draw(st.none() | amounts),
            doses_added=draw(st.none() | st.integers(1, 9)),
            interval_days=draw(st.none() | st.integers(1, 40)),
            ends_dosing=draw(st.integers(0, 9)) == 0,
        )
        kind = draw(st.sampled_from([Kind.TITRATE_UP, Kind.STEP_DOWN, Kind.ADD_INFUSIONS, *Kind]))
        about = proposal(kind, str(draw(st.integers(0, 2))), "", effect)
        edit = Edit(mg_per_kg=draw(amounts)) if draw(st.booleans()) else None
        answer = Answer(about.id, draw(verdicts), "Practitioner/1", at(draw(st.integers(0, 30))), "x", edit)
        entries.append(Entry(about, answer))
    return tuple(entries)


@st.composite
def some_given(draw: st.DrawFn) -> tuple[DoseGiven, ...]:
    wrong = st.sampled_from([{}, {}, {}, {"systolic": 170}, {"vomiting": None}, {"mg_per_kg": None}])
    return tuple(
        a_dose(n, 3 * n, **{"mg_per_kg": str(draw(st.decimals("0.1", "1", places=2)))} | draw(wrong))
        for n in range(1, draw(st.integers(0, 7)) + 1)
    )


WEIGHT_DOSED = [p.id for p in ketamine.PROTOCOLS if p.weight_dosed]


@settings(max_examples=200, deadline=None)
@given(
    some_entries(),
    some_given(),
    st.sampled_from(WEIGHT_DOSED),
    st.none() | st.integers(18, 90),
    st.none() | st.booleans(),
)
def test_no_answer_lifts_a_limit(
    entries: tuple[Entry, ...],
    given: tuple[DoseGiven, ...],
    protocol: str,
    age: int | None,
    frail: bool | None,
) -> None:
    plan = a_signed(protocol=protocol, age=age, frail=frail, first_mg_per_kg=D("0.25"))
    found = course_now(plan, Happened(given), History(entries), day(30), ZONE)
    size, last = found.dose.mg_per_kg, next((d.mg_per_kg for d in reversed(given) if d.mg_per_kg), None)
    assert found.plan.planned <= plan.planned + LIMITS.added_doses
    if size is None:
        assert found.dose.no_dose
        return
    assert size <= min(
        HARD_CEILING_MG_PER_KG[plan.protocol.route or ""], plan.protocol.ceiling_mg_per_kg or 9
    )
    if (age or 65) >= 65 or frail is not False:
        assert size <= D("0.5")
    if last is not None and size > last:
        assert not any(bars(d, LIMITS) or unrecorded(d, LIMITS) for d in given)
        assert len(plan.protocol.mg_per_kg) > 1 or size - last <= LIMITS.step_mg_per_kg


@settings(max_examples=100, deadline=None)
@given(some_entries(), st.data())
def test_giving_the_newest_answers_again_changes_nothing(
    entries: tuple[Entry, ...], data: st.DataObject
) -> None:
    history = History(entries)
    plan = as_answered(a_signed(), history, ZONE)
    assert as_answered(a_signed(), History((*entries, *standing(history))), ZONE) == plan
    assert as_answered(a_signed(), History(standing(history)), ZONE) == plan


@settings(max_examples=100, deadline=None)
@given(some_entries())
def test_rejected_answers_leave_the_plan_as_signed(entries: tuple[Entry, ...]) -> None:
    no = tuple(
        Entry(e.proposal, Answer(e.answer.proposal, Verdict.REJECTED, "P", at(0), "x")) for e in entries
    )
    assert as_answered(a_signed(), History(no), ZONE) == a_signed()


def test_the_day_before_counts_nothing_of_tomorrow() -> None:
    """What is dated later has not happened."""
    assert now(doses(3), on=3).dose.number == 3


@pytest.mark.parametrize(
    ("known", "said", "after"),
    [
        (None, False, False),
        (None, None, None),
        (True, False, True),
        (False, True, True),
        (False, None, False),
    ],
)
def test_frailty_on_record_stands_whatever_was_stated(
    known: bool | None, said: bool | None, after: bool | None
) -> None:
    plan = Stated(said, 3).added_to(a_signed(frail=known))
    assert (plan.frail, plan.lifetime_before) == (after, 3)
    assert Stated().added_to(a_signed(lifetime_before=5)).lifetime_before == 5


@settings(max_examples=100, deadline=None)
@given(some_entries())
def test_answers_come_back_from_json_as_they_were(entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        kept = json.loads(
            json.dumps(entry_json(entry), default=lambda d: {"decimal": str(d)}), object_hook=_revive
        )
        assert entry_from(kept) == entry


def _revive(found: dict[str, Any]) -> Any:
    return D(found["decimal"]) if found.keys() == {"decimal"} else found


def test_evidence_and_days_come_back_too() -> None:
    stretched = an_answer(a_rise(), 5)
    due = proposal(Kind.TAPER, "maintenance-4", "t", Effect("e", interval_days=14, due=day(40)))
    for entry in (stretched, an_answer(due, 41, due=day(50))):
        assert entry_from(entry_json(entry)) == entry
