"""What a token answer says about the chart: kept where it can be used, left out where it cannot."""

from __future__ import annotations

import pytest

from ketplan.ehr.context import MOST_CONTEXTS, Context, contexts, resource_id, short_text, wants_banner

BASE = "https://ehr.example.org/fhir"


def test_items_are_references_on_this_base_each_once() -> None:
    found = contexts(
        f"{BASE}/",
        [
            {"reference": "CarePlan/1"},
            {"reference": f"{BASE}/Appointment/2", "role": "launch"},
            {"reference": "ServiceRequest/3", "role": "https://ehr.example.org/roles/reason"},
            {"reference": "CarePlan/1", "type": "CarePlan"},
        ],
    )
    assert found == (
        Context("CarePlan/1"),
        Context("Appointment/2"),
        Context("ServiceRequest/3", "https://ehr.example.org/roles/reason"),
    )
    assert found[0].kind == "CarePlan"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "CarePlan/1",
        {"reference": "CarePlan/1"},
        ["CarePlan/1", None, 7],
        [{"reference": "https://elsewhere.example/fhir/CarePlan/1"}],
        [{"reference": "../CarePlan/1"}],
        [{"reference": "javascript:alert(1)"}],
        [{"reference": ["CarePlan/1"]}],
        [{"canonical": "http://example.org/PlanDefinition/x"}],
    ],
)
def test_what_refers_to_nothing_here_is_left_out(value: object) -> None:
    assert contexts(BASE, value) == ()


def test_an_endless_list_is_cut() -> None:
    assert len(contexts(BASE, [{"reference": f"Task/{n}"} for n in range(500)])) == MOST_CONTEXTS


@pytest.mark.parametrize(("value", "id"), [("7", "7"), ("Encounter/7", "7"), ("Patient/7", None), (7, None)])
def test_an_id_may_be_written_as_a_reference(value: object, id: str | None) -> None:
    assert resource_id("Encounter", value) == id


@pytest.mark.parametrize("value", [None, "", 7, "x" * 301, "two\nlines", ["plan"]])
def test_a_text_is_short_and_printable_or_nothing(value: object) -> None:
    assert short_text(value) is None


@pytest.mark.parametrize(("value", "shown"), [(False, False), ("false", False), (None, True), (True, True)])
def test_the_banner_goes_only_when_the_ehr_says_it_shows_one(value: object, shown: bool) -> None:
    assert wants_banner(value) is shown
