"""The instrument table against the facts: 5.1, row by row, and what may ship."""

from __future__ import annotations

import pytest

from ketplan.clinical.disorders import DISORDERS
from ketplan.clinical.instruments import filling
from ketplan.clinical.instruments.model import Instrument, Licence
from ketplan.clinical.instruments.scoring import points_of
from ketplan.clinical.instruments.table import BY_ID, INSTRUMENTS, instrument
from ketplan.errors import InputError

ITEMS_SHIP = {
    "GAD-7": 7,
    "PHQ-9": 10,  # nine and the question on difficulty
    "PHQ-2": 2,
    "PCL-5": 20,
    "AUDIT-C": 3,
    "CGI-S": 1,
    "CGI-I": 1,
    "MOAAS": 1,
    "LUTS": 4,
    "TWO-ITEM": 2,
    "VAS": 1,
}
# id: (lowest, highest, LOINC panel, LOINC total)
RANGES: dict[str, tuple[int, int | None, str | None, str | None]] = {
    "GAD-7": (0, 21, "69737-5", "70274-6"),
    "PHQ-9": (0, 27, "44249-1", "44261-6"),
    "PHQ-2": (0, 6, "55757-9", "55758-7"),
    "PSWQ": (16, 80, None, None),
    "HAM-A": (0, 56, None, None),
    "PDSS": (0, 28, None, None),
    "LSAS": (0, 144, None, None),
    "SPIN": (0, 68, None, None),
    "SMSP": (0, 40, None, None),
    "FQ": (0, 120, None, None),
    "Y-BOCS": (0, 40, None, None),
    "PCL-5": (0, 80, "101697-1", "101698-9"),
    "C-SSRS": (0, None, "93373-9", None),
    "CADSS": (0, 92, None, None),
    "CADSS-6": (0, 24, None, None),
    "MOAAS": (0, 5, None, None),
    "WHODAS-12": (0, 48, None, None),
    "WSAS": (0, 40, None, None),
    "CGI-S": (1, 7, None, None),
    "CGI-I": (1, 7, None, None),
    "BSI": (0, None, None, None),
    "MoCA": (0, 30, "72133-2", "72172-0"),
    "SLUMS": (0, 30, None, None),
    "BPIC-SS": (0, 38, None, None),
    "LUTS": (0, 4, None, None),
    "AUDIT-C": (0, 12, "72109-2", "75626-2"),
    "DAST-10": (0, 10, "82666-9", "82667-7"),
    "TWO-ITEM": (0, 20, None, None),
    "VAS": (0, 100, None, None),
}
LICENCES = {
    Licence.FREE: "GAD-7 PHQ-9 PHQ-2 PSWQ HAM-A PCL-5 CGI-S CGI-I SLUMS AUDIT-C",
    Licence.OWN_WORDS: "MOAAS LUTS TWO-ITEM VAS",
    Licence.UNSURE: "FQ",
    Licence.SCORE_ONLY: "PDSS LSAS SPIN SMSP Y-BOCS CADSS CADSS-6 WHODAS-12 WSAS BSI MoCA BPIC-SS DAST-10",
    Licence.LINK_ONLY: "C-SSRS",
}


def test_the_table_is_the_papers() -> None:
    assert {i.id: (i.minimum, i.maximum, i.loinc_panel, i.loinc_total) for i in INSTRUMENTS} == RANGES
    assert len(BY_ID) == len(INSTRUMENTS)


def test_the_number_of_items_is_the_papers() -> None:
    told = (7, 9, 2, 16, 14, 7, 48, 17, 10, 15, 10, 20, 7, 23, 6, 1, 12, 5, 1, 1, 53, None, None, 8, 4, 3)
    assert tuple(i.number_of_items for i in INSTRUMENTS) == (*told, 10, 2, 1)


def test_a_total_is_taken_only_where_there_is_one_and_no_question() -> None:
    taken = {i.id for i in INSTRUMENTS if filling.takes_a_total(i)}
    assert taken == {i.id for i in INSTRUMENTS if not i.items} - {"C-SSRS"}


@pytest.mark.parametrize(("licence", "ids"), LICENCES.items(), ids=lambda x: str(x)[:20])
def test_each_licence(licence: Licence, ids: str) -> None:
    assert {i.id for i in INSTRUMENTS if i.licence is licence} == set(ids.split())


def test_questions_ship_only_where_they_may() -> None:
    assert {i.id: len(i.items) for i in INSTRUMENTS if i.items} == ITEMS_SHIP
    assert all(i.licence in (Licence.FREE, Licence.OWN_WORDS) for i in INSTRUMENTS if i.items)
    assert all(i.link for i in INSTRUMENTS if i.licence is Licence.LINK_ONLY)


@pytest.mark.parametrize("row", [i for i in INSTRUMENTS if i.items], ids=lambda i: i.id)
def test_items_span_exactly_the_range_of_the_total(row: Instrument) -> None:
    bounds = [
        item.span or (min(c.points for c in item.choices), max(c.points for c in item.choices))
        for item in row.scored_items
    ]
    assert (sum(low for low, _ in bounds), sum(high for _, high in bounds)) == (row.minimum, row.maximum)
    assert len(row.scored_items) == row.number_of_items
    assert len({i.id for i in row.items}) == len(row.items)
    assert all(len({c.points for c in i.choices}) == len(i.choices) for i in row.items)


@pytest.mark.parametrize("id", ["GAD-7", "PHQ-9", "PHQ-2"])
def test_the_zero_option_reads_not_at_all(id: str) -> None:
    for item in instrument(id).scored_items:
        assert [(c.points, c.words, c.code) for c in item.choices] == [
            (0, "Not at all", "LA6568-5"),
            (1, "Several days", "LA6569-3"),
            (2, "More than half the days", "LA6570-1"),
            (3, "Nearly every day", "LA6571-9"),
        ]


def test_item_codes() -> None:
    gad7 = [i.loinc for i in instrument("GAD-7").items]
    phq9 = [i.loinc for i in instrument("PHQ-9").items]
    assert " ".join(gad7) == "69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7"
    assert " ".join(phq9[:5]) == "44250-9 44255-8 44259-0 44254-1 44251-7"
    assert " ".join(phq9[5:]) == "44258-2 44252-5 44253-3 44260-8 69722-7"
    assert [i.loinc for i in instrument("PHQ-2").items] == phq9[:2]
    # The US Core example begins with 68517-2, which is a different question (5.1).
    assert [i.loinc for i in instrument("AUDIT-C").items] == ["68518-0", "68519-8", "68520-6"]


def test_a_coded_answer_has_its_points() -> None:
    first = instrument("GAD-7").items[0]
    assert points_of(first, "LA6570-1") == 2
    assert points_of(first, "LA6570-2") is None
    assert points_of(instrument("PCL-5").items[0], "") is None


@pytest.mark.parametrize("disorder", DISORDERS, ids=lambda d: d.id)
def test_each_target_disorder_is_judged_by_a_row(disorder: object) -> None:
    scale = disorder.scale  # type: ignore[attr-defined]
    row = instrument(scale.id)
    assert (row.maximum, row.response_pct, row.loinc_total) == (
        scale.maximum,
        scale.response_pct,
        scale.loinc,
    )


RESPONSES = {
    "GAD-7": (50, None, 5, 4),
    "PHQ-9": (None, None, 5, 5),
    "HAM-A": (50, None, None, None),
    "PDSS": (40, None, 6, None),
    "LSAS": (28, None, 36, None),
    "SPIN": (50, None, None, None),
    "SMSP": (50, None, None, None),
    "Y-BOCS": (35, None, 13, None),
    "PCL-5": (30, 15, 29, 15),
}


def test_response_remission_and_meaningful_change() -> None:
    rows = {
        i.id: (i.response_pct, i.response_points, i.remission_below, i.reliable_points) for i in INSTRUMENTS
    }
    assert {id: row for id, row in rows.items() if any(row)} == RESPONSES


def test_every_row_says_where_it_is_from() -> None:
    assert all(i.source.startswith("5.") for i in INSTRUMENTS)


def test_an_unknown_instrument_is_refused() -> None:
    with pytest.raises(InputError, match="no such instrument"):
        instrument("GAD-8")
