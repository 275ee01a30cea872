"""Calendars of chairs and people, and the words of reminders, from what the last sync saw."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from click.testing import CliRunner

from ketplan import compose, config
from ketplan.calendar_file import NEUTRAL, calendar_file
from ketplan.cli import main
from ketplan.clinic_calendars import calendar_of, whose
from ketplan.config import Site
from ketplan.reminders import WORDS, as_bundle, as_csv, as_rows, due_on, reminders
from ketplan.store.plans import PlanState
from ketplan.store.visits import SyncedPlan, SyncedVisit

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
# Two days on the clocks of New York have changed.
START = datetime(2026, 3, 9, 9, 30, tzinfo=ZONE)
CHAIR, OTHER, NURSE = (
    ("Location/chair-1", "Chair 1"),
    ("Location/chair-2", "Chair 2"),
    ("Practitioner/lund", "B. Lund"),
)
SITE = Site(name="Riverside Clinic", timezone=ZONE.key, telephone="555 0100")


def a_visit(**changes: Any) -> SyncedVisit:
    start = changes.get("start", START)
    made = SyncedVisit(
        "infusion-1",
        "Appointment/a1",
        "booked",
        start,
        start + timedelta(hours=2),
        (CHAIR, NURSE),
        "Infusion 1 of 6",
        "1",
        "",
        NOW,
    )
    return replace(made, **changes)


def a_plan(*visits: SyncedVisit, patient: str = "p1") -> SyncedPlan:
    return SyncedPlan(f"plan-{patient}", "https://ehr.example.org", patient, visits, NOW, NOW)


def events(reference: str, *plans: SyncedPlan, names: dict[str, str] | None = None) -> list[Any]:
    text = calendar_file(calendar_of(reference, plans, names), ZONE, "Chair 1", NOW)
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


# --- calendars ----------------------------------------------------------------------------------------------


def test_each_chair_and_each_person_has_a_calendar() -> None:
    plans = [a_plan(a_visit()), a_plan(a_visit(resources=(OTHER,)), patient="p2")]
    assert list(whose(plans)) == ["Practitioner/lund", "Location/chair-1", "Location/chair-2"]
    assert [len(calendar_of(one, plans)) for one in whose(plans)] == [1, 1, 1]


def test_an_event_says_when_and_not_who() -> None:
    [event] = events(CHAIR[0], a_plan(a_visit()))
    assert event["SUMMARY"] == NEUTRAL
    assert event["DTSTART"].dt == START
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", 0)
    assert "p1" not in event["SUMMARY"] and "DESCRIPTION" not in event


def test_names_stand_there_only_where_they_are_given() -> None:
    [event] = events(CHAIR[0], a_plan(a_visit()), names={"p1": "Jane Samplewood"})
    assert event["SUMMARY"] == "Jane Samplewood, Infusion 1 of 6"


def test_a_visit_that_moves_keeps_its_name_and_counts_on() -> None:
    [before] = events(CHAIR[0], a_plan(a_visit()))
    [after] = events(CHAIR[0], a_plan(a_visit(start=START + timedelta(hours=1), sequence=1)))
    assert (after["UID"], after["SEQUENCE"]) == (before["UID"], 1)


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error", ""])
def test_a_visit_that_will_not_be_is_called_off(status: str) -> None:
    [event] = events(CHAIR[0], a_plan(a_visit(status=status, sequence=1)))
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)


def test_whom_a_visit_takes_no_longer_has_it_called_off() -> None:
    moved = a_plan(a_visit(resources=(OTHER, NURSE), former=(CHAIR,), sequence=1))
    assert [event["STATUS"] for event in events(CHAIR[0], moved)] == ["CANCELLED"]
    assert [event["STATUS"] for event in events(OTHER[0], moved)] == ["CONFIRMED"]
    assert events(CHAIR[0], moved)[0]["UID"] != events(OTHER[0], moved)[0]["UID"]


def test_a_visit_without_a_time_is_in_no_calendar() -> None:
    assert calendar_of(CHAIR[0], [a_plan(replace(a_visit(), start=None, end=None))]) == ()


# --- reminders ----------------------------------------------------------------------------------------------


def test_a_visit_comes_up_once_by_the_clinics_days() -> None:
    late = a_visit(key="call", start=datetime(2026, 3, 9, 23, 30, tzinfo=ZONE))
    plans = [a_plan(a_visit(), late)]
    days = [date(2026, 3, 6) + timedelta(days=n) for n in range(5)]
    found = [len(reminders(plans, SITE, due_on(day, 2))) for day in days]
    assert found == [0, 2, 0, 0, 0]


@pytest.mark.parametrize("status", ["cancelled", "fulfilled", "proposed", "noshow", ""])
def test_nobody_is_reminded_of_what_does_not_stand(status: str) -> None:
    assert reminders([a_plan(a_visit(status=status))], SITE, START.date()) == ()


def test_the_words_say_when_and_where_and_nothing_else() -> None:
    [english, spanish] = reminders([a_plan(a_visit())], SITE, START.date(), ("en", "es"))
    assert english.text.replace("\N{NO-BREAK SPACE}", " ") == (
        "You have an appointment at Riverside Clinic at 9:30 a.m. on Monday, March 9, 2026."
        " To change it, call 555 0100."
    )
    assert spanish.text.endswith("del lunes 9 de marzo de 2026. Para cambiarla, llame al 555 0100.")
    for word in ("infusion", "ketamine", "therapy", "psych", "treatment"):
        assert word not in english.text.lower()


def test_the_sites_own_words_are_taken_as_they_stand() -> None:
    site = replace(SITE, reminders={"en": "{clinic}: {date}, {time}. {nothing} {0}"})
    [one] = reminders([a_plan(a_visit())], site, START.date())
    assert one.text.endswith("{nothing} {0}") and "Riverside Clinic: Monday" in one.text
    [two] = reminders([a_plan(a_visit())], replace(SITE, telephone=""), START.date())
    assert "call" not in two.text and set(WORDS) == {"en", "es"}


def test_no_cell_is_a_formula() -> None:
    site = replace(SITE, reminders={"en": "=HYPERLINK(1)"})
    rows = list(csv.DictReader(io.StringIO(as_csv(reminders([a_plan(a_visit())], site, START.date())))))
    assert rows[0]["text"] == "'=HYPERLINK(1)"
    assert (rows[0]["patient"], rows[0]["date"], rows[0]["time"]) == ("Patient/p1", "2026-03-09", "09:30")


def test_each_is_a_request_to_communicate_that_r4_allows() -> None:
    found = reminders([a_plan(a_visit())], SITE, START.date(), ("en", "es"))
    bundle = as_bundle(found, NOW)
    requests = [entry["resource"] for entry in bundle["entry"]]
    assert {(r["resourceType"], r["status"]) for r in requests} == {("CommunicationRequest", "draft")}
    assert [r["payload"][0]["contentString"] for r in requests] == [one.text for one in found]
    assert len({entry["fullUrl"] for entry in bundle["entry"]}) == 2
    assert "entry" not in as_bundle((), NOW)
    assert as_rows(found)[0]["appointment"] == "Appointment/a1"


# --- on the command line ------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "site.toml"
    file.write_text('[[ehr]]\nname = "harbor"\niss = "https://ehr.example.org"\nclient_id = "k"\n')
    for name, value in {"KETPLAN_CONFIG": str(file), "KETPLAN_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    services = compose.open_services(config.from_environment())
    tomorrow = (compose.utc_now().astimezone(ZONE) + timedelta(days=1)).replace(hour=9, minute=30)
    for patient, state in (("p1", PlanState.WRITTEN), ("p2", PlanState.ENDED)):
        iss = "https://ehr.example.org"
        services.plans.save(f"plan-{patient}", iss, patient, 1, {"steps": []}, NOW, state)
        services.visits.save(f"plan-{patient}", iss, patient, [a_visit(start=tomorrow)], 0, NOW)
    return tmp_path


def ketplan(*words: str) -> Any:
    return CliRunner().invoke(main, [*words, "--server", "harbor"])


def test_calendars_of_the_courses_under_way(here: Path) -> None:
    assert ketplan("calendar").stdout.split() == [
        "Practitioner/lund",
        "B.",
        "Lund",
        "Location/chair-1",
        "Chair",
        "1",
    ]
    target = here / "chair.ics"
    assert ketplan("calendar", "--of", CHAIR[0], "--to", str(target)).exit_code == 0
    assert target.stat().st_mode & 0o077 == 0
    found = icalendar.Calendar.from_ical(target.read_bytes())
    assert len(list(found.walk("VEVENT"))) == 1 and "Infusion" not in target.read_text()
    assert ketplan("calendar", "--of", "Location/none").exit_code == 2


def test_reminders_of_one_day_in_three_forms(here: Path) -> None:
    assert len(json.loads(ketplan("reminders", "--days", "1", "--as", "json").stdout)) == 1
    assert len(json.loads(ketplan("reminders", "--days", "1", "--as", "fhir").stdout)["entry"]) == 1
    assert len(ketplan("reminders", "--days", "1").stdout.splitlines()) == 2
    assert len(ketplan("reminders", "--days", "3").stdout.splitlines()) == 1
