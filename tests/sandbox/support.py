"""What the sandbox's tests say over and over: a clock, FHIR requests, and a SMART launch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ketplan.sandbox.grants import s256

BASE = "http://127.0.0.1:8401"
LAUNCH_URL = "http://localhost:8400/launch"
CALLBACK = "http://localhost:8400/callback"
VERIFIER = "v" * 43


class Clock:
    """Seconds since 1970, standing still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_771_246_800.0  # 16 February 2026, 8:00 in New York

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Fhir:
    """Requests to /fhir with one token."""

    client: FlaskClient
    token: str

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/fhir/{path}", headers=self._headers(headers))

    def search(self, path: str, **form: str) -> TestResponse:
        return self.client.post(f"/fhir/{path}/_search", data=form, headers=self._headers({}))

    def create(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> TestResponse:
        return self.send("POST", body["resourceType"], json.dumps(body), headers)

    def update(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> TestResponse:
        return self.send("PUT", f"{body['resourceType']}/{body['id']}", json.dumps(body), headers)

    def send(self, method: str, path: str, text: str, headers: dict[str, str] | None = None) -> TestResponse:
        return self.client.open(
            f"/fhir/{path}",
            method=method,
            data=text,
            content_type="application/fhir+json",
            headers=self._headers(headers or {}),
        )

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The Bundles of a search, following ``next`` until there is none."""
        url: str | None = path
        while url:
            bundle = self.get(url).get_json()
            yield bundle
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            url = links["next"].removeprefix(f"{BASE}/fhir/") if "next" in links else None


Like = Callable[[str], Fhir]


def ids(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    return [one["resource"]["id"] for one in bundle.get("entry", []) if one["search"]["mode"] == mode]


def words(response: TestResponse) -> str:
    """The sentence in an OperationOutcome."""
    body = response.get_json()
    assert body["resourceType"] == "OperationOutcome"
    return body["issue"][0]["details"]["text"]


def a_care_plan(patient: str = "gad-ready", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "title": "Ketamine and CBT",
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


def an_appointment(*slots: str, patient: str = "gad-ready", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "description": "Infusion 1 of 6",
        "start": "2026-03-02T09:00:00-05:00",
        "end": "2026-03-02T12:00:00-05:00",
        "slot": [{"reference": f"Slot/{one}"} for one in slots] or [{"display": "by telephone"}],
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
        **more,
    }


def a_request(harbor_url: str = BASE, **changes: str | None) -> dict[str, str]:
    """An authorization request as a good app makes it; None takes a parameter out."""
    good: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "ketplan",
        "redirect_uri": CALLBACK,
        "scope": "openid fhirUser launch/patient patient/*.rs user/CarePlan.cruds",
        "state": "state-1",
        "nonce": "nonce-1",
        "aud": f"{harbor_url}/fhir",
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sent_back(response: TestResponse) -> dict[str, str]:
    """The parameters an app gets at its redirect address."""
    assert response.status_code == 303
    assert response.location.startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def sign_in(client: FlaskClient, user: str = "halvorsen", patient: str | None = None, **changes: str) -> str:
    """Choose a user on the sign-in page; the code that comes back."""
    chosen = {"user": user, **({"patient": patient} if patient else {})}
    response = client.post("/auth/authorize", data=a_request(**changes) | chosen)
    return sent_back(response)["code"]


def redeem(client: FlaskClient, code: str, /, **changes: str) -> TestResponse:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": "ketplan",
        "code_verifier": VERIFIER,
    }
    return client.post("/auth/token", data=form | changes)


def a_token(client: FlaskClient, scope: str, *, user: str = "halvorsen", patient: str = "gad-ready") -> str:
    """An access token with these scopes for one patient, got through the front door."""
    code = sign_in(client, user, patient, scope=f"launch/patient {scope}")
    token: str = redeem(client, code).get_json()["access_token"]
    return token
