"""Instruments: how each is recognised in a record, what its total means. Protocol facts 5.1, 8b, 3.4.

Where LOINC has no code the instrument is matched by its name at the start of the observation's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Scale:
    """`response_pct` is the fall that counts as response, with `response_points` where the table wants both;
    `remission_below` the total below which the goal is reached, None where the table has none; `maximum`
    bounds the total; `names` begin the text of an uncoded total. The usual entry is a house default."""

    id: str
    title: str
    maximum: int
    response_pct: int
    remission_below: Decimal | None
    loinc: str | None = None
    names: tuple[str, ...] = ()
    source: str = "5.1"
    response_points: int | None = None


GAD7 = Scale("GAD-7", "GAD-7", 21, 50, Decimal(5), "70274-6", ("GAD-7", "GAD7"), "5.1 [F:TOU20][M]")
LSAS = Scale(
    "LSAS",
    "Liebowitz Social Anxiety Scale",
    144,
    28,
    Decimal(36),
    None,
    ("LSAS", "Liebowitz Social Anxiety"),
    "5.1 [F:GLI18]",
)
PDSS = Scale(
    "PDSS",
    "Panic Disorder Severity Scale",
    28,
    40,
    Decimal(6),
    None,
    ("PDSS", "Panic Disorder Severity"),
    "5.1 [F:FUR09]",
)
YBOCS = Scale(
    "Y-BOCS",
    "Yale-Brown Obsessive Compulsive Scale",
    40,
    35,
    Decimal(13),
    None,
    ("Y-BOCS", "YBOCS", "Yale-Brown"),
    "5.1 [F:ELS20][F:FAR13]",
)
PCL5 = Scale(
    "PCL-5",
    "PCL-5",
    80,
    30,
    Decimal(29),
    "101698-9",
    ("PCL-5", "PCL5"),
    "5.1 [F:MARX22]; response 8b [H]",
    response_points=15,
)
PHOBIA = Scale(
    "SMSP",
    "Severity Measure for Specific Phobia",
    40,
    50,
    None,
    None,
    ("Severity Measure for Specific Phobia",),
    "5.1 [F:APA]; 8b",
)

PHQ9_TOTAL = "44261-6"
PHQ9_ITEM9 = "44260-8"
AUDIT_C = "75626-2"
DAST_10 = "82667-7"
MOCA = "72172-0"
SLUMS_NAMES = ("SLUMS",)
BPIC_NAMES = ("BPIC-SS", "BPIC")
STOP_BANG_NAMES = ("STOP-BANG", "STOPBANG", "STOP BANG")
CHILD_PUGH_NAMES = ("Child-Pugh", "Child Pugh")
