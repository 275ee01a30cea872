"""The record as it stood on one day: the newest value of anything, ages, conditions. All screens read it.

Results dated after the as-of date are not used: they had not happened. "Newest" never depends on the order
in which a server returned the entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property

from ketplan.clinical import codes, ingredients
from ketplan.clinical.house import House
from ketplan.clinical.record import (
    LOINC,
    Answer,
    Condition,
    Medication,
    MedicationKind,
    Observation,
    PatientRecord,
    Quantity,
    When,
)

USABLE = frozenset({"final", "amended", "corrected", "preliminary", None})
CURRENT_MEDICATION = frozenset({"active", "on-hold", "unknown", None})
# Words that show a value to be less than the instrument's total.
_NOT_THE_TOTAL = ("subscale", "subtotal", "item", "change")
PROPOSED_INTENT = frozenset({"proposal", "option"})


@dataclass(frozen=True)
class View:
    """`as_of` is the assessment's date, `start` the course's day 0; both calendar dates of the site."""

    record: PatientRecord
    as_of: date
    start: date
    house: House = field(default_factory=House)

    # --- observations -------------------------------------------------------------------------------

    @cached_property
    def _by_loinc(self) -> dict[str, list[Observation]]:
        index: dict[str, list[Observation]] = {}
        for observation in self._usable:
            for code in {c.code for c in observation.codes if c.system == LOINC}:
                index.setdefault(code, []).append(observation)
        return index

    @cached_property
    def _usable(self) -> list[Observation]:
        """Oldest first; values without a date come first of all, they are never the newest."""
        usable = [
            o
            for o in self.record.observations
            if o.status in USABLE and o.value is not None and self.happened(o.when)
        ]
        return sorted(usable, key=_moment)

    @cached_property
    def _uncoded(self) -> list[Observation]:
        return [o for o in self._usable if not any(c.system == LOINC for c in o.codes)]

    def happened(self, when: When | None) -> bool:
        return when is None or when.earliest <= self.as_of

    @cached_property
    def dated_later(self) -> tuple[Observation, ...]:
        """Results left out because they are dated after the as-of date."""
        return tuple(o for o in self.record.observations if not self.happened(o.when))

    def history(self, *loinc: str) -> list[Observation]:
        """Every usable value under any of the LOINC codes, oldest first."""
        found = [o for code in loinc for o in self._by_loinc.get(code, ())]
        return found if len(loinc) == 1 else sorted(found, key=_moment)

    def newest(self, *loinc: str) -> Observation | None:
        found = self.history(*loinc)
        return found[-1] if found else None

    @cached_property
    def _by_question(self) -> dict[str, list[Observation]]:
        """Answers to questions of our own forms, by the question's id."""
        index: dict[str, list[Observation]] = {}
        for observation in self._uncoded:
            for code in observation.codes:
                if "/Questionnaire/" in code.system:
                    index.setdefault(code.code, []).append(observation)
        return index

    def answers(self, loinc: str, question: str) -> list[Observation]:
        """Every usable answer to one question of an instrument, by its LOINC code or its id in our forms."""
        return [*self._by_loinc.get(loinc, ()), *self._by_question.get(question, ())]

    def latest(self, *loinc: str) -> list[Observation]:
        """Every value of the newest moment: of several at once the worse one counts."""
        found = self.history(*loinc)
        return [o for o in found if moment_of(o.when) == moment_of(found[-1].when)] if found else []

    def conclusive(self, loinc: str) -> list[Observation]:
        """The newest qualitative results that say positive or negative; of several at once all."""
        found = [o for o in self.history(loinc) if is_positive(o) is not None]
        return [o for o in found if moment_of(o.when) == moment_of(found[-1].when)] if found else []

    def newest_named(self, names: Iterable[str], *, coded: bool = True) -> Observation | None:
        """The newest usable value whose text begins with one of the names.

        `coded=False` looks only at values without a LOINC code: the instrument has a LOINC code of its own.
        """
        starts = tuple(n.lower() for n in names)
        found = [
            o
            for o in (self._usable if coded else self._uncoded)
            if o.label.lower().startswith(starts) and "subscale" not in o.label.lower()
        ]
        return found[-1] if found else None

    def age_days(self, when: When | None) -> int | None:
        return None if when is None else when.age_days(self.as_of)

    def is_fresh(self, when: When | None, max_age_days: int | None) -> bool:
        if max_age_days is None:
            return when is None or self.happened(when)
        return when is not None and 0 <= max(0, when.age_days(self.as_of)) <= max_age_days

    # --- conditions and medication ------------------------------------------------------------------

    @cached_property
    def stated_conditions(self) -> tuple[Condition, ...]:
        return tuple(c for c in self.record.conditions if codes.is_stated(c))

    @cached_property
    def active_conditions(self) -> tuple[Condition, ...]:
        return tuple(c for c in self.stated_conditions if codes.is_active(c))

    def active(self, value_set: codes.ValueSet) -> list[Condition]:
        return _sorted(c for c in self.active_conditions if c in value_set)

    def ever(self, value_set: codes.ValueSet) -> list[Condition]:
        return _sorted(c for c in self.stated_conditions if c in value_set)

    def began_within(self, condition: Condition, days: int) -> bool:
        """Began at most so many days ago; without a date it might have, if it is active."""
        since = condition.onset or condition.recorded
        if since is None:
            return codes.is_active(condition)
        return (self.as_of - since.latest).days <= days

    @cached_property
    def current_medications(self) -> tuple[Medication, ...]:
        """Active or on hold, ordered, planned or reported; a status nobody knows counts, to be safe."""
        return tuple(
            sorted(
                (
                    m
                    for m in self.record.medications
                    if m.kind is not MedicationKind.ADMINISTRATION
                    and m.status in CURRENT_MEDICATION
                    and m.intent not in PROPOSED_INTENT
                ),
                key=lambda m: m.reference,
            )
        )

    @cached_property
    def ingredients(self) -> dict[str, frozenset[str] | None]:
        """RxNorm ingredients of each medication by reference; None where they cannot be told."""
        return {m.reference: ingredients.resolve(m.codes, m.text) for m in self.record.medications}

    def ingredients_of(self, medication: Medication) -> frozenset[str]:
        return self.ingredients.get(medication.reference) or frozenset()

    # --- the person ---------------------------------------------------------------------------------

    def age_range(self, on: date) -> tuple[int, int] | None:
        """Youngest and oldest possible age in years on a day; None without a date of birth."""
        birth = self.record.patient.birth_date
        if birth is None:
            return None
        return _years(birth.latest, on), _years(birth.earliest, on)

    def age_may_be(self, low: int, high: int) -> bool:
        """Could the age at the as-of date lie in low..high? Unknown could be anything."""
        ages = self.age_range(self.as_of)
        return ages is None or (ages[0] <= high and ages[1] >= low)

    @cached_property
    def is_65_or_older(self) -> bool:
        ages = self.age_range(self.as_of)
        return ages is not None and ages[1] >= 65

    @cached_property
    def may_be_pregnant(self) -> bool:
        """Whom hCG is asked of: birth sex F or unknown (absent: gender other than male), 12 to 55 (8b)."""
        return (
            not self.record.patient.is_male
            and self.age_may_be(12, 55)
            and not self.ever(codes.NO_UTERUS_OR_MENOPAUSE)
            and not any(
                p in codes.NO_UTERUS_OR_MENOPAUSE
                and p.status in (None, "completed")
                and self.happened(p.when)
                for p in self.record.procedures
            )
        )


def _sorted(conditions: Iterable[Condition]) -> list[Condition]:
    return sorted(conditions, key=lambda c: (c.reference, c.label))


def _years(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def _moment(observation: Observation) -> tuple[date, datetime, str, str]:
    return *moment_of(observation.when), str(observation.value), observation.reference


_NEVER = datetime.min.replace(tzinfo=UTC)


def moment_of(when: When | None) -> tuple[date, datetime]:
    """Sortable: the site's calendar day, then the time within it; a date alone comes before any time."""
    if when is None:
        return date.min, _NEVER
    return when.earliest, when.instant or _NEVER


# --- reading values -------------------------------------------------------------------------------------

_YES = frozenset({"LA33-6", "373066001", "Y", "yes", "true"})
_NO = frozenset({"LA32-8", "373067005", "N", "no", "false"})
_POSITIVE = frozenset(
    {"10828004", "260373001", "52101004", "LA6576-8", "LA11882-0", "LA9633-4", "POS", "DET"}
)
_NEGATIVE = frozenset(["260385009", "260415000", "2667000", "LA6577-6", "LA11883-8", "LA9634-2", "NEG", "ND"])
_NEGATIVE_WORDS = (
    "negative",
    "not detected",
    "none detected",
    "non-reactive",
    "nonreactive",
    "absent",
    "neg",
)
_POSITIVE_WORDS = ("positive", "detected", "reactive", "present", "pos")


# Far below any unit a result is reported in.
_A_LITTLE = {"<": Decimal("-1e-9"), ">": Decimal("1e-9")}
_IN_WORDS = re.compile(r"([<>]=?)?\s*(\d{1,12}(?:\.\d{1,9})?)\s*([^\d\s]\S{0,20})?", re.ASCII)


def quantity(observation: Observation) -> Quantity | None:
    """The value as a quantity, whatever type it was recorded in, "26 mIU/mL" as text among them."""
    value = observation.value
    if isinstance(value, Quantity) or value is None:
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Quantity(Decimal(value))
    found = _IN_WORDS.fullmatch((value if isinstance(value, str) else value.text).strip())
    return Quantity(Decimal(found[2]), found[3], found[1]) if found else None


def number(observation: Observation) -> Decimal | None:
    """The value as a number; "<5" is a little less than 5."""
    found = quantity(observation)
    return None if found is None else found.value + _A_LITTLE.get(found.comparator or "", Decimal(0))


def unit(observation: Observation) -> str | None:
    found = quantity(observation)
    return found.unit if found else None


def yes_or_no(observation: Observation | None) -> bool | None:
    """True for yes, False for no, None for unanswered or anything else."""
    if observation is None:
        return None
    value = observation.value
    if isinstance(value, bool):
        return value
    found, words = _codes_and_words(observation)
    if found & _YES or words in ("yes", "y", "true"):
        return True
    if found & _NO or words in ("no", "n", "false"):
        return False
    return None


def is_positive(observation: Observation) -> bool | None:
    """A qualitative result: True positive, False negative, None when it says neither."""
    found, words = _codes_and_words(observation)
    found |= {c.code for c in observation.interpretation}
    if found & _POSITIVE:
        return True
    if found & _NEGATIVE:
        return False
    if words.startswith(_NEGATIVE_WORDS):
        return False
    if any(w in words.replace("/", " ").split() for w in _POSITIVE_WORDS):
        return True
    return observation.value if isinstance(observation.value, bool) else None


def _codes_and_words(observation: Observation) -> tuple[set[str], str]:
    value = observation.value
    if isinstance(value, Answer):
        words = value.text or next((c.display for c in value.codes if c.display), "")
        return {c.code for c in value.codes}, words.strip().lower()
    return set(), str(value).strip().lower() if isinstance(value, str) else ""
