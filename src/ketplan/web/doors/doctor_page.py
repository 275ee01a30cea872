"""The doctor as a page: what `ketplan doctor --ehr NAME` says, for those who set ketplan up.

Only an EHR of the settings can be examined, never an address that somebody sends. Without a sign-in the page
is there only where the site says so (`doctor_page`); staff reach it from any launch, for their own EHR. One
examination runs at a time, beside the request, and what it found is shown until somebody asks for another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from ketplan.config import Ehr
from ketplan.ehr.doctor.report import Check, Light, Report
from ketplan.ehr.scopes import reasons
from ketplan.errors import EhrError, InputError, KetplanError, RefusedError
from ketplan.web import sessions
from ketplan.web.context import desk
from ketplan.web.guard import room
from ketplan.web.presenters import words

if TYPE_CHECKING:
    from ketplan.web.context import Run

log = logging.getLogger("ketplan.web")

routes = Blueprint("doctor", __name__)
staff_routes = room("doctor_staff", __name__)

# So soon nobody has changed anything; and an EHR is not to be asked in a loop.
NOT_AGAIN_WITHIN = timedelta(seconds=30)
WAIT = 0.3
# A check's first word → the heading it stands under; any other is about signing in and the server itself.
SERVER, READING, WRITING = "Server and sign-in", "Reading the record", "Writing the plan"
GROUPS = {"read": READING, "search": READING, "write": WRITING, "calendar": WRITING}
LIGHTS = {Light.RED: ("RED", "stop"), Light.AMBER: ("AMBER", "warn"), Light.GREEN: ("GREEN", "ok")}


@dataclass
class Examination:
    """One run: under way until `done`, then with a report or the reason why there is none."""

    ehr: str
    began: datetime
    report: Report | None = None
    error: KetplanError | None = None
    done: Event = field(default_factory=Event)


class Doctor:
    """The examinations of this process: the last of each EHR, and one at a time."""

    def __init__(
        self, examine: Callable[[Ehr, str | None], Report], run: Run, now: Callable[[], datetime]
    ) -> None:
        self._examine, self._run, self._now = examine, run, now
        self._last: dict[str, Examination] = {}
        self._lock = Lock()

    def last(self, ehr: str) -> Examination | None:
        return self._last.get(ehr)

    def start(self, ehr: Ehr, scope: str | None = None) -> Examination | None:
        """A new run, or the one that is still fresh; None while another EHR is being examined.

        `scope` is what the EHR granted whoever asks, None for somebody who has not signed in.
        """
        now = self._now()
        with self._lock:
            if any(not one.done.is_set() for one in self._last.values()):
                return self._last.get(ehr.name)
            known = self._last.get(ehr.name)
            if known and now - known.began < NOT_AGAIN_WITHIN:
                return known
            fresh = self._last[ehr.name] = Examination(ehr.name, now)
        self._run(lambda: self._carry_out(fresh, ehr, scope))
        return fresh

    def _carry_out(self, run: Examination, ehr: Ehr, scope: str | None) -> None:
        try:
            run.report = self._examine(ehr, scope)
        except KetplanError as error:
            run.error = error
        except Exception as error:
            log.error("examining an EHR failed: %s", type(error).__name__)
            run.error = EhrError("The examination stopped because of a fault in ketplan.")
        finally:
            run.done.set()


@routes.get("/doctor")
def show() -> Response | str:
    """For whoever sets ketplan up, where the site lets it be seen without a sign-in."""
    if not desk().services.settings.site.doctor_page:
        raise RefusedError("This page is open to staff only: it is reached from the foot of the plan.")
    ehrs = desk().services.settings.ehrs
    if "ehr" not in request.args:
        return render_template("doctor_choice.html", ehrs=ehrs)
    ehr = next((e for e in ehrs if e.name == request.args["ehr"]), None)
    if ehr is None:
        raise InputError("There is no EHR of this name in the settings file.")
    return _page(ehr)


@staff_routes.get("/doctor")
def show_to_staff(lid: str) -> Response | str:
    """For staff, about the EHR they came from."""
    ehr = desk().ehr(sessions.current().ehr)
    if ehr is None:
        raise InputError("The EHR of this launch is not in the settings file any more.")
    return _page(ehr, sessions.current().allowed)


def _page(ehr: Ehr, scope: str | None = None) -> Response | str:
    asked = {"ehr": ehr.name} if "ehr" in request.args else {}
    here = _address(asked)
    if "examine" in request.args:
        run = desk().doctor.start(ehr, scope)
        if run:
            run.done.wait(WAIT)
        return redirect(here, 303)
    run = desk().doctor.last(ehr.name)
    report = run.report if run else None
    zone = desk().practice.zone
    return render_template(
        "doctor.html",
        ehr=ehr,
        here=here,
        examine=_address(asked | {"examine": "1"}),
        run=run,
        under_way=run is not None and not run.done.is_set(),
        found=_found(report) if report else None,
        at=words.moment(report.at.astimezone(zone), zone) if report else "",
        scopes=reasons(override=ehr.scopes),
        lights=LIGHTS,
    )


def _address(query: dict[str, str]) -> str:
    return f"{request.path}?{urlencode(query)}" if query else request.path


@dataclass(frozen=True)
class Found:
    """A report for the page: what to do next, worst first, and every check under its heading."""

    report: Report
    verdict: str
    next: tuple[Check, ...]
    groups: tuple[tuple[str, tuple[Check, ...]], ...]


def _found(report: Report) -> Found:
    lacking = [c for light in (Light.RED, Light.AMBER) for c in report.checks if c.light is light]
    return Found(report, _verdict(report), tuple(lacking), tuple(_grouped(report.checks)))


def _verdict(report: Report) -> str:
    """The report's own last sentence."""
    return report.as_text()[-1].partition(". ")[2]


def _grouped(checks: Sequence[Check]) -> list[tuple[str, tuple[Check, ...]]]:
    headings = [SERVER, *dict.fromkeys(GROUPS.values())]
    under = {heading: tuple(c for c in checks if _heading(c) == heading) for heading in headings}
    return [(heading, rows) for heading, rows in under.items() if rows]


def _heading(check: Check) -> str:
    return GROUPS.get(check.name.split(" ")[0], SERVER)
