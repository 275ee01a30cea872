"""Public holidays, the one place that knows where they come from.

The library follows the law of each country, and some of its days are working days in a clinic: a site
adds to and removes from what is returned here. A stored timetable keeps its times when the library changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ketplan.errors import InputError


def public_holidays(name: str, years: Iterable[int]) -> dict[date, str]:
    """Names of public holidays by day, for a country or part of one: "US", "US/NY", "GB/ENG".

    Raises InputError when there is no such calendar.
    """
    import holidays  # a large library that most runs never need

    country, _, part = name.partition("/")
    try:
        found = holidays.country_holidays(country, subdiv=part or None, years=list(years))
    except NotImplementedError as error:
        raise InputError("There is no public holiday calendar of that name.") from error
    return dict(sorted(found.items()))
