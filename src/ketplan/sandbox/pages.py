"""The EHR in the browser: patients, charts, the app inside a chart, single entries, and the faults."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from ketplan.sandbox.chart import ChartView, banner, day_words, first, narrative, when, words
from ketplan.sandbox.faults import DOES, Faults, fault
from ketplan.sandbox.harbor import here
from ketplan.sandbox.parameters import TYPES
from ketplan.sandbox.patients import GROUPS
from ketplan.sandbox.scopes import patients_of
from ketplan.sandbox.wire import Resource, dumps

routes = Blueprint("pages", __name__)


def _patient(id_: str) -> Resource:
    found = here().store.find("Patient", id_)
    if not found:
        abort(404)
    return found


def _chart_context(id_: str) -> dict[str, Any]:
    """What every page of a chart needs: the banner, and what the sidebar shows."""
    harbor = here()
    view = ChartView(harbor.store, id_, harbor.zone, harbor.fhir_url)
    who = banner(_patient(id_), harbor.today, harbor.zone)
    return {"who": who, "view": view, "case": harbor.cases.get(id_), "client": harbor.client}


@routes.get("/")
def patient_list() -> str:
    harbor = here()
    cases = dict(harbor.cases)  # others may be admitted meanwhile
    rows = {
        group: [
            (case, banner(_patient(id_), harbor.today, harbor.zone))
            for id_, case in cases.items()
            if case.group == group
        ]
        for group in dict.fromkeys((*GROUPS, *(case.group for case in cases.values())))
    }
    return render_template("harbor/patients.html", rows=rows, harbor=harbor, today=day_words(harbor.today))


@routes.get("/patients/<id_>")
def chart(id_: str) -> str:
    return render_template("harbor/chart.html", **_chart_context(id_))


@routes.get("/patients/<id_>/app")
def app_in_chart(id_: str) -> str:
    context = _chart_context(id_)
    if not context["client"]:
        abort(404)
    return render_template("harbor/app.html", source=here().launch(id_, embedded=True), **context)


@routes.get("/patients/<id_>/launch")
def app_in_window(id_: str) -> AnyResponse:
    _patient(id_)
    if not here().client:
        abort(404)
    return redirect(here().launch(id_, embedded=False), 303)


@routes.get("/patients/<id_>/<kind>/<entry_id>")
def entry(id_: str, kind: str, entry_id: str) -> str:
    harbor = here()
    resource = harbor.store.find(kind, entry_id) if kind in TYPES else None
    if not resource or id_ not in patients_of(resource, harbor.store.at, harbor.fhir_url):
        abort(404)
    raw = json.dumps(json.loads(dumps(resource)), indent=2, ensure_ascii=False)
    return render_template(
        "harbor/entry.html",
        one=resource,
        raw=raw,
        story=narrative(resource),
        facts=_facts(resource),
        **_chart_context(id_),
    )


def _facts(one: Resource) -> list[tuple[str, str]]:
    """The elements a reader looks for first, as (label, words); those that are not there are left out."""
    zone = here().zone
    listed = {
        "Title": one.get("title"),
        "What": one.get("description") if isinstance(one.get("description"), str) else None,
        "Code": words(one["code"]) if "code" in one else None,
        "Status": one.get("status") if isinstance(one.get("status"), str) else one.get("lifecycleStatus"),
        "Intent": one.get("intent"),
        "Starts": when(first(one, "start") or first(one, "period.start"), zone),
        "Ends": when(first(one, "end") or first(one, "period.end"), zone),
        "Comment": one.get("comment"),
        "Version": f"{one['meta']['versionId']}, written {when(one['meta']['lastUpdated'], zone)}",
    }
    return [(label, str(text)) for label, text in listed.items() if text]


@routes.before_request
def only_from_here() -> None:
    """What steers the server is for this machine alone, whatever address it listens on."""
    if request.path.startswith("/_") and not ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        abort(403)


@routes.get("/_requests")
def recorded() -> Response:
    """What was asked of the API so far, oldest first, without headers and bodies."""
    return Response(dumps([vars(one) for one in here().requests]), content_type="application/json")


@routes.get("/_faults")
def faults_page() -> str:
    return render_template("harbor/faults.html", faults=here().faults.now, does=DOES)


@routes.post("/_faults")
def set_faults() -> AnyResponse:
    """Switch faults: a JSON object of the ones to change, or the form on the page, which sets them all."""
    switch = here().faults
    try:
        if request.mimetype == "application/json":
            switch.set(switch.now.changed(request.get_json(silent=True)))
            return Response(dumps(switch.now.as_json()), content_type="application/json")
        switch.set(_from_form())
    except ValueError as error:
        return Response(dumps({"error": f"{error}."}), 400, content_type="application/json")
    return redirect("/_faults", 303)


def _from_form() -> Faults:
    form = request.form
    return replace(
        here().faults.now,
        refuse_care_plan_writes="refuse_care_plan_writes" in form,
        slow_ms=int(form.get("slow_ms") or 0),
        drop_every_nth_create=int(form.get("drop_every_nth_create") or 0),
        more=tuple(fault(line) for line in form.get("more", "").splitlines() if line.strip()),
    )
