"""The servers as fixtures, and the table of what came of each check at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.contract.checks import CHECKS
from tests.contract.table import documented
from tests.contract.targets import Fresh, Target, mock
from tests.contract.third_party import Outside, running

Holds = Callable[[Target, str], None]


@pytest.fixture(scope="module")
def mocks() -> Iterator[Callable[[str], Target]]:
    """The mock of a name as it is at its start; one runs at a time."""
    current: dict[str, Fresh] = {}
    with ExitStack() as stack:

        def fresh(name: str) -> Target:
            if name not in current:
                stack.close()
                current.clear()
                current[name] = Fresh(stack.enter_context(mock(name)))
            return current[name].again()

        yield fresh


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    with running() as found:
        yield found


@pytest.fixture
def holds(record_property: Callable[[str, object], None]) -> Holds:
    """Run a check and hold what comes of it against the table in docs/."""

    def holds(target: Target, check: str) -> None:
        outcome = CHECKS[check](target)
        record_property("contract", [target.name, check, outcome])
        said = documented().get((target.name, check))
        assert outcome == said, "If this is meant: python -m tests.contract.table"

    return holds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for key in ("passed", "failed") for one in terminalreporter.stats.get(key, ())]
    rows = [value for one in reports for name, value in one.user_properties if name == "contract"]
    if rows:
        terminalreporter.section("which server lets do what")
    for server, check, outcome in rows:
        terminalreporter.line(f"{server:16} {check:18} {outcome}")
