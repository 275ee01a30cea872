"""Draft a plan from an assessment: drug course, therapy course, follow-up, monitoring, what to do instead.

Protocol facts 1.6, 1.7, 2.2, 4.1 and 8b. Dates here are target dates (offset and weekend rule, no
holidays); times are the business of `scheduling`.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from ketplan.clinical.assessment import Assessment
from ketplan.clinical.disorders import Disorder
from ketplan.clinical.dose import first_dose
from ketplan.clinical.findings import Decision
from ketplan.clinical.house import House
from ketplan.clinical.instruments.recomputed import readings
from ketplan.clinical.library import Library, deviations
from ketplan.clinical.plan import (
    CbtCourse,
    CbtSession,
    Draft,
    FollowUp,
    KetamineCourse,
    OverridePlan,
    TargetGoal,
    Visit,
    VisitKind,
)
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.protocols import cbt, evidence, monitoring
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.clinical.screens.weight import two_places
from ketplan.clinical.screens.workup import before_first_dose, scale_score
from ketplan.clinical.terms import terms_of
from ketplan.errors import InputError

FOLLOW_UP_TITLES = {
    "24h_check_call": "24-hour check call",
    "mid_course_review": "Mid-course review",
    "end_of_induction_review": "End-of-induction review",
    "review_1_month_after_last_dose": "Review one month after the last dose",
    "review_4_weeks": "Review at 4 weeks",
    "review_3_months": "Review at 3 months",
    "review_6_months": "Review at 6 months",
    "review_12_months": "Review at 12 months",
}
CALL = "24h_check_call"
LATE_REVIEWS = ("review_3_months", "review_6_months", "review_12_months")
NONE = KetamineCourse("NONE")


def draft(assessment: Assessment) -> Draft:
    """The proposal that follows from the assessment. A blocked patient gets none, only what to do instead."""
    view, lead = assessment.view, assessment.lead
    blocked = assessment.decision is Decision.BLOCKED
    course = NONE if blocked else _ketamine(assessment, assessment.protocol)
    therapy = None if blocked or lead is None else _therapy(assessment, lead)
    followups = (
        ()
        if blocked
        else follow_ups(
            view.start, assessment.protocol, has_therapy=therapy is not None, limits=view.house.review
        )
    )
    return Draft(
        patient=view.record.patient.reference,
        as_of=view.as_of,
        start=view.start,
        decision=assessment.decision,
        findings=assessment.findings,
        disorders=tuple(d.title for d in assessment.targets),
        lead=lead.title if lead else None,
        addresses=tuple(
            c.reference for d in ([lead] if lead else assessment.targets) for c in view.active(d.value_set)
        ),
        ketamine=course,
        cbt=therapy,
        cbt_candidates=() if lead else tuple(_usual_course(assessment, d) for d in assessment.targets),
        followups=followups,
        monitoring=monitoring.of(assessment.protocol.route, assessment.protocol.minutes, view.house.session),
        alternative_plan=_alternative(assessment),
        alternative_steps=_alternative_steps(assessment),
        goals=_goals(assessment) if therapy or course.infusions else (),
        override=_override(assessment),
        visits=_visits(view.house, course, therapy, followups),
        sources=_sources(assessment),
        deviations=deviations(view.house, assessment.library),
        before_first_dose=before_first_dose(view, assessment.gate) if course.infusions else (),
        emergency_plan=view.house.emergency_plan if course.infusions else "",
        terms=terms_of(assessment),
    )


def on_business_day(start: date, offset: int) -> date:
    """The offset's date; at a weekend the next business day, before day 0 the previous one."""
    day, step = start + timedelta(days=offset), timedelta(days=1 if offset >= 0 else -1)
    while day.weekday() >= 5:
        day += step
    return day


def _ketamine(assessment: Assessment, protocol: KetamineProtocol) -> KetamineCourse:
    view, weight = assessment.view, assessment.weight
    choice = assessment.choice.basis
    dose = first_dose(view, protocol, weight, choice, assessment.lead)
    kg, basis = (dose.kg, dose.basis) if dose and dose.mg_per_kg else (weight.kg, weight.basis)
    shown_kg = None if kg is None else two_places(kg)
    if dose is None:
        return KetamineCourse(protocol.id, dosing_weight_kg=shown_kg, dosing_weight_basis=basis)
    return KetamineCourse(
        protocol.id,
        protocol.route,
        protocol.product,
        len(protocol.day_offsets),
        dose.mg_per_kg,
        protocol.minutes,
        shown_kg,
        basis,
        None if dose.unrounded_mg is None else two_places(dose.unrounded_mg),
        dose.mg,
        protocol.day_offsets,
        tuple(on_business_day(view.start, o) for o in protocol.day_offsets),
        dose.provisional,
        dose.ceiling_mg_per_kg,
        dose.arithmetic,
        dose.titration,
        f"{protocol.evidence}. {protocol.source}",
    )


def _therapy(assessment: Assessment, lead: Disorder) -> CbtCourse:
    with_doses = bool(assessment.protocol.day_offsets)
    chosen = assessment.choice.cbt or _usual_course(assessment, lead)
    if chosen not in _courses_for(lead):
        raise InputError(f"There is no therapy course {chosen} for {lead.title}.")
    return _course(assessment.view.start, assessment.library.course(chosen), with_doses)


def _usual_course(assessment: Assessment, disorder: Disorder) -> str:
    return disorder.cbt_with_ketamine if assessment.protocol.day_offsets else disorder.cbt_alone


def _courses_for(disorder: Disorder) -> tuple[str, ...]:
    own = (disorder.cbt_with_ketamine, disorder.cbt_alone)
    return (*own, "CPT_PTSD_12") if disorder.id == "PTSD" else own


def _course(start: date, protocol: CbtProtocol, with_doses: bool) -> CbtCourse:
    weekly = not with_doses and not protocol.own_calendar
    offsets = tuple(7 * n for n in range(len(protocol.offsets))) if weekly else protocol.offsets
    return CbtCourse(
        protocol.id,
        tuple(
            CbtSession(n, title, protocol.minutes_of(n), offset, on_business_day(start, offset))
            for n, (title, offset) in enumerate(zip(protocol.titles, offsets, strict=True), 1)
        ),
        cbt.WEEKLY_NOTE if weekly else "",
        protocol.source,
    )


def follow_ups(
    start: date, protocol: KetamineProtocol, *, has_therapy: bool, limits: Limits
) -> tuple[FollowUp, ...]:
    """The call and the reviews of a course, by day; none where neither drug nor therapy is given."""
    days: list[tuple[str, int]] = []
    if protocol.day_offsets:
        last = protocol.day_offsets[-1]
        days.append((CALL, 1))
        if len(protocol.day_offsets) == 6:
            days.append(("mid_course_review", protocol.day_offsets[limits.mid_course_before - 1]))
        end = protocol.end_of_induction_day or last + limits.review_after_days
        days.append(("end_of_induction_review", end))
        days.append(("review_1_month_after_last_dose", last + limits.month_review_days))
    elif has_therapy:
        days.append(("review_4_weeks", 28))
    else:
        return ()
    return tuple(
        FollowUp(
            visit,
            day,
            # The call keeps its day, the day after the first dose, also at a weekend.
            on_business_day(start, 0) + timedelta(days=1) if visit == CALL else on_business_day(start, day),
            FOLLOW_UP_TITLES[visit],
        )
        for visit, day in (*days, *zip(LATE_REVIEWS, limits.late_review_days, strict=True))
    )


def usual_visits(disorder: Disorder, start: date, library: Library, house: House) -> tuple[Visit, ...]:
    """The visits of the course with doses that is tried first for a disorder, whoever the patient is; none
    where that is a course without doses, or one the site does not offer."""
    protocol = library.offered(disorder.default_protocol)
    if protocol is None or not protocol.day_offsets:
        return ()
    course = KetamineCourse(
        protocol.id,
        protocol.route,
        protocol.product,
        len(protocol.day_offsets),
        minutes=protocol.minutes,
        day_offsets=protocol.day_offsets,
        dates=tuple(on_business_day(start, offset) for offset in protocol.day_offsets),
    )
    therapy = _course(start, library.course(disorder.cbt_with_ketamine), with_doses=True)
    return _visits(house, course, therapy, follow_ups(start, protocol, has_therapy=True, limits=house.review))


def _visits(
    house: House,
    course: KetamineCourse,
    therapy: CbtCourse | None,
    followups: tuple[FollowUp, ...],
) -> tuple[Visit, ...]:
    monitored = monitoring.of(course.route, course.minutes, house.session)
    stay = monitored.minimum_observation_minutes if monitored else 0
    total = course.infusions
    what = "Infusion" if course.route == "IV" else "Dose"
    visits = [
        Visit(
            f"infusion-{n}",
            VisitKind.INFUSION,
            n,
            f"{what} {n} of {total}",
            offset,
            day,
            house.preparation_minutes + stay + house.discharge_minutes,
        )
        for n, (offset, day) in enumerate(zip(course.day_offsets, course.dates, strict=True), 1)
    ]
    for s in therapy.sessions if therapy else ():
        title = f"CBT {s.number}: {s.title}"
        visits.append(Visit(f"cbt-{s.number}", VisitKind.CBT, s.number, title, s.offset, s.date, s.minutes))
    for n, f in enumerate(followups, 1):
        call = f.visit == CALL
        minutes = house.call_minutes if call else house.review_minutes
        visits.append(
            Visit(f.visit, VisitKind.FOLLOW_UP, n, f.purpose, f.day, f.date, minutes, telephone=call)
        )
    return tuple(visits)


def _goals(assessment: Assessment) -> tuple[TargetGoal, ...]:
    """One goal for the lead disorder's score: remission where the table has a cut, else response."""
    lead = assessment.lead
    if lead is None:
        return ()
    scale = lead.scale
    score = scale_score(assessment.view, scale)
    # A total that its own answers contradict is no baseline.
    told = readings(assessment.view, scale.id, score) if score else ()
    baseline = told[0] if len(told) == 1 else None
    target = scale.remission_below
    if target is None and baseline is not None:
        target = baseline * (100 - scale.response_pct) / Decimal(100)
    aim = f"below {target.normalize():f}" if target is not None else f"down by {scale.response_pct} %"
    return (
        TargetGoal(
            lead.id,
            f"{scale.title} {aim}",
            scale.id,
            scale.loinc,
            baseline,
            target,
            on_business_day(assessment.view.start, assessment.view.house.review.late_review_days[0]),
        ),
    )


def _override(assessment: Assessment) -> OverridePlan | None:
    """Phobia: what a clinician may choose against the default, only with a reason (1.5)."""
    lead, resistance, offered = assessment.lead, assessment.resistance, assessment.library.offered("IV1")
    if (
        lead is None
        or offered is None
        or lead.default_protocol != "NONE"
        or assessment.decision is Decision.BLOCKED
        or assessment.protocol.id != "NONE"
        or assessment.choice.cbt_only
        or resistance is None
        or not resistance.met
    ):
        return None
    return OverridePlan(
        "clinician override with reason",
        _ketamine(assessment, offered),
        _course(assessment.view.start, assessment.library.course(lead.cbt_with_ketamine), with_doses=True),
    )


def _alternative(assessment: Assessment) -> str | None:
    """What to do instead: psychosis before age before therapy alone (8b; tokens of the first release)."""
    if assessment.choice.cbt_only or not (
        assessment.decision is Decision.BLOCKED or assessment.found("TR_CRITERION_NOT_MET")
    ):
        return None
    if assessment.found("PATIENT_DECEASED"):
        return None
    if assessment.found("PSYCHOSIS_SPECTRUM"):
        return "REFER_PSYCHOSIS_SERVICE"
    if assessment.found("AGE_LT_18"):
        return "REFER_CHILD_ADOLESCENT_SERVICE"
    return f"CBT_ONLY:{assessment.lead.cbt_alone}" if assessment.lead else None


def _alternative_steps(assessment: Assessment) -> tuple[str, ...]:
    """The alternative in order, suicide risk above everything (8b)."""
    plan = _alternative(assessment)
    steps = []
    if assessment.found("SI_HIGH"):
        steps.append("Suicide risk pathway today: crisis contact, do not leave the patient alone.")
    if assessment.found("BP_CRISIS"):
        steps.append("Urgent medical review of the blood pressure.")
    if assessment.decision is Decision.BLOCKED and not assessment.found("PATIENT_DECEASED"):
        steps.append("Clinical contact within 7 to 14 days.")
    if plan == "REFER_PSYCHOSIS_SERVICE":
        steps.append("Refer to a psychosis service.")
    elif plan == "REFER_CHILD_ADOLESCENT_SERVICE":
        steps.append("Refer to a child and adolescent service.")
    elif plan and assessment.lead:
        steps.append(f"{assessment.library.course(assessment.lead.cbt_alone).title}, without ketamine.")
    return tuple(steps)


def _sources(assessment: Assessment) -> tuple[str, ...]:
    told = [s for d in assessment.targets for s in evidence.sentences(d.id, assessment.protocol.id)]
    if assessment.protocol.day_offsets:
        told.append(evidence.cbt_window(assessment.view.house.cbt_window_hours))
    return tuple(dict.fromkeys(told))
