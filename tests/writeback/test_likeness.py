"""What counts as the thing that was sent, where only its content can tell."""

from __future__ import annotations

from typing import Any

import pytest

from ketplan.writeback.likeness import is_like
from tests.writeback.builders import an_appointment, named

SENT = {**an_appointment(1).resource, "description": "Ketamine infusion 1 of 6"}
HELD = {name: value for name, value in SENT.items() if name != "identifier"} | {"id": "77"}


def test_the_same_without_its_identifier_is_it() -> None:
    assert is_like(SENT, HELD)


def test_moments_may_be_spelled_in_another_zone_and_words_may_be_added() -> None:
    code = {"text": "GAD-7", "coding": [{"system": "http://loinc.org", "code": "70274-6"}]}
    more = {**code, "coding": [{"code": "x"}, {**code["coding"][0], "display": "Total"}]}  # type: ignore[index]
    sent = {"code": code, "effectiveDateTime": "2026-03-10T09:00:00-04:00"}
    assert is_like(sent, {"code": more, "effectiveDateTime": "2026-03-10T13:00:00Z"})


@pytest.mark.parametrize(
    "change",
    [
        {"start": "2026-03-10T09:15:00-04:00"},
        {"end": "2026-03-10T11:45:00-04:00"},
        {"description": "Dentist"},
        {"identifier": [named("appointment-infusion-2")]},
    ],
)
def test_one_contradiction_is_enough(change: dict[str, Any]) -> None:
    assert not is_like(SENT, HELD | change)


def test_one_sign_alone_is_not() -> None:
    assert not is_like({"code": {"text": "GAD-7"}}, {"code": {"text": "GAD-7"}})
    assert not is_like(SENT, {"start": SENT["start"]})


def test_a_code_with_nothing_in_common_is_no_sign() -> None:
    sent = {"code": {"text": "GAD-7"}, "effectiveDateTime": "2026-03-10"}
    assert not is_like(sent, {"code": {"coding": []}, "effectiveDateTime": "2026-03-10"})


def test_somebody_elses_identifier_does_not_matter() -> None:
    assert is_like(SENT, HELD | {"identifier": [{"system": "urn:ehr", "value": "9"}]})
