"""The totals of an instrument that a record holds: by LOINC code, or by name where there is none."""

from __future__ import annotations

import re

from ketplan.clinical import scales
from ketplan.clinical.instruments.change import Rating
from ketplan.clinical.instruments.filling import COLUMBIA
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.recomputed import readings
from ketplan.clinical.record import LOINC, Observation
from ketplan.clinical.screens import suicide
from ketplan.clinical.view import USABLE, View, moment_of

_NAMES = {
    s.id: s.names for s in (scales.GAD7, scales.PDSS, scales.LSAS, scales.PHOBIA, scales.YBOCS, scales.PCL5)
}
_IN_PART = re.compile(r"subscale|subtotal|\bitem \d|change", re.IGNORECASE)
# The period asked about, as `fhir.rendering.survey_response` writes it behind the name of a total.
RECALL_WORDS = {7: "past week", 30: "past month"}


def name_of(row: Instrument) -> str:
    """What the text of a total begins with, so that every reader of totals knows it."""
    return _NAMES.get(row.id, (row.id,))[0]


def totals(view: View, row: Instrument) -> tuple[Rating, ...]:
    """Every usable total within the instrument's range, oldest first; those without a date are left out.

    One that the answers on record contradict is followed by what they add up to: two totals of one day, by
    which nothing is measured.
    """
    found = [o for o in view.record.observations if o.when and _is_total(view, row, o)]
    found.sort(key=lambda o: (*moment_of(o.when), o.reference))
    return tuple(
        Rating(row.id, o.when.earliest, total, _recall(o), o.reference)
        for o in found
        if o.when
        for total in readings(view, row.id, o)
        if row.minimum <= total <= (row.maximum or total)
    )


def last_answered(view: View, row: Instrument) -> Observation | None:
    """The newest answer of an instrument that has no total."""
    return view.newest(*suicide.ITEMS, *suicide.PANELS) if row.id == COLUMBIA else None


def _is_total(view: View, row: Instrument, told: Observation) -> bool:
    if told.status not in USABLE or told.value is None or not view.happened(told.when):
        return False
    coded = {c.code for c in told.codes if c.system == LOINC}
    if coded:
        return row.loinc_total in coded
    names = "|".join(re.escape(n) for n in _NAMES.get(row.id, (row.id, row.title)))
    return bool(re.match(rf"(?:{names})(?![\w-])", told.label, re.IGNORECASE)) and not _IN_PART.search(
        told.label
    )


def _recall(told: Observation) -> int | None:
    said = told.label.lower()
    return next((days for days, words in RECALL_WORDS.items() if said.endswith(words)), None)
