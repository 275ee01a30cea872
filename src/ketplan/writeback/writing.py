"""What the two verbs share while one plan is being written: the EHR, the journal, the lease, patience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ketplan.errors import EhrError, SignInEnded, TakenOver, Temporary
from ketplan.fhir.render import Step
from ketplan.store.journal import Planned, StepState
from ketplan.writeback.steps import Chart, Entry, Journal, Json, Lock, Outcome, Row

LEASE_SECONDS = 300.0
"""Longer than one request may take, with the searches, time-outs and pauses before the next."""
RENEWED_EVERY = timedelta(seconds=LEASE_SECONDS / 5)
PAUSE_SECONDS = 0.5
LONGEST_STAY = 5.0
"""Seconds the EHR may ask a run to wait where it is; for more it goes away and comes back."""
MOST_SENDS = 10
"""So often a resource is sent whose every answer was lost and that is found nowhere; then a human looks."""
NOT_TAKEN_IN = frozenset({429, 503})
"""Answers of an EHR that was too busy to take anything in: what it was sent does not count."""


@dataclass
class Writing:
    """One run of one plan. `states` is what the journal says of each step, by key.

    There, `sending` means "sent in this run": what an earlier run left so is `unknown` here, since nobody
    can tell how far it came. `taken` are the ids in the EHR that this run has given to a step, `sends` counts
    the requests to store each step, `heard` is the status of the last answer to it, `held` is when the lease
    was renewed last.
    """

    plan_id: str
    patient_id: str
    chart: Chart
    journal: Journal
    lock: Lock
    owner: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    max_attempts: int
    entries: dict[str, Entry] = field(default_factory=dict)
    states: dict[str, StepState] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    sends: Counter[str] = field(default_factory=Counter)
    heard: dict[str, int | None] = field(default_factory=dict)
    held: datetime | None = None

    def plan(self, steps: Sequence[Step]) -> None:
        planned = [Planned(step.key, step.type, str(step.verb), step.resource) for step in steps]
        for entry in self.journal.plan(self.plan_id, planned, self.now()):
            self.entries[entry.key] = entry
            self.sends[entry.key], self.heard[entry.key] = entry.attempts, entry.http_status
            lost = entry.state is StepState.SENDING
            self.states[entry.key] = StepState.UNKNOWN if lost else entry.state

    def hold(self) -> None:
        """Keep the plan for this run. TakenOver when it took so long that another run has it now."""
        now = self.now()
        if self.held and now - self.held < RENEWED_EVERY:
            return
        if not self.lock.renew(self.plan_id, self.owner, now, LEASE_SECONDS):
            raise TakenOver("Another run has taken over this plan; this one stopped.")
        self.held = now

    def sending(self, step: Step, body: Json) -> None:
        self.hold()
        self.journal.sending(self.plan_id, step.key, body, self.now())
        self.states[step.key] = StepState.SENDING
        self.sent.add(step.key)
        self.sends[step.key] += 1

    def done(self, step: Step, id: str, etag: str | None = None, status: int | None = None) -> None:
        self.journal.done(self.plan_id, step.key, id, etag, status, self.now())
        self.taken.add(id)
        self.states[step.key] = StepState.DONE

    def unknown(self, step: Step, error: EhrError) -> None:
        self._failed(step, StepState.UNKNOWN, str(error), error.status)

    def believed(self, step: Step) -> str:
        """The id under which the EHR said that it stored this, and under which it showed nothing; or ""."""
        said = self.heard[step.key] or 0
        lost = self.states[step.key] is StepState.UNKNOWN
        return str(self.entries[step.key].resource_id or "") if lost and 200 <= said < 300 else ""

    def sent_enough(self, step: Step) -> bool:
        """Whether sending it once more would only make more of what nobody sees."""
        return self.sends[step.key] >= MOST_SENDS and self.heard[step.key] not in NOT_TAKEN_IN

    def refused(self, step: Step, why: str, status: int | None = None) -> None:
        """A step whose answer was lost stays unknown: that its repetition is refused proves nothing."""
        if self.states[step.key] is not StepState.UNKNOWN:
            self._failed(step, StepState.REFUSED, why, status)

    def note(self, step: Step, done: Row) -> None:
        """Keep the words of the row, so that whoever looks later reads the same."""
        entry = self.entries[step.key]
        moved = self.states[step.key] is not entry.state
        if moved or (done.detail, done.said) != (entry.message, entry.said):
            self.journal.note(self.plan_id, step.key, done.detail, done.said, self.now())

    def persist(self, once: Callable[[], Row]) -> Row:
        """`once`, and again after a pause while it is Temporary; the last Temporary when patience ends."""
        for attempt in range(1, self.max_attempts):
            try:
                return once()
            except Temporary as error:
                if sends_away(error):
                    raise
                self.sleep(max(PAUSE_SECONDS * 2 ** (attempt - 1), error.retry_after or 0))
        return once()

    def unread(self, error: EhrError) -> str:
        """What is said of a step that stands and cannot be read back; who asked for a pause gets it first.

        Raises the error when the pause is too long to be waited for here.
        """
        if isinstance(error, Temporary) and error.retry_after:
            if sends_away(error):
                raise error
            self.sleep(error.retry_after)
        return "It could not be read back."

    def _failed(self, step: Step, state: StepState, why: str, status: int | None) -> None:
        self.journal.failed(self.plan_id, step.key, state, why, status, self.now())
        self.states[step.key] = state
        self.heard[step.key] = status


def sends_away(error: Temporary) -> bool:
    """Whether going on now, with this step or another, is pointless or against the EHR's wish."""
    return isinstance(error, SignInEnded) or (error.retry_after or 0) > LONGEST_STAY


def row(step: Step, outcome: Outcome, reference: str = "", detail: str = "", said: str = "") -> Row:
    return Row(step.key, step.type, str(step.verb), outcome, reference, detail.strip(), said)
