"""The day of a dose: ladder, go or no-go, monitoring, discharge, printed from what the lists say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from ketplan.clinical.plan import SessionMonitoring
from ketplan.clinical.protocols import monitoring
from ketplan.clinical.session import ladder
from ketplan.clinical.session.day_of_dose import DayFacts, go_no_go
from ketplan.clinical.session.discharge import INSTRUCTION, LeavingFacts, discharge
from ketplan.clinical.session.during import Action, Symptom, Vitals, during
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Verdict
from ketplan.clinical.session.notes import EMERGENCY_PLAN, MEDICATION_NOTES, NEVER_REMOTE, WATCH_NOTES
from ketplan.manual import sample
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables

# A day on which everything speaks against a dose, and a patient whom everything keeps from leaving: the lists
# then say every one of their reasons.
BAD_DAY = DayFacts(
    on=sample.START,
    route="IN",
    dose_number=1,
    pressures=(ladder.Pressure(datetime(2026, 3, 2, 9, tzinfo=UTC), 172, 104),),
    heart_rate=40,
    spo2=90,
    cssrs_change=True,
    alcohol_24h=True,
    cannabis_24h=True,
    hours_since_food=Decimal(0),
    hours_since_fluid=Decimal(0),
    uses_nasal_spray=True,
    hours_since_nasal_spray=Decimal(0),
    last_dose_on=sample.START,
    escort=False,
    asked_for_pregnancy=True,
    new_medication=True,
    febrile=True,
    new_urinary_symptoms=True,
    weight_kg=Decimal(60),
    planned_weight_kg=Decimal(70),
    consent_reaffirmed=False,
    antihypertensive_prescribed=True,
    antihypertensive_taken=False,
    contraindications_attested=False,
    rems_confirmed=False,
)
NOT_YET = LeavingFacts(
    route="IV",
    minute=60,
    end_minute=40,
    vitals=(Vitals(0, 120, 80), Vitals(60, 170, 104, 80, 90, 3, frozenset())),
    cadss6=9,
    cadss6_before=0,
    padss=6,
    on_air=False,
    walks_unaided=False,
    uncontrolled_vomiting=True,
    cssrs_new_risk=True,
    escort_present=False,
)
_COLUMNS = "Line | It holds when, for example | What to do | Source"


def chapter(tables: Tables) -> Iterator[Block]:
    limits = tables.house.session
    yield heading(2, "The day of a dose")
    yield from _pressure(limits)
    yield heading(3, "Go or no-go")
    yield Text(
        "Every line must say go. What was not asked or not measured is unknown, and unknown is no go."
        " Suicide risk stands first."
    )
    drip = _held(go_no_go(replace(BAD_DAY, route="IV"), limits))
    spray = [line for line in _held(go_no_go(BAD_DAY, limits)) if line not in drip]
    yield table("Go or no-go: what holds a dose", _COLUMNS, map(_row, drip))
    yield table("Go or no-go: what is otherwise with esketamine", _COLUMNS, map(_row, spray))
    yield table("Shown on the day, never ordered", "Topic | What is shown | Source", MEDICATION_NOTES)
    yield heading(3, "Monitoring")
    yield table(
        "Monitoring of a dose, by protocol",
        "Protocol | Vital signs, minutes from the start | Stay at least | Instruments | Escort"
        " | No driving until | Source",
        _monitored(tables),
    )
    yield table("While a dose runs", "What | How | Source", WATCH_NOTES)
    yield heading(3, "Before the patient leaves")
    yield table("Discharge: all of these must be met", _COLUMNS, map(_row, _held(discharge(NOT_YET, limits))))
    yield Text(INSTRUCTION)
    yield heading(3, "Emergencies")
    yield bullets(
        f"{NEVER_REMOTE} (8b)",
        f"Every plan carries the clinic's emergency plan: {', '.join(EMERGENCY_PLAN)} (8b). Here:"
        f" {tables.house.emergency_plan}",
    )


# --- blood pressure -------------------------------------------------------------------------------------


def _pressure(limits: SessionLimits) -> Iterator[Block]:
    yield heading(3, "Blood pressure")
    yield bullets(
        "The newest reading decides, with a second one the lower of the last two, systolic and diastolic"
        f" each; of two readings without {limits.pressure.rest_minutes} minutes of rest between them the"
        " higher.",
        f"A hold found at planning is released by {monitoring.HOLD_RELEASE}.",
        "A 2022 review argues that such ladders over-treat rises without symptoms [F:YIP22].",
    )
    yield table("The blood-pressure ladder", "Reading | What is done | Source", rungs(limits))


def rungs(limits: SessionLimits | None = None) -> Iterator[tuple[str, str, str]]:
    """The ladder before and during a dose, lowest rung first."""
    limits = limits or SessionLimits()
    rows = limits.pressure
    normal = f"{_limit(rows.review)} ({_limit(rows.review_over_65)} over 65)"
    hold, crisis, apart = _limit(rows.hold), _limit(rows.crisis), rows.repeat_minutes
    pause = f"{limits.pause_systolic} systolic or {limits.pause_diastolic} diastolic"
    stop = f"{limits.stop_systolic} systolic or {limits.stop_diastolic} diastolic"
    yield f"before: {normal} or less", ladder.Rung.PROCEED, ladder.SOURCE
    yield f"before: above that, under {hold}", ladder.Rung.REPEAT, ladder.SOURCE
    yield "before: still so after the rest", ladder.Rung.WEIGH, ladder.SOURCE
    yield f"before: {hold} or more, either number", ladder.Rung.HOLD, ladder.SOURCE
    yield f"before: {crisis} or more twice, {apart} minutes apart", ladder.Rung.CRISIS, "8b [H]"
    yield f"during: {pause}, or more", Action.PAUSE, _source(limits.pause_systolic, limits)
    yield f"during: {stop}, or more", Action.STOP, _source(limits.stop_systolic, limits)
    symptoms = during(Vitals(10, 120, 80, symptoms=frozenset({Symptom.SEIZURE})))
    yield f"during: {', '.join(Symptom)}", symptoms.action, symptoms.source


def _source(systolic: int, limits: SessionLimits) -> str:
    return during(Vitals(10, systolic, 80, symptoms=frozenset()), limits).source


def _limit(pair: tuple[Decimal, Decimal]) -> str:
    return "/".join(map(str, pair))


# --- the lists ------------------------------------------------------------------------------------------


def _row(line: Line) -> tuple[str, str, str, str]:
    return f"`{line.id}`", line.text, line.resolves, line.source


def _held(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.verdict is Verdict.HOLD]


def _monitored(tables: Tables) -> Iterator[tuple[str, ...]]:
    """One row for each kind of watch, with the protocols it is kept on."""
    kept: dict[tuple[str, ...], list[str]] = {}
    for protocol in tables.library.protocols:
        if watch := monitoring.of(protocol.route, protocol.minutes, tables.house.session):
            kept.setdefault(_watched(watch), []).append(f"`{protocol.id}`")
    for row, ids in kept.items():
        yield ", ".join(ids), *row


def _watched(kept: SessionMonitoring) -> tuple[str, ...]:
    return (
        ", ".join(map(str, kept.vitals_minutes)),
        f"{kept.minimum_observation_minutes} min",
        "; ".join(kept.instruments),
        "yes" if kept.escort_required else "no",
        kept.no_driving_until,
        kept.source,
    )
