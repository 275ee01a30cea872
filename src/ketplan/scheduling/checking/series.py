"""Does a planned series keep every rule, and is its cost what it says? Written apart from the planner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.checking.case import elapsed, utc
from ketplan.scheduling.resources import THERAPIST
from ketplan.scheduling.series.model import (
    Chosen,
    Firmness,
    Level,
    Link,
    Refused,
    Request,
    Resource,
    Series,
    Since,
)
from ketplan.scheduling.series.rules import TABLE, Rule


@dataclass(frozen=True)
class _Case:
    request: Request
    series: Series

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        return self.series.chosen

    def fixed(self, c: Chosen) -> bool:
        spot = self.request.standing.get(c.visit.key)
        return spot is not None and spot.firmness is Firmness.FIXED

    def stays(self, c: Chosen) -> bool:
        spot = self.request.standing.get(c.visit.key)
        return spot is not None and utc(spot.start) == utc(c.start)

    def local(self, moment: datetime) -> datetime:
        return utc(moment).astimezone(self.request.clinic.tz)

    def free_pairs(self) -> Iterator[tuple[Chosen, Chosen]]:
        """Ordered pairs of which at least one is the planner's."""
        for one in self.chosen:
            for other in self.chosen:
                if one is not other and not (self.fixed(one) and self.fixed(other)):
                    yield one, other

    def therapist(self, c: Chosen) -> str | None:
        others = {r.reference for r in self.request.resources if r.service != THERAPIST}
        is_cbt = c.visit.kind is VisitKind.CBT
        return next((r for r in c.resources if r not in others), None) if is_cbt else None


def faults(request: Request, series: Series) -> list[str]:
    """Every rule that the series breaks, in words; an empty list for a sound one."""
    case = _Case(request, series)
    missing = list(_complete(case))
    return missing or [fault for rule in _RULES for fault in rule(case)]


def _complete(case: _Case) -> Iterator[str]:
    entries: list[Chosen | Refused] = [*case.chosen, *case.series.refused]
    found, asked = Counter(e.visit.key for e in entries), Counter(v.key for v in case.request.visits)
    yield from (f"{key} is missing." for key in sorted(asked - found))
    yield from (f"{key} was not asked for, or is there twice." for key in sorted(found - asked))
    yield from (f"{e.visit.key} has no reason." for e in entries if not e.why)


def _fixed_stand(case: _Case) -> Iterator[str]:
    there = {c.visit.key: c for c in case.chosen}
    for key, spot in case.request.standing.items():
        if spot.firmness is not Firmness.FIXED or key not in {v.key for v in case.request.visits}:
            continue
        now = there.get(key)
        same = now and (utc(now.start), utc(now.end)) == (utc(spot.start), utc(spot.end))
        if not now or not same or (now.resources, now.slots) != (spot.resources, spot.slots):
            yield f"{key} is never to be touched and was."


def _clock(case: _Case) -> Iterator[str]:
    for c in case.chosen:
        if case.fixed(c):
            continue
        spot = case.request.standing.get(c.visit.key)
        length = elapsed(spot.start, spot.end) if spot else timedelta(minutes=c.visit.minutes)
        if elapsed(c.start, c.end) != length:
            yield f"{c.visit.key} is not as long as it should be."
        if case.local(c.start).replace(tzinfo=None) != c.start.replace(tzinfo=None):
            yield f"{c.visit.key} is not at a clock time of the site."


def _alone(case: _Case) -> Iterator[str]:
    clinic, patient = case.request.clinic, case.request.patient
    for c in case.chosen:
        if case.stays(c):
            continue
        key, day = c.visit.key, case.local(c.start).date()
        first, last = c.visit.windows.widest
        if not first <= day <= last:
            yield f"{key} is beyond its window."
        if utc(c.start) < utc(case.request.not_before):
            yield f"{key} is earlier than anything may be."
        if not c.visit.telephone and (
            day.weekday() > 4 or day in clinic.closures or day.weekday() not in clinic.hours
        ):
            yield f"{key} is on a closed day."
        elif not _within(case, c, clinic.on_call if c.visit.telephone else clinic.hours[day.weekday()]):
            yield f"{key} is outside clinic hours."
        if any(gone <= day <= back for gone, back in patient.away):
            yield f"{key} is while the patient is away."
        escorts = patient.escort_weekdays
        if c.visit.escort and escorts is not None and day.weekday() not in escorts:
            yield f"{key} is on a day without an escort."
        if any(
            utc(b.start) < utc(c.end) and utc(c.start) < utc(b.end) for b in patient.busy if b.start < b.end
        ):
            yield f"{key} overlaps an appointment the patient has."


def _within(case: _Case, c: Chosen, hours: tuple[time, time]) -> bool:
    day = case.local(c.start).date()
    opens, closes = (datetime.combine(day, wall, tzinfo=case.request.clinic.tz) for wall in hours)
    return utc(opens) <= utc(c.start) and utc(c.end) <= utc(closes)


def _one_body(case: _Case) -> Iterator[str]:
    for one, other in case.free_pairs():
        meet = utc(one.start) < utc(other.end) and utc(other.start) < utc(one.end)
        if meet and one.visit.key < other.visit.key:
            yield f"{one.visit.key} and {other.visit.key} overlap."


def _since(c: Chosen, since: Since) -> datetime:
    treated = c.visit.preparation + c.visit.treatment
    minutes = {
        Since.START: 0,
        Since.TREATMENT: treated,
        Since.END: elapsed(c.start, c.end) // timedelta(minutes=1),
    }
    return utc(c.start) + timedelta(minutes=minutes[since])


def _linked(case: _Case) -> Iterator[tuple[Link, Chosen, Chosen]]:
    there = {c.visit.key: c for c in case.chosen}
    for link in case.request.links:
        one, other = there.get(link.earlier), there.get(link.later)
        if one and other and not (case.fixed(one) and case.fixed(other)):
            yield link, one, other


def _links(case: _Case) -> Iterator[str]:
    for link, one, other in _linked(case):
        passed = utc(other.start) - _since(one, link.since)
        days = (case.local(other.start).date() - case.local(one.start).date()).days
        (least, most), (least_days, most_days) = link.hours, link.days
        if passed < timedelta(hours=least) or days < least_days:
            yield f"{link.later} is too soon after {link.earlier}."
        if (most is not None and passed > timedelta(hours=most)) or (
            most_days is not None and days > most_days
        ):
            yield f"{link.later} is too late after {link.earlier}."


def _rest(case: _Case) -> Iterator[str]:
    for dose, session in case.free_pairs():
        if (dose.visit.kind, session.visit.kind) != (VisitKind.INFUSION, VisitKind.CBT):
            continue
        if case.local(dose.start).date() == case.local(session.start).date():
            yield f"{session.visit.key} is on the day of {dose.visit.key}."
        wait = utc(session.start) - _since(dose, Since.TREATMENT)
        if utc(session.start) > utc(dose.start) and wait < timedelta(hours=case.request.rest_hours):
            yield f"{session.visit.key} is too soon after {dose.visit.key}."


def _staffed(case: _Case) -> Iterator[str]:
    uses = Counter(slot for c in case.chosen for slot in c.slots)
    by_reference: dict[str, list[Resource]] = {}
    for r in case.request.resources:
        by_reference.setdefault(r.reference, []).append(r)
    for c in case.chosen:
        if any(uses[slot] > 1 for slot in c.slots) and not case.fixed(c):
            yield f"{c.visit.key} shares a slot with another visit."
        if case.stays(c):
            continue
        needs = case.request.consulted(c.visit)
        taken = [r for reference in c.resources for r in by_reference.get(reference, ())]
        for need in needs:
            until = need.until(utc(c.start), utc(c.end))
            mine = [r for r in taken if r.service == need.service]
            if not any(_gapless(r, utc(c.start), until, c.slots) for r in mine):
                yield f"{c.visit.key} has no {need.service} for as long as it needs."
        if len(set(c.resources)) != len(needs):
            yield f"{c.visit.key} takes other calendars than it needs."


def _gapless(resource: Resource, start: datetime, until: datetime, slots: tuple[str, ...]) -> bool:
    spans = sorted(
        ((utc(s.start), utc(s.end)) for s in resource.free if not s.slot or s.slot in slots),
    )
    for begins, ends in spans:
        if begins <= start < ends:
            start = ends
    return start >= until


def _people(case: _Case) -> Counter[str]:
    return Counter(person for c in case.chosen if (person := case.therapist(c)))


def _one_person(case: _Case) -> Iterator[str]:
    people = Counter(p for c in case.chosen if not case.stays(c) and (p := case.therapist(c)))
    if case.request.one_person and len(people) > 1:
        yield "The therapist changes."


def _level(case: _Case, c: Chosen) -> Level:
    day = case.local(c.start).date()
    bands = (c.visit.windows.preferred, c.visit.windows.acceptable, c.visit.windows.absolute)
    return Level(next((n for n, (first, last) in enumerate(bands) if first <= day <= last), 3))


def _broken(case: _Case, c: Chosen) -> set[Rule]:
    """Soft rules that a visit breaks and has to say so; a change of therapist is told of all together."""
    if case.fixed(c):
        return set()
    level, spot = _level(case, c), case.request.standing.get(c.visit.key)
    late = any(
        link.wished is not None and link.later == c.visit.key and _is_late(link, a, b)
        for link, a, b in _linked(case)
    )
    found = {
        Rule.PREFERRED: level > Level.PREFERRED,
        Rule.ACCEPTABLE: level > Level.ACCEPTABLE,
        Rule.CBT_AFTER_DOSE: late,
        Rule.BOOKED: bool(spot and spot.firmness is Firmness.BOOKED and not case.stays(c)),
        Rule.CONFIRMED: bool(spot and spot.firmness is Firmness.CONFIRMED and not case.stays(c)),
    }
    return {rule for rule, broken in found.items() if broken}


def _is_late(link: Link, one: Chosen, other: Chosen) -> bool:
    return link.wished is not None and utc(other.start) - _since(one, link.since) > timedelta(
        hours=link.wished
    )


def _said(case: _Case) -> Iterator[str]:
    for c in case.chosen:
        if c.level is not _level(case, c):
            yield f"{c.visit.key} does not say how good its day is."
        if set(c.unkept) - {Rule.SAME_THERAPIST} != _broken(case, c):
            yield f"{c.visit.key} does not say which wishes it breaks."
    told = sum(Rule.SAME_THERAPIST in c.unkept for c in case.chosen)
    if told != _changes(case):
        yield "A change of therapist is not said."


def _changes(case: _Case) -> int:
    people = _people(case)
    return sum(people.values()) - max(people.values(), default=0)


def cost(request: Request, series: Series) -> int:
    """What the series costs by the table, counted from its visits alone."""
    case = _Case(request, series)
    weigh = {rule: term.weight or 0 for rule, term in TABLE.items()}
    total = len(series.refused) * weigh[Rule.LEFT_OUT] + _changes(case) * weigh[Rule.SAME_THERAPIST]
    for c in case.chosen:
        if case.fixed(c):
            continue
        local = case.local(c.start)
        total += sum(weigh[rule] for rule in _broken(case, c) - {Rule.CBT_AFTER_DOSE})
        total += abs((local.date() - c.visit.target).days) * weigh[Rule.TARGET]
        aim = datetime.combine(local.date(), request.clinic.preferred[c.visit.kind], tzinfo=request.clinic.tz)
        total += abs(utc(c.start) - utc(aim)) // timedelta(minutes=15) * weigh[Rule.CLOCK]
        likes = request.patient.likes
        total += (local.weekday() in request.patient.dislikes) * weigh[Rule.WISH]
        total += (likes is not None and not likes[0] <= local.time() <= likes[1]) * weigh[Rule.WISH]
    late = sum(_is_late(link, one, other) for link, one, other in _linked(case))
    return total + late * weigh[Rule.CBT_AFTER_DOSE]


def _adds_up(case: _Case) -> Iterator[str]:
    if cost(case.request, case.series) != case.series.cost:
        yield "The series does not cost what it says."


_RULES = (
    _fixed_stand,
    _clock,
    _alone,
    _one_body,
    _links,
    _rest,
    _staffed,
    _one_person,
    _said,
    _adds_up,
)
