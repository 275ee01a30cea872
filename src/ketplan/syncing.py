"""What has become of the visits of every course: one look at an EHR's calendar, held against each plan.

Reads only. What the EHR says is kept for lists and boards; what somebody must decide is counted there and
told on the course's own page. One process at a time looks at one EHR, and a patient who cannot be read stops
nobody else.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from ketplan.compose import Services
from ketplan.ehr.client import FhirClient, Resource
from ketplan.ehr.profiles.model import Reach
from ketplan.ehr.window import WindowRead, read_by_patient, read_window
from ketplan.errors import KetplanError, LaunchError, Temporary
from ketplan.fhir.booked import read_appointment
from ketplan.fhir.reading import Reading
from ketplan.reconciling import look_at_visits, written_of
from ketplan.scheduling.moved import Spot, objections
from ketplan.store.plans import PLAN, PlanState, StoredPlan
from ketplan.store.visits import SyncedVisit
from ketplan.writeback.authored import Authored
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.reconcile import Kind, Looked

log = logging.getLogger("ketplan.sync")

STANDS = frozenset({PlanState.WRITTEN, PlanState.INCOMPLETE, PlanState.WAITING})
LEASE_SECONDS = 120.0
BACK, MARGIN = timedelta(days=14), timedelta(days=30)
"""How long a visit is looked at after its day, and how far after the last one others may have moved it."""
SILENT = 3
"""So many plans in a row without an answer, and the EHR counts as away."""
MOVES = frozenset({"start", "end", "slot", "participant"})
VISIT = "appointment-"
BUSY = "Another process is looking at this EHR's calendar right now."


@dataclass(frozen=True)
class Tally:
    """Counts of one sync: of plans, of their visits, of those that changed since the last look, of what
    somebody must decide, of plans that could not be looked at, and of those left for the next time."""

    plans: int = 0
    visits: int = 0
    changed: int = 0
    conflicts: int = 0
    failed: int = 0
    left: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tally)))

    @property
    def exit_code(self) -> int:
        """1 where somebody must decide, 75 where not everything could be looked at, else 0."""
        return 1 if self.conflicts else 75 if self.failed or self.left else 0


def sync(
    services: Services,
    client: FhirClient,
    iss: str,
    now: Callable[[], datetime],
    only: Collection[str] = (),
) -> Tally:
    """Look at the visits of every course under way in one EHR, or of those plans alone; who was looked at
    longest ago comes first. Raises Temporary while another process does so."""
    owner, name = uuid.uuid4().hex, lock_name(iss)
    if not services.locks.acquire(name, owner, now(), LEASE_SECONDS):
        raise Temporary(BUSY)
    try:
        return _Sync(services, client, iss, now, lambda: _renewed(services, name, owner, now)).through(only)
    finally:
        services.locks.release(name, owner)


def lock_name(iss: str) -> str:
    return f"sync-{sha256(iss.rstrip('/').encode()).hexdigest()[:40]}"


def under_way(services: Services, iss: str, only: Collection[str] = ()) -> list[StoredPlan]:
    """The plans of an EHR whose visits matter, who was looked at longest ago first."""
    seen = {plan.plan_id: plan.tried_at for plan in services.visits.of_server(iss)}
    never = datetime.min.replace(tzinfo=UTC)
    mine = [
        plan
        for plan in services.plans.list()
        if plan.kind == PLAN
        and plan.iss == iss
        and plan.state in STANDS
        and (not only or plan.plan_id in only)
    ]
    return sorted(mine, key=lambda plan: (seen.get(plan.plan_id, never), plan.plan_id))


def _renewed(services: Services, name: str, owner: str, now: Callable[[], datetime]) -> bool:
    return services.locks.renew(name, owner, now(), LEASE_SECONDS)


@dataclass
class _Sync:
    services: Services
    client: FhirClient
    iss: str
    now: Callable[[], datetime]
    hold: Callable[[], bool]
    silent: int = 0
    sent_away: bool = False

    def through(self, only: Collection[str]) -> Tally:
        plans = under_way(self.services, self.iss, only)
        if not plans:
            return Tally()
        window, tally = self._window(plans), Tally()
        for place, plan in enumerate(plans):
            if not self.hold():
                return tally + Tally(left=len(plans) - place)
            try:
                tally += self._one(plan, window)
                self.silent = 0
            except (KetplanError, ValueError, TypeError, KeyError) as error:
                self._failed(plan, error)
                tally += Tally(plans=1, failed=1)
                self.sent_away = self._sends_away(error)
            if self.sent_away:
                return tally + Tally(left=len(plans) - place - 1)
        return tally

    def _window(self, plans: Sequence[StoredPlan]) -> WindowRead:
        if len(plans) == 1:
            return WindowRead(Reach.PATIENT, {})
        first, last = _span(plans, self.services, self.now())
        return read_window(self.client, first.date(), last.date())

    def _one(self, plan: StoredPlan, window: WindowRead) -> Tally:
        """One course: what is not over yet is looked at, the rest stays as it was seen last."""
        services, now = self.services, self.now()
        found = services.visits.of_plan(plan.plan_id)
        before = {visit.key: visit for visit in (found.visits if found else ())}
        visits = [one for one in written_of(services, plan) if one.key.startswith(VISIT)]
        wanted = [one for one in visits if _matters(one, before.get(_key(one)), now)]
        chart = WindowChart(self.client, window)
        report = look_at_visits(services, chart, plan, wanted, now, self.client.parallel)
        self.sent_away = chart.wish is not None
        zone = services.practice.zone
        seen = {
            _key(one.authored): _seen(one, before.get(_key(one.authored)), now, zone) for one in report.looked
        }
        kept = [known for one in visits if (known := seen.get(key := _key(one)) or before.get(key))]
        conflicts = sum(_conflicts(one, report.looked, services, zone) for one in report.looked)
        conflicts += bool(report.patient.words)
        saved = services.visits.save(plan.plan_id, plan.iss, plan.patient_id, kept, conflicts, now)
        changed = sum(_changed(visit, before.get(visit.key)) for visit in saved.visits)
        failed = any(one.kind is Kind.UNREAD for one in report.looked)
        return Tally(1, len(kept), changed, conflicts, int(failed))

    def _failed(self, plan: StoredPlan, error: Exception) -> None:
        """No word of the EHR's and nobody's name: the kind of error is all that is logged."""
        log.warning("a plan could not be synced: %s", type(error).__name__)
        said = str(error) if isinstance(error, KetplanError) else "What the EHR sent could not be understood."
        self.silent += isinstance(error, Temporary)
        try:
            self.services.visits.failed(plan.plan_id, plan.iss, plan.patient_id, said, self.now())
        except KetplanError as trouble:
            log.warning("and that could not be kept: %s", type(trouble).__name__)

    def _sends_away(self, error: Exception) -> bool:
        """Whether going on now is pointless, or against the EHR's wish."""
        asked = isinstance(error, Temporary) and error.retry_after
        return bool(asked) or isinstance(error, LaunchError) or self.silent >= SILENT


class WindowChart(EhrChart):
    """An EHR whose visits were asked for already, for everybody at once.

    `wish` is its wish to be left alone, once it said so: nothing more is asked then, the same is answered.
    """

    def __init__(self, client: FhirClient, window: WindowRead) -> None:
        super().__init__(client)
        self._window = window
        self.wish: Temporary | None = None

    def read(self, kind: str, id: str) -> Resource:
        with self._heeded():
            return super().read(kind, id)

    def of_patient(self, kind: str, patient_id: str) -> list[dict[str, Any]]:
        if kind != "Appointment" or self._window.reach is Reach.PATIENT:
            with self._heeded():
                return super().of_patient(kind, patient_id)
        return read_by_patient(self._window, patient_id)

    @contextmanager
    def _heeded(self) -> Iterator[None]:
        if self.wish:
            raise self.wish
        try:
            yield
        except Temporary as error:
            if error.retry_after:
                self.wish = error
            raise


def _span(plans: Sequence[StoredPlan], services: Services, now: datetime) -> tuple[datetime, datetime]:
    """From a while ago to well after the last visit of any plan."""
    ends = [
        datetime.fromisoformat(step["resource"]["end"])
        for plan in plans
        for step in plan.payload["steps"]
        if step["resource"]["resourceType"] == "Appointment" and step["resource"].get("end")
    ]
    return now - BACK, max([now, *ends]) + MARGIN


def _key(one: Authored) -> str:
    return one.key.removeprefix(VISIT)


def _matters(one: Authored, before: SyncedVisit | None, now: datetime) -> bool:
    """Whether it could still change: it was never seen, or its day is not long past."""
    if before is None or before.end is None:
        return True
    return before.end > now - BACK


def _seen(one: Looked, before: SyncedVisit | None, now: datetime, zone: Any) -> SyncedVisit | None:
    """As the EHR has it; as before where it could not be read."""
    if one.kind is Kind.UNREAD:
        return before
    theirs = one.theirs or {}
    booked = next(iter(read_appointment(theirs, Reading(zone, {}))), None) if theirs else None
    start, end = (getattr(booked, name, None) for name in ("start", "end"))
    return SyncedVisit(
        _key(one.authored),
        one.authored.reference,
        str(theirs.get("status") or ""),
        start or _moment(one.authored.ours.get("start")),
        end or _moment(one.authored.ours.get("end")),
        tuple(getattr(booked, "resources", ())),
        str(one.authored.ours.get("description") or ""),
        _version(theirs),
        one.kind.value if one.differs else "",
        now,
    )


def _version(theirs: Mapping[str, Any]) -> str:
    meta = theirs.get("meta")
    return str(meta.get("versionId") or "") if isinstance(meta, Mapping) else ""


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _changed(now: SyncedVisit, before: SyncedVisit | None) -> bool:
    return before is not None and now.sequence != before.sequence


def _conflicts(one: Looked, looked: Sequence[Looked], services: Services, zone: Any) -> bool:
    """Whether somebody must decide: a visit that only stands at another time, where no rule of the course
    speaks against it, is simply there."""
    if not one.differs:
        return False
    only_moved = one.kind is Kind.CHANGED and {row.element for row in one.rows} <= MOVES
    if not only_moved or one.theirs is None:
        return True
    here = _spot(one)
    others = [spot for other in looked if other is not one and (spot := _spot(other))]
    never = datetime.combine(datetime.min.date(), time.min, UTC)
    return here is None or bool(objections(here, others, (), services.practice.clinic, never))


def _spot(one: Looked) -> Spot | None:
    resource = one.theirs or {}
    start, end = _moment(resource.get("start")), _moment(resource.get("end"))
    if not start or not end or resource.get("status") in ("cancelled", "noshow", "entered-in-error"):
        return None
    return Spot(_key(one.authored), "", start, end)
