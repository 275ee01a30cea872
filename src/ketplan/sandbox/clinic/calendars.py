"""Schedules and Slots of the infusion suite and the therapists, and what booking does to a Slot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ketplan.sandbox.clinic import staff
from ketplan.sandbox.parameters import leaves, target
from ketplan.sandbox.store import Store
from ketplan.sandbox.wire import FhirError, Resource

HORIZON_DAYS, SLOT_MINUTES = 120, 30
_WORDS = {
    "chair": "Infusion chair",
    "nurse": "Infusion nurse",
    "prescriber": "Prescriber",
    "therapist": "Therapist",
}
_FREES_ITS_SLOTS = {"cancelled", "entered-in-error"}

Minutes = tuple[int, int]


def _at(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _span(text: str) -> Minutes:
    return _at(text[:5]), _at(text[6:])


_MORNING, _NOON, _AFTERNOON = _span("08:00-11:00"), _span("11:00-13:30"), _span("13:30-16:30")


def _chair(number: int) -> Callable[[date], list[Minutes]]:
    """One visit a day is already there; the three chairs take turns, so two of them are free at any time."""
    return lambda day: [(_MORNING, _NOON, _AFTERNOON)[(day.toordinal() + number) % 3]]


def _okonjo(day: date) -> list[Minutes]:
    return [_span("08:00-10:00")] if day.toordinal() % 2 else [_span("15:30-17:00")]


def _lund(day: date) -> list[Minutes]:
    return [_span("15:00-17:00")] if day.toordinal() % 2 else []


def _halvorsen(day: date) -> list[Minutes]:
    return {1: [_span("13:30-17:00")], 2: [_span("08:00-09:00")], 3: [_span("15:00-17:00")]}.get(
        day.weekday(), []
    )


def _abernathy(day: date) -> list[Minutes]:
    return [_span("15:00-17:00")] if day.weekday() in (1, 3) else [_span("09:00-10:30")]


def _castellanos(day: date) -> list[Minutes]:
    return [_span("13:30-15:00")] if day.toordinal() % 2 else []


@dataclass(frozen=True)
class Calendar:
    """One bookable person or place: its hours, its break, and the hours others have taken already."""

    id: str
    kind: str
    actor: str
    name: str
    hours: Minutes
    taken: Callable[[date], list[Minutes]]
    lunch: Minutes | None = None

    def status(self, day: date, minute: int) -> str:
        if self.lunch and self.lunch[0] <= minute < self.lunch[1]:
            return "busy-unavailable"
        return "busy" if any(low <= minute < high for low, high in self.taken(day)) else "free"


def _person(
    member: staff.Member, kind: str, hours: str, lunch: str, taken: Callable[[date], list[Minutes]]
) -> Calendar:
    actor = f"Practitioner/{member.id}"
    return Calendar(f"{kind}-{member.id}", kind, actor, member.name, _span(hours), taken, _span(lunch))


CALENDARS = (
    *(
        Calendar(f"chair-{number}", "chair", f"Location/{id_}", name, _span("08:00-17:00"), _chair(number))
        for number, (id_, name) in enumerate(staff.CHAIRS, 1)
    ),
    _person(staff.OKONJO, "nurse", "08:00-17:00", "12:00-12:30", _okonjo),
    _person(staff.LUND, "nurse", "08:00-17:00", "12:30-13:00", _lund),
    _person(staff.HALVORSEN, "prescriber", "08:00-17:00", "12:00-13:00", _halvorsen),
    _person(staff.ABERNATHY, "therapist", "09:00-17:00", "12:00-13:00", _abernathy),
    _person(staff.CASTELLANOS, "therapist", "09:00-17:00", "12:30-13:30", _castellanos),
)


def resources(today: date, zone: ZoneInfo, base: str) -> Iterator[Resource]:
    """The Schedules, and their Slots on weekdays from today for 120 days, in the clinic's own time."""
    days = [today + timedelta(days=n) for n in range(HORIZON_DAYS + 1)]
    clocks = {day: _instants(day, zone) for day in days if day.weekday() < 5}
    for calendar in CALENDARS:
        service = [
            {
                "coding": [
                    {
                        "system": f"{base}/CodeSystem/clinic-resource",
                        "code": calendar.kind,
                        "display": _WORDS[calendar.kind],
                    }
                ],
                "text": _WORDS[calendar.kind],
            }
        ]
        where = "Psychotherapy" if calendar.kind == "therapist" else "Infusion suite"
        yield {
            "resourceType": "Schedule",
            "id": calendar.id,
            "active": True,
            "serviceCategory": [{"text": where}],
            "serviceType": service,
            "actor": [{"reference": calendar.actor, "display": calendar.name}],
            "planningHorizon": {"start": days[0].isoformat(), "end": days[-1].isoformat()},
            "comment": f"{_WORDS[calendar.kind]}: {calendar.name}",
        }
        schedule = {"reference": f"Schedule/{calendar.id}", "display": calendar.name}
        for day, instants in clocks.items():
            yield from _slots(calendar, day, instants, service, schedule)


def _instants(day: date, zone: ZoneInfo) -> dict[int, str]:
    """The instants of a day's half hours, by minute on the clinic's clock, each with its offset."""
    midnight = datetime.combine(day, time(), zone)  # adding to a zoned time moves the hands of the clock
    minutes = range(0, 24 * 60, SLOT_MINUTES)
    return {minute: (midnight + timedelta(minutes=minute)).isoformat() for minute in minutes}


def _slots(
    calendar: Calendar, day: date, instants: dict[int, str], service: list[Resource], schedule: Resource
) -> Iterator[Resource]:
    prefix = f"{calendar.id}-{day:%Y%m%d}"
    for minute in range(*calendar.hours, SLOT_MINUTES):
        yield {
            "resourceType": "Slot",
            "id": f"{prefix}-{minute // 60:02d}{minute % 60:02d}",
            "serviceType": service,
            "schedule": schedule,
            "status": calendar.status(day, minute),
            "start": instants[minute],
            "end": instants[minute + SLOT_MINUTES],
        }


def book(store: Store, before: Resource | None, after: Resource, base: str, taken: int = 409) -> None:
    """Take and give back the Slots of an Appointment that is about to be written.

    Raises FhirError ``taken`` when one of them is no longer free, 422 when it does not exist; then nothing
    moved. The caller holds the store's lock.
    """
    held, wanted = _held(before, base), _held(after, base)
    for reference in wanted - held:
        slot = store.at(reference)
        if not slot:
            raise FhirError(422, "not-found", "A slot of this appointment does not exist.", where="slot")
        if slot["status"] != "free":
            raise FhirError(taken, "conflict", "A slot of this appointment is already taken.", where="slot")
    for reference, status in [(one, "busy") for one in wanted - held] + [
        (one, "free") for one in held - wanted
    ]:
        if slot := store.at(reference):
            store.replace({**slot, "status": status}, slot["id"])


def _held(appointment: Resource | None, base: str) -> set[str]:
    if not appointment or appointment["status"] in _FREES_ITS_SLOTS:
        return set()
    return {where for leaf in leaves(appointment, "slot") if (where := target(leaf, base))}
