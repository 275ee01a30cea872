from __future__ import annotations

import logging
import re
import socket
import threading
from contextlib import suppress

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.ehr.transport import Http
from ketplan.errors import EhrError, Fatal, Temporary, Unreachable
from tests.ehr.builders import TOKEN, answer


def a_get(http: Http, url: str, **more: object) -> object:
    return http.send("GET", url, {}, **more)  # type: ignore[arg-type]


def test_a_redirect_is_an_answer_and_is_not_followed(
    http: Http, httpserver: HTTPServer, stranger: HTTPServer
) -> None:
    httpserver.expect_request("/here").respond_with_response(
        Response(status=302, headers={"Location": stranger.url_for("/")})
    )
    sent = http.send("GET", httpserver.url_for("/here"), {}, authorization=f"Bearer {TOKEN}")
    assert sent.status == 302
    assert stranger.log == []


def test_cookies_of_one_launch_never_reach_the_next(http: Http, httpserver: HTTPServer) -> None:
    seen: list[str | None] = []

    def handler(request: Request) -> Response:
        seen.append(request.headers.get("Cookie"))
        return Response("{}", headers={"Set-Cookie": "session=user-a; Path=/"})

    httpserver.expect_request("/here").respond_with_handler(handler)
    a_get(http, httpserver.url_for("/here"))
    a_get(http, httpserver.url_for("/here"))
    assert seen == [None, None]


def test_a_netrc_file_does_not_replace_the_authorization(
    http: Http, httpserver: HTTPServer, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"  # type: ignore[operator]
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str | None] = []

    def handler(request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return Response("{}")

    httpserver.expect_request("/here").respond_with_handler(handler)
    a_get(http, httpserver.url_for("/here"), authorization=f"Bearer {TOKEN}")
    a_get(http, httpserver.url_for("/here"))
    assert seen == [f"Bearer {TOKEN}", None]


def test_an_answer_larger_than_the_cap_is_refused(http: Http, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/here").respond_with_data("x" * 2_000)
    with pytest.raises(Fatal, match="larger than"):
        a_get(http, httpserver.url_for("/here"), max_bytes=1_999)
    assert len(http.send("GET", httpserver.url_for("/here"), {}, max_bytes=2_000).body) == 2_000


def test_an_answer_that_trickles_is_given_up(httpserver: HTTPServer) -> None:
    ticks = iter([0.0, 121.0])
    httpserver.expect_request("/here").respond_with_data("{}")
    with pytest.raises(Temporary, match="did not finish"):
        a_get(Http(clock=lambda: next(ticks)), httpserver.url_for("/here"))


def test_headers_that_trickle_are_given_up(http: Http) -> None:
    """Each byte begins the socket's own time-out anew."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickle() -> None:
            with listening.accept()[0] as connected, suppress(OSError):
                connected.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.02):
                    connected.sendall(b"x")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            with pytest.raises(Temporary, match="in time") as caught:
                a_get(Http(timeouts=(2, 2), total=0.2), f"http://127.0.0.1:{listening.getsockname()[1]}/here")
        finally:
            over.set()
            thread.join()
    assert not isinstance(caught.value, Unreachable)


def test_the_environments_proxy_is_used(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many clinics let nothing out but through theirs; NO_PROXY names what it is not for."""
    for name in ("http_proxy", "no_proxy", "NO_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", httpserver.url_for(""))
    httpserver.expect_request(re.compile(".*")).respond_with_data("{}")
    assert a_get(Http(timeouts=(2, 2)), "http://ehr.invalid/fhir/metadata").status == 200
    assert httpserver.log[-1][0].headers["Host"] == "ehr.invalid"
    monkeypatch.setenv("NO_PROXY", "ehr.invalid")
    with pytest.raises(Unreachable):
        a_get(Http(timeouts=(2, 2)), "http://ehr.invalid/fhir/metadata")


def test_a_server_that_does_not_answer_is_temporary_but_not_unreachable(httpserver: HTTPServer) -> None:
    over = threading.Event()

    def handler(_: Request) -> Response:
        over.wait(5)
        return Response("{}")

    httpserver.expect_request("/slow").respond_with_handler(handler)
    try:
        with pytest.raises(Temporary, match="in time") as caught:
            a_get(Http(timeouts=(2, 0.05)), httpserver.url_for("/slow"))
    finally:
        over.set()
    assert not isinstance(caught.value, Unreachable)


def test_a_broken_connection_is_unreachable(http: Http, httpserver: HTTPServer) -> None:
    def handler(request: Request) -> Response:
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return Response()

    httpserver.expect_request("/broken").respond_with_handler(handler)
    with pytest.raises(Unreachable):
        a_get(http, httpserver.url_for("/broken"))


def test_no_trace_of_the_address_or_token_in_errors(http: Http) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/canary-patient?a=canary-query"
    with pytest.raises(Unreachable) as caught:
        http.send("GET", url, {}, authorization=TOKEN)
    error: BaseException | None = caught.value
    told = ""
    while error is not None:
        told += f"{error!r} {error}"
        error = error.__cause__ if error.__suppress_context__ else error.__context__
    for canary in ("canary-patient", "canary-query", TOKEN):
        assert canary not in told


def test_no_trace_of_the_address_or_token_in_logs(
    http: Http, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (None, "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    httpserver.expect_request("/fhir/Patient/canary-patient").respond_with_data("{}")
    url = httpserver.url_for("/fhir/Patient/canary-patient?a=canary-query")
    http.send("GET", url, {}, authorization=TOKEN)
    told = "".join(
        r.getMessage() for r in caplog.records if r.name != "werkzeug"
    )  # the pretend EHR's own log
    for canary in ("canary-patient", "canary-query", TOKEN):
        assert canary not in told


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/\x00", "https://[::1", "nonsense"])
def test_an_impossible_request_is_one_of_our_errors(http: Http, url: str) -> None:
    with pytest.raises(EhrError):
        a_get(http, url)


def test_a_page_instead_of_data_is_named_as_such(http: Http, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/here").respond_with_data("<html>Sign in</html>", content_type="text/html")
    with pytest.raises(Fatal, match="sign-in page"):
        http.send("GET", httpserver.url_for("/here"), {}).json()


def test_json_is_read_whatever_its_media_type_is_called(http: Http, httpserver: HTTPServer) -> None:
    for kind in ("application/json", "application/fhir+json; charset=utf-8", "text/json"):
        httpserver.expect_oneshot_request("/here").respond_with_response(answer({"a": 1}, Content_Type=kind))
        assert http.send("GET", httpserver.url_for("/here"), {}).json() == {"a": 1}


def test_half_an_answer_is_temporary(http: Http, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/here").respond_with_response(answer('{"resourceType": "Bun'))
    with pytest.raises(Temporary, match="cut short"):
        http.send("GET", httpserver.url_for("/here"), {}).json()
