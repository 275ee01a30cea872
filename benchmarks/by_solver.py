"""The same series by a general solver (CP-SAT of OR-Tools), written from the rules, to measure against.

It knows which starts each visit has by itself and what they cost; all that ties visits together is said again
here, as inequalities. One therapist only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from ortools.sat.python import cp_model

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.series.model import Request, Since, Wanted
from ketplan.scheduling.series.openings import Site
from ketplan.scheduling.series.rules import Rule, weight

LEFT_OUT, LATE = weight(Rule.LEFT_OUT), weight(Rule.CBT_AFTER_DOSE)


@dataclass(frozen=True)
class Solved:
    """`cost` of the best found (None: nothing found), `bound` below which there is none, the start of each
    visit that has one."""

    cost: int | None
    bound: float
    proven: bool
    starts: Mapping[str, int]


@dataclass(frozen=True)
class _Visit:
    wanted: Wanted
    start: cp_model.IntVar
    day: cp_model.IntVar
    there: cp_model.IntVar
    cost: cp_model.IntVar


def solve(site: Site, seconds: float, workers: int = 2, *, leave_out: bool = True) -> Solved:
    model = cp_model.CpModel()
    visits = {v.key: _visit(model, site, v, leave_out) for v in site.request.visits}
    model.add_no_overlap(
        model.new_optional_fixed_size_interval_var(v.start, site.request.minutes(v.wanted), v.there, key)
        for key, v in visits.items()
    )
    late = _links(model, site.request, visits)
    for one, other in combinations(visits.values(), 2):
        kinds = {one.wanted.kind: one, other.wanted.kind: other}
        if kinds.keys() == {VisitKind.INFUSION, VisitKind.CBT}:
            _rest(model, site.request, kinds[VisitKind.INFUSION], kinds[VisitKind.CBT])
    model.minimize(sum(v.cost + LEFT_OUT * (1 - v.there) for v in visits.values()) + LATE * sum(late))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, workers
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solved(None, solver.best_objective_bound, status == cp_model.INFEASIBLE, {})
    starts = {key: solver.value(v.start) for key, v in visits.items() if solver.value(v.there)}
    proven = status == cp_model.OPTIMAL
    return Solved(round(solver.objective_value), solver.best_objective_bound, proven, starts)


def _visit(model: cp_model.CpModel, site: Site, wanted: Wanted, leave_out: bool) -> _Visit:
    found = site.openings(wanted)
    there = model.new_bool_var("")
    rows = [(s, d, c, 1) for s, d, c in zip(*map(list, (found.starts, found.days, found.costs)), strict=True)]
    rows += [(0, 0, 0, 0)] if leave_out else []
    cells = [model.new_int_var(min(column), max(column), "") for column in zip(*rows, strict=True)]
    model.add_allowed_assignments([*cells[:3], there], [tuple(map(int, row)) for row in rows])
    return _Visit(wanted, cells[0], cells[1], there, cells[2])


def _links(model: cp_model.CpModel, request: Request, visits: dict[str, _Visit]) -> list[cp_model.IntVar]:
    late = []
    for link in request.links:
        one, other = visits[link.earlier], visits[link.later]
        if request.is_fixed(link.earlier) and request.is_fixed(link.later):
            continue
        treated = one.wanted.preparation + one.wanted.treatment
        offset = {Since.START: 0, Since.TREATMENT: treated, Since.END: request.minutes(one.wanted)}
        passed, days = other.start - one.start - offset[link.since], other.day - one.day
        limits = [passed >= 60 * link.hours[0], days >= link.days[0]]
        limits += [passed <= 60 * link.hours[1]] if link.hours[1] is not None else []
        limits += [days <= link.days[1]] if link.days[1] is not None else []
        for limit in limits:
            model.add(limit).only_enforce_if(one.there, other.there)
        if link.wished is not None:
            late.append(model.new_bool_var(""))
            model.add(passed <= 60 * link.wished).only_enforce_if(one.there, other.there, ~late[-1])
    return late


def _rest(model: cp_model.CpModel, request: Request, dose: _Visit, session: _Visit) -> None:
    if request.is_fixed(dose.wanted.key) and request.is_fixed(session.wanted.key):
        return
    after = model.new_bool_var("")
    rested = dose.wanted.preparation + dose.wanted.treatment + 60 * request.rest_hours
    both = dose.there, session.there
    model.add(session.start >= dose.start + rested).only_enforce_if(*both, after)
    model.add(session.day > dose.day).only_enforce_if(*both, after)
    model.add(session.day < dose.day).only_enforce_if(*both, ~after)
