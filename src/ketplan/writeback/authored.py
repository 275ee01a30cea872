"""What ketplan wrote of a plan, put together from everything that was ever kept and sent for it.

`base` is what the journal says stands in the EHR by our hand, `ours` what the plan says by now: revisions and
decisions included, whether or not they have been written yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ketplan.fhir.render import Step, Verb, link
from ketplan.fhir.rendering.authoring import awaited
from ketplan.store.journal import StepState
from ketplan.writeback.compare import as_decided, with_changes
from ketplan.writeback.references import without
from ketplan.writeback.steps import Entry, Json, identifier_of

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Adopted:
    """What somebody accepted from the EHR: the elements of one step as they are there (None: not there).

    `gone`: that the EHR has it no more was accepted.
    """

    key: str
    values: Values
    gone: bool = False


@dataclass(frozen=True)
class Chapter:
    """One kept plan or record: its steps, how far their writing has come, what was accepted with it."""

    steps: Sequence[Step]
    entries: Mapping[str, Entry]
    adopted: tuple[Adopted, ...] = ()


@dataclass(frozen=True)
class Authored:
    """One resource that stands in the EHR by our hand. `etag` is of our last write, `noted` what was found
    then; `gone` says that its end was accepted."""

    key: str
    type: str
    id: str
    base: Json
    ours: Json
    etag: str | None = None
    noted: str = ""
    gone: bool = False

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"


@dataclass
class _Story:
    found: dict[str, Authored] = field(default_factory=dict)

    def key_of(self, step: Step, entry: Entry | None) -> str:
        """Whose story it carries on: its own, or that of the step which created what it updates."""
        if step.verb is Verb.CREATE or step.updates in self.found:
            return step.updates or step.key
        where = {step.updates, f"{step.type}/{entry.resource_id}" if entry else ""}
        name = identifier_of(step.resource)
        same = (o.key for o in self.found.values() if o.reference in where)
        named = (o.key for o in self.found.values() if name and identifier_of(o.ours) == name)
        return next(same, "") or next(named, step.key)

    def ids(self) -> dict[str, str]:
        return {key: one.reference for key, one in self.found.items()}


def authored(chapters: Iterable[Chapter]) -> tuple[Authored, ...]:
    """What stands in the EHR of a plan, from its chapters in the order in which they were kept."""
    story = _Story()
    for chapter in chapters:
        ids = story.ids() | _ids(chapter)
        for step in chapter.steps:
            _tell(story, step, chapter.entries.get(step.key), ids)
        for accepted in chapter.adopted:
            if accepted.key in story.found:
                story.found[accepted.key] = adopting(story.found[accepted.key], accepted)
    return tuple(story.found.values())


def adopting(one: Authored, accepted: Adopted) -> Authored:
    """The resource as somebody accepted it."""
    base, ours = _with(one.base, accepted.values), _with(one.ours, accepted.values)
    return replace(one, base=base, ours=ours, gone=one.gone or accepted.gone)


def _tell(story: _Story, step: Step, entry: Entry | None, ids: Mapping[str, str]) -> None:
    key = story.key_of(step, entry)
    stands = entry is not None and entry.state is StepState.DONE and bool(entry.resource_id)
    known = story.found.get(key)
    if step.verb is Verb.CREATE:
        if stands and entry:
            base = _linked(entry.body, ids)
            told = Authored(
                key, step.type, str(entry.resource_id), base, _linked(step.resource, ids), entry.etag
            )
            story.found[key] = replace(told, noted=entry.message)
    elif known:
        # As the writing itself does it: what somebody saw and decided replaces, what is added is added.
        change = as_decided if step.seen else with_changes
        said = _linked(step.resource, ids)
        known = replace(known, ours=change(known.ours, said, step.changes))
        if stands and entry:
            # The note of an earlier step speaks of the elements this one did not touch.
            noted = " ".join(filter(None, [known.noted, entry.message]))
            base = change(known.base, _sent(entry, said, ids), step.changes)
            known = replace(known, base=base, etag=entry.etag, noted=noted)
        story.found[key] = known


def _sent(entry: Entry, said: Json, ids: Mapping[str, str]) -> Json:
    """What was sent, which has what others had listed besides; what needed no sending is as we say it."""
    return _linked(entry.body, ids) if entry.body.get("id") else said


def _ids(chapter: Chapter) -> dict[str, str]:
    types = {step.key: step.type for step in chapter.steps}
    return {
        key: f"{types[key]}/{entry.resource_id}"
        for key, entry in chapter.entries.items()
        if key in types and entry.state is StepState.DONE and entry.resource_id
    }


def _linked(resource: Mapping[str, Any], ids: Mapping[str, str]) -> Json:
    waiting = {key for key in _awaited(resource) if key not in ids}
    return link(without(dict(resource), waiting), ids)


def _awaited(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        target = value.get("reference")
        if isinstance(target, str) and (key := awaited(target)):
            yield key
        for item in value.values():
            yield from _awaited(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _awaited(item)


def _with(resource: Mapping[str, Any], values: Values) -> Json:
    edited = {name: value for name, value in resource.items() if name not in values}
    return edited | {name: value for name, value in values.items() if value is not None}
