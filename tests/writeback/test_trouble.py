"""Lost answers, refusals, conflicts, and servers with ideas of their own."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ketplan.errors import Conflict, Fatal, Forbidden, NotSupported, Temporary
from ketplan.store.journal import StepState
from ketplan.store.plans import PlanState
from tests.writeback.builders import EVERYTHING, PLAN, named, outcomes, row_of, to, write
from tests.writeback.fakes import START, Clock, FakeEhr, FakeJournal, Json, Killed, losing, refusing

KINDS = tuple(EVERYTHING)


# --- lost answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("honours_condition", [True, False])
def test_an_answer_lost_after_storing_is_looked_up(kind: str, honours_condition: bool) -> None:
    ehr = FakeEhr(honours_condition=honours_condition, after=losing(kind, 1))
    receipt = write(ehr)
    assert ehr.counts() == EVERYTHING
    assert receipt.exit_code == 0
    (row,) = [row for row in receipt.rows if "answer was lost" in row.detail]
    assert (row.type, row.outcome) == (kind, "written")


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_lost_on_the_way_is_sent_again_after_a_search(kind: str) -> None:
    ehr, clock = FakeEhr(before=losing(kind, 2)), Clock()
    receipt = write(ehr, clock=clock)
    assert ehr.counts() == EVERYTHING
    assert set(outcomes(receipt).values()) == {"written", "updated"}
    assert clock.slept == [0.5, 1.0]
    sent = [request for request in ehr.requests if request.endswith(f" {kind}")]
    creates = [place for place, request in enumerate(sent) if request == f"create {kind}"]
    assert len(creates) >= 3
    assert all(sent[place - 1] == f"search {kind}" for place in creates[:3])


def test_patience_ends_and_the_next_run_goes_on() -> None:
    ehr, journal = FakeEhr(before=losing("Appointment", 3)), FakeJournal()
    receipt = write(ehr, journal)
    assert outcomes(receipt) == {
        "goal-1": "written",
        "care-plan": "written",
        "request-infusion": "written",
        "appointment-1": "pending",
        "appointment-2": "written",
        "appointment-3": "written",
        "activities": "pending",
        "provenance": "pending",
    }
    assert (receipt.exit_code, receipt.state) == (75, PlanState.INCOMPLETE)
    assert journal.rows["appointment-1"].state is StepState.UNKNOWN
    again = write(ehr, journal)
    assert again.exit_code == 0
    assert ehr.counts() == EVERYTHING


def test_an_update_whose_answer_was_lost_is_seen_to_have_happened() -> None:
    ehr = FakeEhr(after=losing("CarePlan", 1, "update"))
    receipt = write(ehr)
    assert row_of(receipt, "activities").outcome == "updated"
    assert ehr.requests.count("update CarePlan") == 1


def test_an_ehr_that_does_not_answer_is_left_in_peace() -> None:
    def silent(kind: str) -> None:
        raise Temporary("The connection to the EHR failed.")

    ehr = FakeEhr(searching=silent)
    receipt = write(ehr)
    assert set(outcomes(receipt).values()) == {"pending"}
    assert ehr.requests == ["search Goal"] * 3
    assert receipt.exit_code == 75


def test_after_two_silent_steps_the_rest_is_not_tried() -> None:
    ehr = FakeEhr(before=losing("Appointment", 99))
    receipt = write(ehr)
    assert ehr.requests.count("create Appointment") == 6
    assert row_of(receipt, "appointment-3").detail == "Not tried, because the EHR does not answer."


def test_a_step_that_goes_through_shows_that_the_ehr_is_there() -> None:
    def lost(verb: str, resource: Json) -> None:
        if resource.get("start", "")[:10] in ("2026-03-10", "2026-03-12"):
            raise Temporary("The EHR did not answer in time.")

    receipt = write(FakeEhr(before=lost))
    assert row_of(receipt, "appointment-2").outcome == "written"
    assert row_of(receipt, "activities").detail == "Waits for a step before it."


def test_an_ehr_that_may_not_be_searched_gets_each_resource_once() -> None:
    def forbidden(kind: str) -> None:
        raise Forbidden("The EHR does not allow this (HTTP 403).", 403)

    ehr = FakeEhr(searching=forbidden)
    assert write(ehr).exit_code == 0
    assert ehr.counts() == EVERYTHING


def test_a_lost_answer_that_cannot_be_looked_up_is_left_to_a_human() -> None:
    def forbidden(kind: str) -> None:
        raise Forbidden("The EHR does not allow this (HTTP 403).", 403)

    ehr = FakeEhr(searching=forbidden, after=losing("Goal", 1), honours_condition=False)
    journal = FakeJournal()
    for _ in range(2):
        row = row_of(write(ehr, journal), "goal-1")
        assert row.outcome == "refused"
        assert "look in the EHR" in row.detail
        assert journal.rows["goal-1"].state is StepState.UNKNOWN
    assert ehr.counts()["Goal"] == 1


def test_what_a_killed_run_was_sending_is_not_guessed_either() -> None:
    def forbidden(kind: str) -> None:
        raise Forbidden("The EHR does not allow this (HTTP 403).", 403)

    def killed(verb: str, resource: Json) -> None:
        raise Killed

    ehr, journal = FakeEhr(searching=forbidden, after=killed, honours_condition=False), FakeJournal()
    with pytest.raises(Killed):
        write(ehr, journal)
    ehr.after = lambda verb, resource: None
    assert "look in the EHR" in row_of(write(ehr, journal), "goal-1").detail
    assert ehr.counts()["Goal"] == 1


# --- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Forbidden("No (HTTP 403).", 403), NotSupported("No (HTTP 405).", 405)])
def test_without_the_care_plan_nothing_that_points_to_it_is_written(error: Fatal) -> None:
    ehr, journal = FakeEhr(before=refusing("CarePlan", error)), FakeJournal()
    receipt = write(ehr, journal)
    assert ehr.counts() == {"Goal": 1}
    assert set(outcomes(receipt).values()) == {"written", "refused"}
    assert row_of(receipt, "care-plan").detail == str(error)
    assert row_of(receipt, "appointment-1").detail == (
        "Not written, because the CarePlan it belongs to was refused."
    )
    assert (receipt.exit_code, receipt.state) == (1, PlanState.REFUSED)
    assert journal.rows["appointment-1"].state is StepState.REFUSED


def test_a_refused_plan_is_written_once_the_ehr_allows_it() -> None:
    ehr, journal = FakeEhr(before=refusing("CarePlan")), FakeJournal()
    write(ehr, journal)
    ehr.before = lambda verb, resource: None
    assert write(ehr, journal).exit_code == 0
    assert ehr.counts() == EVERYTHING


def test_a_refused_goal_is_left_out_of_the_plan() -> None:
    ehr = FakeEhr(before=refusing("Goal"))
    receipt = write(ehr)
    (plan,) = ehr.all("CarePlan")
    assert "goal" not in plan
    assert plan["status"] == "active"
    assert row_of(receipt, "care-plan").detail == "Without its link to what was refused (Goal)."
    assert len(ehr.all("Provenance")[0]["target"]) == 5
    assert (receipt.exit_code, receipt.state) == (1, PlanState.INCOMPLETE)


def test_a_refused_provenance_stops_nothing() -> None:
    ehr = FakeEhr(before=refusing("Provenance"))
    receipt = write(ehr)
    assert {key for key, outcome in outcomes(receipt).items() if outcome == "refused"} == {"provenance"}
    assert ehr.all("CarePlan")[0]["status"] == "active"


def test_a_time_taken_meanwhile_costs_one_visit_and_no_other() -> None:
    def taken(verb: str, resource: Json) -> None:
        if resource.get("start", "").startswith("2026-03-11"):
            raise Conflict("It collides with something there (HTTP 409).", 409, "Chair 1 is occupied")

    ehr, journal = FakeEhr(before=taken), FakeJournal()
    receipt = write(ehr, journal)
    row = row_of(receipt, "appointment-2")
    assert (row.outcome, row.detail) == ("refused", "The time was taken meanwhile.")
    assert row.said == "Chair 1 is occupied"
    assert ehr.counts()["Appointment"] == 2
    assert len(ehr.all("CarePlan")[0]["activity"]) == 3
    assert (receipt.complete, receipt.exit_code) == (False, 1)
    assert journal.rows["appointment-2"].message == "The time was taken meanwhile."
    assert "Chair" not in str(journal.rows["appointment-2"])


def test_an_update_that_is_refused_leaves_the_plan_a_draft_and_says_so() -> None:
    ehr = FakeEhr(before=refusing("CarePlan", verb="update"))
    receipt = write(ehr)
    assert ehr.all("CarePlan")[0]["status"] == "draft"
    assert row_of(receipt, "activities").outcome == "refused"
    assert (receipt.exit_code, receipt.state) == (1, PlanState.INCOMPLETE)


def test_a_conflict_on_create_that_is_a_duplicate_takes_what_is_there() -> None:
    ehr = FakeEhr()
    searches = iter([False])  # the first search comes too early to see it

    def late(kind: str) -> None:
        ehr.honours_search = True
        if kind == "Goal" and next(searches, True) is False:
            for _ in range(2):
                ehr.put(
                    {"resourceType": "Goal", "identifier": [named("goal-0")], "subject": to("Patient/p1")}
                )

    def rename(verb: str, resource: Json) -> None:
        for raw in ehr.all("Goal"):
            raw["identifier"] = [named("goal-1")]

    ehr.searching, ehr.before = late, rename
    row = row_of(write(ehr), "goal-1")
    assert row.reference.startswith("Goal/goal-10")
    assert "The EHR has 2 of these" in row.detail
    assert ehr.counts()["Goal"] == 2


def test_a_match_of_something_else_is_not_taken_for_ours() -> None:
    ehr = FakeEhr()
    other = ehr.put({"resourceType": "Goal", "identifier": [named("another")], "subject": to("Patient/p1")})
    honest = ehr._named

    def careless(kind: str, name: tuple[str, str] | None) -> list[Json]:
        return [ehr.held["Goal", other].raw] if kind == "Goal" else honest(kind, name)

    ehr._named = careless
    row = row_of(write(ehr), "goal-1")
    assert (row.outcome, row.detail) == (
        "refused",
        "The EHR took something else for this and did not store it.",
    )


# --- what the EHR made of it ----------------------------------------------------------------------------


def test_what_the_ehr_dropped_is_said_and_the_plan_stands() -> None:
    ehr, journal = FakeEhr(drops=("basedOn", "end")), FakeJournal()
    receipt = write(ehr, journal)
    assert row_of(receipt, "appointment-1").detail == "The EHR dropped basedOn and end."
    assert row_of(receipt, "request-infusion").detail == "The EHR dropped basedOn."
    assert receipt.exit_code == 0


def test_what_was_changed_since_is_said_by_the_next_run() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    visit = ehr.held["Appointment", journal.rows["appointment-1"].resource_id].raw
    visit.update(status="cancelled", start="2026-03-10T10:00:00-04:00", end="2026-03-10T15:30:00Z")
    detail = row_of(write(ehr, journal), "appointment-1").detail
    assert detail == "The EHR changed start and says that status is cancelled."


def test_an_ehr_that_drops_activities_is_not_asked_again_and_again() -> None:
    ehr, journal = FakeEhr(drops=("activity",)), FakeJournal()
    assert row_of(write(ehr, journal), "activities").detail == "The EHR dropped activity."
    ehr.requests.clear()
    row = row_of(write(ehr, journal), "activities")
    assert (row.outcome, row.detail) == ("already_there", "The EHR dropped activity.")
    assert "update CarePlan" not in ehr.requests


def test_what_cannot_be_read_back_still_counts_as_written() -> None:
    def unreadable(kind: str, id: str) -> None:
        if kind == "Appointment":
            raise Forbidden("The EHR does not allow this (HTTP 403).", 403)

    ehr, journal = FakeEhr(reading=unreadable), FakeJournal()
    for outcome in ("written", "already_there"):
        row = row_of(write(ehr, journal), "appointment-1")
        assert (row.outcome, row.detail) == (outcome, "It could not be read back.")


def test_a_created_resource_that_nobody_can_see_is_not_called_written() -> None:
    ehr, journal = FakeEhr(), FakeJournal()

    def vanish(verb: str, resource: Json) -> None:
        if resource["resourceType"] == "Provenance":
            del ehr.held[list(ehr.held)[-1]]

    ehr.after = vanish
    receipt = write(ehr, journal)
    assert row_of(receipt, "provenance").outcome == "pending"
    assert receipt.exit_code == 75
    ehr.after = lambda verb, resource: None
    assert write(ehr, journal).exit_code == 75
    journal.send_again(PLAN, "provenance", START)
    assert write(ehr, journal).exit_code == 0
    assert ehr.counts() == EVERYTHING


# --- conflicts on the CarePlan --------------------------------------------------------------------------


def meddling(ehr: FakeEhr, **changes: object):
    """Somebody edits the CarePlan between our reading and our writing, once."""
    todo = [changes]

    def before(verb: str, resource: Json) -> None:
        if verb == "update" and todo:
            (held,) = ehr.all("CarePlan")
            ehr.put({**held, **todo.pop()})

    return before


def test_what_others_changed_meanwhile_is_kept_and_only_ours_is_set() -> None:
    ehr = FakeEhr()
    theirs = {
        "title": "Renamed by the ward",
        "_title": {"extension": [{"url": "urn:x", "valueDecimal": Decimal("1.10")}]},
        "vendorField": {"kept": True},
        "activity": [{"reference": to("Task/9")}],
    }
    ehr.before = meddling(ehr, **theirs)
    receipt = write(ehr)
    (plan,) = ehr.all("CarePlan")
    assert row_of(receipt, "activities").outcome == "updated"
    assert {name: plan[name] for name in ("title", "_title", "vendorField")} == {
        name: theirs[name] for name in ("title", "_title", "vendorField")
    }
    assert str(plan["_title"]["extension"][0]["valueDecimal"]) == "1.10"
    assert plan["activity"][0] == theirs["activity"][0]
    assert (plan["status"], len(plan["activity"])) == ("active", 5)
    assert ehr.requests.count("update CarePlan") == 2


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error", "on-hold"])
def test_a_plan_that_was_ended_meanwhile_is_not_brought_back(status: str) -> None:
    ehr = FakeEhr()
    ehr.before = meddling(ehr, status=status)
    row = row_of(write(ehr), "activities")
    assert row.outcome == "refused"
    assert f"the status {status}" in row.detail
    assert ehr.all("CarePlan")[0]["status"] == status


def test_an_ehr_whose_versions_never_match_is_left_for_later() -> None:
    stale = refusing("CarePlan", Conflict("Somebody changed this (HTTP 412).", 412), verb="update")
    ehr, journal = FakeEhr(before=stale), FakeJournal()
    receipt = write(ehr, journal)
    assert row_of(receipt, "activities").detail == "Somebody else is changing this in the EHR right now."
    assert receipt.exit_code == 75
    ehr.before = lambda verb, resource: None
    assert write(ehr, journal).exit_code == 0


def test_an_ehr_without_versions_is_written_to_all_the_same() -> None:
    ehr, journal = FakeEhr(keeps_versions=False), FakeJournal()
    assert write(ehr, journal).exit_code == 0
    assert write(ehr, journal).exit_code == 0
    assert ehr.requests.count("update CarePlan") == 1


def test_absolute_references_to_our_activities_count_as_ours() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    (plan,) = ehr.all("CarePlan")
    for item in plan["activity"]:
        item["reference"] = to(f"https://ehr.example.org/fhir/{item['reference']['reference']}/_history/1")
    ehr.requests.clear()
    assert row_of(write(ehr, FakeJournal()), "activities").outcome == "already_there"
    assert "update CarePlan" not in ehr.requests


def test_an_activity_that_somebody_took_off_the_plan_since_is_listed_again() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    (plan,) = ehr.all("CarePlan")
    ehr.put({**plan, "activity": plan["activity"][:2]})
    assert row_of(write(ehr, journal), "activities").outcome == "updated"
    assert len(ehr.all("CarePlan")[0]["activity"]) == 4
