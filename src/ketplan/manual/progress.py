"""A course under way: what a review proposes, and the numbers it judges by."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical.progress.limits import ESKETAMINE_MAINTENANCE, Ladder
from ketplan.clinical.progress.proposals import KINDS
from ketplan.clinical.progress.stopping import AT_ONCE
from ketplan.clinical.protocols.evidence import PTSD_EXPECTATION
from ketplan.clinical.protocols.expectations import EXPECTED, RESISTANCE
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables


def chapter(tables: Tables) -> Iterator[Block]:
    x = tables.house.review
    cognition = ", ".join(map(str, x.late_review_days))
    yield heading(2, "A course under way")
    yield Text(
        "A review takes the signed plan and what has happened since and makes proposals with reasons. A"
        " clinician accepts, edits or rejects each, and the history keeps all three. Nothing acts by itself;"
        " what was not recorded never counts as tolerated."
    )
    yield bullets(
        "Judged on the disorder's own scale, from a baseline at most"
        f" {x.baseline_days} days before the first dose, over equal recall periods only.",
        f"**Futile**: less than {x.partial_pct} % better after {x.futile_after} doses, or after"
        f" {x.futile_after_high} at {x.high_mg_per_kg} mg/kg or more: stop, do not extend [H].",
        f"**Partial**: {x.partial_pct} % up to the response: a clinician may add up to {x.added_doses} doses"
        " [H].",
        f"**Response**: only responders go on to maintenance [F:PHI19][P][F:GLU18]: {_ladder(x.maintenance)};"
        f" esketamine {_ladder(ESKETAMINE_MAINTENANCE)}. After {x.authorised_days} days a clinician"
        " authorises it anew.",
        f"**Stop at once**: {', '.join(AT_ONCE)}; blood in the urine with new symptoms; ALT above"
        f" {x.liver_stop_multiple} times its upper limit.",
        f"**No step up** after {x.bar_systolic}/{x.bar_diastolic} or more, distressing dissociation,"
        f" vomiting, saturation under {x.lowest_spo2} % or new suicidal thoughts. **Step down** after"
        f" {x.down_systolic}/{x.down_diastolic} or more, distressing dissociation or vomiting despite"
        " treatment.",
        f"**Relapse**: response lost on two ratings {x.relapse_days} days apart: a review, never a dose by"
        " itself.",
        "**Checks**: questions on passing urine at every visit; urine, liver and prescriptions every"
        f" {x.check_days} days of maintenance; cognition at baseline and days {cognition}; exposure every"
        f" {x.cumulative_every} lifetime doses. There is no evidence-based ceiling of lifetime exposure.",
    )
    yield Text(PTSD_EXPECTATION, warns=True)
    yield table(
        "What to expect, now and in the long run",
        "Topic | What is known | What follows here | Source",
        [(e.topic, e.words, e.so, e.source) for e in (*EXPECTED, RESISTANCE)],
    )
    yield table(
        "What a review may propose, in the order it is shown",
        "Proposal | Name in the record | Source",
        [(row.title, f"`{kind}`", row.source) for kind, row in KINDS.items()],
    )


def _ladder(steps: Ladder) -> str:
    """Days between doses and how many times."""
    told = [f"every {days} days" + (f" × {times}" if times else "") for days, times in steps]
    return ", then ".join(told)
