"""A running course changed on its pages: previewed before and after, confirmed by name, written once."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.compose import Services
from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.store.plans import PlanState
from ketplan.writeback.revision import KIND
from tests.web.charting import Chart
from tests.web.support import COORDINATOR, ISS, Browser, Clock, EhrHttp, Page, words

pytestmark = pytest.mark.writes

PATIENT, OTHER = "gad-ready", "ocd-erp"
REASON = "Influenza."
Json = dict[str, Any]


@pytest.fixture
def path(browser: Browser) -> str:
    """A signed and written course."""
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    return path


def stored(ehr: Flask, kind: str) -> list[Json]:
    return [
        raw
        for raw in ehr.extensions["harbor"].store.all(kind)
        if any(i.get("system") == PLAN_STEP_SYSTEM for i in raw.get("identifier", []))
    ]


def visits(ehr: Flask, key: str) -> list[Json]:
    """The appointments of one visit, in order of time."""
    found = [
        raw
        for raw in stored(ehr, "Appointment")
        if raw["identifier"][0]["value"].partition("/appointment-")[2].partition(".r")[0] == key
    ]
    return sorted(found, key=lambda raw: raw["start"])


def change(ehr: Flask, raw: Json, **how: Any) -> None:
    ehr.extensions["harbor"].store.replace({**raw, **how}, raw["id"])


def fill(page: TestResponse, action: str, **typed: Any) -> tuple[str, dict[str, Any]]:
    """The address and the fields of a form; a list stands for several fields of one name."""
    form = next(f for f in Page(page.text).forms if f.action.endswith(action))
    return form.action, form.fields | typed


def ask(browser: Browser, path: str, page: str, **typed: Any) -> TestResponse:
    """The preview."""
    address, form = fill(browser.get(f"{path}{page}"), f"/{page}", **{"reason": REASON, **typed})
    return browser.client.post(address, data=form, base_url="http://localhost:8400")


def confirm(browser: Browser, page: TestResponse, **typed: Any) -> TestResponse:
    form = next(f for f in Page(page.text).forms if "confirmed" in f.fields)
    fields = [(name, value) for name, value in _pairs(page) if name not in typed]
    return browser.client.post(form.action, data=_many([*fields, *typed.items()]), base_url="http://localhost:8400")


def _pairs(page: TestResponse) -> list[tuple[str, str]]:
    inside = page.text[page.text.index('aria-label="Confirm"') :]
    tags = Page(f'<form action="">{inside.partition("</form>")[0].partition(">")[2]}</form>').tags
    return [(a["name"], a.get("value", "")) for tag, a in tags if tag == "input" and "name" in a]


def _many(pairs: list[tuple[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).extend(value if isinstance(value, list) else [value])
    return found


def carry_out(browser: Browser, page: TestResponse) -> TestResponse:
    assert page.status_code == 200, words(page)
    answer = confirm(browser, page)
    assert answer.status_code == 303, words(answer)
    return browser.get(str(answer.location))


def test_a_missed_infusion_is_placed_again(browser: Browser, path: str, ehr: Flask, clock: Clock, services: Services) -> None:
    (plan,) = services.plans.find(ISS, PATIENT)
    Chart(ehr, PATIENT).dose(plan.plan_id, "infusion-1", date(2026, 3, 2), 35, 0.5)
    (missed,) = visits(ehr, "infusion-2")
    clock.pass_(days=9)
    again = browser.launch(PATIENT)
    change(ehr, missed, status="noshow")
    before = Counter(raw["status"] for raw in stored(ehr, "Appointment"))
    page = browser.get(f"{again}replan")
    assert "its time has passed" in words(page) or "missed (noshow)" in words(page)
    preview = ask(browser, again, "replan", visit="infusion-2", scope="this and following")
    said = words(preview)
    print(said[:3000])
    assert "PLACED AGAIN" in said
    result = carry_out(browser, preview)
    print(words(result)[:3000])
    assert "Written to the EHR" in words(result)
    old, new = visits(ehr, "infusion-2")
    assert (old["id"], old["status"]) == (missed["id"], "noshow")
    assert datetime.fromisoformat(new["start"]) > clock()
    assert len(stored(ehr, "Appointment")) == before.total() + 1
    (care_plan,) = stored(ehr, "CarePlan")
    assert care_plan["status"] == "active"
    assert {"reference": f"Appointment/{new['id']}"} in [a["reference"] for a in care_plan["activity"]]
    assert REASON in care_plan["note"][-1]["text"]
    assert "Nothing differs." in words(browser.get(f"{again}differences"))
