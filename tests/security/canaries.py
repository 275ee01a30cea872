"""What must not get out, planted where it could: a patient like no other, and an EHR that says too much."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from ketplan.ehr.transport import Answer
from tests.web.support import EhrHttp

PATIENT = "canarypatientid"
PHI = {
    "family name": "Canarysurname",
    "given name": "Canarygiven",
    "birth date": "1987-11-23",
    "number": "CANARYMRN77",
    "phone": "555-0199-canary",
    "note": "canarynote",
    "condition": "canarycondition",
    "drug": "canarydrug",
}
NEIGHBOUR = "canaryneighbour"
SAID = " ".join([*PHI.values(), PATIENT, NEIGHBOUR])


def plant(ehr: Flask, model: str = "gad-ready") -> None:
    """A patient as ready as `model`, with a canary in everything that names or describes."""
    store = ehr.extensions["harbor"].store
    for kind in set(store._kinds) - {"Slot", "Schedule"}:
        for resource in list(store.all(kind)):
            text = json.dumps(resource, default=str)
            if f"Patient/{model}" in text or (kind, resource["id"]) == ("Patient", model):
                copied = json.loads(text.replace(f"Patient/{model}", f"Patient/{PATIENT}"), parse_float=float)
                store.create(_marked(copied), PATIENT if kind == "Patient" else f"c-{resource['id']}"[:64])


def _marked(resource: dict[str, Any]) -> dict[str, Any]:
    kind = resource["resourceType"]
    if kind == "Patient":
        resource |= {
            "name": [{"family": PHI["family name"], "given": [PHI["given name"]]}],
            "birthDate": PHI["birth date"],
            "identifier": [{"system": "urn:mrn", "value": PHI["number"]}],
            "telecom": [{"system": "phone", "value": PHI["phone"]}],
        }
    elif kind in ("Observation", "Condition", "Procedure", "MedicationRequest", "AllergyIntolerance"):
        resource["note"] = [{"text": PHI["note"]}]
    if kind == "Condition":
        resource["code"]["text"] = PHI["condition"]
    if kind == "MedicationRequest" and "medicationCodeableConcept" in resource:
        resource["medicationCodeableConcept"]["text"] = PHI["drug"]
    return resource


def an_outcome(severity: str = "error", said: str = SAID) -> dict[str, Any]:
    """An OperationOutcome with the canaries in every place that takes words."""
    issue = {
        "severity": severity,
        "code": said,
        "details": {"text": said, "coding": [{"code": said, "display": said}]},
        "diagnostics": said,
        "expression": [said],
        "location": [said],
    }
    text = {"status": "generated", "div": f"<div>{said}</div>"}
    return {"resourceType": "OperationOutcome", "id": said, "text": text, "issue": [issue]}


def answered(status: int, body: Any, kind: str = "application/fhir+json", **headers: str) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": kind, **named}, text.encode())


Trouble = Callable[[str, str], Answer | BaseException | None]


class TellingHttp(EhrHttp):
    """The way to the pretend EHR. What `trouble` gives for a method and path happens instead of the answer.

    `secrets` collects every token, code, verifier and assertion that went over it.
    """

    def __init__(self, ehr: Flask) -> None:
        super().__init__(ehr)
        self.trouble: Trouble = lambda method, path: None
        self.secrets: set[str] = set()

    def send(self, method: str, url: str, headers: Mapping[str, str], **more: Any) -> Answer:
        body = more.get("body")
        if isinstance(body, Mapping):
            self.secrets |= {body[n] for n in ("code", "code_verifier", "refresh_token") if n in body}
        happens = self.trouble(method, urlsplit(url).path)
        if isinstance(happens, BaseException):
            raise happens
        answer = happens or super().send(method, url, headers, **more)
        if url.endswith("/token"):
            self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        try:
            said = json.loads(answer.body)
        except ValueError:
            return
        found = said if isinstance(said, dict) else {}
        names = ("access_token", "refresh_token", "id_token")
        self.secrets |= {found[n] for n in names if isinstance(found.get(n), str)}


def everything_logged(records: Iterable[logging.LogRecord]) -> str:
    """All that any handler could make of the records: words, arguments, tracebacks, extra fields."""
    spelled = logging.Formatter("%(message)s %(pathname)s %(funcName)s")
    return "\n".join(f"{spelled.format(r)} {r.__dict__!r}" for r in records)


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
