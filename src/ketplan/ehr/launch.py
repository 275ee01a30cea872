"""SMART launch in two moments: what is known before the EHR's sign-in, and what is learnt after it.

`match_ehr` and `begin` come before, `complete` after. A PendingLaunch holds no token and a Grant always does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from ketplan.config import Ehr, Refreshing
from ketplan.ehr import identity, scopes, tokens, urls
from ketplan.ehr.authority import Authority, Sign
from ketplan.ehr.context import Context
from ketplan.ehr.discovery import Discovery, Endpoints
from ketplan.ehr.profiles.choose import declared
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.tokens import TokenAnswer
from ketplan.errors import LaunchError

log = logging.getLogger(__name__)

ONLINE, OFFLINE = "online_access", "offline_access"
LONGEST_ADDRESS = 1800
PENDING_FOR = timedelta(minutes=10)
RELAUNCH = "launch ketplan again from the chart"
OTHER_PATIENT = (
    "In the EHR another patient was chosen than the one opened from the list: nothing was opened. Go back to "
    "the list and choose again."
)
REFUSALS = {
    "access_denied": "Access was not granted in the EHR, so ketplan was not opened.",
    "invalid_scope": "The EHR does not grant what ketplan asks for; its administrator has to allow it.",
    "unauthorized_client": "The EHR does not know ketplan as registered; its administrator has to check it.",
    "invalid_client": "The EHR does not know ketplan as registered; its administrator has to check it.",
    "login_required": f"The EHR asks for a sign-in first; sign in and {RELAUNCH}.",
    "temporarily_unavailable": f"The EHR's sign-in is busy; wait a moment and {RELAUNCH}.",
    "interaction_required": f"The EHR asks for a sign-in first; sign in and {RELAUNCH}.",
    "server_error": f"The EHR's sign-in failed; wait a moment and {RELAUNCH}.",
}


@dataclass(frozen=True)
class PendingLaunch:
    """A launch on its way through the EHR's sign-in: to be kept on the server and used once.

    `iss` is as received. `launch` is the EHR's handle, None for a standalone launch. `scope` is what was
    asked. `created` is aware. `across` asks for no patient: it is for work across patients. `patient` is whom
    somebody opened from a list, an id: with anybody else the launch is refused; `page` is what it was for.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    iss: str
    launch: str | None = field(repr=False)
    ehr: str
    redirect_uri: str
    scope: str
    created: datetime
    across: bool = False
    patient: str | None = field(default=None, repr=False)
    page: str | None = None


@dataclass(frozen=True)
class Grant:
    """What a completed launch gave.

    `iss` is the FHIR base, `scope` what was granted. `fhir_user` is a reference on that base
    ("Practitioner/7"), None when the EHR proved no user of its own; then nothing can be signed. `subject` and
    `user_name` come from the id_token. `contexts` are further resources the launch is about; `style_url` is
    as the EHR sent it and has to be checked before it is asked.
    """

    iss: str
    ehr: str
    patient: str = field(repr=False)
    encounter: str | None = field(repr=False)
    access_token: str = field(repr=False)
    expires_at: datetime
    scope: str
    fhir_user: str | None = None
    user_name: str | None = None
    subject: str | None = None
    intent: str | None = None
    need_patient_banner: bool = True
    contexts: tuple[Context, ...] = field(default=(), repr=False)
    style_url: str | None = None
    tenant: str | None = None
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())


@dataclass(frozen=True)
class ClinicGrant:
    """What a completed launch without a patient gave; the fields are those of `Grant`."""

    iss: str
    ehr: str
    access_token: str = field(repr=False)
    expires_at: datetime
    scope: str
    fhir_user: str | None = None
    user_name: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


def match_ehr(ehrs: Sequence[Ehr], iss: str | Sequence[str]) -> Ehr:
    """The configured EHR that `iss` names, all values of the parameter given. Asks nobody.

    Only a trailing slash may differ. LaunchError when it is missing, repeated or unknown.
    """
    values = [iss] if isinstance(iss, str) else list(iss)
    if len(values) != 1 or not values[0]:
        raise LaunchError("A launch must name its EHR once (iss).")
    for ehr in ehrs:
        if ehr.iss.removesuffix("/") == values[0].removesuffix("/"):
            return ehr
    raise LaunchError("This EHR is not among those ketplan is set up for.")


def begin(
    ehr: Ehr,
    iss: str,
    launch: str | None,
    endpoints: Endpoints,
    redirect_uri: str,
    random: Callable[[int], str],
    now: datetime,
    *,
    across: bool = False,
    patient: str | None = None,
    page: str | None = None,
) -> tuple[PendingLaunch, str]:
    """A new pending launch and the address to send the browser to.

    `iss` is as received (`aud` repeats it exactly); `launch` None makes it a standalone launch, which lets
    the EHR ask for the patient. `random` is `secrets.token_urlsafe`. `across`, `patient` and `page` are as in
    PendingLaunch; none of them is sent.
    """
    if not endpoints.names_pkce:
        log.warning("EHR %s does not declare PKCE S256; it is used all the same", ehr.name)
    scope = _scope(ehr, endpoints, in_ehr=launch is not None, across=across)
    secret = random(32), random(32), random(48)
    meant = {"across": across, "patient": patient, "page": page}
    pending = PendingLaunch(*secret, iss, launch, ehr.name, redirect_uri, scope, now, **meant)
    parameters = {
        "response_type": "code",
        "client_id": ehr.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": pending.state,
        "nonce": pending.nonce,
        "aud": iss,
        "code_challenge": challenge(pending.verifier),
        "code_challenge_method": "S256",
    }
    if launch is not None:
        parameters["launch"] = launch
    joint = "&" if "?" in endpoints.authorize else "?"
    return pending, endpoints.authorize + joint + urlencode(parameters)


def form_fields(endpoints: Endpoints, address: str) -> list[tuple[str, str]] | None:
    """The fields to post to the authorize endpoint where `address` is too long for some servers or browsers
    and the EHR takes a form; else None."""
    if "authorize-post" not in endpoints.capabilities or len(address) <= LONGEST_ADDRESS:
        return None
    return parse_qsl(address[len(endpoints.authorize) + 1 :])


def complete(
    pending: PendingLaunch,
    ehr: Ehr,
    callback: Mapping[str, str],
    discovery: Discovery,
    now: datetime,
    sign: Sign | None = None,
) -> Grant:
    """Finish `pending` with the parameters the EHR sent the browser back with; `sign` as for Authority.

    LaunchError when any check fails, no patient was named or another one than was opened from a list, an
    EhrError when the EHR cannot be reached. That a pending launch is used once, by the browser that began it,
    is the caller's to see to.
    """
    if pending.across:
        raise LaunchError(f"This launch was begun without a patient; {RELAUNCH}.")
    answer, claims = _answered(pending, ehr, callback, discovery, now, sign)
    if answer.patient is None:
        raise LaunchError("The EHR did not say whose chart is open; open a patient's chart and launch there.")
    if pending.patient is not None and answer.patient != pending.patient:
        raise LaunchError(OTHER_PATIENT)
    return Grant(
        iss=pending.iss.rstrip("/"),
        ehr=ehr.name,
        patient=answer.patient,
        encounter=answer.encounter,
        access_token=answer.access_token,
        expires_at=answer.expires_at,
        scope=answer.scope,
        fhir_user=_fhir_user(pending.iss, claims),
        user_name=_text(claims, "name"),
        subject=_text(claims, "sub"),
        intent=pending.page or answer.intent,
        need_patient_banner=answer.need_patient_banner,
        contexts=answer.contexts,
        style_url=answer.style_url,
        tenant=answer.tenant,
        refresh_token=answer.refresh_token,
    )


def complete_across(
    pending: PendingLaunch,
    ehr: Ehr,
    callback: Mapping[str, str],
    discovery: Discovery,
    now: datetime,
    sign: Sign | None = None,
) -> ClinicGrant:
    """As `complete`, for a launch without a patient. One the EHR names all the same is not looked at."""
    if not pending.across:
        raise LaunchError(f"This launch was begun for one patient; {RELAUNCH}.")
    answer, claims = _answered(pending, ehr, callback, discovery, now, sign)
    return ClinicGrant(
        iss=pending.iss.rstrip("/"),
        ehr=ehr.name,
        access_token=answer.access_token,
        expires_at=answer.expires_at,
        scope=answer.scope,
        fhir_user=_fhir_user(pending.iss, claims),
        user_name=_text(claims, "name"),
        refresh_token=answer.refresh_token,
    )


def _answered(
    pending: PendingLaunch,
    ehr: Ehr,
    callback: Mapping[str, str],
    discovery: Discovery,
    now: datetime,
    sign: Sign | None,
) -> tuple[TokenAnswer, Mapping[str, object]]:
    """The token answer and the verified claims of who signed in."""
    if now - pending.created > PENDING_FOR:
        raise LaunchError(f"This launch has waited too long; {RELAUNCH}.")
    if not hmac.compare_digest(pending.state.encode(), callback.get("state", "").encode()):
        raise LaunchError(f"This answer belongs to another launch; {RELAUNCH}.")
    endpoints = discovery.endpoints(pending.iss)
    code = _code(callback, endpoints)
    authority = Authority(discovery.http, endpoints, ehr.client, sign)
    answer = authority.exchange(code, pending.verifier, pending.redirect_uri, pending.scope, now)
    return answer, _claims(answer.id_token, pending, ehr, endpoints, discovery, now)


def challenge(verifier: str) -> str:
    """PKCE S256 of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _scope(ehr: Ehr, endpoints: Endpoints, in_ehr: bool, across: bool) -> str:
    """What is asked for; a site's own list is asked as it stands, refresh token or none."""
    capabilities = declared(shipped(), ehr.iss, ehr.profile, endpoints.capabilities)
    own = () if across else ehr.scopes
    asked = (
        scopes.for_clinic(capabilities)
        if across
        else scopes.requested(capabilities, in_ehr=in_ehr, override=own)
    )
    offers = "permission-online" in endpoints.capabilities or ONLINE in endpoints.scopes
    wanted = {
        Refreshing.ONLINE: ONLINE,
        Refreshing.OFFLINE: OFFLINE,
        Refreshing.NONE: "",
        Refreshing.DECLARED: ONLINE if offers else "",
    }[ehr.refreshing]
    return f"{asked} {wanted}" if wanted and not own else asked


def _code(callback: Mapping[str, str], endpoints: Endpoints) -> str:
    issuer = callback.get("iss")
    if (issuer is not None or endpoints.names_issuer_in_answer) and issuer != endpoints.issuer:
        raise LaunchError("The answer to this launch comes from another server than it was sent to.")
    if "error" in callback:
        code = tokens.error_code(callback["error"])
        raise LaunchError(REFUSALS.get(code, f"The EHR stopped the launch ({code}); {RELAUNCH}."))
    if not callback.get("code"):
        raise LaunchError(f"The EHR's answer holds no code; {RELAUNCH}.")
    return callback["code"]


def _claims(
    id_token: str | None,
    pending: PendingLaunch,
    ehr: Ehr,
    endpoints: Endpoints,
    discovery: Discovery,
    now: datetime,
) -> Mapping[str, object]:
    """The verified claims; none when the EHR sent no id_token, which leaves the user unknown.

    So does one that fails a check, where the site has said that this EHR's often do.
    """
    if id_token is None:
        return {}
    nonce = identity.Nonce(pending.nonce, ehr.nonce_optional)
    try:
        return identity.verify(
            id_token, lambda fresh: discovery.signer(endpoints, fresh), ehr.client_id, nonce, now
        )
    except LaunchError as error:
        if not ehr.id_token_optional:
            raise
        log.warning("EHR %s: %s It is opened for reading only.", ehr.name, error)
        return {}


def _fhir_user(iss: str, claims: Mapping[str, object]) -> str | None:
    user = claims.get("fhirUser") or claims.get("profile")
    return urls.relative_reference(iss.rstrip("/"), user)


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) else None
