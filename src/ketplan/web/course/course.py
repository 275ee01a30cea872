"""The course of the newest signed plan as it stands now: what was signed, answered and done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from ketplan.clinical import codes
from ketplan.clinical.plan import Clinician
from ketplan.clinical.progress.as_json import entry_from
from ketplan.clinical.progress.course_now import CourseNow, Stated, course_now
from ketplan.clinical.progress.facts import Happened, PlanFacts
from ketplan.clinical.progress.history import Entry, History
from ketplan.clinical.terms import oldest_age
from ketplan.clinical.view import View
from ketplan.errors import InputError
from ketplan.fhir.happened import happened
from ketplan.fhir.rendering.course import CARE_PLAN
from ketplan.fhir.rendering.review_response import AnsweredReview
from ketplan.kept_terms import plan_facts_of
from ketplan.reconciling import as_decided
from ketplan.store.plans import StoredPlan
from ketplan.store.reviews import StoredReview
from ketplan.web.bench import Bench
from ketplan.web.context import desk
from ketplan.web.course.life import life_of
from ketplan.web.sessions import LiveSession


@dataclass(frozen=True)
class Course:
    """`signed` is the plan with what was stated since, `reviews` are the answered ones, oldest first;
    `barred` says why no dose is given in the state the course is in."""

    plan: StoredPlan
    signed: PlanFacts
    reviews: tuple[StoredReview, ...]
    now: CourseNow
    barred: str = ""

    @cached_property
    def history(self) -> History:
        return history_of(self.reviews)

    def with_entries(self, entries: tuple[Entry, ...], stated: Stated) -> CourseNow:
        """As it would stand with these answers besides."""
        history = History((*self.history.entries, *entries))
        return _now(stated.added_to(self.signed), self.now.happened, history, self.barred)


def newest_plan(session: LiveSession) -> StoredPlan | None:
    """The plan of this patient that was signed last, its visits as they were decided since."""
    found = desk().services.plans.find(session.iss, session.patient)[:1]
    return next((as_decided(desk().services, plan) for plan in found), None)


def course_of(bench: Bench) -> Course | None:
    """None as long as nothing is signed. Raises InputError for a plan that cannot be reviewed here."""
    session, plan = bench.session, newest_plan(bench.session)
    if plan is None:
        return None
    zone, record = desk().practice.zone, bench.proposal.record
    reviews = reviews_of(session, plan.plan_id)
    signed = stated_in(reviews).added_to(
        _as_of_today(plan_facts_of(plan, zone), bench.proposal.assessment.view)
    )
    done, life = happened(record, plan.plan_id, zone), life_of(bench)
    barred = life.no_dose if life else ""
    return Course(plan, signed, reviews, _now(signed, done, history_of(reviews), barred), barred)


def _now(signed: PlanFacts, done: Happened, history: History, barred: str) -> CourseNow:
    practice = desk().practice
    return course_now(
        signed,
        done,
        history,
        desk().today(),
        practice.zone,
        limits=practice.review_limits,
        house=practice.house,
        barred=barred,
    )


def _as_of_today(signed: PlanFacts, view: View) -> PlanFacts:
    """Who has turned 65 or become frail since the signature is so from now on."""
    ages = [age for age in (signed.age, oldest_age(view)) if age is not None]
    frail = True if view.active(codes.FRAILTY) else signed.frail
    return replace(signed, age=max(ages, default=None), frail=frail)


# --- answered reviews ---------------------------------------------------------------------------------------


def reviews_of(session: LiveSession, plan_id: str) -> tuple[StoredReview, ...]:
    return desk().services.reviews.of(session.iss, session.patient, plan_id)


def entries_of(review: StoredReview) -> tuple[Entry, ...]:
    return tuple(map(entry_from, review.content["entries"]))


def history_of(reviews: tuple[StoredReview, ...]) -> History:
    return History(tuple(entry for review in reviews for entry in entries_of(review)))


def stated_in(reviews: tuple[StoredReview, ...]) -> Stated:
    """What was stated last, of each."""
    found = Stated()
    for review in reviews:
        said = {name: value for name, value in review.content["stated"].items() if value is not None}
        found = replace(found, **said)
    return found


def answered_review(stored: StoredReview) -> AnsweredReview:
    """A kept review as it is written."""
    content = stored.content
    return AnsweredReview(
        stored.review_id,
        stored.plan_id,
        f"Patient/{stored.patient_id}",
        Clinician(content["clinician"], content["clinician_name"]),
        stored.at,
        desk().practice.zone.key,
        entries_of(stored),
        Stated(**content["stated"]),
        content["care_plan"],
    )


def content_of(review: AnsweredReview) -> dict[str, object]:
    """What the store keeps of a review; `answered_review` reads it."""
    return review.said | {
        "clinician": review.clinician.reference,
        "clinician_name": review.clinician.name,
        "care_plan": review.care_plan,
    }


def care_plan_of(plan: StoredPlan) -> str:
    """Where the signed plan's CarePlan stands in the EHR, "" where it does not."""
    receipt = desk().glue.stored_receipt(desk().services, plan.plan_id)
    rows = receipt.rows if receipt else ()
    return next((r.reference for r in rows if r.key == CARE_PLAN and r.reference), "")


def require_course(bench: Bench) -> Course:
    course = course_of(bench)
    if course is None:
        raise InputError("No plan has been signed for this patient, so there is no course to review.")
    return course
