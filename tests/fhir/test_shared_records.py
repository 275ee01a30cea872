"""Records nobody here wrote: read whole where they lie beside the repository, skipped where they do not."""

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ketplan.clinical.record import LOINC, RXNORM, PatientRecord
from ketplan.fhir.bundle import sections_of
from ketplan.fhir.record import READERS, parse_record
from tests.fhir.builders import ZONE

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
RECORDS = sorted(path for path in (SHARED / "patients").glob("*/*.json") if path.name != "INDEX.json")
CASES = SHARED / "clinical" / "cases.json"
beside = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared folder beside the repository")


def case_ids() -> list[str]:
    return [case["id"] for case in json.loads(CASES.read_text())["cases"]] if CASES.is_file() else []


def parsed(bundle: Any) -> PatientRecord:
    return parse_record(sections_of(bundle), None, ZONE)


@beside
@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem[:24])
def test_every_record_is_read_whole(path: Path) -> None:
    bundle = json.loads(path.read_text())
    record = parsed(bundle)
    held = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])
    read = {s.name: s.count for s in record.sections if s.count}
    assert read == {kind: n for kind, n in held.items() if kind in READERS or kind == "Patient"}
    assert [s.name for s in record.sections if s.unreadable] == []
    assert record.patient.name and record.patient.birth_date is not None


@beside
def test_surveys_and_included_medications_of_the_behavioural_record() -> None:
    record = parsed(
        json.loads((SHARED / "patients/us-behavioral-health/james-wolff-transaction.json").read_text())
    )
    assert record.patient.birth_sex == "F" and record.patient.gender == "male"
    answers = {
        o.codes[0].code for o in record.observations if o.reference.startswith("QuestionnaireResponse/")
    }
    assert {"44260-8", "93246-7", "93267-3"} <= answers
    (benzodiazepine,) = [m for m in record.medications if m.reference.endswith("benzo-order-example-1")]
    assert benzodiazepine.has(RXNORM, ["206821"])


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("case_to_bundle", SHARED / "tools" / "case_to_bundle.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@beside
@pytest.mark.parametrize("case_id", case_ids())
def test_every_case_is_read_whole(tool: ModuleType, case_id: str) -> None:
    book = json.loads(CASES.read_text())
    case = next(c for c in book["cases"] if c["id"] == case_id)
    bundle = tool.build(case, book["std_workup"])
    record = parsed(bundle)
    held = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])
    assert len(record.conditions) == held["Condition"]
    assert len(record.medications) == held["MedicationRequest"]
    assert len(record.procedures) == held["Procedure"]
    assert len(record.allergies) == held["AllergyIntolerance"] > 0
    assert all(o.value is not None and o.when is not None for o in record.observations)
    assert {c.code for o in record.observations for c in o.codes if c.system == LOINC} >= {"8480-6", "8462-4"}
    assert record.intake.reference == f"QuestionnaireResponse/{case_id.lower()}-questionnaireresponse-1"
    assert record.intake.escort_confirmed is not None
    groups = Counter(item["linkId"] for item in bundle["entry"][-1]["resource"]["item"])
    assert len(record.intake.medication_trials) == groups["medication-trial"]
    assert len(record.intake.therapy_courses) == groups["psychotherapy-course"]
    assert len(record.intake.nmda_courses) == groups["prior-nmda-course"]
    assert [s.name for s in record.sections if s.unreadable] == []
