"""Search parameters: which there are per type, and what each one means as a test on a resource."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.sandbox.wire import FhirError, Resource

Test = Callable[[Resource], bool]


@dataclass(frozen=True)
class Param:
    """One search parameter: its FHIR type and the elements it looks into."""

    type: str
    paths: tuple[str, ...]


def _token(*paths: str) -> Param:
    return Param("token", paths)


def _reference(*paths: str) -> Param:
    return Param("reference", paths)


def _date(*paths: str) -> Param:
    return Param("date", paths)


def _string(*paths: str) -> Param:
    return Param("string", paths)


def _of(who: str | None = "subject", /, **own: Param) -> dict[str, Param]:
    """The parameters of one type. Most know the patient as ``subject``; keyword ``x_y`` means ``x-y``."""
    common = {"_id": _token("id"), "identifier": _token("identifier"), "status": _token("status")}
    patient = {"patient": _reference(who), "subject": _reference(who)} if who else {}
    return common | patient | {name.replace("_", "-"): param for name, param in own.items()}


_NAME = _string("name.family", "name.given", "name.text", "name")
_CODE = {"code": _token("code"), "category": _token("category")}

TYPES: dict[str, dict[str, Param]] = {
    "Patient": _of(None, name=_NAME, family=_string("name.family"), given=_string("name.given"),
                   birthdate=_date("birthDate"), gender=_token("gender")),
    "Practitioner": _of(None, name=_NAME),
    "PractitionerRole": _of(None, practitioner=_reference("practitioner"), role=_token("code")),
    "Organization": _of(None, name=_NAME),
    "Location": _of(None, name=_NAME),
    "Condition": _of(**_CODE, clinical_status=_token("clinicalStatus"), onset_date=_date("onsetDateTime"),
                     verification_status=_token("verificationStatus"), encounter=_reference("encounter"),
                     recorded_date=_date("recordedDate")),
    "AllergyIntolerance": _of("patient", **_CODE, date=_date("recordedDate"),
                              clinical_status=_token("clinicalStatus"),
                              verification_status=_token("verificationStatus")),
    "Medication": _of(None, code=_token("code")),
    "MedicationRequest": _of(intent=_token("intent"), code=_token("medicationCodeableConcept"),
                             category=_token("category"), medication=_reference("medicationReference"),
                             authoredon=_date("authoredOn"), date=_date("authoredOn"),
                             encounter=_reference("encounter")),
    "MedicationStatement": _of(code=_token("medicationCodeableConcept"), category=_token("category"),
                               medication=_reference("medicationReference"),
                               effective=_date("effectiveDateTime", "effectivePeriod")),
    "MedicationAdministration": _of(code=_token("medicationCodeableConcept"),
                                    medication=_reference("medicationReference"),
                                    effective_time=_date("effectiveDateTime", "effectivePeriod")),
    "Observation": _of(**_CODE, date=_date("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
                       encounter=_reference("encounter"), performer=_reference("performer")),
    "DiagnosticReport": _of(**_CODE, date=_date("effectiveDateTime", "effectivePeriod")),
    "Procedure": _of(**_CODE, date=_date("performedDateTime", "performedPeriod"),
                     encounter=_reference("encounter"), based_on=_reference("basedOn")),
    "QuestionnaireResponse": _of(questionnaire=_string("questionnaire"), authored=_date("authored"),
                                 encounter=_reference("encounter"), based_on=_reference("basedOn")),
    "Encounter": _of(date=_date("period"), type=_token("type"), **{"class": _token("class")}),
    "Consent": _of("patient", category=_token("category"), date=_date("dateTime")),
    "DocumentReference": _of(type=_token("type"), category=_token("category"), date=_date("date")),
    "CarePlan": _of(category=_token("category"), date=_date("period"), intent=_token("intent"),
                    based_on=_reference("basedOn"), condition=_reference("addresses"),
                    goal=_reference("goal"), encounter=_reference("encounter")),
    "CareTeam": _of(category=_token("category"), date=_date("period")),
    "Goal": _of(category=_token("category"), start_date=_date("startDate"),
                lifecycle_status=_token("lifecycleStatus")),
    "ServiceRequest": _of(**_CODE, intent=_token("intent"), authored=_date("authoredOn"),
                          occurrence=_date("occurrenceDateTime", "occurrencePeriod"),
                          based_on=_reference("basedOn")),
    "Task": _of("for", based_on=_reference("basedOn"), focus=_reference("focus"), code=_token("code"),
                owner=_reference("owner")),
    "Communication": _of(category=_token("category"), sent=_date("sent"), based_on=_reference("basedOn")),
    "Appointment": _of("participant.actor", date=_date("start"), actor=_reference("participant.actor"),
                       based_on=_reference("basedOn"), slot=_reference("slot"),
                       service_type=_token("serviceType"), service_category=_token("serviceCategory"),
                       practitioner=_reference("participant.actor"),
                       location=_reference("participant.actor"),
                       supporting_info=_reference("supportingInformation"),
                       **{"-date-or-req-period": _date("start", "requestedPeriod")}),
    "Schedule": _of(None, actor=_reference("actor"), date=_date("planningHorizon"), active=_token("active"),
                    service_type=_token("serviceType"), service_category=_token("serviceCategory")),
    "Slot": _of(None, schedule=_reference("schedule"), start=_date("start"),
                service_type=_token("serviceType"), service_category=_token("serviceCategory")),
    "Provenance": _of(None, target=_reference("target"), recorded=_date("recorded"),
                      agent=_reference("agent.who")),
    # R4 has no search of it by patient, identifier or status.
    "AdverseEvent": {"_id": _token("id"), "subject": _reference("subject"), "date": _date("date"),
                     "event": _token("event"), "actuality": _token("actuality"),
                     "seriousness": _token("seriousness")},
    "Flag": _of(date=_date("period")),
    "List": _of(code=_token("code"), date=_date("date")),
    "RelatedPerson": _of("patient", name=_NAME),
}  # fmt: skip


def leaves(value: Any, path: str) -> Iterator[Any]:
    """What stands under a dotted path, through any lists on the way; nothing where the shape is another."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        head, _, rest = path.partition(".")
        if head in value:
            yield from leaves(value[head], rest)


def matcher(name: str, param: Param, raw: str, *, base: str, zone: ZoneInfo) -> Test:
    """The test that one ``name=raw`` of a query makes; commas mean *or*.

    Raises FhirError (400) when the value is not one of the parameter's type.
    """
    wanted = [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", raw)]
    if not all(wanted):
        raise FhirError(400, "invalid", f"The search parameter {name} has no value.")
    makers: dict[str, Callable[[str], Callable[[Any], bool]]] = {
        "token": _token_test,
        "reference": lambda text: _reference_test(text, base),
        "date": lambda text: _date_test(name, text, zone),
        "string": _string_test,
    }
    tests = [makers[param.type](text) for text in wanted]
    return lambda resource: any(
        test(leaf) for path in param.paths for leaf in leaves(resource, path) for test in tests
    )


def tokens(leaf: Any) -> Iterator[tuple[str | None, str]]:
    """The (system, code) pairs in a code, Coding, CodeableConcept, Identifier or boolean."""
    if isinstance(leaf, bool):
        yield None, str(leaf).lower()
    elif isinstance(leaf, str):
        yield None, leaf
    elif isinstance(leaf, dict):
        for coding in leaf.get("coding") or [leaf]:
            code = coding.get("code", coding.get("value")) if isinstance(coding, dict) else None
            if isinstance(code, str):
                yield coding.get("system"), code


def _token_test(text: str) -> Callable[[Any], bool]:
    system, bar, code = text.rpartition("|")

    def test(leaf: Any) -> bool:
        return any(
            (not code or found == code) and (not bar or (has or "") == system) for has, found in tokens(leaf)
        )

    return test


def target(leaf: Any, base: str) -> str | None:
    """``Type/id`` of a Reference (or canonical string), without this server's address and any version."""
    text = leaf.get("reference") if isinstance(leaf, dict) else leaf
    return text.removeprefix(f"{base}/").split("/_history/")[0] if isinstance(text, str) else None


def _reference_test(text: str, base: str) -> Callable[[Any], bool]:
    wanted = target(text, base) or ""
    if "/" in wanted:
        return lambda leaf: target(leaf, base) == wanted
    return lambda leaf: (target(leaf, base) or "").partition("/")[2] == wanted


def _string_test(text: str) -> Callable[[Any], bool]:
    return lambda leaf: isinstance(leaf, str) and leaf.casefold().startswith(text.casefold())


_DATE = re.compile(r"([1-8]\d{3})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d(:\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?")
_OPEN = (datetime.fromisoformat("0002-01-01T00:00Z"), datetime.fromisoformat("9998-01-01T00:00Z"))


@lru_cache(maxsize=16384)
def interval(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First moment, and first moment after, of a FHIR date of any precision; no offset means the clinic's.

    Raises ValueError when it is no date.
    """
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError("not a FHIR date")
    year, month, day, time, seconds = found.groups()
    if time:
        low = datetime.fromisoformat(text)
        low = low if low.tzinfo else low.replace(tzinfo=zone)
        return low, low + (timedelta(seconds=1) if seconds else timedelta(minutes=1))
    low = datetime(int(year), int(month or 1), int(day or 1), tzinfo=zone)
    if day:
        return low, low + timedelta(days=1)
    if month:
        return low, (low + timedelta(days=32)).replace(day=1)
    return low, low.replace(year=low.year + 1)


def span(leaf: Any, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """The interval of a date, dateTime, instant or Period in a resource; None where it cannot be read."""
    try:
        if isinstance(leaf, dict):
            low = interval(leaf["start"], zone)[0] if "start" in leaf else _OPEN[0]
            return low, interval(leaf["end"], zone)[1] if "end" in leaf else _OPEN[1]
        return interval(leaf, zone)
    except (TypeError, ValueError):
        return None


_COMPARE: dict[str, Callable[[datetime, datetime, datetime, datetime], bool]] = {
    "eq": lambda low, high, first, after: low >= first and high <= after,
    "ne": lambda low, high, first, after: low < first or high > after,
    "ge": lambda low, high, first, after: high > first,
    "gt": lambda low, high, first, after: high > after,
    "le": lambda low, high, first, after: low < after,
    "lt": lambda low, high, first, after: low < first,
    "sa": lambda low, high, first, after: low >= after,
    "eb": lambda low, high, first, after: high <= first,
}


def _date_test(name: str, text: str, zone: ZoneInfo) -> Callable[[Any], bool]:
    prefix, rest = (text[:2], text[2:]) if text[:2] in _COMPARE else ("eq", text)
    try:
        first, after = interval(rest, zone)
    except ValueError:
        raise FhirError(400, "invalid", f"The search parameter {name} is not a date.") from None
    compare = _COMPARE[prefix]

    def test(leaf: Any) -> bool:
        found = span(leaf, zone)
        return found is not None and compare(*found, first, after)

    return test
