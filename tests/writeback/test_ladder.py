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
from ketplan.fhir.rendering.to_do import MESSAGE
from ketplan.store.plans import PlanState
from ketplan.writeback.ladder import Choice, Rung, climb, given_way, laddered
from ketplan.writeback.runner import run
from ketplan.writeback.steps import STANDS, TOLD, Outcome, Receipt
from tests.fhir.plan_builders import PATIENT, PLAN_ID, a_draft, a_plan, a_timetable
from tests.writeback.builders import outcomes, row_of
from tests.writeback.fakes import Clock, FakeEhr, FakeJournal, FakeLock, Json

KINDS = ("Appointment", "CarePlan", "DocumentReference", "Goal", "Provenance")
ALL_KINDS = (*KINDS, "Communication", "QuestionnaireResponse", "ServiceRequest", "Task")
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
    tasks = {f"task-{visit}" for visit in VISITS}
    assert {s.key for s in steps()} - {s.key for s in native()} == {NOTE, RESPONSE, MESSAGE, *tasks}
    assert Outcome.REPLACED in TOLD


# --- what asks somebody to book -----------------------------------------------------------------------------


def test_a_visit_that_is_not_taken_becomes_a_task_though_the_care_plan_tells_of_it() -> None:
    ehr = FakeEhr(not_taken=("Appointment",))
    receipt = write(ehr, FakeJournal())
    assert ehr.counts()["Task"] == len(VISITS)
    assert not ehr.all("Communication") and not ehr.all("DocumentReference")
    row = row_of(receipt, "appointment-infusion-1")
    task = ehr.held["Task", row_of(receipt, "task-infusion-1").reference.partition("/")[2]].raw
    assert f"can be read in Task/{task['id']}. The visit has to be booked by hand." in row.detail
    assert task["for"] == {"reference": PATIENT}
    assert task["focus"]["reference"] == row_of(receipt, "request-infusion").reference
    assert task["basedOn"] == [{"reference": row_of(receipt, "care-plan").reference}]
    assert (task["status"], task["intent"]) == ("requested", "plan")
    assert task["description"].startswith("Book: Ketamine infusion 1 of 6, 2026-03-02 ")
    assert receipt.complete


def test_only_the_visit_that_was_refused_is_asked_for() -> None:
    def before(verb: str, resource: Json) -> None:
        if resource["resourceType"] == "Appointment" and "infusion-1" in str(resource["identifier"]):
            raise NotSupported("not this one", 405)

    ehr = FakeEhr(before=before)
    write(ehr, FakeJournal())
    assert (ehr.counts()["Appointment"], ehr.counts()["Task"]) == (len(VISITS) - 1, 1)


def test_where_no_task_is_taken_one_message_lists_the_visits() -> None:
    ehr = FakeEhr(not_taken=("Appointment", "Task"))
    receipt = write(ehr, FakeJournal())
    (message,) = ehr.all("Communication")
    lines = message["payload"][0]["contentString"].splitlines()
    assert len(lines) == 1 + len(VISITS)
    assert lines[1:] == sorted(lines[1:], key=lambda line: line.partition(", 2026")[2])
    assert message["recipient"] == [message["sender"]]
    assert f"Communication/{message['id']}" in row_of(receipt, "appointment-cbt-1").detail
    assert not [row for row in receipt.rows if row.type == "Task"]
    assert receipt.complete


def test_where_nobody_can_be_asked_the_plan_still_tells_the_times() -> None:
    ehr = FakeEhr(not_taken=("Appointment", "Task", "Communication"))
    receipt = write(ehr, FakeJournal())
    assert "ServiceRequest/" in row_of(receipt, "appointment-infusion-1").detail
    assert {row.type for row in receipt.rows}.isdisjoint({"Task", "Communication"})
    assert receipt.complete


def test_what_is_asked_for_names_neither_drug_nor_diagnosis_beside_the_visits_own_title() -> None:
    told = [s.resource for s in steps() if s.type in ("Task", "Communication")]
    titles = {visit.title for visit in a_draft().visits}
    said = str(told)
    for title in titles:
        said = said.replace(title, "")
    assert not [word for word in ("etamine", "mg", "nxiety", "Condition/") if word in said]


def test_the_pdf_stands_behind_the_text_and_is_the_same_however_often_it_is_sent() -> None:
    with_pdf = laddered(native(), Choice.ALSO, "", b"%PDF-1.7 once")
    note = next(step for step in with_pdf if step.key == NOTE).resource
    kinds = [content["attachment"]["contentType"] for content in note["content"]]
    assert kinds == ["text/plain;charset=utf-8", "text/html;charset=utf-8", "application/pdf"]
    assert b64decode(note["content"][2]["attachment"]["data"]) == b"%PDF-1.7 once"
    assert note["content"][2]["attachment"]["size"] == len(b"%PDF-1.7 once")
