"""What every request works with: the process's services, its clock, its randomness, its way to the EHRs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

from flask import current_app

from ketplan.access import Access
from ketplan.clinical.plan import ConfirmedPlan
from ketplan.compose import Services, Signer
from ketplan.config import Ehr
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.doctor.report import Report
from ketplan.ehr.refresh import Supplier
from ketplan.fhir.record import RawSectionLike
from ketplan.fhir.render import Step
from ketplan.kept import Record
from ketplan.web.reading import Readings
from ketplan.web.writing import Writings
from ketplan.workflow import Calendar, Practice
from ketplan.writeback.steps import Receipt

if TYPE_CHECKING:
    from ketplan.web.doors.doctor_page import Doctor
    from ketplan.web.doors.style import Styles
    from ketplan.web.plan.checked import Checks

Run = Callable[[Callable[[], None]], None]
Connect = Callable[[str, str | Supplier], Any]


Carry = Callable[[str, str], None]
"""Has a kept plan or record written, by its id, by the permission of the launch with the id given second."""


class Glue(Protocol):
    """The part of `ketplan.compose` that pages need; the module itself has this shape."""

    def chart(
        self, base: str, token: str | Supplier | None, parallel: int = 4, http: Any = None, known: Any = None
    ) -> Any: ...
    def examine_ehr(self, ehr: Ehr, redirect_uri: str, **known: Any) -> Report: ...
    def find_signer(self, client: Any, fhir_user: str | None) -> Signer: ...
    def read_chart(self, client: Any, patient_id: str, on_section: Any) -> Sequence[RawSectionLike]: ...
    def read_calendar(
        self, client: Any, start: date, practice: Practice, patient_id: str = ""
    ) -> Calendar: ...
    def press(self, html: str) -> bytes: ...
    def keep_plan(
        self, services: Services, plan: ConfirmedPlan, steps: Sequence[Step], **where: Any
    ) -> None: ...
    def keep_record(self, services: Services, record: Record, **where: Any) -> None: ...
    def resume_plan(self, services: Services, plan_id: str, client: Any, **how: Any) -> Receipt: ...
    def stored_receipt(self, services: Services, plan_id: str) -> Receipt | None: ...


@dataclass(frozen=True)
class Desk:
    """One per app. `token` makes unguessable strings of 43 characters, `csrf_key` is for forms alone.

    `connect` gives the FHIR client for a base address and its token; `beside` does what nobody waits for.
    """

    services: Services
    glue: Glue
    discovery: Discovery
    now: Callable[[], datetime]
    token: Callable[[], str]
    csrf_key: bytes
    connect: Connect
    access: Access
    beside: Run
    carry: Carry
    readings: Readings
    writings: Writings
    checks: Checks
    styles: Styles
    doctor: Doctor

    @property
    def practice(self) -> Practice:
        return self.services.practice

    def today(self) -> date:
        """The calendar date at the site."""
        return self.now().astimezone(self.practice.zone).date()

    def ehr(self, name: str) -> Ehr | None:
        return next((e for e in self.services.settings.ehrs if e.name == name), None)


def desk() -> Desk:
    """The desk of the app that handles this request."""
    return cast(Desk, current_app.extensions["ketplan"])
