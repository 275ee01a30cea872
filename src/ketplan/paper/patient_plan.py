"""What a patient takes home: the plan in plain words, day by day, in the patient's language.

Every number comes from the clinic's settings or from the visits; this module only does the sums. No promise
is made, and no result and no diagnosis is named: the sheet may lie on a kitchen table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ketplan.clinical.draft import CALL
from ketplan.clinical.library import Library
from ketplan.clinical.plan import VisitKind
from ketplan.clinical.protocols.ketamine import ESKETAMINE
from ketplan.clinical.protocols.monitoring import of as watch_of
from ketplan.clinical.session.limits import SessionLimits
from ketplan.errors import InputError
from ketplan.fhir.datatypes import Json
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.course import CARE_PLAN
from ketplan.paper.desk import set_page
from ketplan.paper.languages import Language, codes, language
from ketplan.paper.visits import Now, Visit, visits


@dataclass(frozen=True, slots=True)
class Place:
    """The clinic as its patients know it. `crisis_lines` are its words on a crisis by language; English has
    those of `crisis_line`. `telephone` is "" where the clinic has not said."""

    name: str
    country: str
    zone: ZoneInfo
    crisis_line: str
    crisis_lines: Mapping[str, str]
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class Medicine:
    """How the drug is given ("IV", "IN", …), and the hours that matter to the patient."""

    route: str
    is_esketamine: bool
    food_hours: Decimal
    fluid_hours: Decimal
    nasal_spray_hours: Decimal
    stay_hours: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One visit as the patient reads it. Dose visits say until when one may eat and drink."""

    what: str
    number: int
    day: str
    hours: str
    where: tuple[str, ...] = ()
    off: bool = False
    unsure: bool = False
    moved: bool = False
    food_until: str = ""
    fluid_until: str = ""


def medicine(
    route: str | None, product: str | None, minutes: int | None, limits: SessionLimits
) -> Medicine | None:
    """None where no drug is given. Hours of fasting are those that the day of the dose asks for."""
    watch = watch_of(route, minutes, limits)
    if route is None or watch is None:
        return None
    sprayed = route == "IN"
    return Medicine(
        route,
        product == ESKETAMINE,
        limits.esketamine_food_hours if sprayed else limits.food_hours,
        limits.esketamine_fluid_hours if sprayed else limits.fluid_hours,
        limits.nasal_spray_hours,
        Decimal(watch.minimum_observation_minutes) / 60,
    )


def medicine_of(steps: Sequence[Step], library: Library, limits: SessionLimits) -> Medicine | None:
    """The drug of a plan by the protocol its CarePlan names; None for a plan without one.

    Raises InputError for doses by a protocol this site does not have any more: what the patient must do is
    then not known here.
    """
    named = _plan(steps).get("instantiatesCanonical", ())
    ids = {str(one).rpartition("/")[2].partition("|")[0] for one in named}
    for protocol in library.protocols:
        if protocol.id in ids and protocol.route:
            return medicine(protocol.route, protocol.product, protocol.minutes, limits)
    if any(step.key.startswith("appointment-infusion-") for step in steps):
        raise InputError("This site no longer has the protocol of this plan: tell the patient by hand.")
    return None


def patient_html(
    steps: Sequence[Step],
    place: Place,
    given: Medicine | None,
    code: str,
    *,
    name: str,
    printed: datetime,
    standing: Mapping[str, Now] | None = None,
    stylesheet: str | None = None,
    back: str | None = None,
    as_pdf: str | None = None,
    elsewhere: Mapping[str, str] | None = None,
) -> str:
    """The plan for the patient `name` in the language `code`; English where there is no such catalogue.

    `standing` tells how the EHR has the visits now, `elsewhere` the address of the same page by language.
    Raises InputError where there is no plan among the steps.
    """
    plan = _plan(steps)
    said = language(code, place.country)
    placed = visits(steps, place.zone, standing)
    today = printed.astimezone(place.zone).date()
    lines = list(_lines(placed, given, said, today))
    return set_page(
        "patient.html",
        place.country,
        said.words,
        lang=said.code,
        stylesheet=stylesheet,
        back=back,
        as_pdf=as_pdf,
        languages=[(language(c, place.country), (elsewhere or {}).get(c)) for c in codes()],
        said=said,
        signed=bool(plan.get("author")),
        created=plan["created"],
        place=place,
        crisis=place.crisis_lines.get(said.code) or said.words.gettext(place.crisis_line),
        given=given if any(v.kind is VisitKind.INFUSION for v in placed) else None,
        doses=sum(v.kind is VisitKind.INFUSION for v in placed),
        talks=sum(v.kind is VisitKind.CBT for v in placed),
        name=name,
        printed=said.day(today),
        lines=lines,
        unsure=any(line.unsure for line in lines),
    )


def _plan(steps: Sequence[Step]) -> Json:
    plan = next((s.resource for s in steps if s.key == CARE_PLAN), None)
    if plan is None:
        raise InputError("There is no plan to print.")
    return plan


def _lines(placed: Sequence[Visit], given: Medicine | None, said: Language, today: date) -> Iterator[Line]:
    for visit in placed:
        dose = visit.kind is VisitKind.INFUSION
        what = "call" if visit.key == CALL else visit.kind.value
        hours = f"{said.clock(visit.start)} – {said.clock(visit.end)}"
        fasting = dose and given is not None and not visit.called_off
        yield Line(
            what,
            visit.number,
            said.day(visit.start.date(), beside=today),
            hours,
            visit.where,
            off=visit.called_off,
            unsure=visit.status == "proposed",
            moved=visit.signed is not None,
            food_until=_until(visit.start, given.food_hours, said) if fasting and given else "",
            fluid_until=_until(visit.start, given.fluid_hours, said) if fasting and given else "",
        )


def _until(start: datetime, hours: Decimal, said: Language) -> str:
    """The clock time so many hours before a visit, with its day where that is the day before."""
    earlier = start.astimezone(UTC) - timedelta(minutes=int(hours * 60))
    local = earlier.astimezone(start.tzinfo)
    if local.date() == start.date():
        return said.clock(local)
    return f"{said.clock(local)}, {said.day(local.date(), beside=start.date())}"
