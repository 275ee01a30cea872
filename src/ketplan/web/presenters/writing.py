"""What would be written, what was, and what this EHR says it will not take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from ketplan.ehr.capabilities import Capabilities
from ketplan.fhir.render import Step, Verb, describe
from ketplan.web.presenters import words
from ketplan.writeback.steps import STANDS, Outcome, Receipt, Row

_SCOPE = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.(\*|read|write|[cruds]+)(?:\?.*)?")
_LETTER = {Verb.CREATE: "c", Verb.UPDATE: "u"}
_VERBS = {Verb.CREATE: "create", Verb.UPDATE: "complete"}
# Only references that a resource read back could carry become addresses.
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True)
class PreviewRow:
    """One resource to be written. `refused` says why this EHR will not take it, empty when it will."""

    type: str
    kind: str
    words: str
    verb: str
    target: str
    refused: str


@dataclass(frozen=True)
class ReceiptRow:
    type: str
    kind: str
    words: str
    verb: str
    outcome: str
    state: str
    reference: str
    href: str
    detail: str
    said: str


@dataclass(frozen=True)
class ReceiptView:
    rows: tuple[ReceiptRow, ...]
    standing: int
    refused: int
    pending: int

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def complete(self) -> bool:
        return self.standing == self.total


def preview(
    steps: Sequence[Step], base: str, abilities: Capabilities | None, scope: str
) -> tuple[PreviewRow, ...]:
    return tuple(
        PreviewRow(
            s.type,
            words.TYPES.get(s.type, s.type),
            describe(s)[1],
            _VERBS[s.verb],
            f"{base}/{s.type}",
            refusal(s.type, s.verb, abilities, scope),
        )
        for s in steps
    )


def refusal(kind: str, verb: Verb, abilities: Capabilities | None, scope: str) -> str:
    """Why the EHR will not take it, by what it says of itself and by what it granted."""
    if abilities is not None and not abilities.can(kind, verb.value):
        return f"This EHR does not say that one may {verb.value} {_many(kind)}."
    if not granted(kind, verb, scope):
        return f"The EHR did not grant ketplan the right to {verb.value} {_many(kind)}."
    return ""


def _many(kind: str) -> str:
    return f"{words.TYPES.get(kind, kind)}s"


def granted(kind: str, verb: Verb, scope: str) -> bool:
    """Whether the granted scopes, in words (v1) or letters (v2), allow the write."""
    for word in scope.split():
        found = _SCOPE.fullmatch(word)
        if found and found[1] in ("*", kind):
            if found[2] in ("*", "write"):
                return True
            if found[2] != "read" and _LETTER[verb] in found[2]:
                return True
    return False


def manifest(steps: Iterable[Step]) -> dict[str, str]:
    """A short digest per step: what is shown, in a form that two moments can be compared by."""
    return {s.key: _digest(s) for s in steps}


def _digest(step: Step) -> str:
    said = json.dumps([step.verb, step.resource], sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()[:20]


def packed(shown: Mapping[str, str]) -> str:
    return ",".join(f"{key}:{digest}" for key, digest in shown.items())


def unpacked(text: str) -> dict[str, str]:
    return dict(pair.rpartition(":")[::2] for pair in text.split(",") if ":" in pair)


def changes(shown: Mapping[str, str], steps: Sequence[Step]) -> tuple[str, ...]:
    """What is no longer as it was shown, in words; empty when all is."""
    now = manifest(steps)
    told = [f"Changed: {_named(s)}" for s in steps if s.key in shown and shown[s.key] != now[s.key]]
    told += [f"New: {_named(s)}" for s in steps if s.key not in shown]
    told += [f"No longer there: {key}" for key in shown if key not in now]
    return tuple(told)


def receipt(found: Receipt, described: Mapping[str, str], base: str) -> ReceiptView:
    """`described` gives each step's words by its key."""
    rows = tuple(_receipt_row(row, described.get(row.key, row.key), base) for row in found.rows)
    outcomes = [row.outcome for row in found.rows]
    return ReceiptView(
        rows,
        sum(o in STANDS for o in outcomes),
        outcomes.count(Outcome.REFUSED),
        outcomes.count(Outcome.PENDING),
    )


def _receipt_row(row: Row, said: str, base: str) -> ReceiptRow:
    href = f"{base}/{quote(row.reference)}" if _REFERENCE.fullmatch(row.reference) else ""
    return ReceiptRow(
        row.type,
        words.TYPES.get(row.type, row.type),
        said,
        _VERBS[Verb(row.verb)],
        words.OUTCOMES[row.outcome],
        row.outcome.value,
        row.reference,
        href,
        row.detail,
        row.said,
    )


def described(steps: Iterable[Step]) -> dict[str, str]:
    return {s.key: describe(s)[1] for s in steps}


def _named(step: Step) -> str:
    return f"{words.TYPES.get(step.type, step.type)}, {describe(step)[1]}"
