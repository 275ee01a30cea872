"""Work that no user starts (SMART Backend Services): a token for ketplan itself, by key, system scopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from ketplan.config import Backend, Ehr
from ketplan.ehr.authority import Authority, Sign
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.tokens import TokenAnswer
from ketplan.errors import ConfigError

LEEWAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Granted:
    """What one EHR allows the sync: until when, and what of the scopes asked for it left out."""

    expires_at: datetime
    scopes: frozenset[str]
    left_out: frozenset[str]


class BackendTokens:
    """The token of one EHR's sync, kept in memory alone and fetched by one thread at a time.

    `fetch` gets a new one. To be given to a FHIR client as its `token`, with `renew` beside it.
    """

    def __init__(self, fetch: Callable[[], TokenAnswer], now: Callable[[], datetime]) -> None:
        self._fetch, self._now = fetch, now
        self._kept: TokenAnswer | None = None
        self._lock = Lock()

    def __call__(self) -> str:
        """LaunchError when the EHR refuses the client, an EhrError when it cannot be asked."""
        with self._lock:
            if self._kept is None or self._now() >= self._kept.expires_at - LEEWAY:
                self._kept = self._fetch()
            return self._kept.access_token

    def renew(self, refused: str) -> str:
        """Another token than one the EHR has refused."""
        with self._lock:
            if self._kept is None or self._kept.access_token == refused:
                self._kept = self._fetch()
            return self._kept.access_token


def tokens_for(ehr: Ehr, discovery: Discovery, sign: Sign, now: Callable[[], datetime]) -> BackendTokens:
    """Tokens of the sync at `ehr`. ConfigError where the site has set up none."""
    backend = _backend(ehr)
    return BackendTokens(lambda: _fetched(ehr, backend, discovery, sign, now()), now)


def check(ehr: Ehr, discovery: Discovery, sign: Sign, now: Callable[[], datetime]) -> Granted:
    """Fetch a token as the sync would and say what it is good for; it is used for nothing.

    Errors as for `tokens_for` and for calling what it gives.
    """
    backend = _backend(ehr)
    answer = _fetched(ehr, backend, discovery, sign, now())
    granted = frozenset(answer.scope.split())
    return Granted(answer.expires_at, granted, frozenset(backend.scopes) - granted)


def _backend(ehr: Ehr) -> Backend:
    if ehr.backend is None:
        raise ConfigError(f"[[ehr]] {ehr.name} has no backend_client_id, so nothing runs without a user.")
    return ehr.backend


def _fetched(ehr: Ehr, backend: Backend, discovery: Discovery, sign: Sign, now: datetime) -> TokenAnswer:
    authority = Authority(discovery.http, discovery.endpoints(ehr.iss), backend.client, sign)
    return authority.on_its_own(" ".join(backend.scopes), now)
