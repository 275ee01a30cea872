"""What goes over the wire: FHIR JSON in and out, and the one error this server answers with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Response

FHIR_JSON = "application/fhir+json"
Resource = dict[str, Any]


class FhirError(Exception):
    """A refusal that leaves the server as an OperationOutcome.

    ``code`` is an issue type of FHIR (``not-found``, ``conflict`` …), ``where`` a FHIRPath into the resource,
    ``number`` a vendor's own code.
    """

    def __init__(
        self,
        status: int,
        code: str,
        words: str,
        *,
        where: str | None = None,
        headers: Mapping[str, str] | None = None,
        number: str = "",
    ) -> None:
        super().__init__(words)
        self.status, self.code, self.words, self.where = status, code, words, where
        self.number = number
        self.headers = dict(headers or {})

    def outcome(self) -> Resource:
        issue: Resource = {"severity": "error", "code": self.code, "details": {"text": self.words}}
        if self.where:
            issue["expression"] = [self.where]
        return {"resourceType": "OperationOutcome", "issue": [issue]}

    def response(self) -> Response:
        return answer(self.outcome(), self.status, self.headers)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def loads(text: str | bytes) -> Any:
    """Parse JSON; numbers with a point stay exact, so that ``7.200`` goes out as it came in."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(value: Any) -> str:
    """Write JSON. The standard encoder is fast but knows no Decimal; where it meets one, this goes deeper."""
    try:
        return _plain.encode(value)
    except TypeError:
        if isinstance(value, dict):
            return "{" + ",".join(f"{_plain.encode(key)}:{dumps(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ",".join(map(dumps, value)) + "]"
        if isinstance(value, Decimal):
            return str(value)
        raise


def answer(resource: Resource, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # Half a character, which JSON can hold and UTF-8 cannot, goes out escaped as it came in.
    text = dumps(resource).encode("utf-8", "backslashreplace")
    return Response(text, status, dict(headers or {}), content_type=f"{FHIR_JSON}; charset=utf-8")
