"""What moves when life interferes, and what must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ketplan.scheduling import series
from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.series.model import Request, Standing
from ketplan.scheduling.series.replanning import Lost, Moved, Scope, request_after
from tests.scheduling.builders import MONDAY, moment
from tests.scheduling.series.builders import a_whole_course

NOW = moment(MONDAY + timedelta(days=7), "18:30")  # the evening of the third dose's day


def booked() -> Request:
    request = a_whole_course()
    stands = {
        c.visit.key: Standing(c.start, c.end, c.resources, c.slots) for c in series.plan(request).chosen
    }
    return replace(request, standing=stands)


def test_without_a_change_nothing_moves() -> None:
    report = series.replan(booked(), [], now=NOW)
    assert not report.moved
    assert not report.added
    assert not report.call
    assert len(report.kept) == len(booked().visits)


def test_a_missed_dose_is_found_a_new_time_and_the_past_stands() -> None:
    request = booked()
    lost = Lost("infusion-3", MONDAY + timedelta(days=8))
    report = series.replan(request, [lost], now=NOW)
    after = request_after(request, [lost], now=NOW, scope=Scope.FOLLOWING)
    assert faults(after, report.series) == []
    moved = {c.visit.key for _, c in report.moved}
    assert "infusion-3" in moved
    assert not report.series.refused
    assert not moved & {"infusion-1", "infusion-2", "cbt-1", "cbt-2", "24h_check_call"}
    assert len(moved) < 8
    assert report.call[0] == "patient"
    assert all(c.why.startswith("It was booked for") for _, c in report.moved if c.visit.key != "infusion-3")


def test_a_session_moved_in_the_ehr_stays_there_and_only_it() -> None:
    request = booked()
    old = request.standing["cbt-9"]
    to = Standing(old.start + timedelta(days=1), old.end + timedelta(days=1))
    report = series.replan(request, [Moved("cbt-9", to)], now=NOW, scope=Scope.THIS)
    assert [c.visit.key for _, c in report.moved] == ["cbt-9"]
    assert report.moved[0][1].start == to.start


def test_a_visit_the_new_protocol_has_not_is_cancelled() -> None:
    request = booked()
    kept = tuple(v for v in request.visits if v.key != "cbt-14")
    ties = tuple(link for link in request.links if "cbt-14" not in link.keys)
    report = series.replan(replace(request, visits=kept, links=ties), [], now=NOW)
    assert report.cancelled == ("cbt-14",)
    assert report.call == ("patient",)
    assert not report.moved
