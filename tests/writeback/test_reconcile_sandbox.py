"""A written plan, then somebody else's hand in the EHR, then a look at it: the real client and journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ketplan import compose
from ketplan.clinical.plan import Clinician
from ketplan.config import Settings, Site
from ketplan.errors import Temporary
from ketplan.fhir.rendering.resolution import Choice, Decided
from ketplan.kept import plan_payload
from ketplan.reconciling import as_decided, look_at
from ketplan.sandbox.app import create_app
from ketplan.writeback.looking import Report
from ketplan.writeback.reconcile import Kind, Looked
from tests.fhir.plan_builders import PLAN_ID, a_plan
from tests.web.support import EHR, ISS, EhrHttp
from tests.writeback.killed_run import KEY, steps_for

PATIENT = "gad-ready"
NOW = datetime(2026, 2, 25, 15, 30, tzinfo=UTC)
VISIT = "appointment-infusion-2"
LATER = {"start": "2026-03-06T10:00:00-05:00", "end": "2026-03-06T12:30:00-05:00"}
WHO = Clinician("Practitioner/halvorsen", "Dr Ingrid Halvorsen, MD")


@dataclass
class Clinic:
    """A plan of a patient in an EHR, and the store that knows of it. `http` counts what is asked."""

    services: compose.Services
    store: Any
    http: EhrHttp
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        return compose.chart(ISS, None, http=self.http)

    def write(self, plan_id: str = PLAN_ID) -> compose.Receipt:
        return compose.resume_plan(
            self.services, plan_id, self.client, server=ISS, patient_id=PATIENT, now=lambda: NOW
        )

    def look(self) -> Report:
        return look_at(self.services, self.client, self.services.plans.load(PLAN_ID), NOW)

    def held(self, key: str) -> dict[str, Any]:
        kind = "Appointment" if key.startswith("appointment") else "CarePlan"
        return dict(self.store.find(kind, self.id_of(key)))

    def id_of(self, key: str) -> str:
        entries = self.services.journal.entries(PLAN_ID)
        return next(str(e.resource_id) for e in entries if e.key == key)

    def change(self, key: str, **changes: Any) -> None:
        """Somebody else's doing. None takes an element out."""
        raw = self.held(key)
        kept = {name: value for name, value in (raw | changes).items() if value is not None}
        self.store.replace(kept, raw["id"])

    def decide(self, one: Looked, choice: Choice, **edited: Any) -> compose.Receipt:
        about = one.authored
        elements = tuple(dict.fromkeys([*(row.element for row in one.rows), *edited]))
        theirs = {name: (one.theirs or {}).get(name) for name in elements}
        decided = Decided(
            f"decision-{choice}-{one.seen[:8]}",
            PLAN_ID,
            f"Patient/{PATIENT}",
            about.key,
            about.reference,
            choice,
            {**about.ours, **edited},
            elements,
            one.seen,
            "Agreed with the patient.",
            WHO,
            NOW,
            theirs,
        )
        compose.keep_record(self.services, decided, server=ISS, patient_id=PATIENT, now=lambda: NOW)
        return self.write(decided.id)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    settings = Settings(
        home=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'ketplan.db'}",
        public_url="http://localhost:8400",
        secret_key=KEY,
        site=Site(timezone="America/New_York"),
    )
    services = compose.open_services(settings)
    ehr = create_app(EHR, today=date(2026, 2, 25), open_access=True, clock=NOW.timestamp)
    made = Clinic(services, ehr.extensions["harbor"].store, EhrHttp(ehr))
    steps = steps_for(PATIENT)
    services.plans.save(PLAN_ID, ISS, PATIENT, 1, plan_payload(a_plan(), steps), NOW)
    assert made.write().complete
    yield made
    services.drafts._database.close()


def only(report: Report) -> Looked:
    [one] = report.differing
    return one


def test_what_nobody_touched_is_as_written_and_looking_writes_nothing(clinic: Clinic) -> None:
    clinic.http.sent.clear()
    report = clinic.look()
    assert (report.exit_code, report.differing, report.unread) == (0, (), ())
    assert len(report.looked) == 10
    assert {verb for verb, _ in clinic.http.sent} == {"GET"}
    kept = clinic.services.reconciliations.load(PLAN_ID)
    assert kept is not None and kept.at == NOW and kept.content["differing"] == 0


def test_the_visits_are_looked_at_by_one_search(clinic: Clinic) -> None:
    clinic.http.sent.clear()
    clinic.look()
    assert [path for _, path in clinic.http.sent if "/Appointment" in path] == ["/fhir/Appointment"]


def test_a_moved_visit_is_seen_in_three_versions(clinic: Clinic) -> None:
    before = clinic.held(VISIT)["start"]
    clinic.change(VISIT, **LATER)
    one = only(clinic.look())
    assert (one.kind, one.authored.key) == (Kind.CHANGED, VISIT)
    assert next((r.element, r.base, r.ours, r.theirs) for r in one.rows) == (
        "start",
        before,
        before,
        LATER["start"],
    )
    assert clinic.look().exit_code == 1


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error"])
def test_a_visit_that_will_not_be(clinic: Clinic, status: str) -> None:
    clinic.change(VISIT, status=status)
    assert only(clinic.look()).kind is Kind.CANCELLED


def test_a_deleted_visit_is_gone(clinic: Clinic) -> None:
    clinic.store.delete("Appointment", clinic.id_of(VISIT))
    one = only(clinic.look())
    assert (one.kind, one.rows, one.seen) == (Kind.GONE, (), "")


def test_a_revised_and_a_revoked_care_plan(clinic: Clinic) -> None:
    clinic.change("care-plan", period={"start": "2026-03-02", "end": "2026-06-30"})
    assert [row.element for row in only(clinic.look()).rows] == ["period"]
    clinic.change("care-plan", status="revoked")
    assert only(clinic.look()).kind is Kind.CANCELLED


def test_an_activity_taken_out_differs_and_one_added_does_not(clinic: Clinic) -> None:
    activity = clinic.held("care-plan")["activity"]
    more = [*activity, {"reference": {"reference": "ServiceRequest/of-somebody-else"}}]
    clinic.change("care-plan", activity=more)
    assert clinic.look().exit_code == 0
    clinic.change("care-plan", activity=activity[1:])
    assert [row.element for row in only(clinic.look()).rows] == ["activity"]


def test_a_visit_that_now_belongs_to_somebody_else_stops_everything(clinic: Clinic) -> None:
    clinic.change(VISIT, participant=[{"actor": {"reference": "Patient/ocd-erp"}, "status": "accepted"}])
    one = only(clinic.look())
    assert one.kind is Kind.FOREIGN
    assert one.theirs is None


def test_a_merged_patient(clinic: Clinic) -> None:
    raw = dict(clinic.store.find("Patient", PATIENT))
    merged = {"other": {"reference": "Patient/gad-2"}, "type": "replaced-by"}
    clinic.store.replace({**raw, "active": False, "link": [merged]}, PATIENT)
    clinic.change(VISIT, participant=[{"actor": {"reference": "Patient/gad-2"}, "status": "accepted"}])
    report = clinic.look()
    assert "merged" in report.patient.words
    assert only(report).kind is Kind.MERGED
    assert report.count == 2


def test_an_inactive_patient(clinic: Clinic) -> None:
    clinic.store.replace({**clinic.store.find("Patient", PATIENT), "active": False}, PATIENT)
    assert (clinic.look().exit_code, clinic.look().patient.inactive) == (1, True)


def test_an_ehr_that_is_away_says_nothing(clinic: Clinic) -> None:
    clinic.http.down = True
    with pytest.raises(Temporary):
        clinic.look()
    assert clinic.services.reconciliations.load(PLAN_ID) is None


def test_mine_is_written_over_exactly_what_was_seen_and_once(clinic: Clinic) -> None:
    before = clinic.held(VISIT)
    clinic.change(VISIT, **LATER, comment="moved by the front desk")
    one = only(clinic.look())
    assert clinic.decide(one, Choice.MINE).complete
    now = clinic.held(VISIT)
    assert (now["start"], now["end"]) == (before["start"], before["end"])
    assert now["comment"] == "moved by the front desk"
    assert clinic.look().exit_code == 0
    clinic.http.sent.clear()
    assert clinic.decide(one, Choice.MINE).complete
    assert {verb for verb, _ in clinic.http.sent} == {"GET"}


def test_mine_brings_a_cancelled_visit_back_without_the_reason_it_was_cancelled_for(clinic: Clinic) -> None:
    status = clinic.held(VISIT)["status"]
    clinic.change(VISIT, status="cancelled", cancelationReason={"text": "by mistake"})
    assert clinic.decide(only(clinic.look()), Choice.MINE).complete
    assert clinic.held(VISIT)["status"] == status
    assert "cancelationReason" not in clinic.held(VISIT)


def test_mine_writes_again_what_is_gone(clinic: Clinic) -> None:
    clinic.store.delete("Appointment", clinic.id_of(VISIT))
    receipt = clinic.decide(only(clinic.look()), Choice.MINE)
    assert receipt.complete
    assert clinic.look().exit_code == 0
    assert clinic.store.at(receipt.rows[0].reference)["status"] == "proposed"


def test_a_decision_does_not_hold_for_what_was_changed_since(clinic: Clinic) -> None:
    clinic.change(VISIT, **LATER)
    one = only(clinic.look())
    clinic.change(VISIT, start="2026-03-06T11:00:00-05:00")
    receipt = clinic.decide(one, Choice.MINE)
    assert "changed again" in receipt.rows[0].detail
    assert clinic.held(VISIT)["start"] == "2026-03-06T11:00:00-05:00"
    assert only(clinic.look()).rows[0].theirs == "2026-03-06T11:00:00-05:00"


def test_theirs_is_taken_without_a_write_and_the_plan_goes_by_it(clinic: Clinic) -> None:
    clinic.change(VISIT, **LATER)
    one = only(clinic.look())
    clinic.http.sent.clear()
    assert clinic.decide(one, Choice.THEIRS).complete
    assert clinic.http.written == []
    assert clinic.look().exit_code == 0
    plan = as_decided(clinic.services, clinic.services.plans.load(PLAN_ID))
    step = next(s for s in plan.payload["steps"] if s["key"] == VISIT)
    assert step["resource"]["start"] == LATER["start"]
    clinic.change(VISIT, start="2026-03-06T11:00:00-05:00")
    assert only(clinic.look()).rows[0].base == LATER["start"]


def test_the_end_of_a_deleted_visit_is_taken(clinic: Clinic) -> None:
    clinic.store.delete("Appointment", clinic.id_of(VISIT))
    clinic.decide(only(clinic.look()), Choice.THEIRS)
    assert clinic.look().exit_code == 0
    plan = as_decided(clinic.services, clinic.services.plans.load(PLAN_ID))
    assert next(s for s in plan.payload["steps"] if s["key"] == VISIT)["resource"]["status"] == "cancelled"


def test_a_third_version_is_written(clinic: Clinic) -> None:
    clinic.change(VISIT, **LATER)
    third = {"start": "2026-03-06T09:00:00-05:00", "end": "2026-03-06T11:30:00-05:00"}
    assert clinic.decide(only(clinic.look()), Choice.EDIT, **third).complete
    assert clinic.held(VISIT)["start"] == third["start"]
    assert clinic.look().exit_code == 0


def test_what_the_ehr_drops_at_once_is_no_difference_later(clinic: Clinic) -> None:
    raw = clinic.held("care-plan")
    entries = {e.key: e for e in clinic.services.journal.entries(PLAN_ID)}
    # As if it had never kept the description: the version is the one it gave for our last write.
    store = clinic.store
    held = store.find("CarePlan", raw["id"])
    held.pop("addresses", None), held.pop("title")
    assert entries["care-plan-activities"].etag
    assert clinic.look().exit_code == 0
    clinic.change("care-plan", intent="order")
    assert [row.element for row in only(clinic.look()).rows] == ["intent"]
