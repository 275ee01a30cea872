"""Which visits and courses need a hand: one row for each matter, with why and what follows.

One visit is at most one row, the most urgent thing that can be said of it; a course can add rows of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.coordinating.kinds import KINDS, Kind, KindRow, Owner, Way
from ketplan.scheduling.coordinating.seen import CAME_TO_NOTHING, ONLY_ASKED_FOR, CourseSeen, VisitSeen
from ketplan.scheduling.wall_clock import clock_words, day_words

# House defaults: how far ahead a visit without a time is somebody's task; how near a visit is when it should
# be confirmed; how long after its end nobody need have noted that the patient came; how long a scale may
# take; how long before it is due a new authorisation is asked for; how long what is over stays on the list.
HOUSE_AHEAD_DAYS = 21
HOUSE_CONFIRM_DAYS = 3
HOUSE_NOTED_HOURS = 12
HOUSE_MEASURED_DAYS = 3
HOUSE_AUTHORISE_DAYS = 14
HOUSE_BEHIND_DAYS = 28


@dataclass(frozen=True, slots=True)
class Item:
    """One row. `due` is the moment it is about; `key` is the visit's, "" for a matter of the course;
    `is_clash`: two visits take one chair or therapist, which another time for one of them settles."""

    kind: Kind
    course: CourseSeen
    key: str
    title: str
    due: datetime
    why: str
    people: tuple[str, ...] = ()
    is_clash: bool = False

    @property
    def step(self) -> str:
        return "Give one of the two another time." if self.is_clash else self.row.step

    @property
    def way(self) -> Way:
        return Way.REPLAN if self.is_clash else self.row.way

    @property
    def row(self) -> KindRow:
        return KINDS[self.kind]

    @property
    def id(self) -> str:
        """Names it in a form: the same matter has the same id tomorrow."""
        return f"{self.kind}~{self.course.plan}~{self.key}"


@dataclass(frozen=True, slots=True)
class Moment:
    """When the list is made, and by which clinic's rules."""

    now: datetime
    clinic: Clinic

    def day(self, when: datetime) -> date:
        return when.astimezone(self.clinic.tz).date()

    @property
    def today(self) -> date:
        return self.day(self.now)

    def words(self, when: datetime) -> str:
        local = when.astimezone(self.clinic.tz)
        return f"{day_words(local.date())}, {clock_words(when, self.clinic.tz)}"


def items(courses: Iterable[CourseSeen], moment: Moment) -> list[Item]:
    """Every row there is, the most urgent first, then the earliest."""
    known = list(courses)
    shared = double_booked(known)
    found = [one for course in known for one in _of_course(course, moment, shared)]
    return sorted(found, key=lambda one: (one.row.urgency, one.due, one.course.name, one.id))


def double_booked(courses: Sequence[CourseSeen]) -> Mapping[tuple[str, str], str]:
    """Visits that take one chair or therapist at the same time as another, by plan and key, in words.

    Nurses and prescribers look after several patients at once: only what one visit takes for itself counts.
    """
    taken: dict[str, list[tuple[CourseSeen, VisitSeen, str]]] = defaultdict(list)
    for course in courses:
        for visit in course.visits:
            for reference, name in own(visit):
                taken[reference].append((course, visit, name or reference))
    found: dict[tuple[str, str], str] = {}
    for spans in taken.values():
        spans.sort(key=lambda span: span[1].start)
        latest = spans[0]
        for one in spans[1:]:
            if one[1].start < latest[1].end and one[0].plan != latest[0].plan:
                for course, visit, name in (latest, one):
                    found[course.plan, visit.key] = f"{name} is booked for two patients at this time."
            latest = max(latest, one, key=lambda span: span[1].end)
    return found


def own(visit: VisitSeen) -> Iterator[tuple[str, str]]:
    """The chair of a dose, the therapist of a session: what nobody else can have at the time."""
    if not visit.stands or visit.telephone:
        return
    for reference, name in visit.resources:
        if reference.startswith("Location/") or visit.kind.value == "cbt":
            yield reference, name


def _of_course(course: CourseSeen, moment: Moment, shared: Mapping[tuple[str, str], str]) -> Iterator[Item]:
    if course.waits:
        yield _about(course, Kind.NEEDS_CLINICIAN, moment.now, course.waits)
    different = [visit for visit in course.visits if visit.said]
    if course.conflicts and not different:
        words = "1 difference" if course.conflicts == 1 else f"{course.conflicts} differences"
        yield _about(course, Kind.CONFLICT, moment.now, f"{words} between the signed plan and the EHR.")
    if not course.held:
        yield from _authorisation(course, moment)
        yield from _measurement(course, moment)
    for visit in course.visits:
        yield from _of_visit(course, visit, moment, shared.get((course.plan, visit.key), ""))


def _about(course: CourseSeen, kind: Kind, due: datetime, why: str) -> Item:
    return Item(kind, course, "", "The course", due, why)


def _authorisation(course: CourseSeen, moment: Moment) -> Iterator[Item]:
    until = course.authorised_until
    doses_to_come = any(
        v.key.startswith(("infusion-", "maintenance-")) and v.start > moment.now for v in course.visits
    )
    if until is None or not doses_to_come or until - timedelta(days=HOUSE_AUTHORISE_DAYS) > moment.today:
        return
    late = until < moment.today
    why = f"The authorisation {'ended' if late else 'ends'} on {day_words(until)}; doses are still planned."
    yield _about(course, Kind.REAUTHORISE, _morning(until, moment), why)


def _measurement(course: CourseSeen, moment: Moment) -> Iterator[Item]:
    """After the last visit at which one is taken: a dose, or a review."""
    over = [v for v in course.visits if v.attended and v.kind.value != "cbt" and not v.telephone]
    if not over:
        return
    last = max(over, key=lambda v: v.start)
    day, measured = moment.day(last.start), course.measured
    due = day + timedelta(days=HOUSE_MEASURED_DAYS)
    recent = moment.today - timedelta(days=HOUSE_BEHIND_DAYS) <= day
    if recent and due < moment.today and (measured is None or measured < day):
        since = f"since {day_words(measured)}" if measured else "in this course"
        why = f"No scale was taken down here {since}; {last.title} was on {day_words(day)}."
        yield _about(course, Kind.MEASUREMENT, _morning(due, moment), why)


def _morning(day: date, moment: Moment) -> datetime:
    return datetime.combine(day, datetime.min.time().replace(hour=8), moment.clinic.tz)


def _of_visit(course: CourseSeen, visit: VisitSeen, moment: Moment, clash: str) -> Iterator[Item]:
    told = _matter(course, visit, moment, clash)
    if told is not None:
        kind, why = told
        people = tuple(name or reference for reference, name in visit.resources)
        is_clash = kind is Kind.CONFLICT and not visit.said
        yield Item(kind, course, visit.key, visit.title, visit.start, why, people, is_clash)


def _matter(course: CourseSeen, visit: VisitSeen, moment: Moment, clash: str) -> tuple[Kind, str] | None:
    """What is the matter with one visit, the most urgent thing first; None when it is no row."""
    if visit.attended:
        return None
    if visit.status == "noshow":  # that nobody came is no disagreement about the visit
        return _past(visit, moment)
    if visit.said:
        return Kind.CONFLICT, visit.said
    if clash and visit.start > moment.now:
        return Kind.CONFLICT, clash
    if course.held and visit.status not in ("booked", "pending"):
        return None  # what is not wanted for now needs no time
    if visit.start < moment.now:
        return _past(visit, moment)
    if visit.status in CAME_TO_NOTHING | ONLY_ASKED_FOR | {""}:
        return _without_time(course, visit, moment)
    if visit.status == "pending":
        return Kind.HELD, f"Held for {moment.words(visit.start)}."
    return _standing(visit, moment)


def _past(visit: VisitSeen, moment: Moment) -> tuple[Kind, str] | None:
    if visit.start < moment.now - timedelta(days=HOUSE_BEHIND_DAYS):
        return None
    when = moment.words(visit.start)
    if visit.status == "noshow":
        return Kind.MISSED, f"The patient did not come on {when}."
    if visit.status in CAME_TO_NOTHING:
        return Kind.MISSED, f"It was cancelled in the EHR; it was to be on {when}."
    if visit.status in ONLY_ASKED_FOR | {""}:
        return Kind.MISSED, f"It was planned for {when} and never had a time in the EHR."
    if visit.end + timedelta(hours=HOUSE_NOTED_HOURS) < moment.now:
        return Kind.MISSED, f"It was booked for {when}; nobody noted that the patient came."
    return None


def _without_time(course: CourseSeen, visit: VisitSeen, moment: Moment) -> tuple[Kind, str] | None:
    if visit.start > moment.now + timedelta(days=HOUSE_AHEAD_DAYS):
        return None
    when = moment.words(visit.start)
    if visit.status == "cancelled":
        return Kind.NOT_BOOKED, f"It was cancelled in the EHR; planned for {when}."
    if visit.status in ONLY_ASKED_FOR:
        return Kind.NOT_BOOKED, f"Only proposed so far, for {when}."
    if visit.seen is None and course.synced is None:
        return Kind.NOT_BOOKED, f"Planned for {when}; the EHR has not been looked at yet."
    return Kind.NOT_BOOKED, f"Planned for {when}; the EHR has no appointment for it."


def _standing(visit: VisitSeen, moment: Moment) -> tuple[Kind, str]:
    day, tolerance = moment.day(visit.start), moment.clinic.window_for(visit.key, visit.kind)
    off = abs((day - visit.planned).days)
    if off > tolerance:
        days = "1 day" if off == 1 else f"{off} days"
        return Kind.OUT_OF_WINDOW, (
            f"It stands {days} from {day_words(visit.planned)}; {tolerance} are accepted."
        )
    if visit.unanswered and visit.start <= moment.now + timedelta(days=HOUSE_CONFIRM_DAYS):
        return Kind.UNCONFIRMED, f"{moment.words(visit.start)}; no answer from the patient yet."
    return Kind.BOOKED, f"{moment.words(visit.start)}."


def owners(found: Iterable[Item]) -> Mapping[Owner, int]:
    """How many rows wait for whom."""
    counted = dict.fromkeys(Owner, 0)
    for one in found:
        counted[one.row.owner] += 1
    return counted
