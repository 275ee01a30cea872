"""Current medication that interacts with ketamine, and past ketamine: protocol facts 3.2, 8b, 1.3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ketplan.clinical.findings import Evidence, Finding, FindingClass, evidence_of
from ketplan.clinical.ingredients import INGREDIENTS, names_in
from ketplan.clinical.record import Medication, MedicationKind
from ketplan.clinical.rules import finding
from ketplan.clinical.view import View

NMDA = frozenset({"6130", "2119365"})
NONRESPONSE_BELOW_PCT = 25
NEVER_GIVEN = frozenset({"cancelled", "draft", "not-taken", "not-done", "intended"})
_28_MG = re.compile(r"(?<![\d.])28 ?mg\b")
NO_MEDICATION = frozenset({"no-known-medications", "787481004", "182849000"})


@dataclass(frozen=True, slots=True)
class Interaction:
    """RxNorm ingredients that share one effect and one piece of advice."""

    id: str
    ingredients: frozenset[str]
    advice: str


def _row(id: str, ingredients: str, advice: str) -> Interaction:
    return Interaction(id, frozenset(ingredients.split()), advice)


# 3.2 as amended by 8b. The ingredient codes 8b names without a number stand, with their provenance, in
# ingredient_table.
INTERACTIONS: tuple[Interaction, ...] = (
    _row(
        "INTERACTION_BENZODIAZEPINE",
        "596 2598 3322 6470 6960 10355 2356 10767 21241 7781 4077 4501 35185 2353",
        "shorten ketamine's benefit and add sedation. Consider spacing the dose; never stop abruptly.",
    ),
    _row("INTERACTION_LAMOTRIGINE", "28439", "may weaken the effect. Do not stop it: seizure and mood risk."),
    _row(
        "INTERACTION_MAOI", "8123 10734 6011 9639 190376", "raise blood pressure: extra measurements needed."
    ),
    _row("INTERACTION_STIMULANT", "725 3288 700810 6901 352372 6816 30125 641465", "raise blood pressure."),
    _row(
        "INTERACTION_CNS_DEPRESSANT",
        "7052 7804 5489 4337 6813 1819 10689 2670 39993 461016 25480 187832 8134"
        " 3423 7814 787390 6754 5553 51272 10737 9899",
        "add sedation and depress breathing.",
    ),
    _row("INTERACTION_OPIOID_ANTAGONIST", "7243", "markedly weakened the benefit in one small trial."),
    _row(
        "INTERACTION_CYP_INHIBITOR",
        "21212 85762 6135 28031 31565 10594 32968",
        "raise the exposure of oral ketamine; little effect on an infusion.",
    ),
    _row("INTERACTION_CYP_INDUCER", "9384 2002 8183 8134", "lower the exposure, of oral ketamine most."),
    _row("INTERACTION_THEOPHYLLINE", "10438 689", "may lower the seizure threshold."),
    _row("INTERACTION_ANTIPSYCHOTIC", "2626 5093 35636", "may blunt the effect; reports conflict."),
)


def screen(view: View, route: str | None) -> Iterator[Finding]:
    """Interactions with what is taken now. `route` matters for CYP inhibitors only: oral is worse."""
    current = [m for m in view.current_medications if not says_none(m)]
    for row in INTERACTIONS:
        if found := [m for m in current if view.ingredients_of(m) & row.ingredients]:
            names = ", ".join(dict.fromkeys(m.label for m in found))
            downgraded = row.id == "INTERACTION_CYP_INHIBITOR" and route != "PO"
            yield finding(
                row.id,
                f"{names}: {row.advice}",
                map(evidence_of, found),
                cls=FindingClass.INFO if downgraded else None,
            )
    unmapped = [m for m in current if view.ingredients.get(m.reference) is None]
    if unmapped:
        names = ", ".join(dict.fromkeys(_as_written(m) for m in unmapped))
        yield finding(
            "MEDICATION_UNMAPPED",
            f"Which drug this is cannot be told from its code: {names}.",
            map(evidence_of, unmapped),
        )
    yield from _ambiguous_route(current)
    yield from _past_ketamine(view)


def _as_written(medication: Medication) -> str:
    """The entry's words, with the drugs they seem to name: a reader is told, no rule relies on it."""
    named = sorted(INGREDIENTS[key].name for key in names_in(medication.label))
    return f"{medication.label} (perhaps {', '.join(named)})" if named else medication.label


def says_none(medication: Medication) -> bool:
    """An entry that asserts that nothing is taken."""
    return any(c.code in NO_MEDICATION for c in medication.codes)


def _ambiguous_route(current: list[Medication]) -> Iterator[Finding]:
    """Seed S5: "intranasal ketamine 28 mg" is one esketamine device, or a compounded spray."""
    for m in current:
        if is_ambiguous(f"{m.text} {m.dosage} {' '.join(c.display for c in m.codes)}"):
            yield finding(
                "ROUTE_AMBIGUOUS_IN",
                "Intranasal ketamine 28 mg: esketamine by device, or a compounded racemic spray?",
                [evidence_of(m)],
            )
            return


def is_ambiguous(text: str) -> bool:
    """Does the text say intranasal ketamine 28 mg, in a record or as somebody typed it?"""
    words = text.lower()
    return "nasal" in words and bool(_28_MG.search(words)) and names_in(words) & NMDA == {"6130"}


def _past_ketamine(view: View) -> Iterator[Finding]:
    intake = view.record.intake
    courses = intake.nmda_courses
    entries = [
        m
        for m in view.record.medications
        if view.ingredients_of(m) & NMDA and m.status not in NEVER_GIVEN and view.happened(m.start)
    ]
    if not courses and not entries:
        return
    told = [Evidence(intake.reference, "earlier ketamine course")] if courses else []
    evidence = [*map(evidence_of, entries), *told]
    yield finding("PRIOR_NMDA_EXPOSURE", "Ketamine or esketamine was given before.", evidence)
    if any(
        c.improvement_below_pct is not None and c.improvement_below_pct <= NONRESPONSE_BELOW_PCT
        for c in courses
    ):
        yield finding("PRIOR_NMDA_NONRESPONSE", "An earlier course helped by less than 25 %.", told)
    given = sum(m.kind is MedicationKind.ADMINISTRATION for m in entries)
    lifetime = max(sum(c.administrations or 0 for c in courses), given)
    if lifetime > view.house.results.lifetime_doses:
        yield finding("CUMULATIVE_DOSE_REVIEW", f"{lifetime} lifetime administrations are known.", evidence)
