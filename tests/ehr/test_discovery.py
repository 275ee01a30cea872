from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from ketplan.ehr.discovery import OAUTH_URIS, Discovery, discover
from ketplan.ehr.transport import Http
from ketplan.errors import EhrError, Fatal, Temporary
from tests.ehr.builders import answer
from tests.ehr.oauth import FakeServer

CONFIGURATION = "/fhir/.well-known/smart-configuration"


def test_endpoints_come_from_the_smart_configuration_relative_ones_resolved(
    http: Http, httpserver: HTTPServer, server: FakeServer
) -> None:
    server.config = {"token_endpoint": "oauth/token", "authorization_response_iss_parameter_supported": True}
    found = discover(http, server.iss)
    assert found.authorize == httpserver.url_for("/auth/authorize?tenant=1")
    assert found.token == httpserver.url_for("/fhir/oauth/token")
    assert found.issuer == "https://ehr.example/"
    assert found.capabilities == {"launch-ehr", "permission-v2"}
    assert found.names_pkce and found.names_issuer_in_answer


def test_json_is_asked_for_and_a_trailing_slash_makes_no_difference(
    http: Http, httpserver: HTTPServer
) -> None:
    config = {"authorization_endpoint": "/a", "token_endpoint": "/t"}
    httpserver.expect_oneshot_request(
        CONFIGURATION, headers={"Accept": "application/json"}
    ).respond_with_response(answer(config))
    found = discover(http, httpserver.url_for("/fhir/"))
    assert found.iss.endswith("/fhir/")
    assert (found.issuer, found.jwks, found.names_pkce) == (None, None, False)


def test_only_where_there_is_none_the_capability_statement_is_asked(
    http: Http, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(CONFIGURATION).respond_with_response(answer(None, 404))
    uris = [{"url": "authorize", "valueUri": "/a"}, {"url": "token", "valueUri": "/t"}, {"url": "x"}]
    security = {"extension": [{"url": "other"}, {"url": OAUTH_URIS, "extension": uris}]}
    httpserver.expect_request("/fhir/metadata").respond_with_response(
        answer({"rest": [None, {}, {"security": security}]})
    )
    found = discover(http, httpserver.url_for("/fhir"))
    assert (found.authorize, found.token) == (httpserver.url_for("/a"), httpserver.url_for("/t"))


@pytest.mark.parametrize(("status", "kind"), [(500, Temporary), (401, Temporary), (302, Fatal), (400, Fatal)])
def test_any_other_failure_is_not_papered_over(
    http: Http, httpserver: HTTPServer, status: int, kind: type[EhrError]
) -> None:
    httpserver.expect_request(CONFIGURATION).respond_with_response(answer(None, status))
    with pytest.raises(kind):
        discover(http, httpserver.url_for("/fhir"))
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    "config",
    [
        {"token_endpoint": None},
        {"authorization_endpoint": 7},
        {"token_endpoint": "http://auth.example.org/token"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_document_without_usable_endpoints_is_refused(
    http: Http, server: FakeServer, config: dict[str, object]
) -> None:
    server.config = config
    with pytest.raises(Fatal):
        discover(http, server.iss)


@pytest.mark.parametrize("body", ["[]", "nope", "<html>"])
def test_a_document_that_is_no_document_is_an_error(http: Http, httpserver: HTTPServer, body: str) -> None:
    httpserver.expect_request(CONFIGURATION).respond_with_response(answer(body))
    with pytest.raises(EhrError):
        discover(http, httpserver.url_for("/fhir"))


def test_a_document_larger_than_a_megabyte_is_refused(http: Http, httpserver: HTTPServer) -> None:
    httpserver.expect_request(CONFIGURATION).respond_with_response(answer(" " * 1_000_001))
    with pytest.raises(Fatal, match="larger"):
        discover(http, httpserver.url_for("/fhir"))


def test_what_was_found_is_remembered_for_ten_minutes(
    http: Http, httpserver: HTTPServer, server: FakeServer
) -> None:
    now = [0.0]
    discovery = Discovery(http, clock=lambda: now[0])
    for now[0], requests in ((0.0, 1), (600.0, 1), (601.0, 2)):
        discovery.endpoints(server.iss)
        assert len(httpserver.log) == requests


def test_a_failure_is_not_remembered(discovery: Discovery, httpserver: HTTPServer) -> None:
    config = {"authorization_endpoint": "/a", "token_endpoint": "/t"}
    httpserver.expect_ordered_request(CONFIGURATION).respond_with_response(answer(None, 503))
    httpserver.expect_ordered_request(CONFIGURATION).respond_with_response(answer(config))
    with pytest.raises(Temporary):
        discovery.endpoints(httpserver.url_for("/fhir"))
    assert discovery.endpoints(httpserver.url_for("/fhir")).token == httpserver.url_for("/t")


def test_keys_are_found_through_openid_configuration_where_smart_names_none(
    discovery: Discovery, httpserver: HTTPServer, server: FakeServer
) -> None:
    server.config = {"jwks_uri": None, "issuer": server.iss}
    httpserver.expect_request("/fhir/.well-known/openid-configuration").respond_with_response(
        answer({"issuer": server.iss, "jwks_uri": httpserver.url_for("/auth/keys")})
    )
    signer = discovery.signer(discovery.endpoints(server.iss))
    assert (signer.issuer, [key["kid"] for key in signer.keys]) == (server.iss, ["rsa-1"])


def test_an_openid_configuration_of_another_issuer_is_refused(
    discovery: Discovery, httpserver: HTTPServer, server: FakeServer
) -> None:
    server.config = {"jwks_uri": None, "issuer": server.iss}
    httpserver.expect_request("/fhir/.well-known/openid-configuration").respond_with_response(
        answer({"issuer": "https://evil.example", "jwks_uri": httpserver.url_for("/auth/keys")})
    )
    with pytest.raises(Fatal, match="consistently"):
        discovery.signer(discovery.endpoints(server.iss))
