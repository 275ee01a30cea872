"""Search: what is found, in which order, in how many pages, and what is refused."""

from __future__ import annotations

import pytest

from tests.sandbox.support import BASE, Fhir, ids, words


def test_a_search_by_patient_finds_that_patient_only(fhir: Fhir) -> None:
    bundle = fhir.get("Condition?patient=gad-ready").get_json()
    assert [one["resource"]["code"]["text"] for one in bundle["entry"]] == ["Generalized anxiety disorder"]
    assert bundle["entry"][0]["fullUrl"] == f"{BASE}/fhir/Condition/{ids(bundle)[0]}"


@pytest.mark.parametrize(
    "way",
    [
        "patient=gad-ready",
        "patient=Patient/gad-ready",
        "subject=Patient/gad-ready",
        f"patient={BASE}/fhir/Patient/gad-ready",
    ],
)
def test_a_patient_may_be_named_in_four_ways(fhir: Fhir, way: str) -> None:
    assert len(ids(fhir.get(f"Condition?{way}").get_json())) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code=70274-6", 1),
        ("code=http://loinc.org|70274-6", 1),
        ("code=http://snomed.info/sct|70274-6", 0),
        ("code=|70274-6", 0),
        ("code=http://loinc.org|70274-6,29463-7", 2),
        ("category=survey", 7),
        ("category=survey&code=29463-7", 0),
        ("status=final&code=44261-6", 1),
        ("status=preliminary", 0),
        ("_id=gad-ready-observation-1", 1),
    ],
)
def test_tokens(fhir: Fhir, query: str, found: int) -> None:
    assert len(ids(fhir.get(f"Observation?patient=gad-ready&{query}").get_json())) == found


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("date=2026-02-14", [14]),
        ("date=ge2026-02-13", [13, 14]),
        ("date=gt2026-02-13", [14]),
        ("date=ge2026-02-07&date=lt2026-02-13", [7, 12]),
        ("date=le2026-02-05", [5]),
        ("date=eq2026-02", [5, 7, 12, 13, 14]),
        ("date=ge2026-02-14T09:30:01-05:00", []),
        ("date=ge2026-02-14T14:30:00Z", [14]),
        ("date=ne2026-02&date=ge2026", []),
        ("date=sa2026-02-13", [14]),
        ("date=eb2026-02-07&date=ge2026-02", [5]),
    ],
)
def test_dates_of_every_precision(fhir: Fhir, query: str, days: list[int]) -> None:
    bundle = fhir.get(f"Observation?patient=gad-ready&{query}").get_json()
    found = {one["resource"]["effectiveDateTime"][:10] for one in bundle.get("entry", [])}
    assert sorted(day for day in found if day > "2026") == [f"2026-02-{day:02d}" for day in days]


def test_identifier_by_system_and_value(fhir: Fhir) -> None:
    system = "https://harbor-ehr.example.org/mrn"
    assert ids(fhir.get(f"Patient?identifier={system}|000103").get_json()) == ["ocd-erp"]
    assert ids(fhir.get("Patient?identifier=urn:other|000103").get_json()) == []


def test_paging_shows_everything_once(fhir: Fhir) -> None:
    pages = list(fhir.pages("Observation?patient=gad-ready&_count=5"))
    seen = [id_ for page in pages for id_ in ids(page)]
    assert [len(ids(page)) for page in pages] == [5, 5, 5, 5, 3]
    assert len(set(seen)) == len(seen) == pages[0]["total"] == 23


def test_a_next_link_says_nothing_about_the_search(fhir: Fhir) -> None:
    links = fhir.get("Observation?patient=gad-ready&_count=5").get_json()["link"]
    url = next(link["url"] for link in links if link["relation"] == "next")
    assert "gad-ready" not in url
    assert "_count" not in url


def test_a_page_is_fifty_long_unless_asked_otherwise(fhir: Fhir) -> None:
    assert len(ids(fhir.get("Slot").get_json())) == 50


def test_a_cursor_belongs_to_whoever_got_it(fhir: Fhir) -> None:
    links = fhir.get("Observation?_count=5").get_json()["link"]
    url = links[-1]["url"].removeprefix(f"{BASE}/fhir/")
    assert fhir.get(url).status_code == 200
    fhir.client.application.extensions["harbor"].open_access = True
    assert fhir.get(url).status_code == 410


def test_an_unknown_cursor_is_gone(fhir: Fhir) -> None:
    assert fhir.get("Observation?_cursor=nonsense").status_code == 410


@pytest.mark.parametrize("name", ["nonsense", "code:text", "_revinclude", "patient.name", "recorded"])
def test_an_unknown_parameter_is_refused_by_name(fhir: Fhir, name: str) -> None:
    response = fhir.get(f"Observation?{name}=x")
    assert response.status_code == 400
    assert name in words(response)


@pytest.mark.parametrize(
    "query",
    ["date=yesterday", "date=2026-13-01", "date=ge", "_count=many", "_count=-1", "code=", "_sort=colour"],
)
def test_a_value_that_cannot_be_read_is_refused(fhir: Fhir, query: str) -> None:
    assert fhir.get(f"Observation?{query}").status_code == 400


def test_a_count_of_zero_gives_the_total_alone(fhir: Fhir) -> None:
    bundle = fhir.get("Observation?patient=gad-ready&_count=0").get_json()
    assert bundle["total"] == 23
    assert "entry" not in bundle


def test_sorting_both_ways(fhir: Fhir) -> None:
    def days(order: str) -> list[str]:
        bundle = fhir.get(f"Observation?patient=gad-ready&_sort={order}").get_json()
        return [one["resource"]["effectiveDateTime"] for one in bundle["entry"]]

    assert days("date") == sorted(days("date"))
    assert days("-date") == sorted(days("date"), reverse=True)
    assert days("date")[0] < days("date")[-1]


def test_a_search_by_post_is_the_same_search(fhir: Fhir) -> None:
    by_get = fhir.get("Observation?patient=gad-ready&category=survey").get_json()
    by_post = fhir.search("Observation", patient="gad-ready", category="survey").get_json()
    assert ids(by_get) == ids(by_post) != []


@pytest.mark.parametrize(
    ("path", "included"),
    [
        (
            "MedicationRequest?patient=lorazepam&_include=MedicationRequest:medication",
            "lorazepam-medication-1",
        ),
        ("Slot?_id=chair-2-20260302-0900&_include=Slot:schedule", "chair-2"),
        ("Schedule?_id=nurse-lund&_include=Schedule:actor", "lund"),
        ("Appointment?patient=sad-pounds&_include=Appointment:actor", "halvorsen"),
        ("MedicationRequest?patient=lorazepam&_include=MedicationRequest:requester", "halvorsen"),
    ],
)
def test_includes(fhir: Fhir, path: str, included: str) -> None:
    assert included in ids(fhir.get(path).get_json(), "include")


def test_an_include_of_another_type_is_refused(fhir: Fhir) -> None:
    assert fhir.get("Slot?_include=Appointment:actor").status_code == 400
    assert fhir.get("Slot?_include=Slot:start").status_code == 400


def test_malformed_entries_do_not_stop_a_search(fhir: Fhir) -> None:
    everything = ids(fhir.get("Observation?patient=messy-chart&_count=200").get_json())
    dated = ids(fhir.get("Observation?patient=messy-chart&date=ge2000&_count=200").get_json())
    assert len(everything) - len(dated) == 2  # the 45th of the 13th month, and a bare number
    assert fhir.get("Observation?patient=messy-chart&_sort=-date").status_code == 200


def test_slots_by_schedule_status_and_day(fhir: Fhir) -> None:
    bundle = fhir.get(
        "Slot?schedule=Schedule/chair-2&start=ge2026-03-02&start=lt2026-03-03&status=free&_count=100"
    ).get_json()
    slots = [one["resource"] for one in bundle["entry"]]
    assert {slot["status"] for slot in slots} == {"free"}
    assert {slot["start"][:10] for slot in slots} == {"2026-03-02"}
    assert 9 <= len(slots) < 18
