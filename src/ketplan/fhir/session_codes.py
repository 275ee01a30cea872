"""Codes of what is recorded on the day of a dose where no published system has one, and of whose visit."""

from __future__ import annotations

from ketplan.clinical.progress.facts import EventKind
from ketplan.clinical.session.during import Symptom
from ketplan.fhir.datatypes import BASE

SESSION_MEASURE = f"{BASE}/CodeSystem/session-measure"
ADVERSE_EVENT_KIND = f"{BASE}/CodeSystem/adverse-event-kind"
# Every resource of one dosing visit carries it: "<plan>/<visit>", such as "…/infusion-3".
PLAN_VISIT_SYSTEM = f"{BASE}/sid/plan-visit"

DOSE, DOSE_MG, DOSE_MG_PER_KG = "administered-dose", "dose-mg", "dose-mg-per-kg"
TOLERANCE = "session-tolerance"
DISTRESSING, VOMITING = "distressing-dissociation", "vomiting"
VOMITING_DESPITE, NEW_IDEATION = "vomiting-despite-antiemetic", "new-suicidal-ideation"
NAUSEA, WARNING_SYMPTOMS = "nausea", "warning-symptoms"
PADSS, ALDRETE = "padss", "modified-aldrete"

# Code and meaning. Sources: facts 4.1 to 4.3 and 8b.
MEASURES: dict[str, str] = {
    DOSE: "Ketamine or esketamine given",
    DOSE_MG: "Dose given in milligrams",
    DOSE_MG_PER_KG: "Dose given in milligrams per kilogram of dosing weight",
    TOLERANCE: "How the dose was tolerated",
    DISTRESSING: "Dissociation that distressed the patient",
    NAUSEA: "Nausea",
    VOMITING: "Vomiting",
    VOMITING_DESPITE: "Vomiting in spite of an antiemetic",
    NEW_IDEATION: "New suicidal ideation since the last contact",
    WARNING_SYMPTOMS: "Symptoms that stop a dose",
    **{symptom.name.lower().replace("_", "-"): symptom.value for symptom in Symptom},
    PADSS: "Post-Anaesthetic Discharge Scoring System, total score",
    ALDRETE: "Modified Aldrete score, total score",
}


def code_of(kind: EventKind) -> str:
    return kind.name.lower().replace("_", "-")


KINDS = {code_of(kind): kind for kind in EventKind}
