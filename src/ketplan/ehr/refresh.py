"""The access token of one launch, renewed when it has to be: by one caller, whoever else is waiting.

A refresh token that rotates may be sent once. So whoever wants to send it first holds the grant's lock, which
counts for every thread and process on the same database, and looks again whether somebody was faster. What
came back is stored before it is used, replacing exactly the generation it was made from.

A crash between the EHR's answer and our storing it loses the new pair. Nothing else is lost: the next caller
sends the old refresh token once more. An EHR that allows for that (many take the last one again for a short
while, or do not rotate) goes on; one that sees a reuse ends the sign-in, and the user launches again, with
every draft where it was. The old access token serves until then if it still can.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol
from weakref import WeakValueDictionary

from ketplan.ehr.authority import ENDED, Authority
from ketplan.ehr.launch import ClinicGrant, Grant
from ketplan.ehr.tokens import TokenAnswer
from ketplan.errors import EhrError, SignInEnded, Temporary

LEEWAY = timedelta(seconds=60)
# A token this young that is refused will not be helped by another one.
YOUNG = timedelta(seconds=10)
# Longer than the slowest exchange `transport` allows, so that a lock never lapses under a living request.
LEASE_SECONDS = 240.0
WAIT_SECONDS = 20.0
LOOK_EVERY = 0.05
BUSY = "The EHR's permission is being renewed; try again in a moment."


class Held(Protocol):
    """A grant as it is kept. `ended` says why it is over, and is empty until then."""

    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def generation(self) -> int: ...
    @property
    def ended(self) -> str: ...


class Keeper(Protocol):
    """Where grants are kept, by launch id."""

    def load(self, lid: str) -> Held | None: ...
    def replace(self, lid: str, generation: int, payload: Mapping[str, Any]) -> bool: ...
    def end(self, lid: str, generation: int, why: str) -> None: ...
    def lock(self, lid: str, owner: str, now: datetime, lease_seconds: float) -> bool: ...
    def unlock(self, lid: str, owner: str) -> None: ...


@dataclass(frozen=True)
class Tokens:
    """What one launch may use now. `issued` and `expires` are aware, `scope` is what was granted last;
    `patient` is "" for a launch without one."""

    ehr: str
    iss: str
    patient: str = field(repr=False)
    scope: str
    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    issued: datetime
    expires: datetime

    @classmethod
    def of(cls, grant: Grant | ClinicGrant, now: datetime) -> Tokens:
        return cls(
            ehr=grant.ehr,
            iss=grant.iss,
            patient=grant.patient if isinstance(grant, Grant) else "",
            scope=grant.scope,
            access=grant.access_token,
            refresh=grant.refresh_token,
            issued=now,
            expires=grant.expires_at,
        )

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Tokens:
        moments = {name: datetime.fromisoformat(payload[name]) for name in ("issued", "expires")}
        return cls(**{**payload, **moments})

    def payload(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | {name: plain[name].isoformat() for name in ("issued", "expires")}

    def serves(self, now: datetime) -> bool:
        """Whether it is some way from its end: a minute, or half of a shorter life."""
        return now < self.expires - min(LEEWAY, (self.expires - self.issued) / 2)

    def renewed(self, answer: TokenAnswer, now: datetime) -> Tokens:
        """What an answer that repeats no refresh token leaves standing is the one it was asked with.

        SignInEnded when the EHR has turned to another patient: nothing of this launch may follow it there.
        """
        if self.patient and answer.patient not in (None, self.patient):
            raise SignInEnded(ENDED)
        return Tokens(
            self.ehr,
            self.iss,
            self.patient,
            answer.scope,
            answer.access_token,
            answer.refresh_token or self.refresh,
            now,
            answer.expires_at,
        )


@dataclass(frozen=True)
class Supplier:
    """The token of one launch, as a FHIR client asks for it: before each request, and after a 401."""

    renewals: Renewals = field(repr=False)
    lid: str = field(repr=False)

    def __call__(self) -> str:
        return self.renewals.current(self.lid)

    def renew(self, refused: str) -> str | None:
        return self.renewals.instead_of(self.lid, refused)


class Renewals:
    """One per process. `authority` finds the authorization server of an EHR by name and FHIR base."""

    def __init__(
        self,
        keeper: Keeper,
        authority: Callable[[str, str], Authority],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._keeper, self._authority, self._now = keeper, authority, now
        self._new_id, self._sleep = new_id, sleep
        self._doors: WeakValueDictionary[str, _Door] = WeakValueDictionary()
        self._guard = Lock()

    def supplier(self, lid: str) -> Supplier:
        return Supplier(self, lid)

    def current(self, lid: str) -> str:
        """A token that serves. SignInEnded when there is none and will be none, Temporary when not now."""
        held, tokens = self._held(lid)
        if tokens.serves(self._now()):
            return tokens.access
        return self._renewed(lid, held.generation, tokens)

    def instead_of(self, lid: str, refused: str) -> str | None:
        """Another token than the one the EHR has just refused, None when there is no other."""
        held, tokens = self._held(lid)
        if tokens.access != refused:
            return tokens.access
        if tokens.refresh is None or self._now() < tokens.issued + YOUNG:
            return None
        fresh = self._renewed(lid, held.generation, tokens)
        return fresh if fresh != refused else None

    def _held(self, lid: str) -> tuple[Held, Tokens]:
        held = self._keeper.load(lid)
        if held is None or held.ended:
            raise SignInEnded(ENDED)
        return held, Tokens.read(held.payload)

    def _renewed(self, lid: str, seen: int, tokens: Tokens) -> str:
        if tokens.refresh is None:
            if self._now() < tokens.expires:
                return tokens.access
            raise SignInEnded(ENDED)
        with self._alone_here(lid):
            for _ in range(int(WAIT_SECONDS / LOOK_EVERY)):
                if token := self._attempt(lid, seen):
                    return token
                self._sleep(LOOK_EVERY)
        raise Temporary(BUSY)

    def _attempt(self, lid: str, seen: int) -> str | None:
        """The token of whoever was faster, or of ourselves; None while another process is at it."""
        held, tokens = self._held(lid)
        if held.generation > seen:
            return tokens.access
        owner = self._new_id()
        if not self._keeper.lock(lid, owner, self._now(), LEASE_SECONDS):
            return None
        try:
            held, tokens = self._held(lid)
            return tokens.access if held.generation > seen else self._spent(lid, held, tokens)
        finally:
            self._keeper.unlock(lid, owner)

    def _spent(self, lid: str, held: Held, tokens: Tokens) -> str:
        """Send the refresh token, keep what comes back, and only then hand it out."""
        try:
            authority = self._authority(tokens.ehr, tokens.iss)
            answer = authority.refresh(tokens.refresh or "", tokens.scope, self._now())
            fresh = tokens.renewed(answer, self._now())
        except SignInEnded:
            self._keeper.end(lid, held.generation, "refused")
            raise
        except EhrError:
            if self._now() < tokens.expires:
                return tokens.access
            raise
        if not self._keeper.replace(lid, held.generation, fresh.payload()):
            raise Temporary(BUSY)
        return fresh.access

    @contextmanager
    def _alone_here(self, lid: str) -> Iterator[None]:
        """Threads of this process queue up here, so that only one of them asks the database for the lock."""
        with self._guard:
            door = self._doors.setdefault(lid, _Door())
        if not door.lock.acquire(timeout=WAIT_SECONDS * 2):
            raise Temporary(BUSY)
        try:
            yield
        finally:
            door.lock.release()


class _Door:
    """A lock that goes when the last one who knows it has gone."""

    def __init__(self) -> None:
        self.lock = Lock()
