"""Looks at everything of a plan in the EHR: one search for the visits, the rest by id, nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ketplan.errors import EhrError, NotFound, Temporary
from ketplan.writeback.authored import Adopted, Authored, adopting
from ketplan.writeback.reconcile import DIFFERS, Kind, Looked, as_kept, look
from ketplan.writeback.references import tail
from ketplan.writeback.steps import Chart, Json

WORTH_A_SEARCH = 4
"""From so many visits on, one search of the patient's is cheaper than reading each."""
NOT_LISTED = frozenset({"Provenance"})


@dataclass(frozen=True)
class PatientNow:
    """What became of the patient's own entry: `merged_into` is the id of the one that replaced it."""

    merged_into: str = ""
    inactive: bool = False
    gone: bool = False

    @property
    def words(self) -> str:
        """One sentence, empty while all is well."""
        if self.merged_into:
            return "The EHR has merged this patient into another entry: nothing may be written to this one."
        if self.gone:
            return "The EHR has no such patient any more."
        return "The EHR has made this patient's entry inactive." if self.inactive else ""


@dataclass(frozen=True)
class Report:
    """How a plan stood in the EHR at `at`; `kept_as` is what the EHR itself made of what was written, by
    step: the version it was seen in, and the elements."""

    plan_id: str
    at: datetime
    patient: PatientNow
    looked: tuple[Looked, ...]
    kept_as: Mapping[str, Mapping[str, Any]]

    @property
    def differing(self) -> tuple[Looked, ...]:
        return tuple(one for one in self.looked if one.differs)

    @property
    def unread(self) -> tuple[Looked, ...]:
        return tuple(one for one in self.looked if one.kind is Kind.UNREAD)

    @property
    def count(self) -> int:
        return len(self.differing) + bool(self.patient.words)

    @property
    def exit_code(self) -> int:
        """1 where anything differs, 75 where something could not be looked at, else 0."""
        return 1 if self.count else 75 if self.unread else 0

    def content(self) -> dict[str, Any]:
        """What is kept of it: ids and names of elements, no values but those the EHR changed at once."""
        found = [
            {
                "key": one.authored.key,
                "reference": one.authored.reference,
                "kind": one.kind.value,
                "elements": [row.element for row in one.rows],
            }
            for one in self.looked
            if one.kind is not Kind.UNCHANGED
        ]
        return {
            "patient": self.patient.words,
            "total": len(self.looked),
            "found": found,
            "differing": self.count,
            "unread": len(self.unread),
            "kept_as": {key: dict(seen) for key, seen in self.kept_as.items()},
        }


def beside(before: Mapping[str, Any] | None, part: Report) -> dict[str, Any]:
    """What is kept after a look at a part: the part anew, the rest as it was found before."""
    content = part.content()
    if before is None:
        return content
    anew = {one.authored.key for one in part.looked}
    rest = [one for one in before["found"] if one["key"] not in anew]
    found = [*rest, *content["found"]]
    kept_as = {key: seen for key, seen in before["kept_as"].items() if key not in anew}
    return {
        "patient": content["patient"],
        "total": max(before["total"], content["total"]),
        "found": found,
        "differing": sum(one["kind"] in DIFFERS for one in found) + bool(content["patient"]),
        "unread": sum(one["kind"] == Kind.UNREAD for one in found),
        "kept_as": kept_as | content["kept_as"],
    }


def reconcile(
    plan_id: str,
    written: Sequence[Authored],
    chart: Chart,
    patient_id: str,
    now: datetime,
    *,
    parallel: int = 4,
    before: Mapping[str, Any] | None = None,
) -> Report:
    """Look at all that was written of a plan. `before` is the content of the look before this one.

    Raises EhrError when the patient cannot be read: then nothing can be said. What cannot be read besides is
    `UNREAD` in the report.
    """
    patient = _patient(chart, patient_id)
    listed = _listed(written, chart, patient_id)
    known: Mapping[str, Any] = (before or {}).get("kept_as", {})
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        looks = pool.map(lambda one: _look(one, chart, listed, known, patient_id, patient), written)
        found = tuple(looks)
    kept_as = {one.authored.key: seen for one, seen in found if seen is not None}
    return Report(plan_id, now, patient, tuple(one for one, _ in found), kept_as)


def _patient(chart: Chart, patient_id: str) -> PatientNow:
    try:
        raw = chart.read("Patient", patient_id).raw
    except NotFound:
        return PatientNow(gone=True)
    links = raw.get("link")
    listed = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    others = [link.get("other") for link in listed if link.get("type") == "replaced-by"]
    merged = [tail(o.get("reference")).removeprefix("Patient/") for o in others if isinstance(o, dict)]
    return PatientNow(next(iter(merged), ""), raw.get("active") is False)


def _listed(written: Sequence[Authored], chart: Chart, patient_id: str) -> dict[str, Json]:
    """The visits that one search gives, by reference. What it leaves out is read by itself."""
    if sum(one.type == "Appointment" for one in written) < WORTH_A_SEARCH:
        return {}
    try:
        found = chart.of_patient("Appointment", patient_id)
    except EhrError:
        return {}
    return {f"Appointment/{raw.get('id')}": raw for raw in found}


def _look(
    one: Authored,
    chart: Chart,
    listed: Mapping[str, Json],
    known: Mapping[str, Any],
    patient_id: str,
    patient: PatientNow,
) -> tuple[Looked, Mapping[str, Any] | None]:
    try:
        theirs, etag = _held(one, chart, listed)
    except NotFound:
        return look(one, None, patient_id), None
    except Temporary as error:
        return Looked(one, Kind.UNREAD, why=str(error)), None
    except EhrError as error:
        # What an EHR takes but never shows (many a Provenance) cannot have been seen otherwise either.
        kind = Kind.UNCHANGED if one.type in NOT_LISTED else Kind.UNREAD
        return Looked(one, kind, why=str(error)), None
    untouched = one.etag is not None and etag == one.etag
    seen = known.get(one.key)
    if untouched:
        seen = {"etag": one.etag, "values": dict(as_kept(one, theirs))}
    if seen and seen["etag"] == one.etag:
        one = replace(adopting(one, Adopted(one.key, _for_base(one, seen["values"]))), noted="")
    else:
        seen = None
    return look(one, theirs, patient_id, patient.merged_into), seen


def _for_base(one: Authored, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Only where the plan does not say something new by now."""
    return {name: value for name, value in values.items() if one.base.get(name) == one.ours.get(name)}


def _held(one: Authored, chart: Chart, listed: Mapping[str, Json]) -> tuple[Json, str | None]:
    if raw := listed.get(one.reference):
        version = raw.get("meta", {}).get("versionId") if isinstance(raw.get("meta"), dict) else None
        return raw, f'W/"{version}"' if version else None
    held = chart.read(one.type, one.id)
    return held.raw, held.etag
