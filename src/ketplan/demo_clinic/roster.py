"""Who is treated at the demo clinic, how far they are, and what has come in between."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GROUP = "In treatment"


class Twist(StrEnum):
    """What makes a course need somebody's attention."""

    NOTHING = ""
    UNBOOKED = "signed while no calendar could be read"
    UNCONFIRMED = "the next visit is pending"
    MISSED = "the last infusion was missed"
    CANCELLED = "the next infusion was cancelled in the EHR"
    MOVED = "a CBT session was moved in the EHR"
    LATE = "the next infusion was moved out of its window"
    GONE = "a visit was taken out of the EHR"
    UNRATED = "no rating for weeks"
    UNTESTED = "no urine drug screen or liver test since the work-up"
    RELAPSING = "two ratings are worse again"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    REVOKED = "ended before its time"


@dataclass(frozen=True)
class Treated:
    """`week` counts from day 0 of the course, negative while it is to come; `left_percent` is what is left by
    now of the score at the start."""

    id: str
    given: str
    family: str
    sex: str
    age: int
    disorder: str
    week: int
    twist: Twist = Twist.NOTHING
    left_percent: int = 55

    @property
    def words(self) -> str:
        """The line of the EHR's list of patients."""
        if self.week < 0:
            stage = f"Course of {self.disorder} begins in {-self.week} week{'s' * (self.week != -1)}"
        else:
            stage = f"Week {self.week + 1} of a course for {self.disorder}"
        return f"{stage}: {self.twist.value}" if self.twist else stage


_T = Twist

ROSTER = (
    Treated("clinic-01", "Ada", "Mustermann", "F", 29, "GAD", -1),
    Treated("clinic-02", "Boris", "Specimen", "M", 52, "PTSD", -1),
    Treated("clinic-03", "Chloe", "Placeholder", "F", 44, "SAD", -2, _T.UNBOOKED),
    Treated("clinic-04", "Dmitri", "Exemplar", "M", 37, "GAD", 0, _T.UNBOOKED),
    Treated("clinic-05", "Edith", "Dummond", "F", 61, "GAD", 0),
    Treated("clinic-06", "Felix", "Testov", "M", 33, "SAD", 0, _T.CANCELLED),
    Treated("clinic-07", "Greta", "Mockman", "F", 48, "PTSD", 0, _T.UNCONFIRMED),
    Treated("clinic-08", "Hugo", "Sampleton", "M", 27, "GAD", 1, _T.MISSED, 80),
    Treated("clinic-09", "Ines", "Fakeley", "F", 39, "GAD", 1, _T.MOVED, 75),
    Treated("clinic-10", "Jonas", "Simulant", "M", 55, "SAD", 1, left_percent=78),
    Treated("clinic-11", "Klara", "Phantomas", "F", 31, "PTSD", 2, _T.LATE, 64),
    Treated("clinic-12", "Leo", "Notreal", "M", 42, "GAD", 2, _T.SUSPENDED, 88),
    Treated("clinic-13", "Mona", "Inventova", "F", 36, "SAD", 2, left_percent=52),
    Treated("clinic-14", "Nils", "Fabricius", "M", 58, "GAD", 3, left_percent=48),
    Treated("clinic-15", "Olga", "Syntheta", "F", 25, "PTSD", 4, _T.UNRATED, 60),
    Treated("clinic-16", "Pablo", "Prototypo", "M", 47, "GAD", 4, _T.UNTESTED, 50),
    Treated("clinic-17", "Ragna", "Trialsdottir", "F", 34, "SAD", 5, left_percent=45),
    Treated("clinic-18", "Silas", "Blueprint", "M", 63, "GAD", 5, _T.GONE, 47),
    Treated("clinic-19", "Tilda", "Mannequin", "F", 51, "GAD", 6, _T.RELAPSING, 42),
    Treated("clinic-20", "Umar", "Standin", "M", 40, "PTSD", 7, left_percent=44),
    Treated("clinic-21", "Vera", "Decoy", "F", 28, "OCD", 7, left_percent=58),
    Treated("clinic-22", "Wim", "Makebelieve", "M", 46, "GAD", 8, _T.UNRATED, 49),
    Treated("clinic-23", "Xenia", "Pretend", "F", 54, "SAD", 9, _T.MOVED, 41),
    Treated("clinic-24", "Yusuf", "Facsimile", "M", 35, "GAD", 10, left_percent=38),
    Treated("clinic-25", "Zora", "Replica", "F", 43, "PTSD", 11, _T.UNTESTED, 40),
    Treated("clinic-26", "Anton", "Stencil", "M", 30, "GAD", 13, _T.RELAPSING, 45),
    Treated("clinic-27", "Berta", "Template", "F", 57, "SAD", 14, left_percent=36),
    Treated("clinic-28", "Carl", "Patternson", "M", 49, "OCD", 16, left_percent=50),
    Treated("clinic-29", "Dora", "Mockup", "F", 38, "GAD", 18, _T.COMPLETED, 30),
    Treated("clinic-30", "Egon", "Simulacre", "M", 45, "SAD", 5, _T.REVOKED, 92),
)
