"""From a row to one patient: always a launch of its own, for that patient alone, by the EHR's sign-in."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.ehr.launch import match_ehr
from ketplan.errors import InputError
from ketplan.scheduling.coordinating.kinds import Way
from ketplan.scheduling.coordinating.seen import CourseSeen
from ketplan.web import security
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.rows import WAYS, listed
from ketplan.web.context import desk
from ketplan.web.doors.launch import to_sign_in

routes = room("patient", __name__)

PICKER = "context-standalone-patient"
# What the launch is for, in the words of `web.landing.INTENTS`.
INTENTS = {
    Way.REPLAN: "replan",
    Way.REVIEW: "review",
    Way.SCALES: "scales",
    Way.DIFFERENCES: "differences",
}


@routes.get("/patients/<plan>")
def show(lid: str, plan: str) -> str:
    """What is the matter with one course, and how to open it in this EHR."""
    clinic = open_clinic()
    course = _course(clinic, plan)
    mine = [item for item in clinic.items if item.course.plan == plan]
    way = _way()
    endpoints = desk().discovery.endpoints(clinic.session.iss)
    return render_template(
        "clinic/patient.html",
        session=clinic.session,
        clinic=clinic,
        course=course,
        rows=listed(clinic, mine),
        way=way,
        way_label=WAYS[way],
        picker=PICKER in endpoints.capabilities or "launch-standalone" in endpoints.capabilities,
        go=url_for(".go", lid=lid, plan=plan, way=way.value),
    )


@routes.get("/patients/<plan>/open")
def go(lid: str, plan: str) -> Response:
    """To the EHR's sign-in, where the patient is chosen. Another one than this is refused on the way back."""
    clinic = open_clinic()
    course, session = _course(clinic, plan), clinic.session
    ehr = match_ehr(desk().services.settings.ehrs, session.iss)
    browser = security.browser() or ""
    page = INTENTS.get(_way())
    return to_sign_in(ehr, ehr.iss, None, browser, patient=course.patient, page=page)


def _course(clinic: Clinic, plan: str) -> CourseSeen:
    course = clinic.course(plan)
    if course is None:
        raise InputError("There is no such course among those the EHR shows you.")
    return course


def _way() -> Way:
    try:
        return Way(request.args.get("way", ""))
    except ValueError:
        return Way.PLAN
