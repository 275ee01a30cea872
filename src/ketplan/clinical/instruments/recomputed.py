"""Stated totals beside what the answers on record add up to. Facts 5.1; unknown is not no.

Answers count for a total of the same day: those of one questionnaire or panel together, single ones by their
moment. An unanswered question is never zero: incomplete answers only bound the total. Where the two
contradict each other nobody knows which is right: a rule that either would set off is set off, and the total
closes no line of the work-up and measures no response.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ketplan.clinical.findings import Evidence, evidence_of
from ketplan.clinical.instruments.model import Instrument, Item
from ketplan.clinical.instruments.scoring import points_of
from ketplan.clinical.instruments.table import BY_ID, INSTRUMENTS
from ketplan.clinical.record import Answer, Observation
from ketplan.clinical.view import View, moment_of, number


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`lowest` to `highest` is what the answers allow, one number where all are given."""

    instrument: str
    stated: Decimal
    lowest: int
    highest: int
    when: str
    evidence: tuple[Evidence, ...]

    @property
    def words(self) -> str:
        """ "PHQ-9 of 2026-02-12: 9 is stated, its answers add up to 14"."""
        adds = f"{self.lowest}" if self.lowest == self.highest else f"{self.lowest} to {self.highest}"
        return (
            f"{BY_ID[self.instrument].title} of {self.when}: {self.stated.normalize():f} is stated, its"
            f" answers add up to {adds}"
        )


def contradiction(view: View, row: Instrument, total: Observation) -> Contradiction | None:
    """How a stated total and the answers of its day differ; None where they agree or none are on record."""
    stated, sets = number(total), list(_answer_sets(view, row, total))
    if stated is None or total.when is None or not sets:
        return None
    bounds = [_bounds(row, answers) for answers in sets]
    if any(low <= stated <= high for low, high in bounds):
        return None
    low, high = max(bounds)
    worst = sets[bounds.index((low, high))]
    evidence = tuple(dict.fromkeys(evidence_of(o) for o, _ in worst.values()))
    return Contradiction(row.id, stated, low, high, str(total.when), evidence)


def readings(view: View, scale_id: str, total: Observation) -> tuple[Decimal, ...]:
    """The stated total, with what its answers allow where they contradict it: a rule asks all of them."""
    found, stated = contradiction(view, BY_ID[scale_id], total), number(total)
    told = () if stated is None else (stated,)
    return told if found is None else (*told, Decimal(found.lowest), Decimal(found.highest))


def contradictions(view: View) -> tuple[Contradiction, ...]:
    """Every contradicted total of the record, oldest first."""
    return tuple(
        found
        for row in INSTRUMENTS
        if row.loinc_total and row.items
        for total in view.history(row.loinc_total)
        if (found := contradiction(view, row, total))
    )


_Answers = dict[str, tuple[Observation, int]]


def _answer_sets(view: View, row: Instrument, total: Observation) -> Iterator[_Answers]:
    """The answers of the total's day, by filling-in; of two to one question the one with more points."""
    by_source: dict[object, _Answers] = {}
    if total.when is None:
        return
    day = total.when.earliest
    told = [
        (item, answer, points)
        for item in row.scored_items
        for answer in view.answers(item.loinc, item.id)
        if answer.when and answer.when.earliest == day and (points := _points(item, answer)) is not None
    ]
    questions: dict[str, set[str]] = {}
    for item, answer, _ in told:
        questions.setdefault(answer.reference, set()).add(item.id)
    for item, answer, points in told:
        together = len(questions[answer.reference]) > 1
        known = by_source.setdefault(answer.reference if together else moment_of(answer.when), {})
        if item.id not in known or known[item.id][1] < points:
            known[item.id] = (answer, points)
    yield from by_source.values()


def _points(item: Item, answer: Observation) -> int | None:
    """The points of an answer by code, words or number; None where it is none of this question's."""
    if isinstance(answer.value, Answer):
        coded = (points_of(item, c.code) for c in answer.value.codes)
        if (found := next((p for p in coded if p is not None), None)) is not None:
            return found
        said = answer.value.text.strip().casefold()
        if (found := next((c.points for c in item.choices if c.words.casefold() == said), None)) is not None:
            return found
    value = number(answer)
    whole = value is not None and value == value.to_integral_value() and item.allows(int(value))
    return int(value) if value is not None and whole else None


def _bounds(row: Instrument, answers: _Answers) -> tuple[int, int]:
    """The least and the most the total can be, as far as the questions are answered."""
    given = sum(points for _, points in answers.values())
    open_ = [
        item.span or [c.points for c in item.choices] for item in row.scored_items if item.id not in answers
    ]
    return given + sum(map(min, open_)), given + sum(map(max, open_))
