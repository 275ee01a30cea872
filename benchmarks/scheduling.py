"""One patient's series and whole cohorts: ketplan beside a plain greedy and a general solver, in one run.

    pip install -e '.[bench]' && python -m benchmarks.scheduling [--part one] [patients ...]

Times are given on the wall and, because machines are shared, of the processor; quality as the ratio to the
proven optimum where the solver found one. Every series is put before the reference checker. The solver is
left out where it is not installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import TypeVar

from benchmarks.by_greedy import book
from benchmarks.courses import clinic_staff, cohort, one_patient
from benchmarks.in_turn import Placed, book_all

from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.cohort import Course, fit
from ketplan.scheduling.series import plan
from ketplan.scheduling.series.model import Request, Resource
from ketplan.scheduling.series.openings import Site
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.search import Found

FULL, SEEDS, SECONDS = (0.3, 0.6, 0.8), range(6), 30.0
PATIENTS, LENGTHS = (50, 200, 1000), (60, 120, 240, 400)
YEAR, STAFF = 365, (12, 6, 3, 20)
LEFT_OUT = weight(Rule.LEFT_OUT)
MOST_BY_SOLVER, SECONDS_EACH = 50, 10.0
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What it made, milliseconds on the wall, milliseconds of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def one() -> None:
    print("One patient: 6 infusions, 14 CBT, 7 follow-ups; 120 days of quarter hours, 3 calendars")
    print(
        "ms on the wall / of the processor; cost, visits left out; x: cost of all as a ratio to the optimum"
    )
    print(
        f"{'full':>5}{'seed':>5}{'ketplan':>14}{'cost':>9}{'greedy':>14}{'cost':>9}"
        f"{'solver':>16}{'cost':>9}  ratios"
    )
    walls, cpus, ratios = [], [], []
    for full in FULL:
        for seed in SEEDS:
            request = one_patient(full, seed)
            plan(request)
            made, wall, cpu = timed(partial(plan, request))
            assert not faults(request, made)
            if not made.refused:  # an impossible course is explained as well, which takes its time
                walls.append(wall)
                cpus.append(cpu)
            row = f"{full:>5}{seed:>5}{wall:>7.0f}/{cpu:<6.0f}{said(made.cost)}"
            greedy, wall, cpu = timed(partial(greedily, request))
            row += f"{wall:>7.0f}/{cpu:<6.0f}{said(greedy.cost)}"
            optimum, words = solved(request)
            row += words
            if optimum:
                ratios.append(made.cost / optimum)
                row += f"  x {made.cost / optimum:.3f}, greedy x {greedy.cost / optimum:.3g}"
            print(row, flush=True)
    print(
        f"median of those with a time for every visit: {median(walls):.0f} ms,"
        f" {median(cpus):.0f} ms of processor"
    )
    if ratios:
        print(
            f"the optimum itself in {sum(r == 1 for r in ratios)} of {len(ratios)},"
            f" at worst x {max(ratios):.3f}"
        )


def greedily(request: Request) -> Found:
    return book(Site(request))


def said(cost: int) -> str:
    out, rest = divmod(cost, LEFT_OUT)
    return f"{rest:>6}{f' -{out}' if out else '':<3}"


def solved(request: Request) -> tuple[int | None, str]:
    if not find_spec("ortools"):
        return None, "   not installed"
    from benchmarks.by_solver import solve

    found, wall, cpu = timed(lambda: solve(Site(request), SECONDS))
    words = f"{wall:>9.0f}/{cpu:<6.0f}" + (said(found.cost) if found.cost else "     none")
    return (found.cost if found.proven else None), words


def horizon() -> None:
    print("\nOne patient, 60 % full, by the length of the calendars: processor ms")
    for length in LENGTHS:
        asked = [one_patient(0.6, seed, length) for seed in (0, 2, 5)]
        print(f"{length:>5} days{median(timed(partial(plan, one))[2] for one in asked):>8.0f}", flush=True)


def cohorts(sizes: tuple[int, ...]) -> None:
    chairs, nurses, prescribers, therapists = STAFF
    print(f"\nA year of 08-18 h on weekdays, {chairs} chairs, {nurses} nurses, {prescribers} prescribers,")
    print(f"{therapists} therapists; courses asked for evenly over the year, each acceptable for 60 days")
    print(
        f"{'patients':>8}{'by':>9}{'wall s':>8}{'cpu s':>8}{'ms each':>9}{'fit in':>8}{'wait':>6}"
        f"{'late':>6}{'most':>6}{'cost':>6}{'x bound':>9}{'MB':>6}"
    )
    for size in sizes:
        staff, asked = clinic_staff(*STAFF, YEAR + 400), cohort(size, YEAR, YEAR + 400)
        made, wall, cpu = timed(partial(fit, staff, asked, max(course.latest for course in asked)))
        costs = sum(f.series.cost for f in made.fitted)
        bound = sum(f.series.bound for f in made.fitted)
        asking = {course.patient: course for course in asked}
        for f in made.fitted[:: max(1, size // 20)]:
            request = replace(asking[f.patient].request_from(f.start), resources=tuple(staff))
            assert not faults(request, f.series)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{size:>8}{'ketplan':>9}{wall / 1000:>8.1f}{cpu / 1000:>8.1f}{cpu / size:>9.0f}"
            f"{len(made.fitted):>8}{len(made.waiting):>6}{made.late_median:>6.0f}{made.late_most:>6}"
            f"{costs / len(made.fitted):>6.0f}{costs / bound:>9.3f}{peak:>6.0f}",
            flush=True,
        )
        beside("greedy", size, by_greedy, staff, asked)
        if size <= MOST_BY_SOLVER and find_spec("ortools"):
            beside("solver", size, by_solver, staff, asked)


def by_greedy(site: Site) -> Placed | None:
    found = book(site)
    starts = {key: spot.start for key, spot in found.spots.items() if spot}
    return starts if len(starts) == len(found.spots) else None


def by_solver(site: Site) -> Placed | None:
    from benchmarks.by_solver import solve

    found = solve(site, SECONDS_EACH, leave_out=False)
    return None if found.cost is None else found.starts


def beside(
    name: str, size: int, place: Callable[[Site], Placed | None], staff: list[Resource], asked: list[Course]
) -> None:
    """The same cohort, booked patient after patient by another method. None of them asks who the therapist
    is, so what their courses cost cannot be put beside ours."""
    tally, wall, cpu = timed(partial(book_all, staff, asked, place))
    print(
        f"{size:>8}{name:>9}{wall / 1000:>8.1f}{cpu / 1000:>8.1f}{cpu / size:>9.0f}{tally.fitted:>8}"
        f"{tally.waiting:>6}{'':>6}{tally.late_most:>6}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="One patient's series and whole cohorts.")
    parser.add_argument("patients", nargs="*", type=int, help="sizes of the cohorts")
    parser.add_argument(
        "--part", action="append", choices=("cohorts", "horizon", "one"), help="only this part"
    )
    asked = parser.parse_args()
    parts = asked.part or ("cohorts", "horizon", "one")
    print(f"Load of the machine at the beginning: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if "cohorts" in parts:
        cohorts(tuple(asked.patients) or PATIENTS)
    if "horizon" in parts:
        horizon()
    if "one" in parts:
        one()


if __name__ == "__main__":
    main()
