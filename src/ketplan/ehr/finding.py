"""Free times by the operation an EHR offers for them: `$find`.

Three shapes are known. On Slot (Argonaut's prefetch) and on a Schedule (Medplum) it answers with free Slots,
on Appointment (Argonaut, IHE ITI Scheduling) with proposed Appointments that name the Slots they would take.
Answers are capped without a word of it: a window is asked in halves until they bring nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ketplan.ehr import urls
from ketplan.ehr.asking import Query, ask
from ketplan.ehr.booking import resources_of
from ketplan.ehr.client import FhirClient
from ketplan.errors import EhrError, Fatal, NotSupported

Json = dict[str, Any]
Window = tuple[datetime, datetime]

OFFERED_ON = ("Slot", "Schedule", "Appointment")
"""The types that may have it, those that tell most of a Slot first."""
MOST_SPLITS, MOST_ASKS = 6, 128
"""So often a window is halved, and so often the EHR is asked in all: beyond, another way is quicker."""
AT_ONCE = 40
"""So many Slots are looked up in one search."""
CAPPED = "it gives too few free times at a time"
NOTHING = "it gave no free time that can be booked"


def offered_on(client: FhirClient) -> str | None:
    """The type on which the EHR says it offers `$find`; None where it does not, or says nothing."""
    try:
        said = client.capabilities()
    except EhrError:
        return None
    return next((kind for kind in OFFERED_ON if said.operation(kind, "find") is not None), None)


def find_slots(client: FhirClient, kind: str, start: datetime, end: datetime, patient_id: str) -> list[Json]:
    """Slots of [start, end) that are free, as the EHR has them, and Schedules that came along.

    NotSupported, in a few words, when the operation does not give them all; any EhrError that it raises.
    """
    start = max(start, client.patience.now())
    if start >= end:
        return []
    schedules = client.search("Schedule", ()).resources if kind == "Schedule" else []
    ids = [str(one["id"]) for one in schedules if urls.is_id(one.get("id"))]
    asking = _Asking(client, kind, patient_id)
    for id in ids if kind == "Schedule" else [""]:
        asking.through(id, (start, end))
    found = [*schedules, *asking.with_ids(), *_looked_up(client, asking.named)]
    slots = [one for one in found if one["resourceType"] == "Slot" and one.get("status") == "free"]
    if not slots:
        raise NotSupported(NOTHING)
    return [*_each_once(slots), *_each_once(one for one in found if one["resourceType"] == "Schedule")]


@dataclass
class _Asking:
    """What was found so far, by what tells one from another; `most` is how long the longest answer was."""

    client: FhirClient
    kind: str
    patient_id: str
    found: dict[str, Json] = field(default_factory=dict)
    most: int = 0
    asks: int = 0

    def through(self, id: str, window: Window) -> None:
        """All of one window. NotSupported when the answers stay capped however short it is."""
        is_cut = self._asked(id, window)
        self._halves(id, window, is_cut, len(self.found), 0)

    def _halves(self, id: str, window: Window, is_cut: Callable[[], bool], first: int, split: int) -> None:
        if not is_cut():
            return
        if split > MOST_SPLITS:
            if len(self.found) > first:
                raise NotSupported(CAPPED)
            return  # what the first answer gave is all there is, and lies close together
        (start, end), middle = window, window[0] + (window[1] - window[0]) / 2
        halves = [(half, self._asked(id, half)) for half in ((start, middle), (middle, end))]
        for half, half_is_cut in halves:
            self._halves(id, half, half_is_cut, first, split + 1)

    def _asked(self, id: str, window: Window) -> Callable[[], bool]:
        """Whether the answer may be cut short: as long as the longest of all, or with another page."""
        self.asks += 1
        if self.asks > MOST_ASKS:
            raise NotSupported(CAPPED)
        body = self.client.operate(self.kind, id, "find", _parameters(self.kind, window, self.patient_id))
        got = {_name(one): one for one in resources_of(body) if one.get("resourceType") in OFFERED_ON}
        self.found.update(got)
        number = sum(one["resourceType"] != "Schedule" for one in got.values())
        self.most = max(self.most, number)
        pages = any(link.get("relation") == "next" for link in _dicts(body.get("link")))
        return lambda: pages or 0 < self.most <= number

    def with_ids(self) -> list[Json]:
        """A Slot that was only worked out for this answer cannot be named when it is booked."""
        return [one for one in self.found.values() if urls.is_id(one.get("id"))]

    @property
    def named(self) -> list[str]:
        """Ids of Slots that Appointments name, of those that did not come along."""
        have = {str(one["id"]) for one in self.with_ids() if one["resourceType"] == "Slot"}
        visits = [one for one in self.found.values() if one["resourceType"] == "Appointment"]
        slots = [slot for one in visits for slot in _dicts(one.get("slot"))]
        asked = [urls.relative_reference(self.client.base, slot.get("reference")) for slot in slots]
        ids = [one.removeprefix("Slot/") for one in asked if one and one.startswith("Slot/")]
        return [id for id in dict.fromkeys(ids) if id not in have]


def _parameters(kind: str, window: Window, patient_id: str) -> Json:
    start, end = (at.isoformat(timespec="seconds") for at in window)
    given: list[Json] = [{"name": "start", "valueDateTime": start}, {"name": "end", "valueDateTime": end}]
    if kind == "Appointment" and patient_id:
        given.append({"name": "patient-reference", "valueUri": f"Patient/{patient_id}"})
    return {"resourceType": "Parameters", "parameter": given}


def _name(one: Json) -> str:
    """What tells a found time from another; the id of a proposal that is none yet is nothing to go by."""
    if one.get("resourceType") != "Appointment" and urls.is_id(one.get("id")):
        return f"{one['resourceType']}/{one['id']}"
    slots = sorted(str(slot.get("reference")) for slot in _dicts(one.get("slot")))
    return " ".join([str(one.get("start")), str(one.get("end")), str(one.get("schedule")), *slots])


def _looked_up(client: FhirClient, ids: list[str]) -> list[Json]:
    found: list[Json] = []
    for n in range(0, len(ids), AT_ONCE):
        few: Query = (("_id", ",".join(ids[n : n + AT_ONCE])), ("_count", str(AT_ONCE)))
        asked = ask(client, "Slot", [(*few, ("_include", "Slot:schedule")), few])
        if asked.found is None:
            raise Fatal("the Slots it names cannot be looked up", asked.errors[-1].status)
        found += [*asked.found.resources, *asked.found.included]
    return [one for one in found if one.get("resourceType") in ("Slot", "Schedule")]


def _each_once(found: Iterable[Json]) -> list[Json]:
    return list({one.get("id"): one for one in found}.values())


def _dicts(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
