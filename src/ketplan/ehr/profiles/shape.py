"""A resource as one EHR takes it, and what is lost on the way: the same in the preview and when it is sent.

What cannot be kept is named in words, so that the clinician sees it before anything is written.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ketplan.ehr.profiles.making import STEPS
from ketplan.ehr.profiles.model import Profile, WriteShape

Json = dict[str, Any]

WORDS = {
    "basedOn": "the link to the request it carries out",
    "supportingInformation": "the link to the care plan",
    "reasonReference": "the link to the diagnosis",
    "instantiatesCanonical": "the protocol it follows",
    "identifier": "ketplan's own number",
    "start": "its start as such",
    "end": "its end as such",
    "slot": "the slots of the calendar",
    "participant": "some who take part",
    "patientInstruction": "the instructions for the patient",
    "description": "the title",
    "comment": "the comment",
    "serviceCategory": "the kind of service",
    "serviceType": "the type of service",
    "appointmentType": "the type of visit",
    "minutesDuration": "the length in minutes",
    "created": "when it was written",
    "category": "its category",
    "date": "its date",
    "relatesTo": "what it replaces",
    "derivedFrom": "the link to the answers",
    "content": "the version laid out for reading: plain text alone is kept",
    "context.encounter": "a visit it belongs to: choose one, or start ketplan from a visit in the EHR",
    "meta": "the marks of restriction",
    "status": "that it is booked: it is only asked for",
}
# Not told: nobody misses them.
SILENT = frozenset(
    {"requestedPeriod", "participant.required", "participant.status", "participant.period", "id"}
)


class Shaped(NamedTuple):
    """`lost` in words; `lacks` is what this EHR insists on and the resource does not have, also in words."""

    payload: Json
    lost: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def shape(profile: Profile, resource: Mapping[str, Any]) -> Shaped:
    """`resource` as `profile` writes it. What nothing is known of stays as it is."""
    whole = copy.deepcopy(dict(resource))
    known = profile.write(whole)
    if known is None:
        return Shaped(whole)
    payload = _shaped(known, copy.deepcopy(whole))
    return Shaped(payload, tuple(_lost(whole, payload)), tuple(_lacks(known, payload)))


def marker(value: str) -> str:
    """What stands in a text where identifiers are not kept; `value` is that of ketplan's identifier."""
    return f"[ketplan {value}]"


def text_at(resource: Mapping[str, Any], path: str) -> str:
    """All texts at a dotted path, one after the other; "content.attachment.title" goes through lists."""
    return " ".join(text for text in _values(resource, path.split(".")) if isinstance(text, str))


def _shaped(known: WriteShape, whole: Json) -> Json:
    made = whole
    for name in known.make:
        made = STEPS[name](made)
    payload = {k: v for k, v in made.items() if k in known.only} if known.only else dict(made)
    for path in known.drop:
        _drop(payload, path.split("."))
    if known.actors:
        payload["participant"] = [p for p in _list(payload.get("participant")) if _actor(p) in known.actors]
    for name in known.first:
        if _list(payload.get(name)):
            payload[name] = payload[name][:1]
    for path, value in known.fix.items():
        _fix(payload, path.split("."), value)
    if known.marker:
        _mark(payload, whole, known.marker)
    return {name: value for name, value in payload.items() if value not in ([], {}, "")}


def _mark(payload: Json, whole: Json, path: str) -> None:
    names = [n for n in _listed(whole.get("identifier")) if isinstance(n, dict) and n.get("value")]
    if not names or payload.get("identifier"):
        return
    sign = marker(str(names[0]["value"]))
    *way, last = path.split(".")
    for place in _values(payload, way) if way else [payload]:
        if isinstance(place, dict):
            place[last] = " ".join(filter(None, [str(place.get(last) or ""), sign]))


def _lost(whole: Json, payload: Json) -> Iterator[str]:
    """What is no longer there, in whole or in part; and a status or a link that now says something else."""
    for name, value in whole.items():
        if name in SILENT or payload.get(name) == value:
            continue
        held = payload.get(name)
        if isinstance(value, str) and name != "status" and value in set(_texts(payload)):
            continue
        shorter = isinstance(value, list) and len(_list(held)) < len(value)
        if held is None or shorter or name in ("status", "supportingInformation"):
            yield _word(name)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else _list(value):
        yield from _texts(item)


def _lacks(known: WriteShape, payload: Json) -> Iterator[str]:
    for need in known.needs:
        name, _, kind = need.partition(":")
        if kind:
            there = any(_actor(p) == kind for p in _list(payload.get(name)))
        else:
            there = any(_values(payload, name.split(".")))
        if not there:
            yield f"{_article(kind)} among the participants" if kind else _word(name)


def _word(name: str) -> str:
    return f"{WORDS[name]} ({name})" if name in WORDS else name


def _article(kind: str) -> str:
    return {"Location": "a place (Location)", "Practitioner": "a practitioner (Practitioner)"}.get(kind, kind)


def _actor(participant: Any) -> str:
    actor = participant.get("actor") if isinstance(participant, dict) else None
    reference = actor.get("reference") if isinstance(actor, dict) else None
    return reference.split("/")[-2] if isinstance(reference, str) and "/" in reference else ""


def _drop(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _drop(item, path)
    elif isinstance(value, dict) and len(path) == 1:
        value.pop(path[0], None)
    elif isinstance(value, dict):
        _drop(value.get(path[0]), path[1:])


def _fix(value: Any, path: list[str], wanted: str) -> None:
    if isinstance(value, list):
        for item in value:
            _fix(item, path, wanted)
    elif isinstance(value, dict) and len(path) == 1:
        value[path[0]] = wanted
    elif isinstance(value, dict):
        _fix(value.get(path[0]), path[1:], wanted)


def _values(value: Any, path: Collection[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        first, *rest = path
        yield from _values(value.get(first), rest)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
