"""The plan in words: `CarePlan.text`, complete on its own, for EHRs that show nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element

from ketplan.clinical.findings import FindingClass, must_be_resolved
from ketplan.clinical.plan import VisitKind
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.course import Course
from ketplan.fhir.rendering.xhtml import bullets, div, node, table

_DECISIONS = {
    "eligible": "Eligible: no finding stands against the plan.",
    "needs_review": "Needs review: each HOLD and REVIEW below needs a named clinician's answer.",
    "blocked": "Blocked.",
}


def narrative(course: Course) -> Json:
    """The Narrative of the plan: status generated, safe XHTML."""
    sections: tuple[Callable[[Course], Iterable[Element]], ...] = (
        _head,
        _decision,
        _ketamine,
        _cbt,
        _evidence,
        _goals,
        _monitoring,
        _first_dose,
        _deviations,
        _schedule,
        _unplaced,
        _follow_up,
        _foot,
    )
    return {"status": "generated", "div": div(*(part for section in sections for part in section(course)))}


def _head(course: Course) -> Iterable[Element]:
    draft = course.draft
    yield node("h3", wording.title(course))
    yield node("p", wording.summary(course))
    yield node("p", node("b", "Status:"), wording.signature(course))
    if draft.disorders:
        yield node("p", node("b", "Diagnosis:"), ", ".join(draft.disorders))
    if draft.lead and len(draft.disorders) > 1:
        yield node("p", node("b", "Leads the plan:"), draft.lead)


def _decision(course: Course) -> Iterable[Element]:
    draft, zone = course.draft, course.timetable.zone
    yield node("h4", f"Decision as of {wording.day(draft.as_of)}")
    yield node("p", _DECISIONS[draft.decision.value])
    answers = {r.finding: r for r in course.resolutions}
    lines = []
    for found in draft.findings:
        answer = answers.get(found.id)
        if answer:
            lines.append(
                f"{wording.finding(found)} Resolved by {answer.clinician}, "
                f"{wording.stamp(answer.at, zone)}: {answer.reason}"
            )
        elif must_be_resolved(found):
            lines.append(f"{wording.finding(found)} Not resolved yet.")
        elif found.cls is FindingClass.INFO:
            lines.append(wording.finding(found))
    if lines:
        yield bullets(lines)


def _ketamine(course: Course) -> Iterable[Element]:
    ketamine = course.draft.ketamine
    if VisitKind.INFUSION not in course.kinds:
        return
    yield node("h4", f"Ketamine, protocol {ketamine.protocol}")
    yield node(
        "p", f"{wording.counted(ketamine.infusions, VisitKind.INFUSION)}: {wording.treatment(ketamine)}."
    )
    yield bullets([*wording.dose(ketamine), wording.OFF_LABEL, wording.NOT_AN_ORDER])
    yield from _listed("Titration", ketamine.titration)
    yield from _sourced(ketamine.source)


def _cbt(course: Course) -> Iterable[Element]:
    cbt = course.draft.cbt
    if cbt is None or VisitKind.CBT not in course.kinds:
        return
    yield node("h4", f"Cognitive behavioural therapy, protocol {cbt.protocol}")
    yield node("ol", *(node("li", f"{s.title} ({s.minutes} min)") for s in cbt.sessions))
    if cbt.note:
        yield node("p", cbt.note)
    yield from _sourced(cbt.source)


def _evidence(course: Course) -> Iterable[Element]:
    yield from _listed("Evidence, with the trials that found nothing", course.draft.sources)


def _goals(course: Course) -> Iterable[Element]:
    yield from _listed(
        "Goals", [f"{wording.sentence(g.text)} By {wording.day(g.due)}." for g in course.draft.goals]
    )


def _monitoring(course: Course) -> Iterable[Element]:
    watch = course.draft.monitoring
    if watch and VisitKind.INFUSION in course.kinds:
        yield from _listed("Monitoring at every dosing visit", wording.monitoring(watch))
        yield from _sourced(watch.source)


def _first_dose(course: Course) -> Iterable[Element]:
    yield from _listed("Before the first dose", course.draft.before_first_dose)
    if course.draft.emergency_plan:
        yield from _listed("Emergency plan", (course.draft.emergency_plan,))


def _deviations(course: Course) -> Iterable[Element]:
    yield from _listed("Set by this site, other than the shipped tables", course.draft.deviations)


def _schedule(course: Course) -> Iterable[Element]:
    timetable = course.timetable
    yield node("h4", "Schedule")
    if not timetable.placed:
        yield node("p", "No visit has a time yet.")
        return
    yield table(
        f"{len(timetable.placed)} visits; all times in {timetable.zone}",
        ("Date", "Time", "Visit", "Where, with whom", "State"),
        (
            (
                wording.day(p.start),
                wording.clock(p),
                p.visit.title,
                ", ".join(name or reference for reference, name in p.resources)
                or ("by telephone" if p.visit.telephone else "to be arranged"),
                wording.state(course, p),
            )
            for p in sorted(timetable.placed, key=lambda p: p.start)
        ),
    )


def _unplaced(course: Course) -> Iterable[Element]:
    missing = course.timetable.unplaced
    lines = [f"{u.visit.title}, due {wording.day(u.visit.target)}: {u.why}" for u in missing]
    yield from _listed(f"Visits without a time: {len(lines)}", lines)


def _follow_up(course: Course) -> Iterable[Element]:
    titles = {v.key: v.title for v in course.visits}
    lines = []
    for due in course.draft.followups:
        title = titles.get(due.visit, due.visit)
        purpose = f" {due.purpose}" if due.purpose != title else ""
        lines.append(f"{title}, due {wording.day(due.date)}.{purpose}")
    yield from _listed("Follow-up", lines)


def _foot(course: Course) -> Iterable[Element]:
    yield node("p", wording.TRUTH)
    yield node("p", f"Plan {course.id}, prepared by ketplan.")


def _listed(heading: str, lines: Iterable[str]) -> Iterable[Element]:
    kept = [line for line in lines if line]
    if kept:
        yield node("h4", heading)
        yield bullets(kept)


def _sourced(source: str) -> Iterable[Element]:
    if source:
        yield node("p", f"Source: {source}")
