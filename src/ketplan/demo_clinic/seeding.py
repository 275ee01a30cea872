"""Puts the patients of the demo clinic where they belong: into the pretend EHR and the store."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Thread
from typing import Any

from ketplan.compose import Services, chart, utc_now
from ketplan.demo_clinic.roster import GROUP
from ketplan.errors import KetplanError
from ketplan.fhir.render import Verb, link
from ketplan.kept import steps_of
from ketplan.sandbox.harbor import Harbor
from ketplan.sandbox.patients.build import Person
from ketplan.store.audit import AuditEvent
from ketplan.store.columns import from_json
from ketplan.store.journal import Planned
from ketplan.store.plans import PLAN, PlanState, StoredPlan
from ketplan.store.sheets import SheetKey
from ketplan.syncing import sync

log = logging.getLogger("ketplan.demo")

Json = dict[str, Any]


@contextmanager
def beside(services: Services, harbor: Harbor, today: date, token: str) -> Iterator[None]:
    """Fill the clinic while the demo answers already, by another process; then sync it once."""
    words = [sys.executable, "-m", "ketplan.demo_clinic", harbor.fhir_url, today.isoformat(), harbor.zone.key]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, encoding="utf-8") as maker:  # noqa: S603  our own words
        reader = Thread(target=_read, args=(maker, services, harbor, token), daemon=True)
        reader.start()
        try:
            yield
        finally:
            maker.kill()
            reader.join(5)


def _read(maker: subprocess.Popen[str], services: Services, harbor: Harbor, token: str) -> None:
    assert maker.stdout
    with suppress(ValueError):  # the demo has ended, in the middle of a line
        for line in maker.stdout:
            try:
                seed(services, harbor, from_json(line))
            except KetplanError as error:
                log.warning("a patient of the demo clinic is left out: %s", type(error).__name__)
        if maker.wait() == 0:
            look(services, harbor, token)


def look(services: Services, harbor: Harbor, token: str) -> None:
    """The sync that a clinic would have had last night."""
    client = chart(harbor.fhir_url, token, 1, known=services.vendors)
    try:
        sync(services, client, harbor.fhir_url, utc_now)
    except KetplanError as error:
        log.warning("the demo clinic was not synced: %s", type(error).__name__)


def seed(services: Services, harbor: Harbor, patient: Json) -> None:
    """One patient as `made.patients` made them, as if all had been written and had happened."""
    case = patient["case"]
    person = Person(**{name: case[name] for name in Person.__dataclass_fields__})
    harbor.admit(person, GROUP, case["words"], patient["stands"])
    server = harbor.fhir_url
    for kept in patient["kept"]:
        at, is_plan = datetime.fromisoformat(kept["at"]), kept["kind"] == PLAN
        state = PlanState.ENDED if is_plan and patient["ended"] else PlanState.WRITTEN
        stored = services.plans.save(kept["id"], server, person.id, 1, kept["payload"], at, state)
        _write(services, harbor, stored, kept["ids"], at)
        if is_plan:
            _note(services, stored, at)
    for sheet in patient["sheets"]:
        key = SheetKey(server, person.id, sheet["plan"], sheet["visit"])
        services.sheets.save(key, sheet["content"], 0, datetime.fromisoformat(sheet["at"]))
    for change in patient["since"]:
        _change(harbor, change["reference"], change["changes"])


def _write(
    services: Services, harbor: Harbor, kept: StoredPlan, ids: Mapping[str, str], at: datetime
) -> None:
    """Each step as a run would leave it: the resource in the EHR, the row in the journal."""
    stands = []
    for step in steps_of(kept):
        body, id_ = link(step.resource, ids), ids[step.key].partition("/")[2]
        if step.verb is Verb.CREATE:
            stored = harbor.store.create(body, id_)
        else:
            stored = _change(harbor, ids[step.key], {name: body[name] for name in step.changes})
        planned = Planned(step.key, step.type, step.verb.value, body)
        stands.append((planned, id_, f'W/"{stored["meta"]["versionId"]}"'))
    services.journal.stood(kept.plan_id, stands, at)


def _change(harbor: Harbor, reference: str, changes: Json | None) -> Json:
    kind, _, id_ = reference.partition("/")
    with harbor.store.lock:
        if changes is None:
            harbor.store.delete(kind, id_)
            return {}
        return harbor.store.replace({**(harbor.store.at(reference) or {}), **changes}, id_)


def _note(services: Services, plan: StoredPlan, at: datetime) -> None:
    by, patient = str(plan.payload["clinician"]), f"Patient/{plan.patient_id}"
    event = AuditEvent(by, "plan-signed", plan.iss, patient, plan.plan_id)
    services.audit.append(event, at)
    services.audit.append(replace(event, action="plan-written", outcome="written"), at + timedelta(minutes=1))
