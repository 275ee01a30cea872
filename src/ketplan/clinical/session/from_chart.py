"""What the chart knows for the lists of the day of a dose."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ketplan.clinical.screens.pregnancy import newest_test
from ketplan.clinical.screens.weight import WEIGHT, kilograms
from ketplan.clinical.session.sheet import ChartFacts
from ketplan.clinical.view import View


def chart_facts(view: View, signed_on: date, last_dose_on: date | None) -> ChartFacts:
    """`view` is the record of today; the weight behind the dose is the newest on the day of the signature.

    Of an age that is not sure the younger counts: the ladder of blood pressure is stricter there.
    """
    ages = view.age_range(view.as_of)
    weighed = replace(view, as_of=signed_on).newest(*WEIGHT)
    tested_on, positive = newest_test(view)
    return ChartFacts(
        ages[0] if ages else None,
        view.may_be_pregnant,
        tested_on,
        positive,
        kilograms(weighed) if weighed else None,
        last_dose_on,
        view.house.dose_gap_hours,
    )
