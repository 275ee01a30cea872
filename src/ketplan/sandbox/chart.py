"""A patient's chart in words: what the pages show of the resources, however badly those are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ketplan.sandbox.parameters import TYPES, leaves
from ketplan.sandbox.scopes import patients_of
from ketplan.sandbox.store import Store
from ketplan.sandbox.wire import Resource

WITHDRAWN = "entered-in-error"
_SHOWN_ABOVE = {
    "Patient",
    "Condition",
    "AllergyIntolerance",
    "MedicationRequest",
    "Observation",
    "Procedure",
    "CarePlan",
    "Appointment",
}


@dataclass(frozen=True)
class Line:
    """One entry of a list in the chart."""

    kind: str
    id: str
    what: str
    status: str
    when: str = ""
    detail: str = ""


def first(resource: Resource, path: str) -> Any:
    """The first thing under a dotted path, or None."""
    return next(leaves(resource, path), None)


def words(thing: Any) -> str:
    """The name in a CodeableConcept, or in a list of them."""
    if isinstance(thing, list):
        return ", ".join(map(words, thing))
    if not isinstance(thing, dict):
        return "(no name)"
    displays = (
        one.get("display") or one.get("code") for one in leaves(thing, "coding") if isinstance(one, dict)
    )
    found = thing.get("text") or next((one for one in displays if one), None)
    return str(found) if found else "(no name)"


def code(thing: Any) -> str:
    """The bare code of a status that may be a code or a CodeableConcept."""
    if isinstance(thing, dict):
        return str(first(thing, "coding.code") or words(thing))
    return str(thing or "")


def day_words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def when(text: Any, zone: ZoneInfo) -> str:
    """A FHIR date for human eyes, a time in the clinic's zone; what is no date is shown as it stands."""
    if not isinstance(text, str) or len(text) < 10:
        return "" if text is None else str(text)
    try:
        if len(text) == 10:
            return day_words(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(zone) if moment.tzinfo else moment
        return f"{moment:%a} {day_words(moment)} {moment:%H:%M}"
    except ValueError:
        return text


def value(observation: Resource) -> str:
    """The result of an Observation in words."""
    measured = observation.get("valueQuantity")
    if isinstance(measured, dict):
        unit = measured.get("unit") or measured.get("code") or ""
        return f"{measured.get('value', '')} {'' if unit == '{score}' else unit}".strip()
    if "valueCodeableConcept" in observation:
        return words(observation["valueCodeableConcept"])
    parts = [one for one in leaves(observation, "component") if isinstance(one, dict)]
    return " / ".join(value(one) for one in parts)


@dataclass(frozen=True)
class Banner:
    """Who the chart is about."""

    id: str
    name: str
    born: str
    age: str
    sex: str
    mrn: str
    died: str


def banner(patient: Resource, today: date, zone: ZoneInfo) -> Banner:
    born, age = patient.get("birthDate", ""), "age unknown"
    try:
        day = date.fromisoformat(born)
        age = f"{today.year - day.year - ((today.month, today.day) < (day.month, day.day))} y"
    except ValueError:
        pass
    name = str(first(patient, "name.text") or "(no name)")
    mrn = str(first(patient, "identifier.value") or "")
    died = when(patient.get("deceasedDateTime"), zone)
    return Banner(patient["id"], name, when(born, zone), age, patient.get("gender", "unknown"), mrn, died)


class ChartView:
    """The lists on a patient's chart page, read from the store as it is now."""

    def __init__(self, store: Store, patient: str, zone: ZoneInfo, base: str) -> None:
        self._store, self._patient, self._zone, self._base = store, patient, zone, base

    def _own(self, kind: str) -> Iterator[Resource]:
        for resource in self._store.all(kind):
            if self._patient in patients_of(resource, self._store.at, self._base):
                yield resource

    def _lines(self, kind: str, line: Callable[[Resource], Line], newest_by: str | None = None) -> list[Line]:
        found = list(self._own(kind))
        if newest_by:
            found.sort(key=lambda one: str(one.get(newest_by, "")), reverse=True)
        return [line(one) for one in found]

    def _line(self, one: Resource, what: str, status: str, at: Any = None, detail: str = "") -> Line:
        return Line(one["resourceType"], one["id"], what, status, when(at, self._zone), detail)

    def problems(self) -> list[Line]:
        return self._lines("Condition", self._problem)

    def _problem(self, one: Resource) -> Line:
        verified = code(one.get("verificationStatus"))
        status = verified if verified in (WITHDRAWN, "refuted") else code(one.get("clinicalStatus"))
        return self._line(one, words(one.get("code")), status, one.get("recordedDate"))

    def allergies(self) -> list[Line]:
        def line(one: Resource) -> Line:
            verified = code(one.get("verificationStatus"))
            return self._line(one, words(one.get("code")), verified, detail=str(one.get("criticality", "")))

        return self._lines("AllergyIntolerance", line)

    def medications(self) -> list[Line]:
        def line(one: Resource) -> Line:
            display = first(one, "medicationReference.display")
            name = str(display) if display else words(one.get("medicationCodeableConcept"))
            return self._line(one, name, code(one.get("status")), one.get("authoredOn"))

        return self._lines("MedicationRequest", line, "authoredOn")

    def results(self) -> list[Line]:
        def line(one: Resource) -> Line:
            status = code(one.get("status"))
            return self._line(one, words(one.get("code")), status, one.get("effectiveDateTime"), value(one))

        return self._lines("Observation", line, "effectiveDateTime")

    def procedures(self) -> list[Line]:
        def line(one: Resource) -> Line:
            status = code(one.get("status"))
            return self._line(one, words(one.get("code")), status, one.get("performedDateTime"))

        return self._lines("Procedure", line, "performedDateTime")

    def care_plans(self) -> list[Line]:
        def line(one: Resource) -> Line:
            detail = str(sum(1 for _ in leaves(one, "activity")))
            title = str(one.get("title") or words(one.get("category")))
            return self._line(one, title, code(one.get("status")), first(one, "period.start"), detail)

        return self._lines("CarePlan", line)

    def appointments(self) -> list[Line]:
        def line(one: Resource) -> Line:
            what = str(one.get("description") or words(one.get("serviceType", one.get("appointmentType"))))
            return self._line(
                one, what, code(one.get("status")), one.get("start"), ", ".join(self._others(one))
            )

        lines = self._lines("Appointment", line, "start")
        return lines[::-1]

    def _others(self, appointment: Resource) -> Iterator[str]:
        for actor in leaves(appointment, "participant.actor"):
            reference = str(actor.get("reference", "")) if isinstance(actor, dict) else ""
            if reference and reference != f"Patient/{self._patient}":
                known = self._store.at(reference.removeprefix(f"{self._base}/")) or {}
                name = first(known, "name.text") or first(known, "name")
                yield str(actor.get("display") or name or reference)

    def others(self) -> list[Line]:
        """Everything of the patient's that has no list of its own, such as requests, goals and provenance."""
        return [
            self._line(one, self._title(one), code(one.get("status", one.get("lifecycleStatus"))))
            for kind in TYPES
            if kind not in _SHOWN_ABOVE
            for one in self._own(kind)
        ]

    def _title(self, one: Resource) -> str:
        named = ("description", "code", "type", "category", "title", "questionnaire", "activity")
        found = next((one[name] for name in named if one.get(name)), None)
        return found if isinstance(found, str) else words(found) if found else one["resourceType"]


class _Safe(HTMLParser):
    """Keeps the harmless tags of a narrative, drops their attributes, escapes everything else."""

    TAGS = frozenset(
        {"p", "h1", "h2", "h3", "h4", "h5", "ul", "ol", "li", "dl", "dt", "dd", "br", "hr"}
        | {"b", "i", "em", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    )
    SILENT = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        if tag in self.TAGS:
            self.out.append(f"<{tag}>")
            if tag not in ("br", "hr"):
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT and self._silent > 0
        if tag in self._open:
            while self._open:
                last = self._open.pop()
                self.out.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(escape(data))

    def finished(self) -> Markup:
        closing = "".join(f"</{tag}>" for tag in reversed(self._open))
        return Markup("".join(self.out) + closing)  # noqa: S704 - every part was escaped or is an allowed tag


def narrative(resource: Resource) -> Markup:
    """The narrative of a resource as harmless HTML; empty when there is none."""
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    reader = _Safe()
    reader.feed(div if isinstance(div, str) else "")
    reader.close()
    return reader.finished()
