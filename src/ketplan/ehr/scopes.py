"""What ketplan asks to be allowed, each with its reason, in both dialects of SMART scopes."""

from __future__ import annotations

from typing import NamedTuple


class Scope(NamedTuple):
    """`level` is patient or user; `may` are letters out of c r u d s, in that order."""

    level: str
    kind: str
    may: str
    reason: str


# The chart is read for the launched patient only. What is written is asked for as the user, because some
# EHRs refuse patient-level writes although they grant the scope. No right is asked for twice.
SCOPES: tuple[Scope, ...] = (
    Scope("patient", "Patient", "rs", "name, age and sex of the patient"),
    Scope("patient", "Condition", "rs", "diagnoses that lead to or forbid treatment"),
    Scope("patient", "AllergyIntolerance", "rs", "allergy to ketamine"),
    Scope("patient", "MedicationRequest", "rs", "past trials and interactions"),
    Scope("patient", "MedicationStatement", "rs", "past trials and interactions"),
    Scope("patient", "MedicationAdministration", "rs", "earlier ketamine treatment"),
    Scope("patient", "Medication", "rs", "what an order refers to"),
    Scope("patient", "Observation", "rs", "weight, blood pressure, laboratory, scales"),
    Scope("patient", "Procedure", "rs", "evaluations, consent, past therapy"),
    Scope("patient", "QuestionnaireResponse", "rs", "scales and the intake"),
    Scope("patient", "Encounter", "rs", "evaluations"),
    Scope("patient", "List", "rs", "asserted empty lists"),
    Scope("patient", "AdverseEvent", "rs", "what went wrong in a course"),
    Scope("user", "Practitioner", "rs", "name of the clinician who signs"),
    Scope("user", "PractitionerRole", "rs", "whether the clinician may sign"),
    Scope("user", "Schedule", "rs", "calendars of chairs and therapists"),
    Scope("user", "Slot", "rs", "free times"),
    Scope("user", "CarePlan", "crus", "write the signed plan"),
    Scope("user", "Goal", "crus", "write the aim of the plan"),
    Scope("user", "ServiceRequest", "crus", "write the plan's modalities"),
    Scope("user", "Appointment", "crus", "write the plan's visits"),
    Scope("user", "Provenance", "crs", "record who signed"),
    Scope("user", "DocumentReference", "crs", "write the plan as a note where no care plan is taken"),
    Scope("user", "Task", "crus", "have a visit booked by hand where no appointment is taken"),
    Scope("user", "Communication", "crus", "tell who signs which visits are to be booked by hand"),
    Scope("user", "QuestionnaireResponse", "c", "write answers to a scale, or a plan where no note is taken"),
    Scope("user", "Observation", "c", "write scores of scales and what a session measured"),
    Scope("user", "Procedure", "c", "write that a dosing session took place"),
    Scope("user", "MedicationAdministration", "c", "write the dose that was given"),
    Scope("user", "AdverseEvent", "c", "write an adverse event"),
)
# Work across patients: whom to call about which visit, and nothing of anybody's record. No clinical resource
# is ever written by this permission.
CLINIC_SCOPES: tuple[Scope, ...] = (
    Scope("user", "Patient", "rs", "name, date of birth and telephone of those whose visits are listed"),
    Scope("user", "Appointment", "rs", "where each visit of a plan stands"),
    Scope("user", "Schedule", "rs", "calendars of chairs and therapists"),
    Scope("user", "Slot", "rs", "free times to offer when somebody is away"),
    Scope("user", "Practitioner", "rs", "name of the user"),
    Scope("user", "PractitionerRole", "rs", "role of the user"),
    Scope("user", "Task", "crs", "give somebody a task, once"),
)
IDENTITY = ("openid", "fhirUser")
CONTEXT = {
    "openid": "proof of who signs in",
    "fhirUser": "which practitioner the user is in the EHR",
    "launch": "the patient whose chart is open, when started from the EHR",
    "launch/patient": "the patient the user picks, when started by its own address",
    "online_access": "no new sign-in while the user works on after the first token has run out",
}
OWN_LIST = "named in the settings file of the site"


def requested(capabilities: frozenset[str], in_ehr: bool, override: tuple[str, ...] = ()) -> str:
    """The scope parameter of a launch from the EHR or, with `in_ehr` False, of a standalone one.

    v2 letters when the server declares permission-v2, else v1 words. `override` replaces ketplan's list.
    """
    if override:
        return " ".join(override)
    words = _v2 if "permission-v2" in capabilities else _v1
    context = "launch" if in_ehr else "launch/patient"
    return " ".join([*IDENTITY, context, *(word for scope in SCOPES for word in words(scope))])


def for_clinic(capabilities: frozenset[str]) -> str:
    """The scope parameter of a standalone launch without a patient, in the dialect of `requested`.

    A site's own list belongs to launches with a patient and is no part of it.
    """
    words = _v2 if "permission-v2" in capabilities else _v1
    return " ".join([*IDENTITY, *(word for scope in CLINIC_SCOPES for word in words(scope))])


def reasons(v1: bool = False, override: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Each scope that is asked for, with its reason in plain words: for an app gallery's form."""
    words = _v1 if v1 else _v2
    own = CONTEXT | {word: _reason(scope, word) for scope in SCOPES for word in words(scope)}
    if not override:
        return list(own.items())
    known = own | {word: _reason(scope, word) for scope in SCOPES for word in (*_v1(scope), *_v2(scope))}
    return [(word, known.get(word, OWN_LIST)) for word in override]


def _reason(scope: Scope, word: str) -> str:
    """The reason of one word; what is written is also read, to look before writing."""
    if word.endswith(".read") and set(scope.may) & set("cud"):
        return f"find what an earlier attempt wrote, so as to {scope.reason} once"
    return scope.reason


def _v2(scope: Scope) -> list[str]:
    return [f"{scope.level}/{scope.kind}.{scope.may}"]


def _v1(scope: Scope) -> list[str]:
    reads, writes = set(scope.may) & set("rs"), set(scope.may) & set("cud")
    verbs = [verb for verb, wanted in (("read", reads), ("write", writes)) if wanted]
    return [f"{scope.level}/{scope.kind}.{verb}" for verb in verbs]
