"""Every page across patients, put into the app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask, render_template

from ketplan.web.clinic import absence, board, calendars, capacity, doing, patient, sessions, sheets, worklist
from ketplan.web.clinic.desk import StillGathering
from ketplan.web.clinic.gathering import NAME, Gatherings
from ketplan.web.context import Run


def register(app: Flask, run: Run, now: Callable[[], datetime]) -> None:
    """`run` starts what a request does not wait for."""
    for room in (worklist, doing, patient, sheets, board, absence, calendars, capacity):
        app.register_blueprint(room.routes)
    app.extensions[NAME] = Gatherings(run, now)
    app.register_error_handler(StillGathering, still_gathering)
    app.jinja_env.globals.update(clinic_idle=lambda: sessions.left(sessions.current().lid))


def still_gathering(_: StillGathering) -> tuple[str, int]:
    return render_template("clinic/reading.html"), 200
