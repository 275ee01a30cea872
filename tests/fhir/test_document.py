"""A plan as a document Bundle: led by its Composition, complete in itself."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.record import Patient
from ketplan.errors import KetplanError
from ketplan.fhir import r4
from ketplan.fhir.datatypes import parse_when
from ketplan.fhir.document import About, document, faults
from ketplan.fhir.render import final, link, render
from tests.fhir.plan_builders import (
    PATIENT,
    PLAN_ID,
    SIGNED_AT,
    ZONE,
    a_clinician,
    a_draft,
    a_plan,
    a_timetable,
    an_unsigned,
)

EHR = "https://ehr.example.org/fhir"
LATER = datetime(2026, 2, 26, 9, 0, tzinfo=UTC)
WHO = Patient(
    PATIENT.partition("/")[2],
    "Alva Samplewood",
    "female",
    birth_date=parse_when("1988-04-12", ZoneInfo(ZONE)),
    identifiers=(("MRN", "0012"),),
)
ABOUT = About(PLAN_ID, WHO, EHR, LATER, (a_clinician(), SIGNED_AT))


def entries(standing: bool = True, signed: bool = True) -> list[dict[str, Any]]:
    draft = a_draft()
    steps = render(a_plan(draft) if signed else an_unsigned(draft), a_timetable(draft))
    created = [s for s in steps if not s.updates]
    named = {
        s.key: f"{s.type}/{n}" if standing else f"urn:uuid:00000000-0000-4000-8000-{n:012}"
        for n, s in enumerate(created)
    }
    made = []
    for step, resource in zip(created, final(steps), strict=True):
        linked = link(resource, named)
        if standing:
            linked |= {"id": named[step.key].partition("/")[2]}
        made.append(
            {"fullUrl": f"{EHR}/{named[step.key]}" if standing else named[step.key], "resource": linked}
        )
    return made


@pytest.mark.parametrize("standing", [True, False])
def test_the_composition_leads_to_everything(standing: bool) -> None:
    given = entries(standing)
    bundle = document(given, ABOUT)
    assert list(faults(bundle)) == []
    composition = bundle["entry"][0]["resource"]
    assert composition["status"] == "final"
    named = {ref["reference"] for section in composition["section"] for ref in section["entry"]}
    assert named == {entry["fullUrl"] for entry in given}
    assert [s["title"] for s in composition["section"]] == [
        "Plan",
        "Goals",
        "Requests",
        "Visits",
        "Signature",
    ]
    assert "First dose 34 mg." in composition["section"][0]["text"]["div"]
    types = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert types[:3] == ["Composition", "Patient", "Practitioner"]
    assert json.loads(r4.to_json(bundle))["type"] == "document"


def test_every_reference_is_one_of_the_bundle_or_an_address_in_the_ehr() -> None:
    text = r4.to_json(document(entries(), ABOUT))
    targets = [part.split('"', 1)[0] for part in text.split('"reference":"')[1:]]
    assert targets and all(target.startswith(EHR) for target in targets)
    assert f"{EHR}/Condition/gad" in targets


def test_a_draft_is_preliminary_and_nobody_attests_to_it() -> None:
    bundle = document(entries(standing=False, signed=False), replace(ABOUT, signed=None, plan_id="draft"))
    composition = bundle["entry"][0]["resource"]
    assert composition["status"] == "preliminary"
    assert "draft" in composition["title"]
    assert "attester" not in composition
    assert "Practitioner" not in {e["resource"]["resourceType"] for e in bundle["entry"]}


def test_the_same_at_the_same_moment_is_the_same_document() -> None:
    assert document(entries(), ABOUT) == document(entries(), ABOUT)
    other = document(entries(), replace(ABOUT, at=SIGNED_AT))
    assert other["identifier"] != document(entries(), ABOUT)["identifier"]


def test_a_plan_of_another_patient_makes_no_document() -> None:
    with pytest.raises(KetplanError, match="another patient"):
        document(entries(), replace(ABOUT, patient=replace(WHO, id="other")))


def test_the_rules_of_a_document_are_held() -> None:
    good = document(entries(standing=False), ABOUT)

    def broken(change: str) -> list[str]:
        bundle = deepcopy(good)
        composition = bundle["entry"][0]["resource"]
        if change == "order":
            bundle["entry"].reverse()
        elif change == "identifier":
            del bundle["identifier"]["system"]
        elif change == "timestamp":
            del bundle["timestamp"]
        elif change == "twice":
            bundle["entry"][2]["fullUrl"] = bundle["entry"][1]["fullUrl"]
        elif change == "missing":
            bundle["entry"].pop()
        elif change == "empty":
            composition["section"].append({"title": "Nothing"})
        elif change == "relative":
            bundle["entry"][4]["resource"]["subject"] = {"reference": "Patient/1"}
        else:
            bundle["type"] = "collection"
        return list(faults(bundle))

    for change in ("order", "identifier", "timestamp", "twice", "missing", "empty", "relative", "type"):
        assert broken(change), change


def test_what_a_record_says_oddly_is_left_out_of_the_patient() -> None:
    odd = replace(ABOUT, patient=Patient(WHO.id, "", "F?"))
    patient = document(entries(), odd)["entry"][1]["resource"]
    assert patient == {"resourceType": "Patient", "id": WHO.id}


def test_an_id_that_is_too_long_for_fhir_stands_in_the_address_alone() -> None:
    id = "e" * 80
    text = r4.to_json({"all": entries()}).replace(PATIENT, f"Patient/{id}")
    given = json.loads(text, parse_float=Decimal)["all"]
    bundle = document(given, replace(ABOUT, patient=replace(WHO, id=id)))
    assert bundle["entry"][1]["fullUrl"] == f"{EHR}/Patient/{id}"
    assert "id" not in bundle["entry"][1]["resource"]
