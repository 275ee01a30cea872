"""FHIR's data types, read from whatever servers send."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.record import ICD10CM, LOINC, SNOMED, UCUM, Answer, Code, Quantity, When
from ketplan.fhir import datatypes as fhir

NEW_YORK = ZoneInfo("America/New_York")
FOREIGN = [None, True, 0, -3, 2.5, "", " ", "x", [], [[]], [None], {}, {"a": 1}, [{}, 3], {"coding": 5}]


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-02-10", date(2026, 2, 10), date(2026, 2, 10)),
        (" 2026-02-10 ", date(2026, 2, 10), date(2026, 2, 10)),
    ],
)
def test_a_date_keeps_its_precision(text: str, earliest: date, latest: date) -> None:
    assert fhir.parse_when(text, NEW_YORK) == When(earliest, latest)


@pytest.mark.parametrize(
    ("text", "day", "instant"),
    [
        ("2026-02-10T09:30:00-05:00", date(2026, 2, 10), datetime(2026, 2, 10, 14, 30, tzinfo=UTC)),
        # Late evening in New York is already tomorrow in UTC.
        ("2026-02-11T03:30:00Z", date(2026, 2, 10), datetime(2026, 2, 11, 3, 30, tzinfo=UTC)),
        ("2026-02-10T23:30:00+13:00", date(2026, 2, 10), datetime(2026, 2, 10, 10, 30, tzinfo=UTC)),
        ("2026-02-10T09:30Z", date(2026, 2, 10), datetime(2026, 2, 10, 9, 30, tzinfo=UTC)),
        ("2026-02-10T14:30:00.123456789Z", date(2026, 2, 10), datetime(2026, 2, 10, 14, 30, 0, 123456, UTC)),
        # Without an offset it is the site's wall time, winter and summer.
        ("2026-02-10T09:30:00", date(2026, 2, 10), datetime(2026, 2, 10, 14, 30, tzinfo=UTC)),
        ("2026-07-10T09:30:00", date(2026, 7, 10), datetime(2026, 7, 10, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_told_in_the_site_s_zone(text: str, day: date, instant: datetime) -> None:
    when = fhir.parse_when(text, NEW_YORK)
    assert when is not None and (when.earliest, when.latest) == (day, day)
    assert when.instant == instant
    assert when.instant.date() == day


def test_differences_stay_right_in_the_night_the_clocks_go_back() -> None:
    before, after = (
        fhir.parse_when(text, NEW_YORK) for text in ("2026-11-01T05:55:00Z", "2026-11-01T06:05:00Z")
    )
    assert before and after and before.instant and after.instant
    assert (before.instant.hour, after.instant.hour) == (1, 1)
    assert after.instant - before.instant == timedelta(minutes=10)


@pytest.mark.parametrize(
    "text",
    [
        *FOREIGN,
        "2026-02-30",
        "2026-13",
        "0000",
        "0000-00-00",
        "2026-2-1",
        "26-02-10",
        "2026-02-10T25:00:00Z",
        "yesterday",
        "unknown date",
        "٢٠٢٦",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_is_no_date_is_none(text: object) -> None:
    assert fhir.parse_when(text, NEW_YORK) is None


def test_a_day_sent_as_midnight_keeps_its_calendar_date() -> None:
    assert fhir.parse_day("1990-05-17T00:00:00Z", NEW_YORK) == When.on(date(1990, 5, 17))
    assert fhir.parse_day("1990", NEW_YORK) == When(date(1990, 1, 1), date(1990, 12, 31))
    assert fhir.parse_day(19900517, NEW_YORK) is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (68, "68"),
        (68.5, "68.5"),
        (0.1, "0.1"),
        (Decimal("70.50"), "70.50"),
        ("70.50", "70.50"),
        (" 20 ", "20"),
        ("-3", "-3"),
        (0, "0"),
    ],
)
def test_a_number_is_kept_exactly(raw: object, value: str) -> None:
    assert str(fhir.number(raw)) == value


@pytest.mark.parametrize(
    "raw",
    [
        None,
        True,
        [],
        {},
        "",
        "72 kg",
        "1_000",
        "1,5",
        "٧",
        "NaN",
        "Infinity",
        float("nan"),
        float("inf"),
        Decimal("sNaN"),
        "1e999999999",
        "1e-400",
        10**400,
    ],
)
def test_what_is_no_sane_number_is_none(raw: object) -> None:
    assert fhir.number(raw) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"value": 185, "unit": "lb", "system": UCUM, "code": "[lb_av]"}, Quantity(Decimal(185), "[lb_av]")),
        ({"value": 72, "unit": " kg "}, Quantity(Decimal(72), "kg")),
        ({"value": 72, "code": "kg"}, Quantity(Decimal(72), "kg")),
        ({"value": 72, "system": UCUM, "unit": "kg"}, Quantity(Decimal(72), "kg")),
        ({"value": 72, "unit": "kg", "system": "urn:local", "code": "258"}, Quantity(Decimal(72), "kg")),
        (
            {"value": 72, "unit": "kilo", "system": "urn:oid:2.16.840.1.113883.6.8", "code": "kg"},
            Quantity(Decimal(72), "kg"),
        ),
        ({"value": "5", "comparator": "<"}, Quantity(Decimal(5), None, "<")),
        ({"value": 5, "comparator": "about"}, Quantity(Decimal(5))),
        ([{"value": 5}], Quantity(Decimal(5))),
        ({"unit": "kg"}, None),
        ("72", None),
    ],
)
def test_quantity(raw: object, expected: Quantity | None) -> None:
    assert fhir.quantity(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"system": SNOMED, "code": " 47505003 ", "display": "PTSD"}, Code(SNOMED, "47505003", "PTSD")),
        ({"system": SNOMED, "code": 47505003}, Code(SNOMED, "47505003")),
        ({"system": "urn:oid:2.16.840.1.113883.6.96", "code": "1"}, Code(SNOMED, "1")),
        ({"system": "urn:oid:2.16.840.1.113883.6.1", "code": "8480-6"}, Code(LOINC, "8480-6")),
        ({"system": "urn:oid:2.16.840.1.113883.6.90", "code": "f411"}, Code(ICD10CM, "F41.1")),
        ({"system": ICD10CM, "code": "F40.10"}, Code(ICD10CM, "F40.10")),
        ({"system": ICD10CM, "code": "F22"}, Code(ICD10CM, "F22")),
        ({"code": "local"}, Code("", "local")),
        ({"system": SNOMED, "display": "only words"}, None),
        ({"system": SNOMED, "code": True}, None),
        ({"system": SNOMED, "code": ["1"]}, None),
    ],
)
def test_coding(raw: object, expected: Code | None) -> None:
    assert fhir.coding(raw) == expected


def test_a_concept_is_its_codes_and_its_words() -> None:
    concept = {"coding": [{"code": "1", "display": "One"}, None, 7, {"display": "no code"}], "text": " Uno "}
    assert fhir.codings(concept) == (Code("", "1", "One"),)
    assert fhir.words(concept) == "Uno"
    assert fhir.all_words(concept) == "Uno; One; no code"
    assert fhir.answer(concept) == Answer((Code("", "1", "One"),), "Uno")


def test_the_display_stands_in_only_where_nothing_is_coded() -> None:
    assert fhir.words({"coding": [{"display": "Penicillin"}]}) == "Penicillin"
    assert fhir.words({"coding": [{"code": "1", "display": "One"}]}) == ""
    assert fhir.words("Penicillin") == "Penicillin"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {
                "coding": [
                    {"system": "urn:epic", "code": "1"},
                    {"system": "http://hl7.org/x", "code": "active"},
                ]
            },
            "active",
        ),
        ({"coding": [{"system": "urn:epic", "code": "Resolved"}]}, "resolved"),
        ({"text": "Active"}, "active"),
        ("active", "active"),
        (None, None),
        ({}, None),
    ],
)
def test_a_status_prefers_hl7_s_coding(raw: object, expected: str | None) -> None:
    assert fhir.status_code(raw) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("Patient/1", "Patient/1"),
        ("https://ehr.example.org/fhir/r4/Patient/1", "Patient/1"),
        ("https://ehr.example.org/fhir/Patient/1/_history/4", "Patient/1"),
        ("Patient/1/_history/4", "Patient/1"),
        ("urn:uuid:2ddaf043-e9b5-5c6a-badb-533b66814233", "urn:uuid:2ddaf043-e9b5-5c6a-badb-533b66814233"),
        ("#med", "#med"),
        ("", ""),
    ],
)
def test_reference(target: str, expected: str) -> None:
    assert fhir.reference({"reference": target}) == expected
    assert fhir.reference(target) == expected


def test_a_resource_is_cited_by_type_and_id() -> None:
    assert fhir.reference_to({"resourceType": "Observation", "id": "7"}) == "Observation/7"
    assert fhir.reference_to({"resourceType": "Observation", "id": 7}) == "Observation/7"
    assert fhir.reference_to({"resourceType": "Observation"}) == "Observation"


def test_identifiers_without_a_value_are_none() -> None:
    raw = {"identifier": [{"system": "urn:s", "value": "1"}, {"system": "urn:t"}, "x", {"value": "2"}]}
    assert fhir.identifiers(raw) == (("urn:s", "1"), ("", "2"))


@pytest.mark.parametrize(("raw", "expected"), [(True, True), ("false", False), (" TRUE ", True), (1, None)])
def test_boolean(raw: object, expected: bool | None) -> None:
    assert fhir.boolean(raw) is expected


@pytest.mark.parametrize("raw", FOREIGN)
def test_no_accessor_minds_a_foreign_shape(raw: object) -> None:
    assert isinstance(fhir.element(raw), dict)
    assert all(isinstance(item, dict) for item in fhir.elements(raw))
    assert isinstance(fhir.text(raw), str)
    assert isinstance(fhir.words(raw), str) and isinstance(fhir.all_words(raw), str)
    assert fhir.codings(raw) == () and fhir.coding(raw) is None
    assert fhir.quantity(raw) is None
    assert isinstance(fhir.reference(raw), str)
    assert fhir.identifiers({"identifier": raw}) == ()
