"""SMART scopes, both dialects, and what a token that carries them may touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ketplan.sandbox.parameters import TYPES, leaves
from ketplan.sandbox.wire import Resource

LAUNCH_SCOPES = (
    *("openid", "fhirUser", "profile", "launch", "launch/patient", "online_access", "offline_access"),
)

_RESOURCE = re.compile(r"(patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}

# Where a resource says whose it is; a type that is not here is nobody's in particular (staff, calendars).
_OWNER = {
    "Patient": None,
    "Appointment": "participant.actor",
    "Task": "for",
    "AllergyIntolerance": "patient",
    "Consent": "patient",
    "RelatedPerson": "patient",
    "Provenance": "target",
}
_SHARED = {
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Location",
    "Medication",
    "Schedule",
    "Slot",
}


@dataclass(frozen=True)
class Scope:
    """One resource scope, ``context/type.letters``, the letters out of c r u d s in either dialect."""

    context: str
    type: str
    letters: str

    def covers(self, kind: str, letter: str) -> bool:
        return self.type in ("*", kind) and letter in self.letters


def resource_scope(text: str) -> Scope | None:
    """Parse a resource scope; None for anything else, also for one narrowed by a query, never granted."""
    found = _RESOURCE.fullmatch(text)
    if not found or not found[3] or (found[2] != "*" and found[2] not in TYPES):
        return None
    return Scope(found[1], found[2], _V1.get(found[3], found[3]))


def grantable(text: str) -> list[str]:
    """The scopes out of a request that this server gives to an app with a user, in the order asked for."""
    wanted = dict.fromkeys(text.split())
    return [one for one in wanted if one in LAUNCH_SCOPES or _for_a_user(resource_scope(one))]


def _for_a_user(scope: Scope | None) -> bool:
    return scope is not None and scope.context != "system"


@dataclass(frozen=True)
class Access:
    """What one request may touch.

    ``patient`` is the launched patient's id, ``user`` the reference of whoever signed in. ``owner`` tells
    callers apart without being a secret. ``everything`` is a server that asks for no token.
    ``patient_writes`` is False where patient scopes are granted and do not let write after all, and
    ``patient_wildcard_reaches_staff`` where ``patient/*`` does not reach what is nobody's.
    """

    owner: str
    scopes: tuple[Scope, ...] = ()
    patient: str | None = None
    user: str | None = None
    everything: bool = False
    patient_writes: bool = True
    patient_wildcard_reaches_staff: bool = True

    def reach(self, kind: str, letter: str) -> Reach | None:
        """How far one interaction on one type goes; None when no scope covers it.

        Patient scopes stop at the launched patient; of what is nobody's they allow reading. A patient who
        signed in never gets beyond the own record, whatever the scope says.
        """
        if self.everything:
            return Reach(None)
        contexts = {scope.context for scope in self.scopes if scope.covers(kind, letter)}
        own = self.user and self.user.startswith("Patient/")
        if contexts & {"user", "system"} and not own:
            return Reach(None)
        if not contexts or (letter in "cud" and not self.patient_writes):
            return None
        if kind in _SHARED:
            return Reach(None) if letter in "rs" and self.patient_wildcard_reaches_staff else None
        patient = self.user.removeprefix("Patient/") if own and self.user else self.patient
        return Reach(patient) if patient else None


@dataclass(frozen=True)
class Reach:
    """All of a type, or one patient's part of it."""

    patient: str | None

    def includes(self, resource: Resource, find: Callable[[str], Resource | None], base: str) -> bool:
        """Whether a resource is within reach; ``find`` reads what a relative reference points at."""
        return self.patient is None or self.patient in patients_of(resource, find, base)


def patients_of(resource: Resource, find: Callable[[str], Resource | None], base: str) -> set[str]:
    """Ids of the patients whose compartment holds this resource.

    A Provenance belongs to whoever its targets belong to.
    """
    kind = resource["resourceType"]
    if kind == "Patient":
        return {resource["id"]}
    path = _OWNER.get(kind, "subject")
    references = [
        text.removeprefix(f"{base}/").split("/_history/")[0]
        for text in leaves(resource, f"{path}.reference")
        if isinstance(text, str)
    ]
    own = {text.removeprefix("Patient/") for text in references if text.startswith("Patient/")}
    if kind != "Provenance":
        return own
    targets: Iterable[Resource | None] = (
        find(text) for text in references if not text.startswith("Provenance/")
    )
    return own.union(*(patients_of(one, find, base) for one in targets if one))
