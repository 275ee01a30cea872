"""Synthetic pieces of FHIR, and a pretend EHR assembled from them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

NOW = datetime(2026, 2, 16, 9, 0, tzinfo=ZoneInfo("America/New_York"))
TOKEN = "canary-token-9f2c"
PATIENT = "pat-1"
FHIR_JSON = "application/fhir+json"
Json = dict[str, Any]


def a_resource(kind: str = "Condition", id: str = "c1", patient: str | None = PATIENT, **more: Any) -> Json:
    subject = {"subject": {"reference": f"Patient/{patient}"}} if patient else {}
    return {"resourceType": kind, "id": id, **subject, **more}


def an_entry(resource: Any, mode: str | None = "match") -> Json:
    return {"resource": resource, **({"search": {"mode": mode}} if mode else {})}


def a_bundle(*entries: Any, next: str | None = None) -> Json:
    """Entries are resources, or whole entries where they are no resources."""
    wrapped = [an_entry(e) if isinstance(e, dict) and "resourceType" in e else e for e in entries]
    link = [{"relation": "next", "url": next}] if next else []
    return {"resourceType": "Bundle", "type": "searchset", "link": link, "entry": wrapped}


def an_outcome(
    severity: str = "error", code: str = "processing", text: str = "", diagnostics: str = ""
) -> Json:
    issue: Json = {"severity": severity, "code": code}
    if text:
        issue["details"] = {"text": text}
    if diagnostics:
        issue["diagnostics"] = diagnostics
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def answer(body: Any = None, status: int = 200, **headers: str) -> Response:
    """An HTTP answer; header names are written with underscores."""
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(text, status, named, content_type=named.get("Content-Type", FHIR_JSON))


class FakeEhr:
    """Answers searches by type from `records`, reads from the same, and refuses what `refusals` names.

    A refusal is keyed by what the request's path and query must contain.
    """

    def __init__(self) -> None:
        self.records: list[Json] = [{"resourceType": "Patient", "id": PATIENT}]
        self.refusals: dict[str, Response] = {}
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        asked = request.full_path.removeprefix("/fhir/").rstrip("?")
        self.asked.append(asked)
        for words, refusal in self.refusals.items():
            if words in asked:
                return refusal
        kind, _, id = request.path.removeprefix("/fhir/").partition("/")
        if id:
            return self._read(kind, id)
        return answer(a_bundle(*(r for r in self.records if self._matches(r, kind, request))))

    def _read(self, kind: str, id: str) -> Response:
        for record in self.records:
            if (record["resourceType"], record.get("id")) == (kind, id):
                return answer(record)
        return answer(an_outcome(code="not-found"), 404)

    @staticmethod
    def _matches(record: Json, kind: str, request: Request) -> bool:
        wanted = request.args.get("category")
        if record["resourceType"] != kind or wanted is None:
            return record["resourceType"] == kind
        concepts = record.get("category", [])
        return any(
            coding["code"] in wanted.split(",") for concept in concepts for coding in concept["coding"]
        )
