"""House defaults of course and session: shipped values, allowed ranges, hard edges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Kind
from ketplan.clinical.protocols.ketamine import CEILING_FROM_65, STEP_MG_PER_KG
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.setting import settable
from ketplan.errors import ConfigError
from tests.clinical_progress.builders import doses, fell, kinds, only, ratings, reviewed

SHIPPED: list[tuple[type[Any], dict[str, Any]]] = [
    (
        Limits,
        {
            "step_mg_per_kg": Decimal("0.25"),
            "ceiling_from_65_mg_per_kg": Decimal("0.5"),
            "bar_systolic": 165,
            "bar_diastolic": 100,
            "down_systolic": 180,
            "down_diastolic": 110,
            "lowest_spo2": 94,
            "baseline_days": 14,
            "partial_pct": 25,
            "futile_after": 6,
            "futile_after_high": 4,
            "high_mg_per_kg": Decimal("0.75"),
            "added_doses": 2,
            "review_after_days": 7,
            "authorised_days": 91,
            "spacing_days": 60,
            "relapse_days": 14,
            "cumulative_every": 12,
            "bladder_score": 19,
            "liver_stop_multiple": 5,
            "check_days": 91,
            "mid_course_before": 4,
            "month_review_days": 28,
            "late_review_days": (91, 182, 364),
            "weekly_doses": 4,
            "fortnightly_doses": 2,
            "monthly_days": 28,
        },
    ),
    (
        SessionLimits,
        {
            "lowest_heart_rate": 50,
            "highest_heart_rate": 110,
            "lowest_spo2": 94,
            "food_hours": 6,
            "fluid_hours": 2,
            "esketamine_food_hours": 2,
            "esketamine_fluid_hours": Decimal("0.5"),
            "nasal_spray_hours": 1,
            "weight_change_pct": 10,
            "hcg_days_first": 7,
            "hcg_days": 28,
            "pause_systolic": 180,
            "pause_diastolic": 110,
            "stop_systolic": 200,
            "stop_diastolic": 120,
            "leave_systolic": 160,
            "leave_diastolic": 100,
            "stay_minutes": 120,
            "after_infusion_minutes": 60,
            "cadss6_above": 1,
            "cadss_above": 4,
            "recovery_score": 9,
        },
    ),
]
# How far a site may go. Each range ends at the paper's number on its milder side.
ALLOWED = {
    "lowest_heart_rate": (50, 60),
    "highest_heart_rate": (90, 110),
    "lowest_spo2": (94, 97),
    "food_hours": (6, 12),
    "fluid_hours": (2, 6),
    "esketamine_food_hours": (2, 12),
    "esketamine_fluid_hours": (Decimal("0.5"), 6),
    "nasal_spray_hours": (1, 12),
    "weight_change_pct": (5, 10),
    "hcg_days_first": (1, 7),
    "hcg_days": (7, 28),
    "pause_systolic": (160, 180),
    "pause_diastolic": (100, 110),
    "stop_systolic": (180, 200),
    "stop_diastolic": (110, 120),
    "leave_systolic": (140, 160),
    "leave_diastolic": (90, 100),
    "stay_minutes": (120, 480),
    "after_infusion_minutes": (60, 240),
    "cadss6_above": (0, 1),
    "cadss_above": (0, 4),
    "recovery_score": (9, 10),
}
EVERY = [(kind, f) for kind, _ in SHIPPED for f in settable(kind) if not isinstance(f.default, tuple)]


@pytest.mark.parametrize(("kind", "values"), SHIPPED)
def test_the_shipped_numbers_are_the_papers(kind: type[Any], values: dict[str, Any]) -> None:
    assert {f.name: getattr(kind(), f.name) for f in settable(kind)} == values


@pytest.mark.parametrize(("kind", "f"), EVERY, ids=lambda x: getattr(x, "name", ""))
def test_beyond_its_range_a_setting_is_refused_with_a_sentence(kind: type[Any], f: Any) -> None:
    low, high = f.metadata["allowed"]
    assert kind(**{f.name: low}) and kind(**{f.name: high})
    for beyond in (low - 1, high + 1):
        with pytest.raises(ConfigError, match="is allowed"):
            kind(**{f.name: beyond})
    assert f.metadata["words"] and f.metadata["unit"]


def test_a_site_may_be_stricter_on_the_day_of_a_dose_and_never_milder() -> None:
    assert {f.name: f.metadata["allowed"] for f in settable(SessionLimits)} == ALLOWED
    assert all(f.default in ALLOWED[f.name] for f in settable(SessionLimits))


def test_step_and_ceiling_can_only_be_lowered() -> None:
    with pytest.raises(ConfigError, match="Largest step of a dose"):
        Limits(step_mg_per_kg=STEP_MG_PER_KG + Decimal("0.01"))
    with pytest.raises(ConfigError, match="Ceiling from 65"):
        Limits(ceiling_from_65_mg_per_kg=CEILING_FROM_65 + Decimal("0.01"))


def test_a_sites_own_numbers_decide() -> None:
    smaller = Limits(step_mg_per_kg=Decimal("0.1"))
    found = only(reviewed(doses(2), ratings(fell(0, 7)), at=7, limits=smaller), Kind.TITRATE_UP)
    assert found.effect.mg_per_kg == Decimal("0.6")
    stricter = Limits(partial_pct=27)
    after_six = reviewed(doses(6), ratings(fell(26, 24)), at=24, limits=stricter)
    assert kinds(after_six) == {Kind.FUTILITY}
    none_added = Limits(added_doses=0)
    assert kinds(reviewed(doses(6), ratings(fell(26, 24)), at=24, limits=none_added)) == {Kind.STOP}
