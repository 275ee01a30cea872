"""How long a resource takes to be rendered and validated, in milliseconds, once everything is warm.

    python -m benchmarks.render

What ketplan does at run time is render, R4's models and `fhir.invariants`; the published profiles are what
the tests check by, shown as what they would add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter

from tests.fhir.plan_builders import ERP17, a_cbt_course, a_draft, a_ketamine_course, a_plan, a_timetable
from tests.fhir.profiles import CHECK, linked

from ketplan.fhir.datatypes import Json
from ketplan.fhir.render import render

PLANS = {
    "IV6 and 14 sessions": a_draft(),
    "IV1 and ERP": a_draft(ketamine=a_ketamine_course((0,)), cbt=a_cbt_course(ERP17, "ERP_OCD_17")),
}
ROUNDS = 20


def best_ms(work: Callable[[], object]) -> float:
    """The fastest of some rounds after a first that warms up."""
    work()
    return min(_once(work) for _ in range(ROUNDS)) * 1000


def _once(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def by_profile(written: Iterable[Json]) -> list[list[str]]:
    return [CHECK[resource["resourceType"]](resource) for resource in written]


def main() -> None:
    print(f"{'plan':22}{'resources':>10}{'render + check':>16}{'+ profiles':>12}   ms per resource")
    for name, draft in PLANS.items():
        plan, timetable = a_plan(draft), a_timetable(draft)
        written = tuple(linked(plan).values())
        one = best_ms(partial(render, plan, timetable)) / len(written)
        more = best_ms(partial(by_profile, written)) / len(written)
        print(f"{name:22}{len(written):>10}{one:>16.2f}{one + more:>12.2f}")


if __name__ == "__main__":
    main()
