"""Which kind of EHR a client talks to, and what it said of itself, found out once for a whole process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.config import Ehr, Settings
from ketplan.ehr.client import FhirClient
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.statements import FRESH_SECONDS, Statements
from ketplan.ehr.transport import Http
from ketplan.ehr.vendors import Vendors, vendors
from ketplan.errors import ConfigError, NotSupported, Temporary
from tests.ehr.builders import an_outcome, answer

Make = Callable[[], FhirClient]


@pytest.fixture
def make(httpserver: HTTPServer, http: Http) -> Make:
    return lambda: FhirClient(httpserver.url_for("/fhir"), None, http)


class Metadata:
    """The CapabilityStatement of one EHR, with its ETag, and who asked for it how."""

    def __init__(self, software: str = "Epic", etag: str = 'W/"1"') -> None:
        self.software, self.etag = software, etag
        self.asked: list[str | None] = []
        self.refusal: Response | None = None

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.headers.get("If-None-Match"))
        if self.refusal:
            return self.refusal
        if self.etag and request.headers.get("If-None-Match") == self.etag:
            return Response(status=304)
        body = {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "software": {"name": self.software},
        }
        return answer(body, ETag=self.etag) if self.etag else answer(body)


@pytest.fixture
def metadata(httpserver: HTTPServer) -> Metadata:
    said = Metadata()
    httpserver.expect_request("/fhir/metadata").respond_with_handler(said)
    return said


def settings(tmp_path: Path, *ehrs: Ehr, profiles: Path | None = None) -> Settings:
    return Settings(tmp_path, "sqlite://", "http://localhost", ehrs=ehrs, profiles=profiles)


def test_an_ehr_is_asked_once_what_it_is(make: Make, metadata: Metadata) -> None:
    known = Vendors(shipped())
    assert known.recognise(make()).profile.name == "epic"
    assert known.recognise(make()).profile.name == "epic"
    assert len(metadata.asked) == 1


def test_one_that_the_settings_name_is_not_asked(make: Make, metadata: Metadata) -> None:
    base = make().base
    known = Vendors(shipped(), (Ehr("general", f"{base}/", "k", profile="oracle-health"),))
    assert known.recognise(make()).profile.name == "oracle-health"
    assert metadata.asked == []


def test_nor_is_one_whose_address_tells(http: Http) -> None:
    client = FhirClient("https://hapi.fhir.org/baseR4", None, http)
    assert Vendors(shipped()).recognise(client).profile.name == "hapi"


def test_one_that_does_not_say_is_any_fhir_server(make: Make, metadata: Metadata) -> None:
    metadata.refusal = answer(an_outcome(code="login"), 401)
    assert Vendors(shipped()).recognise(make()).profile.name == "generic"


def test_a_profile_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no vendor profile epik"):
        vendors(settings(tmp_path, Ehr("general", "https://ehr.example/fhir", "k", profile="epik")))


def test_a_profile_of_ones_own_is_used(tmp_path: Path, http: Http) -> None:
    (tmp_path / "acme.toml").write_text(
        'name = "acme"\nlabel = "Acme"\n[[sign]]\npart = "address"\npattern = "^acme[.]example/"\n'
        'witness = "papers of Acme"\nconfidence = "high"\n'
    )
    client = FhirClient("https://acme.example/fhir", None, http)
    known = vendors(settings(tmp_path, profiles=tmp_path))
    assert known.recognise(client).profile.label == "Acme"


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_a_statement_is_kept_a_while_and_then_asked_for_by_its_etag(make: Make, metadata: Metadata) -> None:
    clock, client = Clock(), make()
    client.statements = Statements(clock)
    first = client.capabilities()
    clock.time += FRESH_SECONDS - 1
    assert client.capabilities() is first
    clock.time += 1
    assert client.capabilities() is first, "304: nothing has changed"
    assert metadata.asked == [None, 'W/"1"']
    assert client.capabilities() is first
    assert len(metadata.asked) == 2, "fresh again"


def test_a_changed_statement_replaces_the_old_one(make: Make, metadata: Metadata) -> None:
    clock, client = Clock(), make()
    client.statements = Statements(clock)
    client.capabilities()
    clock.time += FRESH_SECONDS
    metadata.software, metadata.etag = "Epic 2", 'W/"2"'
    assert client.capabilities().software == "Epic 2"


def test_what_could_not_be_had_is_not_kept(make: Make, metadata: Metadata) -> None:
    client = make()
    metadata.refusal = answer(None, 500)
    with pytest.raises(Temporary):
        client.capabilities()
    metadata.refusal = None
    assert client.capabilities().software == "Epic"


def test_an_ehr_that_says_unchanged_of_nothing_has_said_nothing() -> None:
    with pytest.raises(NotSupported):
        Statements().of("https://ehr.example/fhir", lambda etag: (None, None))
