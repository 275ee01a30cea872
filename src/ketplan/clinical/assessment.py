"""Assess a record: which disorder, what speaks against ketamine, what is missing, what may be proposed.

`assess` asks every screen, in no order that could change the answer, and hands back one verdict with its
reasons. Findings do not depend on what is proposed: weight, interactions, escort and treatment resistance
are judged for every patient with a target disorder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from ketplan.clinical.instruments.recomputed import readings
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
        return _verdict(_Case(view, choice, library), [dead])
    case = _case(view, choice, library)
    return _verdict(case, _findings(case))


@dataclass(frozen=True, slots=True)
class _Case:
    """What is worked out once and asked more than once."""

    view: View
    choice: Choice
    library: Library
    targets: tuple[Disorder, ...] = ()
    lead: Disorder | None = None
    gate: tuple[Item, ...] = ()
    weight: DosingWeight = field(default_factory=DosingWeight)
    resistance: Resistance | None = None

    @property
    def proposed(self) -> KetamineProtocol:
        """The chosen protocol, the lead's default, or the one default all share; switched off is none."""
        if self.choice.protocol:
            return self.library.protocol(self.choice.protocol)
        defaults = {d.default_protocol for d in self.treated}
        return self.library.offered(defaults.pop() if len(defaults) == 1 else "NONE") or _NO_DRUG

    @property
    def treated(self) -> tuple[Disorder, ...]:
        return (self.lead,) if self.lead else self.targets


def _case(view: View, choice: Choice, library: Library) -> _Case:
    targets = tuple(d for d in DISORDERS if view.active(d.value_set))
    case = _Case(view, choice, library, targets, _lead(view, targets), workup.items(view, targets))
    if not targets:
        return case
    return replace(case, weight=dosing_weight(view), resistance=resistance_screen.judge(view, case.treated))


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


def _findings(case: _Case) -> Iterator[Finding]:
    view = case.view
    yield from suicide.screen(view)
    yield from conditions.screen(view)
    yield from pregnancy.screen(view)
    yield from pressure.screen(view)
    yield from results.screen(view)
    yield from workup.screen(view, case.gate, bool(case.targets))
    if case.resistance is None:
        yield finding("NO_TARGET_DISORDER", "None of the six target disorders is on the problem list.")
        return
    yield from case.weight.findings
    yield from interactions.screen(view, case.proposed.route)
    yield from _escort(view)
    yield from resistance_screen.screen(view, case.resistance)
    yield from _severity(view, case.treated)
    yield from _diagnoses(view, case.targets, case.lead)
    yield from _evidence(case.targets)
    yield from _product(view, case.choice)


def _verdict(case: _Case, found: Iterable[Finding]) -> Assessment:
    findings = conditions.merge(found)
    if case.choice.cbt_only:
        findings = [_for_therapy(f) for f in findings if f.id in _THERAPY_FINDINGS or f.id == "BP_CRISIS"]
    offered = decide(findings) is not Decision.BLOCKED and not case.choice.cbt_only
    may_dose = offered and case.resistance is not None and case.resistance.met
    protocol = case.proposed if may_dose else _NO_DRUG
    dose = first_dose(case.view, protocol, case.weight, case.choice.basis, case.lead)
    findings += _large_dose(case.view, dose)
    return Assessment(
        view=case.view,
        choice=case.choice,
        decision=decide(findings),
        findings=tuple(sorted(findings, key=_order)),
        targets=case.targets,
        lead=case.lead,
        protocol=protocol,
        dose=dose,
        weight=case.weight if offered else DosingWeight(),
        resistance=case.resistance,
        gate=case.gate if case.targets else (),
        library=case.library,
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


def _severity(view: View, treated: Sequence[Disorder]) -> Iterator[Finding]:
    for disorder in treated:
        score = workup.scale_score(view, disorder.scale)
        entry = view.house.entry.of(disorder.scale.id)
        told = readings(view, disorder.scale.id, score) if score else ()
        if score and told and min(told) < entry:
            said = value_words(score) if number(score) == min(told) else f"{min(told):f} by its answers"
            yield finding(
                "SEVERITY_BELOW_ENTRY",
                f"{disorder.scale.title} {said} is below {entry}, the usual entry.",
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
