"""Answers as JSON values and back, so that a plan's history can be kept. Decimals stay decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from ketplan.clinical.findings import Evidence
from ketplan.clinical.progress.history import Answer, Edit, Entry, Verdict
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal

Json = dict[str, Any]


def entry_json(entry: Entry) -> Json:
    """One answer with the proposal as it stood."""
    kept: Json = _plain(asdict(entry))
    return kept


def entry_from(kept: Mapping[str, Any]) -> Entry:
    """The inverse of `entry_json`."""
    asked, given = kept["proposal"], kept["answer"]
    about = Proposal(
        asked["id"],
        Kind(asked["kind"]),
        asked["text"],
        Effect(**_with_due(asked["effect"])),
        asked["source"],
        tuple(asked["reasons"]),
        tuple(Evidence(**e) for e in asked["evidence"]),
    )
    edit = Edit(**_with_due(given["edit"])) if given["edit"] else None
    at = datetime.fromisoformat(given["at"])
    answer = Answer(
        given["proposal"], Verdict(given["verdict"]), given["clinician"], at, given["reason"], edit
    )
    return Entry(about, answer)


def _with_due(kept: Mapping[str, Any]) -> Json:
    return {**kept, "due": date.fromisoformat(kept["due"]) if kept["due"] else None}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Kind | Verdict) else value
