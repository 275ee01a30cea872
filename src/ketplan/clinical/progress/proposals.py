"""What a review may propose, and the shape of one proposal. A clinician accepts, edits or rejects each.

The order of `Kind` is the order on the page: suicide risk first, whatever else there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ketplan.clinical.findings import Evidence


class Kind(StrEnum):
    SUICIDE_PATHWAY = "suicide_pathway"
    STOP_AT_ONCE = "stop_at_once"
    HOLD = "hold"
    FUTILITY = "futility"
    STOP = "stop"
    STEP_DOWN = "step_down"
    RELAPSE_REVIEW = "relapse_review"
    REAUTHORISE = "reauthorise"
    MID_COURSE_REVIEW = "mid_course_review"
    END_OF_INDUCTION_REVIEW = "end_of_induction_review"
    TITRATE_UP = "titrate_up"
    ADD_INFUSIONS = "add_infusions"
    START_MAINTENANCE = "start_maintenance"
    TAPER = "taper"
    STRETCH_INTERVAL = "stretch_interval"
    CUMULATIVE_REVIEW = "cumulative_review"
    BLADDER_CHECK = "bladder_check"
    COGNITION_CHECK = "cognition_check"
    LIVER_CHECK = "liver_check"
    ABUSE_CHECK = "abuse_check"
    RESCHEDULE = "reschedule"
    RATING_NEEDED = "rating_needed"
    FACT_NEEDED = "fact_needed"

    @property
    def rank(self) -> int:
        return list(Kind).index(self)


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind's name on the page and where its rule comes from, with its tag."""

    title: str
    source: str


KINDS: dict[Kind, KindRow] = {
    Kind.SUICIDE_PATHWAY: KindRow("Suicide risk: act today", "8b, suicide risk comes first"),
    Kind.STOP_AT_ONCE: KindRow("Stop at once", "1.6 [H]; label themes [F:SPR19]"),
    Kind.HOLD: KindRow("Hold dosing", "7 [H]; cut [M:HUM12]"),
    Kind.FUTILITY: KindRow("Stop: futile", "1.6 futility [H]"),
    Kind.STOP: KindRow("Consider stopping", "1.6: maintenance for responders only [F:PHI19][P][F:GLU18]"),
    Kind.STEP_DOWN: KindRow("Lower the dose", "1.1 titration down [H]"),
    Kind.RELAPSE_REVIEW: KindRow("Review: relapse", "7 [H]; durability in PTSD [F:FED21]"),
    Kind.REAUTHORISE: KindRow("Re-authorise treatment", "1.6: three months [F:GLU18] [H]"),
    Kind.MID_COURSE_REVIEW: KindRow("Mid-course check", "1.6 [H]"),
    Kind.END_OF_INDUCTION_REVIEW: KindRow("End of induction: go on or stop", "1.3 [F:MIMS]; 1.6 [H]"),
    Kind.TITRATE_UP: KindRow("Raise the dose", "1.1 [F:REACT][M:ROD20], steps [H]; 8b titration"),
    Kind.ADD_INFUSIONS: KindRow("Add infusions", "1.6 partial response [H]; 8b"),
    Kind.START_MAINTENANCE: KindRow(
        "Start maintenance", "1.6: weekly x4 [F:PHI19][P], rest [H]; responders only [F:GLU18]"
    ),
    Kind.TAPER: KindRow("Next step of the taper", "1.6 [F:PHI19][P], rest [H]"),
    Kind.STRETCH_INTERVAL: KindRow("Stretch the interval", "1.6 [H]; principle [F:AND17][P]"),
    Kind.CUMULATIVE_REVIEW: KindRow("Review the cumulative dose", "7 [H]; no evidence-based ceiling"),
    Kind.BLADDER_CHECK: KindRow("Bladder check due", "7 [H]; [F:SPR21]"),
    Kind.COGNITION_CHECK: KindRow("Cognition check due", "7 [H]; [F:LTS22]"),
    Kind.LIVER_CHECK: KindRow("Liver tests due", "7 [H]; [F:KETPT, weak]"),
    Kind.ABUSE_CHECK: KindRow("Misuse check due", "7 [H]; [F:SPR19]"),
    Kind.RESCHEDULE: KindRow("Place a missed visit again", "1.1: 48 h between doses [H]"),
    Kind.RATING_NEEDED: KindRow("Rating needed", "5.2, 8b: unknown is not no"),
    Kind.FACT_NEEDED: KindRow("Not recorded", "1.1, 8b: unknown is not no"),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What accepting would change, in words and as values; None is untouched.

    `lowest_mg_per_kg` and `highest_mg_per_kg` bound what a clinician may edit the dose to.
    """

    words: str
    mg_per_kg: Decimal | None = None
    mg: int | None = None
    lowest_mg_per_kg: Decimal | None = None
    highest_mg_per_kg: Decimal | None = None
    doses_added: int | None = None
    interval_days: int | None = None
    due: date | None = None
    ends_dosing: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal. `id` is the same for the same question, however often the review is repeated."""

    id: str
    kind: Kind
    text: str
    effect: Effect
    source: str
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def title(self) -> str:
        return KINDS[self.kind].title

    @property
    def tags(self) -> tuple[str, ...]:
        """The standing of its sources, in words."""
        return standing(self.source)


_STANDING = (
    (r"\[F:[^\]]*(secondary|weak)\]", "weak source"),
    (r"\[F:", "found in a source"),
    (r"\[M[\]:]", "from memory"),
    (r"\[H\]", "house default"),
    (r"\[P\]", "extrapolated"),
)


def standing(source: str) -> tuple[str, ...]:
    """The tags of a source ("[H]", "[F:GLU18]") in words, each once."""
    return tuple(words for pattern, words in _STANDING if re.search(pattern, source))


def proposal(
    kind: Kind,
    anchor: str,
    text: str,
    effect: Effect | str,
    *,
    reasons: Iterable[str] = (),
    evidence: Iterable[Evidence] = (),
    source: str = "",
) -> Proposal:
    """A proposal of `kind`; `anchor` says which occasion of it ("after-2"), so that its id is stable."""
    return Proposal(
        f"{kind}/{anchor}",
        kind,
        text,
        Effect(effect) if isinstance(effect, str) else effect,
        source or KINDS[kind].source,
        tuple(reasons),
        tuple(evidence),
    )
