"""What the EHR says it offers: version, the searches ketplan makes, the writes, the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ketplan.ehr.ability import Ability, Known
from ketplan.ehr.asking import Query
from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.client import FhirClient
from ketplan.ehr.doctor.report import Check, Light
from ketplan.ehr.finding import OFFERED_ON
from ketplan.ehr.profiles.load import generic
from ketplan.ehr.profiles.model import Profile
from ketplan.ehr.sections import SECTIONS, SectionSpec, by_parts, searches
from ketplan.errors import EhrError

# Without these nobody can be screened: a plan made without them would rest on nothing.
NEEDED = frozenset({"Patient", "Condition", "Observation", "MedicationRequest", "AllergyIntolerance"})
NOT_SCREENED = "cannot screen anybody without it"
NOT_READ = "shows this section as not read; the clinician looks in the chart"


class Rung(NamedTuple):
    """A type ketplan writes, with which interactions, and what is lost where one of them is missing."""

    kind: str
    verbs: tuple[str, ...]
    lost: str


RUNGS = (
    Rung("Goal", ("create",), "writes the plan without its aim as a resource of its own"),
    Rung(
        "CarePlan",
        ("create", "update"),
        "proposes the plan and names in the preview what is not written; without the CarePlan no request and "
        "no visit is written either",
    ),
    Rung(
        "ServiceRequest",
        ("create",),
        "writes the CarePlan without its modalities and the visits they ask for",
    ),
    Rung(
        "Appointment",
        ("create",),
        "writes the plan without visits; they are booked by hand from its timetable",
    ),
    Rung("Provenance", ("create",), "keeps who signed in its own audit trail, not in the EHR"),
    Rung("QuestionnaireResponse", ("create",), "keeps the answers to a scale itself, not in the EHR"),
    Rung("Observation", ("create",), "keeps totals and what a session measured itself, not in the EHR"),
    Rung("Procedure", ("create",), "keeps that a session took place itself, not in the EHR"),
    Rung("MedicationAdministration", ("create",), "keeps the dose that was given itself, not in the EHR"),
    Rung("AdverseEvent", ("create",), "keeps an adverse event itself, not in the EHR"),
)


def spoken(client: FhirClient) -> tuple[Check, Capabilities | None]:
    """FHIR R4 or not, with what the EHR offers when it is."""
    asked = "GET metadata, FHIR 4.0"
    try:
        found = client.capabilities()
    except EhrError as error:
        if error.status in (401, 403):
            instead = "asks again with a sign-in; give a token (--token-env) to know more"
            return Check(
                "FHIR version", asked, f"not without a sign-in (HTTP {error.status})", Light.AMBER, instead
            ), None
        return Check("FHIR version", asked, str(error), Light.RED, "needs an R4 server"), None
    software = f", {found.software}" if found.software else ""
    return Check("FHIR version", asked, f"{found.fhir_version}{software}", Light.GREEN), found


def recognised(profile: Profile) -> Check:
    """Which vendor profile is used, and how much it knows."""
    asked = "settings, address, CapabilityStatement"
    if profile == generic():
        return Check("profile", asked, "of no vendor that is known: as any FHIR R4 server", Light.GREEN)
    told = f"{profile.label} ({profile.name}): {len(profile.limits)} limits, {len(profile.quirks)} quirks"
    return Check("profile", asked, told, Light.GREEN)


def offered(known: Known, found: Capabilities, scope: str | None = None) -> Iterator[Check]:
    """One check per section of the record, per type to write, and of what surrounds them."""
    yield _reading(found)
    for spec in SECTIONS:
        yield _search(found, spec, known.profile)
    for rung in RUNGS:
        yield _rung(known, rung, scope)
    yield _once(found)
    yield _calendar(found)
    yield from _finding(found)


def parameters(query: Query) -> str:
    """The names of a query's parameters, without what they are asked for."""
    return ", ".join(dict.fromkeys(name for name, _ in query if name != "_count"))


def light(kind: str) -> tuple[Light, str]:
    """What it means when `kind` cannot be read."""
    return (Light.RED, NOT_SCREENED) if kind in NEEDED else (Light.AMBER, NOT_READ)


def _reading(found: Capabilities) -> Check:
    if found.can("Patient", "read"):
        return Check("read Patient", "read", "offered", Light.GREEN)
    return Check("read Patient", "read", "not offered", *light("Patient"))


def _search(found: Capabilities, spec: SectionSpec, profile: Profile) -> Check:
    spec = spec.parts[0] if by_parts(spec, profile) else spec
    queries = searches(spec, profile)
    name, asked = f"search {spec.kind}", f"by {parameters(queries[0])}"
    if not found.can(spec.kind, "search-type"):
        return Check(name, asked, "not offered", *light(spec.kind))
    missing = [_missing(found, spec.kind, query) for query in queries]
    if not missing[0]:
        return Check(name, asked, "offered", Light.GREEN)
    answer = f"offered without {', '.join(missing[0])}"
    for query, lacks in zip(queries, missing, strict=True):
        if not lacks:
            return Check(name, asked, answer, Light.AMBER, f"asks by {parameters(query)} where it is refused")
    return Check(
        name, asked, answer, Light.AMBER, "asks all the same, and shows the section as not read if refused"
    )


def _missing(found: Capabilities, kind: str, query: Query) -> list[str]:
    """What of `query` the EHR does not name; a server that names no parameters at all is believed."""
    named, includes = found.search_params.get(kind, frozenset()), found.includes.get(kind, frozenset())
    asked = [name for name, _ in query if not name.startswith("_")]
    lacks = [name for name in dict.fromkeys(asked) if named and name not in named]
    wanted = [value for name, value in query if name == "_include"]
    return lacks + ["_include" for value in wanted if not includes & {value, "*"}]


def _rung(known: Known, rung: Rung, scope: str | None) -> Check:
    """The four that decide: what is known of this kind, what it says, what it granted, what it refused."""
    name, asked = f"write {rung.kind}", " and ".join(rung.verbs)
    abilities = [known.ability(rung.kind, verb, scope) for verb in rung.verbs]
    said = "; ".join(_voices(ability, len(abilities) > 1) for ability in abilities)
    lacks = [ability.verb for ability in abilities if not ability.may]
    if not lacks:
        return Check(name, asked, f"native ({said})", Light.GREEN)
    lost = rung.lost if "create" in lacks else "leaves it a draft, without its list of what was booked"
    return Check(name, asked, f"{' and '.join(lacks)} not offered ({said})", Light.AMBER, lost)


def _voices(ability: Ability, named: bool) -> str:
    words = {True: "yes", False: "no", None: "silent"}
    said = ", ".join(f"{voice.source} {words[voice.says]}" for voice in ability.voices)
    return f"{ability.verb}: {said}" if named else said


def _once(found: Capabilities) -> Check:
    kinds = [rung.kind for rung in RUNGS if found.can(rung.kind, "create") and rung.kind != "Provenance"]
    asked = "conditionalCreate for what is written"
    if not kinds:
        return Check("write once", asked, "nothing can be created", Light.AMBER, "writes nothing")
    lacks = [kind for kind in kinds if kind not in found.conditional_create]
    if not lacks:
        return Check("write once", asked, "declared", Light.GREEN)
    instead = "searches by identifier before each create, and after each answer that was lost"
    return Check("write once", asked, f"not declared for {', '.join(lacks)}", Light.AMBER, instead)


def _calendar(found: Capabilities) -> Check:
    asked = "Slot by start, status; Schedule"
    searched = found.can("Slot", "search-type")
    lacks = _missing(found, "Slot", (("start", ""), ("status", ""))) if searched else ["search"]
    if not found.can("Schedule", "read"):
        lacks.append("Schedule")
    if not lacks:
        return Check("calendar", asked, "offered", Light.GREEN)
    instead = "places visits by the clinic's opening hours, without the EHR's free times"
    return Check("calendar", asked, f"without {', '.join(lacks)}", Light.AMBER, instead)


def _finding(found: Capabilities) -> Iterator[Check]:
    """Nothing where it is not offered: most have no such operation."""
    kinds = [kind for kind in OFFERED_ON if found.operation(kind, "find") is not None]
    if kinds:
        yield Check("free times", "$find, before Slots", f"offered on {', '.join(kinds)}", Light.GREEN)
