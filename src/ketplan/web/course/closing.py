"""Closing a session sheet: what is still open, what will be written, and the record made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ketplan.clinical.plan import Clinician, VisitKind
from ketplan.clinical.session.asked import GIVEN, STOPPED
from ketplan.clinical.session.discharge import INSTRUCTION
from ketplan.clinical.session.lines import Verdict
from ketplan.fhir.rendering.course import CARE_PLAN, request_key
from ketplan.fhir.rendering.session import SessionRecord
from ketplan.fhir.rendering.session_record import PlanLinks
from ketplan.web.context import desk
from ketplan.web.course.day import Day

# What is shown is compared as if it had been closed at this moment, so that the time alone is no change.
AS_IF_CLOSED_AT = datetime(2000, 1, 1, tzinfo=UTC)


def still_open(day: Day) -> tuple[str, ...]:
    """What keeps the sheet from being closed, a sentence each."""
    return tuple(_open(day))


def _open(day: Day) -> Iterator[str]:
    if number := day.entries.problems:
        yield f"{number} {'entry is' if number == 1 else 'entries are'} marked as not understood."
    sheet, outcome = day.sheet, day.entries.sheet.dose.get("outcome")
    if outcome is None:
        yield "What became of the dose is not said."
    elif outcome not in (GIVEN, STOPPED):
        if not sheet.dose.get("why"):
            yield "Why the dose was not given is not said."
    else:
        yield from _given(day)


def _given(day: Day) -> Iterator[str]:
    sheet = day.sheet
    if not day.may_start:
        yield "The dose may not be recorded as started: see the list before the dose."
        return
    for name, words in (("started", "start"), ("ended", "end"), ("mg", "size")):
        if name not in sheet.dose:
            yield f"The dose's {words} is not recorded."
    if sheet.stopped and not sheet.dose.get("why"):
        yield "Why the dose was stopped is not said."
    mg = sheet.dose.get("mg")
    if not sheet.stopped and mg is not None and mg != day.planned.mg and not sheet.dose.get("why"):
        yield "Why another dose was given than planned is not said."
    if not sheet.sets:
        yield "No set of vital signs is recorded."
    if sheet.started and _not_met(day) and not sheet.leaving.get("left_why"):
        yield "The discharge list is not met: wait, or say why somebody leaves all the same."


def _not_met(day: Day) -> list[str]:
    return [line.id for line in day.leaving if line.verdict is not Verdict.GO]


def record_of(day: Day, clinician: Clinician, at: datetime) -> SessionRecord:
    """The record that closing at `at` writes. KetplanError (from its steps) when it cannot be rendered."""
    return SessionRecord(
        day.record_id,
        day.session.reference,
        clinician,
        at,
        desk().practice.zone.key,
        day.planned,
        day.sheet,
        {
            "plan": day.course.plan.plan_id,
            "visit": day.visit.key,
            "entered": {name: part for name, part in day.content.items() if name != "closed"},
        },
        links_of(day),
        tuple(_remarks(day)),
    )


def closed_by(day: Day) -> tuple[Clinician, datetime]:
    """Who closed it, and when."""
    closed: dict[str, Any] = day.content["closed"]
    return Clinician(closed["clinician"], closed["name"]), datetime.fromisoformat(closed["at"])


def _remarks(day: Day) -> Iterator[str]:
    """Lines that did not hold: of the list at the start, and of the one for leaving."""
    if day.sheet.started:
        for bar in day.in_the_way:
            yield f"At the start, as recorded now: {bar.line.text}"
    why = day.sheet.leaving.get("left_why", "")
    for line in day.leaving:
        if line.verdict is not Verdict.GO:
            yield f"At discharge: {line.text}{f' {why}' if why else ''}"
    if day.sheet.leaving.get("instructed"):
        yield f"Told at discharge: {INSTRUCTION}"


def links_of(day: Day) -> PlanLinks:
    """What of the plan stands in the EHR, from the journal."""
    receipt = desk().glue.stored_receipt(desk().services, day.course.plan.plan_id)
    known = {row.key: row.reference for row in receipt.rows} if receipt else {}
    return PlanLinks(
        known.get(CARE_PLAN, ""),
        known.get(request_key(VisitKind.INFUSION), ""),
        known.get(f"appointment-{day.visit.key}", ""),
    )
