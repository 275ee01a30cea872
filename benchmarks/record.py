"""From a record's JSON text to an assessed and drafted plan, beside `json.loads` of the same text.

python -m benchmarks.record FOLDER        the five largest *.json Bundles below FOLDER
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from ketplan.clinical.assessment import assess
from ketplan.clinical.draft import draft
from ketplan.fhir.bundle import sections_of
from ketplan.fhir.record import parse_record

AS_OF, START, ZONE = date(2026, 2, 16), date(2026, 3, 2), ZoneInfo("America/New_York")
ROUNDS = 15


def planned(text: str) -> None:
    record = parse_record(sections_of(json.loads(text, parse_float=Decimal)), None, ZONE)
    draft(assess(record, AS_OF, START))


def best(*works: Callable[[], object]) -> list[float]:
    """Milliseconds of processor time of each, the fastest of several rounds taken in turn: a machine that is
    busy with other things slows neither."""
    rounds = [[_once(work) for work in works] for _ in range(ROUNDS)]
    return [1000 * min(times) for times in zip(*rounds, strict=True)]


def _once(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(folder: str) -> None:
    bundles = [p for p in Path(folder).rglob("*.json") if b'"Bundle"' in p.read_bytes()[:400]]
    for path in sorted(bundles, key=lambda p: -p.stat().st_size)[:5]:
        text = path.read_text("utf-8")
        read, plan = best(partial(json.loads, text), partial(planned, text))
        print(f"{len(text) / 1e6:5.2f} MB  read {read:6.1f} ms  planned {plan:6.1f} ms  {plan / read:4.1f}x")


if __name__ == "__main__":
    main(sys.argv[1])
