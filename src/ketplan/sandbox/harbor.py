"""The pretend EHR as a whole: its data, its calendars, who may sign in, and the app it can launch."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import count
from typing import Any, cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import current_app

from ketplan.sandbox import patients
from ketplan.sandbox.clinic import calendars, staff
from ketplan.sandbox.faults import Faults, FaultSwitch
from ketplan.sandbox.grants import Launch
from ketplan.sandbox.likes import HARBOR, Like
from ketplan.sandbox.quirks import LikeGrants, LikeSigner
from ketplan.sandbox.scopes import Access
from ketplan.sandbox.search import Search
from ketplan.sandbox.store import Seeds, Store, seeds
from ketplan.sandbox.wire import FhirError

CLIENT_ID = "ketplan"
REMEMBERED = 10_000


@dataclass(frozen=True)
class Recorded:
    """One request that came in and what it was answered; ``path`` is without the query."""

    method: str
    path: str
    query: str
    status: int


@dataclass(frozen=True)
class Client:
    """The one app that is registered here: a public client, with the redirect addresses it may use."""

    id: str
    launch_url: str
    redirect_uris: tuple[str, ...]

    def across_url(self, fhir_url: str) -> str:
        """Where the app is opened without a patient, for work across patients."""
        parts = urlsplit(self.launch_url)
        return f"{parts.scheme}://{parts.netloc}/clinic?{urlencode({'iss': fhir_url})}"


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
        like: Like = HARBOR,
        charts: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.fhir_url = f"{self.base_url}/fhir"
        self.today, self.zone, self._clock = today, zone, clock
        self.open_access, self.like = open_access, like
        self.faults = FaultSwitch(faults)
        label: Callable[[int], str] = str if like.writes.versions == "number" else lambda _: str(uuid.uuid4())
        start = _data(today, zone, self.fhir_url, charts is None)
        self.store = Store(self.clock, start, label)
        for resource in charts or ():
            self.store.create(dict(resource), str(resource.get("id", "")))
        cache = like.searches.cache_seconds
        self.search = Search(self.store, self.fhir_url, zone, like.paging, self.clock, cache)
        self.grants = LikeGrants(self.clock, static_tokens, like.access, self.faults_now)
        self.signer = LikeSigner(like.access, self.faults_now)
        self.requests: deque[Recorded] = deque(maxlen=REMEMBERED)
        self.numbers = count(1001)
        self._ends: dict[str, float] = {}
        self.client: Client | None = None
        known = self.store.find
        self.cases = {id_: case for case in patients.CASES if known("Patient", id_ := case.person.id)}
        own = patients.PATIENT_WHO_SIGNS_IN
        reader = staff.User(own.id, f"{own.given} {own.family}", "Patient", f"Patient/{own.id}")
        self.users = {user.id: user for user in (*staff.staff_users(), reader)}

    def admit(
        self, person: patients.Person, group: str, provokes: str, resources: Sequence[Mapping[str, Any]]
    ) -> None:
        """Another patient, listed beside the synthetic charts. What stands here already is changed."""
        with self.store.lock:
            for one in resources:
                self.store.create(dict(one), str(one["id"]))
            self.cases[person.id] = patients.Case(person, group, provokes, lambda _: None)

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

    def clock(self) -> float:
        """Seconds since 1970 by this server's own clock, which a fault may have put wrong."""
        return self._clock() + self.faults.state("skew")

    def faults_now(self) -> FaultSwitch:
        return self.faults

    def end_token(self, token: str, seconds: float = 0) -> None:
        """A token is good for so much longer and not a second more."""
        self._ends[token] = self.clock() + seconds

    def access(self, authorization: str | None) -> Access:
        """What the bearer of an Authorization header may do. Raises FhirError 401 without a good token."""
        rules = self.like.access
        if self.open_access or (not rules.enforced and not authorization):
            return Access("anybody", everything=True)
        scheme, _, token = (authorization or "").partition(" ")
        access = self._good(token.strip()) if scheme.lower() == "bearer" else None
        if access:
            return replace(
                access,
                everything=not rules.enforced,
                patient_writes=rules.patient_writes,
                patient_wildcard_reaches_staff=rules.patient_wildcard_reaches_staff,
            )
        error = ', error="invalid_token"' if authorization else ""
        challenge = {"WWW-Authenticate": f'Bearer realm="{self.fhir_url}"{error}'}
        words = "This request needs an access token that is known and in date."
        raise FhirError(401, "login", words, headers=challenge)

    def _good(self, token: str) -> Access | None:
        over = self.clock() >= self._ends.get(token, float("inf"))
        return None if over else self.grants.access(token)


@lru_cache(maxsize=4)
def _data(today: date, zone: ZoneInfo, fhir_url: str, with_charts: bool = True) -> Seeds:
    """What a sandbox starts with; kept, because whoever starts one often starts several."""
    cases = patients.CASES if with_charts else ()
    charts = (one for case in cases for one in case.resources(today, zone))
    everything = (*staff.resources(), *calendars.resources(today, zone, fhir_url), *charts)
    return seeds(everything, written=f"{today}T00:00:00.000Z")


def here() -> Harbor:
    """The sandbox that the current request came to."""
    return cast(Harbor, current_app.extensions["harbor"])
