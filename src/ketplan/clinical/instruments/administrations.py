"""Which instrument when: the schedule of administrations that belongs to a plan. Facts 5.2, amended by 8b.

8b in short: no GAD-7 at 24 hours (a two-item rating and a line instead); C-SSRS before each dose and at
discharge; between the one-month review and day 91 the disorder scale and C-SSRS remotely every 14 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.instruments.table import PCL5_WEEK as PAST_WEEK
from ketplan.clinical.instruments.table import instrument
from ketplan.clinical.plan import Draft, FollowUp

BASELINE_OPENS, BASELINE_CLOSES = -14, -1
WEEK, REMOTE_EVERY = 7, 14
MONTH_REVIEWS = ("review_1_month_after_last_dose", "review_4_weeks")
END_OF_INDUCTION = "end_of_induction_review"
THIRD_MONTH = "review_3_months"
FULL_REVIEWS = (END_OF_INDUCTION, *MONTH_REVIEWS, THIRD_MONTH, "review_6_months", "review_12_months")
NEXT_DAY_CALL = "24h_check_call"


class Moment(StrEnum):
    """When in the course; in the order of a day."""

    BASELINE = "baseline"
    BEFORE_DOSE = "before the dose"
    DURING = "40 minutes from the start"
    DISCHARGE = "at discharge"
    NEXT_DAY = "the day after the first dose"
    WEEKLY = "weekly"
    REVIEW = "review"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Administration:
    """One instrument to be filled in. `on` is the day, `opens` the first day it counts.

    `visit` is the plan's visit it belongs to ("infusion-1", "review_3_months"), "" for none. `recall_days`
    is the period asked about, None for the instrument's own. `instead` may be used in its place.
    """

    instrument: str
    moment: Moment
    on: date
    opens: date
    visit: str = ""
    recall_days: int | None = None
    instead: str | None = None
    source: str = "5.2"

    @property
    def remote(self) -> bool:
        return self.moment is Moment.REMOTE


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A safety check of a review that is no instrument."""

    name: str
    on: date
    visit: str
    source: str = "5.2, 7 [H]"


_GENERAL = ("PHQ-9", "GAD-7", "C-SSRS")
_FUNCTION, _FUNCTION_INSTEAD = "WHODAS-12", "WSAS"
_SUBSTANCES = ("AUDIT-C", "DAST-10")
_DRUG_SAFETY = ("SLUMS", "LUTS")
_BEFORE_DOSE = ("C-SSRS", "TWO-ITEM", "LUTS", "CADSS-6", "MOAAS")
_AFTER_DOSE = ("CADSS-6", "MOAAS")


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides when a course asks: day 0, the days of its doses, its reviews, the disorder's scales."""

    start: date
    doses: tuple[date, ...]
    followups: tuple[FollowUp, ...]
    scales: tuple[str, ...]


def administrations(draft: Draft) -> tuple[Administration, ...]:
    """The whole schedule of a draft, in the order of its days. Empty where nothing is proposed."""
    return schedule(Asking(draft.start, draft.ketamine.dates, draft.followups, scales_of(draft)))


def schedule(asking: Asking) -> tuple[Administration, ...]:
    """What a course asks for, in the order of its days; nothing where it has no review."""
    if not asking.followups:
        return ()
    parts = (_baseline, _doses, _next_day, _weekly, _reviews, _remote)
    moments = list(Moment)
    planned = [a for part in parts for a in part(asking)]
    return tuple(sorted(planned, key=lambda a: (a.on, moments.index(a.moment))))


def laboratories(draft: Draft, country: str = "US") -> tuple[Laboratory, ...]:
    """Liver tests, urine drug screen and (in the US) prescription monitoring at a drug course's reviews."""
    names = ["ALT and AST", "urine drug screen"]
    if country.upper() == "US":
        names.append("prescription monitoring review")
    reviews = _full_reviews(draft.followups) if draft.ketamine.infusions else []
    return tuple(Laboratory(name, f.date, f.visit) for f in reviews for name in names)


def scales_of(draft: Draft) -> tuple[str, ...]:
    """The instrument of the lead disorder, or of every target while none leads."""
    wanted = (draft.lead,) if draft.lead else draft.disorders
    return tuple(d.scale.id for d in _by_title(wanted))


def _by_title(titles: tuple[str, ...]) -> Iterator[Disorder]:
    return (d for d in DISORDERS if d.title in titles)


def _full_reviews(followups: tuple[FollowUp, ...]) -> list[FollowUp]:
    return [f for f in followups if f.visit in FULL_REVIEWS]


def _review(asking: Asking, *names: str) -> FollowUp | None:
    return next((f for f in asking.followups if f.visit in names), None)


def _scales(asking: Asking, *, weekly: bool = False) -> Iterator[tuple[str, int | None]]:
    """The disorder scales other than GAD-7, which everybody gets, each with the periods to ask about.

    An instrument with a "past week" version is asked in it weekly, and in both at reviews, so that either has
    an equal to be compared with.
    """
    for scale in asking.scales:
        recalls: tuple[int | None, ...] = (None,)
        if PAST_WEEK in instrument(scale).recalls:
            recalls = (PAST_WEEK,) if weekly else instrument(scale).recalls
        if scale != "GAD-7":
            yield from ((scale, recall) for recall in recalls)


def _full(asking: Asking, moment: Moment, on: date, opens: date, visit: str = "") -> Iterator[Administration]:
    """What baseline and every full review ask for."""
    safety = _DRUG_SAFETY if asking.doses else ()
    for id in (*_GENERAL, *_SUBSTANCES, *safety):
        yield Administration(id, moment, on, opens, visit)
    yield Administration(_FUNCTION, moment, on, opens, visit, instead=_FUNCTION_INSTEAD)
    for scale, recall in _scales(asking):
        yield Administration(scale, moment, on, opens, visit, recall)


def _baseline(asking: Asking) -> Iterator[Administration]:
    opens = asking.start + timedelta(days=BASELINE_OPENS)
    closes = asking.start + timedelta(days=BASELINE_CLOSES)
    return _full(asking, Moment.BASELINE, closes, opens)


def _doses(asking: Asking) -> Iterator[Administration]:
    for n, day in enumerate(asking.doses, 1):
        visit = f"infusion-{n}"
        for id in _BEFORE_DOSE:
            yield Administration(id, Moment.BEFORE_DOSE, day, day, visit, source="5.2, 4.1, 8b")
        for id in _AFTER_DOSE:
            yield Administration(id, Moment.DURING, day, day, visit, source="5.2, 4.1")
        for id in (*_AFTER_DOSE, "C-SSRS"):
            yield Administration(id, Moment.DISCHARGE, day, day, visit, source="5.2, 4.3, 8b")


def _next_day(asking: Asking) -> Iterator[Administration]:
    for call in (f for f in asking.followups if f.visit == NEXT_DAY_CALL):
        for id in ("TWO-ITEM", "VAS"):
            yield Administration(id, Moment.NEXT_DAY, call.date, call.date, call.visit, source="8b")


def _weekly(asking: Asking) -> Iterator[Administration]:
    end = _review(asking, END_OF_INDUCTION)
    for offset in range(WEEK, end.day if end else 0, WEEK):
        on = asking.start + timedelta(days=offset)
        for id in ("GAD-7", "PHQ-9"):
            yield Administration(id, Moment.WEEKLY, on, on)
        for scale, recall in _scales(asking, weekly=True):
            yield Administration(scale, Moment.WEEKLY, on, on, recall_days=recall)


def _reviews(asking: Asking) -> Iterator[Administration]:
    for f in _full_reviews(asking.followups):
        yield from _full(asking, Moment.REVIEW, f.date, f.date, f.visit)


def _remote(asking: Asking) -> Iterator[Administration]:
    month, third = _review(asking, *MONTH_REVIEWS), _review(asking, THIRD_MONTH)
    for offset in range(month.day + REMOTE_EVERY, third.day, REMOTE_EVERY) if month and third else ():
        on = asking.start + timedelta(days=offset)
        for id in ("C-SSRS", *asking.scales):
            usual = next(iter(instrument(id).recalls), None)
            yield Administration(id, Moment.REMOTE, on, on, recall_days=usual, source="8b")
