"""The profiles against the pretend EHR behaving as each vendor's: recognised, read, and sent what it takes.

Both were written from the same papers by different hands; where they disagree one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from ketplan.ehr.ability import Source, ability
from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import read_record
from ketplan.ehr.patience import Patience
from ketplan.ehr.profiles.choose import chosen
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.profiles.shape import marker, shape
from ketplan.ehr.submit import find
from ketplan.ehr.transport import Http
from ketplan.errors import EhrError
from ketplan.sandbox.server import Server, serve
from tests.ehr.golden import resources

TODAY = date(2026, 2, 25)
NOW = datetime(2026, 2, 25, 9, tzinfo=ZoneInfo("America/New_York"))
LIKE = {"athenahealth": "athena", "eclinicalworks": "ecw", "oracle-health": "oracle"}
NAMES = sorted(set(shipped()) - {"generic"})
# These say nothing of themselves that anybody has witnessed: known by address, or named in the settings.
SILENT = {"canvas", "smart-launcher", "wso2"}
OF_THE_EHR = ("Patient", "Location", "Practitioner", "Slot")
# Sundays, on which nobody has anything.
FREE = {
    "appointment-booked": "2026-03-08",
    "appointment-proposed": "2026-03-15",
    "found-again": "2026-03-22",
    "other": "2026-03-29",
}
# What its own papers say cannot be searched by patient.
UNREADABLE = {("athenahealth", "Appointment")}
Json = dict[str, Any]
KINDS = {name: resource["resourceType"] for name, resource in resources() if name != "care-plan-active"}


class Vendor(NamedTuple):
    name: str
    server: Server
    client: FhirClient

    @property
    def patient(self) -> str:
        return str(next(self.server.harbor.store.all("Patient"))["id"])


@pytest.fixture(scope="module", params=NAMES)
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    like = LIKE.get(request.param, request.param)
    with serve("127.0.0.1", 0, today=TODAY, open_access=True, like=like) as server:
        client = FhirClient(f"{server.url}/fhir", None, Http(), patience=Patience(now=lambda: NOW))
        client.profile = shipped()[request.param]
        yield Vendor(request.param, server, client)


def test_it_is_recognised_by_what_it_says(vendor: Vendor) -> None:
    found = chosen(shipped(), vendor.client.base, found=vendor.client.capabilities())
    assert found.name == ("generic" if vendor.name in SILENT else vendor.name)


def test_its_record_is_read_without_a_search_it_refuses(vendor: Vendor) -> None:
    said = vendor.client.capabilities()
    sections = read_record(vendor.client, vendor.patient)
    refused = [s.name for s in sections if s.state in ("failed", "forbidden")]
    offered = {(vendor.name, name) for name in refused if said.can(name.split()[0], "search-type")}
    assert offered - {("epic", "Observation survey")} == UNREADABLE & {(vendor.name, "Appointment")}


def for_here(name: str, vendor: Vendor) -> Json:
    """A golden resource about a patient, a place and a practitioner of this EHR, on a free day."""
    first = {kind: str(next(vendor.server.harbor.store.all(kind))["id"]) for kind in OF_THE_EHR}
    day = FREE.get(name, "2026-03-02")
    found: Json = moved(dict(resources()).get(name) or dict(resources())["appointment-proposed"], first, day)
    return found


def moved(value: Any, first: dict[str, str], day: str) -> Any:
    if isinstance(value, dict):
        return {key: moved(item, first, day) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, first, day) for item in value]
    if not isinstance(value, str):
        return value
    kind, slash, _ = value.partition("/")
    return f"{kind}/{first[kind]}" if slash and kind in first else value.replace("2026-03-02T", f"{day}T")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_the_profile_says_it_takes_it_takes(vendor: Vendor, name: str) -> None:
    resource, said = for_here(name, vendor), vendor.client.capabilities()
    known = ability(KINDS[name], "create", profile=vendor.client.profile, statement=said)
    if known.may:
        assert vendor.client.create(shape(vendor.client.profile, resource).payload).status == 201
    elif known.said(Source.STATEMENT).says is False:
        with pytest.raises(EhrError):
            vendor.client.create(resource)


def test_what_was_written_is_found_again(vendor: Vendor) -> None:
    """By its identifier where that is kept, else by its mark; a second one is not taken for it."""
    said = vendor.client.capabilities()
    if not ability("Appointment", "create", profile=vendor.client.profile, statement=said).may:
        return
    visit, other = for_here("found-again", vendor), for_here("other", vendor)
    visit["identifier"][0]["value"] = "found/again"
    id = vendor.client.create(shape(vendor.client.profile, visit).payload).id
    vendor.client.create(shape(vendor.client.profile, other).payload)
    found = find(
        vendor.client, "Appointment", visit["identifier"][0]["system"], "found/again", vendor.patient
    )
    assert [r["id"] for r in found] == [id]
    assert found[0].get("identifier") or marker("found/again") in found[0]["comment"]
