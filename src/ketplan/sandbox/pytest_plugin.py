"""A pretend EHR for the tests of any SMART on FHIR app: a pytest plugin on pytest-httpserver.

The fixture ``mock_ehr`` starts one::

    def test_my_app(mock_ehr):
        ehr = mock_ehr(like="epic", faults=["503 on=search every=2"])
        my_app.read(ehr.fhir_url, ehr.token("patient/*.rs", patient="gad-ready"))
        assert ehr.asked("GET", "/fhir/Observation")
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

    from ketplan.sandbox.harbor import Harbor, Recorded

LAUNCH_URL = "http://localhost:8400/launch"
CALLBACK = "http://localhost:8400/callback"
CLINICIAN = "halvorsen"


class MockEhr:
    """One pretend EHR that is being served.

    ``server`` is the HTTPServer of pytest-httpserver under it: what a test expects there of its own comes
    before the EHR. ``harbor`` is the EHR itself.
    """

    def __init__(self, server: HTTPServer, **settings: Any) -> None:
        from ketplan.sandbox.app import create_app

        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.fhir_url = f"{self.url}/fhir"
        self._app = create_app(self.url, **settings)

    @property
    def harbor(self) -> Harbor:
        found: Harbor = self._app.extensions["harbor"]
        return found

    @property
    def client_id(self) -> str:
        assert self.harbor.client
        return self.harbor.client.id

    @property
    def requests(self) -> list[Recorded]:
        """Every request to the FHIR and sign-in endpoints so far, oldest first."""
        return list(self.harbor.requests)

    def asked(self, method: str = "", path: str = "") -> list[Recorded]:
        """The requests of one method and whose path begins so."""
        return [r for r in self.requests if method in ("", r.method) and r.path.startswith(path)]

    def fault(self, *faults: Any) -> None:
        """Switch these on as well, each in words or a Fault."""
        self.harbor.faults.add(*faults)

    def no_faults(self) -> None:
        self.harbor.faults.clear()

    def stored(self, kind: str) -> list[dict[str, Any]]:
        """Every resource of a type as it stands now."""
        return list(self.harbor.store.all(kind))

    def add(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Put a resource in, past every rule; under its own id, if it has one."""
        return self.harbor.store.create(dict(resource), str(resource.get("id", "")))

    def register(
        self, launch_url: str, redirect_uris: Sequence[str] | None = None, client_id: str = "ketplan"
    ) -> None:
        """Make the app under test known; it may return to ``/callback`` of its origin unless listed."""
        self.harbor.register(launch_url, redirect_uris, client_id)

    def launch(self, patient: str, *, embedded: bool = False) -> str:
        """The address that opens the registered app from a patient's chart (``iss`` and ``launch`` in it)."""
        return self.harbor.launch(patient, embedded=embedded)

    def sign_in(self, authorize_url: str, *, user: str = CLINICIAN, patient: str = "") -> str:
        """What a user does on the sign-in page: the address the app is sent back to, with its code.

        ``patient`` is chosen in a standalone launch. Raises AssertionError when it ends on a plain page.
        """
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        form = query | {"user": user} | ({"patient": patient} if patient else {})
        answer = self._app.test_client().post("/auth/authorize", data=form)
        assert answer.status_code == 303, "The sign-in page was not left."
        return str(answer.location)

    def token(self, scope: str, *, patient: str = "gad-ready", user: str = CLINICIAN) -> str:
        """An access token with these scopes (as far as this EHR gives them), without an app of its own."""
        from ketplan.sandbox.grants import s256

        assert self.harbor.client
        verifier = secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.harbor.client.redirect_uris[0],
            "scope": f"launch/patient {scope}",
            "state": secrets.token_urlsafe(8),
            "aud": self.fhir_url,
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
            "user": user,
            "patient": patient,
        }
        browser = self._app.test_client()
        sent_back = str(browser.post("/auth/authorize", data=asked).location)
        form = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(sent_back).query)["code"][0],
            "redirect_uri": asked["redirect_uri"],
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        answer = browser.post("/auth/token", data=form)
        return str(answer.get_json()["access_token"])

    def serve(self) -> None:
        """Answer everything that no expectation of the test itself answers."""
        from werkzeug.wrappers import Request, Response

        def handled(request: Request) -> Response:
            # pytest-httpserver has read the body already.
            environ = {**request.environ, "wsgi.input": BytesIO(request.get_data())}
            return Response.from_app(self._app.wsgi_app, environ)

        self.server.expect_request(re.compile(".*")).respond_with_handler(handled)


MakeMockEhr = Callable[..., MockEhr]


@pytest.fixture
def mock_ehr() -> Iterator[MakeMockEhr]:
    """A function that starts a pretend EHR on a free port of this machine; stopped when the test ends.

    ``like`` is the EHR to behave as (see ``ketplan sandbox --list``), ``faults`` are faults in words,
    ``patients`` resources to stand there instead of the synthetic charts (staff and calendars stay).
    ``today`` (a date) is the day the data are dated by, ``clock`` gives seconds since 1970; ``open_access``
    asks for no token. The app it can launch is at ``launch_url`` unless registered otherwise.
    """
    server_class = _server_class()
    with ExitStack() as running:

        def start(
            like: str = "harbor",
            *,
            faults: Iterable[Any] = (),
            patients: Sequence[Mapping[str, Any]] | None = None,
            today: date | None = None,
            zone: str = "America/New_York",
            clock: Callable[[], float] = time.time,
            open_access: bool = False,
            launch_url: str = LAUNCH_URL,
        ) -> MockEhr:
            server = running.enter_context(server_class("127.0.0.1", 0, threaded=True))
            ehr = MockEhr(
                server,
                today=today or datetime.fromtimestamp(clock(), UTC).date(),
                zone=zone,
                clock=clock,
                like=like,
                patients=patients,
                open_access=open_access,
                launch_url=launch_url,
            )
            ehr.fault(*faults)
            ehr.serve()
            return ehr

        yield start


def _server_class() -> type[HTTPServer]:
    """HTTPServer of pytest-httpserver. The test fails in a sentence where that is not installed."""
    try:
        from pytest_httpserver import HTTPServer
    except ImportError:
        pytest.fail("The fixture mock_ehr needs pytest-httpserver: pip install pytest-httpserver", False)
    return HTTPServer
