"""The clinician's print-out: the whole plan as it was signed, its visits as they stand, where it was written.

What the plan says is the narrative of its own CarePlan, so that paper and chart cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, fromstring, tostring
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ketplan.clinical.record import Patient
from ketplan.errors import InputError, KetplanError
from ketplan.fhir.datatypes import Json
from ketplan.fhir.render import Step
from ketplan.fhir.rendering import xhtml
from ketplan.fhir.rendering.course import CARE_PLAN
from ketplan.paper.desk import set_page
from ketplan.paper.visits import Now, visits

SEX = {"F": "female", "M": "male", "UNK": "sex at birth unknown"}


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one resource: "care plan", its words, "written", "CarePlan/123"."""

    kind: str
    words: str
    outcome: str
    reference: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the plan's narrative; `name` is its heading's first word, for the style sheet."""

    heading: str
    markup: Markup

    @property
    def name(self) -> str:
        word = self.heading.split()[0].strip(",:").lower()
        return word if word.isalpha() else "part"


def plan_html(
    steps: Sequence[Step],
    *,
    patient: Patient | None = None,
    site: str = "",
    country: str = "US",
    zone: ZoneInfo | None = None,
    standing: Mapping[str, Now] | None = None,
    written: Sequence[Written] = (),
    printed: datetime | None = None,
    stylesheet: str | None = None,
    back: str | None = None,
    as_pdf: str | None = None,
) -> str:
    """The print-out of a plan that was signed, or of a draft nobody has signed, from the steps that write it.

    Without anything else it is the plan as signed, standing alone, as a note carries it. `patient`
    adds who it is about, `standing` (by visit) how the EHR has the visits now, `written` what became of each
    resource, `printed` the moment of printing; `back` and `as_pdf` are addresses for the screen.
    Raises InputError where there is no plan among the steps.
    """
    plan = next((s.resource for s in steps if s.key == CARE_PLAN), None)
    if plan is None:
        raise InputError("There is no plan to print.")
    head, *rest = chapters(plan)
    placed = visits(steps, zone, standing) if zone else ()
    return set_page(
        "print_out.html",
        country,
        lang="en",
        stylesheet=stylesheet,
        back=back,
        as_pdf=as_pdf,
        plan=plan,
        plan_id=plan["identifier"][0]["value"].partition("/")[0],
        signed=plan.get("author"),
        title=head.heading,
        head=head,
        chapters=[c for c in rest if not (placed and c.name == "schedule")],
        patient=patient,
        sex=_sex(patient),
        site=site,
        visits=placed,
        zone=zone.key if zone else "",
        moved=any(v.signed or v.called_off for v in placed),
        written=written,
        printed=printed.astimezone(zone) if printed and zone else None,
        day=_day,
    )


def chapters(plan: Json) -> list[Chapter]:
    """The narrative of a CarePlan, cut at its headings. KetplanError for markup that is not ours."""
    markup = str(plan["text"]["div"])
    if xhtml.problems(markup):
        raise KetplanError("The narrative of this plan cannot be printed.")
    found: list[tuple[str, list[str]]] = []
    for child in _plain(fromstring(markup)):  # noqa: S314  checked above, and it has no entities
        if child.tag in ("h3", "h4"):
            found.append((" ".join("".join(child.itertext()).split()), []))
        elif found:
            found[-1][1].append(tostring(child, encoding="unicode", method="html"))
    return [Chapter(heading, Markup("".join(parts))) for heading, parts in found]  # noqa: S704  escaped


def _plain(root: Element) -> Iterator[Element]:
    """Its children without the namespace, column headings marked as such."""
    for item in root.iter():
        item.tag = item.tag.rpartition("}")[2]
        if item.tag == "th":
            item.set("scope", "col")
    yield from root


def _sex(patient: Patient | None) -> str:
    if patient is None:
        return ""
    return SEX.get(patient.birth_sex or "", "") or patient.gender or "sex unknown"


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y}"
