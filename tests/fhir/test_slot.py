"""Whose time a calendar of the EHR is: by what it says, or by what the site says of it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.fhir.slot import read_free_time

ZONE = ZoneInfo("America/New_York")


def calendar(service: str = "") -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Schedule",
            "id": "12",
            "actor": [{"reference": "Location/room-7", "display": "Room 7"}],
            **({"serviceType": [{"text": service}]} if service else {}),
        },
        {
            "resourceType": "Slot",
            "id": "s1",
            "schedule": {"reference": "Schedule/12"},
            "status": "free",
            "start": "2026-03-09T09:00:00-04:00",
            "end": "2026-03-09T09:30:00-04:00",
        },
    ]


def test_a_calendar_that_does_not_say_what_it_is_of_is_not_used() -> None:
    assert read_free_time(calendar(), ZONE).slots == ()
    assert [slot.service for slot in read_free_time(calendar("Infusion chair"), ZONE).slots] == ["chair"]


@pytest.mark.parametrize("reference", ["Schedule/12", "Location/room-7"])
@pytest.mark.parametrize("says", ["", "Therapist"])
def test_the_site_says_it_by_the_calendar_or_by_whose_it_is(reference: str, says: str) -> None:
    found = read_free_time(calendar(says), ZONE, {reference: "chair", "Schedule/13": "nurse"})
    assert [(slot.service, slot.resource, slot.resource_name) for slot in found.slots] == [
        ("chair", "Location/room-7", "Room 7")
    ]
    assert set(found.published) == {"chair"}
