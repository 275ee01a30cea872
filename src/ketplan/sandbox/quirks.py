"""The odd ways of other EHRs at the edges: scopes and token answers, discovery, the looks of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Response

from ketplan.sandbox.faults import FaultSwitch
from ketplan.sandbox.grants import Authorization, Grants, Signer
from ketplan.sandbox.likes import Access as Rules
from ketplan.sandbox.likes import Errors
from ketplan.sandbox.wire import FhirError, answer, dumps

_V1_ENDINGS = (".read", ".write", ".*")
Now = Callable[[], FaultSwitch]


def spoken_here(rules: Rules, scope: str) -> bool:
    """Whether this server gives a scope: in its dialect, and not one that it withholds."""
    if "/" in scope and scope != "launch/patient":
        old = scope.endswith(_V1_ENDINGS)
        if rules.dialect == ("v2" if old else "v1"):
            return False
    return not scope.endswith(rules.withholds) if rules.withholds else True


class LikeGrants(Grants):
    """Grants no scope that this EHR does not give."""

    def __init__(
        self, clock: Callable[[], float], static_tokens: Mapping[str, str], rules: Rules, faults: Now
    ) -> None:
        super().__init__(clock, static_tokens)
        self._rules, self._faults = rules, faults

    def code(self, authorization: Authorization) -> str:
        narrow = [one for one in self._faults().striking("field", "authorize") if one.do == "narrow"]
        given = tuple(
            scope
            for scope in authorization.scopes
            if spoken_here(self._rules, scope) and not any(scope.startswith(one.field) for one in narrow)
        )
        return super().code(replace(authorization, scopes=given))


class LikeSigner(Signer):
    """Signs id_tokens with the claims as this EHR makes them."""

    def __init__(self, rules: Rules, faults: Now) -> None:
        super().__init__()
        self._rules, self._faults = rules, faults

    def renew(self) -> None:
        """From now on another key signs."""
        self._made = None

    def sign(self, claims: Mapping[str, Any]) -> str:
        told = dict(claims)
        if not self._rules.nonce:
            told.pop("nonce", None)
        user = str(told.get("fhirUser", ""))
        if user and self._rules.fhir_user == "relative":
            told["fhirUser"] = "/".join(user.split("/")[-2:])
        for one in self._faults().striking("field", "token"):
            if one.do in ("drop", "wrong") and one.field in told:
                told = _without(told, one.field) if one.do == "drop" else {**told, one.field: "another"}
        if self._rules.key_id:
            return super().sign(told)
        from joserfc import jwt

        return jwt.encode({"alg": "RS256"}, told, self._key())


def token_answer(rules: Rules, faults: FaultSwitch, response: Response) -> Response:
    """The token endpoint's answer as this EHR words it."""
    body = json.loads(response.get_data())
    if response.status_code != 200:
        if rules.error:
            return _json({**body, "error": rules.error}, 400)
        return response
    body["expires_in"] = min(int(body.get("expires_in", rules.token_seconds)), rules.token_seconds)
    if rules.expires_in != "number":
        body["expires_in"] = str(body["expires_in"])
    if rules.expires_in == "none":
        del body["expires_in"]
    if "patient" in body and rules.patient == "reference":
        body["patient"] = f"Patient/{body['patient']}"
    if not rules.scope:
        body.pop("scope", None)
    for one in faults.striking("field", "token"):
        if one.do in ("drop", "wrong") and one.field in body:
            body = _without(body, one.field) if one.do == "drop" else {**body, one.field: "another"}
    return _json(body)


def discovery(rules: Rules, response: Response) -> Response:
    """What smart-configuration says of scopes, true to the dialect or, where the EHR lies, not."""
    body = json.loads(response.get_data())
    other = {"v1": "permission-v2", "v2": "permission-v1"}.get(rules.dialect)
    body["capabilities"] = [one for one in body["capabilities"] if one != other]
    listed = [one for one in body.get("scopes_supported", ()) if spoken_here(rules, one)]
    if rules.dialect == "v1":
        listed = [one for one in body["scopes_supported"] if "/" not in one or one == "launch/patient"]
        listed += [f"{level}/*.{verb}" for level in ("patient", "user") for verb in ("read", "write")]
    body["scopes_supported"] = [*listed, *rules.lists]
    return _json(body)


def refusal(errors: Errors, error: FhirError) -> Response:
    """A refusal as this EHR words it: its number, and where the words stand."""
    if error.status == 401 and errors.unauthorized == "text":
        return Response("Invalid token: jwt expired", 401, content_type="text/plain")
    outcome = error.outcome()
    issue = outcome["issue"][0]
    if number := error.number or errors.codes.get(error.code):
        issue["details"]["coding"] = [{"system": errors.codes_system, "code": number}]
    if errors.words == "diagnostics":
        issue["diagnostics"] = issue.pop("details")["text"]
    return answer(outcome, error.status, error.headers)


def _without(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(dumps(dict(body)), status, {"Cache-Control": "no-store"}, content_type="application/json")
