"""Plans and timetables to render: from offsets, on their target days, in a zone with a clock change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ketplan.clinical.findings import Decision, Evidence, Finding, FindingClass
from ketplan.clinical.plan import (
    CbtCourse,
    CbtSession,
    Clinician,
    ConfirmedPlan,
    Draft,
    FollowUp,
    KetamineCourse,
    Resolution,
    SessionMonitoring,
    TargetGoal,
    Visit,
    VisitKind,
)
from ketplan.fhir.render import Unsigned
from ketplan.scheduling.timetable import Placed, Timetable, Unplaced

ZONE = "America/New_York"
START = date(2026, 3, 2)
SIGNED_AT = datetime(2026, 2, 25, 19, 30, tzinfo=UTC)
PLAN_ID = "0d9f3c9e-3f0e-4a57-9a53-0f6f6a3f7e11"
PATIENT = "Patient/jane"
IV6 = (0, 3, 7, 10, 14, 17)
GAD14 = (1, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78)
ERP17 = (-1, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 21, 28, 35, 42, 49, 56)
REVIEWS = {"24h_check_call": 1, "mid_course_review": 10, "end_of_induction_review": 24, "review_3_months": 91}
TRIAL = "Abdallah 2022, n=158, eight infusions: no difference from placebo."


def day(offset: int) -> date:
    return START + timedelta(days=offset)


def a_ketamine_course(offsets: tuple[int, ...] = IV6, **changes: object) -> KetamineCourse:
    course = KetamineCourse(
        protocol="IV6_2PW" if len(offsets) == 6 else "IV1",
        route="IV",
        product="racemic ketamine hydrochloride",
        infusions=len(offsets),
        mg_per_kg=Decimal("0.50"),
        minutes=40,
        dosing_weight_kg=Decimal("68.00"),
        dosing_weight_basis="actual",
        dose_mg_unrounded=Decimal("34.00"),
        dose_mg=34,
        day_offsets=offsets,
        dates=tuple(map(day, offsets)),
        ceiling_mg_per_kg=Decimal("1.0"),
        arithmetic="0.5 mg/kg x 68.00 kg = 34.00 mg, rounded to 34 mg.",
        titration=("After infusion 2, if improvement is under 20 %: propose 0.75 mg/kg.",),
        source="Protocol facts 1.7",
    )
    return replace(course, **changes)  # type: ignore[arg-type]


def no_ketamine() -> KetamineCourse:
    return KetamineCourse(protocol="NONE")


def a_cbt_course(offsets: tuple[int, ...] = GAD14, protocol: str = "CBT_GAD_14") -> CbtCourse:
    sessions = (CbtSession(n, f"Session topic {n}", 60, o, day(o)) for n, o in enumerate(offsets, 1))
    return CbtCourse(protocol, tuple(sessions), "The 24-72 h window is common practice, not proven.", "2.2")


def a_goal(**changes: object) -> TargetGoal:
    goal = TargetGoal(
        disorder="GAD",
        text="GAD-7 total below 5.",
        instrument="GAD-7",
        loinc="70274-6",
        baseline=Decimal("16"),
        target_below=Decimal("5.0"),
        due=day(91),
    )
    return replace(goal, **changes)  # type: ignore[arg-type]


def a_finding(**changes: object) -> Finding:
    finding = Finding(
        id="NO_ESCORT",
        cls=FindingClass.REVIEW,
        text="No companion is confirmed.",
        source="3.1",
        evidence=(Evidence("QuestionnaireResponse/intake-1", "Companion confirmed: no", "2026-02-20"),),
    )
    return replace(finding, **changes)  # type: ignore[arg-type]


def visits_of(ketamine: KetamineCourse, cbt: CbtCourse | None) -> tuple[Visit, ...]:
    total = ketamine.infusions
    made = [
        Visit(f"infusion-{n}", VisitKind.INFUSION, n, f"Ketamine infusion {n} of {total}", o, day(o), 150)
        for n, o in enumerate(ketamine.day_offsets, 1)
    ]
    for s in cbt.sessions if cbt else ():
        made.append(
            Visit(
                f"cbt-{s.number}", VisitKind.CBT, s.number, f"CBT {s.number}: {s.title}", s.offset, s.date, 60
            )
        )
    for n, (key, offset) in enumerate(REVIEWS.items(), 1):
        title = key.replace("_", " ").capitalize()
        call = key.endswith("call")
        made.append(Visit(key, VisitKind.FOLLOW_UP, n, title, offset, day(offset), 30, telephone=call))
    return tuple(made)


def a_draft(**changes: object) -> Draft:
    """Eligible GAD with six infusions and fourteen sessions; `visits` follow the courses given."""
    ketamine = changes.pop("ketamine", a_ketamine_course())
    cbt = changes.pop("cbt", a_cbt_course())
    assert isinstance(ketamine, KetamineCourse)
    assert cbt is None or isinstance(cbt, CbtCourse)
    draft = Draft(
        patient=PATIENT,
        as_of=date(2026, 2, 25),
        start=START,
        decision=Decision.ELIGIBLE,
        findings=(
            Finding(
                "OFF_LABEL",
                FindingClass.INFO,
                "Ketamine is off-label here.",
                "1.5",
                evidence=(Evidence("Condition/gad", "Generalized anxiety disorder", "2024"),),
            ),
        ),
        disorders=("Generalized anxiety disorder",),
        lead="Generalized anxiety disorder",
        addresses=("Condition/gad",),
        ketamine=ketamine,
        cbt=cbt,
        cbt_candidates=(),
        followups=tuple(FollowUp(key, o, day(o), "Scores and safety.") for key, o in REVIEWS.items()),
        monitoring=SessionMonitoring(
            (0, 10, 20, 30, 40, 55, 70, 85, 100, 120),
            120,
            ("CADSS-6 (pre, 40, discharge)",),
            True,
            "next day after restful sleep",
            "4.1",
        ),
        alternative_plan=None,
        alternative_steps=(),
        goals=(a_goal(),),
        visits=visits_of(ketamine, cbt),
        sources=("Glue 2020, n=12: dose-related benefit up to one week.", TRIAL),
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def placed(visit: Visit) -> Placed:
    """On its target day: infusions and sessions in slots, follow-ups within clinic hours only."""
    hour = {VisitKind.INFUSION: 9, VisitKind.CBT: 14, VisitKind.FOLLOW_UP: 16}[visit.kind]
    start = datetime.combine(visit.target, time(hour), ZoneInfo(ZONE))
    taken = {
        VisitKind.INFUSION: (("Location/chair-1", "Chair 1"), ("Practitioner/nurse-1", "Nurse Adler")),
        VisitKind.CBT: (("Practitioner/therapist-1", "Dr Bauer"),),
        VisitKind.FOLLOW_UP: (),
    }[visit.kind]
    return Placed(
        visit=visit,
        start=start,
        end=start + timedelta(minutes=visit.minutes),
        window=(visit.target, visit.target + timedelta(days=2)),
        why="On its target day.",
        slots=tuple(f"Slot/{reference.replace('/', '-')}-{visit.key}" for reference, _ in taken),
        resources=taken,
    )


def a_timetable(draft: Draft, unplaced: tuple[str, ...] = ()) -> Timetable:
    """Every visit of the draft placed, but for the keys in `unplaced`."""
    return Timetable(
        ZONE,
        tuple(placed(v) for v in draft.visits if v.key not in unplaced),
        tuple(Unplaced(v, "No free chair in its window.") for v in draft.visits if v.key in unplaced),
    )


def a_clinician(**changes: object) -> Clinician:
    return replace(Clinician("Practitioner/rossi", "Dr Ada Rossi"), **changes)  # type: ignore[arg-type]


def a_resolution(finding: str = "NO_ESCORT", reason: str = "His sister takes him home.") -> Resolution:
    return Resolution(finding, reason, "Dr Ada Rossi", SIGNED_AT)


def a_plan(draft: Draft | None = None, **changes: object) -> ConfirmedPlan:
    plan = ConfirmedPlan(PLAN_ID, draft or a_draft(), a_clinician(), SIGNED_AT)
    return replace(plan, **changes)  # type: ignore[arg-type]


def an_unsigned(draft: Draft | None = None) -> Unsigned:
    return Unsigned("draft", draft or a_draft(), SIGNED_AT)
