"""The visits of a whole clinic, looked at: the demo's patients, the real client, somebody else's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ketplan import compose
from ketplan.compose import Services
from ketplan.config import Settings, Site
from ketplan.demo_clinic.roster import Twist
from ketplan.demo_clinic.seeding import seed
from ketplan.errors import LaunchError, Temporary
from ketplan.sandbox.app import create_app as create_ehr
from ketplan.store.plans import PLAN
from ketplan.store.visits import SyncedPlan, SyncedVisit
from ketplan.syncing import BUSY, SILENT, Tally, lock_name, sync
from tests.demo_clinic.conftest import TODAY, Made
from tests.web.support import APP, EHR, ISS, NOW, EhrHttp

SEVERAL = (Twist.MOVED, Twist.CANCELLED, Twist.GONE, Twist.UNBOOKED)
KEY = "Zk3x-9QpT7_vWn5LrB8yHs2JdFg4MaCe6Ub1"


@dataclass
class Clinic:
    """`now` is moved by the tests; `http` tells what was asked."""

    services: Services
    harbor: Any
    http: EhrHttp
    made: Made
    now: datetime = NOW

    @property
    def client(self) -> Any:
        return compose.chart(ISS, None, 1, self.http, self.services.vendors)  # type: ignore[arg-type]

    def sync(self, only: tuple[str, ...] = ()) -> Tally:
        self.http.sent.clear()
        return sync(self.services, self.client, ISS, lambda: self.now, only)

    def plan(self, twist: Twist) -> SyncedPlan:
        found = self.services.visits.of_plan(self.made[twist]["kept"][0]["id"])
        assert found is not None
        return found

    def change(self, visit: SyncedVisit, **changes: Any) -> None:
        self.harbor.store.replace({**self.harbor.store.at(visit.reference), **changes}, visit.reference[12:])


@pytest.fixture
def open_clinic(tmp_path: Path, made: Made) -> Iterator[Callable[..., Clinic]]:
    opened: list[Services] = []

    def opener(*twists: Twist, like: str = "harbor") -> Clinic:
        settings = Settings(
            home=tmp_path,
            database_url=f"sqlite:///{tmp_path / 'clinic.db'}",
            public_url=APP,
            secret_key=KEY,
            site=Site(timezone="America/New_York"),
        )
        services = compose.open_services(settings)
        opened.append(services)
        ehr = create_ehr(EHR, today=TODAY, open_access=True, clock=NOW.timestamp, like=like, patients=[])
        for twist in twists:
            seed(services, ehr.extensions["harbor"], made[twist])
        return Clinic(services, ehr.extensions["harbor"], EhrHttp(ehr), made)

    yield opener
    for services in opened:
        services.drafts._database.close()


@pytest.fixture
def clinic(open_clinic: Callable[..., Clinic]) -> Clinic:
    return open_clinic(Twist.MOVED, Twist.CANCELLED, Twist.GONE)


def only_different(plan: SyncedPlan) -> list[SyncedVisit]:
    return [visit for visit in plan.visits if visit.standing]


def test_a_whole_clinic_by_one_search(clinic: Clinic) -> None:
    tally = clinic.sync()
    assert (tally.plans, tally.failed, tally.left, tally.exit_code) == (3, 0, 0, 1)
    assert tally.visits == sum(len(clinic.plan(t).visits) for t in (Twist.MOVED, Twist.CANCELLED, Twist.GONE))
    searches = [path for _, path in clinic.http.sent if path == "/fhir/Appointment"]
    assert 0 < len(searches) <= 2, "a page or two"
    assert {verb for verb, _ in clinic.http.sent} == {"GET"}


def test_what_others_did_is_seen_and_what_breaks_no_rule_is_no_conflict(clinic: Clinic) -> None:
    clinic.sync()
    [moved] = only_different(clinic.plan(Twist.MOVED))
    assert (moved.key[:3], moved.standing, clinic.plan(Twist.MOVED).conflicts) == ("cbt", "changed there", 0)
    [cancelled] = only_different(clinic.plan(Twist.CANCELLED))
    assert (cancelled.status, clinic.plan(Twist.CANCELLED).conflicts) == ("cancelled", 1)
    [gone] = only_different(clinic.plan(Twist.GONE))
    assert (gone.status, gone.standing, clinic.plan(Twist.GONE).conflicts) == ("", "gone", 1)
    kept = clinic.services.reconciliations.load(cancelled_plan(clinic))
    assert kept is not None and kept.content["differing"] == 1


def cancelled_plan(clinic: Clinic) -> str:
    return str(clinic.made[Twist.CANCELLED]["kept"][0]["id"])


def test_a_move_against_a_rule_is_a_conflict(clinic: Clinic) -> None:
    clinic.sync()
    dose = next(v for v in clinic.plan(Twist.CANCELLED).visits if v.key == "infusion-3")
    assert dose.start and dose.end
    back = timedelta(days=2)
    clinic.change(dose, start=(dose.start - back).isoformat(), end=(dose.end - back).isoformat())
    tally = clinic.sync()
    assert (tally.changed, clinic.plan(Twist.CANCELLED).conflicts) == (1, 2)


def test_a_second_look_finds_what_changed_since_and_counts_on(clinic: Clinic) -> None:
    clinic.sync()
    assert clinic.sync().changed == 0
    visit = next(v for v in clinic.plan(Twist.GONE).visits if v.status == "booked")
    clinic.change(visit, status="noshow")
    clinic.now += timedelta(hours=1)
    assert clinic.sync().changed == 1
    now = next(v for v in clinic.plan(Twist.GONE).visits if v.key == visit.key)
    assert (now.status, now.sequence, now.seen) == ("noshow", visit.sequence + 1, clinic.now)


def test_what_is_long_over_is_looked_at_once(clinic: Clinic) -> None:
    clinic.sync()
    clinic.now += timedelta(hours=1)
    clinic.sync()
    seen = {visit.seen for visit in clinic.plan(Twist.GONE).visits}
    assert seen == {NOW, clinic.now}
    over = [v for v in clinic.plan(Twist.GONE).visits if v.seen == NOW]
    assert over and all(v.status == "fulfilled" for v in over)


def test_one_plan_alone(clinic: Clinic) -> None:
    tally = clinic.sync((cancelled_plan(clinic),))
    assert (tally.plans, tally.conflicts) == (1, 1)
    assert clinic.services.visits.of_plan(clinic.made[Twist.GONE]["kept"][0]["id"]) is None


@pytest.mark.parametrize("like", ["medplum", "hapi", "oracle", "epic", "wso2", "athena", "canvas", "openemr"])
def test_every_kind_of_ehr_tells_the_same(open_clinic: Callable[..., Clinic], like: str) -> None:
    clinic = open_clinic(Twist.CANCELLED, Twist.GONE, like=like)
    tally = clinic.sync()
    assert (tally.plans, tally.failed, tally.conflicts) == (2, 0, 2)


class Trouble:
    """Says no when one patient is asked for; without one, for any."""

    def __init__(self, http: EhrHttp, patient: str, error: Exception) -> None:
        self.http, self.patient, self.error = http, patient, error

    def send(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        if f"Patient/{self.patient}" in url:
            raise self.error
        return self.http.send(method, url, *rest, **more)


class Pausing:
    """Shows patients and lists, and wants to be left alone at the first visit read by its id."""

    def __init__(self, http: EhrHttp) -> None:
        self.http, self.refused = http, 0

    def send(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        if "/Appointment/" in url:
            self.refused += 1
            raise Temporary("Slow down.", 429, retry_after=600)
        assert not self.refused, "the EHR wanted to be left alone"
        return self.http.send(method, url, *rest, **more)


def troubled(clinic: Clinic, error: Exception, lasting: bool = False) -> tuple[Tally, str]:
    first = min(
        one["case"]["id"]
        for one in clinic.made.values()
        if clinic.harbor.store.find("Patient", one["case"]["id"])
    )
    http: Any = Trouble(clinic.http, "" if lasting else first, error)
    client = compose.chart(ISS, None, 1, http, clinic.services.vendors)
    return sync(clinic.services, client, ISS, lambda: NOW), first


def test_a_patient_who_cannot_be_read_stops_nobody_else(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    tally, first = troubled(clinic, Temporary("The EHR did not answer in time."))
    assert (tally.plans, tally.failed, tally.left) == (3, 1, 0)
    problems = [p.problem for p in clinic.services.visits.of_server(ISS) if p.patient_id == first]
    assert problems == ["The EHR did not answer in time."]
    assert first not in caplog.text and "Temporary" in caplog.text


def test_an_ehr_that_wants_a_pause_is_left_alone(clinic: Clinic) -> None:
    tally, _ = troubled(clinic, Temporary("Slow down.", 429, retry_after=600), lasting=True)
    assert (tally.failed, tally.left, tally.exit_code) == (1, 2, 75)
    assert Tally(plans=1, failed=1).exit_code == Tally(left=1).exit_code == 75


def test_a_pause_wanted_at_one_visit_is_kept_for_all(open_clinic: Callable[..., Clinic]) -> None:
    clinic = open_clinic(Twist.MOVED, Twist.CANCELLED, Twist.GONE, like="athena")
    http = Pausing(clinic.http)
    client = compose.chart(ISS, None, 1, http, clinic.services.vendors)  # type: ignore[arg-type]
    tally = sync(clinic.services, client, ISS, lambda: NOW)
    assert (tally.plans, tally.failed, tally.left, tally.exit_code) == (1, 1, 2, 75)
    assert http.refused == 1, "nothing was asked after the first wish to be left alone"


def test_an_ehr_that_is_away_is_not_asked_for_everybody(open_clinic: Callable[..., Clinic]) -> None:
    clinic = open_clinic(*SEVERAL)
    tally, _ = troubled(clinic, Temporary("Nobody answers."), lasting=True)
    assert (tally.failed, tally.left) == (SILENT, len(SEVERAL) - SILENT)


def test_one_process_at_a_time_looks_at_one_ehr(clinic: Clinic) -> None:
    clinic.services.locks.acquire(lock_name(ISS), "another", NOW, 60)
    with pytest.raises(Temporary, match=BUSY):
        clinic.sync()
    clinic.now += timedelta(minutes=5)
    assert clinic.sync().plans == 3, "a lease that lapsed is free"
    assert clinic.sync().plans == 3


def test_a_client_that_is_refused_asks_no_further(clinic: Clinic) -> None:
    def refused() -> str:
        raise LaunchError("The EHR refuses this client.")

    from ketplan.ehr.client import FhirClient

    http: Any = clinic.http
    with pytest.raises(LaunchError):
        sync(clinic.services, FhirClient(ISS, refused, http), ISS, lambda: NOW)
    assert not [kept for kept in clinic.services.plans.list() if kept.kind == PLAN and kept.updated == NOW]
