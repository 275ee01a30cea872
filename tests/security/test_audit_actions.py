"""Every action the code writes into the audit trail has its row in the table of AuditEvent kinds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import ketplan
from ketplan.clinical.course_states import Action
from ketplan.fhir.audit_event import ALERT, KINDS

SOURCE = Path(ketplan.__file__).parent
# Actions put together of two words: what may stand in the gap. Another such action must be named here.
MADE_UP: Mapping[str, tuple[str, ...]] = {
    "session-{stage}-saved": ("before", "during", "leaving"),
    "course-{asked.action.value}": tuple(Action),
}
HANDED_ON = "action"
"""The argument by which `note` hands the action on to its AuditEvent."""


def written() -> Iterator[tuple[str, ast.expr]]:
    """The action of every AuditEvent(...) and every note(session, ...), and where it stands."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (action := action_of(node)) is not None:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", action


def action_of(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "note":
        named_session = bool(call.args) and ast.unparse(call.args[0]).endswith("session")
        return call.args[1] if named_session and len(call.args) > 1 else None
    if name != "AuditEvent" or any(keyword.arg is None for keyword in call.keywords):
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[1] if len(call.args) > 1 else given["action"]


def spelled(action: ast.expr) -> tuple[str, ...]:
    if isinstance(action, ast.Constant):
        return (str(action.value),)
    if isinstance(action, ast.JoinedStr):
        pattern = ast.unparse(action)[2:-1]
        before, _, after = pattern.partition("{")
        return tuple(before + word + after.partition("}")[2] for word in MADE_UP[pattern])
    assert ast.unparse(action) == HANDED_ON, f"nobody can tell which action {ast.unparse(action)} is"
    return ()


def test_every_action_is_found_in_the_table() -> None:
    found = {word: where for where, action in written() for word in spelled(action)}
    assert len(found) > 20, "the search finds what the code writes"
    assert {word: where for word, where in found.items() if word not in KINDS} == {}


def test_the_table_knows_no_action_that_nothing_writes() -> None:
    assert sorted(set(KINDS) - {word for _, action in written() for word in spelled(action)}) == []


def test_whatever_a_guard_stopped_is_an_alert() -> None:
    assert {word for word, kind in KINDS.items() if kind is ALERT} == {"patient-guard"}
