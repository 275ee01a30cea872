"""Other times for one visit: each really possible, with its price and with all that would move for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise

import pytest

from ketplan.scheduling import series
from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.series.model import Firmness, Series, Standing
from tests.scheduling.series.builders import a_whole_course


@pytest.mark.parametrize("key", ["infusion-3", "24h_check_call"])
def test_each_alternative_stands_with_the_moves_it_names(key: str) -> None:
    request = a_whole_course()
    planned = series.plan(request)
    now = planned.get(key)
    assert now
    found = series.alternatives(request, planned, key)
    assert len(found) == 3
    assert all(one.costs <= other.costs for one, other in pairwise(found))
    for offer in found:
        assert abs(offer.chosen.start - now.start) >= timedelta(hours=1)
        moved = {to.visit.key: to for _, to in offer.moves} | {key: offer.chosen}
        chosen = tuple(moved.get(c.visit.key, c) for c in planned.chosen)
        wrong = faults(request, Series(planned.zone, chosen, (), planned.cost, False))
        assert not [fault for fault in wrong if "does not say" not in fault and "cost" not in fault]


def test_a_dose_a_day_later_takes_its_call_and_its_session_along() -> None:
    request = a_whole_course()
    planned = series.plan(request)
    later = [
        offer
        for offer in series.alternatives(request, planned, "infusion-1", 6)
        if offer.chosen.start.date() > offer.chosen.visit.target
    ]
    assert later
    moved = {to.visit.key for _, to in later[0].moves}
    assert {"24h_check_call", "cbt-1"} <= moved
    assert later[0].costs > 200  # two booked visits leave their places


def test_there_is_none_for_what_is_over() -> None:
    request = a_whole_course()
    planned = series.plan(request)
    stands = {
        c.visit.key: Standing(c.start.astimezone(UTC), c.end, c.resources, c.slots, Firmness.FIXED)
        for c in planned.chosen[:1]
    }
    with pytest.raises(KeyError):
        series.alternatives(replace(request, standing=stands), planned, planned.chosen[0].visit.key)
