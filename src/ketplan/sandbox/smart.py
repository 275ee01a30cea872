"""SMART App Launch: discovery, the sign-in page, the token endpoint and the published key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from ketplan.sandbox.clients import Registered
from ketplan.sandbox.grants import TOKEN_SECONDS, Authorization, GrantError, Launch
from ketplan.sandbox.harbor import Harbor, here
from ketplan.sandbox.parameters import TYPES
from ketplan.sandbox.scopes import LAUNCH_SCOPES, grantable
from ketplan.sandbox.wire import dumps

routes = Blueprint("smart", __name__)

_CAPABILITIES = """
launch-ehr launch-standalone client-public sso-openid-connect
context-banner context-ehr-patient context-ehr-encounter context-standalone-patient
permission-patient permission-user permission-v1 permission-v2 permission-online permission-offline
client-confidential-symmetric client-confidential-asymmetric authorize-post
"""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Refused(Exception):
    """An authorization request that goes back to the app with an OAuth error."""

    def __init__(self, error: str, words: str) -> None:
        super().__init__(words)
        self.error, self.words = error, words


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(dumps(dict(body)), status, content_type="application/json")


@routes.get("/fhir/.well-known/smart-configuration")
def smart_configuration() -> Response:
    harbor = here()
    kinds = ("*", *sorted(TYPES))
    scopes = [f"{context}/{kind}.cruds" for context in ("patient", "user") for kind in kinds]
    return _json(
        {
            **_openid(harbor),
            "capabilities": _CAPABILITIES.split(),
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "introspection_endpoint": f"{harbor.base_url}/auth/introspect",
            "revocation_endpoint": f"{harbor.base_url}/auth/revoke",
            "scopes_supported": [*LAUNCH_SCOPES, *scopes],
            "authorization_response_iss_parameter_supported": True,
        }
    )


@routes.get("/.well-known/openid-configuration")
def openid_configuration() -> Response:
    return _json(
        {
            **_openid(here()),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": list(LAUNCH_SCOPES),
        }
    )


def _openid(harbor: Harbor) -> dict[str, Any]:
    return {
        "issuer": harbor.base_url,
        "authorization_endpoint": f"{harbor.base_url}/auth/authorize",
        "token_endpoint": f"{harbor.base_url}/auth/token",
        "jwks_uri": f"{harbor.base_url}/auth/jwks.json",
        "response_types_supported": ["code"],
    }


@routes.get("/auth/jwks.json")
def jwks() -> Response:
    return _json(here().signer.jwks())


@routes.get("/auth/authorize")
def authorize() -> AnyResponse | tuple[str, int] | str:
    return _authorize(request.args)


@routes.post("/auth/authorize")
def signed_in() -> AnyResponse | tuple[str, int] | str:
    return _authorize(request.form)


def _authorize(asked: MultiDict[str, str]) -> AnyResponse | tuple[str, int] | str:
    """Check the request, then show the sign-in page, or act on what was chosen there.

    Only a known client's own address is ever redirected to; anything else ends on a plain page.
    """
    harbor = here()
    client = harbor.client
    if not client or asked.get("client_id") != client.id:
        return _plain("No app with this client id is registered here.")
    if asked.get("redirect_uri") not in client.redirect_uris:
        return _plain("The app asked to return to an address that is not registered for it.")
    try:
        launch = _checked(harbor, asked)
        scopes = grantable(asked["scope"])
        picks = launch is None and "launch/patient" in scopes
        if not {"user", "choice"} & set(asked):
            return _sign_in_page(harbor, asked, launch, picks)
        return _back(asked, {"code": _granted(harbor, asked, launch, picks, scopes)})
    except Refused as error:
        return _back(asked, {"error": error.error, "error_description": error.words})


def _checked(harbor: Harbor, asked: MultiDict[str, str]) -> Launch | None:
    """The launch this request belongs to, if it came from a chart. Raises Refused."""
    if any(len(values) > 1 for _, values in asked.lists()):
        raise Refused("invalid_request", "A parameter is there twice.")
    if asked.get("response_type") != "code":
        raise Refused("unsupported_response_type", "Only response_type=code is supported.")
    if not asked.get("state"):
        raise Refused("invalid_request", "The state is missing.")
    if asked.get("aud") != harbor.fhir_url:
        raise Refused("invalid_request", "The aud is not the FHIR base address of this server.")
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
        asked.get("code_challenge", "")
    ):
        raise Refused("invalid_request", "A code_challenge with method S256 is required.")
    scopes = grantable(asked.get("scope", ""))
    if not scopes:
        raise Refused("invalid_scope", "None of the scopes can be granted.")
    if "launch" not in asked:
        return None
    launch = harbor.grants.launched(asked["launch"])
    if not launch:
        raise Refused("invalid_request", "This launch was not started here.")
    if "launch" not in scopes:
        raise Refused("invalid_scope", "A launch from the chart needs the scope launch.")
    return launch


def _sign_in_page(harbor: Harbor, asked: MultiDict[str, str], launch: Launch | None, picks: bool) -> str:
    keep = {name: value for name, value in asked.items() if name not in ("user", "patient", "choice")}
    chosen = harbor.cases[launch.patient].person if launch and launch.patient in harbor.cases else None
    people = sorted(map(_named, harbor.store.all("Patient"))) if picks else []
    return render_template(
        "harbor/sign_in.html", keep=keep, users=harbor.users.values(), patient=chosen, people=people
    )


def _named(patient: Mapping[str, Any]) -> tuple[str, str, str]:
    """For the picker: name, date of birth and id of a patient."""
    name = (patient.get("name") or [{}])[0]
    said = ", ".join(filter(None, (name.get("family"), " ".join(name.get("given", [])))))
    return said or name.get("text", ""), patient.get("birthDate", ""), patient["id"]


def _granted(
    harbor: Harbor, asked: MultiDict[str, str], launch: Launch | None, picks: bool, scopes: list[str]
) -> str:
    """A code for what the signed-in user granted. Raises Refused when nobody did, or it is not theirs."""
    user = harbor.users.get(asked.get("user", ""))
    if asked.get("choice") == "deny" or not user:
        raise Refused("access_denied", "Nobody signed in.")
    if picks:
        if not harbor.store.find("Patient", asked.get("patient", "")):
            raise Refused("access_denied", "No patient was chosen.")
        launch = Launch(asked["patient"], None, embedded=False)
    if launch and user.reference.startswith("Patient/") and user.reference != f"Patient/{launch.patient}":
        raise Refused("access_denied", "Patients may only open their own chart.")
    return harbor.grants.code(
        Authorization(
            asked["client_id"],
            asked["redirect_uri"],
            asked["code_challenge"],
            tuple(scopes),
            asked.get("nonce"),
            user,
            launch,
        )
    )


def _back(asked: MultiDict[str, str], answer: dict[str, str]) -> AnyResponse:
    uri = asked["redirect_uri"]
    state = {"state": asked["state"]} if asked.get("state") else {}
    glue = "&" if urlsplit(uri).query else "?"
    return redirect(f"{uri}{glue}{urlencode({**answer, **state, 'iss': here().base_url})}", 303)


def _plain(words: str) -> tuple[str, int]:
    return render_template("harbor/notice.html", title="Sign-in is not possible", words=words), 400


@routes.post("/auth/introspect")
def introspect() -> Response:
    harbor = here()
    try:
        if _client(harbor).is_public:
            raise GrantError("invalid_client", "Only a client that proves itself may ask.")
    except GrantError as error:
        return _refused(error)
    return _json(harbor.grants.told_of(request.form.get("token", "")))


@routes.post("/auth/revoke")
def revoke() -> Response:
    harbor = here()
    try:
        _client(harbor)
    except GrantError as error:
        return _refused(error)
    harbor.grants.revoke(request.form.get("token", ""))
    return _json({})


@routes.post("/auth/token")
def token() -> Response:
    harbor, form = here(), request.form
    try:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise GrantError("invalid_request", "A token request is form-encoded.")
        kind = form.get("grant_type")
        if kind not in ("authorization_code", "refresh_token", "client_credentials"):
            raise GrantError("unsupported_grant_type", "This grant type is not supported.")
        client = _client(harbor)
        if kind == "client_credentials":
            return _json(_for_the_client(harbor, client, form.get("scope", "")))
        access_token, given = (_redeemed if kind == "authorization_code" else _refreshed)(harbor, client)
    except GrantError as error:
        return _refused(error)
    return _json(_token_answer(harbor, access_token, given))


def _refused(error: GrantError) -> Response:
    status = 401 if error.error == "invalid_client" else 400
    return _json({"error": error.error, "error_description": error.words}, status)


def _client(harbor: Harbor) -> Registered:
    """The client of this request. Raises GrantError."""
    sent = request.authorization
    basic = (sent.username or "", sent.password or "") if sent and sent.type == "basic" else None
    if sent and not basic:
        raise GrantError("invalid_client", "A client proves itself by Basic or by an assertion.")
    public = harbor.client.id if harbor.client else None
    return harbor.grants.clients.proved(request.form, basic, f"{harbor.base_url}/auth/token", public)


def _redeemed(harbor: Harbor, client: Registered) -> tuple[str, Authorization]:
    form = request.form
    if not _VERIFIER.fullmatch(form.get("code_verifier", "")):
        raise GrantError("invalid_request", "The code_verifier is missing or malformed.")
    return harbor.grants.redeem(
        form.get("code", ""), client.id, form.get("redirect_uri", ""), form["code_verifier"]
    )


def _refreshed(harbor: Harbor, client: Registered) -> tuple[str, Authorization]:
    return harbor.grants.refresh(request.form.get("refresh_token", ""), client.id)


def _for_the_client(harbor: Harbor, client: Registered, wanted: str) -> dict[str, Any]:
    """A token without a user (SMART Backend Services): by key, within the scopes of the registration."""
    given = tuple(scope for scope in wanted.split() if scope in client.scopes)
    if client.keys is None:
        raise GrantError("unauthorized_client", "Work without a user takes a client with keys.")
    if not given:
        raise GrantError("invalid_scope", "None of the scopes can be granted.")
    return {
        "access_token": harbor.grants.on_its_own(given),
        "token_type": "bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(given),
    }


def _token_answer(harbor: Harbor, access_token: str, given: Authorization) -> dict[str, Any]:
    body: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(given.scopes),
    }
    if given.launch:
        body |= {"patient": given.launch.patient, "need_patient_banner": not given.launch.embedded}
        body |= {"encounter": given.launch.encounter} if given.launch.encounter else {}
        body |= given.launch.more
    if refresh := harbor.grants.refresh_token(access_token):
        body["refresh_token"] = refresh
    if "openid" in given.scopes:
        body["id_token"] = harbor.signer.sign(_claims(harbor, given))
    return body


def _claims(harbor: Harbor, given: Authorization) -> dict[str, Any]:
    user, now = given.user, int(harbor.clock())
    claims = {
        "iss": harbor.base_url,
        "sub": user.id,
        "aud": given.client_id,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
    }
    claims |= {"nonce": given.nonce} if given.nonce else {}
    if "fhirUser" in given.scopes or "profile" in given.scopes:
        claims["fhirUser"] = f"{harbor.fhir_url}/{user.reference}"
    return claims
