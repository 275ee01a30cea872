"""A proposal for scripts (a JSON-ready dict) and for a terminal (text). Same facts, two voices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from ketplan.clinical.findings import Decision, Finding, FindingClass
from ketplan.clinical.instruments.recomputed import contradictions
from ketplan.clinical.library import SHIPPED, Library
from ketplan.clinical.plan import CbtCourse, KetamineCourse, SessionMonitoring
from ketplan.clinical.protocols import evidence
from ketplan.clinical.protocols.monitoring import HOLD_RELEASE
from ketplan.clinical.screens.workup import ItemState
from ketplan.fhir.render import final
from ketplan.workflow import Proposal

Json = dict[str, Any]


def as_json(proposal: Proposal) -> Json:
    """The keys of `expected` in the acceptance cases, and what surrounds them. Decimals stay Decimals."""
    draft = proposal.draft
    held = any(f.cls is FindingClass.HOLD for f in draft.findings)
    return {
        "plan_id": proposal.plan_id,
        "patient": draft.patient,
        "as_of": draft.as_of.isoformat(),
        "start": draft.start.isoformat(),
        "timezone": proposal.timetable.zone,
        "decision": draft.decision.value,
        "findings": [_finding(f) for f in draft.findings],
        "write_allowed_after_clinician_signature": draft.decision is Decision.ELIGIBLE,
        "disorders": list(draft.disorders),
        "principal": draft.lead,
        "ketamine": _ketamine(draft.ketamine),
        "cbt": _cbt(draft.cbt),
        "cbt_candidates": list(draft.cbt_candidates),
        "followups": [{"visit": f.visit, "day": f.day, "date": f.date.isoformat()} for f in draft.followups],
        "session_monitoring": _monitoring(draft.monitoring),
        "alternative_plan": draft.alternative_plan,
        "alternative_steps": list(draft.alternative_steps),
        "override_plan": draft.override
        and {
            "requires": draft.override.requires,
            "ketamine": _ketamine(draft.override.ketamine),
            "cbt": _cbt(draft.override.cbt),
        },
        "schedule_state": "held" if held else "proposed",
        "hold_release_condition": HOLD_RELEASE if proposal.assessment.found("BP_HOLD_GE_160_100") else None,
        "workup": [
            {"item": i.name, "state": i.state.value, "date": i.when, "value": i.value}
            for i in proposal.assessment.gate
        ],
        "contradicted_totals": [c.words for c in contradictions(proposal.assessment.view)],
        "evidence": list(draft.sources),
        "deviations": list(draft.deviations),
        "before_first_dose": list(draft.before_first_dose),
        "emergency_plan": draft.emergency_plan or None,
        "record": [
            {
                "section": s.name,
                "state": s.state.value,
                "entries": s.count,
                "unreadable": s.unreadable,
                "detail": s.detail,
            }
            for s in proposal.record.sections
        ],
        "results_after_as_of": len(proposal.assessment.view.dated_later),
        "schedule": _schedule(proposal),
        "resources": list(final(proposal.steps())),
    }


def _finding(found: Finding) -> Json:
    return {
        "id": found.id,
        "class": found.cls.value,
        "text": found.text,
        "evidence": [e.reference for e in found.evidence if e.reference],
        "source": found.source,
        "resolves": found.resolves,
    }


def _ketamine(course: KetamineCourse) -> Json:
    return {
        "route": course.route,
        "product": course.product,
        "protocol": course.protocol,
        "infusions": course.infusions,
        "mg_per_kg": course.mg_per_kg,
        "infusion_minutes": course.minutes,
        "dosing_weight_kg": course.dosing_weight_kg,
        "dosing_weight_basis": course.dosing_weight_basis,
        "dose_mg_unrounded": course.dose_mg_unrounded,
        "dose_mg": course.dose_mg,
        "day_offsets": list(course.day_offsets),
        "dates": [d.isoformat() for d in course.dates],
        "provisional": course.provisional,
        "arithmetic": course.arithmetic,
        "ceiling_mg_per_kg": course.ceiling_mg_per_kg,
        "titration": list(course.titration),
    }


def _cbt(course: CbtCourse | None) -> Json | None:
    if course is None:
        return None
    minutes = [s.minutes for s in course.sessions]
    return {
        "protocol": course.protocol,
        "sessions": len(course.sessions),
        "minutes_per_session": minutes[0] if len(set(minutes)) == 1 else minutes,
        "total_minutes": sum(minutes),
        "day_offsets": [s.offset for s in course.sessions],
        "dates": [s.date.isoformat() for s in course.sessions],
        "titles": [s.title for s in course.sessions],
        "note": course.note or None,
    }


def _monitoring(monitoring: SessionMonitoring | None) -> Json | None:
    if monitoring is None:
        return None
    return {
        "vitals_minutes_from_infusion_start": list(monitoring.vitals_minutes),
        "minimum_observation_minutes_from_start": monitoring.minimum_observation_minutes,
        "instruments_each_session": list(monitoring.instruments),
        "escort_required": monitoring.escort_required,
        "no_driving_until": monitoring.no_driving_until,
    }


def _schedule(proposal: Proposal) -> list[Json]:
    placed = [
        {
            "visit": p.visit.key,
            "title": p.visit.title,
            "start": p.start.isoformat(),
            "end": p.end.isoformat(),
            "window": [d.isoformat() for d in p.window],
            "resources": [name for _, name in p.resources],
            "why": p.why,
        }
        for p in proposal.timetable.placed
    ]
    unplaced = [
        {"visit": u.visit.key, "title": u.visit.title, "start": None, "end": None, "why": u.why}
        for u in proposal.timetable.unplaced
    ]
    return placed + unplaced


# --- for a terminal -----------------------------------------------------------------------------------------

_VERDICT = {
    Decision.ELIGIBLE: "Eligible. Nothing stands against this proposal; a clinician decides.",
    Decision.NEEDS_REVIEW: "Needs review. Each HOLD and REVIEW must be resolved before anything is written.",
    Decision.BLOCKED: "Blocked. Ketamine is not proposed and nothing is written.",
}


def as_text(proposal: Proposal) -> str:
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    draft = proposal.draft
    patient = proposal.record.patient
    yield f"{patient.name or patient.reference} · as of {draft.as_of} · start {draft.start}"
    yield _VERDICT[draft.decision]
    yield from _findings_lines(draft.findings)
    yield ""
    yield f"Drug course: {_course_words(draft.ketamine)}"
    if draft.ketamine.infusions:
        yield f"  Dose 1: {draft.ketamine.arithmetic}"
        yield from (f"  {t}" for t in draft.ketamine.titration)
    yield f"Therapy: {_cbt_words(draft.cbt, draft.cbt_candidates)}"
    if draft.alternative_plan:
        yield f"Instead: {draft.alternative_plan}"
        yield from (f"  {n}. {step}" for n, step in enumerate(draft.alternative_steps, 1))
    yield from _schedule_lines(proposal)
    yield ""
    yield f"Work-up: {_gate_words(proposal)}"
    yield from (f"Which is right? {c.words}." for c in contradictions(proposal.assessment.view))
    yield f"Record: {_record_words(proposal)}"
    yield from (f"Evidence: {s}" for s in draft.sources)
    yield from (f"Before dose 1: {todo}" for todo in draft.before_first_dose)
    if draft.emergency_plan:
        yield f"Emergency plan: {draft.emergency_plan}"
    yield from (f"Set by this site: {d}" for d in draft.deviations)
    resources = final(proposal.steps())
    yield f"Would be written after signature: {_counted(r['resourceType'] for r in resources) or 'nothing'}."


def _findings_lines(findings: Iterable[Finding]) -> Iterator[str]:
    for f in findings:
        yield f"  {f.cls.value:6} {f.id}: {f.text}"
        for e in f.evidence[:5]:
            yield f"         {' · '.join(part for part in (e.reference, e.words, e.when) if part)}"


def _course_words(course: KetamineCourse) -> str:
    if not course.infusions:
        return "none"
    dose = f"{course.dose_mg} mg" if course.dose_mg is not None else "no dose without a usable weight"
    provisional = ", provisional" if course.provisional else ""
    over = f" over {course.minutes} min" if course.minutes else ""
    return (
        f"{course.protocol}, {course.infusions} × {course.product} {course.route}{over}, {dose}{provisional}"
    )


def _cbt_words(course: CbtCourse | None, candidates: tuple[str, ...]) -> str:
    if course:
        return f"{course.protocol}, {len(course.sessions)} sessions {course.note}".rstrip()
    return f"not chosen yet: {', '.join(candidates)}" if candidates else "none"


def _schedule_lines(proposal: Proposal) -> Iterator[str]:
    if not (proposal.timetable.placed or proposal.timetable.unplaced):
        return
    yield ""
    yield f"Calendar ({proposal.timetable.zone}):"
    for p in proposal.timetable.placed:
        yield f"  {_span(p.start, p.end)}  {p.visit.title}  [{p.why}]"
    for u in proposal.timetable.unplaced:
        yield f"  NOT PLACED              {u.visit.title}  [{u.why}]"


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%a %d %b %Y %H:%M}-{end:%H:%M}"


def _gate_words(proposal: Proposal) -> str:
    gate = proposal.assessment.gate
    met = sum(i.state is ItemState.MET for i in gate)
    missing = "; ".join(i.words for i in gate if i.state is not ItemState.MET)
    return f"{met} of {len(gate)} items" + (f"; open: {missing}" if missing else "")


def _record_words(proposal: Proposal) -> str:
    unreadable = sum(s.unreadable for s in proposal.record.sections)
    states = _counted(s.state.value for s in proposal.record.sections)
    later = len(proposal.assessment.view.dated_later)
    extra = f"; {later} results dated after the as-of date were not used" if later else ""
    return f"sections {states}; {unreadable} entries could not be read{extra}"


def _counted(words: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{n} {word}" for word, n in counts.items())


def library(offered: Library = SHIPPED) -> Iterator[str]:
    """The protocols as readable tables: drug courses, therapy courses, evidence, what the site set itself."""
    yield "Drug courses"
    for p in offered.protocols:
        doses = ", ".join(f"{d} mg/kg" for d in p.mg_per_kg) or ", ".join(f"{d} mg" for d in p.mg_by_device)
        state = "" if p.enabled else " (switched off)"
        yield f"  {p.id}{state}: {p.title}"
        if p.route:
            over = f" over {p.minutes} min" if p.minutes else ""
            yield f"      {p.product}, {p.route}, {doses}{over}; days {_days(p.day_offsets)}"
            if p.ceiling_mg_per_kg:
                yield f"      ceiling {p.ceiling_mg_per_kg} mg/kg" + _floor(p.floor_mg_per_kg)
            for step in p.titration:
                yield (
                    f"      after {step.after}: propose {step.mg_per_kg} mg/kg"
                    f" below {step.improvement_below_pct} % improvement"
                )
            yield f"      evidence: {p.evidence}; source: {p.source}"
    yield ""
    yield "Therapy courses"
    for c in offered.courses:
        minutes = ", ".join(str(m) for m in dict.fromkeys(c.minutes))
        yield f"  {c.id}: {c.title}, {len(c.offsets)} sessions of {minutes} min; days {_days(c.offsets)}"
        yield f"      source: {c.source}"
        yield from (f"      {n}. {title}" for n, title in enumerate(c.titles, 1))
    yield ""
    yield "Evidence, null results as large as positive ones"
    for disorder, trials in evidence.TRIALS.items():
        yield f"  {disorder}"
        yield from (f"      {t.sentence()} {t.source}" for t in trials)
    if own := list(offered.deviations()):
        yield ""
        yield "Set by this site"
        yield from (f"  {deviation}" for deviation in own)


def _days(offsets: tuple[int, ...]) -> str:
    return ", ".join(map(str, offsets))


def _floor(floor: Decimal | None) -> str:
    return f", floor {floor} mg/kg" if floor else ""
