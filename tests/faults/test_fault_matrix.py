"""Every fault at every moment: docs/fault-matrix.md says what happens (-m crash), and a sample always."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.__main__ import DOCUMENT
from tests.faults.matrix import FAULTS, MOMENTS, Site, a_site, cell, page

BY_NAME = {fault.name: fault for fault in FAULTS}
ONCE, STAYING = DOCUMENT.read_text("utf-8").split("## The fault stays")
SAMPLE = (
    ("401", "create Appointment", True),
    ("403", "create CarePlan", True),
    ("429, Retry-After: 600", "create Appointment", False),
    ("429, Retry-After a date, their clock a day ahead", "update", False),
    ("500, but done", "create CarePlan", False),
    ("connection refused", "search", True),
    ("no answer in time, but done", "create Appointment", False),
    ("a page instead of data", "update", False),
    ("token runs out, renewal works", "update", False),
    ("token runs out, renewal refused", "create Appointment", False),
    ("disk full", "create CarePlan", False),
    ("database locked", "create Appointment", False),
    ("database gone", "update", False),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(Path(tmp_path_factory.mktemp("faults"))) as site:
        yield site


@pytest.mark.parametrize(("name", "moment", "stays"), SAMPLE)
def test_what_the_page_says_is_what_happens(site: Site, name: str, moment: str, stays: bool) -> None:
    (line,) = [line for line in (STAYING if stays else ONCE).splitlines() if line.startswith(f"| {name} |")]
    said = line.split("|")[2 + MOMENTS.index(moment)].strip()
    assert cell(site, BY_NAME[name], moment, stays) == said


def test_the_page_has_every_fault() -> None:
    for half in (ONCE, STAYING):
        assert [name for name in BY_NAME if f"\n| {name} | " not in half] == []


@pytest.mark.crash
def test_the_whole_page(site: Site) -> None:
    assert "\n".join(page(site)) + "\n" == DOCUMENT.read_text("utf-8")
