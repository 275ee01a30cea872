"""One plan signed in two browsers at the same time: one truth, whoever comes first."""

from __future__ import annotations

from collections import Counter
from threading import Barrier, Thread

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.store.plans import PlanState
from tests.web.support import Browser, words

pytestmark = pytest.mark.writes
PATIENT = "gad-ready"


def ours(ehr: Flask) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind in ("Goal", "CarePlan", "ServiceRequest", "Appointment"):
        for raw in ehr.extensions["harbor"].store.all(kind):
            names = [i["value"] for i in raw.get("identifier", []) if i.get("system") == PLAN_STEP_SYSTEM]
            found.update(names)
    return found


@pytest.mark.parametrize("at_once", [False, True])
def test_both_sign_and_it_stands_once_as_the_first_signed_it(
    browser: Browser, app: Flask, ehr: Flask, services: Services, at_once: bool
) -> None:
    other = Browser(app, ehr)
    pages = [
        (one, path, one.get(f"{path}preview")) for one in (browser, other) for path in [one.launch(PATIENT)]
    ]
    start = Barrier(2 if at_once else 1)

    def sign(one: Browser, page) -> None:
        start.wait(30)
        assert one.submit(page, "/sign").status_code == 303

    threads = [Thread(target=sign, args=(one, page)) for one, _, page in pages]
    for thread in threads:
        thread.start()
        if not at_once:
            thread.join()
    for thread in threads:
        thread.join()
    found = ours(ehr)
    assert len(found) == 32
    assert set(found.values()) == {1}
    (plan,) = services.plans.list()
    assert plan.state is PlanState.WRITTEN
    for one, path, _ in pages:
        assert "All 34 stand in Harbor." in words(one.get(f"{path}written"))
