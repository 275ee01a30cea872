"""What would be written, what was, and what this EHR says it will not take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from ketplan.ehr.ability import Known
from ketplan.ehr.booking import is_for_booking
from ketplan.ehr.profiles.shape import Shaped, shape
from ketplan.fhir.render import Step, Verb, describe
from ketplan.web.presenters import words
from ketplan.writeback.create import is_question
from ketplan.writeback.steps import STANDS, Outcome, Receipt, Row

BOOKED = "hold and book"
_VERBS = {Verb.CREATE: "create", Verb.UPDATE: "complete"}
# Only references that a resource read back could carry become addresses.
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True)
class PreviewRow:
    """One resource to be written.

    `refused` says why this EHR will not take it, empty when it will; `lost` what it does not keep, in words.
    """

    type: str
    kind: str
    words: str
    verb: str
    target: str
    refused: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReceiptRow:
    """`key` is that of the step where somebody has to look in the EHR before it is sent again, else empty."""

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
    key: str = ""


@dataclass(frozen=True)
class ReceiptView:
    rows: tuple[ReceiptRow, ...]
    standing: int
    replaced: int
    refused: int
    pending: int

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def complete(self) -> bool:
        return self.standing + self.replaced == self.total


def preview(steps: Sequence[Step], base: str, known: Known, scope: str | None) -> tuple[PreviewRow, ...]:
    return tuple(_preview_row(step, base, known, scope) for step in steps)


def _preview_row(step: Step, base: str, known: Known, scope: str | None) -> PreviewRow:
    shaped = shape(known.profile, step.resource) if step.verb is Verb.CREATE else Shaped(step.resource)
    refused = refusal(step.type, step.verb, known, scope)
    if shaped.lacks and not refused:
        refused = f"{known.profile.label} takes no {step.type} without {' and '.join(shaped.lacks)}."
    return PreviewRow(
        step.type,
        words.TYPES.get(step.type, step.type),
        describe(step)[1],
        BOOKED if _is_booked(step, known) else _VERBS[step.verb],
        f"{base}/{step.type}",
        refused,
        () if refused else shaped.lost,
    )


def _is_booked(step: Step, known: Known) -> bool:
    """Whether the EHR offers an operation for it; how it is called there is the EHR room's business."""
    offered = known.statement is not None and known.statement.operation(step.type, "book") is not None
    return offered and step.verb is Verb.CREATE and is_for_booking(step.resource)


def refusal(kind: str, verb: Verb, known: Known, scope: str | None) -> str:
    """Why the EHR will not take it: by its kind, by what it says, granted and refused before."""
    return known.ability(kind, verb.value, scope, _many(kind)).why


def lost(rows: Iterable[PreviewRow]) -> tuple[tuple[str, str], ...]:
    """What this EHR does not keep, by type of resource, each once."""
    by_kind: dict[str, dict[str, None]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, {}).update(dict.fromkeys(row.lost))
    return tuple((kind, "; ".join(said)) for kind, said in by_kind.items() if said)


def _many(kind: str) -> str:
    return f"{words.TYPES.get(kind, kind)}s"


def manifest(steps: Iterable[Step]) -> dict[str, str]:
    """A short digest per step: what is shown, in a form that two moments can be compared by."""
    return {s.key: _digest(s) for s in steps}


def _digest(step: Step) -> str:
    said = json.dumps([step.verb, step.resource, step.stands_for], sort_keys=True, default=str)
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
        outcomes.count(Outcome.REPLACED),
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
        row.key if row.outcome is Outcome.PENDING and is_question(row.detail) else "",
    )


def described(steps: Iterable[Step]) -> dict[str, str]:
    return {s.key: describe(s)[1] for s in steps}


def _named(step: Step) -> str:
    return f"{words.TYPES.get(step.type, step.type)}, {describe(step)[1]}"
