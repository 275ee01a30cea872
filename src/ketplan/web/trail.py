"""What the pages of a launch leave on the audit trail, and the patient guard of their forms."""

from __future__ import annotations

from datetime import datetime

from flask import request

from ketplan import workflow
from ketplan.errors import PatientMismatch
from ketplan.store.audit import UNKNOWN, AuditEvent
from ketplan.web.context import desk
from ketplan.web.sessions import LiveSession


def note(
    session: LiveSession, action: str, target: str = "", outcome: str = "success", about: str = ""
) -> None:
    """The user of `session` did `action` to `target`, ids of ours; `about` is one more."""
    who = session.user or UNKNOWN
    event = AuditEvent(who, action, session.iss, session.reference, target, outcome, about)
    desk().services.audit.append(event, desk().now())


def guard_form(session: LiveSession) -> None:
    """PatientMismatch, noted, unless the form names the patient of this launch."""
    try:
        workflow.guard_patient(session.patient, request.form.get("patient", ""))
    except PatientMismatch:
        note(session, "patient-guard", outcome="stopped")
        raise


def moment_shown(typed: str) -> datetime | None:
    """When the preview was made that a form confirms; None when the form does not say."""
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return found if found.tzinfo else None
