"""The six disorders: how each is recognised and measured, what is known, and a sample course by route."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from ketplan.clinical.assessment import Choice
from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.plan import Draft, VisitKind
from ketplan.clinical.protocols import evidence
from ketplan.manual import sample
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.drugs import ROUTES
from ketplan.manual.evidence import trials
from ketplan.manual.tables import Tables
from ketplan.scheduling.timetable import Placed, Timetable

_GRADES = {
    "EVIDENCE_LOW": "low: at least one small randomised trial in this disorder, or little more",
    "EVIDENCE_MIXED": "mixed: randomised trials disagree",
    "EVIDENCE_VERY_LOW": "very low: case reports",
    "EVIDENCE_INSUFFICIENT": "insufficient: no published outcome",
}
# Said of every visit here, as the samples are placed without a calendar.
_NO_CALENDAR = re.compile(r" No calendar was consulted \([^)]*\): only clinic hours were respected\.")
_OTHER_ROUTES = {"SC": "SC_ASC_WEEKLY", "IN": "ESK_LABEL", "PO": "PO_SUPERVISED"}


def chapter(tables: Tables) -> Iterator[Block]:
    yield heading(2, "The six disorders, each with sample courses")
    start = f"{sample.START:%A} {sample.START.day} {sample.START:%B %Y}"
    yield Text(
        f"The sample patient weighs 70 kg, is 40 and starts on {start}. Times are placed in this clinic's"
        f" opening hours ({tables.clinic.zone}), as if no calendar were published; a real plan also keeps to"
        " free slots and the patient's other appointments."
    )
    for disorder in DISORDERS:
        yield from _disorder(tables, disorder)


def _disorder(tables: Tables, d: Disorder) -> Iterator[Block]:
    scale, default = d.scale, tables.library.offered(d.default_protocol)
    drug = default.id if default and default.route else "none"
    yield heading(3, d.title)
    yield table(
        f"{d.title}: what it is recognised and measured by",
        "What | In this software",
        [
            ("SNOMED CT", ", ".join(sorted(d.value_set.snomed))),
            ("ICD-10-CM, beginning with", ", ".join(d.value_set.icd)),
            ("Scale", f"{scale.title}, 0 to {scale.maximum}"),
            ("Usual entry", f"{tables.house.entry.of(scale.id)} or more; below it `SEVERITY_BELOW_ENTRY`"),
            ("Response", _response(d)),
            ("Goal", f"below {scale.remission_below}" if scale.remission_below else "the response"),
            ("Source of the scale's numbers", scale.source),
            ("Drug course proposed", f"`{drug}`" + ("" if drug == d.default_protocol else " (default off)")),
            ("Therapy with ketamine", f"`{d.cbt_with_ketamine}`"),
            ("Therapy alone", f"`{d.cbt_alone}`"),
            ("Past therapy that counts", d.therapy_form),
            ("Drug trials count", "yes" if d.drug_trials else "no: no drug is first line"),
            ("Evidence for ketamine", f"{_GRADES[d.evidence]} (`{d.evidence}`)"),
        ],
    )
    yield trials(f"{d.title}: the trials, those that found nothing beside the others", evidence.TRIALS[d.id])
    if drug == "IV6_2PW":
        yield Text(evidence.EXTRAPOLATED, warns=True)
    if d.id == "PTSD":
        yield Text(evidence.PTSD_EXPECTATION, warns=True)
    yield from _default_course(tables, d)
    yield from _others(tables, d, drug)


def _response(d: Disorder) -> str:
    points = f" and of {d.scale.response_points} points or more" if d.scale.response_points else ""
    return f"a fall of {d.scale.response_pct} % or more{points}"


# --- sample courses -------------------------------------------------------------------------------------


def _default_course(tables: Tables, d: Disorder) -> Iterator[Block]:
    plan, timetable = sample.a_course(tables, d)
    course = plan.ketamine
    words = (
        f"{ROUTES[course.route or '']}: {course.infusions} × {course.protocol}, first dose"
        f" {course.arithmetic}"
        if course.infusions
        else "No drug is proposed: therapy alone"
    )
    yield heading(4, f"{d.title}: what is proposed")
    yield Text(f"{words}.")
    yield table(
        f"{d.title}: every visit of the proposed course",
        "When | Day | Visit | Minutes | Acceptable from, to | Why then",
        [_visit(p) for p in timetable.placed],
    )
    if timetable.unplaced:
        yield bullets(*(f"Not placed: {u.visit.title}. {u.why}" for u in timetable.unplaced))


def _visit(p: Placed) -> tuple[str, ...]:
    first, last = p.window
    when = f"{_day(p.start.date())}, {p.start:%H:%M}"
    minutes = str(p.visit.minutes)
    why = _NO_CALENDAR.sub("", p.why)
    return when, str(p.visit.offset), p.visit.title, minutes, f"{_day(first)}, {_day(last)}", why


def _day(day: date) -> str:
    year = "" if day.year == sample.START.year else f" {day.year}"
    return f"{day:%a} {day.day} {day:%b}{year}"


def _others(tables: Tables, d: Disorder, drug: str) -> Iterator[Block]:
    """The same disorder by the other protocols, one row each: dates alone."""
    ids = [p.id for p in tables.library.protocols if p.route == "IV" and p.id != drug]
    yield heading(4, f"{d.title}: by the other routes and protocols")
    rows = [_brief(tables, d, id) for id in (*ids, *_OTHER_ROUTES.values())]
    if drug != "none":
        rows.append(("therapy alone", "yes", *_all_dates(*sample.a_course(tables, d, Choice(cbt_only=True)))))
    yield table(
        f"{d.title}: sample dates by the other protocols",
        "Protocol | Offered here | First dose, and dates of doses | Therapy | Follow-up",
        rows,
    )


def _brief(tables: Tables, d: Disorder, id: str) -> tuple[str, ...]:
    protocol = tables.library.protocol(id)
    plan, timetable = sample.a_course(tables, d, Choice(protocol=id))
    offered = "yes, if a clinician chooses it" if protocol.enabled else "no, switched off"
    return (
        f"`{id}` ({ROUTES[protocol.route or ''].lower()})",
        offered,
        *_all_dates(plan, timetable),
    )


def _all_dates(plan: Draft, timetable: Timetable) -> tuple[str, ...]:
    doses, sessions, reviews = (_dates(timetable, kind) for kind in VisitKind)
    first = f"{plan.ketamine.dose_mg} mg: " if plan.ketamine.dose_mg is not None else ""
    return f"{first}{doses}", sessions, reviews


def _dates(timetable: Timetable, kind: VisitKind) -> str:
    placed: Iterable[Placed] = (p for p in timetable.placed if p.visit.kind is kind)
    return ", ".join(_day(p.start.date()) for p in placed)
