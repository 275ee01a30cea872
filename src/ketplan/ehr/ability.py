"""Whether an EHR will take a write, and why not.

Four are asked: what is known of its kind, what it says of itself, what it granted, what it refused before. It
is able only where none of them speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.profiles.model import Profile
from ketplan.errors import EhrError, Forbidden, NotFound, NotSupported

_SCOPE = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.(\*|read|write|[cruds]+)(?:\?.*)?")
LETTER = {"create": "c", "update": "u"}


class Refused(Protocol):
    """See `ketplan.store.observed.Refusal`, which this is."""

    @property
    def status(self) -> int: ...
    @property
    def at(self) -> datetime: ...


Observed = Mapping[tuple[str, str], Refused]


@dataclass(frozen=True)
class Known:
    """All that is known of what one EHR takes, but for what it granted; `statement` None: it does not say."""

    profile: Profile
    statement: Capabilities | None = None
    observed: Observed = field(default_factory=dict)

    def ability(self, kind: str, verb: str, scope: str | None, called: str = "") -> Ability:
        return ability(
            kind,
            verb,
            profile=self.profile,
            statement=self.statement,
            scope=scope,
            observed=self.observed,
            called=called,
        )


class Source(StrEnum):
    PROFILE = "profile"
    STATEMENT = "CapabilityStatement"
    SCOPE = "granted scope"
    OBSERVED = "observed"


@dataclass(frozen=True)
class Voice:
    """What one source says; `says` is None where it is silent. `words` are empty unless it says no."""

    source: Source
    says: bool | None
    words: str = ""


@dataclass(frozen=True)
class Ability:
    """`verb` is create or update. `why` is the first no, empty when there is none."""

    kind: str
    verb: str
    voices: tuple[Voice, ...]

    @property
    def may(self) -> bool:
        return all(voice.says is not False for voice in self.voices)

    @property
    def why(self) -> str:
        return next((voice.words for voice in self.voices if voice.says is False), "")

    def said(self, source: Source) -> Voice:
        return next(voice for voice in self.voices if voice.source is source)


def ability(
    kind: str,
    verb: str,
    *,
    profile: Profile,
    statement: Capabilities | None = None,
    scope: str | None = None,
    observed: Observed | None = None,
    called: str = "",
) -> Ability:
    """`scope` is None where nobody has signed in; `called` is the type's plural, for the sentences."""
    many = called or f"{kind} resources"
    voices = (
        _profile(profile, kind, verb, many),
        _statement(statement, kind, verb, many),
        _scope(scope, kind, verb, many),
        _observed(observed or {}, kind, verb, many),
    )
    return Ability(kind, verb, voices)


def granted(kind: str, verb: str, scope: str) -> bool:
    """Whether the granted scopes, in words (v1) or letters (v2), allow the write."""
    for word in scope.split():
        found = _SCOPE.fullmatch(word)
        if found and found[1] in ("*", kind):
            if found[2] in ("*", "write"):
                return True
            if found[2] != "read" and LETTER[verb] in found[2]:
                return True
    return False


def speaks_against(error: EhrError, verb: str) -> bool:
    """Whether a refusal is one of the whole type, and not of this one resource."""
    return isinstance(error, Forbidden | NotSupported) or (verb == "create" and isinstance(error, NotFound))


def _profile(profile: Profile, kind: str, verb: str, many: str) -> Voice:
    says = profile.takes(kind, verb)
    words = profile.why(kind) or f"{profile.label} does not let one {verb} {many}."
    return Voice(Source.PROFILE, says, "" if says is not False else words)


def _statement(statement: Capabilities | None, kind: str, verb: str, many: str) -> Voice:
    if statement is None:
        return Voice(Source.STATEMENT, None)
    booked = (kind, verb) == ("Appointment", "create") and statement.operation(kind, "book") is not None
    says = booked or statement.can(kind, verb)
    return Voice(Source.STATEMENT, says, "" if says else f"This EHR does not say that one may {verb} {many}.")


def _scope(scope: str | None, kind: str, verb: str, many: str) -> Voice:
    if scope is None:
        return Voice(Source.SCOPE, None)
    says = granted(kind, verb, scope)
    return Voice(
        Source.SCOPE, says, "" if says else f"The EHR did not grant ketplan the right to {verb} {many}."
    )


def _observed(observed: Observed, kind: str, verb: str, many: str) -> Voice:
    refusal = observed.get((kind, verb))
    if refusal is None:
        return Voice(Source.OBSERVED, None)
    words = (
        f"On {refusal.at.date().isoformat()} this EHR refused to {verb} {many} (HTTP {refusal.status}); "
        "it is tried again."
    )
    return Voice(Source.OBSERVED, False, words)
