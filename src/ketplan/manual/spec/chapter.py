"""The spec table in the manual: each sample patient, and what ketplan says."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical.disorders import BY_ID
from ketplan.manual.blocks import Block, Text, heading, table
from ketplan.manual.spec.rows import CHAPTERS, Row
from ketplan.manual.tables import Tables

COLUMNS = "Patient | What is asked for | Decision | Findings | Drug course | Therapy, or instead"


def chapter(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Sample patients, and what is said of them")
    yield Text(
        "Each patient is a man of 40, 70 kg and 175 cm, treatment-resistant, whose work-up is complete and"
        " normal, and what is written here besides. Before ketplan is released every row is put to it and"
        " must come out as printed. Findings are all that block or must be resolved, and in brackets notes"
        " the row is about."
    )
    if tables.deviations:
        yield Text("The rows are those of the shipped tables, not of this site's settings.", warns=True)
    for caption, rows in CHAPTERS:
        yield table(caption, COLUMNS, map(_cells, rows))


def _cells(row: Row) -> tuple[str, ...]:
    expected = row.expected
    notes = f" ({', '.join(sorted(expected.notes))})" if expected.notes else ""
    return (
        "; ".join([BY_ID[row.disorder].title, *(g.words for g in row.given)]),
        _asked(row),
        expected.decision.replace("_", " "),
        (", ".join(sorted(expected.findings)) or "none") + notes,
        expected.drug or "none",
        expected.therapy or expected.instead or "none",
    )


def _asked(row: Row) -> str:
    if row.choice is None:
        return "as proposed"
    chosen = row.choice.protocol or row.choice.cbt
    return f"`{chosen}`" if chosen else "therapy alone"
