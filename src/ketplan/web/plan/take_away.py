"""What may be taken along from a plan: on paper, as a file, into a calendar. A draft says that it is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Response, abort, render_template, url_for

from ketplan import paper
from ketplan.calendar_file import Visit, calendar_file, visits
from ketplan.clinical.plan import Clinician
from ketplan.errors import InputError
from ketplan.fhir import r4
from ketplan.fhir.document import About, document
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import visit_step
from ketplan.kept import steps_of
from ketplan.paper.visits import Now
from ketplan.reconciling import chapters_of, newest_of_visits, written_of
from ketplan.store.plans import StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import Bench, open_bench
from ketplan.web.context import desk
from ketplan.web.course.course import newest_plan
from ketplan.web.guard import room
from ketplan.web.page import banner, standing
from ketplan.web.plan.handing_out import entries, standing_of
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import note

routes = room("take_away", __name__)

SIGNED, DRAFT = "signed", "draft"
NOTHING = "There is no such plan of this patient to take along."


@dataclass(frozen=True)
class Parcel:
    """One plan that can be taken along. `plan` is None for a proposal that nobody has signed."""

    which: str
    bench: Bench
    plan_id: str
    steps: tuple[Step, ...]
    plan: StoredPlan | None = None

    @cached_property
    def now_standing(self) -> Mapping[str, Now]:
        """How the EHR has the visits of a signed plan, by visit."""
        if self.plan is None:
            return {}
        return {
            v.uid.partition("/appointment-")[2].rpartition("@")[0]: Now(v.start, v.end, v.called_off)
            for v in self.visits
        }

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Those of a signed plan, as the EHR has them."""
        if self.plan is None:
            return ()
        booked, zone = self.bench.proposal.record.appointments, desk().practice.zone
        return visits(self.plan, booked, zone, len(chapters_of(desk().services, self.plan)) - 1)

    @property
    def references(self) -> Mapping[str, str]:
        """What stands in the EHR of a signed plan, by step: of each visit the appointment made last."""
        if self.plan is None:
            return {}
        newest = newest_of_visits(written_of(desk().services, self.plan))
        return standing_of(self.plan) | {visit_step(key): one.reference for key, one in newest.items()}

    @property
    def signature(self) -> tuple[Clinician, datetime] | None:
        if self.plan is None:
            return None
        said = self.plan.payload
        at = datetime.fromisoformat(said["confirmed_at"])
        return Clinician(said["clinician"], said.get("clinician_name", "")), at


@routes.get("/take-away")
def show(lid: str) -> str:
    """Everything that is offered, of the signed plan and of the proposal."""
    session = sessions.current()
    bench = open_bench(session)
    patient = bench.proposal.record.patient
    return render_template(
        "take_away.html",
        session=session,
        banner=banner(patient, bench.proposal.assessment.view),
        parcels=_parcels(session, bench),
        languages=paper.offered(patient.language, desk().services.settings.site.country),
        preferred=patient.language,
        with_pdf=paper.available(),
    )


@routes.get("/take-away/paper.css")
def stylesheet(lid: str) -> Response:
    return Response(paper.css(), mimetype="text/css")


@routes.get("/take-away/<which>/plan")
def print_out(lid: str, which: str) -> str:
    """The clinician's print-out, to be read or printed."""
    parcel = _parcel(which)
    note(parcel.bench.session, "plan-handed-out", parcel.plan_id, about="print-out")
    return _print_out(parcel, _on_screen(lid, url_for(".print_out_pdf", lid=lid, which=which)))


@routes.get("/take-away/<which>/plan.pdf")
def print_out_pdf(lid: str, which: str) -> Response:
    parcel = _parcel(which)
    made = paper.pdf(_print_out(parcel, {}))
    return _file(parcel, made, "application/pdf", "treatment-plan.pdf", "print-out-pdf")


@routes.get("/take-away/<which>/patient/<language>")
def for_patient(lid: str, which: str, language: str) -> str:
    """The patient's own sheet in one of the languages there are."""
    parcel = _parcel(which)
    _require_language(language)
    note(parcel.bench.session, "plan-handed-out", parcel.plan_id, about=f"patient-{language}")
    known = _on_screen(lid, url_for(".for_patient_pdf", lid=lid, which=which, language=language))
    others = {
        code: url_for(".for_patient", lid=lid, which=which, language=code) for code in paper.languages()
    }
    return _for_patient(parcel, language, known | {"elsewhere": others})


@routes.get("/take-away/<which>/patient/<language>.pdf")
def for_patient_pdf(lid: str, which: str, language: str) -> Response:
    parcel = _parcel(which)
    _require_language(language)
    made = paper.pdf(_for_patient(parcel, language, {}))
    return _file(parcel, made, "application/pdf", f"my-plan-{language}.pdf", f"patient-{language}-pdf")


@routes.get("/take-away/<which>/document.json")
def fhir_document(lid: str, which: str) -> Response:
    """The plan as a FHIR document Bundle."""
    parcel, now = _parcel(which), desk().now()
    session = parcel.bench.session
    told = entries(parcel.steps, parcel.plan_id, session.iss.rstrip("/"), parcel.references)
    about = About(
        parcel.plan_id, parcel.bench.proposal.record.patient, session.iss.rstrip("/"), now, parcel.signature
    )
    made = r4.to_json(document(told, about)).encode()
    return _file(parcel, made, "application/fhir+json", "plan-document.json", "document")


@routes.get("/visits.ics")
def calendar(lid: str) -> Response:
    """The visits of the newest signed plan for the patient's own calendar: when, and nothing else."""
    session = sessions.current()
    if newest_plan(session) is None:
        raise InputError("There is no signed plan yet, so there are no visits to take along.")
    parcel = _parcel(SIGNED)
    place = desk().services.settings.site.name
    made = calendar_file(parcel.visits, desk().practice.zone, place, desk().now())
    return _file(parcel, made, "text/calendar", "visits.ics", "calendar")


def _parcels(session: LiveSession, bench: Bench) -> list[Parcel]:
    found = []
    if plan := newest_plan(session):
        found.append(Parcel(SIGNED, bench, plan.plan_id, steps_of(plan), plan))
    proposal = bench.proposal
    proposed = proposal.steps()
    if proposed and proposal.plan_id not in [parcel.plan_id for parcel in found]:
        found.append(Parcel(DRAFT, bench, proposal.plan_id, proposed))
    return found


def _parcel(which: str) -> Parcel:
    session = sessions.current()
    found = {parcel.which: parcel for parcel in _parcels(session, open_bench(session))}
    if which not in found:
        raise InputError(NOTHING)
    return found[which]


def _require_language(code: str) -> None:
    if code not in paper.languages():
        abort(404)


def _print_out(parcel: Parcel, known: Mapping[str, Any]) -> str:
    site, signed = desk().services.settings.site, standing(parcel.bench.session) if parcel.plan else None
    rows = signed.receipt.rows if signed else ()
    return paper.plan_html(
        parcel.steps,
        patient=parcel.bench.proposal.record.patient,
        site=site.name,
        country=site.country,
        zone=desk().practice.zone,
        standing=parcel.now_standing,
        written=[paper.Written(r.kind, r.words, r.outcome, r.reference, r.detail) for r in rows],
        printed=desk().now(),
        **known,
    )


def _for_patient(parcel: Parcel, language: str, known: Mapping[str, Any]) -> str:
    site, practice = desk().services.settings.site, desk().practice
    place = paper.Place(
        site.name, site.country, practice.zone, site.crisis_line, site.crisis_lines, site.telephone
    )
    patient = parcel.bench.proposal.record.patient
    return paper.patient_html(
        parcel.steps,
        place,
        paper.medicine_of(parcel.steps, practice.library, practice.session_limits),
        language,
        name=patient.name or patient.reference,
        printed=desk().now(),
        standing=parcel.now_standing,
        **known,
    )


def _on_screen(lid: str, as_pdf: str) -> dict[str, Any]:
    return {
        "stylesheet": url_for(".stylesheet", lid=lid),
        "back": url_for(".show", lid=lid),
        "as_pdf": as_pdf if paper.available() else None,
    }


def _file(parcel: Parcel, made: bytes, kind: str, name: str, form: str) -> Response:
    """A download whose name says nothing about anybody, noted in the trail."""
    note(parcel.bench.session, "plan-handed-out", parcel.plan_id, about=form)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, mimetype=kind, headers=headers)
