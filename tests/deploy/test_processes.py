"""The processes of deploy/, started natively: whoever dies, a signed plan stands once, and every app says so.

Run with -m crash.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path

import pytest
import requests

from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.sandbox.faults import Faults
from ketplan.writeback.engine import Runs, engine_url
from tests.deploy.site import Site, Visitor, a_site, until
from tests.postgres import cluster
from tests.web.support import Page

pytestmark = pytest.mark.crash

PATIENT = "gad-ready"


def ours(site: Site) -> Counter[str]:
    """What stands in the EHR under names of ours, by name: each of them should be there once."""
    store, found = site.ehr.harbor.store, Counter[str]()
    for kind in ("Goal", "CarePlan", "ServiceRequest", "Appointment"):
        for raw in store.all(kind):
            names = [i["value"] for i in raw.get("identifier", []) if i.get("system") == PLAN_STEP_SYSTEM]
            found.update(names)
    return found


def at_work(database_url: str, site: Site) -> str:
    """The worker that has the one plan there is."""
    plan_id = site.ask("runs").splitlines()[1].split()[0]
    runs = Runs(engine_url(database_url))
    try:
        return runs.status(plan_id, 1).worker
    finally:
        runs.close()


def has_form(preview: requests.Response) -> bool:
    return any(form.action.endswith("/sign") for form in Page(preview.text).forms)


def stands(page: str) -> bool:
    return bool(re.search(r"[Aa]ll \d+ stand", " ".join(re.sub(r"<[^>]+>", " ", page).split())))


def test_two_apps_two_workers_one_of_which_is_killed(tmp_path: Path) -> None:
    with cluster() as url, a_site(tmp_path, url) as site:
        site.app()
        site.app()
        workers = {name: site.worker(name) for name in ("worker-1", "worker-2")}
        for path in 2 * ("/healthz", "/readyz"):
            assert requests.get(site.address.url + path, timeout=10).status_code == 200

        visitor = Visitor(site)
        workspace = visitor.launch(PATIENT)
        # Each app reads the record for itself, and shows meanwhile how far it is.
        until(lambda: all(has_form(visitor.get(f"{workspace}preview")) for _ in range(2)), "the preview")
        preview = visitor.get(f"{workspace}preview")
        site.ehr.harbor.faults.set(Faults(slow_ms=100))
        signed = visitor.submit(preview, "/sign")
        assert signed.ok, site.said()
        until(lambda: len(ours(site)) >= 3, "the writing began")
        victim = workers[at_work(url, site)]
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        site.ehr.harbor.faults.clear()

        until(lambda: "written" in site.ask("runs"), "the plan is written")
        found = ours(site)
        assert len(found) >= 32 and set(found.values()) == {1}, found
        assert len(list(site.ehr.harbor.store.all("Provenance"))) == 1

        site.address.answered.clear()
        pages = [visitor.get(signed.url).text for _ in range(4)]
        assert all(map(stands, pages)), signed.url
        assert len(site.address.answered) == 2, "both apps were asked"
        assert "worker" in site.ask("runs").partition("Workers:")[2]
