"""The workspace: whether, what, when and where to, and the small forms on it."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from ketplan.clinical.protocols.evidence import TRIALS, Result
from ketplan.compose import Services
from ketplan.ehr.fetch import RawSection
from tests.web.conftest import RemembersCalendars
from tests.web.support import COORDINATOR, ISS, Browser, Clock, words

PARTS = {
    "time of assessment": "10:15 today",
    "risk level": "moderate",
    "disposition": "home with sister",
    "safety plan": "written and given",
    "means counselling": "done, tablets with sister",
}


def open_page(browser: Browser, patient: str) -> tuple[str, TestResponse]:
    path = browser.launch(patient)
    return path, browser.get(path)


def test_a_ready_patient(browser: Browser) -> None:
    _, page = open_page(browser, "gad-ready")
    said = words(page)
    assert "Ready. Nothing found stands against this proposal. A clinician decides." in said
    assert "34 mg" in said
    assert "0.5 mg/kg × 68.00 kg (actual weight) = 34.00 mg, rounded to 34 mg" in said
    assert "Treatment resistance: 2 drug trials, 1 therapy course" in said
    assert "27 of 27 placed" in said
    assert "6 infusions · 14 CBT · 7 reviews" in said
    assert "34 resources · this EHR takes all" in said
    assert "Nothing of this proposal has been written." in said


def test_the_watch_on_a_dose_is_on_the_page_in_numbers(browser: Browser) -> None:
    said = words(open_page(browser, "gad-ready")[1])
    assert "120 min from the start at the least" in said
    assert "not until the next day after restful sleep" in said
    assert "vital signs at 0, 10, 20, 30, 40, 55, 70, 85, 100, 120 min" in said
    assert "CADSS-6 (pre, 40, discharge)" in said
    assert "an adult takes the patient home, every time" in said


def test_what_to_expect_is_told_for_the_route_and_the_age(browser: Browser) -> None:
    young = words(open_page(browser, "gad-ready")[1])
    assert "A mean rise of 16/11 mmHg with its peak at 40 minutes" in young
    assert "Time to response extrapolated" in young
    assert "No evidence-based ceiling." in young
    assert "Older adults often remitted" not in young
    assert "By mouth" not in young
    assert "Older adults often remitted" in words(open_page(browser, "age-70")[1])


def test_without_a_dose_there_is_nothing_to_expect_of_one(browser: Browser) -> None:
    said = words(open_page(browser, "pregnant")[1])
    assert "none proposed" in said
    assert "What to expect" not in said


def test_every_way_to_weigh_is_shown_with_its_dose(browser: Browser) -> None:
    page = open_page(browser, "gad-ready")[1]
    shown = re.findall(r"<span>([^<]*)</span><span>([\d.]+ kg)</span><b>(\d+ mg)</b>", page.text)
    assert shown == [
        ("actual weight", "68.00 kg", "34 mg"),
        ("ideal weight (Devine)", "56.91 kg", "28 mg"),
        ("adjusted weight", "61.35 kg", "31 mg"),
    ]


def test_null_trials_look_like_the_others(browser: Browser) -> None:
    page = open_page(browser, "ptsd-pe")[1]
    results = re.findall(r'<span class="tag result">(.*?)</span>', page.text)
    kinds = [t.result for t in TRIALS["PTSD"]]
    assert results.count("NO BENEFIT FOUND") == kinds.count(Result.NULL) > 1
    assert results.count("BENEFIT FOUND") == kinds.count(Result.POSITIVE) > 1
    assert len(results) == len(kinds)
    assert f"{kinds.count(Result.NULL)} no benefit found" in words(page)


def test_suicide_risk_stands_before_everything_else(browser: Browser) -> None:
    page = open_page(browser, "suicide-risk")[1]
    assert page.text.index("Suicide risk comes first") < page.text.index('aria-label="Steps"')
    assert "988" in words(page)
    assert "Held." in words(page)


def test_a_finding_carries_evidence_date_link_source_and_standing(browser: Browser) -> None:
    page = open_page(browser, "old-weight")[1]
    assert "Body weight: 74.2 kg · 28 Oct 2025" in words(page)
    assert f'href="{ISS}/Observation/' in page.text
    assert "House default" in words(page)
    assert "Weigh again, or accept the weight with a reason." in words(page)


def test_resolving_needs_words(browser: Browser) -> None:
    path, page = open_page(browser, "old-weight")
    answer = browser.submit(page, "/resolve", finding="WEIGHT_STALE_91_365D", reason="  ")
    assert answer.status_code == 400
    assert "needs a reason" in words(answer)
    assert "Resolve 1 finding to sign" in words(browser.get(path))


def test_a_resolution_is_kept_with_name_and_time_and_found_by_the_next_launch(browser: Browser) -> None:
    path, page = open_page(browser, "old-weight")
    answer = browser.submit(
        page, "/resolve", finding="WEIGHT_STALE_91_365D", reason="Weighed at home: 74 kg."
    )
    assert answer.status_code == 303
    for said in (words(browser.get(path)), words(open_page(browser, "old-weight")[1])):
        assert "Resolved by Dr Ingrid Halvorsen, MD, 25 Feb 2026, 10:30: Weighed at home: 74 kg." in said
        assert "Ready to sign." in said


def test_an_answer_can_be_taken_back(browser: Browser) -> None:
    path, page = open_page(browser, "lorazepam")
    browser.submit(page, "/resolve", finding="INTERACTION_BENZODIAZEPINE", reason="Tapered to none by day 0.")
    assert "Ready to sign." in words(browser.get(path))
    browser.submit(browser.get(path), "/reopen", finding="INTERACTION_BENZODIAZEPINE")
    assert "Needs your review." in words(browser.get(path))


def test_an_answer_to_what_a_finding_no_longer_says_does_not_count(browser: Browser) -> None:
    path, page = open_page(browser, "old-weight")
    answer = browser.submit(
        page, "/resolve", finding="WEIGHT_STALE_91_365D", reason="Fine.", about="something else"
    )
    assert answer.status_code == 400
    assert "says something else by now" in words(answer)
    assert "Fine." in words(answer), "what was typed is not lost"
    assert "Needs your review." in words(browser.get(path))


def test_the_release_of_a_suicide_hold_needs_each_part(browser: Browser) -> None:
    path, page = open_page(browser, "suicide-risk")
    some = PARTS | {"safety plan": " "}
    answer = browser.submit(page, "/resolve", finding="SI_HIGH", **some)
    assert answer.status_code == 400
    assert "This part is needed." in words(answer)
    assert 'value="home with sister"' in answer.text, "what was typed is not lost"
    assert browser.submit(page, "/resolve", finding="SI_HIGH", **PARTS).status_code == 303
    said = words(browser.get(path))
    assert "time of assessment: 10:15 today; risk level: moderate; disposition: home with sister" in said
    assert "Suicide risk comes first" in said, "released, it is still shown first"


@pytest.mark.parametrize("patient", ["ketamine-allergy", "pregnant", "schizophrenia", "age-17", "deceased"])
def test_a_blocked_patient_cannot_be_signed_for(browser: Browser, patient: str) -> None:
    path, page = open_page(browser, patient)
    assert "Preview and sign" not in words(page)
    assert "/resolve" not in page.text
    preview = browser.get(f"{path}preview")
    assert "It cannot be signed yet" in words(preview)
    assert "mg/kg ×" not in words(page)


def test_the_alternative_is_said_in_steps_and_therapy_alone_can_be_started(browser: Browser) -> None:
    path, page = open_page(browser, "ketamine-allergy")
    assert "Clinical contact within 7 to 14 days." in words(page)
    assert browser.submit(page, "/change", cbt_only="1").status_code == 303
    alone = words(browser.get(path))
    assert "Therapy alone" in alone
    assert "14 CBT · 4 reviews" in alone
    assert "exclusions looked for" not in alone, "for therapy alone exclusions are not judged"
    browser.submit(browser.get(path), "/change", cbt_only="0")
    assert "Blocked." in words(browser.get(path))


def test_psychosis_is_referred_and_no_therapy_plan_is_offered(browser: Browser) -> None:
    said = words(open_page(browser, "schizophrenia")[1])
    assert "Refer to a psychosis service." in said
    assert "Start a plan of therapy alone" not in said


def test_two_diagnoses_lead_to_the_intake(browser: Browser) -> None:
    page = open_page(browser, "two-diagnoses")[1]
    assert "Answer it in the intake" in words(page)


def test_the_absence_of_entries_is_not_sold_as_health(browser: Browser) -> None:
    said = words(open_page(browser, "empty-chart")[1])
    assert "nothing is recorded under Condition and AllergyIntolerance" in said


def test_what_could_not_be_understood_is_counted(browser: Browser) -> None:
    assert "6 entries could not be understood" in words(open_page(browser, "messy-chart")[1])


def test_hostile_text_stays_text(browser: Browser) -> None:
    page = open_page(browser, "messy-chart")[1]
    assert "<script>" not in page.text
    assert "<img" not in page.text
    assert "<script>alert('condition')</script>" in words(page)


def test_another_weight_is_chosen_and_kept(browser: Browser) -> None:
    path, page = open_page(browser, "high-bmi")
    assert browser.submit(page, "/change", basis="actual").status_code == 303
    assert "(actual weight)" in words(browser.get(path))


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("2026-02-24", "between today and a year from now"),
        ("2031-01-06", "between today and a year from now"),
        ("soon", "year-month-day"),
    ],
)
def test_a_start_that_cannot_be_is_said_in_place(browser: Browser, start: str, told: str) -> None:
    path, page = open_page(browser, "gad-ready")
    answer = browser.submit(page, "/change", start=start)
    assert answer.status_code == 400
    assert told in words(answer)
    assert "Mon 2 Mar" in words(browser.get(path))


def test_another_start_moves_the_course(browser: Browser) -> None:
    path, page = open_page(browser, "gad-ready")
    assert browser.submit(page, "/change", start="2026-03-09").status_code == 303
    assert "Mon 9 Mar" in words(browser.get(path))


@pytest.mark.parametrize("wish", [{"protocol": "SC_ASC_WEEKLY"}, {"protocol": "X"}, {"cbt": "ERP_OCD_17"}])
def test_what_the_library_does_not_offer_is_refused_in_place(browser: Browser, wish: dict[str, str]) -> None:
    path, page = open_page(browser, "gad-ready")
    answer = browser.submit(page, "/change", **wish)
    assert answer.status_code == 400
    assert "There is no" in words(answer)
    assert "Six infusions, twice weekly" in words(browser.get(path))


def test_another_protocol_of_the_library(browser: Browser) -> None:
    path, page = open_page(browser, "gad-ready")
    assert browser.submit(page, "/change", protocol="IV6_3PW").status_code == 303
    assert "Six infusions, three a week" in words(browser.get(path))


def test_a_start_that_has_passed_is_replaced_and_said(
    browser: Browser, clock: Clock, services: Services
) -> None:
    content = {"start": "2026-02-02", "choice": {}, "intake": None, "answers": []}
    services.drafts.save(ISS, "gad-ready", content, 0, clock())
    said = words(open_page(browser, "gad-ready")[1])
    assert "The start chosen earlier has passed" in said
    assert "Mon 2 Mar" in said


def test_a_coordinators_workspace_has_no_forms_to_change(browser: Browser) -> None:
    page = browser.get(browser.launch("old-weight", user=COORDINATOR))
    assert "<textarea" not in page.text
    assert "Use this weight" not in page.text


class PartlyForbidden(RemembersCalendars):
    """An EHR that keeps its allergies to itself and loses a page of laboratory results."""

    def read_chart(self, client: object, patient_id: str, on_section: object = None) -> list[RawSection]:
        found = RemembersCalendars.__getattr__(self, "read_chart")(client, patient_id, on_section)
        states = {"AllergyIntolerance": "forbidden", "Observation laboratory": "partial"}
        return [
            RawSection(s.name, states.get(s.name, s.state), s.resources, s.dropped, "Said by the EHR.")
            if s.name in states
            else s
            for s in found
        ]


class TestUnreadSections:
    @pytest.fixture
    def glue(self, shared_calendars: dict[object, object]) -> PartlyForbidden:
        return PartlyForbidden(shared_calendars)

    def test_a_forbidden_section_is_said_aloud(self, browser: Browser) -> None:
        said = words(open_page(browser, "gad-ready")[1])
        assert "AllergyIntolerance: not allowed. Nothing may be concluded from its silence." in said
        assert "Observation laboratory: only in part." in said
        assert "15 of 17 sections" in said


class KnowsTheFuture(RemembersCalendars):
    """An EHR with a result that is dated next week."""

    def read_chart(self, client: object, patient_id: str, on_section: object = None) -> list[RawSection]:
        found = RemembersCalendars.__getattr__(self, "read_chart")(client, patient_id, on_section)
        result = {
            "resourceType": "Observation",
            "id": "next-week",
            "status": "final",
            "subject": {"reference": f"Patient/{patient_id}"},
            "code": {"text": "Body weight", "coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
            "effectiveDateTime": "2026-03-04",
            "valueQuantity": {"value": 99, "unit": "kg"},
        }
        return [*found, RawSection("later", "found", [result])]


class TestResultsOfTheFuture:
    @pytest.fixture
    def glue(self, shared_calendars: dict[object, object]) -> KnowsTheFuture:
        return KnowsTheFuture(shared_calendars)

    def test_they_are_left_out_and_said(self, browser: Browser) -> None:
        page = open_page(browser, "gad-ready")[1]
        assert "1 result dated after today was left out" in words(page)
        assert f'href="{ISS}/Observation/next-week"' in page.text
        assert "34 mg" in words(page)


class TestSlowEhr:
    @pytest.fixture
    def later(self) -> list[object]:
        return []

    @pytest.fixture
    def run(self, later: list[object]) -> object:
        return later.append

    def test_the_page_answers_at_once_and_renews_itself(
        self, browser: Browser, later: list[object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ketplan.web.bench.WAIT_TO_SHOW", 0)
        path = browser.launch("gad-ready")
        page = browser.get(path)
        assert page.status_code == 200
        assert "Reading the record" in words(page)
        assert f'content="1;url={path}"' in page.text
        assert len(later) == 1
        browser.get(path)
        assert len(later) == 1, "looking again does not read twice"
        later.pop()()
        assert "Jane Samplewood" in words(browser.get(path))


def test_the_visits_say_how_the_free_times_were_read(browser: Browser) -> None:
    assert "Free times as the EHR's Slots give them." in words(browser.get(browser.launch("gad-ready")))
