"""What a patient takes home: plain, honest, in two languages, with the clinic's own numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.protocols.ketamine import ESKETAMINE
from ketplan.clinical.session.limits import SessionLimits
from ketplan.config import CRISIS_LINE
from ketplan.errors import InputError
from ketplan.fhir.render import Step, render
from ketplan.paper.languages import CRISIS, best, codes, language
from ketplan.paper.patient_plan import Medicine, Place, medicine, patient_html
from ketplan.paper.visits import Now, visits
from tests.fhir.plan_builders import SIGNED_AT, ZONE, a_draft, a_plan, a_timetable, an_unsigned
from tests.paper.readability import (
    fernandez_huerta,
    flesch_kincaid_grade,
    sentences_of,
    words_of,
)

SITE = ZoneInfo(ZONE)
PLACE = Place("Riverside Clinic", "US", SITE, CRISIS_LINE, {}, "+1 555 0100")
ROUTES = ("IV", "SC", "IN", "PO")
# Words of a promise, of advertising, or that make a drug sound harmless.
FORBIDDEN = {
    "en": "cure cured heal heals guarantee promise proven miracle breakthrough revolutionary safe harmless "
    "always best amazing relief addictive addiction",
    "es": "cura curar curará sana sanar garantía garantiza promete promesa milagro milagrosa revolucionario "
    "segura seguro inofensiva siempre mejor alivio adictiva adicción",
}


class Prose(HTMLParser):
    """The words of the paper part of a page, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.skipping += tag in ("style", "title", "table")
        self.text += "\n" if tag in ("p", "li", "h1", "h2", "section") else ""

    def handle_endtag(self, tag: str) -> None:
        self.skipping -= tag in ("style", "title", "table")
        self.text += "\n" if tag in ("p", "li", "h1", "h2", "section") else ""

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.text += re.sub(r"\s+", " ", data)


def prose(page: str) -> str:
    reader = Prose()
    reader.feed(page)
    return reader.text


def steps() -> tuple[Step, ...]:
    draft = a_draft()
    return render(a_plan(draft), a_timetable(draft))


def given(route: str = "IV") -> Medicine:
    found = medicine(
        route, ESKETAMINE if route == "IN" else "racemic ketamine hydrochloride", 40, SessionLimits()
    )
    assert found is not None
    return found


def page(code: str = "en", route: str = "IV", place: Place = PLACE, **more: object) -> str:
    known = {"name": "Alva Samplewood", "printed": SIGNED_AT, **more}
    return patient_html(steps(), place, given(route), code, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("route", ROUTES)
def test_english_is_read_at_twelve(route: str) -> None:
    text = prose(page("en", route))
    assert flesch_kincaid_grade(text) <= 6
    assert max(len(words_of(s)) for s in sentences_of(text)) <= 20


@pytest.mark.parametrize("route", ROUTES)
def test_spanish_is_read_at_twelve(route: str) -> None:
    text = prose(page("es", route))
    assert fernandez_huerta(text) >= 75
    assert max(len(words_of(s)) for s in sentences_of(text)) <= 20


def test_the_formulas_tell_plain_from_hard() -> None:
    assert flesch_kincaid_grade("The cat sat on the mat. It was warm.") < 2
    hard = "Pharmacological intervention necessitates individualised haemodynamic surveillance."
    assert flesch_kincaid_grade(hard) > 15
    assert fernandez_huerta("El gato come pan. Hace sol.") > 95
    assert fernandez_huerta("La intervención farmacológica requiere vigilancia individualizada.") < 40


@pytest.mark.parametrize("code", sorted(FORBIDDEN))
@pytest.mark.parametrize("route", ROUTES)
def test_no_word_of_a_promise_stands_in_it(code: str, route: str) -> None:
    said = {word.lower() for word in words_of(prose(page(code, route)))}
    assert not said & set(FORBIDDEN[code].split())


def test_neither_diagnosis_nor_score_nor_dose_lies_on_the_kitchen_table() -> None:
    for code in codes():
        text = prose(page(code)).lower()
        for word in ("anxiety", "ansiedad", "gad", "34 mg", "mg/kg", "no_escort"):
            assert word not in text


def test_every_number_is_the_clinics_own() -> None:
    limits = SessionLimits(food_hours=Decimal(8), fluid_hours=Decimal(3), stay_minutes=180)
    drug = medicine("IV", None, 40, limits)
    text = patient_html(steps(), PLACE, drug, "en", name="A", printed=SIGNED_AT)
    for words in (
        "Do not eat for 8 hours",
        "Do not drink for 3 hours",
        "at least 3 hours after",
        "+1 555 0100",
    ):
        assert words in text
    # The visit starts at nine.
    assert "No food after 1:00\u00a0a.m." in text
    assert "No drinks after 6:00\u00a0a.m." in text
    assert CRISIS_LINE in text


def test_half_hours_are_said_in_minutes_and_the_spray_has_its_rule() -> None:
    text = page("en", "IN")
    assert "Do not drink for 30 minutes" in text
    assert "at least 1 hour before" in text
    assert "esketamine 6 times" in text
    assert "esketamina" in page("es", "IN")


def test_fasting_that_begins_the_day_before_names_that_day() -> None:
    limits = SessionLimits(food_hours=Decimal(12))
    text = patient_html(steps(), PLACE, medicine("IV", None, 40, limits), "en", name="A", printed=SIGNED_AT)
    assert "No food after 9:00\u00a0p.m., Sunday, March 1" in text


def test_fasting_counts_hours_not_the_clocks_jump() -> None:
    """On 8 March 2026 New York's clocks go from two to three."""
    made = list(steps())
    key = next(v.key for v in visits(made, SITE) if v.kind == "infusion")
    start = datetime(2026, 3, 8, 7, 0, tzinfo=SITE)
    moved = {key: Now(start, start + timedelta(hours=2))}
    text = patient_html(made, PLACE, given(), "en", name="A", printed=SIGNED_AT, standing=moved)
    assert "No food after 12:00\u00a0a.m." in text
    assert "New time" in text


def test_a_visit_called_off_is_said_and_asks_nobody_to_fast() -> None:
    made = steps()
    first = next(v for v in visits(made, SITE) if v.kind == "infusion")
    off = {first.key: Now(first.start, first.end, called_off=True)}
    text = patient_html(made, PLACE, given(), "en", name="A", printed=SIGNED_AT, standing=off)
    assert text.count("Cancelled") == 1
    assert text.count("No food after") == 5


def test_what_is_not_signed_says_so_in_either_language() -> None:
    draft = a_draft()
    proposed = render(an_unsigned(draft), a_timetable(draft))
    for code, words in (("en", "This is a draft."), ("es", "Esto es un borrador.")):
        text = patient_html(proposed, PLACE, given(), code, name="A", printed=SIGNED_AT)
        assert words in text
        assert words not in page(code)


def test_without_a_medicine_nothing_is_said_about_one() -> None:
    draft = a_draft()
    bare = replace(
        draft,
        visits=tuple(v for v in draft.visits if v.kind != "infusion"),
        ketamine=replace(draft.ketamine, infusions=0),
    )
    made = render(a_plan(bare), a_timetable(bare))
    text = patient_html(made, PLACE, None, "en", name="A", printed=SIGNED_AT)
    assert "ketamine" not in text.partition("</style>")[2].lower()
    assert "fever" not in text
    assert "talk therapy" in text


def test_hostile_words_stay_words_in_every_language() -> None:
    place = replace(PLACE, name="<b>C</b>", telephone="<i>1</i>", crisis_line="<script>x</script>")
    for code in codes():
        text = page(code, place=place, name="A <img src=x> %(number)s {{ 1 }}")
        assert not re.search(r"<(img|script|i|b>C)", text.partition("</style>")[2])
        assert "A &lt;img src=x&gt; %(number)s {{ 1 }}" in text


def test_the_clinics_own_crisis_words_come_first() -> None:
    place = replace(PLACE, crisis_lines={"es": "Llame al 112."})
    assert "Llame al 112." in page("es", place=place)
    assert "988" in page("es")
    assert "Call 000." in page("es", place=replace(PLACE, crisis_line="Call 000."))
    assert CRISIS == CRISIS_LINE


@pytest.mark.parametrize(
    ("code", "country", "day", "hour"),
    [
        ("en", "US", "Monday, March 2, 2026", "1:05\u00a0p.m."),
        ("en", "GB", "Monday 2 March 2026", "13:05"),
        ("es", "US", "lunes 2 de marzo de 2026", "1:05\u00a0p.\u00a0m."),
        ("es", "ES", "lunes 2 de marzo de 2026", "13:05"),
        ("xx", "us", "Monday, March 2, 2026", "1:05\u00a0p.m."),
    ],
)
def test_days_and_times_are_those_of_language_and_site(code: str, country: str, day: str, hour: str) -> None:
    said = language(code, country)
    assert said.day(date(2026, 3, 2)) == day
    assert said.clock(datetime(2026, 3, 2, 13, 5, tzinfo=SITE)) == hour


def test_midnight_and_noon_are_twelve() -> None:
    said = language("en", "US")
    assert [said.clock(datetime(2026, 3, 2, h, tzinfo=SITE))[:5] for h in (0, 12)] == ["12:00", "12:00"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("es-MX", "es"), ("ES", "es"), ("en-US", "en"), ("fr", "en"), ("", "en"), ("es_PR", "es")],
)
def test_the_language_of_the_record_is_offered_where_there_is_one(wanted: str, found: str) -> None:
    assert best(wanted) == found


def test_steps_without_a_plan_make_no_sheet() -> None:
    with pytest.raises(InputError):
        patient_html([], PLACE, None, "en", name="A", printed=SIGNED_AT)
