"""Read, versions and search."""

from __future__ import annotations

from datetime import datetime

from ketplan.sandbox.parameters import Test
from ketplan.sandbox.rest import asking
from ketplan.sandbox.rest.exchange import Asked, Desk, Said
from ketplan.sandbox.rest.writing import said
from ketplan.sandbox.store import version
from ketplan.sandbox.wire import FhirError, Resource


def read(desk: Desk, asked: Asked) -> Said:
    desk.require(asked.kind, "read")
    found = desk.existing(asked.kind, asked.id, desk.reach(asked.kind, "r"))
    return Said(200, found, said(desk, found, 200, asked).headers)


def vread(desk: Desk, asked: Asked, number: str) -> Said:
    """One version of a resource whose current state is within reach."""
    found = next((one for one in _versions(desk, asked, "vread") if version(one) == number), None)
    if not found:
        raise FhirError(404, "not-found", f"There is no such version of this {asked.kind}.")
    return Said(200, found, said(desk, found, 200, asked).headers)


def history(desk: Desk, asked: Asked) -> Said:
    """Every version, newest first, as a history Bundle."""
    found = _versions(desk, asked, "history-instance")
    url = f"{desk.harbor.fhir_url}/{asked.kind}/{asked.id}"
    entries = [{"fullUrl": url, "resource": one} for one in found]
    link = [{"relation": "self", "url": f"{url}/_history"}]
    bundle = {"resourceType": "Bundle", "type": "history", "total": len(found), "link": link}
    return Said(200, {**bundle, "entry": entries})


def _versions(desk: Desk, asked: Asked, interaction: str) -> list[Resource]:
    desk.require(asked.kind, interaction)
    desk.existing(asked.kind, asked.id, desk.reach(asked.kind, "r"))
    return desk.harbor.store.versions(asked.kind, asked.id)


def search(desk: Desk, asked: Asked) -> Said:
    """One page of a search, the first or a later one."""
    desk.require(asked.kind, "search-type")
    reach = desk.reach(asked.kind, "s")
    harbor = desk.harbor
    hidden_since = _hidden_since(desk, asked.kind)

    def allowed(resource: Resource) -> bool:
        other = resource["resourceType"]
        far = reach if other == asked.kind else desk.access.reach(other, "r")
        if far is None or not desk.inside(far)(resource):
            return False
        return hidden_since is None or _written(resource) <= hidden_since

    cursor = dict(asked.query).get(harbor.like.paging.parameter)
    if cursor is not None and harbor.like.paging.style == "token":
        return Said(200, harbor.search.next_page(asked.kind, cursor, allowed, desk.access.owner))
    taken = asking.taken(harbor.like, asked.kind, asked.query)
    none: Test = lambda resource: False  # noqa: E731
    bundle = harbor.search.run(
        asked.kind,
        taken.query,
        allowed if taken.matches else none,
        desk.access.owner,
        asked=asked.query,
        fresh="no-cache" in (asked.header("cache-control") or ""),
    )
    return Said(200, asking.with_outcomes(bundle, taken))


def _hidden_since(desk: Desk, kind: str) -> float | None:
    """Searches do not find what was written later than this, in seconds since 1970; None: they find all."""
    lag = desk.harbor.faults.state("lag", kind)
    return desk.harbor.clock() - lag if lag else None


def _written(resource: Resource) -> float:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"]).timestamp()
