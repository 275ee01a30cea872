"""A live session: what one launch gave, kept on the server under the id in its URLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import g

from ketplan.clinical.plan import Clinician
from ketplan.compose import Signer
from ketplan.ehr.context import Context
from ketplan.ehr.launch import Grant
from ketplan.ehr.refresh import Supplier, Tokens
from ketplan.errors import SessionError
from ketplan.web import security
from ketplan.web.context import desk
from ketplan.workflow import may_record, may_sign

LONGEST = timedelta(hours=12)
_MOMENTS = ("expires", "read_after")


@dataclass(frozen=True)
class LiveSession:
    """`iss` is the FHIR base. `read_after` is the moment whose record the user wants at the least: a process
    that read it earlier reads it again. `clinician` is a Practitioner's reference, None for anybody else.

    What the launch said about the chart: `banner`, whether ketplan has to show whose it is; `intent`, in the
    EHR's word; `encounter`, an id; `contexts`, further resources; `style_url`, as sent and unchecked.
    `handed` is set while the patient holds the device, and then nothing else can be opened.
    """

    lid: str = field(repr=False)
    ehr: str
    iss: str
    patient: str = field(repr=False)
    scope: str
    user: str | None
    user_name: str
    clinician: str | None
    roles: tuple[str, ...]
    banner: bool
    intent: str | None
    encounter: str | None = field(repr=False)
    contexts: tuple[Context, ...] = field(repr=False)
    style_url: str | None
    tenant: str | None
    expires: datetime
    read_after: datetime
    handed: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def token(self) -> Supplier:
        """What the launch may use at its EHR, as it is at the moment it is asked for."""
        return desk().access.supplier(self.lid)

    @property
    def allowed(self) -> str:
        """The scopes as they were granted last: a renewal may have left some out."""
        held = desk().access.held(self.lid)
        return held.scope if held else self.scope

    @property
    def reference(self) -> str:
        return f"Patient/{self.patient}"

    @property
    def is_staff(self) -> bool:
        """Patients and their relatives may hold a token too; these pages are not for them."""
        return not (self.user or "").startswith(("Patient/", "RelatedPerson/"))

    @property
    def signer(self) -> Clinician | None:
        """The user as one who may sign here, None for anybody else."""
        if self.clinician and may_sign(self.roles, desk().practice):
            return Clinician(self.clinician, self.user_name)
        return None

    @property
    def recorder(self) -> Clinician | None:
        """The user as one who may take down a filled-in instrument: any practitioner who is a clinician."""
        if self.clinician and may_record(self.roles):
            return Clinician(self.clinician, self.user_name)
        return None

    @property
    def ehr_label(self) -> str:
        ehr = desk().ehr(self.ehr)
        return (ehr.label or ehr.name) if ehr else "the EHR"


def begin(lid: str, browser: str, grant: Grant, signer: Signer, now: datetime) -> LiveSession:
    """Keep a session for a completed launch. It ends with the EHR's token, if that cannot be renewed."""
    known = signer.clinician
    session = LiveSession(
        lid=lid,
        ehr=grant.ehr,
        iss=grant.iss,
        patient=grant.patient,
        scope=grant.scope,
        user=grant.fhir_user,
        user_name=(known.name if known else "") or grant.user_name or "",
        clinician=known.reference if known else None,
        roles=signer.roles,
        banner=grant.need_patient_banner,
        intent=grant.intent,
        encounter=grant.encounter,
        contexts=grant.contexts,
        style_url=grant.style_url,
        tenant=grant.tenant,
        expires=now + LONGEST if grant.refresh_token else min(grant.expires_at, now + LONGEST),
        read_after=now,
    )
    desk().services.live.create(lid, browser, _payload(session), now, session.expires)
    desk().access.keep(lid, grant, now)
    return session


def open_session(lid: str, used: bool = True) -> LiveSession:
    """The session of this browser. SessionError when it is another's, has ended or never was.

    `used` False only looks: the idle time goes on.
    """
    browser, now = security.browser(), desk().now()
    if browser is None:
        raise SessionError("This session does not exist or has ended: launch from the chart again.")
    payload = desk().services.live.get(lid, browser, now)
    if "patient" not in payload:  # a session across patients: nothing of one patient is reached with it
        raise SessionError("This session does not exist or has ended: launch from the chart again.")
    session = _session(lid, payload)
    if used:
        desk().services.live.touch(lid, browser, now)
    return session


def read_again(session: LiveSession) -> None:
    """The user wants the record as it is now."""
    keep(replace(session, read_after=desk().now()))


def keep(session: LiveSession) -> None:
    """From the next request on the session is as it says here."""
    desk().services.live.replace(session.lid, security.browser() or "", _payload(session), desk().now())


def end(session: LiveSession) -> None:
    """Forget the session and its tokens; the EHR is told so, which nobody waits for."""
    tokens = desk().access.held(session.lid)
    desk().services.live.end(session.lid, security.browser() or "")
    desk().readings.forget(session.lid)
    give_back([tokens] if tokens else [])


def purge(now: datetime) -> None:
    """Forget the sessions that ended by themselves, and their tokens; the EHRs are told in the same way."""
    give_back([Tokens.read(payload) for payload in desk().services.live.purge(now)])


def give_back(tokens: list[Tokens]) -> None:
    """Let the EHRs forget these tokens, which nobody waits for."""

    def work() -> None:
        for each in tokens:
            desk().access.give_back(each)

    if tokens:
        desk().beside(work)


def current() -> LiveSession:
    """The session this request was let in with."""
    session: LiveSession = g.session
    return session


def _payload(session: LiveSession) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(session).items() if name != "lid"}
    return kept | {"roles": list(session.roles)} | {m: getattr(session, m).isoformat() for m in _MOMENTS}


def _session(lid: str, payload: Mapping[str, Any]) -> LiveSession:
    moments = {m: datetime.fromisoformat(payload[m]) for m in _MOMENTS}
    contexts = tuple(Context(**item) for item in payload["contexts"])
    return LiveSession(lid, **{**payload, **moments, "roles": tuple(payload["roles"]), "contexts": contexts})
