"""A row that nobody can ever settle: settled by a signer who has looked; then the plan is revised again."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.store.journal import StepState
from ketplan.store.plans import PlanState
from ketplan.writeback.revision import KIND
from tests.web.support import COORDINATOR, ISS, Browser, Clock, Page, stored, words
from tests.web.test_revision import PATIENT, ask, carry_out

pytestmark = pytest.mark.writes
LOST = "Whether the EHR has this is not known, and it cannot be searched for: look in the EHR."


@pytest.fixture
def path(browser: Browser, services: Services, clock: Clock) -> str:
    """A course whose change is written but for one row, whose answer was lost and which cannot be found."""
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    added = {"add_number": "1", "add_kind": "cbt", "add_from": "2026-06-15"}
    carry_out(browser, ask(browser, path, "revise", **added))
    (kept,) = services.plans.find(ISS, PATIENT, KIND)
    services.journal.failed(kept.plan_id, row_of(services), StepState.UNKNOWN, LOST, None, clock())
    services.plans.move(kept.plan_id, PlanState.WRITING, clock())
    services.plans.move(kept.plan_id, PlanState.INCOMPLETE, clock())
    return path


def entries(services: Services) -> dict[str, Any]:
    (kept,) = services.plans.find(ISS, PATIENT, KIND)
    return {entry.key: entry for entry in services.journal.entries(kept.plan_id)}


def row_of(services: Services) -> str:
    return next(key for key, one in entries(services).items() if one.resource_type == "Appointment")


def blocked(browser: Browser, path: str) -> bool:
    return "An earlier change is not wholly written" in words(browser.get(f"{path}revise"))


def noted(services: Services) -> list[str]:
    """What the trail says was found."""
    events = [row.event for row in services.audit.rows()]
    return [one.note.partition(":")[0] for one in events if one.action == "step-settled"]


@pytest.mark.parametrize(("found", "state"), [("stands", StepState.DONE), ("absent", StepState.REFUSED)])
def test_who_has_looked_settles_it_and_the_plan_can_be_revised_again(
    browser: Browser, path: str, services: Services, found: str, state: StepState
) -> None:
    assert blocked(browser, path)
    assert "settled by who has looked" in words(browser.get(f"{path}revise"))
    page = browser.get(f"{path}unsettled")
    assert LOST in words(page)
    for half in ({"found": found}, {"looked": "yes"}):
        assert browser.submit(page, "/unsettled", **half).status_code == 400
    assert blocked(browser, path)
    answer = browser.submit(page, "/unsettled", looked="yes", found=found)
    assert answer.status_code == 303, words(answer)
    entry = entries(services)[row_of(services)]
    assert entry.state is state
    assert "Halvorsen" in entry.message and "looked in the EHR on" in entry.message
    assert not blocked(browser, path)
    assert "Nothing is open." in words(browser.get(f"{path}unsettled"))
    assert noted(services) == [found]
    assert browser.submit(page, "/unsettled", looked="yes", found=found).status_code == 400, "settled once"


@pytest.mark.parametrize(("found", "more"), [("stands", 0), ("absent", 1)])
def test_what_stands_is_never_sent_again_and_what_does_not_may_be(
    browser: Browser, path: str, services: Services, ehr: Flask, found: str, more: int
) -> None:
    entry = entries(services)[row_of(services)]
    store = ehr.extensions["harbor"].store
    for slot in store.find("Appointment", entry.resource_id).get("slot", []):
        held = store.at(slot["reference"])
        store.replace({**held, "status": "free"}, held["id"])
    store.delete("Appointment", entry.resource_id)
    before = len(stored(ehr, "Appointment"))
    browser.submit(browser.get(f"{path}unsettled"), "/unsettled", looked="yes", found=found)
    assert not entries(services)[row_of(services)].resource_id
    form = Page(browser.get(f"{path}unsettled").text).named("input")
    token = next(one["value"] for one in form if one.get("name") == "csrf")
    assert browser.post(f"{path}course/1", {"csrf": token, "patient": PATIENT}).status_code == 303
    assert len(stored(ehr, "Appointment")) == before + more


def test_the_id_that_is_given_is_looked_at(
    browser: Browser, path: str, services: Services, ehr: Flask
) -> None:
    right = entries(services)[row_of(services)].resource_id
    other = next(raw for raw in ehr.extensions["harbor"].store.all("Appointment") if PATIENT not in str(raw))
    page, said = browser.get(f"{path}unsettled"), {"looked": "yes", "found": "stands"}
    assert browser.submit(page, "/unsettled", **said, id="nowhere").status_code == 400
    assert browser.submit(page, "/unsettled", **said, id=other["id"]).status_code == 409
    assert blocked(browser, path)
    assert browser.submit(page, "/unsettled", **said, id=f"Appointment/{right}").status_code == 303
    assert entries(services)[row_of(services)].resource_id == right


def test_a_coordinator_may_look_and_not_settle(path: str, app: Flask, ehr: Flask) -> None:
    desk = Browser(app, ehr)
    page = desk.get(f"{desk.launch(PATIENT, user=COORDINATOR)}unsettled")
    assert LOST in words(page)
    assert "/unsettled" not in [form for form in page.text.split('"') if form.endswith("/unsettled")]
    assert "For reading only." in words(page)


def test_the_page_of_a_plan_written_in_part_leads_there(
    browser: Browser, services: Services, clock: Clock
) -> None:
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    assert "/unsettled" not in browser.get(f"{path}written").text
    (kept,) = services.plans.find(ISS, PATIENT)
    lost = next(e for e in services.journal.entries(kept.plan_id) if e.resource_type == "Goal")
    services.journal.failed(kept.plan_id, lost.key, StepState.UNKNOWN, LOST, None, clock())
    services.plans.move(kept.plan_id, PlanState.WRITING, clock())
    services.plans.move(kept.plan_id, PlanState.INCOMPLETE, clock())
    assert "/unsettled" in browser.get(f"{path}written").text
    assert LOST in words(browser.get(f"{path}unsettled"))
