"""A new version of ketplan takes over what an old one had begun, and what still waited for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from ketplan.kept import plan_payload
from ketplan.writeback.engine import VERSION, Runs, engine_url
from tests.crash.ehr import MANNERS
from tests.crash.harness import _wait_for, crewed, for_patient, looked_at, small_plan

pytestmark = pytest.mark.crash

NEXT = str(int(VERSION) + 1)


def test_a_run_begun_under_an_older_version_is_finished_by_a_newer_worker(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ketplan.db'}"
    with crewed(MANNERS[1], url, tmp_path, 1) as (ehr, crew, services, runs):
        plan, steps = for_patient(small_plan()[0], 0)
        other, others = for_patient(small_plan()[0], 1)
        passed = []

        def updated_meanwhile(moment: str, what: str) -> None:
            """The old worker dies within the first plan; its successor is of the next version."""
            passed.append(moment)
            if len(passed) == 9:
                crew.version = NEXT
                later = Runs(engine_url(url))
                later._start(other.id, 1, 1, 0.5)  # waits under the old version, which nobody works under now
                later.close()
                crew.kill_one(Random(1))

        ehr.boundary = updated_meanwhile
        for one, its_steps, patient in ((other, others, "p1"), (plan, steps, "p0")):
            payload = plan_payload(one, its_steps)
            services.plans.save(one.id, ehr.url, patient, 1, payload, datetime.now(UTC))
        runs.enqueue(plan.id, 1)
        _wait_for(services, [plan.id, other.id])
        found = looked_at(ehr, services, plan, steps) + looked_at(ehr, services, other, others)
        assert found.clean, found.complaints
        assert runs.status(plan.id, 1).round > 1
