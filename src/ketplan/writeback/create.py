"""Creating one resource exactly once, whatever happens to the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ketplan.ehr.booking import NOT_YET
from ketplan.errors import Conflict, EhrError, Fatal, NotFound, Temporary
from ketplan.fhir.render import Step
from ketplan.store.journal import StepState
from ketplan.writeback.compare import differences
from ketplan.writeback.likeness import is_like
from ketplan.writeback.references import guard_stored, references, tail
from ketplan.writeback.steps import (
    Json,
    Outcome,
    Row,
    Stored,
    carries,
    identifier_of,
    identifiers,
    oldest,
)
from ketplan.writeback.writing import Writing, row

ENDED = frozenset({"cancelled", "entered-in-error", "noshow"})
DOUBLED = "The EHR has given the same time twice, also to {reference}: one of the two has to be moved."
NOT_SHOWN = "The EHR said that it stored this, but does not show it: look in the EHR."
NOWHERE = "It was sent {times} times and the EHR shows none of them: look in the EHR before it is sent again."


def is_question(detail: str) -> bool:
    """Whether the words of a row ask somebody to look in the EHR before anything is sent again."""
    return NOT_SHOWN in detail or NOWHERE.partition("{times} times ")[2] in detail


def standing(writing: Writing, step: Step, resource: Json, but: Collection[str]) -> Row | None:
    """The row of what an earlier run wrote, if the EHR still has it; None when it is gone."""
    id = str(writing.entries[step.key].resource_id)
    reference = f"{step.type}/{id}"
    try:
        held = writing.chart.read(step.type, id).raw
    except NotFound:
        return None
    except Temporary:
        raise
    except EhrError:
        return row(step, Outcome.ALREADY_THERE, reference, "It could not be read back.")
    guard_stored(held, writing.patient_id)
    return row(step, Outcome.ALREADY_THERE, reference, differences(resource, held, but))


def create(writing: Writing, step: Step, resource: Json, but: Collection[str]) -> Row:
    """Create the linked `resource`, or find it. Elements named in `but` are not compared.

    Raises EhrError when it could not be brought into the EHR, PatientMismatch when the EHR has it for
    another patient.
    """
    return writing.persist(lambda: _once(writing, step, resource, but))


def _once(writing: Writing, step: Step, resource: Json, but: Collection[str]) -> Row:
    if hits := _shown(writing, step) or _search(writing, step, resource):
        return _found(writing, step, resource, hits, but)
    if question := _question(writing, step):
        return row(step, Outcome.PENDING, detail=question)
    writing.sending(step, resource)
    try:
        return _stored(
            writing, step, resource, lambda: writing.chart.create(resource, identifier_of(resource)), but
        )
    except Conflict as error:
        if hits := _search(writing, step, resource):
            return _found(writing, step, resource, hits, but)
        raise _taken(step, error) from None


def _stored(
    writing: Writing, step: Step, resource: Json, store: Callable[[], Stored], but: Collection[str]
) -> Row:
    try:
        stored = store()
    except Temporary as error:
        writing.unknown(step, error)
        raise
    writing.done(step, stored.id, stored.etag, stored.status)
    return _read_back(writing, step, resource, stored, but)


def _half_booked(writing: Writing, resource: Json, held: Json) -> bool:
    """A visit that an earlier attempt asked for or held and never booked."""
    return held.get("status") in NOT_YET and writing.chart.books(resource)


def _shown(writing: Writing, step: Step) -> list[Json]:
    """What the EHR said it stored and did not show then, if it shows it by now."""
    id = writing.believed(step)
    try:
        held = writing.chart.read(step.type, id).raw if id else None
    except Temporary:
        raise
    except EhrError:
        held = None
    if held is None:
        return []
    guard_stored(held, writing.patient_id)
    return [held]


def _question(writing: Writing, step: Step) -> str:
    """What only a human can answer before this is sent again; empty while it may be sent."""
    if writing.believed(step):
        return NOT_SHOWN
    if not writing.sent_enough(step):
        return ""
    asked = NOWHERE.format(times=writing.sends[step.key])
    writing.unknown(step, Fatal(asked))
    return asked


def _search(writing: Writing, step: Step, resource: Json) -> list[Json]:
    """What the EHR already has of this step.

    An EHR that may not be searched is believed to have nothing, unless an answer was lost: then only a
    human can look.
    """
    lost = writing.states[step.key] is StepState.UNKNOWN
    try:
        return _matches(writing, step, resource) or (_alike(writing, step, resource) if lost else [])
    except Temporary:
        raise
    except EhrError as error:
        if lost:
            raise Fatal(
                "Whether the EHR has this is not known, and it cannot be searched for: look in the EHR.",
                error.status,
                error.server_said,
            ) from None
        return []


def _matches(writing: Writing, step: Step, resource: Json) -> list[Json]:
    name = identifier_of(resource)
    if name is None:
        found = writing.chart.find_by_target(_target(resource))
        return [held for held in found if _same_provenance(resource, held) and held.get("id")]
    found = writing.chart.find(step.type, *name, writing.patient_id)
    hits = [held for held in found if carries(held, name) and held.get("id")]
    for held in hits:
        guard_stored(held, writing.patient_id)
    return hits


def _alike(writing: Writing, step: Step, resource: Json) -> list[Json]:
    """What an EHR that drops identifiers may have kept of a request whose answer was lost."""
    others = {entry.resource_id for key, entry in writing.entries.items() if key != step.key} | writing.taken
    found = writing.chart.of_patient(step.type, writing.patient_id) if identifier_of(resource) else []
    return [held for held in found if held.get("id") not in others and is_like(resource, held)]


def _found(writing: Writing, step: Step, resource: Json, hits: list[Json], but: Collection[str]) -> Row:
    # A hold that ran out stands beside the one that was booked in its place.
    hits = [held for held in hits if held.get("status") not in ENDED] or hits
    held = oldest(hits)
    if _half_booked(writing, resource, held):
        writing.sending(step, resource)
        return _stored(writing, step, resource, lambda: writing.chart.finish(resource, str(held["id"])), but)
    recovered = step.key in writing.sent
    writing.done(step, str(held["id"]))
    notes = [
        "The answer was lost; it was found in the EHR." if recovered else "",
        f"The EHR has {len(hits)} of these; the oldest is used." if len(hits) > 1 else "",
        differences(resource, held, but),
    ]
    outcome = Outcome.WRITTEN if recovered else Outcome.ALREADY_THERE
    return row(step, outcome, f"{step.type}/{held['id']}", " ".join(filter(None, notes)))


def _read_back(writing: Writing, step: Step, resource: Json, stored: Stored, but: Collection[str]) -> Row:
    reference = f"{step.type}/{stored.id}"
    outcome = Outcome.WRITTEN if stored.created else Outcome.ALREADY_THERE
    try:
        held = writing.chart.read(step.type, stored.id).raw
    except NotFound:
        writing.unknown(step, Fatal(NOT_SHOWN, stored.status))
        return row(step, Outcome.PENDING, detail=NOT_SHOWN)
    except EhrError as error:
        return row(step, outcome, reference, writing.unread(error))
    guard_stored(held, writing.patient_id)
    if not stored.created and not set(identifiers(resource)) <= set(identifiers(held)):
        raise Fatal("The EHR took something else for this and did not store it.", stored.status)
    found = differences(resource, held, but)
    return row(step, outcome, reference, " ".join(filter(None, [found, _doubled(writing, resource, held)])))


def _doubled(writing: Writing, resource: Json, held: Json) -> str:
    """Who else has the time of a booked visit: most servers let it be given twice, so one has to look."""
    if resource.get("resourceType") != "Appointment" or not (resource.get("slot") and held.get("slot")):
        return ""
    try:
        found = writing.chart.others_in(held)
    except EhrError as error:
        if isinstance(error, Temporary) and error.retry_after:
            writing.unread(error)
        return ""
    others = [raw for raw in found if raw.get("id") != held.get("id") and raw.get("status") not in ENDED]
    if not others:
        return ""
    return DOUBLED.format(reference=f"Appointment/{oldest(others).get('id')}")


def _taken(step: Step, error: Conflict) -> EhrError:
    if step.type != "Appointment":
        return error
    return Conflict("The time was taken meanwhile.", error.status, error.server_said)


def _target(provenance: Json) -> str:
    """The CarePlan it speaks of, or else its first target."""
    targets = list(references(provenance.get("target")))
    return next((target for target in targets if target.startswith("CarePlan/")), targets[0])


def _same_provenance(sent: Json, held: Json) -> bool:
    """Of the same plan; where the EHR dropped the entity, of the same people at the same moment."""
    ours, theirs = _entities(sent), _entities(held)
    if theirs:
        return bool(ours & theirs)
    return _agents(sent) == _agents(held) and sent.get("recorded") == held.get("recorded")


def _entities(provenance: Json) -> set[tuple[str, str]]:
    sources = provenance.get("entity")
    what = [e.get("what") for e in sources if isinstance(e, dict)] if isinstance(sources, list) else []
    return {name for source in what if isinstance(source, dict) for name in identifiers(source)}


def _agents(provenance: Json) -> set[str]:
    return {tail(reference) for reference in references(provenance.get("agent"))}
