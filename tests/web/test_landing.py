"""Where a launch leads: intent, resources named in the launch, and a banner that the EHR shows itself."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.sandbox.app import create_app as create_ehr
from tests.web.support import APP, EHR, NOW, Browser, Page, words
from tests.web.telling import Telling

PATIENT = "gad-ready"


@pytest.fixture
def http(ehr: Flask) -> Telling:
    return Telling(ehr)


def land(browser: Browser, http: Telling, **said: Any) -> str:
    """The path a launch that says this leads to, without the session's part; redirects of ours followed."""
    http.said = said
    path = browser.launch(PATIENT)
    answer = browser.get(path)
    if path.endswith("/opened") and answer.status_code == 303:
        path = str(answer.location)
    return path.split("/", 3)[3]


def named(browser: Browser, http: Telling, *references: str) -> str:
    http.said = {"fhirContext": [{"reference": reference} for reference in references]}
    path = browser.launch(PATIENT)
    assert path.endswith("/opened")
    answer = browser.get(path)
    return words(answer) if answer.status_code == 200 else str(answer.location)


def of(browser: Browser, kind: str, patient: str) -> str:
    """Some resource of this type of the patient's in the pretend EHR."""
    for one in browser.harbor.store.all(kind):
        actors = [p["actor"]["reference"] for p in one.get("participant", [])]
        if f"Patient/{patient}" in (one.get("subject", {}).get("reference"), *actors):
            return f"{kind}/{one['id']}"
    raise AssertionError(f"no {kind} of {patient}")


@pytest.mark.parametrize(
    ("intent", "page"),
    [
        (None, ""),
        ("plan-review", ""),
        ("plan_review", ""),
        ("Instruments", "instruments"),
        ("questionnaires", "instruments"),
        ("intake", "intake"),
        ("preview", "preview"),
        ("reconcile-medications", ""),
        ("../../healthz", ""),
        ("", ""),
    ],
)
def test_an_intent_opens_its_page_and_an_unknown_one_the_plan(
    browser: Browser, http: Telling, intent: str | None, page: str
) -> None:
    said = {} if intent is None else {"intent": intent}
    assert land(browser, http, **said) == page
    assert browser.get(browser.launch(PATIENT)).status_code == 200


@pytest.mark.parametrize("intent", ["sessions", "progress-review"])
def test_an_intent_whose_page_is_not_here_yet_is_no_error(
    app: Flask, browser: Browser, http: Telling, intent: str
) -> None:
    landed = land(browser, http, intent=intent)
    pages = {rule.rule.removeprefix("/l/<lid>/") for rule in app.url_map.iter_rules()}
    assert landed == "" or landed in pages


class TestResources:
    """What the launch names is opened only if it is this patient's; everything else is said."""

    @pytest.fixture
    def ehr(self) -> Flask:
        """Its own, because it is written to."""
        return create_ehr(EHR, today=NOW.date(), launch_url=f"{APP}/launch", clock=NOW.timestamp)

    def sign(self, browser: Browser, patient: str = PATIENT) -> str:
        path = browser.launch(patient)
        browser.submit(browser.get(f"{path}preview"), "/sign")
        return path

    def written(self, services: Services, kind: str) -> str:
        [plan] = services.plans.list()
        entries = services.journal.entries(plan.plan_id)
        return next(f"{kind}/{e.resource_id}" for e in entries if e.resource_type == kind)

    def test_a_care_plan_of_ours_opens_what_was_written(
        self, browser: Browser, http: Telling, services: Services
    ) -> None:
        self.sign(browser)
        assert named(browser, http, self.written(services, "CarePlan")).endswith("/written")

    def test_an_appointment_of_ours_opens_too(
        self, browser: Browser, http: Telling, services: Services
    ) -> None:
        self.sign(browser)
        address = named(browser, http, self.written(services, "Appointment"))
        assert address.endswith(("/written", "/sessions"))

    def test_a_scale_of_ours_opens_its_result(
        self, browser: Browser, http: Telling, services: Services
    ) -> None:
        path = browser.launch(PATIENT)
        page = browser.get(f"{path}instruments/GAD-7")
        browser.submit(page, "/instruments/GAD-7", **{f"gad7-{n}": "1" for n in range(1, 8)}, incomplete="1")
        address = named(browser, http, self.written(services, "QuestionnaireResponse"))
        assert "/instruments/GAD-7/" in address

    def test_the_intent_decides_the_page_when_the_resource_is_in_order(
        self, browser: Browser, http: Telling, services: Services
    ) -> None:
        self.sign(browser)
        http.said = {
            "fhirContext": [{"reference": self.written(services, "CarePlan")}],
            "intent": "instruments",
        }
        assert str(browser.get(browser.launch(PATIENT)).location).endswith("/instruments")

    def test_one_of_another_patient_stays_closed_and_that_is_noted(
        self, browser: Browser, http: Telling, services: Services
    ) -> None:
        self.sign(browser, "ocd-erp")
        said = named(browser, http, self.written(services, "CarePlan"))
        assert "another patient" in said
        assert "Placeholm" not in said
        assert "Go on for the open chart" in said
        stopped = [row.event.action for row in services.audit.rows() if row.event.outcome == "stopped"]
        assert stopped == ["patient-guard"]

    def test_one_that_is_not_there_is_said(self, browser: Browser, http: Telling) -> None:
        assert "It could not be read." in named(browser, http, "CarePlan/nobody-knows")

    def test_one_that_others_wrote_is_said_with_its_own_words(self, browser: Browser, http: Telling) -> None:
        said = named(browser, http, of(browser, "QuestionnaireResponse", PATIENT))
        assert "not written by ketplan" in said

    @pytest.mark.parametrize(
        "context",
        [
            "CarePlan/1",
            [{"reference": "https://evil.example/fhir/CarePlan/1"}],
            [{"reference": "CarePlan/../../admin"}],
            [{"reference": "Encounter/1"}],
            [{"canonical": "https://example.org/x"}],
            [7, None, {"reference": 7}],
            {},
        ],
    )
    def test_what_is_no_resource_of_the_ehr_leads_to_the_plan(
        self, browser: Browser, http: Telling, context: Any
    ) -> None:
        assert land(browser, http, fhirContext=context) == ""

    def test_the_way_on_leads_to_the_plan_of_the_open_chart(self, browser: Browser, http: Telling) -> None:
        http.said = {"fhirContext": [{"reference": "CarePlan/nobody-knows"}]}
        page = browser.get(browser.launch(PATIENT))
        way_on = next(a["href"] for a in Page(page.text).named("a") if a.get("class") == "button")
        assert "Jane Samplewood" in words(browser.get(way_on))


class TestBannerOfTheEhr:
    """The EHR shows whose chart it is; what confirms a writing still names the patient beside its button."""

    def test_the_banner_is_left_out(self, browser: Browser, http: Telling) -> None:
        http.said = {"need_patient_banner": False}
        top = browser.get(browser.launch(PATIENT)).text.partition("</header>")[0].partition("<header")[2]
        assert "Samplewood" not in top
        http.said = {}
        assert "Samplewood" in browser.get(browser.launch(PATIENT)).text.partition("</header>")[0]

    def test_every_form_that_writes_names_the_patient(self, browser: Browser, http: Telling) -> None:
        http.said = {"need_patient_banner": False}
        path = browser.launch(PATIENT)
        for page in ("preview", "instruments/GAD-7", "intake"):
            sent_to = f'action="{path}{page.replace("preview", "sign")}"'
            forms = browser.get(path + page).text.split("<form")[1:]
            [form] = [one.partition("</form>")[0] for one in forms if sent_to in one]
            assert "Jane Samplewood" in form, page

    def test_in_a_window_of_its_own_there_is_no_ehr_around_it(self, browser: Browser, http: Telling) -> None:
        http.said = {"need_patient_banner": False}
        path = browser.launch(PATIENT)
        own = browser.client.get(path, base_url=APP, headers={"Sec-Fetch-Dest": "document"})
        framed = browser.client.get(path, base_url=APP, headers={"Sec-Fetch-Dest": "iframe"})
        assert "Samplewood" in own.text.partition("</header>")[0].partition("<header")[2]
        assert "Samplewood" not in framed.text.partition("</header>")[0].partition("<header")[2]
