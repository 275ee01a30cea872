"""Transaction and batch: the interactions of one Bundle, all or nothing where the server is honest."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ketplan.sandbox.rest import reading, writing
from ketplan.sandbox.rest.exchange import Asked, Desk, Said
from ketplan.sandbox.wire import FhirError, Resource, dumps, loads

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 3, "GET": 4, "HEAD": 4}
_HEADERS = {"ifNoneExist": "if-none-exist", "ifMatch": "if-match"}
_WORDS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


def post(desk: Desk, bundle: Any) -> Said:
    """Run a Bundle. Raises FhirError for one that is none, or that is not offered, or (atomic) that fails."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise FhirError(400, "structure", "The body is not a Bundle.")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(_is_request(one) for one in entries):
        raise FhirError(400, "structure", "An entry has no request.", where="Bundle.entry.request")
    offered = desk.harbor.like.bundles
    if bundle.get("type") == "batch" and offered.batch:
        return _answered("batch-response", [_tried(desk, one) for one in entries])
    if bundle.get("type") == "transaction" and offered.transaction != "none":
        return _transaction(desk, entries, atomic=offered.transaction == "atomic")
    raise FhirError(405, "not-supported", "This server takes no Bundle of this type.")


def _is_request(entry: Any) -> bool:
    request = entry.get("request") if isinstance(entry, dict) else None
    return isinstance(request, dict) and request.get("method") in _ORDER and bool(request.get("url"))


def _transaction(desk: Desk, entries: list[Resource], *, atomic: bool) -> Said:
    """Deletes first, then creates, updates and reads; a ``urn:uuid`` becomes the id its entry was given."""
    answers: dict[int, Resource] = {}
    given: dict[str, str] = {}
    with desk.harbor.store.lock:
        before = desk.harbor.store.snapshot()
        order = sorted(range(len(entries)), key=lambda n: _ORDER[entries[n]["request"]["method"]])
        for place in _after_what_they_name(entries, order):
            answer = _tried(desk, _linked(entries[place], given))
            if atomic and int(answer["response"]["status"][:3]) >= 400:
                desk.harbor.store.restore(before)
                raise _failure(place, answer["response"])
            answers[place] = answer
            _remember(entries[place], answer, given)
        _link_late(desk, answers, given)
    return _answered("transaction-response", [answers[place] for place in range(len(entries))])


def _after_what_they_name(entries: list[Resource], order: list[int]) -> list[int]:
    """The order, with creates behind those they refer to as far as there is no circle."""
    names = {str(entries[n].get("fullUrl")): n for n in order if "fullUrl" in entries[n]}
    texts = {n: json.dumps(entries[n].get("resource"), default=str) for n in order}
    done: list[int] = []
    under_way: set[int] = set()

    def visit(place: int) -> None:
        if place in done or place in under_way:
            return
        under_way.add(place)
        for name, other in names.items():
            if name.startswith("urn:") and other != place and f'"{name}"' in texts[place]:
                visit(other)
        done.append(place)

    for place in order:
        visit(place)
    rank = {place: number for number, place in enumerate(done)}
    return sorted(order, key=lambda n: (_ORDER[entries[n]["request"]["method"]], rank[n]))


def _linked(entry: Resource, given: dict[str, str]) -> Resource:
    text = dumps(entry)
    for name, reference in given.items():
        text = text.replace(f'"{name}"', f'"{reference}"')
    linked: Resource = loads(text)
    return {**linked, **({"fullUrl": entry["fullUrl"]} if "fullUrl" in entry else {})}


def _remember(entry: Resource, answer: Resource, given: dict[str, str]) -> None:
    name, stored = str(entry.get("fullUrl", "")), answer.get("resource")
    if name.startswith("urn:") and stored and stored["resourceType"] != "OperationOutcome":
        given[name] = f"{stored['resourceType']}/{stored['id']}"


def _link_late(desk: Desk, answers: dict[int, Resource], given: dict[str, str]) -> None:
    """Circles: what was stored while it still named an entry that had no id yet."""
    for answer in answers.values():
        stored = answer.get("resource")
        if not stored or not any(f'"{name}"' in dumps(stored) for name in given):
            continue
        fixed = _linked({"resource": stored}, given)["resource"]
        answer["resource"] = desk.harbor.store.replace(fixed, stored["id"])


def _tried(desk: Desk, entry: Resource) -> Resource:
    """The answer to one entry; what is refused becomes its outcome."""
    try:
        said = _one(desk, entry)
    except FhirError as error:
        return {"response": {"status": str(error.status), "outcome": error.outcome()}}
    words = _WORDS.get(said.status, str(said.status))
    response: Resource = {"status": words if desk.harbor.like.bundles.status_words else words[:3]}
    headers = {name.lower(): value for name, value in said.headers.items()}
    response |= {name: headers[name] for name in ("location", "etag") if name in headers}
    return {**({"resource": said.resource} if said.resource else {}), "response": response}


def _one(desk: Desk, entry: Resource) -> Said:
    request = entry["request"]
    parts = urlsplit(str(request["url"]).removeprefix(f"{desk.harbor.fhir_url}/"))
    kind, _, id_ = unquote(parts.path).strip("/").partition("/")
    headers = {header: str(request[name]) for name, header in _HEADERS.items() if name in request}
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    asked = Asked(kind, id_, query, headers, entry.get("resource"))
    method = request["method"]
    if method == "POST" and not id_:
        stored, new = writing.stored_once(desk, asked)
        told = writing.said(desk, stored, 201 if new else 200, asked, created=True)
        return Said(told.status, stored, told.headers)
    if method == "PUT":
        return writing.update(desk, asked) if id_ else writing.conditional_update(desk, asked)
    if method == "PATCH" and id_:
        return writing.patch(desk, Asked(kind, id_, query, headers, _patch_of(asked.body)))
    if method == "DELETE" and id_:
        return writing.delete(desk, asked)
    if method == "GET" and kind:
        return reading.read(desk, asked) if id_ else reading.search(desk, asked)
    raise FhirError(400, "invalid", "An entry asks for something that is no interaction.")


def _patch_of(resource: Any) -> Any:
    """A JSON Patch travels in a Bundle as a Binary."""
    try:
        return loads(base64.b64decode(resource["data"]))
    except (TypeError, KeyError, ValueError):
        raise FhirError(400, "structure", "A patch in a Bundle is a Binary with JSON in it.") from None


def _failure(place: int, response: Resource) -> FhirError:
    issue = response["outcome"]["issue"][0]
    words = issue.get("details", {}).get("text") or issue.get("diagnostics", "")
    return FhirError(
        int(response["status"]), issue["code"], f"Entry {place}: {words}", where=f"Bundle.entry[{place}]"
    )


def _answered(kind: str, entries: list[Resource]) -> Said:
    bundle: Resource = {"resourceType": "Bundle", "type": kind}
    return Said(200, {**bundle, "entry": entries} if entries else bundle)
