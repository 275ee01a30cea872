"""What ketplan says of a sample patient, in the words of the spec table. The shipped tables decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketplan.clinical.assessment import Choice, assess
from ketplan.clinical.draft import draft
from ketplan.clinical.findings import FindingClass, must_be_resolved
from ketplan.clinical.library import SHIPPED
from ketplan.clinical.plan import Draft
from ketplan.manual.sample import AS_OF, START, switched_on
from ketplan.manual.spec.patients import Given, ready


@dataclass(frozen=True, slots=True)
class Outcome:
    """`findings` are those that block or must be resolved, `notes` those that only tell; `drug` and
    `therapy` what is proposed, `instead` the alternative plan of a patient who gets none."""

    decision: str
    findings: frozenset[str]
    notes: frozenset[str]
    drug: str
    therapy: str
    instead: str


def outcome(disorder: str, given: Sequence[Given], choice: Choice | None = None) -> Outcome:
    record = ready(disorder)
    for one in given:
        record = one.change(record)
    library = switched_on(SHIPPED, choice.protocol) if choice and choice.protocol else SHIPPED
    plan = draft(assess(record, AS_OF, START, None, choice, library))
    return Outcome(
        plan.decision.value,
        frozenset(f.id for f in plan.findings if must_be_resolved(f) or f.cls is FindingClass.BLOCK),
        frozenset(f.id for f in plan.findings if f.cls is FindingClass.INFO),
        _drug(plan),
        plan.cbt.protocol if plan.cbt else "",
        plan.alternative_plan or "",
    )


def _drug(plan: Draft) -> str:
    course = plan.ketamine
    if not course.infusions:
        return ""
    dose = "no dose" if course.dose_mg is None else f"first {course.dose_mg} mg"
    provisional = ", provisional" if course.provisional and course.dose_mg is not None else ""
    return f"{course.protocol} × {course.infusions}, {dose}{provisional}"
