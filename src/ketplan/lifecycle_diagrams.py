"""The states of a course and of a writing as diagrams, from their tables:

python -m ketplan.lifecycle_diagrams docs/lifecycle.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ketplan.clinical.course_states import ACTIONS, COURSE_STATES, FINAL
from ketplan.store.plans import PLAN_STATES
from ketplan.writeback.lifecycle import CALLED_OFF, EFFECTS


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The life of a signed plan\n"
    yield "Generated from the tables by `python -m ketplan.lifecycle_diagrams docs/lifecycle.md`.\n"
    yield "## The course\n\n```mermaid\nstateDiagram-v2"
    yield from (f"    {s.name}: {rule.label}" for s, rule in COURSE_STATES.items())
    for rule in ACTIONS.values():
        yield from (f"    {a.name} --> {b.name}: {rule.label}" for a, b in rule.leads.items())
    yield from (f"    {s.name} --> [*]" for s in COURSE_STATES if s in FINAL)
    yield "```\n\n| Action | Who | Asks for | Visits to come |\n| --- | --- | --- | --- |"
    for rule in ACTIONS.values():
        yield f"| {rule.label} | {rule.who} | {'; '.join(rule.asks)} | {rule.visits.value} |"
    yield "\n## What each action does in the EHR\n"
    yield "| Action | Resource | From | To |\n| --- | --- | --- | --- |"
    for action, changes in EFFECTS.items():
        for kind, change in changes.items():
            yield f"| {ACTIONS[action].label} | {kind} | {', '.join(change.before)} | {change.after} |"
    before = ", ".join(CALLED_OFF.before)
    yield f"| where visits are cancelled | Appointment to come | {before} | {CALLED_OFF.after} |"
    yield "\n## The writing\n\n```mermaid\nstateDiagram-v2"
    yield from (f"    {s.name}: {rule.label}" for s, rule in PLAN_STATES.items())
    for state, one in PLAN_STATES.items():
        yield from (f"    {state.name} --> {after.name}" for after in sorted(one.next))
    yield "```"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
