"""docs/scheduling.md has the rules as the table has them."""

from pathlib import Path

from ketplan.scheduling.series.rules import TABLE

PAGE = Path(__file__).parents[3] / "docs" / "scheduling.md"


def test_every_rule_is_in_the_manual_with_its_weight_or_price() -> None:
    text = PAGE.read_text("utf-8")
    for term in TABLE.values():
        price = "nobody may" if term.price is None else term.price
        hard = f"| {term.words} | {price} | {term.offer} |"
        soft = f"| {term.words} | {term.weight} | {term.unit} |"
        assert (hard if term.weight is None else soft) in text
