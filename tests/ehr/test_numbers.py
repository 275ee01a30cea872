"""What Epic says by number: who may not, what has expired, what is not all, and when to stop asking."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.ehr import outcome
from ketplan.ehr.client import FhirClient
from ketplan.errors import EhrError, Fatal, Forbidden, NotFound, NotSupported, PagesExpired
from tests.ehr.builders import Json, a_bundle, a_resource, an_outcome, answer

SYSTEM = "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369"


def numbered(number: str, severity: str = "error", code: str = "processing", system: str = SYSTEM) -> Json:
    said = an_outcome(severity, code)
    said["issue"][0]["details"] = {"coding": [{"system": system, "code": number}]}
    return said


@pytest.mark.parametrize(
    ("number", "status", "kind", "words"),
    [
        ("4100", 400, NotFound, "no such resource"),
        ("4113", 400, PagesExpired, "forgotten the further pages"),
        ("4118", 400, Forbidden, "does not allow"),
        ("4130", 403, Forbidden, "open it in the EHR first"),
        ("4131", 403, Forbidden, "open it in the EHR first"),
        ("4134", 403, Forbidden, "open it in the EHR first"),
        ("4135", 429, Fatal, "no more requests from ketplan today"),
    ],
)
def test_a_number_outweighs_the_status(number: str, status: int, kind: type[EhrError], words: str) -> None:
    error = outcome.error_for(status, numbered(number))
    assert type(error) is kind
    assert words in str(error)


def test_somebody_elses_numbers_mean_nothing() -> None:
    error = outcome.error_for(400, numbered("4118", system="http://acme.example/codes"))
    assert type(error) is Fatal


@pytest.mark.parametrize("status", [400, 422])
def test_not_supported_is_so_whatever_the_status(status: int) -> None:
    assert isinstance(outcome.error_for(status, an_outcome(code="not-supported")), NotSupported)


def test_the_limit_of_the_day_is_asked_once(
    client: FhirClient, httpserver: HTTPServer, waits: list[float]
) -> None:
    httpserver.expect_request("/fhir/Condition").respond_with_response(answer(numbered("4135"), 429))
    with pytest.raises(Fatal, match="today"):
        client.search("Condition", [("patient", "1")])
    assert len(httpserver.log) == 1
    assert waits == []


class Forgetful:
    """Two pages; the second has expired as often as `times` says."""

    def __init__(self, httpserver: HTTPServer, times: int) -> None:
        self.next, self.times = httpserver.url_for("/fhir/page2"), times
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.path.rpartition("/")[2])
        if not request.path.endswith("page2"):
            return answer(a_bundle(a_resource(id="c1"), next=self.next))
        self.times -= 1
        return answer(numbered("4113"), 400) if self.times >= 0 else answer(a_bundle(a_resource(id="c2")))


def forgetful(httpserver: HTTPServer, times: int) -> Forgetful:
    ehr = Forgetful(httpserver, times)
    for path in ("/fhir/Condition", "/fhir/page2"):
        httpserver.expect_request(path).respond_with_handler(ehr)
    return ehr


def test_expired_pages_are_asked_for_again_from_the_beginning(
    client: FhirClient, httpserver: HTTPServer
) -> None:
    ehr = forgetful(httpserver, times=1)
    found = client.search("Condition", [("patient", "1")])
    assert ([r["id"] for r in found.resources], found.complete) == (["c1", "c2"], True)
    assert ehr.asked == ["Condition", "page2", "Condition", "page2"]


def test_but_only_once(client: FhirClient, httpserver: HTTPServer) -> None:
    ehr = forgetful(httpserver, times=9)
    found = client.search("Condition", [("patient", "1")])
    assert ([r["id"] for r in found.resources], found.complete) == (["c1"], False)
    assert len(ehr.asked) == 4


@pytest.mark.parametrize(("number", "complete"), [("4119", False), ("59133", False), ("4101", True)])
def test_a_search_that_gives_a_part_is_not_taken_for_whole(
    client: FhirClient, httpserver: HTTPServer, number: str, complete: bool
) -> None:
    said = {"resource": numbered(number, "warning"), "search": {"mode": "outcome"}}
    httpserver.expect_request("/fhir/Condition").respond_with_response(
        answer(a_bundle(a_resource(id="c1"), said))
    )
    found = client.search("Condition", [("patient", "1")])
    assert (len(found.resources), found.complete) == (1, complete)
