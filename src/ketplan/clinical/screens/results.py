"""Results outside their limits: laboratory, oxygen, ECG, questionnaires. Protocol facts 3.1 and 8b.

The newest value decides, however old: an abnormal result stays a concern until a newer one. Whether it is
too old to rely on is the work-up gate's question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from ketplan.clinical import codes
from ketplan.clinical.findings import Finding, evidence_of, value_words
from ketplan.clinical.instruments.recomputed import readings
from ketplan.clinical.record import Observation
from ketplan.clinical.rules import finding
from ketplan.clinical.scales import AUDIT_C, BPIC_NAMES, CHILD_PUGH_NAMES, DAST_10, MOCA, SLUMS_NAMES
from ketplan.clinical.screens.limits import ResultLimits
from ketplan.clinical.view import View, is_positive, number

TSH, SPO2, ALT, AST, EGFR, QTC = "3016-3", "59408-5", "1742-6", "1920-8", "98979-8", "8636-3"
# Urine screen → ingredients whose active prescription explains a positive (3.1 UDS_UNEXPECTED).
DRUG_SCREENS: dict[str, tuple[str, frozenset[str]]] = {
    "19261-7": ("amphetamines", frozenset({"725", "3288", "700810", "6816"})),
    "19359-9": ("cocaine", frozenset()),
    "19295-5": ("opiates", frozenset({"7052", "7804", "5489", "2670", "3423", "7814"})),
    "14316-4": (
        "benzodiazepines",
        frozenset(
            {"596", "2598", "3322", "6470", "6960", "10355", "2356", "10767"}
            | {"21241", "7781", "4077", "4501", "35185", "2353"}
        ),
    ),
    "19659-2": ("phencyclidine", frozenset()),
    "18282-4": ("cannabinoids", frozenset()),
}


def screen(view: View) -> Iterator[Finding]:
    for code, beyond, id, words in _limits(view.house.results):
        for result in view.latest(code):
            if (value := number(result)) is not None and beyond(value):
                yield finding(id, words.format(value_words(result)), [evidence_of(result)])
    yield from _liver(view)
    yield from _named_scales(view)
    yield from _alcohol(view)
    yield from _urine(view)
    if found := view.active(codes.SLEEP_APNOEA_COPD):
        yield finding("RESPIRATORY_OSA", "Sleep apnoea or chronic lung disease.", map(evidence_of, found))


def _limits(x: ResultLimits) -> tuple[tuple[str, Callable[[Decimal], bool], str, str], ...]:
    """LOINC code, when it is beyond its limit, finding, words."""
    low, high = x.qtc_review, x.qtc_hold
    return (
        (TSH, lambda v: v < Decimal("0.1"), "HYPERTHYROID", "TSH {} is below 0.1."),
        (SPO2, lambda v: v < x.spo2, "RESPIRATORY_OSA", f"Oxygen saturation {{}} is below {x.spo2} %."),
        (EGFR, lambda v: v < x.egfr, "EGFR_LT_30", f"eGFR {{}} is below {x.egfr}."),
        (QTC, lambda v: v > high, "QTC_GT_500", f"QTc {{}} is above {high} ms."),
        (QTC, lambda v: low <= v <= high, "QTC_470_500", f"QTc {{}} is between {low} and {high} ms."),
        (DAST_10, lambda v: v >= 3, "SUD_HISTORY", "DAST-10 {} is 3 or more."),
        (MOCA, lambda v: v < 26, "COGNITION_LOW", "MoCA {} is below 26."),
    )


def _liver(view: View) -> Iterator[Finding]:
    if severe := view.active(codes.HEPATIC_FAILURE) + _child_pugh_c(view):
        yield finding("HEPATIC_SEVERE", "Severe liver disease.", map(evidence_of, severe))
    times = view.house.results.liver_multiple
    raised = [o for code in (ALT, AST) for o in view.latest(code) if _is_above(o, times, view)]
    if moderate := [*view.active(codes.CIRRHOSIS), *raised]:
        yield finding(
            "HEPATIC_MODERATE",
            f"Cirrhosis, or ALT or AST above {times} times the upper limit.",
            map(evidence_of, moderate),
        )


def _child_pugh_c(view: View) -> list[Observation]:
    newest = view.newest_named(CHILD_PUGH_NAMES)
    if newest is None:
        return []
    words, value = value_words(newest).strip().upper(), number(newest)
    return [newest] if words.split()[-1:] == ["C"] or (value is not None and value >= 10) else []


def _is_above(observation: Observation, times: int, view: View) -> bool:
    value = number(observation)
    limit = observation.range_high or view.house.liver_upper_limit
    return value is not None and value > times * limit


def _named_scales(view: View) -> Iterator[Finding]:
    slums = view.newest_named(SLUMS_NAMES)
    if slums and (value := number(slums)) is not None and value < 27:
        yield finding("COGNITION_LOW", f"SLUMS {value_words(slums)} is below 27.", [evidence_of(slums)])
    bladder, limit = view.newest_named(BPIC_NAMES), view.house.results.bladder_score
    if bladder and (value := number(bladder)) is not None and value >= limit:
        yield finding(
            "LUTS_OR_CYSTITIS", f"BPIC-SS {value_words(bladder)} is {limit} or more.", [evidence_of(bladder)]
        )


def _alcohol(view: View) -> Iterator[Finding]:
    limit = 4 if view.record.patient.is_male else 3
    for score in view.latest(AUDIT_C):
        told = readings(view, "AUDIT-C", score)
        if told and max(told) >= limit:
            said = value_words(score) if number(score) == max(told) else f"{max(told):f} by its answers"
            yield finding("SUD_HISTORY", f"AUDIT-C {said} is {limit} or more.", [evidence_of(score)])


def _urine(view: View) -> Iterator[Finding]:
    taken = {i for m in view.current_medications for i in view.ingredients_of(m)}
    unexplained = [
        (words, result)
        for code, (words, explained_by) in DRUG_SCREENS.items()
        for result in view.conclusive(code)
        if is_positive(result) and not taken & explained_by
    ]
    if unexplained:
        classes = ", ".join(dict.fromkeys(words for words, _ in unexplained))
        yield finding(
            "UDS_UNEXPECTED",
            f"Urine screen positive without a prescription that explains it: {classes}.",
            [evidence_of(o) for _, o in unexplained],
        )
