"""docs/contract-table.md: which server lets do what, written from the checks and held against them.

    python -m tests.contract.table

runs every check on every server at hand and writes the file anew; a server that is not at hand keeps its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.contract.checks import ASKING, CHECKS, NOT_TRIED, WRITING
from tests.contract.targets import MOCKS, OUTSIDE, Fresh, Target, mock
from tests.contract.third_party import available, running

FILE = Path(__file__).parents[2] / "docs" / "contract-table.md"
SERVERS = (*MOCKS, OUTSIDE)
HEAD = """# What each EHR lets ketplan do

The same checks against the pretend EHR as itself (`harbor`), like twelve others
(`ketplan sandbox --like …`), and against a FHIR server of npm parts that nobody here wrote. Written by
`python -m tests.contract.table`; every run of the tests compares.

A cell tells what comes of it on that server. Nothing here is a crash, a silence or a doubled resource:
those fail the check.
"""
ASKING_SAYS = """\
*known as*: the vendor profile that is found. *record*, *free times*: what cannot be read, each with its
reason on the page. *one visit*, *note*: one Appointment, one DocumentReference, in the shape this EHR takes;
what it did not keep. *changed by two*: what the server does when two change one version. *ten at once*: how
many of ten parallel conditional creates it stores."""
WRITING_SAYS = """\
A short course: goal, care plan, three requests, four appointments, provenance. *plan again* runs it twice,
*without journal* with the memory of the first run lost. Then with every second answer lost or truncated
after the server stored, every third write answered 429, every third create 500, one create answered 200 with
an error inside, and a token that dies at the third create. Each time the run is repeated afterwards, and
what stands, stands once. Where no care plan is taken, the row tells what was written: the rungs that were
stood on, the whole plan in a *note* or as *answers* to a form."""
TABLES = (
    ("Launching, reading, single writes", ASKING_SAYS, ASKING),
    ("Writing a plan, in peace and in trouble", WRITING_SAYS, WRITING),
)

Results = Mapping[tuple[str, str], str]


def text(results: Results) -> str:
    """The whole file. A check that was not run on a server is shown as not tried."""
    parts = [HEAD]
    for title, says, checks in TABLES:
        rows = [["", *checks], ["---"] * (len(checks) + 1)]
        for server in SERVERS:
            rows.append([server, *(results.get((server, check), NOT_TRIED) for check in checks)])
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts.append(f"## {title}\n\n{says}\n\n{table}\n")
    return "\n".join(parts)


@cache
def documented() -> Results:
    """What the file says: (server, check) to outcome."""
    found: dict[tuple[str, str], str] = {}
    checks: list[str] = []
    for line in FILE.read_text("utf-8").splitlines() if FILE.exists() else ():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|  |"):
            checks = cells[1:]
        elif line.startswith("| ") and not line.startswith("| ---"):
            found |= {(cells[0], check): cell for check, cell in zip(checks, cells[1:], strict=True)}
    return found


def measured(say: Callable[[str], None]) -> Results:
    """Every check on every server at hand."""
    return {(server, check): outcome for server, check, outcome in _each(say)}


def _each(say: Callable[[str], None]) -> Iterator[tuple[str, str, str]]:
    for name in MOCKS:
        with mock(name) as target:
            fresh = Fresh(target)
            for check in CHECKS:
                yield from _one(fresh.again(), check, say)
    if not available():
        yield from ((*key, cell) for key, cell in documented().items() if key[0] == OUTSIDE)
        return
    with running() as outside:
        for check in CHECKS:
            outside.reset()
            yield from _one(outside.target, check, say)


def _one(target: Target, check: str, say: Callable[[str], None]) -> Iterator[tuple[str, str, str]]:
    outcome = CHECKS[check](target)
    say(f"{target.name:16} {check:18} {outcome}")
    yield target.name, check, outcome


if __name__ == "__main__":
    FILE.write_text(text(measured(print)), "utf-8")
