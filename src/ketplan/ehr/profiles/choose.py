"""Which profile an EHR has: the one the settings name, else the one that recognises it, else the generic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.profiles.model import Dialect, Part, Profile, Sign
from ketplan.errors import ConfigError

V2 = "permission-v2"


def named(profiles: Mapping[str, Profile], name: str) -> Profile:
    if name not in profiles:
        raise ConfigError(f"There is no vendor profile {name}; there is: {', '.join(sorted(profiles))}.")
    return profiles[name]


def by_address(profiles: Mapping[str, Profile], base: str) -> Profile | None:
    """By the address alone: nobody needs to be asked."""
    parts = urlsplit(base)
    place = f"{parts.hostname or ''}{parts.path}"
    return _first(profiles.values(), {Part.ADDRESS: place})


def by_statement(profiles: Mapping[str, Profile], found: Capabilities) -> Profile | None:
    """By what the EHR says of itself."""
    return _first(profiles.values(), {Part.SOFTWARE: found.software, Part.PUBLISHER: found.publisher})


def chosen(
    profiles: Mapping[str, Profile], base: str, name: str = "", found: Capabilities | None = None
) -> Profile:
    """ConfigError when `name` is given and there is no such profile."""
    if name:
        return named(profiles, name)
    known = by_address(profiles, base) or (by_statement(profiles, found) if found else None)
    return known or profiles["generic"]


def declared(
    profiles: Mapping[str, Profile], base: str, name: str, capabilities: frozenset[str]
) -> frozenset[str]:
    """The SMART capabilities of an EHR, its dialect of scopes corrected where its profile knows better.

    Before anybody has signed in, only the settings and the address tell what EHR it is.
    """
    known = profiles.get(name) or by_address(profiles, base)
    if known is None or known.dialect is Dialect.DECLARED:
        return capabilities
    return capabilities | {V2} if known.dialect is Dialect.V2 else capabilities - {V2}


def _first(profiles: Iterable[Profile], said: Mapping[Part, str]) -> Profile | None:
    """The profile with a sign in what is said; the surer sign wins, then the name that comes first."""
    hits = [(sign, profile) for profile in profiles for sign in profile.signs if _seen(sign, said)]
    order = ["high", "medium", "low"]
    hits.sort(key=lambda hit: (order.index(hit[0].confidence), hit[1].name))
    return hits[0][1] if hits else None


def _seen(sign: Sign, said: Mapping[Part, str]) -> bool:
    return bool(said.get(sign.part)) and re.search(sign.pattern, said[sign.part], re.IGNORECASE) is not None
