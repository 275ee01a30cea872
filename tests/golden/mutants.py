"""Patients made by changing one acceptance case: an editor in the words of the case format, and a registry.

Each mutant says what the papers expect of it. Expectations were written before the code was asked.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.golden.shared import Json, book, tool

AS_OF, START = "2026-02-16", "2026-03-02"
YES, NO = "LA33-6 (Yes)", "LA32-8 (No)"
WISH, THOUGHTS, METHOD, INTENT, PLAN = "93246-7", "93247-5", "93248-3", "93249-1", "93250-9"
LIFETIME, THREE_MONTHS = "93267-3", "93269-9"
WEIGHT, HEIGHT, SYSTOLIC, DIASTOLIC, HCG = "29463-7", "8302-2", "8480-6", "8462-4", "2106-3"
EVALUATION, CONSENT, THERAPY = "10197000", "408835000", "228557008"


class Case:
    """One acceptance case to be changed. Dates are ISO; a result replaces the case's or standard one."""

    def __init__(self, id: str) -> None:
        self.case: Json = copy.deepcopy(next(c for c in book()["cases"] if c["id"] == id))
        self.std: Json = copy.deepcopy(book()["std_workup"])
        self.record: Json = self.case["record"]
        self.after: list[Callable[[Json], None]] = []

    def bundle(self) -> Json:
        made: Json = tool().build(self.case, self.std)
        for change in self.after:
            change(made)
        return made

    # --- results ----------------------------------------------------------------------------------------

    def also(self, loinc: str | None, value: Any, when: str = "2026-02-12", **more: Any) -> None:
        """One more result; `ucum` its unit, `display` its name. Words become a coded value."""
        kind = "valueCode" if isinstance(value, str) else "value"
        more.setdefault("display", f"result {loinc}")
        self.record["observations"].append({"loinc": loinc, kind: value, "date": when, **more})

    def forget(self, name: str) -> None:
        """The case's and the standard results under a LOINC code, or whose name begins so."""
        for holder in (self.record, self.std):
            holder["observations"] = [
                o
                for o in holder["observations"]
                if o.get("loinc") != name and not o["display"].startswith(name)
            ]

    def instead(self, loinc: str, value: Any, when: str = "2026-02-10", **more: Any) -> None:
        self.forget(loinc)
        self.also(loinc, value, when, **more)

    def pressures(self, *readings: tuple[int, int, str]) -> None:
        """Readings of (systolic, diastolic, "2026-02-16T10:00")."""
        for systolic, diastolic, when in readings:
            self.also(SYSTOLIC, systolic, when, ucum="mm[Hg]", display="Systolic BP")
            self.also(DIASTOLIC, diastolic, when, ucum="mm[Hg]", display="Diastolic BP")

    # --- everything else --------------------------------------------------------------------------------

    def born(self, day: str, age: int) -> None:
        self.case["patient"] |= {"birthDate": day, "age": age}

    def condition(self, display: str, snomed: str | None = None, icd: str | None = None, **more: str) -> None:
        status = {"clinicalStatus": "active", "verificationStatus": "confirmed"}
        self.record["conditions"].append(
            {"snomed": snomed, "icd10cm": icd, "display": display, **status, **more}
        )

    def diagnosis(self, display: str, snomed: str | None = None, icd: str | None = None, **more: str) -> None:
        """The only condition."""
        self.record["conditions"] = []
        self.condition(display, snomed, icd, **more)

    def scale(self, name: str, score: int, when: str = "2026-02-12", loinc: str | None = None) -> None:
        """The disorder's score, in place of the case's own."""
        self.record["observations"] = [
            o for o in self.record["observations"] if o.get("loinc") in (WEIGHT, HEIGHT)
        ]
        self.also(loinc, score, when, display=f"{name} total")

    def medication(
        self, display: str, rxnorm: str | None = None, status: str = "active", **more: str
    ) -> None:
        entry = {"rxnorm": rxnorm, "display": display, "status": status, **more}
        self.record.setdefault("medications", []).append(entry)

    def tried(self, *medications: Json) -> None:
        """The past trials, in place of the standard two."""
        self.std["medications"] = [{"outcome": "<50 % improvement", **m} for m in medications]

    def act(self, snomed: str, display: str, when: str) -> None:
        """A procedure in place of the standard one of its code."""
        procedures = self.record.setdefault("procedures_override", copy.deepcopy(self.std["procedures"]))
        self.record["procedures_override"] = [p for p in procedures if p["snomed"] != snomed]
        self.record["procedures_override"].append({"snomed": snomed, "display": display, "date": when})

    def therapy(self, words: str, form: str = "CBT", sessions: int = 14) -> None:
        """The past course of therapy; `words` end in what it achieved ("<50 % improvement")."""
        procedures = self.record.get("procedures_override") or copy.deepcopy(self.std["procedures"])
        self.record["procedures_override"] = [
            *(p for p in procedures if p["snomed"] != THERAPY),
            {
                "snomed": THERAPY,
                "display": words,
                "start": "2024-09-01",
                "end": "2024-12-20",
                "sessions": sessions,
                "form": form,
            },
        ]

    def principal(self, snomed: str) -> None:
        coding = {"system": "http://snomed.info/sct", "code": snomed}
        item = {"linkId": "principal-diagnosis", "answer": [{"valueCoding": coding}]}
        self.after.append(lambda bundle: resource(bundle, "QuestionnaireResponse")["item"].append(item))

    def person(self, **elements: Any) -> None:
        """Elements of the Patient resource."""
        self.after.append(lambda bundle: resource(bundle, "Patient").update(elements))


def resource(bundle: Json, kind: str) -> Json:
    return next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind)


@dataclass(frozen=True)
class Mutant:
    """`findings` exactly, `info` at the least; `no` are ids that must not appear; `told` part of the JSON."""

    name: str
    base: str
    edit: Callable[[Case], None]
    findings: frozenset[str]
    info: frozenset[str]
    no: frozenset[str]
    decision: str
    start: str
    told: Json = field(default_factory=dict)


MUTANTS: list[Mutant] = []


def mutant(
    base: str,
    findings: str = "",
    *,
    info: str = "",
    no: str = "",
    decision: str = "",
    start: str = START,
    **told: Any,
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Register an edit of the case `base`. Ids are given in one string; the decision follows unless said."""

    def register(edit: Callable[[Case], None]) -> Callable[[Case], None]:
        decided = decision or ("needs_review" if findings else "eligible")
        sets = (frozenset(words.split()) for words in (findings, info, no))
        MUTANTS.append(Mutant(edit.__name__, base, edit, *sets, decided, start, told))
        return edit

    return register
