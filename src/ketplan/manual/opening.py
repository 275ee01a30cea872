"""What the manual is, how to read it, what this site has changed, and what the article claimed."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan import __version__
from ketplan.clinical.findings import FindingClass
from ketplan.clinical.protocols.seed import CLAIMS
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables

_CLASSES = {
    FindingClass.BLOCK: "excludes ketamine; nothing is written; no reason releases it",
    FindingClass.HOLD: "stands in the way until a named clinician resolves it with a reason",
    FindingClass.REVIEW: "must be looked at and resolved by a named clinician with a reason",
    FindingClass.INFO: "is shown and changes no decision",
}


def chapter(tables: Tables) -> Iterator[Block]:
    yield heading(1, "ketplan: protocols and rules, for review by a medical director")
    yield Text(
        f"{tables.site} · ketplan {__version__} · printed from the tables the software decides by, not"
        " written beside them. What is not in here is not decided by ketplan."
    )
    yield Text(
        "Decision support for clinicians. Every plan is a draft that a named clinician accepts, changes or"
        " rejects. **No clinical use before a licensed medical director has signed these tables.** Ketamine"
        " is off-label for all six disorders.",
        warns=True,
    )
    yield heading(2, "How to read it")
    yield table(
        "Tags: where a number or rule comes from",
        "Tag | Meaning",
        [
            ("[F:KEY]", "Found in a source that was read, mostly an abstract, a label or a registry page."),
            ("[M:KEY]", "From memory of the literature: to be checked before release."),
            ("[H]", "House default: no source sets it. The medical director decides it."),
            (
                "[P]",
                "Found for another population, almost always treatment-resistant depression: extrapolated.",
            ),
            ("1.1, 3.4, 8b", "Sections of the protocol facts, the paper these tables were made from."),
        ],
    )
    yield table("Classes of findings", "Class | What it does", [(c.value, _CLASSES[c]) for c in FindingClass])
    yield Text(
        "A patient with any BLOCK is blocked; else with any HOLD or REVIEW needs review; else is eligible."
        " Day 0 is the day of the first dose. The as-of date is the day of the assessment: every age and"
        " every freshness counts back from it. What the record does not say is unknown, never no."
    )
    yield heading(2, "Sign-off")
    yield table(
        "To be filled in by hand",
        "Who | Name and licence | Date | Signature",
        [("Medical director", "", "", ""), ("Pharmacist", "", "", ""), ("Therapy lead", "", "", "")],
    )
    yield from _changes(tables)
    yield from _article()


def _changes(tables: Tables) -> Iterator[Block]:
    yield heading(2, "What this site has set otherwise than shipped")
    if not tables.deviations:
        yield Text("Nothing: the tables are those ketplan ships.")
        return
    yield Text("Each of these is printed on every plan too.")
    yield bullets(*tables.deviations)


def _article() -> Iterator[Block]:
    yield heading(2, "What the article says, and what is true")
    yield Text(
        "ketplan began from a popular article on ketamine and CBT for anxiety. The article is no evidence;"
        " these are its statements one by one."
    )
    yield table(
        "The article's statements",
        "No. | The article | Stands? | What is true | What ketplan does",
        [(c.id, c.says, c.holds, c.true, c.so) for c in CLAIMS],
    )
