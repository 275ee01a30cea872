"""A patient on the bench: the record as read, the work in hand, and the proposal that follows from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from ketplan import workflow
from ketplan.clinical.assessment import Choice
from ketplan.clinical.plan import Resolution
from ketplan.ehr.ability import Known
from ketplan.ehr.fetch import RawSection
from ketplan.errors import EhrError, InputError
from ketplan.fhir.render import Step
from ketplan.reconciling import recognised
from ketplan.store.plans import PlanState
from ketplan.web.context import desk
from ketplan.web.plan import work as works
from ketplan.web.plan.work import Work
from ketplan.web.presenters import writing
from ketplan.web.presenters.writing import PreviewRow
from ketplan.web.reading import Reading
from ketplan.web.sessions import LiveSession
from ketplan.workflow import Proposal

# Long enough for a quick EHR to need no waiting page, and for what somebody typed not to be lost to one.
WAIT_TO_SHOW, WAIT_TO_ACT = 1.5, 60.0
INTAKE_SECTION = "Intake answered in ketplan"


class StillReading(Exception):
    """The record is not there yet; whoever asked is shown how far it has come."""

    def __init__(self, reading: Reading) -> None:
        super().__init__("The record is still being read.")
        self.reading = reading


@dataclass(frozen=True)
class Bench:
    """`notice` says what had to be set aside of the work in hand, empty when nothing had to be."""

    session: LiveSession
    work: Work
    reading: Reading
    proposal: Proposal
    notice: str = ""

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """The answers that count for this proposal as it stands now."""
        found = (self.work.answer_to(f) for f in self.proposal.open_findings)
        return tuple(answer.resolution for answer in found if answer)

    def preview(self, steps: Sequence[Step]) -> tuple[PreviewRow, ...]:
        """Each resource as this EHR takes it: what is refused, and what is lost on the way."""
        iss = self.session.iss
        refused = desk().services.observed.of(iss.rstrip("/"), desk().now())
        known = Known(self.reading.profile, self.reading.abilities, refused)
        return writing.preview(steps, iss, known, self.session.allowed)

    @property
    def free_times(self) -> str:
        """How the EHR was asked for its free times, in words; empty where it gave none."""
        return self.reading.calendars[start_of(self.work)].source

    @property
    def left_open(self) -> int:
        return len(self.proposal.open_findings) - len(self.resolutions)


def open_bench(session: LiveSession, wait: float = WAIT_TO_SHOW) -> Bench:
    """Raises StillReading, or the KetplanError that the reading ended with."""
    work, notice = _timely(works.load(session))
    start = start_of(work)
    reading = desk().readings.of(session, start, desk().practice)
    reading.done.wait(wait)
    if reading.error:
        raise reading.error
    if not reading.has(start):
        raise StillReading(reading)
    return lay_out(session, work, reading, notice)


def bench_if_any(session: LiveSession) -> Bench | None:
    """None where the record cannot be read; raises StillReading."""
    try:
        return open_bench(session)
    except EhrError:
        return None


def lay_out(session: LiveSession, work: Work, reading: Reading, notice: str = "") -> Bench:
    """The proposal for what was read. A choice that no longer fits the record is set aside, and said."""
    try:
        return Bench(session, work, reading, _propose(session, work, reading), notice)
    except InputError as error:
        if work.choice == Choice():
            raise
        plain = replace(work, choice=Choice())
        said = f"{error} The proposal is shown as ketplan makes it."
        said = " ".join(filter(None, [notice, said]))
        return Bench(session, plain, reading, _propose(session, plain, reading), said)


def start_of(work: Work) -> date:
    return work.start or workflow.next_start(desk().today())


def plan_id_of(session: LiveSession, work: Work) -> str:
    """The id of the plan in hand; a course that is over is never begun again."""
    return workflow.plan_id_for(session.iss, session.patient, start_of(work), ended_plans(session))


def ended_plans(session: LiveSession) -> frozenset[str]:
    kept = desk().services.plans.find(session.iss, session.patient)
    return frozenset(plan.plan_id for plan in kept if plan.state is PlanState.ENDED)


def _timely(work: Work) -> tuple[Work, str]:
    if work.start is None or work.start >= desk().today():
        return work, ""
    return replace(work, start=None), "The start chosen earlier has passed; the next Monday is proposed."


def _propose(session: LiveSession, work: Work, reading: Reading) -> Proposal:
    practice, start = desk().practice, start_of(work)
    sections = [*reading.sections]
    if work.intake:
        sections.append(RawSection(INTAKE_SECTION, "found", [work.intake]))
    record = workflow.open_record(sections, session.patient, practice.zone)
    record = recognised(desk().services, session.iss, session.patient, record)
    return workflow.propose(
        record,
        server=session.iss,
        as_of=desk().today(),
        start=start,
        practice=practice,
        now=desk().now(),
        calendar=reading.calendars[start],
        choice=work.choice,
        ended=ended_plans(session),
    )
