"""The [[ehr]] tables: each EHR that may launch ketplan, and how ketplan is registered there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ketplan.config.values import is_loopback, only, secure_address, text, texts
from ketplan.errors import ConfigError

ALGORITHMS = ("RS384", "ES384")
_SYSTEM_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(\?\S+)?")
_Choice = TypeVar("_Choice", bound=StrEnum)


class Proof(StrEnum):
    """How a client proves to the token endpoint who it is."""

    PUBLIC = "public"
    SECRET = "secret"
    KEY = "key"


class Refreshing(StrEnum):
    """Which refresh token is asked for; DECLARED is `online_access` where the EHR says it has it."""

    DECLARED = "declared"
    ONLINE = "online"
    OFFLINE = "offline"
    NONE = "none"


@dataclass(frozen=True)
class Client:
    """One registration. `secret` is there for Proof.SECRET alone; `algorithm` None leaves it to the EHR."""

    id: str
    proof: Proof = Proof.PUBLIC
    secret: str | None = field(default=None, repr=False)
    algorithm: str | None = None


@dataclass(frozen=True)
class Backend:
    """The registration for work that no user starts (SMART Backend Services): by key, system scopes."""

    client: Client
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Ehr:
    """One EHR that may launch ketplan. `scopes` empty: ketplan's own list. `iss` is the FHIR base.

    `profile` empty: recognised by its address or by what it says of itself. `proof` None: by the secret when
    there is one, else as a public client. `hints`: it may say that something has changed.
    """

    name: str
    iss: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    label: str = ""
    profile: str = ""
    proof: Proof | None = None
    key_algorithm: str | None = None
    refreshing: Refreshing = Refreshing.DECLARED
    nonce_optional: bool = False
    id_token_optional: bool = False
    backend: Backend | None = None
    hints: bool = False

    @property
    def client(self) -> Client:
        by_secret = Proof.SECRET if self.client_secret else Proof.PUBLIC
        return Client(self.client_id, self.proof or by_secret, self.client_secret, self.key_algorithm)

    @property
    def uses_keys(self) -> bool:
        return self.client.proof is Proof.KEY or self.backend is not None


def read_ehrs(tables: Any, known: set[str], environ: Mapping[str, str], public_url: str) -> tuple[Ehr, ...]:
    """All EHRs of the settings file; `known` are the keys a table may hold. Raises ConfigError."""
    if not isinstance(tables, list):
        raise ConfigError("EHRs are listed as [[ehr]], with two brackets.")
    ehrs = tuple(_ehr(table, known, environ) for table in tables)
    for kind, values in (("name", [e.name for e in ehrs]), ("iss", [e.iss.removesuffix("/") for e in ehrs])):
        if len(set(values)) < len(values):
            raise ConfigError(f"Two [[ehr]] tables have the same {kind}.")
    for ehr in ehrs:
        _guard_keys(ehr, public_url)
    return ehrs


def _ehr(table: Any, known: set[str], environ: Mapping[str, str]) -> Ehr:
    only(table, known, "[[ehr]]")
    name = text(table, "name", "[[ehr]]")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ConfigError("name in [[ehr]] must be small letters, digits and hyphens.")
    where = f"[[ehr]] {name}"
    secret = _client_secret(table, environ, where)
    return Ehr(
        name=name,
        iss=_iss(text(table, "iss", where), where),
        client_id=text(table, "client_id", where),
        client_secret=secret,
        scopes=texts(table, "scopes", where) if "scopes" in table else (),
        frame_ancestors=_origins(table, where),
        label=text(table, "label", where) if "label" in table else name,
        profile=text(table, "profile", where) if "profile" in table else "",
        proof=_proof(table, secret is not None, where),
        key_algorithm=_algorithm(table, where),
        refreshing=_one_of(Refreshing, table.get("refresh", "declared"), "refresh", where),
        nonce_optional=_is_optional(table, "nonce", where),
        id_token_optional=_is_optional(table, "id_token", where),
        backend=_backend(table, where),
        hints=_hints(table, where),
    )


def _hints(table: Mapping[str, Any], where: str) -> bool:
    hints = table.get("hints", False)
    if type(hints) is not bool:
        raise ConfigError(f"hints in {where} must be true or false.")
    if hints and "backend_client_id" not in table:
        raise ConfigError(f"hints in {where} needs backend_client_id: nobody else looks again.")
    return hints


def _iss(iss: str, where: str) -> str:
    parts = secure_address(iss)
    if parts is None or parts.query or "*" in iss:
        raise ConfigError(
            f"iss in {where} must be one https address without a wildcard (http only on this machine)."
        )
    return iss


def _client_secret(table: Mapping[str, Any], environ: Mapping[str, str], where: str) -> str | None:
    if "client_secret_env" not in table:
        return None
    variable = text(table, "client_secret_env", where)
    if not environ.get(variable):
        raise ConfigError(f"client_secret_env in {where} names a variable that is not set.")
    return environ[variable]


def _origins(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    origins: Sequence[str] = texts(table, "frame_ancestors", where) if "frame_ancestors" in table else ()
    for origin in origins:
        parts = secure_address(origin)
        if parts is None or "*" in origin or origin.rstrip("/") != f"{parts.scheme}://{parts.netloc}":
            raise ConfigError(
                f"frame_ancestors in {where} must list origins such as https://ehr.example.org."
            )
    return tuple(origin.rstrip("/") for origin in origins)


def _proof(table: Mapping[str, Any], has_secret: bool, where: str) -> Proof | None:
    if "client_auth" not in table:
        return None
    proof = _one_of(Proof, table["client_auth"], "client_auth", where)
    if has_secret and proof is not Proof.SECRET:
        raise ConfigError(
            f"{where} has a client secret and client_auth {proof.value}: only one of them can be."
        )
    if proof is Proof.SECRET and not has_secret:
        raise ConfigError(f"client_auth secret in {where} needs client_secret_env.")
    return proof


def _algorithm(table: Mapping[str, Any], where: str) -> str | None:
    said = table.get("key_algorithm")
    if said is not None and said not in ALGORITHMS:
        raise ConfigError(f"key_algorithm in {where} must be RS384 or ES384.")
    return said


def _is_optional(table: Mapping[str, Any], key: str, where: str) -> bool:
    """A check that every EHR must pass, unless the site knows that this one cannot."""
    said = table.get(key, "required")
    if said not in ("required", "optional"):
        raise ConfigError(f"{key} in {where} must be required or optional.")
    return bool(said == "optional")


def _backend(table: Mapping[str, Any], where: str) -> Backend | None:
    """The separate client of the coordinator's sync; None, as shipped, when the site has none."""
    if "backend_client_id" not in table:
        if "backend_scopes" in table:
            raise ConfigError(f"backend_scopes in {where} needs backend_client_id.")
        return None
    id = text(table, "backend_client_id", where)
    if id == table.get("client_id"):
        raise ConfigError(f"backend_client_id in {where} must be another client than client_id.")
    scopes = texts(table, "backend_scopes", where) if "backend_scopes" in table else ()
    if not scopes or not all(map(_SYSTEM_SCOPE.fullmatch, scopes)):
        raise ConfigError(
            f"backend_scopes in {where} must list system scopes, such as system/Appointment.rs."
        )
    return Backend(Client(id, Proof.KEY, algorithm=_algorithm(table, where)), scopes)


def _guard_keys(ehr: Ehr, public_url: str) -> None:
    """An EHR elsewhere must be able to fetch ketplan's public keys, unaltered on the way."""
    local = is_loopback(urlsplit(ehr.iss).hostname or "")
    if ehr.uses_keys and not local and not public_url.startswith("https:"):
        raise ConfigError(
            f"[[ehr]] {ehr.name} fetches ketplan's public keys: KETPLAN_PUBLIC_URL must be https."
        )


def _one_of(choices: type[_Choice], said: object, key: str, where: str) -> _Choice:
    known = {choice.value: choice for choice in choices}
    if not isinstance(said, str) or said not in known:
        raise ConfigError(f"{key} in {where} must be one of: {', '.join(known)}.")
    return known[said]
