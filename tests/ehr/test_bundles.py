from __future__ import annotations

import pytest

from ketplan.ehr.bundles import Gathering
from ketplan.errors import Fatal
from tests.ehr.builders import a_bundle, a_resource, an_entry, an_outcome


def test_one_bad_entry_never_hides_the_rest_and_is_counted() -> None:
    gathering = Gathering("Condition")
    bad = [None, 7, {}, {"resource": "x"}, {"resource": {"id": "no-type"}}, {"resource": {"resourceType": 3}}]
    gathering.add(a_bundle(*bad, a_resource(id="good")))
    result = gathering.result()
    assert ([r["id"] for r in result.resources], result.dropped) == (["good"], len(bad))


def test_matches_includes_and_remarks_are_told_apart() -> None:
    gathering = Gathering("Condition")
    gathering.add(
        a_bundle(
            an_entry(a_resource(id="match")),
            an_entry(a_resource(id="no-mode"), mode=None),
            an_entry({"resourceType": "Patient", "id": "p"}, mode="include"),
            an_entry({"resourceType": "Encounter", "id": "e"}, mode=None),
            an_entry({"resourceType": "Claim", "id": "x"}, mode="match"),
            an_entry(an_outcome("warning", text="Partial result"), mode="outcome"),
        )
    )
    result = gathering.result()
    assert [r["id"] for r in result.resources] == ["match", "no-mode"]
    assert [r["id"] for r in result.included] == ["p", "e"]
    assert (result.dropped, result.outcomes, result.complete) == (1, ["Partial result"], True)


def test_a_resource_on_two_pages_is_taken_once_and_one_without_id_always() -> None:
    gathering = Gathering("Condition")
    nameless = {"resourceType": "Condition"}
    for _ in range(2):
        gathering.add(a_bundle(a_resource(id="c1"), nameless))
    assert [r.get("id") for r in gathering.result().resources] == ["c1", None, None]


def test_an_error_among_the_entries_makes_the_result_incomplete() -> None:
    gathering = Gathering("Condition")
    gathering.add(a_bundle(a_resource(), an_entry(an_outcome("error", text="Not all sources answered"))))
    result = gathering.result()
    assert (result.complete, result.outcomes) == (False, ["Not all sources answered"])


def test_the_next_link_is_found_among_garbled_ones() -> None:
    bundle = a_bundle(next="https://ehr.example.org/fhir?page=2")
    bundle["link"] = [None, {"relation": "self", "url": "x"}, {"relation": "next", "url": 4}, *bundle["link"]]
    assert Gathering("Condition").add(bundle) == "https://ehr.example.org/fhir?page=2"
    assert Gathering("Condition").add(a_bundle() | {"link": "x"}) is None


def test_entries_that_are_no_list_are_counted() -> None:
    gathering = Gathering("Condition")
    gathering.add(a_bundle() | {"entry": {"resource": {}}})
    assert gathering.result().dropped == 1


@pytest.mark.parametrize("body", [None, [], a_resource()])
def test_what_is_no_bundle_is_refused(body: object) -> None:
    with pytest.raises(Fatal):
        Gathering("Condition").add(body)


def test_an_ehr_that_counts_more_than_it_gives_is_quoted() -> None:
    gathering = Gathering("Condition")
    gathering.add({**a_bundle(a_resource(id="c1"), a_resource(id="c1")), "total": 5})
    gathering.add({**a_bundle(a_resource(id="c2")), "total": 4})
    found = gathering.result()
    assert (len(found.resources), found.complete) == (2, True)
    assert found.outcomes == ["The EHR counts 4 and gave 3."]


def test_what_came_along_is_not_counted() -> None:
    gathering = Gathering("Condition")
    included = an_entry(a_resource("Encounter", "e1"), "include")
    gathering.add({**a_bundle(a_resource(id="c1"), included), "total": 1})
    assert gathering.result().outcomes == []
