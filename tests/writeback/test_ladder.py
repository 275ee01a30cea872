"""The fallback ladder: whatever an EHR refuses, nothing is lost without being said, nothing stands twice."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.errors import EhrError, Fatal, Forbidden, NotSupported, Temporary
from ketplan.fhir.render import Step, render
from ketplan.fhir.rendering.note import NOTE, RESPONSE, TITLE, TRUTH
from ketplan.store.plans import PlanState
from ketplan.writeback.ladder import Choice, Rung, climb, given_way, laddered
from ketplan.writeback.runner import run
from ketplan.writeback.steps import STANDS, TOLD, Outcome, Receipt
from tests.fhir.plan_builders import PATIENT, PLAN_ID, a_draft, a_plan, a_timetable
from tests.writeback.builders import outcomes, row_of
from tests.writeback.fakes import Clock, FakeEhr, FakeJournal, FakeLock, Json

KINDS = ("Appointment", "CarePlan", "DocumentReference", "Goal", "Provenance")
ALL_KINDS = (*KINDS, "QuestionnaireResponse", "ServiceRequest")
VISITS = ("infusion-1", "cbt-1", "24h_check_call")


@cache
def native() -> tuple[Step, ...]:
    draft = a_draft(addresses=(), findings=())
    draft = replace(draft, visits=tuple(v for v in draft.visits if v.key in VISITS))
    return render(a_plan(draft), a_timetable(draft))


@cache
def steps(choice: Choice = Choice.IF_NEEDED) -> tuple[Step, ...]:
    return laddered(native(), choice, "visit-1")


def write(ehr: FakeEhr, journal: FakeJournal, choice: Choice = Choice.IF_NEEDED) -> Receipt:
    clock = Clock()
    return run(
        PLAN_ID,
        steps(choice),
        ehr,
        journal,
        lock=FakeLock(),
        owner="run-1",
        patient_id=PATIENT.removeprefix("Patient/"),
        now=clock.now,
        sleep=clock.sleep,
    )


def refusing(error: EhrError, *kinds: str) -> FakeEhr:
    def before(verb: str, resource: Json) -> None:
        if resource["resourceType"] in kinds:
            raise error

    return FakeEhr(before=before)


@given(st.sets(st.sampled_from(ALL_KINDS)), st.sampled_from(Choice))
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_silently_and_the_preview_foretold_it(not_taken: set[str], choice: Choice) -> None:
    ehr, journal = FakeEhr(not_taken=tuple(not_taken)), FakeJournal()
    receipt = write(ehr, journal, choice)
    rows = {row.key: row for row in receipt.rows}
    assert {step.key for step in native()} <= rows.keys()
    for row in rows.values():
        assert row.outcome in STANDS or row.detail
        if row.outcome is Outcome.REPLACED:
            assert any(other.reference and f" {other.reference}." in row.detail for other in rows.values())
    foretold = climb(steps(choice), {s.key for s in steps(choice) if s.type in not_taken})
    for key, hold in foretold.items():
        if hold.on == key:
            assert rows[key].outcome in STANDS, key
        elif hold.rung is Rung.HERE:
            assert rows[key].outcome is Outcome.REFUSED, key
        else:
            assert rows[key].outcome is Outcome.REPLACED, key
            assert rows[hold.on].reference in rows[key].detail
    before = ehr.counts()
    assert outcomes(write(ehr, journal, choice)).keys() == rows.keys()
    assert outcomes(write(ehr, FakeJournal(), choice)).keys() == rows.keys()
    assert ehr.counts() == before
    stored = [held.raw for held in ehr.held.values()]
    assert all("step:" not in str(raw) and raw["resourceType"] not in not_taken for raw in stored)


@given(st.sets(st.sampled_from(ALL_KINDS)))
@settings(max_examples=40, deadline=None)
def test_with_a_rung_to_stand_on_the_whole_plan_can_be_read(not_taken: set[str]) -> None:
    receipt = write(FakeEhr(not_taken=tuple(not_taken)), FakeJournal())
    readable = {"CarePlan", "DocumentReference", "QuestionnaireResponse"} - not_taken
    assert receipt.complete is bool(readable)
    if not_taken == set(ALL_KINDS):
        assert receipt.state is PlanState.REFUSED


def test_an_ehr_that_takes_all_gets_nothing_more() -> None:
    ehr = FakeEhr()
    receipt = write(ehr, FakeJournal())
    assert [row.key for row in receipt.rows] == [step.key for step in native()]
    assert not ehr.all("DocumentReference")


def test_the_note_is_written_as_well_where_that_is_wished() -> None:
    ehr = FakeEhr()
    receipt = write(ehr, FakeJournal(), Choice.ALSO)
    assert receipt.complete
    (note,) = ehr.all("DocumentReference")
    (provenance,) = ehr.all("Provenance")
    assert {"reference": f"DocumentReference/{note['id']}"} in provenance["target"]
    assert not ehr.all("QuestionnaireResponse")


def test_where_no_note_is_wished_nothing_stands_without_its_care_plan() -> None:
    ehr = FakeEhr(not_taken=("CarePlan",))
    receipt = write(ehr, FakeJournal(), Choice.NEVER)
    assert steps(Choice.NEVER) == native()
    assert set(ehr.counts()) == {"Goal"}
    assert receipt.state is PlanState.REFUSED


def test_without_a_care_plan_its_visits_stand_alone_and_say_so() -> None:
    ehr = FakeEhr(not_taken=("CarePlan",))
    receipt = write(ehr, FakeJournal())
    visit = ehr.all("Appointment")[0]
    assert "supportingInformation" not in visit and "basedOn" in visit
    assert all("basedOn" not in request for request in ehr.all("ServiceRequest"))
    assert "Without its link to what was refused (CarePlan)." in row_of(receipt, "request-infusion").detail
    assert row_of(receipt, "care-plan").outcome is Outcome.REPLACED
    assert row_of(receipt, "care-plan-activities").outcome is Outcome.REPLACED
    assert receipt.state is PlanState.WRITTEN


@pytest.mark.parametrize(
    "error", [Forbidden("no", 403), NotSupported("no", 405), Fatal("not understood", 422)]
)
def test_a_refusal_while_it_runs_leads_to_the_next_rung(error: EhrError) -> None:
    ehr = refusing(error, "CarePlan")
    receipt = write(ehr, FakeJournal())
    assert row_of(receipt, "care-plan").outcome is Outcome.REPLACED
    assert len(ehr.all("DocumentReference")) == 1


def test_when_the_ehr_takes_it_after_all_the_care_plan_joins_the_note() -> None:
    ehr, journal = FakeEhr(not_taken=("CarePlan",)), FakeJournal()
    write(ehr, journal)
    ehr.not_taken = ()
    receipt = write(ehr, journal)
    assert row_of(receipt, "care-plan").outcome is Outcome.WRITTEN
    assert row_of(receipt, NOTE).outcome is Outcome.ALREADY_THERE
    assert len(ehr.all("DocumentReference")) == 1


def test_without_an_answer_no_rung_is_left() -> None:
    ehr = refusing(Temporary("away"), "CarePlan")
    receipt = write(ehr, FakeJournal())
    assert row_of(receipt, "care-plan").outcome is Outcome.PENDING
    assert not ehr.all("DocumentReference")


def test_a_visit_whose_time_is_taken_needs_another_time_and_no_stand_in() -> None:
    refused: dict[str, int | None] = {"appointment-infusion-1": 422, "appointment-cbt-1": 409}
    assert not given_way(steps(), refused)
    assert given_way(steps(), {"appointment-cbt-1": 405}) == {"appointment-cbt-1"}


def test_a_care_plan_that_stands_is_not_given_up_for_its_activities() -> None:
    assert not given_way(steps(), {"care-plan-activities": 405})


def test_the_answers_come_where_no_note_is_taken() -> None:
    ehr = FakeEhr(not_taken=("CarePlan", "DocumentReference"))
    receipt = write(ehr, FakeJournal())
    (answers,) = ehr.all("QuestionnaireResponse")
    assert f"QuestionnaireResponse/{answers['id']}" in row_of(receipt, NOTE).detail
    assert [item["text"] for item in answers["item"]].count("Schedule") == 1


def test_the_note_tells_all_in_text_and_names_no_drug_in_its_title() -> None:
    note = next(step for step in steps() if step.key == NOTE).resource
    plain, laid_out = (content["attachment"] for content in note["content"])
    text = b64decode(plain["data"]).decode()
    for part in ("Arithmetic:", "Goals", "Schedule", "Source:", "Signed by", TRUTH):
        assert part in text, part
    assert note["description"] == plain["title"] == laid_out["title"] == TITLE
    assert note["context"]["encounter"] == [{"reference": "Encounter/visit-1"}]
    assert "<script" not in b64decode(laid_out["data"]).decode()
    assert plain["size"] == len(text.encode())


def test_a_record_without_a_care_plan_has_no_ladder() -> None:
    alone = tuple(step for step in native() if step.type == "Goal")
    assert laddered(alone, Choice.ALSO) == alone
    assert {s.key for s in steps()} - {s.key for s in native()} == {NOTE, RESPONSE}
    assert Outcome.REPLACED in TOLD
