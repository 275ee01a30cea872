"""The worklist, the sheets, the board: what this user's grant returns, and nothing of anybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.ehr.transport import Answer
from ketplan.errors import Forbidden
from ketplan.store.plans import PLAN, PlanState
from tests.web.support import (
    COORDINATOR,
    ISS,
    SIGNER,
    Browser,
    Clock,
    EhrHttp,
    Page,
    sign_plan,
    stored,
    words,
)

pytestmark = pytest.mark.writes

PATIENT, OTHER = "gad-ready", "ocd-erp"
PAGES = (
    "",
    "calls",
    "handover",
    "handover.txt",
    "week",
    "week?by=people",
    "month",
    "figures",
    "away",
    "capacity",
)
HEAVIEST = 150_000
Json = dict[str, Any]


class Guarding(EhrHttp):
    """An EHR that shows this user nothing of the patients in `hidden`."""

    hidden: frozenset[str] = frozenset()
    no_calendar = False

    def send(self, method: str, url: str, *args: Any, **how: Any) -> Answer:
        if self.no_calendar and url.endswith("/Appointment"):
            raise Forbidden("The EHR does not let you see this.", 403)
        answer = super().send(method, url, *args, **how)
        if method != "GET" or not self.hidden or "/fhir/" not in url or answer.status != 200:
            return answer
        body = json.loads(answer.body)
        if body.get("resourceType") != "Bundle":
            return answer
        body["entry"] = [e for e in body.get("entry", []) if not self._is_hidden(e["resource"])]
        body.pop("total", None)
        return replace(answer, body=json.dumps(body).encode())

    def _is_hidden(self, resource: Json) -> bool:
        said = json.dumps(resource)
        own = resource["resourceType"] == "Patient" and resource["id"] in self.hidden
        return own or any(f'"Patient/{id}"' in said for id in self.hidden)


@pytest.fixture
def http(ehr: Flask) -> Guarding:
    return Guarding(ehr)


def across(browser: Browser, user: str = COORDINATOR) -> str:
    """From the home page to the worklist; gives its path, /c/<lid>/."""
    answer = browser.get(f"/clinic?iss={ISS}")
    if answer.location and answer.location.startswith("/clinic"):
        answer = browser.get(answer.location)
    back = browser.get(browser.sign_in(str(answer.location), user))
    assert back.status_code == 303, back.text
    return str(back.location)


def treat(browser: Browser, patient: str = PATIENT) -> None:
    """A signed and written course."""
    sign_plan(browser, patient)


def ours(ehr: Flask, kind: str, patient: str = PATIENT) -> list[Json]:
    found = [raw for raw in stored(ehr, kind) if f'"Patient/{patient}"' in json.dumps(raw)]
    return sorted(found, key=lambda raw: str(raw.get("start", "")))


def change(ehr: Flask, raw: Json, **how: Any) -> None:
    ehr.extensions["harbor"].store.replace({**raw, **how}, raw["id"])


@pytest.fixture
def missed(browser: Browser, ehr: Flask, clock: Clock) -> str:
    """The worklist two weeks into a course whose first visit the patient did not come to."""
    treat(browser)
    change(ehr, ours(ehr, "Appointment")[0], status="noshow")
    clock.pass_(days=14)
    return across(browser)


def rows(browser: Browser, path: str) -> list[str]:
    return [tag["value"] for tag in Page(browser.get(path).text).named("input") if tag.get("name") == "row"]


def choose(browser: Browser, path: str, do: str, ids: list[str], action: str = "preview") -> Any:
    csrf = next(f.fields["csrf"] for f in Page(browser.get(path).text).forms if "csrf" in f.fields)
    return browser.post(path + action, {"csrf": csrf, "do": do, "row": ids})  # type: ignore[dict-item]


def test_every_page_opens_and_tells_of_a_missed_visit(browser: Browser, missed: str, ehr: Flask) -> None:
    for page in PAGES:
        assert browser.get(missed + page).status_code == 200, page
    assert "Samplewood" in browser.get(f"{missed}?kind=booked").text
    assert "Samplewood" in browser.get(f"{missed}week?week=2026-03-09&by=people").text
    # A missed visit is on the list, the sheet and the note.
    first = ours(ehr, "Appointment")[0]
    shown = words(browser.get(f"{missed}?kind=missed"))
    assert "The patient did not come on" in shown
    assert first["description"] in shown
    harbor = ehr.extensions["harbor"]
    number = harbor.store.find("Patient", PATIENT)["telecom"][0]["value"]
    assert number in browser.get(f"{missed}calls").text
    assert "Missed: Jane Samplewood" in browser.get(f"{missed}handover.txt").text
    # What the address says wrongly is left out.
    for query in ("kind=x&week=x&sort=x&page=x", "page=99999999", "week=2026-02-30", "page=0"):
        for page in ("", "week", "month", "figures", "away"):
            assert browser.get(f"{missed}{page}?{query}&month=x&days=x&by=x&who=x").status_code == 200


# --- what the grant returns ---------------------------------------------------------------------------------


def test_of_whom_the_ehr_returns_nothing_there_is_nothing(
    browser: Browser, http: Guarding, ehr: Flask, clock: Clock
) -> None:
    """Not a name, not an id, not a count; and no row of theirs can be acted on."""
    treat(browser)
    treat(browser, OTHER)
    clock.pass_(days=14)
    seen = across(browser)
    known = rows(browser, seen)
    assert "Placeholm" in browser.get(f"{seen}?sort=patient").text
    http.hidden = frozenset({OTHER})
    path = across(browser)
    plan = next(row for row in known if row not in rows(browser, path)).split("~")[1]
    for page in (*PAGES, "?kind=booked", "week?week=2026-03-09", f"patients/{plan}", f"patients/{plan}/open"):
        text = browser.get(path + page).text
        assert "Placeholm" not in text, page
        assert plan not in text, page
    assert "1 course under way" in words(browser.get(path))
    foreign = [row for row in known if plan in row]
    for action in ("preview", "confirm"):
        assert choose(browser, path, "task", foreign, action).status_code == 400
    assert ours(ehr, "Task", OTHER) == []


def test_an_appointment_of_somebody_else_that_names_a_plan_does_not_stand_for_it(
    browser: Browser, ehr: Flask, clock: Clock
) -> None:
    treat(browser)
    treat(browser, OTHER)
    first = ours(ehr, "Appointment")[0]
    stranger = json.loads(json.dumps(first).replace(f"Patient/{PATIENT}", f"Patient/{OTHER}"))
    change(ehr, first, status="cancelled")
    ehr.extensions["harbor"].store.create({**stranger, "slot": [], "status": "fulfilled"}, "of-somebody-else")
    clock.pass_(days=14)
    shown = words(browser.get(f"{across(browser)}?kind=missed"))
    assert "It was cancelled in the EHR" in shown


def test_when_the_calendar_cannot_be_asked_that_is_said_and_the_last_look_stands(
    browser: Browser, missed: str, http: Guarding
) -> None:
    http.no_calendar = True
    shown = words(browser.get(across(browser)))
    assert "Not everything could be asked." in shown
    assert "the EHR has no appointment for it" not in shown
    assert "1 course under way" in shown


# --- tasks, to-dos, calls -----------------------------------------------------------------------------------


def test_a_task_is_previewed_confirmed_and_stands_once(
    browser: Browser, missed: str, ehr: Flask, services: Services
) -> None:
    ids = rows(browser, f"{missed}?kind=missed")[:1]
    preview = choose(browser, missed, "task", ids)
    assert "Nandakumar" in preview.text
    assert ours(ehr, "Task") == []
    for _ in range(2):
        assert choose(browser, missed, "task", ids, "confirm").status_code == 303
    (task,) = ours(ehr, "Task")
    assert task["for"]["reference"] == f"Patient/{PATIENT}"
    assert task["requester"]["reference"] == f"Practitioner/{COORDINATOR}"
    assert (task["status"], task["intent"]) == ("requested", "plan")
    assert not {"ketamine", "anxiety", "GAD"} & set(task["description"].split())
    assert "Task in the EHR, given" in words(browser.get(missed))
    (kept,) = [p for p in services.plans.list() if p.kind == "hand-task"]
    assert kept.state is PlanState.WRITTEN
    assert "task-given" in {r.event.action for r in services.audit.all_rows()}


def test_an_ehr_that_takes_no_task_gives_a_to_do_that_says_so(
    browser: Browser, missed: str, ehr: Flask, services: Services, clock: Clock
) -> None:
    services.observed.refused(ISS, "Task", "create", 405, clock())
    ids = rows(browser, missed)[:1]
    assert "takes no tasks from here" in words(choose(browser, missed, "task", ids))
    for _ in range(2):
        assert choose(browser, missed, "task", ids, "confirm").status_code == 303
    assert ours(ehr, "Task") == []
    assert "To do, kept only here" in words(browser.get(missed))
    assert [one.what for one in services.to_dos.of_server(ISS)] == ["to-do"]


def test_a_call_is_noted_here_alone_and_chosen_rows_make_a_sheet(
    browser: Browser, missed: str, http: Guarding, services: Services
) -> None:
    ids = rows(browser, missed)[:2]
    http.sent.clear()
    assert choose(browser, missed, "called", ids, "confirm").status_code == 303
    assert http.written == []
    assert "Called 11 Mar 2026" in words(browser.get(missed))
    assert len(services.to_dos.of_server(ISS)) == len(ids)
    answer = choose(browser, missed, "calls", ids[:1])
    assert answer.status_code == 303
    assert "The chosen rows" in browser.get(str(answer.location)).text
    for do, chosen in (("task", ["missed~nobody~infusion-1"]), ("task", []), ("burn", ids)):
        assert choose(browser, missed, do, chosen, "confirm").status_code == 400


# --- to one patient -----------------------------------------------------------------------------------------


def picked(browser: Browser, path: str, patient: str, user: str = SIGNER) -> Any:
    """From the first row to the EHR's picker, where `patient` is chosen; what ketplan answers."""
    links = [
        t["href"]
        for t in Page(browser.get(f"{path}?kind=missed").text).named("a")
        if "patients/" in t["href"]
    ]
    page = browser.get(links[0])
    out = next(t["href"] for t in Page(page.text).named("a") if "/open?" in t["href"])
    address = str(browser.get(out).location)
    assert PATIENT not in address
    return browser.get(browser.sign_in(address, user, patient=patient))


def test_the_patient_of_the_row_opens_by_a_launch_of_its_own_and_nobody_else(
    browser: Browser, missed: str
) -> None:
    answer = picked(browser, missed, PATIENT)
    assert answer.status_code == 303
    assert str(answer.location).startswith("/l/")
    assert str(answer.location).endswith("/replan")
    refused = picked(browser, missed, OTHER)
    assert refused.status_code == 400
    assert "another patient was chosen" in refused.text
    assert "Placeholm" not in refused.text


# --- two hundred --------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(browser: Browser, services: Services, ehr: Flask) -> Iterator[str]:
    """The worklist with two hundred courses on it."""
    treat(browser)
    (signed,) = [plan for plan in services.plans.list() if plan.kind == PLAN]
    store, now = ehr.extensions["harbor"].store, signed.created
    for n in range(199):
        id = f"crowd-{n:03}"
        name = [{"family": f"Crowdsworth{n:03}", "given": ["Maximilian"]}]
        store.create({"resourceType": "Patient", "name": name, "birthDate": "1980-01-01"}, id)
        services.plans.save(f"plan-{n:03}-{'0' * 20}", ISS, id, 1, signed.payload, now)
    yield across(browser)


def test_two_hundred_courses_weigh_little_on_every_page(browser: Browser, crowd: str) -> None:
    assert "200 courses under way" in words(browser.get(crowd))
    for page in (*PAGES[:1], "week?week=2026-03-02", "week?week=2026-03-02&by=people", "month", "figures"):
        assert len(browser.get(crowd + page).data) <= HEAVIEST, page


@pytest.mark.parametrize(("shut", "first"), [("2026-02-25", "26 Feb 2026"), ("2026-03-14", "16 Mar 2026")])
def test_a_new_course_can_start_once_all_of_it_fits(
    browser: Browser, ehr: Flask, shut: str, first: str
) -> None:
    """No chair is free until the evening of a day."""
    store = ehr.extensions["harbor"].store
    for slot in store.all("Slot"):
        if "chair" in slot["schedule"]["reference"] and slot["start"][:10] <= shut:
            store.replace({**slot, "status": "busy"}, slot["id"])
    said = words(browser.get(f"{across(browser)}capacity"))
    assert f"Generalized anxiety disorder 6 doses, 14 sessions{first}, 09:00 in a plan" in said
