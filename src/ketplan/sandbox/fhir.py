"""The FHIR R4 REST interface: HTTP in, `rest` behind it, HTTP out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from ketplan.sandbox.harbor import here
from ketplan.sandbox.rest import bundles, capability, operations, reading, writing
from ketplan.sandbox.rest.exchange import Asked, Desk, Said
from ketplan.sandbox.trouble import interaction
from ketplan.sandbox.wire import FHIR_JSON, FhirError, answer, loads

routes = Blueprint("fhir", __name__, url_prefix="/fhir")

_JSON = {FHIR_JSON, "application/json"}
_PATCH = {"application/json-patch+json"}


@routes.get("/metadata")
def metadata() -> Response:
    return answer(capability.statement(here()))


@routes.post("/", strict_slashes=False)
@routes.post("", strict_slashes=False)
def bundle() -> Response:
    return _told(bundles.post(_desk(), _body()))


@routes.get("/<kind>")
def search(kind: str) -> Response:
    return _told(reading.search(_desk(), _asked(kind)))


@routes.post("/<kind>/_search")
def search_by_post(kind: str) -> Response:
    if request.mimetype != "application/x-www-form-urlencoded":
        raise FhirError(415, "not-supported", "A search by POST is form-encoded.")
    searches = here().like.searches
    if not searches.by_post:
        raise FhirError(405, "not-supported", "This server takes no search by POST.")
    address = () if searches.post_ignores_query else tuple(request.args.items(multi=True))
    query = (*address, *request.form.items(multi=True))
    return _told(reading.search(_desk(), Asked(kind, query=query, headers=_headers())))


@routes.get("/<kind>/<id_>")
def read(kind: str, id_: str) -> Response:
    return _told(reading.read(_desk(), _asked(kind, id_)))


@routes.get("/<kind>/<id_>/_history")
def history(kind: str, id_: str) -> Response:
    return _told(reading.history(_desk(), _asked(kind, id_)))


@routes.get("/<kind>/<id_>/_history/<number>")
def vread(kind: str, id_: str, number: str) -> Response:
    return _told(reading.vread(_desk(), _asked(kind, id_), number))


@routes.post("/<kind>")
def create(kind: str) -> Response:
    return _told(writing.create(_desk(), _asked(kind, body=_body())))


@routes.put("/<kind>/<id_>")
def update(kind: str, id_: str) -> Response:
    return _told(writing.update(_desk(), _asked(kind, id_, _body())))


@routes.put("/<kind>")
def conditional_update(kind: str) -> Response:
    return _told(writing.conditional_update(_desk(), _asked(kind, body=_body())))


@routes.patch("/<kind>/<id_>")
def patch(kind: str, id_: str) -> Response:
    return _told(writing.patch(_desk(), _asked(kind, id_, _body(_PATCH))))


@routes.delete("/<kind>/<id_>")
def delete(kind: str, id_: str) -> Response:
    return _told(writing.delete(_desk(), _asked(kind, id_)))


@routes.post("/<kind>/$<name>")
def operation(kind: str, name: str) -> Response:
    return _told(operations.run(_desk(), kind, "", name, _body()))


@routes.post("/<kind>/<id_>/$<name>")
def operation_on_one(kind: str, id_: str, name: str) -> Response:
    return _told(operations.run(_desk(), kind, id_, name, _body()))


def _desk() -> Desk:
    return Desk(here(), here().access(request.headers.get("Authorization")))


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _asked(kind: str, id_: str = "", body: Any = None) -> Asked:
    query = tuple(request.args.items(multi=True))
    struck = here().faults.striking("field", interaction(), kind)
    return Asked(
        kind, id_, query, _headers(), body, frozenset(one.field for one in struck if one.do == "drop")
    )


def _body(accepted: set[str] = _JSON) -> Any:
    largest = here().like.writes.largest
    if largest and (request.content_length or 0) > largest:
        raise FhirError(500, "exception", "request entity too large")
    if request.mimetype not in accepted:
        raise FhirError(415, "not-supported", f"The body is expected as {min(accepted)}.")
    try:
        return loads(request.get_data())
    except (ValueError, RecursionError):
        raise FhirError(400, "structure", "The body is not JSON.") from None


def _told(said: Said) -> Response:
    if said.resource is None:
        kind = FHIR_JSON if said.status != 204 else None
        return Response(status=said.status, headers=dict(said.headers), content_type=kind)
    return answer(said.resource, said.status, said.headers)
