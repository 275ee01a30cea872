"""Three versions of a resource: what counts as a difference, and what is a server's way of keeping it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketplan.writeback.authored import Adopted, Authored, Chapter, authored
from ketplan.writeback.compare import differences as told_at_writing
from ketplan.writeback.noted import noted
from ketplan.writeback.reconcile import Kind, differences, look
from tests.writeback.builders import PATIENT, a_plan, an_appointment, write
from tests.writeback.fakes import FakeEhr, FakeJournal

Json = dict[str, Any]
BASE: Json = {
    "resourceType": "Appointment",
    "status": "booked",
    "start": "2026-03-10T09:00:00-04:00",
    "end": "2026-03-10T11:30:00-04:00",
    "description": "Infusion 1 of 6",
    "participant": [
        {"actor": {"reference": f"Patient/{PATIENT}"}, "status": "accepted"},
        {"actor": {"reference": "Location/chair-1"}, "status": "accepted"},
    ],
    "supportingInformation": [{"reference": "CarePlan/1"}],
}
VALUES = {
    "status": st.sampled_from(["booked", "cancelled", "proposed", "noshow"]),
    "start": st.sampled_from(["2026-03-10T09:00:00-04:00", "2026-03-11T09:00:00-04:00"]),
    "description": st.sampled_from(["Infusion 1 of 6", "Something else"]),
}
VERSIONS = st.fixed_dictionaries(VALUES).map(lambda values: {**BASE, **values})


def elements(base: Json, ours: Json, theirs: Json, said: str = "") -> list[str]:
    return [row.element for row in differences(base, ours, theirs, said)]


@given(VERSIONS)
def test_the_same_three_times_is_no_difference(version: Json) -> None:
    assert differences(version, copy.deepcopy(version), copy.deepcopy(version)) == ()


@given(VERSIONS, VERSIONS, VERSIONS)
def test_a_difference_is_one_from_both_sides(base: Json, ours: Json, theirs: Json) -> None:
    """What stands differs from what was written and from what the plan says: nothing else is a row."""
    rows = {row.element: row for row in differences(base, ours, theirs)}
    expected = {name for name in VALUES if theirs[name] not in (base[name], ours[name])}
    assert set(rows) == expected
    assert all((r.base, r.ours, r.theirs) == (base[n], ours[n], theirs[n]) for n, r in rows.items())


@given(VERSIONS, VERSIONS)
def test_two_hands_see_the_same_elements(mine: Json, theirs: Json) -> None:
    there = {row.element for row in differences(mine, mine, theirs)}
    assert there == {row.element for row in differences(theirs, theirs, mine)}


SERVERS_WAYS = {
    "its own elements": {
        "id": "7",
        "meta": {"versionId": "3"},
        "text": {"status": "generated"},
        "created": "x",
    },
    "another zone": {"start": "2026-03-10T13:00:00Z", "end": "2026-03-10T15:30:00Z"},
    "another order": {"participant": BASE["participant"][::-1]},
    "names and absolute addresses": {
        "participant": [
            {
                "actor": {"reference": f"https://ehr.example.org/fhir/Patient/{PATIENT}", "display": "Jane"},
                "status": "accepted",
                "required": "required",
            },
            BASE["participant"][1],
        ]
    },
    "one who accepted": {
        "participant": [BASE["participant"][0], {**BASE["participant"][1], "status": "tentative"}]
    },
    "more beside ours": {
        "supportingInformation": [{"reference": "Observation/9"}, {"reference": "CarePlan/1"}]
    },
    "blanks": {"description": "Infusion 1 of 6 "},
}


@pytest.mark.parametrize("way", SERVERS_WAYS)
def test_a_servers_way_of_keeping_it_is_no_difference(way: str) -> None:
    theirs = {**BASE, **SERVERS_WAYS[way]}
    assert elements(BASE, BASE, theirs) == []


CHANGES = {
    "start": "2026-03-10T09:15:00-04:00",
    "participant": [BASE["participant"][0], {"actor": {"reference": "Location/chair-2"}}],
    "supportingInformation": [{"reference": "CarePlan/2"}],
    "status": "cancelled",
    "description": "Infusion 1 of 8",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_by_somebody_is_one(name: str) -> None:
    assert elements(BASE, BASE, {**BASE, name: CHANGES[name]}) == [name]


@pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled"])
def test_that_a_visit_took_place_is_no_difference(status: str) -> None:
    visit = {"resourceType": "Appointment", "status": "booked"}
    assert differences(visit, visit, visit | {"status": status}) == ()
    assert differences(visit, visit, visit | {"status": "noshow"})


def test_who_declined_is_no_longer_expected() -> None:
    declined = [BASE["participant"][0], {**BASE["participant"][1], "status": "declined"}]
    assert elements(BASE, BASE, {**BASE, "participant": declined}) == ["participant"]


def test_what_was_dropped_at_the_writing_is_no_difference_and_what_is_taken_out_later_is() -> None:
    theirs = {name: value for name, value in BASE.items() if name != "supportingInformation"}
    said = told_at_writing(BASE, theirs)
    assert noted(said).dropped == {"supportingInformation"}
    assert elements(BASE, BASE, theirs, said) == []
    assert elements(BASE, BASE, theirs) == ["supportingInformation"]


def test_a_code_the_ehr_gave_at_the_writing_is_no_difference() -> None:
    theirs = {**BASE, "status": "proposed"}
    said = told_at_writing(BASE, theirs)
    assert noted(said).codes == {"status": "proposed"}
    assert elements(BASE, BASE, theirs, said) == []
    assert elements(BASE, BASE, {**theirs, "status": "noshow"}, said) == ["status"]


def test_words_of_others_note_nothing() -> None:
    assert noted("The answer was lost; it was found. They dropped start.") == noted("")


@pytest.mark.parametrize(
    ("theirs", "kind"),
    [
        (BASE, Kind.UNCHANGED),
        (None, Kind.GONE),
        ({**BASE, "status": "cancelled"}, Kind.CANCELLED),
        ({**BASE, "end": "2026-03-10T12:00:00-04:00"}, Kind.CHANGED),
        ({**BASE, "participant": [{"actor": {"reference": "Patient/p2"}}]}, Kind.FOREIGN),
    ],
)
def test_how_a_resource_stands(theirs: Json | None, kind: Kind) -> None:
    assert look(Authored("a", "Appointment", "1", BASE, BASE), theirs, PATIENT).kind is kind


def test_both_sides_and_a_merged_patient() -> None:
    ours = {**BASE, "description": "Infusion 1 of 8"}
    one = Authored("a", "Appointment", "1", BASE, ours)
    assert look(one, {**BASE, "description": "Infusion 1 of 4"}, PATIENT).kind is Kind.BOTH
    moved = {**BASE, "participant": [{"actor": {"reference": "Patient/p2"}}]}
    assert look(one, moved, PATIENT, merged_into="p2").kind is Kind.MERGED


def test_what_stands_by_our_hand_is_put_together_from_the_journal() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    found = {one.key: one for one in authored([Chapter(a_plan(), journal.rows)])}
    plan = found["care-plan"]
    assert (plan.base["status"], len(plan.base["activity"])) == ("active", 4)
    assert plan.base["activity"][0]["reference"] == {"reference": found["request-infusion"].reference}
    assert plan.etag == 'W/"2"'
    assert all(
        look(one, ehr.read(one.type, one.id).raw, PATIENT).kind is Kind.UNCHANGED for one in found.values()
    )


def test_what_was_never_written_does_not_stand() -> None:
    assert authored([Chapter([an_appointment(1)], {})]) == ()


def test_what_was_accepted_is_what_the_plan_says() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    taken = (Adopted("appointment-1", {"start": "2026-03-20T09:00:00-04:00", "slot": None}),)
    found = authored([Chapter(a_plan(), journal.rows), Chapter((), {}, taken)])
    visit = next(one for one in found if one.key == "appointment-1")
    assert visit.base["start"] == visit.ours["start"] == "2026-03-20T09:00:00-04:00"
