"""A revision of a plan that stands: what it changes, what it leaves; no kill makes it count twice."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.plan import Clinician, Visit, VisitKind
from ketplan.errors import InputError, Temporary
from ketplan.fhir import r4
from ketplan.fhir.invariants import check
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Verb, final, link, render
from ketplan.fhir.rendering.authoring import visit_named, visit_of_step
from ketplan.fhir.rendering.revised import Line, NewTime
from ketplan.store.journal import StepState
from ketplan.writeback.compare import mark
from ketplan.writeback.revision import Edit, Held, Revision, Standing, What
from ketplan.writeback.runner import LEASE_SECONDS, run
from ketplan.writeback.steps import Outcome, Receipt
from tests.fhir.plan_builders import PATIENT, PLAN_ID, ZONE, a_draft, a_plan, a_timetable
from tests.writeback.builders import outcomes, row_of
from tests.writeback.fakes import START, Clock, FakeEhr, FakeJournal, FakeLock, Json, Killed, Wire, losing

LOCAL = ZoneInfo(ZONE)
REASON = "Influenza."
DRAFT = a_draft()
STEPS = render(a_plan(DRAFT), a_timetable(DRAFT))
VISITS = {visit.key: visit for visit in DRAFT.visits}


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 4, day, hour, tzinfo=LOCAL)


def carry(
    ehr: FakeEhr, steps: Any, name: str, journal: Any = None, lock: Any = None, clock: Any = None
) -> Receipt:
    clock = clock or Clock()
    return run(
        name,
        steps,
        ehr,
        journal or FakeJournal(),
        lock=lock or FakeLock(),
        owner="run",
        patient_id=PATIENT.removeprefix("Patient/"),
        now=clock.now,
        sleep=clock.sleep,
    )


FIRST = FakeEhr()
IDS = {row.key: row.reference for row in carry(FIRST, STEPS, PLAN_ID).rows}


def a_written_plan() -> FakeEhr:
    return FakeEhr(held=copy.deepcopy(FIRST.held))


def held(ehr: FakeEhr, key: str) -> Held:
    created = [step for step in STEPS if not step.updates]
    ours = {s.key: link(r, IDS) for s, r in zip(created, final(STEPS), strict=True)}[key]
    theirs = copy.deepcopy(ehr.held[tuple(IDS[key].split("/"))].raw)
    return Held(key, IDS[key], ours, theirs, mark(theirs))


def standing(ehr: FakeEhr) -> Standing:
    requests = {key: held(ehr, key) for key in IDS if key.startswith("request-")}
    goals = {key: held(ehr, key) for key in IDS if key.startswith("goal-")}
    return Standing(held(ehr, "care-plan"), requests, goals)


def moved(ehr: FakeEhr, key: str = "infusion-2", to: datetime | None = None) -> Edit:
    one = held(ehr, f"appointment-{key}")
    start = to or at(7)
    new = NewTime(start, start + timedelta(hours=3))
    return Edit(What.MOVED, VISITS[key], one, datetime.fromisoformat(one.ours["start"]), new, "The only day.")


def again(key: str = "infusion-1") -> Edit:
    return Edit(What.AGAIN, VISITS[key], None, None, NewTime(at(1), at(1, 13)), "The first free day.")


def dropped(ehr: FakeEhr, key: str = "cbt-14") -> Edit:
    return Edit(What.DROPPED, VISITS[key], held(ehr, f"appointment-{key}"), None, None, "")


def added() -> Edit:
    visit = Visit("cbt-15", VisitKind.CBT, 15, "CBT session 15", 85, at(20).date(), 60)
    return Edit(What.ADDED, visit, None, None, NewTime(at(20), at(20, 11)), "On its target day.")


def a_revision(ehr: FakeEhr, *edits: Edit, **more: Any) -> Revision:
    lines = tuple(
        (edit.visit, Line(edit.visit.title, edit.to.start, edit.to.end, "", "proposed"))
        for edit in edits
        if edit.to
    )
    made = Revision(
        f"{PLAN_ID}-1",
        PLAN_ID,
        1,
        REASON,
        PATIENT,
        Clinician("Practitioner/7", "Dr Ann Example"),
        START,
        ZONE,
        edits,
        standing(ehr),
        lines,
    )
    return replace(made, **more)


def whole(ehr: FakeEhr) -> Revision:
    """One of everything."""
    return a_revision(ehr, moved(ehr), again(), added(), dropped(ehr), remarks=("From dose 3 on: 41 mg.",))


def visits(ehr: FakeEhr, key: str) -> list[Json]:
    return [
        raw
        for raw in ehr.all("Appointment")
        for name in raw["identifier"]
        if name["system"] == PLAN_STEP_SYSTEM and visit_named(name["value"], PLAN_ID) == key
    ]


def test_a_visit_moves_and_the_same_care_plan_says_so() -> None:
    ehr = a_written_plan()
    before = ehr.counts()
    assert carry(ehr, a_revision(ehr, moved(ehr)).steps(), "r").complete
    (visit,) = visits(ehr, "infusion-2")
    assert visit["start"] == "2026-04-07T10:00:00-04:00"
    assert visit["status"] == "proposed"
    assert ehr.counts() - before == {"Provenance": 1}
    (plan,) = ehr.all("CarePlan")
    assert plan["status"] == "active"
    assert plan["note"][-1]["text"].endswith(REASON)
    assert "from 2026-03-05" in plan["text"]["div"]
    assert plan["text"]["div"].count("<h4>Schedule</h4>") == 1
    provenance = next(p for p in ehr.all("Provenance") if p["activity"]["text"] == "Treatment plan revised")
    assert {"reference": IDS["care-plan"]} in provenance["target"]


def test_a_missed_visit_gets_an_appointment_of_its_own_and_the_old_one_stays() -> None:
    ehr = a_written_plan()
    old = held(ehr, "appointment-infusion-1").theirs
    assert carry(ehr, a_revision(ehr, again()).steps(), "r").complete
    first, second = visits(ehr, "infusion-1")
    assert first == old
    assert second["identifier"][0]["value"] == f"{PLAN_ID}/appointment-infusion-1.r1"
    assert second["basedOn"] == [{"reference": IDS["request-infusion"]}]
    (plan,) = ehr.all("CarePlan")
    assert {"reference": {"reference": f"Appointment/{second['id']}"}} in plan["activity"]


def test_a_dropped_visit_is_cancelled_with_the_reason_and_an_added_one_stands() -> None:
    ehr = a_written_plan()
    assert carry(ehr, whole(ehr).steps(), "r").complete
    (gone,), (new,) = visits(ehr, "cbt-14"), visits(ehr, "cbt-15")
    assert gone["status"] == "cancelled"
    assert gone["cancelationReason"]["text"] == REASON
    assert new["status"] == "proposed"
    request = ehr.held[tuple(IDS["request-infusion"].split("/"))].raw
    assert request["note"][-1] == {"text": "From dose 3 on: 41 mg."}
    assert request["quantityQuantity"]["value"] == 2


def test_by_one_who_may_not_sign_only_visits_are_written() -> None:
    ehr = a_written_plan()
    steps = a_revision(ehr, moved(ehr), is_signed=False).steps()
    assert [step.type for step in steps] == ["Appointment", "Provenance"]


@pytest.mark.parametrize("status", ["fulfilled", "arrived", "cancelled"])
def test_a_visit_that_took_place_meanwhile_is_left(status: str) -> None:
    ehr = a_written_plan()
    revision = a_revision(ehr, moved(ehr))
    raw = visits(ehr, "infusion-2")[0]
    ehr.put({**raw, "status": status})
    receipt = carry(ehr, revision.steps(), "r")
    assert "it was left so" in row_of(receipt, "appointment-infusion-2").detail
    assert visits(ehr, "infusion-2")[0]["start"] == raw["start"]


def test_what_was_changed_since_it_was_looked_at_is_not_written_over() -> None:
    ehr = a_written_plan()
    revision = a_revision(ehr, moved(ehr))
    raw = visits(ehr, "infusion-2")[0]
    ehr.put({**raw, "start": "2026-03-06T09:00:00-05:00"})
    receipt = carry(ehr, revision.steps(), "r")
    assert outcomes(receipt)["appointment-infusion-2"] == Outcome.REFUSED
    assert visits(ehr, "infusion-2")[0]["start"] == "2026-03-06T09:00:00-05:00"
    assert not receipt.complete


def test_what_is_written_is_valid() -> None:
    ehr = a_written_plan()
    for step in whole(ehr).steps():
        about = None if step.type == "Provenance" else PATIENT
        resource = {name: value for name, value in step.resource.items() if name not in ("meta", "id")}
        assert check(r4.build(resource), patient=about, unlinked=True) == [], step.key


def test_a_reason_and_a_change_are_needed() -> None:
    ehr = a_written_plan()
    for empty in (a_revision(ehr), a_revision(ehr, again(), reason=" ")):
        with pytest.raises(InputError):
            empty.steps()


def test_a_note_that_told_the_plan_is_replaced() -> None:
    ehr = a_written_plan()
    note = {"resourceType": "DocumentReference", "status": "current", "subject": {"reference": PATIENT}}
    reference = f"DocumentReference/{ehr.put(note)}"
    theirs = ehr.all("DocumentReference")[0]
    stands = replace(standing(ehr), note=Held("note", reference, note, theirs, mark(theirs)))
    assert carry(ehr, a_revision(ehr, moved(ehr), standing=stands).steps(), "r").complete
    assert [raw["status"] for raw in ehr.all("DocumentReference")] == ["superseded", "current"]
    assert ehr.all("DocumentReference")[1]["relatesTo"][0]["target"]["reference"] == reference


def moments() -> int:
    ehr = a_written_plan()
    steps = whole(ehr).steps()
    ehr.wire = Wire()
    assert carry(ehr, steps, "r", FakeJournal(ehr.wire)).complete
    return len(ehr.wire.passed)


@pytest.mark.parametrize("keeps_versions", [True, False])
@pytest.mark.parametrize("dies_at", range(1, moments() + 1))
def test_killed_anywhere_and_carried_on_it_stands_once(dies_at: int, keeps_versions: bool) -> None:
    ehr, clock, wire = a_written_plan(), Clock(), Wire(dies_at)
    steps, before = whole(ehr).steps(), ehr.counts()
    ehr.wire, ehr.keeps_versions = wire, keeps_versions
    journal, lock = FakeJournal(wire), FakeLock(wire)
    with pytest.raises(Killed):
        carry(ehr, steps, "r", journal, lock, clock)
    with pytest.raises(Temporary):
        carry(ehr, steps, "r", journal, lock, clock)
    clock.sleep(LEASE_SECONDS)
    wire.dead = False
    assert carry(ehr, steps, "r", journal, lock, clock).complete
    assert_stands_once(ehr, before, journal)


@pytest.mark.parametrize("kind", ["CarePlan", "Appointment", "ServiceRequest", "Provenance"])
@pytest.mark.parametrize("verb", ["create", "update"])
def test_lost_answers_change_nothing_twice(kind: str, verb: str) -> None:
    ehr = a_written_plan()
    steps, before, journal = whole(ehr).steps(), ehr.counts(), FakeJournal()
    ehr.after = losing(kind, 1, verb)
    carry(ehr, steps, "r", journal)
    assert carry(ehr, steps, "r", journal).complete
    assert_stands_once(ehr, before, journal)


def assert_stands_once(ehr: FakeEhr, before: Any, journal: FakeJournal) -> None:
    assert ehr.counts() - before == {"Appointment": 2, "Provenance": 1}
    (plan,) = ehr.all("CarePlan")
    assert len(plan["note"]) == 1
    assert [len(visits(ehr, key)) for key in ("infusion-1", "infusion-2", "cbt-14", "cbt-15")] == [2, 1, 1, 1]
    assert {entry.state for entry in journal.entries("")} == {StepState.DONE}


@pytest.mark.parametrize(
    ("key", "visit"),
    [
        ("appointment-infusion-1", "infusion-1"),
        ("appointment-infusion-1.r12", "infusion-1"),
        ("appointment-review_3_months.r2", "review_3_months"),
        ("request-infusion", None),
        ("provenance.r1", None),
    ],
)
def test_a_visit_is_known_whichever_revision_made_its_appointment(key: str, visit: str | None) -> None:
    assert visit_of_step(key) == visit
    assert visit_named(f"{PLAN_ID}/{key}", PLAN_ID) == visit
    assert visit_named(f"{PLAN_ID}/{key}", "another") is None


def test_updates_name_what_they_change_and_nothing_else() -> None:
    ehr = a_written_plan()
    for step in whole(ehr).steps():
        if step.verb is Verb.UPDATE:
            assert step.seen
            assert step.changes


def test_a_lost_answer_of_an_ehr_that_keeps_no_comments_is_no_conflict() -> None:
    ehr = a_written_plan()
    steps, journal = a_revision(ehr, moved(ehr)).steps(), FakeJournal()
    ehr.drops, ehr.after = ("comment",), losing("Appointment", 1, "update")
    assert carry(ehr, steps, "r", journal).complete
    assert visits(ehr, "infusion-2")[0]["start"] == "2026-04-07T10:00:00-04:00"
