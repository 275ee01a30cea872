"""Therapy courses and their session titles: protocol facts 2.2 and 2.3. Titles only, in our own words."""

from __future__ import annotations

from dataclasses import dataclass

_GAD = (
    "Formulation, goals, how ketamine fits",
    "Worry map and self-monitoring",
    "Noticing worry; postponing it",
    "Uncertainty experiments I",
    "Uncertainty experiments II",
    "Beliefs that worry helps",
    "Beliefs that worry is dangerous",
    "Problem solving I",
    "Problem solving II",
    "Imaginal exposure I",
    "Imaginal exposure II",
    "Dropping reassurance and checking",
    "Consolidation",
    "Relapse plan",
)
_PANIC = (
    "Panic cycle formulation",
    "What panic is; diary",
    "Safety behaviours",
    "Testing catastrophic thoughts",
    "Interoceptive exposure I",
    "Interoceptive exposure II",
    "In-vivo hierarchy",
    "In-vivo exposure I",
    "In-vivo exposure II",
    "In-vivo exposure III",
    "Consolidation",
    "Relapse plan",
)
_SAD = (
    "Personal model of social anxiety",
    "Self-focus and safety-behaviour experiment",
    "Video feedback",
    "Attention training",
    "Behavioural experiments I",
    "Behavioural experiments II",
    "Behavioural experiments III",
    "Surveys",
    "De-catastrophising",
    "Early memories and images I",
    "Early memories and images II",
    "Before- and after-event rumination",
    "Consolidation",
    "Relapse plan",
)
_ERP = (
    "Planning: hierarchy and ritual monitoring",
    "Exposure 1, low on hierarchy",
    "Exposure 2",
    "Exposure 3, no rituals",
    "Exposure 4",
    "Exposure 5, mid-point review",
    "Exposure 6",
    "Exposure 7",
    "Exposure 8",
    "Exposure 9",
    "Exposure 10, top of hierarchy",
    "Weekly: imaginal scripts",
    "Weekly: lifestyle exposure",
    "Weekly: uncertainty",
    "Weekly: independence",
    "Weekly: setbacks",
    "Weekly: relapse plan",
)
_PE = (
    "Rationale, breathing, trauma interview",
    "Common reactions, in-vivo hierarchy",
    "First imaginal exposure",
    "Imaginal exposure + processing",
    "Imaginal exposure + processing",
    "Hot spots I",
    "Hot spots II",
    "Hot spots III",
    "Hot spots / whole memory",
    "Final imaginal, relapse plan",
)
# The paper lists no titles for CPT: numbered, so that none is invented.
_CPT = tuple(f"Cognitive processing session {n}" for n in range(1, 13))
_PHOBIA = ("Assessment and hierarchy", "One-session treatment", "Booster", "Relapse plan")


@dataclass(frozen=True, slots=True)
class CbtProtocol:
    """`minutes` per session (one value: all alike). `own_calendar` courses keep their offsets without
    ketamine; the others then run weekly from day 0."""

    id: str
    title: str
    titles: tuple[str, ...]
    offsets: tuple[int, ...]
    minutes: tuple[int, ...]
    source: str
    own_calendar: bool = False

    def minutes_of(self, number: int) -> int:
        return self.minutes[number - 1] if len(self.minutes) > 1 else self.minutes[0]


COURSES: tuple[CbtProtocol, ...] = (
    CbtProtocol(
        "CBT_GAD_14",
        "CBT for generalized anxiety",
        _GAD,
        (1, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78),
        (60,),
        "2.2 [M:CG113]",
    ),
    CbtProtocol(
        "CBT_PANIC_12",
        "CBT for panic disorder",
        _PANIC,
        (1, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64),
        (60,),
        "2.2 [M:CG113]",
    ),
    CbtProtocol(
        "CBT_SAD_14",
        "CBT for social anxiety",
        _SAD,
        (1, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78),
        (90,),
        "2.2 [M:CG159][F:CG159]",
    ),
    CbtProtocol(
        "ERP_OCD_17",
        "Exposure and response prevention",
        _ERP,
        (-1, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 21, 28, 35, 42, 49, 56),
        (90, *(60,) * 16),
        "2.2 [F:ROD16][F:ABR03][M:FOA]",
    ),
    CbtProtocol(
        "PE_PTSD_10",
        "Prolonged exposure",
        _PE,
        (1, 8, 15, 22, 29, 36, 43, 50, 57, 64),
        (90,),
        "2.2 [F:SHI20][M:VADOD]",
    ),
    CbtProtocol(
        "CPT_PTSD_12",
        "Cognitive processing therapy",
        _CPT,
        (1, 4, 8, 11, 15, 18, 22, 29, 36, 43, 50, 57),
        (60,),
        "2.2 [M:VADOD][M:NG116]",
    ),
    CbtProtocol(
        "OST_PHOBIA_4_CBTONLY",
        "One-session treatment of a phobia",
        _PHOBIA,
        (0, 7, 14, 28),
        (60, 180, 60, 60),
        "2.2 [F:NCT01450306]",
        own_calendar=True,
    ),
    CbtProtocol(
        "OST_PHOBIA_4_WITH_K",
        "One-session treatment of a phobia, with an infusion",
        _PHOBIA,
        (-1, 1, 8, 22),
        (60, 180, 60, 60),
        "2.2 [F:NCT01450306]; combination untested",
    ),
)
BY_ID = {c.id: c for c in COURSES}
WEEKLY_NOTE = "weekly when there is no infusion series"
