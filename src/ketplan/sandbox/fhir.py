"""The FHIR R4 REST interface: capabilities, read, search, create and update."""

from __future__ import annotations

from email.utils import formatdate
from functools import partial
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from ketplan.sandbox.clinic import calendars
from ketplan.sandbox.harbor import Harbor, here
from ketplan.sandbox.parameters import TYPES, Test
from ketplan.sandbox.rules import check
from ketplan.sandbox.scopes import Access, Reach
from ketplan.sandbox.store import version
from ketplan.sandbox.wire import FHIR_JSON, FhirError, Resource, answer, loads

routes = Blueprint("fhir", __name__, url_prefix="/fhir")

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_ACCEPTED = {FHIR_JSON, "application/json"}


@routes.before_request
def strike() -> None:
    here().faults.before(request.method, (request.view_args or {}).get("kind"))


@routes.get("/metadata")
def metadata() -> Response:
    return answer(capability_statement(here()))


@routes.get("/<kind>")
def search(kind: str) -> Response:
    return _search(kind, list(request.args.items(multi=True)))


@routes.post("/<kind>/_search")
def search_by_post(kind: str) -> Response:
    if request.mimetype != "application/x-www-form-urlencoded":
        raise FhirError(415, "not-supported", "A search by POST is form-encoded.")
    return _search(kind, [*request.args.items(multi=True), *request.form.items(multi=True)])


def _search(kind: str, query: list[tuple[str, str]]) -> Response:
    harbor = here()
    access, reach = _reach(kind, "s")

    def allowed(resource: Resource) -> bool:
        other = resource["resourceType"]
        far = reach if other == kind else access.reach(other, "r")
        return far is not None and far.includes(resource, harbor.store.at, harbor.fhir_url)

    cursor = dict(query).get("_cursor")
    if cursor is not None:
        return answer(harbor.search.next_page(kind, cursor, allowed, access.owner))
    return answer(harbor.search.run(kind, query, allowed, access.owner))


@routes.get("/<kind>/<id_>")
def read(kind: str, id_: str) -> Response:
    _, reach = _reach(kind, "r")
    return _stored(_existing(kind, id_, reach))


@routes.post("/<kind>")
def create(kind: str) -> Response:
    harbor = here()
    _, reach = _reach(kind, "c")
    resource = check(_body(), kind)
    inside = _inside(harbor, reach)
    with harbor.store.lock:
        condition = request.headers.get("If-None-Exist")
        if condition is not None and (already := _matching(kind, condition, inside)):
            return _stored(already)
        if not inside(resource):
            raise FhirError(403, "forbidden", "This token may not write to that patient's chart.")
        if kind == "Appointment":
            calendars.book(harbor.store, None, resource, harbor.fhir_url)
        stored = harbor.store.create(resource)
    return harbor.faults.after_create(_stored(stored, 201))


@routes.put("/<kind>/<id_>")
def update(kind: str, id_: str) -> Response:
    harbor = here()
    _, reach = _reach(kind, "u")
    resource = check(_body(), kind)
    if resource.get("id") != id_:
        raise FhirError(
            400, "invalid", "The id in the body is not the one in the address.", where=f"{kind}.id"
        )
    with harbor.store.lock:
        before = _existing(kind, id_, reach)
        wanted = request.headers.get("If-Match")
        if wanted is not None and wanted.strip() != _etag(before):
            raise FhirError(412, "conflict", "Somebody changed this resource since it was read.")
        if not _inside(harbor, reach)(resource):
            raise FhirError(403, "forbidden", "This token may not write to that patient's chart.")
        if kind == "Appointment":
            calendars.book(harbor.store, before, resource, harbor.fhir_url)
        stored = harbor.store.replace(resource, id_)
    return _stored(stored)


def _reach(kind: str, letter: str) -> tuple[Access, Reach]:
    """The caller, and how far it may go. Raises FhirError 401 without a token, 403 without a scope."""
    harbor = here()
    access = harbor.access(request.headers.get("Authorization"))
    if kind not in TYPES:
        raise FhirError(404, "not-supported", f"This server does not keep {kind}.")
    reach = access.reach(kind, letter)
    if reach is None:
        challenge = {"WWW-Authenticate": f'Bearer realm="{harbor.fhir_url}", error="insufficient_scope"'}
        words = f"This token has no scope for that on {kind}."
        raise FhirError(403, "forbidden", words, headers=challenge)
    return access, reach


def _inside(harbor: Harbor, reach: Reach) -> Test:
    return partial(reach.includes, find=harbor.store.at, base=harbor.fhir_url)


def _existing(kind: str, id_: str, reach: Reach) -> Resource:
    """A resource within reach; to one outside it the answer is the same as to none."""
    found = here().store.find(kind, id_)
    if not found or not _inside(here(), reach)(found):
        raise FhirError(404, "not-found", f"There is no {kind} with this id.")
    return found


def _matching(kind: str, condition: str, inside: Test) -> Resource | None:
    """The one resource that a conditional create is about. Raises FhirError 412 when there are several."""
    query = parse_qsl(condition.lstrip("?"), keep_blank_values=True)
    if not query:
        raise FhirError(400, "invalid", "If-None-Exist has no search in it.")
    found = here().search.matches(kind, query, inside)
    if len(found) > 1:
        raise FhirError(412, "multiple-matches", "Several resources match If-None-Exist.")
    return found[0] if found else None


def _body() -> Resource:
    if request.mimetype not in _ACCEPTED:
        raise FhirError(415, "not-supported", f"The body is expected as {FHIR_JSON}.")
    try:
        body: Resource = loads(request.get_data())
    except (ValueError, RecursionError):
        raise FhirError(400, "structure", "The body is not JSON.") from None
    return body


def _etag(resource: Resource) -> str:
    return f'W/"{version(resource)}"'


def _stored(resource: Resource, status: int = 200) -> Response:
    """The answer that carries a stored resource, or with ``Prefer: return=minimal`` only its headers."""
    harbor = here()
    kind, number = resource["resourceType"], version(resource)
    headers = {"ETag": _etag(resource), "Last-Modified": formatdate(harbor.clock(), usegmt=True)}
    if request.method == "POST":
        headers["Location"] = f"{harbor.fhir_url}/{kind}/{resource['id']}/_history/{number}"
    if request.method != "GET" and "return=minimal" in request.headers.get("Prefer", ""):
        return Response(status=status, headers=headers, content_type=FHIR_JSON)
    return answer(resource, status, headers)


def capability_statement(harbor: Harbor) -> Resource:
    """What this server can do, drawn from the tables it works by."""
    addresses = [("authorize", "/auth/authorize"), ("token", "/auth/token")]
    oauth = {
        "url": _OAUTH,
        "extension": [{"url": name, "valueUri": f"{harbor.base_url}{path}"} for name, path in addresses],
    }
    service = {
        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
        "code": "SMART-on-FHIR",
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": harbor.today.isoformat(),
        "kind": "instance",
        "software": {"name": "Harbor EHR (sandbox)"},
        "implementation": {"description": "Synthetic patients in memory", "url": harbor.fhir_url},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "rest": [
            {
                "mode": "server",
                "security": {"extension": [oauth], "service": [{"coding": [service]}]},
                "resource": [_capability(kind) for kind in sorted(TYPES)],
            }
        ],
    }


def _capability(kind: str) -> Resource:
    params = TYPES[kind]
    references = sorted(name for name, param in params.items() if param.type == "reference")
    return {
        "type": kind,
        "interaction": [{"code": code} for code in ("read", "search-type", "create", "update")],
        "versioning": "versioned-update",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": True,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        **({"searchInclude": [f"{kind}:{name}" for name in references]} if references else {}),
        "searchParam": [{"name": name, "type": param.type} for name, param in sorted(params.items())],
    }
