"""The pretend EHR as a whole: its data, its calendars, who may sign in, and the app it can launch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import current_app

from ketplan.sandbox import patients
from ketplan.sandbox.clinic import calendars, staff
from ketplan.sandbox.faults import Faults, FaultSwitch
from ketplan.sandbox.grants import Grants, Launch, Signer
from ketplan.sandbox.scopes import Access
from ketplan.sandbox.search import Search
from ketplan.sandbox.store import Seeds, Store, seeds
from ketplan.sandbox.wire import FhirError

CLIENT_ID = "ketplan"


@dataclass(frozen=True)
class Client:
    """The one app that is registered here: a public client, with the redirect addresses it may use."""

    id: str
    launch_url: str
    redirect_uris: tuple[str, ...]


class Harbor:
    """Everything one running sandbox knows. Times come from ``clock`` (seconds since 1970)."""

    def __init__(
        self,
        base_url: str,
        today: date,
        zone: ZoneInfo,
        clock: Callable[[], float],
        faults: Faults,
        static_tokens: Mapping[str, str],
        open_access: bool,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.fhir_url = f"{self.base_url}/fhir"
        self.today, self.zone, self.clock = today, zone, clock
        self.open_access = open_access
        self.store = Store(clock, _data(today, zone, self.fhir_url))
        self.search = Search(self.store, self.fhir_url, zone)
        self.grants = Grants(clock, static_tokens)
        self.signer = Signer()
        self.faults = FaultSwitch(faults)
        self.client: Client | None = None
        self.cases = {case.person.id: case for case in patients.CASES}
        own = patients.PATIENT_WHO_SIGNS_IN
        reader = staff.User(own.id, f"{own.given} {own.family}", "Patient", f"Patient/{own.id}")
        self.users = {user.id: user for user in (*staff.staff_users(), reader)}

    def register(
        self, launch_url: str, redirect_uris: Sequence[str] | None = None, client_id: str = CLIENT_ID
    ) -> None:
        """Make an app known; unless listed, its redirect address is ``/callback`` of the same origin."""
        parts = urlsplit(launch_url)
        uris = redirect_uris or (f"{parts.scheme}://{parts.netloc}/callback",)
        self.client = Client(client_id, launch_url, tuple(uris))

    def launch(self, patient: str, *, embedded: bool) -> str:
        """The address that opens the registered app for a patient, with a fresh launch id in it."""
        assert self.client
        visit = next(
            (
                one["id"]
                for one in self.store.all("Encounter")
                if one["status"] == "in-progress" and one["subject"]["reference"] == f"Patient/{patient}"
            ),
            None,
        )
        launch = self.grants.launch(Launch(patient, visit, embedded))
        return f"{self.client.launch_url}?{urlencode({'iss': self.fhir_url, 'launch': launch})}"

    def access(self, authorization: str | None) -> Access:
        """What the bearer of an Authorization header may do. Raises FhirError 401 without a good token."""
        if self.open_access:
            return Access("anybody", everything=True)
        scheme, _, token = (authorization or "").partition(" ")
        access = self.grants.access(token.strip()) if scheme.lower() == "bearer" else None
        if access:
            return access
        error = ', error="invalid_token"' if authorization else ""
        challenge = {"WWW-Authenticate": f'Bearer realm="{self.fhir_url}"{error}'}
        words = "This request needs an access token that is known and in date."
        raise FhirError(401, "login", words, headers=challenge)


@lru_cache(maxsize=4)
def _data(today: date, zone: ZoneInfo, fhir_url: str) -> Seeds:
    """What a sandbox starts with; kept, because whoever starts one often starts several."""
    charts = (one for case in patients.CASES for one in case.resources(today, zone))
    everything = (*staff.resources(), *calendars.resources(today, zone, fhir_url), *charts)
    return seeds(everything, written=f"{today}T00:00:00.000Z")


def here() -> Harbor:
    """The sandbox that the current request came to."""
    return cast(Harbor, current_app.extensions["harbor"])
