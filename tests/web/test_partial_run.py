"""A run that stopped in the middle: taken back by choice, or what nobody can see sent once more by choice."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.store.journal import StepState
from ketplan.store.plans import PlanState
from tests.web.support import Browser, stored, words

pytestmark = pytest.mark.writes
PATIENT = "gad-ready"


def statuses(ehr: Flask, kind: str) -> Counter[str]:
    return Counter(raw.get("lifecycleStatus") or raw["status"] for raw in stored(ehr, kind))


def test_what_stands_of_a_partial_run_is_taken_back_by_choice_and_nothing_else(
    browser: Browser, ehr: Flask, services: Services
) -> None:
    ehr.extensions["harbor"].faults.add("422 on=create type=Appointment after=5")
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    assert services.plans.list()[0].state is PlanState.INCOMPLETE
    half = len(stored(ehr, "Appointment"))
    assert 0 < half < 27
    ehr.extensions["harbor"].faults.clear()
    shown = browser.submit(
        browser.get(f"{path}course"), "/course", decision="revoke", reason="Begun again.", visits="cancel"
    )
    assert statuses(ehr, "CarePlan") == {"active": 1}, "the preview of a decision changes nothing"
    assert browser.submit(shown, "/course").status_code == 303
    assert statuses(ehr, "CarePlan") == {"revoked": 1}
    assert statuses(ehr, "Appointment") == {"cancelled": half}
    assert set(statuses(ehr, "Goal")) == {"cancelled"}


def test_what_the_ehr_said_it_stored_is_sent_again_only_by_who_has_looked(
    browser: Browser, app: Flask, ehr: Flask, services: Services
) -> None:
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    (plan,) = services.plans.list()
    (goal,) = stored(ehr, "Goal")
    store, now = ehr.extensions["harbor"].store, plan.updated
    store.delete("Goal", goal["id"])
    said = "The EHR said that it stored this, but does not show it: look in the EHR."
    services.journal.failed(plan.plan_id, "goal-1", StepState.UNKNOWN, said, 201, now)
    services.plans.move(plan.plan_id, PlanState.WRITING, now)
    services.plans.move(plan.plan_id, PlanState.INCOMPLETE, now)
    app.extensions["ketplan"].writings._kept.clear()  # as after a restart: the journal alone knows

    page = browser.get(f"{path}written")
    assert said in words(page)
    browser.submit(page, "/resume")
    assert stored(ehr, "Goal") == []
    assert browser.submit(page, "/send-again").status_code == 400, "nobody said that they had looked"
    assert stored(ehr, "Goal") == []
    browser.submit(page, "/send-again", looked="yes")
    assert len(stored(ehr, "Goal")) == 1
    assert "All 34 stand in Harbor." in words(browser.get(f"{path}written"))
