"""What each EHR is sent, against its golden file; `python -m tests.ehr.golden` writes them anew."""

from __future__ import annotations

from typing import Any

import pytest

from ketplan.fhir import r4
from ketplan.fhir.invariants import check
from tests.ehr.golden import HERE, golden, resources, text_of
from tests.fhir.plan_builders import PATIENT

GOLDEN = golden()
# Oracle Health takes a booked visit by its slot, without start and end, which app-3 of R4 asks for.
NOT_R4 = {"oracle-health/appointment-booked.json"}


@pytest.mark.parametrize("path", sorted(GOLDEN))
def test_it_is_sent_what_the_golden_file_says(path: str) -> None:
    assert (HERE / path).read_text("utf-8") == text_of(GOLDEN[path])


def test_no_golden_file_is_left_over() -> None:
    assert {p.relative_to(HERE).as_posix() for p in HERE.glob("*/*.json")} == set(GOLDEN)


@pytest.mark.parametrize("path", sorted(set(GOLDEN) - NOT_R4))
def test_what_is_sent_is_valid_r4(path: str) -> None:
    payload: Any = {k: v for k, v in GOLDEN[path]["payload"].items() if k != "text"}
    r4.build(payload)
    about = None if payload["resourceType"] == "Provenance" else PATIENT
    found = [problem for problem in check(payload, patient=about) if "CarePlan.text" not in problem]
    assert not [problem for problem in found if "identifier" not in problem]


@pytest.mark.parametrize("path", sorted(GOLDEN))
def test_nothing_needed_is_lacking(path: str) -> None:
    assert GOLDEN[path]["lacks"] == []


@pytest.mark.parametrize(
    "path", sorted(p for p in GOLDEN if p.split("/")[0] in ("generic", "hapi", "medplum"))
)
def test_a_full_fhir_server_is_sent_everything(path: str) -> None:
    name = path.split("/")[1].removesuffix(".json")
    whole = dict(resources())[name]
    assert GOLDEN[path]["lost"] == []
    assert set(GOLDEN[path]["payload"]) == set(whole)
