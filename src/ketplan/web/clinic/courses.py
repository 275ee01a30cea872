"""The courses under way of those patients the user's grant returned: what is kept here, what the last sync
saw, and what the EHR says now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from ketplan import workflow
from ketplan.clinical.course_states import COURSE_STATES, FINAL, CourseState
from ketplan.clinical.progress.as_json import entry_from
from ketplan.clinical.progress.history import Verdict
from ketplan.clinical.progress.proposals import Kind
from ketplan.fhir.across import Stands
from ketplan.fhir.rendering.authoring import visit_of_step
from ketplan.fhir.rendering.resolution import KIND as RESOLUTION
from ketplan.fhir.rendering.review_response import KIND as REVIEW
from ketplan.fhir.rendering.session import SessionRecord
from ketplan.fhir.rendering.survey_response import FilledIn
from ketplan.reconciling import as_decided
from ketplan.scheduling.coordinating.seen import CourseSeen, VisitSeen
from ketplan.store.plans import PLAN, PLAN_STATES, PlanState, StoredPlan
from ketplan.store.visits import SyncedPlan, SyncedVisit
from ketplan.web.clinic.gathering import Gathering
from ketplan.web.clinic.sessions import ClinicSession
from ketplan.web.context import desk
from ketplan.writeback.lifecycle import KIND as DECISION
from ketplan.writeback.revision import KIND as REVISION


@dataclass(frozen=True)
class Chapter:
    """One patient's newest plan, and what was kept about it since."""

    plan: StoredPlan
    later: tuple[StoredPlan, ...]

    def of(self, kind: str) -> list[StoredPlan]:
        return [kept for kept in self.later if kept.kind == kind]

    @cached_property
    def state(self) -> CourseState:
        decisions = [d for d in self.of(DECISION) if d.payload.get("plan") == self.plan.plan_id]
        if decisions:
            return CourseState(max(decisions, key=lambda d: int(d.payload["number"])).payload["becomes"])
        return CourseState.REVOKED if self.plan.state is PlanState.ENDED else CourseState.ACTIVE


def courses(session: ClinicSession, gathering: Gathering) -> list[CourseSeen]:
    """By name. Only of patients whom the EHR returned to this user."""
    synced = {plan.plan_id: plan for plan in desk().services.visits.of_server(session.iss)}
    found = [
        _seen(chapter, gathering, synced.get(chapter.plan.plan_id))
        for chapter in _chapters(session.iss, gathering.contacts)
        if chapter.state not in FINAL
    ]
    return sorted(found, key=lambda course: (course.name.casefold(), course.plan))


def _chapters(iss: str, shown: Mapping[str, Any]) -> Iterator[Chapter]:
    by_patient: dict[str, list[StoredPlan]] = defaultdict(list)
    for kept in desk().services.plans.of_server(iss):  # newest first
        if kept.patient_id in shown:
            by_patient[kept.patient_id].append(kept)
    for all_kept in by_patient.values():
        newest = next((kept for kept in all_kept if kept.kind == PLAN), None)
        if newest is not None:
            yield Chapter(newest, tuple(kept for kept in all_kept if kept.kind != PLAN))


def _seen(chapter: Chapter, gathering: Gathering, synced: SyncedPlan | None) -> CourseSeen:
    kept, contact = chapter.plan, gathering.contacts[chapter.plan.patient_id]
    plan = as_decided(desk().services, kept) if chapter.of(RESOLUTION) or chapter.of(REVISION) else kept
    return CourseSeen(
        plan=kept.plan_id,
        patient=kept.patient_id,
        name=contact.name or "Unnamed patient",
        born=contact.born,
        telephone=contact.telephone,
        clinician=str(kept.payload.get("clinician_name") or kept.payload.get("clinician", "")),
        visits=tuple(_visits(plan, chapter, gathering, synced)),
        synced=_looked_at(gathering, synced),
        waits=_waits(chapter),
        held=bool(COURSE_STATES[chapter.state].no_dose) and chapter.state is not CourseState.DRAFT,
        conflicts=synced.conflicts if synced else 0,
        problem=synced.problem if synced else "",
        authorised_until=_authorised(plan, chapter.of(REVIEW)),
        measured=_measured(chapter.of(FilledIn.kind)),
    )


def _looked_at(gathering: Gathering, synced: SyncedPlan | None) -> datetime | None:
    """When the EHR was asked for this plan's visits last."""
    if gathering.calendar:
        return gathering.read_at
    return synced.synced_at if synced else None


def _visits(
    plan: StoredPlan, chapter: Chapter, gathering: Gathering, synced: SyncedPlan | None
) -> Iterator[VisitSeen]:
    zone, known = desk().practice.zone, {v.key: v for v in synced.visits} if synced else {}
    closed = {kept.plan_id for kept in chapter.of(SessionRecord.kind)}
    for step in plan.payload["steps"]:
        resource = step["resource"]
        key = visit_of_step(step["key"])
        if not key or not resource.get("start") or not resource.get("end"):
            continue
        start, end = (_moment(resource[name]) for name in ("start", "end"))
        record = workflow.session_id_for(plan.iss, plan.patient_id, plan.plan_id, key)
        planned = VisitSeen(
            key,
            str(resource.get("description", key)),
            start,
            end,
            start.astimezone(zone).date(),
            resources=tuple(_actors(resource)),
            done=record in closed,
        )
        live = gathering.stands.get((plan.patient_id, plan.plan_id, key))
        yield _with(planned, live, known.get(key), gathering)


def _with(
    planned: VisitSeen, live: Stands | None, synced: SyncedVisit | None, gathering: Gathering
) -> VisitSeen:
    """As the EHR has it now, else as it had it at the last sync, else as it was planned."""
    said = synced.standing if synced else ""
    seen = gathering.read_at if live or gathering.calendar else synced.seen if synced else None
    if live is not None:
        return _stood(planned, live.status, live.start, live.end, live.resources, said, seen, live.unanswered)
    if synced is not None and synced.status:
        at = synced.seen
        return _stood(planned, synced.status, synced.start, synced.end, synced.resources, said, at, False)
    return _stood(planned, "", None, None, (), said, seen, False)


def _stood(
    planned: VisitSeen,
    status: str,
    start: datetime | None,
    end: datetime | None,
    resources: Sequence[tuple[str, str]],
    said: str,
    seen: datetime | None,
    unanswered: bool,
) -> VisitSeen:
    began = start.astimezone(UTC) if start else planned.start
    over = end.astimezone(UTC) if end else began + (planned.end - planned.start)
    return VisitSeen(
        planned.key,
        planned.title,
        began,
        over,
        planned.planned,
        status,
        unanswered,
        tuple(resources) or planned.resources,
        said,
        seen,
        planned.done,
    )


def _waits(chapter: Chapter) -> str:
    """What of this course's writing only a clinician can carry on."""
    for kept in (chapter.plan, *chapter.later):
        rule = PLAN_STATES[kept.state]
        if rule.owner == "clinician":
            what = "The plan" if kept.kind == PLAN else "Something written about the course"
            return f"{what}: {rule.label[0].lower()}{rule.label[1:]}."
    return ""


def _authorised(plan: StoredPlan, reviews: Iterable[StoredPlan]) -> date | None:
    """So many days from the signature, or from the review that authorised the course anew."""
    if not plan.payload.get("terms"):
        return None
    renewed = [kept for kept in reviews if kept.payload["plan"] == plan.plan_id and _renews(kept)]
    last = max(_day(kept) for kept in (plan, *renewed))
    return last + timedelta(days=desk().practice.review_limits.authorised_days)


def _renews(review: StoredPlan) -> bool:
    answered = map(entry_from, review.payload["entries"])
    return any(
        e.proposal.kind is Kind.REAUTHORISE and e.answer.verdict is not Verdict.REJECTED for e in answered
    )


def _measured(instruments: Iterable[StoredPlan]) -> date | None:
    return max(map(_day, instruments), default=None)


def _day(kept: StoredPlan) -> date:
    """The day at the site on which it was confirmed."""
    return datetime.fromisoformat(kept.payload["confirmed_at"]).astimezone(desk().practice.zone).date()


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(UTC)


def _actors(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for participant in resource.get("participant", ()):
        reference = participant.get("actor", {}).get("reference", "")
        if reference and not reference.startswith("Patient/"):
            yield reference, str(participant["actor"].get("display", ""))
