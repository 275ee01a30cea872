"""Work-up gate, treatment resistance, interactions."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical.house import House
from ketplan.clinical.ingredients import INGREDIENTS
from ketplan.clinical.rules import RULES
from ketplan.clinical.screens import pregnancy, suicide, workup
from ketplan.clinical.screens.interactions import INTERACTIONS
from ketplan.clinical.screens.resistance import FIRST_LINE
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables


def chapter(tables: Tables) -> Iterator[Block]:
    fresh = tables.house.freshness
    yield heading(2, "Work-up before treatment")
    yield Text(
        "Any line missing, older than its limit or without a date makes `WORKUP_INCOMPLETE`. Ages count back"
        " from the as-of date. The limits are house defaults unless the source says otherwise (3.3)."
    )
    yield table(
        "The gate",
        "Item | What is looked for | Codes | At most | Asked of",
        lines(tables.house),
    )
    yield Text("An inconclusive pregnancy test or urine screen is no result.")
    yield heading(3, "Again before the first dose")
    yield bullets(
        f"On the day itself: {', '.join(workup.ON_THE_DAY)}.",
        *(
            f"Within {getattr(fresh, age)} days before it, where it was done earlier: {_AGAIN[name]}."
            for name, age in workup.STILL_FRESH_AT_DOSE.items()
        ),
    )
    yield from _resistance(tables.house)
    yield from _interactions()


def lines(house: House) -> Iterator[tuple[str, str, str, str, str]]:
    """Every line the gate can have: item, words, codes, oldest age, of whom it is asked."""
    everybody, fresh = "everybody", house.freshness
    yield (
        "psychiatric_evaluation",
        "psychiatric evaluation",
        _wanted(workup.EVALUATION),
        _days(fresh.evaluation),
        everybody,
    )
    yield (
        "consent",
        "consent that names ketamine and off-label use, given at 18 or older and after the evaluation",
        _wanted(workup.CONSENT),
        _days(fresh.consent),
        everybody,
    )
    if house.country.upper() == "US":
        yield (
            "pdmp_review",
            "prescription monitoring programme looked up",
            _wanted(workup.PDMP),
            _days(fresh.pdmp),
            "everybody in the US",
        )
    for name, loinc, age, words in workup.RESULTS:
        yield name, words, _loinc(loinc), _days(getattr(fresh, age)), everybody
    yield (
        "hcg",
        "pregnancy test",
        _loinc(pregnancy.HCG),
        _days(fresh.pregnancy),
        "birth sex F or unknown, 12 to 55, without hysterectomy or menopause",
    )
    yield (
        "ecg",
        "ECG",
        f"{_loinc(workup.ECG)}; {_wanted(workup.ECG_PROCEDURE)}",
        _days(fresh.ecg),
        everybody if house.ecg_for_all else "50 or older, or cardiac history",
    )
    yield (
        "cssrs",
        "C-SSRS with every item its answers call for",
        _loinc((*suicide.PANELS, *suicide.ITEMS)),
        _days(fresh.scales),
        everybody,
    )
    yield (
        "disorder_scale",
        "the disorder's own scale",
        "with each disorder",
        _days(fresh.scales),
        "each target disorder",
    )
    for name, words in (("allergy_list", "allergy list"), ("medication_list", "medication list")):
        yield name, f"{words}: an entry, or an assertion that there is none", "", "no limit", everybody
    yield (
        "birth_date",
        "date of birth that shows the patient is of age",
        "",
        "no limit",
        "who may be under 18 on day 0",
    )


_AGAIN = {"hcg": "pregnancy test", "disorder_scale": "the disorder's own scale", "uds": "urine drug screen"}
_SYSTEMS = {"http://snomed.info/sct": "SNOMED CT", "http://www.ama-assn.org/go/cpt": "CPT"}


def _wanted(wanted: workup.Wanted) -> str:
    return "; ".join(f"{_SYSTEMS[system]} {', '.join(found)}" for system, found in wanted.items())


def _loinc(found: tuple[str, ...]) -> str:
    return f"LOINC {', '.join(found)}"


def _days(days: int) -> str:
    return f"{days} days"


def _resistance(house: House) -> Iterator[Block]:
    yield heading(3, "Treatment resistance")
    yield Text(
        "There is no agreed count: of 62 studies 62.9 % asked for one failed treatment, 29 % for failed"
        " therapy [F:BOK19]. ketplan's rule is stricter than most [H] and a site may change its numbers:"
    )
    yield bullets(
        f"at least **{house.min_drug_trials}** adequate trials of different first-line drugs, each"
        f" **{house.trial_days}** days or longer (OCD: **{house.trial_days_ocd}**) with less than"
        f" **{house.trial_improvement_pct} %** improvement, or stopped for documented intolerance;",
        f"and one therapy course of **{house.min_therapy_sessions}** sessions or more in the right form"
        " (CBT; ERP for OCD; trauma-focused for PTSD; exposure for phobia) with less than"
        f" **{house.therapy_improvement_pct} %** improvement (OCD: **{house.therapy_improvement_pct_ocd}"
        " %**);",
        "or a clinician's statement why that is not possible. For specific phobia no drug is first line: the"
        " exposure course alone counts.",
        "What a past trial achieved and which form a therapy had is asked in the intake, never guessed from"
        " the chart.",
    )
    yield table(
        "First-line drugs that count",
        "RxNorm ingredient | Drug",
        [(code, name) for code, name in FIRST_LINE.items()],
    )


def _interactions() -> Iterator[Block]:
    yield heading(3, "Interactions")
    yield Text(
        "Looked for in everything ordered, planned, on hold or reported, by RxNorm ingredient. A medicine"
        " whose drug cannot be told is `MEDICATION_UNMAPPED`, never taken for harmless. Lithium, SSRIs and"
        " SNRIs make no finding: they can be combined [F:VER21][F:AND17I]."
    )
    yield table(
        "Interacting drugs",
        "Finding | Class | Ingredients | What the clinician is told | Source",
        [
            (
                f"`{row.id}`",
                RULES[row.id].cls.value,
                ", ".join(sorted(f"{INGREDIENTS[code].name} {code}" for code in row.ingredients)),
                row.advice,
                RULES[row.id].source,
            )
            for row in INTERACTIONS
        ],
    )
