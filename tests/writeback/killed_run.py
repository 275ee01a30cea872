"""A process that writes a plan over HTTP and a database, and kills itself at the nth moment of it.

    python -m tests.writeback.killed_run FHIR_BASE DATABASE_URL PATIENT MOMENT

A moment is just before or just after a request. Moment 0 never comes: the run ends by itself and its exit
code is the process's.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ketplan.ehr.client import FhirClient
from ketplan.ehr.transport import Http
from ketplan.fhir.render import Step, render
from ketplan.store.database import open_database
from ketplan.store.journal import Journal
from ketplan.store.locks import RunLocks
from ketplan.store.plans import Plans
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.runner import run
from ketplan.writeback.steps import Receipt
from tests.fhir.plan_builders import PLAN_ID, a_draft, a_plan, a_timetable

KEY = "a-synthetic-key-of-no-value-0123"
VISITS = ("infusion-1", "infusion-2", "cbt-1", "24h_check_call")


class MortalChart(EhrChart):
    """Dies, as `kill -9` dies, at the nth moment."""

    def __init__(self, client: FhirClient, moment: int) -> None:
        super().__init__(client)
        self._left = moment

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in ("find", "find_by_target", "read", "create", "update"):
            return found

        def mortal(*arguments: Any) -> Any:
            self._pass()
            answer = found(*arguments)
            self._pass()
            return answer

        return mortal

    def _pass(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def steps_for(patient: str) -> tuple[Step, ...]:
    """A short course at times nobody has to give: no slots of the EHR are taken."""
    draft = a_draft(patient=f"Patient/{patient}", addresses=(), findings=())
    draft = replace(draft, visits=tuple(visit for visit in draft.visits if visit.key in VISITS))
    timetable = a_timetable(draft)
    free = tuple(replace(placed, slots=(), resources=()) for placed in timetable.placed)
    return render(a_plan(draft), replace(timetable, placed=free))


def write(base: str, database_url: str, patient: str, moment: int, owner: str) -> Receipt:
    steps = steps_for(patient)
    database = open_database(database_url, [KEY])
    try:
        now = datetime.now(UTC)
        Plans(database).save(PLAN_ID, base, patient, 1, {"keys": [step.key for step in steps]}, now)
        return run(
            PLAN_ID,
            steps,
            MortalChart(FhirClient(base, None, Http()), moment),
            Journal(database),
            lock=RunLocks(database),
            owner=owner,
            patient_id=patient,
            now=lambda: datetime.now(UTC),
            sleep=lambda seconds: None,
        )
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(write(*sys.argv[1:4], moment=int(sys.argv[4]), owner=f"run-{os.getpid()}").exit_code)
