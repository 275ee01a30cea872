"""Put the parts together from the settings. The web app and the command line share this and nothing else."""

from __future__ import annotations

import time as clock
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ketplan import workflow
from ketplan.clinical import site_settings
from ketplan.clinical.plan import Clinician, ConfirmedPlan
from ketplan.config import Ehr, Settings, Site, secret_keys
from ketplan.ehr.client import FhirClient
from ketplan.ehr.doctor.examination import examine
from ketplan.ehr.doctor.report import Report
from ketplan.ehr.fetch import OnSection, RawSection, read_record
from ketplan.ehr.refresh import Supplier
from ketplan.ehr.slots import FOUND_BY, read_free
from ketplan.ehr.transport import Http
from ketplan.ehr.vendors import Vendors, vendors
from ketplan.errors import ConfigError, EhrError, InputError, PdfUnavailable, RefusedError
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.render import Step
from ketplan.fhir.slot import read_free_time
from ketplan.kept import Record, plan_payload, record_payload, steps_of
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.holidays_calendar import public_holidays
from ketplan.store.audit import AuditTrail
from ketplan.store.database import open_database
from ketplan.store.drafts import DraftWorks
from ketplan.store.grants import Grants
from ketplan.store.hints import Hints
from ketplan.store.journal import Journal, JournalEntry, StepState
from ketplan.store.keys import SigningKeys
from ketplan.store.launches import LiveSessions, PendingLaunches
from ketplan.store.locks import RunLocks
from ketplan.store.observed import ObservedRefusals
from ketplan.store.plans import Plans, PlanState, StoredPlan
from ketplan.store.reconciliations import Reconciliations
from ketplan.store.retention import Retention
from ketplan.store.reviews import Reviews
from ketplan.store.sheets import Sheets
from ketplan.store.to_dos import ToDos
from ketplan.store.unsent import UnsentForms
from ketplan.store.visits import SyncedVisits
from ketplan.store.workers import Workers
from ketplan.writeback.chart import EhrChart, remembering
from ketplan.writeback.ladder import given_way, settled, wanted
from ketplan.writeback.runner import run
from ketplan.writeback.steps import Outcome, Receipt, Row

# A course reaches a year ahead; calendars are rarely published further than four months.
CALENDAR_DAYS = 130
HOLIDAY_YEARS = 3

Now = Callable[[], datetime]
OnProgress = Callable[[Row], None]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """What one process works with."""

    settings: Settings
    practice: workflow.Practice
    pending: PendingLaunches
    live: LiveSessions
    drafts: DraftWorks
    plans: Plans
    journal: Journal
    locks: RunLocks
    audit: AuditTrail
    grants: Grants
    signing_keys: SigningKeys
    unsent: UnsentForms
    reconciliations: Reconciliations
    reviews: Reviews
    sheets: Sheets
    workers: Workers
    retention: Retention
    observed: ObservedRefusals
    visits: SyncedVisits
    hints: Hints
    to_dos: ToDos
    vendors: Vendors


def open_services(settings: Settings) -> Services:
    """Read the site's rules and open the database. Raises ConfigError in one sentence."""
    practice = practice_of(settings.site)
    database = open_database(settings.database_url, secret_keys(settings))
    return Services(
        settings,
        practice,
        PendingLaunches(database),
        LiveSessions(database),
        DraftWorks(database),
        Plans(database),
        Journal(database),
        RunLocks(database),
        AuditTrail(database),
        Grants(database),
        SigningKeys(database),
        UnsentForms(database),
        Reconciliations(database),
        Reviews(database),
        Sheets(database),
        Workers(database),
        Retention(database),
        ObservedRefusals(database),
        SyncedVisits(database),
        Hints(database),
        ToDos(database),
        vendors(settings),
    )


def practice_of(site: Site, zone: str | None = None) -> workflow.Practice:
    """The site's clinic, clinical defaults and protocols; `zone` overrides the site's time zone.

    Raises ConfigError for a clinical setting beyond its limits.
    """
    house, library = site_settings.read(site.clinical, site.country)
    closures = dict.fromkeys(site.holidays, "closed by the clinic")
    if site.holiday_calendar:
        this_year = date.today().year
        years = range(this_year - 1, this_year + HOLIDAY_YEARS)
        try:
            closures = public_holidays(site.holiday_calendar, years) | closures
        except InputError as error:
            raise ConfigError(str(error)) from None
    clinic = Clinic(
        zone or site.timezone,
        hours=site.hours,
        closures=closures,
        cbt_window_hours=house.cbt_window_hours,
        dose_gap_hours=house.dose_gap_hours,
    )
    return workflow.Practice(clinic, house, site.signing_roles, library, site.calendars)


def chart(
    base: str,
    token: str | Supplier | None,
    parallel: int = 4,
    http: Http | None = None,
    known: Vendors | None = None,
) -> FhirClient:
    """The EHR's FHIR API at `base`, the only place the token goes; `known` tells what kind of EHR it is."""
    if isinstance(token, Supplier):
        client = FhirClient(base, token, http or Http(), parallel, renew=token.renew)
    else:
        client = FhirClient(base, (lambda: token) if token else None, http or Http(), parallel)
    return known.recognise(client) if known else client


def examine_ehr(ehr: Ehr, redirect_uri: str, **known: Any) -> Report:
    """Ask an EHR, without a sign-in, what a launch and a plan will need; `known` as for `examine`."""
    return examine(ehr, redirect_uri, **known)


def read_chart(client: FhirClient, patient_id: str, on_section: OnSection | None = None) -> list[RawSection]:
    return read_record(client, patient_id, on_section)


def read_calendar(
    client: FhirClient, start: date, practice: workflow.Practice, patient_id: str = ""
) -> workflow.Calendar:
    """The EHR's free slots around a course, by `$find` where it offers that, for the patient where one is
    named, else by a search; without any the clinic's hours alone decide."""
    first = datetime.combine(start - timedelta(days=7), time.min, practice.zone)
    last = datetime.combine(start + timedelta(days=CALENDAR_DAYS), time.min, practice.zone)
    try:
        section = read_free(client, first, last, patient_id)
    except EhrError:
        return workflow.Calendar()
    free = read_free_time(section.resources, practice.zone, practice.calendars)
    return workflow.Calendar(free.slots, free.published, _source(section) if free.slots else "")


def _source(section: RawSection) -> str:
    """How the free times were read, in words."""
    if section.query.endswith(FOUND_BY):
        return f"Free times as the EHR's own {FOUND_BY} gives them."
    return section.detail if FOUND_BY in section.detail else "Free times as the EHR's Slots give them."


@dataclass(frozen=True)
class Signer:
    """The signed-in user: a Clinician when the EHR says it is a practitioner, and their roles in words."""

    clinician: Clinician | None
    roles: tuple[str, ...] = ()


def find_signer(client: FhirClient, fhir_user: str | None) -> Signer:
    """Who the EHR says the user is. Anything but a Practitioner never signs."""
    kind, _, id = (fhir_user or "").partition("/")
    if kind == "PractitionerRole":
        return _by_role(client, id)
    if kind != "Practitioner" or not id:
        return Signer(None)
    try:
        name = _name(client.read("Practitioner", id).raw)
    except EhrError:
        name = ""
    try:
        found = client.search("PractitionerRole", [("practitioner", f"Practitioner/{id}")]).resources
    except EhrError:
        found = []
    mine = [r for r in found if fhir.reference(r.get("practitioner")) == f"Practitioner/{id}"]
    return Signer(Clinician(f"Practitioner/{id}", name), _roles(mine))


def _by_role(client: FhirClient, id: str) -> Signer:
    try:
        role = client.read("PractitionerRole", id).raw
    except EhrError:
        return Signer(None)
    signer = find_signer(client, fhir.reference(role.get("practitioner")))
    return Signer(signer.clinician, _roles([role]))


def _roles(resources: Sequence[fhir.Json]) -> tuple[str, ...]:
    """Every role and specialty in words and codes, of roles that are in force."""
    found: list[str] = []
    for raw in resources:
        if raw.get("active") is False:
            continue
        for concept in fhir.elements(raw.get("code")):
            found += [fhir.all_words(concept), *(c.code for c in fhir.codings(concept))]
    return tuple(dict.fromkeys(filter(None, found)))


def _name(practitioner: fhir.Json) -> str:
    name = fhir.element(practitioner.get("name"))
    if said := fhir.text(name.get("text")):
        return said
    given = name.get("given")
    parts = [*(given if isinstance(given, list) else []), name.get("family")]
    return " ".join(fhir.text(part) for part in parts if fhir.text(part))


def press(html: str) -> bytes:
    """A page as PDF; nothing where the extra is not installed."""
    from ketplan import paper

    try:
        return paper.pdf(html)
    except PdfUnavailable:
        return b""


# --- writing ------------------------------------------------------------------------------------------------


def keep_plan(
    services: Services,
    plan: ConfirmedPlan,
    steps: Sequence[Step],
    *,
    server: str,
    patient_id: str,
    now: Now,
) -> None:
    """Keep the signed plan. RefusedError when it was signed before with other content."""
    workflow.guard_patient(f"Patient/{patient_id}", plan.draft.patient)
    services.plans.save(plan.id, server.rstrip("/"), patient_id, 1, plan_payload(plan, steps), now())


def resume_plan(
    services: Services,
    plan_id: str,
    client: FhirClient,
    *,
    server: str,
    patient_id: str,
    now: Now,
    on_progress: OnProgress | None = None,
    sleep: Callable[[float], None] | None = None,
) -> Receipt:
    """Carry a confirmed plan on from wherever its writing stopped. Temporary while another run writes it."""
    kept = services.plans.load(plan_id)
    workflow.guard_patient(f"{server.rstrip('/')} {patient_id}", f"{kept.iss} {kept.patient_id}")
    services.plans.move(plan_id, PlanState.WRITING, now())
    receipt = run(
        plan_id,
        steps_of(kept),
        EhrChart(client, remembering(services.observed, server, now)),
        services.journal,
        lock=services.locks,
        owner=uuid.uuid4().hex,
        patient_id=patient_id,
        now=now,
        sleep=sleep or clock.sleep,
        on_progress=on_progress,
    )
    services.plans.move(plan_id, receipt.state, now())
    return receipt


def keep_record(services: Services, record: Record, *, server: str, patient_id: str, now: Now) -> None:
    """Keep a record. Sent in again it stays as it was kept; RefusedError when it says something else now."""
    workflow.guard_patient(f"Patient/{patient_id}", record.patient)
    kept = stored_plan(services, record.id)
    if kept is None:
        services.plans.save(record.id, server.rstrip("/"), patient_id, 1, record_payload(record), now())
    elif any(kept.payload.get(name) != value for name, value in record.said.items()):
        raise RefusedError("This form was sent in before with other answers: open a new one.")


def stored_receipt(services: Services, plan_id: str) -> Receipt | None:
    """How far the writing has come, from the journal alone; None before a plan was confirmed."""
    kept = stored_plan(services, plan_id)
    if kept is None:
        return None
    steps, known = steps_of(kept), {entry.key: entry for entry in services.journal.entries(plan_id)}
    states = {key: entry.state for key, entry in known.items()}
    standing = {key for key, state in states.items() if state is StepState.DONE}
    refused = {k: e.http_status for k, e in known.items() if e.state is StepState.REFUSED}
    given = given_way(steps, refused)
    rows = [
        _row(step, known.get(step.key))
        for step in steps
        if states.get(step.key, StepState.PLANNED) is not StepState.PLANNED
        or wanted(step, steps, standing, given)
    ]
    return Receipt(settled(steps, rows, given))


_OUTCOME = {StepState.DONE: Outcome.WRITTEN, StepState.REFUSED: Outcome.REFUSED}


def _row(step: Step, entry: JournalEntry | None) -> Row:
    outcome = _OUTCOME.get(entry.state, Outcome.PENDING) if entry else Outcome.PENDING
    reference = f"{step.type}/{entry.resource_id}" if entry and entry.resource_id else ""
    detail, said = (entry.message, entry.said) if entry else ("", "")
    return Row(step.key, step.type, step.verb, outcome, reference, detail, said)


def stored_plan(services: Services, plan_id: str) -> StoredPlan | None:
    try:
        return services.plans.load(plan_id)
    except InputError:
        return None
