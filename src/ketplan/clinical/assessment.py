"""Assess a record: which disorder, what speaks against ketamine, what is missing, what may be proposed.

`assess` asks every screen, in no order that could change the answer, and hands back one verdict with its
reasons. Findings do not depend on what is proposed: weight, interactions, escort and treatment resistance
are judged for every patient with a target disorder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ketplan.clinical import codes, rules
from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.dose import Dose, first_dose
from ketplan.clinical.findings import (
    Decision,
    Evidence,
    Finding,
    FindingClass,
    decide,
    evidence_of,
    value_words,
)
from ketplan.clinical.house import House
from ketplan.clinical.library import SHIPPED, Library
from ketplan.clinical.protocols import ketamine
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.clinical.record import Code, Fact, PatientRecord
from ketplan.clinical.rules import finding
from ketplan.clinical.screens import conditions, interactions, pregnancy, pressure, results, suicide, workup
from ketplan.clinical.screens import resistance as resistance_screen
from ketplan.clinical.screens.resistance import Resistance
from ketplan.clinical.screens.weight import DosingWeight, dosing_weight
from ketplan.clinical.screens.workup import Item
from ketplan.clinical.view import View, number
from ketplan.errors import InputError

_NO_DRUG = ketamine.BY_ID["NONE"]
_LITTLE_EVIDENCE = frozenset({"PANIC", "SPECIFIC_PHOBIA"})
# What matters to a course of therapy without ketamine.
_THERAPY_FINDINGS = frozenset(
    {
        "PATIENT_DECEASED",
        "AGE_LT_18",
        "PSYCHOSIS_SPECTRUM",
        "SI_HIGH",
        "SI_MODERATE",
        "SI_LOW",
        "PHQ9_ITEM9_POSITIVE",
    }
    | {"NO_TARGET_DISORDER", "MULTI_DX_PRINCIPAL_UNSPECIFIED", "DSM5_CLASS_OCD", "DSM5_CLASS_TRAUMA"}
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a clinician chose instead of the proposal. None means: as proposed.

    `protocol` and `cbt` are ids of the library, `basis` one of actual, ideal, adjusted; `cbt_only` asks for
    a plan of therapy alone, assessed on its own.
    """

    protocol: str | None = None
    cbt: str | None = None
    basis: str | None = None
    cbt_only: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict on one record on one day. `lead` is the disorder the plan is for, None when unclear;
    `library` what the site offers."""

    view: View
    choice: Choice
    decision: Decision
    findings: tuple[Finding, ...]
    targets: tuple[Disorder, ...]
    lead: Disorder | None
    protocol: KetamineProtocol
    dose: Dose | None
    weight: DosingWeight
    resistance: Resistance | None
    gate: tuple[Item, ...]
    library: Library = SHIPPED

    def found(self, *ids: str) -> bool:
        return any(f.id in ids for f in self.findings)


def assess(
    record: PatientRecord,
    as_of: date,
    start: date,
    house: House | None = None,
    choice: Choice | None = None,
    library: Library = SHIPPED,
) -> Assessment:
    """The verdict on `record` at `as_of` for a course that starts on `start`, from what `library` offers.

    Raises InputError for a choice that is not in the library or a start before the as-of date.
    """
    choice = choice or Choice()
    _check(choice, library, as_of, start)
    view = View(record.in_order(), as_of, start, house or House())
    if record.patient.deceased:
        dead = finding(
            "PATIENT_DECEASED",
            "The record says that the patient has died.",
            [Evidence(record.patient.reference, "deceased")],
        )
        return _verdict(view, choice, library, [dead], (), None)
    targets = tuple(d for d in DISORDERS if view.active(d.value_set))
    lead = _lead(view, targets)
    found = _findings(view, choice, library, targets, lead)
    return _verdict(view, choice, library, found, targets, lead)


def _check(choice: Choice, library: Library, as_of: date, start: date) -> None:
    if start < as_of:
        raise InputError(f"The start {start} lies before the as-of date {as_of}.")
    if choice.protocol is not None and library.offered(choice.protocol) is None:
        if interactions.is_ambiguous(choice.protocol):
            raise InputError(
                "Intranasal ketamine 28 mg is ambiguous: say esketamine (ESK_LABEL, 28 mg is one device);"
                " a compounded racemic spray has no protocol here."
            )
        raise InputError(f"There is no protocol {choice.protocol} switched on here.")
    if choice.basis not in (None, "actual", "ideal", "adjusted"):
        raise InputError("The dosing weight's basis is one of actual, ideal or adjusted.")


def _lead(view: View, targets: Sequence[Disorder]) -> Disorder | None:
    """The only target, or the one the intake names as principal."""
    if len(targets) == 1:
        return targets[0]
    named = view.record.intake.principal_diagnosis
    said = Fact("", (named,) if named else ())
    return next((d for d in targets if said in d.value_set), None)


def _findings(
    view: View, choice: Choice, library: Library, targets: Sequence[Disorder], lead: Disorder | None
) -> Iterator[Finding]:
    route = _proposed(choice, library, targets, lead).route
    yield from suicide.screen(view)
    yield from conditions.screen(view)
    yield from pregnancy.screen(view)
    yield from pressure.screen(view)
    yield from results.screen(view)
    yield from workup.screen(view, workup.items(view, targets), bool(targets))
    if not targets:
        yield finding("NO_TARGET_DISORDER", "None of the six target disorders is on the problem list.")
        return
    yield from dosing_weight(view).findings
    yield from interactions.screen(view, route)
    yield from _escort(view)
    yield from resistance_screen.screen(view, _resistance(view, targets, lead))
    yield from _severity(view, targets, lead)
    yield from _diagnoses(view, targets, lead)
    yield from _evidence(targets)
    yield from _product(view, choice)


def _resistance(view: View, targets: Sequence[Disorder], lead: Disorder | None) -> Resistance:
    return resistance_screen.judge(view, [lead] if lead else targets)


def _proposed(
    choice: Choice, library: Library, targets: Sequence[Disorder], lead: Disorder | None
) -> KetamineProtocol:
    """The chosen protocol, the lead's default, or the one default all targets share; switched off is none."""
    if choice.protocol:
        return library.protocol(choice.protocol)
    defaults = {lead.default_protocol} if lead else {d.default_protocol for d in targets}
    return library.offered(defaults.pop() if len(defaults) == 1 else "NONE") or _NO_DRUG


def _verdict(
    view: View,
    choice: Choice,
    library: Library,
    found: Iterable[Finding],
    targets: tuple[Disorder, ...],
    lead: Disorder | None,
) -> Assessment:
    findings = conditions.merge(found)
    if choice.cbt_only:
        findings = [_for_therapy(f) for f in findings if f.id in _THERAPY_FINDINGS or f.id == "BP_CRISIS"]
    resistance = _resistance(view, targets, lead) if targets else None
    weight = dosing_weight(view) if targets else DosingWeight()
    offered = decide(findings) is not Decision.BLOCKED and not choice.cbt_only
    may_dose = offered and resistance is not None and resistance.met
    protocol = _proposed(choice, library, targets, lead) if may_dose else _NO_DRUG
    dose = first_dose(view, protocol, weight, choice.basis, lead)
    findings += _large_dose(view, dose)
    return Assessment(
        view=view,
        choice=choice,
        decision=decide(findings),
        findings=tuple(sorted(findings, key=_order)),
        targets=targets,
        lead=lead,
        protocol=protocol,
        dose=dose,
        weight=weight if offered else DosingWeight(),
        resistance=resistance,
        gate=workup.items(view, targets) if targets else (),
        library=library,
    )


def _for_therapy(found: Finding) -> Finding:
    """A hypertensive crisis does not forbid therapy, but it is seen to first."""
    return replace(found, cls=FindingClass.HOLD) if found.id == "BP_CRISIS" else found


_TABLE_ORDER = {id: n for n, id in enumerate(rules.RULES)}
_SUICIDE_FIRST = ("SI_HIGH", "SI_MODERATE", "SI_LOW", "PHQ9_ITEM9_POSITIVE")


def _order(found: Finding) -> tuple[bool, int, int]:
    """Suicide risk first, whatever else there is; then by class; then as the table lists them."""
    return found.id not in _SUICIDE_FIRST, found.cls.rank, _TABLE_ORDER[found.id]


# --- findings about the whole -----------------------------------------------------------------------------


def _escort(view: View) -> Iterator[Finding]:
    if not view.record.intake.escort_confirmed:
        asked = view.record.intake.reference
        yield finding(
            "NO_ESCORT",
            "No companion is confirmed to take the patient home.",
            [Evidence(asked, "intake")] if asked else [],
        )


def _severity(view: View, targets: Sequence[Disorder], lead: Disorder | None) -> Iterator[Finding]:
    for disorder in [lead] if lead else targets:
        score = workup.scale_score(view, disorder.scale)
        entry = disorder.scale.entry
        if score and entry is not None and (total := number(score)) is not None and total < entry:
            yield finding(
                "SEVERITY_BELOW_ENTRY",
                f"{disorder.scale.title} {value_words(score)} is below {entry}, the usual entry.",
                [evidence_of(score)],
            )


def _diagnoses(view: View, targets: Sequence[Disorder], lead: Disorder | None) -> Iterator[Finding]:
    if lead is None:
        yield finding(
            "MULTI_DX_PRINCIPAL_UNSPECIFIED",
            f"Several target disorders and none named principal: {', '.join(d.title for d in targets)}.",
            [evidence_of(c) for d in targets for c in view.active(d.value_set)],
        )
    for disorder in targets:
        if disorder.class_note:
            yield finding(
                disorder.class_note, f"DSM-5 classes {disorder.title} apart from anxiety disorders."
            )
    if depressed := view.active(codes.DEPRESSION):
        yield finding(
            "COMORBID_TRD_LABELLED_OPTION",
            "Depression is coded too: where it is treatment-resistant, esketamine is a labelled option.",
            map(evidence_of, depressed),
        )


def _evidence(targets: Sequence[Disorder]) -> Iterator[Finding]:
    yield finding("OFF_LABEL", "Ketamine is off-label for all six disorders.")
    only_little = all(d.id in _LITTLE_EVIDENCE for d in targets)
    words = {
        "EVIDENCE_LOW": "Evidence is low: small trials only.",
        "EVIDENCE_MIXED": "Evidence is mixed: the largest trial found no effect.",
        "EVIDENCE_VERY_LOW": "Evidence is very low: one case report.",
        "EVIDENCE_INSUFFICIENT": "No outcome has been published: ketamine is not proposed by default.",
    }
    for id in dict.fromkeys(d.evidence for d in targets):
        if only_little or rules.RULES[id].cls is FindingClass.INFO:
            yield finding(id, words[id])


def _product(view: View, choice: Choice) -> Iterator[Finding]:
    protocol = ketamine.BY_ID[choice.protocol] if choice.protocol else None
    if protocol and protocol.route == "PO":
        yield finding("ORAL_COMPOUNDED", "Oral ketamine is compounded and unapproved.")
    if protocol and protocol.route == "IN":
        on_label = view.active(codes.ESKETAMINE_INDICATION)
        words = "Esketamine is off-label for anxiety" + (
            "; depression is coded." if on_label else " and no depression is coded: a clinician's override."
        )
        yield finding("ESK_OFF_LABEL_ANXIETY", words, map(evidence_of, on_label))
        yield finding(
            "REMS_NOT_CONFIRMED",
            "Esketamine: site certification, patient enrolment and the monitoring form are not confirmed.",
        )


def _large_dose(view: View, dose: Dose | None) -> list[Finding]:
    limit = view.house.dose_absolute_review_mg
    if dose is None or dose.mg is None or dose.mg_per_kg is None or dose.mg <= limit:
        return []
    return [finding("DOSE_ABS_GT_80", f"The first dose of {dose.mg} mg is above {limit} mg.")]


def target_of(code: Code) -> Disorder | None:
    """The target disorder a code stands for."""
    said = Fact("", (code,))
    return next((d for d in DISORDERS if said in d.value_set), None)
