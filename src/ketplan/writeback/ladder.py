"""The fallback ladder: what an EHR does not take stands on the next rung below, and nothing is lost silently.

Native, which may be only asked for where `ehr.profiles.shape` says so and goes through `$hold` and `$book`
where the EHR has them; a task for each visit that has to be booked by hand, or one message about them; the
request that lists the visits' times; the note; answers to a form; and, where none of these is taken, only
here. `laddered` adds the rungs to a plan's steps, `climb` foretells which will be stood on, `wanted` and
`settled` say the same of a real run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.invariants import patients, require_valid
from ketplan.fhir.render import Step, Verb
from ketplan.fhir.rendering.authoring import placeholder
from ketplan.fhir.rendering.note import NOTE, RESPONSE, render_note, render_response
from ketplan.fhir.rendering.to_do import MESSAGE, TASK_PREFIX, render_message, render_task, task_key
from ketplan.writeback.steps import STANDS, Outcome, Row

# A whole type that is not taken: no right, no such address, no such verb, or known beforehand.
OF_THE_TYPE = frozenset({None, 403, 404, 405, 501})
# What was not understood of one resource. A visit may be refused so because its time is taken: nothing
# stands in for that, it needs another time.
OF_THE_CONTENT = frozenset({400, 422})
# What others only point to.
LINKED_ONLY = frozenset({"Goal", "Procedure", "QuestionnaireResponse"})
# Who has to book a visit is not told by words in a plan: these are wanted whatever can be read elsewhere.
TO_DO = frozenset({"Communication", "Task"})
TOLD = "What it says can be read in {reference}."
BY_HAND = "The visit has to be booked by hand."


class Choice(StrEnum):
    """What the clinician wants of the rungs below the native one."""

    IF_NEEDED = "if-needed"
    ALSO = "also"
    NEVER = "never"


class Rung(StrEnum):
    """From the top to the bottom."""

    NATIVE = "native"
    TASK = "task"
    MESSAGE = "message"
    REQUEST = "request"
    PLAN = "plan"
    NOTE = "note"
    ANSWERS = "answers"
    HERE = "here"


_RUNGS = {
    "Task": Rung.TASK,
    "Communication": Rung.MESSAGE,
    "CarePlan": Rung.PLAN,
    "ServiceRequest": Rung.REQUEST,
    "DocumentReference": Rung.NOTE,
    "QuestionnaireResponse": Rung.ANSWERS,
}
_HEIGHT = {rung: height for height, rung in enumerate(Rung)}


@dataclass(frozen=True, slots=True)
class Foothold:
    """Where what a step says will stand: on which rung, and in what the step `on` writes ("" only here)."""

    rung: Rung
    on: str = ""


def laddered(
    steps: Sequence[Step], choice: Choice, encounter: str = "", pdf: bytes = b""
) -> tuple[Step, ...]:
    """The steps of a plan with those that stand in for what is refused, before the Provenance of all.

    `encounter` is the id of the visit the note belongs to, "" for none; `pdf` is the plan as a PDF for the
    note, made once since no two are alike, empty for none. Without a CarePlan, or where the
    clinician wants none, the steps stay as they are. Raises KetplanError when a signed plan's note fails the
    checks.
    """
    plan = next((step for step in steps if step.type == "CarePlan" and step.verb is Verb.CREATE), None)
    if plan is None or choice is Choice.NEVER:
        return tuple(steps)
    plan_id = plan.resource["identifier"][0]["value"].rpartition("/")[0]
    tasks = _tasks(plan, steps, plan_id)
    native = [_bearing(step, steps, tasks) for step in steps]
    asking = [*tasks.values(), *([_message(plan, steps, tasks, plan_id, encounter)] if tasks else [])]
    keys = tuple(step.key for step in (*steps, *asking))
    below = (*asking, *_stand_ins(plan, keys, choice, plan_id, encounter, pdf))
    if plan.resource.get("author"):
        for step in below:
            require_valid(r4.build(step.resource), patient=patients(plan.resource)[0], unlinked=True)
    signed = [step for step in native if step.type == "Provenance"]
    others = [step for step in native if step.type != "Provenance"]
    return (*others, *below, *(_also_of(step, below) for step in signed))


def wanted(step: Step, steps: Sequence[Step], standing: Collection[str], given: Collection[str]) -> bool:
    """Whether `step` has to be done: it is native, or what it stands for is `given` up and stands nowhere.

    `standing` are the keys of the steps that stand, `given` is `given_way`'s answer.
    """
    if not step.only_if_needed:
        return True
    earlier = steps[: list(steps).index(step)]
    serving = (o for o in earlier if o.key in standing and (o.type in TO_DO or step.type not in TO_DO))
    held = {key for other in serving for key in other.stands_for}
    return any(key in given and key not in held for key in step.stands_for)


def given_way(steps: Iterable[Step], refused: Mapping[str, int | None]) -> frozenset[str]:
    """The keys of the refused steps that the next rung may take over from.

    `refused` gives the HTTP status by key, None where nothing was sent. A conflict never gives way, nor does
    a change of what stands natively: somebody has to look at those.
    """
    given: set[str] = set()
    for step in steps:
        if step.key not in refused:
            continue
        status = refused[step.key]
        if step.verb is Verb.UPDATE:
            may = step.updates in given
        else:
            may = status in OF_THE_TYPE or (status in OF_THE_CONTENT and step.type != "Appointment")
        if may:
            given.add(step.key)
    return frozenset(given)


def may_stand_alone(steps: Iterable[Step]) -> frozenset[str]:
    """What others may do without, because the plan has a rung below for it."""
    return frozenset(key for step in steps for key in step.stands_for)


def settled(steps: Sequence[Step], rows: Iterable[Row], given: Collection[str]) -> tuple[Row, ...]:
    """The rows of a run, those that gave way and stand on another rung marked and told so."""
    rows = tuple(rows)
    stands = {row.key: row.reference for row in rows if row.outcome in STANDS}
    asks = {step.key for step in steps if step.type in TO_DO and step.only_if_needed}
    where: dict[str, str] = {}
    for step in _from_the_top(step for step in steps if step.key in stands):
        for key in step.stands_for:
            where.setdefault(key, stands[step.key])
    told = []
    for row in rows:
        if row.outcome is Outcome.REFUSED and row.key in given and row.key in where:
            # That somebody could not be asked to book is told by the visit's own row.
            if row.key not in asks:
                told.append(_replaced(row, where[row.key]))
        else:
            told.append(row)
    return tuple(told)


def climb(steps: Sequence[Step], refused: Collection[str]) -> dict[str, Foothold]:
    """Where what each step says will stand, as far as is known before; a rung nobody needs is left out.

    `refused` are the keys of those known not to be taken.
    """
    refused = _with_what_hangs(steps, refused)
    below = {step.key for step in steps if step.only_if_needed}
    tried: dict[str, int | None] = {key: None for key in refused if key not in below}
    taken: list[Step] = []
    for step in steps:
        if not wanted(step, steps, {other.key for other in taken}, given_way(steps, tried)):
            continue
        if step.key in refused:
            tried[step.key] = None
        else:
            taken.append(step)
    standing = {step.key: Foothold(_rung(step), step.key) for step in taken}
    found = {step.key: standing.get(step.key) or _below(step, taken) for step in steps}
    return {s.key: found[s.key] for s in steps if s.key in standing or not s.only_if_needed}


def needs(step: Step, refused: Step, alone: Collection[str]) -> bool:
    """Whether `step` cannot be done without what was `refused`; `alone` is `may_stand_alone`'s answer.

    Without a rung below nothing stands without the CarePlan it belongs to; a Goal is only a link, as are a
    total's answers. The CarePlan's list of activities and a Provenance speak of what there is.
    """
    if step.updates == refused.key:
        return True
    if refused.key in alone:
        return False
    if refused.type == "CarePlan":
        return True
    return step.verb is Verb.CREATE and step.type != "Provenance" and refused.type not in LINKED_ONLY


def _with_what_hangs(steps: Sequence[Step], refused: Collection[str]) -> dict[str, Step]:
    """With what cannot be done without them, in the order of the steps."""
    alone = may_stand_alone(steps)
    gone: dict[str, Step] = {}
    for step in steps:
        hangs = any(needs(step, gone[key], alone) for key in step.after if key in gone)
        speaks_of_nothing = step.type == "Provenance" and gone.keys() >= set(step.after)
        if step.key in refused or hangs or speaks_of_nothing:
            gone[step.key] = step
    return gone


def _below(step: Step, taken: Sequence[Step]) -> Foothold:
    on = next((other for other in _from_the_top(taken) if step.key in other.stands_for), None)
    return Foothold(_RUNGS[on.type], on.key) if on else Foothold(Rung.HERE)


def _rung(step: Step) -> Rung:
    return _RUNGS[step.type] if is_below(step) else Rung.NATIVE


def is_below(step: Step) -> bool:
    """Whether it is one of the steps that `laddered` added."""
    return step.key in (NOTE, RESPONSE, MESSAGE) or step.key.startswith(TASK_PREFIX)


def _from_the_top(steps: Iterable[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: _HEIGHT.get(_RUNGS.get(step.type, Rung.HERE), 0))


def _replaced(row: Row, reference: str) -> Row:
    told = TOLD.format(reference=reference)
    if row.type == "Appointment":
        told = f"{told} {BY_HAND}"
    return replace(row, outcome=Outcome.REPLACED, detail=" ".join(filter(None, [row.detail, told])))


# --- the steps of the lower rungs ---------------------------------------------------------------------------


def _bearing(step: Step, steps: Sequence[Step], tasks: Mapping[str, Step]) -> Step:
    """A native step, with what can be read in it: the CarePlan's text tells all, a request lists the times of
    its visits."""
    if step.type == "CarePlan" and step.verb is Verb.CREATE:
        told = [other.key for other in steps if step.key not in (other.key, other.updates)]
    elif step.type == "ServiceRequest":
        told = [o.key for o in steps if o.type == "Appointment" and step.key in o.after]
    else:
        return step
    asked = [tasks[key].key for key in told if key in tasks]
    return replace(step, stands_for=(*told, *asked, *([MESSAGE] if asked else [])))


def _tasks(plan: Step, steps: Sequence[Step], plan_id: str) -> dict[str, Step]:
    """By the key of its visit the step that asks somebody to book it."""
    found = {}
    for step in steps:
        if step.type == "Appointment" and step.verb is Verb.CREATE:
            task = render_task(step.resource, plan.resource, plan_id, step.key)
            found[step.key] = Step(
                task_key(step.key), task, step.after, stands_for=(step.key,), only_if_needed=True
            )
    return found


def _message(
    plan: Step, steps: Sequence[Step], tasks: Mapping[str, Step], plan_id: str, encounter: str
) -> Step:
    visits = [step.resource for step in steps if step.key in tasks]
    told = (*tasks, *(task.key for task in tasks.values()))
    message = render_message(visits, plan.resource, plan_id, encounter)
    return Step(MESSAGE, message, (plan.key,), stands_for=told, only_if_needed=True)


def _stand_ins(
    plan: Step, keys: tuple[str, ...], choice: Choice, plan_id: str, encounter: str, pdf: bytes
) -> tuple[Step, Step]:
    note = render_note(plan.resource, plan_id, encounter, pdf)
    response = render_response(plan.resource, plan_id, encounter)
    return (
        Step(NOTE, note, stands_for=keys, only_if_needed=choice is Choice.IF_NEEDED),
        Step(RESPONSE, response, stands_for=(*keys, NOTE), only_if_needed=True),
    )


def _also_of(provenance: Step, below: Iterable[Step]) -> Step:
    """Whoever signed stands behind the note as well."""
    keys = tuple(step.key for step in below)
    target: list[Json] = [*provenance.resource["target"], *({"reference": placeholder(key)} for key in keys)]
    return replace(
        provenance, resource={**provenance.resource, "target": target}, after=(*provenance.after, *keys)
    )
