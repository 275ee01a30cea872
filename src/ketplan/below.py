"""What a signer wants of the rungs below the native one: whether, for which visit, what may be said there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ketplan.clinical.plan import Draft
from ketplan.ehr.profiles.model import Profile
from ketplan.errors import InputError
from ketplan.fhir.datatypes import Json, codings, element, elements, text
from ketplan.fhir.note_rules import MOST_BYTES
from ketplan.fhir.record import RawSectionLike
from ketplan.fhir.render import Step, Verb
from ketplan.fhir.rendering.note import as_html
from ketplan.writeback.ladder import Choice, laddered

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
RESTRICTED = {
    CONFIDENTIALITY: frozenset({"R", "V"}),
    ACT_CODE: frozenset(
        {"42CFRPart2", "ETH", "ETHUD", "GDIS", "HIV", "OPIOIDUD", "PSY", "PSYTHPN", "SDV", "SEX", "SUD"}
    ),
}
"""Labels under which a record may not be told on without being asked: 42 CFR Part 2 and its like."""
MOST_VISITS = 12
OVER = frozenset({"cancelled", "entered-in-error"})


@dataclass(frozen=True)
class Wishes:
    """`visit` is the id of the Encounter the note belongs to, "" for none; `restricted` says that what the
    record marks as restricted may stand below as well."""

    below: Choice = Choice.IF_NEEDED
    visit: str = ""
    restricted: bool = False


@dataclass(frozen=True)
class Visit:
    """An Encounter to choose from: its id, the day it began and what it was, in the EHR's words."""

    id: str
    began: str
    words: str


@dataclass(frozen=True)
class Marked:
    """What a plan rests on that the record marks as restricted: labels, and how many entries bear them."""

    labels: tuple[Json, ...] = ()
    entries: int = 0


def wants_visit(profile: Profile) -> bool:
    """Whether this EHR takes no note without the visit it belongs to."""
    return any(w.type == "DocumentReference" and "context.encounter" in w.needs for w in profile.writes)


def visits(sections: Iterable[RawSectionLike]) -> tuple[Visit, ...]:
    """The patient's visits, the newest first."""
    found = [_visit(raw) for raw in _of_kind(sections, "Encounter") if text(raw.get("status")) not in OVER]
    return tuple(sorted((v for v in found if v.id), key=lambda v: v.began, reverse=True)[:MOST_VISITS])


def chosen(id: str, launched: str | None, sections: Iterable[RawSectionLike]) -> str:
    """The visit a note belongs to: the launch's, or else `id`. InputError for another patient's."""
    if launched or not id:
        return launched or ""
    if id not in {visit.id for visit in visits(sections)}:
        raise InputError("This patient has no such visit to put a note to.")
    return id


def marked(sections: Iterable[RawSectionLike], draft: Draft) -> Marked:
    """Among the entries that the plan rests on, those that must not be told on without being asked."""
    used = {*draft.addresses, *(e.reference for finding in draft.findings for e in finding.evidence)}
    labels: dict[tuple[str, str], Json] = {}
    entries = 0
    for raw in (raw for section in sections for raw in section.resources):
        if f"{raw.get('resourceType')}/{raw.get('id')}" not in used:
            continue
        found = {(label.system, label.code): label for label in codings({"coding": _labels(raw)})}
        bad = {key: label for key, label in found.items() if key[1] in RESTRICTED.get(key[0], ())}
        entries += bool(bad)
        labels |= {key: {"system": key[0], "code": key[1]} for key in bad}
    return Marked(tuple(labels.values()), entries)


def with_rungs(
    steps: Sequence[Step], wishes: Wishes, found: Marked, press: Callable[[str], bytes] | None = None
) -> tuple[Step, ...]:
    """The steps with their labels and the rungs below; `press` makes a PDF of the plan for the note.

    What is restricted stays on the native rung, unless the signer said otherwise.
    """
    below = wishes.below if wishes.restricted or not found.labels else Choice.NEVER
    labelled = [_labelled(step, found) for step in steps]
    return tuple(_labelled(s, found) for s in laddered(labelled, below, wishes.visit, _pdf(steps, press)))


def _pdf(steps: Sequence[Step], press: Callable[[str], bytes] | None) -> bytes:
    plan = next((s.resource for s in steps if s.type == "CarePlan" and s.verb is Verb.CREATE), None)
    made = press(as_html(plan)) if press and plan else b""
    return made if len(made) <= MOST_BYTES else b""


def _labelled(step: Step, found: Marked) -> Step:
    if not found.labels:
        return step
    return replace(step, resource={**step.resource, "meta": {"security": list(found.labels)}})


def _of_kind(sections: Iterable[RawSectionLike], kind: str) -> Iterator[Json]:
    return (raw for section in sections for raw in section.resources if raw.get("resourceType") == kind)


def _visit(raw: Json) -> Visit:
    kinds = [text(kind.get("text")) or _first(kind) for kind in elements(raw.get("type"))]
    words = next(filter(None, kinds), "") or text(element(raw.get("class")).get("display")) or "visit"
    return Visit(text(raw.get("id")), text(element(raw.get("period")).get("start"))[:10], words[:80])


def _first(concept: Json) -> str:
    return next((text(c.get("display")) for c in elements(concept.get("coding"))), "")


def _labels(raw: Json) -> list[Json]:
    return elements(element(raw.get("meta")).get("security"))
