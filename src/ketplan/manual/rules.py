"""Every finding: class, standing in the label, what makes it, what resolves it, where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical import codes
from ketplan.clinical.codes import ValueSet
from ketplan.clinical.findings import FindingClass
from ketplan.clinical.rules import RULES
from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables

_TITLES = {
    FindingClass.BLOCK: "BLOCK: ketamine is excluded",
    FindingClass.HOLD: "HOLD: not before it is resolved",
    FindingClass.REVIEW: "REVIEW: a clinician looks and answers",
    FindingClass.INFO: "INFO: shown, changes nothing",
}


def findings(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Findings: every rule")
    yield Text(
        "The esketamine label knows few outright contraindications; psychosis, dementia, pregnancy and"
        " active substance use are blocks here by a house decision stricter than the label. The medical"
        " director must confirm that they should be."
    )
    yield Text(
        "The words give the shipped numbers. Where this site has set another it decides, and stands in front"
        " under what was set otherwise."
    )
    yield from _suicide(tables)
    for cls in FindingClass:
        yield heading(3, _TITLES[cls])
        yield table(
            f"{cls.value} findings",
            "Finding | In the label | Fires when | Resolved by | Source",
            [
                (f"`{r.id}`", r.label, r.fires, r.resolves or "needs no answer", r.source)
                for r in RULES.values()
                if r.cls is cls
            ],
        )
    yield from _instead()


def _suicide(tables: Tables) -> Iterator[Block]:
    yield heading(3, "Suicide risk comes first")
    yield bullets(
        "Computed for every patient and shown above everything else, whatever the decision. Where Columbia's"
        " own tiers are read in two ways the stricter one is taken: items 4 and 5 are both of the highest"
        " level.",
        "High risk shows the site's crisis line and is a HOLD with escalation on the same day; no"
        " alternative plan stands above it.",
        f"It is released only by a named licensed clinician who records {', '.join(RELEASE_FIELDS)}. A later"
        " all-no does not release it.",
    )


def _instead() -> Iterator[Block]:
    yield heading(3, "What is offered instead")
    yield bullets(
        "Order: suicide pathway; psychosis service; child and adolescent service; urgent medical review;"
        " therapy without ketamine (8b).",
        "A blocked patient gets a clinical contact within 7 to 14 days as the first step. A blocked"
        " patient's ketamine plan is never written; a therapy-only plan can be begun from it, assessed and"
        " signed on its own.",
        "Where treatment resistance is not shown, ketamine is not proposed and first-line therapy is.",
    )


# --- the codes ------------------------------------------------------------------------------------------


def value_sets(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Codes a condition is recognised by")
    yield Text(
        "A condition counts when any of its codings is in the SNOMED CT column, or any ICD-10-CM coding"
        " begins with one of the ICD column; a miss in one never undoes a hit in the other. Words without a"
        " code are asked about, never taken for absent. Rows marked in the source as [M] need a"
        " terminologist."
    )
    sets = sorted({id(v): v for v in vars(codes).values() if isinstance(v, ValueSet)}.values(), key=_name)
    yield table(
        "Value sets",
        "Meaning | SNOMED CT | ICD-10-CM begins with",
        [(v.name, ", ".join(sorted(v.snomed)), ", ".join(v.icd)) for v in sets],
    )


def _name(value_set: ValueSet) -> str:
    return value_set.name
