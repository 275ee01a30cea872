"""A live session across patients: what one launch without a patient gave, kept under the id in its URLs.

It is another type than `web.sessions.LiveSession`, kept in another shape, with other addresses: no page of a
patient opens with it, and its permission holds no right to write anything clinical.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from flask import g, url_for

from ketplan.clinical.plan import Clinician
from ketplan.compose import Signer
from ketplan.ehr.launch import ClinicGrant
from ketplan.ehr.refresh import Supplier
from ketplan.errors import SessionError
from ketplan.store.audit import UNKNOWN, AuditEvent
from ketplan.web import security, sessions
from ketplan.web.context import desk

KEY = "across"
"""Under this the payload lies: a session for one patient has no such member, and this one no patient."""
NO_SESSION = "This session does not exist or has ended: open the clinic's worklist again."


@dataclass(frozen=True)
class ClinicSession:
    """`iss` is the FHIR base. `clinician` is a Practitioner's reference, None for anybody else."""

    lid: str = field(repr=False)
    ehr: str
    iss: str
    scope: str
    user: str | None
    user_name: str
    clinician: str | None
    roles: tuple[str, ...]
    expires: datetime

    @property
    def token(self) -> Supplier:
        return desk().access.supplier(self.lid)

    @property
    def allowed(self) -> frozenset[str]:
        """The scopes as they were granted last."""
        held = desk().access.held(self.lid)
        return frozenset((held.scope if held else self.scope).split())

    @property
    def actor(self) -> Clinician | None:
        """The user as one who may give tasks: whoever the EHR says works there."""
        return Clinician(self.clinician, self.user_name) if self.clinician else None

    @property
    def ehr_label(self) -> str:
        ehr = desk().ehr(self.ehr)
        return (ehr.label or ehr.name) if ehr else "the EHR"


def opened(grant: ClinicGrant, browser: str, now: datetime) -> str:
    """Begin the session of a completed launch; the address of its first page."""
    signer = desk().glue.find_signer(desk().connect(grant.iss, grant.access_token), grant.fhir_user)
    sessions.purge(now)
    session = _begin(desk().token(), browser, grant, signer, now)
    note(session, "clinic-launch")
    return url_for("clinic_worklist.show", lid=session.lid)


def _begin(lid: str, browser: str, grant: ClinicGrant, signer: Signer, now: datetime) -> ClinicSession:
    known, longest = signer.clinician, now + sessions.LONGEST
    session = ClinicSession(
        lid=lid,
        ehr=grant.ehr,
        iss=grant.iss,
        scope=grant.scope,
        user=grant.fhir_user,
        user_name=(known.name if known else "") or grant.user_name or "",
        clinician=known.reference if known else None,
        roles=signer.roles,
        expires=longest if grant.refresh_token else min(grant.expires_at, longest),
    )
    kept = {name: value for name, value in asdict(session).items() if name != "lid"}
    kept |= {"roles": list(session.roles), "expires": session.expires.isoformat()}
    desk().services.live.create(lid, browser, {KEY: kept}, now, session.expires)
    desk().access.keep(lid, grant, now)
    return session


def open_session(lid: str, used: bool = True) -> ClinicSession:
    """The session of this browser. SessionError when it is another's, a patient's, has ended or never was.

    `used` False only looks: the idle time goes on.
    """
    browser, now = security.browser(), desk().now()
    payload: Mapping[str, Any] = desk().services.live.get(lid, browser, now) if browser else {}
    if browser is None or KEY not in payload:
        raise SessionError(NO_SESSION)
    if used:
        desk().services.live.touch(lid, browser, now)
    kept = payload[KEY]
    moment = datetime.fromisoformat(kept["expires"])
    return ClinicSession(lid, **{**kept, "roles": tuple(kept["roles"]), "expires": moment})


def end(session: ClinicSession) -> None:
    """Forget the session and its tokens."""
    tokens = desk().access.held(session.lid)
    desk().services.live.end(session.lid, security.browser() or "")
    sessions.give_back([tokens] if tokens else [])


def left(lid: str) -> dict[str, int]:
    """Whole seconds until it ends if nobody does anything, and until it ends in any case."""
    now = desk().now()
    moments = desk().services.live.ends(lid, security.browser() or "", now)
    idle, latest = (int((moment - now).total_seconds()) for moment in moments)
    return {"idle": idle, "latest": latest}


def current() -> ClinicSession:
    """The session this request was let in with."""
    session: ClinicSession = g.clinic
    return session


def note(session: ClinicSession, action: str, patient: str = "", target: str = "", about: str = "") -> None:
    """The user of `session` did `action`; `patient` is a reference where it was about one."""
    event = AuditEvent(session.user or UNKNOWN, action, session.iss, patient, target, "success", about)
    desk().services.audit.append(event, desk().now())
