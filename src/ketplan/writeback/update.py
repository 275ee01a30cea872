"""Changing a resource that others may be changing too: their version is read, only ours is set in it."""

from __future__ import annotations

from ketplan.errors import Conflict, EhrError, KetplanError, Temporary
from ketplan.fhir.render import Step
from ketplan.store.journal import StepState
from ketplan.writeback.compare import as_decided, differences, mark, settled, unexpected, with_changes
from ketplan.writeback.elements import same
from ketplan.writeback.references import guard_stored
from ketplan.writeback.steps import Json, Outcome, Read, Row, carries, identifier_of, oldest
from ketplan.writeback.writing import Writing, row

SEE = "The page of differences shows both and lets a clinician decide."
# Words that an EHR may make its own version of.
_SPELT = frozenset({"text", "comment"})
CHANGED_AGAIN = "It was changed again in the EHR after it had been looked at; look at it once more."


def update(writing: Writing, step: Step, resource: Json, target: str) -> Row:
    """Set the elements `step.changes` of `resource` in the EHR's `target` ("CarePlan/123").

    Without a target it is found by its identifier; what is not there needs no change. Raises EhrError when
    the EHR will not have it, or when somebody ended the target meanwhile.
    """

    def once() -> Row:
        found = target or _sought(writing, step, resource)
        return _once(writing, step, resource, found) if found else _nothing(writing, step)

    return writing.persist(once)


def _sought(writing: Writing, step: Step, resource: Json) -> str:
    """Where that stands which an earlier run may have created without hearing of it."""
    name = identifier_of(resource)
    if name is None:
        raise KetplanError("A resource that cannot be found again is never changed.")
    found = writing.chart.find(step.type, *name, writing.patient_id)
    hits = [held for held in found if carries(held, name) and held.get("id")]
    return f"{step.type}/{oldest(hits)['id']}" if hits else ""


def _nothing(writing: Writing, step: Step) -> Row:
    writing.done(step, "")
    return row(step, Outcome.ALREADY_THERE, detail="The EHR has none, so there is nothing to change.")


def _once(writing: Writing, step: Step, resource: Json, target: str) -> Row:
    kind, _, id = target.partition("/")
    held = writing.chart.read(kind, id)
    guard_stored(held.raw, writing.patient_id)
    if others := unexpected(held.raw, resource, step.expects):
        return _left(writing, step, held, target, others)
    edited = (as_decided if step.seen else with_changes)(held.raw, resource, step.changes)
    if (
        edited == held.raw
        or _left_alone(writing, step, held, edited)
        or _arrived(writing, step, held, edited)
    ):
        outcome = Outcome.UPDATED if step.key in writing.sent else Outcome.ALREADY_THERE
        writing.done(step, id, held.etag)
        return row(step, outcome, target, _kept(step, resource, held.raw))
    if step.seen:
        _guard_seen(writing, step, held)
    elif not step.expects and (status := settled(held.raw, resource)):
        raise Conflict(f"Meanwhile somebody gave the {kind} the status {status}; it was left so. {SEE}")
    return _send(writing, step, resource, edited, held)


def _left(writing: Writing, step: Step, held: Read, target: str, status: str) -> Row:
    """Others have given it a status that ends what this step meant to do; a CarePlan is worth a refusal."""
    said = f"Somebody gave the {step.type} the status {status}; it was left so."
    if step.type == "CarePlan":
        raise Conflict(said)
    writing.done(step, target.partition("/")[2], held.etag)
    return row(step, Outcome.ALREADY_THERE, target, said)


def _guard_seen(writing: Writing, step: Step, held: Read) -> None:
    """Somebody looked at one version and decided: their decision holds for no other, but what we have
    made of it ourselves."""
    entry = writing.entries[step.key]
    ours = entry.state is StepState.DONE and (
        mark(held.raw) == mark(entry.body) or (held.etag is not None and held.etag == entry.etag)
    )
    if mark(held.raw) != step.seen and not ours:
        raise Conflict(CHANGED_AGAIN)


def _arrived(writing: Writing, step: Step, held: Read, edited: Json) -> bool:
    """A decision whose answer was lost says there by now what it was to say, however the EHR spells it."""
    lost = writing.states[step.key] is StepState.UNKNOWN
    told = [name for name in step.changes if name not in _SPELT]
    return bool(step.seen) and lost and all(same(name, edited.get(name), held.raw.get(name)) for name in told)


def _send(writing: Writing, step: Step, resource: Json, edited: Json, held: Read) -> Row:
    writing.sending(step, edited)
    try:
        stored = writing.chart.update(edited, held.etag)
    except Conflict as error:
        busy = Temporary("Somebody else is changing this in the EHR right now.", error.status)
        writing.unknown(step, busy)
        raise busy from None
    except Temporary as error:
        writing.unknown(step, error)
        raise
    writing.done(step, stored.id, stored.etag, stored.status)
    return row(
        step, Outcome.UPDATED, f"{step.type}/{stored.id}", _read_back(writing, step, resource, stored.id)
    )


def _read_back(writing: Writing, step: Step, resource: Json, id: str) -> str:
    try:
        held = writing.chart.read(step.type, id).raw
    except EhrError as error:
        return writing.unread(error)
    guard_stored(held, writing.patient_id)
    return _kept(step, resource, held)


def _kept(step: Step, resource: Json, held: Json) -> str:
    return differences({name: resource[name] for name in step.changes if name in resource}, held)


def _left_alone(writing: Writing, step: Step, held: Read, edited: Json) -> bool:
    """Nobody touched it since we sent this very change: what is missing is what this EHR does not keep."""
    entry = writing.entries[step.key]
    unchanged = entry.state is StepState.DONE and held.etag is not None and held.etag == entry.etag
    return unchanged and all(entry.body.get(name) == edited.get(name) for name in step.changes)
