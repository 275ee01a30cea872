"""One Appointment per visit that has a time."""

from __future__ import annotations

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.authoring import (
    FOLLOW_UP,
    MENTAL_HEALTH,
    PSYCHIATRY,
    PSYCHOLOGY,
    RELATIVE_REFERENCE,
    ROUTINE,
    TELEPHONE_FOLLOW_UP,
    AppointmentStatus,
    ParticipantRequired,
    ParticipationStatus,
    concept,
    moment,
    placeholder,
    reference,
    references,
    step_identifier,
    tidy,
)
from ketplan.fhir.rendering.course import CARE_PLAN, Course, appointment_key, request_key
from ketplan.scheduling.timetable import Placed

# The actors R4 allows, without the patient: there is exactly one, and ketplan adds it itself.
ACTORS = frozenset(
    {"Practitioner", "PractitionerRole", "RelatedPerson", "Device", "HealthcareService", "Location"}
)
SERVICES = {VisitKind.INFUSION: PSYCHIATRY, VisitKind.CBT: PSYCHOLOGY, VisitKind.FOLLOW_UP: PSYCHIATRY}


def render_appointment(course: Course, placed: Placed) -> Json:
    """`booked` where the visit takes slots of the EHR and the plan is signed, else `proposed`."""
    visit, zone = placed.visit, course.timetable.zone
    booked = wording.state(course, placed) == AppointmentStatus.BOOKED
    window = {"start": placed.window[0].isoformat(), "end": placed.window[1].isoformat()}
    resource: Json = tidy(
        {
            "resourceType": "Appointment",
            "identifier": [step_identifier(course.id, appointment_key(visit))],
            "status": wording.state(course, placed),
            "serviceCategory": [concept(MENTAL_HEALTH)],
            "serviceType": _service_types(visit),
            "appointmentType": concept(FOLLOW_UP if visit.kind is VisitKind.FOLLOW_UP else ROUTINE),
            "reasonReference": course.conditions,
            "description": visit.title,
            "supportingInformation": [reference(placeholder(CARE_PLAN))],
            "start": moment(placed.start, zone),
            "end": moment(placed.end, zone),
            "minutesDuration": visit.minutes,
            "slot": references(placed.slots) if booked else [],
            "created": course.written,
            "comment": f"{wording.sentence(placed.why)} Plan {course.id}, {visit.key}.",
            "patientInstruction": _instruction(course, visit),
            "basedOn": [reference(placeholder(request_key(visit.kind)))],
            "participant": _participants(course, placed, booked),
            "requestedPeriod": [] if booked else [window],
        }
    )
    return resource


def _service_types(visit: Visit) -> list[Json]:
    service = concept(SERVICES[visit.kind], text=wording.MODALITY[visit.kind])
    return [service, concept(TELEPHONE_FOLLOW_UP)] if visit.telephone else [service]


def _participants(course: Course, placed: Placed, booked: bool) -> list[Json]:
    status = ParticipationStatus.ACCEPTED if booked else ParticipationStatus.NEEDS_ACTION
    actors = [(course.patient, "")] + [pair for pair in dict(placed.resources).items() if _may_act(pair[0])]
    return [
        {"actor": reference(*actor), "required": ParticipantRequired.REQUIRED, "status": status}
        for actor in actors
    ]


def _may_act(target: str) -> bool:
    shape = RELATIVE_REFERENCE.fullmatch(target)
    return shape is not None and shape[1] in ACTORS


def _instruction(course: Course, visit: Visit) -> str:
    """What the patient must know before a dosing visit; the clinic's own sheet says the rest."""
    watch = course.draft.monitoring
    if visit.kind is not VisitKind.INFUSION or watch is None:
        return ""
    said = ["Follow the clinic's instructions on food and drink."]
    if watch.escort_required:
        said.append("Bring an adult who takes you home.")
    if watch.no_driving_until:
        said.append(f"Do not drive until: {watch.no_driving_until}.")
    return " ".join(said)
