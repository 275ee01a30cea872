"""What an assessment may find: classes, the decision they lead to, and the shape of one finding.

Decision model (protocol facts 3.1): any BLOCK blocks; else any HOLD or REVIEW needs review; else eligible.
INFO never changes the decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ketplan.clinical.record import Answer, Fact, Observation, Quantity


class FindingClass(StrEnum):
    BLOCK = "BLOCK"
    HOLD = "HOLD"
    REVIEW = "REVIEW"
    INFO = "INFO"

    @property
    def rank(self) -> int:
        return list(FindingClass).index(self)


class Decision(StrEnum):
    ELIGIBLE = "eligible"
    NEEDS_REVIEW = "needs_review"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The fact a finding rests on: FHIR reference, what it says, and when (as recorded)."""

    reference: str
    words: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reasoned verdict. `source` names where the rule comes from and whether it is a house default."""

    id: str
    cls: FindingClass
    text: str
    source: str
    resolves: str = ""
    evidence: tuple[Evidence, ...] = ()


def decide(findings: Iterable[Finding]) -> Decision:
    classes = {f.cls for f in findings}
    if FindingClass.BLOCK in classes:
        return Decision.BLOCKED
    if classes & {FindingClass.HOLD, FindingClass.REVIEW}:
        return Decision.NEEDS_REVIEW
    return Decision.ELIGIBLE


def must_be_resolved(finding: Finding) -> bool:
    """HOLD and REVIEW stand between a draft and its writing; BLOCK cannot be resolved, INFO need not be."""
    return finding.cls in (FindingClass.HOLD, FindingClass.REVIEW)


def evidence_of(fact: Fact) -> Evidence:
    """The fact as evidence: its reference, its words with the value, its date."""
    words = fact.label
    if isinstance(fact, Observation):
        value = value_words(fact)
        words = f"{words}: {value}" if value else words
    moment = next(
        (m for m in (getattr(fact, name, None) for name in ("when", "onset", "recorded", "start")) if m), None
    )
    return Evidence(fact.reference, words, str(moment) if moment else "")


def value_words(observation: Observation) -> str:
    value = observation.value
    if isinstance(value, Quantity):
        number = format(value.value, "f")
        return f"{value.comparator or ''}{number} {value.unit or ''}".strip()
    if isinstance(value, Answer):
        return value.text or next((c.display or c.code for c in value.codes), "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
