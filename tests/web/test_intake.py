"""The intake page: prefilled, checked in place, nothing lost, found again."""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.web.support import Browser, EhrHttp, Page, words


def open_intake(browser: Browser, patient: str) -> tuple[str, TestResponse]:
    path = browser.launch(patient)
    return path, browser.get(f"{path}intake")


def fields(page: TestResponse) -> dict[str, str]:
    found = next(f.fields for f in Page(page.text).forms if f.action.endswith("/intake"))
    return {name: value for name, value in found.items() if name not in ("keep", "seen")}


def test_it_is_filled_with_what_is_known(browser: Browser) -> None:
    said = fields(open_intake(browser, "gad-ready")[1])
    assert said["escort-confirmed"] == "yes"
    assert said["medication-trial.0.ingredient"] == "sertraline"
    assert said["medication-trial.0.improvement-percent-below"] == "50"
    assert said["psychotherapy-course.0.form"] == "CBT"
    assert said["psychotherapy-course.0.sessions"] == "14"


def test_saving_it_as_it_is_changes_nothing(browser: Browser) -> None:
    path, page = open_intake(browser, "gad-ready")
    before = fields(page)
    assert browser.submit(page, "/intake").status_code == 303
    assert fields(browser.get(f"{path}intake")) == before
    assert "Treatment resistance: 2 drug trials, 1 therapy course" in words(browser.get(path))


def test_the_leading_diagnosis_is_chosen_from_the_chart_and_found_by_the_next_launch(
    browser: Browser,
) -> None:
    path, page = open_intake(browser, "two-diagnoses")
    assert "MULTI_DX_PRINCIPAL_UNSPECIFIED" in words(browser.get(path))
    assert browser.submit(page, "/intake", **{"principal-diagnosis": "SAD"}).status_code == 303
    for said in (words(browser.get(path)), words(browser.get(browser.launch("two-diagnoses")))):
        assert "MULTI_DX_PRINCIPAL_UNSPECIFIED" not in said
        assert "CBT for social anxiety" in said


def test_nothing_of_it_goes_to_the_ehr(browser: Browser, http: EhrHttp) -> None:
    _, page = open_intake(browser, "gad-ready")
    http.sent.clear()
    browser.submit(page, "/intake")
    assert http.written == []


def test_what_is_wrong_stands_beside_the_field_and_nothing_typed_is_lost(browser: Browser) -> None:
    path, page = open_intake(browser, "not-resistant")
    wrong = {
        "medication-trial.0.start": "1st of May",
        "medication-trial.0.improvement-percent-below": "140",
        "medication-trial.0.end": "2999",
        "psychotherapy-course.0.sessions": "12",
        "resistance-not-possible": "Liver disease <b>",
    }
    answer = browser.submit(page, "/intake", **wrong)
    assert answer.status_code == 400
    kept = fields(answer)
    assert {name: kept[name] for name in wrong} == wrong
    said = words(answer)
    assert "row 1, From: give a year, a month or a day" in said
    assert "give a whole number from 0 to 100" in said
    assert "this lies after today" in said
    assert "say which one this row is about" in said
    invalid = {
        a["name"] for a in Page(answer.text).named("input", "select") if a.get("aria-invalid") == "true"
    }
    assert invalid == {
        "medication-trial.0.start",
        "medication-trial.0.end",
        "medication-trial.0.improvement-percent-below",
        "psychotherapy-course.0.form",
    }
    assert fields(browser.get(f"{path}intake")) == fields(page), "nothing was saved"


def test_an_end_before_the_start_is_said(browser: Browser) -> None:
    _, page = open_intake(browser, "gad-ready")
    dates = {"psychotherapy-course.0.start": "2025-03", "psychotherapy-course.0.end": "2024"}
    assert "this lies before the start" in words(browser.submit(page, "/intake", **dates))


def test_another_row_keeps_what_stands_and_saves_nothing(browser: Browser) -> None:
    path, page = open_intake(browser, "gad-ready")
    answer = browser.submit(
        page, "/intake", **{"add": "medication-trial", "medication-trial.1.start": "not yet a date"}
    )
    assert answer.status_code == 200
    more = fields(answer)
    assert int(more["medication-trial.rows"]) == int(fields(page)["medication-trial.rows"]) + 1
    assert more["medication-trial.1.start"] == "not yet a date"
    assert fields(browser.get(f"{path}intake")) == fields(page)


def test_partial_dates_and_uncoded_drugs_are_taken(browser: Browser) -> None:
    path, page = open_intake(browser, "not-resistant")
    row = {
        "medication-trial.1.ingredient": "Venlafaxine",
        "medication-trial.1.start": "2023",
        "medication-trial.1.end": "2024-02",
        "medication-trial.1.improvement-percent-below": "25",
        "medication-trial.2.ingredient": "a tea",
        "medication-trial.rows": "3",
    }
    assert browser.submit(page, "/intake", **row).status_code == 303
    said = fields(browser.get(f"{path}intake"))
    assert said["medication-trial.1.ingredient"] == "venlafaxine"
    assert said["medication-trial.1.end"] == "2024-02"
    assert said["medication-trial.2.ingredient"] == "a tea"


def test_a_drug_of_the_chart_is_offered_to_be_completed(browser: Browser) -> None:
    path, page = open_intake(browser, "gad-ready")
    emptied = {name: "" for name in fields(page) if name.startswith("medication-trial.1.")}
    browser.submit(page, "/intake", **emptied)
    again = browser.get(f"{path}intake")
    assert "From the chart (MedicationRequest/" in words(again)
    assert "escitalopram" in fields(again).values()


def test_a_stated_reason_stands_in_for_the_trials(browser: Browser) -> None:
    path, page = open_intake(browser, "not-resistant")
    assert "TR_CRITERION_NOT_MET" in words(browser.get(path))
    browser.submit(
        page, "/intake", **{"resistance-not-possible": "All first-line drugs are contraindicated."}
    )
    said = words(browser.get(path))
    assert "TR_CRITERION_NOT_MET" not in said
    assert "Treatment resistance: stated in the intake" in said
    assert "“All first-line drugs are contraindicated.”" in said


def test_no_companion_is_an_answer(browser: Browser) -> None:
    path, page = open_intake(browser, "ocd-erp")
    browser.submit(page, "/intake", **{"escort-confirmed": "no"})
    assert "NO_ESCORT" in words(browser.get(path))


def test_a_diagnosis_not_in_the_chart_is_refused(browser: Browser) -> None:
    _, page = open_intake(browser, "gad-ready")
    answer = browser.submit(page, "/intake", **{"principal-diagnosis": "OCD", "escort-confirmed": "perhaps"})
    assert answer.status_code == 400
    assert "choose one of the diagnoses of this chart" in words(answer)
    assert "answer yes or no" in words(answer)


def test_absurd_row_counts_are_bounded(browser: Browser) -> None:
    _, page = open_intake(browser, "gad-ready")
    for count in ("999999999", "-1", "x", "²"):
        answer = browser.submit(
            page, "/intake", **{"add": "medication-trial", "medication-trial.rows": count}
        )
        assert answer.status_code == 200
        assert int(fields(answer)["medication-trial.rows"]) <= 41


def test_an_older_window_does_not_overwrite_what_a_newer_one_saved(browser: Browser) -> None:
    path, older = open_intake(browser, "gad-ready")
    assert browser.submit(older, "/intake", **{"escort-confirmed": "no"}).status_code == 303
    answer = browser.submit(
        older, "/intake", **{"escort-confirmed": "yes", "notes": "typed in the older one"}
    )
    assert answer.status_code == 409
    assert "saved in another window" in words(answer)
    assert fields(answer)["escort-confirmed"] == "yes", "what was typed still stands"
    assert fields(browser.get(f"{path}intake"))["escort-confirmed"] == "no"
    assert browser.submit(answer, "/intake").status_code == 303, "seen and meant"
    assert fields(browser.get(f"{path}intake"))["escort-confirmed"] == "yes"
