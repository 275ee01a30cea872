"""What an EHR says it can do: its CapabilityStatement, read leniently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ketplan.errors import NotSupported


@dataclass(frozen=True)
class Capabilities:
    """`interactions`, `search_params` and `includes` are keyed by resource type; `whole` is what may be done
    with the server as a whole (batch, transaction ...). `operations` gives by type the operations it offers,
    without their $, and where each is defined.

    A promise, not a fact: granted scopes and what is observed may both be less.
    """

    fhir_version: str
    software: str = ""
    publisher: str = ""
    interactions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    search_params: Mapping[str, frozenset[str]] = field(default_factory=dict)
    includes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditional_create: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    operations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def can(self, kind: str, interaction: str) -> bool:
        """Whether the EHR says it offers `interaction` (read, search-type, create, update ...) on `kind`."""
        return interaction in self.interactions.get(kind, ())

    def operation(self, kind: str, name: str) -> str | None:
        """Where the operation `name` on `kind` is defined, "" when that is not told; None: not offered."""
        return self.operations.get(kind, {}).get(name)


def parse(raw: Any) -> Capabilities:
    """A CapabilityStatement's JSON. NotSupported when it is none, or of another FHIR version than R4."""
    if not isinstance(raw, dict) or raw.get("resourceType") != "CapabilityStatement":
        raise NotSupported("The EHR does not describe what it can do (no CapabilityStatement).")
    version = raw.get("fhirVersion")
    if not isinstance(version, str) or not version.startswith("4.0"):
        spoken = version if isinstance(version, str) and len(version) < 20 else "an unnamed version"
        raise NotSupported(f"The EHR speaks FHIR {spoken} and ketplan needs R4 (4.0.1).")
    software = raw.get("software")
    types = {
        t["type"]: t for rest in _dicts(raw.get("rest")) for t in _dicts(rest.get("resource")) if _named(t)
    }
    return Capabilities(
        fhir_version=version,
        software=str(software.get("name") or "") if isinstance(software, dict) else "",
        publisher=str(raw.get("publisher") or ""),
        interactions={
            k: _words(i.get("code") for i in _dicts(t.get("interaction"))) for k, t in types.items()
        },
        search_params={
            k: _words(p.get("name") for p in _dicts(t.get("searchParam"))) for k, t in types.items()
        },
        includes={k: _words(_list(t.get("searchInclude"))) for k, t in types.items()},
        conditional_create=frozenset(k for k, t in types.items() if t.get("conditionalCreate") is True),
        whole=_words(
            i.get("code") for rest in _dicts(raw.get("rest")) for i in _dicts(rest.get("interaction"))
        ),
        operations={k: _operations(t) for k, t in types.items()},
    )


def _operations(table: dict[str, Any]) -> dict[str, str]:
    """Some name them with the $, some with the type before."""
    named = {str(o.get("name") or ""): str(o.get("definition") or "") for o in _dicts(table.get("operation"))}
    plain = {name.lstrip("$").lower().removeprefix("appointment-"): where for name, where in named.items()}
    return {name: where for name, where in plain.items() if name}


def _named(table: dict[str, Any]) -> bool:
    return isinstance(table.get("type"), str)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _words(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(v for v in values if isinstance(v, str))
