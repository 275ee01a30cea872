"""A running course changed on its pages: previewed before and after, confirmed by name, written once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.compose import Services
from ketplan.store.plans import PlanState
from ketplan.writeback.revision import KIND
from tests.web.charting import Chart
from tests.web.support import COORDINATOR, ISS, Browser, Clock, EhrHttp, Page, sign_plan, stored, words

pytestmark = pytest.mark.writes

PATIENT, OTHER = "gad-ready", "ocd-erp"
REASON = "Influenza."
Json = dict[str, Any]


@pytest.fixture
def path(browser: Browser) -> str:
    return sign_plan(browser, PATIENT)


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
    return browser.client.post(
        form.action, data=_many([*fields, *typed.items()]), base_url="http://localhost:8400"
    )


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


def test_a_missed_infusion_is_placed_again(
    browser: Browser, path: str, ehr: Flask, clock: Clock, services: Services
) -> None:
    (plan,) = services.plans.find(ISS, PATIENT)
    Chart(ehr, PATIENT).dose(plan.plan_id, "infusion-1", date(2026, 3, 2), 35, 0.5)
    (missed,) = visits(ehr, "infusion-2")
    clock.pass_(days=9)
    change(ehr, missed, status="noshow")
    again = browser.launch(PATIENT)
    before = len(stored(ehr, "Appointment"))
    preview = ask(browser, again, "replan", visit="infusion-2", scope="this and following")
    said = words(preview)
    assert "PLACED AGAIN" in said
    assert "Whom to callThe patient" in said
    assert "change this for Jane Samplewood, female, born 28 Sep 1991" in said
    result = carry_out(browser, preview)
    assert "Written to the EHR" in words(result), words(result)
    old, new = visits(ehr, "infusion-2")
    assert (old["id"], old["status"], old["start"]) == (missed["id"], "noshow", missed["start"])
    assert datetime.fromisoformat(new["start"]) > clock()
    assert len(stored(ehr, "Appointment")) == before + 1
    (care_plan,) = stored(ehr, "CarePlan")
    assert care_plan["status"] == "active"
    assert {"reference": f"Appointment/{new['id']}"} in [a["reference"] for a in care_plan["activity"]]
    assert REASON in care_plan["note"][-1]["text"]
    assert "Nothing differs." in words(browser.get(f"{again}differences"))
    assert f"Revise by Dr Ingrid Halvorsen, MD, 6 Mar 2026, 10:30: {REASON}" in words(
        browser.get(f"{again}course")
    )
    day, month = f"{datetime.fromisoformat(new['start']):%d %b}".lstrip("0").split()
    assert f"{day} {month} 2026" in words(browser.get(f"{again}sessions/infusion-2/before"))


def test_a_revision_is_shown_confirmed_and_stands_once(
    browser: Browser, path: str, ehr: Flask, http: EhrHttp, services: Services
) -> None:
    http.sent.clear()
    typed = {"at-cbt-14": moved_by(ehr, "cbt-14", 2), "drop": "review_3_months"}
    preview = ask(browser, path, "revise", add_number="2", add_kind="cbt", add_from="2026-06-15", **typed)
    said = words(preview)
    assert http.written == []
    assert said.count("ADDED") == 2
    assert "DROPPED" in said
    assert "MOVED" in said
    first, second = confirm(browser, preview), confirm(browser, preview)
    assert (first.status_code, first.location) == (303, second.location)
    assert len(services.plans.find(ISS, PATIENT, KIND)) == 1
    (care_plan,) = stored(ehr, "CarePlan")
    assert len(care_plan["note"]) == 1
    assert [raw["status"] for raw in visits(ehr, "review_3_months")] == ["cancelled"]
    assert [len(visits(ehr, key)) for key in ("cbt-14", "cbt-15", "cbt-16")] == [1, 1, 1]
    assert "Nothing differs." in words(browser.get(f"{path}differences"))
    again = browser.get(f"{path}revise")
    assert "CBT session 16" in words(again)
    assert "review_3_months" not in again.text
    noted = [row.event.action for row in services.audit.rows()]
    assert {"course-revise", "decision-written"} <= set(noted)


def test_what_changed_in_the_ehr_meanwhile_is_decided_first(browser: Browser, path: str, ehr: Flask) -> None:
    (visit,) = visits(ehr, "cbt-14")
    time = moved_by(ehr, "cbt-14", 2)
    preview = ask(browser, path, "revise", **{"at-cbt-14": time})
    theirs = {name: moved_by(ehr, "cbt-14", 1, name) for name in ("start", "end")}
    change(ehr, visit, **{name: f"{at}:00-04:00" for name, at in theirs.items()})
    late = confirm(browser, preview)
    assert late.status_code == 409
    assert "Changed in Harbor meanwhile." in words(late)
    assert "confirmed" not in late.text
    assert visits(ehr, "cbt-14")[0]["start"][:16] == theirs["start"]
    page = browser.get(f"{path}differences")
    weighed = browser.submit(page, "/weigh", choice="theirs", reason="It was agreed on the telephone.")
    browser.submit(weighed, "/settle")
    carry_out(browser, ask(browser, path, "revise", **{"at-cbt-14": time}))
    assert visits(ehr, "cbt-14")[0]["start"][:16] == time


def test_of_two_revisions_at_once_only_one_counts(
    browser: Browser, path: str, ehr: Flask, app: Flask, services: Services
) -> None:
    other = Browser(app, ehr)
    theirs = ask(other, other.launch(PATIENT), "revise", **{"at-cbt-14": moved_by(ehr, "cbt-14", 3)})
    time = moved_by(ehr, "cbt-14", 2)
    carry_out(browser, ask(browser, path, "revise", **{"at-cbt-14": time}))
    late = confirm(other, theirs)
    assert late.status_code == 409
    assert "Meanwhile somebody decided" in words(late)
    assert visits(ehr, "cbt-14")[0]["start"][:16] == time
    assert len(services.plans.find(ISS, PATIENT, KIND)) == 1


def test_a_revision_killed_midway_is_carried_on_and_stands_once(
    browser: Browser, path: str, ehr: Flask, http: EhrHttp, services: Services
) -> None:
    before = len(stored(ehr, "Appointment"))
    preview = ask(browser, path, "revise", add_number="2", add_kind="cbt", add_from="2026-06-15")
    http.stop_after = 2
    result = confirm(browser, preview)
    http.stop_after, http.down = None, False
    (kept,) = services.plans.find(ISS, PATIENT, KIND)
    assert kept.state is not PlanState.WRITTEN
    shown = browser.get(str(result.location))
    assert "Not all of it stands in Harbor." in words(shown)
    assert "An earlier change is not wholly written" in words(browser.get(f"{path}revise"))
    browser.submit(shown, "/course/1")
    assert services.plans.load(kept.plan_id).state is PlanState.WRITTEN
    assert len(stored(ehr, "Appointment")) == before + 2
    assert len(stored(ehr, "CarePlan")[0]["note"]) == 1


def test_while_something_is_being_written_nothing_is_revised(
    browser: Browser, path: str, services: Services, clock: Clock
) -> None:
    page = browser.get(f"{path}revise")
    (plan,) = services.plans.find(ISS, PATIENT)
    services.plans.move(plan.plan_id, PlanState.WRITING, clock())
    address, form = fill(page, "/revise", reason=REASON, drop="cbt-14")
    answer = browser.post(address, form)
    assert answer.status_code == 409
    assert "being written right now" in words(answer)


def test_a_suspended_course_is_resumed_first(browser: Browser, path: str) -> None:
    page = browser.submit(
        browser.get(f"{path}course"), "/course", decision="suspend", reason="x", visits="keep"
    )
    browser.submit(page, "/course")
    for name in ("revise", "replan"):
        assert "Resume it first" in words(browser.get(f"{path}{name}"))


def test_a_coordinator_places_visits_again_and_changes_nothing_of_the_treatment(
    path: str, app: Flask, ehr: Flask, http: EhrHttp, services: Services
) -> None:
    desk = Browser(app, ehr)
    own = desk.launch(PATIENT, user=COORDINATOR)
    assert "For reading only." in words(desk.get(f"{own}revise"))
    preview = ask(desk, own, "replan", visit="cbt-14", since="2026-06-10", scope="this")
    http.sent.clear()
    result = carry_out(desk, preview)
    assert "Visits placed again" in words(result)
    assert sorted(http.written) == ["Appointment", "Provenance"]
    token = next(f.fields["csrf"] for f in Page(desk.get(f"{own}replan").text).forms if "csrf" in f.fields)
    form = {"csrf": token, "patient": PATIENT, "number": "2", "drop": "cbt-13", "reason": REASON}
    assert desk.post(f"{own}revise", form).status_code == 403
    assert len(services.plans.find(ISS, PATIENT, KIND)) == 1


@pytest.mark.parametrize(
    ("page", "typed", "said"),
    [
        ("revise", {}, "Nothing has been chosen yet."),
        ("revise", {"drop": "cbt-14", "reason": " "}, "A reason is needed."),
        ("revise", {"at-cbt-14": "2026-03-02T03:00"}, "It would change the order with"),
        ("revise", {"at-cbt-14": "2026-03-08T02:30"}, "there is no such time"),
        ("revise", {"agreed": "infusion-7"}, "look at it again"),
        ("revise", {"add_number": "99", "add_kind": "cbt", "add_from": "2026-06-15"}, "At most 12 visits"),
        ("replan", {"visit": "cbt-14", "since": "2026-02-01"}, "This day has passed."),
        ("replan", {"away": ""}, "Nothing has been chosen yet."),
    ],
)
def test_what_cannot_be_is_said(
    browser: Browser, path: str, http: EhrHttp, page: str, typed: dict[str, str], said: str
) -> None:
    http.sent.clear()
    answer = ask(browser, path, page, **typed)
    assert answer.status_code == 400
    assert said in words(answer)
    assert http.written == []


def test_where_nothing_fits_the_ways_out_are_shown_to_one_who_may_sign(
    browser: Browser, path: str, app: Flask, ehr: Flask, http: EhrHttp
) -> None:
    typed = {"visit": "infusion-6", "since": "2026-04-01", "scope": "this"}
    http.sent.clear()
    page = ask(browser, path, "replan", **typed)
    said = words(page)
    assert "No place for every visit" in said
    assert "Doses do not lie too far apart (Infusion 5 of 6 and Infusion 6 of 6)" in said
    assert "Take it: Extend the gap" in said
    assert "restart the induction" in said
    desk = Browser(app, ehr)
    theirs = ask(desk, desk.launch(PATIENT, user=COORDINATOR), "replan", **typed)
    assert "Only a clinician whose role may sign here takes one of them." in words(theirs)
    assert "Take it" not in words(theirs)
    assert http.written == []


def moved_by(ehr: Flask, key: str, days: int, name: str = "start") -> str:
    """The visit's own time some days later, as a field takes it."""
    start = datetime.fromisoformat(visits(ehr, key)[0][name])
    return f"{start + timedelta(days=days):%Y-%m-%dT%H:%M}"
