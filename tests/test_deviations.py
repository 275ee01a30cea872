"""From the settings file to plan, print-out and resource: what a site set otherwise is said everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ketplan import compose, config, workflow
from ketplan.cli import report
from ketplan.config import Site
from ketplan.errors import ConfigError
from ketplan.web.presenters import course
from tests.clinical.builders import AS_OF, START, a_ready_record

CLINICAL: dict[str, Any] = {
    "house": {"cbt_window_hours": [24, 48], "dose_gap_hours": 60},
    "protocol": {"IV6_2PW": {"mg_per_kg": Decimal("0.4")}, "IV6_3PW": {"enabled": False}},
    "course": {"CBT_GAD_14": {"minutes": 50}},
}
SENTENCES = (
    "IV6_2PW: dose 0.4 mg/kg (shipped: 0.5 mg/kg).",
    "IV6_3PW: switched off (shipped: switched on).",
    "CBT_GAD_14: length 50 min (shipped: 60 min).",
    "Therapy after a dose: common practice, not proven: 24 to 48 h (shipped: 24 to 72 h).",
    "Shortest time from dose to dose: 60 h (shipped: 48 h).",
)


def a_proposal(start: date = START, **clinical: Any) -> workflow.Proposal:
    practice = compose.practice_of(Site(timezone="America/Chicago", clinical=clinical))
    return workflow.propose(
        a_ready_record("GAD"),
        server="",
        as_of=AS_OF,
        start=start,
        practice=practice,
        now=datetime(2026, 2, 16, 15, tzinfo=UTC),
    )


def the_narrative(proposal: workflow.Proposal) -> str:
    plan = next(s.resource for s in proposal.steps() if s.resource["resourceType"] == "CarePlan")
    return str(plan["text"]["div"])


def test_every_deviation_stands_on_the_plan_and_in_what_is_written() -> None:
    proposal = a_proposal(**CLINICAL)
    assert proposal.draft.deviations == SENTENCES
    assert report.as_json(proposal)["deviations"] == list(SENTENCES)
    text, narrative = report.as_text(proposal), the_narrative(proposal)
    for sentence in SENTENCES:
        assert f"Set by this site: {sentence}" in text
        assert sentence in narrative
    assert "Set by this site, other than the shipped tables" in narrative


def test_as_shipped_nothing_is_said() -> None:
    proposal = a_proposal()
    assert report.as_json(proposal)["deviations"] == []
    assert "Set by this site" not in report.as_text(proposal)
    assert "Set by this site" not in the_narrative(proposal)


def test_the_sites_numbers_reach_the_dose_the_therapy_and_the_calendar() -> None:
    proposal = a_proposal(**CLINICAL)
    assert proposal.draft.ketamine.dose_mg == 28
    assert {p.visit.minutes for p in proposal.timetable.placed if p.visit.key.startswith("cbt")} == {50}
    assert any("24 to 48 hours after a dose" in s for s in proposal.draft.sources)
    clinic = compose.practice_of(Site(clinical=CLINICAL)).clinic
    assert (clinic.cbt_window_hours, clinic.dose_gap_hours) == ((24, 48), 60)


def test_a_gap_of_the_site_is_kept_between_doses() -> None:
    """From a Wednesday on dose 2 falls on a weekend and moves to Monday, two days before dose 3."""
    wednesday = date(2026, 3, 4)
    shipped, longer = (
        [p.start.date() for p in proposal.timetable.placed if p.visit.key in ("infusion-2", "infusion-3")]
        for proposal in (a_proposal(wednesday), a_proposal(wednesday, **CLINICAL))
    )
    assert shipped == [date(2026, 3, 9), date(2026, 3, 11)]
    assert longer == [date(2026, 3, 9), date(2026, 3, 12)]


def test_the_screen_computes_and_offers_what_the_site_has() -> None:
    proposal = a_proposal(**CLINICAL)
    shown, offered = course.dose(proposal), course.choices(proposal)
    assert shown is not None and {option.mg for option in shown.options if option.id == "actual"} == {28}
    assert "IV6_3PW" not in dict(offered.protocols) and "IV6_2PW" in dict(offered.protocols)


def test_a_bad_setting_stops_the_start_with_its_sentence(tmp_path: Path) -> None:
    file = tmp_path / "ketplan.toml"
    file.write_text("[protocol.IV6_2PW]\nmg_per_kg = 1.2\n", "utf-8")
    settings = config.load({"KETPLAN_CONFIG": str(file), "KETPLAN_HOME": str(tmp_path)}, "linux")
    with pytest.raises(ConfigError, match=r"^IV6_2PW: 1\.2 mg/kg is above the ceiling of 1\.0 mg/kg\.$"):
        compose.open_services(settings)
    assert not list(tmp_path.glob("*.db"))


def test_a_dose_stays_the_decimal_number_that_was_typed(tmp_path: Path) -> None:
    file = tmp_path / "ketplan.toml"
    file.write_text("[protocol.IV6_2PW]\nmg_per_kg = 0.7\n", "utf-8")
    site = config.load({"KETPLAN_CONFIG": str(file), "KETPLAN_HOME": str(tmp_path)}, "linux").site
    assert compose.practice_of(site).library.protocol("IV6_2PW").mg_per_kg == (Decimal("0.7"),)
