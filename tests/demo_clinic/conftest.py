"""A small part of the roster, made once: a Wednesday in New York."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ketplan.compose import practice_of
from ketplan.config import Site
from ketplan.demo_clinic.made import patients
from ketplan.demo_clinic.roster import ROSTER, Treated, Twist
from ketplan.store.columns import from_json, to_json
from tests.web.support import ISS

TODAY = date(2026, 2, 25)
Made = dict[Twist, Any]


def some(*twists: Twist) -> list[Treated]:
    """The first of the roster with each of these."""
    return [next(one for one in ROSTER if one.twist is twist) for twist in twists]


@pytest.fixture(scope="session")
def made() -> Made:
    """By twist, as it comes out of the other process."""
    roster = some(Twist.MISSED, Twist.MOVED, Twist.SUSPENDED, Twist.UNBOOKED, Twist.CANCELLED, Twist.GONE)
    by_id = {one.id: one.twist for one in roster}
    found = patients(ISS, TODAY, practice_of(Site(), "America/New_York"), roster=roster)
    return {by_id[one["case"]["id"]]: from_json(to_json(one)) for one in found}
