"""Addresses from outside: every way to make ketplan ask where it must not, or tell a token to a stranger."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_httpserver import HTTPServer

from ketplan.config import Ehr
from ketplan.ehr import urls
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.launch import match_ehr
from ketplan.ehr.peers import Depth, Peers, depth
from ketplan.ehr.transport import Http
from ketplan.errors import EhrError, Fatal, LaunchError, Temporary

ISS = "https://ehr.example.org/fhir"
PUBLIC = "93.184.216.34"
# The system's resolver reads this number as 127.0.0.1: a name that leads to this machine, needing no network.
LOOPBACK_NAME = "2130706433"

INSIDE = {
    Depth.PUBLIC: ("93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"),
    Depth.INNER: ("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1",
                  "64:ff9b::10.0.0.1", "2002:a00:1::", "198.18.0.1"),
    Depth.THIS_MACHINE: ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "2002:7f00:1::",
                         "64:ff9b::7f00:1"),
    Depth.NOWHERE: ("169.254.169.254", "fe80::1%eth0", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1",
                    "255.255.255.255", "240.0.0.1", "100.100.100.200", "fd00:ec2::254", "192.0.0.192",
                    "::ffff:169.254.169.254", "no address", ""),
}  # fmt: skip


@pytest.mark.parametrize(("address", "how_deep"), [(a, d) for d, found in INSIDE.items() for a in found])
def test_how_deep_an_address_lies_whatever_it_is_wrapped_in(address: str, how_deep: Depth) -> None:
    assert depth(address) is how_deep


HOSTS = {
    "auth.example.org": [PUBLIC],
    "inner.example.org": ["10.0.0.1"],
    "mapped.example.org": ["::ffff:10.0.0.1"],
    "mixed.example.org": [PUBLIC, "127.0.0.1"],
    "metadata.example.org": ["169.254.169.254"],
    LOOPBACK_NAME: ["127.0.0.1"],
    "0x7f.1": ["127.0.0.1"],
    "017700000001": ["127.0.0.1"],
    "１２７.0.0.1": ["127.0.0.1"],
    "[::ffff:127.0.0.1]": ["::ffff:127.0.0.1"],
}


def resolve(host: str) -> list[str]:
    return HOSTS.get(host, [host] if ":" in host or host.replace(".", "").isdigit() else [])


@pytest.mark.parametrize(
    "text",
    [
        "http://auth.example.org/token",
        "https://inner.example.org/token",
        "https://mapped.example.org/token",
        "https://mixed.example.org/token",
        "https://metadata.example.org/latest/meta-data",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/token",
        "https://[::1]/token",
        "https://[::ffff:127.0.0.1]/token",
        "https://[::ffff:7f00:1]/token",
        f"https://{LOOPBACK_NAME}/token",
        "https://0x7f.1/token",
        "https://017700000001/token",
        "https://１２７.0.0.1/token",
        "https://0.0.0.0/token",
        "https://ehr.example.org@inner.example.org/token",
        "https://ehr.example.org:pw@auth.example.org/token",
        "https://auth.example.org\\@inner.example.org/token",
        "https://auth.example.org#@inner.example.org/",
        "https://auth.example.org:99999/token",
        "https://auth.exa\u200bmple.org/token",
        "https://[::1",
        "//inner.example.org/token",
        "ftp://auth.example.org/token",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "gopher://auth.example.org/",
        "unix:///var/run/docker.sock",
    ],
)
def test_an_ehr_in_public_may_not_name_this(text: str) -> None:
    with pytest.raises(Fatal):
        urls.endpoint(ISS, text, resolve)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("text", ["https://169.254.169.254/x", "http://auth.example.org/x", "file:///x"])
def test_every_address_of_a_discovery_document_is_checked(name: str, text: str) -> None:
    found = {n: f"{ISS}/{n}" for n in ("authorization_endpoint", "token_endpoint", "jwks_uri")} | {name: text}
    discovery = Discovery(Answers(found), resolve=resolve)  # type: ignore[arg-type]
    with pytest.raises(EhrError):
        discovery.endpoints(ISS)


class Answers:
    """An Http that gives one JSON document to whoever asks."""

    def __init__(self, body: object) -> None:
        self.body, self.asked = body, []

    def send(self, method: str, url: str, headers: object, **_: object) -> object:
        self.asked.append(url)
        return self

    status = 200

    def json(self) -> object:
        return self.body


@pytest.mark.parametrize(
    "iss",
    [
        "https://ehr.example.org/fhir.evil.tld",
        "https://ehr.example.org.evil.tld/fhir",
        "https://ehr.example.org@evil.tld/fhir",
        "https://evil.tld/fhir?x=https://ehr.example.org/fhir",
        "https://evil.tld/fhir#https://ehr.example.org/fhir",
        "https://ehr.example.org:443/fhir",
        "https://EHR.example.org/fhir",
        "https://ehr.example.org./fhir",
        "http://ehr.example.org/fhir",
        "https://ehr.example.org/fhir/../fhir",
        "https://ehr.example.org/fhir//",
        "https://ehr.example.org/FHIR",
        "https://ehr.example.org/fhir\x00",
        " https://ehr.example.org/fhir",
    ],
)
def test_only_the_very_address_that_was_configured_is_an_ehr(iss: str) -> None:
    with pytest.raises(LaunchError):
        match_ehr([Ehr("general", ISS, "ketplan")], [iss])


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/fhir?page=2",
        "https://ehr.example.org:8443/fhir?page=2",
        "https://ehr.example.org:0/fhir?page=2",
        "http://ehr.example.org/fhir?page=2",
        "https://ehr.example.org@evil.example/fhir?page=2",
        "https://ehr.example.org/fhir/../admin",
        "https://ehr.example.org/fhir/%2e%2e/admin",
        "https://ehr.example.org/fhir/%252e%252e/admin",
        "https://ehr.example.org/fhir2?page=2",
        "https://ehr.example.org/fhir\\..\\admin",
        "//evil.example/fhir",
        "\\\\evil.example/fhir",
        "https://[",
        "/../admin",
    ],
)
def test_a_next_link_that_leads_away_is_not_followed(link: str) -> None:
    with pytest.raises(Fatal):
        urls.next_page(ISS, f"{ISS}/Condition?patient=1", link)


# --- held to what was found ---------------------------------------------------------------------------------


def test_a_name_that_leads_elsewhere_after_it_was_checked_is_sent_nothing(httpserver: HTTPServer) -> None:
    peers = Peers(lambda _: [PUBLIC])
    peers.addresses(LOOPBACK_NAME)
    with pytest.raises(Fatal, match="nothing was sent"):
        Http(peers=peers).send("POST", f"http://{LOOPBACK_NAME}:{httpserver.port}/token", {}, body=b"code=x")
    assert httpserver.log == []


def test_a_name_is_held_to_where_it_led_the_first_time() -> None:
    answers = iter([[PUBLIC], ["10.0.0.1"]])
    peers = Peers(lambda _: next(answers))
    assert urls.endpoint(ISS, "https://Rebound.example./token", peers.addresses)
    peers.addresses("rebound.example")
    assert peers.allows("rebound.example", PUBLIC)
    assert not peers.allows("rebound.example", "10.0.0.1")
    assert not peers.allows("REBOUND.example.", "127.0.0.1")


def test_a_name_that_led_nowhere_may_lead_to_the_public_only() -> None:
    peers = Peers(lambda _: [])
    assert urls.endpoint(ISS, "https://later.example/token", peers.addresses)
    assert peers.allows("later.example", PUBLIC)
    assert not peers.allows("later.example", "10.0.0.1")


def test_a_configured_ehr_may_be_inside_but_not_nowhere() -> None:
    peers = Peers(lambda _: [])
    assert peers.allows("ehr.hospital.internal", "10.1.2.3")
    assert peers.allows("localhost", "127.0.0.1")
    assert not peers.allows("ehr.hospital.internal", "169.254.169.254")


def test_an_inner_ehr_may_name_its_inner_neighbour_and_not_this_machine() -> None:
    led = {"ehr.inner": ["10.0.0.1"], "auth.inner": ["10.0.0.2"], "here.inner": ["127.0.0.1"]}
    peers = Peers(lambda host: led[host])
    assert urls.endpoint("https://ehr.inner/fhir", "https://auth.inner/token", peers.addresses)
    assert peers.allows("auth.inner", "10.0.0.9")
    with pytest.raises(Fatal):
        urls.endpoint("https://ehr.inner/fhir", "https://here.inner/token", peers.addresses)


# --- bounded ------------------------------------------------------------------------------------------------


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[int]:
    """A server that answers drop by drop until it is left alone; gives its port."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with listening.accept()[0] as caller:
                caller.recv(4096)
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + b"\r\n")
                while not over.wait(0.01):
                    try:
                        caller.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"Content-Length: 100000\r\n", b"x"), (b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n"), (b"", b"x")],
    ids=["declared", "chunked", "open"],
)
def test_an_answer_drop_by_drop_is_given_up_in_time(head: bytes, drop: bytes) -> None:
    with dripping(head, drop) as port, pytest.raises(Temporary, match="did not finish"):
        Http(timeouts=(2, 2), total=0.1).send("GET", f"http://127.0.0.1:{port}/", {})


def test_a_small_answer_that_unpacks_into_a_large_one_is_refused(httpserver: HTTPServer) -> None:
    import gzip

    bomb = gzip.compress(b"0" * 5_000_000)
    httpserver.expect_request("/bomb").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    assert len(bomb) < 10_000
    with pytest.raises(Fatal, match="larger than"):
        Http().send("GET", httpserver.url_for("/bomb"), {}, max_bytes=1_000_000)
