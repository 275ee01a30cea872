"""What the session sheet shows besides: medication notes, the emergency plan. Facts 8b, 4.1, 4.3.

Shown, never ordered.
"""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    topic: str
    words: str
    source: str


MEDICATION_NOTES = (
    Note("Stimulant", "Ask about this morning's dose: blood pressure may rise.", "8b; 3.2 [F:SPR19]"),
    Note("MAOI", "Blood pressure may rise: extra checks.", "8b; 3.2 [F:SPR19][F:VER21]"),
    Note("Insulin, SGLT2 inhibitor, GLP-1 agonist", "Fasting: the prescriber decides on today's dose.", "8b"),
    Note(
        "Nausea",
        "Ask before the dose; ondansetron is the usual agent; QTc where other drugs prolong it.",
        "4.3 [M]",
    ),
)
WATCH_NOTES = (
    Note(
        "Oxygen saturation",
        "Continuously during an infusion; with esketamine at each set of vital signs.",
        "4.1; respiratory depression [F:SPR25]",
    ),
    Note(
        "Staff",
        "A clinician able to rescue, and advanced life support on site; esketamine at a REMS-certified site.",
        "4.1 [M:SAN17][F:ASA][F:SPR19]",
    ),
)
# Filled in by the site on every plan.
EMERGENCY_PLAN = ("named rescuer", "equipment", "drugs", "transfer number")
NEVER_REMOTE = "A dose is never given remotely; therapy and evaluation may be."
