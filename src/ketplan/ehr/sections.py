"""Which searches make a record: a table, with simpler queries for EHRs that refuse the first one.

Longest first, because the record is as slow as its longest chain of pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ketplan.ehr import urls
from ketplan.ehr.asking import Query
from ketplan.ehr.profiles.model import Profile

Json = dict[str, Any]

OTHER_CATEGORIES = ("social-history", "exam", "procedure", "imaging", "therapy", "activity")


@dataclass(frozen=True)
class SectionSpec:
    """One section: the searches to try, in order, until the EHR takes one.

    In a query `{id}` stands for the patient's id, `{from}` and `{to}` for the calendar the app cares about.
    `extra` names the types whose included resources are kept. `parts` are what the section is shown as, by
    `category` (None: all others); they are asked for one by one where the whole is refused. `pieces` are
    asked for one by one as well, but shown as the one section they are.
    """

    name: str
    kind: str
    queries: tuple[Query, ...]
    extra: frozenset[str] = frozenset()
    category: str | None = None
    parts: tuple[SectionSpec, ...] = ()
    pieces: tuple[SectionSpec, ...] = ()


BY_PATIENT: Query = (("patient", "{id}"),)
MEDICATIONS = frozenset({"Medication"})


def _observations(category: str) -> SectionSpec:
    query = (*BY_PATIENT, ("category", category))
    return SectionSpec(f"Observation {category}", "Observation", (query,), category=category)


SECTIONS: tuple[SectionSpec, ...] = (
    # All categories at once, because pregnancy status, QTc and uncategorised scores stand outside the three
    # usual ones. Some EHRs insist on a category.
    SectionSpec(
        "Observation",
        "Observation",
        (BY_PATIENT,),
        parts=(
            _observations("laboratory"),
            _observations("vital-signs"),
            _observations("survey"),
            # An EHR that does not know one of these refuses the whole list.
            SectionSpec(
                "Observation other",
                "Observation",
                ((*BY_PATIENT, ("category", ",".join(OTHER_CATEGORIES))),),
                pieces=tuple(map(_observations, OTHER_CATEGORIES)),
            ),
        ),
    ),
    SectionSpec("Encounter", "Encounter", (BY_PATIENT,)),
    SectionSpec("Procedure", "Procedure", (BY_PATIENT,)),
    SectionSpec(
        "MedicationRequest",
        "MedicationRequest",
        ((*BY_PATIENT, ("_include", "MedicationRequest:medication")), BY_PATIENT),
        MEDICATIONS,
    ),
    SectionSpec(
        "MedicationStatement",
        "MedicationStatement",
        ((*BY_PATIENT, ("_include", "MedicationStatement:medication")), BY_PATIENT),
        MEDICATIONS,
    ),
    SectionSpec(
        "MedicationAdministration",
        "MedicationAdministration",
        ((*BY_PATIENT, ("_include", "MedicationAdministration:medication")), BY_PATIENT),
        MEDICATIONS,
    ),
    SectionSpec("Condition", "Condition", (BY_PATIENT,)),
    SectionSpec("QuestionnaireResponse", "QuestionnaireResponse", (BY_PATIENT,)),
    SectionSpec("CarePlan", "CarePlan", (BY_PATIENT, (*BY_PATIENT, ("category", "assess-plan")))),
    SectionSpec(
        "Appointment",
        "Appointment",
        (
            BY_PATIENT,
            (("actor", "Patient/{id}"),),
            (*BY_PATIENT, ("date", "ge{from}"), ("date", "lt{to}")),
        ),
    ),
    SectionSpec("AllergyIntolerance", "AllergyIntolerance", (BY_PATIENT,)),
    # R4 gives it no search by `patient`.
    SectionSpec("AdverseEvent", "AdverseEvent", ((("subject", "Patient/{id}"),), BY_PATIENT)),
    SectionSpec("List", "List", (BY_PATIENT, (("subject", "Patient/{id}"),))),
)

PAGE = ("_count", "200")
BACK, AHEAD = timedelta(days=90), timedelta(days=400)


def searches(spec: SectionSpec, profile: Profile) -> tuple[Query, ...]:
    """What to ask an EHR of this kind for a section, in the order of trying: its own way first."""
    shape = profile.search(spec.kind)
    if shape is None:
        return spec.queries
    own = shape.queries if spec.name == spec.kind else ()
    tried = (tuple(p for p in query if p[0] not in shape.omit) for query in (*own, *spec.queries))
    return tuple(dict.fromkeys((*query, *shape.also) for query in tried))


def by_parts(spec: SectionSpec, profile: Profile) -> bool:
    """Whether an EHR of this kind wants to be asked part by part from the start."""
    shape = profile.search(spec.kind)
    return bool(spec.parts and shape and shape.split)


def missing_from(query: Query, profile: Profile, kind: str) -> str:
    """What an EHR of this kind leaves out when asked by `query` and not in its own way; mostly nothing."""
    shape = profile.search(kind)
    own = [(*q, *shape.also) for q in shape.queries] if shape else []
    return shape.otherwise if shape and own and query not in own else ""


def filled(query: Query, patient_id: str, today: date, profile: Profile | None = None) -> Query:
    """A query of the table for one patient, in pages as large as an EHR of this kind gives."""
    words = {"{id}": patient_id, "{from}": f"{today - BACK}", "{to}": f"{today + AHEAD}"}
    return paged(worded(query, words), profile)


def worded(query: Query, words: dict[str, str]) -> Query:
    """A query with its placeholders filled in."""
    return tuple((name, _replace(value, words)) for name, value in query)


def paged(query: Query, profile: Profile | None) -> Query:
    most = profile.page if profile else None
    if most is None:
        return (*query, PAGE)
    return (*query, ("_count", str(min(most, int(PAGE[1]))))) if most else query


def belongs(base: str, resource: Json, patient_id: str) -> bool:
    """Whether `resource` says that it is about this patient. One that names nobody does not."""
    wanted = f"Patient/{patient_id}"
    return any(urls.relative_reference(base, r) == wanted for r in _about(resource))


def category_of(resource: Json, categories: set[str]) -> str | None:
    """The first of `categories` that the resource is coded with, None when it is none of them."""
    concepts = resource.get("category")
    for concept in concepts if isinstance(concepts, list) else []:
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            if isinstance(coding, dict) and coding.get("code") in categories:
                return str(coding["code"])
    return None


def references(resources: list[Json], element: str) -> list[str]:
    """The literal references in `element` of each resource, each once, without contained ones."""
    found = (_reference(r.get(element)) for r in resources)
    return list(dict.fromkeys(r for r in found if r and not r.startswith("#")))


def _replace(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(name, word)
    return text


def _about(resource: Json) -> list[str]:
    people = [resource.get("subject"), resource.get("patient"), resource.get("for")]
    participants = resource.get("participant")
    if resource.get("resourceType") == "Appointment" and isinstance(participants, list):
        people += [p.get("actor") for p in participants if isinstance(p, dict)]
    return [text for text in map(_reference, people) if text]


def _reference(value: Any) -> str | None:
    text = value.get("reference") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None
