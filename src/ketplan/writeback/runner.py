"""Runs the steps of one confirmed plan against the EHR, one after the other.

No answer is trusted further than it can be checked: what is to be created is searched for first, the journal
says "sending" before a request leaves, a lost answer is looked up and never guessed, what was stored is read
back. So a run may die anywhere and be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ketplan.errors import EhrError, KetplanError, SignInEnded, Temporary
from ketplan.fhir.render import Step, Verb, link
from ketplan.store.journal import StepState
from ketplan.writeback.create import create, standing
from ketplan.writeback.ladder import given_way, may_stand_alone, needs, settled, wanted
from ketplan.writeback.references import guard_steps, without
from ketplan.writeback.steps import (
    STANDS,
    Chart,
    Journal,
    Json,
    Lock,
    Outcome,
    Receipt,
    Row,
    identifier_of,
)
from ketplan.writeback.update import update
from ketplan.writeback.writing import LEASE_SECONDS, Writing, row, sends_away

SILENT_STEPS = 2
"""After so many steps in a row without an answer the EHR counts as away and is left in peace."""
AWAY = "Not tried, because the EHR does not answer."
BUSY = "Not tried, because the EHR wants a pause."
SIGNED_OUT = "Not tried, because the sign-in has ended."


def run(
    plan_id: str,
    steps: Sequence[Step],
    chart: Chart,
    journal: Journal,
    *,
    lock: Lock,
    owner: str,
    patient_id: str,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    on_progress: Callable[[Row], None] | None = None,
    max_attempts: int = 3,
) -> Receipt:
    """Bring every step into the EHR, or say of each why it is not there.

    `owner` is a new id for every run. What stands already is recognised, so a plan may be run again, also
    after a crash. Raises PatientMismatch when a resource, to be sent or stored, is another patient's, and
    Temporary while another run writes the same plan.
    """
    guard_steps(steps, patient_id)
    _require_findable(steps)
    if not lock.acquire(plan_id, owner, now(), LEASE_SECONDS):
        raise Temporary("This plan is being written by another run right now.")
    try:
        writing = Writing(plan_id, patient_id, chart, journal, lock, owner, now, sleep, max_attempts)
        return _Run(writing, steps).through(on_progress)
    finally:
        lock.release(plan_id, owner)


class _Run:
    """`ids` are the references of the steps that stand, `rows` the steps that have been dealt with.

    `refused` are the steps the EHR did not take, with its HTTP status. `halted` says why nothing more is
    tried, and is empty until then.
    """

    def __init__(self, writing: Writing, steps: Sequence[Step]) -> None:
        self._writing = writing
        self._steps = steps
        self._ids: dict[str, str] = {}
        self._rows: dict[str, Row] = {}
        self._refused: dict[str, int | None] = {}
        self._by_key = {step.key: step for step in steps}
        self._alone = may_stand_alone(steps)
        self._silent = 0
        self._halted = ""
        self._troubles: list[Temporary] = []
        # What a later step changes is not expected to be as the first one wrote it.
        self._changing = {step.updates: step.changes for step in steps if step.verb is Verb.UPDATE}

    def through(self, on_progress: Callable[[Row], None] | None) -> Receipt:
        self._writing.plan(self._steps)
        for step in self._steps:
            self._writing.hold()
            if not self._wanted(step):
                continue
            done = self._rows[step.key] = self._taken(step)
            self._writing.note(step, done)
            if done.outcome in STANDS and done.reference:
                self._ids[step.key] = done.reference
            if on_progress:
                on_progress(done)
        rows = settled(self._steps, self._rows.values(), given_way(self._steps, self._refused))
        return Receipt(rows, tuple(self._troubles))

    def _wanted(self, step: Step) -> bool:
        """A rung below that an earlier run stood on, or may have, is looked after like any other step."""
        if self._writing.states[step.key] in (StepState.DONE, StepState.UNKNOWN):
            return True
        return wanted(step, self._steps, self._ids, given_way(self._steps, self._refused))

    def _taken(self, step: Step) -> Row:
        if self._halted:
            return row(step, Outcome.PENDING, detail=self._halted)
        try:
            done = self._standing(step) or self._blocked(step) or self._written(step)
        except Temporary as error:
            self._trouble(error)
            return row(step, Outcome.PENDING, detail=str(error), said=error.server_said)
        except EhrError as error:
            self._refuse(step, str(error), error.status)
            done = row(step, Outcome.REFUSED, detail=str(error), said=error.server_said)
        self._silent = 0
        return done

    def _trouble(self, error: Temporary) -> None:
        self._troubles.append(error)
        self._silent += 1
        if sends_away(error) or error.retry_after:
            self._halted = SIGNED_OUT if isinstance(error, SignInEnded) else BUSY
        elif self._silent >= SILENT_STEPS:
            self._halted = AWAY

    def _standing(self, step: Step) -> Row | None:
        if step.verb is Verb.UPDATE or self._writing.states[step.key] is not StepState.DONE:
            return None
        known = self._writing.entries[step.key]
        if not known.resource_id:  # somebody saw it in the EHR, and not its id
            return row(step, Outcome.ALREADY_THERE, detail=known.message)
        return standing(self._writing, step, self._linked(step), self._changing.get(step.key, ()))

    def _blocked(self, step: Step) -> Row | None:
        """The row of a step that has nothing to hang on."""
        waiting = self._waiting(step)
        if any(other.outcome is Outcome.PENDING for other in waiting):
            return row(step, Outcome.PENDING, detail="Waits for a step before it.")
        needed = {other.type for other in waiting if needs(step, self._by_key[other.key], self._alone)}
        speaks_of_nothing = step.type == "Provenance" and not self._linked(step).get("target")
        if not needed and not speaks_of_nothing:
            return None
        first = "CarePlan" if "CarePlan" in needed else min(needed, default="")
        why = f"the {first} it belongs to was refused" if first else "nothing it speaks of stands in the EHR"
        why = f"Not written, because {why}."
        self._refuse(step, why)
        return row(step, Outcome.REFUSED, detail=why)

    def _refuse(self, step: Step, why: str, status: int | None = None) -> None:
        self._writing.refused(step, why, status)
        if self._writing.states[step.key] is StepState.REFUSED:
            self._refused[step.key] = status

    def _waiting(self, step: Step) -> list[Row]:
        """The rows of what it refers to and what does not stand; a rung that nobody needs has none."""
        return [self._rows[key] for key in step.after if key not in self._ids and key in self._rows]

    def _written(self, step: Step) -> Row:
        resource = self._linked(step)
        self._writing.chart.admit(resource, step.verb.value)
        if step.verb is Verb.UPDATE:
            done = update(self._writing, step, resource, self._ids.get(step.updates, step.updates))
        else:
            done = create(self._writing, step, resource, self._changing.get(step.key, ()))
        return _with_notes(done, self._notes(step))

    def _linked(self, step: Step) -> Json:
        missing = [key for key in step.after if key not in self._ids]
        return link(without(step.resource, missing), self._ids)

    def _notes(self, step: Step) -> list[str]:
        entry = self._writing.entries[step.key]
        gone = step.verb is Verb.CREATE and entry.state is StepState.DONE
        refused = dict.fromkeys(other.type for other in self._waiting(step))
        return [
            "It was gone from the EHR and has been written again." if gone else "",
            f"Without its link to what was refused ({', '.join(refused)})." if refused else "",
        ]


def _with_notes(done: Row, notes: list[str]) -> Row:
    detail = " ".join(filter(None, [*notes, done.detail]))
    return Row(done.key, done.type, done.verb, done.outcome, done.reference, detail, done.said)


def _require_findable(steps: Sequence[Step]) -> None:
    for step in steps:
        named = identifier_of(step.resource) or step.resource.get("target")
        if step.verb is Verb.CREATE and not named:
            raise KetplanError("A resource that could not be found again is never sent.")
