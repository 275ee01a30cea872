"""The day of a dose: go or no-go, the blood-pressure ladder, discharge, emergencies. Facts 4.1-4.3 and 8b.

The tables a session sheet is made of, as sentences with their sources.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A reading or state, what is done about it, and where that comes from."""

    when: str
    action: str
    source: str


LADDER: tuple[Step, ...] = (
    Step("before: 140/90 or less (150/90 over 65)", "Go ahead.", "[F:JANSCI]"),
    Step(
        "before: above that and under 160/100",
        "Rest 15 minutes and repeat; the prescriber weighs a delay and records the reason.",
        "label guide [F:SPR19]; repeat [H]",
    ),
    Step(
        "before: 160 systolic or 100 diastolic, or more",
        "Hold, treat, book again.",
        "[H]; nearest published number 165/100 [F:ROD20]",
    ),
    Step(
        "during: 180 systolic or 110 diastolic, or more",
        "Pause; a physician looks.",
        "[M:esketamine trial protocol][H]",
    ),
    Step(
        "during: 200/120 or more; or chest pain, breathlessness, severe headache, change of vision, seizure,"
        " focal deficit",
        "Stop; emergency care.",
        "symptoms [F:SPR19]; number [M][H]",
    ),
)
LADDER_CAUTION = "A 2022 review argues that such ladders over-treat rises without symptoms [F:YIP22]."

GO_NO_GO: tuple[str, ...] = (
    "blood pressure by the ladder",
    "pulse under 50 or over 110",
    "oxygen saturation under 94 %",
    "a change on the C-SSRS",
    "alcohol or cannabis within 24 hours, or intoxication",
    "not fasted as the site asks",
    "no companion present",
    "a pregnancy test due",
    "a new medicine",
    "a feverish illness",
    "new urinary symptoms",
    "weight changed by more than 10 %: compute the dose again",
    "consent not reaffirmed",
    "blood-pressure medicine not taken",
    "contraindication checklist not attested",
)
GO_NO_GO_SOURCE = "8b; pulse limits [H]"

DISCHARGE: tuple[Step, ...] = (
    Step("alertness", "MOAA/S 5", "4.3"),
    Step(
        "dissociation",
        "CADSS-6 within 1 point of the start, or CADSS total at most 4 above it",
        "[M:CADSS4][H]",
    ),
    Step("blood pressure", "systolic and diastolic falling, and 160/100 or less", "[H]"),
    Step("oxygen saturation", "94 % or more on air", "4.3"),
    Step("walking", "unaided; PADSS 9 or more, or modified Aldrete 9 or more", "[M]"),
    Step("vomiting", "none that is not controlled", "4.3"),
    Step("suicide risk", "C-SSRS since the last contact without a new risk", "4.3"),
    Step("companion", "there to take the patient home", "[F:SPR19]"),
    Step("driving, machines, legal decisions", "not until the next day, after restful sleep", "[F:SPR19]"),
)
EMERGENCY = (
    "Every dosing session needs a named rescuer, equipment, drugs and a number for transfer. Dosing is never"
    " remote; therapy and evaluation may be (8b)."
)
