"""A closed session as FHIR: what is written is what is read back, and what was not recorded is not there."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.progress.facts import EventKind
from ketplan.clinical.record import LOINC
from ketplan.clinical.session.during import Symptom
from ketplan.clinical.session.sheet import Measured
from ketplan.fhir import session_rules
from ketplan.fhir.datatypes import Json
from ketplan.fhir.happened import happened
from ketplan.fhir.invariants import check
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step, describe, link
from ketplan.fhir.rendering.adverse_event import AdverseEventRecord, EventOutcome, Seriousness
from ketplan.fhir.rendering.session import SessionRecord
from ketplan.fhir.rendering.session_record import PlanLinks
from ketplan.fhir.session_codes import PLAN_VISIT_SYSTEM
from tests.fhir.builders import PATIENT_ID, a_record
from tests.fhir.session_builders import (
    ROSSI,
    a_planned_dose,
    a_session,
    a_sheet,
    an_override,
    at,
    not_given,
)

NY = ZoneInfo("America/New_York")


def written(steps: tuple[Step, ...]) -> dict[str, Json]:
    """As the EHR keeps it, by step."""
    ids = {s.key: f"{s.type}/{s.key}" for s in steps}
    return {s.key: link(s.resource, ids) | {"id": s.key} for s in steps}


def of(session: SessionRecord) -> dict[str, Json]:
    return written(session.steps())


def an_event(**changes: Any) -> AdverseEventRecord:
    defaults: dict[str, Any] = {
        "id": "event-1",
        "patient": f"Patient/{PATIENT_ID}",
        "clinician": ROSSI,
        "at": at(50),
        "zone": "America/New_York",
        "event": EventKind.HYPERTENSION,
        "words": "204/122 with headache",
        "onset": at(20),
        "seriousness": Seriousness.SERIOUS,
        "action": "infusion stopped, labetalol",
        "outcome": EventOutcome.RESOLVED,
        "session": "session-1",
    }
    return AdverseEventRecord(**defaults | changes)


def test_what_is_written_reads_back_as_the_dose_it_was() -> None:
    (dose,) = happened(a_record(*of(a_session()).values()), "plan-1", NY).doses
    assert (dose.number, dose.on, dose.mg, dose.mg_per_kg) == (1, date(2026, 3, 2), 34, Decimal("0.50"))
    assert (dose.pressure, dose.lowest_spo2) == ("152/94", 96)
    assert (dose.distressing_dissociation, dose.vomiting, dose.new_suicidal_ideation) == (False, False, False)


def test_the_session_is_a_procedure_of_the_plan_and_all_else_is_part_of_it() -> None:
    found = of(a_session())
    procedure, given = found["procedure"], found["administration"]
    assert procedure["status"] == given["status"] == "completed"
    assert procedure["code"]["coding"][0]["code"] == "14152002"
    assert [r["reference"] for r in procedure["basedOn"]] == ["ServiceRequest/2", "CarePlan/1"]
    assert procedure["performedPeriod"] == given["effectivePeriod"]
    assert given["effectivePeriod"]["start"] == "2026-03-02T09:00:00-05:00"
    assert given["partOf"] == [{"reference": "Procedure/procedure"}]
    assert given["supportingInformation"] == [{"reference": "Appointment/3"}]
    assert given["dosage"]["dose"]["value"] == 34 and given["dosage"]["dose"]["code"] == "mg"
    observed = [r for r in found.values() if r["resourceType"] == "Observation"]
    assert all(r["partOf"] == [{"reference": "Procedure/procedure"}] for r in observed)
    assert all(r["basedOn"] == [{"reference": "ServiceRequest/2"}] for r in observed)
    assert {r["issued"] for r in observed} == {"2026-03-02T11:10:00-05:00"}


def test_each_resource_has_its_own_name_and_the_visit_s() -> None:
    found = of(a_session()).values()
    named = [{i["system"]: i["value"] for i in r["identifier"]} for r in found]
    assert {n[PLAN_VISIT_SYSTEM] for n in named} == {"plan-1/infusion-1"}
    assert len({n[PLAN_STEP_SYSTEM] for n in named}) == len(named)


def test_a_set_becomes_the_codes_that_every_ehr_knows() -> None:
    found = of(a_session())
    pressure = found["set-2-bp"]
    assert pressure["code"]["coding"][0]["code"] == "85354-9"
    parts = {p["code"]["coding"][0]["code"]: p["valueQuantity"] for p in pressure["component"]}
    assert (parts["8480-6"]["value"], parts["8462-4"]["value"]) == (152, 94)
    assert parts["8480-6"]["code"] == "mm[Hg]"
    assert pressure["effectiveDateTime"] == "2026-03-02T09:40:00-05:00"
    codes = {k: found[k]["code"]["coding"][0]["code"] for k in ("set-1-heart-rate", "set-1-spo2")}
    assert codes == {"set-1-heart-rate": "8867-4", "set-1-spo2": "59408-5"}
    assert found["set-2-moaas"]["valueQuantity"]["value"] == 4
    assert found["cadss6-during"]["code"]["coding"][0]["code"] == "cadss-6"
    assert all(p["valueBoolean"] is False for p in found["set-1-symptoms"]["component"])


def test_what_was_not_measured_or_asked_is_not_written() -> None:
    sheet = a_sheet(sets=(Measured(at(0), systolic=120),), before={}, pressures=(), leaving={})
    found = of(a_session(sheet))
    assert [k for k in found if k.startswith("set-")] == ["set-1-bp"]
    assert len(found["set-1-bp"]["component"]) == 1
    assert not [k for k in found if k.startswith(("before", "padss"))]


def test_a_symptom_is_written_as_yes_and_the_others_as_no() -> None:
    sheet = a_sheet(sets=(Measured(at(5), symptoms=frozenset({Symptom.CHEST_PAIN})),))
    parts = of(a_session(sheet))["set-1-symptoms"]["component"]
    told = {p["code"]["text"]: p["valueBoolean"] for p in parts}
    assert told["chest pain"] is True
    assert sum(told.values()) == 1 and len(told) == len(Symptom)


def test_a_dose_that_was_not_given_is_not_done_with_its_reason_and_is_no_dose() -> None:
    found = of(a_session(not_given()))
    procedure, given = found["procedure"], found["administration"]
    assert procedure["status"] == given["status"] == "not-done"
    assert procedure["statusReason"]["text"] == "Blood pressure 172/104."
    assert "performedPeriod" not in procedure and "dosage" not in given
    assert given["effectiveDateTime"] == "2026-03-02T11:10:00-05:00"
    assert "dose" not in found and "tolerance" not in found and "before-1-bp" in found
    assert happened(a_record(*found.values()), "plan-1", NY).doses == ()


def test_a_dose_stopped_early_says_so_and_counts() -> None:
    sheet = a_sheet(dose={**a_sheet().dose, "outcome": "stopped", "mg": Decimal("17.5"), "why": "200/118"})
    found = of(a_session(sheet))
    assert found["procedure"]["status"] == found["administration"]["status"] == "stopped"
    assert found["administration"]["statusReason"] == [{"text": "200/118"}]
    (dose,) = happened(a_record(*found.values()), "plan-1", NY).doses
    assert (dose.mg, dose.mg_per_kg) == (Decimal("17.5"), Decimal("0.26"))


def test_what_was_passed_done_and_remarked_stands_in_the_notes() -> None:
    sheet = a_sheet(
        dose={**a_sheet().dose, "rescue": "ondansetron 4 mg IV 09:30", "interventions": "oxygen 2 l"},
        overrides=(an_override(),),
    )
    notes = " ".join(n["text"] for n in of(a_session(sheet, remarks=("Left early.",)))["procedure"]["note"])
    assert "Rescue medicine: ondansetron 4 mg IV 09:30" in notes
    assert "Interventions: oxygen 2 l" in notes
    assert "BLOOD_PRESSURE passed by Dr Ada Rossi, 2026-03-02T08:55:00-05:00: Known white-coat rise." in notes
    assert "34 mg (0.50 mg/kg of 68.00 kg dosing weight)" in notes
    assert "Left early." in notes


def test_esketamine_has_no_dose_by_weight() -> None:
    planned = a_planned_dose(
        route="IN", product="esketamine nasal spray", rxnorm="2119365", minutes=None, mg=56, mg_per_kg=None
    )
    sheet = a_sheet(dose={**a_sheet().dose, "mg": Decimal(56)})
    found = of(a_session(sheet, planned=planned))
    assert [p["code"]["text"] for p in found["dose"]["component"]] == ["Dose given in milligrams"]
    assert found["administration"]["dosage"]["route"]["coding"][0]["code"] == "46713006"
    assert found["administration"]["medicationCodeableConcept"]["coding"][0]["code"] == "2119365"
    assert "coding" not in found["procedure"]["code"]


def test_links_that_are_not_known_are_left_out() -> None:
    found = of(a_session(links=PlanLinks()))
    assert "basedOn" not in found["procedure"] and "basedOn" not in found["dose"]
    assert "supportingInformation" not in found["administration"]


def test_rows_of_a_preview_have_words() -> None:
    said = {s.key: describe(s)[1] for s in a_session().steps()}
    assert said["procedure"].startswith("Infusion 1 of 6: racemic ketamine hydrochloride")
    assert said["administration"].endswith("dosing weight), completed")
    assert said["set-2-bp"].endswith("Systolic blood pressure 152 mmHg, Diastolic blood pressure 94 mmHg")
    assert "Nausea yes" in said["tolerance"]


# --- adverse events ---------------------------------------------------------------------------------------


def test_an_adverse_event_reads_back_as_its_kind_on_its_day() -> None:
    (raw,) = written(an_event().steps()).values()
    (event,) = happened(a_record(raw), "plan-1", NY).events
    assert (event.kind, event.on) == (EventKind.HYPERTENSION, date(2026, 3, 2))
    assert "204/122 with headache. Action taken: infusion stopped, labetalol" in event.words
    (suspect,) = raw["suspectEntity"]
    assert suspect["instance"]["identifier"]["value"] == "session-1/administration"
    assert raw["identifier"]["value"] == "event-1/event"


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_is_told_again(kind: EventKind) -> None:
    (raw,) = written(an_event(event=kind, session="", onset=date(2026, 3, 3)).steps()).values()
    (event,) = happened(a_record(raw), "plan-1", NY).events
    assert (event.kind, event.on) == (kind, date(2026, 3, 3))
    assert "suspectEntity" not in raw


# --- what may not be sent ---------------------------------------------------------------------------------

GOOD = {r["resourceType"]: r for r in of(a_session()).values()}
GOOD["AdverseEvent"] = written(an_event().steps())["event"]
SKIPPED = of(a_session(not_given()))


@pytest.mark.parametrize("path", [f"{k}.{n}" for k, names in session_rules.REQUIRED.items() for n in names])
def test_every_required_element_is_checked(path: str) -> None:
    kind, name = path.split(".")
    assert f"{path}: required" in check({k: v for k, v in GOOD[kind].items() if k != name})
    assert check(GOOD[kind], patient=f"Patient/{PATIENT_ID}") == []
    assert any("another patient" in p for p in check(GOOD[kind], patient="Patient/other"))


def planted(path: str, value: Any) -> list[str]:
    """The problems of a good resource with `value` at `path`."""
    kind, *parts = path.split(".")
    skipped = path == "MedicationAdministration.effectiveDateTime"
    broken: Any = deepcopy(SKIPPED["administration"] if skipped else GOOD[kind])
    inner = broken
    for part in parts[:-1]:
        inner = inner[part][0] if isinstance(inner[part], list) else inner[part]
    inner[parts[-1]] = [value] if isinstance(inner[parts[-1]], list) else value
    return check(broken)


@pytest.mark.parametrize("path", session_rules.CODES)
def test_every_code_is_checked(path: str) -> None:
    assert any("not a code" in p for p in planted(path, "in-progress"))


@pytest.mark.parametrize("path", session_rules.TARGETS)
def test_every_reference_is_held_to_its_types(path: str) -> None:
    assert any("type not allowed" in p for p in planted(path, {"reference": "Basic/1"}))


@pytest.mark.parametrize("path", session_rules.TIMES)
def test_every_time_has_a_zone(path: str) -> None:
    assert any("with a zone" in p for p in planted(path, "2026-03-02T09:00:00"))


@pytest.mark.parametrize(
    ("key", "changes", "said"),
    [
        ("administration", {"dosage": None}, "dosage.dose"),
        ("administration", {"status": "not-done"}, "dosage: none"),
        ("administration", {"status": "not-done"}, "statusReason"),
        ("administration", {"effectivePeriod": None}, "effective[x]"),
        ("procedure", {"performedPeriod": None}, "performedPeriod"),
        ("procedure", {"status": "not-done"}, "statusReason"),
        ("set-2-bp", {"component": [{"code": {"text": "x"}}]}, "component[0].value"),
        ("dose", {"component": None}, "value: required"),
    ],
)
def test_what_contradicts_itself_is_never_sent(key: str, changes: Json, said: str) -> None:
    broken = {k: v for k, v in (of(a_session())[key] | changes).items() if v is not None}
    assert any(said in p for p in check(broken)), check(broken)


def test_moments_are_the_site_s_also_over_a_clock_change() -> None:
    later = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
    sheet = a_sheet(dose={**a_sheet().dose, "started": later, "ended": later})
    period = of(a_session(sheet))["procedure"]["performedPeriod"]
    assert period["start"] == "2026-03-09T10:00:00-04:00"


def test_a_loinc_value_read_back_is_the_one_measured() -> None:
    record = a_record(*of(a_session()).values())
    weights = [o.value for o in record.observations if o.has(LOINC, ("29463-7",))]
    assert [w.value for w in weights] == [Decimal("68.5")]  # type: ignore[union-attr]
