"""The languages of what a patient takes home: words by gettext, days and times by the same catalogue.

English is what the templates say. Any other language is a folder of locale/ with a catalogue in it.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import as_file, files

DOMAIN, SOURCE = "patient", "en"
_TWELVE_HOURS = frozenset({"US", "CA", "AU", "NZ", "PH", "MX", "CO", "PR"})
_MONTH_FIRST = frozenset({"US", "PR", "PH"})

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAY_FIRST = ("day", "%(weekday)s %(day)s %(month)s %(year)s")
US_DAY = ("day where the month is said first", "%(weekday)s, %(month)s %(day)s, %(year)s")
SHORT_DAY_FIRST = ("day of this year", "%(weekday)s %(day)s %(month)s")
SHORT_US_DAY = ("day of this year where the month is said first", "%(weekday)s, %(month)s %(day)s")
MORNING = ("half of the day", "%(hour)s:%(minute)s a.m.")
AFTERNOON = ("half of the day", "%(hour)s:%(minute)s p.m.")
NAME = ("name of this language in itself", "English")
CRISIS = "In a crisis call or text 988 (Suicide and Crisis Lifeline); in danger of life call 911."
HOURS, MINUTES = ("%(num)s hour", "%(num)s hours"), ("%(num)s minute", "%(num)s minutes")

WITH_CONTEXT = (
    *(("weekday", name) for name in DAYS),
    *(("month", name) for name in MONTHS),
    *(DAY_FIRST, US_DAY, SHORT_DAY_FIRST, SHORT_US_DAY, MORNING, AFTERNOON, NAME),
)
"""What this module looks up, as (context, message); the templates hold the rest."""


@dataclass(frozen=True)
class Language:
    """One language at a site of one country, which decides the order of a date and the clock."""

    code: str
    country: str
    words: gettext.NullTranslations

    @property
    def name(self) -> str:
        return self.words.pgettext(*NAME)

    def day(self, on: date, beside: date | None = None) -> str:
        """ "Monday, March 2, 2026", or "lunes 2 de marzo de 2026"; without a year that `beside` has too."""
        shapes = (SHORT_US_DAY, US_DAY) if self.country in _MONTH_FIRST else (SHORT_DAY_FIRST, DAY_FIRST)
        return self.words.pgettext(*shapes[beside is None or beside.year != on.year]) % {
            "weekday": self.words.pgettext("weekday", DAYS[on.weekday()]),
            "day": on.day,
            "month": self.words.pgettext("month", MONTHS[on.month - 1]),
            "year": on.year,
        }

    def clock(self, at: datetime) -> str:
        if self.country not in _TWELVE_HOURS:
            return f"{at:%H:%M}"
        shape = MORNING if at.hour < 12 else AFTERNOON
        said = self.words.pgettext(*shape) % {"hour": at.hour % 12 or 12, "minute": f"{at.minute:02}"}
        return said.replace(" ", "\N{NO-BREAK SPACE}")

    def span(self, hours: Decimal) -> str:
        """ "6 hours"; in minutes where it is no whole number of hours."""
        whole = hours == int(hours)
        number = int(hours if whole else hours * 60)
        return self.words.ngettext(*(HOURS if whole else MINUTES), number) % {"num": number}


@cache
def codes() -> tuple[str, ...]:
    """English first, then every language there is a catalogue for."""
    folder = files("ketplan.paper").joinpath("locale")
    return SOURCE, *sorted(found.name for found in folder.iterdir() if found.is_dir())


def language(code: str, country: str) -> Language:
    """The language of this code; English where there is none such."""
    return Language(code if code in codes() else SOURCE, country.upper(), _catalogue(code))


def best(wanted: str) -> str:
    """The language offered for a BCP 47 tag ("es-MX" is "es"); English for any other and for none."""
    code = wanted.replace("_", "-").partition("-")[0].lower()
    return code if code in codes() else SOURCE


def offered(wanted: str, country: str) -> tuple[Language, ...]:
    """Every language there is, the best for the tag `wanted` first."""
    first = best(wanted)
    return tuple(language(code, country) for code in sorted(codes(), key=lambda code: code != first))


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    if code == SOURCE or code not in codes():
        return gettext.NullTranslations()
    with as_file(files("ketplan.paper").joinpath("locale")) as folder:
        return gettext.translation(DOMAIN, folder, [code])
