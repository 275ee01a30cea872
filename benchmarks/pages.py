"""What the server spends on the pages a clinician waits for, without the EHR's time; and what they weigh.

    python -m benchmarks.pages

The record and the calendar have been read before the clock starts: what is measured is judging, proposing,
placing and drawing. The ratio is to the smallest page of the same run, so that machines can be compared.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path

from tests.web.support import APP, EHR, ISS, NOW, Browser, EhrHttp

from ketplan import compose
from ketplan.config import Ehr, Settings, Site
from ketplan.sandbox.app import create_app as create_ehr
from ketplan.web import create_app

ROUNDS = 15
PAGES = ("words", "", "preview", "instruments", "intake")
STATIC = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def launched(home: Path) -> tuple[Browser, str]:
    """A browser whose launch has read its record."""
    ehr = create_ehr(EHR, today=NOW.date(), launch_url=f"{APP}/launch", clock=NOW.timestamp)
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'bench.db'}",
        public_url=APP,
        secret_key="x" * 43,
        site=Site(name="Riverside Clinic"),
        ehrs=(Ehr("harbor", ISS, "ketplan", frame_ancestors=(EHR,)),),
    )
    services = compose.open_services(settings)
    app = create_app(services, now=lambda: NOW, http=EhrHttp(ehr), run=lambda job: job())  # type: ignore[arg-type]
    browser = Browser(app, ehr)
    path = browser.launch("gad-ready")
    browser.get(path)
    return browser, path


def milliseconds(browser: Browser, address: str) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        assert browser.get(address).status_code == 200
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def weight(browser: Browser, address: str) -> int:
    """Bytes of the page and of every file of ours it names, uncompressed."""
    page = browser.get(address)
    named = set(STATIC.findall(page.text))
    # Scripts bring one more along.
    named |= {"/static/unsent.js"} if "/static/idle.js" in named else set()
    return len(page.data) + sum(len(browser.get(name).data) for name in named)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        browser, path = launched(Path(home))
        least = milliseconds(browser, path + PAGES[0])
        print(f"{'page':14} {'ms':>7} {'ratio':>6} {'bytes':>8}")
        for name in PAGES:
            taken = milliseconds(browser, path + name)
            print(f"{name or 'plan':14} {taken:7.1f} {taken / least:6.1f} {weight(browser, path + name):8}")


if __name__ == "__main__":
    main()
