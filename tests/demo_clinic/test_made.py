"""The patients of the demo clinic: at every stage, each for a reason, made by the product's own steps."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from ketplan.compose import practice_of
from ketplan.config import Site
from ketplan.demo_clinic.course import day_zero, signing_day
from ketplan.demo_clinic.made import patients
from ketplan.demo_clinic.roster import ROSTER, Twist
from ketplan.store.columns import to_json
from tests.demo_clinic.conftest import TODAY, Made, some
from tests.web.support import ISS

NEW_YORK = practice_of(Site(), "America/New_York")


def visits(patient: Any) -> dict[str, Any]:
    """The appointments as they were written, by reference."""
    plan = patient["kept"][0]
    return {
        plan["ids"][step["key"]]: step["resource"]
        for step in plan["payload"]["steps"]
        if step["resource"]["resourceType"] == "Appointment"
    }


def now(patient: Any) -> dict[str, Any]:
    """As they stand today; those that were taken out are not there."""
    since = {one["reference"]: one["changes"] for one in patient["since"]}
    stands = {where: {**one, **(since.get(where) or {})} for where, one in visits(patient).items()}
    return {where: one for where, one in stands.items() if since.get(where, {}) is not None}


def test_thirty_patients_at_every_stage() -> None:
    assert len(ROSTER) == 30
    assert len({one.id for one in ROSTER}) == len({one.family for one in ROSTER}) == 30
    assert {one.twist for one in ROSTER} == set(Twist)
    weeks = {one.week for one in ROSTER}
    assert min(weeks) < 0 and {0, 1, 2} <= weeks and max(weeks) > 12
    assert {one.disorder for one in ROSTER} == {"GAD", "SAD", "OCD", "PTSD"}


@pytest.mark.parametrize("day", [date(2026, 3, 2) + timedelta(days=n) for n in range(7)], ids=str)
def test_on_any_day_of_the_week_a_plan_was_signed_before_it_begins(day: date) -> None:
    for one in ROSTER:
        assert signing_day(one, day) < min(day, day_zero(one, day))
        assert day_zero(one, day).weekday() == 0


def test_the_same_day_and_seed_make_the_same_clinic() -> None:
    roster = some(Twist.CANCELLED)
    twice = [to_json(list(patients(ISS, TODAY, NEW_YORK, roster=roster))) for _ in range(2)]
    assert twice[0] == twice[1]
    other = to_json(list(patients(ISS, TODAY, NEW_YORK, "another", roster)))
    assert other != twice[0]


def test_nobody_shares_a_chair_or_a_person(made: Made) -> None:
    taken = Counter(slot for one in made.values() for v in visits(one).values() for slot in _slots(v))
    assert taken and max(taken.values()) == 1


def test_what_is_over_was_kept_and_what_is_to_come_stands(made: Made) -> None:
    morning = datetime.combine(TODAY, datetime.min.time(), NEW_YORK.zone) + timedelta(hours=8)
    for visit in now(made[Twist.MOVED]).values():
        over = datetime.fromisoformat(visit["end"]) <= morning
        assert visit["status"] in (("fulfilled",) if over else ("booked", "proposed"))


def test_each_twist_is_what_it_says(made: Made) -> None:
    statuses = {twist: Counter(v["status"] for v in now(one).values()) for twist, one in made.items()}
    assert statuses[Twist.MISSED]["noshow"] == 1
    assert statuses[Twist.CANCELLED]["cancelled"] == 1
    assert set(statuses[Twist.UNBOOKED]) == {"proposed"}
    assert len(now(made[Twist.GONE])) == len(visits(made[Twist.GONE])) - 1
    moved = made[Twist.MOVED]
    differ = [w for w, v in now(moved).items() if v["start"] != visits(moved)[w]["start"]]
    assert len(differ) == 1
    kinds = Counter(kept["kind"] for kept in made[Twist.SUSPENDED]["kept"])
    assert kinds["lifecycle"] == 1
    assert made[Twist.SUSPENDED]["kept"][-1]["payload"]["becomes"] == "on-hold"


def test_every_dose_that_was_given_has_its_closed_sheet(made: Made) -> None:
    for twist, one in made.items():
        given = [kept for kept in one["kept"] if kept["kind"] == "session"]
        assert [sheet["visit"] for sheet in one["sheets"]] == [kept["payload"]["visit"] for kept in given]
        assert all("closed" in sheet["content"] for sheet in one["sheets"])
        done = [
            v for v in now(one).values() if v["status"] == "fulfilled" and v["description"][:8] == "Infusion"
        ]
        assert len(done) == len(given), twist


def test_the_scores_fall(made: Made) -> None:
    told = json.dumps(
        [r for r in made[Twist.GONE]["stands"] if r["resourceType"] == "Observation"], default=str
    )
    assert "GAD-7 total score" in told
    forms = [kept for kept in made[Twist.GONE]["kept"] if kept["kind"] == "instrument"]
    newest = [kept["payload"]["total"] for kept in forms if kept["payload"]["instrument"] == "GAD-7"]
    assert newest and max(newest) < 17


def _slots(visit: Any) -> list[str]:
    return [slot["reference"] for slot in visit.get("slot", ())]
