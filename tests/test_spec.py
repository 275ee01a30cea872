"""The spec table: every row holds, every rule has one, and the manual prints them all."""

from __future__ import annotations

import pytest

from ketplan import manual
from ketplan.clinical.disorders import DISORDERS
from ketplan.clinical.findings import FindingClass
from ketplan.clinical.protocols import ketamine
from ketplan.clinical.rules import RULES
from ketplan.manual.blocks import Table
from ketplan.manual.spec.outcome import outcome
from ketplan.manual.spec.rows import CHAPTERS, COURSES, ROWS, Row
from ketplan.manual.tables import Tables
from ketplan.scheduling.clinic_hours import Clinic


def name(row: Row) -> str:
    return f"{row.disorder}-{row.about}-{'-'.join(g.words for g in row.given)}".replace(" ", "_")


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_the_row_holds(row: Row) -> None:
    said = outcome(row.disorder, row.given, row.choice)
    assert said.notes >= row.expected.notes
    for part in ("decision", "findings", "drug", "therapy", "instead"):
        assert getattr(said, part) == getattr(row.expected, part), part


def test_every_rule_has_a_patient() -> None:
    """But the one that is made when visits are placed."""
    told = {id for row in ROWS for id in (*row.expected.findings, *row.expected.notes)}
    assert told == RULES.keys() - {"SCHEDULE_ADJUSTED"}


def test_every_disorder_has_a_course_by_every_route() -> None:
    routes = {p.route for p in ketamine.PROTOCOLS if p.route}
    drugs = {(row.disorder, row.expected.drug.split(" ")[0]) for row in COURSES}
    for disorder in DISORDERS:
        assert {ketamine.BY_ID[id].route for d, id in drugs if d == disorder.id and id} == routes


def test_every_blocking_rule_stands_alone_in_a_row() -> None:
    alone = {id for row in ROWS for id in row.expected.findings if row.about == id}
    assert alone >= {r.id for r in RULES.values() if r.cls is FindingClass.BLOCK}


def test_the_manual_prints_every_row() -> None:
    blocks = manual.document(Tables("Harbour Clinic", Clinic("America/Chicago")))
    printed = {b.caption: b.rows for b in blocks if isinstance(b, Table)}
    assert len(ROWS) >= 60
    for caption, rows in CHAPTERS:
        assert len(printed[caption]) == len(rows)
        for row, cells in zip(rows, printed[caption], strict=True):
            assert all(g.words in cells[0] for g in row.given)
            assert cells[2] == row.expected.decision.replace("_", " ")
            assert all(id in cells[3] for id in (*row.expected.findings, *row.expected.notes))
            assert cells[4] == (row.expected.drug or "none")
