"""A resource in the shape one EHR takes it, and what the clinician is told that it loses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketplan.ehr.profiles.load import parse, shipped
from ketplan.ehr.profiles.model import Profile
from ketplan.ehr.profiles.shape import marker, shape, text_at

WITNESS = '\nwitness = "papers of Acme, 2026"\nconfidence = "high"\n'
Json = dict[str, Any]


def acme(*writes: str) -> Profile:
    text = "".join(f"[[write]]\n{write}{WITNESS}" for write in writes)
    return parse("acme.toml", f'name = "acme"\nlabel = "Acme"\n{text}')


def a_visit(**changes: Any) -> Json:
    visit = {
        "resourceType": "Appointment",
        "identifier": [{"system": "urn:k", "value": "p1/visit-3"}],
        "status": "booked",
        "description": "Infusion 3",
        "start": "2026-03-02T09:00:00-05:00",
        "end": "2026-03-02T11:30:00-05:00",
        "slot": [{"reference": "Slot/1"}, {"reference": "Slot/2"}],
        "serviceType": [{"text": "ketamine"}, {"text": "call"}],
        "supportingInformation": [{"reference": "CarePlan/1"}],
        "comment": "On its day.",
        "participant": [
            {"actor": {"reference": "Patient/jane"}, "required": "required", "status": "accepted"},
            {"actor": {"reference": "Location/chair"}, "required": "required", "status": "accepted"},
            {"actor": {"reference": "Practitioner/rossi"}, "status": "accepted"},
        ],
    }
    return {**visit, **changes}


def actors(payload: Json) -> list[str]:
    return [p["actor"]["reference"] for p in payload["participant"]]


def test_what_nothing_is_known_of_stays_as_it_is() -> None:
    assert shape(shipped()["generic"], a_visit()) == (a_visit(), (), ())


def test_the_resource_that_was_given_is_not_touched() -> None:
    visit = a_visit()
    before = copy.deepcopy(visit)
    for profile in shipped().values():
        shape(profile, visit)
    assert visit == before


def test_only_what_is_listed_goes_and_the_rest_is_named() -> None:
    payload, lost, _ = shape(
        acme('type = "Appointment"\nonly = ["resourceType", "status", "identifier", "participant"]'),
        a_visit(slot=[], serviceType=[], start=None, end=None),
    )
    assert set(payload) == {"resourceType", "status", "identifier", "participant"}
    assert "the link to the care plan (supportingInformation)" in lost
    assert "the comment (comment)" in lost


def test_nested_elements_lists_and_participants() -> None:
    made = acme(
        'type = "Appointment"\ndrop = ["participant.required"]\nfirst = ["slot"]\nactors = ["Patient"]\n'
        'fix = { "participant.status" = "needs-action" }'
    )
    payload, lost, _ = shape(made, a_visit())
    assert payload["participant"] == [{"actor": {"reference": "Patient/jane"}, "status": "needs-action"}]
    assert payload["slot"] == [{"reference": "Slot/1"}]
    assert lost == ("the slots of the calendar (slot)", "some who take part (participant)")


def test_the_first_shape_whose_condition_fits() -> None:
    made = acme(
        'type = "Appointment"\nwhen = { status = "booked" }\nonly = ["resourceType", "status", "slot"]',
        'type = "Appointment"\nonly = ["resourceType", "status", "start"]',
    )
    assert "slot" in shape(made, a_visit()).payload
    assert "start" in shape(made, a_visit(status="proposed")).payload
    assert shape(made, {"resourceType": "Goal", "id": "1"}).payload == {"resourceType": "Goal", "id": "1"}


def test_where_identifiers_are_not_kept_a_text_carries_the_number() -> None:
    made = acme('type = "Appointment"\ndrop = ["identifier"]\nmarker = "comment"')
    payload, lost, _ = shape(made, a_visit())
    assert payload["comment"] == "On its day. [ketplan p1/visit-3]"
    assert "ketplan's own number (identifier)" in lost
    assert shape(made, a_visit(comment="")).payload["comment"] == marker("p1/visit-3")
    kept = acme('type = "Appointment"\nmarker = "comment"')
    assert shape(kept, a_visit()).payload["comment"] == "On its day."


def test_a_mark_inside_a_list() -> None:
    note = {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "urn:k", "value": "p1/note"}],
        "content": [{"attachment": {"title": "Plan"}}],
    }
    made = acme('type = "DocumentReference"\ndrop = ["identifier"]\nmarker = "content.attachment.title"')
    payload = shape(made, note).payload
    assert text_at(payload, "content.attachment.title") == "Plan [ketplan p1/note]"


def test_what_the_ehr_insists_on_is_told_when_it_is_not_there() -> None:
    made = acme('type = "Appointment"\nneeds = ["slot", "participant:Location"]')
    assert shape(made, a_visit()).lacks == ()
    alone = a_visit(slot=[], participant=a_visit()["participant"][:1])
    assert shape(made, alone).lacks == (
        "the slots of the calendar (slot)",
        "a place (Location) among the participants",
    )


def test_oracle_health_is_asked_for_a_visit_or_books_one_slot() -> None:
    oracle = shipped()["oracle-health"]
    booked, asked = shape(oracle, a_visit()), shape(oracle, a_visit(status="proposed", slot=[]))
    assert (booked.payload["slot"], actors(booked.payload)) == ([{"reference": "Slot/1"}], ["Patient/jane"])
    assert "start" not in booked.payload
    assert asked.payload["requestedPeriod"] == [{"start": a_visit()["start"], "end": a_visit()["end"]}]
    assert actors(asked.payload) == ["Patient/jane", "Location/chair"]
    assert {p["status"] for p in asked.payload["participant"]} == {"needs-action"}
    assert asked.payload["reasonCode"] == [{"text": "Infusion 3"}]
    assert not {"identifier", "basedOn", "supportingInformation", "start"} & set(asked.payload)
    assert not [words for words in asked.lost if "start" in words or "title" in words]


def test_oracle_health_has_no_visit_without_a_place() -> None:
    call = a_visit(status="proposed", slot=[], participant=a_visit()["participant"][:1])
    assert shape(shipped()["oracle-health"], call).lacks == ("a place (Location) among the participants",)


def test_canvas_wants_the_place_beside_the_people() -> None:
    payload, lost, lacks = shape(shipped()["canvas"], a_visit())
    assert payload["supportingInformation"] == [{"reference": "Location/chair"}]
    assert actors(payload) == ["Patient/jane", "Practitioner/rossi"]
    assert payload["identifier"] == a_visit()["identifier"]
    assert "the link to the care plan (supportingInformation)" in lost
    assert lacks == ()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
ELEMENTS = [
    "status",
    "participant",
    "slot",
    "start",
    "end",
    "identifier",
    "comment",
    "serviceType",
    "description",
]


@given(
    st.sampled_from(sorted(shipped())),
    st.sampled_from(["Appointment", "DocumentReference", "Task", "CarePlan"]),
    st.dictionaries(st.sampled_from(ELEMENTS), anything),
)
def test_whatever_is_in_it_nothing_breaks(name: str, kind: str, content: Json) -> None:
    resource = {"resourceType": kind, **content}
    shaped = shape(shipped()[name], resource)
    assert shaped.payload["resourceType"] == kind


# Canvas moves the place out of the participants, so a second time there is none to move.
@pytest.mark.parametrize("name", sorted(set(shipped()) - {"canvas"}))
def test_shaping_what_was_shaped_changes_nothing_more(name: str) -> None:
    once = shape(shipped()[name], a_visit()).payload
    again = shape(shipped()[name], once).payload
    assert again == once
