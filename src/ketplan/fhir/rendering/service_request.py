"""One ServiceRequest per modality: what the visits of that kind are for. Always a plan, never an order."""

from __future__ import annotations

from ketplan.clinical.plan import VisitKind
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.authoring import (
    CBT,
    FOLLOW_UP_VISIT,
    IV_INFUSION,
    Intent,
    RequestStatus,
    concept,
    moment,
    placeholder,
    reference,
    step_identifier,
    tidy,
)
from ketplan.fhir.rendering.care_plan import definition
from ketplan.fhir.rendering.course import CARE_PLAN, Course, request_key


def render_request(course: Course, kind: VisitKind) -> Json:
    signer = course.clinician
    resource: Json = tidy(
        {
            "resourceType": "ServiceRequest",
            "identifier": [step_identifier(course.id, request_key(kind))],
            "instantiatesCanonical": _definitions(course, kind),
            "basedOn": [reference(placeholder(CARE_PLAN))],
            "status": RequestStatus.ACTIVE if signer else RequestStatus.DRAFT,
            "intent": Intent.PLAN,
            "code": _code(course, kind),
            "quantityQuantity": {"value": len(course.of_kind(kind)), "unit": "visits"},
            "subject": reference(course.patient),
            "occurrenceTiming": _timing(course, kind),
            "authoredOn": course.written,
            "requester": reference(signer.reference, signer.name) if signer else None,
            "reasonReference": course.conditions,
            "note": [{"text": line} for line in _notes(course, kind)],
        }
    )
    return resource


def _definitions(course: Course, kind: VisitKind) -> list[str]:
    if kind is VisitKind.INFUSION:
        return [definition(course.draft.ketamine.protocol)]
    if kind is VisitKind.CBT and course.draft.cbt:
        return [definition(course.draft.cbt.protocol)]
    return []


def _code(course: Course, kind: VisitKind) -> Json:
    if kind is VisitKind.INFUSION:
        ketamine = course.draft.ketamine
        codings = [IV_INFUSION] if ketamine.route == "IV" else []
        return concept(*codings, text=wording.treatment(ketamine))
    if kind is VisitKind.CBT:
        return concept(CBT, text=f"Cognitive behavioural therapy, {_protocol(course)}")
    return concept(FOLLOW_UP_VISIT, text="Follow-up visits of the treatment plan")


def _protocol(course: Course) -> str:
    return course.draft.cbt.protocol if course.draft.cbt else "course to be chosen"


def _timing(course: Course, kind: VisitKind) -> Json:
    """The times the visits have; while none has one, how many are due between which days.

    Events and a repeat are never given together: FHIR would read the repeat as repeating each event.
    """
    placed = course.placed(kind)
    if placed:
        return {"event": sorted(moment(p.start, course.timetable.zone) for p in placed)}
    targets = [visit.target.isoformat() for visit in course.of_kind(kind)]
    bounds = {"start": min(targets), "end": max(targets)}
    return {"repeat": {"boundsPeriod": bounds, "count": len(targets)}}


def _notes(course: Course, kind: VisitKind) -> list[str]:
    open_visits = [u.visit.title for u in course.timetable.unplaced if u.visit.kind is kind]
    unplaced = f"Without a time yet: {', '.join(open_visits)}." if open_visits else ""
    if kind is not VisitKind.INFUSION:
        return [unplaced]
    ketamine = course.draft.ketamine
    return [
        " ".join(wording.dose(ketamine)),
        wording.OFF_LABEL,
        " ".join(ketamine.titration),
        unplaced,
        wording.NOT_AN_ORDER,
    ]
