"""Create, update, patch and delete, with the conditions they are bound to."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from email.utils import formatdate
from urllib.parse import parse_qsl

from ketplan.sandbox.clinic import calendars
from ketplan.sandbox.parameters import Test
from ketplan.sandbox.rest import shapes
from ketplan.sandbox.rest.exchange import Asked, Desk, Said
from ketplan.sandbox.rest.json_patch import patched
from ketplan.sandbox.rules import check
from ketplan.sandbox.store import version
from ketplan.sandbox.wire import FhirError, Resource

RACE_SECONDS = 0.05
"""How long a racing server thinks between looking for a match and storing."""
ELSEWHERE = "http://upstream.invalid/fhir"


def create(desk: Desk, asked: Asked) -> Said:
    stored, new = stored_once(desk, asked)
    return said(desk, stored, 201 if new else 200, asked, created=True)


def stored_once(desk: Desk, asked: Asked) -> tuple[Resource, bool]:
    """What a create stored, and True; or what its condition matched, and False."""
    desk.require(asked.kind, "create")
    inside = desk.inside(desk.reach(asked.kind, "c"))
    resource = _body(desk, asked, "create")
    store, writes = desk.harbor.store, desk.harbor.like.writes
    condition = asked.header("if-none-exist") if writes.if_none_exist != "ignored" else None
    if condition is not None and writes.if_none_exist == "racing":
        if already := _matching(desk, asked.kind, condition, inside):
            return already, False
        desk.harbor.faults.sleep(RACE_SECONDS)
        condition = None
    with store.lock:
        if condition is not None and (already := _matching(desk, asked.kind, condition, inside)):
            return already, False
        _allow(inside, resource)
        _book(desk, None, resource)
        return store.create(resource, _new_id(desk, resource)), True


def update(desk: Desk, asked: Asked) -> Said:
    desk.require(asked.kind, "update")
    reach = desk.reach(asked.kind, "u")
    resource = _body(desk, asked, "update")
    if resource.get("id") != asked.id:
        where = f"{asked.kind}.id"
        raise FhirError(400, "invalid", "The id in the body is not the one in the address.", where=where)
    with desk.harbor.store.lock:
        if desk.harbor.like.writes.upsert and not desk.harbor.store.find(asked.kind, asked.id):
            return _upsert(desk, asked, resource)
        before = desk.existing(asked.kind, asked.id, reach)
        _fresh(desk, asked, before, desk.harbor.like.writes.if_match)
        return _replace(desk, asked, before, resource, desk.inside(reach))


def conditional_update(desk: Desk, asked: Asked) -> Said:
    """``PUT Type?search``: the one match is updated, none is created, several are refused."""
    desk.require(asked.kind, "update")
    if not asked.query or not desk.harbor.like.writes.conditional_update:
        raise FhirError(405, "not-supported", "This server does not update without an id.")
    inside = desk.inside(desk.reach(asked.kind, "u"))
    with desk.harbor.store.lock:
        found = _one(desk.harbor.search.matches(asked.kind, asked.query, inside))
        if not found:
            return create(desk, Asked(asked.kind, headers={}, body=asked.body, cuts=asked.cuts))
        body = {**asked.body, "id": found["id"]} if isinstance(asked.body, dict) else asked.body
        return update(desk, Asked(asked.kind, found["id"], (), asked.headers, body, asked.cuts))


def patch(desk: Desk, asked: Asked) -> Said:
    desk.require(asked.kind, "patch")
    reach = desk.reach(asked.kind, "u")
    with desk.harbor.store.lock:
        before = desk.existing(asked.kind, asked.id, reach)
        _fresh(desk, asked, before, desk.harbor.like.writes.if_match_on_patch)
        after = patched(before, asked.body)
        if isinstance(after, dict) and after.get("id") != asked.id:
            raise FhirError(422, "processing", "A patch does not change an id.", where=f"{asked.kind}.id")
        return _replace(desk, asked, before, check(after, asked.kind), desk.inside(reach))


def delete(desk: Desk, asked: Asked) -> Said:
    desk.require(asked.kind, "delete")
    reach = desk.reach(asked.kind, "d")
    with desk.harbor.store.lock:
        before = desk.existing(asked.kind, asked.id, reach)
        _fresh(desk, asked, before, "honoured")
        if asked.kind == "Appointment":
            gone = {**before, "status": "entered-in-error"}
            calendars.book(desk.harbor.store, before, gone, desk.harbor.fhir_url)
        desk.harbor.store.delete(asked.kind, asked.id)
    return Said(204)


def changed(desk: Desk, before: Resource, after: Resource) -> None:
    """What an operation makes of a resource, whether or not this server takes updates of its type."""
    inside = desk.inside(desk.reach(before["resourceType"], "u"))
    with desk.harbor.store.lock:
        _replace(desk, Asked(before["resourceType"], before["id"]), before, after, inside)


def added(desk: Desk, resource: Resource) -> Resource:
    """What an operation creates, whether or not this server takes creates of its type."""
    inside = desk.inside(desk.reach(resource["resourceType"], "c"))
    check(resource, resource.get("resourceType", "Appointment"))
    with desk.harbor.store.lock:
        _allow(inside, resource)
        _book(desk, None, resource)
        return desk.harbor.store.create(resource, _new_id(desk, resource))


def said(desk: Desk, resource: Resource, status: int, asked: Asked, *, created: bool = False) -> Said:
    """The answer that carries a stored resource, as much of it as this server tells."""
    writes = desk.harbor.like.writes
    headers = {"ETag": etag(resource), "Last-Modified": formatdate(desk.harbor.clock(), usegmt=True)}
    place = _location(desk, writes.location, resource) if created else ""
    headers |= {"Location": place} if place else {}
    minimal = writes.body == "prefer" and "return=minimal" in (asked.header("prefer") or "")
    empty = minimal or writes.body == "empty"
    return Said(status, None if empty else resource, headers)


def etag(resource: Resource) -> str:
    return f'W/"{version(resource)}"'


def _body(desk: Desk, asked: Asked, on: str) -> Resource:
    writes = desk.harbor.like.writes
    resource = check(
        asked.body,
        asked.kind,
        missing=writes.missing_element,
        codes=writes.checks_codes,
        times=writes.checks_times,
    )
    kept = {name: value for name, value in resource.items() if name not in asked.cuts}
    shaped = shapes.shaped(desk.harbor.like, on, kept)
    return shapes.timed(desk.harbor.store, shaped) if writes.slots_give_times else shaped


def _replace(desk: Desk, asked: Asked, before: Resource, after: Resource, inside: Test) -> Said:
    _allow(inside, after)
    _book(desk, before, after)
    unchanged = {**after, "meta": before["meta"]} == before
    if unchanged and desk.harbor.like.writes.unchanged_is_no_version:
        return said(desk, before, 200, asked)
    return said(desk, desk.harbor.store.replace(after, asked.id), 200, asked)


def _upsert(desk: Desk, asked: Asked, resource: Resource) -> Said:
    _allow(desk.inside(desk.reach(asked.kind, "c")), resource)
    _book(desk, None, resource)
    return said(desk, desk.harbor.store.create(resource, asked.id), 201, asked, created=True)


def _fresh(desk: Desk, asked: Asked, before: Resource, rule: str) -> None:
    """Raises FhirError when the caller speaks of another version, or, where it must, of none."""
    wanted = asked.header("if-match")
    if wanted is None and rule == "required":
        status = desk.harbor.like.writes.unversioned
        raise FhirError(status, "conflict", "Say which version is meant, in If-Match.")
    if wanted is not None and rule != "ignored" and wanted.strip() != etag(before):
        stale = desk.harbor.like.writes.stale
        raise FhirError(stale, "conflict", "Somebody changed this resource since it was read.")


def _allow(inside: Callable[[Resource], bool], resource: Resource) -> None:
    if not inside(resource):
        raise FhirError(403, "forbidden", "This token may not write to that patient's chart.")


def _book(desk: Desk, before: Resource | None, after: Resource) -> None:
    writes = desk.harbor.like.writes
    if after["resourceType"] != "Appointment":
        return
    if writes.same_time:
        shapes.refuse_same_time(desk.harbor.store, after, writes.double_booking)
    if writes.double_booking:
        store, base = desk.harbor.store, desk.harbor.fhir_url
        calendars.book(store, before, after, base, taken=writes.double_booking)


def _new_id(desk: Desk, resource: Resource) -> str:
    how = desk.harbor.like.writes.ids
    if how == "long":
        return "e" + secrets.token_urlsafe(33).replace("_", ".")
    if how == "number":
        return str(next(desk.harbor.numbers))
    sent = resource.get("id")
    if how != "kept" or not isinstance(sent, str):
        return ""
    if desk.harbor.store.find(resource["resourceType"], sent):
        raise FhirError(500, "exception", 'duplicate key value violates unique constraint "resource_pkey"')
    return sent


def _location(desk: Desk, style: str, resource: Resource) -> str:
    path = f"{resource['resourceType']}/{resource['id']}"
    base = desk.harbor.fhir_url
    return {
        "history": f"{base}/{path}/_history/{version(resource)}",
        "plain": f"{base}/{path}",
        "relative": path,
        "elsewhere": f"{ELSEWHERE}/{path}",
    }.get(style, "")


def _matching(desk: Desk, kind: str, condition: str, inside: Test) -> Resource | None:
    """The one resource that a conditional create is about. Raises FhirError 412 when there are several."""
    query = parse_qsl(condition.lstrip("?"), keep_blank_values=True)
    if not query:
        raise FhirError(400, "invalid", "If-None-Exist has no search in it.")
    return _one(desk.harbor.search.matches(kind, query, inside))


def _one(found: list[Resource]) -> Resource | None:
    if len(found) > 1:
        raise FhirError(412, "multiple-matches", "Several resources match the condition.")
    return found[0] if found else None
